"""What the judging panes of Inspect share: asking, progress, answers, explanations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget
from textual.worker import Worker

from kerastui.datasets.errors import UserError
from kerastui.models.look.judge_kinds import Kind
from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.judging import Judging, judging
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.pane import InspectPane
from kerastui.tui.inspect.subject import Found
from kerastui.tui.paths import expanded
from kerastui.tui.screens.dialogs import AskText
from kerastui.tui.widgets.line_view import LineView, bar
from kerastui.tui.widgets.row_list import Row

CHANNEL = "look"
SETTLED = 0.15
"""Seconds the cursor rests on a row before its answer is computed: not for every row passed."""


class JudgePane(InspectPane):
    """A pane that is drawn from answers about a part's predictions.

    A subclass names its row and its kinds, asks in `fetch`, and draws in `draw`.
    """

    KEY: ClassVar[str] = ""
    LABEL: ClassVar[str] = ""
    NOTE: ClassVar[str] = ""
    KINDS: ClassVar[frozenset[Kind]] = frozenset({"classes", "labels", "numbers"})

    DEFAULT_CSS = """
    JudgePane { layout: vertical; }
    JudgePane > .judge-body { width: 1fr; height: 1fr; }
    JudgePane > #judge-head { margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "part", "another part",
                tooltip="Judge by another part of the data: train, validation, test, file"),
        Binding("a", "file", "a labelled file",
                tooltip="Judge by a file of your own with the same columns and known answers"),
        Binding("m", "output", "another output", tooltip="Judge another output of the model"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.answer: dict[str, Any] | None = None
        self._asked: tuple[Any, ...] = ()
        self._asking: tuple[Any, ...] = ()
        self._worker: Worker[None] | None = None
        self._drawn_width = 0
        self._said: Callable[[int], list[Content]] | None = None

    @classmethod
    def fits(cls, found: Found) -> bool:
        """Whether there is a row for it."""
        return bool(cls.KINDS & judging(found).kinds)

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        if not cls.fits(found):
            return []
        return [Row(cls.KEY, (cls.LABEL, Content.styled(cls.NOTE, "$muted")))]

    def compose(self) -> ComposeResult:
        yield LineView(id="judge-head")
        yield LinesView(id="judge-lines")
        with Container(classes="judge-body"):
            yield from self.compose_answer()

    def compose_answer(self) -> ComposeResult:
        """Yield what shows the answer."""
        yield LinesView(id="judge-answer")

    async def fetch(self) -> dict[str, Any]:
        """Ask for what is drawn; see `ask`."""
        raise NotImplementedError

    def draw(self, answer: dict[str, Any], width: int) -> None:
        """Draw the answer."""
        raise NotImplementedError

    # What is judged

    @property
    def judging(self) -> Judging:
        """What is judged, shared with the other panes."""
        assert self.found is not None
        return judging(self.found)

    @property
    def path(self) -> Path:
        """The model's file."""
        assert self.found is not None
        return self.found.path

    @property
    def plain(self) -> dict[str, Any]:
        """The experiment whose data judges, as plain values."""
        experiment = self.judging.experiment
        assert experiment is not None
        return experiment.plain()

    def set_found(self, found: Found) -> None:
        super().set_found(found)
        self.answer = None
        self.forget()

    def forget(self) -> None:
        """Let what is asked be asked again, also where that is under way."""
        self._asked = self._asking = ()

    def show(self, key: str, width: int) -> str:
        found = self.found
        assert found is not None
        if found.model is None:
            self._say(lambda width: inspect_words.no_model(found, "model", width))
        elif self.judging.experiment is None:
            self._say(self._without_data)
        else:
            self._choose_fitting()
            shared = self.judging
            wanted = (shared.part, shared.file, shared.choice)
            if self.answer is not None and wanted == self._asked:
                self._show_answer()
            elif self._worker is None or self._worker.is_finished or wanted != self._asking:
                self._asking, self._worker = wanted, self._answer(wanted)
        return self.LABEL

    def _choose_fitting(self) -> None:
        """Go to an output that this pane can judge."""
        shared = self.judging
        if shared.choices and shared.choices[shared.choice]["kind"] not in self.KINDS:
            fitting = self._fitting()
            shared.choice = fitting[0] if fitting else shared.choice

    def _fitting(self) -> list[int]:
        return [place for place, one in enumerate(self.judging.choices)
                if one["kind"] in self.KINDS]  # fmt: skip

    def _without_data(self, width: int) -> list[Content]:
        current = self.kerastui.current
        lines = Content(
            "How good a model is shows on data with known answers, and this model was opened "
            "without an experiment: its data is not known."
        ).wrap(max(8, width))  # fmt: skip
        lines += [Content("")]
        if current is not None:
            told = f"t  judge it with the data of the current experiment, {current.name}"
            lines += Content.assemble(("t", "$primary"), told[1:]).wrap(max(8, width))
        lines += Content.assemble(
            ("R", "$primary"), "  open the run that it is of"
        ).wrap(max(8, width))  # fmt: skip
        lines += Content.assemble(
            ("^o", "$primary"), " open an experiment with its data, and come back"
        ).wrap(max(8, width))  # fmt: skip
        return lines

    # Asking

    async def ask(self, question: str, **arguments: Any) -> dict[str, Any]:
        """Ask about the part and the output that are chosen; answers are kept.

        Raises:
            UserError: It can't be answered.
        """
        shared, found = self.judging, self.found
        assert found is not None
        assert shared.experiment is not None
        where = {"part": shared.part, "file": shared.file if shared.part == "file" else ""}
        key = (question, *where.values(), shared.choice, *sorted(arguments.items()))
        if key not in shared.answers:
            shared.answers[key] = await self.kerastui.launcher.request(
                f"look.{question}", channel=CHANNEL, path=str(found.path),
                experiment=shared.experiment.plain(), choice=shared.choice, **where, **arguments,
            )  # fmt: skip
        return shared.answers[key]

    async def _predict(self) -> dict[str, Any]:
        """Predict the part a bit further; asked each time, as the inspector forgets old parts.

        Raises:
            UserError: It can't be predicted.
        """
        shared = self.judging
        assert shared.experiment is not None
        file = shared.file if shared.part == "file" else ""
        return await self.kerastui.launcher.request(
            "look.judge_predict", channel=CHANNEL, path=str(self.path),
            experiment=shared.experiment.plain(), part=shared.part, file=file,
            afresh=shared.part not in shared.sizes,
        )  # fmt: skip

    @work(group="judge", exclusive=True, exit_on_error=False)
    async def _answer(self, wanted: tuple[Any, ...]) -> None:
        """Predict the part, as far as that is not done, and ask what is to be drawn."""
        found, shared = self.found, self.judging
        self.answer = None
        self._tell_head()
        self._say(lambda _: [Content.styled("Loading the model and its data …", "$muted")])
        try:
            await asyncio.sleep(SETTLED)
            while self._wanted(found, wanted):
                done = await self._predict()
                shared.sizes |= {str(k): int(v) for k, v in done["parts"].items()}
                shared.choices = list(done["choices"])
                if done["done"] >= done["rows"]:
                    break
                self._say(partial(progress, done["done"], done["rows"]))
            else:
                return
            self._say(lambda _: [Content.styled("Computing …", "$muted")])
            if shared.part == "file":
                shared.sizes["file"] = done["rows"]
            self._choose_fitting()
            wanted = (shared.part, shared.file, shared.choice)
            if not self._fitting():
                raise UserError("No output of this model can be judged like that.",
                                "Choose another row of the list.")  # fmt: skip
            answer = await self.fetch()
        except UserError as error:
            if self._wanted(found, wanted):
                self._tell_head()
                self._say(partial(inspect_words.problem, error))
                self._asked = ()
            return
        if found is self.found and wanted == (shared.part, shared.file, shared.choice):
            self.answer, self._asked = answer, wanted
            self._show_answer()
            self.screen.refresh_bindings()

    def _wanted(self, found: Found | None, wanted: tuple[Any, ...]) -> bool:
        shared = self.judging
        return (
            self.is_attached and self.display and found is self.found
            and wanted == (shared.part, shared.file, shared.choice)
        )  # fmt: skip

    def _say(self, made: Callable[[int], list[Content]]) -> None:
        """Show lines in place of an answer, made anew for every width."""
        self._said, self._drawn_width = made, self.size.width
        self.query_one("#judge-lines", LinesView).show(made(self.width))
        self._only("#judge-lines")

    def _only(self, selector: str) -> None:
        within = self.has_focus_within
        lines, body = self.query_one("#judge-lines"), self.query_one(".judge-body")
        told = selector == "#judge-lines"
        changed = (lines.display, body.display) != (told, not told)
        lines.display, body.display = told, not told
        if within and changed:  # what goes away takes the focus along
            self.take_focus()

    def _show_answer(self) -> None:
        if self.answer is None:
            return
        self._only(".judge-body")
        self._tell_head()
        self._drawn_width = self.size.width
        self.draw(self.answer, self.width)

    def on_resize(self) -> None:
        if self.size.width != self._drawn_width:
            self.call_after_refresh(self._draw_again)

    def _draw_again(self) -> None:
        if self.answer is not None:
            self._show_answer()
        elif self._said is not None:
            self._say(self._said)

    def _tell_head(self) -> None:
        shared = self.judging
        parts: list[Any] = []
        for part in shared.parts if shared.sizes else [shared.part]:
            size = f" {shared.sizes[part]:,}" if part in shared.sizes else ""
            name = Path(shared.file).name if part == "file" else part
            here = part == shared.part
            parts += [("● " if here else "○ ", "$primary" if here else "$faint"),
                      (f"{name}{size}", "bold" if here else "$muted"), "   "]  # fmt: skip
        if len(self._fitting()) > 1:
            name = shared.choices[shared.choice]["name"]
            place = self._fitting().index(shared.choice) + 1
            parts += [("output ", "$muted"), (name, "bold"),
                      (f"  {place} of {len(self._fitting())}", "$faint")]  # fmt: skip
        if shared.borrowed and shared.experiment is not None:
            parts += [(f"data of {shared.experiment.name}", "$warn")]
        self.query_one("#judge-head", LineView).show([Content.assemble(*parts)])

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("part", "file", "output"):
            if self.found is None or self.found.model is None:
                return False
            shared = self.judging
            if shared.experiment is None:
                return action == "part" and self.kerastui.current is not None
            if action == "output":
                return len(self._fitting()) > 1
            return action == "file" or len(shared.parts) > 1
        return super().check_action(action, parameters)

    def again(self) -> None:
        """Show what is chosen now."""
        self.show(self.KEY, self.width)
        self.screen.refresh_bindings()

    def action_part(self) -> None:
        """Judge by the next part of the data."""
        shared = self.judging
        if shared.experiment is None:
            self._borrow()
            return
        parts = shared.parts
        place = parts.index(shared.part) if shared.part in parts else -1
        shared.part = parts[(place + 1) % len(parts)]
        self.again()

    def _borrow(self) -> None:
        """Judge a model that was merely opened with the data of the current experiment."""
        shared = self.judging
        shared.experiment, shared.borrowed = self.kerastui.current, True
        relist = getattr(self.screen, "relist", None)
        if relist is not None:
            relist()
        self.again()

    def action_output(self) -> None:
        """Judge the next output."""
        shared, fitting = self.judging, self._fitting()
        place = fitting.index(shared.choice) if shared.choice in fitting else -1
        shared.choice = fitting[(place + 1) % len(fitting)]
        self.again()

    @work(group="judge-file", exclusive=True, exit_on_error=False)
    async def action_file(self) -> None:
        """Judge by a labelled file."""
        shared = self.judging
        path = await self.app.push_screen_wait(AskText(
            "a labelled file",
            "Which file? It needs the columns of the experiment's data, the known answers among "
            "them; of texts one column of texts and one of classes; of pictures, or texts, a "
            "folder for each class. It goes through the same preparation.",
            shared.file, "/path/to/file.csv", _no_file,
        ))  # fmt: skip
        if path:
            given = str(await asyncio.to_thread(expanded, path))
            if given == shared.file:  # it may have changed meanwhile
                shared.answers = {k: v for k, v in shared.answers.items() if k[2] != given}
            shared.file, shared.part = given, "file"
            shared.sizes.pop("file", None)
            self.forget()
            self.again()

    @property
    def to_focus(self) -> Widget:
        lines = self.query_one("#judge-lines", LinesView)
        return lines if lines.display else self.answer_focus

    @property
    def answer_focus(self) -> Widget:
        """What has the focus once there is an answer."""
        return self.query_one("#judge-answer")


class JudgeLines(JudgePane):
    """A pane whose answer is lines under a headline."""

    def lines(self, answer: dict[str, Any], width: int) -> tuple[list[Content], Content | None]:
        """Return the lines, and a headline or None."""
        raise NotImplementedError

    def draw(self, answer: dict[str, Any], width: int) -> None:
        lines, head = self.lines(answer, width - 1)
        self.query_one("#judge-answer", LinesView).show(lines, head)


def progress(done: int, rows: int, width: int) -> list[Content]:
    """Return how far the predictions are."""
    share = done / max(1, rows)
    return [
        Content.styled(f"Predicting {rows:,} rows", "$muted"),
        Content.assemble(bar(share, min(40, width - 8), "$run"), f"  {share:.0%}"),
    ]


def left_out(answer: dict[str, Any], width: int) -> list[Content]:
    """Return a warning about rows whose output is no number."""
    count = int(answer.get("left_out") or 0)
    if not count:
        return []
    return Content.styled(
        f"▲ {count:,} row{'s' * (count != 1)} left out: the model's output there is NaN or "
        "infinite.", "$warn"
    ).wrap(max(8, width))  # fmt: skip


def told_interval(limits: Any) -> str:
    """Return a 95 % interval in words, empty where there is none."""
    from kerastui.models.runs.figures import number

    if not limits or limits[0] is None or limits[1] is None:
        return ""
    return f"{number(float(limits[0]))} – {number(float(limits[1]))}"


def _no_file(typed: str) -> str:
    if not typed:
        return "A path is needed."
    try:
        path = expanded(typed)
    except UserError as error:
        return error.message
    return "" if path.exists() else f"There is no {path.name} in {path.parent}."

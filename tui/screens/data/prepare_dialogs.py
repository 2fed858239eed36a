"""Dialogs of the preparation: what may be wrong, and what is proposed for data."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.base import Dialog
from kerastui.tui.screens.data import prepare_look as look
from kerastui.tui.screens.data.prepare_fields import TASKS
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.form_edit import Choose
from kerastui.tui.widgets.form_fields import Option
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from kerastui.datasets.spec import Task
    from kerastui.tui.app import KerasTui

_KEPT = ("path", "size", "sha256")
"""Fields of a recipe that say which file it is, not how it is read."""

CHANNEL = "prepare"
"""Questions about preparations have a process of their own: data may take long to load."""


class Concerns(Dialog["dict[str, Any] | None"]):
    """What may be wrong with the data and their preparation, and what was decided why.

    The result is the cure that was chosen, a concern; None for Escape.

    Args:
        concerns: As the inspector tells them.
        reasons: What would be proposed for this target and task, and why.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "cure", "apply the cure", key_display="Enter",
                tooltip="Change the experiment so that this is mended; u takes it back"),
        Binding("escape", "close", "back", key_display="Esc", tooltip="Change nothing"),
    ]  # fmt: skip

    def __init__(
        self, concerns: Sequence[Mapping[str, Any]], reasons: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__()
        self.concerns = {f"concern {place}": entry for place, entry in enumerate(concerns)}
        self.reasons = {f"reason {place}": entry for place, entry in enumerate(reasons)}

    def compose(self) -> ComposeResult:
        with Panel(title="in words", classes="dialog -large"):
            yield RowList([Column(width=2), Column()])
            yield KeyValues(id="concern")
        yield FooterLine()

    def on_mount(self) -> None:
        rows = [Row("found", ("", "What may be wrong"), group=True)]
        for key, entry in self.concerns.items():
            mark, colour = look.LEVELS[entry["level"]]
            rows.append(Row(key, (Content.styled(mark, colour), clean(entry["sentence"]))))
        if not self.concerns:
            told = "Nothing was found: no leak, no identifier, no twin rows."
            rows.append(Row("none", (Content.styled("✓", "$good"), told)))
        rows.append(Row("proposed", ("", "What would be proposed, and why"), group=True))
        rows += [
            Row(
                key, ("", Content.assemble((f"{entry['what']}  ", "$muted"), clean(entry["value"])))
            )
            for key, entry in self.reasons.items()
        ]
        self.query_one(RowList).set_rows(rows)
        self.query_one(RowList).move_to(next(iter(self.concerns), "none"))
        self.query_one(RowList).focus()

    @on(RowList.Moved)
    def _moved(self) -> None:
        key = self.query_one(RowList).key
        rows: list[tuple[str, Value]] = []
        if entry := self.concerns.get(key):
            rows = [("", clean(entry["sentence"])), ("Evidence", clean(entry["evidence"]))]
            cure = Content.styled("none that a key could apply", "$muted")
            if entry["changes"]:
                cure = Content.assemble(("Enter", "$primary"), f"  {clean(entry['cure'])}")
            rows.append(("Cure", cure))
        elif entry := self.reasons.get(key):
            rows = [("", Content(clean(entry["value"]))), ("Why", clean(entry["why"]))]
        self.query_one("#concern", KeyValues).show(rows)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cure" and self.is_mounted:
            entry = self.concerns.get(self.query_one(RowList).key)
            return True if entry and entry["changes"] else None
        return True

    @on(RowList.Opened)
    def _opened(self) -> None:
        self.action_cure()

    def action_cure(self) -> None:
        """Apply the cure of the concern under the cursor."""
        entry = self.concerns.get(self.query_one(RowList).key)
        if entry and entry["changes"]:
            self.dismiss(dict(entry))

    def action_close(self) -> None:
        self.dismiss(None)


class Proposed(Dialog["dict[str, Any] | None"]):
    """A whole experiment proposed for data: what each part is, and why.

    The result is the experiment as plain values; None for Escape.

    Args:
        data: Which data: `dataset`, and `file` or `parameters` where it has such.
        title: What the data are called.
        target: What is to be predicted, where that is settled.
        task: The task, where that is settled.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "start with it", key_display="Enter",
                tooltip="It becomes the current experiment; the one before is kept"),
        Binding("t", "target", "another target", tooltip="Predict another column"),
        Binding("k", "task", "another task", tooltip="Classes or numbers"),
        Binding("escape", "close", "back", key_display="Esc", tooltip="No new experiment"),
    ]  # fmt: skip

    def __init__(
        self,
        data: Mapping[str, Any],
        title: str,
        target: Sequence[str] = (),
        task: Task | None = None,
    ) -> None:
        super().__init__()
        self.data = dict(data)
        self.title_text = title
        self.target = list(target)
        self.task_wanted = task
        self.told: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        with Panel(title=f"a new experiment with {clean(self.title_text)}",
                   classes="dialog -large"):  # fmt: skip
            with VerticalScroll(classes="dialog-text"):
                yield KeyValues()
            yield Static(id="next", classes="dialog-hint")
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._ask()

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def _ask(self) -> None:
        self.told = {}
        self.refresh_bindings()
        place = self.query_one(KeyValues)
        place.show([("", Content.styled("Looking at all rows …", "$muted"))])
        self.query_one("#next", Static).update("")
        app = cast("KerasTui", self.app)
        answer = asyncio.ensure_future(
            app.launcher.request(
                "prepare.start", channel=CHANNEL, data=self.data,
                target=self.target or None, task=self.task_wanted,
            )
        )  # fmt: skip
        try:
            first = await asyncio.to_thread(_first_rows, self.data, self.target, self.task_wanted)
            if first and not answer.done():
                note = Content.styled("From the first rows; now looking at all of them …", "$muted")
                place.show([("", note), *_reasons(first)])
            self.told = await answer
        except UserError as error:
            place.show([("", Content.styled(error.message, "$bad")), ("", error.hint)])
            return
        finally:
            answer.cancel()
        place.show(self._rows())
        after = Content.assemble(
            ("Enter", "$primary"), " makes it the current experiment; everything can be changed "
            "afterwards: ", ("D", "$primary"), " data and preparation, ", ("M", "$primary"),
            " model, ", ("T", "$primary"), " training.",
        )  # fmt: skip
        self.query_one("#next", Static).update(after)
        self.refresh_bindings()

    def _rows(self) -> list[tuple[str, Value]]:
        rows = _reasons(self.told["reasons"])
        if error := self.told["error"]:
            text = f"{clean(error['message'])} {clean(error['hint'])}"
            rows.append(("problem", Content.styled(text.strip(), "$bad")))
        for concern in self.told["concerns"]:
            mark, colour = look.LEVELS[concern["level"]]
            text = f"{clean(concern['sentence'])}\n{clean(concern['evidence'])}"
            rows.append((f"{mark} {concern['level']}", Content.styled(text, colour)))
        return rows

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "take":
            return True if self.told else None
        if action in ("target", "task"):
            # Pictures and texts have classes and nothing else.
            return bool(self.told and self.told["columns"])
        return True

    @work(group="choose", exclusive=True, exit_on_error=False)
    async def action_target(self) -> None:
        """Predict another column."""
        options = [Option(entry["name"], look.brief(entry)) for entry in self.told["columns"]]
        now = self.told["target"][0] if self.told["target"] else None
        chosen = await self.app.push_screen_wait(Choose("target", options, now))
        if chosen is not None and [chosen] != self.told["target"]:
            self.target, self.task_wanted = [chosen], None
            self._ask()

    @work(group="choose", exclusive=True, exit_on_error=False)
    async def action_task(self) -> None:
        """Choose the task."""
        options = [Option(*entry) for entry in TASKS.items()]
        now = self.told["experiment"]["data"]["task"]
        chosen = await self.app.push_screen_wait(Choose("task", options, now))
        if chosen is not None and chosen != now:
            self.target, self.task_wanted = list(self.told["target"]), cast("Task", chosen)
            self._ask()

    def action_take(self) -> None:
        """Start with the proposed experiment."""
        if self.told:
            self.dismiss(dict(self.told["experiment"]))

    def action_close(self) -> None:
        self.dismiss(None)


def _reasons(reasons: Sequence[Mapping[str, Any]]) -> list[tuple[str, Value]]:
    """Each thing that was decided, and under it why."""
    rows: list[tuple[str, Value]] = []
    for reason in reasons:
        name = reason["what"].removeprefix("step ").replace("_", " ")
        value = Content.styled(clean(reason["value"]) or "yes", "bold")
        why = Content.styled(clean(reason["why"]), "$muted")
        rows.append((name, Content.assemble(value, "\n", why)))
    return rows


def _first_rows(
    data: Mapping[str, Any], target: Sequence[str], task: Task | None
) -> list[dict[str, Any]]:
    """What the first rows of an own file suggest; nothing for other data. For threads."""
    if "file" not in data:
        return []
    from kerastui.datasets.advice.facts import facts_of_sniffed
    from kerastui.datasets.advice.proposals import propose
    from kerastui.datasets.files.sniff import sniff

    recipe = {key: value for key, value in data["file"].items() if key not in _KEPT}
    with suppress(UserError):  # what is wrong with the file, the inspector tells
        facts = facts_of_sniffed(sniff(data["file"]["path"], recipe))
        return [asdict(reason) for reason in propose(facts, target, task).reasons]
    return []

"""Which classes are taken for which: the matrix, the rows behind a cell, figures by class."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.models.look.judge_kinds import Kind
from kerastui.tui.inspect.confusion_grid import COUNTS, OF_TRUE, VIEWS, ConfusionGrid
from kerastui.tui.inspect.judge import JudgeLines, JudgePane, left_out
from kerastui.tui.inspect.lines import aligned
from kerastui.tui.inspect.samples import SamplesView
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.line_view import LineView, bar

CLASSES: frozenset[Kind] = frozenset({"classes", "labels"})


class ConfusionPane(JudgePane):
    """The confusion matrix."""

    KEY, LABEL, NOTE = "confusion", "confusion matrix", "who for whom"
    KINDS = CLASSES
    DEFAULT_CSS = """
    ConfusionPane .judge-body { layout: vertical; }
    ConfusionPane #confusion-note { margin-bottom: 1; }
    ConfusionPane #confusion-matrix, ConfusionPane #confusion-rows { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "matrix", "matrix", key_display="Esc", tooltip="Back to the matrix"),
        Binding("v", "view", "counts/shares",
                tooltip="Counts, shares of the true class, or shares of the predicted class"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._of: dict[str, Any] | None = None  # the answer whose matrix, or rows, are shown

    def compose_answer(self) -> ComposeResult:
        yield LineView(id="confusion-note")
        with Container(id="confusion-matrix"):
            yield ConfusionGrid()
        with Container(id="confusion-rows"):
            yield SamplesView(self, error=False)

    def on_mount(self) -> None:
        self.query_one("#confusion-rows").display = False

    @property
    def grid(self) -> ConfusionGrid:
        """The matrix."""
        return self.query_one(ConfusionGrid)

    @property
    def listing(self) -> bool:
        """Whether the rows behind a cell are shown in place of the matrix."""
        return bool(self.query_one("#confusion-rows").display)

    async def fetch(self) -> dict[str, Any]:
        return await self.ask("judge_confusion")

    def draw(self, answer: dict[str, Any], width: int) -> None:
        if self._of is not answer:
            self._of = answer
            self._list(False)
            self.grid.show(answer["matrix"], answer["names"])
        self._tell_cell()

    @on(ConfusionGrid.Moved)
    def _cell_moved(self, event: ConfusionGrid.Moved) -> None:
        event.stop()
        self._tell_cell()

    def _tell_cell(self) -> None:
        grid, width = self.grid, self.width
        if not grid.matrix or self.answer is None:
            return
        i, j, names = grid.row, grid.column, grid.names
        count, true = grid.matrix[i][j], sum(grid.matrix[i])
        told = sum(row[j] for row in grid.matrix)
        if i == j:
            what = Content.assemble((names[i], "bold"), " told right")
        else:
            what = Content.assemble((names[i], "bold"), " taken for ", (names[j], "bold"))
        shares = []
        if true:
            shares.append(f"{count / true:.1%} of the true {names[i]}")
        if told:
            shares.append(f"{count / told:.1%} of what was told {names[j]}")
        lines = [
            Content.assemble(what, ": ", (f"{count:,}", "bold $good" if i == j else "bold $warn"),
                             (f" row{'s' * (count != 1)}", "$muted")),
            Content.styled(" · ".join(shares), "$muted"),
        ]  # fmt: skip
        if not self.listing:
            view = {COUNTS: "counts", OF_TRUE: "shares of the true class"}
            told_view = view.get(grid.view, "shares of what was told so")
            lines.append(Content.assemble(
                (f"{told_view} · coloured: ", "$faint"), ("right", "$good"), (" and ", "$faint"),
                ("mistaken", "$warn"),
            ))  # fmt: skip
        self.query_one("#confusion-note", LineView).show([*lines, *left_out(self.answer, width)])

    @on(ConfusionGrid.Opened)
    def _cell_opened(self, event: ConfusionGrid.Opened) -> None:
        event.stop()
        self._show_samples(event.grid.row, event.grid.column)

    @work(group="samples", exclusive=True, exit_on_error=False)
    async def _show_samples(self, truth: int, told: int) -> None:
        """List the rows of a cell."""
        of = self._of
        try:
            answer = await self.ask("judge_samples", truth=truth, predicted=told)
        except UserError as error:
            self.kerastui.tell_error(error)
            return
        if of is self._of and (truth, told) == (self.grid.row, self.grid.column):
            self._list(True)
            self.query_one(SamplesView).show_rows(answer["rows"])

    def _list(self, shown: bool) -> None:
        within = self.has_focus_within
        self.query_one("#confusion-rows").display = shown
        self.query_one("#confusion-matrix").display = not shown
        self._tell_cell()
        if within:
            self.answer_focus.focus()
        self.screen.refresh_bindings()

    def action_matrix(self) -> None:
        """Back to the matrix."""
        self._list(False)

    def action_view(self) -> None:
        """Show counts or shares."""
        grid = self.grid
        grid.set_view(VIEWS[(VIEWS.index(grid.view) + 1) % len(VIEWS)])
        self._tell_cell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "matrix":
            return self.answer is not None and self.listing
        if action == "view":
            return self.answer is not None and not self.listing
        return super().check_action(action, parameters)

    @property
    def answer_focus(self) -> Widget:
        return self.query_one(SamplesView).row_list if self.listing else self.grid


class ClassesPane(JudgeLines):
    """Precision, recall and F1 of each class."""

    KEY, LABEL, NOTE = "classes", "by class", "F1"
    KINDS = CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "order", "order", tooltip="In their own order, or the worst F1 first"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.worst_first = False

    async def fetch(self) -> dict[str, Any]:
        return await self.ask("judge_confusion")

    def lines(self, answer: dict[str, Any], width: int) -> tuple[list[Content], Content | None]:
        names = [clean(str(name)) for name in answer["names"]]
        order = list(range(len(names)))
        if self.worst_first:
            order.sort(key=lambda place: (answer["f1"][place], place))
        room = max(6, min(24, width - 46))
        rows: list[list[Content | str]] = []
        for place in order:
            f1, support = float(answer["f1"][place]), int(answer["support"][place])
            name = Content(names[place]).truncate(room, ellipsis=True)
            colour = "$good" if f1 >= 0.8 else "$series-1" if f1 >= 0.5 else "$warn"
            rows.append([
                name if support else Content.assemble((name.plain, "$faint")),
                _percent(answer["precision"][place]), _percent(answer["recall"][place]),
                _percent(f1), bar(f1, 12, colour) if support else "", f"{support:,}",
            ])  # fmt: skip
        total = sum(map(int, answer["support"]))
        right = sum(answer["matrix"][place][place] for place in range(len(names)))
        head, table = aligned(
            rows, ["class", "precision", "recall", "F1", "", "rows"],
            [False, True, True, True, False, True],
        )  # fmt: skip
        told = [
            Content(""),
            Content.assemble((f"{right:,} of {total:,} rows are told right", "$muted"),
                             (f"  {right / total:.1%}" if total else "", "bold")),
            Content(""),
        ]  # fmt: skip
        words = (
            "precision: of the rows told so, the share that is so · recall: of the rows that are "
            "so, the share that is told · F1: the harmonic mean of both"
        )
        return [*table, *told, *Content.styled(words, "$faint").wrap(max(8, width)),
                *left_out(answer, width)], head  # fmt: skip

    def action_order(self) -> None:
        """The worst first, or in their own order."""
        self.worst_first = not self.worst_first
        self._show_answer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "order":
            return self.answer is not None
        return super().check_action(action, parameters)


class CalibrationPane(JudgeLines):
    """Whether probabilities keep what they say."""

    KEY, LABEL, NOTE = "calibration", "calibration", "how honest"
    KINDS = CLASSES

    async def fetch(self) -> dict[str, Any]:
        return await self.ask("judge_confusion")

    def lines(self, answer: dict[str, Any], width: int) -> tuple[list[Content], Content | None]:
        names, positive = answer["names"], answer["positive"]
        what = (
            f"a row is {clean(str(names[positive]))}" if positive is not None
            else "the class that was told is the right one"
        )  # fmt: skip
        room = max(8, min(30, width - 44))
        rows: list[list[Content | str]] = []
        for one in answer["bins"]:
            said, so, count = float(one["said"]), float(one["so"]), int(one["rows"])
            off = so - said
            rows.append([
                f"{float(one['low']):.0%} – {float(one['high']):.0%}",
                f"{said:.0%}", f"{so:.0%}", _reliability(said, so, room),
                Content.styled(f"{off:+z.0%}".replace("-", "−").replace("+0%", "0%"),
                               "$muted" if abs(off) < 0.1 or count < 10 else "$warn"),
                f"{count:,}",
            ])  # fmt: skip
        head, table = aligned(
            rows, ["told", "mean", "came true", "", "off", "rows"],
            [True, True, True, False, True, True],
        )  # fmt: skip
        lines = [*table, Content("")]
        lines += Content(verdict(answer, what)).wrap(max(8, width))
        note = (
            "━ how often it came true, │ how often it should have. Bins of few rows swing by "
            "chance. The expected calibration error is the mean distance, weighted by rows."
        )
        lines += [Content(""), *Content.styled(note, "$faint").wrap(max(8, width))]
        return [*lines, *left_out(answer, width)], head


def verdict(answer: dict[str, Any], what: str) -> str:
    """Return in words how far the probabilities can be believed."""
    if not answer["bins"]:
        return "There are no rows to judge by."
    error = float(answer["error"])
    said, so = float(answer["confidence"]), float(answer["share"])
    how = ("They can be taken at their word" if error < 0.03
           else "They are roughly right" if error < 0.1 else "They mislead")  # fmt: skip
    lean = ""
    if abs(said - so) >= 0.02:
        lean = (" They are too high: it comes true less often than they say." if said > so
                else " They are too low: it comes true more often than they say.")  # fmt: skip
    return (
        f"The probabilities that {what} are off by {error:.1%} on average (ECE). {how}. On the "
        f"whole {said:.1%} is said, and {so:.1%} came true.{lean}"
    )


def _reliability(said: float, so: float, width: int) -> Content:
    """Return a bar up to what came true, with a mark where it should end."""
    filled, mark = round(so * (width - 1)), round(said * (width - 1))
    parts: list[Any] = []
    for place in range(width):
        sign, colour = ("━", "$series-1") if place < filled else ("─", "$line")
        if place == mark:
            sign, colour = "│", "bold $text"
        parts.append((sign, colour))
    return Content.assemble(*parts)


def _percent(share: Any) -> str:
    return f"{float(share):.1%}"

"""How the weights of a run changed while it was trained, also while it still is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.worker import Worker

from kerastui.models.runs.figures import number
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.pane import InspectPane
from kerastui.tui.inspect.subject import Found
from kerastui.tui.widgets import words
from kerastui.tui.widgets.chart_line import Line
from kerastui.tui.widgets.loss_chart import LossChart
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from kerastui.models.training.drift import Drift

EVERY = 1.0
"""Seconds between two looks at a run that goes on."""

SPARK = 16

CHARTS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("spread", (("max", "high"), ("mean", "mean"), ("min", "low"), ("deviation", "deviation"))),
    ("size", (("L2 norm", "norm"),)),
    ("moved from the start, as a part of the norm there", (("moved", "moved"),)),
)
"""Title of each chart, and its lines: label and figure."""

_NOTHING = (
    "No record of the weights. A run keeps one while it trains; this one did not get that far, "
    "or the record is gone. Run the experiment again, and it grows here."
)


class DriftPane(InspectPane):
    """All weights with the line of their norm; below, the chart of the one under the cursor."""

    DEFAULT_CSS = """
    DriftPane LossChart { min-height: 8; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "chart", "next chart", key_display="Tab",
                tooltip="Spread, size, and how far the weight has moved"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.drift: Drift | None = None
        self._chart = 0
        self._reading: Worker[None] | None = None

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        if found.run is None:
            return []
        return [Row("drift", ("weights by epoch", ""))]

    def compose(self) -> ComposeResult:
        yield LinesView()
        yield RowList(
            [Column("weight"), Column("norm", SPARK), Column("before", 10, "right", 68),
             Column("now", 10, "right"), Column("moved", 9, "right")]
        )  # fmt: skip
        yield LossChart()

    def on_mount(self) -> None:
        self.list.display = self.query_one(LossChart).display = False
        self.set_interval(EVERY, self._again)

    @property
    def list(self) -> RowList:
        """The weights."""
        return self.query_one(RowList)

    @property
    def to_focus(self) -> Widget:
        return self.list if self.list.display else self.query_one(LinesView)

    def set_found(self, found: Found) -> None:
        super().set_found(found)
        self.drift = None

    def show(self, key: str, width: int) -> str:
        if self.drift is None:
            self._look()
        else:
            self._show_drift(self.drift)
        return "weights by epoch"

    def _again(self) -> None:
        from kerastui.models.runs.store import ACTIVE

        info = self.found.info if self.found is not None else None
        if self.display and info is not None and info.status in ACTIVE:
            self._look()

    def _look(self) -> None:
        """Read the record, unless it is just being read: that may take longer than a pause."""
        if self._reading is None or self._reading.is_finished:
            self._reading = self._read()

    @work(group="drift", exit_on_error=False)
    async def _read(self) -> None:
        from kerastui.models.training import drift

        while (found := self.found) is not None and found.run is not None:
            read = await asyncio.to_thread(drift.read, found.run.path)
            if found is self.found:
                self._show_drift(read)
                return

    def _show_drift(self, read: Drift) -> None:
        self.drift = read
        within = self.has_focus_within  # what goes away takes the focus along
        lines = self.query_one(LinesView)
        before, lines.display = lines.display, not read.epochs
        self.list.display = self.query_one(LossChart).display = bool(read.epochs)
        if within and lines.display != before:
            self.take_focus()
        if not read.epochs:
            lines.show(Content.styled(_NOTHING, "$muted").wrap(max(20, self.width)))
            return
        self.list.set_rows([_row(read, place) for place in range(len(read.names))])
        self.list.styles.height = min(len(read.names) + 1, max(4, self.size.height * 2 // 5))
        self._draw()

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self._draw()

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()

    def _draw(self) -> None:
        if self.drift is None or not self.drift.epochs or not self.list.key:
            return
        from kerastui.models.runs.store import ACTIVE

        place = int(self.list.key)
        name, figures = CHARTS[self._chart]
        info = self.found.info if self.found is not None else None
        going = info is not None and info.status in ACTIVE
        self.query_one(LossChart).show(
            f"{self.drift.names[place]}: {name}",
            [Line(label, self.drift.by_epoch(place, figure), exact=True)
             for label, figure in figures],
            total=info.epochs if info is not None and going else 0, ended=not going,
            empty="The first epoch goes on.",
        )  # fmt: skip

    def action_chart(self) -> None:
        """Show another chart of the weight."""
        self._chart = (self._chart + 1) % len(CHARTS)
        self._draw()


def _row(drift: Drift, place: int) -> Row:
    figures = drift.figures[place]
    norm, moved = figures["norm"], figures["moved"][-1]
    return Row(
        str(place),
        (drift.names[place], Content.styled(words.sparkline(norm, SPARK), "$series-1"),
         Content.styled(number(norm[0]), "$muted"), number(norm[-1]),
         f"{moved:.1%}" if moved == moved else Content.styled("–", "$muted")),
    )  # fmt: skip

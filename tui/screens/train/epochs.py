"""Every epoch's figures as a table that draws only the lines one sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kerastui.models.runs.figures import number
from kerastui.models.runs.history import History
from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets.chart_scale import steady
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.keeps_focus import KeepsFocus
from kerastui.tui.widgets.panel import Panel


class EpochTable(KeepsFocus, ScrollView, can_focus=True):
    """A history, one epoch a line; the best value of each metric stands out.

    Args:
        history: Returns the history as it is now.
    """

    DEFAULT_CSS = """
    EpochTable {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        & > .epoch-table--head { color: $faint; }
        & > .epoch-table--epoch { color: $muted; }
        & > .epoch-table--best { color: $good; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "epoch-table--head",
        "epoch-table--epoch",
        "epoch-table--best",
    }

    def __init__(self, history: Callable[[], History]) -> None:
        super().__init__()
        self._history = history
        self._names: list[str] = []
        self._count = 0

    def on_mount(self) -> None:
        self.update_rows()
        self.call_after_refresh(self.scroll_end, animate=False)

    def update_rows(self) -> None:
        """Take in what is new; stays at the end where it is at the end."""
        history = self._history()
        if history.epoch == self._count and history.metrics == self._names:
            return
        at_end = self.scroll_offset.y >= self.max_scroll_y
        first_new = self._count
        self._names, self._count = history.metrics, history.epoch
        width = 9 + sum(self._width(name) for name in self._names)
        self.virtual_size = Size(width, self._count + 1)
        if at_end:
            self.scroll_end(animate=False)
            self.refresh()
        else:
            top = first_new + 1 - self.scroll_offset.y
            if top < self.size.height:
                self.refresh(Region(0, max(0, top), self.size.width, self.size.height - top))

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width = self.size.width
        plain = self.rich_style
        index = y + scroll_y
        if y == 0:
            head = self.get_component_rich_style("epoch-table--head")
            text = f"{'epoch':>8} " + "".join(
                f"{name:>{self._width(name)}}" for name in self._names
            )
            return Strip([Segment(text, head)]).crop_extend(scroll_x, scroll_x + width, plain)
        if index > self._count:
            return Strip.blank(width, plain)
        history = self._history()
        segments = [Segment(f"{index:>8,} ", self.get_component_rich_style("epoch-table--epoch"))]
        for name in self._names:
            values = history.series.get(name, ())
            show = number if name == "learning_rate" else steady
            text = show(values[index - 1]) if index <= len(values) else "–"
            best = history.best(name)
            style = plain
            if best and best.epoch == index and name != "learning_rate":
                style = self.get_component_rich_style("epoch-table--best")
            segments.append(Segment(f"{text:>{self._width(name)}}", style))
        return Strip(segments).crop_extend(scroll_x, scroll_x + width, plain)

    @staticmethod
    def _width(name: str) -> int:
        return max(len(name), 10) + 2


class EpochsScreen(Dialog[None]):
    """The table over the whole screen; it grows while the run goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,t", "close", "back", key_display="Esc", tooltip="Close the table"),
    ]

    def __init__(self, title: str, history: Callable[[], History]) -> None:
        super().__init__()
        self.title_text = title
        self._history = history

    def compose(self) -> ComposeResult:
        with Panel(title=self.title_text, classes="dialog -large"):
            yield EpochTable(self._history)
        yield FooterLine()

    def on_mount(self) -> None:
        table = self.query_one(EpochTable)
        table.focus()
        self.set_interval(0.25, table.update_rows)

    def action_close(self) -> None:
        self.dismiss(None)

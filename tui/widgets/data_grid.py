"""A table of any size: it draws, and asks for, only the rows and columns that are seen."""

from __future__ import annotations

import bisect
import itertools
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kerastui.datasets.errors import UserError
from kerastui.tui.widgets.data_grid_cells import NUMBERS, clean, fitted, shown
from kerastui.tui.widgets.keeps_focus import KeepsFocus

AHEAD = 32
"""Rows above and below those that are seen that are asked for too."""

NARROWEST, WIDEST_NAME, WIDEST_TEXT = 4, 20, 34
NUMBER_WIDTH = 10


@dataclass(frozen=True, slots=True)
class DataColumn:
    """A column.

    Attributes:
        name: What stands above it.
        kind: `number` or `whole` stand right, everything else left.
        signs: How long its texts are.
    """

    name: str
    kind: str = "number"
    signs: int = 0

    @property
    def width(self) -> int:
        """Its width in cells."""
        held = NUMBER_WIDTH if self.kind in NUMBERS else min(self.signs, WIDEST_TEXT)
        # A cell is left for the mark of a sorted column.
        return max(NARROWEST, held, min(len(self.name) + 2, WIDEST_NAME))


@dataclass(frozen=True, slots=True)
class DataRow:
    """Cells of one row; `label` stands at its left."""

    label: str
    cells: Sequence[Any]


class GridSource(Protocol):
    """Where the cells come from: an array here, or a table in another process."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    @property
    def columns(self) -> Sequence[DataColumn]:
        """The columns."""
        ...

    @property
    def label_width(self) -> int:
        """How long the label of a row may be."""
        ...

    def known(self, rows: range, columns: range) -> bool:
        """Whether all these cells can be given now."""
        ...

    def row(self, row: int, first: int, last: int) -> DataRow | None:
        """Return the cells of columns `first` up to `last` of a row, None while not known."""
        ...

    async def load(self, rows: range, columns: range) -> None:
        """See to it that these cells are known; raises `UserError` where they can't be had."""
        ...


class DataGrid(KeepsFocus, ScrollView, can_focus=True):
    """Rows and columns under a headline that stays, with a cursor on one cell.

    Enter is left to the screen, which names it in the footer and calls `action_open`.

    Attributes:
        row, column: Where the cursor is, from 0.
        marks: Signs behind the names of columns, such as `▲`.
        found: Column whose cell in the cursor's row was searched for, or None.
    """

    DEFAULT_CSS = """
    DataGrid {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        & > .data-grid--head { color: $muted; }
        & > .data-grid--head-here { color: $text; text-style: bold; }
        & > .data-grid--label { color: $faint; }
        & > .data-grid--missing { color: $faint; }
        & > .data-grid--odd { color: $warn; }
        & > .data-grid--row { background: $raised; }
        & > .data-grid--cursor { background: $cursor; text-style: bold; }
        &:focus > .data-grid--cursor { background: $primary; color: $background; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"data-grid--{part}"
        for part in ("head", "head-here", "label", "missing", "odd", "row", "cursor")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1,0)", "up", show=False, tooltip="The row above"),
        Binding("down", "move(1,0)", "down", show=False, tooltip="The row below"),
        Binding("left", "move(0,-1)", "left", show=False, tooltip="The column at the left"),
        Binding("right", "move(0,1)", "right", show=False, tooltip="The column at the right"),
        Binding("pageup", "page(-1)", "page up", show=False, tooltip="A page up"),
        Binding("pagedown", "page(1)", "page down", show=False, tooltip="A page down"),
        Binding("home", "side(-1)", "first column", show=False, tooltip="The first column"),
        Binding("end", "side(1)", "last column", show=False, tooltip="The last column"),
        Binding("ctrl+home", "edge(-1)", "first row", show=False, tooltip="The first row"),
        Binding("ctrl+end", "edge(1)", "last row", show=False, tooltip="The last row"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor came to another cell, or its cell became known."""

        grid: DataGrid

        @property
        def control(self) -> DataGrid:
            return self.grid

    @dataclass
    class Opened(Message):
        """`action_open`, or a second click on a row."""

        grid: DataGrid
        row: int

        @property
        def control(self) -> DataGrid:
            return self.grid

    @dataclass
    class HeadClicked(Message):
        """A click on the name of a column."""

        grid: DataGrid
        column: int

        @property
        def control(self) -> DataGrid:
            return self.grid

    @dataclass
    class Failed(Message):
        """Cells can't be had."""

        grid: DataGrid
        error: UserError

        @property
        def control(self) -> DataGrid:
            return self.grid

    def __init__(self, source: GridSource | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.source = source
        self.row = self.column = 0
        self.marks: dict[int, str] = {}
        self._edges: array[int] = array("q", [0])
        self._drawn: dict[str, Style] = {}
        self._loading = False

    def on_mount(self) -> None:
        self._measure()

    # What is shown

    def set_source(self, source: GridSource | None) -> None:
        """Show another table from its beginning."""
        self.source, self.marks = source, {}
        self.row = self.column = 0
        self._measure()
        self.scroll_to(0, 0, animate=False, force=True)
        self._changed()

    def source_changed(self, *, keep: bool = False) -> None:
        """Draw again: rows came, went, or stand in another order.

        Args:
            keep: The cursor stays in its place; otherwise it goes to the first row.
        """
        self.row = min(self.row, max(0, self._rows - 1)) if keep else 0
        self._measure()
        self.go(self.row, self.column)
        self.refresh()

    @property
    def _rows(self) -> int:
        return self.source.rows if self.source is not None else 0

    @property
    def _columns(self) -> Sequence[DataColumn]:
        return self.source.columns if self.source is not None else ()

    @property
    def value(self) -> Any:
        """The cell under the cursor; None where it is missing, or not known yet."""
        row = self.cursor_row
        return row.cells[0] if row is not None else None

    @property
    def cursor_row(self) -> DataRow | None:
        """The row under the cursor, with the cell under the cursor alone; None while not known."""
        if self.source is None or not self._rows or not self._columns:
            return None
        return self.source.row(self.row, self.column, self.column + 1)

    def _measure(self) -> None:
        widths = (column.width + 2 for column in self._columns)
        self._edges = array("q", itertools.accumulate(widths, initial=0))
        self.virtual_size = Size(self._gutter + self._edges[-1], self._rows + 1)

    @property
    def _gutter(self) -> int:
        return (self.source.label_width if self.source is not None else 1) + 2

    @property
    def _view(self) -> Size:
        """The room for cells: without headline, row numbers and scrollbars."""
        size = self.scrollable_content_region.size
        return Size(max(1, size.width - self._gutter), max(1, size.height - 1))

    def _seen(self) -> tuple[range, range]:
        """Return the rows and the columns that are on the screen, in part at least."""
        view, (x, y) = self._view, self.scroll_offset
        first = max(0, bisect.bisect_right(self._edges, x) - 1)
        last = min(len(self._columns), bisect.bisect_left(self._edges, x + view.width))
        return range(min(y, self._rows), min(y + view.height, self._rows)), range(first, last)

    # Moving about

    def go(self, row: int, column: int) -> None:
        """Put the cursor on a cell, or on the nearest one that there is."""
        before = self.row
        self.row = max(0, min(row, self._rows - 1))
        self.column = max(0, min(column, len(self._columns) - 1))
        self._scroll_to_cursor()
        for line in {before, self.row}:
            self._refresh_row(line)
        self.refresh(Region(0, 0, self.size.width, 1))
        self._changed()

    def _scroll_to_cursor(self) -> None:
        if not self._columns or not self.size.height:
            return
        view, (x, y) = self._view, self.scroll_offset
        left, right = self._edges[self.column], self._edges[self.column + 1]
        if left < x or right - left >= view.width:
            x = left
        elif right > x + view.width:
            # So far that the first column that is seen is seen whole.
            x = self._edges[bisect.bisect_left(self._edges, right - view.width)]
        if self.row < y:
            y = self.row
        elif self.row >= y + view.height:
            y = self.row - view.height + 1
        if (x, y) != tuple(self.scroll_offset):
            self.scroll_to(x, y, animate=False, force=True)

    def _refresh_row(self, row: int) -> None:
        y = row - self.scroll_offset.y + 1
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def action_move(self, down: int, right: int) -> None:
        self.go(self.row + down, self.column + right)

    def action_page(self, step: int) -> None:
        height = self._view.height
        # The page turns, and the cursor stays in its line.
        self.scroll_to(y=self.scroll_offset.y + step * height, animate=False, force=True)
        self.go(self.row + step * height, self.column)

    def action_side(self, step: int) -> None:
        self.go(self.row, 0 if step < 0 else len(self._columns) - 1)

    def action_edge(self, step: int) -> None:
        self.go(0 if step < 0 else self._rows - 1, self.column)

    def action_open(self) -> None:
        if self._rows:
            self.post_message(self.Opened(self, self.row))

    def on_click(self, event: events.Click) -> None:
        x, y = event.x - self._gutter + self.scroll_offset.x, event.y
        column = bisect.bisect_right(self._edges, x) - 1 if event.x >= self._gutter else self.column
        if not 0 <= column < len(self._columns):
            return
        if y == 0:
            if event.x >= self._gutter:
                self.post_message(self.HeadClicked(self, column))
            return
        row = y - 1 + self.scroll_offset.y
        if row >= self._rows:
            return
        again = (row, column) == (self.row, self.column)
        self.go(row, column)
        if again:
            self.action_open()

    # Asking for what is seen

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_x(old_value, new_value)
        self._ask()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._ask()

    def on_resize(self) -> None:
        self._scroll_to_cursor()
        self._ask()

    def _changed(self) -> None:
        self._ask()
        self.post_message(self.Moved(self))

    def _wanted(self) -> tuple[range, range] | None:
        """Return cells that are needed and not known: those that are seen before those around."""
        source = self.source
        if source is None or not self._rows or not self._columns:
            return None
        rows, columns = self._seen()
        around = range(max(0, rows.start - AHEAD), min(self._rows, rows.stop + AHEAD))
        for wanted in (rows, around):
            if len(wanted) and len(columns) and not source.known(wanted, columns):
                return wanted, columns
        here = range(self.row, self.row + 1), range(self.column, self.column + 1)
        return None if source.known(*here) else here

    def _ask(self) -> None:
        if not self._loading and self.is_mounted and self._wanted() is not None:
            self._loading = True
            self._load()

    @work(group="cells", exit_on_error=False)
    async def _load(self) -> None:
        """Ask until all that is seen is known; always for what is seen then, not before."""
        try:
            while (wanted := self._wanted()) is not None and (source := self.source) is not None:
                try:
                    await source.load(*wanted)
                except UserError as error:
                    if source is not self.source:
                        continue  # the table was closed; another one is shown by now
                    self.post_message(self.Failed(self, error))
                    return
                self.refresh()
                self.post_message(self.Moved(self))
        finally:
            self._loading = False

    # Drawing

    def notify_style_update(self) -> None:
        self._drawn = {}
        super().notify_style_update()

    def on_focus(self) -> None:
        self._drawn = {}
        self._refresh_row(self.row)

    def on_blur(self) -> None:
        self._drawn = {}
        self._refresh_row(self.row)

    def _style(self, part: str) -> Style:
        if part not in self._drawn:
            name = f"data-grid--{part}"
            self._drawn[part] = (
                self.get_component_rich_style(name, partial=True) if part else self.rich_style
            )
        return self._drawn[part]

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        plain = self._style("")
        rows, columns = self._seen()
        if y == 0:
            return self._line(self._head(columns), columns, width, plain)
        row = rows.start + y - 1
        if row >= rows.stop or self.source is None:
            return Strip.blank(width, plain)
        return self._line(self._cells(row, columns), columns, width, plain)

    def _head(self, columns: range) -> list[Segment]:
        style, here = self._style("") + self._style("head"), self._style("head-here")
        parts = [Segment(" " * self._gutter, style)]
        for place in columns:
            column = self._columns[place]
            width, mark = column.width, self.marks.get(place, "")
            name = clean(column.name)
            if mark:
                name = f"{fitted(name, min(len(name), width - 2)).rstrip()} {mark}"
            text = fitted(name, width, right=column.kind in NUMBERS)
            parts.append(Segment(f"{text}  ", style + here if place == self.column else style))
        return parts

    def _cells(self, row: int, columns: range) -> list[Segment]:
        assert self.source is not None
        ground = self._style("")
        if row == self.row:
            ground += self._style("row")
        known = self.source.row(row, columns.start, columns.stop)
        label = known.label if known else ""
        parts = [Segment(f"{label:>{self._gutter - 2}}  ", ground + self._style("label"))]
        for index, place in enumerate(columns):
            column = self._columns[place]
            if known is None:
                text, what = "·", "missing"
            else:
                text, what = shown(known.cells[index], column.kind)
            style = ground + self._style(what) if what else ground
            if row == self.row and place == self.column:
                style += self._style("cursor")
            cell = fitted(text, column.width, right=column.kind in NUMBERS)
            parts += (Segment(cell, style), Segment("  ", ground))
        return parts

    def _line(self, parts: list[Segment], columns: range, width: int, plain: Style) -> Strip:
        """Return a line: the row's number stays where it is, the cells move under it."""
        ground = parts[-1].style or plain
        gutter, cells = Strip(parts[:1]), Strip(parts[1:])
        cut = self.scroll_offset.x - self._edges[columns.start] if len(columns) else 0
        room = max(0, width - self._gutter)
        return Strip.join([gutter, cells.crop_extend(cut, cut + room, ground)])

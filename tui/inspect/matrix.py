"""The numbers of a weight as a table: any slice of it, read from the file where it is seen."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.looked import WeightView
from kerastui.tui.widgets.data_grid import DataColumn, DataGrid, DataRow
from kerastui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from kerastui.models.saved.model import Weight
    from kerastui.models.saved.survey import Cut

ROWS, COLUMNS = 256, 64
"""What is read at once."""

MOST_COLUMNS = 20_000
"""Columns that are shown: of more, every width would have to be known. Rows are not limited."""

BLOCKS = 64
"""Blocks that are kept; about a million numbers."""


class WeightSource:
    """A slice of a weight as a table; blocks of it are read in a thread when they are seen.

    Args:
        weight: The weight.
        cut: The slice.
    """

    def __init__(self, weight: Weight, cut: Cut) -> None:
        self.rows = cut.rows
        kind = "number" if weight.dtype.kind == "f" else "whole"
        shown = range(min(cut.columns, MOST_COLUMNS))
        names = map(str, shown) if cut.across >= 0 else ["value"]
        self.columns: Sequence[DataColumn] = [DataColumn(name, kind) for name in names]
        self.label_width = len(f"{max(0, cut.rows - 1):,}")
        self._weight, self._cut = weight, cut
        self._blocks: OrderedDict[tuple[int, int], list[list[float]]] = OrderedDict()

    def known(self, rows: range, columns: range) -> bool:
        return all(place in self._blocks for place in _places(rows, columns))

    def row(self, row: int, first: int, last: int) -> DataRow | None:
        cells: list[float] = []
        y, inside = divmod(row, ROWS)
        for x in range(first // COLUMNS, -(-last // COLUMNS)):
            block = self._blocks.get((y, x))
            if block is None:
                return None
            start = x * COLUMNS
            cells += block[inside][max(0, first - start) : last - start]
        return DataRow(f"{row:,}", cells)

    async def load(self, rows: range, columns: range) -> None:
        """Read what is not known; raises `UserError` where the file can't be read."""
        for place in _places(rows, columns):
            if place in self._blocks:
                self._blocks.move_to_end(place)
            else:
                self._blocks[place] = await asyncio.to_thread(self._read, *place)
        while len(self._blocks) > BLOCKS:
            self._blocks.popitem(last=False)

    def _read(self, y: int, x: int) -> list[list[float]]:
        found: list[list[float]] = self._cut.part(
            self._weight,
            slice(y * ROWS, (y + 1) * ROWS),
            slice(x * COLUMNS, (x + 1) * COLUMNS),
        ).tolist()
        return found


def _places(rows: range, columns: range) -> Iterator[tuple[int, int]]:
    for y in range(rows.start // ROWS, -(-rows.stop // ROWS)):
        for x in range(columns.start // COLUMNS, -(-columns.stop // COLUMNS)):
            yield y, x


class NumbersView(WeightView):
    """The numbers, with a cursor; where it stands, the line above gives all digits."""

    NAME: ClassVar[str] = "numbers"

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[str, Cut] | None = None

    def compose(self) -> ComposeResult:
        yield LineView()
        yield DataGrid()

    @property
    def grid(self) -> DataGrid:
        """The table."""
        return self.query_one(DataGrid)

    def fill(self) -> None:
        assert self.looked is not None
        source = WeightSource(self.looked.weight, self.looked.cut)
        before, self._shown = self._shown, (self.looked.name, self.looked.cut)
        if before == self._shown:  # the same, in a newer checkpoint
            self.grid.source = source
            self.grid.source_changed(keep=True)
        else:
            self.grid.set_source(source)
        self._tell()

    def go(self, index: tuple[int, ...]) -> None:
        """Put the cursor on an element of the slice that is shown."""
        if self.looked is not None:
            self.grid.go(*self.looked.cut.cell(index))

    @on(DataGrid.Moved)
    def _tell(self) -> None:
        if self.looked is None:
            return
        cut, grid, value = self.looked.cut, self.grid, self.grid.value
        # As the type of the weight writes it: the shortest digits that give the same number.
        digits = "" if value is None else str(self.looked.weight.dtype.type(value))
        told = inspect_words.element(cut, grid.row, grid.column, digits)
        if cut.columns > MOST_COLUMNS:
            text = f"   the first {MOST_COLUMNS:,} of {cut.columns:,} columns, v turns them"
            told = Content.assemble(told, (text, "$warn"))
        self.query_one(LineView).show([told])

    @on(DataGrid.Failed)
    def _failed(self, event: DataGrid.Failed) -> None:
        event.stop()
        lines = inspect_words.problem(event.error, self.size.width)
        self.query_one(LineView).show(lines)

    @property
    def to_focus(self) -> Widget:
        return self.grid

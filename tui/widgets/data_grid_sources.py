"""Where a grid has its cells from: an array of this process, or a table of another one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from kerastui.tui.widgets.data_grid import DataColumn, DataRow

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ROWS, COLUMNS = 64, 8
"""What a block of cells holds; blocks are asked for, kept and forgotten as a whole."""

BLOCKS = 256
"""Blocks that are kept; about 130,000 cells."""

Ask = Callable[..., Awaitable[dict[str, Any]]]


class ArraySource:
    """An array of shape (rows, columns), which may lie on disk.

    Args:
        array: Numbers.
        names: Names of the columns; None numbers them from 0.
        labels: Returns the label of a row; None numbers them from 0.
    """

    def __init__(
        self,
        array: npt.NDArray[np.generic],
        names: Sequence[str] | None = None,
        labels: Callable[[int], str] | None = None,
    ) -> None:
        self.array = array
        self.rows = int(array.shape[0])
        kind = "number" if array.dtype.kind == "f" else "whole"
        self.columns: Sequence[DataColumn] = [
            DataColumn(name, kind) for name in names or map(str, range(array.shape[1]))
        ]
        self._label = labels or (lambda row: f"{row:,}")
        self.label_width = max(len(self._label(0)), len(self._label(max(0, self.rows - 1))))

    def known(self, rows: range, columns: range) -> bool:
        return True

    def row(self, row: int, first: int, last: int) -> DataRow:
        return DataRow(self._label(row), self.array[row, first:last].tolist())

    async def load(self, rows: range, columns: range) -> None:
        """Nothing is left to load."""


class RowsSource:
    """A few rows of this process, whatever they hold.

    Args:
        columns: The columns.
        cells: The rows, each with a cell for every column.
    """

    def __init__(self, columns: Sequence[DataColumn], cells: Sequence[Sequence[Any]]) -> None:
        self.columns, self.rows = columns, len(cells)
        self.label_width = len(f"{self.rows:,}")
        self._cells = cells

    def known(self, rows: range, columns: range) -> bool:
        return True

    def row(self, row: int, first: int, last: int) -> DataRow:
        return DataRow(f"{row + 1:,}", self._cells[row][first:last])

    async def load(self, rows: range, columns: range) -> None:
        """Nothing is left to load."""


class RemoteSource:
    """A table that another process holds; see `kerastui.models.tables.worker`.

    Args:
        ask: Asks it: `await ask("page", first=0, ...)`.
        columns: The columns.
        rows: How many rows there are.
    """

    def __init__(self, ask: Ask, columns: Sequence[DataColumn], rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.label_width = len(f"{rows:,}")
        self._ask = ask
        self._blocks: OrderedDict[tuple[int, int], tuple[list[int], list[list[Any]]]] = (
            OrderedDict()
        )
        self._version = 0

    def renew(self, rows: int) -> None:
        """Forget all cells: other rows are shown now, or in another order."""
        self.rows = rows
        self._version += 1
        self._blocks.clear()

    def known(self, rows: range, columns: range) -> bool:
        return all(
            (down, right) in self._blocks
            for down in _blocks(rows, ROWS)
            for right in _blocks(columns, COLUMNS)
        )

    def row(self, row: int, first: int, last: int) -> DataRow | None:
        down, inside = divmod(row, ROWS)
        cells: list[Any] = []
        label = ""
        for right in _blocks(range(first, last), COLUMNS):
            block = self._blocks.get((down, right))
            if block is None or inside >= len(block[0]):
                return None
            label = f"{block[0][inside] + 1:,}"
            start = right * COLUMNS
            for column in block[1][max(0, first - start) : last - start]:
                cells.append(column[inside])
        return DataRow(label, cells)

    async def load(self, rows: range, columns: range) -> None:
        wanted = [
            (down, right)
            for down in _blocks(rows, ROWS)
            for right in _blocks(columns, COLUMNS)
            if (down, right) not in self._blocks
        ]
        if not wanted:
            return
        # One question for the rectangle around what is not known.
        top, bottom = min(d for d, _ in wanted), max(d for d, _ in wanted) + 1
        left, right = min(r for _, r in wanted), max(r for _, r in wanted) + 1
        chosen = list(range(left * COLUMNS, min(right * COLUMNS, len(self.columns))))
        version = self._version
        page = await self._ask(
            "page", first=top * ROWS, count=(bottom - top) * ROWS, columns=chosen
        )
        if version != self._version:
            return
        for down in range(top, bottom):
            part = slice((down - top) * ROWS, (down - top + 1) * ROWS)
            for across in range(left, right):
                some = page["cells"][(across - left) * COLUMNS : (across - left + 1) * COLUMNS]
                self._blocks[down, across] = (page["ids"][part], [cells[part] for cells in some])
        while len(self._blocks) > max(BLOCKS, 2 * len(wanted)):
            self._blocks.popitem(last=False)


def _blocks(cells: range, size: int) -> range:
    return range(cells.start // size, -(-cells.stop // size)) if len(cells) else range(0)

"""Long texts and large matrices of the Inspect screen; only the lines that are seen are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from kerastui.models.figures import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL = 11
"""Cells of one number of a matrix, the gap before it included."""


class LinesView(ScrollView, can_focus=True):
    """Lines that do not wrap; the view scrolls both ways, under a headline that stays."""

    DEFAULT_CSS = """
    LinesView {
        height: 1fr; width: 1fr;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.headline: Content | None = None
        self._texts: Sequence[Content | str] = ()

    def show(
        self,
        lines: Sequence[Content | str],
        headline: Content | None = None,
        width: int | None = None,
    ) -> None:
        """Show lines, which may be made one by one; a string is text, never markup.

        Args:
            lines: The lines.
            headline: Stays above them.
            width: Cells of the longest; None measures them all.
        """
        self._texts, self.headline = lines, headline
        if width is None:
            lengths = [Content(x).cell_length if isinstance(x, str) else x.cell_length
                       for x in lines]  # fmt: skip
            width = max([*lengths, headline.cell_length if headline else 0], default=0)
        self._measure(width, len(lines))

    def _measure(self, width: int, count: int) -> None:
        self.virtual_size = Size(width, count + (self.headline is not None))
        self.scroll_to(0, 0, animate=False)
        self.refresh()

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._texts)

    def line(self, index: int, x: int, width: int) -> Content:
        """Return a line from `x` on; what goes beyond `width` may be left out."""
        text = self._texts[index]
        return (text if isinstance(text, Content) else Content(text))[x:]

    def head(self, x: int, width: int) -> Content:
        """Return that of the headline."""
        return (self.headline or Content(""))[x:]

    def render_line(self, y: int) -> Strip:
        x, top = self.scroll_offset
        width = self.scrollable_content_region.width
        ground = self.visual_style.rich_style
        if self.headline is not None and y == 0:
            content = self.head(x, width)
        else:
            index = y + top - (self.headline is not None)
            if index >= self.count:
                return Strip.blank(width, ground)
            content = self.line(index, x, width)
        content = content.truncate(max(1, width), ellipsis=True)
        strips = Visual.to_strips(self, content, width, 1, self.visual_style, pad=True)
        return strips[0].adjust_cell_length(width) if strips else Strip.blank(width, ground)


class MatrixView(LinesView):
    """An array as rows of numbers, the last axis across; of any size."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._array: NDArray[Any] | None = None
        self._rows = 0
        self._columns = 0

    def show_array(self, array: NDArray[Any]) -> None:
        """Show an array; one of a single axis stands as a column."""
        self._array = array
        self._columns = array.shape[-1] if array.ndim > 1 else 1
        self._rows = array.size // self._columns if self._columns else 0
        # The number of a row, where there are several axes one for each.
        self._label = max(4, sum(len(str(n)) + 1 for n in array.shape[: max(1, array.ndim - 1)]))
        self.headline = Content("") if array.ndim > 1 else None
        self._measure(self._label + CELL * self._columns, self._rows)

    @property
    def count(self) -> int:
        return self._rows

    def _seen(self, x: int, width: int) -> range:
        """Return the columns that are seen whole; the row's number always stands before them."""
        first = -(-x // CELL)
        return range(first, min(self._columns, first + max(1, (width - self._label) // CELL)))

    def head(self, x: int, width: int) -> Content:
        text = "".join(f"{column:>{CELL}}" for column in self._seen(x, width))
        return Content.styled(" " * self._label + text, "$faint")

    def line(self, index: int, x: int, width: int) -> Content:
        columns, array = self._seen(x, width), self._array
        if array is None:
            return Content("")
        values = array.reshape(self._rows, self._columns)[index, columns.start : columns.stop]
        text = "".join(f"{number(value):>{CELL}}" for value in values.tolist())
        return Content.assemble((f"{self._row_name(index):>{self._label}}", "$faint"), text)

    def action_scroll_right(self) -> None:
        self.scroll_relative(x=CELL, animate=False)

    def action_scroll_left(self) -> None:
        self.scroll_relative(x=-CELL, animate=False)

    def _row_name(self, index: int) -> str:
        shape = self._array.shape[:-1] if self._array is not None else ()
        if len(shape) < 2:
            return str(index)
        places: list[str] = []
        for size in reversed(shape):
            index, place = divmod(index, size)
            places.append(str(place))
        return ",".join(reversed(places))


def aligned(
    rows: Sequence[Sequence[Content | str]], head: Sequence[str], right: Sequence[bool]
) -> tuple[Content, list[Content]]:
    """Return a headline and rows, with columns as wide as what stands in them.

    Args:
        rows: Cells, as many in each as there are titles.
        head: The titles.
        right: Which columns stand right.
    """
    cells = [[c if isinstance(c, Content) else Content(c) for c in row] for row in rows]
    widths = [
        max([len(title), *(row[place].cell_length for row in cells)])
        for place, title in enumerate(head)
    ]

    def lay_out(row: Sequence[Content]) -> Content:
        parts: list[Content | str] = []
        for place, cell in enumerate(row):
            space = " " * (widths[place] - cell.cell_length)
            parts += ["  " if place else "", *((space, cell) if right[place] else (cell, space))]
        return Content.assemble(*parts)

    return lay_out([Content.styled(title, "$faint") for title in head]), [*map(lay_out, cells)]


def plain(value: float | str) -> str:
    """Return a figure as it is shown: a number with four digits, a word as it is."""
    return value if isinstance(value, str) else number(value)

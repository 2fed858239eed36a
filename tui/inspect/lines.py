"""Long texts of the Inspect screen; only the lines that are seen are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from kerastui.models.runs.figures import number
from kerastui.tui.widgets.keeps_focus import KeepsFocus


class LinesView(KeepsFocus, ScrollView, can_focus=True):
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
            if not right[place] and place == len(row) - 1:
                space = ""  # an ellipsis would stand where only blanks are cut
            parts += ["  " if place else "", *((space, cell) if right[place] else (cell, space))]
        return Content.assemble(*parts)

    return lay_out([Content.styled(title, "$faint") for title in head]), [*map(lay_out, cells)]


def plain(value: float | str) -> str:
    """Return a figure as it is shown: a number with four digits, a word as it is."""
    return value if isinstance(value, str) else number(value)

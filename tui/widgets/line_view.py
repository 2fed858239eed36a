"""Lines of text that change often: only those that differ are written again."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget


class LineView(Widget):
    """Lines that do not wrap; what is too long ends with an ellipsis.

    Its height is that of its lines, unless the style sheet says otherwise.
    """

    DEFAULT_CSS = "LineView { width: 1fr; height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.lines: list[Content] = []

    def show(self, lines: Sequence[Content | str]) -> None:
        """Show lines; a string is text, never markup. Nothing is drawn where nothing changed."""
        before = self.lines
        self.lines = [line if isinstance(line, Content) else Content(line) for line in lines]
        if len(before) != len(self.lines):
            self.refresh(layout=True)
        elif changed := [
            Region(0, y, self.size.width, 1)
            for y, (old, new) in enumerate(zip(before, self.lines, strict=True))
            if not old.is_same(new)
        ]:
            self.refresh(*changed)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        line = self.lines[y].truncate(width, ellipsis=True)
        strips = Visual.to_strips(self, line, width, 1, self.visual_style, pad=True)
        return strips[0].adjust_cell_length(width) if strips else Strip.blank(width)


def spread(left: Content, right: Content, width: int) -> Content:
    """Return one line with something at its left and something at its right end."""
    room = width - left.cell_length - right.cell_length
    if room < 1:
        return Content.assemble(left, " ", right)
    return Content.assemble(left, " " * room, right)


def bar(share: float, width: int, colour: str) -> Content:
    """Return a bar of `width` cells that is filled to `share` (0 to 1)."""
    halves = round(min(1.0, max(0.0, share)) * width * 2)
    full = "━" * (halves // 2) + "╸" * (halves % 2)
    return Content.assemble((full, colour), ("─" * (width - len(full)), "$line"))

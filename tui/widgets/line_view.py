"""Lines of text that change often: only those that differ are written again."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from kerastui.tui.widgets.measured import Measured


class LineView(Measured, Widget):
    """Lines that do not wrap; what is too long ends with an ellipsis.

    Its height is that of its lines, unless the style sheet says otherwise.
    """

    DEFAULT_CSS = "LineView { width: 1fr; height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.lines: list[Content] = []
        self._strips: dict[int, Strip] = {}

    def show(self, lines: Sequence[Content | str]) -> None:
        """Show lines; a string is text, never markup. Nothing is drawn where nothing changed."""
        before, strips = self.lines, self._strips
        self.lines = [line if isinstance(line, Content) else Content(line) for line in lines]
        if len(before) != len(self.lines):
            self._strips = {}
            self.refresh(layout=True)
            return
        changed: list[Region] = []
        for y, (old, new) in enumerate(zip(before, self.lines, strict=True)):
            if old.is_same(new):
                continue
            if known := strips.pop(y, None):
                strips[y] = self._strip(new)
                changed.append(changed_region(cells(known), cells(strips[y]), y))
            else:
                changed.append(Region(0, y, self.size.width, 1))
        if changed:
            self.refresh(*changed)

    def on_resize(self) -> None:
        self._strips = {}

    def notify_style_update(self) -> None:
        self._strips = {}
        super().notify_style_update()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines)

    def render_line(self, y: int) -> Strip:
        if y >= len(self.lines):
            return Strip.blank(self.size.width, self.rich_style)
        if y not in self._strips or self._strips[y].cell_length != self.size.width:
            self._strips[y] = self._strip(self.lines[y])
        return self._strips[y]

    def _strip(self, content: Content) -> Strip:
        width = self.size.width
        line = content.truncate(width, ellipsis=True)
        strips = Visual.to_strips(self, line, width, 1, self.visual_style, pad=True)
        return strips[0].adjust_cell_length(width) if strips else Strip.blank(width)


def cells(strip: Strip) -> list[tuple[str, object]]:
    """Return the signs of a strip, each with its style; wide signs count once for each cell."""
    found: list[tuple[str, object]] = []
    for text, style, _ in strip:
        for sign in text:
            found += [(sign, style)] * max(1, cell_len(sign))
    return found


def changed_region(old: Sequence[object], new: Sequence[object], y: int) -> Region:
    """Return the part of row `y` in which cells differ, from the first one to the last.

    One region a row, not several: for each Textual writes the row again from its beginning.
    """
    if len(old) != len(new):
        return Region(0, y, max(len(old), len(new)), 1)
    differ = [x for x, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    return Region(differ[0], y, differ[-1] + 1 - differ[0], 1) if differ else Region()


def spread(left: Content, right: Content, width: int) -> Content:
    """Return one line with something at its left and something at its right end."""
    room = width - left.cell_length - right.cell_length
    if room < 1:
        return Content.assemble(left, " ", right)
    return Content.assemble(left, " " * room, right)


def in_lines(parts: Sequence[Content], width: int) -> list[Content]:
    """Return parts one after the other, in as many lines of `width` cells as they need."""
    lines: list[Content] = []
    for part in parts:
        if lines and lines[-1].cell_length + 3 + part.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], "   ", part)
        else:
            lines.append(part)
    return lines


def first(lines: Sequence[Content], most: int, width: int) -> list[Content]:
    """Return the first lines of a text; an ellipsis says that there are more."""
    if len(lines) <= most:
        return list(lines)
    last = lines[most - 1].truncate(max(0, width - 1))
    return [*lines[: most - 1], Content.assemble(last, "…")]


def bar(share: float, width: int, colour: str) -> Content:
    """Return a bar of `width` cells that is filled to `share` (0 to 1)."""
    halves = round(min(1.0, max(0.0, share)) * width * 2)
    full = "━" * (halves // 2) + "╸" * (halves % 2)
    return Content.assemble((full, colour), ("─" * (width - len(full)), "$line"))

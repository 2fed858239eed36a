"""A picture in half blocks: two pixels a cell, one above the other."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kerastui.tui.widgets.keeps_focus import KeepsFocus


class HalfBlocks(KeepsFocus, Widget, can_focus=True):
    """The picture. It is given as many pixels as it has room for (`pixels`)."""

    DEFAULT_CSS = "HalfBlocks { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._picture: NDArray[np.int32] = np.zeros((0, 0), np.int32)

    @property
    def pixels(self) -> tuple[int, int]:
        """Columns and rows of pixels there is room for."""
        return self.size.width, self.size.height * 2

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Show a picture of (rows, columns, 3); only the lines that changed are drawn."""
        # Thirty-two steps of each colour look the same and keep the styles few.
        coarse = picture.astype(np.int32) & 0xF8
        packed = coarse[..., 0] << 16 | coarse[..., 1] << 8 | coarse[..., 2]
        before, self._picture = self._picture, packed
        if before.shape != packed.shape:
            self.refresh()
            return
        changed = np.flatnonzero((before != packed).any(axis=1)) // 2
        self.refresh(*(Region(0, y, self.size.width, 1) for y in sorted(set(changed.tolist()))))

    def render_line(self, y: int) -> Strip:
        rows, columns = self._picture.shape
        if 2 * y >= rows:
            return Strip.blank(self.size.width, self.rich_style)
        upper = self._picture[2 * y]
        lower = self._picture[min(2 * y + 1, rows - 1)]
        # Neighbours of the same two colours are one segment.
        edges = np.flatnonzero((np.diff(upper) != 0) | (np.diff(lower) != 0)) + 1
        starts = [0, *edges.tolist()]
        segments = [
            Segment("▀" * (end - start), _style(int(upper[start]), int(lower[start])))
            for start, end in zip(starts, [*starts[1:], columns], strict=True)
        ]
        return Strip(segments, columns).adjust_cell_length(self.size.width, self.rich_style)


@cache
def _colour(packed: int) -> Color:
    return Color.from_rgb(packed >> 16, packed >> 8 & 0xFF, packed & 0xFF)


@cache
def _style(upper: int, lower: int) -> Style:
    return Style.from_color(_colour(upper), _colour(lower))

"""Pictures side by side, each with its label: as many of them and as large as there is room."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.color import Color
from textual.containers import Vertical
from textual.content import Content

from kerastui.tui.labs.half_blocks import HalfBlocks
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.measured import Static

ACROSS = 5
LEAST = 12
"""Pixels below which a picture is no longer shrunk: fewer stand side by side instead."""


class Pictured(HalfBlocks, can_focus=False):
    """One row of pictures, as high as they are."""

    DEFAULT_CSS = "Pictured { width: 1fr; }"

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        super().__init__()
        self.styles.height = -(-len(picture) // 2)
        self.show(picture)


class PictureGrid(Vertical):
    """The pictures.

    Args:
        pictures: (n, height, width), 0 for paper and 255 for ink; or (n, height, width, 3).
        labels: What each shows.

    Attributes:
        across: How many stand side by side.
        shrunk: How many pixels, in each direction, became one.
    """

    DEFAULT_CSS = "PictureGrid { height: auto; margin-top: 1; }"

    def __init__(self, pictures: NDArray[np.uint8], labels: Sequence[str]) -> None:
        super().__init__()
        self.pictures = pictures
        self.labels = tuple(labels)
        self.across, self.shrunk = 0, 1

    def on_mount(self) -> None:
        # Ink and paper are the theme's colours.
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_later(self._arrange))

    def on_resize(self, event: events.Resize) -> None:
        if fitting(event.size.width, self.pictures.shape[2]) != (self.across, self.shrunk):
            self.call_later(self._arrange)

    async def _arrange(self) -> None:
        self.across, self.shrunk = fitting(self.size.width, self.pictures.shape[2])
        small = shrink(self.pictures, self.shrunk)
        colours = self.app.theme_variables
        ink, paper = (Color.parse(colours[name]) for name in ("foreground", "background"))
        rows: list[Pictured | Static] = []
        for first in range(0, len(small), self.across):
            part = coloured(small[first : first + self.across], ink, paper)
            rows.append(Pictured(beside(part, paper)))
            width = small.shape[2] + 1
            names = (
                clean(label)[:width].center(width) for label in self.labels[first:][: self.across]
            )
            rows.append(Static(Content.styled("".join(names), "$muted")))
        with self.app.batch_update():
            await self.remove_children()
            await self.mount_all(rows)


def fitting(width: int, pixels: int) -> tuple[int, int]:
    """Return how many pictures stand side by side, and how many pixels become one.

    Args:
        width: Cells there are.
        pixels: Width of one picture.
    """
    shrunk = 1
    while ACROSS * (pixels // shrunk + 1) - 1 > width and pixels // (shrunk + 1) >= LEAST:
        shrunk += 1
    return max(1, min(ACROSS, (width + 1) // (pixels // shrunk + 1))), shrunk


def shrink(pictures: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return pictures in which the mean of `factor` by `factor` pixels is one."""
    n, height, width, *colours = pictures.shape
    rows, columns = height // factor, width // factor
    cut = pictures[:, : rows * factor, : columns * factor]
    blocks = cut.reshape(n, rows, factor, columns, factor, *colours)
    return np.asarray(blocks.mean(axis=(2, 4)), np.uint8)


def beside(pictures: NDArray[np.uint8], paper: Color) -> NDArray[np.uint8]:
    """Return pictures (n, height, width, 3) as one, an empty column after each."""
    n, height, width, _ = pictures.shape
    apart = np.full((n, height, width + 1, 3), paper.rgb, np.uint8)
    apart[:, :, :width] = pictures
    return np.concatenate(list(apart), axis=1)


def coloured(pictures: NDArray[np.uint8], ink: Color, paper: Color) -> NDArray[np.uint8]:
    """Return grey pictures in colours: from the paper's to the ink's; others as they are."""
    if pictures.ndim == 4:
        return pictures
    ends = np.array([paper.rgb, ink.rgb], float)
    share = pictures[..., None] / 255
    return np.asarray(ends[0] + share * (ends[1] - ends[0]), np.uint8)

"""A picture drawn in the terminal, with the mouse or with keys, in half blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.message import Message

from kerastui.tui.labs.half_blocks import HalfBlocks
from kerastui.tui.screens.data.pictures import coloured

CORE, EDGE = 0.7, 1.7
"""Pixels from the middle of the brush up to which it is full, and from which on it is nothing: a
line as wide and as soft as the strokes of MNIST's digits."""


class DrawPad(HalfBlocks):
    """Paper of a fixed number of pixels, each some cells wide where there is room.

    Args:
        rows: Its height in pixels.
        columns: Its width in pixels.
        top: The value of ink.

    Attributes:
        pixels_drawn: (rows, columns) from 0, paper, to `top`, ink.
        at: Row and column of the cursor.
        pen: Whether the pen is down: the arrows draw.
        zoom: Pixels of the screen that one of the paper takes, in each direction.
    """

    DEFAULT_CSS = """
    DrawPad { width: auto; height: auto; border: round $line; }
    DrawPad:focus { border: round $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pen", "pen", key_display="Space",
                tooltip="Put the pen down, so that arrows draw; or lift it"),
        Binding("up", "move(-1,0)", "up", show=False, tooltip="Move the pen"),
        Binding("down", "move(1,0)", "down", show=False, tooltip="Move the pen"),
        Binding("left", "move(0,-1)", "left", show=False, tooltip="Move the pen"),
        Binding("right", "move(0,1)", "draw", key_display="← ↑ ↓ →",
                tooltip="Move the pen; it draws while it is down. The mouse draws, too"),
        Binding("delete,backspace", "rub", "rub out", key_display="Del",
                tooltip="Rub out under the cursor; so does the right mouse button"),
    ]  # fmt: skip

    @dataclass
    class Changed(Message):
        """Something was drawn or rubbed out."""

        pad: DrawPad

        @property
        def control(self) -> DrawPad:
            return self.pad

    def __init__(self, rows: int, columns: int, top: float) -> None:
        super().__init__()
        self.top = top
        self.pixels_drawn: NDArray[np.float32] = np.zeros((rows, columns), np.float32)
        self.at = (rows // 2, columns // 2)
        self.pen = False
        self.zoom = 1
        self._from: tuple[float, float] | None = None
        self._rubs = False

    def on_mount(self) -> None:
        self.fit(self.zoom)
        # Ink and paper are the theme's colours.
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())

    def fit(self, zoom: int) -> None:
        """Take so many cells for each pixel."""
        self.zoom = zoom
        rows, columns = self.pixels_drawn.shape
        self.styles.width = columns * zoom + 2
        self.styles.height = -(-rows * zoom // 2) + 2
        self.redraw()

    def set_pixels(self, pixels: NDArray[np.float32]) -> None:
        """Put a picture on the paper."""
        self.pixels_drawn = np.clip(np.asarray(pixels, np.float32), 0, self.top)
        self.redraw()

    def clear(self) -> None:
        """Take another sheet."""
        self.set_pixels(np.zeros_like(self.pixels_drawn))

    # Drawing

    def stroke(self, row: float, column: float, *, rub: bool = False) -> None:
        """Draw from where the brush was last to a point, in pixels; it may lie between them."""
        start = self._from or (row, column)
        steps = max(1, round(2 * max(abs(row - start[0]), abs(column - start[1]))))
        for step in range(1, steps + 1):
            share = step / steps
            self._dab(start[0] + share * (row - start[0]), start[1] + share * (column - start[1]),
                      rub)  # fmt: skip
        self._from = (row, column)
        self.redraw()
        self.post_message(self.Changed(self))

    def _dab(self, row: float, column: float, rub: bool) -> None:
        rows, columns = np.indices(self.pixels_drawn.shape)
        distance = np.hypot(rows - row, columns - column)
        ink = np.clip((EDGE - distance) / (EDGE - CORE), 0, 1) * self.top
        drawn = self.pixels_drawn
        both = np.minimum(drawn, self.top - ink) if rub else np.maximum(drawn, ink)
        self.pixels_drawn = both.astype(np.float32)

    def action_pen(self) -> None:
        """Put the pen down, or lift it."""
        self.pen, self._from = not self.pen, None
        if self.pen:
            self.stroke(*map(float, self.at))
        else:
            self.redraw()

    def action_move(self, down: int, right: int) -> None:
        rows, columns = self.pixels_drawn.shape
        self.at = (min(max(0, self.at[0] + down), rows - 1),
                   min(max(0, self.at[1] + right), columns - 1))  # fmt: skip
        if self.pen:
            self.stroke(*map(float, self.at))
        else:
            self.redraw()

    def action_rub(self) -> None:
        """Rub out under the cursor."""
        self.pen, self._from = False, None
        self.stroke(*map(float, self.at), rub=True)
        self._from = None

    # The mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self.pen, self._from, self._rubs = False, None, event.button == 3
        self._to(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self._to(event)

    def on_mouse_up(self) -> None:
        self.release_mouse()
        self._from = None

    def _to(self, event: events.MouseEvent) -> None:
        # A cell is two pixels of the screen high: its middle lies between them.
        row = ((event.y - 1) * 2 + 0.5) / self.zoom - (self.zoom - 1) / (2 * self.zoom)
        column = (event.x - 1) / self.zoom - (self.zoom - 1) / (2 * self.zoom)
        rows, columns = self.pixels_drawn.shape
        self.at = (min(max(0, round(row)), rows - 1), min(max(0, round(column)), columns - 1))
        self.stroke(row, column, rub=self._rubs)

    # Looking

    def on_focus(self) -> None:
        self.call_after_refresh(self.redraw)

    def on_blur(self) -> None:
        self.pen = False
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Show the paper, with the cursor while the pad has the focus."""
        if not self.is_mounted:
            return
        colours = self.app.theme_variables
        ink, paper = (Color.parse(colours[name]) for name in ("foreground", "background"))
        grey = np.asarray(self.pixels_drawn * (255 / self.top), np.uint8)
        picture = coloured(grey, ink, paper).copy()
        if self.has_focus:
            accent = np.array(Color.parse(colours["warn" if self.pen else "primary"]).rgb)
            picture[self.at] = accent
        self.show(picture.repeat(self.zoom, axis=0).repeat(self.zoom, axis=1))

"""b06: the Mandelbrot set, computed by TensorFlow in the worker, drawn while it comes."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import ClassVar

import numpy as np
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.labs.mandelbrot import (
    CYCLES,
    DEEPEST,
    HEIGHT,
    WIDTH,
    View,
    colours,
    shrunk,
)
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result, mark
from kerastui.tui.labs.half_blocks import HalfBlocks
from kerastui.tui.scratch import Scratch
from kerastui.tui.widgets import words
from kerastui.tui.widgets.line_view import LineView, bar
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel, ScrollPanel

COARSE = 8
"""The first picture takes one number out of eight by eight."""

WORK = 48 * CYCLES
"""Rows times cycles of one request: short enough to be overtaken by the next view at once."""

MOST_CYCLES = 12_800


class Picture(HalfBlocks):
    """The picture, and what the mouse does on it."""

    def on_click(self, event: events.Click) -> None:
        columns, rows = self.pixels
        if columns and isinstance(self.screen, MandelbrotScreen):
            right = (event.x + 0.5) / columns - 0.5
            down = (2 * event.y + 1) / columns - rows / columns / 2
            self.screen.look(self.screen.view.moved(right, down))

    def on_mouse_scroll_up(self) -> None:
        if isinstance(self.screen, MandelbrotScreen):
            self.screen.action_zoom(0.8)

    def on_mouse_scroll_down(self) -> None:
        if isinstance(self.screen, MandelbrotScreen):
            self.screen.action_zoom(1.25)


class MandelbrotScreen(LabScreen):
    """The picture at the left, always as high as the screen; what it shows at the right."""

    COLUMNS = True
    HELP = """The Mandelbrot set. + and − zoom, the arrows move, a click puts a point into the \
middle, the wheel zooms. ] doubles the cycles, which deep views need. First comes a coarse \
picture, then the whole one, in slices; a new view takes the place of one that is not done."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "zoom(0.5)", "closer", key_display="+",
                tooltip="Half the width"),
        Binding("minus", "zoom(2.0)", "farther", key_display="−", tooltip="Twice the width"),
        Binding("left", "move(-1,0)", "move", key_display="←→↑↓", tooltip="A fifth of the width"),
        Binding("right", "move(1,0)", "right", show=False),
        Binding("up", "move(0,-1)", "up", show=False),
        Binding("down", "move(0,1)", "down", show=False),
        Binding("right_square_bracket", "cycles(2.0)", "more cycles", key_display="]",
                tooltip="Twice as many cycles: more detail in deep views"),
        Binding("left_square_bracket", "cycles(0.5)", "fewer cycles", show=False, key_display="[",
                tooltip="Half as many cycles"),
    ]  # fmt: skip

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.view = View()
        self.counts = np.zeros((HEIGHT, WIDTH), np.uint16)
        self.share = 0.0
        self.seconds: dict[str, float] = {}
        self.problem = ""
        self._scratch = Scratch()
        self._number = 0

    def compose_lab(self) -> ComposeResult:
        with Panel(title="|z| < 4 after how many cycles", id="canvas"):
            yield Picture()
        with ScrollPanel(title="view", classes="lab-main", can_focus=False):
            yield LineView(id="facts")
            yield Static(id="progress", classes="lab-gap")

    def on_mount(self) -> None:
        self.query_one(Picture).focus()
        self.look(self.view)

    def on_unmount(self) -> None:
        self._scratch.remove()

    def on_resize(self) -> None:
        # The document's picture is four to three; a cell is two pixels high.
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        canvas = self.query_one("#canvas")
        height = max(1, self.query_one("#lab").size.height - 2)
        width = min(round(2 * height * WIDTH / HEIGHT), max(8, self.size.width - 32))
        canvas.styles.width = width + 4  # border and padding
        canvas.styles.height = min(height, max(1, round(width * HEIGHT / WIDTH / 2))) + 2
        self.call_after_refresh(self._paint)

    def look(self, view: View) -> None:
        """Look at another part of the plane."""
        self.view = view
        self._compute(view)

    @work(group="picture", exclusive=True, exit_on_error=False)
    async def _compute(self, view: View) -> None:
        """Compute a view: coarse first, then whole, slice by slice."""
        started = monotonic()
        self.share, self.problem = 0.0, ""
        self._number += 1
        number = self._number
        self._tell()
        try:
            coarse = await self._slice(view, number, COARSE, 0, HEIGHT // COARSE)
            self.counts = coarse.repeat(COARSE, 0).repeat(COARSE, 1)
            self.seconds = {"first": monotonic() - started}
            self._paint()
            rows = max(4, min(HEIGHT, WORK // view.cycles))
            for first in range(0, HEIGHT, rows):
                last = min(HEIGHT, first + rows)
                self.counts[first:last] = await self._slice(view, number, 1, first, last)
                self.share = last / HEIGHT
                self._paint()
        except UserError as error:
            self.problem = f"{error.message} {error.hint}".strip()
            self._tell()
            return
        self.seconds["whole"] = monotonic() - started
        if view == View():
            shape = f"{self.counts.shape[1]}×{self.counts.shape[0]}"
            columns, lines = view.axes(WIDTH, HEIGHT)
            corner = f"{columns[0]:g}, {lines[0]:g}".replace("-", "−")
            self.results = (
                Result("numbers", "640×480", shape, shape == "640×480"),
                Result("corner", "−2.5, −1.5", corner, corner == "−2.5, −1.5"),
                Result("cycles", "200", f"{view.cycles}", view.cycles == 200),
            )
        self._tell()

    async def _slice(
        self, view: View, number: int, grain: int, first: int, last: int
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
        """Return rows of the picture as the worker has computed them."""
        path = self._scratch.path / f"{number}-{grain}.npy"
        await self.ask(
            "mandelbrot", path=str(path), real=view.real, imaginary=view.imaginary,
            span=view.span, cycles=view.cycles, width=WIDTH // grain, height=HEIGHT // grain,
            first=first, last=last,
        )  # fmt: skip
        picture: np.ndarray[tuple[int, ...], np.dtype[np.uint16]] = np.load(path, mmap_mode="r")
        return np.array(picture[first:last])

    def _paint(self) -> None:
        picture = self.query_one(Picture)
        width, height = picture.pixels
        if width and height and self.seconds:
            whole = colours(self.counts, self.view.cycles)
            picture.show(shrunk(whole, width, height))
        self._tell()

    def _tell(self) -> None:
        view = self.view
        inside = float((self.counts >= view.cycles).mean()) if self.share == 1 else None
        area = None if inside is None else inside * view.span**2 * HEIGHT / WIDTH
        rows = [
            ("middle", f"{view.real:.14g}".replace("-", "−")),
            ("", f"{view.imaginary:.14g} i".replace("-", "−")),
            ("width", f"{view.span:.4g} (×{4 / view.span:,.4g})"),
            ("cycles", f"{view.cycles:,}"),
            ("black", "…" if inside is None else f"{inside:.2%}"),
            ("area", "…" if area is None else f"{area:.4g}"),
            *((name, words.duration(took)) for name, took in self.seconds.items()),
        ]
        facts = self.query_one("#facts", LineView)
        lines = [Content.assemble((f"{name:<8}", "$muted"), text) for name, text in rows]
        if self.results and view == View():
            lines += [Content(""), Content.styled("as published", "$faint")]
            lines += [
                Content.assemble((f"{result.label:<8}", "$muted"), result.got, " ", mark(result))
                for result in self.results
            ]
        facts.show(lines)
        width = max(4, facts.size.width - 6)
        text = Content("")
        if self.problem:
            text = Content.styled(self.problem, "$warn")
        elif not self.seconds:
            text = Content.styled("Keras' process gets ready …", "$muted")
        elif self.share < 1:
            text = Content.assemble(bar(self.share, width, "$run"), f"{self.share:>6.0%}")
        elif view.span <= DEEPEST:
            text = Content.styled("64-bit numbers end here: neighbours are equal.", "$warn")
        self.query_one("#progress", Static).update(text)

    def action_zoom(self, factor: float) -> None:
        """Zoom by a factor of the width."""
        self.look(self.view.zoomed(factor))

    def action_move(self, right: int, down: int) -> None:
        """Move by a fifth of the width."""
        self.look(self.view.moved(0.2 * right, 0.2 * down))

    def action_cycles(self, factor: float) -> None:
        """Take more cycles, or fewer."""
        cycles = max(25, min(MOST_CYCLES, int(self.view.cycles * factor)))
        self.look(replace(self.view, cycles=cycles))

    def action_values(self) -> None:
        self.look(View())


def make(lab: Lab) -> LabScreen:
    """Return the lab's screen."""
    return MandelbrotScreen(lab)

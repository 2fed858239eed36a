"""b12: initial weights drawn by Keras, against what their formula promises."""

from __future__ import annotations

import asyncio
import math

import numpy as np
from numpy.typing import NDArray
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.labs.initializers import (
    BY_NAME,
    INITIALIZERS,
    Initializer,
    Measured,
    density,
    measure,
    tolerance,
)
from kerastui.models.runs.figures import number
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result
from kerastui.tui.labs.function_chart import FunctionChart, Plotted
from kerastui.tui.labs.slider import Slider
from kerastui.tui.scratch import Scratch
from kerastui.tui.widgets.chart_raster import Role
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList

BINS = 60


class InitializersScreen(LabScreen):
    """A list of initializers; a layer's sizes on sliders; what was drawn as a histogram."""

    COLUMNS = True
    HELP = """Keras builds a Dense layer of the chosen sizes and draws its weights. The histogram \
is of those very weights, the smooth curve is what the initializer promises. The variance may \
miss its formula by three standard errors: few weights scatter more. Tab leads to the sliders."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.weights: NDArray[np.float32] | None = None
        self.drawn: tuple[str, int, int] = ("", 0, 0)
        self._scratch = Scratch()
        self._number = 0

    def compose_lab(self) -> ComposeResult:
        with Panel(title="initializers", id="functions"):
            yield RowList([Column()])
        with Vertical(id="function"):
            with Panel(classes="lab-main", id="picture"):
                yield LineView(id="legend")
                yield FunctionChart()
            with Panel(title="layer", id="about"):
                yield Slider("n_in", 100, 1, 2000, 1, factor=1.1, id="inputs")
                yield Slider("n_out", 100, 1, 2000, 1, factor=1.1, id="outputs")
                yield Slider("seed", 1, 0, 99, 1, id="seed")
                yield Static(id="note", classes="lab-note lab-optional")

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.set_rows(Row(entry.name, (entry.name,)) for entry in INITIALIZERS)
        rows.focus()
        self.query_one("#legend", LineView).show(
            [Content.styled("Keras' process gets ready …", "$muted")]
        )

    def on_unmount(self) -> None:
        self._scratch.remove()

    @property
    def entry(self) -> Initializer:
        """The initializer under the cursor."""
        return BY_NAME[self.query_one(RowList).key]

    def _value(self, name: str) -> int:
        return int(self.query_one(f"#{name}", Slider).value)

    @on(RowList.Moved)
    @on(Slider.Changed)
    def _chosen(self) -> None:
        self.query_one("#note", Static).update(Content(self.entry.note))
        self._draw()

    @work(group="draw", exclusive=True, exit_on_error=False)
    async def _draw(self) -> None:
        await asyncio.sleep(0.05)  # while a slider is dragged, only where it comes to rest
        entry, n_in, n_out = self.entry, self._value("inputs"), self._value("outputs")
        self._number += 1
        path = self._scratch.path / f"{self._number}.npy"
        try:
            await self.ask(
                "weights", path=str(path), initializer=entry.name, n_in=n_in, n_out=n_out,
                seed=self._value("seed"),
            )  # fmt: skip
        except UserError as error:
            problem = Content.styled(f"{error.message} {error.hint}".strip(), "$warn")
            self.query_one("#legend", LineView).show([problem])
            return
        self.weights = np.load(path, mmap_mode="r")
        path.unlink(missing_ok=True)
        self.drawn = (entry.name, n_in, n_out)
        self._show()

    def _show(self) -> None:
        if self.weights is None:
            return
        name, n_in, n_out = self.drawn
        entry = BY_NAME[name]
        promised, got = entry.variance(n_in, n_out), measure(self.weights)
        if promised == 0:
            right = got.variance == 0
        else:
            error = abs(got.variance - promised) / promised
            right = error <= max(1e-5, tolerance(got.count, entry.shape))
        self.results = (Result("Var(W)", number(promised), number(got.variance), right),)
        self._plot(entry, got, n_in, n_out)
        self._tell(entry, got, promised, right)

    def _tell(self, entry: Initializer, got: Measured, promised: float, right: bool) -> None:
        ratio = f"  ×{got.variance / promised:.4f}" if promised else ""
        self.query_one("#legend", LineView).show([
            Content.assemble(
                ("── ", "$series-2"), ("promised ", "$muted"), (number(promised), "bold"),
                (f" = {entry.formula}", "$muted"),
                ("   deviation ", "$muted"), number(math.sqrt(promised)),
            ),
            Content.assemble(
                ("── ", "$series-1"), ("measured ", "$muted"), (number(got.variance), "bold"),
                ratio, (" ✓" if right else " ≠", "$good" if right else "$warn"),
                (f"   mean {number(got.mean)}   {number(got.low)} to {number(got.high)}", "$muted"),
            ),
        ])  # fmt: skip
        self.query_one("#picture", Panel).set_title(f"{got.count:,} weights of {entry.name}")

    def _plot(self, entry: Initializer, got: Measured, n_in: int, n_out: int) -> None:
        assert self.weights is not None
        limit = entry.limit(n_in, n_out)
        spread = math.sqrt(entry.variance(n_in, n_out))
        reach = max(1.15 * limit if math.isfinite(limit) else 4 * spread, got.high, -got.low) or 1.0
        heights, edges = np.histogram(self.weights, BINS, (-reach, reach), density=True)

        def histogram(x: NDArray[np.float64]) -> NDArray[np.float64]:
            at = np.clip(np.searchsorted(edges, x, "right") - 1, 0, BINS - 1)
            return heights[at].astype(np.float64)

        def curve(x: NDArray[np.float64]) -> NDArray[np.float64]:
            return density(entry, x, n_in, n_out)

        chart = self.query_one(FunctionChart)
        chart.first, chart.last, chart.step = -reach, reach, reach / BINS
        top = 1.05 * max(float(heights.max()), float(curve(np.linspace(-reach, reach, 201)).max()))
        chart.plot(
            [Plotted(histogram, Role.RAW_1, filled=True), Plotted(curve, Role.SERIES_2)],
            (0.0, top or 1.0),
        )  # fmt: skip

    def action_values(self) -> None:
        for slider in self.query(Slider):
            slider.reset()
        self.query_one(RowList).move_to("glorot_normal")


def make(lab: Lab) -> LabScreen:
    """Return the lab's screen."""
    return InitializersScreen(lab)

"""b02: activation functions and their derivatives."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from kerastui.models.labs.activations import ACTIVATIONS, BY_NAME, Activation, sigmoid
from kerastui.models.runs.figures import number
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result
from kerastui.tui.labs.function_chart import FunctionChart, Plotted
from kerastui.tui.labs.slider import Slider
from kerastui.tui.widgets.chart_raster import Role
from kerastui.tui.widgets.chart_scale import steady
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList

DOCUMENT = ("linear", "relu", "softmax", "step", "sigmoid", "tanh")
"""The functions that the document draws."""


class ActivationsScreen(LabScreen):
    """A list of functions; the chosen one with its slope, parameters and values at the cursor."""

    HELP = """Activation functions, and their slopes. Up and down choose a function, Tab leads to \
its parameters and to the chart; left and right move the slider or the cursor there. A click \
works everywhere."""
    COLUMNS = True

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.activation = BY_NAME["linear"]
        self.x = 1.0

    def compose_lab(self) -> ComposeResult:
        with Panel(title="functions", id="functions"):
            yield RowList([Column(), Column(width=1)])
        with Vertical(id="function"):
            with Panel(classes="lab-main", id="picture"):
                yield LineView(id="legend")
                yield FunctionChart()
            with Panel(title="about", id="about"):
                yield Vertical(id="sliders")
                yield Static(id="note", classes="lab-note")

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.set_rows(
            Row(a.name, (a.name, Content.styled("·" if a.name in DOCUMENT else "", "$muted")))
            for a in ACTIVATIONS
        )
        rows.focus()
        self.results = _checked()

    @property
    def values(self) -> dict[str, float]:
        """The parameters as the sliders have them."""
        return {slider.label: slider.value for slider in self.query(Slider)}

    @on(RowList.Moved)
    async def _moved(self, event: RowList.Moved) -> None:
        self.activation = BY_NAME[event.key]
        place = self.query_one("#sliders")
        with self.app.batch_update():  # a function comes together with its own sliders
            await place.remove_children()
            await place.mount_all(
                Slider(p.name, p.default, p.low, p.high, p.step) for p in self.activation.parameters
            )
            self._show()

    @on(Slider.Changed)
    def _slid(self) -> None:
        self._show()

    @on(FunctionChart.CursorMoved)
    def _cursor(self, event: FunctionChart.CursorMoved) -> None:
        self.x = event.x
        self._show()

    def _show(self) -> None:
        activation, values = self.activation, self.values

        def value(x: NDArray[np.float64]) -> NDArray[np.float64]:
            return activation.value(x, values)

        def slope(x: NDArray[np.float64]) -> NDArray[np.float64]:
            return activation.slope(x, values)

        kinks = activation.kinks(values)
        chart = self.query_one(FunctionChart)
        jumps = kinks if activation.name == "step" else ()
        chart.plot(
            [Plotted(slope, Role.SERIES_2, kinks), Plotted(value, Role.SERIES_1, jumps)],
            _limits(activation, values), self.x,
        )  # fmt: skip
        here, rise = (
            float(activation.value(self.x, values)),
            float(activation.slope(self.x, values)),
        )
        corner = any(math.isclose(self.x, kink, abs_tol=1e-9) for kink in kinks)
        room = max(len(activation.formula), len(activation.slope_formula))
        self.query_one("#legend", LineView).show([
            Content.assemble(
                ("── ", "$series-1"), ("φ(x)  ", "$muted"), f"{activation.formula:<{room}}",
                (f"  φ({number(self.x)}) = ", "$muted"), (steady(here), "bold"),
            ),
            Content.assemble(
                ("── ", "$series-2"), ("φ'(x) ", "$muted"), f"{activation.slope_formula:<{room}}",
                (f"  φ'({number(self.x)}) = ", "$muted"), (steady(rise), "bold"),
                ("  (a corner)" if corner else "", "$warn"),
            ),
        ])  # fmt: skip
        self.query_one("#picture", Panel).set_title(activation.name)
        self.query_one("#note", Static).update(Content(activation.note))

    def action_values(self) -> None:
        for slider in self.query(Slider):
            slider.reset()
        self.x = 1.0
        self._show()


def _limits(activation: Activation, values: dict[str, float]) -> tuple[float, float]:
    """Return the y axis: all of a function that stays small, the middle of one that grows."""
    x = np.linspace(-6, 6, 241)
    both = np.concatenate([activation.value(x, values), activation.slope(x, values)])
    low, high = max(-3.0, float(both.min())), min(3.0, float(both.max()))
    return min(low, 0.0) - 0.05, max(high, 1.0) + 0.05


def _checked() -> tuple[Result, ...]:
    """Hold the document's two formulas against slopes measured on the functions themselves."""
    x = np.linspace(-6, 6, 97)  # without 0, relu's corner
    x = x[np.abs(x) > 1e-3]
    h = 1e-5
    results = []
    for name, formula in (("sigmoid", "φ(x)(1 − φ(x))"), ("relu", "1 or 0")):
        value = BY_NAME[name].value
        measured = (value(x + h) - value(x - h)) / (2 * h)
        stated = sigmoid(x) * (1 - sigmoid(x)) if name == "sigmoid" else np.where(x > 0, 1.0, 0.0)
        error = float(np.abs(measured - stated).max())
        results.append(Result(f"{name}'", formula, f"differs by {number(error)}", error < 1e-8))
    return tuple(results)


def make(lab: Lab) -> LabScreen:
    """Return the lab's screen."""
    return ActivationsScreen(lab)

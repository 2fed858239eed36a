"""b03: what a weight and what a bias does to a sigmoid neuron."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.models.labs.activations import sigmoid_neuron
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result
from kerastui.tui.labs.function_chart import FunctionChart, Plotted
from kerastui.tui.labs.slider import Slider
from kerastui.tui.widgets.chart_raster import Role
from kerastui.tui.widgets.chart_scale import steady
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel

FAMILY = (0.5, 1.0, 1.5, 2.0)
"""The weights, and the biases, that the document draws."""


class WeightBiasScreen(LabScreen):
    """Four curves of the document, and a curve of one's own between them."""

    COLUMNS = True
    HELP = """The four coloured curves are the document's: f changes between four weights \
without bias, and four biases with weight 1. The bright curve is yours: move its weight and \
bias. With the chart in focus, left and right read the values at x."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "family", "weights/biases", tooltip="The other four curves"),
    ]

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.biases = False
        self.x = 0.0

    def compose_lab(self) -> ComposeResult:
        with Panel(title="f(x, w, b) = 1 / (1 + e^−(wx + b))", classes="lab-side"):
            yield LineView(id="legend")
            yield Slider("weight w", 1.0, -4, 4, 0.1, id="weight")
            yield Slider("bias b", -2.0, -6, 6, 0.1, id="bias")
            yield Static(id="sentence", classes="lab-note lab-gap")
        with Panel(classes="lab-main", id="picture"):
            yield FunctionChart()

    def on_mount(self) -> None:
        self.query_one("#weight").focus()
        self._show()

    def curves(self) -> list[tuple[float, float]]:
        """Return weight and bias of the document's four curves."""
        return [(1.0, n) if self.biases else (n, 0.0) for n in FAMILY]

    def _show(self) -> None:
        weight = self.query_one("#weight", Slider).value
        bias = self.query_one("#bias", Slider).value
        curves = self.curves()
        own = Plotted(partial(sigmoid_neuron, weight=weight, bias=bias), Role.BEST)
        family = [
            Plotted(partial(sigmoid_neuron, weight=w, bias=b), Role.series(index))
            for index, (w, b) in enumerate(curves)
        ]
        self.query_one(FunctionChart).plot([*family, own], (0.0, 1.0), self.x)
        lines: list[Content | str]
        lines = [Content.styled(f"{'w':>8} {'b':>5}{f'f({steady(self.x)})':>12}", "$faint")]
        for index, (w, b) in enumerate(curves):
            value = float(sigmoid_neuron(self.x, w, b))
            lines.append(
                Content.assemble(
                    (" ── ", f"$series-{index + 1}"), f"{w:>4.1f} {b:>5.1f}",
                    (f"{value:>12.6f}", "bold"),
                )
            )  # fmt: skip
        value = float(sigmoid_neuron(self.x, weight, bias))
        lines += [
            Content.assemble(
                (" ── ", "bold"), f"{weight:>4.1f} {bias:>5.1f}".replace("-", "−"),
                (f"{value:>12.6f}", "bold"), ("  yours", "$muted"),
            ),
            "",
        ]  # fmt: skip
        self.query_one("#legend", LineView).show(lines)
        if weight:
            switch = f"{-bias / weight + 0.0:.2f}".replace("-", "−")
            says = f"Yours passes 0.5 at x = −b/w = {switch}, with slope w/4 = {weight / 4:.3g}."
        else:
            says = "Without a weight the input makes no difference: a flat line."
        self.query_one("#sentence", Static).update(Content(says))
        self.query_one("#picture", Panel).set_title(
            "four biases, weight 1" if self.biases else "four weights, no bias"
        )
        at_zero = [float(sigmoid_neuron(0.0, n, 0.0)) for n in FAMILY]
        self.results = (
            Result("f(0) without bias", "0.5 for every weight",
                   ", ".join(f"{value:g}" for value in sorted(set(at_zero))),
                   all(value == 0.5 for value in at_zero)),
        )  # fmt: skip

    @on(Slider.Changed)
    def _slid(self) -> None:
        self._show()

    @on(FunctionChart.CursorMoved)
    def _cursor(self, event: FunctionChart.CursorMoved) -> None:
        self.x = event.x
        self._show()

    def action_family(self) -> None:
        """Show the document's other four curves."""
        self.biases = not self.biases
        self._show()

    def action_values(self) -> None:
        for slider in self.query(Slider):
            slider.reset()
        self.x, self.biases = 0.0, False
        self._show()


def make(lab: Lab) -> LabScreen:
    """Return the lab's screen."""
    return WeightBiasScreen(lab)

"""b01: one neuron, its products, their sum, its output."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.models.labs import neuron as maths
from kerastui.models.labs.activations import BY_NAME
from kerastui.models.runs.figures import number
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result, beside
from kerastui.tui.labs.function_chart import FunctionChart, Plotted
from kerastui.tui.labs.number_grid import GridColumn, NumberGrid, short
from kerastui.tui.labs.slider import Chooser
from kerastui.tui.widgets.chart_raster import Role
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.panel import Panel

MOST_INPUTS = 6
# softmax needs a whole layer, so one neuron alone can't have it.
CHOICES = tuple(name for name in BY_NAME if name != "softmax")


class NeuronScreen(LabScreen):
    """Inputs, weights and activation can be changed; everything else follows at once."""

    COLUMNS = True
    HELP = """One neuron by hand. Type over an input or a weight; + and _ change it by 0.1. \
The chart shows the activation, and where the sum meets it."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "activation", "activation", tooltip="The next activation function"),
        Binding("a", "add", "add an input", tooltip="One more input with its weight"),
        Binding("delete", "remove", "remove", key_display="Del", tooltip="Remove this input"),
    ]

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.inputs = list(maths.INPUTS)
        self.weights = list(maths.WEIGHTS)
        self.bias = maths.BIAS

    def compose_lab(self) -> ComposeResult:
        with Panel(title="neuron", classes="lab-side"):
            yield NumberGrid(
                [GridColumn("input", 8, True), GridColumn("weight", 8, True),
                 GridColumn("product", 10)], 5,
            )  # fmt: skip
            yield LineView(id="sum")
            yield Chooser("activation", CHOICES, "sigmoid")
            yield LineView(id="output")
        with Panel(title="activation", classes="lab-main"):
            yield FunctionChart()

    def on_mount(self) -> None:
        self.query_one(NumberGrid).focus()
        self._compute()

    def _compute(self) -> None:
        neuron = maths.neuron([*self.inputs, self.bias], self.weights)
        activation = BY_NAME[self.query_one(Chooser).value]
        output = float(activation.value(neuron.total))
        slope = float(activation.slope(neuron.total))
        names = [f"x{index}" for index in range(1, len(self.inputs) + 1)]
        values = zip([*self.inputs, self.bias], self.weights, neuron.products, strict=True)
        self.query_one(NumberGrid).show_rows(
            [*names, "bias"], [[x, w, Content(short(product))] for x, w, product in values]
        )
        untouched = (
            tuple(self.inputs) == maths.INPUTS
            and tuple(self.weights) == maths.WEIGHTS
            and self.bias == maths.BIAS
        )
        self.results = (
            Result(
                "sum", short(maths.PUBLISHED_SUM), short(neuron.total),
                math.isclose(neuron.total, maths.PUBLISHED_SUM) if untouched else None,
            ),
        )  # fmt: skip
        terms = " + ".join(
            f"{short(w)}·{short(x)}"
            for x, w in zip([*self.inputs, self.bias], self.weights, strict=True)
        )
        line = Content.assemble((f" {terms} = ", "$muted"), (short(neuron.total), "bold"))
        self.query_one("#sum", LineView).show(
            [
                "",
                line,
                *(Content.assemble(" ", told) for told in beside(self.results, 39).split("\n")),
                "",
            ]
        )
        self.query_one("#output", LineView).show(
            [
                Content.assemble((f" φ(x) = {activation.formula}", "$muted")),
                Content.assemble(
                    (f" φ({number(neuron.total)}) = ", "$muted"), (short(output), "bold $series-1"),
                    ("   slope ", "$muted"), (number(slope), "$series-2"),
                ),
            ]
        )  # fmt: skip
        self._plot(neuron.total, output)

    def _plot(self, total: float, output: float) -> None:
        activation = BY_NAME[self.query_one(Chooser).value]
        chart = self.query_one(FunctionChart)
        reach = max(6.0, math.ceil(abs(total) * 1.2)) if abs(total) < 1e5 else 1.2e5
        chart.first, chart.last = -reach, reach
        y = activation.value(np.linspace(-reach, reach, 101))
        # A function that grows for ever is shown as far as the sum and its output reach.
        high = min(float(y.max()), max(1.2, 1.3 * abs(output), reach / 3))
        low = max(float(y.min()), min(-0.2, -1.3 * abs(output), -reach / 3))
        breaks = activation.kinks() if activation.name == "step" else ()
        curve = Plotted(activation.value, Role.SERIES_1, breaks)
        chart.plot([curve], (min(low, -0.05), max(high, 1.05)), total)
        self.query(Panel).last().set_title(activation.name)

    @on(NumberGrid.Changed)
    def _typed(self, event: NumberGrid.Changed) -> None:
        if event.column == 1:
            self.weights[event.row] = event.value
        elif event.row < len(self.inputs):
            self.inputs[event.row] = event.value
        else:
            self.bias = event.value
        self._compute()

    @on(Chooser.Changed)
    def _chosen(self) -> None:
        self._compute()

    @on(FunctionChart.CursorMoved)
    def _moved(self, event: FunctionChart.CursorMoved) -> None:
        """Move the sum by moving the bias weight, as training would."""
        rest = maths.neuron(self.inputs, self.weights[:-1]).total
        if self.bias:
            self.weights[-1] = round((event.x - rest) / self.bias, 6)
            self._compute()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "add":
            return len(self.inputs) < MOST_INPUTS or None
        if action == "remove":
            return len(self.inputs) > 1 or None
        return super().check_action(action, parameters)

    def action_activation(self) -> None:
        """Take the next activation function."""
        self.query_one(Chooser).action_change(1)

    def action_add(self) -> None:
        """Add an input."""
        self.inputs.append(1.0)
        self.weights.insert(-1, 0.1)
        self._compute()
        self.refresh_bindings()

    def action_remove(self) -> None:
        """Remove the input under the cursor; the bias stays."""
        row = min(self.query_one(NumberGrid).row, len(self.inputs) - 1)
        del self.inputs[row], self.weights[row]
        self._compute()
        self.refresh_bindings()

    def action_values(self) -> None:
        self.inputs, self.weights = list(maths.INPUTS), list(maths.WEIGHTS)
        self.bias = maths.BIAS
        self._compute()
        self.refresh_bindings()


def make(lab: Lab) -> LabScreen:
    """Return the lab's screen."""
    return NeuronScreen(lab)

"""A dense network by hand: choose or type an input, see every product up to the prediction."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.style import Style

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.tui.inspect import neuron
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.labs.number_grid import GridColumn, NumberGrid
from kerastui.tui.widgets.line_view import LineView, in_lines

if TYPE_CHECKING:
    from kerastui.models.by_hand import Calculated, Network

MOST_SAMPLES = 9
"""Inputs that can be chosen, one key each."""

NAME, VALUE = 8, 11


@dataclass(frozen=True)
class Sample:
    """An input to choose: what it is, as the model is given it, and what Keras predicted."""

    label: str
    values: tuple[float, ...]
    predicted: tuple[float, ...] = ()


class InputGrid(NumberGrid):
    """The inputs; scrolls along with the cursor."""

    def action_move(self, down: int, right: int) -> None:
        super().action_move(down, right)
        if isinstance(self.parent, VerticalScroll):
            line = Region(0, self.row + 1, 1, 1).grow((1, 0, 0, 0))
            self.parent.scroll_to_region(line, animate=False)


class HandView(Vertical):
    """Inputs above, the prediction, and below it every step that leads there."""

    DEFAULT_CSS = """
    HandView { height: 1fr; width: 1fr; }
    HandView #hand-inputs { height: auto; max-height: 34%; scrollbar-size-vertical: 1; }
    """

    @dataclass
    class Changed(Message):
        """The network was calculated for other numbers."""

        view: HandView

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.network: Network | None = None
        self.samples: list[Sample] = []
        self.chosen = -1
        self.values: list[float] = []
        self.touched = False
        """Whether some of `values` were typed."""
        self.prediction: list[float] = []
        self.done: list[Calculated] = []
        self.keras: Mapping[str, Sequence[float]] = {}
        """What Keras gives for `values`, by layer, once it is known."""
        self.single = False
        """Whether one neuron is shown instead of all steps."""
        self.depth = self.neuron = 0
        self.by_size = False
        self._labels: list[str] = []
        self._note = ""

    def compose(self) -> ComposeResult:
        yield LineView(id="hand-samples")
        with VerticalScroll(id="hand-inputs", can_focus=False):
            yield InputGrid([GridColumn("value", 14, True)], 14)
        yield LineView(id="hand-result")
        yield LinesView(id="hand-steps")

    def set_network(self, network: Network) -> None:
        """Take another network, with zeros for its inputs until there are samples."""
        self.network, self.samples, self.chosen = network, [], -1
        self.depth, self.neuron, self.touched = 0, 0, False
        self.values, self._labels, self._note = [0.0] * network.inputs, [], ""
        self._show_inputs()

    def set_samples(self, samples: Sequence[Sample], names: Sequence[str], note: str = "") -> None:
        """Offer inputs, and choose the first one where none was typed meanwhile.

        Args:
            samples: As the model is given them; those of another length are left out.
            names: Names of the inputs.
            note: Why there are no others.
        """
        if self.network is None:
            return
        fitting = [one for one in samples if len(one.values) == self.network.inputs]
        self.samples, self._note = fitting[:MOST_SAMPLES], note
        self._labels = list(names) if len(names) == self.network.inputs else []
        if self.samples and not self.touched:
            self.choose(0)
        else:
            self._find_chosen()
            self._show_inputs()

    def choose(self, index: int) -> None:
        """Take one of the offered inputs."""
        self.chosen, self.values = index, list(self.samples[index].values)
        self._show_inputs()

    def on_click(self, event: events.Click) -> None:
        if place := event.style.meta.get("sample"):
            self.choose(int(place) - 1)

    def edit(self) -> None:
        """Put the cursor into the inputs."""
        self.query_one(InputGrid).focus()

    @property
    def steps(self) -> LinesView:
        """The view of the steps."""
        return self.query_one("#hand-steps", LinesView)

    def _show_inputs(self) -> None:
        labels = [f"L0N{index}" for index in range(len(self.values))]
        if self._labels:
            labels = [f"{one} {name}" for one, name in zip(labels, self._labels, strict=True)]
        grid = self.query_one(InputGrid)
        grid.label_width = min(max(map(len, labels)) + 1, 32)
        grid.show_rows(labels, [[value] for value in self.values])
        self.calculate()

    @on(NumberGrid.Changed)
    def _typed(self, event: NumberGrid.Changed) -> None:
        event.stop()
        self.values[event.row], self.touched = event.value, True
        self._find_chosen()
        self.calculate()

    def _find_chosen(self) -> None:
        self.chosen = next(
            (i for i, one in enumerate(self.samples) if list(one.values) == self.values), -1
        )

    def on_resize(self) -> None:
        if self.network is not None:
            self.show_steps()

    def calculate(self) -> None:
        """Calculate anew, and show everything."""
        from kerastui.models import by_hand

        if self.network is None:
            return
        try:
            done = by_hand.calculate(self.network, self.values)
        except UserError as error:  # an input of another length
            self.query_one("#hand-result", LineView).show([error.message])
            return
        self.prediction = [float(value) for value in done[-1].outputs]
        self.done, self.keras = done, {}
        self.show_steps()
        self.post_message(self.Changed(self))

    def show_steps(self) -> None:
        """Show every step, or the neuron that was chosen."""
        self._tell()
        layers = neuron.dense(self.done)
        if not self.single or not layers:
            steps = Steps(self.done, self._labels)
            self.steps.show(steps, width=steps.width)
            return
        self.depth %= len(layers)
        one = layers[self.depth]
        self.neuron %= max(1, len(one.outputs))
        result, head, products = neuron.lines(
            one, self.neuron, self._labels, self.keras.get(one.step.name),
            by_size=self.by_size, width=max(20, self.size.width),
        )  # fmt: skip
        self.query_one("#hand-result", LineView).show([Content(""), *result, Content("")])
        self.steps.show(products, head)

    def _tell(self) -> None:
        """Say what can be chosen, and what comes out."""
        width = max(10, self.size.width)
        offered = [
            Content.assemble((str(place), "$primary"), " ",
                             (one.label, "bold" if place - 1 == self.chosen else "$muted"))
            .stylize(Style.from_meta({"sample": place}))
            for place, one in enumerate(self.samples, 1)
        ]  # fmt: skip
        lines = in_lines(offered, width)[: 3 if self.size.height >= 16 else 1]
        if self._note:
            lines += Content.styled(self._note, "$muted").wrap(width)[:2]
        self.query_one("#hand-samples", LineView).show(lines)
        told = [Content.styled("prediction", "$muted")]
        told += [Content.styled(number(value), "bold $series-1") for value in self.prediction]
        result = in_lines(told, width)
        if self.chosen >= 0 and (known := self.samples[self.chosen].predicted):
            result += self._beside(known).wrap(width)
        if self.size.height >= 16:
            result = [Content(""), *result[:4], Content("")]
        self.query_one("#hand-result", LineView).show(result[:6])

    def _beside(self, known: Sequence[float]) -> Content:
        """Return what Keras predicted for the same input, and how far it is from that."""
        if len(known) != len(self.prediction):
            return Content("")
        pairs = list(zip(known, self.prediction, strict=True))
        off = max(abs(theirs - ours) for theirs, ours in pairs)
        same = all(math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-6) for a, b in pairs)
        said = number(known[0]) if len(known) == 1 else "the same" if same else "others"
        verdict = (" ✓ ", "$good") if same else (" ✗ ", "$bad")
        return Content.assemble(
            ("Keras predicted ", "$muted"), said, verdict, (f"largest distance {number(off)}",
                                                            "$muted"),
        )  # fmt: skip


class Steps(Sequence[Content]):
    """Every product, sum, bias and activation, a line each, made when it is asked for.

    Args:
        done: What the network's steps did.
        names: Names of the inputs, or none.
    """

    def __init__(self, done: Sequence[Calculated], names: Sequence[str]) -> None:
        self._done = list(done)
        self._names = list(names)
        self._starts = [0]
        for one in self._done:
            self._starts.append(self._starts[-1] + 2 + self._block(one) * len(one.outputs))
        self.width = NAME + 3 * (VALUE + 3) + 6 + max(map(len, self._names), default=0)

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> Content: ...
    @overload
    def __getitem__(self, index: slice) -> list[Content]: ...
    def __getitem__(self, index: int | slice) -> Content | list[Content]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        place = bisect_right(self._starts, index) - 1
        one, line = self._done[place], index - self._starts[place]
        size = self._block(one) * len(one.outputs)
        if line == 0:
            return self._title(one)
        if line > size:
            return Content("")
        neuron, row = divmod(line - 1, self._block(one))
        return self._line(one, neuron, row)

    @staticmethod
    def _block(one: Calculated) -> int:
        """Return how many lines a neuron takes."""
        kernel = getattr(one.step, "kernel", None)
        if kernel is None:
            return 1
        return len(kernel) + (getattr(one.step, "bias", None) is not None) + 2

    def _title(self, one: Calculated) -> Content:
        step: Any = one.step
        kind = getattr(step, "activation", "x × scale + shift")
        return Content.assemble((step.name, "bold"), (f"  {kind}", "$muted"))

    def _line(self, one: Calculated, neuron: int, row: int) -> Content:
        step: Any = one.step
        name = f"L{one.layer}N{neuron}"
        if (kernel := getattr(step, "kernel", None)) is None:
            return self._plain(one, neuron, name)
        if row < len(kernel):
            # Minus zero is a zero here: the "+ 0.0" below takes the sign away.
            source, value, factor = f"L{one.layer - 1}N{row}", one.inputs[row], kernel[row, neuron]
            label = self._names[row] if one.layer == 1 and self._names else ""
            return Content.assemble(
                (f"  {source:<{NAME}}", "$muted"),
                f"{number(float(value)):>{VALUE}}", (" × ", "$muted"),
                f"{number(float(factor)):>{VALUE}}", (" = ", "$muted"),
                f"{number(float(value * factor) + 0.0):>{VALUE}}", (f"  {label}", "$faint"),
            )  # fmt: skip
        row -= len(kernel)
        wide = VALUE * 2 + 6
        if step.bias is not None:
            if row == 0:
                return Content.assemble(
                    (f"  {f'{one.layer - 1}B':<{NAME}}", "$muted"),
                    ("bias".rjust(wide - 3), "$faint"), (" + ", "$muted"),
                    f"{number(float(step.bias[neuron])):>{VALUE}}",
                )  # fmt: skip
            row -= 1
        total = number(float(one.sums[neuron]))
        if row == 0:
            return Content.assemble(
                f"  {'sum':<{NAME}}", (" " * (wide - 3) + " = ", "$muted"), f"{total:>{VALUE}}"
            )
        return self._result(name, step.activation, total, one, neuron)

    def _result(
        self, name: str, activation: str, argument: str, one: Calculated, neuron: int
    ) -> Content:
        output = number(float(one.outputs[neuron]) + 0.0)
        told = f"{activation}({argument})"
        if activation == "softmax":
            told = f"e^{argument} / the sum of all e^x"
        if activation == "linear":
            told = ""
        return Content.assemble(
            (f"{name:<{NAME}}", "$series-1"), "  ", (f"{told} = " if told else "= ", "$muted"),
            (output, "bold $series-1"),
        )  # fmt: skip

    def _plain(self, one: Calculated, neuron: int, name: str) -> Content:
        step: Any = one.step
        value = number(float(one.inputs[neuron]))
        if hasattr(step, "activation"):
            return self._result(name, step.activation, value, one, neuron)
        scale, shift = number(float(step.scale[neuron])), number(float(step.shift[neuron]))
        output = number(float(one.outputs[neuron]))
        return Content.assemble(
            (f"{name:<{NAME}}", "$series-1"), f"  {value} × {scale} + {shift}", (" = ", "$muted"),
            (output, "bold $series-1"),
        )  # fmt: skip

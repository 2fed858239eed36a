"""A dense network calculated by hand: every product, sum and activation, in float32 as Keras does.

Neurons are called as in the lessons: `L0N0` is the first input, `L1N0` the first neuron of the
first dense layer, `0B` the bias that goes from layer 0 to layer 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from kerastui.datasets.errors import UserError
from kerastui.models.saved.model import LayerWeights, SavedModel

Floats = NDArray[np.float32]

MOST_INPUTS = 512
"""Inputs that can still be followed by hand."""

# These do something in training only, or nothing to a row of numbers.
_PASSED = frozenset({"InputLayer", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout",
                     "ActivityRegularization", "Flatten"})  # fmt: skip
_ONLY_DENSE = "Only networks of Dense layers, with Dropout, noise or BatchNormalization between, "


def _sigmoid(x: Floats) -> Floats:
    small = np.exp(-np.abs(x))
    above = np.where(x >= 0, np.ones_like(x), small)
    return np.asarray(above / (np.float32(1) + small), np.float32)


def _softmax(x: Floats) -> Floats:
    powers = np.exp(x - x.max())
    found: Floats = powers / powers.sum()
    return found


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softmax": _softmax,
}


@dataclass(frozen=True)
class Dense:
    """Sums of products: `kernel` is inputs × neurons, `bias` one number a neuron, or None."""

    name: str
    kernel: Floats
    bias: Floats | None
    activation: str


@dataclass(frozen=True)
class Function:
    """An activation that is a layer of its own."""

    name: str
    activation: str


@dataclass(frozen=True)
class Normalization:
    """Batch normalization as it is after training: x · scale + shift, one of each a neuron."""

    name: str
    scale: Floats
    shift: Floats


Step = Dense | Function | Normalization


@dataclass(frozen=True)
class Network:
    """A chain of steps from `inputs` numbers to the prediction."""

    inputs: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Calculated:
    """What one step did with its inputs: the sums before the activation, and its outputs.

    `layer` counts the dense layers up to here, from 1.
    """

    step: Step
    layer: int
    inputs: Floats
    sums: Floats
    outputs: Floats


def network(model: SavedModel) -> Network:
    """Return a saved model as a chain of steps.

    Raises:
        UserError: It has other layers, branches, or more inputs than can be followed.
    """
    steps: list[Step] = []
    before = ""
    for layer in model.layers:
        if (layer.inbound and layer.inbound != (before,)) or "/" in layer.name:
            raise UserError(
                f"{layer.name} makes this more than one chain of layers.",
                f"{_ONLY_DENSE}one after the other, can be calculated by hand.",
            )
        before = layer.name
        if layer.kind not in _PASSED:
            steps.append(_step(layer))
    first = next((step for step in steps if isinstance(step, Dense)), None)
    if first is None:
        raise UserError("There is no Dense layer to calculate.", f"{_ONLY_DENSE}can be.")
    _check_input(model)
    inputs = len(first.kernel)
    if inputs > MOST_INPUTS:
        raise UserError(
            f"An input of {inputs:,} numbers is too long to be followed by hand.",
            f"Up to {MOST_INPUTS} can be; the weights themselves stand under layers.",
        )
    return Network(inputs, tuple(steps))


def _check_input(model: SavedModel) -> None:
    shapes = [layer.config.get("batch_shape") for layer in model.layers
              if layer.kind == "InputLayer"]  # fmt: skip
    if len(shapes) > 1 or any(shape and len(shape) != 2 for shape in shapes):
        raise UserError(
            "The input of this network is no single row of numbers.",
            f"{_ONLY_DENSE}whose input is a row of numbers, can be calculated by hand.",
        )


def _step(layer: LayerWeights) -> Step:
    weights = {weight.name: np.asarray(weight.values, np.float32) for weight in layer.weights}
    config = layer.config
    if layer.kind == "Dense" and "kernel" in weights:
        return Dense(layer.name, weights["kernel"], weights.get("bias"), _activation(layer))
    if layer.kind == "Activation":
        return Function(layer.name, _activation(layer))
    if layer.kind == "BatchNormalization" and "moving variance" in weights:
        mean, variance = weights["moving mean"], weights["moving variance"]
        ones, zeros = np.ones_like(mean), np.zeros_like(mean)
        scale = weights.get("gamma", ones) / np.sqrt(
            variance + np.float32(config.get("epsilon", 1e-3))
        )
        return Normalization(layer.name, scale, weights.get("beta", zeros) - mean * scale)
    raise UserError(
        f"{layer.name} is a {layer.kind or 'layer of another kind'}.",
        f"{_ONLY_DENSE}can be calculated by hand.",
    )


def _activation(layer: LayerWeights) -> str:
    name = layer.config.get("activation", "linear")
    if isinstance(name, str) and name in ACTIVATIONS:
        return name
    told = name if isinstance(name, str) else (name or {}).get("class_name", "none")
    raise UserError(
        f"The activation of {layer.name} is {told}.",
        f"By hand there are {', '.join(ACTIVATIONS)}.",
    )


def calculate(network: Network, inputs: Sequence[float]) -> list[Calculated]:
    """Follow one input through the network; the outputs of the last step are the prediction.

    Args:
        network: The network.
        inputs: As many numbers as the network has inputs, as the model is given them (prepared).

    Raises:
        UserError: Too many numbers or too few.
    """
    if len(inputs) != network.inputs:
        raise UserError(f"The network takes {network.inputs} numbers, {len(inputs)} were given.")
    values: Floats = np.asarray(inputs, np.float32)
    found: list[Calculated] = []
    layer = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for step in network.steps:
            sums = values
            if isinstance(step, Dense):
                layer += 1
                sums = values @ step.kernel
                if step.bias is not None:
                    sums = sums + step.bias
                outputs = ACTIVATIONS[step.activation](sums)
            elif isinstance(step, Normalization):
                outputs = values * step.scale + step.shift
            else:
                outputs = ACTIVATIONS[step.activation](values)
            found.append(Calculated(step, layer, values, sums, outputs))
            values = outputs
    return found


class Formulas(Sequence[str]):
    """All weights of the dense layers, one a line, each made when it is asked for.

    Biases first: `0B -> L1N0: 0.5`, then the weights: `L0N0 -> L1N0 = 0.25`. Numbers have all
    their digits.
    """

    def __init__(self, layers: Iterable[tuple[Any, Any]]) -> None:
        """Take kernel (inputs × neurons) and bias (neurons, or None) of each layer."""
        self._layers = list(layers)
        self._starts = [0]
        for kernel, bias in self._layers:
            size = kernel.size + (0 if bias is None else bias.size)
            self._starts.append(self._starts[-1] + size)

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        layer = int(np.searchsorted(self._starts, index, side="right")) - 1
        kernel, bias = self._layers[layer]
        place = index - self._starts[layer]
        biases = 0 if bias is None else bias.size
        if place < biases:
            return f"{layer}B -> L{layer + 1}N{place}: {float(bias[place])!r}"
        start, end = divmod(place - biases, kernel.shape[1])
        return f"L{layer}N{start} -> L{layer + 1}N{end} = {float(kernel[start, end])!r}"


def formulas(model: SavedModel) -> Formulas:
    """Return the listing of a model's dense layers.

    Raises:
        UserError: It has a layer with weights that are not those of a dense layer.
    """
    layers = []
    for layer in model.layers:
        weights = {weight.name: weight.values for weight in layer.weights}
        if layer.kind == "Dense" and "kernel" in weights:
            layers.append((weights["kernel"], weights.get("bias")))
        elif weights and layer.kind != "BatchNormalization":
            raise UserError(
                f"{layer.name} is a {layer.kind or 'layer of another kind'}: its weights do not "
                "each lead from one neuron to another.",
                "This listing is for networks of Dense layers.",
            )
    if not layers:
        raise UserError("There is no Dense layer in this model.")
    return Formulas(layers)

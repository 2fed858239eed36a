"""Activation functions with their derivatives, as Keras 3 computes them. Pure numpy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Values = Mapping[str, float]


@dataclass(frozen=True)
class Parameter:
    """A number that a function can be given.

    Attributes:
        name: What Keras calls it, or what it means where Keras has none.
        default: Keras' own value, or the document's.
        low: The lowest value of a slider.
        high: The highest value of a slider.
        step: What one key press changes.
    """

    name: str
    default: float
    low: float
    high: float
    step: float = 0.1


@dataclass(frozen=True)
class Activation:
    """A function of one number, its derivative, and what is to be said about it.

    Attributes:
        name: As Keras calls it; what Keras does not have says so in `note`.
        formula: f(x), in plain signs.
        slope_formula: f'(x), in plain signs; `f` stands for f(x).
        note: Where it is used, in a sentence or two.
        parameters: What can be changed.
        kinks: Points at which there is no derivative; `slope` gives the value that is used there.
    """

    name: str
    formula: str
    slope_formula: str
    note: str
    _value: Callable[[Array, Values], Array] = field(repr=False)
    _slope: Callable[[Array, Values], Array] = field(repr=False)
    parameters: tuple[Parameter, ...] = ()
    _kinks: Callable[[Values], tuple[float, ...]] = field(default=lambda _: (), repr=False)

    def defaults(self) -> dict[str, float]:
        """Return the parameters as Keras, or the document, sets them."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def value(self, x: Array | float, values: Values | None = None) -> Array:
        """Return f(x), of the shape of x."""
        with np.errstate(over="ignore"):
            return self._value(np.asarray(x, np.float64), {**self.defaults(), **(values or {})})

    def slope(self, x: Array | float, values: Values | None = None) -> Array:
        """Return f'(x), of the shape of x; at kinks what training would use."""
        with np.errstate(over="ignore"):
            return self._slope(np.asarray(x, np.float64), {**self.defaults(), **(values or {})})

    def kinks(self, values: Values | None = None) -> tuple[float, ...]:
        """Return the points at which there is no derivative."""
        return self._kinks({**self.defaults(), **(values or {})})


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e⁻ˣ), without overflow for any x."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def softplus(x: Array) -> Array:
    """Return ln(1 + eˣ), without overflow for any x."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _normal_cdf(x: Array) -> Array:
    erf = np.fromiter((math.erf(v / math.sqrt(2)) for v in x.ravel()), np.float64, x.size)
    return (0.5 * (1.0 + erf)).reshape(x.shape)


def _normal_density(x: Array) -> Array:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _one(condition: NDArray[np.bool_]) -> Array:
    return np.where(condition, 1.0, 0.0)


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _elu_slope(x: Array, alpha: float) -> Array:
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


def _softmax_of_three(x: Array, v: Values) -> Array:
    """Return the share of x among three logits; a sigmoid of its lead over the other two."""
    return sigmoid(x - np.logaddexp(v["second"], v["third"]))


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805

_ZERO: Callable[[Values], tuple[float, ...]] = lambda _: (0.0,)  # noqa: E731

ACTIVATIONS: tuple[Activation, ...] = (
    Activation(
        "linear", "x", "1",
        "Leaves the sum as it is: the output of a regression, which may be any number.",
        lambda x, v: x.copy(), lambda x, v: np.ones_like(x),
    ),
    Activation(
        "relu", "max(0, x)", "1 for x > 0, else 0",
        "The usual choice for hidden layers: its slope never fades, and it is cheap. A neuron that "
        "is negative for every input has slope 0 everywhere and learns no more.",
        lambda x, v: np.maximum(x, 0.0), lambda x, v: _one(x > 0), (), _ZERO,
    ),
    Activation(
        "softmax", "eˣ / (eˣ + eᵃ + eᵇ)", "f · (1 − f)",
        "Looks at all neurons of its layer at once. Drawn is the share of one of three, while the "
        "other two stand still: a sigmoid of its lead over them. Lab b04 shows the steps.",
        _softmax_of_three,
        lambda x, v: (f := _softmax_of_three(x, v)) * (1 - f),
        (Parameter("second", 0.2, -4, 4), Parameter("third", 0.4, -4, 4)),
    ),
    Activation(
        "step", "1 for x ≥ threshold, else 0", "0",
        "The first neurons of all. Its slope is 0 wherever it has one, so gradient descent learns "
        "nothing through it; Keras does not offer it.",
        lambda x, v: _one(x >= v["threshold"]), lambda x, v: np.zeros_like(x),
        (Parameter("threshold", 0.5, -4, 4),), lambda v: (v["threshold"],),
    ),
    Activation(
        "sigmoid", "1 / (1 + e⁻ˣ)", "f · (1 − f)",
        "Squeezes any number between 0 and 1: the output for two classes. Its slope is at most "
        "0.25 and fades on both sides, so deep stacks of it learn slowly.",
        lambda x, v: sigmoid(x), lambda x, v: sigmoid(x) * (1 - sigmoid(x)),
    ),
    Activation(
        "tanh", "tanh x", "1 − f²",
        "A sigmoid between −1 and 1, with slope 1 in the middle; the inside of an LSTM.",
        lambda x, v: np.tanh(x), lambda x, v: 1 - np.tanh(x) ** 2,
    ),
    Activation(
        "leaky_relu", "x for x ≥ 0, else s · x", "1 for x ≥ 0, else s",
        "A relu that keeps a little slope below zero, so that no neuron is lost for good.",
        lambda x, v: np.where(x >= 0, x, v["negative_slope"] * x),
        lambda x, v: np.where(x >= 0, 1.0, v["negative_slope"]),
        (Parameter("negative_slope", 0.2, 0, 1, 0.05),), _ZERO,
    ),
    Activation(
        "elu", "x for x > 0, else α(eˣ − 1)", "1 for x > 0, else α · eˣ",
        "A relu with a soft floor at −α, which brings the mean of the outputs nearer to zero.",
        lambda x, v: _elu(x, v["alpha"]), lambda x, v: _elu_slope(x, v["alpha"]),
        (Parameter("alpha", 1.0, 0, 3),), lambda v: () if v["alpha"] == 1 else (0.0,),
    ),
    Activation(
        "selu", "s · elu(x), α = 1.673, s = 1.051", "s · elu'(x)",
        "An elu whose two constants are chosen so that layers keep mean 0 and variance 1 by "
        "themselves; wants lecun_normal weights.",
        lambda x, v: _SELU_SCALE * _elu(x, _SELU_ALPHA),
        lambda x, v: _SELU_SCALE * _elu_slope(x, _SELU_ALPHA), (), _ZERO,
    ),
    Activation(
        "gelu", "x · Φ(x)", "Φ(x) + x · φ(x)",
        "A smooth relu: x times the probability that a normal number is below x. Transformers.",
        lambda x, v: x * _normal_cdf(x),
        lambda x, v: _normal_cdf(x) + x * _normal_density(x),
    ),
    Activation(
        "silu", "x · sigmoid(x)", "f + sigmoid(x)(1 − f)",
        "Also called swish: a smooth relu that dips below zero before it rises.",
        lambda x, v: x * sigmoid(x),
        lambda x, v: (f := x * sigmoid(x)) + sigmoid(x) * (1 - f),
    ),
    Activation(
        "softplus", "ln(1 + eˣ)", "sigmoid(x)",
        "A relu without the corner. Its slope is the sigmoid itself.",
        lambda x, v: softplus(x), lambda x, v: sigmoid(x),
    ),
    Activation(
        "softsign", "x / (1 + |x|)", "1 / (1 + |x|)²",
        "Like tanh, but it comes to its limits so slowly that it never quite stops learning.",
        lambda x, v: x / (1 + np.abs(x)), lambda x, v: 1 / (1 + np.abs(x)) ** 2,
    ),
    Activation(
        "hard_sigmoid", "x/6 + ½, within 0 and 1", "1/6 for |x| < 3, else 0",
        "A sigmoid of three straight lines, for small devices.",
        lambda x, v: np.clip(x / 6 + 0.5, 0, 1), lambda x, v: _one(np.abs(x) < 3) / 6,
        (), lambda _: (-3.0, 3.0),
    ),
    Activation(
        "exponential", "eˣ", "eˣ",
        "For outputs that must be positive, such as rates; it grows fast, keep inputs small.",
        lambda x, v: np.exp(x), lambda x, v: np.exp(x),
    ),
)  # fmt: skip
"""All functions, those of the document first, in its order."""

BY_NAME = {activation.name: activation for activation in ACTIVATIONS}
"""Name -> function."""


def sigmoid_neuron(x: Array | float, weight: float, bias: float) -> Array:
    """Return the output of a sigmoid neuron with one input: 1 / (1 + e^−(wx + b))."""
    return sigmoid(weight * np.asarray(x, np.float64) + bias)

"""Initial weights: what each initializer promises, and what Keras really draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastui.datasets.errors import UserError

MOST = 4_000_000
"""Most weights that are drawn at once."""


@dataclass(frozen=True)
class Initializer:
    """A Keras initializer.

    Attributes:
        type: Its class in Keras.
        name: As it is written in a layer.
        formula: The variance, in plain signs.
        variance: The variance of a weight between n_in inputs and n_out outputs.
        note: What it is for.
        shape: `normal`, `uniform` or `fixed`: how the weights lie.
    """

    type: str
    name: str
    formula: str
    variance: Callable[[int, int], float]
    note: str
    shape: str

    def limit(self, n_in: int, n_out: int) -> float:
        """Return the largest size that a weight can have."""
        deviation = math.sqrt(self.variance(n_in, n_out))
        if self.shape == "uniform":
            return math.sqrt(3) * deviation
        if self.type == "RandomNormal":
            return math.inf
        # Keras cuts at two deviations of the normal it draws from; scaled ones are widened first.
        spread = 0.05 if self.type == "TruncatedNormal" else deviation / CUT
        return 2 * spread


CUT = 0.87962566103423978
"""Deviation of a normal number that is drawn anew while it is beyond two deviations."""


def _scaled(scale: float, fan: str) -> Callable[[int, int], float]:
    if fan == "both":
        return lambda n_in, n_out: 2 * scale / (n_in + n_out)
    return lambda n_in, n_out: scale / n_in


INITIALIZERS: tuple[Initializer, ...] = (
    Initializer(
        "GlorotNormal", "glorot_normal", "2 / (n_in + n_out)", _scaled(1, "both"),
        "The document's Xavier weights: a signal keeps its size both forwards and, as a gradient, "
        "backwards. Made for sigmoid and tanh.", "normal",
    ),
    Initializer(
        "GlorotUniform", "glorot_uniform", "2 / (n_in + n_out)", _scaled(1, "both"),
        "The same variance from an even spread between ±√(6 / (n_in + n_out)): what Keras takes "
        "for Dense unless told otherwise.", "uniform",
    ),
    Initializer(
        "HeNormal", "he_normal", "2 / n_in", _scaled(2, "in"),
        "relu throws half of the signal away; twice the variance makes up for it.", "normal",
    ),
    Initializer(
        "HeUniform", "he_uniform", "2 / n_in", _scaled(2, "in"),
        "He's variance from an even spread between ±√(6 / n_in).", "uniform",
    ),
    Initializer(
        "LecunNormal", "lecun_normal", "1 / n_in", _scaled(1, "in"),
        "The oldest rule: sums of n_in products keep variance 1. selu wants it.", "normal",
    ),
    Initializer(
        "LecunUniform", "lecun_uniform", "1 / n_in", _scaled(1, "in"),
        "LeCun's variance from an even spread between ±√(3 / n_in).", "uniform",
    ),
    Initializer(
        "RandomNormal", "random_normal", "0.05²", lambda n_in, n_out: 0.05**2,
        "Does not ask how wide the layer is: wide layers get signals that grow, narrow ones "
        "signals that fade.", "normal",
    ),
    Initializer(
        "RandomUniform", "random_uniform", "0.1² / 12", lambda n_in, n_out: 0.1**2 / 12,
        "Evenly between ±0.05, whatever the layer's width.", "uniform",
    ),
    Initializer(
        "TruncatedNormal", "truncated_normal", "(0.05 · 0.8796)²",
        lambda n_in, n_out: (0.05 * CUT) ** 2,
        "A normal of deviation 0.05 without its tails: what lies beyond ±0.1 is drawn again, "
        "which leaves a deviation of 0.044.", "normal",
    ),
    Initializer(
        "Orthogonal", "orthogonal", "1 / max(n_in, n_out)",
        lambda n_in, n_out: 1 / max(n_in, n_out),
        "Rows (or columns) at right angles, each of length 1: nothing grows or fades through "
        "them. For recurrent layers.", "orthogonal",
    ),
    Initializer(
        "Zeros", "zeros", "0", lambda n_in, n_out: 0.0,
        "All neurons of a layer stay equal for ever: right for biases, wrong for weights.",
        "fixed",
    ),
)  # fmt: skip

BY_NAME = {entry.name: entry for entry in INITIALIZERS}
"""Name -> initializer."""


@dataclass(frozen=True)
class Measured:
    """What was drawn: number of weights, mean, variance around it, lowest and highest."""

    count: int
    mean: float
    variance: float
    low: float
    high: float


def measure(weights: NDArray[Any]) -> Measured:
    """Return the figures of an array of weights; sums are taken in 64 bits."""
    return Measured(
        weights.size,
        float(weights.mean(dtype=np.float64)),
        float(weights.var(dtype=np.float64)),
        float(weights.min()),
        float(weights.max()),
    )


def tolerance(count: int, shape: str) -> float:
    """Return how far, as a part of it, a measured variance may lie from the promised one.

    Three standard errors of a variance out of `count` independent weights; those of normal
    weights scatter by √(2/n), of evenly spread ones by √(0.8/n).
    """
    return 3 * math.sqrt((0.8 if shape == "uniform" else 2.0) / max(1, count))


def density(entry: Initializer, x: NDArray[np.float64], n_in: int, n_out: int
            ) -> NDArray[np.float64]:  # fmt: skip
    """Return how densely the weights should lie at x: the curve over the histogram."""
    deviation = math.sqrt(entry.variance(n_in, n_out))
    if deviation == 0:
        return np.zeros_like(x)
    limit = entry.limit(n_in, n_out)
    inside = np.abs(x) <= limit
    if entry.shape == "uniform":
        return np.where(inside, 1 / (2 * limit), 0.0)
    truncated = entry.shape == "normal" and math.isfinite(limit)
    spread = deviation / CUT if truncated else deviation
    share = math.erf(math.sqrt(2)) if truncated else 1.0
    bell = np.exp(-((x / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi) * share)
    return np.where(inside, bell, 0.0) if truncated else bell


def draw(path: str, initializer: str, n_in: int, n_out: int, seed: int) -> dict[str, Any]:
    """Let Keras draw the weights of a layer, in a worker, into a file.

    A Dense layer is built with that initializer, and its kernel is what is written: the weights
    that training would begin with.

    Args:
        path: The `.npy` file to write, float32 of (n_in, n_out).
        initializer: Its name, one of `INITIALIZERS`.
        n_in: Inputs of the layer.
        n_out: Its neurons.
        seed: Decides what is drawn.

    Raises:
        UserError: The initializer or the sizes are not possible, or the file can't be written.
    """
    entry = BY_NAME.get(initializer)
    if entry is None:
        raise UserError(
            f"{initializer!r} is no initializer of this lab.", f"There are: {', '.join(BY_NAME)}."
        )
    if n_in < 1 or n_out < 1 or n_in * n_out > MOST:
        raise UserError(
            f"A layer of {n_in} inputs and {n_out} neurons was asked for.",
            f"At least one of each, and at most {MOST:,} weights.",
        )
    import keras

    seeded = {} if entry.shape == "fixed" else {"seed": seed}
    made = getattr(keras.initializers, entry.type)(**seeded)
    layer = keras.layers.Dense(n_out, kernel_initializer=made)
    layer.build((None, n_in))
    try:
        np.save(path, keras.ops.convert_to_numpy(layer.kernel))
    except OSError as error:
        raise UserError(f"The weights can't be written: {error.strerror}.", path) from None
    return {"count": n_in * n_out}

"""One neuron by hand: products, their sum, the activation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

INPUTS = (1.0, 2.0)
BIAS = 1.0
WEIGHTS = (0.1, 0.2, 0.3)
"""The document's neuron: two inputs, a bias input of one, and a weight for each of the three."""

PUBLISHED_SUM = 0.8


@dataclass(frozen=True)
class Neuron:
    """What a neuron calculates.

    Attributes:
        products: Each input times its weight, the bias last.
        total: Their sum, which the activation is given.
    """

    products: tuple[float, ...]
    total: float


def neuron(inputs: Sequence[float], weights: Sequence[float]) -> Neuron:
    """Multiply and add.

    Args:
        inputs: The inputs, the bias input last.
        weights: As many weights.

    Raises:
        ValueError: There are not as many weights as inputs.
    """
    products = tuple(x * w for x, w in zip(inputs, weights, strict=True))
    finite = all(map(math.isfinite, products))
    # Rounded once, at the end: 0.1 · 1 + 0.2 · 2 + 0.3 · 1 is 0.8, and not 0.8000000000000000444.
    return Neuron(products, math.fsum(products) if finite else sum(products))

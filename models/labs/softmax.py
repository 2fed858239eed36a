"""Softmax step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LOGITS = (0.9, 0.2, 0.4)
NAMES = ("setosa", "versicolor", "virginica")
"""The document's outputs of three neurons, and the species they stand for."""

PUBLISHED_SUM = 5.17283056695839
PUBLISHED = (0.47548495534876745, 0.2361188410001125, 0.28839620365112)
"""What the document prints."""


@dataclass(frozen=True)
class Softmax:
    """The steps.

    Attributes:
        exponentials: e to the power of each logit; infinite where that is too large a number.
        total: Their sum.
        shares: Each one's part of the sum. They add up to 1.
        shift: What is subtracted from all logits first, so that no exponential is too large; the
            shares are the same with it and without.
    """

    exponentials: tuple[float, ...]
    total: float
    shares: tuple[float, ...]
    shift: float


def softmax(logits: Sequence[float]) -> Softmax:
    """Take the steps from logits to probabilities.

    Args:
        logits: At least one finite number.
    """
    shift = max(logits)
    exponentials = tuple(map(_exp, logits))
    total = sum(exponentials)
    if math.isfinite(total) and total > 0:
        return Softmax(exponentials, total, tuple(e / total for e in exponentials), shift)
    shifted = [math.exp(logit - shift) for logit in logits]
    return Softmax(exponentials, total, tuple(e / sum(shifted) for e in shifted), shift)


def _exp(value: float) -> float:
    try:
        # As the document calculates it: its digits come out to the last one. math.exp rounds
        # the last digit of e^0.9 to the other side.
        return float(math.e**value)
    except OverflowError:
        return math.inf

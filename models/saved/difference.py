"""How far the weights of two models of one structure are apart, read a block at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.saved.model import SavedModel, Weight
from kerastui.models.saved.statistics import blocks


@dataclass(frozen=True)
class Difference:
    """One weight in two models: theirs is taken from ours.

    Attributes:
        mean: Of the differences.
        largest: The largest absolute one.
        distance: L2 norm of the differences.
        share: That as a part of the norm of ours; NaN where ours is all zeros.
        cosine: Of the angle between the two, NaN where one of them is all zeros.
        same: How many numbers are equal, bit for bit or as zeros.
        count: Of how many.
    """

    mean: float
    largest: float
    distance: float
    share: float
    cosine: float
    same: int
    count: int


def structure(model: SavedModel) -> list[tuple[int, ...]]:
    """Return what two models must have in common to be compared: the shapes of all weights."""
    return [weight.shape for weight in model.weights]


def between(ours: SavedModel, theirs: SavedModel) -> list[Difference]:
    """Compare two models weight by weight.

    Raises:
        UserError: Their weights have other shapes, or can't be read.
    """
    if structure(ours) != structure(theirs):
        raise UserError(
            "The weights of the two models have other shapes.",
            "Choose a run whose model has the same layers.",
        )
    return [_one(a, b) for a, b in zip(ours.weights, theirs.weights, strict=True)]


def _one(ours: Weight, theirs: Weight) -> Difference:
    total = squares = mine = other = product = largest = 0.0
    same = 0
    with np.errstate(invalid="ignore", over="ignore"):
        for block, beside in zip(blocks(ours), blocks(theirs), strict=True):
            same += int((block == beside).sum())
            a, b = (np.asarray(one, np.float64).reshape(-1) for one in (block, beside))
            off = a - b
            total += float(off.sum())
            squares += float(off @ off)
            mine, other, product = mine + float(a @ a), other + float(b @ b), product + float(a @ b)
            if off.size:
                largest = max(largest, float(np.abs(off).max()))
    norm = math.sqrt(mine) * math.sqrt(other)
    return Difference(
        total / max(1, ours.count), largest, math.sqrt(squares),
        math.sqrt(squares / mine) if mine else math.nan,
        product / norm if norm else math.nan, same, ours.count,
    )  # fmt: skip

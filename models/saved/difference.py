"""How far the weights of two models of one structure are apart, read a block at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.saved.live import CheckpointWeight
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


def pairs(ours: SavedModel, theirs: SavedModel) -> list[tuple[Weight, Weight]]:
    """Return which weights of two models belong together, in the order of ours.

    Files of one layout call a weight the same; otherwise the order tells. A checkpoint has an
    order of its own (that of the layers, a file's is by name), so the names must agree as well.

    Raises:
        UserError: Their weights have other shapes, or it can't be told.
    """
    mine, others = ours.weights, theirs.weights
    by_place = {weight.place: weight for weight in others}
    if by_place.keys() == {weight.place for weight in mine}:
        others = [by_place[weight.place] for weight in mine]
    elif any(isinstance(weight, CheckpointWeight) for weight in (*mine, *others)) and [
        weight.name for weight in mine
    ] != [weight.name for weight in others]:
        others = []
    if [weight.shape for weight in mine] != [weight.shape for weight in others]:
        raise UserError(
            "The weights of the two models have other shapes, or another order.",
            "Choose a run whose model has the same layers.",
        )
    return list(zip(mine, others, strict=True))


def between(ours: SavedModel, theirs: SavedModel) -> list[Difference]:
    """Compare two models weight by weight.

    Raises:
        UserError: Their weights don't belong together (`pairs`), or can't be read.
    """
    return [_one(a, b) for a, b in pairs(ours, theirs)]


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

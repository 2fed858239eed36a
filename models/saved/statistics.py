"""What the numbers of a weight are like, read a block at a time whatever its size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kerastui.models.saved.model import Array, Weight

BLOCK = 2**22
"""Numbers that are held at once."""


@dataclass(frozen=True)
class Statistics:
    """What an array is like. Mean, deviation, limits and norm are those of its finite values, NaN
    where there are none; `nan_share` is the part of all values that are NaN."""

    shape: tuple[int, ...]
    count: int
    mean: float
    deviation: float
    low: float
    high: float
    zeros: int
    nan_share: float
    norm: float = math.nan


def blocks(weight: Weight) -> Iterator[Array]:
    """Yield a weight along its first axis, in blocks that memory holds."""
    if not weight.shape or weight.count <= BLOCK:
        yield weight.part(())
        return
    rows = max(1, BLOCK * weight.shape[0] // weight.count)
    for start in range(0, weight.shape[0], rows):
        yield weight.part((slice(start, start + rows),))


def of_weight(weight: Weight) -> Statistics:
    """Return the statistics of a weight; raises `UserError` where that can't be read."""
    return _merge(weight.shape, blocks(weight))


def statistics(values: Array) -> Statistics:
    """Return the statistics of an array of numbers of any shape."""
    return _merge(values.shape, iter([values]))


def _merge(shape: tuple[int, ...], parts: Iterator[Array]) -> Statistics:
    """Put blocks together; means and squared distances by Chan, Golub and LeVeque (1979)."""
    count = finite = zeros = nans = 0
    mean = distance = squares = 0.0
    low, high = math.inf, -math.inf
    for values in parts:
        count += values.size
        zeros += int(values.size) - int(np.count_nonzero(values))
        if values.dtype.kind == "f":
            nans += int(np.isnan(values).sum())
            values = values[np.isfinite(values)]
        if not values.size:
            continue
        block = np.asarray(values, np.float64)
        size, here = block.size, float(block.mean())
        step = here - mean
        distance += float(((block - here) ** 2).sum()) + step**2 * finite * size / (finite + size)
        mean += step * size / (finite + size)
        finite += size
        squares += float((block**2).sum())
        low, high = min(low, float(block.min())), max(high, float(block.max()))
    if not finite:
        none = math.nan
        return Statistics(shape, count, none, none, none, none, zeros, nans / max(count, 1))
    return Statistics(
        shape, count, mean, math.sqrt(distance / finite), low, high, zeros, nans / count,
        math.sqrt(squares),
    )  # fmt: skip

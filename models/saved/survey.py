"""Where the numbers of a weight lie: histogram, extremes and a small picture, a block at a time."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kerastui.models.saved.model import Array, Weight
from kerastui.models.saved.statistics import BLOCK, Statistics, blocks


@dataclass(frozen=True)
class Cut:
    """A two-dimensional slice of an array: one axis goes down, one across, the others stand still.

    Attributes:
        shape: Of the whole array.
        down, across: The axes; `across` is -1 for an array of less than two.
        at: Where the other axes stand, in their order.
    """

    shape: tuple[int, ...]
    down: int = 0
    across: int = -1
    at: tuple[int, ...] = ()

    @classmethod
    def last(cls, shape: tuple[int, ...]) -> Cut:
        """Return the slice of the last two axes at the beginning of the others."""
        axes = len(shape)
        if axes < 2:
            return cls(shape)
        return cls(shape, axes - 2, axes - 1, (0,) * (axes - 2))

    @property
    def others(self) -> list[int]:
        """The axes that stand still."""
        return [axis for axis in range(len(self.shape)) if axis not in (self.down, self.across)]

    @property
    def rows(self) -> int:
        """How many rows the slice has."""
        return self.shape[self.down] if self.shape else 1

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return self.shape[self.across] if self.across >= 0 else 1

    @property
    def slices(self) -> int:
        """How many slices the other axes make."""
        return math.prod(self.shape[axis] for axis in self.others) if self.shape else 1

    def part(self, weight: Weight, rows: slice, columns: slice) -> Array:
        """Return some rows and columns of the slice as (rows, columns).

        Raises:
            UserError: The weight can't be read.
        """
        if not self.shape:
            return weight.part(()).reshape(1, 1)
        still = dict(zip(self.others, self.at, strict=True))
        index = tuple(
            rows if axis == self.down else columns if axis == self.across else still[axis]
            for axis in range(len(self.shape))
        )
        found = weight.part(index)
        if self.across < 0:
            return found[:, None]
        return found if self.down < self.across else found.T

    def turned(self) -> Cut:
        """Return a slice along the next pair of axes; two axes change places."""
        axes = range(len(self.shape))
        pairs = list(itertools.permutations(axes, 2) if len(axes) == 2
                     else itertools.combinations(axes, 2))  # fmt: skip
        if len(pairs) < 2:
            return self
        place = (pairs.index((self.down, self.across)) + 1) % len(pairs)
        return Cut(self.shape, *pairs[place], (0,) * len(self.at))

    def moved(self, step: int) -> Cut:
        """Return the slice before or after; behind the last comes the first."""
        sizes = tuple(self.shape[axis] for axis in self.others)
        if not sizes or not self.slices:
            return self
        place = int(np.ravel_multi_index(self.at, sizes)) + step
        where = np.unravel_index(place % self.slices, sizes)
        return replace(self, at=tuple(int(one) for one in where))

    def holding(self, index: tuple[int, ...]) -> Cut:
        """Return the slice along the same axes that holds an element."""
        return replace(self, at=tuple(index[axis] for axis in self.others))

    def cell(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Return the row and the column of an element that the slice holds."""
        if not self.shape:
            return 0, 0
        return index[self.down], index[self.across] if self.across >= 0 else 0

    def __str__(self) -> str:
        still = dict(zip(self.others, self.at, strict=True))
        told = ("↓" if axis == self.down else "→" if axis == self.across else str(still[axis])
                for axis in range(len(self.shape)))  # fmt: skip
        return f"[{', '.join(told)}]"


@dataclass(frozen=True)
class Extremes:
    """Where the largest and the smallest number stand, and the first that is not finite."""

    high: tuple[int, ...] | None
    low: tuple[int, ...] | None
    broken: tuple[int, ...] | None


def extremes(weight: Weight) -> Extremes:
    """Search a weight for its extremes; raises `UserError` where it can't be read."""
    high: tuple[float, int] | None = None
    low: tuple[float, int] | None = None
    broken = -1
    start = 0
    for values in blocks(weight):
        flat = np.asarray(values).reshape(-1)
        finite = np.isfinite(flat)
        if not finite.all():
            if broken < 0:
                broken = start + int(np.argmin(finite))
            above, below = np.where(finite, flat, -np.inf), np.where(finite, flat, np.inf)
        else:
            above = below = flat
        if finite.any():
            most, least = int(np.argmax(above)), int(np.argmin(below))
            if high is None or above[most] > high[0]:
                high = float(above[most]), start + most
            if low is None or below[least] < low[0]:
                low = float(below[least]), start + least
        start += flat.size

    def place(flat: int) -> tuple[int, ...]:
        return tuple(int(one) for one in np.unravel_index(flat, weight.shape))

    return Extremes(
        place(high[1]) if high else None,
        place(low[1]) if low else None,
        place(broken) if broken >= 0 else None,
    )


@dataclass(frozen=True)
class Histogram:
    """How many numbers lie between two edges: `edges` has one more than `counts`."""

    edges: list[float]
    counts: list[int]


def histogram(weight: Weight, known: Statistics, bins: int) -> Histogram:
    """Count the finite numbers of a weight in bins of the same width.

    Raises:
        UserError: The weight can't be read.
    """
    return _counted(blocks(weight), known, bins)


def histogram_of(values: Array, known: Statistics, bins: int) -> Histogram:
    """Count those of an array."""
    return _counted([values], known, bins)


def _counted(parts: object, known: Statistics, bins: int) -> Histogram:
    if not math.isfinite(known.low):
        return Histogram([], [])
    if known.low == known.high:
        return Histogram([known.low, known.high], [_finite_count(known)])
    counts = np.zeros(bins, np.int64)
    edges = np.linspace(known.low, known.high, bins + 1)
    for values in parts:  # type: ignore[attr-defined]
        flat = np.asarray(values, np.float64).reshape(-1)
        counts += np.histogram(flat[np.isfinite(flat)], edges)[0]
    return Histogram(edges.tolist(), counts.tolist())


def _finite_count(known: Statistics) -> int:
    return known.count - round(known.nan_share * known.count)


def picture(weight: Weight, cut: Cut, rows: int, columns: int) -> NDArray[np.float64]:
    """Return a slice in at most so many pixels; each is the strongest of the numbers it stands for.

    A pixel that stands for a NaN is NaN.

    Raises:
        UserError: The weight can't be read.
    """
    if not cut.rows or not cut.columns:
        return np.zeros((0, 0))
    down, across = _edges(cut.rows, rows), _edges(cut.columns, columns)
    most = max(1, BLOCK // max(1, cut.columns * -(-cut.rows // len(down))))
    made = []
    for first in range(0, len(down), most):
        edges = down[first : first + most]
        stop = down[first + most] if first + most < len(down) else cut.rows
        values = cut.part(weight, slice(int(edges[0]), int(stop)), slice(None))
        made.append(_strongest(np.asarray(values, np.float64), edges - edges[0], across))
    return np.concatenate(made)


def shrunk(values: Array, rows: int, columns: int) -> NDArray[np.float64]:
    """Return an array (rows, columns) in at most so many pixels, as `picture` does."""
    down, across = _edges(values.shape[0], rows), _edges(values.shape[1], columns)
    return _strongest(np.asarray(values, np.float64), down, across)


def _edges(size: int, most: int) -> NDArray[np.int64]:
    count = max(1, min(size, most))
    return np.arange(count, dtype=np.int64) * size // count


def _strongest(
    values: NDArray[np.float64], down: NDArray[np.int64], across: NDArray[np.int64]
) -> NDArray[np.float64]:
    high = np.maximum.reduceat(np.maximum.reduceat(values, down, axis=0), across, axis=1)
    low = np.minimum.reduceat(np.minimum.reduceat(values, down, axis=0), across, axis=1)
    found: NDArray[np.float64] = np.where(np.abs(low) > np.abs(high), low, high)
    return found

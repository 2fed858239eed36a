"""What a chart draws of a series: made harmless, smoothed, and thinned without losing an extreme.

Plain Python over `array('d')`: work is done only for the values that came since the last look, so
that a frame costs the same after a hundred epochs as after a hundred thousand.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

LARGEST = 1e300
"""Values beyond this are drawn like infinity, at the edge. Smaller ones have finite differences."""

_NAN, _ABOVE, _BELOW = 1, 2, 4


@dataclass
class Points:
    """Points of one curve. `y` is finite, or NaN where the line is broken.

    `missing`, `above` and `below` are the x of values that are NaN, +inf and -inf: at most one of
    each for a bucket of values.
    """

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)

    def limits(self, *, positive: bool = False) -> tuple[float, float] | None:
        """Return the lowest and the highest value, of the positive ones only if so asked."""
        finite = [y for y in self.y if y == y and (y > 0 or not positive)]
        return (min(finite), max(finite)) if finite else None


class Thinner:
    """Keeps the minimum and the maximum of each bucket of a growing series.

    Buckets hold 1, 2, 4, 8 ... values; when there are more than `limit` of them, neighbours are
    joined. Extremes, and the first of equal ones, survive every joining.

    Args:
        limit: Most buckets that are kept; `points` gives up to two points for each.
    """

    def __init__(self, limit: int = 200) -> None:
        self.limit = max(2, limit)
        self.size = 1
        self.count = 0
        self._last = math.nan
        self._low: list[tuple[float, int]] = []
        self._high: list[tuple[float, int]] = []
        self._flags: list[int] = []

    def extend(self, values: Sequence[float]) -> None:
        """Take in the next values of the series."""
        total = self.count + len(values)
        while self.size * self.limit < total:
            self._join()
        at = 0
        while at < len(values):
            room = self.size - self.count % self.size
            self._take(values[at : at + room])
            at += room
        if len(values):
            self._last = values[-1]

    def points(self, first: int = 1) -> Points:
        """Return what is to be drawn; the first value stands at x = `first`."""
        points = Points()
        for low, high, flags, start in zip(
            self._low, self._high, self._flags, range(first, first + self.count, self.size),
            strict=True,
        ):  # fmt: skip
            if flags & _NAN:
                points.missing.append(start)
            if flags & _ABOVE:
                points.above.append(start)
            if flags & _BELOW:
                points.below.append(start)
            if low[1] < 0:
                points.x.append(start)
                points.y.append(math.nan)
                continue
            pair = (low,) if low[1] == high[1] else sorted((low, high), key=lambda entry: entry[1])
            for value, index in pair:
                points.x.append(first + index)
                points.y.append(value)
        end = first + self.count - 1
        if points.x and points.x[-1] < end and abs(self._last) <= LARGEST:
            points.x.append(end)
            points.y.append(self._last)
        return points

    def _take(self, chunk: Sequence[float]) -> None:
        """Take in values of one bucket, whole or in part."""
        start, flags = self.count, 0
        if self.count % self.size == 0:
            self._low.append((math.inf, -1))
            self._high.append((-math.inf, -1))
            self._flags.append(0)
        self.count += len(chunk)
        low, high = min(chunk), max(chunk)
        # The sum is finite only where every value is: the usual case needs no look at each.
        if not math.isfinite(sum(chunk)) or low < -LARGEST or high > LARGEST:
            for value in chunk:
                if not abs(value) <= LARGEST:
                    flags |= _NAN if value != value else _ABOVE if value > 0 else _BELOW
            self._flags[-1] |= flags
            finite = [value for value in chunk if abs(value) <= LARGEST]
            if not finite:
                return
            low, high = min(finite), max(finite)
        if low < self._low[-1][0]:
            self._low[-1] = (low, start + chunk.index(low))
        if high > self._high[-1][0]:
            self._high[-1] = (high, start + chunk.index(high))

    def _join(self) -> None:
        """Join each bucket with its neighbour; the earlier of equals stays."""
        self.size *= 2
        self._low = [min(self._low[i : i + 2], key=_value) for i in range(0, len(self._low), 2)]
        self._high = [max(self._high[i : i + 2], key=_value) for i in range(0, len(self._high), 2)]
        pairs = range(0, len(self._flags), 2)
        self._flags = [self._flags[i] | (self._flags[i + 1 : i + 2] or [0])[0] for i in pairs]


def _value(entry: tuple[float, int]) -> float:
    return entry[0]


class Smoother:
    """Exponential moving average, corrected for its start; NaN and infinity stay and are skipped.

    Args:
        weight: What the past counts, from 0 (nothing is smoothed) to below 1.
    """

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self._mean = 0.0
        self._share = 0.0

    def extend(self, values: Sequence[float]) -> array[float]:
        """Return the next values smoothed."""
        weight, mean, share = self.weight, self._mean, self._share
        smooth = array("d", values)
        for index, value in enumerate(smooth):
            if abs(value) <= LARGEST:
                mean = weight * mean + (1 - weight) * value
                share = weight * share + (1 - weight)
                smooth[index] = mean / share
        self._mean, self._share = mean, share
        return smooth


class Curve:
    """A growing series as a chart shows it: raw and smoothed, whole or the last part of it."""

    def __init__(self, weight: float = 0.0, limit: int = 200) -> None:
        self.weight = weight
        self.limit = limit
        self._values: Sequence[float] = ()
        self._seen = math.nan
        self._raw = Thinner(limit)
        self._smoother = Smoother(weight)
        self._smooth = array("d")
        self._thin_smooth = Thinner(limit)

    def update(self, values: Sequence[float]) -> None:
        """Bring the curve up to the series' present state.

        Args:
            values: The whole series. A series that was cut or replaced is taken in afresh.
        """
        seen = self._raw.count
        if len(values) < seen or (seen and not _same(values[seen - 1], self._seen)):
            Curve.__init__(self, self.weight, self.limit)
            seen = 0
        if len(values) == seen:
            return
        new = values[seen:]
        self._values, self._seen = values, values[-1]
        self._raw.extend(new)
        if self.weight:
            smooth = self._smoother.extend(new)
            self._smooth.extend(smooth)
            self._thin_smooth.extend(smooth)

    def points(self, last: int | None = None) -> Points:
        """Return the points of the whole series, or of its last values; x counts from 1."""
        return self._points(self._values, self._raw, last)

    def smooth_points(self, last: int | None = None) -> Points:
        """Return the points of the smoothed series, none where nothing is smoothed."""
        if not self.weight:
            return Points()
        return self._points(self._smooth, self._thin_smooth, last)

    def _points(self, values: Sequence[float], whole: Thinner, last: int | None) -> Points:
        count = whole.count
        if last is None or last >= count:
            return whole.points()
        part = Thinner(self.limit)
        part.extend(values[count - last : count])
        return part.points(count - last + 1)


def _same(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)

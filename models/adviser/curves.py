"""What a noisy curve does, told apart from its noise: pure arithmetic on lists of numbers.

All measures are medians, so that single wild epochs do not count, and all grow with the curve:
a loss counted in thousands is judged like one counted in thousandths.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, islice, pairwise, takewhile
from statistics import median

from kerastui.models.runs.history import History, lower_is_better

POINTS = 200
"""Longer curves are first cut into this many stretches, each with its median: an epoch is then
told to half a percent of the run, and 60,000 epochs take no longer than 200."""

SHARE = 40
"""A point is smoothed over a fortieth of the curve to each side (one point at least): wide enough
for the noise of a batch, narrow enough to find where a curve turns."""

CLEAR = 3.0
"""How many times its noise a difference must be to count: by chance once in 700 epochs."""


_HUGE = 1e300
"""Sums of larger numbers would overflow; they are as good as infinite."""


@dataclass(frozen=True)
class Curve:
    """One series of a run, the epochs without a finite value left out.

    Attributes:
        name: The metric.
        epochs: Numbers of the epochs, from 1.
        values: Their values, as many.
    """

    name: str
    epochs: Sequence[int]
    values: Sequence[float]

    @property
    def falls(self) -> bool:
        """Whether the metric improves downwards."""
        return lower_is_better(self.name)

    @property
    def first(self) -> float:
        """The value after the first epoch."""
        return self.values[0]

    @cached_property
    def smooth(self) -> list[tuple[int, float]]:
        """Epochs and values of the smoothed curve."""
        size = math.ceil(len(self.values) / POINTS)
        blocks = [
            (
                self.epochs[min(i + size // 2, len(self.epochs) - 1)],
                median(self.values[i : i + size]),
            )
            for i in range(0, len(self.values), size)
        ]
        half = max(1, len(blocks) // SHARE)
        levels = [value for _, value in blocks]
        smooth = [
            (epoch, median(levels[max(0, i - half) : i + half + 1]))
            for i, (epoch, _) in enumerate(blocks)
        ]
        smooth[-1] = (self.epochs[-1], smooth[-1][1])
        return smooth

    @property
    def end(self) -> float:
        """The smoothed value at the end."""
        return self.smooth[-1][1]

    @cached_property
    def best(self) -> tuple[int, float]:
        """The best smoothed value and its epoch, the middle one of equals in a row."""
        pick = min if self.falls else max
        best = pick(value for _, value in self.smooth)
        first = next(i for i, (_, value) in enumerate(self.smooth) if value == best)
        equals = takewhile(lambda point: point[1] == best, self.smooth[first:])
        return self.smooth[first + (len(list(equals)) - 1) // 2]

    @cached_property
    def noise(self) -> float:
        """How far an epoch lies beside the curve, as a standard deviation, in the second half.

        Steps from epoch to epoch hold the trend and twice the noise; the median takes the trend
        away, and 1.48 makes a standard deviation of a median distance.
        """
        half = self.values[len(self.values) // 2 :] if len(self.values) >= 8 else self.values
        steps = [b - a for a, b in pairwise(half)]
        if not steps:
            return 0.0
        middle = median(steps)
        return 1.4826 * median(abs(step - middle) for step in steps) / math.sqrt(2)

    @cached_property
    def gain(self) -> float:
        """How much the curve improved from its first epoch to its best; 0 or more."""
        return max(0.0, self.worse(self.best[1], self.first))

    @cached_property
    def setback(self) -> float:
        """How much worse than at its best the curve is at the end; 0 or more."""
        return max(0.0, self.worse(self.best[1], self.end))

    def spikes(self, height: float) -> list[int]:
        """The epochs of the second half, where it should be calm, that are worse than the
        smoothed curve by a height."""
        numbers = [epoch for epoch, _ in self.smooth]
        found = []
        for epoch, value in islice(zip(self.epochs, self.values, strict=True),
                                   len(self.values) // 2, None):  # fmt: skip
            near = min(bisect.bisect_left(numbers, epoch), len(numbers) - 1)
            if self.worse(self.smooth[near][1], value) > height:
                found.append(epoch)
        return found

    def worse(self, before: float, after: float) -> float:
        """How much worse `after` is than `before`; negative where it is better."""
        return after - before if self.falls else before - after

    def at(self, epoch: int) -> float:
        """The smoothed value at an epoch, or at the next one that has any."""
        return next((value for number, value in self.smooth if number >= epoch), self.end)

    def turned(self, part: float) -> bool:
        """Whether the curve clearly got worse again, by a part of its best value at least."""
        return self.setback > max(CLEAR * self.noise, part * abs(self.best[1]))

    def improving(self, part: float) -> float:
        """How much the curve still gained between the last two tenths of the run.

        Returns:
            The gain, or 0 where it is not clearly more than noise, less than `part` of all that
            was gained, or where the curve is flat.
        """
        length = max(3, len(self.values) // 10)
        if self.flat_for >= length:
            return 0.0
        before, after = self.values[-2 * length : -length], self.values[-length:]
        if len(before) < 3:
            return 0.0
        gain = -self.worse(median(before), median(after))
        # A median of k epochs is uncertain by 1.25 of their noise over the root of k, a
        # difference of two by 1.41 of that.
        doubt = 1.25 * 1.41 * self.noise / math.sqrt(length)
        return gain if gain > max(CLEAR * doubt, part * self.gain) else 0.0

    @cached_property
    def flat_since(self) -> int:
        """The epoch since which the smoothed curve stays where it ends, within its noise or a
        fiftieth of its range."""
        levels = [value for _, value in self.smooth]
        room = max(2 * self.noise, (max(levels) - min(levels)) / 50)
        since = self.epochs[-1]
        for epoch, value in reversed(self.smooth):
            if abs(value - self.end) > room:
                break
            since = epoch
        return since

    @property
    def flat_for(self) -> int:
        """How many epochs it has been flat."""
        return self.epochs[-1] - self.flat_since + 1


def curve(history: History, name: str) -> Curve | None:
    """Return a series as a curve, None where it has no finite value."""
    values = history.series.get(name, ())
    # What is NaN lies between no two numbers.
    usable = [-_HUGE < value < _HUGE for value in values]
    if not any(usable):
        return None
    epochs = compress(range(1, len(values) + 1), usable)
    return Curve(name, list(epochs), list(compress(values, usable)))


def first_bad(history: History, name: str) -> int | None:
    """Return the first epoch whose value is NaN or infinite, None where all are numbers."""
    values = enumerate(history.series.get(name, ()), 1)
    return next((epoch for epoch, value in values if not math.isfinite(value)), None)

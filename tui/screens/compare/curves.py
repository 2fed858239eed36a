"""The curves of compared runs: by epoch, or by the time that their training took."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import replace

from kerastui.models.runs.comparing import Compared, Comparison
from kerastui.tui.widgets.chart_data import Smoother
from kerastui.tui.widgets.loss_chart import Line

COLOURS = 4
"""Curves that have a colour of their own; the next ones share them, drawn as single signs."""

_UNITS = (("ms", 1e-3, 10.0), ("s", 1.0, 10_000.0), ("min", 60.0, math.inf))


def by_epoch(comparison: Comparison, metric: str) -> list[Line]:
    """Return a curve for each run that has the metric."""
    return [
        _line(place, one, values)
        for place, one in enumerate(comparison.runs)
        if (values := one.timeline.history.series.get(metric))
    ]


def by_time(comparison: Comparison, metric: str, smoothing: float) -> tuple[list[Line], str]:
    """Return the same over time, and the unit of time: value i belongs to i + 1 of it.

    Between the ends of two epochs lies the straight line that a chart by epoch draws too.

    Args:
        comparison: The runs.
        metric: What the curves are of.
        smoothing: They are smoothed by epoch first, as a chart by epoch does.
    """
    longest = max((one.timeline.elapsed[-1] for one in comparison.runs if one.timeline.elapsed),
                  default=0.0)  # fmt: skip
    name, unit, _ = next(entry for entry in _UNITS if longest < entry[2])
    lines = []
    for place, one in enumerate(comparison.runs):
        values: Sequence[float] | None = one.timeline.history.series.get(metric)
        if values:
            if smoothing:
                values = Smoother(smoothing).extend(values)
            elapsed = one.timeline.elapsed
            line = _line(place, one, over_time(values, elapsed, unit))
            lines.append(replace(line, begins=_steps(elapsed[0], unit) if elapsed else 1))
    return lines, name


def over_time(values: Sequence[float], elapsed: Sequence[float], unit: float) -> array[float]:
    """Return a series over steps of time: entry i is the value at (i + 1) × `unit` seconds.

    NaN before the first epoch ended; the last entry is the last value.
    """
    count = min(len(values), len(elapsed))
    if not count:
        return array("d")
    steps = _steps(elapsed[count - 1], unit)
    found = array("d", [math.nan]) * steps
    after = 0
    for step in range(steps):
        now = (step + 1) * unit
        while after < count and elapsed[after] < now:
            after += 1
        if after == count:
            found[step] = values[count - 1]
        elif after or elapsed[0] <= now:
            before = max(0, after - 1)
            span = elapsed[after] - elapsed[before]
            share = (now - elapsed[before]) / span if span > 0 else 1.0
            found[step] = values[before] + share * (values[after] - values[before])
    return found


def _steps(seconds: float, unit: float) -> int:
    """Return the first step of time at which something is over."""
    return max(1, math.ceil(seconds / unit - 1e-9))


def _line(place: int, one: Compared, values: Sequence[float]) -> Line:
    dotted = place // COLOURS % 2 == 1
    return Line("", values, colour=place, dotted=dotted, marks=False, sign=one.letter)

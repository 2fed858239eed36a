"""A series as a chart: one value after the other, what tests the model in a colour of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kerastui.tui.labs.function_chart import FunctionChart, Plotted
from kerastui.tui.widgets.chart_raster import Role


class SeriesChart(FunctionChart, can_focus=False):
    """The chart.

    Args:
        values: The series; None where a value is missing.
        tested: How many values at its end test the model.
    """

    DEFAULT_CSS = "SeriesChart { height: 14; margin-top: 1; }"

    def __init__(self, values: Sequence[float | None], tested: int = 0) -> None:
        super().__init__(1, max(2, len(values)))
        self.values = np.array([math.nan if value is None else value for value in values], float)
        border = len(values) - tested
        plotted = [Plotted(lambda x: self._between(x, 1, border), Role.series(0))]
        if tested:
            # The line goes on from the last value that trains.
            test = lambda x: self._between(x, border, len(values))  # noqa: E731
            plotted.append(Plotted(test, Role.series(1)))
        self.plot(plotted)

    def _between(self, x: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
        """Return the series at places from 1 on, nothing outside of `first` to `last`."""
        y = np.interp(x, np.arange(1, len(self.values) + 1), self.values)
        return np.where((x >= first) & (x <= last), y, math.nan)

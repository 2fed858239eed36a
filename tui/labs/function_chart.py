"""Functions of one number, drawn with a cursor that reads their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from kerastui.tui.widgets.chart_data import Points
from kerastui.tui.widgets.chart_raster import Drawn, Frame, Role, Row, Stroke, draw
from kerastui.tui.widgets.chart_scale import labels, step_for
from kerastui.tui.widgets.keeps_focus import KeepsFocus
from kerastui.tui.widgets.line_view import LineView

COLOURS = {
    **{Role.series(index): f"$series-{index + 1}" for index in range(4)},
    **{Role.raw(index): f"$series-{index + 1} 40%" for index in range(4)},
    Role.BEST: "bold $text", Role.BAD: "$bad", Role.CURSOR: "$muted", Role.AXIS: "$faint",
    Role.FRAME: "$line", Role.TITLE: "$muted", Role.NOTE: "$faint",
}  # fmt: skip
"""What each role of a cell is drawn with."""


@dataclass(frozen=True)
class Plotted:
    """One function of a chart.

    Attributes:
        function: Takes and returns arrays of equal shape.
        role: Its colour.
        breaks: Where it jumps: the line is not drawn through there.
        filled: All between it and zero is drawn.
    """

    function: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    role: Role
    breaks: tuple[float, ...] = ()
    filled: bool = False


class FunctionChart(KeepsFocus, LineView, can_focus=True):
    """The chart. Left and right move its cursor; so does a click.

    Args:
        first: The left end of the x axis.
        last: Its right end.
        step: What one key press moves the cursor.
    """

    DEFAULT_CSS = "FunctionChart { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "left", show=False, tooltip="The cursor to the left"),
        Binding("right", "move(1)", "right", show=False, tooltip="The cursor to the right"),
        Binding("shift+left", "move(-10)", "far left", show=False, tooltip="Ten steps left"),
        Binding("shift+right", "move(10)", "far right", show=False, tooltip="Ten steps right"),
        Binding("home", "jump(-1)", "left end", show=False, tooltip="To the left end"),
        Binding("end", "jump(1)", "right end", show=False, tooltip="To the right end"),
    ]

    @dataclass
    class CursorMoved(Message):
        """The user moved the cursor."""

        chart: FunctionChart
        x: float

        @property
        def control(self) -> FunctionChart:
            return self.chart

    def __init__(
        self,
        first: float = -6.0,
        last: float = 6.0,
        step: float = 0.1,
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.first, self.last, self.step = first, last, step
        self.cursor: float | None = None
        self._plotted: Sequence[Plotted] = ()
        self._limits: tuple[float, float] | None = None
        self._drawn: Drawn | None = None

    def plot(
        self,
        plotted: Sequence[Plotted],
        limits: tuple[float, float] | None = None,
        cursor: float | None = None,
    ) -> None:
        """Draw functions.

        Args:
            plotted: The functions; those at the end lie on top.
            limits: Ends of the y axis; None fits it to the functions.
            cursor: Where the cursor stands; None draws none.
        """
        self._plotted, self._limits, self.cursor = plotted, limits, cursor
        self._redraw()

    def on_resize(self) -> None:
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        if width < 8 or height < 3:
            return
        x = np.linspace(self.first, self.last, 2 * width + 1)
        curves = [self._curve(plotted, x) for plotted in self._plotted]
        limits = self._limits or _limits(curves)
        axes = [
            Stroke(Points([self.first, self.last], [0.0, 0.0]), Role.FRAME, marks=False),
            Stroke(Points([0.0, 0.0], list(limits)), Role.FRAME, marks=False),
        ]
        if not limits[0] <= 0 <= limits[1]:
            del axes[0]
        if not self.first <= 0 <= self.last:
            del axes[-1]
        strokes = [
            Stroke(_points(*curve, limits, plotted.filled), plotted.role, marks=False)
            for curve, plotted in zip(curves, self._plotted, strict=True)
        ]
        frame = Frame(
            self.first, self.last, [*axes, *strokes], cursor=self.cursor,
            ticks=self._ticks(width), limits=limits,
        )  # fmt: skip
        if self.cursor is not None:
            for plotted in self._plotted:
                value = float(plotted.function(np.array([self.cursor]))[0])
                if math.isfinite(value) and limits[0] <= value <= limits[1]:
                    frame.cursor_points.append((value, plotted.role))
        self._drawn = draw(frame, width, height)
        self.show([content(row) for row in self._drawn.rows])

    def _curve(
        self, plotted: Plotted, x: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        y = np.asarray(plotted.function(x), np.float64)
        for place in plotted.breaks:
            if self.first < place < self.last:
                at = int(np.searchsorted(x, place))
                x, y = np.insert(x, at, place), np.insert(y, at, math.nan)
        return x, y

    def _ticks(self, width: int) -> list[tuple[float, str]]:
        step = step_for(self.last - self.first, max(2, min(12, width // 8)))
        count = math.floor(self.last / step + 1e-9)
        begin = math.ceil(self.first / step - 1e-9)
        values = [index * step for index in range(begin, count + 1)]
        return list(zip(values, labels(values, step), strict=True))

    def on_click(self, event: events.Click) -> None:
        if self._drawn:
            share = (event.x - self._drawn.left) / max(1, self._drawn.width - 1)
            self._to(self.first + share * (self.last - self.first))

    def action_move(self, steps: int) -> None:
        self._to((self.cursor if self.cursor is not None else 0.0) + steps * self.step)

    def action_jump(self, side: int) -> None:
        self._to(self.first if side < 0 else self.last)

    def _to(self, x: float) -> None:
        x = min(self.last, max(self.first, round(round(x / self.step) * self.step, 10)))
        self.post_message(self.CursorMoved(self, x))


def content(row: Row) -> Content:
    """Return a row of cells as text, neighbours of one role joined."""
    parts: list[tuple[str, str]] = []
    start = 0
    for index in range(1, len(row) + 1):
        if index == len(row) or row[index][1] != row[start][1]:
            text = "".join(sign for sign, _ in row[start:index])
            parts.append((text, COLOURS.get(row[start][1], "")))
            start = index
    return Content.assemble(*parts)


def _limits(
    curves: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> tuple[float, float]:
    known = [y[np.isfinite(y)] for _, y in curves]
    low = min((float(y.min()) for y in known if y.size), default=0.0)
    high = max((float(y.max()) for y in known if y.size), default=1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _points(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    limits: tuple[float, float],
    filled: bool,
) -> Points:
    """Return what is drawn of a curve: it ends where it leaves the chart."""
    low, high = limits
    if filled:
        ends = np.stack([np.zeros_like(y), np.clip(y, low, high)], axis=1)
        return Points(x.repeat(2).tolist(), ends.ravel().tolist())
    outside = ~((y >= low) & (y <= high))
    # A point outside stays, on the edge, where the line still has to come from it.
    near = np.zeros_like(outside)
    near[1:] |= ~outside[:-1]
    near[:-1] |= ~outside[1:]
    shown = np.where(outside & ~near, math.nan, np.clip(y, low, high))
    shown[np.isnan(y)] = math.nan
    return Points(x.tolist(), shown.tolist())

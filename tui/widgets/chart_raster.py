"""Curves to characters: one frame of a chart, drawn by plotext, as rows of cells with a role.

plotext gets a new figure for every frame (it keeps limits of the last one otherwise), and sees
only positions between 0 and 1, never the values themselves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from kerastui.tui.widgets.chart_data import Points
from kerastui.tui.widgets.chart_scale import Scale, epoch_ticks


class Role(IntEnum):
    """What a cell belongs to; the number stands in for a colour while plotext draws."""

    PLAIN = 0
    SERIES_1 = 1
    SERIES_2 = 2
    SERIES_3 = 3
    SERIES_4 = 4
    RAW_1 = 5
    RAW_2 = 6
    RAW_3 = 7
    RAW_4 = 8
    BEST = 9
    BAD = 10
    CURSOR = 11
    AXIS = 12
    FRAME = 13
    TITLE = 14
    NOTE = 15

    @classmethod
    def series(cls, index: int) -> Role:
        return cls(1 + index % 4)

    @classmethod
    def raw(cls, index: int) -> Role:
        return cls(5 + index % 4)


Cell = tuple[str, Role]
Row = list[Cell]


@dataclass
class Stroke:
    """One curve of a frame: its points, what it is drawn with, and its role."""

    points: Points
    role: Role
    dotted: bool = False
    marks: bool = True
    """Whether NaN and infinities are marked at the edges."""
    sign: str = ""
    """A letter that is put on the curve."""


@dataclass
class Frame:
    """Everything that one frame shows. `best` and `cursor` are (x, value) and x.

    x counts epochs, unless `ticks` says where its axis has which labels. `limits` are the ends
    of the vertical axis where the curves shall not decide them.
    """

    first: float
    last: float
    strokes: list[Stroke]
    log: bool = False
    best: tuple[float, float] | None = None
    cursor: float | None = None
    cursor_points: list[tuple[float, Role]] = field(default_factory=list)
    braille: bool = True
    marks: Sequence[tuple[float, str]] = ()
    """x and sign of what happened: a faint line from the axis to its sign at the top."""
    ticks: Sequence[tuple[float, str]] | None = None
    limits: tuple[float, float] | None = None

    def scale(self, rows: int) -> Scale | None:
        """Return the vertical axis that holds every point, None where there is none."""
        limits = [stroke.points.limits(positive=self.log) for stroke in self.strokes]
        known = [self.limits] if self.limits else [pair for pair in limits if pair]
        if not known:
            return None
        low, high = min(low for low, _ in known), max(high for _, high in known)
        return Scale.of(low, high, log=self.log, most=max(2, min(8, rows // 4)))


@dataclass
class Drawn:
    """A drawn frame: its rows, and where its canvas lies, to find the x under a column."""

    rows: list[Row]
    left: int
    width: int
    first: float
    last: float

    def x_at(self, column: int) -> int:
        """Return the x under a column of the drawing, kept within the axis."""
        share = (column - self.left) / max(1, self.width - 1)
        return round(self.first + min(1.0, max(0.0, share)) * (self.last - self.first))


def draw(frame: Frame, width: int, height: int) -> Drawn:
    """Draw one frame.

    Args:
        frame: What is shown.
        width: Columns, axis included.
        height: Rows, axis included.

    Returns:
        Exactly `height` rows of `width` cells.
    """
    scale = frame.scale(height)
    if scale is None or width < 8 or height < 3:
        rows = [[(" ", Role.PLAIN)] * width for _ in range(height)]
        return Drawn(rows, 0, width, frame.first, frame.last)
    from textual_plotext import Plot

    labels = [tick.label for tick in scale.ticks]
    left = max(map(len, labels)) + 1
    if left > width // 2:
        labels, left = [""] * len(labels), 1
    last = frame.last if frame.ticks is not None else max(frame.last, frame.first + 1)
    grid = _Grid(frame.first, last, width - left, height - 2, frame.braille)
    ticks = frame.ticks
    if ticks is None:
        epochs = epoch_ticks(round(frame.first), round(frame.last), max(1, (width - left) // 12))
        ticks = [(epoch, f"{epoch:,}") for epoch in epochs]
    plot = Plot()
    plot.theme("clear")
    plot.plotsize(width, height)
    # plotsize keeps within the terminal, whose size it does not know where there is none; this
    # is how textual_plotext itself says that the size is meant.
    plot._set_size(width, height)
    plot.xaxes(True, False)
    plot.yaxes(True, False)
    plot.ticks_color(int(Role.AXIS))
    plot.xlim(frame.first, last)
    plot.ylim(0, 1)
    plot.yticks([grid.row(tick.position) for tick in scale.ticks], labels)
    plot.xticks([x for x, _ in ticks], [label for _, label in ticks])
    for x, sign in frame.marks:
        grid.mark(plot, x, sign)
    if frame.cursor is not None:
        plot.vline(grid.column(frame.cursor), int(Role.CURSOR))
    for stroke in frame.strokes:
        grid.stroke(plot, stroke, scale)
    signed = [stroke for stroke in frame.strokes if stroke.sign]
    for number, stroke in enumerate(signed, 1):
        grid.sign(plot, stroke, scale, number / (len(signed) + 1))
    if frame.best and not math.isnan(place := scale.place(frame.best[1])):
        grid.dot(plot, frame.best[0], place, "◆", Role.BEST)
    for value, role in frame.cursor_points:
        if frame.cursor is not None and not math.isnan(place := scale.place(value)):
            grid.dot(plot, frame.cursor, place, "●", role)
    rows = list(_rows(plot.build(), width))[:height]
    rows += [[(" ", Role.PLAIN)] * width] * (height - len(rows))
    return Drawn(rows, left, width - left, frame.first, last)


@dataclass(frozen=True)
class _Grid:
    """The canvas in dots, two by four in every cell.

    Lines are laid out here and given to plotext as cells: its own lines cost ten times as much
    where values jump, and round single signs to another cell than the curve they belong to.
    """

    first: float
    last: float
    columns: int
    rows: int
    braille: bool

    def dot_x(self, x: float) -> int:
        """Return the column of dots of an x."""
        share = (x - self.first) / (self.last - self.first)
        return math.floor(0.5 + (self.columns * 2 - 1) * share)

    def dot_y(self, place: float) -> int:
        """Return the row of dots, from below, of a place from 0 to 1."""
        return math.floor(0.5 + (self.rows * 4 - 1) * place)

    def column(self, x: float) -> float:
        """Return the x in the middle of the cell in which an x lies."""
        return self._x(self.dot_x(x) // 2)

    def row(self, place: float) -> float:
        """Return the place in the middle of the cell in which a place lies."""
        return self._place(self.dot_y(place) // 4)

    def dot(self, plot: Any, x: float, place: float, mark: str, role: Role) -> None:
        """Set one sign."""
        plot.scatter([self.column(x)], [self.row(place)], marker=mark, color=int(role))

    def sign(self, plot: Any, stroke: Stroke, scale: Scale, share: float) -> None:
        """Put a curve's letter on it, after a share of its way, so that letters stand apart."""
        points = stroke.points
        drawn = [
            (x, place)
            for x, place in zip(points.x, map(scale.place, points.y), strict=True)
            if place == place
        ]
        if drawn:
            x, place = drawn[min(len(drawn) - 1, int(len(drawn) * share))]
            self.dot(plot, x, place, stroke.sign, stroke.role)

    def mark(self, plot: Any, x: float, sign: str) -> None:
        """Draw the faint line of something that happened at an x, if that is in view."""
        if self.rows < 2 or not self.first <= x <= self.last:
            return
        column, line = self.dot_x(x) // 2, "┊" if self.braille else ":"
        self._put(plot, {(column, row): line for row in range(self.rows - 1)}, Role.AXIS)
        self._put(plot, {(column, self.rows - 1): sign if self.braille else "!"}, Role.NOTE)

    def stroke(self, plot: Any, stroke: Stroke, scale: Scale) -> None:
        """Draw one curve: as a line of braille dots, or as single signs."""
        points = stroke.points
        dots = [
            None if place != place else (self.dot_x(x), self.dot_y(place))
            for x, place in zip(points.x, map(scale.place, points.y), strict=True)
        ]
        drawn = [dot for dot in dots if dot is not None]
        if len(drawn) > 1 and self.braille and not stroke.dotted:
            cells = {cell: chr(0x2800 + bits) for cell, bits in _line(dots).items()}
        else:
            mark = "•" if self.braille else "+" if stroke.dotted else "*"
            cells = {(x // 2, y // 4): mark for x, y in drawn}
        self._put(plot, cells, stroke.role)
        if stroke.marks:
            for xs, row, mark in (
                (points.missing, 0, "×"),
                (points.above, self.rows - 1, "▲"),
                (points.below, 0, "▼"),
            ):
                self._put(plot, {(self.dot_x(x) // 2, row): mark for x in xs}, Role.BAD)

    def _put(self, plot: Any, cells: dict[tuple[int, int], str], role: Role) -> None:
        if cells:
            plot.scatter(
                [self._x(column) for column, _ in cells],
                [self._place(row) for _, row in cells],
                marker=list(cells.values()),
                color=int(role),
            )

    def _x(self, column: int) -> float:
        span = self.last - self.first
        return self.first + span * column / (self.columns - 1) if self.columns > 1 else self.first

    def _place(self, row: int) -> float:
        return row / (self.rows - 1) if self.rows > 1 else 0.0


_BITS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""The bit of each braille dot: by column, then by row from below."""


def _line(dots: Sequence[tuple[int, int] | None]) -> dict[tuple[int, int], int]:
    """Return the braille bits of the cells that a line through dots passes, from below left.

    Args:
        dots: Corners of the line, x never falling; None breaks it.
    """
    cells: dict[tuple[int, int], int] = {}
    before: tuple[int, int] | None = None
    for dot in dots:
        if dot is None:
            before = None
            continue
        x0, y0 = before or dot
        x1, y1 = dot
        before = dot
        start = y0
        for x in range(x0, x1 + 1):
            # In each column the line fills what it rises or falls until the next one begins.
            end = y1 if x == x1 else round(y0 + (y1 - y0) * (x + 0.5 - x0) / (x1 - x0))
            bits = _BITS[x % 2]
            if x == x1 or end == start:
                low, high = min(start, end), max(start, end)
            else:
                low, high = (start, end - 1) if end > start else (end + 1, start)
            for y in range(low, high + 1):
                cell = (x // 2, y // 4)
                cells[cell] = cells.get(cell, 0) | bits[y % 4]
            start = end
    return cells


_COLOUR = re.compile(r"\x1b\[([0-9;]*)m")


def _rows(text: str, width: int) -> Iterator[Row]:
    """Turn plotext's lines with colour codes into rows of cells."""
    for line in text.split("\n"):
        row: Row = []
        role = Role.PLAIN
        parts = _COLOUR.split(line)
        for text_part, code in zip(parts[::2], [*parts[1::2], ""], strict=True):
            row += [(sign, role) for sign in text_part]
            role = Role(int(code[5:])) if code.startswith("38;5;") else Role.PLAIN
        yield (row + [(" ", Role.PLAIN)] * (width - len(row)))[:width]


def text_row(parts: Sequence[tuple[str, Role]], width: int, fill: Cell) -> Row:
    """Return parts of text as a row of cells, cut with an ellipsis or filled up."""
    row = [(sign, role) for text, role in parts for sign in text]
    if len(row) > width:
        row = [*row[: max(0, width - 1)], ("…", Role.NOTE)][:width]
    return row + [fill] * (width - len(row))

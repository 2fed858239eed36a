"""A live chart of one metric: training and validation, the best epoch, values under a cursor."""

from __future__ import annotations

import locale
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from kerastui.models.runs.figures import number
from kerastui.models.runs.history import Best
from kerastui.tui.widgets.chart_data import Curve
from kerastui.tui.widgets.chart_line import Line, Look
from kerastui.tui.widgets.chart_raster import Drawn, Frame, Role, Row, Stroke, draw, text_row
from kerastui.tui.widgets.chart_scale import epoch_limit, steady
from kerastui.tui.widgets.keeps_focus import KeepsFocus
from kerastui.tui.widgets.line_view import changed_region

__all__ = ["Line", "Look", "LossChart"]

INTERVAL = 0.1
"""Seconds between two drawings of new data, at least."""


@dataclass
class _Content:
    """What a chart shows. `total` is the length of the whole plan."""

    title: str = ""
    lines: Sequence[Line] = ()
    total: int = 0
    ended: bool = False
    unit: str = "epoch"
    empty: str = ""
    overlays: Sequence[Line] = field(default=())
    marks: Sequence[tuple[float, str]] = field(default=())


class LossChart(KeepsFocus, Widget, can_focus=True):
    """The chart. It draws its frame itself: a legend that changes ten times a second then costs
    only the cells that changed, and nothing is written where nothing changes."""

    DEFAULT_CSS = """
    LossChart {
        width: 1fr;
        height: 1fr;
        & > .chart--frame { color: $line; }
        &:focus > .chart--frame { color: $primary; }
        & > .chart--title { color: $muted; }
        &:focus > .chart--title { color: $text; }
        & > .chart--note { color: $faint; }
        & > .chart--axis { color: $faint; }
        & > .chart--best { color: $text; text-style: bold; }
        & > .chart--bad { color: $bad; }
        & > .chart--cursor { color: $muted; }
        & > .chart--series-1 { color: $series-1; }
        & > .chart--series-2 { color: $series-2; }
        & > .chart--series-3 { color: $series-3; }
        & > .chart--series-4 { color: $series-4; }
        & > .chart--raw-1 { color: $series-1 40%; }
        & > .chart--raw-2 { color: $series-2 40%; }
        & > .chart--raw-3 { color: $series-3 40%; }
        & > .chart--raw-4 { color: $series-4 40%; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"chart--{role.name.lower().replace('_', '-')}" for role in Role if role
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Value before", show=False),
        Binding("right", "move(1)", "Value after", show=False),
        Binding("shift+left", "move(-10)", "Ten before", show=False),
        Binding("shift+right", "move(10)", "Ten after", show=False),
        Binding("home", "jump('first')", "First value", show=False),
        Binding("end", "jump('last')", "Last value", show=False),
        Binding("b", "jump('best')", "Best value", show=False),
    ]

    @dataclass
    class CursorMoved(Message):
        """The user moved the cursor to value `x`."""

        chart: LossChart
        x: int | None

        @property
        def control(self) -> LossChart:
            return self.chart

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.look = Look()
        self.cursor: int | None = None
        self._content = _Content()
        self._curves: dict[str, Curve] = {}
        self._rows: list[Row] = []
        self._drawn: Drawn | None = None
        self._at = 0.0
        self._timer: Timer | None = None
        self._braille = _can_braille()

    def show(
        self,
        title: str,
        lines: Sequence[Line],
        *,
        overlays: Sequence[Line] = (),
        total: int = 0,
        ended: bool = False,
        unit: str = "epoch",
        empty: str = "",
        marks: Sequence[tuple[float, str]] = (),
    ) -> None:
        """Show series; draws at most ten times a second.

        Args:
            title: What the chart is of.
            lines: The series, training first; their whole values every time.
            overlays: Series of other runs, drawn faintly behind.
            total: How many values the whole plan has; 0 where it is not known.
            ended: Whether no more values come.
            unit: What x counts: `epoch` or `batch`.
            empty: What is said while there is nothing to draw.
            marks: x and sign of what happened on the way.
        """
        if title != self._content.title:
            self._curves.clear()
        self._content = _Content(title, lines, total, ended, unit, empty, overlays, marks)
        self._soon()

    def change_look(self, **changes: Any) -> None:
        """Change smoothing, scale or zoom (the fields of `Look`), and draw at once."""
        if changes.get("smoothing", self.look.smoothing) != self.look.smoothing:
            self._curves.clear()
        self.look = replace(self.look, **changes)
        self._draw()

    def render_line(self, y: int) -> Strip:
        """Return one row; the rows are made when data, size or look change."""
        if self._drawn is None or len(self._rows) != self.size.height:
            self._rebuild()
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        return _strip(self, self._rows[y])

    def on_resize(self) -> None:
        self._drawn = None

    def on_click(self, event: events.Click) -> None:
        if self._drawn and self._length():
            self._move_to(self._drawn.x_at(event.x - 1))

    def action_move(self, step: int) -> None:
        """Move the cursor; the first move puts it on the last value."""
        here = self.cursor
        self._move_to(self._length() if here is None else here + step)

    def action_jump(self, where: str) -> None:
        """Put the cursor on the first, the last or the best value."""
        best = self._best()
        target = {"first": self._first(), "last": self._length(), "best": best.epoch if best else 0}
        self._move_to(target[where])

    def put_cursor(self, x: int | None) -> None:
        """Put the cursor on a value, or take it away; nobody is told."""
        known = x if x is not None and self._length() else None
        if known != self.cursor:
            self.cursor = known
            self._draw()

    def _move_to(self, x: int) -> None:
        if self._length():
            self.put_cursor(min(max(x, self._first()), self._length()))
            self.post_message(self.CursorMoved(self, self.cursor))

    def _soon(self) -> None:
        """Draw now, or when the last drawing is long enough ago."""
        if self._timer is not None:
            return
        wait = self._at + INTERVAL - monotonic()
        if wait <= 0:
            self._draw()
        else:
            self._timer = self.set_timer(wait, self._draw)

    def _draw(self) -> None:
        """Make the rows anew and repaint the cells that differ."""
        self._at, self._timer = monotonic(), None
        if not self.is_attached or not self.size:
            return
        before = self._rows
        self._rebuild()
        if len(before) != len(self._rows):
            self.refresh()
            return
        changed = [
            changed_region(old, new, y)
            for y, (old, new) in enumerate(zip(before, self._rows, strict=True))
            if old != new
        ]
        if changed:
            self.refresh(*changed)

    def _rebuild(self) -> None:
        width, height = self.size
        inner_width, inner_height = max(0, width - 2), max(0, height - 2)
        self._drawn = draw(self._frame(), inner_width, inner_height)
        side = ("│", Role.FRAME)
        rows = [[side, *row, side][:width] for row in self._drawn.rows]
        content = self._content
        if not self._length() and content.empty and rows:
            text = text_row([(content.empty, Role.NOTE)], min(len(content.empty), inner_width),
                            (" ", Role.PLAIN))  # fmt: skip
            start = 1 + (inner_width - len(text)) // 2
            rows[len(rows) // 2][start : start + len(text)] = text
        top = self._top(inner_width)
        bottom = self._bottom(inner_width)
        self._rows = [
            _framed("╭", top, "╮", width),
            *rows,
            _framed("╰", bottom, "╯", width),
        ][:height]

    def _frame(self) -> Frame:
        """Return what the next frame shows."""
        content, look, length = self._content, self.look, self._length()
        first = self._first()
        last = length
        if look.last is None and not content.ended:
            last = epoch_limit(length, content.total)
        strokes: list[Stroke] = []
        shown = look.last
        plain = not self.app.no_color
        for index, line in enumerate(content.overlays):
            curve = self._curve(f"overlay {line.label}", line, 0.0)
            strokes.append(Stroke(curve.points(shown), Role.raw(index + 2), marks=False))
        for index, line in enumerate(content.lines):
            smoothing = 0.0 if line.exact or line.faint else look.smoothing
            curve = self._curve(
                f"faint {line.label}" if line.faint else line.label, line, smoothing
            )
            role = line.role(index)
            dotted = line.dotted or (not plain and index > 0)
            raw, smooth = curve.points(shown), curve.smooth_points(shown)
            if not smoothing:
                marks = line.marks and not line.faint
                strokes.append(Stroke(raw, role, dotted, marks=marks, sign=line.sign))
                continue
            if plain:
                strokes.append(Stroke(raw, replace(line, faint=True).role(index), marks=line.marks))
            marks = line.marks and not plain
            strokes.append(Stroke(smooth, role, dotted, marks=marks, sign=line.sign))
        # Curves that are smoothed lie over those that are not.
        strokes.sort(key=lambda stroke: stroke.role in _BEHIND, reverse=True)
        frame = Frame(
            first, max(last, first), strokes, look.log, braille=self._braille, marks=content.marks
        )
        best = self._best()
        if best and best.epoch >= first:
            frame.best = (best.epoch, best.value)
        if self.cursor is not None and length:
            self.cursor = min(max(self.cursor, first), length)
            frame.cursor = self.cursor
            frame.cursor_points = [
                (value, line.role(index))
                for index, line in enumerate(content.lines)
                if not line.faint and math.isfinite(value := _at(line.values, self.cursor))
            ]
        return frame

    def _curve(self, key: str, line: Line, weight: float) -> Curve:
        curve = self._curves.setdefault(key, Curve(weight))
        curve.update(line.values)
        return curve

    def _top(self, width: int) -> list[tuple[str, Role]]:
        """Return the upper border: the title, and the legend as far as there is room."""
        content = self._content
        title = [(f" {content.title} ", Role.TITLE)] if content.title else []
        x = self.cursor
        best = self._best()
        for words, with_best in ((True, 2), (True, 1), (False, 1), (False, 0)):
            legend: list[tuple[str, Role]] = []
            if x is not None:
                legend.append((f" {content.unit if words else '@'} {x:,} ", Role.TITLE))
            for index, line in enumerate(content.lines):
                if line.faint or not len(line.values):
                    continue
                role = line.role(index)
                mark = "╌╌" if line.dotted or (index and self.app.no_color) else "──"
                mark = f"{line.sign}{mark[:1]}" if line.sign else mark
                label = f"{line.label} " if words else ""
                legend += [
                    (f" {mark} ", role),
                    (f"{label}{_reading(line, x)} ", Role.TITLE),
                ]
            if best and with_best and x is None:
                word = "best " if with_best == 2 else ""
                text = f"{word}{steady(best.value)} @ {best.epoch:,} "
                legend += [(" ◆ ", Role.BEST), (text, Role.TITLE)]
            room = width - 2 - sum(len(text) for text, _ in title + legend)
            if room >= 0:
                break
        else:
            room = width - 2 - sum(len(text) for text, _ in title)
            legend = []
        return [("─", Role.FRAME), *title, ("─" * max(0, room), Role.FRAME), *legend,
                ("─", Role.FRAME)]  # fmt: skip

    def _bottom(self, width: int) -> list[tuple[str, Role]]:
        """Return the lower border: how the chart looks at its data, where it is not as it is."""
        look, content = self.look, self._content
        notes = []
        if look.smoothing and not all(line.exact for line in content.lines):
            notes.append(f"smoothed {look.smoothing:g}")
        if look.log:
            notes.append("log y")
        if look.last is not None and self._length() > look.last:
            notes.append(f"last {look.last:,}")
        if content.unit != "epoch" and self._length():
            notes.append(f"by {content.unit}")
        text = f" {' · '.join(notes)} " if notes else ""
        if len(text) > width - 2:
            text = ""
        return [("─" * (width - 1 - len(text)), Role.FRAME), (text, Role.NOTE), ("─", Role.FRAME)]

    def _length(self) -> int:
        return max((len(line.values) for line in self._content.lines), default=0)

    def _first(self) -> int:
        last = self.look.last
        return 1 if last is None else max(1, self._length() - last + 1)

    def _best(self) -> Best | None:
        """Return the best of the last series that has one: validation where there is any."""
        found = [line.best for line in self._content.lines if line.best]
        return found[-1] if found else None


_BEHIND = frozenset(Role.raw(index) for index in range(4))

_CLASSES = {role: f"chart--{role.name.lower().replace('_', '-')}" for role in Role if role}


def _at(values: Sequence[float], x: int) -> float:
    return values[x - 1] if 1 <= x <= len(values) else math.nan


def _reading(line: Line, x: int | None) -> str:
    """Return the value at a place, without one the last; a dash where the curve is not."""
    if x is not None and not line.begins <= x <= len(line.values):
        return "–"
    value = line.values[-1] if x is None else _at(line.values, x)
    return number(value) if line.exact else steady(value)


def _framed(left: str, parts: Sequence[tuple[str, Role]], right: str, width: int) -> Row:
    if width < 2:
        return [(left, Role.FRAME)][:width]
    inner = text_row(parts, width - 2, ("─", Role.FRAME))
    return [(left, Role.FRAME), *inner, (right, Role.FRAME)]


def _strip(widget: Widget, row: Row) -> Strip:
    """Return a row of cells as a strip, neighbours of one role joined.

    A space looks the same in any colour: it takes that of its neighbour at the left, which saves
    most of what a row costs on its way to the terminal.
    """
    segments: list[Segment] = []
    start = 0
    for index in range(1, len(row) + 1):
        if index == len(row) or (row[index][1] != row[start][1] and row[index][0] != " "):
            role = row[start][1]
            style = widget.get_component_rich_style(_CLASSES[role]) if role else widget.rich_style
            segments.append(Segment("".join(sign for sign, _ in row[start:index]), style))
            start = index
    return Strip(segments, len(row))


def _can_braille() -> bool:
    """Say whether the terminal can be trusted with braille signs."""
    return "utf" in locale.getpreferredencoding(False).lower() and os.environ.get("TERM") != "linux"

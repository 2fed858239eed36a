"""One frame of a chart: always as large as asked for, whatever the data."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.tui.widgets.chart_data import Curve
from kerastui.tui.widgets.chart_raster import Drawn, Frame, Role, Stroke, draw

anything = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40)


def frame(*series: list[float], **options: object) -> Frame:
    strokes = []
    for index, values in enumerate(series):
        curve = Curve()
        curve.update(array("d", values))
        strokes.append(Stroke(curve.points(), Role.series(index)))
    last = max([len(values) for values in series] or [1])
    return Frame(1, max(1, last), strokes, **options)  # type: ignore[arg-type]


def text(drawn: Drawn) -> str:
    return "\n".join("".join(sign for sign, _ in row) for row in drawn.rows)


@given(anything, anything, st.booleans(), st.booleans(), st.integers(0, 50), st.integers(0, 20))
@settings(max_examples=80)
def test_a_frame_never_fails_and_has_its_size(
    one: list[float], other: list[float], log: bool, braille: bool, width: int, height: int
) -> None:
    shown = frame(one, other, log=log, braille=braille, best=(1, 0.5), cursor=1)
    drawn = draw(shown, width, height)
    assert len(drawn.rows) == height
    assert all(len(row) == width for row in drawn.rows)
    assert all(len(sign) == 1 for row in drawn.rows for sign, _ in row)


@pytest.mark.parametrize("values", [[], [math.nan] * 3, [0.5], [1e300, -1e300], [math.inf] * 2])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (8, 3), (120, 40)])
def test_hard_cases_at_all_sizes(values: list[float], size: tuple[int, int]) -> None:
    drawn = draw(frame(values), *size)
    assert (len(drawn.rows[0]), len(drawn.rows)) == size


def test_what_is_no_number_is_marked_at_the_edge() -> None:
    shown = text(draw(frame([1.0, math.nan, 2.0, math.inf, 1.5, -math.inf, 1.0]), 60, 12))
    assert "×" in shown
    assert "▲" in shown.splitlines()[0]
    assert "▼" in shown


def test_a_gap_breaks_the_line() -> None:
    drawn = draw(frame([1.0] * 10 + [math.nan] * 10 + [1.0] * 10), 60, 10)
    line = next(row for row in drawn.rows if any(role == Role.SERIES_1 for _, role in row))
    shape = "".join("x" if role == Role.SERIES_1 else " " for _, role in line).strip()
    assert len(shape.split()) == 2


def test_best_and_cursor_stand_on_the_curve() -> None:
    values = [1 / (1 + n / 5) for n in range(50)]
    values[30] = 0.01
    shown = frame(values, best=(31, 0.01), cursor=10, cursor_points=[(values[9], Role.SERIES_1)])
    drawn = draw(shown, 80, 20)
    rows = text(drawn).splitlines()
    lowest = max(
        y for y, row in enumerate(drawn.rows) if any(role == Role.SERIES_1 for _, role in row)
    )
    assert "◆" in "".join(rows[lowest:])
    column = next(row.index("●") for row in rows if "●" in row)
    assert drawn.x_at(column) in (9, 10, 11)
    bar = [row[column] for row in rows[:-2]]
    assert bar.count("│") >= len(bar) - 3


def test_without_braille_signs_stand_for_points() -> None:
    shown = text(draw(frame([1.0, 2.0, 3.0], [3.0, 2.0, 1.0], braille=False), 40, 10))
    assert "*" in shown
    assert not any("\u2800" <= sign <= "\u28ff" for sign in shown)


def test_a_column_is_found_again() -> None:
    drawn = draw(frame([float(n) for n in range(100)]), 80, 10)
    assert drawn.x_at(-5) == 1
    assert drawn.x_at(drawn.left) == 1
    assert drawn.x_at(79) == 100
    assert drawn.x_at(500) == 100

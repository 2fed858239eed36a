"""The data behind a chart: harmless for what draws it, thinned, and true to the extremes."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.tui.widgets.chart_data import LARGEST, Curve, Smoother, Thinner

anything = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=600)
finite = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=600)


@given(anything, st.integers(2, 50))
def test_points_are_few_harmless_and_in_order(values: list[float], limit: int) -> None:
    curve = Curve(limit=limit)
    curve.update(array("d", values))
    points = curve.points()
    assert len(points.x) == len(points.y) <= 2 * limit + 1
    assert points.x == sorted(points.x)
    assert all(1 <= x <= len(values) for x in points.x)
    assert all(math.isnan(y) or abs(y) <= LARGEST for y in points.y)


@given(anything, st.integers(2, 50))
def test_extremes_survive_at_their_first_epoch(values: list[float], limit: int) -> None:
    curve = Curve(limit=limit)
    curve.update(array("d", values))
    kept = [value for value in values if abs(value) <= LARGEST]
    points = curve.points()
    if not kept:
        assert points.limits() is None
        return
    assert points.limits() == (min(kept), max(kept))
    drawn = dict(zip(points.x, points.y, strict=True))
    for extreme in (min(kept), max(kept)):
        assert drawn[1 + values.index(extreme)] == extreme


@given(anything)
def test_what_is_not_a_number_is_marked(values: list[float]) -> None:
    curve = Curve(limit=1000)
    curve.update(array("d", values))
    points = curve.points()
    assert points.missing == [i + 1 for i, v in enumerate(values) if math.isnan(v)]
    assert points.above == [i + 1 for i, v in enumerate(values) if v > LARGEST]
    assert points.below == [i + 1 for i, v in enumerate(values) if v < -LARGEST]


@given(anything, st.integers(2, 40), st.lists(st.integers(1, 90), min_size=1))
@settings(max_examples=60)
def test_growing_in_pieces_gives_the_same_as_at_once(
    values: list[float], limit: int, pieces: list[int]
) -> None:
    whole, grown, at = Thinner(limit), Thinner(limit), 0
    whole.extend(array("d", values))
    for piece in pieces * (len(values) // sum(pieces) + 1):
        grown.extend(array("d", values[at : at + piece]))
        at += piece
    one, other = whole.points(), grown.points()
    assert one.x == other.x
    assert one.y == pytest.approx(other.y, nan_ok=True, abs=0, rel=0)
    assert (one.missing, one.above, one.below) == (other.missing, other.above, other.below)


@given(finite)
def test_the_last_value_ends_the_line(values: list[float]) -> None:
    curve = Curve(limit=4)
    curve.update(array("d", values))
    points = curve.points()
    assert (points.x[-1], points.y[-1]) == (len(values), values[-1])


@given(finite, st.integers(1, 700))
def test_the_last_part_is_the_end_of_the_whole(values: list[float], last: int) -> None:
    curve = Curve(limit=1000)
    curve.update(array("d", values))
    points = curve.points(last)
    assert points.y == values[-last:]
    assert points.x[-1] == len(values)


@given(finite, st.floats(0.0, 0.99))
def test_smoothing_stays_between_the_extremes(values: list[float], weight: float) -> None:
    smooth = Smoother(weight).extend(array("d", values))
    assert len(smooth) == len(values)
    assert smooth[0] == pytest.approx(values[0])
    slack = 1e-6 + 1e-9 * max(abs(value) for value in values)
    assert all(min(values) - slack <= value <= max(values) + slack for value in smooth)


def test_smoothing_skips_what_is_not_a_number() -> None:
    smooth = Smoother(0.5).extend(array("d", [1.0, math.nan, math.inf, 1.0]))
    assert smooth[0] == smooth[3] == 1.0
    assert math.isnan(smooth[1])
    assert math.isinf(smooth[2])


def test_smoothing_without_weight_draws_nothing_twice() -> None:
    curve = Curve(0.0)
    curve.update(array("d", [1.0, 2.0]))
    assert curve.smooth_points().x == []


def test_a_series_that_was_cut_is_taken_in_afresh() -> None:
    curve = Curve(0.5)
    curve.update(array("d", [5.0, 4.0, 3.0, 2.0]))
    curve.update(array("d", [5.0, 4.0]))
    assert curve.points().y == [5.0, 4.0]
    curve.update(array("d", [5.0, 4.5, 4.0, 3.9, 3.8]))
    assert curve.points().y == [5.0, 4.5, 4.0, 3.9, 3.8]
    assert len(curve.smooth_points().y) == 5


def test_a_long_history_stays_small() -> None:
    curve = Curve(0.9)
    values = array("d", [1 / (1 + i / 100) for i in range(60_000)])
    values[41_234] = -7.0
    curve.update(values)
    assert len(curve.points().x) <= 401
    assert (41_235, -7.0) in zip(curve.points().x, curve.points().y, strict=True)
    assert len(curve.smooth_points().x) <= 401

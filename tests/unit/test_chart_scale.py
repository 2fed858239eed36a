"""The axes: limits hold the data, ticks are round, labels tell neighbours apart."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.tui.widgets.chart_scale import Scale, epoch_limit, epoch_ticks, step_for

values = st.floats(-1e300, 1e300)
positive = st.floats(1e-300, 1e300)


@given(values, values, st.integers(1, 12))
def test_a_linear_scale_holds_its_limits(one: float, other: float, most: int) -> None:
    low, high = min(one, other), max(one, other)
    scale = Scale.of(low, high, most=most)
    assert math.isfinite(scale.low)
    assert scale.low < scale.high < math.inf
    slack = 1e-6 * (scale.high - scale.low)
    assert scale.low - slack <= low
    assert high <= scale.high + slack or low == high
    assert 0 <= scale.place(low) <= scale.place(high) <= 1
    assert 1 <= len(scale.ticks) <= 2 * most + 3
    assert all(-1e-6 <= tick.position <= 1 + 1e-6 for tick in scale.ticks)


@given(positive, positive, st.integers(1, 12))
def test_a_log_scale_holds_its_limits(one: float, other: float, most: int) -> None:
    low, high = min(one, other), max(one, other)
    scale = Scale.of(low, high, log=True, most=most)
    assert 0 <= scale.place(low) <= scale.place(high) <= 1
    assert scale.low <= math.log10(low) + 1e-6
    assert math.log10(high) <= scale.high + 1e-6
    assert scale.ticks
    assert all(-1e-6 <= tick.position <= 1 + 1e-6 for tick in scale.ticks)


def test_what_has_no_place_has_none() -> None:
    assert math.isnan(Scale.of(0, 1).place(math.nan))
    log = Scale.of(0.1, 1, log=True)
    assert math.isnan(log.place(0.0))
    assert math.isnan(log.place(-1.0))


@pytest.mark.parametrize(
    ("low", "high", "log", "expected"),
    [
        (0.12, 0.7, False, ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]),
        (0.0, 1.0, False, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-2.0, 3.0, False, ["−2", "−1", "0", "1", "2", "3"]),
        (0.9996, 1.0001, False, ["0.9996", "0.9997", "0.9998", "0.9999", "1.0000", "1.0001"]),
        (0.0, 2e7, False, ["0", "5.0e6", "1.0e7", "1.5e7", "2.0e7"]),
        (0.001, 1.0, True, ["0.001", "0.01", "0.1", "1"]),
        (1.0, 1e6, True, ["1", "10", "100", "1,000", "10,000", "100,000", "1e6"]),
        (0.1, 1.0, True, ["0.1", "0.2", "0.5", "1"]),
    ],
)
def test_ticks_are_round(low: float, high: float, log: bool, expected: list[str]) -> None:
    assert [tick.label for tick in Scale.of(low, high, log=log).ticks] == expected


@given(st.floats(1e-200, 1e200), st.floats(1.01, 1e6))
def test_labels_of_neighbours_differ(low: float, factor: float) -> None:
    labels = [tick.label for tick in Scale.of(low, low * factor).ticks]
    assert len(set(labels)) == len(labels)


@given(st.floats(1e-280, 1e290), st.integers(1, 20))
def test_steps_are_1_2_or_5(span: float, most: int) -> None:
    step = step_for(span, most)
    mantissa = round(step / 10.0 ** math.floor(math.log10(step) + 1e-9), 6)
    assert mantissa in (1, 2, 5, 10)
    assert span / step <= most * (1 + 1e-6)


@given(st.integers(0, 10_000_000), st.integers(0, 10_000_000))
def test_the_axis_holds_every_epoch_and_never_more_than_the_plan(count: int, total: int) -> None:
    limit = epoch_limit(count, total)
    assert limit >= count
    assert limit <= max(count, total, 2)


@pytest.mark.parametrize(
    ("count", "total", "limit"),
    [(3, 150, 150), (10, 10_000, 20), (150, 10_000, 200), (2_600, 10_000, 10_000), (0, 0, 2)],
)
def test_a_long_run_is_not_squeezed(count: int, total: int, limit: int) -> None:
    assert epoch_limit(count, total) == limit


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(1, 150, [1, 50, 100, 150]), (1, 1, [1]), (101, 150, [120, 140]), (1, 2, [1, 2])],
)
def test_epoch_ticks_are_round(first: int, last: int, expected: list[int]) -> None:
    assert epoch_ticks(first, last, 3) == expected

"""Statistics of columns, held against NumPy, pandas, scipy and numbers known by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.models.tables.frame import ArrowFrame, Kind
from kerastui.models.tables.statistics import BINS, ColumnStatistics, describe, target_of


def told(values: Any, target: Any = None, *, classes: bool = False) -> ColumnStatistics:
    """Describe the first column of a table, held against a second one."""
    columns = {"a": pa.array(values)}
    if target is not None:
        columns["b"] = pa.array(target)
    frame = ArrowFrame(pa.table(columns))
    against = None
    if target is not None:
        against = target_of(1, frame.column(1), frame.kind(1), classes=classes)
    return describe("a", frame.kind(0), frame.column(0), against, 0)


@given(
    st.lists(
        st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([1.0, math.nan, math.inf])),
        min_size=1, max_size=200,
    )
)  # fmt: skip
def test_numbers_agree_with_pandas(values: list[float | None]) -> None:
    found = told(pa.array(values, pa.float64()))
    series = pd.Series(values, dtype=float)
    finite = series[np.isfinite(series)]
    assert found.missing == int(series.isna().sum())
    assert found.infinite == int(np.isinf(series).sum())
    assert found.unique == series.nunique()
    assert sum(found.bins) == len(finite)
    if len(finite):
        assert (found.low, found.high) == (finite.min(), finite.max())
        assert found.mean == pytest.approx(finite.mean(), abs=1e-9)
        assert found.deviation == pytest.approx(finite.std(ddof=0), abs=1e-6)
        wanted = finite.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
        assert found.quantiles == pytest.approx(wanted)
    if found.common:
        counts = series.dropna().value_counts()
        assert found.common[0][1] == counts.iloc[0]


def test_the_histogram_is_numpys() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    assert told(values).bins == np.histogram(values, BINS)[0].tolist()


def test_parts_of_whole_numbers_hold_as_many_numbers_each() -> None:
    assert told(np.arange(100)).bins == [4] * 25
    assert told([1, 1, 2, 4]).bins == [2, 1, 0, 1]


def test_large_numbers_do_not_overflow() -> None:
    found = told([1.7e308, -1.7e308, 1.7e308])
    assert found.mean == pytest.approx(1.7e308 / 3)
    assert math.isfinite(found.deviation or 0)
    assert sum(found.bins) == 3
    ids = told([2**62, 2**62 + 1, 2**62 + 2])
    assert ids.unique == 3


def test_texts_are_counted() -> None:
    found = told(["b", "a", None, "b", "ccc"])
    assert (found.kind, found.missing, found.unique) == ("text", 1, 3)
    assert found.common == [("b", 2), ("a", 1), ("ccc", 1)]
    assert (found.low, found.high) == (1, 3)


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ([3.0] * 30, ["constant"]),
        ([3.0, None, 3.0], ["constant"]),
        (list(range(1, 51)), ["identifier"]),
        ([f"u{place}" for place in range(30)], ["identifier"]),
        ([place * 1000 for place in range(30)], []),
        ([place / 7 for place in range(30)], []),
        (list(range(5)), []),
        ([None, None], []),
    ],
)
def test_columns_that_tell_nothing_are_marked(values: list[Any], mark: list[str]) -> None:
    assert told(values).marks == mark


def test_numbers_go_with_numbers_by_pearson() -> None:
    draw = np.random.default_rng(1)
    one = draw.normal(size=200)
    other = one * 2 + draw.normal(size=200)
    found = told(one, other).relation
    assert found == ("pearson", pytest.approx(np.corrcoef(one, other)[0, 1]))
    assert told(np.ones(200), other).relation is None


def test_numbers_go_with_classes_by_eta() -> None:
    # Between the classes 2·(2−1)² + 2·(4−3)² … by hand: means 1 and 4, whole variance 9 + 4·0.25.
    found = told([0.5, 1.5, 3.5, 4.5], ["a", "a", "b", "b"], classes=True).relation
    assert found == ("eta", pytest.approx(math.sqrt(9 / 10)))
    turned = told(["a", "a", "b", "b"], [0.5, 1.5, 3.5, 4.5]).relation
    assert turned == found


def test_classes_go_with_classes_by_cramer() -> None:
    one = ["x"] * 30 + ["y"] * 30
    found = told(one, one, classes=True).relation
    assert found == ("cramer", pytest.approx(1))
    mixed = ["x", "y"] * 30
    assert told(mixed, one, classes=True).relation == ("cramer", pytest.approx(0))


def test_what_gives_the_target_away_is_said() -> None:
    draw = np.random.default_rng(2)
    target = draw.integers(0, 3, 300)
    same = np.array(["p", "q", "r"])[target]
    assert "tell the class" in told(same, target, classes=True).giveaway
    numbers = draw.normal(size=300)
    assert "equals the target" in told(numbers, numbers).giveaway
    assert not told(draw.normal(size=300), target, classes=True).giveaway


def test_the_target_itself_is_marked() -> None:
    values = pa.chunked_array([pa.array([1.0, 2.0, 3.0])])
    against = target_of(0, values, "number", classes=False)
    assert describe("a", "number", values, against, 0).marks == ["target"]


@pytest.mark.parametrize(
    ("values", "kind"), [([[1], [2]], "other"), ([True, None, True], "yes/no"), ([None], "text")]
)
def test_every_kind_can_be_described(values: list[Any], kind: Kind) -> None:
    found = told(values)
    assert found.kind == kind
    assert found.rows == len(values)
    assert found.to_json()["name"] == "a"


def test_no_rows_have_no_figures() -> None:
    found = told(pa.array([], pa.float64()), pa.array([], pa.float64()))
    assert (found.low, found.mean, found.bins, found.relation) == (None, None, [], None)

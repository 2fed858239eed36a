"""Tables: frames, order, filter and search, held against what NumPy and pandas say."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models.tables import filters
from kerastui.models.tables.contents import array_file
from kerastui.models.tables.frame import (
    ArrayFrame,
    ArrowFrame,
    Frame,
    JoinedFrame,
    StackedFrame,
    arrow_frame,
    unique_names,
)
from kerastui.models.tables.view import TableView, as_number

ROWS = [
    {"age": 25, "species": "setosa", "size": 1.5, "ok": True, "petal length": 1.0},
    {"age": None, "species": "virginica", "size": float("nan"), "ok": False, "petal length": 2.0},
    {"age": 41, "species": None, "size": float("inf"), "ok": None, "petal length": 3.0},
    {"age": 33, "species": "Setosa Smith", "size": 0.1, "ok": True, "petal length": 4.0},
]


def frame() -> ArrowFrame:
    return ArrowFrame(pa.Table.from_pylist(ROWS))


def shown(expression: str, table: Frame | None = None) -> list[int]:
    """Return the numbers of the rows that a filter leaves."""
    view = TableView(table or frame())
    view.filter(expression)
    ids: list[int] = view.page(0, 100, [])["ids"]
    return ids


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("", [0, 1, 2, 3]),
        ("age>30", [2, 3]),
        ("age >= 33", [2, 3]),
        ("age!=25", [2, 3]),
        ("age=missing", [1]),
        ("age!=missing", [0, 2, 3]),
        ("missing", [1, 2]),
        ("size=missing", [1]),
        ("size=0.1", [3]),
        ("species=setosa", [0]),
        ("species~SMI", [3]),
        ("species!~set", [1]),
        ("species=setosa|virginica", [0, 1]),
        ("species=missing|setosa", [0, 2]),
        ('species="Setosa Smith"', [3]),
        ('"petal length">2', [2, 3]),
        ("AGE>30 petal_length>0", None),
        ("AGE>30 ok=yes", [3]),
        ("age<−1", []),
        ("age=25.5", []),
    ],
)
def test_a_filter_leaves_the_rows_it_names(expression: str, rows: list[int] | None) -> None:
    if rows is None:
        with pytest.raises(UserError, match="no column 'petal_length'"):
            shown(expression)
    else:
        assert shown(expression) == rows


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("age", "no sign"),
        ("age>", "a value is wanted"),
        ("age>many", "'many' is none"),
        ("age~3", "holds numbers"),
        ("ok>1", "yes or no"),
        ("weight>1", "no column 'weight'"),
        (">3", "no condition"),
        ('"age', "no condition"),
        ("=====", "no condition"),
    ],
)
def test_a_wrong_filter_says_what_is_accepted(expression: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as told:
        shown(expression)
    assert told.value.hint


@given(st.text(max_size=40))
def test_no_filter_breaks_anything(expression: str) -> None:
    with contextlib.suppress(UserError):
        assert len(shown(expression)) <= 4


def test_a_float32_column_finds_its_own_numbers() -> None:
    table = ArrayFrame(np.array([[0.1], [0.2]], np.float32), ["a"])
    assert shown("a=0.1", table) == [0]
    assert shown("a<=0.1", table) == [0]


def test_dates_are_compared_as_dates() -> None:
    days = np.array(["2024-01-31", "2024-03-01", "NaT"], "datetime64[D]")
    table = arrow_frame({"day": days})
    assert table.kind(0) == "date"
    assert shown("day>=2024-02-01", table) == [1]
    assert shown("day=missing", table) == [2]
    assert TableView(table).page(0, 3, [0])["cells"] == [["2024-01-31", "2024-03-01", None]]
    with pytest.raises(UserError, match="holds dates"):
        shown("day>spring", table)


def test_rows_are_sorted_stably_and_missing_ones_come_last() -> None:
    view = TableView(frame())
    view.sort([0])
    assert view.page(0, 9, [0])["cells"] == [[25, 33, 41, None]]
    view.sort([0], descending=True)
    assert view.page(0, 9, [0])["ids"] == [2, 3, 0, 1]
    view.filter("petal length>1".replace("petal length", '"petal length"'))
    assert view.page(0, 9, [])["ids"] == [2, 3, 1]
    view.sort([])
    assert view.page(0, 9, [])["ids"] == [1, 2, 3]


@given(st.lists(st.floats(width=32), max_size=60), st.booleans(), st.floats(-10, 10))
def test_sorting_and_filtering_agree_with_pandas(
    values: list[float], descending: bool, limit: float
) -> None:
    data = pd.DataFrame({"a": np.array(values, np.float64)})
    view = TableView(ArrowFrame(pa.table({"a": pa.array(data["a"].to_numpy())})))
    view.filter(f"a>{limit!r}")
    view.sort([0], descending)
    wanted = data[data["a"] > limit].sort_values("a", ascending=not descending, kind="stable")
    assert view.page(0, 100, [0])["cells"][0] == wanted["a"].tolist()


def test_pages_hold_what_is_asked_for_and_no_more() -> None:
    array = np.arange(300, dtype=np.float32).reshape(100, 3)
    view = TableView(ArrayFrame(array))
    assert view.page(98, 10, [2, 0]) == {"ids": [98, 99], "cells": [[296, 299], [294, 297]]}
    assert view.page(500, 10, [0])["ids"] == []
    assert view.page(-5, 6, [0])["ids"] == [0]
    with pytest.raises(UserError, match="no page"):
        view.page(0, 1_000_000, [0, 1])
    with pytest.raises(UserError, match="no column 7"):
        view.page(0, 1, [7])
    with pytest.raises(UserError, match="no row 101"):
        view.record(100)
    assert view.record(1) == {"id": 1, "cells": [3, 4, 5]}


def test_search_goes_round_and_names_the_column() -> None:
    view = TableView(frame())
    assert view.search("SMITH", 0) == {"row": 3, "column": 1, "count": 1}
    assert view.search("setosa", 1)["row"] == 3
    assert view.search("setosa", 4)["row"] == 0
    assert view.search("setosa", 2, -1)["row"] == 0
    assert view.search("41", 0) == {"row": 2, "column": 0, "count": 1}
    assert view.search("nothing", 0)["row"] is None
    view.sort([0], descending=True)
    assert view.search("25", 0)["row"] == 2
    view.filter("age>30")
    assert view.search("25", 0)["count"] == 0


def test_a_number_is_found_as_it_is_shown() -> None:
    view = TableView(ArrayFrame(np.array([[0.12347], [0.2]], np.float32)))
    assert view.search("0.1235", 0)["row"] == 0
    assert view.search("0.12", 0)["row"] == 0
    assert view.search("0.13", 0)["row"] is None
    assert as_number("−1.5e-3") == (-0.0015, pytest.approx(5e-5))
    assert as_number("1,000") == (1000, 0)
    assert as_number("nan") is None
    assert as_number("a") is None


def test_cells_are_cut_and_harmless_for_json() -> None:
    table = ArrowFrame(pa.table({"t": ["x" * 1000, "a"], "l": [[1, 2], None]}))
    cells = TableView(table).page(0, 2, [0, 1])["cells"]
    assert cells[0][0].endswith("…")
    assert len(cells[0][0]) == 160
    assert cells[1] == ["[1, 2]", None]
    assert len(TableView(table).record(0)["cells"][0]) == 1000
    with pytest.raises(UserError, match="can't be sorted"):
        TableView(table).sort([1])


# Frames


def test_names_differ() -> None:
    assert unique_names(["a", "a", "", "a.1", "a"]) == ["a", "a.2", "column 3", "a.1", "a.3"]


def test_frames_stand_beside_and_below_each_other() -> None:
    numbers = ArrayFrame(np.arange(6).reshape(3, 2), ["a", "b"])
    words = arrow_frame({"a": np.array(["x", None, "y"], object)})
    both = JoinedFrame([words, numbers])
    assert list(both.names) == ["a", "a.1", "b"]
    assert [both.kind(place) for place in range(3)] == ["text", "whole", "whole"]
    tall = StackedFrame([both, both])
    view = TableView(tall)
    view.sort([1], descending=True)
    assert view.page(0, 3, [0, 1]) == {"ids": [2, 5, 1], "cells": [["y", "y", None], [4, 4, 2]]}
    assert tall.column(0).to_pylist() == ["x", None, "y"] * 2


@pytest.mark.parametrize("dtype", ["float16", "float32", ">f4", "int8", "uint64", "bool"])
def test_arrays_of_every_kind_are_tables(dtype: str) -> None:
    view = TableView(ArrayFrame(np.array([[1, 0], [0, 1], [1, 1]]).astype(dtype)))
    view.sort([0, 1])
    assert view.page(0, 3, [])["ids"] == [1, 0, 2]
    view.filter("0=1")
    assert view.rows == 2


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 2), complex), "complex"),
        (np.array([["a"]]), "<U1"),
        (np.zeros((2, 2, 2)), "2×2×2"),
    ],
)
def test_other_arrays_are_refused_in_words(array: Any, words: str) -> None:
    with pytest.raises(UserError, match=words):
        ArrayFrame(array)


def test_files_that_hold_no_array_are_refused(tmp_path: Path) -> None:
    pickled = tmp_path / "objects.npy"
    np.save(pickled, np.array([{}], object))
    text = tmp_path / "text.npy"
    text.write_text("hello")
    for path in (pickled, text, tmp_path / "absent.npy"):
        with pytest.raises(UserError, match=path.name):
            array_file(str(path))
    line = tmp_path / "line.npy"
    np.save(line, np.arange(3.0))
    assert array_file(str(line)).rows == 3


def test_nothing_is_a_table_too() -> None:
    view = TableView(ArrowFrame(pa.table({"a": pa.array([], pa.float64())})))
    view.sort([0])
    view.filter("a>1")
    assert view.rows == 0
    assert view.page(0, 10, [0]) == {"ids": [], "cells": [[]]}
    assert view.search("1", 0)["row"] is None
    assert filters.mask(view.frame, "") is None


def test_many_columns_are_only_names() -> None:
    wide = ArrayFrame(np.zeros((2, 100_000), np.float32))
    view = TableView(wide)
    assert len(wide.names) == 100_000
    assert view.page(0, 2, [99_999])["cells"] == [[0, 0]]
    view.filter("99999=0")
    assert view.rows == 2

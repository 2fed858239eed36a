"""Many inputs encoded at once are what they are when each is encoded alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.datasets.load import Source
from kerastui.datasets.loaded import Loaded, Sequences
from kerastui.datasets.prepare import prepare
from kerastui.datasets.prepared import Prepared
from kerastui.datasets.spec import Data

SOURCE = Source("own", "own", None, "", True, "generated", 6, None)


def prepared(loaded: Loaded, **data: Any) -> Prepared:
    """Prepare data that are given here."""
    spec = Data.model_validate({"dataset": "xor", **data})
    return prepare(spec, seed=3, read=lambda *_, **__: (loaded, SOURCE))


def _texts(cells: list[Any]) -> Any:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def table() -> Prepared:
    columns = {
        "size": np.array([1.0, 2, np.nan, 4, 5, 6]),
        "colour": _texts(["red", "blue", "red", "green", "blue", "red"]),
        "town": _texts(["Ulm", "Bern", "Ulm", "Bern", "Ulm", "Bern"]),
        "day": np.array([f"2024-0{m}-11" for m in range(1, 7)], dtype="datetime64[us]"),
        "price": np.array([1.0, 2, 3, 4, 5, 6]),
    }
    steps = [
        {"step": "missing", "strategy": "median", "columns": ["size"]},
        {"step": "one_hot", "columns": ["colour"]},
        {"step": "ordinal", "columns": ["town"]},
        {"step": "dates", "columns": ["day"]},
        {"step": "scale", "method": "standard"},
    ]
    return prepared(Loaded(columns=columns, target=("price",)), task="regression", steps=steps)


ROW = st.fixed_dictionaries(
    {
        "size": st.one_of(st.none(), st.floats(-1e6, 1e6)),
        "colour": st.sampled_from(["red", "blue", "violet", "NA "]),
        "town": st.sampled_from(["Ulm", "Bern", "Rome"]),
        "day": st.dates().map(str),
    }
)


@given(rows=st.lists(ROW, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_rows_of_a_table(rows: list[dict[str, Any]]) -> None:
    made = table()
    single = np.concatenate([made.encode(row) for row in rows])
    many = made.encode_many({name: [row[name] for row in rows] for name in made.input_names})
    np.testing.assert_array_equal(many, single)
    assert many.dtype == single.dtype


def test_columns_of_the_right_type_are_taken_as_they_are() -> None:
    made = prepared(
        Loaded(columns={"a": np.arange(6.0), "b": np.arange(6.0)}, target=("b",)),
        task="regression", steps=[{"step": "scale", "method": "minmax"}],
    )  # fmt: skip
    np.testing.assert_array_equal(made.encode_many({"a": np.array([0.0, 5, 10])}), [[0], [1], [2]])
    many = made.encode_many({"a": np.array([np.nan, 5])}, check=False)
    assert np.isnan(many[0, 0]) and many[1, 0] == 1  # noqa: PT018
    with pytest.raises(UserError, match="missing value"):
        made.encode_many({"a": [None, 5]})
    with pytest.raises(UserError, match="column a is missing"):
        made.encode_many({"c": [1]})
    with pytest.raises(UserError, match="not a number"):
        made.encode_many({"a": ["x"]})


def test_windows_of_a_series() -> None:
    sales = Loaded(columns={"sales": np.arange(12.0)}, target=("sales",))
    steps = [{"step": "window", "length": 3}, {"step": "scale", "method": "minmax"}]
    made = prepared(sales, task="forecasting", steps=steps)
    windows = np.array([[1.0, 2, 3], [7, 8, 30]])
    single = np.concatenate([made.encode(window) for window in windows])
    np.testing.assert_array_equal(made.encode_many(windows), single)
    assert made.kind == "series"
    assert made.encode_many([]).shape == (0, 3, 1)


def test_pictures() -> None:
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 255, (6, 4, 5)).astype(np.uint8)
    steps = [{"step": "scale", "method": "constant"}, {"step": "channel_axis"}]
    loaded = Loaded(x=pictures, y=np.array([0, 1, 0, 1, 0, 1]), classes=("a", "b"))
    made = prepared(loaded, task="multiclass", steps=steps)
    new = rng.integers(0, 255, (3, 4, 5))
    single = np.concatenate([made.encode(picture) for picture in new])
    np.testing.assert_array_equal(made.encode_many(new), single)
    assert made.kind == "picture"
    with pytest.raises(UserError, match="shape"):
        made.encode_many(new[:, :2])


@pytest.mark.parametrize("step", [{"step": "multi_hot", "words": 6}, {"step": "pad", "length": 4}])
def test_texts(step: dict[str, Any]) -> None:
    words = {name: rank for rank, name in enumerate(["the", "film", "was", "good", "bad"], 1)}
    x = Sequences.from_lengths(np.arange(4, 10, dtype=np.int32), np.array([1, 1, 1, 1, 1, 1]))
    loaded = Loaded(x=x, y=np.array([0, 1, 0, 1, 0, 1]), classes=("-", "+"), words=words)
    made = prepared(loaded, task="binary", steps=[step])
    texts = ["The film was good", "bad", "no such words here at all"]
    single = np.concatenate([made.encode(text) for text in texts])
    np.testing.assert_array_equal(made.encode_many(texts), single)
    assert made.kind == "text"
    assert made.words.index["film"] == 2

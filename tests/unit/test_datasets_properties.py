"""What must hold for every split and every step, whatever the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kerastui.datasets import spec
from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Sequences
from kerastui.datasets.rows import Rows
from kerastui.datasets.split import split_rows
from kerastui.datasets.steps import fit

numbers = st.floats(-1e6, 1e6, allow_nan=False, width=32)


def rows_of(n: int, classes: int = 3) -> Rows:
    return Rows({"a": np.arange(n, dtype=float)}, np.arange(n) % classes, np.arange(n))


@st.composite
def splits(draw: st.DrawFn) -> spec.Split:
    kind = draw(st.sampled_from(["fraction", "first", "last", "keras_boston", "own", "none"]))
    fields: dict[str, Any] = {"kind": kind}
    if kind == "fraction":
        fields |= {"test": draw(st.floats(0.01, 0.99)), "stratify": draw(st.booleans())}
    if kind in ("first", "last"):
        fields["count"] = draw(st.integers(1, 60))
    validation = draw(st.sampled_from(["none", "last", "first", "fold"]))
    watch: dict[str, Any] = {"kind": validation}
    if validation in ("last", "first"):
        size = draw(st.one_of(st.floats(0.01, 0.99), st.integers(1, 60)))
        watch["fraction" if isinstance(size, float) else "count"] = size
    if validation == "fold":
        watch["folds"] = draw(st.integers(2, 6))
        watch["fold"] = draw(st.integers(0, watch["folds"] - 1))
    return spec.Split.model_validate({**fields, "validation": watch})


@given(splits(), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_the_parts_are_all_rows_and_share_none(split: spec.Split, n: int, seed: int) -> None:
    try:
        parts = split_rows(split, rows_of(n), own_train=n // 2, seed=seed)
    except UserError:
        return
    together = np.concatenate(list(parts.values()))
    assert sorted(together.tolist()) == list(range(n))
    assert all(len(part) for part in parts.values())
    again = split_rows(split, rows_of(n), own_train=n // 2, seed=seed)
    assert all((parts[name] == again[name]).all() for name in parts)


@given(st.integers(2, 500), st.floats(0.01, 0.99))
def test_validation_last_is_keras_validation_split(n: int, fraction: float) -> None:
    split = spec.Split(validation=spec.Validation(kind="last", fraction=fraction))
    cut = int(n * (1 - fraction))
    if not 0 < cut < n:
        with pytest.raises(UserError):
            split_rows(split, rows_of(n), own_train=None, seed=0)
        return
    parts = split_rows(split, rows_of(n), own_train=None, seed=0)
    assert parts["train"].tolist() == list(range(cut))
    assert parts["validation"].tolist() == list(range(cut, n))


@given(st.integers(3, 300), st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
def test_fraction_is_sklearns_train_test_split(n: int, test: float, seed: int) -> None:
    from sklearn.model_selection import train_test_split

    split = spec.Split(kind="fraction", test=test)
    try:
        train, rest = train_test_split(np.arange(n), test_size=test, random_state=seed)
    except ValueError:
        with pytest.raises(UserError):
            split_rows(split, rows_of(n), own_train=None, seed=seed)
        return
    parts = split_rows(split, rows_of(n), own_train=None, seed=seed)
    assert parts["train"].tolist() == train.tolist()
    assert parts["test"].tolist() == rest.tolist()


@given(st.integers(30, 120), st.integers(0, 1000))
def test_stratified_parts_keep_the_shares(n: int, seed: int) -> None:
    rows = rows_of(n)
    split = spec.Split(kind="fraction", test=0.3, stratify=True)
    parts = split_rows(split, rows, own_train=None, seed=seed)
    share = np.bincount(rows.y[parts["test"]], minlength=3)
    assert share.max() - share.min() <= 1


matrices = hnp.arrays(
    np.float64, st.tuples(st.integers(2, 20), st.integers(1, 4)), elements=numbers
)


def table(matrix: np.ndarray[Any, Any]) -> Rows:
    columns = {f"c{i}": matrix[:, i] for i in range(matrix.shape[1])}
    return Rows(columns, np.zeros(len(matrix)), np.arange(len(matrix)))


@given(matrices, matrices, st.sampled_from(["standard", "minmax"]))
def test_scaling_knows_the_training_rows_only(
    train: np.ndarray[Any, Any], test: np.ndarray[Any, Any], method: Any
) -> None:
    assume(train.shape[1] == test.shape[1])
    step = spec.Scale(method=method)
    fitted = fit(step, table(train), [table(train), table(test)], ())
    alone = fit(step, table(train), [table(train)], ())
    one, other = fitted.inputs(table(test).x), alone.inputs(table(test).x)
    assert isinstance(one, dict)
    assert isinstance(other, dict)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


@given(matrices)
def test_scaling_is_sklearns(train: np.ndarray[Any, Any]) -> None:
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    for method, scaler in [("standard", StandardScaler()), ("minmax", MinMaxScaler())]:
        step = spec.Scale.model_validate({"step": "scale", "method": method})
        scaled = fit(step, table(train), [table(train)], ()).inputs(table(train).x)
        assert isinstance(scaled, dict)
        expected = scaler.fit_transform(train)
        for i, name in enumerate(scaled):
            spread = np.ptp(train[:, i])
            if spread > 1e-6 * max(1.0, np.abs(train[:, i]).max()):
                np.testing.assert_allclose(scaled[name], expected[:, i], atol=1e-4)


@given(hnp.arrays(np.uint8, (5, 3, 3)))
def test_scaling_pictures_by_all_their_values(pictures: np.ndarray[Any, Any]) -> None:
    rows = Rows(pictures, np.zeros(5), np.arange(5))
    scaled = fit(spec.Scale(), rows, [rows], ()).inputs(pictures)
    assert isinstance(scaled, np.ndarray)
    assert scaled.dtype == np.float32
    assert abs(float(scaled.mean())) < 1e-4
    assert scaled.std() == pytest.approx(1 if pictures.std() else 0, abs=1e-4)


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30))
def test_one_hot_rows_sum_to_one_and_tell_the_class(labels: list[str]) -> None:
    y = np.array(labels, dtype=object)
    rows = Rows({"a": np.zeros(len(y))}, y, np.arange(len(y)))
    fitted = fit(spec.OneHot(), rows, [rows], ())
    hot = fitted.targets(y)
    assert hot.shape == (len(y), len(set(labels)))
    assert (hot.sum(axis=1) == 1).all()
    assert [fitted.classes[i] for i in hot.argmax(axis=1)] == labels
    encoded = fit(spec.EncodeLabel(), rows, [rows], ()).targets(y)
    assert (encoded == hot.argmax(axis=1)).all()


@given(st.lists(st.lists(st.integers(0, 60), max_size=12), min_size=1, max_size=10), st.data())
def test_texts_by_slice_take_multi_hot_and_pad(lists: list[list[int]], data: st.DataObject) -> None:
    flat = np.array([w for words in lists for w in words], dtype=np.int32)
    texts = Sequences.from_lengths(flat, np.array([len(words) for words in lists]))
    assert [text.tolist() for text in texts] == lists
    order = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=12))
    taken = texts.take(np.array(order, dtype=np.int64))
    assert [text.tolist() for text in taken] == [lists[i] for i in order]
    start = data.draw(st.integers(0, len(lists)))
    assert [t.tolist() for t in texts.slice(start, len(lists))] == lists[start:]

    rows = Rows(texts, np.zeros(len(lists)), np.arange(len(lists)))
    hot = fit(spec.MultiHot(words=20), rows, [rows], ()).inputs(texts)
    assert isinstance(hot, np.ndarray)
    for row, words in zip(hot, lists, strict=True):
        assert np.flatnonzero(row).tolist() == sorted({w if w < 20 else 2 for w in words})
    for where in ("pre", "post"):
        step = spec.Pad.model_validate({"step": "pad", "length": 5, "words": 20, "where": where})
        padded = fit(step, rows, [rows], ()).inputs(texts)
        assert isinstance(padded, np.ndarray)
        for row, words in zip(padded, lists, strict=True):
            known = [w if w < 20 else 2 for w in words]
            zeros = [0] * (5 - len(known))
            expected = [*zeros, *known[-5:]] if where == "pre" else [*known[:5], *zeros]
            assert row.tolist() == expected


@given(st.integers(2, 40), st.integers(1, 39))
def test_windows_hold_each_value_before_its_target(n: int, length: int) -> None:
    assume(length < n)
    series = np.arange(n, dtype=float)
    rows = Rows({"v": series}, series, np.arange(n))
    made = fit(spec.Window(length=length), rows, [rows], ()).apply(rows)
    assert made.x.shape == (n - length, length, 1)  # type: ignore[union-attr]
    assert (made.x[:, -1, 0] + 1 == made.y).all()  # type: ignore[index]
    assert (made.index == made.y).all()


@given(st.lists(st.integers(0, 50), max_size=20))
def test_taking_neighbours_is_a_view_and_the_same(chosen: list[int]) -> None:
    x = np.arange(51.0)
    rows = Rows(x, x, np.arange(51))
    wanted = np.array(chosen, dtype=np.int64)
    taken = rows.take(wanted)
    assert taken.y.tolist() == [float(i) for i in chosen]
    if chosen == list(range(chosen[0], chosen[0] + len(chosen))) if chosen else False:
        assert np.shares_memory(taken.y, x)

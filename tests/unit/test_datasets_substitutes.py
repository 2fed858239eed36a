"""Stand-ins have the shapes of what they stand in for, and never hide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.catalogue import card, cards
from kerastui.datasets.errors import UserError
from kerastui.datasets.generators import generate
from kerastui.datasets.prepare import prepare
from kerastui.datasets.prepared import Prepared
from kerastui.datasets.spec import Data

THIRD = {"kind": "fraction", "test": 0.33}


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path))
    monkeypatch.delenv("KERASTUI_DATA", raising=False)


def done(dataset: str, task: str, *steps: dict[str, Any], **split: Any) -> Prepared:
    fields = {"dataset": dataset, "task": task, "steps": list(steps), "split": split}
    return prepare(Data.model_validate({**fields, "substitute": True}), seed=3)


def shapes(made: Prepared) -> list[tuple[int, ...]]:
    parts = (made.train, made.validation, made.test)
    return [part.x.shape for part in parts if part is not None]


def test_breast_cancer_for_ionosphere() -> None:
    made = done("ionosphere", "binary", {"step": "encode_label"}, **THIRD)
    assert shapes(made) == [(235, 34), (116, 34)]
    assert made.class_names == ["malignant", "benign"]
    assert made.source.substitute == "breast_cancer"
    assert made.source.dataset == "ionosphere"
    assert "substitute breast_cancer" in made.steps[0].words


@pytest.mark.parametrize("name", ["iris", "iris-t81"])
def test_sklearns_iris_for_iris(name: str) -> None:
    made = done(name, "multiclass", {"step": "one_hot"}, **THIRD)
    assert shapes(made) == [(100, 4), (50, 4)]
    assert made.train.y.shape == (100, 3)
    assert made.source.substitute == "sklearn-iris"


def test_generated_regressions() -> None:
    assert shapes(done("housing", "regression", **THIRD)) == [(339, 13), (167, 13)]
    assert shapes(done("boston", "regression", kind="keras_boston")) == [(404, 13), (102, 13)]
    fill = {"step": "missing", "strategy": "median", "columns": ["horsepower"]}
    mpg = done("auto-mpg", "regression", fill)
    assert shapes(mpg) == [(398, 7)]
    assert mpg.train.names is not None
    assert mpg.train.names[0] == "substitute row 0"


def test_a_generated_series_for_car_sales() -> None:
    made = done("car-sales", "forecasting", {"step": "window"}, kind="last", count=12)
    assert shapes(made) == [(91, 5, 1), (12, 5, 1)]


def test_digits_for_mnist() -> None:
    scale = {"step": "scale", "method": "constant"}
    made = done("mnist", "multiclass", {"step": "channel_axis"}, scale, kind="own")
    assert shapes(made) == [(1540, 28, 28, 1), (257, 28, 28, 1)]
    assert made.train.x.max() == 1
    assert made.output_shape == (10,)
    assert not made.train.x[:, :2].any(), "a frame of zeros"
    assert made.train.x[:, 2:26, 2:26].any()


@pytest.mark.parametrize(("name", "task"), [("imdb", "binary"), ("reuters", "multiclass")])
def test_generated_texts(name: str, task: str) -> None:
    made = done(name, task, {"step": "pad", "length": 30}, kind="own")
    assert [shape[0] for shape in shapes(made)] == [card(name).train, card(name).test]
    assert made.n_classes == len(card(name).classes)
    assert made.decode_text([1, 4, 5]) == "? word1 word2"


def test_every_file_has_a_stand_in_and_it_depends_on_the_seed_alone() -> None:
    for one in cards():
        if not one.files:
            continue
        steps: list[dict[str, Any]] = []
        if one.kind == "text":
            steps = [{"step": "pad", "length": 5}]
        if one.kind == "series":
            steps = [{"step": "window"}]
        first, second = (done(one.name, one.task, *steps) for _ in range(2))
        np.testing.assert_array_equal(first.train.x, second.train.x)
        np.testing.assert_array_equal(first.train.y, second.train.y)
        assert first.source.substitute == one.stand_in


def test_without_the_users_word_there_is_no_substitute(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    file = replace(card("ionosphere").file, addresses=("http://127.0.0.1:9/file",))
    lost = replace(card("ionosphere"), files=(file,))
    monkeypatch.setattr("kerastui.datasets.load.card_of", lambda data: lost)
    data = {"dataset": "ionosphere", "task": "binary", "steps": [{"step": "encode_label"}]}
    with pytest.raises(UserError, match="could not be downloaded") as caught:
        prepare(Data.model_validate(data), seed=1)
    assert "breast_cancer" in caught.value.hint


GENERATORS = [one for one in cards() if one.kind == "generator"]


@pytest.mark.parametrize("one", GENERATORS, ids=lambda one: one.name)
def test_generators_follow_their_seed(one: Any) -> None:
    small: dict[str, Any] = {p.name: 40 for p in one.parameters if p.name.startswith("n_tr")}
    small |= {p.name: 20 for p in one.parameters if p.name == "n_test"}
    first, same, other = (generate(one, small, seed) for seed in (1, 1, 2))

    def content(loaded: Any) -> bytes:
        columns = b"".join(column.tobytes() for column in loaded.columns.values())
        return columns + (loaded.x.values.tobytes() if loaded.x is not None else b"")

    assert content(first) == content(same)
    assert (content(first) == content(other)) == (one.name == "xor")
    fixed = {**small, "random_state": 5}
    if one.name != "xor":
        assert content(generate(one, fixed, 1)) == content(generate(one, fixed, 2))


def test_circles_are_sklearns() -> None:
    from sklearn.datasets import make_circles

    x, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
    given = {"n_samples": 1000, "noise": 0.1, "random_state": 1}
    fields = {"dataset": "make_circles", "task": "binary", "parameters": given,
              "split": {"kind": "first", "count": 500, "validation": {"kind": "test"}}}  # fmt: skip
    made = prepare(Data.model_validate(fields), seed=9)
    np.testing.assert_array_equal(made.train.x, x[:500].astype(np.float32))
    assert made.test is not None
    np.testing.assert_array_equal(made.test.y, y[500:])
    assert made.validation is not None
    assert made.validation.x is made.test.x


def test_exclusive_or() -> None:
    made = prepare(Data.model_validate({"dataset": "xor", "task": "regression"}), seed=1)
    assert made.train.x.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert made.train.y.tolist() == [0, 1, 1, 0]
    two = prepare(Data.model_validate({"dataset": "xor", "task": "binary"}), seed=1)
    assert two.train.y.dtype == np.int32

"""Preparation: steps, parts, records, new inputs, and everything that can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.datasets.prepare import prepare
from kerastui.datasets.prepared import Prepared
from kerastui.datasets.spec import Data

MPG = "mpg,cylinders,displacement,horsepower,weight,acceleration,year,origin,name\n"
CARS = [
    "18,8,307,130,3504,12,70,1,chevelle",
    "15,8,350,165,3693,11.5,70,1,skylark",
    "25,4,98,?,2046,19,71,1,pinto",
    "26,4,97,46,1835,20.5,70,2,vw",
    "24,4,107,90,2430,14.5,70,2,audi",
    "27,4,97,88,2130,14.5,70,3,datsun",
]
IRIS = ["5.1,3.5,1.4,0.2,b", "4.9,3.0,1.4,0.2,a", "4.7,3.2,1.3,0.2,c", "5.0,3.6,1.4,0.3,a"]


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A KERASTUI_DATA of our own with small files."""
    monkeypatch.setenv("KERASTUI_DATA", str(tmp_path))
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    (tmp_path / "auto-mpg.csv").write_text(MPG + "\n".join(CARS))
    (tmp_path / "iris.csv").write_text("\n".join(IRIS))
    sales = [f"1960-{m:02},{m * 10}" for m in range(1, 13)]
    (tmp_path / "monthly-car-sales.csv").write_text("Month,Sales\n" + "\n".join(sales))
    return tmp_path


def done(dataset: str, task: str, steps: Any = (), split: Any = None, **rest: Any) -> Prepared:
    fields = {"dataset": dataset, "task": task, "steps": list(steps), "split": split or {}, **rest}
    return prepare(Data.model_validate(fields), seed=7)


def step(name: str, **fields: Any) -> dict[str, Any]:
    return {"step": name, **fields}


def test_missing_values_are_filled_from_the_training_part() -> None:
    fill = step("missing", strategy="median", columns=["horsepower"])
    split = {"kind": "last", "count": 2}
    made = done("auto-mpg", "regression", [fill], split)
    assert made.feature_names[2] == "horsepower"
    assert made.train.x[2, 2] == 130  # of 130 165 46; with the test rows it would be 90
    assert made.train.names == ["chevelle", "skylark", "pinto", "vw"]
    assert made.test is not None
    assert made.test.index.tolist() == [4, 5]
    assert made.train.y.dtype == np.float32
    assert made.output_shape == (1,)
    assert made.encode([4, 98, None, 2046, 19, 71, 1])[0, 2] == 130
    assert made.encode([4, 98, "?", 2046, 19, 71, 1])[0, 2] == 130


def test_rows_with_missing_values_are_dropped_before_the_split() -> None:
    made = done("auto-mpg", "regression", [step("missing")], {"kind": "last", "count": 2})
    assert made.train.x.shape == (3, 7)
    assert "pinto" not in (made.train.names or [])
    assert [s.name for s in made.steps] == ["load", "missing", "split"]
    assert made.steps[1].before == {"all": {"x": (6, 7), "y": (6,)}}
    assert made.steps[1].after == {"all": {"x": (5, 7), "y": (5,)}}


@pytest.mark.parametrize(("strategy", "value"), [("mean", 103.8), ("constant", 5.0)])
def test_mean_and_constant(strategy: str, value: float) -> None:
    made = done("auto-mpg", "regression", [step("missing", strategy=strategy, value=5)])
    assert made.train.x[2, 2] == pytest.approx(value)


def test_labels_become_numbers_in_sorted_order() -> None:
    made = done("iris", "multiclass", [step("encode_label")])
    assert made.class_names == ["a", "b", "c"]
    assert made.train.y.tolist() == [1, 0, 2, 0]
    assert made.train.y.dtype == np.int32
    assert made.output_shape == (3,)
    assert made.n_classes == 3


@pytest.mark.parametrize("steps", [["one_hot"], ["encode_label", "one_hot"]])
def test_the_target_one_hot(steps: list[str]) -> None:
    made = done("iris", "multiclass", [step(name) for name in steps])
    assert made.train.y.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]]
    assert made.class_names == ["a", "b", "c"]
    assert made.output_shape == (3,)


def test_a_class_that_only_the_test_part_has_is_still_a_class() -> None:
    made = done("iris", "multiclass", [step("encode_label")], {"kind": "last", "count": 2})
    assert made.class_names == ["a", "b", "c"]
    assert made.test is not None
    assert made.test.y.tolist() == [2, 0]


def test_feature_columns_one_hot() -> None:
    made = done(
        "auto-mpg",
        "regression",
        [step("one_hot", columns=["origin", "name"])],
        {"kind": "last", "count": 2},
        features=["weight", "origin", "name"],
    )
    assert made.feature_names == [
        "weight", "origin=1", "origin=2",
        "name=chevelle", "name=pinto", "name=skylark", "name=vw",
    ]  # fmt: skip
    assert made.train.x[3].tolist() == [1835, 0, 1, 0, 0, 0, 1]
    assert made.test is not None
    assert made.test.x[1].tolist() == [2130, 0, 0, 0, 0, 0, 0]  # 3 and datsun: not seen
    assert made.encode([1, 2, "vw"]).tolist() == [[1, 0, 1, 0, 0, 0, 1]]
    assert made.input_names == ["weight", "origin", "name"]


def test_scaling_uses_the_training_rows_without_validation() -> None:
    split = {"kind": "last", "count": 2, "validation": {"kind": "last", "count": 2}}
    made = done("auto-mpg", "regression", [step("scale")], split, features=["weight"])
    np.testing.assert_allclose(made.train.x[:, 0], [-1, 1], atol=1e-5)  # 3504 and 3693
    assert made.validation is not None
    assert made.validation.x[0, 0] == pytest.approx((2046 - 3598.5) / 94.5)
    assert made.encode([3598.5])[0, 0] == pytest.approx(0)
    named = done("auto-mpg", "regression", [step("scale", columns=["weight"], method="minmax")],
                 features=["weight", "year"])  # fmt: skip
    assert named.train.x[:, 0].min() == 0
    assert named.train.x[:, 0].max() == 1
    assert named.train.x[:, 1].min() == 70


def test_a_constant_column_does_not_divide_by_zero() -> None:
    split = {"kind": "first", "count": 2}
    for method in ("standard", "minmax"):
        made = done("auto-mpg", "regression", [step("scale", method=method)], split,
                    features=["year", "weight"])  # fmt: skip
        assert made.train.x[:, 0].tolist() == [0, 0]


def test_windows_over_a_series() -> None:
    split = {"kind": "last", "count": 2, "validation": {"kind": "test"}}
    made = done("car-sales", "forecasting", [step("window", length=3)], split)
    assert made.train.x.shape == (7, 3, 1)
    assert made.train.x[0, :, 0].tolist() == [10, 20, 30]
    assert made.train.y[0] == 40
    assert made.train.names is not None
    assert made.train.names[0] == "1960-04"
    assert made.test is not None
    assert made.validation is not None
    assert made.validation.x is made.test.x
    assert made.encode([1, 2, 3]).tolist() == [[[1], [2], [3]]]
    flat = done("car-sales", "forecasting",
                [step("window", length=3), step("scale"), step("flatten")], split)  # fmt: skip
    assert flat.train.x.shape == (7, 3)
    assert flat.train.x.mean() == pytest.approx(0, abs=1e-6)
    assert flat.encode([10, 20, 30]).tolist() == [flat.train.x[0].tolist()]


def test_several_targets() -> None:
    made = done("auto-mpg", "regression", [step("missing")], target=["mpg", "weight"])
    assert made.train.y.shape == (5, 2)
    assert made.output_shape == (2,)
    assert "weight" not in made.feature_names


def test_multilabel_targets(own: Path) -> None:
    header = MPG.replace("origin", "origin,fast,cheap")
    text = header + "\n".join(
        ",".join([*car.split(",")[:-1], str(i % 2), str(i // 3), car.split(",")[-1]])
        for i, car in enumerate(CARS)
    )
    (own / "auto-mpg.csv").write_text(text)
    fields = {"target": ["fast", "cheap"], "features": ["weight"]}
    made = done("auto-mpg", "multilabel", **fields)
    assert made.train.y.tolist() == [[0, 0], [1, 0], [0, 0], [1, 1], [0, 1], [1, 1]]
    assert made.output_shape == (2,)
    with pytest.raises(UserError, match="other values than 0 and 1"):
        done("auto-mpg", "multilabel", target=["mpg", "fast"], features=["weight"])


def test_pictures_get_a_channel_or_become_rows() -> None:
    scaled = step("scale", method="constant", divisor=16)
    made = done("digits", "multiclass", [step("channel_axis"), scaled],
                {"kind": "fraction", "test": 0.2, "stratify": True})  # fmt: skip
    assert made.train.x.shape[1:] == (8, 8, 1)
    assert made.train.x.dtype == np.float32
    assert made.train.x.max() == 1
    assert made.encode(np.full((8, 8), 8)).tolist() == np.full((1, 8, 8, 1), 0.5).tolist()
    rows = done("digits", "multiclass", [step("flatten")])
    assert rows.train.x.shape == (1797, 64)
    with pytest.raises(UserError, match=r"shape \(7, 7\)"):
        made.encode(np.zeros((7, 7)))


def test_generated_texts_multi_hot_and_padded() -> None:
    small = {"n_train": 60, "n_test": 20, "length": 30, "random_state": 1}
    hot = done("token-reviews", "binary", [step("multi_hot", words=500)],
               {"kind": "own"}, parameters=small)  # fmt: skip
    assert hot.train.x.shape == (60, 500)
    assert hot.train.x.dtype == np.uint8
    assert hot.train.x[:, 1].all(), "the start mark is in every text"
    assert hot.train.x[:, 2].any(), "rare words are 2"
    assert hot.output_shape == (1,)
    padded = done("token-reviews", "binary", [step("pad", length=12, words=500)],
                  {"kind": "own"}, parameters=small)  # fmt: skip
    assert padded.train.x.shape == (60, 12)
    assert padded.train.x.max() < 500
    assert set(np.flatnonzero(hot.train.x[0])) >= set(padded.train.x[0].tolist()) - {0}
    batch = hot.encode("word7 Word9 unheard")
    assert np.flatnonzero(batch[0]).tolist() == [1, 2, 10, 12]
    assert hot.encode([1, 10, 12]).sum() == 3
    assert hot.decode_text([1, 10, 12]) == "? word7 word9"
    assert padded.encode(["word7"]).tolist() == [[0] * 10 + [1, 10]]


def test_the_record_is_plain_json() -> None:
    made = done("iris", "multiclass", [step("encode_label")], {"kind": "last", "count": 1})
    record = json.loads(json.dumps(made.to_json(), allow_nan=False))
    assert record["source"]["dataset"] == "iris"
    assert record["source"]["origin"] == "KERASTUI_DATA"
    assert record["source"]["verified"] is False
    assert record["source"]["rows"] == 4
    assert record["source"]["substitute"] is None
    assert record["parts"] == {"train": {"x": [3, 4], "y": [3]}, "test": {"x": [1, 4], "y": [1]}}
    assert [s["name"] for s in record["steps"]] == ["load", "split", "encode_label"]
    assert record["input_shape"] == [4]


def test_progress_is_told_in_words() -> None:
    heard: list[str] = []
    fields = {"dataset": "iris", "task": "multiclass", "steps": [step("encode_label")]}
    prepare(Data.model_validate(fields), seed=0, progress=heard.append)
    assert heard == ["Loading iris", "Preparing: encode_label"]


def test_the_seed_decides_where_the_split_names_none() -> None:
    def rows(own: int, **split: Any) -> list[int]:
        fields = {"dataset": "digits", "task": "multiclass", "steps": [step("flatten")],
                  "split": {"kind": "fraction", "test": 0.1, **split}}  # fmt: skip
        return list(prepare(Data.model_validate(fields), seed=own).train.index)

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)
    assert rows(1, seed=5) == rows(2, seed=5)
    assert rows(5) == rows(1, seed=5)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("no data set called 'nothing'", {"dataset": "nothing"}),
    ("takes no parameters", {"parameters": {"n": 1}}),
    ("target: iris has no column 'specis'", {"target": ["specis"]}),
    ("features: iris has no column 'x'", {"features": ["x"]}),
    ("no column left", {"target": ["sepal_l", "sepal_w", "petal_l", "petal_w", "species"]}),
    ("Nothing stands in for digits", {"dataset": "digits", "substitute": True}),
    ("target holds text, for example 'b'", {}),
    ("target holds text", {"task": "regression"}),
    ("not class numbers: they go from 4.7", {"target": ["sepal_l"], "features": ["sepal_w"]}),
    ("needs the classes 0 and 1, but there are 3",
     {"task": "binary", "steps": [step("encode_label")]}),
    ("one class only",
     {"steps": [step("encode_label")], "split": {"kind": "first", "count": 1}}),
    ("asks for 4 rows, but there are 4", {"split": {"kind": "last", "count": 4}}),
    ("does not come split", {"split": {"kind": "own"}}),
    ("2 of the 3 classes occur only once",
     {"split": {"kind": "fraction", "test": 0.5, "stratify": True}}),
    ("The validation part has no rows",
     {"split": {"validation": {"kind": "fold", "fold": 0, "folds": 9}}}),
    ("asks for 9 of 4", {"split": {"validation": {"kind": "last", "count": 9}}}),
    ("The validation part has no rows",
     {"split": {"validation": {"kind": "first", "fraction": 0.01}}}),
    ("train part has no rows", {"split": {"validation": {"kind": "last", "fraction": 0.99}}}),
    ("among the features", {"steps": [step("scale", columns=["nothing"])]}),
    ("needs numbers. Column species holds text where numbers are needed: 'b' in row 1",
     {"target": ["sepal_l"], "task": "regression", "steps": [step("scale")]}),
    ("Column species holds text where numbers are needed: 'b' in row 1",
     {"target": ["sepal_l"], "task": "regression"}),
    ("median|text",
     {"target": ["sepal_l"], "task": "regression",
      "steps": [step("missing", strategy="median", columns=["species"])]}),
    ("needs one target column",
     {"target": ["sepal_l", "sepal_w"], "steps": [step("encode_label")]}),
    ("not one-hot", {"target": ["sepal_l", "sepal_w"]}),
    ("for pictures", {"steps": [step("channel_axis")]}),
    ("for pictures and windows", {"steps": [step("flatten")]}),
    ("is for texts", {"steps": [step("multi_hot")]}),
    ("is for texts", {"steps": [step("pad")]}),
    ("window comes after a step that learns",
     {"dataset": "car-sales", "task": "forecasting", "steps": [step("scale"), step("window")]}),
    ("cannot be learned without windows", {"dataset": "car-sales", "task": "forecasting"}),
    ("A window of 12 needs more than 12 values",
     {"dataset": "car-sales", "task": "forecasting", "steps": [step("window", length=12)]}),
    ("different lengths",
     {"dataset": "token-reviews", "task": "binary", "parameters": {"n_train": 5, "n_test": 5}}),
    ("Texts cannot be scaled",
     {"dataset": "token-reviews", "task": "binary", "parameters": {"n_train": 5, "n_test": 5},
      "steps": [step("scale")]}),
    ("works on the columns of a table", {"dataset": "digits", "steps": [step("missing")]}),
    ("no columns to choose from", {"dataset": "digits", "features": ["a"]}),
    ("no parameter 'n_sample'", {"dataset": "make_moons", "parameters": {"n_sample": 3}}),
    ("n_samples is 'x'", {"dataset": "make_moons", "parameters": {"n_samples": "x"}}),
    ("n_samples is True", {"dataset": "make_moons", "parameters": {"n_samples": True}}),
    ("n_samples is 0", {"dataset": "make_moons", "parameters": {"n_samples": 0}}),
    ("was asked for", {"dataset": "make_blobs", "parameters": {"n_samples": 10**12}}),
    ("cannot work with these parameters",
     {"dataset": "make_classification", "parameters": {"n_features": 2, "n_classes": 9}}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "fields"), WRONG, ids=[w for w, _ in WRONG])
def test_what_cannot_work_is_told_in_words(words: str, fields: dict[str, Any]) -> None:
    fields = {"dataset": "iris", "task": "multiclass", **fields}
    with pytest.raises(UserError, match=words) as caught:
        prepare(Data.model_validate(fields), seed=1)
    assert caught.value.hint


def test_one_missing_value_left_is_named_with_its_row() -> None:
    with pytest.raises(UserError, match=r"missing value \(NaN\) in column horsepower, row 3 \(1 "):
        done("auto-mpg", "regression")
    shuffled = {"kind": "fraction", "test": 0.3, "seed": 1}
    with pytest.raises(UserError, match="column horsepower, row 3"):
        done("auto-mpg", "regression", split=shuffled)


def test_infinity_and_text_in_a_number_column(own: Path) -> None:
    (own / "auto-mpg.csv").write_text(MPG + "\n".join(CARS).replace("307", "inf"))
    with pytest.raises(UserError, match="infinity in column displacement, row 1"):
        done("auto-mpg", "regression", [step("missing")])
    (own / "auto-mpg.csv").write_text(MPG + "\n".join(CARS).replace("350", "many"))
    with pytest.raises(UserError, match=r"displacement holds text.*'many' in row 2"):
        done("auto-mpg", "regression", [step("missing")])
    with pytest.raises(UserError, match=r"displacement holds text.*'many' in row 2"):
        done("auto-mpg", "regression", [step("scale")])


def test_nothing_left_after_dropping(own: Path) -> None:
    cars = [",".join(["?", *car.split(",")[1:]]) for car in CARS]
    (own / "auto-mpg.csv").write_text(MPG + "\n".join(cars))
    with pytest.raises(UserError, match="No row is left"):
        done("auto-mpg", "regression", [step("missing")])
    with pytest.raises(UserError, match="No row is left"):
        done("auto-mpg", "regression", [step("missing", columns=["weight"])])
    with pytest.raises(UserError, match="6 rows of the train part have no target"):
        done("auto-mpg", "regression", [step("missing", strategy="median")])


def test_a_column_without_any_value_has_no_median(own: Path) -> None:
    cars = [",".join([*car.split(",")[:3], "?", *car.split(",")[4:]]) for car in CARS]
    (own / "auto-mpg.csv").write_text(MPG + "\n".join(cars))
    with pytest.raises(UserError, match="horsepower has no value at all"):
        done("auto-mpg", "regression", [step("missing", strategy="median")])


def test_labels_that_are_missing(own: Path) -> None:
    (own / "iris.csv").write_text("\n".join([*IRIS, "1,1,1,1,"]))
    with pytest.raises(UserError, match="1 rows have no target"):
        done("iris", "multiclass", [step("encode_label")])
    made = done("iris", "multiclass", [step("missing"), step("encode_label")])
    assert made.class_names == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 2, 3], "3 values were given"),
        ("5.1", "Text was given"),
        ([1, 2, 3, "x"], "petal_w is 'x'"),
        ([1, 2, 3, None], "missing value"),
        ([1, 2, 3, float("inf")], "infinity"),
        ({"sepal_l": 1}, "missing: sepal_w"),
        ({"sepal_l": 1, "sepal_w": 1, "petal_l": 1, "petal_w": 1, "x": 1}, "unknown: x"),
    ],
)
def test_new_inputs_that_do_not_fit(values: Any, words: str) -> None:
    made = done("iris", "multiclass", [step("encode_label")])
    with pytest.raises(UserError, match=words) as caught:
        made.encode(values)
    assert caught.value.hint
    by_name = dict(zip(made.input_names, [1, 2, 3, "4"], strict=True))
    assert made.encode(by_name).tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("values", [[1, 2], [1, 2, 3, 4], ["a", "b", "c"], [[1, 2]] * 3, 5])
def test_new_windows_that_do_not_fit(values: Any) -> None:
    made = done("car-sales", "forecasting", [step("window", length=3)])
    with pytest.raises(UserError):
        made.encode(values)


@pytest.mark.parametrize("values", ["", "!!!", [], [1.5], [-1], [[1]]])
def test_new_texts_that_do_not_fit(values: Any) -> None:
    small = {"n_train": 5, "n_test": 5, "random_state": 1}
    made = done("token-reviews", "binary", [step("multi_hot")], parameters=small)
    with pytest.raises(UserError):
        made.encode(values)


def test_tables_have_no_texts_to_decode() -> None:
    made = done("iris", "multiclass", [step("encode_label")])
    with pytest.raises(UserError, match="holds no texts"):
        made.decode_text([1, 2])

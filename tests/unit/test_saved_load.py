"""Models of other Keras versions: what is repaired, what is refused; nothing is executed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.saved.load import load
from kerastui.models.saved.read import read
from kerastui.models.saved.repair import repair

OLD = Path(__file__).parents[1] / "files" / "keras2"


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    with np.load(OLD / "expected.npz") as stored:
        return dict(stored)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("mlp.h5", "decay"),
        ("cnn.h5", "DepthwiseConv2D: groups"),
        ("rnn.keras", "LSTM: time_major"),
        ("two.json", "batch_input_shape"),
        ("nested.h5", "calls of stacks"),
        ("mixed.h5", "scaling of its loss"),
        ("threshold.h5", "it is ReLU with a threshold"),
    ],
)
def test_a_model_of_keras_2_predicts_what_it_did(
    file: str, change: str, expected: dict[str, Any]
) -> None:
    before = (OLD / file).read_bytes()
    loaded = load(OLD / file)
    name = file.partition(".")[0]
    x = expected.get(f"{name}_x")
    if x is None:
        x = [expected["two_words"], expected["two_numbers"]]
    got = loaded.model.predict(x, batch_size=2 if name == "rnn" else None, verbose=0)
    np.testing.assert_allclose(got, expected[name], rtol=1e-5, atol=1e-6)
    assert any(change in text for text in loaded.changes)
    assert (OLD / file).read_bytes() == before
    if name in ("mlp", "cnn", "rnn", "nested", "mixed"):
        assert loaded.model.compiled


def test_another_function_under_the_same_name_is_told(expected: dict[str, Any]) -> None:
    loaded = load(OLD / "gelu.h5")
    got = loaded.model.predict(expected["gelu_x"], verbose=0)
    assert 1e-4 < abs(got - expected["gelu"]).max() < 1e-2
    assert any("hard_sigmoid is another function now" in text for text in loaded.changes)


@pytest.mark.parametrize(
    ("file", "words"),
    [("attention.json", "by the names of arguments"), ("customact.json", "is a Python function")],
)
def test_what_keras_3_cannot_connect_or_must_not_run_is_named(file: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        load(OLD / file)


def test_a_folder_of_tensorflow_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(UserError, match="program for TensorFlow") as caught:
        read(tmp_path)
    assert "model.h5" in caught.value.hint


@pytest.mark.parametrize(("file", "words"), [("lambda.h5", "Python function"),
                                             ("tfop.h5", "tf.math.multiply")])  # fmt: skip
def test_what_would_execute_code_is_refused_by_name(file: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        load(OLD / file)
    assert read(OLD / file).parameters > 0


def test_a_class_that_is_not_of_keras_is_named(tmp_path: Path) -> None:
    plain = json.loads((OLD / "two.json").read_text())
    plain["config"]["layers"][1].update(class_name="MyLayer", registered_name="lab>MyLayer")
    (tmp_path / "own.json").write_text(json.dumps(plain))
    with pytest.raises(UserError, match="lab>MyLayer"):
        load(tmp_path / "own.json")


def test_a_structure_without_weights_says_so(tmp_path: Path) -> None:
    shutil.copy(OLD / "two.json", tmp_path)
    assert "the weights are new" in load(tmp_path / "two.json").notes[0]


def test_files_of_today_need_no_repair(tmp_path: Path) -> None:
    import keras

    keras.utils.clear_session()
    left, right = keras.Input((2,)), keras.Input((2,))
    inner = keras.Sequential([keras.layers.Dense(3, activation="relu")])
    both = keras.layers.Concatenate()([inner(left), inner(right)])
    model = keras.Model([left, right], keras.layers.Dense(1)(both))
    model.compile("adam", "mse", metrics=["mae"])
    x = [np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)]
    wanted = model.predict(x, verbose=0)
    for name in ("model.keras", "model.h5"):
        model.save(tmp_path / name)
        loaded = load(tmp_path / name)
        assert loaded.changes == []
        np.testing.assert_allclose(loaded.model.predict(x, verbose=0), wanted)
    (tmp_path / "model.json").write_text(model.to_json())
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = load(tmp_path / "model.json")
    np.testing.assert_allclose(loaded.model.predict(x, verbose=0), wanted)


def test_a_stack_of_keras_1_is_brought_over(tmp_path: Path) -> None:
    layers = [
        {"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 3, "init": "uniform",
                                           "activation": "relu", "bias": True,
                                           "batch_input_shape": [None, 2], "input_dim": 2}},
        {"class_name": "Dropout", "config": {"name": "dropout_1", "p": 0.5}},
        {"class_name": "Dense", "config": {"name": "dense_2", "output_dim": 1, "bias": True,
                                           "activation": "linear"}},
    ]  # fmt: skip
    arrays = {
        "dense_1": {"dense_1_W": np.full((2, 3), 0.5), "dense_1_b": np.zeros(3)},
        "dropout_1": {},
        "dense_2": {"dense_2_W": np.ones((3, 1)), "dense_2_b": np.full(1, 0.25)},
    }  # fmt: skip
    with h5py.File(tmp_path / "first.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": layers})
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in arrays]
        for name, weights in arrays.items():
            group.create_group(name).attrs["weight_names"] = [key.encode() for key in weights]
            for key, value in weights.items():
                group[name][key] = value.astype(np.float32)
    loaded = load(tmp_path / "first.h5")
    assert "Keras 1" in loaded.changes[0]
    got = loaded.model.predict(np.array([[1.0, 2.0]], np.float32), verbose=0)
    np.testing.assert_allclose(got, [[3 * 1.5 + 0.25]])


def test_arguments_that_mean_something_are_not_dropped_silently() -> None:
    found = read(OLD / "rnn.keras")
    structure = json.loads(json.dumps(dict(found.structure)))
    structure["config"]["layers"][1]["config"]["time_major"] = True
    changed = type(found)(**{**vars(found), "structure": structure})
    assert "time_major = True" in repair(changed).refused[0]


def test_a_structure_of_today_that_names_no_version_is_not_one_of_keras_1(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((5,)), keras.layers.Embedding(9, 4),
                              keras.layers.LSTM(3), keras.layers.Dense(2)])  # fmt: skip
    (tmp_path / "words.json").write_text(model.to_json())
    model.save_weights(tmp_path / "words.weights.h5")
    loaded = load(tmp_path / "words.json")
    rows = np.array([[1, 2, 3, 4, 8]])
    np.testing.assert_array_equal(loaded.model(rows), model(rows))


def test_layers_of_keras_1_keep_what_they_meant_or_are_refused(tmp_path: Path) -> None:
    structure: dict[str, Any] = {"class_name": "Sequential", "config": [
        {"class_name": "Embedding", "config": {
            "name": "words", "input_dim": 9, "output_dim": 2, "init": "uniform",
            "input_length": 3, "W_regularizer": None, "batch_input_shape": [None, 3]}},
        {"class_name": "Flatten", "config": {"name": "flat"}},
        {"class_name": "BatchNormalization", "config": {"name": "norm", "mode": 0, "axis": -1}},
        {"class_name": "Dense", "config": {"name": "out", "output_dim": 1, "init": "uniform"}},
    ]}  # fmt: skip
    (tmp_path / "old.json").write_text(json.dumps(structure))
    assert load(tmp_path / "old.json").model.count_params() == 18 + 24 + 7
    structure["config"][2]["config"]["mode"] = 1
    (tmp_path / "old.json").write_text(json.dumps(structure))
    with pytest.raises(UserError, match="has mode = 1"):
        load(tmp_path / "old.json")

"""Dense networks by hand: the same numbers as Keras, the listing, and what can't be done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import by_hand, shipped
from kerastui.models.processes.inspector import Inspector
from kerastui.models.saved import read as weights

from ..ui.keras_file import keras_file

needs_data = pytest.mark.skipif(not os.environ.get("KERASTUI_DATA"), reason="no data files here")


def compare(model: Any, path: Path, inputs: Any) -> None:
    """Hold the calculation against what Keras predicts for the same inputs."""
    model.save(path)
    network = by_hand.network(weights.read(path))
    said = model.predict(np.asarray(inputs, np.float32), verbose=0)
    for row, output in zip(inputs, said, strict=True):
        found = by_hand.calculate(network, row)[-1].outputs
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, output, rtol=1e-5, atol=1e-6)


def test_a_small_network_step_by_step(tmp_path: Path) -> None:
    network = by_hand.network(weights.read(keras_file(tmp_path / "model.keras")))
    first, second = by_hand.calculate(network, [0, 1])
    assert network.inputs == 2
    assert first.sums.tolist() == [0.0, -0.5]
    assert first.outputs.tolist() == [0.0, 0.0]
    assert (first.layer, second.layer) == (1, 2)
    assert second.outputs.tolist() == [0.25]
    assert by_hand.calculate(network, [1, 1])[-1].outputs.tolist() == [2.75]
    with pytest.raises(UserError, match="takes 2 numbers, 3"):
        by_hand.calculate(network, [1, 2, 3])


def test_the_listing_names_every_weight(tmp_path: Path) -> None:
    lines = by_hand.formulas(weights.read(keras_file(tmp_path / "model.keras")))
    assert list(lines) == [
        "0B -> L1N0: -1.25", "0B -> L1N1: 0.5",
        "L0N0 -> L1N0 = 1.25", "L0N0 -> L1N1 = -1.0",
        "L0N1 -> L1N0 = 1.25", "L0N1 -> L1N1 = -1.0",
        "1B -> L2N0: 0.25", "L1N0 -> L2N0 = 2.0", "L1N1 -> L2N0 = 0.5",
    ]  # fmt: skip
    assert lines[2:4] == list(lines)[2:4]


def test_xor_says_what_keras_says(tmp_path: Path) -> None:
    import keras

    for seed in range(5):
        keras.utils.set_random_seed(seed)
        layers = [keras.Input((2,)), keras.layers.Dense(2, "relu"), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        compare(model, tmp_path / "model.keras", [[0, 0], [1, 0], [0, 1], [1, 1], [-3.5, 1e4]])


@pytest.mark.parametrize("functional", [False, True])
def test_every_activation_and_layer_says_what_keras_says(tmp_path: Path, functional: bool) -> None:
    import keras

    keras.utils.set_random_seed(3)
    layers = [
        keras.layers.Dense(6, "tanh"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(5, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
        keras.layers.GaussianNoise(0.3),
        keras.layers.Dense(4, "sigmoid"),
        keras.layers.Dense(3, "softmax"),
    ]
    model = _chain(layers) if functional else keras.Sequential([keras.Input((7,)), *layers])
    norm = layers[3]
    rng = np.random.default_rng(0)
    norm.set_weights([rng.uniform(0.5, 2, 5) for _ in range(4)])
    compare(model, tmp_path / "model.keras", rng.normal(0, 3, (20, 7)))


def _chain(layers: list[Any]) -> Any:
    import keras

    inputs = tensor = keras.Input((7,))
    for layer in layers:
        tensor = layer(tensor)
    return keras.Model(inputs, tensor)


@needs_data
def test_ionosphere_says_what_keras_says_for_the_inputs_of_the_run(tmp_path: Path) -> None:
    from kerastui.models.network.building import build_model

    experiment = shipped.experiment("a05-ionosphere")
    found = Inspector().answer(
        "inputs", {"experiment": experiment.plain(), "most": 512, "samples": 9}
    )["result"]
    assert len(found["names"]) == 34
    assert [row["label"] for row in found["rows"]][:2] == ["the document's row", "test 0"]
    assert found["rows"][0]["number"] == 1
    model = build_model(experiment.model, (34,), seed=1)
    compare(model, tmp_path / "model.keras", [row["values"] for row in found["rows"]])


def test_the_inputs_of_xor_are_its_four_rows() -> None:
    found = Inspector().answer(
        "inputs", {"experiment": shipped.experiment("b13-xor").plain(), "most": 512, "samples": 9}
    )["result"]
    assert [(row["label"], row["values"]) for row in found["rows"]] == [
        ("0 xor 0", [0, 0]), ("1 xor 0", [1, 0]), ("0 xor 1", [0, 1]), ("1 xor 1", [1, 1]),
    ]  # fmt: skip
    assert [row["number"] for row in found["rows"]] == [1, 2, 3, 4]


def test_inputs_that_are_no_row_of_numbers_are_not_offered() -> None:
    plain = shipped.experiment("b13-xor").plain()
    answer = Inspector().answer("inputs", {"experiment": plain, "most": 1, "samples": 9})
    assert "up to 1 number" in answer["error"]["message"]


def test_other_networks_get_a_sentence(tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((4,))
    branch = keras.layers.Dense(2)(inputs)
    layers = keras.layers
    cases = {
        "Conv1D": keras.Sequential([keras.Input((8, 1)), layers.Conv1D(2, 3), layers.Flatten(),
                                    layers.Dense(1)]),
        "softplus": keras.Sequential([keras.Input((4,)), layers.Dense(2, "softplus")]),
        "more than one chain": keras.Model(inputs, layers.Add()([branch, layers.Dense(2)(inputs)])),
        "no Dense": keras.Sequential([keras.Input((4,)), layers.Dropout(0.5)]),
        "no single row": keras.Sequential([keras.Input((2, 3)), layers.Flatten(),
                                           layers.Dense(1)]),
        "too long": keras.Sequential([keras.Input((513,)), layers.Dense(1)]),
    }  # fmt: skip
    for words, model in cases.items():
        model.save(tmp_path / "model.keras")
        with pytest.raises(UserError) as caught:
            by_hand.network(weights.read(tmp_path / "model.keras"))
        assert words in caught.value.message
        assert caught.value.hint
    cases["Conv1D"].save(tmp_path / "model.keras")
    with pytest.raises(UserError, match="Conv1D"):
        by_hand.formulas(weights.read(tmp_path / "model.keras"))
    cases["no Dense"].save(tmp_path / "model.keras")
    with pytest.raises(UserError, match="no Dense"):
        by_hand.formulas(weights.read(tmp_path / "model.keras"))

"""Keras' applications as layers: built, frozen, loaded, explained, exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import Experiment
from kerastui.models.network import applications

keras = pytest.importorskip("keras")

from kerastui.models.code.model import model_lines  # noqa: E402
from kerastui.models.network import summary  # noqa: E402
from kerastui.models.network.building import build_model, compile_model  # noqa: E402
from kerastui.models.preflight import checks as preflight  # noqa: E402
from kerastui.models.preflight.checks import Facts, TargetFacts  # noqa: E402

LAST = {"type": "Dense", "units": 1, "activation": "sigmoid"}
SMALL = {"type": "MobileNetV2", "alpha": 0.35, "pooling": "avg"}


def experiment(*layers: dict[str, Any]) -> Experiment:
    return Experiment.model_validate(
        {"data": {"dataset": "digits", "task": "binary"}, "model": {"layers": list(layers)},
         "compile": {"loss": "binary_crossentropy"}}
    )  # fmt: skip


def told(*layers: dict[str, Any], shape: tuple[int, ...]) -> list[preflight.Finding]:
    facts = Facts(shape, (TargetFacts((), 0, 1, whole=True),), "binary", 100)
    return preflight.check(experiment(*layers), facts)


def built(*layers: dict[str, Any], shape: tuple[int, ...] = (32, 32, 3)) -> Any:
    return build_model(experiment(*layers).model, shape, seed=5)


def test_all_of_keras_applications_are_offered() -> None:
    ours = {e.name for e in catalogue.entries("layers") if e.group == applications.GROUP}
    theirs = {name for name in dir(keras.applications) if name[0].isupper()}
    assert ours == theirs


def test_a_summary_counts_what_is_inside() -> None:
    spec = experiment({"type": "VGG16", "pooling": "avg", "trainable_from": "block5_conv1"}, LAST)
    found = summary.shapes(spec.model, (32, 32, 3))
    assert found.problem == ""
    row = found.rows[0]
    assert (row.type, row.text) == ("VGG16", "20 layers, 10 frozen")
    assert (row.parameters, row.trainable) == (14_714_688, 7_079_424)
    done, _ = summary.follow(spec.model, (32, 32, 3))
    memory = summary.memory_estimate(done, 32, 2)
    assert memory.gradients < memory.weights
    assert memory.activations > 32 * 4 * 100_000


@pytest.mark.parametrize(
    ("layers", "shape", "sentence", "cure"),
    [
        ([{"type": "VGG16"}, LAST], (28, 28, 1), "at least 32x32; it receives 28 × 28 × 1",
         "add Resizing to 32 × 32 before it"),
        ([{"type": "Xception", "pooling": "avg"}, LAST], (32, 32, 3), "at least 71x71",
         "add Resizing to 71 × 71 before it"),
        ([{"type": "VGG16", "pooling": "max"}, LAST], (28, 28), "rows × columns × channels",
         "add a channel, and Resizing, before it"),
        ([{"type": "Resizing", "height": 64, "width": 64}, SMALL, LAST], (32, 32, 3),
         "is made for pictures of 32 × 32 × 3; it receives (None, 64, 64, 3)",
         "take the shape it receives"),
    ],
)  # fmt: skip
def test_pictures_that_do_not_suit_are_explained_and_cured(
    layers: list[dict[str, Any]], shape: tuple[int, ...], sentence: str, cure: str
) -> None:
    finding = told(*layers, shape=shape)[0]
    assert finding.level == "problem"
    assert sentence in finding.sentence
    assert [one.words for one in finding.cures] == [cure]
    cured = experiment(*layers).changed(finding.cures[0].changes)
    assert summary.shapes(cured.model, shape).problem == ""


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"trainable_from": "blok5_conv1"}, "no layer or block called 'blok5_conv1'"),
        ({"frozen": ["block9"]}, "no layer or block called 'block9'"),
        ({"weights": "imagenet"}, "not downloaded"),
        ({"weights": "/no/such/file.h5"}, "can't be read"),
        ({"pooling": "min"}, "one of avg, max"),
        ({"size": 3}, "no parameter called 'size'"),
    ],
)
def test_what_can_not_be_is_said_before_anything_is_built(
    more: dict[str, Any], sentence: str
) -> None:
    (finding,) = told({"type": "VGG16", **more}, LAST, shape=(32, 32, 3))
    assert finding.level == "problem"
    assert sentence in finding.sentence


def test_the_first_layer_that_does_not_fit_is_the_one_that_is_told() -> None:
    conv = {"type": "Conv2D", "filters": 4, "kernel_size": 3}
    finding = told(conv, {"type": "VGG16"}, LAST, shape=(8, 8))[0]
    assert finding.where == "model.layers.0"


@pytest.mark.slow
def test_weights_come_from_a_local_file_and_nothing_else(tmp_path: Path) -> None:
    first = built(SMALL, LAST)
    network = first.get_layer("mobilenetv2")
    path = tmp_path / "small.weights.h5"
    network.save_weights(path)
    second = build_model(
        experiment({**SMALL, "weights": str(path)}, LAST).model, (32, 32, 3), seed=6
    )
    for ours, theirs in zip(network.get_weights(), second.get_layer("mobilenetv2").get_weights(),
                            strict=True):  # fmt: skip
        assert np.array_equal(ours, theirs)
    with pytest.raises(UserError, match="does not hold the weights of this MobileNetV2"):
        built({**SMALL, "alpha": 0.5, "weights": str(path)}, LAST)


def test_a_pickle_is_no_file_of_weights(tmp_path: Path) -> None:
    pickle = tmp_path / "pickle.h5"
    pickle.write_bytes(b"\x80\x04not weights at all")
    with pytest.raises(UserError, match=r"pickle\.h5 is no HDF5 file"):
        built({**SMALL, "weights": str(pickle)}, LAST)


@pytest.mark.slow
def test_what_is_frozen_stays_as_it_is() -> None:
    layer = {**SMALL, "frozen": ["block_1", "Conv1"]}
    model = compile_model(built(layer, LAST), experiment(layer, LAST).compile)
    network = model.get_layer("mobilenetv2")
    frozen, trained = network.get_layer("block_1_expand"), network.get_layer("block_2_expand")
    before = [frozen.get_weights()[0], trained.get_weights()[0]]
    x = np.random.default_rng(1).random((8, 32, 32, 3), dtype=np.float32)
    model.fit(x, np.arange(8) % 2, epochs=1, verbose=0)
    assert np.array_equal(frozen.get_weights()[0], before[0])
    assert not np.array_equal(trained.get_weights()[0], before[1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [{}, {"trainable": False}, {"frozen": ["block_1", "Conv1"]},
     {"trainable_from": "block_16_expand"}, {"trainable_from": 20}],
)  # fmt: skip
def test_the_exported_code_makes_the_same_network(more: dict[str, Any]) -> None:
    spec = experiment({"type": "RandomFlip"}, {**SMALL, **more}, LAST)
    ours = build_model(spec.model, (32, 32, 3), seed=5)
    keras.utils.set_random_seed(5)
    names: dict[str, Any] = {"keras": keras, "layers": keras.layers}
    exec("\n".join(model_lines(spec.model, "(32, 32, 3)")), names)  # our own lines
    theirs = names["model"]
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        assert np.array_equal(one, other)
    assert len(ours.trainable_weights) == len(theirs.trainable_weights)


def test_an_application_can_be_a_branch_of_a_graph() -> None:
    model = {
        "kind": "graph",
        "inputs": [{"name": "picture"}],
        "nodes": [
            {"name": "seen", "from": ["picture"], **SMALL},
            {"name": "flat", "type": "Flatten", "from": ["picture"]},
            {"name": "both", "type": "Concatenate", "from": ["seen", "flat"]},
            {"name": "answer", "from": ["both"], **LAST},
        ],
        "outputs": ["answer"],
    }
    spec = experiment().changed({"model": model})
    made = build_model(spec.model, (32, 32, 3), seed=1)
    assert made.get_layer("seen").output_shape == (None, 1280)
    keras.utils.set_random_seed(1)
    names: dict[str, Any] = {"keras": keras, "layers": keras.layers}
    exec("\n".join(model_lines(spec.model, "(32, 32, 3)")), names)
    for one, other in zip(made.weights, names["model"].weights, strict=True):
        assert np.array_equal(one, other)


def test_an_output_has_its_own_name_whatever_keras_calls_the_network() -> None:
    node = {"type": "EfficientNetV2B0", "include_top": True, "classes": 2, "from": ["picture"]}
    model = {
        "kind": "graph",
        "inputs": [{"name": "picture"}],
        "nodes": [{"name": "seen", **node}, {"name": "flat", "type": "Flatten",
                                             "from": ["picture"]}],
        "outputs": ["seen", "flat"],
    }  # fmt: skip
    losses = {"seen": "categorical_crossentropy", "flat": "mse"}
    spec = experiment().changed({"model": model, "compile.loss": losses})
    made = compile_model(build_model(spec.model, (32, 32, 3), seed=1), spec.compile)
    assert made.output_names == ["seen", "flat"]
    lines = "\n".join(model_lines(spec.model, "(32, 32, 3)"))
    assert 'name="efficientnetv2-b0"' in lines
    assert 'seen_output = layers.Identity(name="seen")(seen)' in lines


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [e.name for e in catalogue.entries("layers") if e.group == applications.GROUP]
)
def test_every_application_is_followed(name: str) -> None:
    spec = experiment({"type": name, "pooling": "avg"}, LAST)
    found = summary.shapes(spec.model, (96, 96, 3))
    assert found.problem == ""
    assert found.rows[0].type == name

"""The pre-flight check: each finding with a made-up experiment."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastui.models.experiment.schema import Experiment, GraphModel
from kerastui.models.network.building import build_model, compile_model
from kerastui.models.preflight import checks as preflight
from kerastui.models.preflight.checks import TargetFacts

from .preflight_experiments import (
    BCE,
    CCE,
    CLASSES,
    CNN,
    DECAY,
    NUMBER,
    ONE_HOT,
    SCCE,
    SCHEDULED,
    STOP,
    data,
    dense,
    experiment,
    found,
)

# --- every finding -----------------------------------------------------------------------------

STACK = {"type": "LSTM", "units": 4, "return_sequences": True}
BAD = {
    # outputs against targets and losses
    "one unit for three classes": (
        experiment("multiclass", dense(1, "softmax"), loss=SCCE), data("multiclass"),
        "problem", "model.layers.0", "needs one unit for each class", "3 units with softmax"),
    "labels beyond the units": (
        experiment("multiclass", dense(10, "softmax"), loss=SCCE),
        data("multiclass", TargetFacts((), 0, 45, True)),
        "problem", "model.layers.0", "from 0 to 45, but 10 units", "46 units"),
    "labels from -1": (
        experiment("multiclass", dense(3, "softmax"), loss=SCCE),
        data("multiclass", TargetFacts((), -1, 1, True)),
        "problem", "model.layers.0", "from -1 to 1", "from 0"),
    "fractions as labels": (
        experiment("multiclass", dense(3, "softmax"), loss=SCCE),
        data("multiclass", TargetFacts((), 0, 2, False)),
        "problem", "compile.loss", "with fractions", "mse"),
    "one-hot for a sparse loss": (
        experiment("multiclass", dense(3, "softmax"), loss=SCCE), data("multiclass", ONE_HOT),
        "problem", "compile.loss", "targets are one-hot", "categorical_crossentropy"),
    "labels for a one-hot loss": (
        experiment("multiclass", dense(3, "softmax"), loss=CCE), data("multiclass"),
        "problem", "compile.loss", "single numbers", "sparse_categorical_crossentropy"),
    "one-hot of another width": (
        experiment("multiclass", dense(4, "softmax"), loss=CCE), data("multiclass", ONE_HOT),
        "problem", "model.layers.0", "gives 4 numbers, the target has 3", "3 units"),
    "one unit for a one-hot loss": (
        experiment("binary", dense(1, "softmax"), loss=CCE), data(),
        "problem", "compile.loss", "tells several classes apart", "sigmoid"),
    "units for one number": (
        experiment("regression", dense(3), loss="mse"), data("regression"),
        "problem", "model.layers.0", "gives 3 numbers, the target has one", "one unit"),
    "classes by mse": (
        experiment("multiclass", dense(3, "softmax"), loss="mse"), data("multiclass"),
        "problem", "model.layers.0", "gives 3 numbers", "sparse_categorical_crossentropy"),
    "a series of outputs": (
        experiment("forecasting", STACK, dense(1), loss="mse"),
        data("forecasting", input_shape=(5, 1)),
        "problem", "model.layers.1", "(None, 5, 1)", "return_sequences"),
    "pictures not flattened": (
        experiment("multiclass", CNN[0], dense(3, "softmax"), loss=SCCE),
        data("multiclass", input_shape=(8, 8, 1)),
        "problem", "model.layers.1", "(None, 6, 6, 3)", "Flatten"),
    # values
    "labels of -1 and 1": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE),
        data(target=TargetFacts((), -1, 1, True)),
        "problem", "compile.loss", "targets from 0 to 1", "0 and 1"),
    "softmax of one unit": (
        experiment("binary", dense(1, "softmax"), loss=BCE), data(),
        "problem", "model.layers.0", "always 1", "sigmoid"),
    "no sigmoid": (
        experiment("binary", dense(1), loss=BCE), data(),
        "warning", "model.layers.0", "linear gives other numbers", "sigmoid"),
    "relu for classes": (
        experiment("multiclass", dense(3, "relu"), loss=SCCE), data("multiclass"),
        "warning", "model.layers.0", "relu gives other numbers", "softmax"),
    "sigmoid for classes": (
        experiment("multiclass", dense(3, "sigmoid"), loss=SCCE), data("multiclass"),
        "warning", "model.layers.0", "do not sum to 1", "softmax"),
    "softmax for several labels": (
        experiment("multilabel", dense(3, "softmax"), loss=BCE),
        data("multilabel", TargetFacts((3,), 0, 1, True)),
        "warning", "model.layers.0", "several labels can be true", "sigmoid"),
    "logits that are none": (
        experiment("binary", dense(1, "sigmoid"), loss={"type": "BinaryCrossentropy",
                                                        "from_logits": True}), data(),
        "warning", "compile.loss", "squeezed twice", "from_logits to false"),
    "sigmoid for numbers": (
        experiment("regression", dense(1, "sigmoid"), loss="mse"), data("regression"),
        "warning", "model.layers.0", "Sigmoid gives only 0 to 1", "linear"),
    "relu below zero": (
        experiment("regression", dense(1, "relu"), loss="mse"),
        data("regression", TargetFacts((), -3, 3, False)),
        "warning", "model.layers.0", "0 and more", "linear"),
    "softmax for numbers": (
        experiment("regression", dense(3, "softmax"), loss="mse"),
        data("regression", TargetFacts((3,), 0, 1, False)),
        "warning", "model.layers.0", "sum to 1", "linear"),
    "a loss for counts": (
        experiment("regression", dense(1), loss="msle"),
        data("regression", TargetFacts((), -3, 3, False)),
        "warning", "compile.loss", "smallest is -3", "mse"),
    # metrics
    "accuracy of numbers": (
        experiment("regression", dense(1), loss="mse", metrics=["accuracy"]), data("regression"),
        "warning", "compile.metrics.0", "hardly ever hit", "mae"),
    "precision of class numbers": (
        experiment("multiclass", dense(3, "softmax"), loss=SCCE, metrics=["accuracy", "Precision"]),
        data("multiclass"), "problem", "compile.metrics.1", "class numbers", "one-hot"),
    "sparse accuracy of one-hot": (
        experiment("multiclass", dense(3, "softmax"), loss=CCE,
                   metrics=["sparse_categorical_accuracy"]), data("multiclass", ONE_HOT),
        "problem", "compile.metrics.0", "one-hot", "accuracy"),
    "an error of class numbers": (
        experiment("multiclass", dense(3, "softmax"), loss=SCCE, metrics=["mae"]),
        data("multiclass"), "problem", "compile.metrics.0", "class numbers", "sparse"),
    "a score that wants columns": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE, metrics=["f1_score"]), data(),
        "problem", "compile.metrics.0", "in a column", "AUC"),
    # callbacks
    "watching without validation": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE, callbacks=[STOP]),
        data(validation_rows=0),
        "problem", "callbacks.0.monitor", "no validation part", "watch loss"),
    "acc for accuracy": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE, metrics=["accuracy"],
                   callbacks=[{**STOP, "monitor": "val_acc"}]), data(),
        "problem", "callbacks.0.monitor", "watches val_acc", "Did you mean val_accuracy?"),
    "the long name of mae": (
        experiment("regression", dense(1), loss="mse", metrics=["mae"],
                   callbacks=[{"type": "ReduceLROnPlateau", "monitor": "val_mean_absolute_error"}]),
        data("regression"),
        "problem", "callbacks.0.monitor", "val_mean_absolute_error", "Did you mean val_mae?"),
    "a checkpoint of nothing": (
        experiment("regression", dense(1), loss="mse", callbacks=[
            {"type": "ModelCheckpoint", "filepath": "x.keras", "save_best_only": True,
             "monitor": "zzz"}]), data("regression"),
        "problem", "callbacks.0.monitor", "watches zzz", "There will be: loss, val_loss."),
    "a file outside": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE,
                   callbacks=[{"type": "CSVLogger", "filename": "../log.csv"}]), data(),
        "problem", "callbacks.0.filename", "leads out of the run", "plain name"),
    "the run's own file": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE,
                   callbacks=[{"type": "ModelCheckpoint", "filepath": "model.keras"}]), data(),
        "problem", "callbacks.0.filepath", "a file of its own", "plain name"),
    "two that set the rate": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE, callbacks=[SCHEDULED]).changed(
            {"compile.optimizer": {"type": "SGD", "learning_rate": DECAY}}), data(),
        "problem", "callbacks.0", "follows a schedule", "number as its learning rate"),
    # data and fit
    "a batch beyond the rows": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE, batch_size=512), data(),
        "warning", "fit.batch_size", "larger than the 100", "smaller batch"),
    "missing inputs": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE), data(not_finite=3),
        "problem", "data", "3 of the input numbers", "missing values"),
    "missing targets": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE),
        data(target=TargetFacts((), 0, 1, True, not_finite=2)),
        "problem", "data.target", "2 of the target values", "Drop"),
    "one class only": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE),
        data(target=TargetFacts((), 1, 1, True)),
        "warning", "data.target", "All targets are 1", "another"),
    "no rows": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE), data(rows=0),
        "problem", "data", "no row to train on", "smaller"),
    "weights of numbers": (
        experiment("regression", dense(1), loss="mse", class_weight={1: 2.0}), data("regression"),
        "warning", "fit.class_weight", "mean nothing", "Remove"),
    "a weight for no class": (
        experiment("multiclass", dense(3, "softmax"), loss=SCCE, class_weight={7: 2.0}),
        data("multiclass"), "warning", "fit.class_weight", "class 7", "Remove"),
    "words beyond the embedding": (
        experiment("binary", {"type": "Embedding", "input_dim": 100, "output_dim": 8},
                   {"type": "Flatten"}, dense(1, "sigmoid"), loss=BCE),
        data(input_maximum=9999),
        "problem", "model.layers.0", "numbers 0 to 99", "10000"),
    # the model itself
    "a layer that does not fit": (
        experiment("binary", dense(3), {"type": "LSTM", "units": 3}, loss=BCE), data(),
        "problem", "model.layers.1", "steps × features", "Reshape"),
    "a parameter that is wrong": (
        experiment("binary", dense(0), loss=BCE), data(),
        "problem", "model.layers.0.units", "at least 1, not 0", "Accepted"),
    "no layer": (
        experiment("binary", loss=BCE), data(), "problem", "model", "no layer", "Dense"),
    "an unknown loss": (
        experiment("binary", dense(1), loss="bces"), data(),
        "problem", "compile.loss", "no loss called 'bces'", "bce"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_each_mistake_is_told_once_with_a_cure(name: str) -> None:
    bad, facts, level, where, sentence, cure = BAD[name]
    (finding,) = found(bad, facts)
    assert (finding.level, finding.where) == (level, where)
    assert sentence in finding.sentence
    assert cure in finding.cure


NO_CURE = {
    "missing inputs", "missing targets", "one class only", "no rows", "a parameter that is wrong",
    "no layer", "an unknown loss", "labels from -1", "labels of -1 and 1",
}  # fmt: skip
"""Mistakes that only the user, or the data's preparation, can put right."""


@pytest.mark.parametrize("name", BAD)
def test_each_cure_takes_its_finding_away(name: str) -> None:
    bad, facts, *_ = BAD[name]
    (finding,) = found(bad, facts)
    if name in NO_CURE:
        assert finding.cures == ()
        return
    for cure in finding.cures:
        cured = bad.changed(json.loads(json.dumps(cure.changes)))
        assert finding.sentence not in [one.sentence for one in found(cured, facts)], cure.words
    assert finding.cures


def test_a_callback_whose_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    spec = experiment("binary", dense(1, "sigmoid"), loss=BCE, callbacks=[{"type": "TensorBoard"}])
    (finding,) = found(spec, data())
    assert finding.where == "callbacks.0"
    assert "needs the package tensorboard" in finding.sentence
    for cure in finding.cures:
        assert found(spec.changed(cure.changes), data()) == []


@pytest.mark.parametrize(
    "name",
    ["labels for a one-hot loss", "precision of class numbers", "an error of class numbers",
     "sparse accuracy of one-hot", "a score that wants columns", "one-hot of another width"],
)  # fmt: skip
def test_these_problems_are_no_matter_of_taste(name: str) -> None:
    bad, facts, level, *_ = BAD[name]
    assert level == "problem"
    assert isinstance(facts.input_shape, tuple)
    model = build_model(bad.model, facts.input_shape, seed=1)
    compile_model(model, bad.compile, run_eagerly=True)
    x = np.zeros((4, *facts.input_shape), "float32")
    y = np.array([0, 1, 0, 1] if facts.task == "binary" else [0, 1, 2, 1], "int32")
    if facts.targets[0].one_hot:
        y = np.eye(3, dtype="int32")[y]
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        model.fit(x, y, verbose=0)


def test_problems_come_before_warnings() -> None:
    both = experiment("binary", dense(1), loss=BCE, callbacks=[STOP], batch_size=512)
    levels = [finding.level for finding in found(both, data(validation_rows=0))]
    assert levels == ["problem", "warning", "warning"]


# --- graphs ------------------------------------------------------------------------------------


def two_outputs(**compile_: Any) -> Experiment:
    return Experiment.model_validate(
        {
            "data": {"dataset": "iris", "task": "multiclass"},
            "model": {
                "kind": "graph",
                "inputs": [{"name": "x"}],
                "nodes": [
                    {"name": "h", "from": ["x"], **dense(8, "relu")},
                    {"name": "kind", "from": ["h"], **dense(3, "softmax")},
                    {"name": "size", "from": ["h"], **dense(1)},
                    {"name": "end", "from": ["size"], **dense(9), "disabled": True},
                ],
                "outputs": ["kind", "end"],
            },
            "compile": compile_,
        }
    )


def test_each_output_is_held_against_its_own_target() -> None:
    both = data("multiclass", targets=(CLASSES, NUMBER))
    sound = two_outputs(loss={"kind": SCCE, "end": "mse"})
    assert isinstance(sound.model, GraphModel)
    assert found(sound, both) == []
    (finding,) = found(two_outputs(loss={"kind": CCE, "end": "mse"}), both)
    assert finding.where == "compile.loss.kind"
    (finding,) = found(two_outputs(loss={"kind": SCCE, "end": SCCE}), both)
    assert (finding.where, finding.level) == ("compile.loss.end", "problem")
    (finding,) = found(sound, data("multiclass"))
    assert "2 outputs, the data 1 target" in finding.sentence


def test_log_keys_of_several_outputs_are_those_of_keras() -> None:
    two = two_outputs(loss={"kind": SCCE, "end": "mse"}, metrics=["accuracy"])
    model = build_model(two.model, (4,), seed=1)
    compile_model(model, two.compile, run_eagerly=True)
    x, y = np.zeros((4, 4)), [np.zeros(4), np.zeros((4, 1))]
    history = model.fit(x, y, validation_data=(x, y), verbose=0).history
    assert set(history) == set(preflight.log_keys(two, ["kind", "end"], validation=True))

"""The pre-flight check: each finding with a made-up experiment, and silence on sound ones."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from kerastui.models.experiment.schema import Experiment, GraphModel
from kerastui.models.network.building import build_model, compile_model
from kerastui.models.network.parts import make
from kerastui.models.preflight import checks as preflight
from kerastui.models.preflight.checks import Facts, Finding, TargetFacts
from kerastui.models.preflight.facts import Cure

BINARY = TargetFacts((), 0, 1, whole=True)
CLASSES = TargetFacts((), 0, 2, whole=True)
ONE_HOT = TargetFacts((3,), 0, 1, whole=True, one_hot=True)
NUMBER = TargetFacts((), 5.0, 50.0, whole=False)
TARGETS = {"binary": BINARY, "multiclass": CLASSES, "regression": NUMBER, "forecasting": NUMBER}


def dense(units: int, activation: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "Dense", "units": units, **({"activation": activation} if activation else {}),
            **more}  # fmt: skip


def experiment(task: str, *layers: dict[str, Any], loss: Any, metrics: Any = (),
               callbacks: Any = (), **fit: Any) -> Experiment:  # fmt: skip
    return Experiment.model_validate(
        {
            "data": {"dataset": "iris", "task": task},
            "model": {"layers": list(layers)},
            "compile": {"loss": loss, "metrics": list(metrics)},
            "callbacks": list(callbacks),
            "fit": fit,
        }
    )


def data(task: str = "binary", target: TargetFacts | None = None, **fields: Any) -> Facts:
    values: dict[str, Any] = {
        "input_shape": (4,),
        "targets": (target or TARGETS[task],),
        "task": task,
        "rows": 100,
        "validation_rows": 20,
    }
    return Facts(**{**values, **fields})


def found(given_experiment: Experiment, given_data: Facts) -> list[Finding]:
    return preflight.check(given_experiment, given_data)


BCE, CCE, SCCE = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)
DECAY = {"type": "ExponentialDecay", "initial_learning_rate": 0.1, "decay_steps": 2,
         "decay_rate": 0.5}  # fmt: skip
SCHEDULED = {"type": "LearningRateScheduler", "schedule": DECAY}
STOP = {"type": "EarlyStopping", "patience": 5}


# --- no false alarm ----------------------------------------------------------------------------

LSTM = {"type": "LSTM", "units": 100, "activation": "relu"}
CNN = [{"type": "Conv2D", "filters": 32, "kernel_size": [3, 3], "activation": "relu"},
       {"type": "MaxPooling2D"}, {"type": "Flatten"}, {"type": "Dropout", "rate": 0.5}]  # fmt: skip

SOUND = {
    "two classes": (experiment("binary", dense(10, "relu"), dense(1, "sigmoid"), loss=BCE,
                               metrics=["accuracy"]), data()),
    "classes": (experiment("multiclass", dense(8), dense(3, "softmax"), loss=SCCE,
                           metrics=["accuracy"]), data("multiclass")),
    "one-hot": (experiment("multiclass", dense(50, "relu"), dense(3, "softmax"), loss=CCE,
                           metrics=["accuracy"], callbacks=[STOP]), data("multiclass", ONE_HOT)),
    "one column of numbers": (experiment("regression", dense(10, "relu"), dense(1), loss="mse",
                                         metrics=["mae"]), data("regression")),
    "a series": (experiment("forecasting", LSTM, dense(50, "relu"), dense(1), loss="mse",
                            metrics=["mae"]), data("forecasting", input_shape=(5, 1))),
    "pictures": (experiment("multiclass", *CNN, dense(10, "softmax"), loss=SCCE,
                            metrics=["accuracy"], batch_size=100),
                 data("multiclass", TargetFacts((), 0, 9, True), input_shape=(28, 28, 1))),
    "noise, batch norm, weight decay": (
        experiment("binary", dense(500, "relu", kernel_regularizer={"type": "L2", "l2": 0.01}),
                   {"type": "BatchNormalization"}, {"type": "GaussianNoise", "stddev": 0.1},
                   dense(1, "sigmoid"), loss=BCE, metrics=["accuracy"], batch_size="all",
                   callbacks=[{"type": "ReduceLROnPlateau", "factor": 0.1}]), data()),
    "two classes by mse and tanh": (experiment("binary", dense(16, "tanh"), dense(1, "sigmoid"),
                                               loss="mse", metrics=["accuracy"]), data()),
    "metrics as objects": (experiment(
        "binary", dense(16), dense(1, "sigmoid"), loss={"type": "BinaryCrossentropy"},
        metrics=["binary_accuracy", {"type": "AUC", "name": "area"}, "Precision"],
        callbacks=[{**STOP, "monitor": "val_area", "mode": "max"}]), data()),
    "46 topics": (experiment("multiclass", dense(64, "relu"), dense(46, "softmax"), loss=SCCE),
                  data("multiclass", TargetFacts((), 0, 45, True))),
    "exclusive or": (experiment("regression", dense(2, "relu"), dense(1), loss="mse", batch_size=4),
                     data("regression", TargetFacts((), 0, 1, True), rows=4, input_shape=(2,))),
    "logits": (experiment("multiclass", dense(3), loss={"type": "SparseCategoricalCrossentropy",
                                                        "from_logits": True}), data("multiclass")),
    "several labels": (experiment("multilabel", dense(3, "sigmoid"), loss=BCE),
                       data("multilabel", TargetFacts((3,), 0, 1, True))),
    "softmax as a layer": (experiment("multiclass", dense(3), {"type": "Softmax"}, loss=SCCE),
                           data("multiclass")),
    "crossentropy by Keras' choice": (experiment("multiclass", dense(3, "softmax"), loss="ce"),
                                      data("multiclass")),
    "words": (experiment("binary", {"type": "Embedding", "input_dim": 100, "output_dim": 8},
                         {"type": "GlobalAveragePooling1D"}, dense(1, "sigmoid"), loss=BCE),
              data(input_shape=(20,), input_maximum=99)),
    "a sequence of numbers": (
        experiment("forecasting", {"type": "LSTM", "units": 4, "return_sequences": True}, dense(1),
                   loss="mse"),
        data("forecasting", TargetFacts((5, 1), 0, 9, False), input_shape=(5, 1))),
    "two-class softmax on one-hot": (experiment("binary", dense(2, "softmax"), loss=BCE),
                                     data("binary", TargetFacts((2,), 0, 1, True, one_hot=True))),
    "a checkpoint without validation": (
        experiment("binary", dense(1, "sigmoid"), loss=BCE,
                   callbacks=[{"type": "ModelCheckpoint", "filepath": "x.keras"}]),
        data(validation_rows=0)),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_experiment_is_left_in_peace(name: str) -> None:
    assert found(*SOUND[name]) == []


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


@pytest.mark.parametrize("name", SOUND)
def test_what_is_left_in_peace_trains(name: str, tmp_path: Path) -> None:
    sound, facts = SOUND[name]
    shape, target = facts.input_shape, facts.targets[0]
    rng = np.random.default_rng(1)
    assert isinstance(shape, tuple)
    x = rng.integers(0, int(facts.input_maximum) + 1, (12, *shape)).astype("float32")
    y = rng.integers(int(target.minimum), int(target.maximum) + 1, (12, *target.shape))
    if target.one_hot:
        y = np.eye(target.shape[0], dtype="float32")[rng.integers(0, target.shape[0], 12)]
    model = build_model(sound.model, facts.input_shape, seed=1)
    compile_model(model, sound.compile, run_eagerly=True)
    callbacks = [
        make("callbacks", {**part.parameters, "type": part.type,
                           **({"filepath": str(tmp_path / "x.keras")}
                              if part.type == "ModelCheckpoint" else {})})
        for part in sound.callbacks
    ]  # fmt: skip
    validation = (x, y) if facts.validation_rows else None
    history = model.fit(x, y, verbose=0, validation_data=validation, callbacks=callbacks)
    assert np.isfinite(history.history["loss"]).all()
    keys = preflight.log_keys(sound, ["output"], validation is not None)
    assert set(history.history) == set(keys)


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


# --- facts and memory --------------------------------------------------------------------------


def test_facts_are_gathered_from_arrays() -> None:
    x = np.arange(12, dtype="float32").reshape(4, 3)
    x[1, 1] = np.nan
    x[2, 0] = np.inf
    facts = preflight.facts(x, np.array([0, 1, 2, 1], "int32"), "multiclass", validation_rows=2)
    assert facts.input_shape == (3,)
    assert (facts.rows, facts.validation_rows, facts.not_finite) == (4, 2, 2)
    assert (facts.input_minimum, facts.input_maximum) == (0, 11)
    assert facts.targets == (TargetFacts((), 0, 2, whole=True),)
    json.dumps(dataclasses.asdict(facts))
    one_hot = preflight.facts(x, np.eye(4), "multiclass").targets[0]
    assert (one_hot.one_hot, one_hot.width, one_hot.shape) == (True, 4, (4,))
    several = preflight.facts(x, np.ones((4, 2)), "multilabel").targets[0]
    assert not several.one_hot
    named = preflight.facts({"a": x, "b": x}, {"y": x[:, 0], "z": x[:, 1]}, "regression")
    assert named.input_shape == {"a": (3,), "b": (3,)}
    assert [target.not_finite for target in named.targets] == [1, 1]


@given(
    st.integers(0, 4), st.integers(1, 3), st.sampled_from(["int32", "float32", "uint8"]),
    st.lists(st.floats(width=32), min_size=12, max_size=12),
)  # fmt: skip
def test_facts_of_any_numbers(rows: int, columns: int, dtype: str, values: list[float]) -> None:
    raw = np.array(values, "float32").reshape(-1)[: rows * columns].reshape(rows, columns)
    y = np.nan_to_num(raw, nan=1, posinf=2, neginf=0).clip(0, 200).astype(dtype)
    facts = preflight.facts(raw, y, "regression")
    assert facts.not_finite == int((~np.isfinite(raw)).sum())
    assert facts.input_minimum <= facts.input_maximum


def test_memory_against_what_is_free() -> None:
    memory = preflight.Memory(
        weights=10**9, gradients=10**9, optimizer=2 * 10**9, activations=10**8
    )
    assert preflight.check_memory(memory, 10**10) == []
    (tight,) = preflight.check_memory(memory, 5 * 10**9)
    (too_much,) = preflight.check_memory(memory, 2 * 10**9, "GPU memory")
    assert (tight.level, too_much.level) == ("warning", "problem")
    assert "4.1 GB, and 2 GB of GPU memory are free" in too_much.sentence
    assert "optimizer (2 GB)" in too_much.sentence
    batch = preflight.Memory(1, 1, 1, activations=10**9)
    assert "smaller batch" in preflight.check_memory(batch, 10**8)[0].cure


def cured(given_experiment: Experiment, given_data: Facts) -> Experiment:
    """The experiment with the first cure of each problem made, one after another."""
    for _ in range(5):
        problems = [one for one in found(given_experiment, given_data) if one.level == "problem"]
        if not problems:
            break
        given_experiment = given_experiment.changed(problems[0].cures[0].changes)
    assert not found(given_experiment, given_data)
    return given_experiment


def test_axes_go_before_the_last_layer_with_weights() -> None:
    convolution = {"type": "Conv2D", "filters": 2, "kernel_size": [3, 3]}
    rescaling = {"type": "Rescaling", "scale": 49.0, "offset": 276.0}
    facts = data("regression", input_shape=(4, 4, 1))
    spec = experiment("regression", convolution, dense(1), rescaling, loss="mse")
    (finding,) = found(spec, facts)
    assert [cure.words for cure in finding.cures] == [
        "add Flatten before Dense", "add GlobalAveragePooling2D before Dense",
    ]  # fmt: skip
    done = cured(spec, facts)
    assert [layer.type for layer in done.model.layers] == [
        "Conv2D", "Flatten", "Dense", "Rescaling",
    ]  # fmt: skip
    # Nothing can be flattened before the convolution itself: it goes before what follows.
    (finding,) = found(experiment("regression", convolution, rescaling, loss="mse"), facts)
    assert finding.cures[0].words == "add Flatten before it"


def test_units_are_changed_in_the_last_layer_with_weights() -> None:
    rescaling = {"type": "Rescaling", "scale": 49.0}
    spec = experiment("regression", dense(8), dense(3), rescaling, loss="mse")
    (finding,) = found(spec, data("regression"))
    assert finding.cures == (Cure("give Dense one unit", {"model.layers.1.units": 1}),)
    cured(spec, data("regression"))
    # Where the places of several are laid side by side, one unit more or less is no cure.
    flat = experiment("regression", {"type": "Reshape", "target_shape": [2, 2]}, dense(3),
                      {"type": "Flatten"}, loss="mse")  # fmt: skip
    (finding,) = found(flat, data("regression", input_shape=(4,)))
    assert finding.cures == ()


@pytest.mark.parametrize("name", ["two words", "größe", "a:b"])
def test_names_that_tensorflow_would_refuse_in_the_first_step(name: str) -> None:
    stack = experiment("binary", dense(3, "relu", name=name), dense(1, "sigmoid"), loss=BCE)
    (finding,) = found(stack, data())
    assert finding.where == "model.layers.0"
    assert repr(name) in finding.sentence
    built = build_model(cured(stack, data()).model, (4,), seed=1)
    compile_model(built, stack.compile)
    built.fit(np.ones((4, 4), "float32"), np.ones((4, 1)), verbose=0)
    elsewhere = stack.model_copy(update={"backend": "jax"})
    assert not found(elsewhere, data())


def test_a_node_is_renamed_wherever_it_is_spoken_of() -> None:
    graph = Experiment.model_validate(
        {
            "data": {"dataset": "iris", "task": "binary"},
            "model": {
                "kind": "graph",
                "inputs": [{"name": "in"}],
                "nodes": [
                    {"name": "my node", "from": ["in"], **dense(3)},
                    {"name": "the end", "from": ["my node"], **dense(1, "sigmoid")},
                ],
                "outputs": ["the end"],
            },
            "compile": {"loss": {"the end": BCE}, "metrics": {"the end": ["accuracy"]}},
        }
    )
    renamed = cured(graph, data()).plain()
    assert renamed["model"]["nodes"][1]["from"] == ["my_node"]
    assert renamed["model"]["outputs"] == ["the_end"]
    assert list(renamed["compile"]["loss"]) == list(renamed["compile"]["metrics"]) == ["the_end"]


def test_a_name_that_is_there_twice() -> None:
    stack = experiment("binary", dense(3, name="a"), dense(1, "sigmoid", name="a"), loss=BCE)
    assert [layer.name for layer in cured(stack, data()).model.layers] == ["a", "a_1"]  # type: ignore[union-attr]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_metric_that_tensorflow_has_in_full_precision_only(precision: str) -> None:
    top = experiment("multiclass", dense(3, "softmax"), loss=SCCE,
                     metrics=["SparseTopKCategoricalAccuracy"])  # fmt: skip
    assert not found(top, data("multiclass"))
    half = top.changed({"precision": precision})
    (finding,) = found(half, data("multiclass"))
    assert (finding.level, finding.where) == ("problem", "compile.metrics.0")
    assert cured(half, data("multiclass")).plain()["model"]["layers"][0]["dtype"] == "float32"

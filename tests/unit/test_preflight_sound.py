"""The pre-flight check raises no false alarm: sound experiments are left in peace, and train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastui.models.network.building import build_model, compile_model
from kerastui.models.network.parts import make
from kerastui.models.preflight import checks as preflight
from kerastui.models.preflight.checks import TargetFacts

from .preflight_experiments import (
    BCE,
    CCE,
    CNN,
    ONE_HOT,
    SCCE,
    STOP,
    data,
    dense,
    experiment,
    found,
)

LSTM = {"type": "LSTM", "units": 100, "activation": "relu"}

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

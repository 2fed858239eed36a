"""Hints: what could be better, each with its reason, and cures that take it away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kerastui.models.experiment.schema import Experiment
from kerastui.models.preflight import checks as preflight
from kerastui.models.preflight.checks import Facts, Finding, TargetFacts

pytest.importorskip("keras")

CLASSES = TargetFacts((), 0, 45, whole=True)
BINARY = TargetFacts((), 0, 1, whole=True)
NUMBER = TargetFacts((), -5, 5, whole=False)


def dense(units: int, activation: str | None = "relu", **more: Any) -> dict[str, Any]:
    return {"type": "Dense", "units": units, **({"activation": activation} if activation else {}),
            **more}  # fmt: skip


def experiment(task: str, *layers: dict[str, Any], loss: Any, **more: Any) -> Experiment:
    return Experiment.model_validate(
        {"data": {"dataset": "iris", "task": task}, "model": {"layers": list(layers)},
         "compile": {"loss": loss}, **more}
    )  # fmt: skip


def facts(task: Any, target: TargetFacts, **more: Any) -> Facts:
    return Facts(**{"input_shape": (8,), "targets": (target,), "task": task, "rows": 5000,
                    "validation_rows": 100, **more})  # fmt: skip


def told(spec: Experiment, data: Facts) -> list[Finding]:
    return preflight.check(spec, data, advice=True)


PROBABILITY, NUMBERS, TOPICS = (
    dense(1, "sigmoid"),
    dense(1, None),
    dense(46, "softmax"),
)
BCE, SCCE = "binary_crossentropy", "sparse_categorical_crossentropy"
DROPOUT = {"type": "Dropout", "rate": 0.5}

HINTS = {
    "unscaled columns": (
        experiment("binary", dense(8), PROBABILITY, loss=BCE),
        facts("binary", BINARY, input_maximum=711.0), "data.steps", "from 0 to 711"),
    "unscaled windows": (
        experiment("forecasting", {"type": "LSTM", "units": 4}, NUMBERS, loss="mse"),
        facts("forecasting", NUMBER, input_shape=(5, 1), input_maximum=9000.0),
        "data.steps", "from 0 to 9000"),
    "dropout last": (
        experiment("regression", dense(8), NUMBERS, DROPOUT, loss="mse"),
        facts("regression", NUMBER), "model.layers.2", "Dropout is the last layer"),
    "dropout before numbers": (
        experiment("regression", dense(8), dense(8), DROPOUT, NUMBERS, loss="mse"),
        facts("regression", NUMBER), "model.layers.2", "right before the output"),
    "dropout of a narrow layer": (
        experiment("binary", dense(10), DROPOUT, PROBABILITY, loss=BCE),
        facts("binary", BINARY), "model.layers.1", "5 of 10 numbers"),
    "no nonlinearity": (
        experiment("binary", dense(8, None), {"type": "BatchNormalization"}, PROBABILITY,
                   loss=BCE),
        facts("binary", BINARY), "model.layers.0", "can do no more than one"),
    "a bottleneck": (
        experiment("multiclass", dense(64), dense(4), TOPICS, loss=SCCE),
        facts("multiclass", CLASSES), "model.layers.1", "lets 4 numbers through"),
    "sigmoids in a row": (
        experiment("binary", dense(8, "sigmoid"), dense(8, "sigmoid"), PROBABILITY, loss=BCE),
        facts("binary", BINARY), "model.layers.0", "2 hidden layers go through sigmoid"),
    "squares of classes": (
        experiment("binary", dense(8), PROBABILITY, loss="mse"),
        facts("binary", BINARY), "compile.loss", "learns slowest"),
    "too large": (
        experiment("binary", dense(500), PROBABILITY, loss=BCE),
        facts("binary", BINARY, rows=30), "model.layers.0", "learn from 30 rows"),
}  # fmt: skip


@pytest.mark.parametrize("name", HINTS)
def test_each_is_told_with_its_reason_and_cures_that_help(name: str) -> None:
    spec, data, where, sentence = HINTS[name]
    (hint,) = [one for one in told(spec, data) if sentence in one.sentence]
    assert (hint.level, hint.where) == ("hint", where)
    assert hint.cures
    for cure in hint.cures:
        cured = spec.changed(json.loads(json.dumps(cure.changes)))
        again = told(cured, data)
        assert [one for one in again if one.level == "problem"] == []
        halved = "instead of" in cure.words  # one step of several on the way
        if not halved:
            left = [one.where for one in again if sentence in one.sentence]
            assert hint.where not in left, cure.words


def test_without_being_asked_for_there_are_no_hints() -> None:
    for spec, data, *_ in HINTS.values():
        assert "hint" not in [finding.level for finding in preflight.check(spec, data)]


def test_a_problem_is_told_alone() -> None:
    wrong = experiment("binary", dense(500), dense(3, "sigmoid"), loss=BCE)
    found = told(wrong, facts("binary", BINARY, rows=30, input_maximum=99))
    assert [one.level for one in found] == ["problem"]


@pytest.mark.parametrize(
    ("spec", "data"),
    [
        (experiment("binary", dense(8), PROBABILITY, loss=BCE), facts("binary", BINARY)),
        (experiment("binary", dense(64), DROPOUT, PROBABILITY, loss=BCE), facts("binary", BINARY)),
        (experiment("multiclass", dense(64), TOPICS, loss=SCCE), facts("multiclass", CLASSES)),
        (experiment("binary", dense(500), PROBABILITY, loss=BCE,
                    callbacks=[{"type": "EarlyStopping"}]), facts("binary", BINARY, rows=30)),
        (experiment("binary", {"type": "Embedding", "input_dim": 900, "output_dim": 4},
                    {"type": "Flatten"}, PROBABILITY, loss=BCE),
         facts("binary", BINARY, input_maximum=899.0)),
        (experiment("regression", {"type": "Normalization"}, dense(8), NUMBERS, loss="mse"),
         facts("regression", NUMBER, input_maximum=500.0)),
    ],
)  # fmt: skip
def test_good_practice_is_left_alone(spec: Experiment, data: Facts) -> None:
    assert told(spec, data) == []


def test_branches_of_a_graph_are_followed() -> None:
    nodes = [
        {"name": "a", "type": "Dense", "units": 8, "from": ["i"]},
        {"name": "b", "type": "Dense", "units": 8, "from": ["a"], "activation": "relu"},
        {"name": "c", "type": "Dense", "units": 8, "from": ["i"], "activation": "relu"},
        {"name": "sum", "type": "Add", "from": ["b", "c"]},
        {"name": "p", "type": "Dense", "units": 1, "from": ["sum"], "activation": "sigmoid"},
    ]
    model = {"kind": "graph", "inputs": [{"name": "i"}], "nodes": nodes, "outputs": ["p"]}
    spec = Experiment.model_validate(
        {"data": {"dataset": "iris", "task": "binary"}, "model": model, "compile": {"loss": BCE}}
    )
    data = facts("binary", BINARY, input_maximum=50.0)
    found = told(spec, data)
    assert [one.where for one in found] == ["data.steps", "model.nodes.0"]
    for hint in found:
        cured = spec.changed(hint.cures[-1].changes)
        assert hint.sentence not in [one.sentence for one in told(cured, data)]


def test_a_layer_put_in_moves_the_variants_of_a_study_along() -> None:
    spec = experiment("binary", dense(8), PROBABILITY, loss=BCE).changed(
        {"study": {"variants": [{"name": "wide", "set": {"model.layers.0.units": 64}}]}}
    )
    (hint,) = told(spec, facts("binary", BINARY, input_maximum=99.0))
    cured = spec.changed(json.loads(json.dumps(hint.cures[-1].changes)))
    assert cured.model.layers[0].type == "Rescaling"  # type: ignore[union-attr]
    assert cured.study is not None
    assert cured.study.variants[0].set == {"model.layers.1.units": 64}

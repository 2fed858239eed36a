"""An exported script gives the figures and the weights of the plain run, bit for bit."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerastui.datasets.catalogue import card
from kerastui.datasets.fetch import locate
from kerastui.models import shipped
from kerastui.models.code import script
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.store import Run, Workspace

pytestmark = pytest.mark.slow

EXAMPLES = {
    "a05-ionosphere": 3,
    "a06-iris": 3,
    "a07-housing": 2,
    "a09-mnist-cnn": 1,
    "a10-car-sales": 2,
    "a13-learning-curves": 2,
    "a16-dropout": 2,
    "a17-batchnorm": 2,
    "a18-early-stopping": 4,
    "b07-mpg": 3,
    "b08-iris-onehot": 3,
    "b10-early-stop-class": 30,
    "b11-early-stop-reg": 3,
    "d03-imdb-final": 1,
    "d06-reuters": 1,
    "d14-boston-final": 2,
}
"""Example to epochs that are enough to tell whether everything is alike."""

CIRCLES = {
    "dataset": "make_circles", "task": "binary",
    "parameters": {"n_samples": 1000, "noise": 0.1, "random_state": 1},
    "split": {"kind": "first", "count": 500, "validation": {"kind": "test"}},
}  # fmt: skip
DENSE = {"type": "Dense", "units": 1, "activation": "sigmoid"}
OTHERS: dict[str, dict[str, Any]] = {
    "full batch, momentum, plateau": {
        "data": CIRCLES,
        "model": {"layers": [{"type": "Dense", "units": 50, "activation": "relu"}, DENSE]},
        "compile": {
            "optimizer": {"type": "SGD", "learning_rate": 0.01, "momentum": 0.9},
            "loss": "binary_crossentropy", "metrics": ["accuracy"],
        },
        "fit": {"epochs": 12, "batch_size": "all"},
        "callbacks": [{"type": "ReduceLROnPlateau", "patience": 1, "factor": 0.1}],
    },
    "four rows, larger batch": {
        "data": {"dataset": "xor", "task": "binary"},
        "model": {"layers": [{"type": "Dense", "units": 2, "activation": "relu"}, DENSE]},
        "compile": {"loss": "mse"},
        "fit": {"epochs": 5, "batch_size": 32},
        "afterwards": {"predict": [{"part": "train", "count": 4}]},
    },
    "class weights, no shuffling, objects": {
        "data": {"dataset": "breast_cancer", "task": "binary",
                 "steps": [{"step": "encode_label"}, {"step": "scale"}],
                 "split": {"kind": "fraction", "test": 0.3, "stratify": True}},
        "model": {"layers": [
            {"type": "Dense", "units": 8, "activation": "relu",
             "kernel_initializer": {"type": "RandomNormal", "stddev": 0.2},
             "kernel_regularizer": {"type": "L2", "l2": 0.01}},
            {"type": "GaussianNoise", "stddev": 0.1}, DENSE]},
        "compile": {"loss": {"type": "BinaryCrossentropy", "label_smoothing": 0.1},
                    "metrics": ["accuracy", {"type": "AUC"}]},
        "fit": {"epochs": 3, "shuffle": False, "class_weight": {0: 2.0, 1: 1.0}},
    },
    "graph with a shared layer": {
        "data": {"dataset": "wine", "task": "multiclass",
                 "steps": [{"step": "scale", "method": "minmax"}, {"step": "one_hot"}],
                 "split": {"kind": "fraction", "test": 0.3}},
        "model": {
            "kind": "graph", "inputs": [{"name": "in"}], "outputs": ["out"],
            "nodes": [
                {"name": "a", "type": "Dense", "units": 13, "activation": "relu", "from": ["in"]},
                {"name": "drop", "type": "Dropout", "rate": 0.2, "from": ["a"]},
                {"name": "again", "type": "Dense", "shares": "a", "from": ["drop"]},
                {"name": "join", "type": "Concatenate", "from": ["a", "again"]},
                {"name": "out", "type": "Dense", "units": 3, "activation": "softmax",
                 "from": ["join"]},
            ],
        },
        "compile": {"loss": "categorical_crossentropy", "metrics": ["accuracy"]},
        "fit": {"epochs": 3},
    },
    "two inputs by columns, two outputs, balanced by nothing": {
        "data": {"dataset": "sklearn-iris", "task": "regression",
                 "features": ["sepal_l", "species", "sepal_w"], "target": ["petal_l", "petal_w"],
                 "steps": [{"step": "one_hot", "columns": ["species"]}, {"step": "scale"}],
                 "split": {"kind": "fraction", "test": 0.3,
                           "validation": {"kind": "last", "fraction": 0.2}}},
        "model": {
            "kind": "graph", "outputs": ["long", "both"], "targets": {"long": ["petal_l"]},
            "inputs": [{"name": "sepal", "columns": ["sepal_w", "sepal_l"]},
                       {"name": "kind", "columns": ["species"]}],
            "nodes": [
                {"name": "a", "type": "Dense", "units": 5, "activation": "relu", "from": ["sepal"]},
                {"name": "b", "type": "Dense", "units": 3, "from": ["kind"]},
                {"name": "join", "type": "Concatenate", "from": ["a", "b"]},
                {"name": "long", "type": "Dense", "units": 1, "from": ["join"]},
                {"name": "both", "type": "Dense", "units": 2, "from": ["join"]},
            ],
        },
        "compile": {"loss": {"long": "mse", "both": "mae"}, "loss_weights": {"long": 2, "both": 1},
                    "metrics": {"both": ["mse"]}},
        "fit": {"epochs": 3, "batch_size": "all"},
        "afterwards": {"predict": [{"part": "test", "count": 3}]},
    },
    "an autoencoder": {
        "data": {"dataset": "digits", "task": "multiclass",
                 "steps": [{"step": "flatten"}, {"step": "scale", "method": "minmax"}],
                 "split": {"kind": "first", "count": 300, "validation": {"kind": "test"}}},
        "model": {
            "kind": "graph", "inputs": [{"name": "picture"}], "outputs": ["again"],
            "targets": {"again": ["picture"]},
            "nodes": [
                {"name": "code", "type": "Dense", "units": 8, "activation": "relu",
                 "from": ["picture"]},
                {"name": "again", "type": "Dense", "units": 64, "activation": "sigmoid",
                 "from": ["code"]},
            ],
        },
        "compile": {"loss": "mse"},
        "fit": {"epochs": 2},
    },
    "balanced weights, a schedule of epochs, logs, checkpoints": {
        "data": {"dataset": "wine", "task": "multiclass", "steps": [{"step": "scale"}],
                 "split": {"kind": "fraction", "test": 0.3, "validation": {"kind": "test"}}},
        "model": {"layers": [{"type": "Dense", "units": 6, "activation": "relu"},
                             {"type": "Dense", "units": 3, "activation": "softmax"}]},
        "compile": {"optimizer": {"type": "Adam", "learning_rate": 0.01},
                    "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
        "fit": {"epochs": 4, "class_weight": "balanced"},
        "callbacks": [
            {"type": "LearningRateScheduler",
             "schedule": {"type": "ExponentialDecay", "initial_learning_rate": 0.01,
                          "decay_steps": 2, "decay_rate": 0.5}},
            {"type": "CSVLogger", "filename": "log.csv"},
            {"type": "ModelCheckpoint", "filepath": "best.keras", "save_best_only": True},
            "TerminateOnNaN",
        ],
    },
    "texts with an embedding": {
        "data": {"dataset": "token-reviews", "task": "binary",
                 "parameters": {"n_train": 200, "n_test": 50, "length": 20},
                 "steps": [{"step": "pad", "length": 16, "words": 500}], "split": {"kind": "own"}},
        "model": {"layers": [
            {"type": "Embedding", "input_dim": 500, "output_dim": 4},
            {"type": "Bidirectional", "layer": {"type": "GRU", "units": 3}}, DENSE]},
        "compile": {"loss": "binary_crossentropy"},
        "fit": {"epochs": 2},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_its_script_bit_for_bit(name: str, tmp_path: Path) -> None:
    example = shipped.experiment(name)
    found = locate(card(example.data.dataset))
    if found is None:
        pytest.skip(f"{example.data.dataset} is not here; set KERASTUI_DATA")
    assert_same(example.changed({"fit.epochs": EXAMPLES[name]}), found.path, tmp_path)


@pytest.mark.parametrize("name", OTHERS)
def test_an_experiment_is_its_script_bit_for_bit(name: str, tmp_path: Path) -> None:
    plain = {**OTHERS[name], "model": {"kind": "sequential", **OTHERS[name]["model"]}}
    assert_same(Experiment.model_validate(plain), None, tmp_path)


def assert_same(chosen: Experiment, located: Path | None, folder: Path) -> None:
    """Run both and compare every printed figure and every weight."""
    chosen = chosen.changed({"execution": "plain"})
    run = trained(chosen, folder)
    program = folder / "script.py"
    program.write_text(f"{script(chosen, located)}model.save({str(folder / 'script.keras')!r})\n")
    command = [sys.executable, str(program)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=_environment(), timeout=600, check=False,
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]

    record = json.loads((run.path / "evaluation.json").read_text())
    printed = figures(done.stdout)
    assert printed
    obtained = {path: record["figures"][path] for path in printed}
    assert printed == obtained
    for prediction in record["predictions"]:
        assert str(prediction["value"]) in done.stdout
        if prediction.get("class"):
            assert prediction["class"] in done.stdout

    ours, theirs = weights(run.model), weights(folder / "script.keras")
    assert list(ours) == list(theirs)
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name)


def trained(chosen: Experiment, folder: Path) -> Run:
    """Execute a run by a worker of its own."""
    run = Workspace(folder).create(chosen)
    subprocess.run(
        [sys.executable, "-m", "kerastui.models.processes.worker", str(run.path)],
        env=_environment(), check=False, timeout=600,
    )  # fmt: skip
    info = run.info()
    assert (info.status, info.execution) == ("finished", "plain"), info.error
    return run


def figures(output: str) -> dict[str, float]:
    """Read the figures a script has printed, by path: `test {'accuracy': 0.9, ...}`."""
    found = {}
    for line in output.splitlines():
        part, _, rest = line.partition(" ")
        if part in ("train", "validation", "test") and rest.startswith("{"):
            found |= {f"{part}.{name}": value for name, value in ast.literal_eval(rest).items()}
        elif part in ("train", "validation", "test") and rest.startswith("rmse "):
            found[f"{part}.rmse"] = float(rest.split()[1])
    return found


def weights(path: Path) -> dict[str, Any]:
    """Every array in a `.keras` file, the optimizer's state too."""
    found: dict[str, Any] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with zipfile.ZipFile(path) as archive:
        store = h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r")
    store.visititems(keep)
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}

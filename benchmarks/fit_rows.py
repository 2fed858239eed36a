"""The same experiment through kerastui and as a plain Keras script, each in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from places import HERE, data_file, environment
from table import Row, missing, pairs

from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.store import Workspace

RELU = {"type": "Dense", "activation": "relu"}
CIRCLES: dict[str, Any] = {
    "name": "circles",
    "data": {
        "dataset": "make_circles", "task": "binary",
        "parameters": {"n_samples": 1000, "noise": 0.1, "random_state": 1},
        "split": {"kind": "first", "count": 500, "validation": {"kind": "test"}},
    },
    "model": {"kind": "sequential", "layers": [
        {**RELU, "units": 50}, {"type": "Dense", "units": 1, "activation": "sigmoid"}]},
    "compile": {
        "optimizer": {"type": "SGD", "learning_rate": 0.01, "momentum": 0.9},
        "loss": "binary_crossentropy", "metrics": ["accuracy"],
    },
}  # fmt: skip
XOR: dict[str, Any] = {
    "name": "xor",
    "data": {"dataset": "xor", "task": "regression"},
    "model": {"kind": "sequential", "layers": [
        {**RELU, "units": 2}, {"type": "Dense", "units": 1}]},
    "compile": {"optimizer": "adam", "loss": "mse"},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes:
        what: The title of its line.
        experiment: The name of an example, or an experiment as plain values.
        budget: The largest ratio.
        epochs: Epochs through kerastui; with `--quick` the second number.
        plain: Epochs of the plain script, where these are fewer; its time is then scaled.
        batch_size: Of `experiment`, where it is not its own.
        data_set: The data set whose file both need.
    """

    what: str
    experiment: str | dict[str, Any]
    budget: float
    epochs: tuple[int, int]
    plain: tuple[int, int] | None = None
    batch_size: int | None = None
    data_set: str = ""


CASES = {
    "iris": Case("iris", "a06-iris", 0.2, (150, 150), data_set="iris"),
    "ionosphere": Case(
        "ionosphere", "a05-ionosphere", 0.2, (150, 150), data_set="ionosphere"
    ),
    "xor": Case("XOR", XOR, 0.01, (10_000, 10_000), plain=(1000, 300)),
    "circles-full": Case("circles, batch 500", CIRCLES, 0.05, (1000, 200), batch_size=500),
    "circles-one": Case("circles, batch 1", CIRCLES, 0.05, (20, 5), batch_size=1),
    "circles-one-whole": Case(
        "circles, batch 1, as long as the lesson", CIRCLES, 0.05, (1000, 200), plain=(20, 5),
        batch_size=1,
    ),
    "mnist": Case("MNIST CNN", "a09-mnist-cnn", 0.95, (2, 1), data_set="mnist"),
}  # fmt: skip


def fit(name: str, repeat: int, quick: bool) -> list[Row]:
    """Measure `fit` with tracing and compilation on both sides."""
    case = CASES[name]
    path = data_file(case.data_set) if case.data_set else None
    what = f"fit, {case.what}"
    if case.data_set and path is None:
        return [missing(what, f"{case.data_set} is not here: set KERASTUI_DATA")]
    epochs = case.epochs[quick]
    plain = case.plain[quick] if case.plain else epochs
    notes: list[str] = []
    ours, other = pairs(
        partial(_through_kerastui, case, epochs, notes),
        partial(_plain_script, name, plain, epochs, path),
        repeat,
    )
    how = f"{epochs:,} epochs"
    if plain != epochs:
        how += f"; plain: {plain:,} measured, scaled to {epochs:,}"
    return [Row(what, _seconds(ours), _seconds(other), ours / other, f"≤ {case.budget:g}",
                f"{how}; {notes[-1]}")]  # fmt: skip


def _through_kerastui(case: Case, epochs: int, notes: list[str]) -> float:
    """Seconds of the stage `fit` in the record of a run by a fresh worker."""
    changes: dict[str, Any] = {"fit.epochs": epochs}
    if case.batch_size:
        changes["fit.batch_size"] = case.batch_size
    if isinstance(case.experiment, str):
        chosen = shipped.experiment(case.experiment)
    else:
        chosen = Experiment.model_validate(case.experiment)
    with tempfile.TemporaryDirectory() as folder:
        run = Workspace(Path(folder)).create(chosen.changed(changes))
        subprocess.run(
            [sys.executable, "-m", "kerastui.models.processes.worker", str(run.path)],
            env=environment(folder), check=True, capture_output=True,
        )  # fmt: skip
        info = run.info()
        if info.status != "finished" or info.epoch != epochs:
            raise RuntimeError(f"{info.name} is {info.status} after {info.epoch} epochs")
        notes.append(f"path: {info.execution}")
        return info.seconds["fit"]


def _plain_script(name: str, measured: int, epochs: int, path: Path | None) -> float:
    """Seconds of `fit` in a plain script; epochs after the first are scaled if need be."""
    command = [sys.executable, str(HERE / "plain_fit.py"), name, str(measured)]
    command += [str(path)] if path else []
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command, env=environment(folder), check=True, capture_output=True, text=True
        )
    seconds = json.loads(done.stdout.splitlines()[-1])
    if measured == epochs:
        return float(seconds["first"] + seconds["rest"])
    return float(seconds["first"] + seconds["rest"] / (measured - 1) * (epochs - 1))


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"

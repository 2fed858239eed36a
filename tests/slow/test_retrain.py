"""Models of Keras 2, and one that was trained here, trained further: on both paths, and as code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.files.library import imported
from kerastui.datasets.files.sniff import sniff
from kerastui.models.experiment.toml import parse, save
from kerastui.models.runs.store import Run, Workspace
from kerastui.models.saved.start import sha256_of
from kerastui.models.saved.start_copy import told

pytestmark = pytest.mark.slow

OLD = Path(__file__).parents[1] / "files" / "keras2"
PICTURES = {"dataset": "digits", "task": "multiclass", "split": {"kind": "fraction", "test": 0.2},
            "steps": [{"step": "channel_axis"},
                      {"step": "scale", "method": "constant", "divisor": 16.0}]}  # fmt: skip
CLASSES = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy",
           "metrics": ["accuracy"]}  # fmt: skip


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path / "saved"))


def run(folder: Path, plain: dict[str, Any], *words: str) -> tuple[Run, dict[str, Any]]:
    file = folder / "experiment.toml"
    save(parse({"format": 1, "seed": 3, **plain}), file)
    done = subprocess.run(
        [sys.executable, "-m", "kerastui.tui.cli", "run", str(file), "--json", *words],
        capture_output=True, text=True, timeout=280, env=dict(os.environ), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return Workspace(folder / "saved").find(answer["run"]), answer["metrics"]


def weights_of(path: Path) -> list[Any]:
    from kerastui.models.saved.read import read

    return [weight.values for weight in read(path).weights]


def file_of(name: str, folder: Path, **more: Any) -> dict[str, Any]:
    said = told(str(OLD / name), str(folder / "models"))
    return {"kind": "file", "path": said["path"], "sha256": said["sha256"], **more}


def test_a_dense_network_of_keras_2_goes_on_with_a_table(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 4))
    table = np.column_stack([x, x @ [1.0, -2.0, 0.5, 0.0]])
    path = tmp_path / "table.csv"
    np.savetxt(path, table, delimiter=",", header="a,b,c,d,wanted", comments="", fmt="%.5f")
    own = imported(sniff(path))
    data = {"dataset": "own", "file": own.file.model_dump(mode="json"), "task": "regression",
            "target": ["wanted"], "split": {"kind": "fraction", "test": 0.2}}  # fmt: skip
    plain = {"name": "on", "data": data, "model": file_of("mlp.h5", tmp_path),
             "compile": {"optimizer": {"type": "Adam", "learning_rate": 0.01}, "loss": "mse"},
             "fit": {"epochs": 1}}  # fmt: skip
    _, first = run(tmp_path, plain)
    _, later = run(tmp_path, {**plain, "fit": {"epochs": 40}})
    assert later["test.loss"] < first["test.loss"] / 3


def test_a_recurrent_network_of_keras_2_goes_on_with_a_series(tmp_path: Path) -> None:
    path = tmp_path / "waves.csv"
    waves = np.sin(np.arange(240) / 4)
    path.write_text("wave\n" + "\n".join(f"{value:.5f}" for value in waves))
    own = imported(sniff(path))
    data = {"dataset": "own", "file": own.file.model_dump(mode="json"), "task": "forecasting",
            "target": ["wave"], "steps": [{"step": "window", "length": 5}],
            "split": {"kind": "last", "count": 40}}  # fmt: skip
    plain = {"name": "on", "data": data, "model": file_of("rnn.keras", tmp_path),
             "compile": {"optimizer": {"type": "Adam", "learning_rate": 0.01}, "loss": "mse"},
             "fit": {"epochs": 30}}  # fmt: skip
    _, figures = run(tmp_path, plain)
    assert figures["test.loss"] < 0.05


def test_the_script_of_a_new_end_on_pictures_trains_to_the_same_bits(tmp_path: Path) -> None:
    head = [{"type": "Dense", "units": 10, "activation": "softmax"}]
    model = file_of("cnn.h5", tmp_path, cut=1, trainable_from="dense_2", layers=head)
    plain = {"name": "new", "data": PICTURES, "model": model, "compile": CLASSES,
             "fit": {"epochs": 3}}  # fmt: skip
    before = weights_of(Path(model["path"]))
    made, figures = run(tmp_path, plain, "--execution", "plain")
    after = weights_of(made.model)
    assert len(before) == len(after)
    for old, new in zip(before[:-2], after[:-2], strict=True):
        np.testing.assert_array_equal(old, new)
    assert after[-2].shape == (8, 10)
    done = subprocess.run([sys.executable, str(made.path / "script.py")], capture_output=True,
                          text=True, timeout=200, cwd=tmp_path, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert repr(figures["test.loss"]) in done.stdout


def test_what_was_trained_here_is_taken_up_for_another_task(tmp_path: Path) -> None:
    layers = [{"type": "Conv2D", "filters": 8, "kernel_size": 3, "activation": "relu"},
              {"type": "Flatten"}, {"type": "Dense", "units": 32, "activation": "relu"},
              {"type": "Dense", "units": 10, "activation": "softmax"}]  # fmt: skip
    first = {"name": "first", "data": PICTURES, "model": {"layers": layers}, "compile": CLASSES,
             "fit": {"epochs": 6}}  # fmt: skip
    made, figures = run(tmp_path, first)
    file = {"kind": "file", "path": str(made.model), "sha256": sha256_of(made.model)}
    taken, on = run(tmp_path, {**first, "name": "on", "model": file, "fit": {"epochs": 1}})
    # It goes on from there: one epoch more is no worse than what six epochs made.
    assert on["last.loss"] < figures["last.loss"]
    head = [{"type": "Dense", "units": 10, "activation": "softmax"}]
    model = {**file, "cut": 1, "trainable_from": "dense_1", "layers": head}
    new = {**first, "name": "new", "model": model, "fit": {"epochs": 25}}
    _, ended = run(tmp_path, new, "--execution", "fast")
    _, again = run(tmp_path, new, "--execution", "fast")
    assert ended["test.accuracy"] > 0.85
    assert ended["last.loss"] == again["last.loss"]
    made.model.write_bytes(taken.model.read_bytes())
    with pytest.raises(AssertionError, match="no longer the file"):
        run(tmp_path, new)

"""Experiments with own files, trained for real by `kerastui run`."""

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
from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import save
from kerastui.models.runs.store import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path / "saved"))


def experiment(path: Path, steps: list[dict[str, Any]], layers: list[dict[str, Any]]) -> Experiment:
    own = imported(sniff(path))
    return Experiment.model_validate({
        "name": "own", "format": 1, "seed": 3,
        "data": {"dataset": "own", "file": own.file, "task": own.task, "target": own.target,
                 "steps": steps, "split": {"kind": "fraction", "test": 0.25}},
        "model": {"kind": "sequential", "layers": layers},
        "compile": {"optimizer": "adam", "loss": "sparse_categorical_crossentropy",
                    "metrics": ["accuracy"]},
        "fit": {"epochs": 60, "batch_size": 16},
    })  # fmt: skip


def run(path: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "kerastui.tui.cli", "run", str(path), "--json", *words],
        capture_output=True, text=True, timeout=280, env=dict(os.environ), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_german_table_is_learned_on_both_paths_to_the_same_figures(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    path = tmp_path / "pflanzen.csv"
    rows = []
    for number in range(240):
        kind = number % 3  # classes are sorted by name: Ahorn, Eiche, Linde
        length, width = kind * 2 + draw.normal(0, 0.3), 3 - kind + draw.normal(0, 0.3)
        place = ("Köln", "Bonn")[number % 2]
        cells = [f"{length:.3f}".replace(".", ","), f"{width:.3f}".replace(".", ","), place,
                 f"{1 + number % 28:02d}.03.2024", ("Ahorn", "Linde", "Eiche")[kind]]  # fmt: skip
        rows.append(";".join(cells))
    path.write_text("Länge;Breite;Ort;Tag;Art\n" + "\n".join(rows), encoding="cp1252")
    steps = [{"step": "dates", "parts": ["weekday"]}, {"step": "one_hot", "columns": ["Ort"]},
             {"step": "scale"}, {"step": "encode_label"}]  # fmt: skip
    layers = [{"type": "Dense", "units": 16, "activation": "relu"},
              {"type": "Dense", "units": 3, "activation": "softmax"}]  # fmt: skip
    file = tmp_path / "own.toml"
    asked = [{"values": [2.1, 1.9, "Bonn", "2024-03-05"]}]
    save(experiment(path, steps, layers).changed({"afterwards.predict": asked}), file)
    told = [run(file, "--execution", way) for way in ("fast", "plain")]
    for one in told:
        assert one["metrics"]["test.accuracy"] > 0.9
    found = Workspace(tmp_path / "saved").find(told[0]["run"])
    evaluation = json.loads((found.path / "evaluation.json").read_text())
    assert "Linde" in json.dumps(evaluation["predictions"])
    path.write_text(path.read_text("cp1252") + "\n0,1;3,0;Bonn;01.03.2024;Ahorn\n", "cp1252")
    again = Workspace(tmp_path / "saved").find(run(file, "--set", "fit.epochs=1")["run"])
    assert "has changed since it was imported" in again.events.read_text()


def test_a_folder_of_pictures_is_learned(tmp_path: Path) -> None:
    from PIL import Image

    draw = np.random.default_rng(0)
    for name, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        (tmp_path / "pics" / name).mkdir(parents=True)
        for number in range(30):
            noise = draw.integers(-20, 20, (8, 8, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pics" / name / f"{number}.png")
    steps = [{"step": "scale", "method": "constant", "divisor": 255}]
    layers = [{"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"},
              {"type": "Flatten"},
              {"type": "Dense", "units": 2, "activation": "softmax"}]  # fmt: skip
    file = tmp_path / "own.toml"
    save(experiment(tmp_path / "pics", steps, layers), file)
    assert run(file)["metrics"]["test.accuracy"] > 0.9

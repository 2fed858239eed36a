"""Scripts under test: run, held against what is prepared here, and laid out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.catalogue import card
from kerastui.datasets.fetch import locate
from kerastui.datasets.prepare import prepare
from kerastui.models.code import script
from kerastui.models.experiment.schema import Experiment

LABEL = {"step": "encode_label"}
HOT = {"step": "one_hot"}
STANDARD = {"step": "scale", "method": "standard"}
MINMAX = {"step": "scale", "method": "minmax"}
MEDIAN = {"step": "missing", "strategy": "median"}


def experiment(data: dict[str, Any], **rest: Any) -> Experiment:
    """An experiment whose model is of no importance."""
    model = {"kind": "sequential", "layers": [{"type": "Dense", "units": 1}]}
    return Experiment.model_validate({"data": data, "model": model, **rest})


def located(data_set: str) -> Path | None:
    """The data file; skips the test where the data are not here."""
    found = locate(card(data_set))
    if found is None:
        pytest.skip(f"{data_set} is not here; set KERASTUI_DATA")
    return found.path


def arrays_of(source: str) -> dict[str, Any]:
    """Run the data section of a script and return its variables."""
    names: dict[str, Any] = {}
    exec(compile(source.split("# Build the model.")[0], "script", "exec"), names)
    return names


def assert_same_arrays(chosen: Experiment, path: Path | None) -> None:
    """The script's arrays are those of `prepare`: values, types and shapes."""
    prepared = prepare(chosen.data, seed=chosen.seed)
    names = arrays_of(script(chosen, path))
    parts = {"train": prepared.train, "test": prepared.test, "val": prepared.validation}
    if prepared.validation is not None and prepared.validation is prepared.test:
        del parts["val"]
    if chosen.data.split.validation.kind == "test":
        del parts["val"]
    for suffix, part in parts.items():
        x, y = names.get(f"x_{suffix}"), names.get(f"y_{suffix}")
        if suffix == "train" and x is None:
            x, y = names["x"], names["y"]
        if part is None:
            assert x is None, suffix
            continue
        assert (x.dtype, x.shape) == (part.x.dtype, part.x.shape), suffix
        assert (y.dtype, y.shape) == (part.y.dtype, part.y.shape), suffix
        np.testing.assert_array_equal(x, part.x)
        np.testing.assert_array_equal(y, part.y)


def assert_laid_out(scripts: list[str], mode: list[str], folder: Path) -> None:
    """Ruff finds nothing to say about scripts, or nothing to move."""
    ruff = shutil.which(
        "ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert ruff, "ruff belongs to the development tools"
    place = folder / "scripts"
    place.mkdir(exist_ok=True)
    for number, source in enumerate(scripts):
        (place / f"script_{number}.py").write_text(source)
    settings_file = place / "ruff.toml"
    settings_file.write_text(
        'line-length = 100\ntarget-version = "py311"\n'
        'lint.select = ["A", "B", "C4", "E", "F", "I", "N", "PIE", "RET", "RUF", "SIM", "UP"]\n'
        'lint.ignore = ["RUF001", "RUF002", "RUF003"]\n'
    )
    done = subprocess.run(
        [ruff, *mode, "--no-cache", "--config", str(settings_file), str(place)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def assert_clean(source: str, folder: Path) -> None:
    for mode in (["check"], ["format", "--check"]):
        assert_laid_out([source], mode, folder)

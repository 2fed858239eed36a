"""Experiments made at random: the script gives the figures and the weights of the plain run."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from kerastui.datasets.errors import UserError
from kerastui.models.code import script
from kerastui.models.experiment.toml import parse
from kerastui.models.runs.store import Workspace

from ..unit.random_experiments import runnable, write_houses
from .test_code_runs import figures, weights

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.slow

MANY = int(os.environ.get("KERASTUI_RANDOM_SCRIPTS", "25"))
"""How many are run; more can be asked for."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("random")
    write_houses(made)
    return made


def test_random_experiments_are_their_scripts_bit_for_bit(folder: Path) -> None:
    from kerastui.models.processes.worker import _Work
    from kerastui.models.runs.store import CommandReader
    from kerastui.models.training.control import Control

    ran: list[str] = []

    @settings(
        max_examples=MANY, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(runnable(str(folder / "houses.csv")))
    def check(plain: dict[str, Any]) -> None:
        try:
            chosen = parse(plain)
        except UserError as error:
            raise AssertionError(str(error)) from error
        run = Workspace(folder).create(chosen)
        _Work(run, Control(CommandReader(run.commands))).execute()
        info = run.info()
        # What the pre-flight refuses, or what diverges, is another matter.
        assume(info.status == "finished")
        source = script(chosen, folder / "houses.csv" if chosen.data.file else None)
        printed = _executed(source, folder / "script.keras")
        record = json.loads((run.path / "evaluation.json").read_text())
        expected = {path: record["figures"].get(path) for path in printed}
        assert printed
        np.testing.assert_equal(printed, expected, err_msg=source)
        ours, theirs = weights(run.model), weights(folder / "script.keras")
        assert list(ours) == list(theirs), source
        for name, values in ours.items():
            np.testing.assert_array_equal(values, theirs[name], err_msg=f"{name}\n{source}")
        ran.append(chosen.data.dataset)

    check()
    print(f"{len(ran)} of {MANY} ran: {sorted(set(ran))}")
    assert len(ran) > MANY * 0.6


def _executed(source: str, model: Path) -> dict[str, float]:
    """Run a script in this process and return the figures it prints."""
    keras.utils.clear_session(free_memory=False)
    keras.config.set_dtype_policy("float32")
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(source, "script.py", "exec"), names)
        names["model"].save(model)
    return figures(written.getvalue())

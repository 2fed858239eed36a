"""A real worker process: pause, continue, kill, broken numbers, and a run that goes on alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.models.experiment.toml import parse
from kerastui.models.processes.launch import launch
from kerastui.models.runs.store import Run, Workspace

pytestmark = pytest.mark.slow

ENDLESS = {"fit.epochs": 10_000_000}
PLAIN: dict[str, Any] = {
    "format": 1,
    "name": "live",
    "data": {"dataset": "sklearn-iris", "task": "multiclass",
             "steps": [{"step": "encode_label"}],
             "split": {"kind": "fraction", "test": 0.33}},
    "model": {"kind": "sequential", "layers": [
        {"type": "Dense", "units": 8, "activation": "relu"},
        {"type": "Dropout", "rate": 0.2},
        {"type": "Dense", "units": 3, "activation": "softmax"}]},
    "compile": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
    "fit": {"epochs": 30},
}  # fmt: skip


def start(tmp_path: Path, **changes: Any) -> Run:
    run = Workspace(tmp_path / "saved").create(parse(PLAIN).changed(changes))
    launch(run)
    return run


def until(condition: Callable[[], Any]) -> Any:
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def status(run: Run, wanted: str) -> Any:
    until(lambda: run.info().status in (wanted, "failed", "lost"))
    assert run.info().status == wanted, (run.info().error, run.console.read_text()[-2000:])
    # An end is written into `run.json` first and into the log a moment later.
    until(lambda: run.history().status == wanted)


@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_pause_continue_rate_and_stop(tmp_path: Path, execution: str) -> None:
    run = start(tmp_path, execution=execution, **ENDLESS)
    until(lambda: run.history().epoch > 3)
    run.command("pause")
    status(run, "paused")
    epoch = run.history().epoch
    time.sleep(0.5)
    assert run.history().epoch == epoch
    run.command("set_learning_rate", value=0.002)
    run.command("continue")
    until(lambda: run.history().epoch > epoch)
    run.command("stop")
    status(run, "stopped")
    history = run.history()
    assert history.series["learning_rate"][-1] == pytest.approx(0.002)
    assert run.info().figures["epochs"] == history.epoch
    assert 0 <= run.info().figures["test.accuracy"] <= 1
    assert run.model.exists()


def test_killed_by_command_it_leaves_its_last_checkpoint(tmp_path: Path) -> None:
    run = start(tmp_path, **ENDLESS)
    until(lambda: run.history().checkpoint_epoch > 0)
    run.command("kill")
    status(run, "stopped")
    assert "killed" in run.history().ended["text"]
    assert not run.model.exists()
    with np.load(run.path / "checkpoint" / "state.npz") as stored:
        assert json.loads(stored["head"].tobytes())["epoch"] > 0


def test_killed_by_the_system_it_is_lost(tmp_path: Path) -> None:
    run = start(tmp_path, **ENDLESS)
    until(lambda: run.history().epoch > 0)
    run.kill()
    until(lambda: run.info().status in ("lost", "stopped"))


def test_numbers_that_break_end_in_a_sentence_and_good_weights(tmp_path: Path) -> None:
    run = start(tmp_path, **{"compile.optimizer": {"type": "SGD", "learning_rate": 1e30},
                             "compile.loss": "mse", "compile.metrics": [],
                             "data.steps": [{"step": "encode_label"}, {"step": "one_hot"}],
                             "model.layers.2.activation": None})  # fmt: skip
    status(run, "stopped")
    assert "NaN or infinite at epoch" in run.history().ended["text"]
    assert np.isfinite(run.info().figures["test.loss"])
    assert run.model.exists()


def test_the_same_experiment_gives_the_same_bits_in_two_workers(tmp_path: Path) -> None:
    runs = [start(tmp_path) for _ in range(2)]
    for run in runs:
        status(run, "finished")
    one, two = (run.history() for run in runs)
    assert one.series == two.series
    assert runs[0].info().figures == runs[1].info().figures


def test_a_backend_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    try:
        import jax  # noqa: F401
    except ImportError:
        run = start(tmp_path, backend="jax")
        until(lambda: run.info().status == "failed")
        error = run.info().error
        assert error is not None
        assert "jax" in error["message"]

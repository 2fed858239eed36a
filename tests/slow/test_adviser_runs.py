"""The adviser on real runs of the crash course's lessons, trained by the real worker."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from kerastui.models.adviser import Advice, advise, describe
from kerastui.models.experiment.schema import Experiment
from kerastui.models.processes.launch import launch
from kerastui.models.runs.history import History
from kerastui.models.runs.store import ACTIVE, Workspace

pytestmark = pytest.mark.slow

SGD = {"type": "SGD", "learning_rate": 0.01, "momentum": 0.9}


def circles(samples: int, train: int, units: int, optimizer: Any, epochs: int) -> Experiment:
    return Experiment.model_validate(
        {
            "data": {
                "dataset": "make_circles",
                "task": "binary",
                "parameters": {"n_samples": samples, "noise": 0.1, "random_state": 1},
                "split": {"kind": "first", "count": train, "validation": {"kind": "test"}},
            },
            "model": {
                "layers": [
                    {"type": "Dense", "units": units, "activation": "relu"},
                    {"type": "Dense", "units": 1, "activation": "sigmoid"},
                ]
            },
            "compile": {
                "optimizer": optimizer,
                "loss": "binary_crossentropy",
                "metrics": ["accuracy"],
            },
            "fit": {"epochs": epochs},
        }
    )


MANY = circles(1000, 500, 50, SGD, 300)
FEW = circles(100, 30, 500, "adam", 4000)


def trained(experiment: Experiment, folder: Path) -> History:
    run = Workspace(folder).create(experiment)
    launch(run)
    until = time.monotonic() + 250
    while run.info().status in ACTIVE:
        assert time.monotonic() < until, run.console.read_text(errors="replace")[-2000:]
        time.sleep(0.1)
    assert run.info().status == "finished", run.console.read_text(errors="replace")[-2000:]
    while run.history().status != "finished":  # the log's last lines follow `run.json`
        assert time.monotonic() < until
        time.sleep(0.1)
    return run.history()


def kinds(found: list[Advice]) -> list[str]:
    return [advice.kind for advice in found]


def test_five_hundred_units_overfit_thirty_rows_and_the_cures_help(tmp_path: Path) -> None:
    history = trained(FEW, tmp_path)
    found = advise(history, FEW)
    assert "overfitting" in kinds(found), describe(history)
    overfitting = next(advice for advice in found if advice.kind == "overfitting")
    cures = {technique.name: technique for technique in overfitting.techniques}

    decayed = FEW.changed(cures["Weight decay (L2)"].changes)
    after = trained(decayed, tmp_path)
    assert after.last("val_loss") < history.last("val_loss")

    stopped = FEW.changed(cures["Early stopping"].changes)
    after = trained(stopped, tmp_path)
    assert after.epoch < history.epoch
    assert after.last("val_loss") < history.last("val_loss")


def test_a_calm_lesson_has_no_problem(tmp_path: Path) -> None:
    history = trained(MANY, tmp_path)
    found = advise(history, MANY)
    assert {advice.area for advice in found} == {"fine"}, (kinds(found), describe(history))


def test_batches_of_one_are_unstable_and_the_cures_calm_them(tmp_path: Path) -> None:
    single = MANY.changed({"fit.batch_size": 1, "fit.epochs": 60})
    history = trained(single, tmp_path)
    found = advise(history, single)
    assert "unstable" in kinds(found), describe(history)
    larger = next(
        technique
        for advice in found
        if advice.kind == "unstable"
        for technique in advice.techniques
        if technique.name.startswith("A larger batch")
    )
    calmed = single.changed(larger.changes)
    assert "unstable" not in kinds(advise(trained(calmed, tmp_path), calmed))


def test_too_small_steps_are_no_learning_and_three_epochs_too_few(tmp_path: Path) -> None:
    creeping = MANY.changed({"compile.optimizer.learning_rate": 1e-6, "fit.epochs": 50})
    found = advise(trained(creeping, tmp_path), creeping)
    assert kinds(found) == ["not_learning"]
    faster = next(t for t in found[0].techniques if t.name.startswith("A higher"))
    assert creeping.changed(faster.changes).compile.optimizer.parameters["learning_rate"] == 1e-5

    few = MANY.changed({"fit.epochs": 3})
    assert kinds(advise(trained(few, tmp_path), few)) == ["too_short"]


def test_seeds_agree_on_many_rows(tmp_path: Path) -> None:
    histories = [trained(MANY.changed({"seed": seed}), tmp_path) for seed in (1, 2, 3)]
    found = advise(histories[0], MANY, histories[1:])
    assert "steady" in kinds(found), found

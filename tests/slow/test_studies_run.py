"""Studies for real: workers beside each other, stopped, killed, taken up again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.catalogue import card
from kerastui.datasets.fetch import locate
from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.processes.launch import Nursery, launch, launch_study
from kerastui.models.runs.store import ACTIVE, Run, Workspace
from kerastui.models.studies import store as study_store
from kerastui.models.studies.store import StudyFolder

pytestmark = pytest.mark.slow

LESSONS = [
    entry.name for entry in shipped.index() if entry.document in "CD" and entry.id != "d14"
] + ["a15-load", "b09-save-load"]
"""Examples of which one run, or one study, says enough: their figures hardly hang on the seed."""


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "saved")


def dropout(**changes: Any) -> Experiment:
    return shipped.experiment("a16-dropout").changed(changes)


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 180.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


def ended(folder: StudyFolder) -> bool:
    return folder.info().status not in ACTIVE


def run_of(folder: StudyFolder, place: int) -> Run:
    run = folder.run_of(folder.info().members[place])
    assert run is not None
    return run


def test_members_reach_what_they_reach_alone(home: Workspace) -> None:
    experiment = dropout(**{"fit.epochs": 20, "study.repeats": 2})
    folder = study_store.create(home, experiment, jobs=2)
    launch_study(folder)
    wait_until(lambda: ended(folder), "the end of the study")
    info = folder.info()
    assert info.status == "finished"
    assert info.slots == 2
    assert [member.state for member in info.members] == ["finished"] * 4
    first, second = (run_of(folder, place).info() for place in (0, 1))
    assert first.started and first.ended and second.started  # noqa: PT018
    assert second.started < first.ended, "they did not run beside each other"

    alone = home.create(experiment.changed({"study": None}))
    launch(alone)
    wait_until(lambda: alone.history().status == "finished", "the end of the run")
    assert list(alone.history().series["loss"]) == list(run_of(folder, 0).history().series["loss"])


def test_the_nursery_forks_a_runner_that_outlives_it(home: Workspace) -> None:
    folder = study_store.create(home, dropout(**{"fit.epochs": 20}))

    async def start() -> int:
        nursery = Nursery()
        await nursery.start()
        await nursery.wait_ready()
        pid = await nursery.study(folder)
        await nursery.close()
        return pid

    pid = asyncio.run(start())
    wait_until(lambda: ended(folder), "the end of the study")
    assert folder.info().status == "finished"
    assert folder.info().pid == pid


def test_stop_ends_all_and_keeps_the_models(home: Workspace) -> None:
    folder = study_store.create(home, dropout(**{"fit.epochs": 5_000_000, "study.repeats": 2}))
    launch_study(folder)
    wait_until(lambda: folder.info().members[0].state == "running", "a running member")
    folder.stop()
    wait_until(lambda: ended(folder), "the end of the study")
    info = folder.info()
    assert info.status == "stopped"
    assert info.members[-1].state == "skipped"
    stopped = [member for member in info.members if member.state == "stopped"]
    assert stopped
    assert all(Run(home.runs_folder / member.run).model.is_file() for member in stopped[:1])


def test_a_killed_runner_leaves_its_workers_and_can_be_followed_by_another(
    home: Workspace,
) -> None:
    experiment = dropout(**{"fit.epochs": 60_000, "study.repeats": 2})
    folder = study_store.create(home, experiment, jobs=2)
    launch_study(folder)
    wait_until(lambda: [m.state for m in folder.info().members][:2] == ["running"] * 2, "two runs")
    pid = folder.info().pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: folder.info().status == "lost", "a lost study")
    worker = run_of(folder, 0)
    before = worker.info().epoch
    wait_until(lambda: worker.info().epoch > before or worker.info().status == "finished", "epochs")
    worker.command("stop")
    launch_study(folder)
    wait_until(lambda: folder.info().members[2].state == "running", "the third member")
    folder.stop()
    wait_until(lambda: ended(folder), "the end of the study")
    assert len({member.run for member in folder.info().members if member.run}) == 3


def test_until_it_succeeds_ends_early_and_says_which_start_it_was(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kerastui.tui.cli", "run", "b13-xor", "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "KERASTUI_HOME": str(tmp_path / "saved")},
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["status"] == "finished"
    answers = [outcome["metrics"][f"prediction.{number}.value"] for number in (1, 2, 3, 4)]
    assert answers == pytest.approx([0, 1, 1, 0], abs=0.1)
    starts = {entry["figure"]: entry["got"] for entry in outcome["published"]}["study.runs"]
    assert starts == 1 + outcome["seed"] - shipped.experiment("b13-xor").seed
    (folder,) = study_store.folders(Workspace(tmp_path / "saved"))
    assert "skipped" in {member.state for member in folder.info().members}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", LESSONS)
def test_the_lessons_reach_what_they_should(name: str, tmp_path: Path) -> None:
    data = card(shipped.experiment(name).data.dataset)
    if data.files and not os.environ.get("KERASTUI_DATA"):
        pytest.skip("KERASTUI_DATA names no directory with the real data")
    if locate(data) is None:
        pytest.skip(f"{data.name} is not here")
    done = subprocess.run(
        [sys.executable, "-m", "kerastui.tui.cli", "run", name, "--json"],
        capture_output=True,
        text=True,
        timeout=880,
        env={**os.environ, "KERASTUI_HOME": str(tmp_path / "saved")},
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["status"] == "finished"
    assert outcome["data"]["substitute"] is None
    wrong = {
        entry["label"]: (entry["got"], entry["expected"])
        for entry in outcome["published"]
        if entry["state"] in ("outside", "missing")
    }
    assert wrong == {}


def test_a_run_and_its_copy_from_a_file_agree_to_the_bit(home: Workspace) -> None:
    experiment = shipped.experiment("a14-save").changed(
        {"fit.epochs": 5, "afterwards.reload": ["keras", "h5", "json"]}
    )
    run = home.create(experiment)
    launch(run)
    wait_until(lambda: run.info().status not in ACTIVE, "the end of the run")
    figures = run.info().figures
    assert figures["reload.difference"] == 0.0
    for name in ("model.keras", "model.h5", "model.json", "model.weights.h5"):
        assert (run.path / name).stat().st_size
    assert figures["reload.loss"] == figures["train.loss"]

"""Runs on disk: what a run directory says, who may change it, which state is true."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.events import encode
from kerastui.models.runs.folder import birth
from kerastui.models.runs.store import CommandReader, Run, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "saved")


@pytest.fixture
def run(workspace: Workspace) -> Run:
    experiment = Experiment.model_validate(
        {
            "name": "first",
            "data": {"dataset": "iris", "task": "multiclass"},
            "model": {"layers": [{"type": "Dense", "units": 3}]},
        }
    )
    return workspace.create(experiment)


def test_a_new_run_is_queued_and_found(workspace: Workspace, run: Run) -> None:
    assert run.info().status == "queued"
    assert run.experiment().name == "first"
    assert [found.id for found in workspace.runs()] == [run.id]
    assert workspace.find("last").id == workspace.find(run.id[:12]).id == run.id
    assert workspace.find(run.id[-4:]).id == run.id


def test_unknown_and_ambiguous_ids_are_told(workspace: Workspace, run: Run) -> None:
    with pytest.raises(UserError, match="No run 'zzz'"):
        workspace.find("zzz")
    workspace.create(run.experiment())
    with pytest.raises(UserError, match="fits 2 runs"):
        workspace.find("2")


def test_a_run_whose_worker_is_gone_is_lost(run: Run) -> None:
    info = run.info()
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
    info.status, info.pid = "running", process.pid
    run.write_info(info)
    assert run.info().status == "lost"


def test_a_reused_pid_is_not_taken_for_the_worker(run: Run) -> None:
    info = run.info()
    info.status, info.pid = "running", os.getpid()
    info.pid_started = birth(os.getpid())
    run.write_info(info)
    assert run.info().status == "running"
    info.pid_started -= 1000
    run.write_info(info)
    assert run.info().status == "lost"


def test_commands_reach_the_worker_once(run: Run) -> None:
    reader = CommandReader(run.commands)
    assert reader.read() == []
    run.command("set_learning_rate", value=0.01)
    run.command("stop")
    assert [(c["event"], c.get("value")) for c in reader.read()] == [
        ("set_learning_rate", 0.01),
        ("stop", None),
    ]
    assert reader.read() == []
    with pytest.raises(UserError, match="no command"):
        run.command("dance")


def test_a_damaged_directory_is_told_not_raised(workspace: Workspace, run: Run) -> None:
    (run.path / "run.json").write_text("{")
    with pytest.raises(UserError, match="no run that can be read"):
        run.info()
    assert workspace.runs()


def test_a_run_of_a_newer_version_is_read_as_far_as_known(run: Run) -> None:
    path = run.path / "run.json"
    path.write_text(path.read_text().replace('"id"', '"invented": 1, "id"', 1))
    assert run.info().name == "first"


def test_history_is_read_from_the_log(run: Run) -> None:
    run.events.write_bytes(
        encode("started", epochs=2) + encode("epochs", first=1, logs={"loss": [2.0, 1.0]})
    )
    assert list(run.history().series["loss"]) == [2.0, 1.0]


def test_an_unwritable_workspace_is_told(tmp_path: Path, run: Run) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UserError, match="No run can be saved"):
        Workspace(blocked).create(run.experiment())


def test_a_worker_that_ends_between_two_looks_is_not_lost(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = run.info()
    info.status, info.pid = "running", os.getpid()
    run.write_info(info)

    def ends_just_now(info: object) -> bool:
        ended = run.stored()
        ended.status = "finished"
        run.write_info(ended)
        return False

    monkeypatch.setattr("kerastui.models.runs.folder.worker_lives", ends_just_now)
    assert run.info().status == "finished"


def test_runs_of_the_same_second_are_told_apart_by_age(workspace: Workspace, run: Run) -> None:
    later = [workspace.create(run.experiment()) for _ in range(20)]
    assert [one.id for one in workspace.runs()] == [one.id for one in reversed([run, *later])]

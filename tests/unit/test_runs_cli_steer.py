"""`kerastui runs`: a run is shown, steered, taken up again and deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from kerastui.models.runs.store import CommandReader, Run, Workspace
from kerastui.tui.commands import runs

from .command_line import finish, kerastui, run, write

__all__ = ["kerastui", "run"]


@pytest.fixture
def finished(run: Run) -> Run:
    write(run, "started", epochs=2, steps=1)
    write(run, "epochs", first=1, logs={"loss": [0.5, 0.35], "val_loss": [0.6, 0.44]}, seconds=1)
    finish(run, 2)
    return run


def test_a_finished_run_is_shown_beside_the_published_figures(kerastui: Any, finished: Run) -> None:
    root = str(finished.path.parent.parent)
    text = kerastui("runs", "show", "last", "--workspace", root).out
    assert "finished after 2 epochs" in text
    assert text.count("✓ inside") == 3
    plain = json.loads(kerastui("runs", "show", "last", "--json", "--workspace", root).out)
    assert plain["run"] == finished.id
    assert plain["epochs"] == 2
    assert [entry["state"] for entry in plain["published"]] == ["inside"] * 3
    assert plain["published"][0]["got"] == 0.35


@pytest.mark.parametrize("command", ["pause", "continue", "stop", "kill"])
def test_what_has_ended_takes_no_commands(kerastui: Any, finished: Run, command: str) -> None:
    root = str(finished.path.parent.parent)
    outcome = kerastui("runs", command, finished.id, "--workspace", root)
    assert outcome.code == 1
    assert "finished" in outcome.err


@pytest.mark.parametrize("command", ["pause", "continue", "stop"])
def test_commands_reach_the_run(kerastui: Any, run: Run, command: str) -> None:
    root = str(run.path.parent.parent)
    assert kerastui("runs", command, run.id[-4:], "--workspace", root).code == 0
    assert [entry["event"] for entry in CommandReader(run.commands).read()] == [command]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["pause"], {"asked": "pause"}),
        (["continue"], {"asked": "continue"}),
        (["stop"], {"asked": "stop"}),
        (["set", "--epochs", "50"], {"asked": "set", "epochs": 50}),
    ],
)
def test_json_says_what_was_asked_of_which_run(
    kerastui: Any, run: Run, words: list[str], asked: dict[str, Any]
) -> None:
    command, *options_ = words
    root = str(run.path.parent.parent)
    done = kerastui("runs", command, run.id, *options_, "--json", "--workspace", root)
    assert json.loads(done.out) == {"run": run.id, **asked}


def test_every_command_of_runs_takes_json() -> None:
    group = typer.main.get_group(runs.app)
    assert [
        name
        for name, command in group.commands.items()
        if not any("--json" in parameter.opts for parameter in command.params)
    ] == []


@pytest.mark.parametrize("words", [("--epochs", "99999999999"), ("--learning-rate", "inf")])
def test_what_no_worker_takes_is_not_asked_for(
    kerastui: Any, run: Run, words: tuple[str, str]
) -> None:
    place = ("--workspace", str(run.path.parent.parent))
    assert kerastui("runs", "set", run.id, *words, *place).code == 2
    assert CommandReader(run.commands).read() == []


def test_who_kills_on_another_host_is_told_that_the_worker_does_it(kerastui: Any, run: Run) -> None:
    info = run.info()
    info.status, info.pid, info.host = "running", 1, "far-away"
    run.write_info(info)
    outcome = kerastui("runs", "kill", run.id, "--workspace", str(run.path.parent.parent))
    assert outcome.code == 0
    assert "its worker on far-away" in outcome.out
    again = kerastui("runs", "kill", run.id, "--json", "--workspace", str(run.path.parent.parent))
    assert json.loads(again.out) == {"run": run.id, "asked": "kill", "ended": False}
    assert [entry["event"] for entry in CommandReader(run.commands).read()] == ["kill"] * 2


def test_numbers_are_set_while_it_trains(kerastui: Any, run: Run) -> None:
    place = ("--workspace", str(run.path.parent.parent))
    words = ("runs", "set", run.id[-4:], "--epochs", "50", "--learning-rate", "0.01")
    assert kerastui(*words, *place).code == 0
    asked = [(one["event"], one["value"]) for one in CommandReader(run.commands).read()]
    assert asked == [("set_epochs", 50), ("set_learning_rate", 0.01)]
    assert kerastui("runs", "set", run.id, *place).code == 2


def test_a_run_is_taken_up_again(
    kerastui: Any, finished: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def launch(run: Run) -> int:
        started.append(run.id)
        return 7

    monkeypatch.setattr("kerastui.models.processes.launch.launch", launch)
    place = ("--workspace", str(finished.path.parent.parent))
    refused = kerastui("runs", "resume", "last", *place)
    assert refused.code != 0
    assert "how many more" in refused.err
    assert not started
    done = kerastui("runs", "resume", "last", "--more", "5", "--detach", "--json", *place)
    assert json.loads(done.out) == {"run": finished.id, "status": "queued", "pid": 7}
    assert started == [finished.id]
    assert finished.experiment().fit.epochs == finished.info().epochs
    assert "goes on" not in kerastui("runs", "resume", "last", *place).out


def test_a_substitute_and_unverified_data_are_said(kerastui: Any, finished: Run) -> None:
    root = str(finished.path.parent.parent)
    info = finished.info()
    info.data = {"dataset": "ionosphere", "substitute": "breast_cancer", "verified": True}
    finished.write_info(info)
    text = kerastui("runs", "show", "last", "--workspace", root).out
    assert "SUBSTITUTE DATA: breast_cancer stood in for ionosphere" in text
    info.data = {"dataset": "mnist", "substitute": None, "verified": False, "path": "/x/mnist.npz"}
    finished.write_info(info)
    assert "not verified" in kerastui("runs", "show", "last", "--workspace", root).out


def test_a_run_is_deleted_only_when_it_has_ended(kerastui: Any, run: Run) -> None:
    root = str(run.path.parent.parent)
    refused = kerastui("runs", "rm", run.id, "--yes", "--workspace", root)
    assert refused.code == 1
    assert "still running" in refused.err
    finish(run, 1)
    done = kerastui("runs", "rm", run.id, "--yes", "--json", "--workspace", root)
    assert json.loads(done.out) == {"asked": "rm", "runs": [run.id], "failed": {}}
    assert not run.path.exists()


def test_a_run_that_still_runs_keeps_no_other_from_being_deleted(
    kerastui: Any, run: Run, tmp_path: Path
) -> None:
    root = str(tmp_path / "lab")
    finished = Workspace(Path(root)).create(run.experiment())
    finish(finished, 1)
    ids = [run.id, finished.id, finished.id]
    done = kerastui("runs", "rm", *ids, "--yes", "--json", "--workspace", root)
    assert done.code == 1
    told = json.loads(done.out)
    assert told["runs"] == [finished.id]
    assert list(told["failed"]) == [run.id]
    assert "still running" in told["failed"][run.id]
    assert run.path.exists()
    assert not finished.path.exists()


def test_a_damaged_run_does_not_hide_the_others(kerastui: Any, finished: Run) -> None:
    broken = finished.path.parent / "20200101-000000-broken-0000"
    broken.mkdir()
    (broken / "run.json").write_text('{"id"')
    root = str(finished.path.parent.parent)
    listed = kerastui("runs", "--workspace", root)
    assert finished.id in listed.out
    assert f"Damaged: {broken.name}." in listed.err
    assert "run.json: it is damaged" in kerastui("runs", "show", "0000", "--workspace", root).err
    assert kerastui("runs", "rm", "0000", "--workspace", root).code == 0
    assert not broken.exists()
    assert kerastui("runs", "--workspace", root).err == ""

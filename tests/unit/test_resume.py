"""Runs that are asked to go on, signs of life, and workers that ended without a word."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.toml import parse
from kerastui.models.processes.launch import launch
from kerastui.models.runs import deaths, folder, heartbeat
from kerastui.models.runs.events import EventReader, encode
from kerastui.models.runs.folder import birth, here
from kerastui.models.runs.heartbeat import Heartbeat
from kerastui.models.runs.store import CommandReader, Run, RunInfo, Workspace
from kerastui.models.training import resume

PLAIN: dict[str, Any] = {
    "format": 1,
    "name": "again",
    "data": {"dataset": "xor", "task": "regression"},
    "model": {"layers": [{"type": "Dense", "units": 1}]},
    "compile": {"loss": "mse"},
    "fit": {"epochs": 20},
}


def ended(tmp_path: Path, status: str, epoch: int = 7, **changes: Any) -> Run:
    run = Workspace(tmp_path / "saved").create(parse(PLAIN).changed(changes))
    info = run.info()
    info.status, info.epoch, info.pid, info.host = status, epoch, 2**22 - 1, here()
    info.error = {"message": "m", "hint": "h"}
    run.write_info(info)
    run.events.write_bytes(
        encode("started", epochs=20)
        + encode("epochs", first=1, logs={"loss": [1.0 / n for n in range(1, epoch + 1)]})
        + encode("stopped", epoch=epoch)
    )
    return run


@pytest.mark.parametrize("status", ["stopped", "failed", "lost"])
def test_what_was_interrupted_goes_on_unchanged(tmp_path: Path, status: str) -> None:
    run = ended(tmp_path, status)
    before = (run.path / "experiment.toml").read_bytes()
    assert resume.why_not(run) == ""
    assert resume.resume(run).path == run.path
    info = run.info()
    assert (info.status, info.epochs, info.error, info.pid) == ("queued", 20, None, None)
    assert [one["status"] for one in info.resumed] == [status]
    assert not info.resumed[0]["more"]
    assert not info.changes
    assert (run.path / "experiment.toml").read_bytes() == before
    history = run.history()
    assert (history.status, history.ended, history.epoch) == ("queued", {}, 7)


def test_a_finished_run_wants_to_know_how_many_more(tmp_path: Path) -> None:
    run = ended(tmp_path, "finished", 20)
    with pytest.raises(UserError, match="finished"):
        resume.resume(run)
    for wrong in ({"epochs": 20}, {"more_epochs": 0}, {"epochs": 30, "more_epochs": 10}):
        with pytest.raises(UserError):
            resume.resume(run, **wrong)
    assert run.info().status == "finished"
    resume.resume(run, more_epochs=5)
    info = run.info()
    assert (info.status, info.epochs, run.experiment().fit.epochs) == ("queued", 25, 25)
    assert info.fingerprint == run.experiment().fingerprint()
    (change,) = info.changes
    assert (change["path"], change["old"], change["new"], change["epoch"]) == (
        "fit.epochs", 20, 25, 20,
    )  # fmt: skip
    assert info.resumed[0]["more"]
    assert run.history().epochs == 25


def test_only_some_fields_may_change_on_the_way(tmp_path: Path) -> None:
    run = ended(tmp_path, "stopped")
    with pytest.raises(UserError, match="batch_size"):
        resume.resume(run, changes={"fit.batch_size": 8})
    with pytest.raises(UserError, match="can't be set"):
        resume.resume(run, changes={resume.LEARNING_RATE: -1})
    resume.resume(run, changes={resume.LEARNING_RATE: 0.25})
    assert run.experiment().compile.optimizer.parameters["learning_rate"] == 0.25
    assert run.info().changes[0]["new"] == 0.25
    schedule = {"type": "Adam", "learning_rate": {"type": "ExponentialDecay", "decay_steps": 5,
                "initial_learning_rate": 0.01, "decay_rate": 0.9}}  # fmt: skip
    other = ended(tmp_path, "stopped", **{"compile.optimizer": schedule})
    with pytest.raises(UserError, match="schedule"):
        resume.resume(other, changes={resume.LEARNING_RATE: 0.25})


def test_nobody_takes_up_what_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ended(tmp_path, "stopped")
    resume.resume(run)
    assert "queued" in resume.why_not(run)
    with pytest.raises(UserError, match="queued"):
        resume.resume(run)
    other = ended(tmp_path, "lost")
    monkeypatch.setattr(resume, "LET_GO_WITHIN", 0.0)
    with (other.path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="still at it"):
            resume.resume(other)
    resume.resume(other)


def test_what_was_asked_of_an_earlier_worker_is_not_for_the_next(tmp_path: Path) -> None:
    run = ended(tmp_path, "stopped")
    run.command("kill")
    run.commands.write_bytes(run.commands.read_bytes() + b'{"v":1,"event":"st')
    assert run.kill_asked()
    resume.resume(run)
    assert not run.kill_asked()
    run.command("set_epochs", value=30)
    reader = CommandReader(run.commands, run.stored().commands_from)
    assert [(one["event"], one["value"]) for one in reader.read()] == [("set_epochs", 30)]


def test_a_log_cut_in_a_line_loses_that_line_only(tmp_path: Path) -> None:
    run = ended(tmp_path, "lost")
    run.events.write_bytes(run.events.read_bytes()[:-9])
    resume.resume(run)
    assert [event["event"] for event in EventReader(run.events).read()] == [
        "started", "epochs", "queued",
    ]  # fmt: skip


def test_a_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    run = Run(tmp_path / "nowhere")
    assert "no run" in resume.why_not(run)
    with pytest.raises(UserError, match="can't be written"):
        resume.resume(run)


def test_epochs_that_were_thrown_away_do_not_count(tmp_path: Path) -> None:
    run = ended(tmp_path, "lost")
    with run.events.open("ab") as log:
        log.write(encode("note", kind="plateau", epoch=6, text="later"))
        log.write(encode("note", kind="epochs", epoch=6, epochs=30, text="wish"))
        log.write(encode("rewound", epoch=4, batch=2, lost=3))
        log.write(encode("started", epochs=30, initial_epoch=4))
        log.write(encode("epochs", first=5, logs={"loss": [9.0]}))
    history = run.history()
    assert history.epoch == 5
    assert list(history.series["loss"]) == [1.0, 1 / 2, 1 / 3, 1 / 4, 9.0]
    assert history.best("loss").epoch == 4  # type: ignore[union-attr]
    assert [note.text for note in history.notes] == ["wish"]
    assert history.resumed == [4]
    assert history.epochs == 30


# --- signs of life -------------------------------------------------------------------------------


def at_work(tmp_path: Path, host: str = "") -> Run:
    run = ended(tmp_path, "running")
    info = run.stored()
    info.pid, info.pid_started = os.getpid(), birth(os.getpid())
    info.host = host or here()
    run.write_info(info)
    return run


def beat(run: Run, ago: float) -> None:
    path = run.path / heartbeat.FILE
    path.touch()
    os.utime(path, (time.time() - ago, time.time() - ago))


def test_a_worker_without_a_sign_of_life_is_called_silent(tmp_path: Path) -> None:
    run = at_work(tmp_path)
    assert run.info().silent == 0, "none was ever given"
    beat(run, 1)
    assert run.info().state == "running"
    beat(run, 40)
    info = run.info()
    assert info.silent == pytest.approx(40, abs=5)
    assert (info.status, info.state) == ("running", "silent")
    beat(run, 0)
    assert run.info().state == "running"
    assert run.stored().silent == 0


def test_on_another_host_only_signs_of_life_count(tmp_path: Path) -> None:
    run = at_work(tmp_path, host="far-away")
    beat(run, 40)
    assert run.info().state == "silent"
    assert "far-away" in resume.why_not(run)
    beat(run, heartbeat.LOST_AFTER + 10)
    assert run.info().status == "lost"
    assert resume.why_not(run) == ""


def test_a_container_is_told_from_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    where = folder.here.__wrapped__
    monkeypatch.setattr("os.readlink", lambda path: folder._FIRST_PIDS)
    host = where()
    monkeypatch.setattr("os.readlink", lambda path: "pid:[4026532177]")
    assert where() == f"{host} (container 4026532177)"
    monkeypatch.setattr("os.readlink", lambda path: os.stat("/nowhere"))
    assert where() == host, "on systems without namespaces"


def test_a_worker_on_another_host_is_asked_to_end_itself(tmp_path: Path) -> None:
    run = at_work(tmp_path, host="far-away")  # with the pid of this process
    assert not run.kill()
    assert [entry["event"] for entry in CommandReader(run.commands).read()] == ["kill"]
    assert run.kill_asked()


def test_a_worker_is_killed_though_nothing_can_be_written(tmp_path: Path) -> None:
    run = at_work(tmp_path)
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as worker:
        info = run.stored()
        info.pid, info.pid_started = worker.pid, birth(worker.pid)
        run.write_info(info)
        run.commands.mkdir()
        assert run.kill()
        assert worker.wait(60) == -9


def test_a_clock_that_was_set_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_work(tmp_path)
    beat(run, 0)
    real = time.time
    for shift in (-86400, 86400):
        monkeypatch.setattr(time, "time", lambda shift=shift: real() + shift)
        assert run.info().state == "running"
    monkeypatch.undo()
    # File times from before the clock was set back seem to come; only what changes counts then.
    beat(run, -3600)
    assert run.info().state == "running"
    ages = heartbeat._watches[run.path.parent]
    touched, seen = ages._seen[run.path / heartbeat.FILE]
    ages._seen[run.path / heartbeat.FILE] = (touched, seen - 30)
    assert run.info().state == "silent"
    # A run that waits for its worker, created in what is now the future.
    queued = Workspace(tmp_path / "saved").create(parse(PLAIN))
    monkeypatch.setattr(time, "time", lambda: real() - 86400)
    assert queued.info().status == "queued"


@pytest.mark.parametrize("what", ["taken over", "removed", "replaced by a file"])
def test_a_worker_leaves_what_is_not_its_own_any_more(tmp_path: Path, what: str) -> None:
    place = tmp_path / "run"
    place.mkdir()
    left = threading.Event()
    with Heartbeat(place, left.set, every=0.01):
        before = (place / heartbeat.FILE).stat().st_mtime_ns
        while (place / heartbeat.FILE).stat().st_mtime_ns == before:
            time.sleep(0.01)
        assert not left.is_set()
        if what == "taken over":
            (place / heartbeat.FILE).write_text("somebody else")
        else:
            place.rename(tmp_path / "elsewhere")
            if what != "removed":
                place.write_text("in the way")
        assert left.wait(20)


# --- workers that ended without a word -----------------------------------------------------------


def until(condition: Any) -> None:
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.02)


def test_a_worker_that_cannot_begin_fails_the_run_with_the_reason(tmp_path: Path) -> None:
    run = Workspace(tmp_path / "saved").create(parse(PLAIN))
    launch(run, {"PYTHONHOME": str(tmp_path)})
    until(lambda: run.info().error)
    info = run.info()
    assert info.status == "failed"
    assert info.error is not None
    assert "before it had begun" in info.error["message"]


@pytest.mark.parametrize("printed", [None, "", "ImportError: no module\n"])
def test_the_log_of_a_worker_is_named_where_it_says_something(
    tmp_path: Path, printed: str | None
) -> None:
    run = Workspace(tmp_path / "saved").create(parse(PLAIN))
    if printed is not None:
        run.console.write_text(printed)
    run.being_started(2**22 - 1)
    deaths.note_death(run, 2**22 - 1, 1)
    error = run.stored().error
    assert error is not None
    assert ("console.log" in error["hint"]) == bool(printed)
    assert "kerastui doctor" in error["hint"]


def test_where_no_process_can_be_made_the_run_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Workspace(tmp_path / "saved").create(parse(PLAIN))

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(11, os.strerror(11))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(UserError, match="No worker"):
        launch(run)
    assert run.info().status == "failed"


def test_a_start_that_nobody_watched_is_found_out_at_once(tmp_path: Path) -> None:
    run = Workspace(tmp_path / "saved").create(parse(PLAIN))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        run.being_started(process.pid)
        assert run.info().status == "queued"
    assert run.info().status == "lost"


@pytest.mark.parametrize(("status", "words"), [(-9, "SIGKILL, perhaps because memory"), (3, "3")])
def test_what_ended_a_worker_is_told(tmp_path: Path, status: int, words: str) -> None:
    run = ended(tmp_path, "running")
    deaths.note_death(run, 2**22 - 1, status)
    info: RunInfo = run.info()
    assert info.status == "lost"
    assert info.error is not None
    assert words in info.error["message"]


def test_a_kill_on_request_needs_no_excuse(tmp_path: Path) -> None:
    run = ended(tmp_path, "running")
    run.command("kill")
    deaths.note_death(run, 2**22 - 1, -9)
    assert run.info().status == "lost"
    assert run.stored().status == "running"


def test_a_thousand_runs_are_listed_without_their_logs(tmp_path: Path) -> None:
    home = Workspace(tmp_path / "saved")
    first = ended(tmp_path, "finished", 20)
    text = (first.path / "run.json").read_text()
    for number in range(999):
        path = home.runs_folder / f"20200101-{number:06}"
        path.mkdir()
        (path / "run.json").write_text(text)
    (home.runs_folder / "20200101-000000" / "run.json").write_text("{")
    infos = home.infos()
    assert len(infos) == 999
    assert infos[0][0].id == first.id


def test_a_study_and_a_run_are_kept_by_the_same_rules() -> None:
    from kerastui.models.studies.store import StudyFolder

    assert issubclass(StudyFolder, folder.Folder)
    assert issubclass(Run, folder.Folder)

"""Faults, each done to a real worker, or to the very code that a worker runs."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.toml import parse, save
from kerastui.models.processes.launch import launch
from kerastui.models.runs import heartbeat
from kerastui.models.runs.events import EventReader
from kerastui.models.runs.store import ACTIVE, Run, Workspace
from kerastui.models.training.resume import resume

pytestmark = pytest.mark.slow

KERASTUI = str(Path(sys.executable).with_name("kerastui"))
ENDLESS = {"fit.epochs": 10_000_000}
PLAIN: dict[str, Any] = {
    "format": 1,
    "name": "fault",
    "data": {"dataset": "sklearn-iris", "task": "multiclass",
             "steps": [{"step": "encode_label"}],
             "split": {"kind": "fraction", "test": 0.33}},
    "model": {"layers": [
        {"type": "Dense", "units": 8, "activation": "relu"},
        {"type": "Dropout", "rate": 0.2},
        {"type": "Dense", "units": 3, "activation": "softmax"}]},
    "compile": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
    "fit": {"epochs": 30},
}  # fmt: skip


def create(tmp_path: Path, **changes: Any) -> Run:
    return Workspace(tmp_path / "saved").create(parse(PLAIN).changed(changes))


def start(tmp_path: Path, **changes: Any) -> Run:
    run = create(tmp_path, **changes)
    launch(run)
    return run


def until(condition: Callable[[], Any], seconds: float = 180) -> Any:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def end_of(run: Run) -> str:
    """Return how it ended, once its worker is gone: the log's last lines follow `run.json`."""
    ended: str = until(lambda: run.info().status not in ACTIVE and run.info().status)
    until(lambda: not at_work(run.info().pid))
    return ended


def at_work(pid: int | None) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def epochs(run: Run, more: int = 3) -> None:
    before = run.history().epoch
    until(lambda: run.history().epoch > before + more)


def worker(run: Run) -> int:
    pid = run.info().pid
    assert pid is not None
    return pid


def complete(run: Run) -> None:
    """The history has every epoch once, and every line of the log but cut ones can be read."""
    history = run.history()
    assert len(history.series["loss"]) == history.epoch
    assert not np.isnan(history.series["loss"]).any()


def test_killed_while_it_writes_a_checkpoint_the_old_one_is_whole(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
import numpy as np
from kerastui.models.training import checkpoint
folder = Path(sys.argv[1])
checkpoint.save_state(folder, checkpoint.State(1, [np.arange(1000.0)]))
os.fsync = lambda handle: os.kill(os.getpid(), 9)
checkpoint.save_state(folder, checkpoint.State(2, [np.arange(1000.0)]))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "checkpoint")], check=False)
    assert done.returncode == -9
    left = [path.name for path in (tmp_path / "checkpoint").iterdir()]
    assert len(left) == 2
    from kerastui.models.training import checkpoint

    assert checkpoint.load_state(tmp_path / "checkpoint").epoch == 1
    checkpoint.save_state(tmp_path / "checkpoint", checkpoint.State(3, [np.arange(9.0)]))
    assert [path.name for path in (tmp_path / "checkpoint").iterdir()] == ["state.npz"]


def test_a_log_cut_in_a_line_costs_no_more_than_what_it_said(tmp_path: Path) -> None:
    run = start(tmp_path, **ENDLESS)
    epochs(run)
    run.command("stop")
    assert end_of(run) == "stopped"
    block = run.events.read_bytes()
    run.events.write_bytes(block[: len(block) - 20])  # in the line that says it was stopped
    assert run.history().status != "stopped"
    assert run.info().status == "stopped"
    before = run.history().epoch
    resume(run, epochs=before + 5)
    launch(run)
    assert end_of(run) == "finished"
    assert run.history().epoch == before + 5
    complete(run)


def test_a_full_disk_holds_figures_back_and_loses_none(tmp_path: Path) -> None:
    run = start(tmp_path, execution="plain", **ENDLESS)
    epochs(run)
    pid = worker(run)
    size = run.events.stat().st_size
    # No file of the worker may grow any more: checkpoints neither.
    psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    time.sleep(4)
    assert run.events.stat().st_size <= size
    assert run.info().state == "running"
    for line in run.events.read_bytes().splitlines():
        assert line.endswith(b"}")
    psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    epochs(run)
    complete(run)
    run.command("stop")
    assert end_of(run) == "stopped"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(["mount", *options], check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_is_full_for_a_while_costs_no_epoch(small_disk: Path) -> None:
    run = start(small_disk, execution="plain", **ENDLESS)
    epochs(run)
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(512))
    size = run.events.stat().st_size
    time.sleep(6)
    assert run.events.stat().st_size < size + 8192
    assert psutil.pid_exists(worker(run))
    ballast.unlink()
    epochs(run)
    run.command("stop")
    assert end_of(run) == "stopped"
    complete(run)
    assert run.model.exists()


def test_a_directory_that_is_read_only_for_a_while_costs_no_epoch(tmp_path: Path) -> None:
    run = start(tmp_path, execution="plain", **ENDLESS)
    epochs(run)
    # Even root can't write what is immutable.
    tool = ["chattr", "-R", "+i", str(run.path)]
    if not shutil.which("chattr") or subprocess.run(tool, check=False).returncode:
        run.kill()
        pytest.skip("nothing can be made immutable here")
    try:
        size = run.events.stat().st_size
        with pytest.raises(UserError, match="can't be told"):
            run.command("pause")
        time.sleep(4)
        assert run.events.stat().st_size == size
        assert psutil.pid_exists(worker(run))
    finally:
        subprocess.run(["chattr", "-R", "-i", str(run.path)], check=True)
    epochs(run)
    run.command("stop")
    assert end_of(run) == "stopped"
    complete(run)


def test_what_cannot_be_saved_in_the_end_is_told_and_can_be_saved_later(tmp_path: Path) -> None:
    run = start(tmp_path, **ENDLESS)
    epochs(run)
    until(lambda: run.history().checkpoint_epoch)
    run.model.mkdir()
    (run.model / "in the way").touch()
    run.command("stop")
    assert end_of(run) == "failed"
    error = run.info().error
    assert error is not None
    assert "model can't be saved" in error["message"]
    shutil.rmtree(run.model)
    resume(run, more_epochs=2)
    launch(run)
    assert end_of(run) == "finished"
    assert run.model.is_file()


@pytest.mark.parametrize("what", ["removed", "replaced by a file"])
def test_a_worker_whose_directory_is_gone_ends(tmp_path: Path, what: str) -> None:
    run = start(tmp_path, **ENDLESS)
    epochs(run)
    process = psutil.Process(worker(run))
    run.path.rename(tmp_path / "elsewhere")
    if what != "removed":
        run.path.write_text("in the way")
    until(lambda: not at_work(process.pid))
    assert run.path.exists() == (what != "removed"), "it is not made anew"


def test_contrary_commands_of_two_users_leave_it_in_one_state(tmp_path: Path) -> None:
    run = start(tmp_path, **ENDLESS)
    epochs(run)

    def ask(*commands: str) -> None:
        for number in range(60):
            run.command(commands[number % len(commands)])
            run.command("set_epochs", value=1_000_000 + number)

    users = [
        threading.Thread(target=ask, args=words)
        for words in (("pause", "continue"), ("continue", "pause"))
    ]
    for user in users:
        user.start()
    for user in users:
        user.join()
    run.command("continue")
    until(lambda: run.info().epochs < 2_000_000 and run.info().status == "running")
    epochs(run, 200)
    lines = run.commands.read_bytes().splitlines()
    assert len(lines) == 241
    assert len(EventReader(run.commands).read()) == 241, "no line was torn"
    assert run.info().epochs in (1_000_059, 1_000_058, 1_000_057)
    assert run.experiment().fit.epochs == run.info().epochs
    run.command("stop")
    run.command("pause")
    assert end_of(run) == "stopped"
    complete(run)


def test_a_worker_out_of_memory_says_so_and_goes_on_later(tmp_path: Path) -> None:
    whole = start(tmp_path, execution="plain", **{"fit.epochs": 60})
    assert end_of(whole) == "finished"
    run = start(tmp_path, execution="plain", **{"fit.epochs": 60})
    until(lambda: run.history().epoch > 3)
    process = psutil.Process(worker(run))
    # Not a byte more than it has: the next allocation fails.
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms,) * 2)
    process.rlimit(psutil.RLIMIT_DATA, (1 << 20,) * 2)
    status = end_of(run)
    if status == "finished":
        pytest.skip("it needed no more memory")
    error = until(lambda: run.info().error)
    assert status in ("failed", "lost")
    assert "memory" in error["message"].lower() or "worker" in error["message"]
    resume(run)
    launch(run)
    assert end_of(run) == "finished"
    assert run.history().series == whole.history().series


def test_a_callback_that_raises_fails_the_run_and_is_cured(tmp_path: Path) -> None:
    run = create(tmp_path, callbacks=[{"type": "CSVLogger", "filename": "log.csv"}])
    log = run.path / "log.csv"
    log.mkdir()
    launch(run)
    assert end_of(run) == "failed"
    error = run.info().error
    assert error is not None
    assert "training" in error["message"]
    log.rmdir()
    resume(run)
    launch(run)
    assert end_of(run) == "finished"
    assert len(log.read_text().splitlines()) == 31


def test_a_table_of_epochs_has_each_epoch_once(tmp_path: Path) -> None:
    logger = {"type": "CSVLogger", "filename": "log.csv"}
    run = start(tmp_path, execution="plain", callbacks=[logger], **{"fit.epochs": 60})
    until(lambda: run.history().checkpoint_epoch > 3)
    os.kill(worker(run), signal.SIGKILL)
    assert end_of(run) == "lost"
    resume(run)
    launch(run)
    assert end_of(run) == "finished"
    rows = (run.path / "log.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == list(range(60))


def test_a_stopped_process_is_called_silent_and_heard_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "SILENT_AFTER", 4.0)
    run = start(tmp_path, **ENDLESS)
    epochs(run)
    pid = worker(run)
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: run.info().state == "silent", 15)
        assert run.info().silent > 4
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: run.info().state == "running")
    os.kill(pid, signal.SIGTERM)
    assert end_of(run) == "stopped"


def test_a_terminal_that_stands_still_holds_nothing_up(tmp_path: Path) -> None:
    path = tmp_path / "fault.toml"
    save(parse(PLAIN), path)
    home = Workspace(tmp_path / "saved")
    ui = subprocess.Popen(
        [KERASTUI, "run", str(path), "--workspace", str(home.root)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with ui:
        run = until(lambda: home.runs() and home.runs()[0])
        until(lambda: (run.path / "run.json").exists())
        ui.send_signal(signal.SIGSTOP)
        assert end_of(run) == "finished"
        ui.send_signal(signal.SIGCONT)
        printed, _ = ui.communicate(timeout=120)
    assert ui.returncode == 0
    assert "30/30" in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_saves_and_reports_and_the_second_quits(
    tmp_path: Path, number: int
) -> None:
    path = tmp_path / "fault.toml"
    save(parse(PLAIN).changed(ENDLESS), path)
    for presses in (1, 2):
        home = Workspace(tmp_path / f"saved{presses}")
        ui = subprocess.Popen(
            [KERASTUI, "run", str(path), "--workspace", str(home.root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with ui:
            run = until(lambda home=home: home.runs() and home.runs()[0])
            until(lambda run=run: run.history().epoch > 3)
            if presses == 2:
                # A worker that does not answer: only the second one ends it.
                os.kill(worker(run), signal.SIGSTOP)
                ui.send_signal(number)
                until(lambda run=run: run.commands.exists())
            ui.send_signal(number)
            printed, _ = ui.communicate(timeout=120)
        if presses == 1:
            assert ui.returncode == 0
            assert run.info().status == "stopped"
            assert run.model.exists()
        else:
            assert ui.returncode == 130
            assert "runs resume" in printed
            assert end_of(run) == "lost"


def test_a_hundred_thousand_epochs_are_kept_each(tmp_path: Path) -> None:
    run = start(tmp_path, **{"fit.epochs": 100_000, "data.dataset": "xor", "data.steps": [],
                             "data.task": "regression", "data.split": {"kind": "none"},
                             "model.layers": [{"type": "Dense", "units": 2, "activation": "tanh"},
                                              {"type": "Dense", "units": 1}],
                             "compile.loss": "mse", "compile.metrics": [],
                             "fit.batch_size": "all"})  # fmt: skip
    assert end_of(run) == "finished"
    complete(run)
    assert run.history().epoch == 100_000


def test_a_slow_file_system_is_written_to_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerastui.models.runs.record import LONGEST_WAIT, Record
    from kerastui.models.runs.store import RunInfo

    run = Run(tmp_path)
    record = Record(run, RunInfo(id="x", name="x"))
    real, writes = os.write, 0

    def slow(handle: int, block: bytes) -> int:
        nonlocal writes
        writes += 1
        time.sleep(0.2)
        return real(handle, block)

    monkeypatch.setattr(os, "write", slow)
    began = time.monotonic()
    for epoch in range(1, 2001):
        record.event("epochs", first=epoch, logs={"loss": [1.0]}, seconds=0.002)
        time.sleep(0.002)
    spent = time.monotonic() - began
    assert writes <= 2 + spent / LONGEST_WAIT
    record.event("finished", epoch=2000, seconds=4.0, text="")
    assert run.history().epoch == 2000


def test_a_changed_number_of_epochs_is_kept_when_the_worker_is_killed(tmp_path: Path) -> None:
    run = start(tmp_path, execution="plain", **ENDLESS)
    epochs(run)
    run.command("set_learning_rate", value=0.002)
    run.command("set_epochs", value=200)
    until(lambda: run.info().epochs == 200)
    until(lambda: any(note.kind == "learning_rate" for note in run.history().notes))
    epochs(run)
    os.kill(worker(run), signal.SIGKILL)
    assert end_of(run) == "lost"
    resume(run)
    launch(run)
    assert end_of(run) == "finished"
    history = run.history()
    assert (history.epoch, history.epochs) == (200, 200)
    assert history.series["learning_rate"][-1] == pytest.approx(0.002)
    assert {change["path"] for change in run.info().changes} == {
        "fit.epochs", "compile.optimizer.learning_rate",
    }  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path: Path) -> Any:
    yield
    for run in Workspace(tmp_path / "saved").runs():
        with contextlib.suppress(Exception):
            if run.info().status in ACTIVE:
                run.kill()

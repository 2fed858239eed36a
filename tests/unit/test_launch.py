"""Starting workers: forked by the nursery or as plain processes, and what outlives what."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.toml import parse
from kerastui.models.processes import launch as launching
from kerastui.models.processes.launch import Nursery, launch
from kerastui.models.runs.store import Run, Workspace

PLAIN: dict[str, Any] = {
    "format": 1,
    "name": "launched",
    "data": {
        "dataset": "xor",
        "task": "regression",
    },
    "model": {
        "kind": "sequential",
        "layers": [
            {"type": "Dense", "units": 2, "activation": "relu"},
            {"type": "Dense", "units": 1},
        ],
    },
    "compile": {"loss": "mse"},
    "fit": {"epochs": 20, "batch_size": 4},
}


SHARED = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "saved")


def create(workspace: Workspace, **changes: Any) -> Run:
    return workspace.create(parse(PLAIN).changed(changes))


def until(condition: Callable[[], Any], seconds: float = 90) -> Any:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def ended(run: Run) -> str:
    """Return how it ended, once its worker is gone: the log is written after `run.json`."""
    info = run.info()
    gone = info.pid is None or not alive(info.pid)
    return info.status if gone and info.status in ("finished", "stopped", "failed", "lost") else ""


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    """One for all whose test is not its end: importing Keras is what takes the time."""
    made = Nursery()
    await made.start()
    yield made
    await made.close()


async def in_thread(condition: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(until, condition)


@SHARED
async def test_a_forked_worker_trains_and_ends(nursery: Nursery, workspace: Workspace) -> None:
    assert await nursery.wait_ready(120)
    run = create(workspace)
    pid = await nursery.run(run)
    assert await in_thread(lambda: ended(run)) == "finished"
    info = run.info()
    assert info.pid == pid
    assert info.epoch == 20
    assert info.seconds["import"] < 2
    assert info.figures["parameters"] == 9
    await in_thread(lambda: not alive(pid))
    assert {"started", "epochs", "evaluation", "finished"} <= {
        json.loads(line)["event"] for line in run.events.read_text().splitlines()
    }
    for name in ("model.keras", "evaluation.json", "script.py", "console.log"):
        assert (run.path / name).exists()
    # A second worker after the first: the nursery has run nothing, a fork is still safe.
    again = create(workspace)
    await nursery.run(again)
    assert await in_thread(lambda: ended(again)) == "finished"
    assert again.info().figures["last.loss"] == info.figures["last.loss"]


@SHARED
async def test_questions_are_answered_and_a_crash_is_survived(
    nursery: Nursery, workspace: Workspace
) -> None:
    assert await nursery.wait_ready(120)
    assert nursery._process is not None
    keras = psutil.Process(nursery._process.pid)
    others = {child.pid for child in keras.children()}
    summary = await nursery.request("summary", experiment=PLAIN)
    assert summary["parameters"] == 9
    assert [row["parameters"] for row in summary["rows"]] == [6, 3]
    assert summary["findings"] == []
    with pytest.raises(UserError, match="no question"):
        await nursery.request("horoscope")
    bad = {**PLAIN, "data": {"dataset": "nowhere", "task": "binary"}}
    with pytest.raises(UserError, match="nowhere"):
        await nursery.request("summary", experiment=bad)
    (inspector,) = [child for child in keras.children() if child.pid not in others]
    inspector.kill()
    await in_thread(lambda: not inspector.is_running())
    try:
        again = await nursery.request("summary", experiment=PLAIN)
    except UserError:  # asked before the nursery had noticed
        again = await nursery.request("summary", experiment=PLAIN)
    assert again["parameters"] == 9


async def test_workers_go_on_when_the_nursery_goes(workspace: Workspace) -> None:
    nursery = Nursery()
    await nursery.start()
    assert await nursery.wait_ready(120)
    run = create(workspace, **{"fit.epochs": 10_000_000})
    pid = await nursery.run(run)
    await in_thread(lambda: run.info().status == "running")
    await nursery.close()
    assert alive(pid)
    before = run.history().epoch
    await in_thread(lambda: run.history().epoch > before)
    run.command("stop")
    assert await in_thread(lambda: ended(run)) == "stopped"
    assert run.model.exists()


async def test_a_plain_worker_stands_in_for_a_dead_nursery(workspace: Workspace) -> None:
    nursery = Nursery()
    run = create(workspace, **{"fit.epochs": 2})
    run.console.mkdir()  # a console that can't be written is no hindrance
    pid = await nursery.run(run)  # never started
    assert await in_thread(lambda: ended(run)) == "finished"
    assert run.info().pid == pid
    await nursery.start()
    assert nursery._process is not None
    nursery._process.kill()
    with pytest.raises(UserError):
        await nursery.request("summary", experiment=PLAIN)
    await nursery.close()


PARENT = """
import sys, time
from pathlib import Path
from kerastui.models.processes.launch import launch
from kerastui.models.runs.store import Run
print(launch(Run(Path(sys.argv[1]))), flush=True)
time.sleep(600)
"""


def test_a_worker_outlives_a_killed_parent_and_is_stopped_by_sigterm(
    workspace: Workspace,
) -> None:
    run = create(workspace, **{"fit.epochs": 10_000_000})
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(run.path)],
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        until(lambda: run.info().status == "running")
        os.killpg(parent.pid, signal.SIGHUP)
        os.killpg(parent.pid, signal.SIGKILL)
    assert alive(pid)
    before = run.history().epoch
    until(lambda: run.history().epoch > before)
    os.kill(pid, signal.SIGTERM)
    assert until(lambda: ended(run)) == "stopped"
    info = run.info()
    assert run.model.exists()
    assert "SIGTERM" in run.history().ended["text"]
    assert info.figures["epochs"] == run.history().epoch
    assert (run.path / "checkpoint" / "state.npz").exists()


@SHARED
async def test_a_second_worker_leaves_a_run_alone(nursery: Nursery, workspace: Workspace) -> None:
    assert await nursery.wait_ready(120)
    run = create(workspace, **{"fit.epochs": 10_000_000})
    first = await nursery.run(run)
    await in_thread(lambda: run.info().status == "running")
    second = launch(run)
    await in_thread(lambda: not alive(second))
    assert run.info().pid == first
    assert "Another worker" in run.console.read_text()
    os.kill(first, signal.SIGTERM)
    assert await in_thread(lambda: ended(run)) == "stopped"


@SHARED
async def test_what_a_user_can_do_wrong_is_told_in_a_sentence(
    nursery: Nursery, workspace: Workspace
) -> None:
    assert await nursery.wait_ready(120)
    run = create(workspace, **{"model.layers.1.units": 3})
    await nursery.run(run)
    assert await in_thread(lambda: ended(run)) == "failed"
    error = run.info().error
    assert error is not None
    assert "3" in error["message"]
    assert error["hint"]
    assert run.history().ended["message"] == error["message"]
    assert "Traceback" not in error["message"]


@SHARED
async def test_a_stop_before_the_training_keeps_nothing(
    nursery: Nursery, workspace: Workspace
) -> None:
    assert await nursery.wait_ready(120)
    run = create(workspace)
    run.command("stop")
    await nursery.run(run)
    assert await in_thread(lambda: ended(run)) == "stopped"
    assert not run.model.exists()


def test_launching_loads_nothing_heavy() -> None:
    code = "import sys, kerastui.models.processes.launch; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"keras", "tensorflow", "numpy", "textual"} & set(done.stdout.split())
    assert launching.READY_WITHIN > 0

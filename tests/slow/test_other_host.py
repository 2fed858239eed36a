"""A worker on another host that shares the directory: a namespace with its own name and pids."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.runs import heartbeat
from kerastui.models.runs.folder import here
from kerastui.models.runs.store import Run, Workspace
from kerastui.models.training import resume

pytestmark = pytest.mark.slow

ELSEWHERE = ["unshare", "--map-root-user", "--uts", "--pid", "--mount-proc", "--fork",
             "--kill-child"]  # fmt: skip

OTHER, SAME = "hostname far-away && ", ""


def until(condition: Callable[[], Any], what: str) -> None:
    limit = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < limit, f"never: {what}"
        time.sleep(0.05)


@pytest.fixture(params=[OTHER, SAME], ids=["another name", "the name of this host"])
def away(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Run, Any]]:
    """A run that trains there, and the process that holds that host."""
    name = request.param
    if not shutil.which("unshare") or subprocess.run(
        [*ELSEWHERE, "sh", "-c", f"{name}true"], capture_output=True, check=False
    ).returncode:  # fmt: skip
        pytest.skip("making another host is not permitted here")
    experiment = shipped.experiment("a13-learning-curves")
    endless = {"fit.epochs": 5_000_000, "execution": "plain"}
    run = Workspace(tmp_path).create(experiment.changed(endless))
    work = f'{name}"$@"; exit'  # a shell stays the first process: that one can't kill itself
    worker = [sys.executable, "-P", "-m", "kerastui.models.processes.worker", str(run.path)]
    with subprocess.Popen([*ELSEWHERE, "sh", "-c", work, "sh", *worker]) as host:
        try:
            until(lambda: run.history().epoch > 2, "epochs")
            yield run, host
        finally:
            host.kill()


def test_a_run_on_another_host_obeys(away: tuple[Run, Any]) -> None:
    run, host = away
    info = run.info()
    assert info.host != here()
    assert info.state == "running", "though no such pid is here"
    assert resume.why_not(run) == "it is running"
    run.command("pause")
    until(lambda: run.info().status == "paused", "the pause")
    run.command("continue")
    until(lambda: run.info().status == "running", "going on")
    run.command("set_learning_rate", value=0.002)
    until(lambda: run.history().last("learning_rate") == pytest.approx(0.002), "the rate")
    assert not run.kill()
    until(lambda: run.info().status == "stopped", "the end")
    assert "killed" in run.history().ended["text"]
    assert host.wait(60) is not None


def test_a_host_that_is_gone_is_noticed(
    away: tuple[Run, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, host = away
    with pytest.raises(UserError, match="still"):
        resume.resume(run)
    host.kill()
    until(lambda: run.info().state == "silent", "that it is silent")
    monkeypatch.setattr(heartbeat, "LOST_AFTER", heartbeat.SILENT_AFTER + 2)
    until(lambda: run.info().status == "lost", "that it is lost")
    assert not resume.why_not(run)

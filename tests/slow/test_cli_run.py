"""`kerastui run` for real: workers of its own, Ctrl-C, leaving and coming back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import ACTIVE, Run, Workspace

pytestmark = pytest.mark.slow

LONG = ("--set", "fit.epochs=5000000")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "saved"


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `kerastui` with its output in pipes; whatever is left of it is ended afterwards."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "kerastui.tui.cli", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "KERASTUI_HOME": str(home)},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()
    for left in Workspace(home).runs():
        if left.info().status in ACTIVE:
            left.kill()


def only_run(home: Path) -> Run:
    [run] = Workspace(home).runs()
    return run


def wait_until(condition: Callable[[], Any], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def trains(home: Path) -> bool:
    try:
        return any(run.info().epoch > 0 for run in Workspace(home).runs())
    except UserError:  # just being made
        return False


def test_json_is_alone_and_complete(start: Any, home: Path) -> None:
    process = start("run", "a13", "--json", "--set", "fit.epochs=5")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    outcome = json.loads(out)
    assert outcome["run"] == only_run(home).id
    assert outcome["status"] == "finished"
    assert outcome["epochs"] == 5
    assert {"import", "data", "build", "fit", "total"} <= set(outcome["seconds"])
    assert outcome["execution"] in ("fast", "plain")
    assert outcome["device"]
    assert outcome["metrics"]["train.loss"] > 0
    assert {entry["figure"] for entry in outcome["published"]} == {"last.loss", "last.val_loss"}


def test_numbers_that_break_are_failed_work(start: Any) -> None:
    broken = ('compile.optimizer={ type = "SGD", learning_rate = 1e30 }', "compile.loss=mse",
              "compile.metrics=[]", "model.layers.2.activation=linear")  # fmt: skip
    changes = [word for one in broken for word in ("--set", one)]
    process = start("run", "a05", "--json", *changes)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    assert json.loads(out)["status"] == "stopped"
    assert "NaN or infinite at epoch" in err


def test_the_same_seed_gives_the_same_figures_and_another_one_does_not(start: Any) -> None:
    words = ("run", "a13", "--json", "--set", "fit.epochs=5")
    found = []
    for seed in ("3", "3", "4"):
        out, _ = start(*words, "--seed", seed).communicate(timeout=120)
        found.append(json.loads(out)["metrics"]["last.loss"])
    assert found[0] == found[1] != found[2]


def test_lines_without_a_terminal_have_no_escape_codes(start: Any) -> None:
    out, _ = start("run", "a13", "--set", "fit.epochs=3").communicate(timeout=120)
    assert "\x1b" not in out
    assert "epoch 3/3" in out
    assert "finished after 3 epochs" in out


def test_ctrl_c_stops_and_keeps_the_model(start: Any, home: Path) -> None:
    process = start("run", "a13", *LONG)
    wait_until(lambda: trains(home))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "press again to quit at once" in out
    run = only_run(home)
    assert run.info().status == "stopped"
    assert run.model.is_file()


def test_ctrl_c_twice_quits_at_once(start: Any, home: Path) -> None:
    process = start("run", "a13", *LONG)
    wait_until(lambda: trains(home))
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    run = only_run(home)
    # Two presses can arrive as one; then the run was stopped in good order.
    assert (process.returncode, run.info().status) in ((130, "lost"), (0, "stopped"))


def test_a_run_outlives_the_command_and_can_be_steered(start: Any, home: Path) -> None:
    started = json.loads(
        start("run", "a13", "--detach", "--json", *LONG).communicate(timeout=60)[0]
    )
    run = only_run(home)
    assert started["run"] == run.id
    wait_until(lambda: trains(home))
    start("runs", "pause", "last").communicate(timeout=30)
    wait_until(lambda: run.info().status == "paused")
    start("runs", "continue", "last").communicate(timeout=30)
    wait_until(lambda: run.info().status == "running")
    follower = start("runs", "attach", "last")
    wait_until(lambda: run.info().status == "running")
    start("runs", "stop", run.id).communicate(timeout=30)
    out, _ = follower.communicate(timeout=60)
    assert "stopped after" in out
    assert run.info().status not in ACTIVE


def test_killing_the_command_does_not_kill_the_training(start: Any, home: Path) -> None:
    process = start("run", "a13", *LONG)
    wait_until(lambda: trains(home))
    process.kill()
    process.communicate()
    run = only_run(home)
    before = run.info().epoch
    wait_until(lambda: run.info().epoch > before)
    start("runs", "kill", "last").communicate(timeout=30)
    wait_until(lambda: run.info().status not in ACTIVE)


def test_data_that_cannot_be_had_fail_with_what_to_do(
    start: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KERASTUI_DATA", raising=False)
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens on it
    process = start("run", "a05", "--json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert json.loads(out)["status"] == "failed"
    assert "could not be downloaded" in err
    assert "substitute" in err

    process = start("run", "a05", "--json", "--substitute", "--set", "fit.epochs=2")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    outcome = json.loads(out)
    assert outcome["data"]["substitute"] == "breast_cancer"
    assert {entry["state"] for entry in outcome["published"]} == {"shown"}


def test_without_arguments_and_terminal_an_example_is_trained(
    start: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KERASTUI_DATA", raising=False)
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    process = start()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "a13-learning-curves is trained instead" in out
    assert "✓ inside" in out

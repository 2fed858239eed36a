"""Terminals that go away, freeze, shrink and dawdle, with real workers behind real apps."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kerastui.models import shipped
from kerastui.models.experiment.toml import save
from kerastui.models.runs.store import ACTIVE, Run, Workspace

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from places import environment
from slow_link import SlowTerminal
from terminal import Terminal

pytestmark = pytest.mark.slow

APP = [sys.executable, "-m", "kerastui.tui.cli"]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A workspace with an experiment that never ends; its runs are killed afterwards."""
    file = tmp_path / "long.toml"
    save(
        shipped.experiment("a13-learning-curves").changed(
            {"fit.epochs": 5_000_000, "execution": "plain"}
        ),
        file,
    )
    yield tmp_path
    for run in Workspace(tmp_path).runs():
        if run.info().status in ACTIVE:
            run.kill()


def until(condition: Callable[[], object], what: str, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.05)


def train(terminal: Terminal, home: Path) -> Run:
    """Press `r` in an app that shows the experiment, and wait for a few epochs."""
    terminal.wait_for_words("5,000,000")
    time.sleep(1)
    terminal.press("r")
    until(lambda: Workspace(home).runs(), "a run")
    run = Workspace(home).runs()[0]
    until(lambda: run.history().epoch > 3, "epochs")
    return run


def goes_on(run: Run) -> None:
    epoch = run.history().epoch
    until(lambda: run.history().epoch > epoch + 3, "more epochs")
    assert run.info().status == "running"


def open_app(home: Path, *words: str) -> Terminal:
    return Terminal([*APP, *words], environment(str(home)), str(home))


def resize(terminal: Terminal, columns: int, rows: int) -> None:
    size = struct.pack("HHHH", rows, columns, 0, 0)
    fcntl.ioctl(terminal.handle, termios.TIOCSWINSZ, size)
    with contextlib.suppress(ProcessLookupError):
        os.kill(terminal.pid, signal.SIGWINCH)


def test_a_run_outlives_app_and_terminal_and_obeys_the_next(home: Path) -> None:
    with open_app(home, str(home / "long.toml")) as first:
        run = train(first, home)
        os.kill(first.pid, signal.SIGKILL)
        goes_on(run)
    with open_app(home) as second:
        second.wait_for_words("It goes on")
        second.press("T")
        second.press("p")
        until(lambda: run.info().status == "paused", "the pause")
        second.wait_for_words("‖ paused")
        os.kill(second.pid, signal.SIGHUP)  # the terminal is hung up
    epoch = run.history().epoch
    time.sleep(1)
    assert run.info().status == "paused"
    assert run.history().epoch == epoch
    with open_app(home, "runs", "attach", run.id) as third:
        third.wait_for_words("‖ paused")
        third.press("p")
        goes_on(run)
        third.press("s")
        until(lambda: run.info().status == "stopped", "the stop")
        third.wait_for_words("■ stopped")
        assert run.model.is_file()
        stopped = run.history().epoch
        third.press("a")
        third.wait_for_words("Go on as it was")
        third.press("g")
        until(lambda: run.history().epoch > stopped + 3, "more epochs")
    history = run.history()
    assert history.resumed == [stopped] or history.resumed == [stopped - 1]
    assert len(history.series["loss"]) == history.epoch


def test_an_app_that_was_frozen_catches_up(home: Path) -> None:
    with open_app(home, str(home / "long.toml")) as terminal:
        run = train(terminal, home)
        os.kill(terminal.pid, signal.SIGSTOP)
        epoch = run.history().epoch
        until(lambda: run.history().epoch > epoch + 50, "epochs behind its back")
        run.command("pause")
        until(lambda: run.info().status == "paused", "the pause")
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.wait_for_words("‖ paused")
        terminal.press("p")
        goes_on(run)


def test_of_contrary_commands_the_last_one_holds(home: Path) -> None:
    with open_app(home, str(home / "long.toml")) as one:
        run = train(one, home)
        with open_app(home, str(run.path)) as other:
            other.wait_for_words("● running")
            time.sleep(2)
            for _ in range(6):
                one.press("p")
                other.press("p")
                time.sleep(0.3)
            time.sleep(1)
            run.command("pause")
            until(lambda: run.info().status == "paused", "the pause")
            for terminal in (one, other):
                terminal.wait_for_words("‖ paused")
            run.command("continue")
            goes_on(run)


def test_resize_storms_and_a_tiny_terminal(home: Path) -> None:
    with open_app(home, str(home / "long.toml")) as terminal:
        run = train(terminal, home)
        for columns, rows in [(20, 5), (200, 60), (1, 1), (80, 24), (33, 7)] * 12:
            resize(terminal, columns, rows)
            time.sleep(0.02)
        resize(terminal, 20, 5)
        time.sleep(1)
        resize(terminal, 120, 40)
        terminal.wait_for_words("metrics")
        terminal.press("p")
        until(lambda: run.info().status == "paused", "the pause")


def test_a_slow_line_carries_keys_and_no_backlog(home: Path) -> None:
    slow = SlowTerminal([*APP, str(home / "long.toml")], environment(str(home)), str(home))
    with slow as terminal:
        run = train(terminal, home)
        time.sleep(6)
        began = time.perf_counter()
        time.sleep(8)
        ended = time.perf_counter()
        # Without looking at the line, pictures would pile up to a hundred thousand bytes.
        assert terminal.backlog.most(began, ended) < 8000
        assert terminal.written(began, ended) > 0, "it is still live"
        terminal.press("p")
        until(lambda: run.info().status == "paused", "the pause")
        terminal.wait_for_words("‖ paused")


def test_a_terminal_that_answers_nothing_is_served_all_the_same(home: Path) -> None:
    slow = SlowTerminal(
        [*APP, str(home / "long.toml")], environment(str(home)), str(home),
        rate=1e6, latency=0.01, answers=False,
    )  # fmt: skip
    with slow as terminal:
        train(terminal, home)
        time.sleep(6)
        began = time.perf_counter()
        time.sleep(3)
        assert terminal.written(began, time.perf_counter()) > 0, "it is live"

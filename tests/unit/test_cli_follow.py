"""Following a run in a terminal: its lines, its bar, and what Ctrl-C does."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
from rich.console import Console

from kerastui.models.runs.store import CommandReader, Run
from kerastui.tui.commands import follow

from .command_line import finish, run, write

__all__ = ["run"]


@pytest.fixture
def pressed() -> Iterator[follow.Presses]:
    with follow.Presses() as presses:
        yield presses


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_run_is_followed_to_its_end(
    run: Run, pressed: follow.Presses, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        write(run, "stage", stage="data", text="Preparing the data")
        write(run, "started", epochs=3, steps=1, execution="fast", why="small", device="CPU",
              rows={"train": 700})  # fmt: skip
        for epoch in (1, 2, 3):
            time.sleep(0.05)
            write(run, "epochs", first=epoch, logs={"loss": [1 / epoch]}, seconds=0.001)
        finish(run, 3)

    worker = threading.Thread(target=work)
    worker.start()
    ended = follow.follow(run, follow.Lines(Console(highlight=False)), pressed, own=True)
    worker.join()
    assert ended
    said = lines(capsys)
    assert said[0] == f"run {run.id}"
    assert "Preparing the data" in said
    epochs = [line for line in said if line.startswith("epoch")]
    assert [line.split()[1] for line in epochs] == ["1/3", "2/3", "3/3"]
    assert "loss 0.3333" in epochs[-1]


def test_thousands_of_epochs_are_thinned_but_the_last_is_told(
    run: Run, pressed: follow.Presses, capsys: pytest.CaptureFixture[str]
) -> None:
    write(run, "started", epochs=5000, steps=1)
    write(run, "epochs", first=1, logs={"loss": [0.5] * 5000}, seconds=1.0)
    finish(run, 5000)
    follow.follow(run, follow.Lines(Console(highlight=False)), pressed, own=True)
    epochs = [line for line in lines(capsys) if line.startswith("epoch")]
    assert len(epochs) < 10
    assert epochs[-1].startswith("epoch 5000/5000")


def test_the_first_press_stops_and_the_run_is_followed_to_its_end(
    run: Run, pressed: follow.Presses, capsys: pytest.CaptureFixture[str]
) -> None:
    write(run, "started", epochs=1000, steps=1)

    def work() -> None:
        commands = CommandReader(run.commands)
        while not (received := commands.read()):
            time.sleep(0.01)
        assert received[0]["event"] == "stop"
        info = run.info()
        info.status, info.epoch = "stopped", 4
        run.write_info(info)
        write(run, "stopped", epoch=4)

    worker = threading.Thread(target=work)
    worker.start()
    os.kill(os.getpid(), 2)
    ended = follow.follow(run, follow.Lines(Console(highlight=False)), pressed, own=True)
    worker.join()
    assert ended
    assert run.info().status == "stopped"
    assert any("press again to quit at once" in line for line in lines(capsys))


def test_the_second_press_kills(run: Run, pressed: follow.Presses) -> None:
    sleeper = subprocess.Popen(["sleep", "60"], start_new_session=True)
    info = run.info()
    info.status, info.pid = "running", sleeper.pid
    run.write_info(info)
    write(run, "started", epochs=1000, steps=1)
    os.kill(os.getpid(), 2)
    os.kill(os.getpid(), 2)
    assert not follow.follow(run, follow.Silent(), pressed, own=True)
    assert sleeper.wait(timeout=10) == -9


def test_leaving_another_process_run_does_not_stop_it(run: Run, pressed: follow.Presses) -> None:
    write(run, "started", epochs=1000, steps=1)
    os.kill(os.getpid(), 2)
    assert not follow.follow(run, follow.Silent(), pressed, own=False)
    assert not run.commands.exists()


def test_a_lost_worker_ends_the_following(run: Run, pressed: follow.Presses) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    info = run.info()
    info.status, info.pid, info.pid_started = "running", gone.pid, 1.0
    run.write_info(info)
    assert follow.follow(run, follow.Silent(), pressed, own=True)
    assert run.info().status == "lost"


def test_a_bar_survives_a_whole_run(run: Run, pressed: follow.Presses) -> None:
    import io

    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80)
    write(run, "stage", stage="data", text="Preparing [bold]the data")
    write(run, "started", epochs=3, steps=2)
    write(run, "batch", epoch=1, batch=1, batches=2, logs={"loss": 0.5})
    write(run, "epochs", first=1, logs={"loss": [0.5, 0.4, 0.3]}, seconds=0.1)
    write(run, "note", kind="early_stopping", epoch=3, text="no gain [red] since epoch 1")
    finish(run, 3)
    assert isinstance(shown := follow.view(console), follow.Bars)
    assert follow.follow(run, shown, pressed, own=True)
    assert "3/3" in stream.getvalue()
    assert "no gain [red] since epoch 1" in stream.getvalue()

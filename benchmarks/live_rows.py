"""The app while a worker trains: its timers, its keys, what it writes, what it weighs."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from places import HERE, KERASTUI, data_file, environment
from start_rows import EXAMPLE, FIRST
from table import Row, missing, percentile
from terminal import Terminal

from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import save
from kerastui.models.runs.events import EventReader
from kerastui.models.runs.store import Run, Workspace

ENDLESS = 5_000_000
"""Epochs that no measurement sees the end of."""

SMALL: dict[str, Any] = {
    "name": "small",
    "data": {"dataset": "breast_cancer", "task": "binary",
             "steps": [{"step": "encode_label"}, {"step": "scale"}],
             "split": {"kind": "fraction", "test": 0.3, "validation": {"kind": "test"}}},
    "model": {"kind": "sequential", "layers": [
        {"type": "Dense", "units": 16, "activation": "relu"},
        {"type": "Dense", "units": 1, "activation": "sigmoid"}]},
    "compile": {"loss": "binary_crossentropy", "metrics": ["accuracy"]},
    "fit": {"epochs": ENDLESS, "batch_size": 32},
}  # fmt: skip
CNN: dict[str, Any] = {
    "name": "cnn",
    "data": {"dataset": "digits", "task": "multiclass",
             "steps": [{"step": "channel_axis"},
                       {"step": "scale", "method": "constant", "divisor": 16.0}],
             "split": {"kind": "fraction", "test": 0.2, "validation": {"kind": "test"}}},
    "model": {"kind": "sequential", "layers": [
        {"type": "Conv2D", "filters": 32, "kernel_size": [3, 3], "activation": "relu"},
        {"type": "Conv2D", "filters": 64, "kernel_size": [3, 3], "activation": "relu"},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10, "activation": "softmax"}]},
    "compile": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
    "fit": {"epochs": ENDLESS, "batch_size": 64},
}  # fmt: skip


def live(name: str, quick: bool) -> list[Row]:
    """Open the app with an experiment, train it without end, and look at the app meanwhile."""
    plain = {"small": SMALL, "cnn": CNN}[name]
    what = {"small": "small network", "cnn": "CNN"}[name]
    seconds, presses = (5.0, 40) if quick else (12.0, 150)
    with tempfile.TemporaryDirectory() as folder:
        late = Path(folder) / "lateness"
        file = Path(folder) / f"{name}.toml"
        save(Experiment.model_validate(plain), file)
        program = [sys.executable, str(HERE / "ui_probe.py"), str(late), str(file)]
        with Terminal(program, environment(folder), folder) as terminal:
            terminal.wait_for(name.encode())
            time.sleep(8)  # until the nursery has imported Keras
            calm = _window(seconds / 2)
            terminal.press("r")
            run = _new_run(Path(folder), set())
            try:
                _first_figures(run)
                _until_steady(run)
                busy = _window(seconds)
                terminal.press("L")
                time.sleep(1)
                repaints = _repaints(terminal, presses)
                terminal.press("T")
                time.sleep(1)
                memory = psutil.Process(terminal.pid).memory_info().rss / 2**20
                epochs = run.history().epoch
            finally:
                run.kill()
            time.sleep(4)
            still = _window(seconds / 2)
        lateness = _lateness(late)
        return [
            Row(f"timer lateness, nothing trains ({what})", _late(lateness, calm), note=_LATE),
            Row(f"timer lateness, {what} trains", _late(lateness, busy),
                budget="p95 ≤ 40, max ≤ 100 ms", note=_LATE),
            Row(f"key to repaint, {what} trains", _spread(repaints), budget="p95 ≤ 60 ms",
                note=f"{presses} cursor keys on Learn; p50 / p95 / max"),
            Row(f"written a second, {what} is shown", _rate(terminal, busy), budget="≤ 15 kB",
                note="Train screen, 80×24"),
            Row("written a second, nothing changes", _rate(terminal, still), budget="0",
                note=f"Train screen, the run has ended ({what})"),
            Row(f"memory of the app ({what})", f"{memory:.0f} MB", budget="≤ 120 MB",
                note=f"resident, after {epochs:,} epochs"),
        ]  # fmt: skip


def first_batch(repeat: int) -> list[Row]:
    """From the key to the first event of a batch or epoch, with a worker from the nursery."""
    what = "key to first batch event, iris"
    if data_file("iris") is None:
        return [missing(what, "iris is not here: set KERASTUI_DATA")]
    taken: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Terminal([KERASTUI], environment(folder), folder) as terminal,
    ):
        terminal.wait_for(FIRST)
        pressed = terminal.press("\x1b[B")
        terminal.wait_for(rb"a06", since=pressed)
        time.sleep(8)  # until the nursery has imported Keras
        seen: set[str] = set()
        for _ in range(repeat + 1):
            pressed_at = time.time()
            terminal.press("r")
            run = _new_run(Path(folder), seen)
            if not run.id.split("-", 2)[2].startswith("a06-iris"):
                raise RuntimeError(f"{run.id} was started instead of iris")
            taken.append(_first_figures(run) - pressed_at)
            _until_ended(run)
            terminal.press("L")
            time.sleep(1)
    taken = taken[1:]  # the first one loads what the app needs for a run
    return [
        Row(what, f"{statistics.median(taken) * 1000:.0f} ms", budget="≤ 300 ms",
            note=f"warm nursery, fresh fork, median of {repeat} "
            f"({min(taken) * 1000:.0f}–{max(taken) * 1000:.0f})"),
    ]  # fmt: skip


_LATE = "a 50 ms timer in the app's loop; p50 / p95 / max"


def _window(seconds: float) -> tuple[float, float]:
    began = time.perf_counter()
    time.sleep(seconds)
    return began, time.perf_counter()


def _new_run(workspace: Path, seen: set[str]) -> Run:
    """Wait for the directory of a run that is not among those seen, and add it to them."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for run in Workspace(workspace).runs():
            if run.id not in seen and (run.path / "run.json").exists():
                seen.add(run.id)
                return run
        time.sleep(0.01)
    raise TimeoutError("no run was started")


def _first_figures(run: Run) -> float:
    """Wait for the first event of a batch or epoch and return its time (unix seconds)."""
    until = time.monotonic() + 60
    reader = EventReader(run.events)
    while time.monotonic() < until:
        for event in reader.read():
            if event["event"] in ("batch", "epochs"):
                return float(event["t"])
            if event["event"] == "failed":
                raise RuntimeError(event.get("message"))
        time.sleep(0.01)
    raise TimeoutError(f"{run.id} wrote no figures")


def _until_steady(run: Run) -> None:
    """Wait until epochs come one after the other: what was compiled meanwhile is compiled."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if run.events.read_text(encoding="utf-8").count('"event":"epochs"') >= 8:
            return
        time.sleep(0.2)
    raise TimeoutError(f"{run.id} trains no epochs")


def _until_ended(run: Run) -> None:
    until = time.monotonic() + 60
    while run.info().status not in ("finished", "failed", "stopped", "lost"):
        if time.monotonic() > until:
            raise TimeoutError(f"{run.id} does not end")
        time.sleep(0.1)


def _repaints(terminal: Terminal, presses: int) -> list[float]:
    """Seconds from a cursor key to the bytes that draw the moved cursor."""
    found = []
    for place in range(presses):
        # Down and up again between the first examples, none of which is a group's title.
        pressed = terminal.press("\x1b[B" if place % 2 == 0 else "\x1b[A")
        found.append(terminal.wait_for(EXAMPLE, since=pressed, timeout=10) - pressed)
        time.sleep(0.2)
    return found


def _lateness(path: Path) -> list[tuple[float, float]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(float(due), float(late)) for due, late in (line.split() for line in lines[:-1])]


def _late(lateness: list[tuple[float, float]], window: tuple[float, float]) -> str:
    return _spread([late for due, late in lateness if window[0] <= due < window[1]])


def _spread(seconds: list[float]) -> str:
    shares = [percentile(seconds, 0.5), percentile(seconds, 0.95), max(seconds, default=0.0)]
    return " / ".join(f"{share * 1000:.0f}" for share in shares) + " ms"


def _rate(terminal: Terminal, window: tuple[float, float]) -> str:
    rate = terminal.written(*window) / (window[1] - window[0])
    return f"{rate / 1000:.1f} kB" if rate >= 1000 else f"{rate:.0f} B"

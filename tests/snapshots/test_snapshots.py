"""A few pictures at fixed sizes: what changes the look of the app shows up here.

Renew them with `pytest tests/snapshots --snapshot-update`, and look at each before committing it.
"""

from __future__ import annotations

import importlib.util
import math
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from textual.pilot import Pilot

from kerastui.models import shipped
from kerastui.models.machine import hardware
from kerastui.models.machine.hardware import Cpu, Memory, Snapshot
from kerastui.models.runs.store import Run, Workspace
from kerastui.tui.app import KerasTui
from kerastui.tui.headless import screen_text

MACHINE = Snapshot(Cpu("a processor", 2, 2, 2, 10.0), Memory(2**34, 2**33, 2**34))
SIZES = [(80, 24), (120, 40)]


def load_fakes() -> ModuleType:
    """Load the stand-ins of the UI tests; test folders are no packages."""
    path = Path(__file__).parents[1] / "ui" / "fakes.py"
    spec = importlib.util.spec_from_file_location("snapshot_fakes", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fakes = load_fakes()


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stop the clocks, and know nothing of this machine or its data."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.delenv("KERASTUI_DATA", raising=False)
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr(hardware, "snapshot", lambda: MACHINE)
    monkeypatch.setattr("kerastui.models.runs.events.time.time", lambda: 1.7e9)


def trained(root: Path) -> Run:
    """Write a finished run of the ionosphere example with curves that look like curves."""
    experiment = shipped.experiment("a05")
    run = Workspace(root).create(experiment)
    named = run.path.with_name("20260102-030405-a05-ionosphere-abcd")
    run.path.rename(named)
    run = Run(named)
    figures = {"test.accuracy": 0.922, "test.loss": 0.24, "prediction.1.value": 0.98}
    fakes.append(
        run, "started", epochs=150, initial_epoch=0, steps=8, execution="fast", why="small data",
        device="CPU 2 cores", rows={"train": 235, "test": 116},
    )  # fmt: skip
    loss = [0.7 * math.exp(-epoch / 40) + 0.02 * math.sin(epoch) ** 2 for epoch in range(150)]
    accuracy = [1 - value / 1.5 for value in loss]
    fakes.append(
        run, "epochs", first=1, seconds=1.5,
        logs={"loss": loss, "accuracy": accuracy, "learning_rate": [0.001] * 150},
    )  # fmt: skip
    fakes.append(run, "evaluation", figures=figures)
    fakes.append(run, "finished", epoch=150, seconds=2.0, text="150 epochs trained")
    fakes.change(
        run, id=run.id, status="finished", epoch=150, started=1.7e9, ended=1.7e9 + 2, pid=1,
        created=1.7e9, figures=figures, seconds={"fit": 1.5}, execution="fast", parameters=447,
        data={"parts": {"train": 235, "test": 116}, "verified": True},
    )  # fmt: skip
    return run


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_learn(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    async def settle(pilot: Pilot[None]) -> None:
        await pilot.pause(1.0)

    app = KerasTui(workspace=tmp_path / "saved", launcher=fakes.FakeLauncher())
    assert snap_compare(app, run_before=settle, terminal_size=size)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_finished_run(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    run = trained(tmp_path / "saved")

    async def show(pilot: Pilot[None]) -> None:
        await pilot.pause(0.5)
        app = pilot.app
        assert isinstance(app, KerasTui)
        app.show_run(run)
        for _ in range(100):
            await pilot.pause(0.1)
            # Where there is room, the paragraph comes last: it is written in a thread.
            words = "Trained for" if size[0] >= 100 else "test accuracy"
            if words in screen_text(app):
                break
        await pilot.pause(1.0)

    app = KerasTui(workspace=tmp_path / "saved", launcher=fakes.FakeLauncher())
    assert snap_compare(app, run_before=show, terminal_size=size)

"""What the tests of the Train screen have in common: real run directories, and the screen."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.store import CommandReader, Run, Workspace
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.train.screen import TrainScreen
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.loss_chart import LossChart

from .fakes import FakeLauncher, append, change
from .pilots import until

WIDE, NARROW = (120, 40), (80, 24)


def generated(epochs: int) -> Experiment:
    """Return an experiment whose data needs no file, with a published figure."""
    figure = {"figure": "test.accuracy", "label": "test accuracy", "value": 0.94,
              "band": [0.86, 0.97]}  # fmt: skip
    return shipped.experiment("a13-learning-curves").changed(
        {"fit.epochs": epochs, "published": [figure]}
    )


@asynccontextmanager
async def train(
    root: Path, run: Run | None = None, *, size: tuple[int, int] = WIDE, pace: float = 0.0,
    failure: UserError | None = None, example: str | None = "a05-ionosphere",
) -> AsyncIterator[tuple[KerasTui, Pilot[None], TrainScreen]]:  # fmt: skip
    app = KerasTui(root, launcher=FakeLauncher(pace, failure))
    async with app.run_test(size=size) as pilot:
        if example:
            app.set_current(shipped.experiment(example))
        if run is not None:
            app.show_run(run)
        else:
            app.action_section("train")
        await until(
            pilot,
            lambda: isinstance(app.screen, TrainScreen) and app.screen.is_mounted,
            "the Train screen",
        )
        screen = app.screen
        assert isinstance(screen, TrainScreen)
        if run is not None:
            await until(pilot, lambda: bool(app.monitor and app.monitor.ready), "the run")
            await until(pilot, lambda: screen.focused is not None, "its charts")
        await pilot.pause()
        yield app, pilot, screen


def make_run(root: Path, epochs: int = 0, **info: Any) -> Run:
    """Write a run that goes on, with some epochs of history."""
    run = Workspace(root).create(shipped.experiment("a05-ionosphere"))
    change(run, status="running", pid=os.getpid(), **info)
    append(run, "started", epochs=150, initial_epoch=0, steps=8, execution="fast", why="small")
    if epochs:
        loss = [1 / (1 + epoch / 10) for epoch in range(epochs)]
        logs = {
            "loss": loss, "val_loss": [value + 0.1 for value in loss],
            "accuracy": [1 - value / 2 for value in loss], "learning_rate": [0.001] * epochs,
        }  # fmt: skip
        append(run, "epochs", first=1, logs=logs, seconds=epochs * 0.01)
    return run


def lines(screen: TrainScreen, name: str) -> str:
    view = screen.query_one(f"#{name}", LineView)
    return " ".join(line.plain for line in view.lines)


async def says(pilot: Pilot[Any], screen: TrainScreen, name: str, words: str) -> None:
    """Wait until words stand in one of the panels."""
    await until(pilot, lambda: words in lines(screen, name), f"{words!r} in {name}")


def drawn(chart: LossChart) -> str:
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


async def drawn_in(pilot: Pilot[Any], chart: LossChart, words: str) -> None:
    """Wait until words stand in a chart."""
    await until(pilot, lambda: words in drawn(chart), f"{words!r} in the chart\n{drawn(chart)}")


async def allows(pilot: Pilot[Any], screen: TrainScreen, action: str, wanted: bool | None) -> None:
    """Wait until an action is allowed, or is not."""
    await until(pilot, lambda: screen.check_action(action, ()) is wanted, f"{action}: {wanted}")


def commands(run: Run) -> list[str]:
    return [str(entry["event"]) for entry in CommandReader(run.commands).read()]

"""The Train screen over real workers: the real app, its nursery, and the keys a user presses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.studies.view import Row
from kerastui.tui.app import KerasTui
from kerastui.tui.headless import screen_text
from kerastui.tui.screens.train.dialogs import AskRate
from kerastui.tui.screens.train.screen import TrainScreen
from kerastui.tui.widgets.line_view import LineView

pytestmark = pytest.mark.slow

LONG = 5_000_000
"""Epochs that never end by themselves while a test goes on."""


@asynccontextmanager
async def train(
    root: Path, experiment: Experiment
) -> AsyncIterator[tuple[KerasTui, Pilot[None], TrainScreen]]:
    app = KerasTui(root)
    async with app.run_test(size=(120, 40)) as pilot:
        app.set_current(experiment)
        app.action_section("train")
        await until(app, lambda: isinstance(app.screen, TrainScreen), "the Train screen")
        screen = app.screen
        assert isinstance(screen, TrainScreen)
        await pilot.pause()
        await pilot.press("r")
        yield app, pilot, screen


async def until(app: KerasTui, condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < end, f"never: {what}\n{screen_text(app)}"
        await asyncio.sleep(0.02)


def said(screen: TrainScreen) -> str:
    """Return what the first panel says, its lines joined."""
    lines = screen.query_one("#lines-progress", LineView).lines
    return " ".join(line.plain.strip() for line in lines)


async def give_rate(app: KerasTui, pilot: Pilot[None], rate: str) -> None:
    await pilot.press("l")
    await until(app, lambda: isinstance(app.screen, AskRate), "the question")
    app.screen.query_one(Input).value = rate
    await pilot.press("enter")


async def test_pause_rate_continue_and_stop(tmp_path: Path) -> None:
    experiment = shipped.experiment("a13-learning-curves").changed({"fit.epochs": LONG})
    async with train(tmp_path, experiment) as (app, pilot, screen):
        await until(app, lambda: app.monitor and app.monitor.history.epoch > 3, "an epoch")
        monitor = app.monitor
        assert monitor is not None
        history = monitor.history

        await pilot.press("p")
        await until(app, lambda: monitor.status == "paused", "the pause")
        epoch = history.epoch
        await asyncio.sleep(0.5)
        assert history.epoch == epoch, "it went on in the pause"
        await until(app, lambda: "p goes on" in screen_text(app), "the words for it")

        await give_rate(app, pilot, "0.0005")
        await until(app, lambda: [note.kind for note in history.notes] == ["learning_rate"], "rate")
        await pilot.press("p")
        await until(app, lambda: history.epoch > epoch + 3, "more epochs")
        assert history.series["learning_rate"][-1] == pytest.approx(0.0005)
        assert history.series["learning_rate"][epoch - 1] != pytest.approx(0.0005)

        await give_rate(app, pilot, "0.002")
        await until(app, lambda: history.last("learning_rate") > 0.0019, "the second rate")
        assert monitor.status == "running"

        await pilot.press("s")
        await until(app, lambda: monitor.status == "stopped", "the stop")
        await until(app, lambda: "the model is kept" in said(screen), "the words for it")
        assert monitor.run.model.is_file()
        assert "model.keras" in said(screen).replace(" ", "")


async def test_killed_after_a_question(tmp_path: Path) -> None:
    experiment = shipped.experiment("a13-learning-curves").changed({"fit.epochs": LONG})
    async with train(tmp_path, experiment) as (app, pilot, screen):
        await until(app, lambda: app.monitor and app.monitor.history.epoch > 3, "an epoch")
        monitor = app.monitor
        assert monitor is not None
        await pilot.press("K", "enter")
        await asyncio.sleep(0.3)
        assert monitor.status == "running", "the first answer is no"
        await pilot.press("K", "y")
        await until(app, lambda: not monitor.active, "its end")
        await until(app, lambda: "killed on request" in said(screen), "the words for it")


async def test_a_study_from_key_to_verdict(tmp_path: Path) -> None:
    experiment = shipped.experiment("a16-dropout")
    async with train(tmp_path, experiment) as (app, pilot, screen):
        await until(app, lambda: screen.study_view.picture, "the study")
        await until(app, lambda: (p := screen.study_view.picture) and p.over, "its end")
        await until(app, lambda: "2 of 2 figures as expected" in screen_text(app), "the verdicts")
        await pilot.press("enter")
        await until(
            app, lambda: "inside" in screen_text(app) or "✓" in screen_text(app), "a member"
        )
        assert app.study is None
        await pilot.press("escape")
        await until(app, lambda: app.study, "the study again")


async def test_one_member_is_stopped_and_then_all(tmp_path: Path) -> None:
    experiment = shipped.experiment("a16-dropout").changed({"fit.epochs": LONG, "study.repeats": 2})

    async with train(tmp_path, experiment) as (app, pilot, screen):

        def rows() -> tuple[Row, ...]:
            picture = screen.study_view.picture
            return picture.overview.rows if picture else ()

        await until(app, lambda: rows() and rows()[0].epoch, "an epoch")
        await pilot.press("s")
        await until(app, lambda: rows()[0].state == "stopped", "the first member's end")
        assert rows()[-1].state == "waiting"
        await pilot.press("S")
        await until(app, lambda: (p := screen.study_view.picture) and p.over, "the study's end")
        assert rows()[-1].state == "skipped"

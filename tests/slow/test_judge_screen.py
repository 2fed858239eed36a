"""Judging real runs on the Inspect screen: the real app, its nursery and its inspector."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.processes.launch import launch
from kerastui.models.runs.store import ACTIVE, Run, Workspace
from kerastui.tui.app import KerasTui
from kerastui.tui.headless import screen_text
from kerastui.tui.screens.inspect import InspectScreen

pytestmark = pytest.mark.slow

HAS_DATA = bool(os.environ.get("KERASTUI_DATA"))
real = pytest.mark.skipif(not HAS_DATA, reason="KERASTUI_DATA is not set")


async def until(app: KerasTui, condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"never: {what}\n{screen_text(app)}"
        await asyncio.sleep(0.05)


def trained(root: Path, experiment: Experiment) -> Run:
    """Train an experiment to its end."""
    run = Workspace(root).create(experiment)
    launch(run)
    end = time.monotonic() + 300
    while run.info().status in ACTIVE:
        assert time.monotonic() < end, run.console.read_text()
        time.sleep(0.1)
    assert run.info().status == "finished", run.console.read_text()
    return run


async def walk(root: Path, run: Run, steps: list[tuple[str, str, str]]) -> None:
    """Go to rows of the list, press keys there, and wait for words."""
    app = KerasTui(root)
    async with app.run_test(size=(120, 40)) as pilot:
        app.show_run(run, switch=False)
        await pilot.press("I")
        await until(app, lambda: "judge" in screen_text(app), "Inspect")
        screen = app.screen
        assert isinstance(screen, InspectScreen)
        for row, keys, words in steps:
            await until(app, lambda row=row: screen.rows.move_to(row), f"a row {row}")
            await pilot.pause()
            for number, key in enumerate(keys.split()):
                if number:  # only an answer has something to press keys on
                    pane = screen.pane
                    await until(
                        app, lambda pane=pane: getattr(pane, "answer", None), f"{row} answered"
                    )
                await pilot.press(key)
            await until(app, lambda words=words: words in screen_text(app), words)
            if keys:
                screen.action_back()
                await pilot.pause()


@real
async def test_a_binary_classifier_is_judged(tmp_path: Path) -> None:
    run = trained(tmp_path, shipped.experiment("a05-ionosphere"))
    accuracy = float(run.info().figures["test.accuracy"])
    await walk(tmp_path, run, [
        ("figures", "", f"{accuracy:.4g}"),
        ("figures", "enter t", "while the weights still change"),
        ("confusion", "enter t enter", "of the data"),
        ("curves", "enter", "ROC  area"),
        ("threshold", "enter b", "fewest errors"),
        ("calibration", "", "(ECE)"),
    ])  # fmt: skip


@real
async def test_a_classifier_of_several_classes_is_judged(tmp_path: Path) -> None:
    run = trained(tmp_path, shipped.experiment("a06-iris"))
    await walk(tmp_path, run, [
        ("confusion", "enter enter", "petal"),
        ("classes", "", "of 50 rows are told right"),
        ("curves", "enter n", "class 3 of 3"),
    ])  # fmt: skip


@real
async def test_a_regression_is_judged(tmp_path: Path) -> None:
    experiment = shipped.experiment("d14-boston-final").changed({"fit.epochs": 20})
    run = trained(tmp_path, experiment)
    await walk(tmp_path, run, [
        ("figures", "", "R²"),
        ("numbers", "", "residuals: predicted"),
        ("worst", "", "lstat"),
    ])  # fmt: skip


@real
async def test_a_forecast_is_judged_and_continued(tmp_path: Path) -> None:
    experiment = shipped.experiment("a10-car-sales").changed({"fit.epochs": 5})
    run = trained(tmp_path, experiment)
    await walk(tmp_path, run, [
        ("forecast", "enter plus", "continued 24 steps"),
        ("worst", "", "the values before"),
    ])  # fmt: skip


@real
async def test_many_classes_and_their_texts(tmp_path: Path) -> None:
    experiment = shipped.experiment("d07-reuters-final").changed({"fit.epochs": 2})
    run = trained(tmp_path, experiment)
    await walk(tmp_path, run, [
        ("figures", "", "n = 2,246 rows"),
        ("confusion", "enter enter", "words; ? is a mark"),
        ("classes", "enter v", "precision"),
    ])  # fmt: skip


@real
async def test_pictures_behind_a_cell(tmp_path: Path) -> None:
    experiment = shipped.experiment("a09-mnist-cnn").changed({"fit.epochs": 1})
    run = trained(tmp_path, experiment)
    await walk(tmp_path, run, [("confusion", "enter enter", "▀" * 28)])

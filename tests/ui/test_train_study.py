"""A study on the Train screen: its members, their curves, and what they say together."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from kerastui.models import shipped
from kerastui.models.runs.store import Run, Workspace
from kerastui.models.studies import store as study_store
from kerastui.models.studies.members import members
from kerastui.models.studies.store import StudyFolder
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.train.screen import TrainScreen
from kerastui.tui.screens.train.study import StudyFigures
from kerastui.tui.widgets.loss_chart import LossChart
from kerastui.tui.widgets.row_list import RowList

from .fakes import append, change
from .pilots import shows, until
from .train_screen import (
    NARROW,
    WIDE,
    allows,
    commands,
    drawn,
    drawn_in,
    generated,
    lines,
    says,
    train,
)


def make_study(
    root: Path, *, finished: int = 2, epochs: int = 20, example: str = "a16-dropout", **changes: Any
) -> tuple[StudyFolder, list[Run]]:
    """Write a study whose first members ended and whose next one goes on; others wait."""
    experiment = shipped.experiment(example).changed({"fit.epochs": 100, **changes})
    workspace = Workspace(root)
    folder = study_store.create(workspace, experiment, jobs=1)
    info = folder.info()
    info.status, info.pid, info.slots = "running", os.getpid(), 1
    runs = []
    for place, made in enumerate(members(experiment)[: finished + 1]):
        member = info.members[place]
        run = workspace.create(made.experiment, study=folder.id, variant=made.variant)
        change(run, status="running", pid=os.getpid(), started=1.7e9)
        append(run, "started", epochs=100, initial_epoch=0, steps=8, execution="fast", why="small")
        loss = [1 / (1 + epoch / 10) + place / 10 for epoch in range(epochs)]
        append(run, "epochs", first=1, logs={"loss": loss, "val_loss": loss}, seconds=1.0)
        if place < finished:
            figures: dict[str, float | str] = {"train.loss": 0.3 + place / 100}
            append(run, "evaluation", figures=figures)
            append(run, "finished", epoch=epochs, seconds=1.0, text="done")
            change(run, status="finished", ended=1.7e9 + 2, epoch=epochs, figures=figures)
        member.run, member.state = run.id, run.info().status
        runs.append(run)
    if finished == len(info.members):
        info.status = "finished"
    folder.write_info(info)
    return folder, runs


@asynccontextmanager
async def study_of(
    root: Path, folder: StudyFolder, size: tuple[int, int] = WIDE
) -> AsyncIterator[tuple[KerasTui, Pilot[None], TrainScreen]]:
    async with train(root, size=size, example=None) as (app, pilot, screen):
        app.show_study(folder)
        await until(pilot, lambda: screen.study_view.picture is not None, "the study")
        await until(
            pilot, lambda: bool(screen.query_one("#study-rows", RowList).shown), "its members"
        )
        await until(pilot, lambda: screen.focused is screen.query_one("#study-rows"), "the focus")
        yield app, pilot, screen


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_study_is_shown_as_a_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    folder, _ = make_study(tmp_path, finished=1)
    async with study_of(tmp_path, folder, size) as (_, pilot, screen):
        await shows(pilot, "── with dropout")
        await shows(pilot, "── without")
        await shows(pilot, "20/100")
        await shows(pilot, "1 of 2 runs")
        chart = screen.query_one("#study-chart", LossChart)
        await drawn_in(pilot, chart, "with dropout 0.3448")
        await drawn_in(pilot, chart, "without 0.4448")
        await pilot.press("m")
        first = screen.query_one("#study-second" if size == WIDE else "#study-chart", LossChart)
        await until(pilot, lambda: " val loss " in drawn(first).splitlines()[0], "the next metric")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(screen.app.screen, StudyFigures), "the figures")
        await shows(pilot, "1 of 2 runs")


async def test_keys_act_on_the_member_under_the_cursor(tmp_path: Path) -> None:
    folder, (ended, going) = make_study(tmp_path, finished=1)
    async with study_of(tmp_path, folder) as (_, pilot, screen):
        await allows(pilot, screen, "pause", None)
        await pilot.press("down")
        await until(pilot, lambda: screen.check_action("pause", ()) is True, "the one that goes on")
        await pilot.press("p", "s")
        await until(pilot, lambda: commands(going) == ["pause", "stop"], "both commands")
        assert commands(ended) == []
        await pilot.press("S")
        await until(pilot, folder.commands.exists, "the study's command")


async def test_a_member_opens_and_escape_comes_back(tmp_path: Path) -> None:
    folder, (ended, _) = make_study(tmp_path, finished=1)
    async with study_of(tmp_path, folder) as (app, pilot, screen):
        await pilot.press("enter")
        await until(
            pilot, lambda: app.shown_run is not None and app.shown_run.id == ended.id, "the member"
        )
        await until(pilot, lambda: screen.query_one("#train-live").display, "its charts")
        await says(pilot, screen, "lines-study", "without")
        assert "train.loss" not in lines(screen, "lines-study")
        await pilot.press("escape")
        await until(pilot, lambda: screen.study_view.display, "the study")
        assert app.study is not None
        await until(pilot, lambda: app.focused is screen.query_one("#study-rows"), "the focus")


async def test_a_member_found_under_runs_leads_to_its_study(tmp_path: Path) -> None:
    folder, (ended, _) = make_study(tmp_path, finished=1)
    async with train(tmp_path, ended) as (app, pilot, screen):
        await says(pilot, screen, "lines-study", "without")
        await pilot.press("escape")
        await until(pilot, lambda: app.study is not None and app.study.id == folder.id, "its study")
        await until(pilot, lambda: screen.study_view.display, "the study")


async def test_repeats_have_mean_and_deviation(tmp_path: Path) -> None:
    changes = {"study": {"repeats": 3}, "published": []}
    folder, _ = make_study(tmp_path, finished=3, epochs=100, **changes)
    async with study_of(tmp_path, folder) as (_, pilot, screen):
        await shows(pilot, "seed 3")
        # The last losses are 1/10.9, and 0.1 and 0.2 more.
        for words in ("0.1917", "± 0.1 ", "0.2917"):
            await says(pilot, screen, "lines-spread", words)
        await drawn_in(pilot, screen.query_one("#study-chart", LossChart), "mean of 3")
        await shows(pilot, "finished   3 of 3 runs")
        await allows(pilot, screen, "seeds", True)
        await allows(pilot, screen, "stop_all", None)


async def test_five_seeds_of_any_experiment(tmp_path: Path) -> None:
    async with train(tmp_path) as (app, pilot, screen):
        app.set_current(generated(3))
        await pilot.press("5")
        await until(pilot, lambda: app.study is not None, "the study")
        picture = lambda: screen.study_view.picture  # noqa: E731
        await until(
            pilot, lambda: bool(picture()) and len(picture().overview.rows) == 5, "five members"
        )
        await until(pilot, lambda: bool(picture() and picture().over), "the end")
        assert [row.seed for row in picture().overview.rows] == [1, 2, 3, 4, 5]
        assert app.current is not None
        assert app.current.study is None


@pytest.mark.slow
async def test_a_study_of_many_variants_at_any_size(tmp_path: Path) -> None:
    folder, _ = make_study(tmp_path, finished=3, example="d11-reuters-experiments")
    for size in [(1, 1), (20, 5), (40, 10), (200, 50)]:
        async with study_of(tmp_path, folder, size) as (_, pilot, screen):
            await pilot.press("down", "m", "plus", "y", "z", "o", "escape")
            await pilot.resize_terminal(100, 30)
            await pilot.pause(0.2)
            await shows(pilot, "2 layers of 64")
            assert screen.study_view.selected is not None


async def test_a_study_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    folder, _ = make_study(tmp_path, finished=1)
    async with study_of(tmp_path, folder) as (_, pilot, screen):
        (folder.path / "study.json").unlink()
        await pilot.pause(1.2)
        assert screen.study_view.display


async def test_folds_have_their_smoothed_mean_without_its_beginning(tmp_path: Path) -> None:
    changes = {"published": [{"figure": "mean.smooth.best_epoch.loss", "variant": "*",
                              "label": "best epoch", "band": [1, 100]}]}  # fmt: skip
    folder, _ = make_study(tmp_path, finished=4, epochs=100, example="d13-boston-500", **changes)
    async with study_of(tmp_path, folder, NARROW) as (_, pilot, screen):
        await shows(pilot, "1 of 1 figures as expected")
        picture = screen.study_view.picture
        assert picture is not None
        smooth = picture.joined["loss"]
        assert [math.isnan(value) for value in smooth[9:11]] == [True, False]
        # The first point is the mean of the four folds in epoch 11, as it is.
        assert smooth[10] == pytest.approx(1 / (1 + 10 / 10) + 0.15)
        await drawn_in(pilot, screen.query_one("#study-chart", LossChart), "mean, smoothed")


async def test_a_study_that_succeeded_leaves_the_rest_out(tmp_path: Path) -> None:
    folder, _ = make_study(tmp_path, finished=1, example="b13-xor")
    info = folder.info()
    for member in info.members[1:]:
        member.run, member.state = "", "skipped"
    info.status = "finished"
    folder.write_info(info)
    async with study_of(tmp_path, folder) as (_, pilot, screen):
        await shows(pilot, "1 of 30 runs, the rest is not needed")
        await pilot.press("end")
        await until(pilot, lambda: screen.check_action("open", ()) is None, "one without a run")
        await pilot.press("5")
        await pilot.pause()
        assert screen.study_view.display

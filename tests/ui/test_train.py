"""The Train screen: real run directories, a launcher that stands in for the worker."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.models import shipped, study_store
from kerastui.models.experiment import Experiment
from kerastui.models.runs import CommandReader, Run, Workspace
from kerastui.models.studies import members
from kerastui.models.study_store import StudyFolder
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.train import TrainScreen
from kerastui.tui.screens.train_advice import AdviceScreen
from kerastui.tui.screens.train_charts import BatchTrace
from kerastui.tui.screens.train_dialogs import AskRate, read_rate
from kerastui.tui.screens.train_epochs import EpochTable
from kerastui.tui.screens.train_study import StudyFigures
from kerastui.tui.widgets.event_log import EventLog, printed
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.loss_chart import LossChart
from kerastui.tui.widgets.row_list import RowList

from .fakes import FakeLauncher, append, change
from .pilots import text

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
        await until(pilot, lambda: isinstance(app.screen, TrainScreen))
        screen = app.screen
        assert isinstance(screen, TrainScreen)
        if run is not None:
            await until(pilot, lambda: bool(app.monitor and app.monitor.ready))
        await pilot.pause(0.15)
        yield app, pilot, screen


async def until(pilot: Pilot[Any], reached: Callable[[], bool]) -> None:
    """Wait for something that other tasks bring about."""
    for _ in range(400):
        if reached():
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came to that")


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


def drawn(chart: LossChart) -> str:
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


def commands(run: Run) -> list[str]:
    return [str(entry["event"]) for entry in CommandReader(run.commands).read()]


async def test_without_a_run_the_settings_are_shown(tmp_path: Path) -> None:
    async with train(tmp_path) as (_, _, screen):
        assert screen.query_one("#train-idle").display
        table = screen.query_one("#settings-table")
        shown = "\n".join(table.render_line(y).text for y in range(table.size.height))
        assert "binary_crossentropy" in shown
        assert "150" in shown
        assert screen.check_action("run", ()) is True
        assert screen.check_action("stop", ()) is None


async def test_without_an_experiment_nothing_can_be_run(tmp_path: Path) -> None:
    async with train(tmp_path, example=None) as (_, _, screen):
        assert screen.check_action("run", ()) is None
        assert screen.check_action("settings", ()) is None


async def test_the_chart_grows_with_the_log(tmp_path: Path) -> None:
    run = make_run(tmp_path, 10)
    async with train(tmp_path, run) as (app, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        before = drawn(chart)
        assert "train 0.5263" in before
        append(run, "epochs", first=11, logs={"loss": [0.25], "val_loss": [0.31]}, seconds=0.01)
        monitor = app.monitor
        assert monitor is not None
        await until(pilot, lambda: monitor.history.epoch == 11)
        await until(pilot, lambda: "train 0.2500" in drawn(chart))
        assert "◆ best 0.3100 @ 11" in drawn(chart)
        # The figures follow a little later than the curve.
        await until(pilot, lambda: "11/150" in lines(screen, "lines-progress"))


async def test_nothing_is_drawn_where_nothing_changes(tmp_path: Path) -> None:
    run = make_run(tmp_path, 10)
    async with train(tmp_path, run) as (_, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        drawings: list[object] = []
        refresh = chart.refresh

        def spy(*regions: Any, **options: Any) -> Any:
            drawings.append(regions)
            return refresh(*regions, **options)

        chart.refresh = spy  # type: ignore[method-assign]
        screen.draw()
        await pilot.pause(0.3)
        assert drawings == []


async def test_a_run_from_key_to_result(tmp_path: Path) -> None:
    async with train(tmp_path, pace=0.001) as (app, pilot, screen):
        app.set_current(generated(12))
        await pilot.press("r")
        await until(pilot, lambda: bool(app.monitor and app.monitor.status == "finished"))
        await until(pilot, lambda: "inside the band" in lines(screen, "lines-progress"))
        assert "test accuracy 0.922" in lines(screen, "lines-progress")
        assert "0.9220 ✓" in lines(screen, "lines-published") or "0.922 ✓" in lines(
            screen, "lines-published"
        )
        assert "finished" in screen.query_one("#events", EventLog).text
        assert screen.check_action("run", ()) is True
        assert screen.check_action("pause", ()) is None


async def test_pause_continue_and_stop_reach_the_worker(tmp_path: Path) -> None:
    async with train(tmp_path, pace=0.02) as (app, pilot, screen):
        app.set_current(generated(1000))
        await pilot.press("r")
        await until(pilot, lambda: bool(app.monitor and app.monitor.history.epoch > 1))
        monitor = app.monitor
        assert monitor is not None
        await pilot.press("p")
        await until(pilot, lambda: monitor.status == "paused")
        await until(pilot, lambda: "p goes on" in lines(screen, "lines-progress"))
        assert screen.check_action("pause", ()) is False
        assert screen.check_action("continue", ()) is True
        await pilot.press("p")
        await until(pilot, lambda: monitor.status == "running")
        await pilot.press("s")
        await until(pilot, lambda: monitor.status == "stopped")
        await until(pilot, lambda: "the model is kept" in lines(screen, "lines-progress"))
        assert commands(monitor.run) == ["pause", "continue", "stop"]


async def test_what_was_asked_is_said_at_once(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    async with train(tmp_path, run) as (_, pilot, screen):
        await pilot.press("s")
        assert "stopping after this batch" in lines(screen, "lines-progress")
        append(run, "stopped", epoch=5, seconds=1.0, text="stopped")
        change(run, status="stopped")
        await until(pilot, lambda: "stopping" not in lines(screen, "lines-progress"))
        assert commands(run) == ["stop"]


async def test_kill_asks_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path, 5)
    append(run, "checkpoint", epoch=4)
    killed: list[Run] = []
    monkeypatch.setattr(Run, "kill", lambda run: killed.append(run))
    async with train(tmp_path, run) as (app, pilot, screen):
        await pilot.press("K")
        await pilot.pause()
        assert app.screen is not screen
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert killed == []
        await pilot.press("K")
        await pilot.pause()
        text = "\n".join(str(widget.render()) for widget in app.screen.query("Static"))
        assert "epoch 4 remains" in text
        await pilot.press("y")
        await until(pilot, lambda: len(killed) == 1)


async def test_a_learning_rate_is_checked_and_sent(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    async with train(tmp_path, run) as (app, pilot, _):
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, AskRate))
        field = app.screen.query_one(Input)
        field.value = "-1"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, AskRate)
        field.value = "5e-4"
        await pilot.press("enter")
        await until(pilot, lambda: commands(run) == ["set_learning_rate"])
        sent = CommandReader(run.commands).read()[0]
        assert sent["value"] == 5e-4


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "nan", "inf", "1e9"])
def test_a_learning_rate_that_can_not_work_is_named(text: str) -> None:
    rate, problem = read_rate(text)
    assert rate is None
    assert "accepted: a number above 0" in problem


async def test_a_run_that_broke_says_why_and_what_is_left(tmp_path: Path) -> None:
    failure = UserError("The loss can't be [computed].", "Check the [/target].")
    async with train(tmp_path, pace=0.001, failure=failure) as (app, pilot, screen):
        app.set_current(generated(12))
        await pilot.press("r")
        await until(pilot, lambda: bool(app.monitor and app.monitor.status == "failed"))
        await until(pilot, lambda: "[computed]" in lines(screen, "lines-progress"))
        assert "[/target]" in lines(screen, "lines-progress")
        assert "no checkpoint" in lines(screen, "lines-progress")


async def test_a_worker_that_is_gone_is_lost(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    append(run, "checkpoint", epoch=5)
    change(run, pid=2**22 + 5, created=1.0)
    async with train(tmp_path, run) as (_, _, screen):
        assert "gone without a word" in lines(screen, "lines-progress")
        assert "checkpoint of epoch 5 remains" in lines(screen, "lines-progress")


async def test_nan_is_marked_and_said(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    logs = {"loss": [1.0, 0.5, math.inf, math.nan]}
    append(run, "epochs", first=1, logs=logs, seconds=1.0)
    append(run, "note", kind="nan", epoch=4, text="The loss became NaN in batch 3")
    append(run, "stopped", epoch=4, seconds=1.0, text="stopped at NaN")
    change(run, status="stopped")
    async with train(tmp_path, run) as (_, _, screen):
        shown = drawn(screen.query_one("#chart-loss", LossChart))
        assert "▲" in shown
        assert "×" in shown
        assert "NaN in batch 3" in lines(screen, "lines-progress")


async def test_hostile_names_are_only_text(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3, title="[/x][bold]", data={"dataset": "[/d]", "substitute": "[/s]"})
    logs = {"[/metric]": [1.0, 2.0, 3.0], "val_[/metric]": [1.0, 2.0, 3.0]}
    append(run, "epochs", first=1, logs=logs, seconds=1.0)
    append(run, "note", kind="warning", epoch=1, text="[/note] [red]\x1b[31m")
    run.console.write_bytes(b"[/con]\x1b[2J\x1b]0;title\x07 10%\r 100%\xff\x00\n")
    async with train(tmp_path, run) as (_, pilot, screen):
        await pilot.press("m")
        await pilot.press("o")
        console = screen.query_one("#console", EventLog)
        await until(pilot, lambda: "printed by the worker" in console.text)
        assert "100%" in console.text
        assert "\x1b" not in console.text.rpartition("printed")[2]
        assert "[/s] stands in" in lines(screen, "lines-progress")
        await pilot.press("escape")
        assert screen.query_one("#train-live").display


def test_what_was_printed_is_made_harmless() -> None:
    shown = [entry.text.plain for entry in printed("a\x1b[1mb\x1b[0m\tc\n1/8\r8/8\r\n\x07x\n\n")]
    assert shown == ["ab    c", "8/8", "�x"]


async def test_sixty_thousand_epochs(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    loss = [1 / (1 + epoch / 1000) for epoch in range(60_000)]
    loss[43_210] = 1e-6
    for start in range(0, 60_000, 10_000):
        part = loss[start : start + 10_000]
        logs = {"loss": part, "accuracy": [1 - value for value in part]}
        append(run, "epochs", first=start + 1, logs=logs, seconds=10.0)
    async with train(tmp_path, run) as (app, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        assert "@ 43,211" in drawn(chart)
        await pilot.press("t")
        await until(pilot, lambda: bool(app.screen.query(EpochTable)))
        table = app.screen.query_one(EpochTable)
        await until(pilot, lambda: "60,000" in table.render_line(table.size.height - 1).text)
        table.scroll_to(y=43_209, animate=False)
        await pilot.pause()
        rows = [table.render_line(y).text for y in range(5)]
        assert any("1.000e-06" in row and "43,211" in row for row in rows)
        await pilot.press("escape")


async def test_cursor_zoom_smoothing_and_log(tmp_path: Path) -> None:
    run = make_run(tmp_path, 120)
    async with train(tmp_path, run) as (_, pilot, screen):
        chart, metric = (
            screen.query_one("#chart-loss", LossChart),
            screen.query_one("#chart-metric"),
        )
        assert isinstance(metric, LossChart)
        await pilot.press("left")
        assert chart.cursor == metric.cursor == 120
        await pilot.press("shift+left", "left")
        assert chart.cursor == 109
        assert "epoch 109" in drawn(chart)
        await pilot.press("home")
        assert chart.cursor == 1
        await pilot.press("b")
        assert chart.cursor == 120
        await pilot.press("escape")
        assert chart.cursor is None
        await pilot.press("plus", "plus")
        assert "smoothed 0.6" in drawn(chart)
        await pilot.press("minus", "minus")
        assert "smoothed" not in drawn(chart)
        await pilot.press("y")
        assert "log y" in drawn(chart)
        await pilot.press("z")
        assert "last 100" in drawn(chart)
        await pilot.press("z", "z", "z")
        assert "last" not in drawn(chart)


async def test_a_click_puts_the_cursor_there(tmp_path: Path) -> None:
    run = make_run(tmp_path, 150)
    async with train(tmp_path, run) as (_, pilot, screen):
        assert await pilot.click("#chart-loss", offset=(30, 8))
        chart = screen.query_one("#chart-loss", LossChart)
        assert chart.cursor is not None
        assert 10 < chart.cursor < 100


async def test_metrics_take_turns_where_there_is_little_room(tmp_path: Path) -> None:
    run = make_run(tmp_path, 20)
    async with train(tmp_path, run, size=NARROW) as (_, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        assert not screen.query_one("#chart-metric").display
        assert " loss " in drawn(chart).splitlines()[0]
        await pilot.press("m")
        await pilot.pause(0.15)
        assert " accuracy " in drawn(chart).splitlines()[0]
        assert "20/150" in lines(screen, "train-status")


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (40, 10), (80, 24), (99, 60), (200, 12)])
async def test_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    run = make_run(tmp_path, 30)
    async with train(tmp_path, run, size=size) as (_, pilot, _):
        await pilot.press("left", "m", "y", "o", "o", "plus")


async def test_a_resize_storm(tmp_path: Path) -> None:
    run = make_run(tmp_path, 30)
    async with train(tmp_path, run) as (_, pilot, screen):
        for width, height in [(20, 5), (200, 60), (3, 3), (99, 24), (100, 24), (40, 8), (120, 40)]:
            await pilot.resize_terminal(width, height)
            append(run, "batch", epoch=31, batch=width % 8, batches=8, logs={"loss": 0.3})
        await pilot.pause(0.3)
        assert "train" in drawn(screen.query_one("#chart-loss", LossChart))


async def test_no_color_tells_series_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = make_run(tmp_path, 30)
    async with train(tmp_path, run) as (app, _, screen):
        assert app.no_color
        shown = drawn(screen.query_one("#chart-loss", LossChart))
        assert "•" in shown
        assert "╌╌" in shown


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
        await until(pilot, lambda: screen.study_view.picture is not None)
        await until(pilot, lambda: bool(screen.query_one("#study-rows", RowList).shown))
        await pilot.pause(0.15)
        yield app, pilot, screen


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_study_is_shown_as_a_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    folder, _ = make_study(tmp_path, finished=1)
    async with study_of(tmp_path, folder, size) as (_, pilot, screen):
        shown = text(pilot)
        assert "── with dropout" in shown
        assert "── without" in shown
        assert "20/100" in shown
        assert "1 of 2 runs" in shown
        chart = drawn(screen.query_one("#study-chart", LossChart))
        assert "with dropout 0.3448" in chart
        assert "without 0.4448" in chart
        await pilot.press("m")
        await pilot.pause(0.2)
        first = "#study-second" if size == WIDE else "#study-chart"
        assert " val loss " in drawn(screen.query_one(first, LossChart)).splitlines()[0]
        await pilot.press("t")
        await until(pilot, lambda: isinstance(screen.app.screen, StudyFigures))
        assert "1 of 2 runs" in text(pilot)


async def test_keys_act_on_the_member_under_the_cursor(tmp_path: Path) -> None:
    folder, (ended, going) = make_study(tmp_path, finished=1)
    async with study_of(tmp_path, folder) as (_, pilot, screen):
        assert screen.check_action("pause", ()) is None
        await pilot.press("down")
        assert screen.check_action("pause", ()) is True
        await pilot.press("p", "s")
        assert commands(going) == ["pause", "stop"]
        assert commands(ended) == []
        await pilot.press("S")
        assert folder.commands.exists()


async def test_a_member_opens_and_escape_comes_back(tmp_path: Path) -> None:
    folder, (ended, _) = make_study(tmp_path, finished=1)
    async with study_of(tmp_path, folder) as (app, pilot, screen):
        await pilot.press("enter")
        await until(pilot, lambda: app.shown_run is not None and app.shown_run.id == ended.id)
        await until(pilot, lambda: screen.query_one("#train-live").display)
        await until(pilot, lambda: "without" in lines(screen, "lines-study"))
        assert "train.loss" not in lines(screen, "lines-study")
        await pilot.press("escape")
        await until(pilot, lambda: screen.study_view.display)
        assert app.study is not None
        assert app.focused is screen.query_one("#study-rows")


async def test_a_member_found_under_runs_leads_to_its_study(tmp_path: Path) -> None:
    folder, (ended, _) = make_study(tmp_path, finished=1)
    async with train(tmp_path, ended) as (app, pilot, screen):
        await until(pilot, lambda: "without" in lines(screen, "lines-study"))
        await pilot.press("escape")
        await until(pilot, lambda: app.study is not None and app.study.id == folder.id)
        await until(pilot, lambda: screen.study_view.display)


async def test_repeats_have_mean_and_deviation(tmp_path: Path) -> None:
    changes = {"study": {"repeats": 3}, "published": []}
    folder, _ = make_study(tmp_path, finished=3, epochs=100, **changes)
    async with study_of(tmp_path, folder) as (_, pilot, screen):
        shown = text(pilot)
        assert "seed 3" in shown
        spread = lines(screen, "lines-spread")
        # The last losses are 1/10.9, and 0.1 and 0.2 more.
        assert "0.1917" in spread
        assert "± 0.1 " in spread
        assert "0.2917" in spread
        assert "mean of 3" in drawn(screen.query_one("#study-chart", LossChart))
        assert "finished   3 of 3 runs" in shown
        assert screen.check_action("seeds", ()) is True
        assert screen.check_action("stop_all", ()) is None


async def test_five_seeds_of_any_experiment(tmp_path: Path) -> None:
    async with train(tmp_path) as (app, pilot, screen):
        app.set_current(generated(3))
        await pilot.press("5")
        await until(pilot, lambda: app.study is not None)
        picture = lambda: screen.study_view.picture  # noqa: E731
        await until(pilot, lambda: bool(picture()) and len(picture().overview.rows) == 5)
        await until(pilot, lambda: bool(picture() and picture().over))
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
            assert "2 layers of 64" in text(pilot)
            assert screen.study_view.selected is not None


async def test_a_study_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    folder, _ = make_study(tmp_path, finished=1)
    async with study_of(tmp_path, folder) as (_, pilot, screen):
        (folder.path / "study.json").unlink()
        await pilot.pause(1.2)
        assert screen.study_view.display


async def test_a_run_in_words_and_a_technique_into_a_copy(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    down = [1 / (1 + epoch / 10) for epoch in range(80)]
    turned = [value + max(0, epoch - 20) / 50 for epoch, value in enumerate(down)]
    append(run, "epochs", first=1, logs={"loss": down, "val_loss": turned}, seconds=1.0)
    append(run, "finished", epoch=80, seconds=1.0, text="done")
    change(run, status="finished")
    async with train(tmp_path, run) as (app, pilot, _):
        before = app.current
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))
        assert "loss fell from 1 to" in text(pilot)
        assert "It overfits since about epoch" in text(pilot)
        screen = app.screen
        assert isinstance(screen, AdviceScreen)
        assert screen.techniques[0].name in text(pilot)
        await pilot.press("1")
        await until(pilot, lambda: app.current is not before)
        assert before is not None
        assert app.current == before.changed(screen.techniques[0].changes)


async def test_two_epochs_are_too_few_for_advice(tmp_path: Path) -> None:
    run = make_run(tmp_path, 2)
    async with train(tmp_path, run) as (app, pilot, _):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen))
        assert "2 epochs are too few to say anything" in text(pilot)
        await pilot.press("escape")


async def test_a_worker_killed_on_request_is_said_to_be(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    run.command("kill")
    change(run, pid=2**22 + 5, created=1.0)
    async with train(tmp_path, run) as (_, _, screen):
        assert "killed on request" in lines(screen, "lines-progress")
        assert "killed on request" in screen.query_one("#events", EventLog).text


async def test_a_worker_that_ended_itself_on_request_has_kept_no_model(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    text = "killed on request; the last checkpoint remains"
    append(run, "stopped", epoch=5, seconds=0.0, text=text)
    change(run, status="stopped")
    async with train(tmp_path, run) as (_, pilot, screen):
        await until(pilot, lambda: "stopped after epoch 5" in lines(screen, "lines-progress"))
        assert "checkpoint remains" in lines(screen, "lines-progress").replace("\n", " ")
        assert "model is kept" not in lines(screen, "lines-progress").replace("\n", " ")


async def test_the_result_says_where_the_model_is(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    append(run, "finished", epoch=5, seconds=1.0, text="done")
    change(run, status="finished")
    run.model.write_bytes(b"PK")
    async with train(tmp_path, run) as (_, _, screen):
        assert "model.keras" in lines(screen, "lines-progress")
        assert "w in words" in lines(screen, "lines-progress")


async def test_large_figures_do_not_run_together(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    append(run, "epochs", first=1, logs={"loss": [33_831_328.0]}, seconds=1.0)
    async with train(tmp_path, run) as (_, _, screen):
        assert "33,831,328 33,831,328" in lines(screen, "lines-metrics")


def test_batches_of_the_first_epochs_are_traced() -> None:
    from kerastui.models.history import History

    history, trace = History(), BatchTrace()

    def batch(number: int, loss: float) -> None:
        history.apply({"event": "batch", "batch": number, "batches": 4, "logs": {"loss": loss}})
        trace.take(history)

    batch(2, 1.0)
    assert math.isnan(trace.series["loss"][0]), "what was not seen is not made up"
    batch(4, 0.5)
    assert list(trace.series["loss"])[1:] == [1.0, 0.75, 0.5]
    history.apply({"event": "epochs", "first": 1, "logs": {"loss": [0.5]}})
    trace.take(history)
    batch(1, 0.25)
    assert list(trace.series["loss"])[1:] == [1.0, 0.75, 0.5, 0.25]
    history.apply({"event": "epochs", "first": 2, "logs": {"loss": [0.5]}})
    trace.take(history)
    assert trace.series == {}


async def test_folds_have_their_smoothed_mean_without_its_beginning(tmp_path: Path) -> None:
    changes = {"published": [{"figure": "mean.smooth.best_epoch.loss", "variant": "*",
                              "label": "best epoch", "band": [1, 100]}]}  # fmt: skip
    folder, _ = make_study(tmp_path, finished=4, epochs=100, example="d13-boston-500", **changes)
    async with study_of(tmp_path, folder, NARROW) as (_, pilot, screen):
        picture = screen.study_view.picture
        assert picture is not None
        smooth = picture.joined["loss"]
        assert [math.isnan(value) for value in smooth[9:11]] == [True, False]
        # The first point is the mean of the four folds in epoch 11, as it is.
        assert smooth[10] == pytest.approx(1 / (1 + 10 / 10) + 0.15)
        assert "mean, smoothed" in drawn(screen.query_one("#study-chart", LossChart))
        assert "1 of 1 figures as expected" in text(pilot)


async def test_a_study_that_succeeded_leaves_the_rest_out(tmp_path: Path) -> None:
    folder, _ = make_study(tmp_path, finished=1, example="b13-xor")
    info = folder.info()
    for member in info.members[1:]:
        member.run, member.state = "", "skipped"
    info.status = "finished"
    folder.write_info(info)
    async with study_of(tmp_path, folder) as (_, pilot, screen):
        assert "1 of 30 runs, the rest is not needed" in text(pilot)
        await pilot.press("end")
        assert screen.check_action("open", ()) is None
        await pilot.press("5")
        await pilot.pause()
        assert screen.study_view.display

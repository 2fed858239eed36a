"""The Train screen: real run directories, a launcher that stands in for the worker."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment import Experiment
from kerastui.models.runs import CommandReader, Run, Workspace
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.train import TrainScreen
from kerastui.tui.screens.train_charts import BatchTrace
from kerastui.tui.screens.train_dialogs import AskRate, read_rate
from kerastui.tui.screens.train_epochs import EpochTable
from kerastui.tui.widgets.event_log import EventLog, printed
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.loss_chart import LossChart

from .fakes import FakeLauncher, append, change

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
        await until(pilot, lambda: monitor.history.epoch == 11 and drawn(chart) != before)
        assert "train 0.2500" in drawn(chart)
        assert "◆ best 0.3100 @ 11" in drawn(chart)
        assert "11/150" in lines(screen, "lines-progress")


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
        screen._draw()
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


async def test_members_of_a_study_stand_beside_each_other(tmp_path: Path) -> None:
    other = make_run(tmp_path, 20, study="s1", variant="without dropout")
    append(other, "finished", epoch=20, seconds=1.0, text="done")
    change(other, status="finished")
    run = make_run(tmp_path, 10, study="s1", variant="with dropout")
    async with train(tmp_path, run) as (_, pilot, screen):
        await until(pilot, lambda: "without dropout" in lines(screen, "lines-study"))
        assert "val_loss" in lines(screen, "lines-study")


def test_batches_of_the_first_epoch_are_traced() -> None:
    from kerastui.models.history import History

    history, trace = History(), BatchTrace()
    for batch, loss in ((1, 1.0), (4, 0.7), (5, 0.6)):
        history.apply({"event": "batch", "batch": batch, "batches": 8, "logs": {"loss": loss}})
        trace.take(history)
    assert trace.series["loss"] == array("d", [1.0, 1.0, 1.0, 0.7, 0.6])
    history.apply({"event": "epochs", "first": 1, "logs": {"loss": [0.5]}})
    trace.take(history)
    assert trace.series == {}

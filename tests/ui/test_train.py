"""The Train screen: real run directories, a launcher that stands in for the worker."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.runs.store import CommandReader, Run, Workspace
from kerastui.tui.screens.train.advice import AdviceScreen
from kerastui.tui.screens.train.charts import BatchTrace
from kerastui.tui.screens.train.dialogs import AskRate, read_rate
from kerastui.tui.screens.train.epochs import EpochTable
from kerastui.tui.widgets.event_log import Entry, EventLog, printed
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.loss_chart import LossChart

from .fakes import append, change
from .pilots import shows, until
from .train_screen import (
    NARROW,
    allows,
    commands,
    drawn,
    drawn_in,
    generated,
    lines,
    make_run,
    says,
    train,
)


async def test_without_a_run_the_settings_are_shown(tmp_path: Path) -> None:
    async with train(tmp_path) as (_, pilot, screen):
        assert screen.query_one("#train-idle").display
        table = screen.query_one("#settings-table")

        def shown() -> str:
            return "\n".join(table.render_line(y).text for y in range(table.size.height))

        await until(pilot, lambda: "binary_crossentropy" in shown(), "the loss")
        await until(pilot, lambda: "150" in shown(), "the epochs")
        await allows(pilot, screen, "run", True)
        await allows(pilot, screen, "stop", None)


async def test_without_an_experiment_nothing_can_be_run(tmp_path: Path) -> None:
    async with train(tmp_path, example=None) as (_, pilot, screen):
        await allows(pilot, screen, "run", None)
        await allows(pilot, screen, "settings", None)


async def test_the_chart_grows_with_the_log(tmp_path: Path) -> None:
    run = make_run(tmp_path, 10)
    async with train(tmp_path, run) as (app, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        await drawn_in(pilot, chart, "train 0.5263")
        append(run, "epochs", first=11, logs={"loss": [0.25], "val_loss": [0.31]}, seconds=0.01)
        monitor = app.monitor
        assert monitor is not None
        await until(pilot, lambda: monitor.history.epoch == 11, "the epoch")
        await drawn_in(pilot, chart, "train 0.2500")
        await drawn_in(pilot, chart, "◆ best 0.3100 @ 11")
        # The figures follow a little later than the curve.
        await says(pilot, screen, "lines-progress", "11/150")


async def test_the_chart_says_what_goes_on_before_the_first_epoch_ends(tmp_path: Path) -> None:
    run = Workspace(tmp_path).create(shipped.experiment("a05-ionosphere"))
    change(run, status="starting", pid=os.getpid())
    async with train(tmp_path, run) as (_, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        await drawn_in(pilot, chart, "the worker is starting …")
        append(run, "stage", stage="import", text="Starting Keras")
        await drawn_in(pilot, chart, "Starting Keras …")
        append(run, "started", epochs=9, initial_epoch=0, steps=8, execution="fast", why="small")
        append(run, "batch", epoch=1, batch=1, batches=8, logs={})
        await drawn_in(pilot, chart, "the first epoch is under way")


async def test_nothing_is_drawn_where_nothing_changes(tmp_path: Path) -> None:
    run = make_run(tmp_path, 10)
    async with train(tmp_path, run) as (_, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        drawings: list[object] = []
        refresh = chart.refresh

        def spy(*regions: Any, **options: Any) -> Any:
            drawings.append(regions)
            return refresh(*regions, **options)

        await drawn_in(pilot, chart, "train 0.5263")
        chart.refresh = spy  # type: ignore[method-assign]
        for _ in range(20):  # until what was still on its way has come
            drawings.clear()
            await pilot.pause(0.2)
            if not drawings:
                break
        screen.draw()
        await pilot.pause(0.3)
        assert drawings == []


async def test_a_run_from_key_to_result(tmp_path: Path) -> None:
    async with train(tmp_path, pace=0.001) as (app, pilot, screen):
        app.set_current(generated(12))
        await pilot.press("r")
        await until(
            pilot, lambda: bool(app.monitor and app.monitor.status == "finished"), "the end"
        )
        await says(pilot, screen, "lines-progress", "inside the band")
        await says(pilot, screen, "lines-progress", "test accuracy 0.922")
        await until(
            pilot, lambda: re.search("0.9220? ✓", lines(screen, "lines-published")), "the verdict"
        )
        events = screen.query_one("#events", EventLog)
        await until(pilot, lambda: "finished" in events.text, "the event")
        await allows(pilot, screen, "run", True)
        await allows(pilot, screen, "pause", None)


async def test_pause_continue_and_stop_reach_the_worker(tmp_path: Path) -> None:
    async with train(tmp_path, pace=0.02) as (app, pilot, screen):
        app.set_current(generated(1000))
        await pilot.press("r")
        await until(
            pilot, lambda: bool(app.monitor and app.monitor.history.epoch > 1), "two epochs"
        )
        monitor = app.monitor
        assert monitor is not None
        await pilot.press("p")
        await until(pilot, lambda: monitor.status == "paused", "the pause")
        await says(pilot, screen, "lines-progress", "p goes on")
        await allows(pilot, screen, "pause", False)
        await allows(pilot, screen, "continue", True)
        await pilot.press("p")
        await until(pilot, lambda: monitor.status == "running", "it goes on")
        await pilot.press("s")
        await until(pilot, lambda: monitor.status == "stopped", "the stop")
        await says(pilot, screen, "lines-progress", "the model is kept")
        assert commands(monitor.run) == ["pause", "continue", "stop"]


async def test_what_was_asked_is_said_at_once(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    async with train(tmp_path, run) as (_, pilot, screen):
        await pilot.press("s")
        await says(pilot, screen, "lines-progress", "stopping after this batch")
        append(run, "stopped", epoch=5, seconds=1.0, text="stopped")
        change(run, status="stopped")
        await until(pilot, lambda: "stopping" not in lines(screen, "lines-progress"), "obedience")
        assert commands(run) == ["stop"]


async def test_kill_asks_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path, 5)
    append(run, "checkpoint", epoch=4)
    killed: list[Run] = []
    monkeypatch.setattr(Run, "kill", lambda run: killed.append(run))
    async with train(tmp_path, run) as (app, pilot, screen):
        await pilot.press("K")
        await shows(pilot, "epoch 4 remains")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen, "the screen again")
        await pilot.pause(0.1)
        assert killed == []
        await pilot.press("K")
        await shows(pilot, "epoch 4 remains")
        await pilot.press("y")
        await until(pilot, lambda: len(killed) == 1, "the kill")
        change(run, host="elsewhere")
        await pilot.press("K")
        await shows(pilot, "on elsewhere: it is asked to end")


async def test_a_learning_rate_is_checked_and_sent(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    async with train(tmp_path, run) as (app, pilot, _):
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, AskRate), "the question")
        await until(pilot, lambda: app.screen.query(Input), "its line")
        field = app.screen.query_one(Input)
        field.value = "-1"
        await pilot.press("enter")
        await shows(pilot, "accepted: a number above 0")
        field.value = "5e-4"
        await pilot.press("enter")
        await until(pilot, lambda: commands(run) == ["set_learning_rate"], "the command")
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
        await until(
            pilot, lambda: bool(app.monitor and app.monitor.status == "failed"), "the failure"
        )
        await says(pilot, screen, "lines-progress", "[computed]")
        await says(pilot, screen, "lines-progress", "[/target]")
        await says(pilot, screen, "lines-progress", "no checkpoint")


async def test_a_message_that_is_cut_ends_with_an_ellipsis(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    message = "The layer dense expects another shape. " * 20
    append(run, "failed", epoch=0, message=message, hint="Change it. " * 40)
    async with train(tmp_path, run, size=NARROW) as (_, pilot, screen):
        await says(pilot, screen, "train-status", "expects another shape")
        view = screen.query_one("#train-status", LineView)
        await until(
            pilot,
            lambda: [line.plain[-1:] for line in view.lines][2:5:2] == ["…", "…"],
            "both ends",
        )
        assert all(line.cell_length <= 78 for line in view.lines)


async def test_a_worker_that_is_gone_is_lost(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    append(run, "checkpoint", epoch=5)
    change(run, pid=2**22 + 5, created=1.0)
    async with train(tmp_path, run) as (_, pilot, screen):
        await says(pilot, screen, "lines-progress", "gone without a word")
        await says(pilot, screen, "lines-progress", "checkpoint of epoch 5 remains")


async def test_nan_is_marked_and_said(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    logs = {"loss": [1.0, 0.5, math.inf, math.nan]}
    append(run, "epochs", first=1, logs=logs, seconds=1.0)
    why = "The loss became NaN in batch 3"
    append(run, "note", kind="nan", epoch=4, text=why)
    append(run, "stopped", epoch=4, seconds=1.0, text=why)
    change(run, status="stopped")
    async with train(tmp_path, run) as (_, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        await drawn_in(pilot, chart, "▲")
        await drawn_in(pilot, chart, "×")
        await says(pilot, screen, "lines-progress", "NaN in batch 3")


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
        await until(pilot, lambda: "printed by the worker" in console.text, "what was printed")
        await until(pilot, lambda: "100%" in console.text, "its last line")
        assert "\x1b" not in console.text.rpartition("printed")[2]
        await says(pilot, screen, "lines-progress", "[/s] stands in")
        await pilot.press("escape")
        await until(pilot, lambda: screen.query_one("#train-live").display, "the charts")


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
        await drawn_in(pilot, chart, "@ 43,211")
        await pilot.press("t")
        await until(pilot, lambda: bool(app.screen.query(EpochTable)), "the table")
        table = app.screen.query_one(EpochTable)
        await until(
            pilot,
            lambda: "60,000" in table.render_line(table.size.height - 1).text,
            "the last epoch",
        )
        table.scroll_to(y=43_209, animate=False)
        await until(
            pilot,
            lambda: any(
                "1.000e-06" in row and "43,211" in row
                for row in (table.render_line(y).text for y in range(5))
            ),
            "the best epoch",
        )
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
        await until(pilot, lambda: chart.cursor == metric.cursor == 120, "both cursors")
        await pilot.press("shift+left", "left")
        await until(pilot, lambda: chart.cursor == 109, "epoch 109")
        await drawn_in(pilot, chart, "epoch 109")
        for key, place in (("home", 1), ("b", 120), ("escape", None)):
            await pilot.press(key)
            await until(pilot, lambda p=place: chart.cursor == p, f"the cursor at {place}")
        await pilot.press("plus", "plus")
        await drawn_in(pilot, chart, "smoothed 0.6")
        await pilot.press("minus", "minus")
        await until(pilot, lambda: "smoothed" not in drawn(chart), "the curves as they are")
        await pilot.press("y")
        await drawn_in(pilot, chart, "log y")
        await pilot.press("z")
        await drawn_in(pilot, chart, "last 100")
        await pilot.press("z", "z", "z")
        await until(pilot, lambda: "last" not in drawn(chart), "all epochs")


async def test_a_click_puts_the_cursor_there(tmp_path: Path) -> None:
    run = make_run(tmp_path, 150)
    async with train(tmp_path, run) as (_, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        await drawn_in(pilot, chart, "train")
        assert await pilot.click("#chart-loss", offset=(30, 8))
        await until(pilot, lambda: chart.cursor is not None and 10 < chart.cursor < 100, "it")


async def test_metrics_take_turns_where_there_is_little_room(tmp_path: Path) -> None:
    run = make_run(tmp_path, 20)
    async with train(tmp_path, run, size=NARROW) as (_, pilot, screen):
        chart = screen.query_one("#chart-loss", LossChart)
        await until(pilot, lambda: not screen.query_one("#chart-metric").display, "one chart")
        await until(pilot, lambda: " loss " in drawn(chart).splitlines()[0], "the loss")
        await pilot.press("m")
        await until(pilot, lambda: " accuracy " in drawn(chart).splitlines()[0], "the accuracy")
        await says(pilot, screen, "train-status", "20/150")


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
        await drawn_in(pilot, screen.query_one("#chart-loss", LossChart), "train")


async def test_no_color_tells_series_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = make_run(tmp_path, 30)
    async with train(tmp_path, run) as (app, pilot, screen):
        assert app.no_color
        chart = screen.query_one("#chart-loss", LossChart)
        await drawn_in(pilot, chart, "•")
        await drawn_in(pilot, chart, "╌╌")


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
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen), "the words")
        await shows(pilot, "loss fell from 1 to")
        await shows(pilot, "It overfits since about epoch")
        screen = app.screen
        assert isinstance(screen, AdviceScreen)
        await shows(pilot, screen.techniques[0].name)
        await pilot.press("1")
        await until(pilot, lambda: app.current is not before, "another experiment")
        assert before is not None
        assert app.current == before.changed(screen.techniques[0].changes)


async def test_two_epochs_are_too_few_for_advice(tmp_path: Path) -> None:
    run = make_run(tmp_path, 2)
    async with train(tmp_path, run) as (app, pilot, _):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, AdviceScreen), "the words")
        await shows(pilot, "2 epochs are too few to say anything")
        await pilot.press("escape")


@pytest.mark.parametrize("size", [(120, 40), pytest.param((80, 24), marks=pytest.mark.slow)])
async def test_a_run_whose_directory_is_gone_does_not_go_on(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    run = make_run(tmp_path, 5)
    async with train(tmp_path, run, size=size) as (app, pilot, _):
        assert app.monitor is not None
        run.path.rename(tmp_path / "elsewhere")
        await shows(pilot, "? lost")
        await shows(pilot, "There is no run")
        (tmp_path / "elsewhere").rename(run.path)
        await shows(pilot, "● running")


async def test_a_worker_killed_on_request_is_said_to_be(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    run.command("kill")
    change(run, pid=2**22 + 5, created=1.0)
    async with train(tmp_path, run) as (_, pilot, screen):
        await says(pilot, screen, "lines-progress", "killed on request")
        events = screen.query_one("#events", EventLog)
        await until(pilot, lambda: "killed on request" in events.text, "the event")


async def test_a_worker_that_ended_itself_on_request_has_kept_no_model(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    text = "killed on request; the last checkpoint remains"
    append(run, "stopped", epoch=5, seconds=0.0, text=text)
    change(run, status="stopped")
    async with train(tmp_path, run) as (_, pilot, screen):
        await says(pilot, screen, "lines-progress", "stopped after epoch 5")
        await says(pilot, screen, "lines-progress", "checkpoint remains")
        assert "model is kept" not in lines(screen, "lines-progress")


async def test_the_result_says_where_the_model_is(tmp_path: Path) -> None:
    run = make_run(tmp_path, 5)
    append(run, "finished", epoch=5, seconds=1.0, text="done")
    change(run, status="finished")
    run.model.write_bytes(b"PK")
    async with train(tmp_path, run) as (_, pilot, screen):
        await says(pilot, screen, "lines-progress", "model.keras")
        await says(pilot, screen, "lines-progress", "w in words")


async def test_large_figures_do_not_run_together(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    append(run, "epochs", first=1, logs={"loss": [33_831_328.0]}, seconds=1.0)
    async with train(tmp_path, run) as (_, pilot, screen):
        await says(pilot, screen, "lines-metrics", "33,831,328 33,831,328")


def test_batches_of_the_first_epochs_are_traced() -> None:
    from kerastui.models.runs.history import History

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


async def test_the_scrollbar_of_a_log_hides_no_letter() -> None:
    class Narrow(App[None]):
        CSS = "EventLog { width: 20; height: 4; }"

        def compose(self) -> ComposeResult:
            yield EventLog()

    app = Narrow()
    async with app.run_test(size=(40, 10)) as pilot:
        app.query_one(EventLog).show([Entry(Content("1234567890123456789!"))] * 9)
        await shows(pilot, "!")

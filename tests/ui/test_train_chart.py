"""The curves of the Train screen: they grow with the log, are walked through, and fit any size."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest

from kerastui.models import shipped
from kerastui.models.runs.store import Workspace
from kerastui.tui.screens.train.charts import BatchTrace
from kerastui.tui.screens.train.epochs import EpochTable
from kerastui.tui.widgets.loss_chart import LossChart

from .fakes import append, change
from .pilots import until
from .train_screen import NARROW, drawn, drawn_in, make_run, says, train


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

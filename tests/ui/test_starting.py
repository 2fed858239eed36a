"""Runs as the app starts, follows and leaves them, and the monitor of one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.runs.store import Run
from kerastui.tui.app import KerasTui
from kerastui.tui.monitor import RunMonitor, read_tail

from .fakes import FakeLauncher, append, change, finished_run
from .pilots import HOSTILE, shows, until
from .train_screen import generated


def app_with(launcher: FakeLauncher | None = None, **options: Any) -> KerasTui:
    return KerasTui(launcher=launcher or FakeLauncher(), **options)


async def test_a_run_is_made_started_shown_and_followed_to_its_end() -> None:
    launcher = FakeLauncher()
    app = app_with(launcher)
    news: list[str] = []
    async with app.run_test(size=(120, 40)) as pilot:
        app.run_changed.subscribe(app, lambda m: news.append(m.status), immediate=True)
        app.start_run(await asyncio.to_thread(shipped.experiment, "a13"))
        await until(
            pilot, lambda: app.monitor and app.monitor.status == "finished", "the end of the run"
        )
        assert app.current_mode == "train"
        assert [run.id for run in launcher.ran] == [app.shown_run.id] if app.shown_run else False
        assert app.monitor
        assert app.monitor.history.epoch == 100
        await until(pilot, lambda: app.monitor.info.status == "finished", "the end in run.json")
        await until(pilot, lambda: news and news[-1] == "finished", "the last news")
        for _ in range(9):
            news.clear()
            await pilot.pause(1.2)  # the record is read once a second
            if not news:
                break
        assert not news, "news of a run that is over"
    assert launcher.closed


async def test_a_run_that_cannot_be_started_says_why() -> None:
    class Refusing(FakeLauncher):
        async def run(self, run: Run) -> None:
            raise UserError(f"No worker for {HOSTILE}.", "Do something.")

    app = app_with(Refusing())
    async with app.run_test(size=(120, 40)) as pilot:
        app.start_run(await asyncio.to_thread(shipped.experiment, "a13"))
        await shows(pilot, f"No worker for {HOSTILE}.")
        await pilot.press("escape", "q")
        await pilot.pause()


async def test_a_workspace_that_cannot_be_written_says_so(own_home: Path) -> None:
    (own_home / "saved").write_text("a file")
    app = app_with()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("R")
        app.start_run(await asyncio.to_thread(shipped.experiment, "a13"))
        await shows(pilot, "No run can be saved")


async def test_leaving_without_a_run_asks_nothing() -> None:
    app = app_with()
    async with app.run_test() as pilot:
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running, "the end")


async def _leave(keys: list[str], pace: float = 0.02) -> tuple[KerasTui, FakeLauncher, list[str]]:
    launcher = FakeLauncher(pace=pace)
    app = app_with(launcher)
    commands: list[str] = []
    async with app.run_test(size=(120, 40)) as pilot:
        app.start_run(generated(100_000))
        await until(pilot, lambda: app.monitor and app.monitor.history.epoch, "an epoch")
        await pilot.press("q")
        await shows(pilot, "Leave it running")
        await pilot.press(*keys)
        stays = keys in (["escape"], ["b"])
        await until(
            pilot,
            lambda: len(app.screen_stack) == 1 if stays else not app.is_running,
            "what was answered",
        )
        if stays:
            await pilot.pause(0.3)  # nothing more comes of it
            assert app.is_running
        assert app.shown_run
        if app.shown_run.commands.exists():
            commands = [
                json.loads(line)["event"]
                for line in app.shown_run.commands.read_text().splitlines()
            ]
    return app, launcher, commands


async def test_leaving_lets_a_run_go_on_by_default() -> None:
    app, launcher, commands = await _leave(["enter"])
    assert not app.is_running
    assert launcher.closed
    assert commands == []


async def test_leaving_can_stop_and_keep() -> None:
    _, _, commands = await _leave(["s"])
    assert commands == ["stop"]


@pytest.mark.parametrize("key", ["escape", "b"])
async def test_leaving_can_be_thought_over(key: str) -> None:
    _, _, commands = await _leave([key])
    assert commands == []


async def test_the_members_of_a_study_are_shown_as_they_run() -> None:
    launcher = FakeLauncher(pace=0.01)
    app = app_with(launcher)
    async with app.run_test(size=(120, 40)) as pilot:
        app.start_run(await asyncio.to_thread(shipped.experiment, "a16"))
        await until(pilot, lambda: app.shown_run, "the first member")
        await until(pilot, lambda: len(launcher.ran) == 2, "the second member")
        second = launcher.ran[1].path
        await until(pilot, lambda: app.shown_run and app.shown_run.path == second, "the second")
        await until(pilot, lambda: launcher.ran[1].info().status == "finished", "its end")
        first, last = (run.info() for run in launcher.ran)
        assert (first.variant, last.variant) == ("with dropout", "without")
        assert first.study == last.study
        assert first.study in app.started_here


async def test_whoever_looks_at_something_else_is_left_to_it(own_home: Path) -> None:
    other = finished_run(own_home / "saved", "other")
    launcher = FakeLauncher(pace=0.005)
    app = app_with(launcher)
    async with app.run_test(size=(120, 40)) as pilot:
        app.start_run(await asyncio.to_thread(shipped.experiment, "a16"))
        await until(pilot, lambda: app.shown_run, "the first member")
        app.show_run(other)
        await until(
            pilot,
            lambda: len(launcher.ran) == 2 and launcher.ran[1].info().status == "finished",
            "the end of the study",
        )
        assert app.shown_run
        assert app.shown_run.path == other.path


async def test_a_study_can_be_stopped_on_leaving() -> None:
    launcher = FakeLauncher(pace=0.05)
    app = app_with(launcher)
    async with app.run_test(size=(120, 40)) as pilot:
        app.start_run(shipped.experiment("a16").changed({"fit.epochs": 100_000}))
        await until(pilot, lambda: app.monitor and app.monitor.history.epoch, "an epoch")
        await pilot.press("q")
        await shows(pilot, "a16-dropout goes on training")
        await pilot.press("s")
        await until(pilot, lambda: not app.is_running, "the end")
    (study,) = app.started_here.values()
    assert json.loads(study.commands.read_text())["event"] == "stop"


# The monitor


async def _followed(run: Run) -> tuple[RunMonitor, list[str], asyncio.Task[None]]:
    news: list[str] = []
    monitor = RunMonitor(run, lambda m: news.append(m.status))
    task = asyncio.create_task(monitor.follow())
    async with asyncio.timeout(60):
        while not monitor.ready:  # noqa: ASYNC110 - as a screen sees it, from outside
            await asyncio.sleep(0.01)
    return monitor, news, task


async def test_the_monitor_tells_only_what_is_new(tmp_path: Path) -> None:
    run = finished_run(tmp_path, "one", status="running")
    change(run, host="somewhere else")
    monitor, news, task = await _followed(run)
    await asyncio.sleep(0.4)
    assert len(news) == 1
    append(run, "epochs", first=6, logs={"loss": [0.1]}, seconds=0.1)
    async with asyncio.timeout(60):
        while len(news) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert monitor.history.epoch == 6
    await asyncio.sleep(0.4)
    assert len(news) == 2
    task.cancel()


async def test_the_monitor_takes_in_a_long_log(tmp_path: Path) -> None:
    run = finished_run(tmp_path, "one", epochs=1)
    for first in range(2, 60_000, 1000):
        append(run, "epochs", first=first, logs={"loss": [0.5] * 1000}, seconds=0.1)
    monitor, news, task = await _followed(run)
    assert monitor.history.epoch == 60_001
    assert len(news) == 1
    task.cancel()


async def test_the_monitor_sees_that_a_worker_is_gone(tmp_path: Path) -> None:
    run = finished_run(tmp_path, "one")
    run.events.unlink()
    append(run, "started", epochs=9, initial_epoch=0)
    change(run, status="running", pid=2**22 + 1, host="")
    monitor, _, task = await _followed(run)
    assert monitor.status == "lost"
    assert not monitor.active
    task.cancel()


async def test_the_monitor_survives_a_run_that_is_taken_away(tmp_path: Path) -> None:
    run = Run(tmp_path / "runs" / "nothing")
    monitor, _, task = await _followed(run)
    assert monitor.problem
    assert monitor.status == "queued"
    task.cancel()


def test_the_tail_of_a_console_begins_with_a_whole_line(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert read_tail(run) == ""
    run.console.write_bytes(b"x" * 100 + b"\nlast \xff line\n")
    assert read_tail(run, limit=50) == "last � line\n"

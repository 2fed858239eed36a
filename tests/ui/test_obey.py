"""Leave and come back, obey, go on: the screens over real run directories."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from kerastui.models.runs import heartbeat
from kerastui.models.runs.folder import here
from kerastui.models.runs.store import CommandReader, Run, RunInfo, Workspace
from kerastui.tui import notify
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.dialogs import Ask, Tell
from kerastui.tui.screens.notifications import NotificationsScreen
from kerastui.tui.screens.train.dialogs import AskEpochs, AskRate, read_epochs
from kerastui.tui.widgets.row_list import RowList

from .fakes import FakeLauncher, append, change, finished_run
from .pilots import shows, text, until
from .train_screen import make_run

WIDE, NARROW = (120, 40), (80, 24)


def app_on(root: Path, run: Run | None = None, pace: float = 0.01) -> KerasTui:
    return KerasTui(root, str(run.path) if run else None, FakeLauncher(pace))


def ended_run(root: Path, status: str, epochs: int = 40) -> Run:
    """Write a run of 150 epochs that has ended after some of them."""
    run = make_run(root, epochs)
    append(run, "checkpoint", epoch=epochs)
    append(run, status, epoch=epochs, seconds=1.0, text="")
    change(run, status=status, epoch=epochs, epochs=150, ended=1.7e9)
    return run


def commands(run: Run) -> list[tuple[str, Any]]:
    return [(str(c["event"]), c.get("value")) for c in CommandReader(run.commands).read()]


async def answer(pilot: Pilot[None], app: KerasTui, value: str) -> None:
    """Type a number into the question that opens."""
    await until(pilot, lambda: bool(app.screen.query("#number")), "the question")
    app.screen.query_one(Input).value = value
    await pilot.press("enter")


# Leave and come back


async def test_the_newest_run_that_goes_on_is_there_when_one_comes_back(tmp_path: Path) -> None:
    finished_run(tmp_path, "old")
    run = make_run(tmp_path, 60)
    app = app_on(tmp_path)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shows(pilot, "is running. T shows it.")
        assert app.current_mode == "learn"
        await shows(pilot, "running 60/150")
        await pilot.press("T")
        await until(pilot, lambda: app.shown_run and app.shown_run.id == run.id, "the run")
        await until(pilot, lambda: app.screen.query_one("#chart-loss").has_focus, "its charts")
        await shows(pilot, "60/150")


async def test_several_are_counted(tmp_path: Path) -> None:
    make_run(tmp_path, 10)
    newest = make_run(tmp_path, 20)
    app = app_on(tmp_path)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shows(pilot, "2 runs go on")
        assert app.shown_run is not None
        assert app.shown_run.id == newest.id


async def seen(pilot: Pilot[None], words: str, *, there: bool = True) -> None:
    """Wait, without a hand on the app, until words stand on the screen, or stand there no more.

    A pilot that waits makes the screen draw itself as part of the app that was opened last: that
    of another app would never come to it.
    """
    end = time.monotonic() + 60
    while (words in text(pilot)) != there:
        assert time.monotonic() < end, f"{words!r} on the screen: {not there}\n{text(pilot)}"
        await asyncio.sleep(0.05)


async def test_two_apps_show_the_same_and_each_what_the_other_asks_for(tmp_path: Path) -> None:
    run = make_run(tmp_path, 30)
    first, second = app_on(tmp_path, run), app_on(tmp_path, run)
    async with first.run_test(size=WIDE) as one, second.run_test(size=WIDE) as other:
        for pilot in (one, other):
            await seen(pilot, "30/150")
        await one.press("p")
        await seen(one, "pausing after this batch")
        assert "another terminal" not in text(one)
        await seen(other, "asked from another terminal")
        append(run, "paused", epoch=30)
        change(run, status="paused")
        for pilot in (one, other):
            await seen(pilot, "all stays in memory; p goes on")
        await other.press("p")
        await seen(one, "going on …")
        append(run, "resumed", epoch=30)
        change(run, status="running")
        append(run, "epochs", first=31, logs={"loss": [0.5] * 20}, seconds=1)
        for pilot in (one, other):
            await seen(pilot, "50/150")
            await seen(pilot, "going on …", there=False)
    assert [name for name, _ in commands(run)] == ["pause", "continue"]


async def test_what_was_asked_before_one_came_is_not_told(tmp_path: Path) -> None:
    run = make_run(tmp_path, 30)
    run.command("set_learning_rate", value=0.1)
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "30/150")
        await pilot.pause(0.3)
        assert "asked from" not in text(pilot)


# State is never stale


async def test_a_worker_without_a_sign_of_life_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path, 30, host="gpu7")
    silent = [0.0]
    monkeypatch.setattr(heartbeat, "silence", lambda folder: silent[0])
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "on gpu7")
        silent[0] = 14.0
        await shows(pilot, "no sign of life from gpu7 for 14 s")
        await until(
            pilot, lambda: "… silent 30/150" in text(pilot).splitlines()[0], "silence in the header"
        )
        await pilot.press("R")
        await shows(pilot, "… silent")
        await pilot.press("T")
        silent[0] = 0.0
        await shows(pilot, "● running")
        await until(pilot, lambda: "no sign of life" not in text(pilot), "life")


async def test_on_a_narrow_screen_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path, 30, host=here())
    monkeypatch.setattr(heartbeat, "silence", lambda folder: 12.0)
    async with app_on(tmp_path, run).run_test(size=NARROW) as pilot:
        await shows(pilot, "no sign of life for 12 s")


# Obey


async def test_more_epochs_are_asked_for_while_it_trains(tmp_path: Path) -> None:
    run = make_run(tmp_path, 30)
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "a epochs")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AskEpochs), "the question")
        await answer(pilot, app, "12")
        await shows(pilot, "accepted: more than 30 in all")
        await answer(pilot, app, "+50")
        await shows(pilot, "the number of epochs changes")
        await until(pilot, lambda: commands(run) == [("set_epochs", 80)], "the command")
        append(run, "note", kind="epochs", epoch=30, epochs=80, text="number of epochs set to 80")
        await shows(pilot, "30/80")
        await until(pilot, lambda: "changes after this batch" not in text(pilot), "obedience")
        await shows(pilot, "±")


async def test_an_answer_that_comes_too_late_is_told(tmp_path: Path) -> None:
    run = make_run(tmp_path, 30)
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shows(pilot, "a epochs")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AskEpochs), "the question")
        append(run, "stopped", epoch=30, seconds=1.0, text="")
        change(run, status="stopped", epoch=30)
        await until(pilot, lambda: app.monitor and not app.monitor.active, "its end")
        await answer(pilot, app, "+50")
        await shows(pilot, "has ended meanwhile")
    assert commands(run) == []


@pytest.mark.parametrize(
    ("typed", "epochs"),
    [("200", 200), ("+50", 80), (" 1,000 ", 1000), ("30", None), ("", None), ("many", None),
     ("-5", None), ("1e3", None), ("+0", None), ("9" * 30, None), ("³", None)],
)  # fmt: skip
def test_epochs_are_read(typed: str, epochs: int | None) -> None:
    value, problem = read_epochs(typed, 30)
    assert value == epochs
    assert bool(problem) == (epochs is None)


async def test_what_was_changed_and_taken_up_stands_in_the_chart_and_the_log(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path, 100)
    append(run, "note", kind="learning_rate", epoch=40, text="learning rate set to 0.01")
    append(run, "rewound", epoch=80, batch=0, lost=20, text="going on after epoch 80; 20 again")
    append(run, "started", epochs=150, initial_epoch=80, steps=8)
    change(run, resumed=[{"t": 1.7e9, "status": "stopped", "more": False}])
    async with app_on(tmp_path, run).run_test(size=WIDE) as pilot:
        await shows(pilot, "80/150")
        await shows(pilot, "η")
        await shows(pilot, "↻")
        await shows(pilot, "taken up again, it was stopped")
        await shows(pilot, "going on after epoch 80; 20 again")


# Go on


async def test_a_stopped_run_goes_on_as_it_was(tmp_path: Path) -> None:
    run = ended_run(tmp_path, "stopped")
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "a go on")
        await pilot.press("a")
        await shows(pilot, "110 more of 150 epochs")
        await pilot.press("g")
        await until(pilot, lambda: run.info().status == "finished", "its end")
        await until(pilot, lambda: app.monitor and app.monitor.status == "finished", "the news")
        assert app.monitor is not None
        history = app.monitor.history
        await until(pilot, lambda: len(history.series["loss"]) == 150, "all epochs")
        assert history.epoch == 150
        assert history.resumed == [40]


async def test_a_finished_run_trains_more_epochs_with_another_rate(tmp_path: Path) -> None:
    run = ended_run(tmp_path, "finished", 150)
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "a go on")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Ask), "the question")
        await until(pilot, lambda: bool(app.screen.query(RowList).first().shown), "the answers")
        assert [row.key for row in app.screen.query_one(RowList).shown] == ["n", "l"]
        await pilot.press("l")
        await answer(pilot, app, "0.0005")
        await until(pilot, lambda: isinstance(app.screen, AskEpochs), "the second question")
        await answer(pilot, app, "+20")
        await until(pilot, lambda: run.info().status == "finished" and run.info().epoch == 170,
                    "its end")  # fmt: skip
        assert run.experiment().compile.optimizer.parameters["learning_rate"] == 0.0005


async def test_escape_changes_nothing(tmp_path: Path) -> None:
    run = ended_run(tmp_path, "stopped")
    before = (run.path / "run.json").read_bytes()
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "a go on")
        for keys in (["a"], ["a", "n"], ["a", "l"]):
            for key in keys:
                await pilot.press(key)
                asked = {"a": Ask, "n": AskEpochs, "l": AskRate}[key]
                await until(pilot, lambda one=asked: type(app.screen) is one, f"what {key} opens")
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1, "the screen")
    assert (run.path / "run.json").read_bytes() == before


async def test_a_run_goes_on_from_the_list(tmp_path: Path) -> None:
    run = ended_run(tmp_path, "failed")
    app = app_on(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "✗ failed")
        await pilot.press("a")
        await shows(pilot, "Go on as it was")
        await pilot.press("g")
        await until(pilot, lambda: app.current_mode == "train", "the Train screen")
        await until(pilot, lambda: run.info().status == "finished", "its end")


async def test_one_that_can_not_go_on_says_why(tmp_path: Path) -> None:
    run = ended_run(tmp_path, "stopped")
    (run.path / "experiment.toml").write_text("nonsense = [")
    app = app_on(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "■ stopped")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Tell), "the reason")


# Call


async def call_of(pilot: Pilot[None], app: KerasTui) -> notify.Call:
    await until(pilot, lambda: bool(app.caller.calls), "a call")
    (call,) = app.caller.calls
    return call


async def test_it_calls_when_a_run_ends(tmp_path: Path) -> None:
    run = make_run(tmp_path, 30)
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shows(pilot, "30/150")
        await pilot.press("L")
        append(run, "finished", epoch=30, seconds=1.0, text="")
        change(run, status="finished", epoch=30, started=1.7e9, ended=1.7e9 + 60)
        call = await call_of(pilot, app)
        assert (call.event, call.run) == ("ended", run.id)
        assert "trained for 30 epochs of 150" in call.summary
        await shows(pilot, "a05-ionosphere finished")


@pytest.mark.parametrize(
    ("event", "kind", "status"), [("failed", "failed", "failed"), ("nan", "stopped", "stopped")]
)
async def test_it_calls_when_a_run_goes_wrong(
    tmp_path: Path, event: str, kind: str, status: str
) -> None:
    run = make_run(tmp_path, 30)
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "30/150")
        why = "the loss became NaN" if event == "nan" else ""
        if why:
            append(run, "note", kind="nan", epoch=31, text=why)
        append(run, kind, epoch=30, seconds=1.0, message="broken", text=why)
        change(run, status=status, epoch=30)
        call = await call_of(pilot, app)
        assert call.event == event


async def test_it_calls_once_when_a_run_starts_to_overfit(tmp_path: Path) -> None:
    run = make_run(tmp_path, 30)
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "30/150")
        val = [0.35 + place / 30 for place in range(40)]
        loss = [0.25 - place / 400 for place in range(40)]
        append(run, "epochs", first=31, logs={"loss": loss, "val_loss": val}, seconds=1)
        call = await call_of(pilot, app)
        assert call.event == "overfit"
        assert "starts to overfit (epoch " in call.title


async def test_who_ends_a_run_himself_is_not_called(tmp_path: Path) -> None:
    run = make_run(tmp_path, 30)
    app = app_on(tmp_path, run)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "30/150")
        await pilot.press("s")
        await until(pilot, lambda: commands(run), "the command")
        append(run, "stopped", epoch=30, seconds=1.0, text="stopped on request")
        change(run, status="stopped", epoch=30)
        await shows(pilot, "■ stopped")
        await pilot.pause(0.3)
        assert app.caller.calls == []


async def test_runs_that_ended_before_are_not_told(tmp_path: Path) -> None:
    app = app_on(tmp_path, ended_run(tmp_path, "finished"))
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "✓ finished")
        await pilot.pause(0.3)
        assert app.caller.calls == []


async def test_when_to_be_called_is_chosen(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        app.action_notifications()
        await until(pilot, lambda: isinstance(app.screen, NotificationsScreen), "the settings")
        await shows(pilot, "a run of 10 s or longer ends")
        await pilot.press("enter")
        await until(pilot, lambda: "ended" not in notify.Wishes.load().when, "the change")
        await pilot.press("end", "up", "enter")
        await until(pilot, lambda: notify.Wishes.load().desktop == "off", "the other")
        await pilot.press("end", "enter")
        await until(pilot, lambda: bool(app.screen.query(Input)), "the question")
        app.screen.query_one(Input).value = "true {title}"
        await pilot.press("enter")
        await until(pilot, lambda: notify.Wishes.load().command == "true {title}", "the command")


# Many


async def test_a_thousand_runs_are_listed(tmp_path: Path) -> None:
    folder = Workspace(tmp_path).runs_folder
    for place in range(1000):
        path = folder / f"20260101-{place:06}-many-{place:04x}"
        path.mkdir(parents=True)
        info = RunInfo(path.name, f"many{place}", status="finished", created=1.7e9, epoch=5)
        (path / "run.json").write_text(json.dumps(vars(info)))
    async with app_on(tmp_path).run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "1,000 runs")
        await shows(pilot, "many999")
        await pilot.press("end")
        await shows(pilot, "many0")

"""The Train screen: a run is started, steered and watched, and what it says in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import CommandReader, Run
from kerastui.tui.screens.train.advice import AdviceScreen
from kerastui.tui.screens.train.dialogs import AskRate, read_rate
from kerastui.tui.widgets.event_log import Entry, EventLog, printed
from kerastui.tui.widgets.line_view import LineView

from .fakes import append, change
from .pilots import shows, until
from .train_screen import NARROW, allows, commands, generated, lines, make_run, says, train


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


async def test_the_scrollbar_of_a_log_hides_no_letter() -> None:
    class Narrow(App[None]):
        CSS = "EventLog { width: 20; height: 4; }"

        def compose(self) -> ComposeResult:
            yield EventLog()

    app = Narrow()
    async with app.run_test(size=(40, 10)) as pilot:
        app.query_one(EventLog).show([Entry(Content("1234567890123456789!"))] * 9)
        await shows(pilot, "!")

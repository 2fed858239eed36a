"""Keys that arrive in one packet, as over a slow line, mean what they mean one by one."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from kerastui.models import shipped
from kerastui.models.experiment.toml import save
from kerastui.models.runs.store import Run
from kerastui.tui import resuming, type_ahead
from kerastui.tui.app import KerasTui
from kerastui.tui.type_ahead import TypeAheadApp

from .fakes import FakeLauncher, finished_run
from .pilots import shows, text, until


def at_once(pilot: Pilot[Any], *keys: str) -> None:
    """Send keys without waiting for any of them."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))


def typed(pilot: Pilot[Any]) -> str:
    """Return what stands in the line that has the focus."""
    focused = pilot.app.focused
    return focused.value if isinstance(focused, Input) else ""


@pytest.mark.parametrize(
    ("section", "keys", "screen", "line"),
    [
        ("L", ["slash", *"xor"], "LearnScreen", "xor"),
        ("L", ["question_mark", "escape", "R", "f", *"acc"], "RunsScreen", "acc"),
        ("L", ["ctrl+o", *"/no"], "OpenScreen", "/no"),
        ("R", ["t", "ctrl+u", *"qRa"], "AskText", "qRa"),
        ("R", ["R", "D", "M", "R", "slash", *"Rq"], "RunsScreen", "Rq"),
    ],
)
async def test_each_key_reaches_what_the_key_before_it_opened(
    own_home: Any, section: str, keys: list[str], screen: str, line: str
) -> None:
    finished_run(own_home / "saved", "one", day="20260101-000000")
    async with KerasTui(launcher=FakeLauncher()).run_test(size=(120, 40)) as pilot:
        await pilot.press(section)
        await shows(pilot, {"L": "open as experiment", "R": "1 run"}[section])
        at_once(pilot, *keys)
        await until(pilot, lambda: typed(pilot) == line, f"{line!r} in a line")
        assert type(pilot.app.screen).__name__ == screen, text(pilot)


async def test_what_is_pasted_waits_for_the_line_that_a_key_opens(own_home: Any) -> None:
    finished_run(own_home / "saved", "one", day="20260101-000000")
    async with KerasTui(launcher=FakeLauncher()).run_test(size=(120, 40)) as pilot:
        await pilot.press("R")
        await shows(pilot, "1 run")
        at_once(pilot, "f")
        pilot.app.post_message(events.Paste("acc>0.5"))
        at_once(pilot, "1")
        await until(pilot, lambda: typed(pilot) == "acc>0.51", "all of it in the filter")


async def test_keys_wait_for_a_question_that_something_is_looked_up_for(
    own_home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished_run(own_home / "saved", "one", day="20260101-000000")
    found, looked_up = resuming._look, threading.Event()

    def look(one: Run) -> Any:
        assert looked_up.wait(60)
        return (*found(one)[:2], "")

    monkeypatch.setattr(resuming, "_look", look)
    save(shipped.experiment("a05"), run.path / "experiment.toml")
    async with KerasTui(launcher=FakeLauncher()).run_test(size=(120, 40)) as pilot:
        await pilot.press("R")
        await shows(pilot, "1 run")
        at_once(pilot, "a", "n", "ctrl+u", *"77")
        await pilot.pause(0.1)
        looked_up.set()
        await until(pilot, lambda: typed(pilot) == "77", "the answer to the second question")


class Question(ModalScreen[None]):
    def compose(self) -> ComposeResult:
        yield Input()


async def test_a_key_that_is_under_way_reaches_the_screen_that_came_meanwhile() -> None:
    heard, free = asyncio.Event(), asyncio.Event()

    class Busy(Widget, can_focus=True):
        async def on_key(self) -> None:
            heard.set()
            await free.wait()

    class Waiting(TypeAheadApp):
        def compose(self) -> ComposeResult:
            yield Busy()

    async with Waiting().run_test() as pilot:
        at_once(pilot, "a", "b")
        await heard.wait()
        pilot.app.push_screen(Question())
        await until(pilot, lambda: isinstance(pilot.app.focused, Input), "the question")
        free.set()
        await until(pilot, lambda: typed(pilot) == "ab", "both letters")


async def test_a_key_waits_for_a_screen_that_is_still_coming() -> None:
    async with TypeAheadApp().run_test() as pilot:
        pilot.app.push_screen(Question())
        at_once(pilot, "a", "b")
        await until(pilot, lambda: typed(pilot) == "ab", "both letters")


async def test_keys_behind_the_one_to_leave_do_no_harm() -> None:
    async with KerasTui(launcher=FakeLauncher()).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "open as experiment")
        at_once(pilot, "q", "down", "R", "down")
        await until(pilot, lambda: not pilot.app.is_running, "the end")
        assert await pilot.app.on_event(events.Key("down", None)) is None


async def test_a_widget_that_goes_away_holds_back_no_key() -> None:
    heard: list[str] = []

    class Vanishing(TypeAheadApp):
        def compose(self) -> ComposeResult:
            yield Input()

        def on_input_changed(self, event: Input.Changed) -> None:
            event.input.remove()

        def on_key(self, event: events.Key) -> None:
            heard.append(event.key)

    async with Vanishing().run_test() as pilot:
        at_once(pilot, *"abxyz")
        await until(pilot, lambda: heard[-1:] == ["z"], "the last key")


@pytest.mark.parametrize(("patience", "key"), [(0.05, "ctrl+t"), (60, "ctrl+q")])
async def test_a_busy_widget_holds_back_keys_for_a_moment_and_the_way_out_not_at_all(
    monkeypatch: pytest.MonkeyPatch, patience: float, key: str
) -> None:
    monkeypatch.setattr(type_ahead, "PATIENCE", patience)
    free = asyncio.Event()

    class Busy(Input):
        async def on_key(self, event: events.Key) -> None:
            if event.key == "a":
                await free.wait()

    class Waiting(TypeAheadApp):
        BINDINGS: ClassVar[list[BindingType]] = [Binding(key, "free", priority=True)]

        def compose(self) -> ComposeResult:
            yield Busy()

        def action_free(self) -> None:
            free.set()

    async with Waiting().run_test() as pilot:
        at_once(pilot, "a", "b", key)
        await until(pilot, lambda: typed(pilot) == "ab", "both letters")


async def test_a_key_that_is_held_down_waits_for_no_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type_ahead, "PATIENCE", 60)
    heard: list[str] = []

    class Far(Input):
        def on_key(self, event: events.Key) -> None:
            heard.append(event.key)
            event.stop()

    class Going(TypeAheadApp):
        def compose(self) -> ComposeResult:
            yield Far()

    async with Going().run_test() as pilot:
        drawn = asyncio.Event()
        pilot.app.screen.call_later(drawn.wait)
        at_once(pilot, *["down"] * 5)
        for _ in range(1000):
            if len(heard) == 5:
                break
            await asyncio.sleep(0.01)
        drawn.set()
        assert heard == ["down"] * 5

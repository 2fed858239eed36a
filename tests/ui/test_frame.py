"""The frame of the app: sections, header, footer, dialogs, settings, leaving."""

from __future__ import annotations

import asyncio
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

import kerastui.tui.screens
import kerastui.tui.widgets
from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.runs import Run
from kerastui.tui import settings, themes
from kerastui.tui.app import KerasTui
from kerastui.tui.headless import run_headless
from kerastui.tui.monitor import RunMonitor, read_tail
from kerastui.tui.screens.dialogs import Ask, Choice, Tell
from kerastui.tui.widgets import words
from kerastui.tui.widgets.footer import fit
from kerastui.tui.widgets.header import SECTIONS, HeaderState, draw
from kerastui.tui.widgets.key_values import table
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say

from .fakes import FakeLauncher, append, change, finished_run
from .pilots import HOSTILE, shows, text, until

SIZES = [(80, 24), (120, 40), (160, 50), (20, 5), (1, 1)]


def app_with(launcher: FakeLauncher | None = None, **options: Any) -> KerasTui:
    return KerasTui(launcher=launcher or FakeLauncher(), **options)


# Going about


async def test_every_section_is_one_key_away() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        for section in SECTIONS:
            await pilot.press(section[0].upper())
            await until(pilot, lambda s=section: pilot.app.current_mode == s, section)
            assert text(pilot).splitlines()[0].count(section.upper()) == 1


async def test_a_click_on_the_header_goes_to_a_section() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        at = text(pilot).splitlines()[0].index("Runs")
        await pilot.click("HeaderLine", offset=(at + 1, 0))
        await until(pilot, lambda: pilot.app.current_mode == "runs", "the runs")


async def test_a_click_on_the_footer_presses_its_key() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        at = text(pilot).splitlines()[-1].index("? help")
        await pilot.click("FooterLine", offset=(at, 0))
        await shows(pilot, "On this screen")


async def test_letters_typed_into_an_input_are_text() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", "R", "u", "n", "q")
        assert pilot.app.current_mode == "learn"
        assert "Runq" in text(pilot)


async def test_the_palette_offers_the_keys_of_the_screen_in_the_words_of_the_footer() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p")
        await shows(pilot, "open as experiment  o")
        await pilot.press(*"data sets")
        await shows(pilot, "Data  D")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.current_mode == "data", "the data screen")


async def test_help_lists_every_key_of_the_screen_with_what_it_does() -> None:
    app = app_with()
    async with app.run_test(size=(120, 60)) as pilot:
        for section in SECTIONS:
            await pilot.press(section[0].upper())
            await pilot.pause()
            bindings = [active.binding for active in app.screen.active_bindings.values()]
            await pilot.press("question_mark")
            shown = text(pilot)
            for binding in bindings:
                if binding.show:
                    assert binding.tooltip, f"{section}: {binding.key} says nothing"
                    assert binding.tooltip in shown
            await pilot.press("escape")


def test_every_key_that_is_shown_says_what_it_does() -> None:
    for module in _modules():
        for owner in vars(import_module(module)).values():
            if inspect.isclass(owner) and issubclass(owner, DOMNode) and owner.__module__ == module:
                for binding in vars(owner).get("BINDINGS", []):
                    assert isinstance(binding, Binding)
                    assert binding.tooltip or not binding.show, f"{module}: {binding.key}"


def test_the_same_key_means_the_same_everywhere() -> None:
    meaning = {
        "slash": {"search", "cursor"},
        "delete": {"remove"},
        "u": {"undo"},
        "K": {"kill"},
        "c": {"code"},
        "q": {"leave"},
        "question_mark": {"help"},
    }
    for module in _modules():
        for owner in vars(import_module(module)).values():
            if inspect.isclass(owner) and issubclass(owner, Screen) and owner.__module__ == module:
                for binding in vars(owner).get("BINDINGS", []):
                    if binding.key in meaning:
                        assert binding.description in meaning[binding.key], (module, binding)


def _modules() -> list[str]:
    packages = (kerastui.tui.screens, kerastui.tui.widgets)
    return [
        "kerastui.tui.app",
        *(
            f"{package.__name__}.{module.name}"
            for package in packages
            for module in pkgutil.iter_modules(package.__path__)
        ),
    ]


def test_no_name_of_ours_hides_a_private_one_of_textual() -> None:
    textual = {
        name
        for module in ("app", "dom", "message_pump", "screen", "scroll_view", "widget")
        for name in re.findall(
            r"self\.(_\w+)\s*(?::[^=\n]+)?=[^=]",
            inspect.getsource(import_module(f"textual.{module}")),
        )
    }
    for module in _modules():
        source = inspect.getsource(import_module(module))
        ours = set(re.findall(r"self\.(_[a-z]\w*)\s*(?::[^=\n]+)?=[^=]", source))
        ours |= set(re.findall(r"def (_[a-z]\w*)\(self", source))
        for owner in vars(import_module(module)).values():
            if inspect.isclass(owner) and issubclass(owner, DOMNode) and owner.__module__ == module:
                inherited = {n for base in owner.__mro__ if "textual" in base.__module__[:7]
                             for n in vars(base)}  # fmt: skip
                assert not ours & (inherited | textual), f"{module}.{owner.__name__}"


def test_the_first_screen_loads_nothing_heavy() -> None:
    heavy = ["tensorflow", "keras", "jax", "torch", "sklearn", "pandas", "numpy", "pydantic",
             "plotext", "typer", "requests", "pooch", "h5py"]  # fmt: skip
    code = (
        "import sys, kerastui.tui.app, kerastui.tui.screens.learn as learn;"
        "learn.LearnScreen();"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Every size


@pytest.mark.parametrize(
    "size", [SIZES[0], *(pytest.param(size, marks=pytest.mark.slow) for size in SIZES[1:])]
)
async def test_no_size_breaks_a_screen(size: tuple[int, int], own_home: Path) -> None:
    finished_run(own_home / "saved", "a05-ionosphere")
    async with app_with().run_test(size=size) as pilot:
        for key in ("D", "M", "I", "R", "L"):
            await pilot.press(key, "down", "question_mark", "escape", "enter", "escape")
            await pilot.pause()
        assert len(text(pilot).splitlines()) <= size[1]


async def test_a_storm_of_resizes_is_survived() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        for width, height in [(80, 24), (20, 5), (1, 1), (200, 60), (99, 24), (100, 24)] * 3:
            await pilot.resize_terminal(width, height)
        await pilot.pause()
        await pilot.resize_terminal(120, 40)
        await shows(pilot, "Ionosphere: is there structure")


@given(
    width=st.integers(0, 200),
    name=st.text(max_size=90),
    status=st.sampled_from(["", *words.STATES, "unheard-of"]),
    section=st.sampled_from(SECTIONS),
)
def test_the_header_never_exceeds_its_line(
    width: int, name: str, status: str, section: str
) -> None:
    line = draw(HeaderState(section, name, ("351×34",), status, "62/150", "left 3 s", "CPU"), width)
    assert line.cell_length <= max(width, 0)
    if width >= 16:
        assert section.upper() in line.plain


def test_the_header_leaves_out_what_matters_least() -> None:
    state = HeaderState("train", "a05-ionosphere", ("351×34", "447 params"), "running", "62/150",
                        "left 3 s", "CPU 2 cores")  # fmt: skip
    wide, narrow = draw(state, 140).plain, draw(state, 80).plain
    assert "left 3 s" in wide
    assert "CPU 2 cores" in wide
    assert "● running 62/150" in narrow
    assert "a05-ionosphere" in narrow
    assert "Learn" in narrow


@given(count=st.integers(0, 12), width=st.integers(0, 160))
def test_the_footer_fits_its_line_and_keeps_help(count: int, width: int) -> None:
    left = [Content(f"{place} does this") for place in range(count)]
    line = fit(left, [Content("^p palette"), Content("q leave")], Content("? help"), width)
    assert line.cell_length <= max(width, 0)
    if width >= 20:
        assert "? help" in line.plain
        assert "q leave" in line.plain


# Text from outside


async def test_hostile_text_is_shown_as_it_is() -> None:
    app = app_with()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        say(app, HOSTILE, "error", HOSTILE)
        await shows(pilot, HOSTILE)
        app.tell_error(UserError(HOSTILE, HOSTILE), HOSTILE)
        await pilot.pause()
        assert text(pilot).count(HOSTILE) >= 3
        await pilot.press("escape")
        app.push_screen(Ask(HOSTILE, HOSTILE, [Choice("x", HOSTILE, HOSTILE)]))
        await pilot.pause()
        assert text(pilot).count(HOSTILE) >= 4


async def test_an_error_can_be_copied_as_a_whole() -> None:
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        app.tell_error(UserError("A long story. " * 200, "Do this."))
        await pilot.pause()
        assert isinstance(app.screen, Tell)
        await pilot.press("y")
        assert app.clipboard.count("A long story.") == 200
        assert app.clipboard.endswith("Do this.")


async def test_a_question_takes_its_letter_enter_and_escape() -> None:
    app = app_with()
    answers: list[str | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        for keys in (["b"], ["enter"], ["down", "enter"], ["escape"]):
            ask = Ask("title", "text", [Choice("a", "this", "more"), Choice("b", "that")])
            app.push_screen(ask, answers.append)
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
    assert answers == ["b", "a", "b", None]


# Settings and themes


async def test_the_theme_is_remembered() -> None:
    async with app_with().run_test() as pilot:
        assert pilot.app.theme == themes.DARK
        await pilot.app.run_action("toggle_theme")
        await pilot.pause()
        assert json.loads(settings.path().read_text())["theme"] == themes.LIGHT
    async with app_with().run_test() as pilot:
        assert pilot.app.theme == themes.LIGHT


@pytest.mark.parametrize("content", ["{", "[]", '{"theme": "no-such-theme"}', '{"theme": 3}', "\0"])
async def test_broken_settings_stop_nothing(content: str) -> None:
    settings.path().parent.mkdir(parents=True, exist_ok=True)
    settings.path().write_text(content)
    async with app_with().run_test() as pilot:
        assert pilot.app.theme == themes.DARK


async def test_settings_that_cannot_be_written_stop_nothing() -> None:
    settings.path().parent.parent.mkdir(parents=True, exist_ok=True)
    settings.path().parent.write_text("a file where the folder should be")
    async with app_with().run_test() as pilot:
        await pilot.app.run_action("toggle_theme")
        await pilot.pause()
        assert pilot.app.theme == themes.LIGHT


async def test_other_themes_have_our_colours_too() -> None:
    async with app_with().run_test(size=(80, 24)) as pilot:
        for theme in ("nord", "textual-ansi", "ansi-dark", "textual-light"):
            if theme in pilot.app.available_themes:
                pilot.app.theme = theme
                await pilot.pause()
                assert "Ionosphere" in text(pilot)


def test_our_colours_are_among_the_256() -> None:
    levels = {0, 95, 135, 175, 215, 255}
    for theme in themes.THEMES:
        for name, colour in theme.variables.items():
            if colour.startswith("#"):
                red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
                grey = red == green == blue and (red - 8) % 10 == 0
                assert grey or {red, green, blue} <= levels, f"{theme.name} {name} {colour}"


async def test_nothing_moves_over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    app = app_with()
    assert app.animation_level == "none"
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("slash", "ctrl+p"):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.focused, Input), "a field to type in")
            await until(pilot, lambda: not app.focused.cursor_blink, "a cursor that stands still")


# Runs, and leaving


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
        await pilot.pause(0.5)
        count = len(news)
        await pilot.pause(1.5)
        assert len(news) == count, "news of a run that is over"
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
        app.start_run(await asyncio.to_thread(shipped.experiment, "a13"))
        await until(pilot, lambda: app.monitor and app.monitor.history.epoch, "an epoch")
        await pilot.press("q")
        await shows(pilot, "Leave it running")
        await pilot.press(*keys)
        await pilot.pause(0.3)
        assert app.shown_run
        if app.shown_run.commands.exists():
            commands = [
                json.loads(line)["event"]
                for line in app.shown_run.commands.read_text().splitlines()
            ]
        if keys == ["escape"] or keys == ["b"]:
            assert app.is_running
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
        app.start_run(await asyncio.to_thread(shipped.experiment, "a16"))
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
    async with asyncio.timeout(20):
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
    async with asyncio.timeout(20):
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


# The kit


def test_values_wrap_under_themselves() -> None:
    lines = table([("Name", "one two three four five"), ("Other", "x")], 22).plain.splitlines()
    assert lines[0].startswith("Name") or lines[0] == "Name"
    wide = table([("Name", "one two three four five six"), ("Other", "x")], 32).plain.splitlines()
    assert wide[0].startswith("Name   one")
    assert wide[1].startswith(" " * 7)
    assert all(len(line) <= 32 for line in wide)


@given(st.lists(st.floats()), st.integers(0, 40))
def test_a_sparkline_takes_any_values(values: list[float], width: int) -> None:
    assert len(words.sparkline(values, width)) == min(width, len(values))


def test_a_sparkline_keeps_the_extremes() -> None:
    line = words.sparkline([5.0] * 500 + [1.0] + [5.0] * 498 + [9.0], 10)
    assert "▁" in line
    assert "█" in line


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (0, "0 s"), (0.0123, "12 ms"), (0.5, "0.5 s"), (59.7, "1 min 0 s"),
     (125, "2 min 5 s"), (7300, "2 h 1 min"), (float("nan"), "–")],
)  # fmt: skip
def test_durations_are_said_in_their_two_largest_units(seconds: float | None, said: str) -> None:
    assert words.duration(seconds) == said


class ListApp(App[None]):
    """A list alone."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.OWN_VARIABLES

    def compose(self) -> Any:
        yield RowList([Column("name"), Column("value", 8, "right")], closed={"g"})


async def test_a_list_of_many_rows_draws_only_what_is_seen() -> None:
    async with ListApp().run_test(size=(40, 10)) as pilot:
        rows = pilot.app.query_one(RowList)
        rows.set_rows(Row(str(place), (HOSTILE, f"{place}")) for place in range(200_000))
        rows.focus()
        await pilot.press("end")
        assert rows.key == "199999"
        assert len(rows.visible_keys) == 9
        assert HOSTILE[:20] in rows.render_line(9).text


async def test_groups_fold_and_a_search_opens_them() -> None:
    async with ListApp().run_test(size=(40, 10)) as pilot:
        rows = pilot.app.query_one(RowList)
        rows.set_rows(
            [
                Row("g", ("group",), group=True),
                Row("a", ("apple", "1"), level=1),
                Row("b", ("banana", "2"), level=1),
            ]
        )
        rows.focus()
        assert [row.key for row in rows.shown] == ["g"]
        await pilot.press("right", "down", "down")
        assert rows.key == "b"
        await pilot.press("left", "left")
        assert [row.key for row in rows.shown] == ["g"]
        rows.set_search("ban")
        assert [row.key for row in rows.shown] == ["g", "b"]
        assert rows.key == "b"
        rows.set_search("")
        assert rows.move_to("a")
        assert rows.key == "a"
        assert not rows.move_to("z")


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go() -> None:
    async with ListApp().run_test(size=(40, 10)) as pilot:
        rows = pilot.app.query_one(RowList)
        rows.set_rows(Row(key, (key,)) for key in "abc")
        rows.move_to("b")
        rows.set_rows(Row(key, (key,)) for key in "xabc")
        assert rows.key == "b"
        rows.set_rows(Row(key, (key,)) for key in "xac")
        assert rows.key == "c"
        rows.set_rows([])
        assert rows.key == ""
        await pilot.press("enter", "down", "end", "left", "right")


# Without a terminal


def test_the_app_runs_headless(own_home: Path) -> None:
    picture = own_home / "screen.svg"
    outcome = run_headless(
        size="100x30", keys="slash text:learning pause:0.1 enter r", wait="ended", timeout=30,
        screenshot=picture, launcher=FakeLauncher(),
    )  # fmt: skip
    assert outcome.section == "train"
    assert outcome.status == "finished"
    assert "TRAIN" in outcome.screen.splitlines()[0]
    assert picture.read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": "80"}, "no size"),
        ({"size": "0x5"}, "no size"),
        ({"wait": "happy"}, "no state"),
        ({"keys": "pause:long"}, "no number"),
        ({"wait": "ended", "timeout": 0.2}, "no run is shown"),
        ({"screenshot": Path("/no/such/folder/x.svg")}, "can't be written"),
    ],
)
def test_headless_says_what_it_does_not_understand(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        run_headless(launcher=FakeLauncher(), **options)


async def test_an_unforeseen_error_is_told_and_its_details_are_kept(own_home: Path) -> None:
    class Broken(FakeLauncher):
        async def run(self, run: Run) -> None:
            raise RuntimeError(HOSTILE)

    app = KerasTui(launcher=Broken())
    async with app.run_test(size=(120, 40)) as pilot:
        app.start_run(shipped.experiment("a13"))
        await shows(pilot, "Something unforeseen went wrong")
        assert "errors.log" in text(pilot)
    assert "RuntimeError" in (own_home / "saved" / "errors.log").read_text()

"""The frame of the app: sections, header, footer, dialogs, settings; without a terminal."""

from __future__ import annotations

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
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

import kerastui.tui.screens
import kerastui.tui.widgets
from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.runs.store import Run
from kerastui.tui import settings, themes
from kerastui.tui.app import KerasTui
from kerastui.tui.headless import run_headless
from kerastui.tui.screens.dialogs import Ask, Choice, Tell
from kerastui.tui.widgets import words
from kerastui.tui.widgets.footer import fit
from kerastui.tui.widgets.header import SECTIONS, HeaderState, draw
from kerastui.tui.widgets.toast import say

from .fakes import FakeLauncher, finished_run
from .pilots import HOSTILE, shows, text, until
from .train_screen import make_run

SIZES = [(80, 24), (120, 40), (160, 50), (20, 5), (1, 1)]


def app_with(launcher: FakeLauncher | None = None, **options: Any) -> KerasTui:
    return KerasTui(launcher=launcher or FakeLauncher(), **options)


# Going about


async def test_every_section_is_one_key_away() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        for section in SECTIONS:
            await pilot.press(section[0].upper())
            await until(pilot, lambda s=section: pilot.app.current_mode == s, section)
            await until(
                pilot,
                lambda s=section: text(pilot).splitlines()[0].count(s.upper()) == 1,
                f"{section} in the header",
            )


async def test_the_app_may_end_before_a_section_stands() -> None:
    for section in ("data", "inspect"):
        app = app_with()
        async with app.run_test(size=(120, 40)):
            app.action_section(section)
        assert not app.return_code


async def test_a_click_on_the_header_goes_to_a_section() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Runs")
        at = text(pilot).splitlines()[0].index("Runs")
        await pilot.click("HeaderLine", offset=(at + 1, 0))
        await until(pilot, lambda: pilot.app.current_mode == "runs", "the runs")


async def test_a_click_on_the_footer_presses_its_key() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        await shows(pilot, "? help")
        at = text(pilot).splitlines()[-1].index("? help")
        await pilot.click("FooterLine", offset=(at, 0))
        await shows(pilot, "On this screen")


async def test_letters_typed_into_an_input_are_text() -> None:
    async with app_with().run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", "R", "u", "n", "q")
        await shows(pilot, "Runq")
        assert pilot.app.current_mode == "learn"


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
            await until(pilot, lambda s=section: app.current_mode == s, section)
            screen = app.screen
            await until(pilot, lambda one=screen: one.is_mounted, f"all of {section}")
            await until(pilot, lambda: not list(app.workers), "what decides which keys work")
            bindings = [active.binding for active in screen.active_bindings.values()]
            await pilot.press("question_mark")
            for binding in bindings:
                if binding.show:
                    assert binding.tooltip, f"{section}: {binding.key} says nothing"
                    await shows(pilot, binding.tooltip)
            await pilot.press("escape")
            await until(pilot, lambda one=screen: app.screen is one, f"{section} again")


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


def test_the_state_of_another_run_is_told_as_that_runs() -> None:
    mine = HeaderState("train", "health", (), "finished")
    other = HeaderState("train", "health", (), "finished", changed=True, run="reuters")
    assert "health   ✓ finished" in draw(mine, 120).plain
    assert "health •   reuters ✓ finished" in draw(other, 120).plain


async def test_the_header_names_the_run_that_is_not_of_the_current_experiment(
    tmp_path: Path,
) -> None:
    app = KerasTui(tmp_path, launcher=FakeLauncher())
    async with app.run_test(size=(120, 40)) as pilot:
        app.set_current(shipped.experiment("a05-ionosphere"))
        app.show_run(make_run(tmp_path, epochs=3))
        await shows(pilot, "  ● running 3/150")
        app.set_current(shipped.experiment("a06-iris"))
        await shows(pilot, "a05-ionosphere ● running 3/150")


@given(count=st.integers(0, 12), width=st.integers(0, 160), out=st.integers(0, 11))
def test_the_footer_fits_its_line_and_keeps_help(count: int, width: int, out: int) -> None:
    left = [Content(f"{place} does this") for place in range(count)]
    right = [Content("^p palette"), Content("q leave")]
    line = fit(left, right, Content("? help"), width, {out})
    assert line.cell_length <= max(width, 0)
    if width >= 20:
        assert "? help" in line.plain
        assert "q leave" in line.plain
    if width >= 40 and out < count:
        assert f"{out} does this" in line.plain


# Text from outside


async def test_hostile_text_is_shown_as_it_is() -> None:
    app = app_with()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        say(app, HOSTILE, "error", HOSTILE)
        await shows(pilot, HOSTILE)
        app.tell_error(UserError(HOSTILE, HOSTILE), HOSTILE)
        await until(pilot, lambda: text(pilot).count(HOSTILE) >= 3, "the error")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1, "the screen")
        app.push_screen(Ask(HOSTILE, HOSTILE, [Choice("x", HOSTILE, HOSTILE)]))
        await until(pilot, lambda: text(pilot).count(HOSTILE) >= 4, "the question")


async def test_an_error_can_be_copied_as_a_whole() -> None:
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        app.tell_error(UserError("A long story. " * 200, "Do this."))
        await until(pilot, lambda: isinstance(app.screen, Tell), "the error")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.count("A long story.") == 200, "the copy")
        assert app.clipboard.endswith("Do this.")


async def test_a_question_takes_its_letter_enter_and_escape() -> None:
    app = app_with()
    answers: list[str | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        for keys in (["b"], ["enter"], ["down", "enter"], ["escape"]):
            ask = Ask("title", "text", [Choice("a", "this", "more"), Choice("b", "that")])
            asked = len(answers)
            app.push_screen(ask, answers.append)
            await until(pilot, lambda one=ask: app.screen is one and one.focused, "the question")
            await pilot.press(*keys)
            await until(pilot, lambda n=asked: len(answers) > n, "the answer")
    assert answers == ["b", "a", "b", None]


# Settings and themes


async def test_the_theme_is_remembered() -> None:
    async with app_with().run_test() as pilot:
        assert pilot.app.theme == themes.DARK
        await pilot.app.run_action("toggle_theme")
        await until(pilot, settings.path().exists, "the settings")
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
        await until(pilot, lambda: pilot.app.theme == themes.LIGHT, "the other theme")


async def test_other_themes_have_our_colours_too() -> None:
    async with app_with().run_test(size=(80, 24)) as pilot:
        for theme in ("nord", "textual-ansi", "ansi-dark", "textual-light"):
            if theme in pilot.app.available_themes:
                pilot.app.theme = theme
                await shows(pilot, "Ionosphere")


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
        await until(pilot, lambda: not list(app.workers), "what the palette gathers")


async def test_a_search_that_finds_nothing_says_so() -> None:
    async with app_with().run_test(size=(80, 24)) as pilot:
        await pilot.press("slash", *"zzz")
        await shows(pilot, "Nothing here has these words")
        await pilot.press("escape")
        await until(pilot, lambda: "Nothing here has" not in text(pilot), "the rows")


# Without a terminal


def test_the_app_runs_headless(own_home: Path) -> None:
    picture = own_home / "screen.svg"
    outcome = run_headless(
        size="100x30", keys="slash text:learning pause:0.1 enter r", wait="ended", timeout=60,
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
        await shows(pilot, "errors.log")
    assert "RuntimeError" in (own_home / "saved" / "errors.log").read_text()

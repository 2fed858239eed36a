"""The Learn screen, and what one reaches from it: data, code, model."""

from __future__ import annotations

import os
import re
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from kerastui.datasets.catalogue import card
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import DownloadCancelledError, Located
from kerastui.models import shipped
from kerastui.models.runs.store import Workspace
from kerastui.models.studies import store as study_store
from kerastui.tui import labs, lessons, visits
from kerastui.tui.app import KerasTui
from kerastui.tui.lessons import Mine
from kerastui.tui.run_index import RunIndex
from kerastui.tui.screens.code import CodeScreen
from kerastui.tui.screens.dialogs import Ask
from kerastui.tui.screens.learn import LearnScreen

from .fakes import FakeLauncher, finished_run
from .pilots import HOSTILE, paste, shows, text, until

WIDE = (120, 44)
GOOD: dict[str, float | str] = {"test.accuracy": 0.922, "prediction.1.value": 0.98}


@pytest.fixture(autouse=True)
def nothing_here(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data anywhere but what comes with the libraries."""
    monkeypatch.setenv("KERASTUI_DATA", "")
    monkeypatch.setenv("KERASTUI_CACHE", str(own_home / "cache"))


def learn(app: KerasTui) -> LearnScreen:
    screen = app.screen
    assert isinstance(screen, LearnScreen)
    return screen


async def on(pilot: Pilot[Any], name: str) -> None:
    """Put the cursor on an example."""
    assert isinstance(pilot.app, KerasTui)
    assert learn(pilot.app).rows.move_to(shipped.entry(name).name)
    await pilot.pause()


# The list


async def test_every_shipped_example_and_nothing_else_is_listed() -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "lessons")
        await until(pilot, lambda: learn(app).rows.shown, "the lessons")
        rows = learn(app).rows.shown
        names = sorted(entry.name for entry in (*shipped.index(), *visits.every().values()))
        assert [row.key for row in rows if not row.group] == names
        assert learn(app).rows.key == shipped.index()[0].name


@pytest.mark.parametrize("lab", labs.LABS, ids=lambda lab: lab.id)
def test_every_listed_lab_can_be_opened(lab: labs.Lab) -> None:
    assert callable(import_module(f"{labs.__name__}.{lab.module}").make)


async def test_obtained_stands_beside_published(own_home: Path) -> None:
    root = own_home / "saved"
    finished_run(root, "a05-ionosphere", figures=GOOD)
    finished_run(root, "a06-iris", figures={"test.accuracy": 0.2, "prediction.1.class": "1"})
    finished_run(root, "a13-learning-curves", status="running", host="elsewhere", pid=1)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "✓ a05 Ionosphere")
        lines = text(pilot).splitlines()
        line = next(line for line in lines if "✓ a05" in line)
        assert "0.922      0.94" in line
        assert any("≠ a06 Iris" in line for line in lines)
        assert any("● a13" in line for line in lines)
        assert any(re.search(r"A  tf.keras .* 1/\d+ ✓", line) for line in lines)
        await shows(pilot, "0.86 – 0.97")
        await shows(pilot, "✓ 0.922")


async def test_a_run_on_a_substitute_never_counts(own_home: Path) -> None:
    finished_run(
        own_home / "saved", "a05-ionosphere", figures=GOOD, data={"substitute": "breast_cancer"}
    )
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "≈ a05 Ionosphere")
        await shows(pilot, "only on the substitute breast_cancer")
        assert "✓ 0.922" not in text(pilot)
        assert learn(app).mine["a05-ionosphere"].done is False


async def test_a_search_finds_words_of_the_text_and_escape_ends_it() -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("slash", *"dropout hiding")

        def found() -> list[str]:
            return [row.key for row in learn(app).rows.shown if not row.group]

        await until(pilot, lambda: found() == ["a16-dropout"], "the one that is found")
        await pilot.press("enter")
        await until(pilot, lambda: learn(app).rows.has_focus, "the list")
        await pilot.press("escape")
        await until(pilot, lambda: len(learn(app).rows.shown) > 20, "all rows")
        assert learn(app).rows.key == "a16-dropout"
        await pilot.press("slash", *"zzzz")
        await shows(pilot, "Nothing found")


async def test_a_heading_folds_and_says_what_is_below_it() -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("home")
        await shows(pilot, "open")
        await shows(pilot, "a18  Early stopping")
        many = len(learn(app).rows.shown)
        await pilot.press("enter")
        await until(pilot, lambda: len(learn(app).rows.shown) < many, "fewer rows")
        await pilot.press("r", "o", "c", "1")
        assert app.shown_run is None
        assert app.current is None


async def test_narrow_shows_the_list_then_the_detail_then_runs() -> None:
    launcher = FakeLauncher()
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=(80, 24)) as pilot:
        await on(pilot, "a13")
        await shows(pilot, "Enter open")
        await pilot.press("enter")
        await shows(pilot, "Enter run")
        await shows(pilot, "Esc back")
        await pilot.press("escape")
        await shows(pilot, "lessons")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: launcher.ran, "the run")


async def test_the_parameters_come_from_the_inspector_and_are_asked_once() -> None:
    launcher = FakeLauncher()
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "447 parameters")
        await pilot.press("down", "up")
        await pilot.pause(0.5)
        asked = [payload["experiment"]["name"] for _, payload in launcher.requests]
        assert asked.count("a05-ionosphere") == 1


async def test_where_nobody_answers_the_dots_stay() -> None:
    launcher = FakeLauncher()
    launcher.answers.clear()
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: launcher.requests, "a question")
        await shows(pilot, "… parameters")


# Running


async def test_r_runs_an_example_and_its_figures_come_back() -> None:
    launcher = FakeLauncher()
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        await on(pilot, "a18")
        await pilot.press("r")
        await until(pilot, lambda: app.monitor and app.monitor.status == "finished", "the end")
        assert app.current
        assert app.current.name == "a18-early-stopping"
        await until(pilot, lambda: "a18-early-stopping" in text(pilot).splitlines()[0], "its name")
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, LearnScreen), "the lessons")
        await until(pilot, lambda: learn(app).mine["a18-early-stopping"].last, "the own run")


async def test_a_number_runs_the_example_with_one_thing_changed() -> None:
    launcher = FakeLauncher()
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        await on(pilot, "a13")
        variant = shipped.experiment("a13").lesson.variants[0]  # type: ignore[union-attr]
        await pilot.press("1")
        await until(pilot, lambda: launcher.ran, "the run")
        run = launcher.ran[0]
        assert run.info().variant == variant.name
        assert app.current == run.experiment()
        assert app.current != shipped.experiment("a13")
        assert all(figure.band is None for figure in app.current.published)


@pytest.mark.parametrize("entry", shipped.index(), ids=lambda entry: entry.id)
def test_every_variant_fits_its_example(entry: shipped.Entry) -> None:
    experiment = shipped.experiment(entry.name)
    for variant in experiment.lesson.variants if experiment.lesson else []:
        changed = lessons.tried(experiment, variant)
        assert changed != experiment
        repeats = all(path.startswith("study.") for path in variant.set)
        assert (changed.published == experiment.published) or not repeats


async def test_o_makes_it_the_current_experiment_without_running() -> None:
    launcher = FakeLauncher()
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: app.current_mode == "train", "the Train screen")
        await shows(pilot, "a05-ionosphere · 351×34 · 447 params")
        assert launcher.ran == []
        await pilot.press("M")
        await shows(pilot, "10 relu he_normal")
        await shows(pilot, "fits task: binary ✓")


async def test_the_model_screen_says_what_is_wrong() -> None:
    launcher = FakeLauncher()

    def broken(experiment: dict[str, Any]) -> dict[str, Any]:
        raise UserError(f"Layer {HOSTILE} does not fit.", "Change it.")

    launcher.answers["summary"] = broken
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("M")
        await shows(pilot, "No experiment yet")
        app.set_current(shipped.experiment("a13").changed({"title": HOSTILE}))
        await shows(pilot, f"Layer {HOSTILE} does not fit.")


# Code


async def test_c_shows_the_script_to_copy_and_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, CodeScreen), "the script")
        screen = app.screen
        assert isinstance(screen, CodeScreen)
        compile(screen.code, "script", "exec")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == screen.code, "the copy")
        await pilot.press("w")
        await shows(pilot, "Jupyter notebook")
        await pilot.press("enter")
        written = tmp_path / "a05-ionosphere.py"
        await until(
            pilot, lambda: written.exists() and written.read_text() == screen.code, "the file"
        )
        written.write_text("mine")
        await pilot.press("w")
        await shows(pilot, "Jupyter notebook")
        await pilot.press("enter")
        await shows(pilot, "is there already")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen, "the script again")
        assert written.read_text() == "mine"


# Data that is not here


async def _asked(pilot: Pilot[Any]) -> None:
    await pilot.press("r")
    await until(pilot, lambda: isinstance(pilot.app.screen, Ask), "the question")
    await shows(pilot, "Ionosphere radar returns is not on this machine")


async def test_the_substitute_is_taken_only_when_asked_for_and_named() -> None:
    launcher = FakeLauncher()
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        await _asked(pilot)
        await pilot.press("s")
        await until(pilot, lambda: launcher.ran, "the run")
        assert launcher.ran[0].experiment().data.substitute is True


async def test_escape_runs_nothing() -> None:
    launcher = FakeLauncher()
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        await _asked(pilot)
        await pilot.press("escape")
        await pilot.pause(0.3)
        assert launcher.ran == []
        assert app.current_mode == "learn"


async def test_a_folder_is_looked_into_and_then_used(tmp_path: Path) -> None:
    launcher = FakeLauncher()
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        await _asked(pilot)
        await pilot.press("f")
        await shows(pilot, "Enter take it")
        await paste(pilot, str(tmp_path))
        await pilot.press("enter")
        await shows(pilot, "file called ionosphere.csv")
        assert os.environ["KERASTUI_DATA"] == ""
        (tmp_path / "ionosphere.csv").write_text("1,2,g\n")
        await pilot.press("escape")
        await shows(pilot, "Point to a folder")
        await pilot.press("f")
        await shows(pilot, "Enter take it")
        await paste(pilot, str(tmp_path / "ionosphere.csv"))
        await pilot.press("enter")
        await until(pilot, lambda: launcher.ran, "the run")
        assert os.environ["KERASTUI_DATA"].split(os.pathsep)[0] == str(tmp_path)


async def test_a_download_shows_how_far_it_is_and_can_be_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow(card: Any, progress: Any, cancelled: Any) -> Located:
        progress(1_000_000, 4_000_000)
        while not cancelled():
            time.sleep(0.01)
        raise DownloadCancelledError("cancelled")

    monkeypatch.setattr("kerastui.datasets.fetch.fetch", slow)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await _asked(pilot)
        await pilot.press("d")
        await shows(pilot, "1 MB of 4 MB")
        await pilot.press("escape")
        await shows(pilot, "Point to a folder")


async def test_a_download_that_fails_says_why_and_asks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(card: Any, progress: Any, cancelled: Any) -> Located:
        raise UserError(f"No network {HOSTILE}.", "Later.")

    monkeypatch.setattr("kerastui.datasets.fetch.fetch", failing)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await _asked(pilot)
        await pilot.press("d")
        await shows(pilot, f"No network {HOSTILE}.")
        await pilot.press("escape")
        await shows(pilot, "Point to a folder")


async def test_the_data_screen_says_what_is_here(tmp_path: Path, own_home: Path) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("D")
        await shows(pilot, "↓ ionosphere")
        await shows(pilot, "✓ make_circles")
        await shows(pilot, "f fetch")
        await pilot.press("slash", *"circles")
        await shows(pilot, "made on the spot")
        await pilot.press("enter", "o")
        await until(pilot, lambda: "f fetch" not in text(pilot), "nothing to fetch")


# Words


def test_the_figure_table_is_aligned_and_fits() -> None:
    published = [
        {"figure": "test.accuracy", "label": "test accuracy", "value": 0.94, "band": [0.86, 0.97]},
        {"figure": "p", "label": HOSTILE * 3, "value": "setosa", "equals": "setosa", "note": "why"},
        {"figure": "last.loss", "compare": {"relation": "above", "variant": "without"}},
    ]
    lines = lessons.figure_table(published, Mine(), 70).plain.splitlines()
    assert lines[0].index("published") + 9 == lines[1].index("0.94") + 4
    assert lines[2].rstrip().endswith("setosa")
    assert lines[3].rstrip().endswith("above without")
    assert lines[4] == "why"
    assert all(len(line) <= 76 for line in lines)
    for width in (0, 1, 10, 30, 57):
        assert lessons.figure_table(published, Mine(), width).plain


def test_a_study_is_judged_with_its_variants(own_home: Path) -> None:
    root = own_home / "saved"
    entry = shipped.entry("a16")
    study = study_store.create(Workspace(root), shipped.experiment("a16"))
    for day, variant in (("20260101", "with dropout"), ("20260102", "without")):
        finished_run(root, entry.name, day=f"{day}-000000", variant=variant, study=study.id)
    index = RunIndex(Workspace(root))
    index.refresh()
    for without, state in ((0.5, "inside"), (0.9, "outside")):
        info = study.info()
        info.figures = {
            "with dropout": {"last.loss": 0.6, "train.loss": 0.4},
            "without": {"last.loss": without},
        }
        study.write_info(info)
        mine = lessons.mine(entry, index.of_name(entry.name))
        assert mine.last
        assert mine.last.info
        assert mine.last.info.variant == "with dropout"
        assert mine.state == state


def test_models_are_told_in_one_line() -> None:
    line = lessons.model_line(shipped.entry("a09").plain["model"])
    assert line.startswith("Conv2D 32 3×3 relu → MaxPooling2D")
    assert line.endswith("Dense 10 softmax")


def test_the_state_of_data_is_told() -> None:
    located = Located(Path("x"), "00", True, "cache")
    assert lessons.data_state(card("iris"), located)[0] == "here, SHA-256 verified"
    own = Located(Path("x"), "00", False, "KERASTUI_DATA")
    assert "your own copy" in lessons.data_state(card("iris"), own)[0]
    assert "breast_cancer" in lessons.data_state(card("ionosphere"), None)[0]


async def test_hardware_is_shown_from_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(**options: object) -> None:
        raise UserError(f"No doctor {HOSTILE}.")

    monkeypatch.setattr("kerastui.models.machine.doctor.examine", failing)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "core" in text(pilot).splitlines()[0], "the hardware")
        at = text(pilot).splitlines()[0].rindex("core")
        await pilot.click("HeaderLine", offset=(at, 0))
        await shows(pilot, "Memory")
        await shows(pilot, f"No doctor {HOSTILE}")

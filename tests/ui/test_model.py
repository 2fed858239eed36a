"""The Model screen: the layers as a table and as a diagram, and what it says without data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.model.screen import ModelScreen
from kerastui.tui.widgets.diagram import DiagramPanel

from .fakes import FakeLauncher, summary
from .model_screen import NARROW, WIDE, launcher, opened, said, typed
from .pilots import HOSTILE, shows, text, until
from .train_screen import make_run


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_g_swaps_the_table_for_the_diagram(size: tuple[int, int]) -> None:
    async with KerasTui(launcher=FakeLauncher()).run_test(size=size) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        assert not screen.query_one(DiagramPanel).display
        await pilot.press("g")
        await shows(pilot, "╭─ dense_1 ─")
        await until(
            pilot,
            lambda: any("(10) " in line and " 350 │" in line for line in text(pilot).splitlines()),
            "the first layer",
        )
        await until(pilot, lambda: not screen.rows.has_focus, "the focus on the diagram")
        await pilot.press("g")
        await shows(pilot, "8 relu he_normal")
        await until(pilot, lambda: "╭─ dense_1 ─" not in text(pilot), "no diagram")
        await until(pilot, lambda: screen.rows.has_focus, "the focus on the table")


async def test_where_it_is_narrow_enter_leads_on_and_escape_back() -> None:
    async with KerasTui(launcher=FakeLauncher()).run_test(size=NARROW) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        await pilot.press("enter")
        await shows(pilot, "kernel_initializer")
        await pilot.press("g")
        await shows(pilot, "╭─ dense_1 ─")
        await pilot.press("enter")
        await shows(pilot, "kernel_initializer")
        await pilot.press("escape")
        await until(pilot, lambda: screen.rows.has_focus, "the focus on the table")


async def test_the_diagram_is_written_to_files(own_home: Path) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        await pilot.press("w")
        path = app.workspace.root / "a05-ionosphere"
        await shows(pilot, "Written")
        assert "dense_1" in path.with_suffix(".svg").read_text("utf-8")
        assert "Dense 8 relu" in path.with_suffix(".txt").read_text("utf-8")


async def test_a_diagram_that_cannot_be_written_says_why(own_home: Path) -> None:
    app = KerasTui(workspace=own_home / "a file" / "workspace", launcher=FakeLauncher())
    (own_home / "a file").write_text("")
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        await pilot.press("w")
        await shows(pilot, "The diagram can't be written")


async def test_problems_and_warnings_stay_beside_the_diagram() -> None:
    launcher = FakeLauncher()
    finding = {"level": "warning", "where": "", "sentence": f"Odd {HOSTILE}.", "cure": "Scale."}
    launcher.answers["summary"] = lambda experiment: {**summary(experiment), "findings": [finding]}
    async with KerasTui(launcher=launcher).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        await pilot.press("g")
        await shows(pilot, "╭─ dense_1 ─")
        await shows(pilot, f"Odd {HOSTILE}. Scale.")


async def test_without_data_it_says_so_and_what_would_help() -> None:
    launcher = FakeLauncher()

    def refuse(experiment: dict[str, Any]) -> dict[str, Any]:
        raise UserError("The data are gone.", "Look for them.")

    launcher.answers["summary"] = refuse
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        app.set_current(shipped.experiment("a05"))
        await pilot.press("M")
        await shows(pilot, "The data are gone.")
        await pilot.press("up")
        await shows(pilot, "The data are gone. Look for them.")
        await shows(pilot, "! shapes are not known")


@pytest.mark.parametrize("size", [WIDE, (80, 24)])
async def test_without_an_experiment_it_says_where_to_find_one(size: tuple[int, int]) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=size) as pilot:
        await pilot.press("M")
        await shows(pilot, "No experiment yet")
        await until(pilot, lambda: isinstance(app.screen, ModelScreen), "the Model screen")
        assert app.screen.check_action("diagram", ()) is False
        assert app.screen.check_action("enter", ()) is False
        app.set_current(shipped.experiment("a05"))
        await until(pilot, lambda: app.screen.rows.has_focus, "the focus on the layers")
        await until(pilot, lambda: "No experiment yet" not in text(pilot), "the layers")


@pytest.mark.parametrize("size", [WIDE, (80, 24)])
async def test_the_model_of_the_run_that_is_shown_can_be_taken(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=size) as pilot:
        app.show_run(make_run(tmp_path), switch=False)
        await pilot.press("M")
        await shows(pilot, "Enter  take the model of a05-ionosphere, the run that is shown")
        await pilot.press("enter")
        await until(pilot, lambda: app.current, "its experiment")
        await shows(pilot, "1 Dense    10 relu he_normal")
        assert not app.edits.changed


async def test_without_data_a_shape_is_assumed() -> None:
    fake = launcher()

    def refuse(experiment: dict[str, Any]) -> dict[str, Any]:
        raise UserError("The data are gone.", "Look for them.")

    fake.answers["summary"] = refuse
    fake.answers["model.shapes"] = lambda experiment, input_shape: (
        {key: value for key, value in said(experiment).items() if key != "data"}
        | {"inputs": {"input": [None, *input_shape]}}
    )
    async with KerasTui(launcher=fake).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await shows(pilot, "shapes are not known")
        await pilot.press("up", "e", "enter")
        await typed(pilot, "7x5")
        await pilot.press("enter")
        await shows(pilot, "7×5")
        await shows(pilot, "the shape of the input is assumed")
        await until(pilot, lambda: "fits task" not in text(pilot), "no word about the task")


async def test_without_data_the_substitute_is_one_key_away() -> None:
    fake = launcher()

    def refuse(experiment: dict[str, Any]) -> dict[str, Any]:
        if experiment["data"].get("substitute"):
            return said(experiment)
        raise UserError("No network.")

    fake.answers["summary"] = refuse
    async with KerasTui(launcher=fake).run_test(size=WIDE) as pilot:
        await opened(pilot, "a09-mnist-cnn")
        await shows(pilot, "1 go on with digits in its place")
        await pilot.press("1")
        await until(pilot, lambda: pilot.app.current.data.substitute, "the substitute")  # type: ignore[attr-defined]


async def test_a_wide_terminal_shows_list_and_diagram_together() -> None:
    async with KerasTui(launcher=FakeLauncher()).run_test(size=(170, 40)) as pilot:
        screen = await opened(pilot)
        await shows(pilot, "╭─ dense_1 ─")
        await shows(pilot, "3 Dense")
        await pilot.press("g")
        await until(pilot, lambda: screen.query_one(DiagramPanel).has_focus, "the diagram")
        await pilot.press("g")
        await until(pilot, lambda: screen.rows.has_focus, "the table")

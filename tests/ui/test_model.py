"""The Model screen: the layers as a table and as a diagram, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.model import ModelScreen
from kerastui.tui.widgets.diagram import DiagramPanel

from .fakes import FakeLauncher, summary
from .pilots import HOSTILE, shows, text, until

WIDE, NARROW = (120, 40), (80, 24)


async def opened(pilot: Any, name: str = "a05-ionosphere") -> ModelScreen:
    app = pilot.app
    app.set_current(shipped.experiment(name))
    await pilot.press("M")
    await until(pilot, lambda: isinstance(app.screen, ModelScreen), "the Model screen")
    screen: ModelScreen = app.screen
    await until(pilot, lambda: screen.rows.shown, "the layers")
    await pilot.pause()
    return screen


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_g_swaps_the_table_for_the_diagram(size: tuple[int, int]) -> None:
    async with KerasTui(launcher=FakeLauncher()).run_test(size=size) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        assert not screen.query_one(DiagramPanel).display
        await pilot.press("g")
        await shows(pilot, "╭─ dense_1 ─")
        assert any("(10) " in line and " 350 │" in line for line in text(pilot).splitlines())
        assert not screen.rows.has_focus
        await pilot.press("g")
        await shows(pilot, "8 relu he_normal")
        assert "╭─ dense_1 ─" not in text(pilot)
        assert screen.rows.has_focus


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
        assert screen.rows.has_focus


async def test_the_diagram_is_written_to_files(own_home: Path) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        await pilot.press("w")
        path = app.workspace.root / "a05-ionosphere"
        await until(pilot, path.with_suffix(".txt").exists, "the files")
        assert "dense_1" in path.with_suffix(".svg").read_text("utf-8")
        assert "Dense 8 relu" in path.with_suffix(".txt").read_text("utf-8")
        await shows(pilot, "Written")


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
        await shows(pilot, "Look for them.")
        await shows(pilot, "no data: shapes are not known")


async def test_without_an_experiment_it_says_where_to_find_one() -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("M")
        await shows(pilot, "No experiment yet")
        assert app.screen.check_action("diagram", ()) is False

"""Importing own files: the first rows, changing settings, remembering, forgetting, hostile text."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from kerastui.datasets.files.library import Library, imported
from kerastui.datasets.files.sniff import sniff
from kerastui.models import shipped
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.data import importing as importing_screen
from kerastui.tui.screens.data.importing import DataImport, PickData
from kerastui.tui.screens.data.screen import DataScreen
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_edit import Choose

from .pilots import shows, text, until
from .test_data import NARROW, WIDE, FakeInspector, looked_at

TABLE = "Ort;Preis;ok\n" + "\n".join(
    f"{'Köln' if i % 2 else 'Bonn'};{i},5;{'ja' if i % 3 else 'nein'}" for i in range(30)
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text(TABLE)
    return path


def library(app: KerasTui) -> Library:
    return Library(app.workspace.root)


def rewrite(path: Path, content: str | None) -> None:
    """Change a file behind the app's back, or take it away; fails where it is not there."""
    assert path.exists()
    if content is None:
        path.unlink()
    else:
        path.write_text(content)


def move(path: Path, folder: Path) -> None:
    """Move a file to a new folder."""
    folder.mkdir()
    path.rename(folder / path.name)


async def on_data(pilot: Any) -> DataScreen:
    await pilot.press("D")
    await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen), "the Data screen")
    screen: DataScreen = pilot.app.screen
    await until(pilot, lambda: screen.located, "where the data are")
    return screen


async def importing(pilot: Any, path: Path) -> DataImport:
    """Push the import of a file, and wait until it was looked at."""
    screen = DataImport(path)
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: screen.sniffed is not None, "the first rows")
    await pilot.pause()
    return screen


def app_at(file: Path | None = None) -> KerasTui:
    return KerasTui(launcher=FakeInspector(), file=str(file) if file else None)


def held(monkeypatch: pytest.MonkeyPatch, place: Any, name: str) -> threading.Event:
    """Let a function take its time, as on a slow disk: until the event that is returned."""
    goes_on, real = threading.Event(), getattr(place, name)

    def late(*arguments: Any) -> Any:
        goes_on.wait(60)
        return real(*arguments)

    monkeypatch.setattr(place, name, late)
    return goes_on


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_file_is_picked_looked_at_and_imported(table: Path, size: tuple[int, int]) -> None:
    async with app_at().run_test(size=size) as pilot:
        screen = await on_data(pilot)
        await pilot.press("a")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, PickData), "the question for a file"
        )
        await until(pilot, lambda: isinstance(pilot.app.focused, Input), "its line")
        pilot.app.screen.query_one(Input).value = str(table.parent / "pri")
        await shows(pilot, "prices.csv")
        await pilot.press("tab", "enter")
        await shows(pilot, "30 rows")
        await shows(pilot, "as it is read")
        form = pilot.app.screen.query_one(Form)
        assert form.check_action("add", ()) is False, "there is no list to add to"
        await pilot.press("i")
        await until(pilot, lambda: pilot.app.screen is screen, "the Data screen again")
        await looked_at(pilot, screen, "prices")
        assert library(pilot.app).get("prices").target == ["ok"]
        assert screen.look["rows"] == 30


async def test_settings_change_what_is_read(table: Path) -> None:
    async with app_at().run_test(size=WIDE) as pilot:
        screen = await importing(pilot, table)
        assert screen.sniffed is not None
        assert screen.sniffed.recipe.decimal == ","
        await shows(pilot, "Semicolons between the cells.")
        await shows(pilot, "yes/no")
        await pilot.press("down", "down", "enter")  # the delimiter
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the delimiters")
        await pilot.press("up", "enter")  # comma
        await until(pilot, lambda: screen.sniffed and screen.sniffed.recipe.delimiter == ",", "it")
        await shows(pilot, "i imports it as prices")
        await pilot.press("delete")  # what was detected again
        await until(pilot, lambda: screen.sniffed and screen.sniffed.recipe.delimiter == ";", "it")


async def test_i_right_behind_a_change_imports_what_is_read_with_it(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app_at().run_test(size=WIDE) as pilot:
        screen = await importing(pilot, table)
        goes_on = held(monkeypatch, importing_screen, "sniff")
        await pilot.press("down", "down", "enter")  # the delimiter
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the delimiters")
        await pilot.press("up", "enter")  # comma
        await until(pilot, lambda: screen.sniffed is None, "it is read anew")
        await pilot.press("i")
        await pilot.pause()
        assert pilot.app.screen is screen
        goes_on.set()
        await until(pilot, lambda: pilot.app.screen is not screen, "it is imported")
        assert library(pilot.app).get("prices").file.delimiter == ","


async def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nothing.csv"
    path.write_bytes(bytes(range(256)) * 8)
    async with app_at().run_test(size=NARROW) as pilot:
        screen = DataImport(path)
        await pilot.app.push_screen(screen)
        await shows(pilot, "zero bytes")
        assert screen.check_action("take", ()) is False
        await pilot.press("i", "escape")
        await until(pilot, lambda: pilot.app.screen is not screen, "the screen before")
        assert library(pilot.app).names() == []


async def test_an_own_file_is_read_differently_forgotten_and_brought_back(table: Path) -> None:
    async with app_at().run_test(size=WIDE) as pilot:
        library(pilot.app).add("prices", imported(sniff(table)))
        screen = await on_data(pilot)
        await until(pilot, lambda: "prices" in screen.cards, "the own file")
        screen.visit("prices")
        await shows(pilot, "here, as imported")
        rewrite(table, TABLE + "\nRom;1,5;ja\n")
        screen.show_cards("prices")
        await shows(pilot, "changed since it was imported")
        await pilot.press("i")
        await shows(pilot, "31 rows")
        await pilot.press("i")
        await until(pilot, lambda: pilot.app.screen is screen, "the Data screen again")
        await shows(pilot, "here, as imported")
        await pilot.press("delete")
        await until(pilot, lambda: "prices" not in screen.cards, "it is gone")
        assert screen.check_action("settings", ()) is False
        await pilot.press("u")
        await until(pilot, lambda: screen.rows.key == "prices", "it is back")
        assert library(pilot.app).names() == ["prices"]
        rewrite(table, None)
        screen.show_cards("prices")
        await shows(pilot, "not there, or not readable")


async def test_each_u_brings_another_file_back_however_fast_they_come(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_at()
    for name in ("alpha", "beta"):
        library(app).add(name, imported(sniff(table)))
    async with app.run_test(size=WIDE) as pilot:
        screen = await on_data(pilot)
        for name in ("alpha", "beta"):
            screen.visit(name)
            await pilot.press("delete")
            await until(pilot, lambda name=name: name not in screen.cards, "it is gone")
        goes_on = held(monkeypatch, Library, "add")
        await pilot.press("u", "u")
        await until(pilot, lambda: screen.check_action("undo", ()) is False, "nothing is left")
        goes_on.set()
        await until(pilot, lambda: {"alpha", "beta"} <= set(screen.cards), "both are back")
        assert library(app).names() == ["alpha", "beta"]


async def test_what_was_imported_last_is_under_the_cursor(table: Path, tmp_path: Path) -> None:
    app = app_at()
    for number, name in enumerate(("zebra", "alpha", "middle")):
        library(app).add(name, imported(sniff(table)))
        os.utime(library(app).folder / f"{name}.toml", (number, number))
    async with app.run_test(size=WIDE) as pilot:
        screen = await on_data(pilot)
        await until(pilot, lambda: screen.rows.key == "middle", "the cursor on the newest")
        await pilot.press("down")
        await until(pilot, lambda: screen.rows.key == "zebra", "the next one")
        before = screen.located
        await pilot.press("L", "D")
        await until(pilot, lambda: screen.located is not before, "where the data are, again")
        assert screen.rows.key == "zebra"  # only the first look decides


async def test_a_recipe_that_cannot_be_read_is_shown_and_can_be_forgotten(table: Path) -> None:
    app = app_at()
    library(app).add("prices", imported(sniff(table)))
    (library(app).folder / "broken.toml").write_text("task = [[\x1b]31m")
    async with app.run_test(size=WIDE) as pilot:
        screen = await on_data(pilot)
        await until(pilot, lambda: screen.broken, "what is broken")
        screen.rows.move_to("broken")
        await shows(pilot, "unreadable")
        await shows(pilot, "can't be read")
        assert "\x1b" not in text(pilot)
        await pilot.press("t", "k", "n", "e", "i")  # nothing can be done with it
        assert pilot.app.screen is screen
        await pilot.press("delete")
        await until(pilot, lambda: "broken" not in library(app).names(), "it is forgotten")
        await until(pilot, lambda: not screen.broken, "the list without it")
        assert library(app).names() == ["prices"]


async def test_a_data_file_opens_at_the_start(table: Path) -> None:
    async with app_at(table).run_test(size=WIDE) as pilot:
        await shows(pilot, "i imports it as prices")
        await pilot.press("i")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen), "the Data screen")
        screen = pilot.app.screen
        await until(pilot, lambda: screen.rows.key == "prices", "the cursor on it")


async def test_an_experiment_whose_file_is_gone_asks_for_its_folder(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERASTUI_DATA", "")
    own = imported(sniff(table))
    plain = {"dataset": "prices", "file": own.file.model_dump(mode="json"), "task": "binary",
             "target": ["ok"]}  # fmt: skip
    experiment = shipped.experiment("a05").changed({"data": plain, "published": []})
    moved = tmp_path / "moved"
    move(table, moved)
    async with app_at().run_test(size=WIDE) as pilot:
        pilot.app.set_current(experiment)
        await pilot.press("T", "r")
        await shows(pilot, "prices.csv is not on this machine")
        assert "Download" not in text(pilot)
        await pilot.press("f")
        await shows(pilot, "The folder that holds prices.csv")
        pilot.app.screen.query_one(Input).value = str(moved)
        await pilot.press("enter")
        launcher = pilot.app.launcher
        assert isinstance(launcher, FakeInspector)
        await until(pilot, lambda: launcher.ran, "the run starts")


async def test_a_whole_folder_is_taken_by_its_slash(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("red", "blue"):
        (tmp_path / "pics" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (9, 9), name).save(tmp_path / "pics" / name / f"{number}.png")
    async with app_at().run_test(size=WIDE) as pilot:
        screen = await on_data(pilot)
        await pilot.press("a")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, PickData), "the question for a file"
        )
        await until(pilot, lambda: isinstance(pilot.app.focused, Input), "its line")
        pilot.app.screen.query_one(Input).value = f"{tmp_path / 'pics'}/"
        await shows(pilot, "red/")
        await pilot.press("enter")
        await shows(pilot, "8 pictures")
        await pilot.press("i")
        await until(pilot, lambda: screen.look.get("kind") == "pictures", "a look at the pictures")
        assert set(screen.look["labels"]) == {"red", "blue"}
        await until(pilot, lambda: screen.query("PictureGrid"), "the pictures")


async def test_hostile_cells_and_names_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "[bold]od\x1bd.csv"
    path.write_text("[/x],na\x1b[31mme\n\x1b]0;hi\x07[red],1\n=cmd|'x'!A0,2\n[/],3\n")
    async with app_at().run_test(size=WIDE) as pilot:
        screen = await importing(pilot, path)
        assert "\x1b" not in text(pilot)
        await shows(pilot, "[red]")
        await shows(pilot, "1 cell looks like a formula")
        await pilot.press("i")
        await until(pilot, lambda: pilot.app.screen is not screen, "it is imported")
        data = await on_data(pilot)
        data.visit("bold-od-d")
        await looked_at(pilot, data, "bold-od-d")
        assert "\x1b" not in text(pilot)

"""Saving, opening, keeping: nothing that was done to an experiment is lost."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import load, save
from kerastui.tui import clipboard, recent
from kerastui.tui.app import KerasTui
from kerastui.tui.autosave import Autosave

from .fakes import FakeLauncher, finished_run
from .keras_file import keras_file
from .pilots import shows, text, until

IRIS = shipped.experiment("a06-iris")


def app_with(root: Path, file: str | None = None) -> KerasTui:
    return KerasTui(root, file, FakeLauncher())


def app_of(pilot: Pilot[Any]) -> KerasTui:
    assert isinstance(pilot.app, KerasTui)
    return pilot.app


async def type_in(pilot: Pilot[Any], value: str) -> None:
    """Type into the line that has the focus."""
    await until(pilot, lambda: isinstance(pilot.app.focused, Input), "a line to type in")
    line = pilot.app.focused
    assert isinstance(line, Input)
    line.value = value
    await pilot.pause()


def changed(experiment: Experiment, epochs: int) -> Experiment:
    return experiment.changed({"fit.epochs": epochs})


def epochs_in(path: Path) -> int | None:
    """Return the epochs that a file says; None while it is being put in the place of another."""
    try:
        return load(path).fit.epochs
    except UserError:
        return None


# Saving


async def test_saving_asks_for_a_name_the_first_time_and_then_no_more(tmp_path: Path) -> None:
    path = tmp_path / "experiments" / "mine.toml"
    async with app_with(tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        app = app_of(pilot)
        app.set_current(IRIS)
        app.edit(changed(IRIS, 7), "epochs")
        await shows(pilot, "a06-iris •")
        await pilot.press("ctrl+s")
        await type_in(pilot, "mine")
        await pilot.press("enter")
        await until(pilot, path.is_file, "the file")
        await shows(pilot, "Saved")
        assert load(path).fit.epochs == 7
        assert load(path).name == "mine"
        await until(pilot, lambda: "•" not in text(pilot).splitlines()[0], "no mark")
        assert app.current is not None
        app.edit(changed(app.current, 8), "epochs")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: epochs_in(path) == 8, "the change in the file")
        app.undo_edit()
        await shows(pilot, "mine •")
        assert app.current.name == "mine"
        await until(pilot, lambda: recent.paths() == [path], "it is remembered")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "A name is needed"),
        ("Über Bäume", "such as ber-B-ume"),
        ("sub/", "is a folder"),
        ("~nobody-at-all/x", "is no path"),
        ("a\0/b", "is no path"),
    ],
)
async def test_a_name_that_can_not_be_is_refused_in_words(
    tmp_path: Path, typed: str, words: str
) -> None:
    async with app_with(tmp_path).run_test(size=(120, 40)) as pilot:
        app_of(pilot).set_current(IRIS)
        await pilot.press("ctrl+s")
        await type_in(pilot, typed)
        await pilot.press("enter")
        await shows(pilot, words)
        assert not (tmp_path / "experiments").exists()


async def test_a_path_may_be_called_anything(tmp_path: Path) -> None:
    async with app_with(tmp_path).run_test(size=(120, 40)) as pilot:
        app_of(pilot).set_current(IRIS)
        await pilot.press("ctrl+s")
        await type_in(pilot, f"{tmp_path}/neuer Ordner/Bäume")
        await pilot.press("enter")
        path = tmp_path / "neuer Ordner" / "Bäume.toml"
        await until(pilot, path.is_file, "the file")
        assert load(path).name == "a06-iris"


async def test_a_folder_that_can_not_be_written_is_told_once_and_the_app_goes_on(
    tmp_path: Path,
) -> None:
    # Root may write anywhere, but no folder can be made where a file is.
    await asyncio.to_thread((tmp_path / "experiments").write_text, "")
    async with app_with(tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        app = app_of(pilot)
        app.set_current(IRIS)
        for epochs in (3, 4, 5):
            app.edit(changed(IRIS, epochs), "epochs")
            await pilot.pause()
        await shows(pilot, "Not kept on disk")
        await pilot.press("ctrl+s")
        await type_in(pilot, "mine")
        await pilot.press("enter")
        await shows(pilot, "The experiment was not saved")
        await pilot.press("escape")
        assert app.current is not None
        assert app.current.fit.epochs == 5
        assert app.edits.changed


@pytest.mark.parametrize("answer", ["m", "t", "n"])
async def test_a_file_that_was_edited_meanwhile_loses_neither_version(
    tmp_path: Path, answer: str
) -> None:
    path = tmp_path / "mine.toml"
    save(IRIS, path)
    async with app_with(tmp_path, str(path)).run_test(size=(120, 40)) as pilot:
        app = app_of(pilot)
        await until(pilot, lambda: app.edits.file, "the file")
        app.edit(changed(IRIS, 7), "epochs")
        save(changed(IRIS, 99), path)
        await pilot.press("ctrl+s")
        await shows(pilot, "changed by somebody else")
        assert load(path).fit.epochs == 99
        await pilot.press(answer)
        if answer == "m":
            await until(pilot, lambda: epochs_in(path) == 7, "my version")
            assert load(tmp_path / "mine.1.toml").fit.epochs == 99
        elif answer == "t":
            await until(pilot, lambda: app.current and app.current.fit.epochs == 99, "theirs")
            assert not app.edits.changed
            app.undo_edit()
            assert app.current is not None
            assert app.current.fit.epochs == 7
        else:
            await type_in(pilot, "other")
            await pilot.press("enter")
            other = tmp_path / "experiments" / "other.toml"
            await until(pilot, other.is_file, "the other file")
            assert load(path).fit.epochs == 99


async def test_saving_over_another_experiment_asks_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "experiments" / "mine.toml"
    save(changed(IRIS, 99), path)
    async with app_with(tmp_path).run_test(size=(120, 40)) as pilot:
        app_of(pilot).set_current(IRIS)
        await pilot.press("ctrl+s")
        await type_in(pilot, "mine")
        await pilot.press("enter")
        await shows(pilot, "holds another experiment already")
        await pilot.press("m")
        await until(pilot, lambda: epochs_in(path) == IRIS.fit.epochs, "mine")
        assert load(path.with_name("mine.1.toml")).fit.epochs == 99


# Nothing is lost


async def test_what_was_not_saved_when_the_app_died_is_offered_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    save(IRIS, path)
    before = path.read_text()
    async with app_with(tmp_path, str(path)).run_test(size=(120, 40)) as pilot:
        app = app_of(pilot)
        await until(pilot, lambda: app.edits.file, "the file")
        app.edit(changed(IRIS, 77), "epochs")
        kept = app.keeper.autosave.path
        await until(pilot, kept.is_file, "the changes on disk")
    # As another process finds it, whose app is not there any more.
    kept.rename(kept.with_name(kept.name.replace(str(os.getpid()), "999999999")))
    async with app_with(tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        app = app_of(pilot)
        await shows(pilot, "The file stays as it is until you save.")
        await pilot.press("r")
        await until(pilot, lambda: app.current and app.current.fit.epochs == 77, "the changes")
        assert app.edits.file is not None
        assert app.edits.file.path == path
        assert path.read_text() == before
        await shows(pilot, "•")
        await until(pilot, app.keeper.autosave.path.is_file, "kept on")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: epochs_in(path) == 77, "the file")
        await until(pilot, lambda: not list(kept.parent.iterdir()), "nothing left behind")


async def test_of_what_was_never_saved_no_file_is_spoken_of(tmp_path: Path) -> None:
    first = Autosave(app_with(tmp_path).workspace)
    first.write(IRIS, None)
    first.path.rename(first.path.with_name(first.path.name.replace(str(os.getpid()), "999999999")))
    async with app_with(tmp_path).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "it was never saved")
        await shows(pilot, "It has no file until you save.")


async def test_a_second_app_is_not_offered_what_the_first_one_works_on(tmp_path: Path) -> None:
    first = Autosave(app_with(tmp_path).workspace)
    first.write(IRIS, None)
    assert Autosave(app_with(tmp_path).workspace).leftovers() == []
    first.put_aside()
    assert [one.name for one in first.leftovers()] == ["a06-iris"]


async def test_changes_are_put_aside_when_another_experiment_is_opened(tmp_path: Path) -> None:
    async with app_with(tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        app = app_of(pilot)
        # Before that, what is put aside here would be offered as left behind by another app.
        await until(pilot, lambda: app.hardware, "the start")
        await until(pilot, lambda: "warm-up" not in {one.group for one in app.workers}, "its end")
        app.set_current(IRIS)
        app.edit(changed(IRIS, 33), "epochs")
        app.set_current(shipped.experiment("a05-ionosphere"))
        await shows(pilot, "Put aside")
        await app.keeper.flush()
        await pilot.press("ctrl+o")
        await shows(pilot, "not saved")
        await until(pilot, lambda: "a06-iris" in text(pilot), "what was put aside")
        await pilot.press("enter")
        await until(pilot, lambda: app.current and app.current.fit.epochs == 33, "it is back")


async def test_damaged_leftovers_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "experiments" / ".unsaved"
    folder.mkdir(parents=True)
    (folder / "host-1-0.json").write_text("{")
    (folder / "nonsense.json").write_text(json.dumps({"name": 1}))
    async with app_with(tmp_path).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "lessons")
        assert app_of(pilot).keeper.autosave.leftovers() == []


async def test_leaving_asks_about_unsaved_changes(tmp_path: Path) -> None:
    app = app_with(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        app.set_current(IRIS)
        app.edit(changed(IRIS, 5), "epochs")
        await pilot.press("q")
        await shows(pilot, "was changed and not saved")
        await pilot.press("l")
        await until(pilot, lambda: not app.is_running, "the end")
    assert app.keeper.autosave.path.is_file()


# Opening


async def test_a_path_is_completed_and_opened(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    save(changed(IRIS, 12), folder / "deep.toml")
    async with app_with(tmp_path / "lab").run_test(size=(120, 40)) as pilot:
        app = app_of(pilot)
        await pilot.press("ctrl+o")
        await type_in(pilot, f"{tmp_path}/th")
        await shows(pilot, "there/")
        await pilot.press("tab")
        await shows(pilot, "deep.toml")
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.current and app.current.fit.epochs == 12, "the experiment")
        assert app.edits.file is not None
        assert app.current_mode == "train"


async def test_a_pasted_path_is_opened_and_not_what_was_listed_before(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    for epochs in (3, 4, 5):
        save(changed(IRIS, epochs), folder / f"deep{'er' * (epochs - 3)}.toml")
    async with app_with(tmp_path / "lab").run_test(size=(120, 40)) as pilot:
        app = app_of(pilot)
        await pilot.press("ctrl+o")
        await type_in(pilot, f"{folder}/deeper")
        await shows(pilot, "deeperer.toml")
        await pilot.press("down")  # the mark is on a file that the pasted path is not
        line = pilot.app.screen.query_one(Input)
        line.value = f"{folder}/deep.toml"
        await pilot.press("enter")
        await until(pilot, lambda: app.current and app.current.fit.epochs == 3, "the experiment")


async def test_tab_completes_what_is_typed_and_not_what_was_listed_before(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    for epochs in (3, 4):
        save(changed(IRIS, epochs), folder / f"run{epochs}.toml")
    async with app_with(tmp_path / "lab").run_test(size=(120, 40)) as pilot:
        app = app_of(pilot)
        await pilot.press("ctrl+o")
        await type_in(pilot, f"{folder}/run3")
        await shows(pilot, "run3.toml")
        pilot.app.screen.query_one(Input).value = f"{folder}/run4"
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.current and app.current.fit.epochs == 4, "the experiment")


async def test_a_run_directory_is_opened_as_a_run(tmp_path: Path) -> None:
    run = finished_run(tmp_path, "iris")
    async with app_with(tmp_path / "lab", str(run.path)).run_test(size=(120, 40)) as pilot:
        app = app_of(pilot)
        await until(pilot, lambda: app.shown_run and app.shown_run.id == run.id, "the run")


async def test_everything_wrong_with_a_file_is_told_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    save(IRIS, path)
    lines = [
        line.replace("epochs = ", "epochs = -").replace('optimizer = "', 'optimizer = "x')
        for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join([*lines, "[surprise]", "a = 1"]))
    async with app_with(tmp_path, str(path)).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "bad.toml was not opened")
        number = next(n for n, line in enumerate(lines, 1) if line.startswith("epochs"))
        await shows(pilot, f"line {number}: fit.epochs")
        await shows(pilot, f"line {len(lines) + 1}: surprise is not a field")


@pytest.mark.parametrize(
    ("name", "held", "words"),
    [
        ("x.toml", b"\x7fELF" + bytes(100), "is a program"),
        ("x.csv", b"%PDF-1.7", "a PDF document"),
        ("x.bin", bytes(100), "is binary"),
        ("x.keras", b"PK\x03\x04broken", "a damaged zip file"),
        ("x.h5", b"\x89HDF\r\n\x1a\n", "a damaged HDF5 file"),
        ("x.csv", b"<!DOCTYPE html><html>", "a web page"),
        ("x.pkl", b"\x80\x04\x95", "could execute anything"),
        ("x", b"", "is empty"),
    ],
)
async def test_what_can_not_be_opened_is_called_by_its_name(
    tmp_path: Path, name: str, held: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(held)
    async with app_with(tmp_path, str(path)).run_test(size=(120, 40)) as pilot:
        await shows(pilot, words)
        await shows(pilot, "What can be opened")


async def test_a_table_is_opened_as_data_to_import(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    path.write_text("rooms,price\n3,210\n4,320\n2,180\n")
    async with app_with(tmp_path / "lab", str(path)).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "how it is read")
        await shows(pilot, "houses.csv")
        assert recent.paths() == [path]


@pytest.mark.parametrize(
    ("name", "held", "words"),
    [
        (
            "no-layers.json",
            '{"class_name": "Sequential", "config": {"layers": 3}}',
            "can't be read as",
        ),
        ("cut.parquet", "PAR1 and nothing more", "not a complete Parquet"),
    ],
)
async def test_what_could_not_be_read_is_not_remembered(
    tmp_path: Path, name: str, held: str, words: str
) -> None:
    path = tmp_path / name
    path.write_text(held)
    async with app_with(tmp_path / "lab", str(path)).run_test(size=(120, 40)) as pilot:
        await shows(pilot, words)
        assert recent.paths() == []


async def test_a_model_is_opened_on_inspect(tmp_path: Path) -> None:
    path = tmp_path / "alone.keras"
    keras_file(path)
    async with app_with(tmp_path / "lab", str(path)).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app_of(pilot).current_mode == "inspect", "Inspect")
        await shows(pilot, "alone")
        await until(pilot, lambda: recent.paths() == [path], "it is remembered")


# Code


async def test_code_is_one_key_away_on_every_screen_and_is_written_as_a_notebook(
    tmp_path: Path,
) -> None:
    target = tmp_path / "mine.ipynb"
    async with app_with(tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        app_of(pilot).set_current(IRIS)
        for section in "DMTIR":
            await pilot.press(section)
            await until(
                pilot, lambda s=section: app_of(pilot).current_mode[0].upper() == s, section
            )
            await pilot.press("c")
            await shows(pilot, "import keras")
            await pilot.press("escape")
        await pilot.press("c")
        await shows(pilot, "import keras")
        await pilot.press("n")
        await type_in(pilot, str(target))
        await pilot.press("enter")
        await until(pilot, target.is_file, "the notebook")
        held = json.loads(target.read_text())
        assert (held["nbformat"], held["nbformat_minor"]) == (4, 5)


async def test_copying_says_where_the_text_is_and_why_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_with(tmp_path)
    for name in ("TMUX", "STY", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    async with app.run_test(size=(80, 24)):
        monkeypatch.setenv("TERM", "xterm-256color")
        assert "clipboard" in await clipboard.copy(app, "x = 1")
        assert app.clipboard == "x = 1"
        with pytest.raises(UserError, match="more than terminals take"):
            await clipboard.copy(app, "x" * (clipboard.MOST + 1))
        monkeypatch.setenv("TERM", "linux")
        with pytest.raises(UserError, match="no clipboard"):
            await clipboard.copy(app, "x = 1")
        monkeypatch.setenv("TERM", "screen")
        monkeypatch.setenv("STY", "1.pts")
        with pytest.raises(UserError, match="screen does not pass"):
            await clipboard.copy(app, "x = 1")


# Taking back


async def test_changes_are_taken_back_and_done_again_wherever_the_experiment_is_edited(
    tmp_path: Path,
) -> None:
    async with app_with(tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        app = app_of(pilot)
        app.set_current(IRIS)
        app.edit(changed(IRIS, 7), "epochs")
        for section in "TMD":
            await pilot.press(section)
            await until(pilot, lambda s=section: app.current_mode[0].upper() == s, section)
            await pilot.press("u")
            await until(pilot, lambda: app.current == IRIS, f"undone on {section}")
            await pilot.press("U")
            await until(pilot, lambda: app.current == changed(IRIS, 7), f"redone on {section}")


async def test_a_new_experiment_may_begin_as_a_copy(tmp_path: Path) -> None:
    async with app_with(tmp_path).run_test(size=(120, 40)) as pilot:
        app = app_of(pilot)
        app.set_current(IRIS)
        await pilot.press("ctrl+n")
        await shows(pilot, "What does it begin with?")
        await pilot.press("c")
        await type_in(pilot, "twin")
        await pilot.press("enter")
        path = tmp_path / "experiments" / "twin.toml"
        await until(pilot, path.is_file, "the copy")
        assert load(path).name == "twin"

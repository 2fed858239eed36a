"""Prepare: the steps as a list, their forms, what they do; and a new experiment from data."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import parse
from kerastui.models.preparation.preview import Preview
from kerastui.models.preparation.service import answer
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.data.prepare import PrepareScreen
from kerastui.tui.screens.data.prepare_dialogs import Concerns, Proposed
from kerastui.tui.screens.data.screen import DataScreen
from kerastui.tui.widgets.form_edit import Choose
from kerastui.tui.widgets.row_list import RowList

from .fakes import FakeLauncher, summary
from .pilots import HOSTILE, shows, text, until

WIDE, NARROW = (120, 40), (80, 24)


class Asking(FakeLauncher):
    """Answers questions about preparations in this process; can be held back."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = asyncio.Event()
        self.hold.set()
        self.answers |= {"preview": Preview().look, "summary": self._summary}

    def _summary(self, experiment: dict[str, Any]) -> dict[str, Any]:
        told = summary(experiment)
        return {**told, "data": {**told["data"], "steps": []}}

    async def request(self, name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
        if name.startswith("prepare."):
            await self.hold.wait()
            self.requests.append((name, payload))
            return answer(name, payload)
        return await super().request(name, channel=channel, **payload)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table with a number, a category, an identifier and gaps."""
    lines = ["offer,size,colour,price"]
    for row in range(60):
        size = "" if row == 3 else row % 7 * 100
        lines.append(f"k{row},{size},{('red', 'blue')[row % 2]},{row % 11 * 1000.5}")
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def experiment(path: Path, **data: Any) -> Experiment:
    return parse(
        {
            "name": "own",
            "data": {
                "dataset": "own", "file": {"path": str(path)}, "task": "regression",
                "target": ["price"], "features": ["size", "colour"],
                "steps": [{"step": "missing"}, {"step": "scale", "columns": ["size"]},
                          {"step": "one_hot", "columns": ["colour"]}],
                "split": {"kind": "fraction", "test": 0.2}, **data,
            },
            "model": {"layers": [{"type": "Dense", "units": 1}]},
        }
    )  # fmt: skip


def app_with(current: Experiment | None = None) -> KerasTui:
    app = KerasTui(launcher=Asking())
    if current is not None:
        app.edits.current = app.edits.saved = current
    return app


async def opened(pilot: Any) -> PrepareScreen:
    """Open the preparation and wait until it was carried out."""
    await pilot.app.push_screen(PrepareScreen())
    screen = pilot.app.screen
    assert isinstance(screen, PrepareScreen)
    await until(pilot, lambda: not screen.stale, "what the preparation does")
    await pilot.pause()
    return screen


async def at(pilot: Any, key: str) -> PrepareScreen:
    """Put the cursor on an entry."""
    screen: PrepareScreen = pilot.app.screen
    assert screen.rows.move_to(key)
    await pilot.pause()
    return screen


async def choosing(pilot: Any) -> None:
    """Wait until there is a list to choose from."""
    await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "a list to choose from")
    await until(pilot, lambda: pilot.app.screen.query_one(RowList).key, "its rows")


def steps(app: KerasTui) -> list[str]:
    assert app.current is not None
    return [step.step for step in app.current.data.steps]


async def test_every_step_stands_with_its_shape_and_the_network_below(table: Path) -> None:
    async with app_with(experiment(table)).run_test(size=WIDE) as pilot:
        await opened(pilot)
        for words in ("3 one_hot", "2 of 3", "59×2", "47×3", "3 → 1, 47 train · 12 test"):
            await shows(pilot, words)
        await at(pilot, "step 1")
        await shows(pilot, "mean ")
        await shows(pilot, "the 47 rows that train")


async def test_a_form_changes_the_experiment_and_undo_takes_it_back(table: Path) -> None:
    app = app_with(experiment(table))
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await at(pilot, "step 1")
        await pilot.press("enter", "enter")
        await choosing(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.edits.undoable == "method of scale", "the edit")
        await shows(pilot, "0 … 600")
        await pilot.press("escape", "u")
        await until(pilot, lambda: not app.edits.undoable, "the undo")
        await shows(pilot, "mean ")
        await pilot.press("U")
        await shows(pilot, "0 … 600")


async def test_steps_are_added_duplicated_moved_and_removed(table: Path) -> None:
    app = app_with(experiment(table, features=["size"], steps=[{"step": "missing"}]))
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("a")
        await choosing(pilot)
        await pilot.press(*"scale", "enter")
        await until(pilot, lambda: steps(app) == ["missing", "scale"], "a step scale")
        await until(pilot, lambda: pilot.app.screen.rows.key == "step 1", "the cursor on it")
        await pilot.press("d")
        await until(pilot, lambda: steps(app) == ["missing", "scale", "scale"], "one more")
        await pilot.press("shift+up", "shift+up")
        await until(pilot, lambda: steps(app) == ["scale", "missing", "scale"], "it moved up")
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: steps(app) == ["missing", "scale", "scale"], "it moved down")
        await pilot.press("delete")
        await until(pilot, lambda: steps(app) == ["missing", "scale"], "it was removed")
        await pilot.press("u")
        await until(pilot, lambda: len(steps(app)) == 3, "it is back")


async def test_space_switches_features_with_the_steps_that_name_them(table: Path) -> None:
    app = app_with(experiment(table))
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await at(pilot, "features")
        await shows(pilot, "names the rows")
        await pilot.press("enter")
        screen.feature_rows.move_to("colour")
        await pilot.press("space")
        await until(pilot, lambda: steps(app) == ["missing", "scale"], "the step went too")
        assert app.current is not None
        assert app.current.data.features == ["size"]
        await pilot.press("space")
        await until(pilot, lambda: app.current.data.features == ["size", "colour"], "it is back")
        screen.feature_rows.move_to("price")
        await pilot.press("space")
        assert app.current.data.target == ["price"]
        assert "price" not in app.current.data.features


async def test_an_error_stands_at_its_step_with_what_to_do(table: Path) -> None:
    wrong = [{"step": "scale", "columns": ["size"]}, {"step": "window"}]
    async with app_with(experiment(table, steps=wrong)).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await shows(pilot, "✗ 2 window")
        await shows(pilot, "cannot be trained yet")
        await at(pilot, "step 1")
        await shows(pilot, "Put window first")
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: steps(pilot.app) == ["window", "scale"], "moved")
        await until(pilot, lambda: screen.told["error"]["where"] != 1, "the new trace")


async def test_warnings_are_told_and_cured(table: Path) -> None:
    current = experiment(table, features=["offer", "size", "colour"])
    app = app_with(current)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await shows(pilot, "warning")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, Concerns), "the warnings")
        dialog = pilot.app.screen
        await until(pilot, lambda: dialog.query_one(RowList).key, "their list")
        rows = dialog.query_one(RowList)
        key = next(k for k, c in dialog.concerns.items() if "offer names the rows" in c["sentence"])
        rows.move_to(key)
        await shows(pilot, "leave offer out")
        await shows(pilot, "What would be proposed, and why")
        await pilot.press("enter")
        await until(pilot, lambda: app.edits.undoable == "leave offer out", "the cure")
        assert app.current is not None
        assert app.current.data.features == ["size", "colour"]


class LookingLate(Asking):
    """The look in the background for what may be wrong never comes to an end."""

    async def request(self, name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
        if name == "prepare.concerns" and name not in [asked for asked, _ in self.requests]:
            self.requests.append((name, payload))
            await asyncio.Event().wait()
        return await super().request(name, channel=channel, **payload)


async def test_nothing_is_called_found_before_it_was_looked_for(table: Path) -> None:
    app = KerasTui(launcher=LookingLate())
    app.edits.current = app.edits.saved = experiment(table, features=["offer", "size", "colour"])
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, Concerns), "the warnings")
        await shows(pilot, "offer names the rows")
        assert "Nothing was found" not in text(pilot)


async def test_what_is_old_is_dimmed_until_the_new_is_there(table: Path) -> None:
    app = app_with(experiment(table))
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        app.launcher.hold.clear()  # type: ignore[attr-defined]
        await at(pilot, "step 0")
        await pilot.press("d")
        await until(pilot, lambda: screen.has_class("-stale"), "old shapes are dimmed")
        assert "59×2" in text(pilot)
        app.launcher.hold.set()  # type: ignore[attr-defined]
        await until(pilot, lambda: not screen.has_class("-stale"), "new shapes")


async def test_another_target_is_no_feature_any_more(table: Path) -> None:
    app = app_with(experiment(table))
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await at(pilot, "target")
        await pilot.press("enter", "enter")
        await choosing(pilot)
        await shows(pilot, "names the rows")
        pilot.app.screen.query_one(RowList).move_to("size")
        await pilot.press("enter")
        await until(pilot, lambda: app.current.data.target == ["size"], "another target")
        assert app.current is not None
        assert app.current.data.features == ["colour"]
        assert steps(app) == ["missing", "one_hot"]


async def test_narrow_shows_the_list_then_the_entry(table: Path) -> None:
    async with app_with(experiment(table)).run_test(size=NARROW) as pilot:
        await opened(pilot)
        await at(pilot, "split")
        await pilot.press("enter")
        await shows(pilot, "by class")
        assert "3 one_hot" not in text(pilot)
        await pilot.press("escape")
        await shows(pilot, "3 one_hot")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, PrepareScreen), "left")


async def test_hostile_names_are_shown_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "hostile.csv"
    cells = "".join(f"{n},{HOSTILE},{n % 2}\n" for n in range(30))
    path.write_text(f"{HOSTILE},b\x1b[31m,y\n{cells}")
    current = experiment(path, target=["y"], task="binary", features=[], steps=[])
    async with app_with(current).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await at(pilot, "features")
        await shows(pilot, "[/x] list[int]")
        assert "\x1b" not in text(pilot)
        await pilot.press("w")
        await shows(pilot, "What may be wrong")
        assert "\x1b" not in text(pilot)


# A new experiment from the Data screen


async def on_data(pilot: Any, name: str) -> DataScreen:
    await pilot.press("D")
    await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen), "the Data screen")
    screen: DataScreen = pilot.app.screen
    await until(pilot, lambda: screen.located, "where the data are")
    screen.visit(name)
    await pilot.pause()
    return screen


async def test_a_data_set_becomes_an_experiment_with_reasons() -> None:
    app = app_with()
    async with app.run_test(size=WIDE) as pilot:
        await on_data(pilot, "wine")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, Proposed), "the proposal")
        await shows(pilot, "The data set itself names it.")
        await shows(pilot, "sparse_categorical_crossentropy")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PrepareScreen), "its preparation")
        assert app.current is not None
        assert (app.current.name, app.current.data.task) == ("wine", "multiclass")
        assert app.edits.changed


async def test_another_target_is_chosen_before_the_start() -> None:
    app = app_with()
    async with app.run_test(size=WIDE) as pilot:
        await on_data(pilot, "wine")
        await pilot.press("n")
        await shows(pilot, "softmax")
        await pilot.press("t")
        await shows(pilot, "type to search")
        await pilot.press(*"alcohol", "enter")
        await shows(pilot, "You chose it.")
        await shows(pilot, "regression")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen), "back")
        assert app.current is None


async def test_the_preparation_opens_for_the_data_of_the_current_experiment() -> None:
    current = parse({"name": "mine", "data": {"dataset": "wine", "task": "multiclass"},
                     "model": {"layers": [{"type": "Dense", "units": 3}]}})  # fmt: skip
    async with app_with(current).run_test(size=WIDE) as pilot:
        await on_data(pilot, "wine")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, PrepareScreen), "its preparation")
        await pilot.press("escape")
        await on_data(pilot, "diabetes")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, Proposed), "a new experiment")


async def test_data_without_columns_say_that_there_are_none_to_choose() -> None:
    current = parse({"name": "mine", "data": {"dataset": "digits", "task": "multiclass"},
                     "model": {"layers": [{"type": "Flatten"},
                                          {"type": "Dense", "units": 10}]}})  # fmt: skip
    async with app_with(current).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await at(pilot, "target")
        await shows(pilot, "each sample has one")
        await at(pilot, "features")
        await shows(pilot, "A whole sample is one input")

"""Runs side by side, found and kept: the Runs screen and the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastui.models import shipped
from kerastui.models.experiment.toml import save
from kerastui.models.runs import archive as run_archive
from kerastui.models.runs import notes as run_notes
from kerastui.models.runs.store import Run, Workspace
from kerastui.models.studies import store as study_store
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.compare.screen import CompareScreen
from kerastui.tui.screens.runs.screen import RunsScreen
from kerastui.tui.widgets.loss_chart import LossChart
from kerastui.tui.widgets.row_list import RowList

from .fakes import FakeLauncher, append, change, finished_run
from .pilots import HOSTILE, shows, text, until

WIDE, SMALL = (120, 40), (80, 24)


def make(root: Path) -> list[Run]:
    """Write three runs that differ; the newest last."""
    runs = []
    for place, changes in enumerate(
        ({}, {"model.layers.0.units": 20}, {"compile.optimizer.learning_rate": 0.01})
    ):
        run = finished_run(
            root, f"exp{place}", day=f"2026010{place + 1}-000000",
            figures={"test.accuracy": 0.9 + place / 100, "test.loss": 0.3},
        )  # fmt: skip
        save(shipped.experiment("a05").changed(changes), run.path / "experiment.toml")
        runs.append(run)
    return runs


def screen(app: KerasTui) -> RunsScreen:
    found = app.screen
    assert isinstance(found, RunsScreen)
    return found


@pytest.fixture
def runs(own_home: Path) -> list[Run]:
    return make(own_home / "saved")


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_marked_runs_stand_side_by_side(runs: list[Run], size: tuple[int, int]) -> None:
    change(runs[0], name=HOSTILE)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=size) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("space", "space", "space")
        await shows(pilot, "3 marked")
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen), "the comparison")
        await shows(pilot, "optimizer · learning rate  0.01  0.001  0.001")
        await shows(pilot, HOSTILE)
        compared = app.screen
        assert isinstance(compared, CompareScreen)
        found = compared.comparison
        assert found
        assert [one.run.id for one in found.runs] == [run.id for run in reversed(runs)]
        assert {row.path: row.best for row in found.figures}["test.accuracy"] == {0}
        assert [one.words for one in found.settings] == [
            "layer 1 Dense · units", "optimizer · learning rate",
        ]  # fmt: skip
        if size == WIDE:
            await shows(pilot, "◆ 0.92")
        chart = app.screen.query_one("#compare-first", LossChart)
        await shows(pilot, "A─")
        await pilot.press("x")
        await shows(pilot, "over time")
        await pilot.press("x", "plus", "y", "m", "z")
        await until(pilot, lambda: chart.look.smoothing == 0.3 and chart.look.log, "the look")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen), "the runs")
        assert screen(app).marked


async def test_a_comparison_follows_a_run_that_goes_on(runs: list[Run]) -> None:
    change(runs[2], status="running", host="elsewhere", pid=1, epoch=5)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("space", "space", "equals_sign")
        await shows(pilot, "● running")
        append(runs[2], "epochs", first=6, logs={"loss": [0.01]}, seconds=1.0)
        change(runs[2], status="finished", epoch=6)
        await until(
            pilot,
            lambda: (
                isinstance(app.screen, CompareScreen)
                and app.screen.comparison
                and not app.screen.comparison.active
            ),
            "the end of the run",
        )
        await shows(pilot, "0.01 @ 6")
        app.screen.query_one("#compare-first", LossChart).focus()
        await pilot.press("end")
        await shows(pilot, "A─  0.01000  B─  –")


async def test_one_run_alone_says_how_more_are_marked(runs: list[Run]) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("equals_sign")
        await shows(pilot, "Space marks them")


async def test_a_member_of_a_study_brings_its_variants(runs: list[Run]) -> None:
    for place, run in enumerate(runs):
        change(run, name="same", study="s", variant=f"variant {place % 2}")
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("equals_sign")
        await shows(pilot, "2 runs")
        await shows(pilot, "A  variant 0")
        await shows(pilot, "B  variant 1")


async def test_train_holds_the_variants_of_its_study_side_by_side(
    runs: list[Run], own_home: Path
) -> None:
    study = study_store.create(Workspace(own_home / "saved"), shipped.experiment("c03"))
    for place, run in enumerate(runs):
        change(run, name="same", study=study.id, variant=f"variant {place}")
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        app.show_study(study)
        await until(pilot, lambda: app.current_mode == "train", "the Train screen")
        await until(pilot, lambda: app.screen.check_action("compare", ()), "its members")
        await pilot.press("v")
        await shows(pilot, "C  variant 2")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, CompareScreen), "the study")
        assert app.current_mode == "train"


async def test_a_study_of_many_says_how_many_are_shown(own_home: Path) -> None:
    for place in range(10):
        run = finished_run(own_home / "saved", f"m{place}", day=f"20260101-0000{place:02}")
        save(shipped.experiment("a05"), run.path / "experiment.toml")
        change(run, name="same", study="s", variant=f"variant {place}")
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("R")
        await shows(pilot, "10 runs")
        await pilot.press("equals_sign")
        await shows(pilot, "The first 8 of 10")
        await shows(pilot, "A  variant 0")


async def test_the_filter_works_while_it_is_typed(runs: list[Run]) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("f", *"acc>0.905")
        await shows(pilot, "2 of 3 runs")
        await shows(pilot, "acc is test.accuracy")
        await pilot.press("space", *"units")
        await shows(pilot, "has no sign")
        await shows(pilot, "2 of 3 runs")
        await pilot.press(*"=20")
        await shows(pilot, "may be several")
        for _ in "units=20":
            await pilot.press("backspace")
        await pilot.press(*"lr=0.01")
        await shows(pilot, "1 of 3 runs")
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is screen(app).query_one(RowList), "the list")
        await until(pilot, lambda: screen(app).query_one(RowList).key == runs[2].id, "its row")
        await pilot.press("escape")
        await until(pilot, lambda: "of 3 runs" not in text(pilot), "all runs")
        await until(pilot, lambda: len(screen(app).query_one(RowList).shown) == 3, "three rows")


async def test_the_order_changes_and_pinned_runs_stay_on_top(runs: list[Run]) -> None:
    change(runs[0], figures={"test.accuracy": 0.99})
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        rows = screen(app).query_one(RowList)

        def order() -> list[str]:
            return [row.key for row in rows.shown]

        await until(
            pilot, lambda: order() == [run.id for run in reversed(runs)], "the newest first"
        )
        await pilot.press("o")
        await shows(pilot, "best ▾")
        await until(
            pilot, lambda: order() == [runs[0].id, runs[2].id, runs[1].id], "the best first"
        )
        await pilot.press("end", "asterisk")
        await until(pilot, lambda: order()[0] == runs[1].id, "the pinned run on top")
        await shows(pilot, "★")
        await until(pilot, lambda: run_notes.read(runs[1].path).pinned, "the pin on disk")
        await pilot.press("home", "asterisk")
        await until(pilot, lambda: order()[0] == runs[0].id, "the pin gone")


async def test_tags_and_notes_are_written_and_found(runs: list[Run]) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("space", "space", "t")
        await shows(pilot, "tags of 2 runs")
        await pilot.press(*"a:b", "enter")
        await shows(pilot, "can't be a tag")
        for _ in "a:b":
            await pilot.press("backspace")
        await pilot.press(*"best", "enter")
        await until(
            pilot,
            lambda: [run_notes.read(run.path).tags for run in runs] == [(), ("best",), ("best",)],
            "both tags",
        )
        await shows(pilot, "#best")
        await pilot.press("escape")
        await pilot.press("n")
        await shows(pilot, "note on exp0")
        await pilot.press(*"[/x]", "enter")
        await shows(pilot, "exp0  [/x]")
        await pilot.press("f", *"tag:best")
        await shows(pilot, "2 of 3 runs")


async def test_several_runs_go_and_come_back_together(runs: list[Run]) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("space", "space", "delete")
        await shows(pilot, "1 run")
        await until(pilot, lambda: not runs[2].path.exists(), "the run gone")
        await pilot.press("delete")
        await shows(pilot, "No runs yet")
        await pilot.press("u")
        await shows(pilot, "1 run")
        await until(pilot, lambda: len(screen(app).query_one(RowList).shown) == 1, "one run")
        await pilot.press("u")
        await shows(pilot, "3 runs")
        assert all(run.path.exists() for run in runs)
    assert all(run.path.exists() for run in runs)


async def test_runs_are_exported_from_the_list(
    runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("x", "z")
        await shows(pilot, "Into which folder?")
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / f"{runs[2].id}.zip").exists(), "the zip")
        await pilot.press("x", "z")
        await shows(pilot, "Into which folder?")
        await pilot.press("enter")
        await shows(pilot, "is there already")
        await pilot.press("escape", "x", "b")
        await shows(pilot, "--logdir")
        await pilot.press("enter")
        await until(pilot, lambda: list(tmp_path.rglob("*tfevents*")), "the event file")


async def test_a_packed_run_opens_in_the_app(
    runs: list[Run], tmp_path: Path, own_home: Path
) -> None:
    packed = run_archive.pack(runs[0], tmp_path / "x.zip")
    for run in runs:
        run.remove()
    for _ in range(2):
        app: Any = KerasTui(file=str(packed.path), launcher=FakeLauncher())
        async with app.run_test(size=WIDE) as pilot:
            await until(pilot, lambda a=app: a.shown_run is not None, "the run")
            assert app.shown_run.id == runs[0].id
            await until(pilot, lambda a=app: a.current_mode == "train", "the Train screen")
    assert [one.name for one in (own_home / "saved" / "runs").iterdir()] == [runs[0].id]

"""`kerastui check`: the app is driven as by a user, and what it shows is what is reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.runs import Workspace
from kerastui.tui import checking
from kerastui.tui.checking import Checked
from kerastui.tui.commands.root import app

from .fakes import FakeLauncher


async def checked(home: Path, *names: str, launcher: FakeLauncher, **how: Any) -> list[Checked]:
    found = checking.check(names, workspace=home, launcher=launcher, limit=60, **how)
    return [one async for one in found]


async def test_figures_are_those_of_the_learn_screen(tmp_path: Path) -> None:
    launcher = FakeLauncher()
    (one,) = await checked(tmp_path, "a13-learning-curves", launcher=launcher)
    assert one.status == "finished"
    assert [run.info().name for run in launcher.ran] == ["a13-learning-curves"]
    # The fake reaches nothing that this example publishes, and that is no success.
    assert {verdict.state for verdict in one.verdicts} == {"missing"}
    assert not one.right


async def test_a_figure_that_is_missed_with_one_seed_is_judged_over_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the fake reaches is outside of what this example accepts.
    launcher = FakeLauncher()
    figures = [{"figure": "test.accuracy", "band": [0.0, 0.1]}]
    changed = shipped.experiment("a13-learning-curves").changed({"published": figures})
    monkeypatch.setattr(shipped, "experiment", lambda _name: changed)
    monkeypatch.setitem(shipped.entry("a13").plain, "published", figures)
    (one,) = await checked(tmp_path, "a13-learning-curves", launcher=launcher)
    assert [run.info().seed for run in launcher.ran] == [1, 1, 2, 3, 4, 5]
    assert one.seeds == checking.SEEDS
    assert not one.right


async def test_fast_only_asks_whether_it_works(tmp_path: Path) -> None:
    launcher = FakeLauncher()
    (one,) = await checked(tmp_path, "a13-learning-curves", launcher=launcher, fast=True)
    assert one.right
    assert one.verdicts == ()
    assert launcher.ran[0].info().epochs == checking.FAST_EPOCHS


async def test_a_study_ends_with_its_last_member(tmp_path: Path) -> None:
    launcher = FakeLauncher()
    names = ("a16-dropout", "a13-learning-curves")
    study, run = await checked(tmp_path, *names, launcher=launcher, fast=True)
    assert study.right
    assert run.right
    assert [one.info().variant for one in launcher.ran] == ["with dropout", "without", ""]


async def test_seeds_repeat_an_example(tmp_path: Path) -> None:
    launcher = FakeLauncher()
    await checked(tmp_path, "a13-learning-curves", launcher=launcher, seeds=3, fast=True)
    assert [run.info().seed for run in launcher.ran] == [1, 2, 3]


async def test_a_run_that_fails_is_a_miss_that_says_why_and_the_next_follows(
    tmp_path: Path,
) -> None:
    launcher = FakeLauncher(failure=UserError("The weights are gone.", "Look for them."))
    names = ("a13-learning-curves", "a18-early-stopping")
    found = await checked(tmp_path, *names, launcher=launcher)
    assert [(one.name, one.status, one.problem) for one in found] == [
        (name, "failed", "The weights are gone.") for name in names
    ]
    assert not any(one.right for one in found)


async def test_an_example_without_its_data_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_has_data", lambda _name: False)
    launcher = FakeLauncher()
    (one,) = await checked(tmp_path, "a13-learning-curves", launcher=launcher)
    assert one.skipped
    assert not one.right
    assert launcher.ran == []


async def test_what_takes_too_long_is_stopped(tmp_path: Path) -> None:
    launcher = FakeLauncher(pace=0.05)
    names = ("a13-learning-curves",)
    found = checking.check(names, workspace=tmp_path, launcher=launcher, limit=0.2)
    (one,) = [one async for one in found]
    assert one.status == "not shown"
    assert "was stopped" in one.problem
    assert b'"stop"' in Workspace(tmp_path).runs()[0].commands.read_bytes()


# --- the command ----------------------------------------------------------------------------


def command(monkeypatch: pytest.MonkeyPatch, *found: Checked, words: tuple[str, ...]) -> Any:
    """Run the command with an app that reaches what is given."""

    async def check(names: list[str], **_: Any) -> Any:
        for one in found:
            yield one

    monkeypatch.setattr(checking, "check", check)
    return CliRunner().invoke(app, ["check", *words])


FINE = Checked("a13-learning-curves", "finished", 2.5)
FAILED = Checked("a05-ionosphere", "failed", 1.0, problem="No memory.")
ABSENT = Checked("d02-imdb", "no data")


@pytest.mark.parametrize(
    ("found", "words", "code"),
    [
        ((FINE,), ("a13",), 0),
        ((FINE, FAILED), ("--all",), 1),
        ((FINE, ABSENT), ("--all",), 0),
        ((FINE, ABSENT), ("a13", "d02"), 1),
        ((ABSENT,), ("--all",), 1),
    ],
)
def test_a_miss_gives_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, found: tuple[Checked, ...], words: tuple[str, ...], code: int
) -> None:
    assert command(monkeypatch, *found, words=words).exit_code == code


def test_the_table_and_the_json_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = command(monkeypatch, FINE, FAILED, words=("--all", "--fast")).stdout
    assert "a13-learning-curves" in text
    assert "✓ works" in text
    assert "No memory." in text
    assert "1 of 2 right" in text
    plain = json.loads(command(monkeypatch, FINE, FAILED, words=("--all", "--json")).stdout)
    assert [one["right"] for one in plain] == [True, False]
    assert plain[1]["problem"] == "No memory."

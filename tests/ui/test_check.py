"""`kerastui check`: the app is driven as by a user, and what it shows is what is reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import Located
from kerastui.models import shipped
from kerastui.models.runs.store import Workspace
from kerastui.tui import checking
from kerastui.tui.checking import Checked
from kerastui.tui.commands.output import UsageError
from kerastui.tui.commands.root import app
from kerastui.tui.labs.base import Result

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


# --- labs -----------------------------------------------------------------------------------


async def test_a_lab_is_opened_and_its_figures_are_those_of_its_screen(tmp_path: Path) -> None:
    names = ("b01-neuron", "b04-softmax", "b03-weight-bias")
    found = await checked(tmp_path, *names, launcher=FakeLauncher())
    assert [(one.name, one.status, one.right) for one in found] == [
        (name, "finished", True) for name in names
    ]
    assert [result.label for result in found[0].results] == ["sum"]
    assert all(result.right for one in found for result in one.results)


async def test_a_lab_that_computes_something_else_is_a_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "kerastui.tui.labs.neuron.NeuronScreen.results",
        property(lambda self: (Result("sum", "0.8", "0.9", False),), lambda self, value: None),
        raising=False,
    )
    (one,) = await checked(tmp_path, "b01-neuron", launcher=FakeLauncher())
    assert one.status == "finished"
    assert not one.right


async def test_a_lab_that_never_answers_is_a_miss_and_the_next_follows(tmp_path: Path) -> None:
    names = ("b06-mandelbrot", "b04-softmax")
    found = checking.check(names, workspace=tmp_path, launcher=FakeLauncher(), limit=0.5)
    silent, fine = [one async for one in found]
    assert silent.status == "not shown"
    assert "a figure" in silent.problem
    assert fine.right


async def test_the_digits_are_checked_on_the_data_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Digits(FakeLauncher):
        shape = [60_000, 28, 28]  # noqa: RUF012

        async def request(self, name: str, **payload: Any) -> dict[str, Any]:
            if name != "preview":
                return await super().request(name, **payload)
            path = tmp_path / "digits.npy"
            np.save(path, np.zeros((25, 28, 28), np.uint8))
            parts = {"train": self.shape, "test": [10_000, 28, 28]}
            return {"kind": "pictures", "rows": 70_000, "parts": parts, "file": str(path),
                    "labels": ["5"] * 25}  # fmt: skip

    here = Located(tmp_path, "", True, "KERASTUI_DATA")
    monkeypatch.setattr("kerastui.datasets.fetch.locate", lambda _card: here)
    (one,) = await checked(tmp_path, "a08-mnist-browse", launcher=Digits())
    assert one.right
    assert [result.got for result in one.results] == ["(60000, 28, 28)", "(10000, 28, 28)"]
    monkeypatch.setattr(Digits, "shape", [60_000, 27, 27])
    (one,) = await checked(tmp_path, "a08-mnist-browse", launcher=Digits())
    assert not one.right
    monkeypatch.setattr("kerastui.datasets.fetch.locate", lambda _card: None)
    (one,) = await checked(tmp_path, "a08-mnist-browse", launcher=Digits())
    assert one.skipped


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


def test_labs_stand_in_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    results = (Result("sum", "0.8", "0.8", True), Result("product", "2", "3", False))
    lab = Checked("b01-neuron", "finished", 0.5, results=results)
    outcome = command(monkeypatch, FINE, lab, words=("--all",))
    assert outcome.exit_code == 1
    assert "✓ agrees" in outcome.stdout
    assert "✗ differs" in outcome.stdout
    assert "1 of 2 right" in outcome.stdout
    plain = json.loads(command(monkeypatch, lab, words=("b01", "--json")).stdout)
    assert [figure["right"] for figure in plain[0]["figures"]] == [True, False]


def test_all_names_examples_and_labs_and_what_has_no_figures_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def check(names: list[str], **_: Any) -> Any:
        asked.extend(names)
        yield FINE

    monkeypatch.setattr(checking, "check", check)
    assert CliRunner().invoke(app, ["check", "--all"]).exit_code == 0
    assert asked == sorted(asked)
    assert {"a05-ionosphere", "a08-mnist-browse", "b04-softmax"} <= set(asked)
    assert "c01-framework" not in asked
    asked.clear()
    assert CliRunner().invoke(app, ["check", "b04", "a05"]).exit_code == 0
    assert asked == ["b04-softmax", "a05-ionosphere"]
    refused = CliRunner().invoke(app, ["check", "c01"])
    assert isinstance(refused.exception, UsageError)
    assert "no figures" in str(refused.exception)


def test_the_table_and_the_json_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = command(monkeypatch, FINE, FAILED, words=("--all", "--fast")).stdout
    assert "a13-learning-curves" in text
    assert "✓ works" in text
    assert "No memory." in text
    assert "1 of 2 right" in text
    plain = json.loads(command(monkeypatch, FINE, FAILED, words=("--all", "--json")).stdout)
    assert [one["right"] for one in plain] == [True, False]
    assert plain[1]["problem"] == "No memory."

"""The command line: wrong usage, pure JSON, and what is listed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.runs.store import Run
from kerastui.tui import cli
from kerastui.tui.commands.output import UsageError, write_json

from .command_line import kerastui, run

__all__ = ["kerastui", "run"]


# --- wrong usage ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["exampels"], "Did you mean kerastui examples?"),
        (["run", "a05-ionosfere"], "Did you mean a05-ionosphere"),
        (["run", "nowhere.toml"], "can't be read"),
        (["run", "a13", "--set", "fit.epochs"], "--set takes PATH=VALUE"),
        (["run", "a13", "--set", "fit.epochs=many"], "fit.epochs"),
        (["run", "a13", "--set", "fit.epoch=3"], "fit.epoch"),
        (["run", "a13", "--set", "model.layers.7.units=3"], "model.layers.7.units"),
        (["run", "a13", "--execution", "quick"], "execution"),
        (["run", "a13", "--backend", "theano"], "backend"),
        (["run", "a13", "--seed", "-1"], "seed"),
        (["run"], "NAME|FILE"),
        (["run", "--colour"], "No such option"),
        (["a05"], "kerastui run a05"),
        (["--nonsense"], "There is no option --nonsense"),
        (["--workspace"], "--workspace needs a directory"),
        (["one", "two"], "opens one file"),
        (["data", "info", "irys"], "iris"),
        (["data", "fetch", "irys"], "iris"),
        (["runs", "show", "nothing"], "No run 'nothing'"),
        (["code", "a99-none"], "There is no example"),
        (["check"], "or all with --all"),
        (["check", "a05", "--all"], "or all with --all"),
        (["check", "a99-none"], "There is no example"),
    ],
)
def test_wrong_usage_is_told_in_plain_words_with_exit_code_2(
    kerastui: Any, words: list[str], said: str
) -> None:
    outcome = kerastui(*words)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.out == ""


def test_a_file_needs_a_terminal_to_be_opened(kerastui: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("name = 'mine'")
    outcome = kerastui(str(file))
    assert outcome.code == 2
    assert f"kerastui run {file}" in outcome.err


def test_a_broken_file_is_told_by_place(kerastui: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("name = \n")
    outcome = kerastui("run", str(file))
    assert outcome.code == 2
    assert "mine.toml is no valid TOML" in outcome.err
    assert "line 1" in outcome.err


def test_a_workspace_that_cannot_be_written_is_failed_work(kerastui: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = kerastui("run", "a13", "--workspace", str(tmp_path / "file"))
    assert outcome.code == 1
    assert "No run can be saved" in outcome.err


# --- what is listed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [["examples", "--json"], ["runs", "--json"], ["runs", "list", "--json"], ["data", "--json"],
     ["data", "info", "mnist", "--json"]],
)  # fmt: skip
def test_json_is_alone_on_standard_output(kerastui: Any, words: list[str]) -> None:
    outcome = kerastui(*words)
    assert outcome.code == 0
    json.loads(outcome.out)


def test_examples_are_listed_with_their_figures(kerastui: Any) -> None:
    text = kerastui("examples").out
    assert "a05-ionosphere" in text
    assert "accuracy 0.94" in text
    listed = json.loads(kerastui("examples", "--json").out)
    trained = [entry["name"] for entry in listed if not entry["lab"]]
    assert trained == [entry.name for entry in shipped.index()]
    assert "b04-softmax" in {entry["name"] for entry in listed if entry["lab"]}


def test_the_help_names_every_command_and_the_app(kerastui: Any) -> None:
    text = kerastui("--help").out
    for command in cli.COMMANDS:
        assert command in text
    assert "Without a command kerastui opens the app" in text


def test_typer_knows_exactly_the_commands_of_the_fast_path() -> None:
    from typer.main import get_command

    from kerastui.tui.commands.root import app

    assert set(get_command(app).commands) == set(cli.COMMANDS)  # type: ignore[attr-defined]


def test_the_version_is_told(kerastui: Any) -> None:
    assert kerastui("--version").out.startswith("kerastui ")


def test_the_workspace_may_stand_before_the_command(kerastui: Any, run: Run) -> None:
    root = run.path.parent.parent
    before = kerastui("--workspace", str(root), "runs", "list").out
    assert run.id in before
    assert kerastui("runs", "--workspace", str(root), "list").code == 0
    assert run.id in kerastui("runs", "list", "--workspace", str(root)).out


def test_the_app_starts_without_what_only_the_commands_need() -> None:
    heavy = ["typer", "rich.progress", "pydantic", "tensorflow", "keras", "pandas", "sklearn"]
    program = (
        f"import sys, kerastui.tui.cli; print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m kerastui.tui.cli examples --json | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "[\n"
    assert done.stderr == ""


# --- what is written ------------------------------------------------------------------------


def test_json_never_holds_what_json_has_no_word_for(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"loss": float("nan"), "list": [float("inf"), 1.0]})
    assert json.loads(capsys.readouterr().out) == {"loss": None, "list": [None, 1.0]}


def test_usage_errors_are_user_errors() -> None:
    assert issubclass(UsageError, UserError)


def test_code_takes_a_run_by_its_id_and_writes_notebooks(
    kerastui: Any, run: Run, tmp_path: Path
) -> None:
    workspace = str(run.path.parents[1])
    printed = kerastui("code", run.id, "--workspace", workspace)
    assert printed.code == 0
    assert "import keras" in printed.out
    target = tmp_path / "run.ipynb"
    assert kerastui("code", run.id, "--workspace", workspace, "-o", str(target)).code == 0
    held = json.loads(target.read_text())
    assert held["cells"][0]["cell_type"] == "markdown"

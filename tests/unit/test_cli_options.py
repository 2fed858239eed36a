"""Options of the command line: what `--set` takes, and which experiment a word names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.library import Library, OwnFile
from kerastui.models import shipped
from kerastui.models.experiment.toml import save
from kerastui.models.runs.store import Run
from kerastui.tui.commands import options

from .command_line import run

__all__ = ["run"]


PATHS = st.from_regex(r"[a-z_]+(\.[a-z0-9_]+){0,3}", fullmatch=True)


@given(PATHS, st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_and_truth_values_come_through(path: str, value: Any) -> None:
    written = str(value).lower() if isinstance(value, bool) else repr(value)
    integers_fit = not isinstance(value, int) or abs(value) < 2**63
    found = options.changes([f"{path}={written}"])[path]
    if integers_fit:
        assert found == value
        assert type(found) is type(value)


@given(PATHS, st.text(min_size=1))
def test_any_text_comes_through_in_quotes(path: str, text: str) -> None:
    quoted = json.dumps(text).replace("\x7f", "\\u007f")
    if "\\ud" not in quoted:
        assert options.changes([f"{path}={quoted}"]) == {path: text}


@given(PATHS, st.text())
def test_any_text_at_all_is_read_without_an_error(path: str, text: str) -> None:
    found = options.changes([f"{path}={text}"])
    assert list(found) == [path]
    json.dumps(found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("adam", "adam"),
        ("[1, 2]", [1, 2]),
        ('{ type = "SGD", learning_rate = 0.1 }', {"type": "SGD", "learning_rate": 0.1}),
        ("1\nfit = 2", "1\nfit = 2"),
        ("2024-01-01", "2024-01-01"),
        ("a=b", "a=b"),
        ("", None),
    ],
)
def test_values_are_toml_or_text(text: str, value: Any) -> None:
    assert options.changes([f"x={text}"]) == {"x": value}


def test_a_change_without_a_path_is_refused() -> None:
    with pytest.raises(UserError, match="PATH=VALUE"):
        options.changes(["=3"])


def test_an_experiment_is_found_by_id_name_file_run_and_in_the_workspace(
    run: Run, tmp_path: Path
) -> None:
    from kerastui.models.experiment.toml import save

    wanted = shipped.experiment("a13-learning-curves")
    root = run.path.parent.parent
    save(wanted, root / "experiments" / "mine.toml")
    for source in (
        "a13",
        "a13-learning-curves",
        str(run.path),
        str(root / "experiments/mine.toml"),
    ):
        assert options.experiment(source) == wanted
    assert options.experiment("mine", root) == wanted


def test_a_file_that_only_names_an_own_file_gets_what_is_remembered(tmp_path: Path) -> None:
    own = OwnFile.model_validate(
        {"task": "binary", "target": ["y"], "file": {"path": "/rare.csv", "delimiter": "bar"}}
    )
    Library(tmp_path / "lab").add("rare", own)
    wanted = shipped.experiment("a05").changed(
        {"data.dataset": "rare", "data.target": [], "data.steps": []}
    )
    save(wanted, tmp_path / "e.toml")
    found = options.experiment(str(tmp_path / "e.toml"), tmp_path / "lab")
    assert found.data.file == own.file
    assert found.data.target == ["y"]
    # What is kept of a run needs the workspace no more.
    save(found, tmp_path / "whole.toml")
    assert options.experiment(str(tmp_path / "whole.toml"), tmp_path / "other") == found
    assert options.experiment(str(tmp_path / "e.toml"), tmp_path / "other") == wanted

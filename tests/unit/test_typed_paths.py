"""What is typed as a path: the home folder is meant by ~, and what can be none is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastui.datasets.errors import UserError
from kerastui.tui.paths import expanded
from kerastui.tui.screens.code import wrong

NO_PATHS = ["~nobody-is-called-so/a", "a" * 300]


def test_a_path_is_made_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert expanded("~/a") == expanded("a") == tmp_path / "a"


@pytest.mark.parametrize("typed", NO_PATHS, ids=["no such home", "too long"])
def test_what_can_be_no_path_is_refused(typed: str) -> None:
    with pytest.raises(UserError, match="That is no path"):
        expanded(typed)
    assert wrong(typed)

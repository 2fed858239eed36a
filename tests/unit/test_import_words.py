"""What an import says of a file in its first line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastui.datasets.files.sniff import sniff
from kerastui.tui.screens.data import importing_look
from kerastui.tui.widgets.data_grid_cells import clean


@pytest.mark.parametrize(
    ("text", "told"),
    [("1.5\n2.5\n3.5\n", "3 rows · 1 column"), ("a,b,c\n1,2,x\n", "1 row · 3 columns")],
)
def test_one_row_and_one_column_are_not_many(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "some.csv"
    path.write_text(text)
    assert importing_look.headline(sniff(path)).plain.endswith(told)


def test_the_sign_for_control_characters_is_the_one_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("a,b\n\x1bx,1\ny,2\n")
    assert clean("\x1b") in importing_look.doubts(sniff(path)).plain

"""What an import says of a file in its first line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastui.datasets.files.sniff import sniff
from kerastui.tui.screens import data_import_look


@pytest.mark.parametrize(
    ("text", "told"),
    [("1.5\n2.5\n3.5\n", "3 rows · 1 column"), ("a,b,c\n1,2,x\n", "1 row · 3 columns")],
)
def test_one_row_and_one_column_are_not_many(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "some.csv"
    path.write_text(text)
    assert data_import_look.headline(sniff(path)).plain.endswith(told)

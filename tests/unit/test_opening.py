"""What a path that was given holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import opening


def test_a_file_that_is_not_there_names_those_that_are_like_it(tmp_path: Path) -> None:
    (tmp_path / "health.csv").write_text("a\n1\n")
    with pytest.raises(UserError, match="There is no") as told:
        opening.identify(tmp_path / "health")
    assert told.value.hint == "Did you mean health.csv?"

"""A folder that is there only once somebody asked for it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from kerastui.tui.scratch import Scratch


def test_a_folder_is_made_when_it_is_asked_for_and_removed_with_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scratch = Scratch()
    assert not list(tmp_path.iterdir())
    (scratch.path / "a.npy").write_bytes(b"1")
    assert scratch.path == scratch.path == next(tmp_path.iterdir())
    scratch.remove()
    assert not list(tmp_path.iterdir())
    scratch.remove()

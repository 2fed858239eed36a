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


def test_what_is_only_written_is_told_with_what_can_be_opened(tmp_path: Path) -> None:
    lite, onnx, saved = tmp_path / "phone.bin", tmp_path / "m.onnx", tmp_path / "saved"
    lite.write_bytes(b"\x1c\0\0\0TFL3" + bytes(range(200)))
    onnx.write_bytes(b"\x08\x08\x12\x07tf2onnx" + bytes(range(200)))
    saved.mkdir()
    (saved / "saved_model.pb").write_bytes(b"\x08\x01")
    for path, form in ((lite, "LiteRT"), (onnx, "ONNX"), (saved, "SavedModel")):
        with pytest.raises(UserError, match=f"{path.name} is a network in .*{form}") as told:
            opening.identify(path)
        assert "does not read; open the .keras" in told.value.message
        assert ".keras" in told.value.hint

"""`kerastui data` with own files: add, list, info, forget."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from kerastui.tui import cli

from .test_datasets_sniff import GERMAN, put


@pytest.fixture
def data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Run `kerastui data` in this process; returns the exit code and what it wrote."""
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path / "saved"))

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kerastui", "data", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "\x1b" not in out + err
        return int(ended.value.code or 0), out, err

    return call


def test_add_list_info_forget(data: Any, tmp_path: Path) -> None:
    path = put(tmp_path, GERMAN, "sales.csv")
    code, out, _ = data("add", str(path))
    assert code == 0
    assert "Semicolons between the cells." in out
    assert "sales: 40 rows, binary, imported." in out
    assert "sales" in data("list")[1].splitlines()[1]
    listed = json.loads(data("list", "--json")[1])
    assert listed[0]["name"] == "sales"
    assert listed[0]["verified"] is True
    _, out, _ = data("info", "sales")
    assert str(path) in out
    assert "delimiter ';'" in out
    path.write_text(GERMAN + "\n")
    assert "changed since it was imported" in data("info", "sales")[1]
    path.unlink()
    assert f"no; it was {path}" in data("info", "sales")[1]
    assert data("forget", "sales")[0] == 0
    assert str(path.name) not in data("list")[1]
    code, _, err = data("forget", "sales")
    assert code == 2
    assert "no own file called 'sales'" in err


def test_settings_and_names(data: Any, tmp_path: Path) -> None:
    path = put(tmp_path, "1;2,5\n3;4,5\n", "x.csv")
    code, out, _ = data("add", str(path), "--name", "pairs", "--set", "header=yes",
                        "--set", 'names=["a", "b"]', "--json")  # fmt: skip
    assert code == 0
    told = json.loads(out)
    assert (told["name"], told["rows"], list(told["columns"])) == ("pairs", 1, ["a", "b"])
    assert data("add", str(path), "--json")[0] == 0
    assert json.loads(data("list", "--json")[1])[0]["name"] == "pairs"


@pytest.mark.parametrize(
    ("words", "message"),
    [(["nothing.csv"], "There is no file"), (["x.csv", "--set", "delimeter=;"], "no setting"),
     (["x.csv", "--name", "mnist"], "The catalogue has"), (["x.csv", "--name", "A b"], "no name"),
     (["x.csv", "--set", "skip_rows=9"], "no rows")],
)  # fmt: skip
def test_wrong_usage(data: Any, tmp_path: Path, words: list[str], message: str) -> None:
    put(tmp_path, "a,b\n1,2\n", "x.csv")
    code, _, err = data("add", str(tmp_path / words[0]), *words[1:])
    assert code == 2
    assert message in err


def test_hostile_text_never_reaches_the_terminal(data: Any, tmp_path: Path) -> None:
    path = put(tmp_path, "a\x1b[31mb,c\n\x1b]0;hi\x07,1\nx,2\n", "od\x1b[2Jd.csv")
    assert data("add", str(path), "--name", "odd")[0] == 0
    assert data("info", "odd")[0] == 0
    assert data("list")[0] == 0
    assert data("forget", "odd")[0] == 0

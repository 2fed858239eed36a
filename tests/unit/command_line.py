"""What tests of the command line have in common: `kerastui` in this process, and a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from kerastui.models import shipped
from kerastui.models.runs.events import encode
from kerastui.models.runs.store import Run, Workspace
from kerastui.tui import cli

ESCAPE = "\x1b"


class Outcome:
    """What a command left: its exit code and what it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def kerastui(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `kerastui` in this process, without a terminal."""

    def call(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["kerastui", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert ESCAPE not in out + err
        return Outcome(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that waits for a worker; the tests play the worker."""
    return Workspace(tmp_path / "lab").create(shipped.experiment("a13-learning-curves"))


def write(run: Run, event: str, **fields: Any) -> None:
    with run.events.open("ab") as stream:
        stream.write(encode(event, **fields))


def finish(run: Run, epochs: int) -> None:
    """Write what a worker writes at the end."""
    info = run.info()
    info.status, info.epoch, info.execution = "finished", epochs, "fast"
    info.figures = {"train.loss": 0.35, "validation.loss": 0.44}
    run.write_info(info)
    write(run, "finished", epoch=epochs, seconds=0.2)

"""A Keras of another version gets a catalogue of its own, written once, after a run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from kerastui.models.catalogue import catalogue
from kerastui.models.processes import process


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    commands: list[list[str]] = []

    def popen(command: list[str], **_: Any) -> None:
        commands.append(command)

    monkeypatch.setattr(subprocess, "Popen", popen)
    return commands


def test_nothing_is_done_for_the_shipped_version(
    monkeypatch: pytest.MonkeyPatch, started: list[list[str]]
) -> None:
    monkeypatch.setattr(catalogue, "missing", lambda: None)
    process.renew_catalogue()
    assert started == []


def test_another_version_is_begun_once(
    monkeypatch: pytest.MonkeyPatch, started: list[list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "cache" / "catalogue-9.9.json"
    monkeypatch.setattr(catalogue, "missing", lambda: path)
    process.renew_catalogue()
    process.renew_catalogue()
    assert [command[-2:] for command in started] == [
        ["kerastui.models.catalogue.derive", str(path)]
    ]

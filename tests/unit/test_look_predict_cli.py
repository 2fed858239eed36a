"""`kerastui runs predict`, with a stand-in for the process that predicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.processes import launch
from kerastui.models.runs.store import Run, Workspace
from kerastui.tui.commands.output import UsageError
from kerastui.tui.commands.runs import app


class FakeNursery:
    """Is done at the second look."""

    asked: list[tuple[str, dict[str, Any]]] = []  # noqa: RUF012 - one for the test
    failure: UserError | None = None

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        self.asked.append(("closed", {}))

    async def request(self, name: str, *, channel: str, **payload: Any) -> dict[str, Any]:
        self.asked.append((name, payload))
        if self.failure:
            raise self.failure
        result = {"path": "there.csv", "rows": 1, "bad": 0, "outside": 2}
        done = name == "look.predict_progress"
        return {"words": "predicting", "share": 0.5, "rows": 1, "result": result if done else None}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with something that stands for its model."""
    monkeypatch.setattr(launch, "Nursery", FakeNursery)
    monkeypatch.setattr(FakeNursery, "asked", [])
    monkeypatch.setattr(FakeNursery, "failure", None)
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path / "saved"))
    made = Workspace(tmp_path / "saved").create(shipped.experiment("a06-iris"))
    made.model.write_bytes(b"model")
    (tmp_path / "in.csv").write_text("x\n1\n")
    return made


def call(*words: str) -> str:
    """Call it; returns what it wrote, raises what it raised."""
    done = CliRunner().invoke(app, ["predict", *words])
    if done.exception is not None:
        raise done.exception
    return str(done.stdout)


def test_a_file_of_a_run_is_predicted(run: Run, tmp_path: Path) -> None:
    told = call(run.id[-4:], str(tmp_path / "in.csv"))
    assert "1 row in there.csv" in told
    assert "2 rows with values outside the training part" in told
    name, payload = FakeNursery.asked[0]
    assert name == "look.predict_file"
    assert payload["target"] == str(tmp_path / "in-predicted.csv")
    assert payload["path"] == str(run.model)
    assert payload["experiment"]["name"] == "a06-iris"
    assert FakeNursery.asked[-1][0] == "closed"


def test_a_model_alone_is_taken_and_json_is_alone(run: Run, tmp_path: Path) -> None:
    told = call(str(run.model), str(tmp_path / "in.csv"), "-o", str(tmp_path / "o.csv"), "--json")
    assert json.loads(told)["outside"] == 2
    assert FakeNursery.asked[0][1]["experiment"] is None


def test_what_is_there_is_not_replaced_unasked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in-predicted.csv").write_text("old")
    with pytest.raises(UsageError, match="is there already"):
        call(run.id, str(tmp_path / "in.csv"))
    assert FakeNursery.asked == []
    call(run.id, str(tmp_path / "in.csv"), "--force")


def test_failures_come_through_and_nothing_stays_open(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeNursery, "failure", UserError("in.csv has no column y."))
    with pytest.raises(UserError, match="no column y"):
        call(run.id, str(tmp_path / "in.csv"))
    assert FakeNursery.asked[-1][0] == "closed"
    run.model.unlink()
    with pytest.raises(UserError, match="has no model yet"):
        call(run.id, str(tmp_path / "in.csv"))
    with pytest.raises(UsageError):
        call("nothing-like-it", str(tmp_path / "in.csv"))

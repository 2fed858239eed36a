"""`kerastui runs`: compared, found, kept and packed on the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kerastui.models import shipped
from kerastui.models.runs.events import encode
from kerastui.models.runs.store import Run, Workspace
from kerastui.tui import cli

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Call:
    """Run `kerastui runs` in this process and return its exit code and what it wrote."""
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path / "lab"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kerastui", "runs", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """Two finished runs that differ in one setting."""
    made = []
    for place, units in enumerate((10, 20)):
        experiment = shipped.experiment("a05").changed({"model.layers.0.units": units})
        run = Workspace(tmp_path / "lab").create(experiment)
        info = run.stored()
        info.status, info.figures = "finished", {"test.accuracy": 0.8 + place / 10}
        run.write_info(info)
        run.events.write_bytes(
            encode("started", epochs=1, initial_epoch=0)
            + encode("epochs", first=1, logs={"loss": [0.5 - place / 10]}, seconds=1.0)
        )
        made.append(run)
    return made


def test_compare_says_what_differs(call: Call, runs: list[Run]) -> None:
    ids = [run.id for run in runs]
    code, out, _ = call("compare", *ids)
    assert code == 0
    assert "layer 1 Dense · units  10  20" in out
    assert "0.9 *" in out
    code, out, _ = call("compare", *ids, "--json")
    plain = json.loads(out)
    assert plain["settings"] == [
        {"path": "model.layers.0.units", "words": "layer 1 Dense · units",
         "values": {ids[0]: "10", ids[1]: "20"}}
    ]  # fmt: skip
    assert plain["figures"][0]["best"] == [ids[1]]
    assert call("compare", ids[0])[0] == 2
    assert call("compare", "nothing", ids[0])[0] == 2


def test_the_list_is_filtered_and_sorted(call: Call, runs: list[Run]) -> None:
    def listed(*words: str) -> list[str]:
        return [entry["id"] for entry in json.loads(call("list", "--json", *words)[1])]

    first, second = (run.id for run in runs)
    assert listed() == [second, first]
    assert listed("--sort", "-acc") == [first, second]
    assert listed("--filter", "acc>0.85") == [second]
    assert listed("--filter", "model.layers.0.units=10") == [first]
    code, _, err = call("list", "--filter", "acuracy>1")
    assert code == 2
    assert "Did you mean accuracy" in err
    assert "No run fits" in call("list", "--filter", "acc>0.99")[1]
    assert "acc is test.accuracy" in call("list", "--filter", "acc>0.85")[1]


def test_tags_notes_and_pins(call: Call, runs: list[Run]) -> None:
    first, second = (run.id for run in runs)
    assert "tags best, old" in call("tag", first, "--add", "best,old")[1]
    assert "tags best." in call("tag", first, "--remove", "old")[1]
    assert call("tag", first)[0] == 2
    assert call("tag", first, "--add", "a=b")[0] == 2
    assert "note: worth it" in call("note", second, "worth it")[1]
    call("pin", first)
    entries = json.loads(call("list", "--json")[1])
    assert [entry["id"] for entry in entries] == [first, second]
    told = json.loads(call("pin", second, first, "--json")[1])
    assert told["asked"] == "pin"
    assert [(one["run"], one["pinned"]) for one in told["runs"]] == [(second, True), (first, True)]
    assert entries[0]["notes"] == {"tags": ["best"], "note": "", "pinned": True}
    assert "#best" in call("list", "--filter", "tag:best pinned")[1]


def test_a_run_is_packed_and_taken_in_elsewhere(
    call: Call, runs: list[Run], tmp_path: Path
) -> None:
    code, out, _ = call("export", runs[0].id, "-o", "x.zip")
    assert code == 0
    assert "Data are not in it" in out
    assert call("export", runs[0].id, "-o", "x.zip")[0] == 1
    there = str(tmp_path / "there")
    assert "is in" in call("import", "x.zip", "--workspace", there)[1]
    assert "already" in call("import", "x.zip", "--workspace", there)[1]
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    assert call("import", "data.csv")[0] == 2
    code, out, _ = call("tensorboard", runs[0].id, runs[1].id, "--json")
    assert len(json.loads(out)["files"]) == 2


def test_event_files_are_written_beside_a_run_without_epochs(
    call: Call, runs: list[Run], tmp_path: Path
) -> None:
    runs[0].events.unlink()
    ids = [run.id for run in runs]
    code, out, err = call("tensorboard", *ids)
    assert code == 1
    assert "1 event file in tensorboard" in out
    assert f"{ids[0]} has trained no epoch" in err
    assert (tmp_path / "tensorboard" / ids[1] / "train").is_dir()
    code, out, _ = call("tensorboard", *ids, "--json")
    assert code == 1
    assert list(json.loads(out)["not_written"]) == [ids[0]]

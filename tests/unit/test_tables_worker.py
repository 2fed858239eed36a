"""The table service: opening, reading in the background, stopping, closing."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from kerastui.datasets.errors import UserError
from kerastui.datasets.recipe import FileRecipe
from kerastui.models import shipped
from kerastui.models.tables import contents, own_file, worker
from kerastui.models.tables.worker import MOST_OPEN, Tables


def data(path: Path, **recipe: Any) -> dict[str, Any]:
    return {"dataset": "mine", "task": "regression", "file": {"path": str(path), **recipe}}


def opened(tables: Tables, **what: Any) -> dict[str, Any]:
    """Open a table and wait until all of it is read."""
    told = tables.open(at_once=0.0, **what)
    end = time.monotonic() + 20
    while tables.progress(told["id"])["reading"] is not None:
        assert time.monotonic() < end
        time.sleep(0.005)
    return {"id": told["id"], **tables.state(told["id"])}


def cells(tables: Tables, told: dict[str, Any], *columns: int) -> list[list[Any]]:
    found: list[list[Any]] = tables.page(told["id"], 0, 50, list(columns))["cells"]
    return found


@pytest.fixture
def tables() -> Tables:
    return Tables()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold up the reading of all rows until it is set."""
    opens = threading.Event()
    read = own_file.read

    def wait(recipe: FileRecipe, tell: own_file.Tell) -> Any:
        tell("reading", 0.25)
        assert opens.wait(20)
        tell("reading", 0.75)
        return read(recipe, tell)

    monkeypatch.setattr(own_file, "read", wait)
    return opens


# Own files


def test_a_csv_is_read_as_its_recipe_says(tmp_path: Path, tables: Tables) -> None:
    path = tmp_path / "semicolons.csv"
    path.write_text("a note\nnr; name;when;price\n1; Müller;31.01.24;1,5\n2;n/a;01.02.24;\n",
                    "cp1252")  # fmt: skip
    told = opened(tables, data=data(path, delimiter=";", encoding="cp1252", skip_rows=1,
                                    decimal=",", dates={"when": "%d.%m.%y"}))  # fmt: skip
    assert [(c["name"], c["kind"]) for c in told["columns"]] == [
        ("nr", "whole"), ("name", "text"), ("when", "date"), ("price", "number"),
    ]  # fmt: skip
    assert cells(tables, told, 1, 2, 3) == [
        ["Müller", None], ["2024-01-31", "2024-02-01"], [1.5, None],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "recipe", "names"),
    [
        ("1,2\n3,4\n", {"header": False}, ["column 1", "column 2"]),
        ("a,b\n3,4\n", {"names": ["x", "y"]}, ["x", "y"]),
        ("a,a\n3,4\n", {}, ["a", "a.1"]),
        ("a  b\n3  4\n", {"delimiter": " "}, ["a", "b"]),
        ('a,b\n"1\n2",4\n', {}, ["a", "b"]),
        ("a,b\n1.000,4\n", {"thousands": ".", "decimal": ","}, ["a", "b"]),
    ],
)
def test_names_of_columns(
    text: str, recipe: dict[str, Any], names: list[str], tmp_path: Path, tables: Tables
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    told = opened(tables, data=data(path, **recipe))
    assert [column["name"] for column in told["columns"]] == names
    assert told["rows"] == text.count("\n") - 1 - ("1\n2" in text) + (
        not recipe.get("header", True)
    )


def test_a_type_that_changes_further_down_is_found_out(tmp_path: Path, tables: Tables) -> None:
    path = tmp_path / "mixed.csv"
    rows = [str(number) for number in range(60_000)]
    path.write_text("\n".join(["a,b", *(f"{row},x" for row in rows), "many,x"]))
    recipe = FileRecipe(path=str(path))
    first = own_file.head(recipe)
    assert first is not None
    assert first.kind(0) == "whole"
    told = opened(tables, data=data(path))
    assert told["columns"][0]["kind"] == "text"
    assert told["rows"] == 60_001
    assert tables.filter(told["id"], "a=many")["rows"] == 1


def test_a_table_that_is_no_table_says_so(tmp_path: Path, tables: Tables) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("a,b\n1,2\n1,2,3,4\n")
    with pytest.raises(UserError, match=r"Line 3 of ragged\.csv"):
        opened(tables, data=data(path))
    with pytest.raises(UserError, match="There is no file"):
        tables.open(data=data(tmp_path / "absent.csv"))


def test_a_table_without_a_row_says_so(tmp_path: Path, tables: Tables) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n")
    with pytest.raises(UserError, match="has no rows"):
        opened(tables, data=data(path))


@pytest.mark.parametrize("text", ["a,b\n" + "\n" * 99 + "1,x\n", 'a,b\n1,"' + "x\n" * 99 + '"\n'])
def test_a_first_row_may_begin_or_end_after_the_first_block(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    options = own_file._csv_options(FileRecipe(path=str(path)), 64)
    assert own_file._first_rows(path, options)["a"].to_pylist() == [1]


def test_wide_tables_are_read_and_too_wide_ones_refused(tmp_path: Path, tables: Tables) -> None:
    path = tmp_path / "wide.csv"
    count = own_file.WIDE + 500
    path.write_text(",".join(f"c{place}" for place in range(count)) + "\n" + "1," * count)
    path.write_text(path.read_text().rstrip(",") + "\n")
    assert own_file.head(FileRecipe(path=str(path))) is None
    told = opened(tables, data=data(path))
    assert cells(tables, told, count - 1) == [[1]]
    np.save(tmp_path / "wider.npy", np.zeros((1, worker.MOST_COLUMNS + 1), np.float32))
    with pytest.raises(UserError, match="100,001 columns"):
        tables.open(path=str(tmp_path / "wider.npy"))


def test_other_formats(tmp_path: Path, tables: Tables) -> None:
    table = pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    told = opened(tables, data=data(tmp_path / "t.parquet", format="parquet"))
    assert cells(tables, told, 0, 1) == [[1, 2, 3], ["x", None, "z"]]
    (tmp_path / "t.jsonl").write_text('{"a": 1, "b": "x"}\n{"a": 2.5}\n')
    told = opened(tables, data=data(tmp_path / "t.jsonl", format="jsonl"))
    assert cells(tables, told, 0, 1) == [[1, 2.5], ["x", None]]
    np.save(tmp_path / "t.npy", np.eye(3, dtype=np.float32))
    told = opened(tables, data=data(tmp_path / "t.npy", format="npy"))
    assert cells(tables, told, 1) == [[0, 1, 0]]
    assert cells(tables, opened(tables, path=str(tmp_path / "t.npy")), 2) == [[0, 0, 1]]


# While it is read


def test_the_first_rows_are_there_while_the_others_are_read(
    tmp_path: Path, tables: Tables, gate: threading.Event
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n" + "1\n" * 300_000)
    told = tables.open(at_once=0.0, data=data(path))
    assert told["reading"] == {"share": 0.25, "words": "reading"}
    assert 0 < told["rows"] <= own_file.HEAD_ROWS
    assert cells(tables, told, 0)[0][:2] == [1, 1]
    for question in (lambda: tables.sort(told["id"], [0]), lambda: tables.columns(told["id"], 0)):
        with pytest.raises(UserError, match="still being read"):
            question()
    gate.set()
    end = time.monotonic() + 20
    while tables.progress(told["id"])["reading"] is not None and time.monotonic() < end:
        time.sleep(0.005)
    assert tables.state(told["id"])["rows"] == 300_000
    # Opened again, it is there at once.
    assert tables.open(at_once=0.0, data=data(path))["reading"] is None


def test_reading_can_be_stopped(tmp_path: Path, tables: Tables, gate: threading.Event) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n" + "1\n" * 300_000)
    told = tables.open(at_once=0.0, data=data(path))
    reading = tables._open[told["id"]].reading
    stopped = tables.stop(told["id"])
    gate.set()
    assert stopped["reading"] is None
    assert stopped["rows"] == told["rows"]
    assert reading is not None
    with pytest.raises(UserError, match="not read to its end"):
        reading.wait(20)
    assert tables.sort(told["id"], [0])["rows"] == told["rows"]


def test_a_changed_file_is_read_anew(tmp_path: Path, tables: Tables) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n")
    assert opened(tables, data=data(path))["rows"] == 1
    path.write_text("a\n1\n2\n")
    assert opened(tables, data=data(path))["rows"] == 2


# Data sets


def test_data_sets_and_what_the_model_sees(tables: Tables) -> None:
    iris = {"dataset": "sklearn-iris", "task": "multiclass"}
    told = opened(tables, data=iris)
    assert told["rows"] == 150
    assert told["columns"][4]["kind"] == "whole"
    experiment = shipped.experiment("c05-weight-decay")
    what = {"data": experiment.data.model_dump(mode="json"), "seed": experiment.seed}
    told = opened(tables, prepared=True, **what)
    names = [column["name"] for column in told["columns"]]
    assert names[:2] == ["part", "row"]
    assert names[-1].startswith("target")
    tables.filter(told["id"], "part=train")
    prepared = contents.prepared  # the same rows as the model's
    from kerastui.datasets.prepare import prepare

    done = prepare(experiment.data, seed=experiment.seed)
    assert cells(tables, told, 2)[0][:3] == pytest.approx(done.train.x[:3, 0].tolist())
    assert cells(tables, told, 1)[0][:3] == (done.train.index[:3] + 1).tolist()
    assert prepared(experiment.data, experiment.seed).rows == told["total"]


def test_pictures_are_rows_of_pixels(tables: Tables) -> None:
    told = opened(tables, data={"dataset": "digits", "task": "multiclass"})
    assert len(told["columns"]) == 1 + 64
    assert told["columns"][0]["name"] == "class"
    assert told["columns"][-1]["name"] == "7,7"


def test_texts_begin_with_their_words(tables: Tables) -> None:
    told = opened(tables, data={"dataset": "token-newswires", "task": "multiclass"})
    assert [column["name"] for column in told["columns"]][-2:] == ["words", "text"]
    assert cells(tables, told, len(told["columns"]) - 1)[0][0].startswith("? word")


# The service


def test_statistics_come_column_by_column_and_follow_the_filter(tables: Tables) -> None:
    told = opened(tables, data={"dataset": "sklearn-iris", "task": "multiclass"})
    target = told["columns"][-1]["name"]
    found = tables.columns(told["id"], 0, target=target, classes=True, count=3)["columns"]
    assert [column["name"] for column in found] == [c["name"] for c in told["columns"][:3]]
    assert found[2]["relation"][0] == "eta"
    assert found[0]["rows"] == 150
    tables.filter(told["id"], f"{target}=0")
    assert tables.columns(told["id"], 0, count=1)["columns"][0]["rows"] == 50
    assert tables.columns(told["id"], 99)["columns"] == []


def test_tables_that_nobody_closed_go_with_time(tables: Tables, tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.eye(3))
    ids = [tables.open(path=str(tmp_path / "t.npy"))["id"] for _ in range(MOST_OPEN + 1)]
    with pytest.raises(UserError, match="closed"):
        tables.state(ids[0])
    assert tables.state(ids[1])["rows"] == 3
    assert tables.close(ids[1]) == tables.close("none") == {}


def test_wrong_questions_are_answered_in_words(tables: Tables) -> None:
    with pytest.raises(UserError, match="no question about tables"):
        worker.answer("table.drop", {})
    with pytest.raises(UserError, match="No table is named"):
        tables.open()

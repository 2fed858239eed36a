"""Asking a model: forms, pasted rows, files, parts, drawings. Real models, hardly trained."""

from __future__ import annotations

import csv
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models.look import predict, predict_drawn, predict_job, predict_part, worker
from kerastui.models.look.predict_asked import Asked
from kerastui.models.look.predict_outcome import Output

COLOURS = ["blue", "green", "red"]


def experiment(folder: Path, **data: Any) -> dict[str, Any]:
    """Return an experiment on an own file of flowers."""
    return {
        "name": "flowers",
        "data": {
            "dataset": "flowers", "task": "multiclass", "target": ["kind"],
            "file": {"path": str(folder / "flowers.csv")},
            "steps": [{"step": "encode_label"}, {"step": "one_hot", "columns": ["colour"]},
                      {"step": "scale", "method": "standard"}],
            "split": {"kind": "first", "count": 20}, **data,
        },
        "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
        "compile": {"loss": "sparse_categorical_crossentropy"},
    }  # fmt: skip


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Which model is asked: `path` and `experiment`."""
    import keras

    folder = tmp_path_factory.mktemp("flowers")
    rng = np.random.default_rng(1)
    rows = [
        f"{rng.uniform(4, 8):.1f},{COLOURS[i % 3]},{rng.integers(1, 9)},{'abc'[i % 3]}"
        for i in range(30)
    ]
    (folder / "flowers.csv").write_text("Stem Length,colour,leaves,kind\n" + "\n".join(rows))
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, activation="softmax")])
    model.save(folder / "model.keras")
    return {"path": str(folder / "model.keras"), "experiment": experiment(folder)}


def done() -> dict[str, Any]:
    """Wait for the job, and return its result."""
    until = time.monotonic() + 60
    while (state := predict_job.predict_progress())["result"] is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    return dict(state["result"])


def predicted_file(asked: dict[str, Any], given: Path, out: Path) -> dict[str, Any]:
    worker.answer("look.predict_file", {"given": str(given), "target": str(out), **asked})
    return done()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_form_has_the_names_ranges_and_choices_of_the_training_part(
    asked: dict[str, Any],
) -> None:
    form = worker.answer("look.predict_form", asked)
    stem, colour, leaves = form["fields"]
    lines = Path(asked["experiment"]["data"]["file"]["path"]).read_text().splitlines()
    stems = [float(line.split(",")[0]) for line in lines[1:21]]
    assert (stem["name"], stem["kind"]) == ("Stem Length", "number")
    assert (stem["low"], stem["high"]) == (min(stems), max(stems))
    assert list(colour["choices"]) == COLOURS
    assert leaves["kind"] == "whole"
    assert form["outputs"][0]["names"] == ("a", "b", "c")
    assert form["parts"] == {"test": 10, "train": 20}
    assert not form["guessed"]


def test_the_data_is_loaded_once(
    asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerastui.datasets.files import read as reading

    reads: list[str] = []
    really = reading.read

    def counted(path: Path, *given: Any, **more: Any) -> Any:
        reads.append(path.name)
        return really(path, *given, **more)

    monkeypatch.setattr(reading, "read", counted)
    copy = shutil.copy(asked["path"], tmp_path)  # another file is opened anew
    another = {"path": str(copy), "experiment": asked["experiment"]}
    predict.predict_form(**another)
    predict.predict_row(part="test", row=3, **another)
    assert reads == ["flowers.csv"]


def test_one_row_is_what_the_model_says_of_it(asked: dict[str, Any]) -> None:
    row = predict.predict_row(part="test", row=3, **asked)
    assert row["truth"] == "abc"[23 % 3]
    told = predict.predict_one(values=row["values"], **asked)
    assert told["outside"] == ["", "", ""]
    (answer,) = told["answers"]
    assert sum(answer) == pytest.approx(1)
    predict_part.predict_part(part="test", **asked)
    state = done()
    names = [column["name"] for column in state["columns"]]
    place = names.index("p a")
    page = predict_part.predict_page(3, 1, [place, place + 1, place + 2])
    assert [cells[0] for cells in page["cells"]] == pytest.approx(answer, abs=1e-6)


def test_what_lies_outside_the_training_part_is_said(asked: dict[str, Any]) -> None:
    told = predict.predict_one(values=[99.0, "violet", 3], **asked)
    assert "99 is outside" in told["outside"][0]
    assert "'violet' is not among the 3 values" in told["outside"][1]
    assert told["outside"][2] == ""


def test_wrong_questions_are_answered_with_a_sentence(asked: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="missing value"):
        predict.predict_one(values=[None, "red", 3], **asked)
    with pytest.raises(UserError, match="no row 10 in the test part"):
        predict.predict_row(part="test", row=10, **asked)
    with pytest.raises(UserError, match="no validation part"):
        predict.predict_row(part="validation", row=0, **asked)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("5,red,3", ["5", "red", "3"]),
        ("5\tred\t3\n", ["5", "red", "3"]),
        ("5 red 3", ["5", "red", "3"]),
        ("5,5;red;3", ["5,5", "red", "3"]),
        ("leaves,STEM_length,Colour\n3,5,red", ["3", "5", "red"]),
        ("5,red,3,a", ["5", "red", "3", "a"]),
    ],
)
def test_rows_can_be_pasted_in_many_ways(
    asked: dict[str, Any], text: str, cells: list[str]
) -> None:
    (row,) = predict.predict_pasted(text=text, **asked)["rows"]
    assert row["cells"] == cells
    values = [5.5 if "5,5" in text else 5.0, "red", 3]
    wanted = predict.predict_one(values=values, **asked)["answers"]
    np.testing.assert_allclose(row["answers"], wanted, rtol=1e-5)


def test_pasted_rows_that_are_wrong_say_why(asked: dict[str, Any]) -> None:
    rows = predict.predict_pasted(text="5,red,3\nx,red,3\n5,red\n,red,2\n99,red,1", **asked)["rows"]
    notes = [row["notes"] for row in rows]
    assert notes[0] == []
    assert notes[1] == ["Stem Length: 'x' is not a number"]
    assert notes[2] == ["2 cells instead of 3"]
    assert notes[3] == ["no value in Stem Length"]
    assert "99 is outside" in notes[4][0]
    assert [row["answers"] is None for row in rows] == [False, True, True, True, False]
    with pytest.raises(UserError, match="first row has 2 cells"):
        predict.predict_pasted(text="1,2", **asked)


def test_a_file_keeps_its_columns_and_gets_predictions(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    lines = ["id,LEAVES,colour,stem length", "=cmd(),3,red,5", "@b,4,violet,5", "c,x,red,5", "d,1"]
    (tmp_path / "in.csv").write_text("\n".join(lines))
    result = predicted_file(asked, tmp_path / "in.csv", tmp_path / "deep" / "out.csv")
    assert (result["rows"], result["bad"], result["outside"]) == (4, 2, 1)
    rows = read(tmp_path / "deep" / "out.csv")
    assert list(rows[0]) == [
        "id", "LEAVES", "colour", "stem length", "predicted", "p a", "p b", "p c", "note"
    ]  # fmt: skip
    assert rows[0]["id"] == "=cmd()"
    wanted = predict.predict_one(values=[5.0, "red", 3], **asked)["answers"][0]
    got = [float(rows[0][f"p {name}"]) for name in "abc"]
    assert got == pytest.approx(wanted, abs=1e-5)
    assert rows[0]["predicted"] == "abc"[int(np.argmax(wanted))]
    assert "violet" in rows[1]["note"]
    assert rows[2]["predicted"] == ""
    assert rows[2]["note"] == "leaves: 'x' is not a number"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out.csv"]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_other_tables_are_read_too(asked: dict[str, Any], tmp_path: Path, suffix: str) -> None:
    import pandas as pd

    frame = pd.DataFrame({"colour": ["red", "blue"], "leaves": [3, 4], "Stem Length": [5.0, 6.5]})
    path = tmp_path / f"in.{suffix}"
    if suffix == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    assert predicted_file(asked, path, tmp_path / "out.csv")["bad"] == 0
    wanted = predict.predict_one(values=[6.5, "blue", 4], **asked)["answers"][0]
    got = read(tmp_path / "out.csv")[1]
    assert [float(got[f"p {name}"]) for name in "abc"] == pytest.approx(wanted, abs=1e-5)


def test_missing_columns_are_named_and_nothing_is_left(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("colour,other\nred,1\n")
    with pytest.raises(UserError, match="no columns Stem Length, leaves"):
        predicted_file(asked, tmp_path / "in.csv", tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    with pytest.raises(UserError, match="would replace the inputs"):
        predicted_file(asked, tmp_path / "in.csv", tmp_path / "in.csv")
    with pytest.raises(UserError, match="There is no file"):
        predicted_file(asked, tmp_path / "no.csv", tmp_path / "out.csv")


def test_a_stopped_job_keeps_what_it_has(
    asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerastui.models.look.predict_asked import Asking

    monkeypatch.setattr(Asking, "chunk", 2)
    answer = Asking.answer

    def slow(self: Asking, batch: Any) -> Any:
        time.sleep(0.02)
        return answer(self, batch)

    monkeypatch.setattr(Asking, "answer", slow)
    (tmp_path / "in.csv").write_text("Stem Length,colour,leaves\n" + "5,red,3\n" * 5000)
    worker.answer(
        "look.predict_file",
        {"given": str(tmp_path / "in.csv"), "target": str(tmp_path / "out.csv"), **asked},
    )
    while predict_job.predict_progress()["rows"] < 2:
        time.sleep(0.01)
    state = worker.answer("look.predict_stop", {})
    assert state["result"]["stopped"]
    assert not (tmp_path / "out.csv").exists()
    kept = read(tmp_path / "out.csv.part")
    assert len(kept) == state["result"]["rows"] < 5000


def test_a_part_is_sorted_and_filtered(asked: dict[str, Any]) -> None:
    predict_part.predict_part(part="train", **asked)
    state = done()
    names = [column["name"] for column in state["columns"]]
    assert names[:6] == ["row", "true", "predicted", "probability", "right", "outside"]
    assert names[6:9] == ["Stem Length", "colour", "leaves"]
    predict_part.predict_sort([3], descending=True)
    shown = predict_part.predict_page(0, 20, [3])["cells"][0]
    assert shown == sorted(shown, reverse=True)
    assert predict_part.predict_filter("right=yes")["rows"] == state["right"]
    assert predict_part.predict_filter("right=no")["rows"] == 20 - state["right"]
    with pytest.raises(UserError):
        predict_part.predict_filter("nonsense>3")


def test_a_model_without_an_experiment_is_asked_for_numbers(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    path = asked["path"]
    form = predict.predict_form(path)
    assert [field["name"] for field in form["fields"]] == [f"input {n}" for n in range(5)]
    assert form["outputs"][0]["names"] == ("class 0", "class 1", "class 2")
    assert form["guessed"]
    assert form["parts"] == {}
    told = predict.predict_one(path, [0.5, 1, 0, 0, -1])
    assert sum(told["answers"][0]) == pytest.approx(1)
    (tmp_path / "in.csv").write_text("0.5,1,0,0,-1\n")
    result = predicted_file({"path": path}, tmp_path / "in.csv", tmp_path / "out.csv")
    assert result["rows"] == 1
    with pytest.raises(UserError, match="3 numbers were given"):
        predict.predict_one(path, [1, 2, 3])


FINITE = st.floats(-1e9, 1e9)


@given(low=FINITE, high=FINITE, value=FINITE)
@settings(max_examples=200, deadline=None)
def test_a_value_is_outside_just_where_the_range_ends(
    low: float, high: float, value: float
) -> None:
    low, high = min(low, high), max(low, high)
    asked = Asked("x", "number", low, high)
    assert bool(asked.outside(value)) == (value < low or value > high)
    assert asked.outside(None) == asked.outside(float("nan")) == ""


@given(logits=st.lists(st.lists(st.floats(-80, 80), min_size=3, max_size=3), min_size=1))
@settings(max_examples=100, deadline=None)
def test_what_classes_say_adds_up_to_one(logits: list[list[float]]) -> None:
    shares = Output("", "classes", ("a", "b", "c")).values(np.array(logits))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=2e-3)
    pair = Output("", "classes", ("no", "yes")).values(np.array(logits)[:, :1])
    np.testing.assert_allclose(pair.sum(axis=1), 1)


def test_a_drawing_is_placed_as_mnist_places_digits() -> None:
    pixels = np.zeros((28, 28), np.float32)
    pixels[2:7, 20:23] = 255
    placed, told = predict_drawn.centred(pixels, 255.0)
    rows = np.nonzero(placed > 20)[0]
    assert rows.max() - rows.min() + 1 == 20
    weights = placed / placed.sum()
    middle = (weights.sum(axis=1) @ np.arange(28), weights.sum(axis=0) @ np.arange(28))
    assert middle == pytest.approx((13.5, 13.5), abs=0.75)
    assert "scaled" in told
    assert "left" in told
    again, _ = predict_drawn.centred(placed, 255.0)
    assert np.abs(again - placed).mean() < 6
    empty, nothing = predict_drawn.centred(np.zeros((8, 8), np.float32), 16.0)
    assert not empty.any()
    assert nothing == ""

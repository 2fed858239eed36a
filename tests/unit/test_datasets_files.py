"""Own files: read as their recipe says, found again, remembered, and used in an experiment."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.catalogue import card_of
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import fetch, locate
from kerastui.datasets.files.library import Library, data_of, imported
from kerastui.datasets.files.read import read
from kerastui.datasets.files.sniff import sniff
from kerastui.datasets.files.table import csv_arguments, read_table
from kerastui.datasets.loaded import Loaded, Sequences
from kerastui.datasets.prepare import prepare
from kerastui.datasets.prepared import Prepared
from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.spec import Data

from .test_datasets_sniff import GERMAN, put


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KERASTUI_DATA", raising=False)


def loaded(path: Path, overrides: dict[str, Any] | None = None) -> Loaded:
    """The file as it is read after looking into it."""
    return read(path, sniff(path, overrides).recipe)


def data(path: Path, **more: Any) -> Data:
    own = imported(sniff(path))
    plain = {"dataset": "own", "task": own.task, "target": own.target, "file": own.file, **more}
    return Data.model_validate(plain)


# --- tables ----------------------------------------------------------------------------------


def test_a_table_is_read_as_it_was_seen(tmp_path: Path) -> None:
    columns = loaded(put(tmp_path, GERMAN)).columns
    assert columns["Datum"].dtype == np.dtype("datetime64[us]")
    assert str(columns["Datum"][1].astype("datetime64[D]")) == "2024-02-02"
    assert columns["Wert"][:2].tolist() == [0.5, 1.5]
    assert columns["Preis"][1] == 1001.2
    assert columns["Ort"][:2].tolist() == ["Bonn", "Köln"]


def test_numbers_are_rounded_correctly(tmp_path: Path) -> None:
    draw = random.Random(0)
    texts = [repr(draw.uniform(-1, 1) * 10 ** draw.randint(-300, 300)) for _ in range(3000)]
    texts += [f"{draw.random():.25f}" for _ in range(3000)]
    for mark in ".,":
        path = put(tmp_path, "v;w\n" + "\n".join(f"{t.replace('.', mark)};1" for t in texts))
        recipe = FileRecipe(path=str(path), delimiter=";", decimal=mark)  # type: ignore[arg-type]
        assert read_table(path, recipe)["v"].tolist() == [float(text) for text in texts]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20))
def test_whatever_is_written_is_read_again(tmp_path_factory: Any, values: list[float]) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_text("v,name\n" + "\n".join(f"{value!r},n{n}" for n, value in enumerate(values)))
    assert loaded(path).columns["v"].tolist() == values


def test_marks_missing_cells_yes_and_no_and_codes(tmp_path: Path) -> None:
    rows = "\n".join(f"{i:05d},{'k.A.' if i % 9 == 0 else i},{i % 2 == 0},NA" for i in range(40))
    columns = loaded(put(tmp_path, f"zip,n,ok,gone\n{rows}")).columns
    assert columns["zip"][7] == "00007"
    assert np.isnan(columns["n"][9])
    assert columns["ok"][:2].tolist() == [1.0, 0.0]
    assert np.isnan(columns["gone"]).all()


def test_numbers_too_large_for_any_computer_are_infinite(tmp_path: Path) -> None:
    columns = loaded(put(tmp_path, f"a,b\n{'9' * 400},1\n-{'9' * 400},2\n3,4\n")).columns
    assert columns["a"].tolist() == [float("inf"), float("-inf"), 3.0]


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    columns = loaded(put(tmp_path, f"a,b\n{'x' * 300_000},1\ny,2\n")).columns
    assert len(columns["a"][0]) == 300_000


def test_names_that_were_mended_and_lines_with_a_delimiter_at_the_end(tmp_path: Path) -> None:
    assert list(loaded(put(tmp_path, "a,a,,b \n1,2,3,4\n5,6,7,8\n")).columns) == [
        "a", "a 2", "column 3", "b",
    ]  # fmt: skip
    text = "\ufeffsep=;\r\nUmsatz;Jahr;\r\n1.234,50;2020;\r\n2.345,10;2021;\r\n"
    columns = loaded(put(tmp_path, text)).columns
    assert {name: column.tolist() for name, column in columns.items()} == {
        "Umsatz": [1234.5, 2345.1], "Jahr": [2020, 2021],
    }  # fmt: skip
    rows = "\n".join(f'"{i}" {i * 0.5} {i * 0.1:.2f}' for i in range(1, 20))
    columns = loaded(put(tmp_path, f'"Sepal" "Petal"\n{rows}')).columns
    assert columns["Sepal"][:2].tolist() == [0.5, 1.0]
    assert list(loaded(put(tmp_path, "1,2\n3,4\n")).columns) == ["column 1", "column 2"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "name;größe\n" + "Müller;1,80\nJürgen;1,75\n" * 10
    columns = loaded(put(tmp_path, text.encode(encoding))).columns
    assert columns["name"][1] == "Jürgen"
    assert columns["größe"][0] == 1.8


def test_the_call_of_pandas_is_short_where_all_is_usual() -> None:
    arguments = csv_arguments(FileRecipe(path="/x.csv"))
    assert arguments == {
        "na_values": ["?", "-"], "index_col": False, "skipinitialspace": True, "low_memory": False,
    }  # fmt: skip
    given = csv_arguments(FileRecipe(path="/x.csv", missing=["-999"], header=False))
    assert given["keep_default_na"] is False
    assert given["header"] is None


@pytest.mark.parametrize(
    ("text", "recipe", "message"),
    [("a,b\n1,2\n3,4,5\n", {}, "Line 3 of table.csv has 3 cells instead of 2"),
     ("a,b\n1,2,3\n1,2,3\n", {}, "another number of cells"),
     ("a,b\n1,2\n", {"names": ["x", "y", "z"]}, "another number of cells"),
     ("a,b\n", {}, "no rows"), ('a,b\n1,"x\n2,y\n', {}, "never closed"),
     ("a,b\n1,2\n", {"encoding": "klingon"}, "no encoding"),
     ("a,b\n1,2\n", {"dates": {"c": "%Y"}}, "no column c"),
     ("a,b\nx,2\n", {"dates": {"a": "%Y"}}, "not like %Y: 'x' in row 1"),
     ("a,b\n" + "1,2\n" * 40 + "\ud800", {}, "utf-8 throughout")],
)  # fmt: skip
def test_tables_that_do_not_fit_their_recipe(
    tmp_path: Path, text: str, recipe: dict[str, Any], message: str
) -> None:
    path = put(tmp_path, text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UserError, match=message) as error:
        read(path, FileRecipe(path=str(path), **recipe))
    assert error.value.hint


def test_json_lines_and_parquet(tmp_path: Path) -> None:
    import pandas as pd

    lines = '{"a": 0.1, "b": "x", "d": "2024-01-31"}\n{"a": null, "b": null, "d": "2024-02-01"}\n'
    columns = loaded(put(tmp_path, lines, "x.jsonl")).columns
    assert columns["a"][0] == 0.1
    assert columns["b"].tolist() == ["x", None]
    assert columns["d"].dtype.kind == "M"
    with pytest.raises(UserError, match="Line 3"):
        loaded(put(tmp_path, lines + '{"a": oops}\n', "bad.jsonl"), {"format": "jsonl"})
    frame = pd.DataFrame({
        "n": [1, None], "ok": [True, False], "t": ["x", None], "c": pd.Categorical(["u", "v"]),
        "d": pd.to_datetime(["2024-01-01", None]), "l": [[1], [2]],
    })  # fmt: skip
    frame.to_parquet(tmp_path / "t.parquet")
    columns = loaded(tmp_path / "t.parquet").columns
    assert columns["ok"].tolist() == [1.0, 0.0]
    assert columns["c"].tolist() == ["u", "v"]
    assert np.isnat(columns["d"][1])
    assert columns["l"].dtype == object


# --- arrays, pictures, texts -----------------------------------------------------------------


def test_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.arange(9.0))
    assert loaded(tmp_path / "s.npy").columns["value"].tolist() == list(range(9))
    x, y = np.arange(12.0).reshape(6, 2), np.array(["a", "b"] * 3)
    np.savez(tmp_path / "t.npz", x=x, y=y)
    table = loaded(tmp_path / "t.npz")
    assert list(table.columns) == ["column 1", "column 2", "target"]
    assert (table.target, table.columns["target"][1]) == (("target",), "b")
    np.savez(tmp_path / "p.npz", x_train=np.ones((4, 3, 2)), y_train=np.array([0, 1, 0, 1]),
             x_test=np.zeros((2, 3, 2)), y_test=np.array([1, 0]))  # fmt: skip
    pictures = loaded(tmp_path / "p.npz")
    assert pictures.n_train == 4
    assert pictures.x is not None
    assert pictures.x.shape == (6, 3, 2)
    np.savez(tmp_path / "w.npz", x=np.ones((4, 3, 2)), y=np.ones(3))
    with pytest.raises(UserError, match="inputs of shape"):
        loaded(tmp_path / "w.npz")


def pictures(tmp_path: Path) -> Path:
    from PIL import Image

    for name, colour in (("red", (200, 0, 0)), ("blue", (0, 0, 200))):
        (tmp_path / "pics" / name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (8, 6), colour).save(tmp_path / "pics" / name / f"{number}.png")
    return tmp_path / "pics"


def test_pictures(tmp_path: Path) -> None:
    folder = pictures(tmp_path)
    found = loaded(folder)
    assert found.classes == ("blue", "red")
    assert isinstance(found.x, np.ndarray)
    assert (found.x.shape, found.x.dtype) == ((12, 6, 8, 3), np.uint8)
    assert found.x[0, 0, 0].tolist() == [0, 0, 200]
    assert loaded(folder, {"channels": 1, "height": 3, "width": 4}).x.shape == (12, 3, 4)  # type: ignore[union-attr]
    (folder / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(UserError, match=r"broken\.png is no picture"):
        read(folder, FileRecipe(path=str(folder), format="pictures", height=6, width=8))


def test_texts(tmp_path: Path) -> None:
    rows = "\n".join(f"It was a {'good' if i % 2 else 'bad'} film; really {i};{i % 2}"
                     for i in range(40)).replace("; r", ", r")  # fmt: skip
    path = put(tmp_path, f"review;label\n{rows}\n;1\n")
    found = loaded(path)
    assert isinstance(found.x, Sequences)
    assert (len(found.x), found.classes) == (40, ("0", "1"))
    assert found.words is not None
    assert found.words["it"] == 1
    assert found.x[0][:2].tolist() == [1, 4]
    steps = [{"step": "multi_hot", "words": 50}]
    prepared = prepare(data(path, task="binary", target=[], steps=steps), seed=1)
    assert prepared.input_shape == (50,)
    assert prepared.decode_text(found.x[0]).startswith("? it was a bad film")
    assert prepared.encode("a good film").shape == (1, 50)


# --- in an experiment ------------------------------------------------------------------------


def test_dates_and_categories_become_numbers(tmp_path: Path) -> None:
    path = put(tmp_path, GERMAN)
    steps = [{"step": "dates", "parts": ["year", "weekday", "days"]},
             {"step": "ordinal", "columns": ["Ort"]}, {"step": "encode_label"}]  # fmt: skip
    split = {"kind": "first", "count": 30}
    prepared = prepare(data(path, steps=steps, split=split), seed=1)
    assert prepared.feature_names == [
        "Datum year", "Datum weekday", "Datum days", "Wert", "Ort", "Preis",
    ]  # fmt: skip
    assert prepared.train.x[0, :3].tolist() == [2024, 0, 19723]  # a Monday
    assert set(prepared.train.x[:, 4].tolist()) == {0, 1}
    assert prepared.class_names == ["ja", "nein"]
    row = prepared.encode({"Datum": "2024-02-02", "Wert": 1, "Ort": "Rom", "Preis": 2})
    assert row[0].tolist() == [2024, 4, 19755, 1, -1, 2]
    with pytest.raises(UserError, match="not a date"):
        prepared.encode(["soon", 1, "Bonn", 2])


@pytest.mark.parametrize(
    ("steps", "message", "hint"),
    [([], "Column Datum holds dates", "step dates"),
     ([{"step": "dates"}], "Column Ort holds text", "one_hot"),
     ([{"step": "scale"}], "Column Datum holds dates", "dates"),
     ([{"step": "dates", "columns": ["Ort"]}], "Ort holds text", "date format")],
)  # fmt: skip
def test_what_is_no_number_is_told_with_its_cure(
    tmp_path: Path, steps: list[dict[str, Any]], message: str, hint: str
) -> None:
    every = [*steps, {"step": "encode_label"}]
    with pytest.raises(UserError, match=message) as error:
        prepare(data(put(tmp_path, GERMAN), steps=every), seed=1)
    assert hint in error.value.hint


def test_missing_text_is_filled(tmp_path: Path) -> None:
    rows = "\n".join(f"{'' if i % 5 == 0 else 'ab'[i % 2]},{'' if i == 7 else i},{i % 2}"
                     for i in range(30))  # fmt: skip
    path = put(tmp_path, f"c,n,y\n{rows}")
    for fill, names in (({"strategy": "most_frequent"}, ["c=a", "c=b"]),
                        ({"strategy": "constant", "columns": ["c"], "text": "none"},
                         ["c=a", "c=b", "c=none"])):  # fmt: skip
        steps = [{"step": "missing", **fill}, {"step": "missing", "strategy": "median"},
                 {"step": "one_hot", "columns": ["c"]}]  # fmt: skip
        prepared = prepare(data(path, steps=steps, target=["y"], task="binary"), seed=1)
        assert prepared.feature_names == [*names, "n"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,y\n1,x\n2,x\n3,x\n", "one class only"),
        ("a,y\n1,x\nNA,z\n3,x\n", "missing value"),
        ("a,y\ninf,x\n2,z\n3,x\n", "infinity"),
    ],
)
def test_tables_that_teach_nothing(tmp_path: Path, text: str, message: str) -> None:
    steps = [{"step": "encode_label"}]
    with pytest.raises(UserError, match=message):
        prepare(data(put(tmp_path, text), task="binary", target=["y"], steps=steps), seed=1)


def test_a_class_of_the_test_part_alone_keeps_its_number(tmp_path: Path) -> None:
    path = put(tmp_path, "a,y\n" + "".join(f"{i},{'xyz'[i // 10]}\n" for i in range(25)))
    asked = data(path, task="multiclass", target=["y"], steps=[{"step": "encode_label"}],
                 split={"kind": "first", "count": 20})  # fmt: skip
    prepared = prepare(asked, seed=1)
    assert prepared.class_names == ["x", "y", "z"]
    assert isinstance(prepared, Prepared)
    assert prepared.test is not None
    assert prepared.test.y.tolist() == [2] * 5


def test_missing_columns(tmp_path: Path) -> None:
    path = put(tmp_path, "height,y\n1,0\n2,1\n")
    with pytest.raises(UserError, match="no column 'hight'") as error:
        prepare(data(path, task="binary", target=["y"], features=["hight"]), seed=1)
    assert "height" in error.value.hint


def test_a_series_of_dates(tmp_path: Path) -> None:
    path = put(
        tmp_path, "day,sales\n" + "".join(f"2024-01-{i:02d},{i * i}\n" for i in range(1, 31))
    )
    asked = data(path, steps=[{"step": "window", "length": 3}], split={"kind": "last", "count": 5})
    assert (asked.task, asked.target) == ("forecasting", ["sales"])
    prepared = prepare(asked, seed=1)
    assert prepared.input_shape == (3, 1)
    assert prepared.test is not None
    assert prepared.test.names == [f"2024-01-{day}" for day in range(26, 31)]


# --- found again, remembered -----------------------------------------------------------------


def test_a_changed_file_is_used_and_said(tmp_path: Path) -> None:
    path = put(tmp_path, "a,y\n1,0\n2,1\n3,0\n")
    asked = data(path, task="binary", target=["y"])
    assert prepare(asked, seed=1).source.changed == ""
    path.write_text("a,y\n1,0\n2,1\n3,1\n")  # as long as before
    source = prepare(asked, seed=1).source
    assert "has changed since it was imported" in source.changed
    assert not source.verified
    path.write_text("a,y\n1,0\n2,1\n")
    source = prepare(asked, seed=1).source
    assert source.changed
    assert len(source.sha256) == 64


def test_a_moved_file_is_found_by_name_and_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, "a,y\n1,0\n2,1\n3,0\n")
    asked = data(path, task="binary", target=["y"])
    (tmp_path / "elsewhere").mkdir()
    path.rename(tmp_path / "elsewhere" / path.name)
    assert locate(card_of(asked)) is None
    with pytest.raises(UserError, match="not there"):
        fetch(card_of(asked))
    monkeypatch.setenv("KERASTUI_DATA", str(tmp_path / "elsewhere"))
    assert prepare(asked, seed=1).source.path == str(tmp_path / "elsewhere" / path.name)
    (tmp_path / "elsewhere" / path.name).write_text("a,y\n9,0\n2,1\n3,0\n")
    assert locate(card_of(asked)) is None  # another file of that name


def test_the_same_file_beside_an_experiment_is_found(tmp_path: Path) -> None:
    from kerastui.models import shipped
    from kerastui.models.experiment.toml import load, save

    path = put(tmp_path, "a,y\n1,0\n2,1\n3,0\n")
    plain = data(path, task="binary", target=["y"]).model_dump(mode="json")
    experiment = shipped.experiment("a05").changed({"data": plain, "published": []})
    folder = tmp_path / "copy"
    folder.mkdir()
    save(experiment, folder / "e.toml")
    path.rename(folder / path.name)
    found = load(folder / "e.toml").data.file
    assert found is not None
    assert found.path == str(folder / path.name)


def test_the_library(tmp_path: Path) -> None:
    library = Library(tmp_path / "saved")
    assert library.names() == []
    path = put(tmp_path, GERMAN, "Meine Daten (2).csv")
    name = library.free_name(path)
    assert name == "meine-daten-2"
    own = imported(sniff(path))
    library.add(name, own)
    assert library.get(name) == own
    assert library.name_of(path) == name
    card = library.cards()[0]
    assert (card.name, card.rows, card.target, card.kind) == (name, 40, ("ok",), "tabular")
    assert data_of(card).file == own.file
    assert library.free_name(path) == "meine-daten-2-2"
    assert library.forget(name) == own
    assert library.names() == []
    assert path.exists()
    assert library.free_name(Path("mnist.npz")) == "mnist-2"  # the catalogue's name


@pytest.mark.parametrize("name", ["", "../x", "A b", "mnist", "x" * 80, "x/y"])
def test_names_that_data_cannot_have(tmp_path: Path, name: str) -> None:
    own = imported(sniff(put(tmp_path, GERMAN)))
    with pytest.raises(UserError):
        Library(tmp_path).add(name, own)


def test_a_broken_recipe_can_be_forgotten(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.folder.mkdir()
    (library.folder / "bad.toml").write_text("task = 'dance'")
    assert library.cards() == []
    with pytest.raises(UserError, match=r"bad\.toml can't be read"):
        library.get("bad")
    assert library.forget("bad") is None
    with pytest.raises(UserError, match="no own file called 'bad'"):
        library.forget("bad")


@pytest.mark.parametrize(
    "plain",
    [{"path": ""}, {"path": "/x", "delimiter": ";;"}, {"path": "/x", "format": "pictures"},
     {"path": "/x", "thousands": "."}, {"path": "/x", "arrays": ["a", "b", "c"]},
     {"path": "/x", "colour": "red"}],
)  # fmt: skip
def test_recipes_that_cannot_be(plain: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's, many messages
        FileRecipe.model_validate(plain)

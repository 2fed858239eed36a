"""The first look into own files: what is detected, what is told about odd and broken ones."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.cells import Marks, detect_marks
from kerastui.datasets.files.dates import date_format
from kerastui.datasets.files.sniff import sniff
from kerastui.datasets.sniffed import Sniffed

GERMAN = "Datum;Wert;Ort;Preis;ok\n" + "\n".join(
    f"{1 + i % 28:02d}.{1 + i % 12:02d}.2024;{i},5;{'Köln' if i % 2 else 'Bonn'};"
    f"1.{i:03d},20;{'ja' if i % 3 else 'nein'}"
    for i in range(40)
)


def put(tmp_path: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def kinds(sniffed: Sniffed) -> dict[str, str]:
    return {column.name: column.kind for column in sniffed.columns}


def doubts(sniffed: Sniffed) -> str:
    return " ".join(note.words for note in sniffed.notes if note.doubt)


# --- how a table is written ------------------------------------------------------------------


def test_a_german_export(tmp_path: Path) -> None:
    found = sniff(put(tmp_path, GERMAN))
    recipe = found.recipe
    assert (recipe.delimiter, recipe.decimal, recipe.thousands) == (";", ",", ".")
    assert recipe.dates == {"Datum": "%d.%m.%Y"}
    assert kinds(found) == {
        "Datum": "date", "Wert": "number", "Ort": "category", "Preis": "number", "ok": "yes/no",
    }  # fmt: skip
    assert (found.total, found.exact) == (40, True)
    assert found.rows[0] == ("01.01.2024", "0,5", "Bonn", "1.000,20", "nein")
    assert "decimal comma" in " ".join(note.words for note in found.notes)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [("a,b\n1,2\n3,4\n", ","), ("a\tb\n1\t2\n3\t4\n", "\t"), ("a|b\n1|2\n3|4\n", "|"),
     ("a;b\n1,5;2\n3,5;4\n", ";"), ("  1.0  2.50 3\n 10.0  3.50 4\n  2.0 10.50 5\n", " "),
     ('a,b\n"x; y",1\n"z; w",2\n', ","), ("v\n1\n2\n", ",")],
)  # fmt: skip
def test_delimiters(tmp_path: Path, text: str, delimiter: str) -> None:
    assert sniff(put(tmp_path, text)).recipe.delimiter == delimiter


def test_one_column_has_no_delimiter(tmp_path: Path) -> None:
    told = [note.words for note in sniff(put(tmp_path, "v\n1\n2\n")).notes]
    assert "Each line is one cell." in told
    assert not any("between the cells" in words for words in told)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "name;größe\n" + "Müller;1,80\nJürgen;1,75\n" * 10
    found = sniff(put(tmp_path, text.encode(encoding)))
    assert found.recipe.encoding == encoding
    assert found.rows[0] == ("Müller", "1,80")
    assert list(kinds(found)) == ["name", "größe"]


@pytest.mark.parametrize(
    ("text", "header"),
    [("a,b\n1,x\n2,y\n", True), ("5.1,setosa\n4.9,setosa\n6.0,other\n", False),
     ("name,city\nAda,London\nAlan,London\n", True), ("x,y\ny,x\nx,x\n", False),
     ("city,2019,2020\nRome,1,2\nParis,3,4\n", True)],
)  # fmt: skip
def test_headers(tmp_path: Path, text: str, header: bool) -> None:
    found = sniff(put(tmp_path, text))
    assert found.recipe.header is header
    assert next(iter(kinds(found))) == (text.split(",")[0] if header else "column 1")


def test_excel_writes_its_delimiter_first_and_ends_lines_with_one(tmp_path: Path) -> None:
    text = "\ufeffsep=;\r\nUmsatz;Jahr;\r\n1.234,50;2020;\r\n2.345,10;2021;\r\n"
    found = sniff(put(tmp_path, text))
    assert found.recipe.skip_rows == 1
    assert kinds(found) == {"Umsatz": "number", "Jahr": "integer"}


def test_lines_before_the_table_are_skipped(tmp_path: Path) -> None:
    rows = "\n".join(f"r{i % 3},{i * 3},{2000 + i}" for i in range(20))
    found = sniff(put(tmp_path, f"Report of sales\n\nmade 2024-01-01\nregion,sales,year\n{rows}"))
    assert found.recipe.skip_rows == 3
    assert list(kinds(found)) == ["region", "sales", "year"]
    assert "before the table" in doubts(found)


def test_r_leaves_out_the_name_of_the_row_numbers(tmp_path: Path) -> None:
    rows = "\n".join(f'"{i}" {i * 0.5} {i * 0.1:.2f}' for i in range(1, 20))
    found = sniff(put(tmp_path, f'"Sepal" "Petal"\n{rows}'))
    assert kinds(found) == {"row": "identifier", "Sepal": "number", "Petal": "number"}


@pytest.mark.parametrize(
    ("cells", "marks"),
    [(["1,5", "2,75"], Marks(",")), (["1.5", "2.25"], Marks()),
     (["1,234", "12,345"], Marks(".", ",")),
     (["1.234,5", "2.345.678,1"], Marks(",", ".")), (["1 234,5", "12 345,0"], Marks(",", " ")),
     (["1'234.5", "2'345.5"], Marks(".", "'")), (["1,234.5"], Marks(".", ",")),
     (["0,123", "0,456"], Marks(",")), (["1.234", "2.345"], Marks()), (["x", ""], Marks())],
)  # fmt: skip
def test_decimal_marks_and_thousands(cells: list[str], marks: Marks) -> None:
    assert detect_marks(cells, '"')[0] == marks


@pytest.mark.parametrize(
    ("cells", "given", "doubt"),
    [(["2024-01-31", "2024-02-01"], "%Y-%m-%d", False), (["31.01.2024"], "%d.%m.%Y", False),
     (["1960-01", "1960-02"], "%Y-%m", False), (["01/31/2024"], "%m/%d/%Y", False),
     (["13/01/2024"], "%d/%m/%Y", False), (["01/02/2024", "05/04/2023"], "%m/%d/%Y", True),
     (["02/01/2024", "01/02/2024", "03/02/2024"], "%d/%m/%Y", False),
     (["2024-01-31 13:45:00"], "%Y-%m-%d %H:%M:%S", False), (["3 Mar 2024"], "%d %b %Y", False),
     (["2024-01-31T13:45:00Z"], "%Y-%m-%dT%H:%M:%SZ", False), (["12.5", "13.5"], "", False),
     (["hello world"], "", False), ([], "", False)],
)  # fmt: skip
def test_dates(cells: list[str], given: str, doubt: bool) -> None:
    assert date_format(cells) == (given, doubt)


def test_marks_for_no_value_and_codes(tmp_path: Path) -> None:
    rows = "\n".join(
        f"{i:05d},{'k.A.' if i % 9 == 0 else i * 1.5},{'NA' if i % 7 == 0 else i}"
        for i in range(1000, 1040)
    )
    found = sniff(put(tmp_path, f"zip,temp,n\n{rows}"))
    assert "k.A." in found.recipe.missing
    assert found.recipe.as_text == ["zip"]
    assert kinds(found)["temp"] == "number"
    assert next(c for c in found.columns if c.name == "n").missing > 0


def test_versions_do_not_become_numbers_where_a_point_divides_thousands(tmp_path: Path) -> None:
    rows = "\n".join(f"1.2.{i};1.{i:03d},5" for i in range(30))
    found = sniff(put(tmp_path, f"v;p\n{rows}"))
    assert (found.recipe.thousands, found.recipe.as_text) == (".", ["v"])


# --- odd and broken files --------------------------------------------------------------------


def test_double_empty_and_hostile_names_are_mended(tmp_path: Path) -> None:
    found = sniff(put(tmp_path, "a,a,,b\x1b[31m \n1,2,3,4\n5,6,7,8\n"))
    assert found.recipe.names == ["a", "a 2", "column 3", "b [31m"]
    assert "mended" in doubts(found)


def test_control_characters_and_formulas_are_pointed_out(tmp_path: Path) -> None:
    found = sniff(put(tmp_path, "a,x\n\x1b]0;hi\x07,1\n=cmd|' /C calc'!A0,2\n"))
    told = " ".join(note.words for note in found.notes)
    assert "1 cell holds control characters; signs such as � stand for them." in told
    assert "1 cell looks like a formula; it is text" in told


def test_mixed_types_are_pointed_out(tmp_path: Path) -> None:
    found = sniff(put(tmp_path, "a,b\n" + "1,2\nmany,3\n2.5,4\n" * 10))
    assert kinds(found)["a"] == "category"
    assert "a holds numbers and text, such as 'many'" in doubts(found)


def test_ragged_rows(tmp_path: Path) -> None:
    assert "Row 3 has 3 cells instead of 2" in doubts(
        sniff(put(tmp_path, "a,b\n1,2\n3,4,5\n6,7\n"))
    )
    short = sniff(put(tmp_path, "a,b\n1,2\n3\n6,7\n"))
    assert "end early" in doubts(short)
    assert short.rows[1] == ("3", "")


def test_a_quotation_mark_that_is_never_closed(tmp_path: Path) -> None:
    assert "never closed" in doubts(sniff(put(tmp_path, 'a,b\n1,"x\n2,y\n3,z\n')))
    found = sniff(put(tmp_path, 'a,b\n1,"x\n2,y\n3,z\n'), {"quote": ""})
    assert len(found.rows) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"\n\n\n", "no rows"), (b"a,b,c\n", "only one line"),
     (bytes(range(256)) * 20, "zero bytes"), (b"\x1f\x8bxxxx", "gzip"), (b"%PDF-1.4 x", "PDF"),
     (b"\x89PNG\r\n\x1a\n", "a picture"), (b"\x80\x04\x95abc", "pickle"),
     (b"PK\x03\x04" + b"x" * 100, "ZIP archive")],
)  # fmt: skip
def test_what_is_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        sniff(put(tmp_path, content))
    assert error.value.hint


def test_a_line_without_end_and_a_sparse_file(tmp_path: Path) -> None:
    endless = put(tmp_path, b"abc," * (5 << 20), "endless.csv")
    with pytest.raises(UserError, match="longer than 16 MB"):
        sniff(endless)
    sparse = tmp_path / "sparse.csv"
    with sparse.open("wb") as stream:
        stream.truncate(2 << 30)
    with pytest.raises(UserError, match="not text"):
        sniff(sparse)


def test_a_hundred_thousand_columns_and_a_million(tmp_path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(100_000))
    ones = ",".join("1" * 100_000)
    found = sniff(put(tmp_path, f"{names}\n{ones}\n{ones}\n"))
    assert len(found.columns) == 100_000
    with pytest.raises(UserError, match="1,000,000 columns"):
        sniff(put(tmp_path, ",".join("1" * 1_000_000) + "\n1\n"))


def test_only_files_and_folders_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", Path("/dev/zero")):
        with pytest.raises(UserError, match="not a file"):
            sniff(path)
    with pytest.raises(UserError, match="There is no file"):
        sniff(tmp_path / "pipe.csv" / "inside")
    with pytest.raises(UserError, match="no files"):
        sniff(tmp_path / "pipe.csv" / "..")
    put(tmp_path, "a,b\n1,2\n", "taxis.csv")
    with pytest.raises(UserError) as error:
        sniff(tmp_path / "taxi.csv")
    assert "taxis.csv" in error.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = put(tmp_path, "a,b\n1,2\n")
    path.chmod(0)
    with pytest.raises(UserError, match="may not read"):
        sniff(path)


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    row = ",".join(["0.25"] * 50) + "\n"
    path = tmp_path / "large.csv"
    with path.open("w") as stream:
        stream.write(",".join(f"f{i}" for i in range(50)) + "\n")
        stream.write(row * 3000)
        stream.truncate(1 << 30)  # the rest is a hole, which a whole reading would stumble on
        stream.seek((1 << 30) - len(row) * 200)
        stream.write(row * 200)
    with pytest.raises(UserError, match="zero bytes"):  # the middle is looked at as well
        sniff(path)
    with path.open("r+") as stream:
        stream.truncate(len(row) * 3000)
    found = sniff(path)
    assert not found.exact
    assert found.total == pytest.approx(3000, rel=0.02)


# --- what a person knows better --------------------------------------------------------------


def test_every_detection_can_be_overruled(tmp_path: Path) -> None:
    path = put(tmp_path, "a;b\n1,5;2\n3,5;4\n")
    found = sniff(path, {"delimiter": "comma", "header": False, "decimal": "."})
    assert (found.recipe.delimiter, found.recipe.header) == (",", False)
    assert len(found.columns) == 2
    assert not {note.field for note in found.notes} & {"delimiter", "header", "decimal"}
    assert sniff(path, {"skip_rows": 1, "header": "no"}).rows[0] == ("1,5", "2")
    assert sniff(path, {"names": ["x", "y"]}).recipe.names == ["x", "y"]


@pytest.mark.parametrize(
    ("given", "message"),
    [({"delimeter": ";"}, "no setting 'delimeter'"), ({"skip_rows": -1}, "skip_rows"),
     ({"encoding": "klingon"}, "no encoding"), ({"encoding": "ascii"}, "is not ascii"),
     ({"format": "xls"}, "format"), ({"names": ["one"]}, "1 names are given for 2 columns"),
     ({"decimal": ",", "thousands": ","}, "thousands"), ({"path": "/etc/passwd"}, "no setting")],
)  # fmt: skip
def test_settings_that_cannot_be(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        sniff(put(tmp_path, "größe,b\n1,2\n3,4\n"), given)


# --- other formats ---------------------------------------------------------------------------


def test_json_lines(tmp_path: Path) -> None:
    lines = [json.dumps({"a": i, "b": "xy"[i % 2], "d": f"2024-01-{1 + i % 28:02d}"})
             for i in range(30)]  # fmt: skip
    found = sniff(put(tmp_path, "\n".join(lines), "x.jsonl"))
    assert found.recipe.format == "jsonl"
    assert found.recipe.dates == {"d": "%Y-%m-%d"}
    assert found.total == 30
    with pytest.raises(UserError, match=r"Line 2 of bad\.jsonl"):
        sniff(put(tmp_path, '{"a":1}\nno\n{"a":2}\n', "bad.jsonl"))
    with pytest.raises(UserError, match="one JSON list"):
        sniff(put(tmp_path, '[{"a": 1}]', "x.json"))


def test_parquet_whole_and_cut(tmp_path: Path) -> None:
    import pandas as pd

    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1.5, 2], "b": ["x", None]}).to_parquet(path)
    found = sniff(path)
    assert (found.recipe.format, found.total) == ("parquet", 2)
    assert found.rows == (("1.5", "x"), ("2.0", ""))
    with pytest.raises(UserError, match=r"not a complete Parquet file: .*[^.]\. It was"):
        sniff(put(tmp_path, path.read_bytes()[:300], "cut.parquet"))


def test_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.arange(12.0).reshape(4, 3))
    assert list(kinds(sniff(tmp_path / "m.npy"))) == ["column 1", "column 2", "column 3"]
    np.savez(tmp_path / "p.npz", x=np.zeros((6, 5, 4)), y=[0, 1, 2, 0, 1, 2])
    found = sniff(tmp_path / "p.npz")
    assert (found.recipe.arrays, found.recipe.kind) == (["x", "y"], "image")
    assert (found.recipe.height, found.recipe.width, found.recipe.channels) == (5, 4, 1)
    assert found.classes == {"0": 2, "1": 2, "2": 2}
    np.savez(tmp_path / "c.npz", age=np.arange(9), income=np.arange(9) * 2.5)
    assert list(kinds(sniff(tmp_path / "c.npz"))) == ["age", "income"]
    for name in ("o.npy", "o.npz"):
        save: Any = np.save if name.endswith("npy") else np.savez
        save(tmp_path / name, np.array([{}, 1], dtype=object))
        with pytest.raises(UserError, match="a pickle"):
            sniff(tmp_path / name)
    np.savez(tmp_path / "q.npz", a=np.zeros((3, 2)), b=np.zeros(3))
    with pytest.raises(UserError, match="which are inputs"):
        sniff(tmp_path / "q.npz")
    assert sniff(tmp_path / "q.npz", {"arrays": ["a", "b"]}).recipe.arrays == ["a", "b"]


def test_folders(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / "pics" / name).mkdir(parents=True)
        (tmp_path / "texts" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (200, 100), "red").save(tmp_path / "pics" / name / f"{number}.png")
            (tmp_path / "texts" / name / f"{number}.txt").write_text("a good film")
    found = sniff(tmp_path / "pics")
    assert (found.recipe.format, found.recipe.width, found.recipe.height) == ("pictures", 64, 32)
    assert found.classes == {"cat": 3, "dog": 3}
    assert sniff(tmp_path / "texts").recipe.format == "texts"
    with pytest.raises(UserError, match="one class only"):
        sniff(one_class(tmp_path))
    put(tmp_path / "pics", "a,b\n1,2\n", "labels.csv")
    with pytest.raises(UserError, match="a picture") as error:
        sniff(tmp_path / "pics" / "cat" / "0.png")
    assert "folder" in error.value.hint


def one_class(tmp_path: Path) -> Path:
    (tmp_path / "one" / "cat").mkdir(parents=True)
    (tmp_path / "one" / "cat" / "a.txt").write_text("x")
    return tmp_path / "one"


def test_a_table_of_texts(tmp_path: Path) -> None:
    rows = "\n".join(f"this was a {'good' if i % 2 else 'bad'} film, number {i};{i % 2}"
                     for i in range(40))  # fmt: skip
    found = sniff(put(tmp_path, f"review;label\n{rows}"))
    assert (found.recipe.format, found.recipe.text, found.recipe.label) == (
        "texts", "review", "label",
    )  # fmt: skip
    assert found.classes == {"0": 20, "1": 20}
    assert sniff(found.recipe.place, {"format": "csv"}).recipe.format == "csv"

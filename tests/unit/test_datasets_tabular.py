"""Reading tables: what real files look like, and what is told about broken ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastui.datasets.catalogue import card
from kerastui.datasets.errors import UserError
from kerastui.datasets.tabular import load_boston, load_csv, load_sklearn, read_csv


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_numbers_text_and_missing_values(tmp_path: Path) -> None:
    columns = read_csv(written(tmp_path, 'a,b,"c d"\n1,x,\n2.5,"y,z",NA\n?, w ,3e2\n'))
    assert list(columns) == ["a", "b", "c d"]
    np.testing.assert_array_equal(columns["a"], [1, 2.5, np.nan])
    assert columns["b"].tolist() == ["x", "y,z", "w"]
    np.testing.assert_array_equal(columns["c d"], [np.nan, np.nan, 300])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, end: str) -> None:
    lines = [f"a{delimiter}b", f"1{delimiter}2", f"3{delimiter}4"]
    columns = read_csv(written(tmp_path, end.join(lines) + end + end))
    assert {name: column.tolist() for name, column in columns.items()} == {
        "a": [1, 3],
        "b": [2, 4],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    columns = read_csv(written(tmp_path, "größe\nübel\nfein\n".encode(encoding)))
    assert {name: column.tolist() for name, column in columns.items()} == {
        "größe": ["übel", "fein"]
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no rows"),
        ("a,b\n", "has no rows"),
        ("a,b\n1,2\n3\n", "Row 2 of table.csv has 1 cells instead of 2"),
        ("a,a\n1,2\n", "more than one column called 'a'"),
        (b"\x00\x01\x02", "not a text file"),
        (b"\xff\xfea", "not a text file|has no rows"),
        ("a\n" + "x" * 200_000, "not a readable table"),
    ],
)
def test_broken_files_are_told(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_csv(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_csv(tmp_path / "none.csv")


def test_a_file_without_the_columns_of_its_card(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no column Sales; it has Month, Sold"):
        load_csv(written(tmp_path, "Month,Sold\n1960-01,1\n"), card("car-sales"))


def test_a_headerless_file_of_another_width(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Row 1 of table\.csv has 2 cells instead of 5"):
        load_csv(written(tmp_path, "1,2\n"), card("iris"))


def test_a_hundred_thousand_columns_can_be_read_and_named_in_an_error(tmp_path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(100_000))
    path = written(tmp_path, f"{names}\n{','.join('1' * 100_000)}\n")
    assert len(read_csv(path)) == 100_000
    with pytest.raises(UserError, match="and 99,950 more") as caught:
        load_csv(path, card("car-sales"))
    assert len(str(caught.value)) < 1000


def test_bostons_archive(tmp_path: Path) -> None:
    x = np.arange(26.0).reshape(2, 13)
    np.savez(tmp_path / "a.npz", x=x, y=[1.0, 2.0])
    loaded = load_boston(tmp_path / "a.npz", card("boston"))
    np.testing.assert_array_equal(loaded.columns["lstat"], [12, 25])
    assert loaded.target == ("medv",)
    np.savez(tmp_path / "b.npz", x=x[:, 1:], y=[1.0, 2.0])
    with pytest.raises(UserError, match=r"x \(2, 12\)"):
        load_boston(tmp_path / "b.npz", card("boston"))


@pytest.mark.parametrize("name", ["sklearn-iris", "breast_cancer", "wine", "diabetes"])
def test_sklearns_tables_are_as_their_cards_say(name: str) -> None:
    one = card(name)
    loaded = load_sklearn(one)
    assert list(loaded.columns) == [column.name for column in one.columns]
    assert loaded.rows == one.rows
    if one.classes:
        numbers = np.unique(loaded.columns[one.target[0]])
        np.testing.assert_array_equal(numbers, np.arange(len(one.classes)))


def test_classes_are_in_sklearns_order() -> None:
    from sklearn.datasets import load_breast_cancer, load_iris, load_wine

    for name, load in [
        ("breast_cancer", load_breast_cancer),
        ("sklearn-iris", load_iris),
        ("wine", load_wine),
    ]:
        assert card(name).classes == tuple(load().target_names)

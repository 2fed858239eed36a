"""Tables from CSV files, from Keras' Boston archive and from scikit-learn."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from kerastui.datasets.catalogue import Card, listed
from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Array, Loaded
from kerastui.datasets.npz import read_npz

MISSING = frozenset({"", "?", "NA", "N/A", "NaN", "nan", "null", "None"})
"""Cells that mean "no value"."""


def load_csv(path: Path, card: Card) -> Loaded:
    """Read the CSV file of a card.

    Raises:
        UserError: The file is not a table with the columns of the card.
    """
    names = None if card.header else [column.name for column in card.columns]
    columns = read_csv(path, names)
    expected = [column.name for column in card.columns]
    absent = [name for name in expected if name not in columns]
    if absent:
        raise UserError(
            f"{path.name} has no column {listed(absent)}; it has {listed(columns)}.",
            hint=f"{card.name} needs the columns {', '.join(expected)}.",
        )
    return Loaded(columns=columns, target=card.target, classes=card.classes, names=card.names)


def read_csv(path: Path, names: list[str] | None = None) -> dict[str, Array]:
    """Read a CSV file into named columns.

    A column whose cells are all numbers (or missing) becomes float64 with NaN for missing;
    any other becomes an object array of str with None for missing.

    Args:
        path: The file; comma, semicolon, tab or bar between the cells.
        names: Names of the columns; None: the first line has them.

    Raises:
        UserError: Not text, empty, or lines with different numbers of cells.
    """
    text = _read_text(path)
    lines = [row for row in _rows(text, path) if row]
    if names is None and lines:
        names = [cell.strip() for cell in lines.pop(0)]
    if not lines or not names:
        raise UserError(f"{path.name} has no rows.", hint="Choose a file with at least one row.")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise UserError(
            f"{path.name} has more than one column called {listed(map(repr, twice))}.",
            hint="Give every column a name of its own in the first line.",
        )
    for number, row in enumerate(lines, start=1):
        if len(row) != len(names):
            raise UserError(
                f"Row {number} of {path.name} has {len(row)} cells instead of {len(names)}.",
                hint="Every row needs the same number of cells, with commas, semicolons, tabs "
                "or bars between them.",
            )
    return {
        name: _column(cells) for name, cells in zip(names, zip(*lines, strict=True), strict=True)
    }


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Check the path."
        ) from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if "\0" in text:
        raise UserError(
            f"{path.name} is not a text file.", hint="Choose a file of comma-separated values."
        )
    return text


def _rows(text: str, path: Path) -> list[list[str]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)  # the first of them when none occurs
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise UserError(
            f"{path.name} is not a readable table: {error}.",
            hint="Save it again as comma-separated values.",
        ) from error


def _column(cells: tuple[str, ...]) -> Array:
    stripped = [cell.strip() for cell in cells]
    values: list[Any] = [None if cell in MISSING else cell for cell in stripped]
    try:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    except ValueError:
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column


def load_boston(path: Path, card: Card) -> Loaded:
    """Read Keras' archive of Boston housing: `x` (506, 13) and `y` (506,)."""
    arrays = read_npz(path, ["x", "y"])
    x, y = arrays["x"], arrays["y"]
    names = [column.name for column in card.columns]
    if x.ndim != 2 or x.shape[1] != len(names) - 1 or y.shape != (len(x),):
        raise UserError(
            f"{path.name} holds x {x.shape} and y {y.shape}.",
            hint=f"{card.name} needs x (rows, {len(names) - 1}) and y (rows,).",
        )
    columns = {name: x[:, i].astype(np.float64) for i, name in enumerate(names[:-1])}
    columns[names[-1]] = y.astype(np.float64)
    return Loaded(columns=columns, target=card.target)


def load_sklearn(card: Card) -> Loaded:
    """One of the tables that come with scikit-learn; classes are their numbers."""
    import sklearn.datasets as sk

    load = {
        "sklearn-iris": sk.load_iris,
        "breast_cancer": sk.load_breast_cancer,
        "wine": sk.load_wine,
        "diabetes": sk.load_diabetes,
    }[card.name]
    bunch = load()
    names = [column.name for column in card.columns]
    columns = {name: bunch.data[:, i].astype(np.float64) for i, name in enumerate(names[:-1])}
    columns[names[-1]] = bunch.target.astype(np.float64)
    return Loaded(columns=columns, target=card.target, classes=card.classes)

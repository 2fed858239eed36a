"""Rows of text cells as a model's inputs: which cell belongs to which column, what each says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from kerastui.datasets.catalogue import card_of, closest, listed
from kerastui.datasets.errors import UserError
from kerastui.datasets.files.dialect import detect_delimiter, detect_quote, rows_of
from kerastui.datasets.recipe import MARKS
from kerastui.models.look.predict_asked import Asking
from kerastui.models.look.predict_outcome import Floats

TEXT_COLUMNS = ("text", "review", "sentence", "comment", "message", "body", "content")
"""What a column of texts is usually called."""


@dataclass
class Table:
    """Rows as they were given.

    Attributes:
        names: Of the columns.
        rows: Cells as text.
        decimal: The decimal mark of numbers.
        thousands: What divides thousands, or nothing.
        missing: Cells that mean "no value".
        dates: Formats of columns of dates.
    """

    names: list[str]
    rows: list[list[str]]
    decimal: str = "."
    thousands: str = ""
    missing: Sequence[str] = MARKS
    dates: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Predicted:
    """What was predicted for the rows of a table.

    Attributes:
        answers: For each output (rows, names); NaN in rows that can't be predicted.
        good: Which rows could be predicted.
        notes: For each row, what is wrong with it or lies outside the training part.
        outside: Predicted rows of which something lies outside.
    """

    answers: list[Floats]
    good: npt.NDArray[np.bool_]
    notes: list[list[str]]
    outside: int = 0


def pasted(text: str, asked: Asking) -> Table:
    """Cut pasted text into a table.

    Raises:
        UserError: Its rows are not those of the model's data.
    """
    quote = detect_quote(text)
    delimiter, _ = detect_delimiter(text, quote)
    if delimiter not in text and len(asked.columns) > 1:
        delimiter = " "
    rows = rows_of(text, delimiter, quote)
    decimal = "," if delimiter != "," and re.search(r"\d,\d", text) and "." not in text else "."
    if not rows:
        return Table([], [])
    if has_header(rows[0], asked):
        return Table([cell.strip() for cell in rows[0]], rows[1:], decimal)
    return Table(assumed_names(len(rows[0]), asked), rows, decimal)


def has_header(first: Sequence[str], asked: Asking) -> bool:
    """Whether a row names columns: one of those that are needed, at least."""
    known = {plain_name(name) for name in (*asked.columns, *TEXT_COLUMNS)}
    texts = {plain_name(choice) for one in asked.fields for choice in one.choices}
    return any(plain_name(cell) in known - texts for cell in first)


def assumed_names(count: int, asked: Asking) -> list[str]:
    """Names for rows without a headline: those of the inputs, or of the whole data set.

    Raises:
        UserError: So many cells are neither.
    """
    if asked.kind == "text" and count == 1:
        return ["text"]
    if count == len(asked.columns):
        return list(asked.columns)
    if asked.found.experiment is not None and asked.kind != "text":
        whole = list(asked.found.loaded.columns)
        card = card_of(asked.found.experiment.data)
        if not card.recipe and card.columns:
            whole = [column.name for column in card.columns]
        if count == len(whole):
            return whole
    raise UserError(
        f"The first row has {count} cell{'s' * (count != 1)} and names no column.",
        f"Needed: {len(asked.columns)} in this order: {listed(asked.columns)}; or a headline.",
    )


def plain_name(name: str) -> str:
    """A name without what differs between files: capitals, spaces, dashes."""
    return re.sub(r"[\s_\-.]+", "", name).casefold()


def places(wanted: Sequence[str], given: Sequence[str], what: str = "The file") -> dict[str, int]:
    """Find columns by name, in any order; capitals, spaces and dashes need not be the same.

    Raises:
        UserError: Some are missing; all of them are named.
    """
    exact = {name.strip(): place for place, name in reversed(list(enumerate(given)))}
    loose = {plain_name(name): place for place, name in reversed(list(enumerate(given)))}
    found = {}
    for name in wanted:
        place = exact.get(name, loose.get(plain_name(name)))
        if place is not None:
            found[name] = place
    absent = [name for name in wanted if name not in found]
    if absent:
        near = closest(absent[0], list(given)) if len(absent) == 1 else f"It has {listed(given)}."
        plural = "s" if len(absent) > 1 else ""
        raise UserError(f"{what} has no column{plural} {listed(absent)}.", near)
    return found


def text_column(names: Sequence[str], asked: Asking, what: str = "The file") -> int:
    """Which column holds the texts.

    Raises:
        UserError: None is called as they usually are.
    """
    known = [plain_name(name) for name in names]
    recipe = asked.found.experiment.data.file if asked.found.experiment else None
    for name in (*([recipe.text] if recipe and recipe.text else ()), *TEXT_COLUMNS):
        if plain_name(name) in known:
            return known.index(plain_name(name))
    if len(names) == 1:
        return 0
    raise UserError(f"{what} has no column of texts.",
                    f"Call it {listed(TEXT_COLUMNS)}; it has {listed(names)}.")  # fmt: skip


def predicted(asked: Asking, table: Table, what: str = "The table") -> Predicted:
    """Predict the rows of a table; those that can't be predicted say why.

    Raises:
        UserError: Columns are missing.
    """
    count = len(table.rows)
    notes: list[list[str]] = [[] for _ in range(count)]
    good = np.ones(count, dtype=np.bool_)
    for number, row in enumerate(table.rows):
        if len(row) != len(table.names):
            good[number] = False
            cells = f"{len(row)} cell{'s' * (len(row) != 1)}"
            notes[number].append(f"{cells} instead of {len(table.names)}")
    if asked.kind == "text":
        place = text_column(table.names, asked, what)
        batch = _texts(asked, table, place, good, notes)
    else:
        batch = _columns(asked, table, places(asked.columns, table.names, what), good, notes)
    empty = [np.full((count, len(output.names)), np.nan) for output in asked.outputs]
    if not good.any():
        return Predicted(empty, good, notes)
    some = asked.answer(batch)
    for whole, part in zip(empty, some, strict=True):
        whole[good] = part
    outside = sum(bool(told) for told, ok in zip(notes, good, strict=True) if ok)
    return Predicted(empty, good, notes, outside)


def _columns(asked: Asking, table: Table, where: dict[str, int], good: npt.NDArray[np.bool_],
             notes: list[list[str]]) -> Any:  # fmt: skip
    """The prepared inputs of the good rows; rows that turn out bad are no longer good."""
    kinds = {one.name: one.kind for one in asked.fields}
    columns: dict[str, Any] = {}
    for name, place in where.items():
        cells = [row[place].strip() if ok else "" for row, ok in zip(table.rows, good, strict=True)]
        if kinds[name] == "text":
            columns[name] = _objects([None if c in table.missing else c for c in cells])
            continue
        typed, wrong = (_dates if kinds[name] == "date" else _numbers)(name, cells, table)
        columns[name] = typed
        for number in np.flatnonzero(wrong & good).tolist():
            said = "date" if kinds[name] == "date" else "number"
            notes[number].append(f"{name}: {cells[number][:40]!r} is not a {said}")
        good &= ~wrong
    for number, told in enumerate(asked.outside_many(columns, len(table.rows))):
        if good[number]:
            notes[number] += told
    kept = {name: column[good] for name, column in columns.items()}
    if not good.any():
        return None
    batch = asked.encode_columns(kept, check=False)
    if batch.dtype.kind != "f":
        return batch
    finite = np.isfinite(batch.reshape(len(batch), -1)).all(axis=1)
    for number in np.flatnonzero(good)[~finite].tolist():
        notes[number].append(_lacking(columns, number))
    good[np.flatnonzero(good)[~finite]] = False
    return batch[finite]


def _lacking(columns: Mapping[str, Any], number: int) -> str:
    """Say which values a row lacks."""
    absent = [name for name, column in columns.items()
              if column[number] is None or column[number] != column[number]]  # fmt: skip
    return f"no value in {listed(absent)}" if absent else "a value becomes infinite or missing"


def _texts(asked: Asking, table: Table, place: int, good: npt.NDArray[np.bool_],
           notes: list[list[str]]) -> Any:  # fmt: skip
    from kerastui.datasets.text import WORD

    texts = []
    for number, row in enumerate(table.rows):
        if not good[number]:
            continue
        if re.search(WORD, row[place].lower()) is None:
            good[number] = False
            notes[number].append("the text has no words")
        else:
            texts.append(row[place])
    return asked.found.prepared.encode_many(texts) if texts else None


def _numbers(name: str, cells: Sequence[str], table: Table) -> tuple[Any, Any]:
    """Cells as numbers, NaN where there is no value; and where they are no numbers."""
    import pandas as pd

    plain = list(cells)
    if table.thousands:
        plain = [cell.replace(table.thousands, "") for cell in plain]
    if table.decimal != ".":
        plain = [cell.replace(table.decimal, ".") for cell in plain]
    missing = np.array([cell in table.missing for cell in cells], dtype=np.bool_)
    blank = [None if lost else cell for cell, lost in zip(plain, missing, strict=True)]
    typed = pd.to_numeric(pd.Series(blank, dtype="object"), errors="coerce").to_numpy(np.float64)
    return typed, ~np.isfinite(typed) & ~missing


def _dates(name: str, cells: Sequence[str], table: Table) -> tuple[Any, Any]:
    import pandas as pd

    missing = np.array([cell in table.missing for cell in cells], dtype=np.bool_)
    given = pd.Series([None if lost else cell for cell, lost in zip(cells, missing, strict=True)])
    form = table.dates.get(name, "ISO8601")
    typed = pd.to_datetime(given, format=form, errors="coerce").to_numpy("datetime64[us]")
    return typed, np.isnat(typed) & ~missing


def _objects(cells: Sequence[Any]) -> Any:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column

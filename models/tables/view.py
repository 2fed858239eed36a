"""A table as it is looked at: which rows, in which order; nothing of it is copied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kerastui.datasets.errors import UserError
from kerastui.models.tables import filters
from kerastui.models.tables.frame import NUMBERS, Array, Frame, Rows

LONGEST = 160
"""Signs of a cell that a page carries; a record carries `LONGEST_IN_RECORD`."""

LONGEST_IN_RECORD = 5000
MOST_CELLS = 200_000
"""The most cells of one page."""

SAMPLED = 60
"""Rows, spread over the table, whose texts decide how wide a column is."""

SAMPLED_COLUMNS = 400


class TableView:
    """The rows of a frame, sorted and filtered.

    Args:
        frame: What is looked at.

    Attributes:
        expression: The filter, empty where all rows are shown.
        sorted_by: Numbers of the columns that the rows are sorted by, none where they stand as
            they were.
    """

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.expression = ""
        self.sorted_by: tuple[int, ...] = ()
        self.descending = False
        self._mask: filters.Mask | None = None
        self._order: Rows | None = None
        self._shown: Rows | None = None
        self._found: tuple[str, Array] | None = None

    @property
    def rows(self) -> int:
        """How many rows are shown."""
        return self.frame.rows if self._shown is None else len(self._shown)

    def ids(self, first: int, count: int) -> Rows:
        """Return the numbers of some shown rows in the frame, fewer at the end."""
        first, last = max(0, first), max(0, min(self.rows, first + max(0, count)))
        if self._shown is not None:
            return self._shown[first:last].astype(np.int64, copy=False)
        return np.arange(first, max(first, last), dtype=np.int64)

    def page(self, first: int, count: int, columns: Sequence[int]) -> dict[str, Any]:
        """Return some cells.

        Args:
            first: The first shown row, from 0.
            count: How many rows, fewer where there are no more.
            columns: Numbers of the columns.

        Returns:
            `ids` (numbers of the rows in the table, from 0) and `cells`: for each column its
            cells, None where there is no value.

        Raises:
            UserError: So many cells are no page, or there is no such column.
        """
        if count * len(columns) > MOST_CELLS:
            raise UserError(f"{count:,} × {len(columns):,} cells are no page.",
                            f"Accepted: up to {MOST_CELLS:,} cells.")  # fmt: skip
        ids = self.ids(first, count)
        return {"ids": ids.tolist(), "cells": [self._cells(column, ids) for column in columns]}

    def record(self, row: int) -> dict[str, Any]:
        """Return all cells of one shown row: `id`, `cells` (none of more than 2,000 columns)."""
        ids = self.ids(row, 1)
        if not len(ids):
            raise UserError(f"There is no row {row + 1:,}.", f"There are {self.rows:,}.")
        columns = range(min(len(self.frame.names), 2000))
        cells = [self._cells(column, ids, LONGEST_IN_RECORD)[0] for column in columns]
        return {"id": int(ids[0]), "cells": cells}

    def widths(self) -> list[int]:
        """Return how long the texts of the first columns are, in signs; 0 for other columns."""
        last = max(0, self.frame.rows - 1)
        ids = np.unique(np.linspace(0, last, SAMPLED).astype(np.int64))[: self.frame.rows]
        found = []
        for column in range(min(len(self.frame.names), SAMPLED_COLUMNS)):
            texts = [] if self.frame.kind(column) in NUMBERS else self._cells(column, ids)
            found.append(max((len(str(text)) for text in texts), default=0))
        return found

    def _cells(self, column: int, ids: Rows, longest: int = LONGEST) -> list[Any]:
        if not 0 <= column < len(self.frame.names):
            raise UserError(f"There is no column {column}.",
                            f"There are 0 to {len(self.frame.names) - 1}.")  # fmt: skip
        return [plain(cell, longest) for cell in self.frame.cells(column, ids)]

    # Order and choice

    def sort(self, columns: Sequence[int], descending: bool = False) -> None:
        """Sort by columns, the first counts most; none brings back the rows as they were.

        Equal rows stay as they were; those without a value come last, either way.

        Raises:
            UserError: A column can't be sorted.
        """
        order: Rows | None = None
        if columns:
            for column in columns:
                if self.frame.kind(column) == "other":
                    raise UserError(f"{self.frame.names[column]} can't be sorted.",
                                    "Accepted: numbers, texts, dates, yes and no.")  # fmt: skip
            keys = pa.Table.from_arrays(
                [self.frame.column(column) for column in columns],
                names=[str(place) for place in range(len(columns))],
            )
            way: Literal["descending", "ascending"] = "descending" if descending else "ascending"
            indices = pc.sort_indices(keys, sort_keys=[(name, way) for name in keys.column_names])
            order = _small(np.asarray(indices), self.frame.rows)
        self.sorted_by, self.descending, self._order = tuple(columns), descending, order
        self._arrange()

    def filter(self, expression: str) -> None:
        """Show only the rows of which an expression holds (`kerastui.models.tables.filters`).

        Raises:
            UserError: The expression can't be read, or does not fit the columns.
        """
        self._mask = filters.mask(self.frame, expression)
        self.expression = expression.strip()
        self._arrange()

    def _arrange(self) -> None:
        self._found = None
        if self._mask is None:
            self._shown = self._order
        elif self._order is None:
            self._shown = _small(np.flatnonzero(self._mask), self.frame.rows)
        else:
            self._shown = self._order[self._mask[self._order]]

    def values(self, column: int) -> pa.ChunkedArray:
        """Return a column of the rows that the filter leaves, in the order of the table."""
        values = self.frame.column(column)
        return values if self._mask is None else values.filter(pa.array(self._mask))

    # Search

    def search(self, text: str, start: int, step: int = 1) -> dict[str, Any]:
        """Look for the next shown row with a text or a number, round the end if need be.

        A text is found inside cells, capitals do not matter; a number where a cell shows it with
        as many digits as were typed.

        Args:
            text: What is looked for.
            start: The first row that counts, from 0; those before it come last.
            step: 1 down, −1 up.

        Returns:
            `row` (None where nothing is found), `column`, and `count` of the rows that have it.
        """
        if self._found is None or self._found[0] != text:
            held = np.zeros(self.frame.rows, dtype=bool)
            for column in range(len(self.frame.names)):
                held |= self._has(column, text)
            if self._shown is not None:
                held = held[self._shown]
            self._found = (text, np.flatnonzero(held))
        places = self._found[1]
        if not len(places):
            return {"row": None, "column": None, "count": 0}
        if step > 0:
            at = int(np.searchsorted(places, start, side="left")) % len(places)
        else:
            at = (int(np.searchsorted(places, start, side="right")) - 1) % len(places)
        row = int(places[at])
        return {"row": row, "column": self._where(row, text), "count": len(places)}

    def _where(self, row: int, text: str) -> int:
        """Return the first column of a shown row that has a text."""
        ids = self.ids(row, 1)
        wanted, sought = text.casefold(), as_number(text)
        for column in range(len(self.frame.names)):
            cell = self.frame.cells(column, ids)[0]
            if self.frame.kind(column) in NUMBERS:
                if sought is not None and cell is not None and within(float(cell), *sought):
                    return column
            elif cell is not None and wanted in str(plain(cell, LONGEST_IN_RECORD)).casefold():
                return column
        return 0

    def _has(self, column: int, text: str) -> filters.Mask:
        kind = self.frame.kind(column)
        if kind in NUMBERS:
            sought = as_number(text)
            if sought is None:
                return np.zeros(self.frame.rows, dtype=bool)
            values = self.frame.column(column)
            value, half = sought
            near = pc.and_kleene(pc.greater_equal(values, value - half),
                                 pc.less_equal(values, value + half))  # fmt: skip
            return filters.as_mask(near)
        values = self.frame.column(column)
        if kind == "other":
            return np.zeros(self.frame.rows, dtype=bool)
        texts = values if kind == "text" else values.cast(pa.string())
        return filters.as_mask(pc.match_substring(texts, text, ignore_case=True))


def as_number(text: str) -> tuple[float, float] | None:
    """Return a typed number and half a unit of its last digit (0 for a whole one), or None."""
    plain_text = text.strip().replace("−", "-").replace(",", "").replace(" ", "")
    try:
        value = float(plain_text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    digits, _, power = plain_text.casefold().partition("e")
    fraction = len(digits.partition(".")[2])
    if not fraction and not power:
        return value, 0.0
    return value, 0.5 * 10.0 ** (int(power or 0) - fraction)


def within(cell: float, value: float, half: float) -> bool:
    """Return whether a number lies within half a unit of the sought one."""
    return value - half <= cell <= value + half


def plain(cell: Any, longest: int = LONGEST) -> Any:
    """Return a cell as JSON knows it; what is longer than `longest` signs ends with an ellipsis."""
    if cell is None or (isinstance(cell, float | int) and not isinstance(cell, bool)):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        # Midnight without a zone is a day.
        day = cell.tzinfo is None and cell.time() == time()
        return cell.date().isoformat() if day else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    text = cell if isinstance(cell, str) else str(cell)
    # Lone surrogates can't be written as UTF-8.
    text = text[: longest + 1].encode("utf-8", "replace").decode()
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _small(rows: Array, count: int) -> Rows:
    """Return row numbers in half the memory where they fit."""
    return rows.astype(np.uint32 if count < 2**32 else np.int64, copy=False)

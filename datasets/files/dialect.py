"""Delimiter, quotes, lines before the table, and whether the first line names the columns."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.sample import LONGEST_LINE

DELIMITERS = "\t;|,"
"""Most telling first: a comma is often part of a number or a sentence."""
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces", ":": "colons"}
_LINES = 200
_LONG_CELLS = threading.Lock()
"""Held while cells may be longer than csv's usual 128 kB, which is a setting of the process."""
_EXCEL = re.compile(r"sep=(.)\r?(?:\n|$)")
_EVEN = 0.9


@dataclass(frozen=True, slots=True)
class Shape:
    """How even the rows are that a delimiter gives."""

    cells: int
    share: float
    first: int


def rows_of(text: str, delimiter: str, quote: str, limit: int = 0) -> list[list[str]]:
    """Cut text into rows of cells; empty lines are left out.

    Args:
        text: Whole lines.
        delimiter: One character; a space stands for any number of them.
        quote: Around cells that hold a delimiter; empty: none.
        limit: Stop after so many rows; 0: never.

    Raises:
        UserError: A cell is longer than any of a table.
    """
    stream = io.StringIO(text, newline="")
    if delimiter == " ":
        lines = (" ".join(line.split()) for line in io.StringIO(text))
    else:
        lines = (line for line in stream)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    reader = csv.reader(
        lines, delimiter=delimiter, quotechar=quote or None, quoting=quoting,
        skipinitialspace=True,
    )  # fmt: skip
    rows: list[list[str]] = []
    with _LONG_CELLS:
        usual = csv.field_size_limit(LONGEST_LINE)
        try:
            for row in reader:
                if row and (len(row) > 1 or row[0].strip()):
                    rows.append(row)
                if limit and len(rows) >= limit:
                    break
        except csv.Error as error:
            raise UserError(
                f"The lines can't be cut into cells: {error}.",
                hint="Is it a table? A quotation mark may be missing; try without quotes.",
            ) from error
        finally:
            csv.field_size_limit(usual)
    return rows


def detect_quote(text: str) -> str:
    """The quotation mark around cells."""
    single = len(re.findall(r"(?:^|[,;\t|])\s*'[^'\n]*'\s*(?=[,;\t|\r\n]|$)", text, re.MULTILINE))
    double = len(re.findall(r"(?:^|[,;\t|])\s*\"", text, re.MULTILINE))
    return "'" if single > 4 and not double else '"'


def detect_delimiter(text: str, quote: str) -> tuple[str, bool]:
    """The delimiter, and whether that is in doubt.

    Each candidate is tried; what counts is how even the rows become.
    """
    told = _EXCEL.match(text)
    if told:
        return told[1], False
    shapes = {delimiter: _shape(text, delimiter, quote) for delimiter in DELIMITERS}
    good = {d: s for d, s in shapes.items() if s.cells > 1 and s.share >= _EVEN}
    if good:
        best = next(iter(good))
        rivals = {d: s for d, s in good.items() if d != best and s.first > 1}
        others = [d for d, s in rivals.items() if s.cells >= good[best].cells]
        # "Smith; Jones, 3" and the like: a name of columns tells more than the order of trying.
        if others and good[best].first == 1:
            best = others[0]
        return best, bool(others)
    spaces = _shape(text, " ", quote)
    if spaces.cells > 1 and spaces.share >= _EVEN and _mostly_numbers(text):
        return " ", False
    uneven = {d: s for d, s in shapes.items() if s.cells > 1 and s.share > 0.5}
    if uneven:
        return max(uneven, key=lambda d: uneven[d].share), True
    return ",", False


def _shape(text: str, delimiter: str, quote: str) -> Shape:
    try:
        rows = rows_of(text, delimiter, quote, _LINES)
    except UserError:
        return Shape(1, 0.0, 1)
    counts = Counter(len(row) for row in rows)
    if not counts:
        return Shape(1, 0.0, 1)
    cells, times = counts.most_common(1)[0]
    return Shape(cells, times / len(rows), len(rows[0]))


def _mostly_numbers(text: str) -> bool:
    words = text[:4000].split()
    return sum(any(c.isdigit() for c in word) for word in words) > 0.5 * len(words)


def detect_skipped(text: str, delimiter: str, quote: str) -> int:
    """How many lines stand before the table: titles, notes, Excel's `sep=;`."""
    lines = text.split("\n", _LINES)[:_LINES]
    if _EXCEL.match(lines[0]):
        return 1
    rows = [rows_of(line, delimiter, quote) for line in lines]
    cells = [row[0] if row else [] for row in rows]
    filled = [sum(bool(cell.strip()) for cell in row) for row in cells]
    usual = Counter(len(row) for row in cells if row).most_common(1)
    if not usual or usual[0][0] < 2 or usual[0][1] < 2:
        return 0
    width = usual[0][0]
    if len(cells) > 1 and len(cells[0]) == width - 1 and len(cells[1]) == width > 2:
        return 0  # R leaves the name of the column out that numbers the rows
    for number, row in enumerate(cells[:30]):
        enough = filled[number] > max(1, 0.3 * width) or width == 2
        if len(row) == width and enough and filled[number] > (0 if width == 2 else 1):
            return number
    return 0


def detect_header(
    rows: Sequence[Sequence[str]], is_number: Sequence[bool], numeric: Sequence[bool]
) -> tuple[bool, bool]:
    """Whether the first row names the columns, and whether that is in doubt.

    Args:
        rows: The first rows.
        is_number: Of each cell of the first row, whether it is a number, a date or missing.
        numeric: Of each column, whether the cells below are numbers or dates.
    """
    first = [cell.strip() for cell in rows[0]]
    if len(rows) == 1:
        return not any(is_number), True
    votes = sum(
        (-1 if is_number[place] else 1)
        for place in range(min(len(first), len(numeric)))
        if numeric[place]
    )
    years = [int(cell) for cell in first if re.fullmatch(r"(?:19|20)\d\d", cell)]
    if len(years) > 1 and votes == -len(years) and years == list(range(years[0], years[-1] + 1)):
        return True, True  # country, 2019, 2020, …
    if votes:
        return votes > 0, False
    if not all(first[:-1]) or len(set(first)) < len(first):
        return False, True
    below = [{row[p].strip() for row in rows[1:] if p < len(row)} for p in range(len(first))]
    again = any(cell in column for cell, column in zip(first, below, strict=True))
    return not again, True

"""What the cells of a table as text are: numbers, dates, categories, identifiers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kerastui.datasets.files.dates import date_format
from kerastui.datasets.sniffed import ColumnKind, Guess

PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|Inf|infinity|Infinity)")
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_YES_NO = (
    {"yes", "no"}, {"true", "false"}, {"y", "n"}, {"t", "f"}, {"ja", "nein"}, {"j", "n"},
    {"on", "off"}, {"oui", "non"}, {"si", "no"}, {"sí", "no"}, {"positive", "negative"},
)  # fmt: skip
_GAPS = frozenset(
    {".", "..", "...", "*", "--", "---", "na", "n.a.", "k.a.", "k.A.", "none", "missing", "unknown",
     "undefined", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "NULL", "nil", "x"}
)  # fmt: skip
_NAMED = re.compile(r"(?i)(?:.*[_ ])?(?:id|ids|index|nr|no|key|uuid|guid|row|unnamed: 0)")
_FEW_CLASSES = 20


@dataclass(frozen=True, slots=True)
class Marks:
    """How numbers are written."""

    decimal: str = "."
    thousands: str = ""


def number_of(cell: str, marks: Marks) -> str | None:
    """A number in Python's spelling, or None; thousands must stand in groups of three."""
    text = cell.strip()
    if marks.thousands and marks.thousands in text:
        whole = text.partition(marks.decimal)[0].lstrip("+-").split(marks.thousands)
        if not 0 < len(whole[0]) < 4 or any(len(group) != 3 for group in whole[1:]):
            return None
    return loose_number(text, marks)


def loose_number(cell: str, marks: Marks) -> str | None:
    """A number as pandas reads it, wherever the marks for thousands stand, or None."""
    text = cell.strip()
    if marks.thousands:
        text = text.replace(marks.thousands, "")
    if marks.decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    return text if PLAIN.fullmatch(text) else None


def detect_marks(cells: Iterable[str], quote: str) -> tuple[Marks, bool]:
    """How the numbers among cells are written, and whether that is in doubt.

    A comma or a point before exactly three digits may be either mark: then other cells decide, and
    where there are none, a point is the decimal mark and a comma divides thousands.
    """
    grouped = re.compile(r"[+-]?\d{1,3}(?:([,. '])\d{3})(?:\1\d{3})*(?:([.,])\d+)?")
    comma = point = unsure = 0
    groups: Counter[str] = Counter()
    for cell in cells:
        text = cell.strip()
        if not text or not text[-1].isdigit():
            continue
        match = grouped.fullmatch(text)
        if match:
            mark, decimal = match.groups()
            single = text.count(mark) == 1
            if decimal and decimal != mark:
                groups[mark] += 2
                comma, point = comma + (decimal == ","), point + (decimal == ".")
            elif mark in " '" or (not single and not text.lstrip("+-").startswith("0")):
                groups[mark] += 2
            elif mark == ",":
                unsure += 1
                groups[","] += text.lstrip("+-")[0] != "0"
                comma += text.lstrip("+-")[0] == "0"
        elif _COMMA.fullmatch(text):
            comma += 1
        elif "." in text and PLAIN.fullmatch(text):
            point += 1
    if comma > point:
        thousands = next((mark for mark in (".", " ", "'") if groups[mark] >= 2), "")
        return Marks(",", thousands), point > 0
    thousands = next((mark for mark in (",", " ", "'") if groups[mark] and mark != quote), "")
    return Marks(".", thousands), unsure > 0 and not point and thousands == ","


def new_marks(columns: Sequence[Sequence[str]], known: Iterable[str], marks: Marks) -> list[str]:
    """Words that stand for "no value" in columns that are numbers otherwise."""
    missing, found = set(known), []
    for cells in columns:
        given = [cell for cell in cells if cell not in missing]
        others = Counter(cell for cell in given if number_of(cell, marks) is None)
        if not others or len(others) > 2 or len(given) < 5:
            continue
        rare = sum(others.values()) <= 0.2 * len(given)
        listed = all(word in _GAPS or word.lower() in _GAPS for word in others)
        if (rare and all(len(word) <= 12 for word in others)) or (
            listed and sum(others.values()) < 0.8 * len(given)
        ):
            found += [word for word in others if word not in found]
    return found


def guess(name: str, cells: Sequence[str], missing: frozenset[str], marks: Marks) -> Guess:
    """Say what a column is."""
    given = [cell for cell in cells if cell not in missing]
    different = len(set(given))
    return Guess(name, _kind(name, given, different, marks), len(cells) - len(given), different,
                 len(cells))  # fmt: skip


def _kind(name: str, given: Sequence[str], different: int, marks: Marks) -> ColumnKind:
    if not given:
        return "empty"
    numbers = [number_of(cell, marks) for cell in given]
    if None not in numbers:
        if leading_zeros(given):
            return "identifier" if different == len(given) and len(given) >= 5 else "category"
        if all(re.fullmatch(r"[+-]?\d+", number or "") for number in numbers):
            return "identifier" if _counts(name, numbers, different) else "integer"
        return "number"
    if any({cell.lower() for cell in given} <= pair for pair in _YES_NO):
        return "yes/no"
    if date_format(given)[0]:
        return "date"
    spaces = sum(" " in cell.strip() for cell in given)
    length = sum(map(len, given)) / len(given)
    if different == len(given) >= _FEW_CLASSES and not spaces and length < 40:
        return "identifier"
    if different <= max(_FEW_CLASSES, 0.2 * len(given)) and length < 60:
        return "category" if different < len(given) or len(given) < 5 else "text"
    return "text"


def leading_zeros(given: Sequence[str]) -> bool:
    """Whether whole numbers are codes: some begin with a zero, and most are of one length."""
    coded = [cell for cell in given if len(cell) > 1 and cell[0] == "0" and cell.isdigit()]
    lengths = Counter(map(len, given)).most_common(1)[0][1]
    return bool(coded) and lengths > 0.8 * len(given) and all(cell.isdigit() for cell in given)


def _counts(name: str, numbers: Sequence[str | None], different: int) -> bool:
    """Whether whole numbers only number the rows."""
    if different < len(numbers) or len(numbers) < 5:
        return False
    values = [int(number or 0) for number in numbers]
    consecutive = all(b - a == 1 for a, b in pairwise(values))
    return bool(_NAMED.fullmatch(name)) or (consecutive and values[0] in (0, 1))

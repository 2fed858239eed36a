"""Which rows are wanted: `age>30 species=setosa name~smi`.

Conditions stand beside each other with spaces between them; a row is shown where all of them
hold. `=`, `!=`, `<`, `<=`, `>`, `>=` compare, `~` and `!~` look for a part of a text (capitals
do not matter), `a|b` accepts several values, `age=missing` finds cells without a value and the
word `missing` alone rows with any such cell. Quotes hold what has spaces: `"petal length">2`.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kerastui.datasets.errors import UserError
from kerastui.models import conditions
from kerastui.models.conditions import MISSING, Condition, short
from kerastui.models.tables.frame import NUMBERS, Frame, Kind

Mask = npt.NDArray[np.bool_]

GRAMMAR = (
    "Accepted: age>30, species=setosa, name~smi, also != <= >= < !~, and age=missing; "
    'quotes hold what has spaces: "petal length">2.'
)

_COMPARE = {
    "=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal,
    ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip


def parse(expression: str) -> tuple[Condition, ...]:
    """Return the conditions of an expression, none where it is empty.

    Raises:
        UserError: It can't be read; the message names the part.
    """
    return conditions.parse(expression, GRAMMAR, lambda word: word.casefold() == MISSING)


def mask(frame: Frame, expression: str) -> Mask | None:
    """Return which rows are wanted, shape (rows,); None where all are.

    Raises:
        UserError: The expression can't be read, or does not fit the columns.
    """
    found: Mask | None = None
    for condition in parse(expression):
        wanted = _holds(frame, condition)
        found = wanted if found is None else found & wanted
    return found


def find(names: Sequence[str], name: str) -> int:
    """Return the number of the column of a name; capitals matter only where they must.

    Raises:
        UserError: There is no such column.
    """
    for place, known in enumerate(names):
        if known == name:
            return place
    folded = name.casefold()
    same = [place for place, known in enumerate(names) if known.casefold() == folded]
    if len(same) == 1:
        return same[0]
    some = list(names[:5000])
    close = difflib.get_close_matches(name, some, 3, 0.5) or some[:8]
    more = " …" if len(names) > len(close) else ""
    raise UserError(f"There is no column {short(name)}.", f"There is {', '.join(close)}{more}.")


def _holds(frame: Frame, condition: Condition) -> Mask:
    if not condition.sign:
        gaps = (missing(frame.column(place)) for place in range(len(frame.names)))
        return functools.reduce(np.logical_or, gaps, np.zeros(frame.rows, dtype=bool))
    place = find(frame.names, condition.name)
    kind, values = frame.kind(place), frame.column(place)
    accepted = np.zeros(frame.rows, dtype=bool)
    for value in condition.values:
        accepted |= _one(values, kind, condition, value)
    if condition.sign in ("!=", "!~"):
        # "not a and not b": what was accepted above is what is not wanted.
        accepted = ~accepted
        if MISSING not in map(str.casefold, condition.values):
            accepted &= ~missing(values)
    return accepted


def _one(values: pa.ChunkedArray, kind: Kind, condition: Condition, value: str) -> Mask:
    """Return where one value fits; for `!=` and `!~` where it would for `=` and `~`."""
    sign = condition.sign.removeprefix("!") or "="
    if value.casefold() == MISSING and sign == "=":
        return missing(values)
    if sign == "~":
        if kind not in ("text", "date", "yes/no"):
            raise UserError(
                f"{condition.name} holds numbers, which have no parts of a text.",
                f"Accepted: {condition.name}>1, = != <= >= < and =missing.",
            )
        texts = values if kind == "text" else values.cast(pa.string())
        return as_mask(pc.match_substring(texts, value, ignore_case=True))
    return as_mask(_COMPARE[sign](values, _scalar(values, kind, condition, value, sign)))


def _scalar(
    values: pa.ChunkedArray, kind: Kind, condition: Condition, value: str, sign: str
) -> Any:
    column = condition.name
    if kind in NUMBERS:
        try:
            number = float(value.replace("−", "-").replace("_", ""))
        except ValueError:
            raise UserError(f"{column} holds numbers, but {short(value)} is none.",
                            f"Accepted: {column}>1.5, or {column}=missing.") from None  # fmt: skip
        if pa.types.is_floating(values.type):
            # 0.1 is meant as the column has it: single precision knows another 0.1.
            return pa.scalar(number, values.type)
        return pa.scalar(int(number)) if number.is_integer() and abs(number) < 2**63 else number
    if kind == "yes/no":
        known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
        if value.casefold() not in known or sign != "=":
            raise UserError(f"{column} holds yes or no.", f"Accepted: {column}=yes, {column}=no.")
        return known[value.casefold()]
    if kind == "date":
        try:
            return pa.scalar(datetime.fromisoformat(value)).cast(values.type)
        except (ValueError, pa.ArrowException):
            raise UserError(f"{column} holds dates, but {short(value)} is none.",
                            f"Accepted: {column}>=2024-03-01.") from None  # fmt: skip
    if kind == "text":
        return pa.scalar(value, values.type)
    raise UserError(f"{column} holds {values.type}, which can't be compared.",
                    f"Accepted: {column}=missing.")  # fmt: skip


def missing(values: pa.ChunkedArray) -> Mask:
    """Return where there is no value; NaN is none either."""
    if pa.types.is_floating(values.type):
        return as_mask(pc.is_null(values, nan_is_null=True))
    return as_mask(pc.is_null(values))


def as_mask(found: Any) -> Mask:
    """Return Arrow's truth values as NumPy's; unknown is not true."""
    filled = pc.fill_null(found, False)
    return np.asarray(filled.to_numpy(zero_copy_only=False) if isinstance(filled, pa.Array)
                      else filled.to_numpy()).astype(bool, copy=False)  # fmt: skip

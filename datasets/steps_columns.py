"""Steps that turn the columns of a table that hold no numbers into numbers."""

from __future__ import annotations

import numpy as np

from kerastui.datasets import spec
from kerastui.datasets.catalogue import listed
from kerastui.datasets.errors import UserError
from kerastui.datasets.fitted import FittedStep, chosen_columns, table_of
from kerastui.datasets.loaded import Array
from kerastui.datasets.rows import Inputs, Rows, is_missing

MOST_COLUMNS = 10_000
DAY = np.timedelta64(1, "D")


def category(cell: object) -> str:
    """The value of a cell as the name of a category."""
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def _categories(columns: list[str], x: dict[str, Array], step: str) -> dict[str, list[str]]:
    """The values of columns in sorted order; raises `UserError` where one is missing."""
    found = {}
    for name in columns:
        missing = int(is_missing(x[name]).sum())
        if missing:
            raise UserError(
                f"Column {name} has {missing} missing {'value' if missing == 1 else 'values'}.",
                hint=f"Put the step missing before {step}.",
            )
        found[name] = sorted({category(cell) for cell in x[name]})
    return found


class OneHotColumns(FittedStep):
    """A column of zeros and ones for each value."""

    name = "one_hot"

    def __init__(self, step: spec.OneHot, train: Rows) -> None:
        x = table_of(train.x, self.name)
        self.values = _categories(chosen_columns(step.columns, x, self.name), x, self.name)
        total = sum(map(len, self.values.values()))
        if total > MOST_COLUMNS:
            raise UserError(
                f"one_hot would make {total:,} columns.",
                hint=f"Up to {MOST_COLUMNS:,} are accepted; the step ordinal makes one of each.",
            )
        self.learned = {name: listed(values) for name, values in self.values.items()}
        parts = [f"{name} ({len(values)})" for name, values in self.values.items()]
        self.words = f"A column of zeros and ones for each value of {listed(parts)}"

    def inputs(self, x: Inputs) -> Inputs:
        result: dict[str, Array] = {}
        for name, column in table_of(x, self.name).items():
            if name not in self.values:
                result[name] = column
                continue
            cells = np.array([category(cell) for cell in column], dtype=object)
            for value in self.values[name]:  # a value not seen in training is all zeros
                # As wide as the other columns, so that scaling counts alike in all of them.
                result[f"{name}={value}"] = (cells == value).astype(np.float64)
        return result


class Ordinal(FittedStep):
    """Each value becomes its place in sorted order; one that training lacks becomes -1."""

    name = "ordinal"

    def __init__(self, step: spec.Ordinal, train: Rows) -> None:
        x = table_of(train.x, self.name)
        text = [name for name, column in x.items() if column.dtype == object]
        columns = chosen_columns(step.columns, x, self.name) if step.columns else text
        self.numbers = {
            name: {value: float(place) for place, value in enumerate(values)}
            for name, values in _categories(columns, x, self.name).items()
        }
        self.learned = {name: listed(values) for name, values in self.numbers.items()}
        parts = [f"{name} ({len(values)})" for name, values in self.numbers.items()]
        self.words = f"Values become numbers from 0: {listed(parts) or 'no column holds text'}"

    def inputs(self, x: Inputs) -> Inputs:
        table = table_of(x, self.name)
        changed = {
            name: np.array([numbers.get(category(cell), -1.0) for cell in table[name]])
            for name, numbers in self.numbers.items()
        }
        return {**table, **changed}


class Dates(FittedStep):
    """Columns of dates become columns of numbers; a missing date becomes missing numbers."""

    name = "dates"

    def __init__(self, step: spec.Dates, train: Rows) -> None:
        x = table_of(train.x, self.name)
        dates = [name for name, column in x.items() if column.dtype.kind == "M"]
        self.columns = chosen_columns(step.columns, x, self.name) if step.columns else dates
        for name in self.columns:
            if x[name].dtype.kind != "M":
                raise UserError(
                    f"The step dates needs dates, but column {name} holds "
                    f"{'text' if x[name].dtype == object else 'numbers'}.",
                    hint="Name the columns of dates, or import the file again and give the "
                    "column a date format.",
                )
        self.parts = list(step.parts)
        self.words = f"{listed(self.columns) or 'No column'} becomes {listed(self.parts)}"

    def inputs(self, x: Inputs) -> Inputs:
        result: dict[str, Array] = {}
        for name, column in table_of(x, self.name).items():
            if name not in self.columns:
                result[name] = column
                continue
            for part in self.parts:
                result[f"{name} {part}"] = _date_part(column, part)
        return result


def _date_part(dates: Array, part: str) -> Array:
    """One number of each date, float64; NaN where the date is missing."""
    missing = np.isnat(dates)
    known = np.where(missing, np.datetime64("1970-01-01", "us"), dates)
    day, month = known.astype("datetime64[D]"), known.astype("datetime64[M]")
    year = known.astype("datetime64[Y]")
    days_since: Array = day.astype(np.int64)
    numbers: dict[str, Array] = {
        "year": year.astype(np.int64) + 1970,
        "month": month.astype(np.int64) % 12 + 1,
        "day": (day - month) // DAY + 1,
        "weekday": (days_since + 3) % 7,  # 1970-01-01 was a Thursday
        "day_of_year": (day - year) // DAY + 1,
        "hour": (known - day) // np.timedelta64(1, "h"),
        "days": (known - np.datetime64(0, "us")) / DAY,
    }
    return np.where(missing, np.nan, numbers[part].astype(np.float64))

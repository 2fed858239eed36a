"""Rows on their way through the preparation, whatever they are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Array, Sequences

Inputs = dict[str, Array] | Array | Sequences
"""A table (name to column), an array with one row each, or texts."""
Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Inputs, targets, and the number each row has in the raw data."""

    x: Inputs
    y: Array
    index: Array

    def __len__(self) -> int:
        return len(self.index)

    def take(self, rows: Array) -> Rows:
        """The given rows in the given order; neighbours come as a view, without a copy."""
        if _neighbours(rows):
            start, stop = int(rows[0]), int(rows[-1]) + 1
            return Rows(_slice(self.x, start, stop), self.y[start:stop], self.index[start:stop])
        return Rows(_take(self.x, rows), self.y[rows], self.index[rows])


def shape_of(x: Inputs) -> Shape:
    """Rows first; None where the length varies."""
    if isinstance(x, dict):
        return (len(next(iter(x.values()))) if x else 0, len(x))
    return tuple(x.shape)


def as_array(x: Inputs, index: Array) -> Array:
    """One array for a model: tables become float32 (rows, features).

    Args:
        x: The inputs.
        index: Number of each row in the raw data, to name a row in an error.

    Raises:
        UserError: A column holds text, or texts still differ in length.
    """
    if isinstance(x, Sequences):
        raise UserError(
            "The texts still have different lengths.",
            hint="Add the step multi_hot (which words occur) or pad (all of one length).",
        )
    if not isinstance(x, dict):
        return x if x.dtype in (np.float32, np.uint8, np.int32) else x.astype(np.float32)
    matrix = np.empty((len(next(iter(x.values()))), len(x)), dtype=np.float32)
    for position, (name, column) in enumerate(x.items()):
        if column.dtype == object:
            raise UserError(
                text_in_numbers(name, column, index),
                hint=f"Turn it into numbers with the step one_hot for the column {name}, or with "
                "ordinal; or take it out of the features, or mend the file.",
            )
        if column.dtype.kind == "M":
            raise UserError(
                f"Column {name} holds dates where numbers are needed.",
                hint="Turn it into numbers with the step dates, or take it out of the features.",
            )
        matrix[:, position] = column
    return matrix


def text_in_numbers(name: str, column: Array, index: Array) -> str:
    """A sentence with the first cell of a column that is not a number, and its raw row."""
    holds = f"Column {name} holds text where numbers are needed"
    for row, cell in enumerate(column):
        try:
            if cell is not None:
                float(cell)
        except ValueError:
            return f"{holds}: {cell!r} in row {index[row] + 1}."
    return f"{holds}."


def is_missing(column: Array) -> npt.NDArray[np.bool_]:
    """Where a column has no value; a matrix: where any of its columns has none."""
    if column.dtype == object:
        cells = column.ravel()
        flat = [cell is None or (isinstance(cell, float) and math.isnan(cell)) for cell in cells]
        missing = np.array(flat, dtype=bool).reshape(column.shape)
    elif column.dtype.kind == "f":
        missing = np.isnan(column)
    elif column.dtype.kind == "M":
        missing = np.isnat(column)
    else:
        missing = np.zeros(column.shape, dtype=bool)
    if missing.ndim == 1:
        return missing
    rows: npt.NDArray[np.bool_] = np.any(missing, axis=1)
    return rows


def _neighbours(rows: Array) -> bool:
    return len(rows) > 0 and bool((np.diff(rows) == 1).all())


def _slice(x: Inputs, start: int, stop: int) -> Inputs:
    if isinstance(x, dict):
        return {name: column[start:stop] for name, column in x.items()}
    return x.slice(start, stop) if isinstance(x, Sequences) else x[start:stop]


def _take(x: Inputs, rows: Array) -> Inputs:
    if isinstance(x, dict):
        return {name: column[rows] for name, column in x.items()}
    return x.take(rows) if isinstance(x, Sequences) else x[rows]

"""What has to be looked up row by row: twins between parts, features that give the target away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastui.datasets.loaded import Array, Loaded, Sequences
from kerastui.datasets.rows import is_missing

_TWINS = 100_000
_SURE = 0.995
_ENOUGH = 30


def same_rows(loaded: Loaded, names: Sequence[str], train: Array, test: Array) -> tuple[int, int]:
    """How many test rows stand among the training rows too, and how many were looked at.

    Args:
        loaded: The raw data.
        names: The columns that make a row.
        train: Raw row numbers.
        test: Raw row numbers.
    """
    draw = np.random.default_rng(0)
    if len(test) > _TWINS:
        test = draw.choice(test, _TWINS, replace=False)
    if loaded.x is not None and len(train) > _TWINS:
        train = draw.choice(train, _TWINS, replace=False)
    prints = _prints(loaded, names, train), _prints(loaded, names, test)
    return int(np.isin(prints[1], prints[0]).sum()), len(test)


def _prints(loaded: Loaded, names: Sequence[str], index: Array) -> Array:
    """A number for each row that equal rows share."""
    if isinstance(loaded.x, Sequences):
        return np.array([hash(loaded.x[int(row)].tobytes()) for row in index])
    if loaded.x is not None:
        return np.array([hash(loaded.x[row].tobytes()) for row in index])
    from pandas.util import hash_array

    total = np.zeros(len(index), dtype=np.uint64)
    for name in names:
        if name not in loaded.columns:
            continue
        column = loaded.columns[name][index]
        cells = column.astype(str) if column.dtype == object else column
        total = total * np.uint64(31) + hash_array(
            cells.astype(object) if column.dtype == object else cells, categorize=True
        )
    return total


def tells_target(column: Array, target: Array, classes: bool) -> str:
    """Say how one feature alone gives the target away; empty where it does not.

    Numbers are held against numbers by their correlation. Against classes, a feature gives them
    away where its values belong to one class each, or where the classes lie side by side on it.
    """
    known = ~(is_missing(column) | is_missing(target))
    if known.sum() < _ENOUGH or column.dtype.kind == "M":
        return ""
    column, target = column[known], target[known]
    if not classes:
        return _correlated(column, target)
    _, y = np.unique(target.astype(str) if target.dtype == object else target, return_inverse=True)
    kinds = int(y.max()) + 1
    if kinds < 2:
        return ""
    values, x = np.unique(column.astype(str) if column.dtype == object else column,
                          return_inverse=True)  # fmt: skip
    if len(values) <= max(20, 2 * kinds) and len(values) * 5 <= len(x):
        table = np.zeros((len(values), kinds), dtype=np.int64)
        np.add.at(table, (x, y), 1)
        right = table.max(axis=1).sum() / len(x)
        commonest = np.bincount(y).max() / len(y)
        if right >= _SURE and commonest < 0.98:
            return f"Its {len(values)} values tell the class in {right:.1%} of the rows"
        return ""
    if column.dtype == object:
        return ""
    borders = int((np.diff(y[np.argsort(x, kind="stable")]) != 0).sum())
    if borders == kinds - 1:
        return f"{borders} {'border' if borders == 1 else 'borders'} on it divide all classes"
    return ""


def _correlated(column: Array, target: Array) -> str:
    if column.dtype == object or target.dtype == object:
        return ""
    x, y = column.astype(np.float64), target.astype(np.float64)
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    if len(x) < _ENOUGH or not (x.std() > 0 and y.std() > 0):
        return ""
    if np.array_equal(x, y):
        return "It equals the target in every row"
    related = float(np.corrcoef(x, y)[0, 1])
    return f"Its correlation with the target is {related:.4f}" if abs(related) >= _SURE else ""

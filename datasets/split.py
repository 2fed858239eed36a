"""Which rows train, which watch, which test."""

from __future__ import annotations

import math

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Array
from kerastui.datasets.rows import Rows
from kerastui.datasets.spec import Split, Validation

_BOSTON_SEED, _BOSTON_TRAIN = 113, 0.8


def split_rows(split: Split, rows: Rows, *, own_train: int | None, seed: int) -> dict[str, Array]:
    """Row numbers of `train` and, where there are such, `validation` and `test`.

    Validation rows are taken out of the training rows as these stand after the first split;
    with validation `test` the test part doubles as validation.

    Args:
        split: What the experiment says.
        rows: All rows that are to be split.
        own_train: How many of them the data set itself gives for training; they come first.
        seed: The experiment's, used where the split has none.

    Raises:
        UserError: A part would be empty or larger than the data, or cannot be stratified.
    """
    train, test = _test(split, rows, own_train, seed)
    parts = {"train": train}
    kind = split.validation.kind
    if kind == "test":
        parts["validation"] = test
    elif kind != "none":
        parts["train"], parts["validation"] = _validation(split.validation, train)
    if split.kind != "none":
        parts["test"] = test
    for name, part in parts.items():
        if len(part) == 0:
            raise UserError(
                f"The {name} part has no rows: {len(rows)} rows are there to be split.",
                hint="Choose another split or more rows.",
            )
    return parts


def _test(split: Split, rows: Rows, own_train: int | None, seed: int) -> tuple[Array, Array]:
    n = len(rows)
    every = np.arange(n)
    if split.kind == "fraction":
        return _fraction(split, rows, split.seed if split.seed is not None else seed)
    if split.kind == "keras_boston":
        np.random.RandomState(_BOSTON_SEED).shuffle(every)
        cut = int(n * _BOSTON_TRAIN)
    elif split.kind == "own":
        if own_train is None:
            raise UserError(
                "This data set does not come split.",
                hint="Choose another kind of split: fraction, first, last, keras_boston or none.",
            )
        cut = own_train
    elif split.kind in ("first", "last"):
        count = split.count or 0
        if count >= n:
            raise UserError(
                f"The split asks for {count} rows, but there are {n}.",
                hint=f"Accepted: 1 to {n - 1}.",
            )
        cut = count if split.kind == "first" else n - count
    else:
        cut = n
    return every[:cut], every[cut:]


def _fraction(split: Split, rows: Rows, seed: int) -> tuple[Array, Array]:
    from sklearn.model_selection import train_test_split

    y = rows.y.astype(str) if rows.y.dtype == object else rows.y
    try:
        train, test = train_test_split(
            np.arange(len(rows)),
            test_size=split.test,
            random_state=seed,
            stratify=y if split.stratify else None,
        )
    except ValueError as error:
        _each_class_twice(split, y)
        kept = " with equal shares of every class" if split.stratify else ""
        raise UserError(
            f"{len(rows)} rows cannot be split with {split.test:g} for the test{kept}: "
            f"{str(error)[:200]}",
            hint="Choose another share, turn stratify off, or use more rows.",
        ) from error
    return train, test


def _each_class_twice(split: Split, y: Array) -> None:
    """Raise `UserError` where equal shares are wanted of classes with a single row."""
    if not split.stratify or y.ndim > 1:
        return
    values, counts = np.unique(y, return_counts=True)
    single = [str(value) for value in values[counts < 2]]
    if not single:
        return
    named = ", ".join(single[:3]) + (", …" if len(single) > 3 else "")
    raise UserError(
        f"Not every class can be trained and tested: {len(single)} of the {len(values)} classes "
        f"occur only once ({named}).",
        hint="Turn stratify off in the split; or, if these are no classes but measured numbers, "
        "set the task to regression.",
    )


def _validation(validation: Validation, train: Array) -> tuple[Array, Array]:
    n = len(train)
    if validation.kind == "fold":
        fold, folds = validation.fold or 0, validation.folds or 1
        size = n // folds
        start, stop = fold * size, (fold + 1) * size
        return np.concatenate([train[:start], train[stop:]]), train[start:stop]
    if validation.count is not None and validation.count >= n:
        raise UserError(
            f"The validation asks for {validation.count} of {n} training rows.",
            hint=f"Accepted: 1 to {n - 1}.",
        )
    if validation.kind == "first":
        cut = validation.count or math.floor(n * (validation.fraction or 0))
        return train[cut:], train[:cut]
    # Rounded as Keras rounds its validation_split.
    cut = (
        n - validation.count
        if validation.count
        else math.floor(n * (1 - (validation.fraction or 0)))
    )
    return train[:cut], train[cut:]

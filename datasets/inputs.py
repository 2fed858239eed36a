"""New inputs, typed or read from a file: brought into the form the raw data have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerastui.datasets.catalogue import listed
from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Array, Sequences
from kerastui.datasets.rows import Inputs
from kerastui.datasets.tabular import MISSING
from kerastui.datasets.text import Words


def raw_input(values: Any, sample: Inputs, words: Callable[[], Words], windowed: bool) -> Inputs:
    """One new input in the form of the raw data, ready for the fitted steps.

    Args:
        values: What the user gave; see `prepare.Prepared.encode`.
        sample: A row of the raw data, which shows the form.
        words: Loads the words of a text data set.
        windowed: The input is a window over a series.

    Raises:
        UserError: Too many, too few or unsuitable values.
    """
    if isinstance(sample, Sequences):
        numbers = words().encode(values) if _is_words(values) else _word_numbers(values)
        return Sequences.from_lengths(numbers, np.array([len(numbers)]))
    if not isinstance(sample, dict):
        return _picture(values, sample.shape[1:])
    return _window(values, list(sample)) if windowed else _row(values, sample)


def raw_inputs(values: Any, sample: Inputs, words: Callable[[], Words]) -> Inputs:
    """Many new inputs in the form of the raw data, ready for the fitted steps.

    Args:
        values: What the user gave; see `prepare.Prepared.encode_many`.
        sample: A row of the raw data, which shows the form.
        words: Loads the words of a text data set.

    Raises:
        UserError: Columns are missing, or values are unsuitable.
    """
    if isinstance(sample, Sequences):
        encoded = [words().encode(text) for text in values]
        lengths = np.array([len(numbers) for numbers in encoded], dtype=np.int64)
        flat = np.concatenate(encoded) if encoded else np.zeros(0, dtype=np.int32)
        return Sequences.from_lengths(flat, lengths)
    if not isinstance(sample, dict):
        pictures = np.asarray(values, dtype=np.float32)
        if pictures.shape[1:] != sample.shape[1:]:
            raise UserError(
                f"The pictures have shape {pictures.shape[1:]}.",
                hint=f"Accepted: pixels of shape {sample.shape[1:]}.",
            )
        return pictures
    absent = [name for name in sample if name not in values]
    if absent:
        raise UserError(f"The column {absent[0]} is missing.", hint=f"Needed: {listed(sample)}.")
    return {name: _cells(name, values[name], column) for name, column in sample.items()}


def _cells(name: str, values: Sequence[Any] | Array, column: Array) -> Array:
    """A column of cells like those of `_cell`; one that has the right type is taken as it is."""
    given = values if isinstance(values, np.ndarray) else np.array(list(values), dtype=object)
    if given.dtype.kind == "f" and column.dtype.kind in "fiub":
        return given.astype(np.float64, copy=False)
    if given.dtype.kind == "M" and column.dtype.kind == "M":
        return given.astype("datetime64[us]", copy=False)
    if column.dtype == object:
        texts = np.empty(len(given), dtype=object)
        texts[:] = [None if _no_value(value) else str(value) for value in given.tolist()]
        return texts
    if not len(given):
        return np.zeros(0, dtype=column.dtype)
    return np.concatenate([_cell(name, value, column) for value in given.tolist()])


def _is_words(values: Any) -> bool:
    return isinstance(values, str) or (len(values) > 0 and isinstance(values[0], str))


def _word_numbers(values: Any) -> Array:
    numbers = np.asarray(values)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or (numbers < 0).any():
        raise UserError(
            "A text is needed.", hint="Give words, or word numbers as whole numbers from 0."
        )
    return numbers.astype(np.int32)


def _picture(values: Any, shape: tuple[int, ...]) -> Array:
    try:
        pixels = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise UserError("The pixels are not numbers.", hint=f"Accepted: shape {shape}.") from error
    if pixels.shape != shape:
        raise UserError(
            f"The picture has shape {pixels.shape}.", hint=f"Accepted: pixels of shape {shape}."
        )
    return pixels[np.newaxis]


def _window(values: Any, names: list[str]) -> Inputs:
    try:
        window = np.asarray(values, dtype=np.float64)
        window = window.reshape(len(window), len(names))
    except (TypeError, ValueError) as error:
        raise UserError(
            "The window is not a list of numbers.",
            hint=f"Give {len(names)} number{'s' * (len(names) > 1)} for each step in time.",
        ) from error
    return {name: window[:, i] for i, name in enumerate(names)}


def _row(values: Any, sample: dict[str, Array]) -> Inputs:
    if isinstance(values, Mapping):
        unknown = [name for name in values if name not in sample]
        absent = [name for name in sample if name not in values]
        if unknown or absent:
            wrong = f"unknown: {listed(unknown)}" if unknown else f"missing: {absent[0]}"
            raise UserError(
                f"The values do not fit the columns ({wrong}).", hint=f"Needed: {listed(sample)}"
            )
        values = [values[name] for name in sample]
    if isinstance(values, str) or len(values) != len(sample):
        got = "text was" if isinstance(values, str) else f"{len(values)} values were"
        raise UserError(
            f"{got[0].upper()}{got[1:]} given.",
            hint=f"{len(sample)} values are needed: {listed(sample)}.",
        )
    return {
        name: _cell(name, value, column)
        for value, (name, column) in zip(values, sample.items(), strict=True)
    }


def _no_value(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in MISSING)


def _cell(name: str, value: Any, column: Array) -> Array:
    missing = _no_value(value)
    if column.dtype == object:
        cell = np.empty(1, dtype=object)
        cell[0] = None if missing else str(value)
        return cell
    if column.dtype.kind == "M":
        return _date(name, None if missing else value)
    try:
        return np.array([np.nan if missing else float(value)])
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{name} is {value!r}, which is not a number.", hint="Give a number, like 5.1."
        ) from error


def _date(name: str, value: Any) -> Array:
    try:
        return np.array([value], dtype="datetime64[us]")
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{name} is {value!r}, which is not a date.", hint="Give a date, like 2024-03-31."
        ) from error

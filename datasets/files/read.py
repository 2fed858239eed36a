"""Carrying out the recipe of an own file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.arrays import load_npy, load_npz
from kerastui.datasets.files.folders import load_pictures
from kerastui.datasets.files.place import checked
from kerastui.datasets.files.sample import check_text
from kerastui.datasets.files.table import read_table
from kerastui.datasets.files.texts import load_texts
from kerastui.datasets.loaded import Array, Loaded
from kerastui.datasets.recipe import FileRecipe

_FOLDERS = ("pictures", "texts")


def read(path: Path, recipe: FileRecipe, *, series: bool = False) -> Loaded:
    """Read an own file as its recipe says.

    Args:
        path: Where it is now; see `place.locate_own`.
        recipe: How it is read.
        series: The rows follow each other in time: the first column of dates names them.

    Raises:
        UserError: It can't be read, is damaged, or does not fit the recipe.
    """
    path = checked(path)
    if path.is_dir() and recipe.format not in _FOLDERS:
        raise UserError(f"{path} is a folder, not a file.", hint="Import it again.")
    if recipe.format == "pictures":
        if not path.is_dir():
            raise UserError(f"{path} is no folder of pictures.", hint="Import it again.")
        return load_pictures(path, recipe)
    if recipe.format in ("csv", "texts", "jsonl") and not path.is_dir():
        check_text(path, recipe.encoding)
    if recipe.format == "texts":
        return load_texts(path, recipe)
    if recipe.format == "npy":
        return load_npy(path, recipe)
    if recipe.format == "npz":
        return load_npz(path, recipe)
    columns = read_table(path, recipe)
    if series:
        return _series(columns)
    return Loaded(columns=columns, target=(list(columns)[-1],))


def _series(columns: dict[str, Array]) -> Loaded:
    """A series: dates become the names of the rows, the last column of numbers the target."""
    times = [name for name, column in columns.items() if column.dtype.kind == "M"]
    if times:
        columns[times[0]] = _named(columns[times[0]])
    numbers = [name for name, column in columns.items() if column.dtype.kind == "f"]
    target = (numbers or list(columns))[-1]
    return Loaded(columns=columns, target=(target,), names=times[0] if times else "")


def _named(dates: Array) -> Array:
    """Dates as text, without a time of day where none has one."""
    days = dates.astype("datetime64[D]")
    known = ~np.isnat(dates)
    shown = days if (days[known] == dates[known]).all() else dates.astype("datetime64[s]")
    names = np.empty(len(dates), dtype=object)
    names[known] = shown[known].astype(str)
    return names

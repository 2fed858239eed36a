"""Reading own NumPy files, never their pickles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Array, Loaded
from kerastui.datasets.npz import read_npz
from kerastui.datasets.recipe import FileRecipe

TARGET = "target"
"""What the targets of an archive are called as a column."""


def open_npy(path: Path) -> Array:
    """The array of a .npy file, mapped into memory.

    Raises:
        UserError: It is damaged, or holds Python objects.
    """
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        objects = "pickle" in str(error).lower() or "object" in str(error).lower()
        if objects:
            raise objects_inside(path) from error
        raise UserError(
            f"{path.name} is not a complete NumPy array: {error}.",
            hint="It was cut short or damaged; save it again with numpy.save.",
        ) from error
    if not isinstance(array, np.ndarray):
        raise UserError(f"{path.name} is no single array.", hint="Call it .npz and try again.")
    return array


def objects_inside(path: Path) -> UserError:
    """The error about arrays that could run code when they are opened."""
    return UserError(
        f"{path.name} holds Python objects (a pickle), which could run any code; they are not "
        "opened.",
        hint="Save it as numbers: numpy.save(name, array.astype('float32')).",
    )


def load_npy(path: Path, recipe: FileRecipe) -> Loaded:
    """Read one array: a series (n,), or a table (n, columns).

    Raises:
        UserError: Damaged, empty, text, or of another shape.
    """
    array = open_npy(path)
    _check_type(array, path, "the array")
    if array.ndim not in (1, 2):
        raise UserError(
            f"{path.name} has shape {array.shape}, with nothing to say what each row means.",
            hint="Save inputs and targets together: numpy.savez(name, x=x, y=y).",
        )
    return _table(array, recipe, path)


def load_npz(path: Path, recipe: FileRecipe) -> Loaded:
    """Read an archive as its recipe says; see `recipe.FileRecipe.arrays`.

    Raises:
        UserError: Damaged, hostile, empty, or arrays that do not belong together.
    """
    names = list(recipe.arrays)
    if not names:
        arrays = read_npz(path, _held(path))
        for name, array in arrays.items():
            _check_type(array, path, name)
        lengths = {len(array) if array.ndim == 1 else -1 for array in arrays.values()}
        if len(lengths) != 1 or -1 in lengths or 0 in lengths:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise UserError(
                f"The arrays of {path.name} are no columns of one table: {shapes}.",
                hint="Say in the recipe which are inputs and targets, for example arrays x, y.",
            )
        return Loaded(
            columns={n: _cells(a) for n, a in arrays.items()}, target=(names_last(arrays),)
        )
    arrays = read_npz(path, names)
    for name, array in arrays.items():
        _check_type(array, path, name)
    x, y = arrays[names[0]], arrays[names[1]] if len(names) > 1 else None
    n_train = None
    if len(names) == 4:
        x, y, n_train = _joined(path, *(arrays[name] for name in names))
    if y is None:
        return _table(x, recipe, path)
    if len(y) != len(x) or y.ndim > 2 or len(x) == 0:
        raise UserError(
            f"{path.name} has inputs of shape {x.shape} and targets of shape {y.shape}.",
            hint="One target is needed for each input.",
        )
    if x.ndim > 2:
        return _pictures(x, y, n_train)
    loaded = _table(x, recipe, path)
    targets = _columns_of(y, TARGET)
    loaded.columns.update(targets)
    loaded.target, loaded.n_train = tuple(targets), n_train
    return loaded


def names_last(arrays: dict[str, Array]) -> str:
    """The last of the names, the usual target."""
    return list(arrays)[-1]


def _held(path: Path) -> list[str]:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise UserError(
            f"{path.name} is not a complete NumPy archive: {error}.",
            hint="It was cut short or damaged; save it again with numpy.savez.",
        ) from error
    return [name.removesuffix(".npy") for name in names if name.endswith(".npy")]


def _joined(
    path: Path, x_train: Array, y_train: Array, x_test: Array, y_test: Array
) -> tuple[Array, Array, int]:
    if (
        x_train.shape[1:] != x_test.shape[1:]
        or y_train.shape[1:] != y_test.shape[1:]
        or len(y_train) != len(x_train)
    ):
        raise UserError(
            f"The training and test parts of {path.name} do not fit together: {x_train.shape} "
            f"with {y_train.shape}, {x_test.shape} with {y_test.shape}.",
            hint="Both need rows of one shape, and one target for each.",
        )
    both = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    return (*both, len(x_train))


def _pictures(x: Array, y: Array, n_train: int | None) -> Loaded:
    """Pictures or other blocks of numbers, with class numbers or names as targets."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2:
        return Loaded(x=x, y=y, n_train=n_train)
    if y.dtype.kind in "US":
        classes, numbers = np.unique(y.astype(str), return_inverse=True)
        return Loaded(x=x, y=numbers.astype(np.int32), n_train=n_train, classes=tuple(classes))
    whole = y.dtype.kind in "iub"
    return Loaded(x=x, y=y.astype(np.int32 if whole else np.float64), n_train=n_train)


def _table(array: Array, recipe: FileRecipe, path: Path) -> Loaded:
    columns = _columns_of(array, "value" if array.ndim == 1 else "column")
    if recipe.names:
        if len(recipe.names) != len(columns):
            raise UserError(
                f"{path.name} has {len(columns)} columns, but {len(recipe.names)} names are given.",
                hint="Give one name for each column.",
            )
        columns = dict(zip(recipe.names, columns.values(), strict=True))
    if len(array) == 0 or not columns:
        raise UserError(f"{path.name} has no rows.", hint="Choose a file with at least one row.")
    return Loaded(columns=columns, target=(names_last(columns),))


def _columns_of(array: Array, name: str) -> dict[str, Array]:
    if array.ndim == 1:
        return {name: _cells(array)}
    return {f"{name} {place + 1}": _cells(array[:, place]) for place in range(array.shape[1])}


def _cells(values: Array) -> Array:
    if values.dtype.kind in "US":
        column = np.empty(len(values), dtype=object)
        column[:] = [str(value) or None for value in values.astype(str)]
        return column
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]")
    return values.astype(np.float64)


def _check_type(array: Array, path: Path, name: str) -> None:
    if array.dtype.hasobject:
        raise objects_inside(path)
    if array.ndim == 0 or array.dtype.kind not in "biufUSM":
        raise UserError(
            f"{name} of {path.name} is {array.dtype} of shape {array.shape}, not rows of numbers.",
            hint="Accepted: arrays of whole or decimal numbers, text, or dates, rows first.",
        )

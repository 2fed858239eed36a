"""A first look into NumPy files: their headers and first rows, nothing else."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.cells import Marks, guess
from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.sniffed import Note, Sniffed

if TYPE_CHECKING:
    from kerastui.datasets.loaded import Array

FIRST_ROWS = 500
SHOWN_COLUMNS = 200
_BYTES = 256 * 1024
_MOST_CLASSES = 1000
_INPUTS = ("x", "X", "data", "images", "features", "inputs", "x_train")
_TARGETS = ("y", "Y", "labels", "label", "target", "targets", "classes", "y_train")
_SPLIT = ("x_train", "y_train", "x_test", "y_test")


def sniff_npy(path: Path, given: Mapping[str, Any]) -> Sniffed:
    """Look into one array.

    Raises:
        UserError: Damaged, of a shape that says nothing, or a pickle.
    """
    from kerastui.datasets.files.arrays import open_npy

    array = open_npy(path)
    if array.dtype.hasobject or array.ndim not in (1, 2) or array.dtype.kind not in "biufUSM":
        raise UserError(
            f"{path.name} is {array.dtype} of shape {array.shape}.",
            hint="Accepted: numbers of shape (rows,) or (rows, columns). Pictures need their "
            "classes beside them: numpy.savez(name, x=x, y=y).",
        )
    if not array.size:
        raise UserError(f"{path.name} has no rows.", hint="Choose a file with at least one row.")
    note = Note(f"One array of {array.dtype} with shape {tuple(array.shape)}.")
    return _of_table(path, given, {"format": "npy"}, {"": array}, [note], tuple(array.shape))


def sniff_npz(path: Path, given: Mapping[str, Any]) -> Sniffed:
    """Look into an archive of arrays.

    Raises:
        UserError: Damaged, nothing that belongs together, or a pickle.
    """
    held = _headers(path)
    chosen = list(given.get("arrays", ())) or _roles(held)
    shapes = ", ".join(f"{name} {shape}" for name, (shape, _) in held.items())
    notes = [Note(f"The archive holds {shapes}.")]
    if not chosen:
        if any(len(shape) != 1 for shape, _ in held.values()):
            raise UserError(
                f"{path.name} holds {shapes}: which are inputs and which targets?",
                hint="Call them x and y, or say it: arrays = x, y.",
            )
        notes.append(Note("Each array is a column.", True, "arrays"))
    else:
        missing = [name for name in chosen if name not in held]
        if missing:
            raise UserError(f"There is no array {missing[0]!r}.", hint=f"It holds {shapes}.")
        roles = f"{' and '.join(chosen[::2])} as inputs, {' and '.join(chosen[1::2])} as targets."
        notes.append(Note(roles if len(chosen) > 1 else f"{chosen[0]} is all.", False, "arrays"))
    shape = held[(chosen or list(held))[0]][0]
    recipe: dict[str, Any] = {"format": "npz", "arrays": chosen}
    if len(shape) > 2 and chosen:
        if len(shape) in (3, 4) and len(chosen) > 1:
            colours = shape[3] if len(shape) == 4 and shape[3] in (1, 3) else 1
            recipe |= {"height": shape[1], "width": shape[2], "channels": colours}
        classes = _classes(path, chosen[1], held) if len(chosen) > 1 else {}
        total = sum(held[name][0][0] for name in chosen[::2])
        plain = {**recipe, **given, "path": str(path), "size": path.stat().st_size}
        return Sniffed(FileRecipe.model_validate(plain), notes=tuple(notes), total=total,
                       exact=True, classes=classes, shape=shape)  # fmt: skip
    names = chosen[:2] if chosen else list(held)
    arrays = {name: _first(path, name) for name in names}
    return _of_table(path, given, recipe, arrays, notes, shape)


def _classes(path: Path, name: str, held: Mapping[str, Any]) -> dict[str, int]:
    """How often each class occurs among the first targets, where they are classes."""
    shape, dtype = held[name]
    if dtype.kind not in "iubUS" or (len(shape) > 1 and shape[1:] != (1,)):
        return {}
    counts = Counter(str(value) for value in _first(path, name, shape[0]).ravel().tolist())
    return dict(sorted(counts.items())) if len(counts) <= _MOST_CLASSES else {}


def _roles(held: Mapping[str, Any]) -> list[str]:
    """Which arrays are inputs and targets, where their names say so."""
    if all(name in held for name in _SPLIT):
        return list(_SPLIT)
    inputs = next((name for name in _INPUTS if name in held), "")
    targets = next((name for name in _TARGETS if name in held), "")
    if inputs and targets:
        return [inputs, targets]
    return list(held) if len(held) == 1 else []


def _headers(path: Path) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Shape and type of each array of an archive."""
    from numpy.lib import format as npy

    from kerastui.datasets.files.arrays import objects_inside

    found: dict[str, tuple[tuple[int, ...], Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if not name.endswith(".npy"):
                    continue
                with archive.open(name) as stream:
                    version = npy.read_magic(stream)
                    one = version[0] == 1
                    read = npy.read_array_header_1_0 if one else npy.read_array_header_2_0
                    shape, _, dtype = read(stream)
                if dtype.hasobject:
                    raise objects_inside(path)
                found[name.removesuffix(".npy")] = (tuple(shape), dtype)
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, RuntimeError) as error:
        raise UserError(
            f"{path.name} is not a complete NumPy archive: {error}.",
            hint="It was cut short or damaged; save it again with numpy.savez.",
        ) from error
    if not found or any(not shape for shape, _ in found.values()):
        raise UserError(f"{path.name} holds no rows.", hint="Save arrays with rows first.")
    return found


def _first(path: Path, name: str, most: int = FIRST_ROWS) -> Array:
    """The first values of one array of an archive, never more than a little of it."""
    import numpy as np
    from numpy.lib import format as npy

    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version[0] == 1 else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
        width = 1
        for size in shape[1:]:
            width *= size
        rows = min(shape[0], max(1, _BYTES // max(1, width * dtype.itemsize)), most)
        if fortran and len(shape) > 1:
            rows = min(rows, 1 if shape[0] > 1 else rows)
            flat = np.frombuffer(stream.read(_BYTES // dtype.itemsize * dtype.itemsize), dtype)
            return flat[:: shape[0]][:width].reshape(1, -1)
        flat = np.frombuffer(stream.read(rows * width * dtype.itemsize), dtype)
        first: Array = flat.reshape(rows, *shape[1:])
        return first


def _of_table(
    path: Path,
    given: Mapping[str, Any],
    recipe: dict[str, Any],
    arrays: Mapping[str, Array],
    notes: Sequence[Note],
    shape: tuple[int, ...],
) -> Sniffed:
    from kerastui.datasets.files.arrays import TARGET

    columns: dict[str, list[str]] = {}
    roles = len(arrays) == 2 and bool(recipe.get("arrays"))
    for place, (name, array) in enumerate(arrays.items()):
        first = array[:FIRST_ROWS]
        base = TARGET if roles and place == 1 else "column"
        if first.ndim == 1:
            single = base if roles else name if not recipe.get("arrays") and name else "value"
            columns[single] = [str(value) for value in first.tolist()]
            continue
        for number in range(min(first.shape[1], SHOWN_COLUMNS)):
            columns[f"{base} {number + 1}"] = [str(value) for value in first[:, number].tolist()]
    names = list(given.get("names", ()))
    if names and len(names) == len(columns):
        columns = dict(zip(names, columns.values(), strict=True))
    lost = frozenset({"nan", "None", ""})
    guesses = tuple(guess(name, cells, lost, Marks()) for name, cells in columns.items())
    rows = tuple(zip(*columns.values(), strict=False))
    plain = {**recipe, **given, "path": str(path), "size": path.stat().st_size}
    return Sniffed(FileRecipe.model_validate(plain), guesses, rows, tuple(notes), shape[0], True,
                   shape=shape)  # fmt: skip

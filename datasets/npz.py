"""Reading NumPy archives without trusting them.

Keras' text archives hold lists of word numbers as object arrays, which NumPy stores as pickles.
A pickle can run any code, so these are read by an unpickler that builds nothing but lists,
integers and numeric arrays, whoever published the file; NumPy's own reconstruction, which can be
misled into writing over memory, is not called at all.
"""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Array, Sequences

MAX_MEMBER = 2 * 1024**3
"""Largest array read, in bytes as declared by the archive."""
MAX_RATIO = 1100
"""Zip's deflate cannot pack tighter than about 1030 to 1; more is a forged directory."""


def read_npz(path: Path, names: Sequence[str]) -> dict[str, Array]:
    """Read the named numeric arrays of an archive.

    Raises:
        UserError: No such file, not an archive, damaged, too large, an array is missing or holds
            objects.
    """
    return {name: _numeric(raw, name, path) for name, raw in _members(path, names)}


def read_ragged_npz(
    path: Path, ragged: Sequence[str], flat: Sequence[str]
) -> tuple[dict[str, Sequences], dict[str, Array]]:
    """Read arrays of integer lists, and plain ones, of an archive.

    Returns:
        The `ragged` arrays as `Sequences` of int32 and the `flat` arrays as they are.

    Raises:
        UserError: As `read_npz`; or a pickle asks for anything but lists, integers and arrays.
    """
    sequences = {name: _ragged(raw, name, path) for name, raw in _members(path, ragged)}
    return sequences, read_npz(path, flat)


def _members(path: Path, names: Sequence[str]) -> Any:
    """Yield (name, bytes) one at a time, so that only one is held."""
    try:
        with zipfile.ZipFile(path) as archive:
            held = {info.filename: info for info in archive.infolist()}
            for name in names:
                info = held.get(f"{name}.npy")
                if info is None:
                    arrays = ", ".join(key.removesuffix(".npy") for key in held) or "nothing"
                    raise UserError(
                        f"{path.name} has no array {name!r}; it holds {arrays}.",
                        hint="This is another file than the one expected; fetch it again.",
                    )
                forged = info.file_size > MAX_RATIO * max(info.compress_size, 1)
                if info.file_size > MAX_MEMBER or forged:
                    raise UserError(
                        f"{path.name} claims {info.file_size:,} bytes for {name!r} out of "
                        f"{info.compress_size:,} packed ones; it was not read.",
                        hint="Arrays up to 2 GiB are accepted. The file is damaged or hostile.",
                    )
                yield name, archive.read(info)
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.", hint="Check the path.") from error
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise UserError(
            f"{path.name} is not a complete NumPy archive: {error}.",
            hint="It was cut short or damaged; fetch it again.",
        ) from error
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Check the file."
        ) from error


def _header(raw: bytes, name: str, path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order and type of an array, and where its values begin."""
    stream = io.BytesIO(raw)
    try:
        version = npy.read_magic(stream)
        # Format 3.0 differs from 2.0 only in how field names are encoded.
        read = npy.read_array_header_1_0 if version[0] == 1 else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except (ValueError, SyntaxError, TypeError) as error:
        raise UserError(
            f"The array {name!r} of {path.name} is damaged: {error}.", hint="Fetch the file again."
        ) from error
    return shape, fortran, dtype, stream.tell()


def _numeric(raw: bytes, name: str, path: Path) -> Array:
    shape, fortran, dtype, start = _header(raw, name, path)
    if dtype.hasobject:
        raise UserError(
            f"The array {name!r} of {path.name} holds Python objects, which are not opened.",
            hint="Save it as numbers (numpy.savez with a numeric dtype).",
        )
    if any(n < 0 for n in shape) or _count(shape) * dtype.itemsize != len(raw) - start:
        raise UserError(
            f"The array {name!r} of {path.name} says it has shape {shape} of {dtype}, but "
            f"{len(raw) - start:,} bytes follow.",
            hint="It was cut short or damaged; fetch the file again.",
        )
    flat = np.frombuffer(raw, dtype=dtype, offset=start)
    return flat.reshape(shape, order="F" if fortran else "C")


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for n in shape:
        count *= n
    return count


def _ragged(raw: bytes, name: str, path: Path) -> Sequences:
    shape, _, dtype, start = _header(raw, name, path)
    if dtype != np.dtype(object):  # all of one length: NumPy stored it as a matrix of numbers
        matrix = _numeric(raw, name, path)
        if matrix.ndim != 2 or matrix.dtype.kind not in "iu":
            raise UserError(
                f"The array {name!r} of {path.name} is {matrix.dtype} {matrix.shape}.",
                hint="A list of lists of integers is expected.",
            )
        lengths = np.full(len(matrix), matrix.shape[1])
        return Sequences.from_lengths(matrix.ravel().astype(np.int32), lengths)
    stream = io.BytesIO(raw)
    stream.seek(start)
    try:
        items = _Unpickler(stream).load()
        if isinstance(items, _Stored):
            items = items.items
        return _flatten(items, shape)
    except _REFUSED as error:
        raise UserError(
            f"The array {name!r} of {path.name} was not opened: {error or 'it is damaged'}.",
            hint="Only lists of integers are accepted here; anything else in such a file can run "
            "foreign code. Fetch the published file.",
        ) from error


_REFUSED = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
    ImportError,
)
"""What the unpickler raises on damaged or hostile input (its documentation lists no end)."""


def _flatten(items: Any, shape: tuple[int, ...]) -> Sequences:
    if not isinstance(items, list) or shape != (len(items),):
        raise ValueError(f"a list of {shape} lists was announced, but something else follows")
    for item in items:
        if type(item) is not list and not isinstance(item, _Stored):
            raise TypeError(f"it holds a {type(item).__name__} where a list of integers belongs")
    rows = [item.items if isinstance(item, _Stored) else item for item in items]
    lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
    total = int(lengths.sum())
    if total * 4 > MAX_MEMBER:  # one list referred to many times costs nothing in the file
        raise ValueError(f"it unfolds to {total:,} numbers")
    values = np.empty(total, dtype=np.int32)
    start = 0
    for row, length in zip(rows, lengths, strict=True):
        part = np.asarray(row)
        if length and (part.ndim != 1 or part.dtype.kind not in "iu"):
            raise TypeError("it holds something that is not an integer")
        if length and (part.min() < 0 or part.max() > np.iinfo(np.int32).max):
            raise ValueError("a word number is negative or beyond 32 bits")
        values[start : start + length] = part
        start += int(length)
    return Sequences.from_lengths(values, lengths)


class _Stored:
    """Stands for an array in a pickle; takes its state without touching NumPy's own code."""

    items: Any = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, _, content = state
        if not isinstance(dtype, _StoredType):
            raise pickle.UnpicklingError("an array has no type")
        if dtype.code == "O":
            if not isinstance(content, list) or len(shape) != 1:
                raise pickle.UnpicklingError("an array of objects is not a list")
            self.items = content
        else:
            if not isinstance(content, bytes) or len(shape) != 1:
                raise pickle.UnpicklingError("an array of numbers is not a row of bytes")
            self.items = np.frombuffer(content, dtype=np.dtype(dtype.code))


class _StoredType:
    """Stands for a dtype in a pickle: objects or one of the number types."""

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or code.lstrip("<>|=") not in _CODES:
            raise pickle.UnpicklingError(f"an array of type {code!r} is not accepted")
        self.code = "O" if "O" in code else code

    def __setstate__(self, state: Any) -> None:
        if self.code != "O" and isinstance(state, tuple) and len(state) > 1 and state[1] == ">":
            self.code = ">" + self.code.lstrip("<>|=")


_CODES = frozenset({"O", "O8", "O4", *["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]})


class _Known:
    """A name a pickle may call, and do nothing else with."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self.make = make

    def __call__(self, *args: Any) -> Any:
        return self.make(*args)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it tries to change what opens it")


def _nothing(*_: Any) -> Any:
    raise pickle.UnpicklingError("it makes an array in an unknown way")


_KNOWN = {
    ("numpy", "ndarray"): _Known(_nothing),  # only ever passed to _reconstruct
    ("numpy", "dtype"): _Known(_StoredType),
    ("numpy.core.multiarray", "_reconstruct"): _Known(lambda *_: _Stored()),
    ("numpy._core.multiarray", "_reconstruct"): _Known(lambda *_: _Stored()),
}
"""The names an array of objects needs, each replaced by a harmless stand-in."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None

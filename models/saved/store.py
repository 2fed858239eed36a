"""The HDF5 file of a saved model, wherever it stands, opened so that nothing else is touched.

A `.keras` file is a zip whose `model.weights.h5` is stored as it is, so it is read in place, a
slice at a time; nothing is unpacked. Links out of a file are never followed.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import h5py

MEMBER = "model.weights.h5"

MOST_UNPACKED = 2**30
"""Bytes of a compressed weights file that are unpacked; Keras does not compress."""

MOST_OBJECTS = 200_000
"""Arrays and groups that one file may hold: ten thousand layers hold a fifth of that."""

_LOCAL_HEADER = 30
_BLOCK = 2**20


class Window(io.RawIOBase):
    """A part of a file as a file of its own.

    Args:
        stream: The file, which the window closes with itself.
        start: Where the part begins.
        size: Its bytes.
    """

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._stream, self._start, self._size, self._at = stream, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._at))
        self._stream.seek(self._start + self._at)
        block = self._stream.read(count)
        view[: len(block)] = block
        self._at += len(block)
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()


@contextlib.contextmanager
def hdf5(path: Path) -> Iterator[h5py.File]:
    """Open the HDF5 file that `path` is, or that it holds.

    Raises:
        OSError, ValueError, KeyError, zipfile.BadZipFile: It is not there or damaged.
    """
    import h5py

    with contextlib.ExitStack() as stack:
        if zipfile.is_zipfile(path):
            stream = stack.enter_context(contextlib.closing(_member(path)))
            yield stack.enter_context(h5py.File(stream, "r"))
        else:
            yield stack.enter_context(h5py.File(path, "r"))


def _member(path: Path) -> Any:
    """Return the weights file within a zip as a file of its own."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(MEMBER)
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            if entry.file_size > MOST_UNPACKED:
                raise ValueError(f"{MEMBER} unpacks to {entry.file_size / 1e9:.3g} GB")
            return io.BytesIO(archive.read(entry))
    stream = path.open("rb")
    try:
        stream.seek(entry.header_offset)
        header = stream.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            raise zipfile.BadZipFile(f"{MEMBER} does not stand where the list of files says")
        names, extra = struct.unpack("<HH", header[26:30])
        return Window(stream, entry.header_offset + _LOCAL_HEADER + names + extra, entry.file_size)
    except BaseException:
        stream.close()
        raise


def unpack(path: Path, target: Path) -> None:
    """Copy the weights file out of a zip, a block at a time."""
    with contextlib.closing(_member(path)) as source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream, _BLOCK)


def check(path: Path) -> None:
    """Hold the weights in a zip against their checksum; larger ones than memory are let pass.

    Raises:
        zipfile.BadZipFile: They are not what was saved.
    """
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(MEMBER)
        if entry.file_size > MOST_UNPACKED:
            return
        with archive.open(entry) as stream:
            while stream.read(_BLOCK):
                pass


def datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Return all arrays of a file by path, in no particular order.

    Soft links and links to other files are passed over; a group that holds itself is seen once.

    Raises:
        ValueError: There are too many, one holds no numbers, or one points into another file.
    """
    import h5py

    found: dict[str, h5py.Dataset] = {}
    seen = 0

    def visit(path: str, item: Any) -> None:
        nonlocal seen
        seen += 1
        if seen > MOST_OBJECTS:
            raise ValueError(f"it holds more than {MOST_OBJECTS:,} arrays and groups")
        if not isinstance(item, h5py.Dataset):
            return
        if item.is_virtual or item.external:
            raise ValueError(f"{path} points into another file")
        found[path] = item

    file.visititems(visit)
    return found

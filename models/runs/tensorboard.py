"""A run's curves as an event file that TensorBoard reads.

A file is a row of records, each with its length and checksums, as TFRecord has it; each holds one
`tensorflow.Event` in protocol buffers' wire format. Only what scalars need is written here, so that
no TensorFlow is needed; its own reader is held against it in the tests. Source: TensorFlow,
`core/lib/io/record_writer.cc`, `core/util/event.proto`, `core/framework/summary.proto`.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import Run
from kerastui.models.runs.timeline import Timeline, read

_VERSION = "brain.Event:2"


def write(run: Run, folder: Path) -> list[Path]:
    """Write a run's curves below a folder: `ID/train` and `ID/validation`, as Keras' own callback.

    Scalars are named `epoch_loss`, `epoch_accuracy` ..., their step counts from 0 as Keras' does,
    their time is that at which the epoch ended.

    Args:
        run: Finished or not; what there is so far is written.
        folder: TensorBoard's `--logdir`; made where it is missing.

    Returns:
        The files.

    Raises:
        UserError: No epoch was trained, or the folder can't be written.
    """
    timeline = read(run)
    if not timeline.history.epoch:
        raise UserError(f"{run.id} has trained no epoch.", "There is nothing to draw yet.")
    files = []
    for part, names in _parts(timeline).items():
        place = folder / run.id / part
        # The name has a time and the host in it, which TensorBoard only sorts by.
        file = place / f"events.out.tfevents.{int(timeline.wall[0])}.{run.id}.0.v2"
        try:
            place.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f".{file.name}")
            beside.write_bytes(b"".join(_records(timeline, names)))
            os.replace(beside, file)
        except OSError as error:
            raise UserError(
                f"{file} can't be written: {error.strerror}.",
                "Check the folder, its permissions and the free space.",
            ) from None
        files.append(file)
    return files


def _parts(timeline: Timeline) -> dict[str, dict[str, str]]:
    """Return part -> series -> the name of its scalar."""
    parts: dict[str, dict[str, str]] = {}
    for name in timeline.history.series:
        part = "validation" if name.startswith("val_") else "train"
        parts.setdefault(part, {})[name] = f"epoch_{name.removeprefix('val_')}"
    return parts


def _records(timeline: Timeline, names: dict[str, str]) -> Iterator[bytes]:
    yield record(_double(1, timeline.wall[0]) + _bytes(3, _VERSION.encode()))
    series = timeline.history.series
    for index, wall in enumerate(timeline.wall):
        for name, tag in names.items():
            values = series[name]
            if index < len(values):
                yield record(_double(1, wall) + _varint(2, index) + _scalar(tag, values[index]))


def _scalar(tag: str, value: float) -> bytes:
    """Return the field `summary` of an event with one simple value."""
    entry = _bytes(1, tag.encode()) + _key(2, 5) + struct.pack("<f", _single(value))
    return _bytes(5, _bytes(1, entry))


def _single(value: float) -> float:
    """Return a value as single precision holds it: what is too large is infinite."""
    try:
        struct.pack("<f", value)
    except OverflowError:
        return math.copysign(math.inf, value)
    return value


def record(content: bytes) -> bytes:
    """Return content as one TFRecord: its length and the checksums of both."""
    length = struct.pack("<Q", len(content))
    return length + _masked(length) + content + _masked(content)


def _masked(content: bytes) -> bytes:
    """Return the masked checksum: stored beside what it is of, CRCs must not look like CRCs."""
    crc = crc32c(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def crc32c(content: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of bytes; `zlib.crc32` is another polynomial."""
    table, crc = _table(), 0xFFFFFFFF
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


@lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        rows.append(byte)
    return tuple(rows)


def _key(field: int, wire: int) -> bytes:
    return bytes([field << 3 | wire])


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _bytes(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _number(len(content)) + content


def _varint(field: int, value: int) -> bytes:
    return _key(field, 0) + _number(value)


def _number(value: int) -> bytes:
    """Return a number as a varint: seven bits a byte, the lowest first."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])

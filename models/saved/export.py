"""Writing one weight to a file of numbers, a block at a time, whole or not at all."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.by_hand import Formulas
from kerastui.models.saved.model import Weight
from kerastui.models.saved.statistics import blocks

FORMATS = (".csv", ".npy")
_DIGITS = {"float16": "%.5g", "float32": "%.9g"}
"""As many digits as bring the same number back."""

_LINES = 100_000

Tell = Callable[[float], None]
"""Told the share that is written; what it raises ends the writing."""


def weight(source: Weight, target: Path, tell: Tell = lambda share: None) -> None:
    """Write a weight as `.csv` or `.npy`, by the name of the file.

    A CSV has one line for each place along all axes but the last; these places stand first
    (`axis 0`, …), then the numbers along the last axis. A weight of one axis stands in a column.

    Raises:
        UserError: The file can't be written, has another ending, or the weight can't be read.
    """
    if target.suffix not in FORMATS:
        raise UserError(f"{target.name} is no file of numbers.", "Accepted: .csv and .npy.")
    with _whole(target) as beside:
        if target.suffix == ".npy":
            _npy(source, beside, tell)
        else:
            _csv(source, beside, tell)


def formulas(listing: Formulas, target: Path, tell: Tell = lambda share: None) -> None:
    """Write the listing of a dense network as CSV: `from`, `to`, `weight`.

    Raises:
        UserError: The file can't be written.
    """
    with _whole(target) as beside, beside.open("w", encoding="utf-8") as stream:
        stream.write("from,to,weight\n")
        for start in range(0, len(listing), _LINES):
            for line in listing[start : start + _LINES]:
                places, _, value = line.replace(":", " =").partition(" = ")
                stream.write(f"{places.replace(' -> ', ',')},{value}\n")
            tell(min(1.0, (start + _LINES) / len(listing)))


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Give a file beside the target that takes its place when all of it is written."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
        try:
            yield beside
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"{target} can't be written: {error.strerror or error}.",
            "Check the permissions and the free space, or choose another folder.",
        ) from None


def _npy(source: Weight, target: Path, tell: Tell) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(source.dtype), "fortran_order": False,
              "shape": source.shape}  # fmt: skip
    done = 0
    with target.open("wb") as stream:
        np.lib.format.write_array_header_2_0(stream, header)
        for block in blocks(source):
            stream.write(np.ascontiguousarray(block, source.dtype).tobytes())
            done += block.size
            tell(done / max(1, source.count))


def _csv(source: Weight, target: Path, tell: Tell) -> None:
    axes = source.shape[:-1] if len(source.shape) > 1 else source.shape
    width = source.shape[-1] if len(source.shape) > 1 else 1
    digits = _DIGITS.get(source.dtype.name, "%.17g") if source.dtype.kind == "f" else "%d"
    places = itertools.product(*map(range, axes))
    line = ",".join([*["%d"] * len(axes), *[digits] * width])
    names = [f"axis {axis}" for axis in range(len(axes))]
    done = 0
    with target.open("w", encoding="utf-8") as stream:
        columns = map(str, range(width)) if len(source.shape) > 1 else ["value"]
        stream.write(",".join([*names, *columns]) + "\n")
        for block in blocks(source):
            rows = block.reshape(-1, width).tolist()
            stream.writelines(line % (*next(places), *row) + "\n" for row in rows)
            done += block.size
            tell(done / max(1, source.count))

"""The Mandelbrot set: which numbers a picture is made of, how it is computed, its colours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastui.datasets.errors import UserError

WIDTH, HEIGHT, CYCLES = 640, 480, 200
"""The document's picture."""

ESCAPED = 4.0
"""A value this far from zero never comes back; the document counts until then."""

DEEPEST = 1e-12
"""Narrowest view: beyond it neighbours of a 640-column picture are the same 64-bit number."""


@dataclass(frozen=True)
class View:
    """What part of the plane is looked at.

    Attributes:
        real: Real part of the middle.
        imaginary: Imaginary part of the middle.
        span: How much of the real axis the width covers; the document calls it zoom.
        cycles: How often z² + c is taken.
    """

    real: float = -0.5
    imaginary: float = 0.0
    span: float = 4.0
    cycles: int = CYCLES

    def zoomed(self, factor: float) -> View:
        """Return a view with the same middle; a factor below 1 goes deeper."""
        return replace(self, span=min(8.0, max(DEEPEST, self.span * factor)))

    def moved(self, right: float, down: float) -> View:
        """Return a view moved by parts of its width."""
        return replace(
            self,
            real=min(4.0, max(-4.0, self.real + right * self.span)),
            imaginary=min(4.0, max(-4.0, self.imaginary + down * self.span)),
        )

    def axes(
        self, width: int, height: int
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        """Return the real parts of the columns and the imaginary parts of the rows."""
        step = self.span / width
        columns = self.real - width / 2 * step + np.arange(width) * step
        rows = self.imaginary - height / 2 * step + np.arange(height) * step
        return columns, rows


def compute(
    path: str, real: float, imaginary: float, span: float, cycles: int,
    width: int, height: int, first: int, last: int,
) -> dict[str, Any]:  # fmt: skip
    """Compute rows of a picture with TensorFlow, in a worker, into a file.

    Args:
        path: The `.npy` file of the whole picture, uint16 of (height, width): for each number
            after how many cycles it was still near. It is made if it is not there.
        real: See `View`, like the next three.
        imaginary: See `View`.
        span: See `View`.
        cycles: See `View`.
        width: Columns of the whole picture.
        height: Rows of the whole picture.
        first: The first row to compute.
        last: The row to stop before.

    Returns:
        `rows`, the first one and the one it stopped before.

    Raises:
        UserError: The numbers are out of range, or the file can't be written.
    """
    if not (0 < width <= 4096 and 0 < height <= 4096 and 0 <= first < last <= height):
        raise UserError(
            f"A picture of {width}×{height}, rows {first} to {last}, can't be computed.",
            "Up to 4096×4096, and rows that lie in it.",
        )
    if not 1 <= cycles <= 20_000:
        raise UserError(f"{cycles} cycles were asked for.", "1 to 20,000 are possible.")
    import tensorflow as tf

    columns, rows = View(real, imaginary, span, cycles).axes(width, height)
    grid = tf.complex(*tf.meshgrid(tf.constant(columns), tf.constant(rows[first:last])))
    counts = _counter()(grid, tf.constant(cycles)).numpy()
    try:
        mode: Any = "r+" if Path(path).exists() else "w+"
        shape = None if mode == "r+" else (height, width)
        picture = np.lib.format.open_memmap(path, mode, np.uint16, shape)
        picture[first:last] = counts
        picture.flush()
    except OSError as error:
        raise UserError(f"The picture can't be written: {error.strerror}.", path) from None
    return {"rows": [first, last]}


@cache
def _counter() -> Any:
    """Return the TensorFlow function that counts; traced once, for every size."""
    import tensorflow as tf

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.complex128), tf.TensorSpec([], tf.int32)],
        autograph=False,
    )  # type: ignore[untyped-decorator]
    def count(grid: Any, cycles: Any) -> Any:
        def cycle(done: Any, z: Any, counts: Any) -> Any:
            z = z * z + grid
            return done + 1, z, counts + tf.cast(tf.abs(z) < ESCAPED, tf.uint16)

        start = (tf.constant(0), grid, tf.zeros(tf.shape(grid), tf.uint16))
        return tf.while_loop(lambda done, z, counts: done < cycles, cycle, start)[2]

    return count


_STOPS = (
    (0.00, (8, 12, 40)), (0.14, (26, 60, 128)), (0.32, (66, 148, 206)), (0.50, (226, 240, 236)),
    (0.66, (248, 196, 92)), (0.84, (190, 80, 36)), (1.00, (8, 12, 40)),
)  # fmt: skip
"""The ring of colours: where each stands on it."""


def colours(counts: NDArray[Any], cycles: int) -> NDArray[np.uint8]:
    """Return the picture's colours.

    Args:
        counts: Cycles after which each number was still near, any shape.
        cycles: How many there were at most; numbers that lasted as long are in the set: black.

    Returns:
        Red, green and blue, of the shape of `counts` with an axis of three at the end.
    """
    turns = np.log2(np.arange(cycles + 1) + 1.0) / 5.0
    table = np.empty((cycles + 1, 3))
    for channel in range(3):
        table[:, channel] = np.interp(
            turns % 1.0, [at for at, _ in _STOPS], [colour[channel] for _, colour in _STOPS]
        )
    table[cycles] = 0
    coloured: NDArray[np.uint8] = table.astype(np.uint8)[np.minimum(counts, cycles)]
    return coloured


def shrunk(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture of another size: means where it gets smaller, repeated where larger.

    Args:
        picture: (rows, columns, 3).
        width: Columns of the result.
        height: Rows of the result.
    """
    rows, columns = picture.shape[:2]
    if height > rows or width > columns:
        at_y, at_x = (np.arange(n) * size // n for n, size in ((height, rows), (width, columns)))
        repeated: NDArray[np.uint8] = picture[at_y][:, at_x]
        return repeated
    edges_y, edges_x = (np.arange(n) * size // n for n, size in ((height, rows), (width, columns)))
    sums = np.add.reduceat(np.add.reduceat(picture, edges_y, 0, np.uint32), edges_x, 1)
    area = np.outer(np.diff(edges_y, append=rows), np.diff(edges_x, append=columns))
    means: NDArray[np.uint8] = (sums / area[..., None]).astype(np.uint8)
    return means

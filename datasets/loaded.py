"""What every loader returns: raw data by name, before any preparation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Progress = Callable[[str], None]


class Sequences:
    """Integer sequences of different lengths in two flat arrays, a tenth of the lists' memory.

    Args:
        values: All sequences one after the other, int32.
        offsets: Where each begins, and the end of the last; one longer than the sequences.
    """

    def __init__(self, values: Array, offsets: Array) -> None:
        self.values = values
        self.offsets = offsets

    @classmethod
    def from_lengths(cls, values: Array, lengths: Array) -> Sequences:
        """Sequences of the given lengths cut from one array."""
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return cls(values, offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Array:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        part: Array = self.values[self.offsets[index] : self.offsets[index + 1]]
        return part

    def __iter__(self) -> Iterator[Array]:
        return (self[index] for index in range(len(self)))

    @property
    def lengths(self) -> Array:
        """Words in each sequence."""
        return np.diff(self.offsets)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Rows, and None for the length that varies."""
        return (len(self), None)

    def slice(self, start: int, stop: int) -> Sequences:
        """Rows `start` to `stop` without copying the words."""
        return Sequences(self.values, self.offsets[start : stop + 1])

    def take(self, rows: Array) -> Sequences:
        """The given rows, in the given order."""
        starts, lengths = self.offsets[:-1][rows], self.lengths[rows]
        ends = np.cumsum(lengths)
        within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - lengths, lengths)
        return Sequences.from_lengths(self.values[np.repeat(starts, lengths) + within], lengths)


@dataclass
class Loaded:
    """Raw data: a table or series as named columns, pictures and texts as `x` and `y`.

    Attributes:
        columns: Name to array (float64, or object of str and None); empty for pictures and texts.
        x: Pictures (n, height, width) or `Sequences`; None for tables and series.
        y: Class numbers (n,) of pictures and texts.
        target: The default target columns.
        n_train: Rows of the data set's own training part, which come first; None: not split.
        classes: Names of the classes by number, where known.
        names: The column that names the rows, or empty.
        words: Of own texts: word to rank, 1 for the most frequent.
    """

    columns: dict[str, Array] = field(default_factory=dict)
    x: Array | Sequences | None = None
    y: Array | None = None
    target: tuple[str, ...] = ()
    n_train: int | None = None
    classes: tuple[str, ...] = ()
    names: str = ""
    words: dict[str, int] | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        if self.x is not None:
            return len(self.x)
        return len(next(iter(self.columns.values()))) if self.columns else 0

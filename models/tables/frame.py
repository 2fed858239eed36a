"""Columns of one length, whatever holds them: Arrow tables, arrays on disk, or both side by side.

A frame gives out single cells quickly, for pages, and whole columns as Arrow arrays, for
everything that looks at all rows. Nothing is copied before it is asked for.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kerastui.datasets.errors import UserError

Kind = Literal["number", "whole", "text", "yes/no", "date", "other"]
Rows = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

NUMBERS = ("number", "whole")


class Frame(Protocol):
    """Columns of one length."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""
        ...

    def kind(self, column: int) -> Kind:
        """Return what a column holds."""
        ...

    def cells(self, column: int, rows: Rows) -> list[Any]:
        """Return some cells as Python's own values, None where there is no value."""
        ...

    def column(self, column: int) -> pa.ChunkedArray:
        """Return a whole column."""
        ...


class ArrowFrame:
    """An Arrow table; of columns with the same name, the later ones get a number.

    Args:
        table: The table.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.names: Sequence[str] = unique_names(table.column_names)
        self.rows: int = table.num_rows
        self._starts: dict[int, Rows] = {}

    def kind(self, column: int) -> Kind:
        return _arrow_kind(self.table.schema.field(column).type)

    def column(self, column: int) -> pa.ChunkedArray:
        return plain_column(self.table.column(column))

    def cells(self, column: int, rows: Rows) -> list[Any]:
        chunks = self.table.column(column)
        if chunks.num_chunks == 1:
            only = chunks.chunk(0)
            return [only[row].as_py() for row in rows.tolist()]
        # Arrow's own `take` would first join the chunks of the whole column.
        starts = self._starts.get(column)
        if starts is None:
            lengths = [len(chunk) for chunk in chunks.chunks]
            starts = self._starts[column] = np.cumsum([0, *lengths], dtype=np.int64)
        places = np.searchsorted(starts, rows, side="right") - 1
        inside = rows - starts[places]
        return [
            chunks.chunk(place)[row].as_py()
            for place, row in zip(places.tolist(), inside.tolist(), strict=True)
        ]


class ArrayFrame:
    """An array of rows and columns, which may lie on disk.

    Args:
        array: Numbers or truth values of shape (rows, columns).
        names: Names of the columns; None numbers them from 0.

    Raises:
        UserError: It has another shape, or holds no numbers.
    """

    def __init__(self, array: Array, names: Sequence[str] | None = None) -> None:
        if array.ndim != 2:
            shape = "×".join(map(str, array.shape)) or "a single value"
            raise UserError(f"A table has rows and columns, but the array is {shape}.",
                            "Accepted: arrays of two dimensions.")  # fmt: skip
        if array.dtype.kind not in "fiub":
            raise UserError(
                f"The array holds {array.dtype}.",
                "Accepted: whole numbers, floating-point numbers, truth values.",
            )
        self.array = array
        self.rows = int(array.shape[0])
        self.names = names if names is not None else _Numbered(array.shape[1])
        self._kind: Kind = {"f": "number", "b": "yes/no"}.get(array.dtype.kind, "whole")  # type: ignore[assignment]

    def kind(self, column: int) -> Kind:
        return self._kind

    def column(self, column: int) -> pa.ChunkedArray:
        values = np.ascontiguousarray(self.array[:, column])
        if values.dtype == np.float16 or not values.dtype.isnative:
            values = values.astype(np.float32 if values.dtype.kind == "f" else np.int64)
        return pa.chunked_array([pa.array(values)])

    def cells(self, column: int, rows: Rows) -> list[Any]:
        found: list[Any] = self.array[rows, column].tolist()
        return found


class JoinedFrame:
    """Frames of the same length, side by side.

    Args:
        frames: At least one.
        names: Names of all columns; None takes those of the frames, made different.
    """

    def __init__(self, frames: Sequence[Frame], names: Sequence[str] | None = None) -> None:
        self._owners = [(frame, i) for frame in frames for i in range(len(frame.names))]
        own = [name for frame in frames for name in frame.names]
        self.names: Sequence[str] = unique_names(own) if names is None else names
        self.rows = frames[0].rows

    def kind(self, column: int) -> Kind:
        frame, inside = self._owners[column]
        return frame.kind(inside)

    def column(self, column: int) -> pa.ChunkedArray:
        frame, inside = self._owners[column]
        return frame.column(inside)

    def cells(self, column: int, rows: Rows) -> list[Any]:
        frame, inside = self._owners[column]
        return frame.cells(inside, rows)


class StackedFrame:
    """Frames with the same columns, one below the other; nothing is copied before it is asked for.

    Args:
        frames: At least one, all with the columns of the first.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = tuple(frames)
        self.names = frames[0].names
        self._starts = np.cumsum([0, *(frame.rows for frame in frames)], dtype=np.int64)
        self.rows = int(self._starts[-1])

    def kind(self, column: int) -> Kind:
        return self.frames[0].kind(column)

    def column(self, column: int) -> pa.ChunkedArray:
        chunks = [chunk for frame in self.frames for chunk in frame.column(column).chunks]
        return pa.chunked_array(chunks)

    def cells(self, column: int, rows: Rows) -> list[Any]:
        places = np.searchsorted(self._starts, rows, side="right") - 1
        return [
            self.frames[place].cells(column, np.array([row], dtype=np.int64))[0]
            for place, row in zip(
                places.tolist(), (rows - self._starts[places]).tolist(), strict=True
            )
        ]


def arrow_frame(columns: dict[str, Array], *, whole: bool = False) -> ArrowFrame:
    """Return named NumPy columns as a frame.

    Args:
        columns: Name to values: numbers with NaN where a value is missing, or objects with None.
        whole: Numbers without a fraction become whole numbers.
    """
    arrays: list[Any] = []
    for values in columns.values():
        if values.dtype == object:
            values = np.array([None if _absent(cell) else str(cell) for cell in values], object)
            arrays.append(pa.array(values, pa.large_string()))
            continue
        found = pa.array(values, from_pandas=True)
        if whole and values.dtype.kind == "f" and _is_whole(values):
            found = found.cast(pa.int64())
        arrays.append(found)
    return ArrowFrame(pa.Table.from_arrays(arrays, names=list(columns)))


def plain_column(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without what Arrow can't compare: no dictionaries, no half floats."""
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    if pa.types.is_null(values.type):
        return values.cast(pa.string())
    return values.cast(pa.float32()) if pa.types.is_float16(values.type) else values


def unique_names(names: Sequence[str]) -> list[str]:
    """Return names that differ: a second `a` becomes `a.1`, as pandas has it; none `column 3`."""
    taken, found = set(names), []
    seen: set[str] = set()
    times: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        wanted = name if name.strip() else f"column {place}"
        while wanted in seen or (wanted != name and wanted in taken):
            times[name] = times.get(name, 0) + 1
            wanted = f"{name or 'column'}.{times[name]}"
        seen.add(wanted)
        found.append(wanted)
    return found


class _Numbered(Sequence[str]):
    """`0`, `1` … without a list of them."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return map(str, range(self._count))

    def __getitem__(self, index: Any) -> Any:
        chosen = range(self._count)[index]
        return str(chosen) if isinstance(chosen, int) else [str(number) for number in chosen]


@functools.lru_cache(maxsize=256)
def _arrow_kind(kind: pa.DataType) -> Kind:
    types = pa.types
    if types.is_dictionary(kind):
        return _arrow_kind(kind.value_type)
    if types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_integer(kind):
        return "whole"
    if types.is_boolean(kind):
        return "yes/no"
    if types.is_temporal(kind) and not types.is_duration(kind):
        return "date"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind):
        return "text"
    return "other"


def _absent(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _is_whole(values: Array) -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known)) and bool(
        (np.abs(known) < 2**53).all() and (known == np.rint(known)).all()
    )

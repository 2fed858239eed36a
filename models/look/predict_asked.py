"""What a model can be asked: its inputs as a person knows them, and the answers to many at once.

For inspector processes only: this imports Keras and runs operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
import numpy.typing as npt

from kerastui.datasets.errors import UserError
from kerastui.datasets.rows import Inputs, is_missing
from kerastui.models.look.opened import Opened
from kerastui.models.look.predict_outcome import Floats, Output, outputs_of
from kerastui.models.network import feeding
from kerastui.models.runs.figures import number

if TYPE_CHECKING:
    from kerastui.datasets.prepared import Part

Array = npt.NDArray[Any]
PARTS = ("test", "validation", "train")
MOST_CHOICES = 200
"""Different texts of a column beyond which none is offered, and any is accepted."""
AT_ONCE = 64
"""Rows up to which the model is called directly, which has no overhead of its own."""
CHUNK_BYTES = 16 * 2**20
"""Prepared inputs that are held at once, about."""


@dataclass(frozen=True)
class Asked:
    """One value that is asked for.

    Attributes:
        name: The column; of a window with how long before the predicted one it is.
        kind: What it holds.
        low, high: Smallest and largest value of the training part, None where unknown.
        choices: The texts of the training part in sorted order, where they are few.
        meaning: What it is, mostly with its unit.
    """

    name: str
    kind: Literal["number", "whole", "text", "date"]
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    meaning: str = ""

    def outside(self, value: Any) -> str:
        """Say how a value differs from all that the training part has; empty where it doesn't."""
        if self.kind == "text":
            if value is None or not self.choices or str(value) in self.choices:
                return ""
            return f"{value!r} is not among the {len(self.choices)} values of the training part"
        if self.kind == "date" or self.low is None or self.high is None or value is None:
            return ""
        if value != value or self.low <= value <= self.high:
            return ""
        return f"{number(value)} is outside {number(self.low)} … {number(self.high)}"


class Asking:
    """A model, what it is asked and what it answers.

    Args:
        found: The model.

    Attributes:
        kind: `table`, `series`, `picture`, `text`; or `numbers` where no data is known.
        fields: What is typed; empty for pictures and texts.
        outputs: What it answers.
        shape: Of a picture, of a window (steps, columns), or of the numbers.
    """

    def __init__(self, found: Opened) -> None:
        self.found = found
        if found.experiment is not None:
            _ = found.loaded  # the ranges of the fields are of it; loaded before it is prepared
        self.outputs: list[Output] = outputs_of(found)
        self.kind: str = "numbers" if found.experiment is None else found.prepared.kind
        if found.experiment is None:
            self._shapes = [tuple(int(axis or 1) for axis in one.shape[1:])
                            for one in found.model.inputs]  # fmt: skip
            self.fields = self._numbers()
            self.shape: tuple[int, ...] = self._shapes[0]
            return
        raw = found.prepared.raw
        if isinstance(raw, dict):
            columns = [self._field(name) for name in raw]
            self.shape = (len(columns),)
            self.fields = columns
            if self.kind == "series":
                self.shape = (self._length, len(columns))
                self.fields = [
                    Asked(self._before(one.name, step), one.kind, one.low, one.high, (),
                          one.meaning)
                    for step in range(self._length, 0, -1) for one in columns
                ]  # fmt: skip
        else:
            self.fields = []
            self.shape = tuple(raw.shape[1:]) if isinstance(raw, np.ndarray) else ()

    @property
    def columns(self) -> list[str]:
        """The columns that a file needs; empty for pictures and texts."""
        if self.found.experiment is None:
            return [field.name for field in self.fields]
        return list(self.found.prepared.input_names)

    @property
    def _length(self) -> int:
        return int(self.found.prepared.train.x.shape[1]) if not self._flat else self._window_step

    @property
    def _flat(self) -> bool:
        return self.found.prepared.train.x.ndim == 2

    @property
    def _window_step(self) -> int:
        from kerastui.datasets.spec import Window

        assert self.found.experiment is not None
        return next(s.length for s in self.found.experiment.data.steps if isinstance(s, Window))

    def _before(self, name: str, step: int) -> str:
        told = f"{step} before" if step > 1 else "the last one"
        return f"{name}, {told}"

    def _numbers(self) -> list[Asked]:
        several = len(self._shapes) > 1
        fields = []
        for tensor, shape in zip(self.found.model.inputs, self._shapes, strict=True):
            for place in np.ndindex(shape):
                told = ",".join(map(str, place))
                name = f"{tensor.name} {told}" if several else f"input {told}"
                fields.append(Asked(name, "number"))
        return fields

    def _field(self, name: str) -> Asked:
        """What the training part holds in a column."""
        meaning = self._meanings.get(name, "")
        column = self.found.loaded.columns[name][self._training_rows]
        if column.dtype.kind == "M":
            return Asked(name, "date", meaning=meaning)
        known = column[~is_missing(column)]
        if column.dtype == object:
            values = sorted({str(cell) for cell in known})
            choices = tuple(values) if len(values) <= MOST_CHOICES else ()
            return Asked(name, "text", choices=choices, meaning=meaning)
        if not len(known):
            return Asked(name, "number", meaning=meaning)
        whole = bool((known == np.floor(known)).all())
        return Asked(name, "whole" if whole else "number", float(known.min()), float(known.max()),
                     meaning=meaning)  # fmt: skip

    @cached_property
    def _training_rows(self) -> Array:
        index = self.found.prepared.train.index
        if self.kind != "series":
            return index
        # A window reaches back from the row that follows it.
        return np.arange(max(0, int(index.min()) - self._window_step), int(index.max()) + 1)

    @cached_property
    def _meanings(self) -> dict[str, str]:
        from kerastui.datasets.catalogue import card_of

        assert self.found.experiment is not None
        try:
            columns = card_of(self.found.experiment.data).columns
        except UserError:
            return {}
        return {column.name: column.meaning for column in columns if column.meaning != column.name}

    @property
    def brightest(self) -> float:
        """The value of ink: the largest pixel of the first pictures."""
        x = self.found.loaded.x
        return float(x[:100].max()) if isinstance(x, np.ndarray) and len(x) else 255.0

    # Rows of the data

    def part(self, name: str) -> Part:
        """A part of the data.

        Raises:
            UserError: There is no such part.
        """
        part: Part | None = getattr(self.found.prepared, name, None) if name in PARTS else None
        if part is None or not len(part.x):
            raise UserError(f"There is no {name} part in the data of this experiment.",
                            f"There is: {', '.join(self.parts)}.")  # fmt: skip
        return part

    @property
    def parts(self) -> dict[str, int]:
        """The parts there are, and their rows."""
        if self.found.experiment is None:
            return {}
        found = {name: getattr(self.found.prepared, name) for name in PARTS}
        return {name: len(part.x) for name, part in found.items() if part is not None}

    def raw_values(self, part: Part, row: int) -> Any:
        """One row as it is typed: numbers and texts, pixels, or the words of a text."""
        at = int(part.index[row])
        if self.kind == "series":
            return self.window(at)
        if self.kind == "table":
            return [_plain(self.found.loaded.columns[name][at]) for name in self.columns]
        x = self.found.loaded.x
        assert x is not None
        if self.kind == "text":
            words, numbers = self.found.prepared.words, x[at]
            return words.decode(numbers[1:] if len(numbers) and numbers[0] == 1 else numbers)
        return x[at].tolist()

    def window(self, at: int) -> list[float]:
        """The values before a row of a series, the oldest first."""
        first = at - self._window_step
        columns = self.found.loaded.columns
        stacked = np.column_stack([columns[name][first:at] for name in self.columns])
        return [float(value) for value in stacked.ravel()]

    def raw_columns(self, part: Part) -> dict[str, Array]:
        """The columns of a part's rows; empty for pictures, texts and series."""
        if self.kind != "table":
            return {}
        return {name: self.found.loaded.columns[name][part.index] for name in self.columns}

    # Answers

    def fed(self, batch: Array) -> Any:
        """Prepared inputs as the model takes them."""
        found = self.found
        if found.experiment is None:
            if len(self._shapes) == 1:
                return batch.reshape(len(batch), *self._shapes[0])
            ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])[:-1]
            cut = np.split(batch, ends, axis=1)
            return [one.reshape(len(one), *shape)
                    for one, shape in zip(cut, self._shapes, strict=True)]  # fmt: skip
        return feeding.inputs(found.experiment.model, batch, found.prepared.feature_names)

    def encode_one(self, values: Any) -> Array:
        """One typed input as a batch of one.

        Raises:
            UserError: The values do not fit.
        """
        if self.found.experiment is not None:
            if self.kind == "series":
                values = np.asarray(values, dtype=object).reshape(self.shape).tolist()
            return self.found.prepared.encode(values)
        if len(values) != len(self.fields):
            raise UserError(f"{len(values)} numbers were given; the model takes "
                            f"{len(self.fields):,}.")  # fmt: skip
        return self.encode_columns({field.name: [value] for field, value
                                    in zip(self.fields, values, strict=True)})  # fmt: skip

    def encode_columns(self, columns: Mapping[str, Any], *, check: bool = True) -> Array:
        """Rows of a table, as `Prepared.encode_many` does; of an opened model numbers as they are.

        Raises:
            UserError: The values do not fit.
        """
        if self.found.experiment is not None:
            return self.found.prepared.encode_many(columns, check=check)
        try:
            rows = [np.asarray(columns[field.name], dtype=np.float32) for field in self.fields]
        except (TypeError, ValueError):
            raise UserError("Not all values are numbers.", "Give a number for each.") from None
        batch = np.column_stack(rows)
        if check and not np.isfinite(batch).all():
            raise UserError("A number is missing.", "Give a number for each.")
        return batch

    def answer(self, batch: Array) -> list[Floats]:
        """Return what each output says, a row for each input: probabilities, or numbers.

        Args:
            batch: Prepared inputs.
        """
        fed = self.fed(batch)
        if len(batch) <= AT_ONCE:
            given = self.found.model(keras.tree.map_structure(keras.ops.convert_to_tensor, fed),
                                     training=False)  # fmt: skip
        else:
            given = self.found.model.predict_on_batch(fed)
        flat = [np.asarray(keras.ops.convert_to_numpy(one), np.float64).reshape(len(batch), -1)
                for one in keras.tree.flatten(given)]  # fmt: skip
        return [output.values(one) for output, one in zip(self.outputs, flat, strict=True)]

    @property
    def chunk(self) -> int:
        """How many rows are predicted at once."""
        size = 4 * max(1, int(np.prod(self._prepared_shape)))
        return max(32, min(4096, CHUNK_BYTES // size))

    @property
    def _prepared_shape(self) -> tuple[int, ...]:
        if self.found.experiment is None:
            return (len(self.fields),)
        return self.found.prepared.input_shape

    def truth(self, y: Any) -> str | list[float]:
        """What a target says: the name of a class, the labels that hold, or numbers."""
        values = np.asarray(y).ravel()
        prepared = self.found.prepared
        if prepared.task in ("binary", "multiclass"):
            place = int(values.argmax()) if len(values) > 1 else int(values[0])
            return prepared.class_names[place] if place < len(prepared.class_names) else str(place)
        if prepared.task == "multilabel" and self.outputs[0].kind == "labels":
            told = [name for name, yes in zip(self.outputs[0].names, values, strict=False) if yes]
            return ", ".join(told) or "none"
        return [float(value) for value in values]

    def outside(self, values: Sequence[Any]) -> list[str]:
        """Say of each typed value how it differs from the training part, or an empty text."""
        return [field.outside(value) for field, value in zip(self.fields, values, strict=False)]

    def outside_many(self, columns: Inputs | Mapping[str, Any], rows: int) -> list[list[str]]:
        """Say the same of many rows of a table: a list of sentences for each."""
        told: list[list[str]] = [[] for _ in range(rows)]
        if self.kind not in ("table", "numbers") or not isinstance(columns, Mapping):
            return told
        for field in self.fields:
            column = np.asarray(columns[field.name])
            if field.kind == "text":
                if not field.choices:
                    continue
                known = {*field.choices, None}
                places = [i for i, cell in enumerate(column.tolist()) if cell not in known]
            elif field.low is None or column.dtype.kind not in "fiu":
                continue
            else:
                places = np.flatnonzero((column < field.low) | (column > field.high)).tolist()
            for place in places:
                told[place].append(f"{field.name} {field.outside(_plain(column[place]))}")
        return told

    def plain_fields(self) -> list[dict[str, Any]]:
        """The fields as plain values."""
        return [asdict(field) for field in self.fields]


_last: tuple[Opened, Asking] | None = None


def asking(found: Opened) -> Asking:
    """Return how a model is asked; the last one is kept."""
    global _last
    if _last is None or _last[0] is not found:
        _last = (found, Asking(found))
    return _last[1]


def _plain(cell: Any) -> Any:
    """A cell as JSON knows it: None where it is missing."""
    if isinstance(cell, np.datetime64):
        return (
            None if np.isnat(cell) else str(cell.astype("datetime64[s]")).removesuffix("T00:00:00")
        )
    if isinstance(cell, np.generic):
        cell = cell.item()
    return None if isinstance(cell, float) and cell != cell else cell

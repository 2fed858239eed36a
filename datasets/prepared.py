"""Data ready for a model: arrays by part, how they came about, and new inputs brought likewise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from kerastui.datasets import spec
from kerastui.datasets.catalogue import card
from kerastui.datasets.errors import UserError
from kerastui.datasets.fitted import FittedStep
from kerastui.datasets.inputs import raw_input, raw_inputs
from kerastui.datasets.load import Source
from kerastui.datasets.loaded import Array, Sequences
from kerastui.datasets.rows import Inputs, Rows, Shape, as_array, shape_of
from kerastui.datasets.text import Words, words_for

PARTS = ("train", "validation", "test")
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Part:
    """Rows for one purpose.

    Attributes:
        x: Inputs, rows first: float32, or uint8 for multi-hot texts, int32 for padded ones.
        y: Targets: int32 (rows,) for class numbers, float32 (rows,) for one number, (rows, k)
            for several or one-hot.
        index: Number of each row in the raw data.
        names: Names of the rows, where the data has such.
    """

    x: Array
    y: Array
    index: Array
    names: list[str] | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step did. Shapes by part (`all` before the split) as {"x": …, "y": …}."""

    name: str
    words: str
    before: dict[str, dict[str, Shape]]
    after: dict[str, dict[str, Shape]]


@dataclass
class Prepared:
    """Arrays ready for a model, and how they came about.

    Attributes:
        feature_names: Of the model's inputs, empty for pictures and texts.
        input_names: Of the raw values `encode` takes, in order; empty for pictures and texts.
        class_names: By class number; empty for numbers to be predicted.
        output_shape: Of one output that fits the target: (1,) for two classes by number,
            (classes,) for more or for one-hot, (k,) for k numbers.
        target_names: The columns the targets come from; empty for pictures and texts.
    """

    train: Part
    validation: Part | None
    test: Part | None
    steps: list[StepRecord]
    feature_names: list[str]
    input_names: list[str]
    class_names: list[str]
    output_shape: tuple[int, ...]
    source: Source
    task: spec.Task
    _fitted: list[FittedStep] = field(repr=False)
    _sample: Rows = field(repr=False)
    _used: str = field(repr=False)
    _words: Words | None = field(default=None, repr=False)
    target_names: list[str] = field(default_factory=list)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return tuple(self.train.x.shape[1:])

    @property
    def n_classes(self) -> int | None:
        """Number of classes; None when numbers are predicted."""
        return len(self.class_names) or None

    def encode(self, values: str | Sequence[Any] | Mapping[str, Any] | Array) -> Array:
        """One new input as a batch of one for the model.

        Args:
            values: For a table one value for each of `input_names` in order, or by name; for a
                series its window; for pictures the pixels as in the raw data; for texts the
                words (str or list of str) or word numbers.

        Raises:
            UserError: Too many, too few or unsuitable values.
        """
        batch = self._batch(raw_input(values, self._sample.x, self._index, self._windowed))
        check_finite(batch, np.zeros(1, dtype=np.int64), self.feature_names, "The input")
        return batch

    def encode_many(self, values: Any, *, check: bool = True) -> Array:
        """Many new inputs at once, each as `encode` would give it.

        Args:
            values: For a table a mapping from each of `input_names` to its cells; for a series
                an array of windows (n, length) or (n, length, columns); for pictures an array
                (n, height, width) or (n, height, width, 3) of pixels as in the raw data; for
                texts a list of str.
            check: Refuse missing values and infinity. Otherwise they stay, as NaN, in the rows
                that have them.

        Raises:
            UserError: Missing columns or unsuitable values.
        """
        if self._windowed:
            windows = [self._batch(raw_input(one, self._sample.x, self._index, True))
                       for one in values]  # fmt: skip
            batch = np.concatenate(windows) if windows else self.train.x[:0]
        else:
            batch = self._batch(raw_inputs(values, self._sample.x, self._index))
        if check:
            check_finite(batch, np.arange(len(batch)), self.feature_names, "The input")
        return batch

    def _batch(self, x: Inputs) -> Array:
        """New inputs after all steps, as an array."""
        for step in self._fitted:
            x = step.inputs(x)
        return as_array(x, np.arange(shape_of(x)[0] or 0))

    @property
    def kind(self) -> Literal["table", "series", "picture", "text"]:
        """What a raw input is."""
        if isinstance(self._sample.x, dict):
            return "series" if self._windowed else "table"
        return "text" if isinstance(self._sample.x, Sequences) else "picture"

    @property
    def raw(self) -> Inputs:
        """The first row of the raw data, which shows what columns or pixels there are."""
        return self._sample.x

    @property
    def words(self) -> Words:
        """The words of texts, by number and back.

        Raises:
            UserError: These are no texts, or the word index is not here.
        """
        return self._index()

    def applied(self, rows: Rows) -> Rows:
        """New raw rows, inputs and targets, after the same steps with what those have learned.

        Raises:
            UserError: The rows do not suit a step.
        """
        for step in self._fitted:
            rows = step.apply(rows)
        return rows

    def decode_text(self, sequence: Iterable[int]) -> str:
        """Words of a text given as word numbers; marks and unknown words show as `?`.

        Raises:
            UserError: These are no texts, or the word index is not here.
        """
        return self._index().decode(sequence)

    def to_json(self) -> dict[str, Any]:
        """Everything but the arrays, as plain values for the run's record."""
        parts = {name: getattr(self, name) for name in PARTS}
        return {
            "source": self.source.to_json(),
            "task": self.task,
            "parts": {
                name: {"x": list(part.x.shape), "y": list(part.y.shape)}
                for name, part in parts.items()
                if part is not None
            },
            "steps": [
                {
                    "name": step.name,
                    "words": step.words,
                    "before": _plain(step.before),
                    "after": _plain(step.after),
                }
                for step in self.steps
            ],
            "feature_names": self.feature_names,
            "input_names": self.input_names,
            "target_names": self.target_names,
            "class_names": self.class_names,
            "input_shape": list(self.input_shape),
            "output_shape": list(self.output_shape),
        }

    @property
    def _windowed(self) -> bool:
        return any(step.name == "window" for step in self._fitted)

    def _index(self) -> Words:
        if self._words is None:
            self._words = words_for(card(self._used))
        return self._words


def check_finite(x: Array, index: Array, names: list[str], what: str) -> None:
    """Refuse NaN and infinity: one NaN can spoil a network without any sign in its loss."""
    if x.dtype.kind != "f":
        return
    for start in range(0, len(x), _CHUNK):
        bad = ~np.isfinite(x[start : start + _CHUNK])
        if bad.any():
            first = np.argwhere(bad)[0]
            value = "a missing value (NaN)" if np.isnan(x[start:][tuple(first)]) else "infinity"
            column = f" in column {names[first[1]]}" if names else ""
            total = int((~np.isfinite(x)).sum())
            raise UserError(
                f"{what} still has {value}{column}, row {index[start + int(first[0])] + 1} "
                f"({total} such {'cell' if total == 1 else 'cells'} in all).",
                hint="Add the step missing (drop, median, mean or constant) before the others.",
            )


def _plain(shapes: dict[str, dict[str, Shape]]) -> dict[str, dict[str, list[int | None]]]:
    return {part: {k: list(v) for k, v in both.items()} for part, both in shapes.items()}

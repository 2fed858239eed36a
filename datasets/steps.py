"""The steps of a preparation: fitted on the training rows, then applied to every part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastui.datasets import spec
from kerastui.datasets.errors import UserError
from kerastui.datasets.figures import figure
from kerastui.datasets.fitted import FittedStep, chosen_columns, numbers_of, table_of
from kerastui.datasets.loaded import Array, Sequences
from kerastui.datasets.rows import Inputs, Rows, is_missing
from kerastui.datasets.steps_array import ChannelAxis, Flatten, MultiHot, Pad, Window
from kerastui.datasets.steps_columns import Dates, OneHotColumns, Ordinal

_CHUNK = 1000


def learns(step: spec.Step) -> bool:
    """Whether a step learns something from the training rows, so that the split comes first."""
    if isinstance(step, spec.Missing):
        return step.strategy in ("median", "mean", "most_frequent")
    return not isinstance(step, spec.Window)


def fit(step: spec.Step, train: Rows, every: Sequence[Rows], classes: Sequence[str]) -> FittedStep:
    """Fit one step.

    Args:
        step: What the experiment says.
        train: The rows to learn from.
        every: All parts. Only the list of classes is taken from them: which classes exist
            belongs to the question, and is no knowledge about the test rows.
        classes: Names of the classes by number, where known.

    Raises:
        UserError: The step does not suit the data.
    """
    if isinstance(step, spec.Missing):
        return _Drop(step, train) if step.strategy == "drop" else _Fill(step, train)
    if isinstance(step, spec.EncodeLabel):
        return _Encode(every, classes, one_hot=False)
    if isinstance(step, spec.OneHot):
        return OneHotColumns(step, train) if step.columns else _Encode(every, classes, True)
    if isinstance(step, spec.Ordinal):
        return Ordinal(step, train)
    if isinstance(step, spec.Dates):
        return Dates(step, train)
    if isinstance(step, spec.Scale):
        return _ScaleColumns(step, train) if isinstance(train.x, dict) else _ScaleAll(step, train)
    if isinstance(step, spec.Window):
        return Window(step)
    if isinstance(step, spec.MultiHot):
        return MultiHot(step)
    if isinstance(step, spec.Pad):
        return Pad(step)
    return ChannelAxis() if isinstance(step, spec.ChannelAxis) else Flatten()


class _Drop(FittedStep):
    name = "missing"

    def __init__(self, step: spec.Missing, train: Rows) -> None:
        self.columns = chosen_columns(step.columns, table_of(train.x, self.name), self.name)
        where = ", ".join(step.columns) or "any column"
        self.words = f"Rows without a value in {where} or without a target are left out"

    def apply(self, rows: Rows) -> Rows:
        x = table_of(rows.x, self.name)
        missing = is_missing(rows.y)
        for name in self.columns:
            missing |= is_missing(x[name])
        if missing.all():
            raise UserError(
                f"No row is left: each of the {len(rows)} rows lacks a value somewhere.",
                hint="Drop by fewer columns, or fill with median, mean or constant.",
            )
        return rows.take(np.flatnonzero(~missing))


class _Fill(FittedStep):
    name = "missing"

    def __init__(self, step: spec.Missing, train: Rows) -> None:
        x = table_of(train.x, self.name)
        self.values: dict[str, float | str] = {}
        for name in chosen_columns(step.columns, x, self.name):
            column = x[name]
            if not step.columns and not _fillable(column, step):
                continue  # text has no median; what is missing there is reported at the end
            self.values[name] = _filling(name, column, step, train.index)
        self.learned = {
            name: value if isinstance(value, str) else figure(value)
            for name, value in self.values.items()
        }
        what = step.strategy.replace("_", " ")
        if len(self.values) == 1:
            ((name, value),) = self.values.items()
            shown = repr(value) if isinstance(value, str) else f"{value:.6g}"
            self.words = f"Missing {name} becomes the {what} {shown}"
        else:
            which = "values" if step.strategy == "most_frequent" else "numbers"
            self.words = f"Missing {which} become the {what} of their column"

    def inputs(self, x: Inputs) -> Inputs:
        table = table_of(x, self.name)
        filled = {
            name: np.where(is_missing(table[name]), value, table[name])
            for name, value in self.values.items()
        }
        return {**table, **filled}


def _fillable(column: Array, step: spec.Missing) -> bool:
    return column.dtype.kind == "f" or (column.dtype == object and step.strategy == "most_frequent")


def _filling(name: str, column: Array, step: spec.Missing, index: Array) -> float | str:
    """What a missing value of a column becomes."""
    is_text = column.dtype == object
    if step.strategy == "constant":
        return step.text if is_text else step.value
    if step.strategy != "most_frequent" or not is_text:
        column = numbers_of(name, column, "missing", index)
    known = column[~is_missing(column)]
    if len(known) == 0:
        raise UserError(
            f"Column {name} has no value at all in the training part.",
            hint="Take it out of the features, or fill it with a constant.",
        )
    if step.strategy == "most_frequent":
        values, counts = np.unique(known.astype(str) if is_text else known, return_counts=True)
        most = values[np.argmax(counts)]  # the first in sorted order where several are
        return str(most) if is_text else float(most)
    return float(np.median(known) if step.strategy == "median" else np.mean(known))


class _Encode(FittedStep):
    """Numbers the classes of the target, or gives each its own column."""

    def __init__(self, every: Sequence[Rows], known: Sequence[str], one_hot: bool) -> None:
        self.one_hot = one_hot
        self.name = "one_hot" if one_hot else "encode_label"
        y = np.concatenate([rows.y for rows in every])
        if y.ndim != 1:
            raise UserError(
                f"The step {self.name} needs one target column, but there are {y.shape[1]}.",
                hint="Choose one target, or remove the step (multilabel targets need none).",
            )
        if is_missing(y).any():
            raise UserError(
                f"{int(is_missing(y).sum())} rows have no target.",
                hint="Put the step missing with strategy drop before this one.",
            )
        if y.dtype == object:
            y = y.astype(str)
        self.values = np.unique(y)
        numbers = y.dtype.kind in "iuf"
        if numbers and known and np.isin(self.values, np.arange(len(known))).all():
            self.values = np.arange(len(known))
            self.classes = tuple(known)
        else:
            self.classes = tuple(f"{value:g}" if numbers else str(value) for value in self.values)
        if len(self.classes) > 10_000:
            raise UserError(
                f"The target has {len(self.classes):,} different values.",
                hint="That is not a set of classes: use the task regression without this step.",
            )
        self.learned = {str(number): name for number, name in enumerate(self.classes)}
        shown = ", ".join(f"{i} {name}" for i, name in enumerate(self.classes[:6]))
        more = ", …" if len(self.classes) > 6 else ""
        what = "a column for each class" if one_hot else "class numbers"
        self.words = f"Target becomes {what}: {shown}{more}"

    def targets(self, y: Array) -> Array:
        numbers = np.searchsorted(self.values, y.astype(str) if y.dtype == object else y)
        if self.one_hot:
            return np.eye(len(self.values), dtype=np.float32)[numbers]
        return numbers.astype(np.int32)


@dataclass(frozen=True, slots=True)
class _Range:
    """x becomes (x - offset) / divisor."""

    offset: float
    divisor: float

    @classmethod
    def of(cls, step: spec.Scale, values: Array) -> _Range:
        """Offset and divisor learned from values; a constant column is only shifted."""
        if step.method == "constant":
            return cls(0.0, step.divisor)
        known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
        if known.size == 0:
            return cls(0.0, 1.0)
        if step.method == "minmax":
            low, high = float(known.min()), float(known.max())
            return cls(low, (high - low) or 1.0)
        mean = float(known.mean(dtype=np.float64))
        deviation = _deviation(known, mean)
        return cls(mean, deviation or 1.0)

    def words(self, method: str) -> str:
        """Mean and deviation, or the range."""
        if method == "constant":
            return f"divided by {self.divisor:g}"
        if method == "minmax":
            return f"{figure(self.offset)} … {figure(self.offset + self.divisor)}"
        return f"mean {figure(self.offset)} ± {figure(self.divisor)}"


def _deviation(values: Array, mean: float) -> float:
    """Population standard deviation, in pieces so that pictures need no second copy.

    A column is taken in one piece: the sum is then NumPy's own, to the last bit.
    """
    size = _CHUNK if values.ndim > 1 else max(len(values), 1)
    pieces = (values[i : i + size] for i in range(0, len(values), size))
    total = sum(float(np.square(piece - mean, dtype=np.float64).sum()) for piece in pieces)
    deviation = float(np.sqrt(total / values.size))
    # What rounding leaves of a constant column is not a deviation.
    return 0.0 if deviation < 1e-12 * max(abs(mean), 1.0) else deviation


class _ScaleColumns(FittedStep):
    name = "scale"

    def __init__(self, step: spec.Scale, train: Rows) -> None:
        x = table_of(train.x, self.name)
        self.ranges = {
            name: _Range.of(step, numbers_of(name, x[name], self.name, train.index))
            for name in chosen_columns(step.columns, x, self.name)
        }
        self.learned = {name: known.words(step.method) for name, known in self.ranges.items()}
        self.words = _scale_words(step, "each column" if not step.columns else "the named columns")

    def inputs(self, x: Inputs) -> Inputs:
        table = table_of(x, self.name)
        return {
            **table,
            **{n: (table[n] - r.offset) / r.divisor for n, r in self.ranges.items()},
        }


class _ScaleAll(FittedStep):
    """Pictures and windows: one range for all values."""

    name = "scale"

    def __init__(self, step: spec.Scale, train: Rows) -> None:
        if isinstance(train.x, Sequences):
            raise UserError("Texts cannot be scaled.", hint="Remove the step scale.")
        assert not isinstance(train.x, dict)
        if step.columns:
            table_of(train.x, self.name)
        self.range = _Range.of(step, train.x)
        self.learned = {"all values": self.range.words(step.method)}
        self.words = _scale_words(step, "all values together")

    def inputs(self, x: Inputs) -> Inputs:
        assert isinstance(x, np.ndarray)
        scaled = x.astype(np.float32)
        if self.range.offset:
            scaled -= np.float32(self.range.offset)
        scaled /= np.float32(self.range.divisor)
        return scaled


def _scale_words(step: spec.Scale, what: str) -> str:
    if step.method == "constant":
        return f"Divided by {step.divisor:g}"
    if step.method == "minmax":
        return f"Brought to 0 … 1 by the training part's range, {what}"
    return f"Minus mean, by standard deviation of the training part, {what}"

"""What a column holds, in figures. One column at a time, so that memory stays small."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kerastui.datasets.advice.facts import sampled
from kerastui.datasets.advice.rows import tells_target
from kerastui.models.tables import filters
from kerastui.models.tables.frame import NUMBERS, Array, Kind
from kerastui.models.tables.view import plain

BINS = 36
COMMON = 10
CLASSES = 100
"""More different values than that are no classes."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
IDENTIFIERS_FROM = 20
"""Rows below which different values everywhere say nothing."""


@dataclass
class ColumnStatistics:
    """The figures of one column.

    Attributes:
        missing: Cells without a value; NaN counts as such, `infinite` cells do not.
        unique: Different values among the others.
        low, high, mean, deviation: Of the finite numbers; the deviation is that of a population,
            as `StandardScaler` takes it (divided by n). Of texts: their lengths in signs.
        quantiles: 5, 25, 50, 75 and 95 % of the finite numbers are at most that.
        bins: Counts in up to `BINS` equal parts from `low` to `high`.
        common: The most frequent values with how often they are there.
        marks: `constant`, `identifier` (every row another value), `target`.
        giveaway: How the column alone tells the target, in words; empty where it does not.
        relation: How it goes with the target: `pearson`, `eta` or `cramer`, and its value.
    """

    name: str
    kind: Kind
    rows: int
    missing: int = 0
    infinite: int = 0
    unique: int = 0
    low: float | str | None = None
    high: float | str | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: list[float] = field(default_factory=list)
    bins: list[int] = field(default_factory=list)
    common: list[tuple[Any, int]] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    giveaway: str = ""
    relation: tuple[Literal["pearson", "eta", "cramer"], float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values for the screen."""
        return asdict(self)


@dataclass(frozen=True)
class Target:
    """The target that other columns are held against.

    Attributes:
        column: Its number.
        values: Numbers of shape (rows,) with NaN where there is none; for classes their codes
            0 … k-1, and −1 where there is none.
        classes: How many classes there are; 0 for a number to be predicted.
    """

    column: int
    values: Array
    classes: int


def target_of(column: int, values: pa.ChunkedArray, kind: Kind, *, classes: bool) -> Target | None:
    """Return a column as the target; None where nothing can be held against it.

    Args:
        column: Its number.
        values: Its cells.
        kind: What it holds.
        classes: Whether its values are classes; what is no number always is.
    """
    if kind == "other":
        return None
    if kind in NUMBERS and not classes:
        return Target(column, _numbers(values), 0)
    codes, count = _codes(values)
    return Target(column, codes, count) if 1 < count <= CLASSES else None


def describe(
    name: str, kind: Kind, values: pa.ChunkedArray, target: Target | None = None, number: int = -1
) -> ColumnStatistics:
    """Return the figures of a column.

    Args:
        name: Its name.
        kind: What it holds.
        values: Its cells.
        target: What it is held against.
        number: Its own number, by which the target is known.
    """
    rows = len(values)
    missing = int(filters.missing(values).sum())
    told = ColumnStatistics(name, kind, rows, missing=missing)
    if kind == "other":
        return told
    if kind in NUMBERS:
        _describe_numbers(told, values)
    else:
        _describe_texts(told, values)
        _count_values(told, values)
    known = rows - missing
    if known and told.unique == 1:
        told.marks.append("constant")
    if (
        kind in ("whole", "text")
        and told.unique == known
        and known >= IDENTIFIERS_FROM
        and (kind == "text" or _runs_on(told))
    ):
        told.marks.append("identifier")
    if target is not None:
        if number == target.column:
            told.marks = ["target"]
        elif known:
            _relate(told, values, target)
    return told


def _describe_numbers(told: ColumnStatistics, values: pa.ChunkedArray) -> None:
    known = values.drop_null()
    if pa.types.is_decimal(known.type):
        known = known.cast(pa.float64())
    ordered: Array = np.sort(known.to_numpy())
    if ordered.dtype.kind == "f":
        # NaN stands at the end; what is left in sorted order answers every question.
        ordered = ordered[: np.searchsorted(ordered, np.nan)]
    _count_runs(told, ordered)
    finite = ordered[np.isfinite(ordered)]
    told.infinite = len(ordered) - len(finite)
    if not len(finite):
        return
    low, high = float(finite[0]), float(finite[-1])
    told.low, told.high = low, high
    # Scaled: the sum of the largest numbers is infinite, as is the square of their deviation.
    scale = max(abs(low), abs(high)) or 1.0
    scaled = finite / scale
    told.mean = float(scaled.mean(dtype=np.float64)) * scale
    told.deviation = float(scaled.std(dtype=np.float64)) * scale
    told.quantiles = _quantiles(finite)
    told.bins = _histogram(finite, told.kind == "whole")


def _count_runs(told: ColumnStatistics, ordered: Array) -> None:
    """Count different values where equal ones stand together."""
    if not len(ordered):
        return
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(starts, append=len(ordered))
    told.unique = len(starts)
    for place in _most(counts):
        told.common.append((ordered[starts[place]].item(), int(counts[place])))


def _most(counts: Array) -> list[int]:
    """Return the places of the largest counts; where every value is there once, none."""
    if len(counts) > COMMON and counts.max() == 1:
        return []
    if len(counts) > 1000:
        few = np.sort(np.argpartition(-counts, COMMON)[: COMMON + 1])
    else:
        few = np.arange(len(counts))
    order: list[int] = few[np.argsort(-counts[few], kind="stable")][:COMMON].tolist()
    return order


def _quantiles(ordered: Array) -> list[float]:
    """Return the quantiles of sorted numbers, with linear interpolation between them."""
    places = np.array(QUANTILES) * (len(ordered) - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, len(ordered) - 1)
    share = places - below
    found = ordered[below].astype(float) * (1 - share) + ordered[above].astype(float) * share
    return [float(value) for value in found]


def _histogram(ordered: Array, whole: bool) -> list[int]:
    """Count sorted numbers in equal parts; of whole numbers each part holds as many."""
    low, high = float(ordered[0]), float(ordered[-1])
    if low == high:
        return [len(ordered)]
    if whole:
        width, parts = _parts(high - low + 1)
        edges = low + width * np.arange(1, parts)
        ends = np.searchsorted(ordered, edges, side="left")
    else:
        share = np.arange(1, BINS) / BINS
        ends = np.searchsorted(ordered, low * (1 - share) + high * share, side="left")
    found: list[int] = np.diff(ends, prepend=0, append=len(ordered)).tolist()
    return found


def _describe_texts(told: ColumnStatistics, values: pa.ChunkedArray) -> None:
    if told.kind == "text":
        lengths = pc.min_max(pc.utf8_length(values))
        told.low, told.high = lengths["min"].as_py(), lengths["max"].as_py()
    elif told.kind == "date":
        ends = pc.min_max(values)
        told.low, told.high = plain(ends["min"].as_py()), plain(ends["max"].as_py())


def _parts(count: float) -> tuple[int, int]:
    """Return the width and the number of parts of so many whole numbers, with the least over."""
    if count <= BINS:
        return 1, int(count)
    found = ((math.ceil(count / parts), parts) for parts in range(BINS, BINS // 2, -1))
    return min(found, key=lambda pair: pair[0] * pair[1] - count)


def _count_values(told: ColumnStatistics, values: pa.ChunkedArray) -> None:
    known = values.drop_null()
    if not len(known):
        return
    counted = pc.value_counts(known)
    counts = np.asarray(counted.field("counts"))
    names = counted.field("values")
    told.unique = len(counted)
    for place in _most(counts):
        told.common.append((plain(names[place].as_py(), 60), int(counts[place])))


def _runs_on(told: ColumnStatistics) -> bool:
    """Return whether whole numbers that are all different leave few gaps, as row numbers do."""
    if not isinstance(told.low, float) or not isinstance(told.high, float):
        return False
    return told.high - told.low < 2 * told.unique


def _relate(told: ColumnStatistics, values: pa.ChunkedArray, target: Target) -> None:
    """Hold a column against the target.

    Numbers with numbers: Pearson's correlation. Numbers with classes, either way: the correlation
    ratio eta, the root of the variance between the classes by the whole variance (Pearson 1905).
    Classes with classes: Cramér's V (1946), without a correction for small tables.
    """
    numeric = told.kind in NUMBERS
    if numeric:
        mine = _numbers(values)
        known = np.isfinite(mine)
    elif told.unique <= CLASSES:
        mine, count = _codes(values)
        known = mine >= 0
    else:
        return
    both = known & (target.values >= 0 if target.classes else np.isfinite(target.values))
    one, other = mine[both], target.values[both]
    if numeric and target.classes:
        told.relation = _told("eta", _eta(one, other))
    elif numeric:
        told.relation = _told("pearson", _pearson(one, other))
    elif target.classes:
        told.relation = _told("cramer", _cramer(one, other, count, target.classes))
    else:
        told.relation = _told("eta", _eta(other, one))
    rows = sampled(len(one))
    told.giveaway = tells_target(one[rows], other[rows], bool(target.classes))


def _told(
    name: Literal["pearson", "eta", "cramer"], value: float
) -> tuple[Literal["pearson", "eta", "cramer"], float] | None:
    return (name, value) if math.isfinite(value) else None


def _pearson(one: Array, other: Array) -> float:
    one, other = _centred(one), _centred(other)
    spread = math.sqrt(float(one @ one)) * math.sqrt(float(other @ other))
    return float(one @ other) / spread if spread > 0 else math.nan


def _eta(numbers: Array, codes: Array) -> float:
    if len(numbers) < 2:
        return math.nan
    centred = _centred(numbers)
    whole = float(centred @ centred)
    counts = np.bincount(codes)
    sums = np.bincount(codes, centred)
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    return math.sqrt(min(1.0, between / whole)) if whole > 0 else math.nan


def _cramer(one: Array, other: Array, ones: int, others: int) -> float:
    table = np.bincount(one * others + other, minlength=ones * others).reshape(ones, others)
    table = table[table.any(axis=1)][:, table.any(axis=0)].astype(float)
    if min(table.shape) < 2:
        return math.nan
    count = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / count
    chi2 = float(((table - expected) ** 2 / expected).sum())
    return math.sqrt(min(1.0, chi2 / (count * (min(table.shape) - 1))))


def _centred(numbers: Array) -> Array:
    """Return numbers around 0 and none larger than 1: sums of squares stay finite."""
    if not len(numbers):
        return numbers
    scale = float(np.abs(numbers).max()) or 1.0
    scaled = numbers / scale
    centred: Array = scaled - scaled.mean()
    # What is left of a constant is rounding.
    return centred if np.abs(centred).max() > 1e-12 else np.zeros_like(centred)


def _numbers(values: pa.ChunkedArray) -> Array:
    """Return numbers as float64, NaN where there is no value."""
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    found: Array = np.asarray(values.to_numpy(), dtype=np.float64)
    return found


def _codes(values: pa.ChunkedArray) -> tuple[Array, int]:
    """Return classes as numbers by first appearance, −1 where there is no value; and how many."""
    coded = values.dictionary_encode().combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.unify_dictionaries().combine_chunks()
    found = np.asarray(pc.fill_null(coded.indices, -1), dtype=np.int64)
    return found, len(coded.dictionary)

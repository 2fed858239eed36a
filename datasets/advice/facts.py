"""Facts about data, measured: what `proposals` proposes from and `warnings` warns of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastui.datasets.advice.types import ColumnFacts, DataFacts, Kind
from kerastui.datasets.loaded import Array, Loaded, Sequences
from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.rows import is_missing
from kerastui.datasets.sniffed import Sniffed

SAMPLE = 50_000
"""Rows that are measured where there are more."""
_COMMON = 200
_FEW = 20
_STRANGE = 3
_CLASSES = 1000
_DAY = np.timedelta64(86_400_000_000, "us")


def sampled(rows: int, most: int = SAMPLE) -> Array:
    """Numbers of the rows to look at, in order: all, or as many as `most` drawn at random."""
    if rows <= most:
        return np.arange(rows)
    drawn: Array = np.random.default_rng(0).choice(rows, most, replace=False)
    drawn.sort()
    return drawn


def facts_of(loaded: Loaded, *, series: bool = False) -> DataFacts:
    """Measure loaded data; of more than `SAMPLE` rows a random sample.

    Args:
        loaded: Raw data.
        series: The rows are one series.
    """
    index = sampled(loaded.rows)
    if loaded.x is not None:
        return _arrays(loaded, index)
    columns = {name: column[index] for name, column in loaded.columns.items()}
    return _columns(
        columns,
        kind="series" if series else "table",
        rows=loaded.rows,
        target=loaded.target,
        names=loaded.names,
        own_split=loaded.n_train is not None,
    )


def facts_of_sniffed(sniffed: Sniffed) -> DataFacts:
    """Facts from the first rows of a file, before it is read; pictures and texts by class."""
    recipe = sniffed.recipe
    classes = tuple(sorted(sniffed.classes.items()))
    if recipe.kind == "image":
        shape = (recipe.height, recipe.width, recipe.channels)
        return DataFacts("pictures", sniffed.total or 0, 0, shape=shape, highest=255.0,
                         classes=classes)  # fmt: skip
    if recipe.kind == "text":
        return DataFacts("texts", sniffed.total or 0, 0, lengths=(128, 256), classes=classes)
    cells = zip(*sniffed.rows, strict=True) if sniffed.rows else ()
    columns = {
        guess.name: _read(list(column), guess.kind, recipe)
        for guess, column in zip(sniffed.columns, cells, strict=False)
    }
    return _columns(columns, kind="table", rows=sniffed.total or 0, target=(), names="",
                    own_split=False)  # fmt: skip


def _read(cells: list[str], kind: str, recipe: FileRecipe) -> Array:
    """A column of raw cells as the loader would read it."""
    marks = {*recipe.missing}
    values = [None if cell.strip() in marks else cell.strip() for cell in cells]
    if kind in ("number", "integer", "identifier"):
        plain = [
            value and value.replace(recipe.thousands or "\0", "").replace(recipe.decimal, ".")
            for value in values
        ]
        try:
            return np.array([np.nan if value is None else value for value in plain], np.float64)
        except ValueError:
            pass
    column = np.empty(len(values), dtype=object)
    column[:] = values
    if kind == "date":
        return _dates(column)
    return column


def _dates(column: Array) -> Array:
    """Dates as far as NumPy reads them; others are as good as any, since only their kind counts."""
    try:
        return column.astype("datetime64[us]")
    except (TypeError, ValueError):
        return np.arange(len(column)).astype("datetime64[D]").astype("datetime64[us]")


def _columns(
    columns: Mapping[str, Array],
    *,
    kind: Kind,
    rows: int,
    target: tuple[str, ...],
    names: str,
    own_split: bool,
) -> DataFacts:
    looked = len(next(iter(columns.values()))) if columns else 0
    incomplete = np.zeros(looked, dtype=bool)
    found = []
    for name, column in columns.items():
        facts = column_facts(name, column)
        if facts.missing and facts.gaps <= 0.5:
            incomplete |= is_missing(column)
        found.append(facts)
    return DataFacts(
        kind=kind,
        rows=rows,
        looked=looked,
        incomplete=int(incomplete.sum()),
        columns=tuple(found),
        target=target,
        names=names,
        own_split=own_split,
    )


def column_facts(name: str, column: Array) -> ColumnFacts:
    """Measure one column: float64, datetime64, or objects of str and None."""
    missing = is_missing(column)
    known = column[~missing]
    counted: dict[str, Any] = {"missing": int(missing.sum()), "known": len(known)}
    if column.dtype.kind == "M":
        days = (known - np.datetime64(0, "us")) / _DAY
        return ColumnFacts(name, "date", **counted, **_numbers(days, common=False))
    if column.dtype != object:
        return ColumnFacts(name, "number", **counted, **_numbers(known.astype(np.float64)))
    return ColumnFacts(name, "text", **counted, **_texts([str(cell) for cell in known]))


def _numbers(known: Array, *, common: bool = True) -> dict[str, Any]:
    values, counts = np.unique(known, return_counts=True)
    finite = known[np.isfinite(known)]
    told: dict[str, Any] = {"different": len(values), "infinite": len(known) - len(finite)}
    if len(finite) == 0:
        return told
    told |= {
        "whole": bool((finite == np.round(finite)).all()),
        "rising": len(known) > 1 and bool((np.diff(known) > 0).all()),
        "low": float(finite.min()),
        "high": float(finite.max()),
        "mean": float(finite.mean()),
        "deviation": float(finite.std()),
    }
    # Of measurements that all differ the commonest says nothing, and wide tables have millions.
    if common and len(values) <= (_COMMON if 2 * len(values) <= len(known) else _FEW):
        order = np.argsort(-counts, kind="stable")
        told["common"] = tuple((f"{values[place]:g}", int(counts[place])) for place in order)
    return told


def _texts(known: list[str]) -> dict[str, Any]:
    counts = Counter(known)
    numeric = sum(times for value, times in counts.items() if _is_number(value))
    strange: tuple[str, ...] = ()
    if 0 < numeric < len(known) and 2 * numeric > len(known):
        strange = tuple(value for value in counts if not _is_number(value))[:_STRANGE]
    return {
        "different": len(counts),
        "common": tuple(counts.most_common(_COMMON)),
        "words": sum(len(value.split()) * times for value, times in counts.items())
        / max(1, len(known)),
        "numeric": numeric,
        "strange": strange,
    }


def _is_number(value: str) -> bool:
    try:
        float(value.replace(",", "."))
    except ValueError:
        return False
    return True


def _arrays(loaded: Loaded, index: Array) -> DataFacts:
    """Pictures, texts, and arrays of numbers."""
    y = np.asarray(loaded.y)[index] if loaded.y is not None else np.zeros(0)
    classes: tuple[tuple[str, int], ...] = ()
    if y.ndim == 1 and len(y) and (y == np.round(y)).all():
        values, counts = np.unique(y, return_counts=True)
        if len(values) <= _CLASSES:
            classes = tuple(
                (_class_name(loaded, value), int(count))
                for value, count in zip(values, counts, strict=True)
            )
    common: dict[str, Any] = {
        "rows": loaded.rows,
        "looked": len(index),
        "own_split": loaded.n_train is not None,
        "classes": classes,
    }
    if isinstance(loaded.x, Sequences):
        lengths = loaded.x.lengths[index]
        middle, most = (int(np.quantile(lengths, q)) for q in (0.5, 0.9))
        values = loaded.x.values
        vocabulary = int(values.max()) + 1 if len(values) else 0
        return DataFacts("texts", lengths=(middle, most), vocabulary=vocabulary, **common)
    assert loaded.x is not None
    some = loaded.x[index[: 1 + SAMPLE // 25]]
    highest = float(np.nanmax(some)) if some.size else 0.0
    return DataFacts("pictures", shape=tuple(loaded.x.shape[1:]), highest=highest, **common)


def _class_name(loaded: Loaded, value: Any) -> str:
    number = int(value) if float(value).is_integer() else -1
    return loaded.classes[number] if 0 <= number < len(loaded.classes) else f"{value:g}"

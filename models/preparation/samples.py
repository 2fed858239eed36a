"""A preparation followed step by step: shapes, what was learned, a few rows before and after."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kerastui.datasets import spec
from kerastui.datasets.errors import UserError
from kerastui.datasets.fitted import FittedStep
from kerastui.datasets.load import Source
from kerastui.datasets.loaded import Array, Loaded, Sequences
from kerastui.datasets.prepare import prepare
from kerastui.datasets.prepared import PARTS, Prepared, StepRecord
from kerastui.datasets.rows import Rows, is_missing
from kerastui.datasets.steps import learns

_KEPT = 200
"""First rows of the part that trains that are kept after every step, to show some of them."""
_SHOWN = 3
_COLUMNS = 60
_LEARNED = 60


class Trace:
    """Carries out a preparation and keeps what there is to show of it.

    Attributes:
        parts: Raw row numbers of train, validation and test; empty before the split.
        inputs: Numbers in one prepared input; 0 where it was not reached.
    """

    def __init__(self, data: spec.Data) -> None:
        self.data = data
        self.parts: dict[str, Array] = {}
        self.inputs = 0
        self._records: list[dict[str, Any]] = []
        self._error: dict[str, Any] | None = None
        self._ready: dict[str, Any] | None = None
        self._before: Rows | None = None
        self._places = _places(data)

    def run(self, seed: int, read: Callable[..., tuple[Loaded, Source]]) -> None:
        """Prepare; an error is kept, and with it everything up to the step that fails."""
        try:
            prepared = prepare(self.data, seed=seed, read=read, watch=self._watch)
        except UserError as error:
            done = len(self._records)
            where: str | int = self._places[done] if done < len(self._places) else "end"
            if not done:
                where = self._windows_late()
            self._error = {"message": error.message, "hint": error.hint, "where": where}
            return
        self.inputs = math.prod(prepared.input_shape)
        self._ready = _ready(prepared)

    def _windows_late(self) -> str | int:
        """The place of a window that comes too late, which is found before anything is done."""
        return next(
            (place for place, step in enumerate(self.data.steps) if step.step == "window"), "load"
        )

    def _watch(self, record: StepRecord, parts: dict[str, Rows], step: FittedStep | None) -> None:
        if "train" in parts:
            self.parts = {name: parts[name].index for name in PARTS if name in parts}
        rows = parts.get("train", parts.get("all"))
        assert rows is not None
        now = rows.take(np.arange(min(_KEPT, len(rows))))
        learned = list((step.learned if step else {}).items())
        self._records.append(
            {
                "where": self._places[len(self._records)],
                "name": record.name,
                "words": record.words,
                "on": f"the {len(rows):,} rows that train" if "train" in parts else "all rows",
                "before": _shapes(record.before),
                "after": _shapes(record.after),
                "learned": [list(entry) for entry in learned[:_LEARNED]],
                "sample": _samples(self._before, now, record.name),
            }
        )
        self._before = now

    def to_json(self) -> dict[str, Any]:
        """`records`, `error` and `ready` as plain values."""
        return {"records": self._records, "error": self._error, "ready": self._ready}


def _places(data: spec.Data) -> list[str | int]:
    """What is done in which order: loading, steps that learn nothing, the split, the others."""
    early = next((place for place, step in enumerate(data.steps) if learns(step)), len(data.steps))
    return ["load", *range(early), "split", *range(early, len(data.steps))]


def _shapes(shapes: dict[str, dict[str, Any]]) -> dict[str, dict[str, list[int | None]]]:
    return {part: {kind: list(shape) for kind, shape in both.items()}
            for part, both in shapes.items()}  # fmt: skip


def _ready(prepared: Prepared) -> dict[str, Any]:
    parts = {name: getattr(prepared, name) for name in PARTS}
    return {
        "input_shape": list(prepared.input_shape),
        "output_shape": list(prepared.output_shape),
        "parts": {name: len(part.x) for name, part in parts.items() if part is not None},
        "classes": prepared.class_names[:100],
        "features": prepared.feature_names[:1000],
    }


def _samples(before: Rows | None, after: Rows, name: str) -> list[dict[str, Any]]:
    """A few rows, before (where there is one) and after; rows that are left out hold nothing."""
    if before is None or name in ("split", "window"):
        # Other rows than before, or no rows at all: the first of what there is now.
        some = _sample(after, after.index[:_SHOWN])
        return [some] if before is None else [_sample(before, before.index[:_SHOWN]), some]
    wanted = _telling(before)
    return [_sample(before, wanted), _sample(after, wanted)]


def _telling(rows: Rows) -> Array:
    """Rows worth showing: first those with a missing cell."""
    missing = is_missing(rows.y)
    if isinstance(rows.x, dict):
        for column in rows.x.values():
            missing = missing | is_missing(column)
    gaps = rows.index[missing][: _SHOWN - 1]
    others = rows.index[~missing][: _SHOWN - len(gaps)]
    chosen: Array = np.concatenate([others, gaps])
    return chosen


def _sample(rows: Rows, wanted: Array) -> dict[str, Any]:
    """The wanted rows as plain cells; a row that is not there is None."""
    place = {int(number): position for position, number in enumerate(rows.index)}
    names = list(rows.x)[:_COLUMNS] if isinstance(rows.x, dict) else []
    shown = []
    for number in wanted:
        position = place.get(int(number))
        shown.append(None if position is None else _cells(rows, position, names))
    x = rows.x
    more = len(x) - len(names) if isinstance(x, dict) else 0
    return {
        "rows": [int(number) + 1 for number in wanted],
        "columns": [*(names or _positions(x)), "target"],
        "more": more,
        "cells": shown,
    }


def _positions(x: Any) -> list[str]:
    """Names of the positions of an array of rows; one for everything where it has more axes."""
    if isinstance(x, np.ndarray) and x.ndim == 2:
        return [str(number) for number in range(min(x.shape[1], _COLUMNS))]
    return ["input"]


def _cells(rows: Rows, position: int, names: list[str]) -> list[Any]:
    x = rows.x
    cells: list[Any]
    if isinstance(x, dict):
        cells = [_plain(x[name][position]) for name in names]
    elif isinstance(x, Sequences):
        words = x[position]
        cells = [f"{len(words):,} words: {_first(words, 8)}"]
    elif x.ndim == 2:
        cells = [_plain(value) for value in x[position, :_COLUMNS]]
    else:
        cells = [_array(x[position])]
    y = rows.y[position]
    target = _plain(y) if rows.y.ndim == 1 else _first(np.asarray(y), 12)
    return [*cells, target]


def _array(value: Array) -> str:
    if value.ndim == 2 and value.shape[1] == 1:
        return _first(value[:, 0], 8)
    shape = "×".join(map(str, value.shape))
    return f"{shape}, {value.min():.4g} … {value.max():.4g}, mean {value.mean():.4g}"


def _first(values: Array, most: int) -> str:
    shown = " ".join(f"{value:.4g}" if isinstance(value, float) else str(value)
                     for value in values[:most].tolist())  # fmt: skip
    return shown + (" …" if len(values) > most else "")


def _plain(value: Any) -> float | str | None:
    if value is None:
        return None
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value).removesuffix("T00:00:00.000000")
    if isinstance(value, str):
        return value[:60]
    number = float(value)
    return number if math.isfinite(number) else None

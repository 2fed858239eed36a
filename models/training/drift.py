"""How the weights change while a model is trained: their statistics by epoch, in `weights.jsonl`.

The first line says which weights there are, each with its place in the checkpoint; every other one
what they were like after an epoch.
They are only read, and so seldom that it takes a hundredth of the time at most.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.models.files import end_cut_line

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

FILE = "weights.jsonl"
FIGURES = ("mean", "deviation", "low", "high", "norm", "zeros", "moved")
"""What is kept of a weight; `moved` is the distance from where the training found it, as a part of
the norm that it had then."""

EVERY = 0.05
"""Seconds between two looks, at least."""

SHARE = 100
"""Between two looks passes at least so many times the time that one takes."""

POINTS = 200
"""After so many looks the time between two is doubled, again and again."""

BLOCK = 2**18
"""Numbers that are looked at at once."""

KEPT = 4_000_000
"""Weights in all up to which the first ones are kept for `moved`."""


class DriftLog:
    """Writes the statistics of one training.

    A disk that is full or gone ends the record, not the training.

    Args:
        path: Folder of the run.
    """

    def __init__(self, path: Path) -> None:
        self._file = path / FILE
        self._first: list[NDArray[np.float32]] = []
        self._next = 0.0
        self._looks = 0
        self._epoch = -1
        self._broken = False

    def begin(self, model: keras.Model, epoch: int) -> None:
        """Write which weights there are, and what they are like before the first epoch."""
        if epoch and self._file.exists():
            end_cut_line(self._file)  # a training that goes on
        else:
            from kerastui.models.training.checkpoint import variables

            places = {id(one): place for place, one in enumerate(variables(model))}
            weights = [
                {"path": one.path, "shape": list(one.shape), "place": places.get(id(one), -1)}
                for one in model.weights
            ]
            self._write("w", {"v": 1, "weights": weights})
        if not epoch and sum(math.prod(one.shape) for one in model.weights) <= KEPT:
            self._first = [one.copy() for one in _values(model)]
        self.look(model, epoch, due=True)

    def look(self, model: keras.Model, epoch: int, *, due: bool = False) -> None:
        """Write the statistics after an epoch, where enough time has passed, or they are due."""
        began = time.monotonic()
        if self._broken or epoch == self._epoch or (began < self._next and not due):
            return
        figures = [
            _figures(value, self._first[place] if self._first else None)
            for place, value in enumerate(_values(model))
        ]
        self._write("a", {"epoch": epoch, "figures": figures})
        self._epoch = epoch
        self._looks += 1
        now = time.monotonic()
        wait = max(EVERY, SHARE * (now - began)) * 2 ** (self._looks // POINTS)
        self._next = now + wait

    def _write(self, mode: str, plain: dict[str, Any]) -> None:
        try:
            with self._file.open(mode, encoding="utf-8") as stream:
                stream.write(json.dumps(plain) + "\n")
        except OSError:
            self._broken = True


def _values(model: keras.Model) -> list[NDArray[np.float32]]:
    import keras
    import numpy as np

    return [np.asarray(keras.ops.convert_to_numpy(one)) for one in model.weights]


def _figures(value: NDArray[Any], first: NDArray[Any] | None) -> list[float | None]:
    """Return `FIGURES` of an array; None for what is not finite."""
    import numpy as np

    if not value.size:
        return [None] * len(FIGURES)
    flat = value.reshape(-1)
    start = first.reshape(-1) if first is not None else None
    total = squares = away = 0.0
    low, high, zeros = math.inf, -math.inf, 0
    with np.errstate(all="ignore"):
        for place in range(0, flat.size, BLOCK):
            block = flat[place : place + BLOCK].astype(np.float64)
            total += float(block.sum())
            squares += float(block @ block)
            low, high = min(low, float(block.min())), max(high, float(block.max()))
            zeros += block.size - int(np.count_nonzero(block))
            if start is not None:
                block -= start[place : place + BLOCK]
                away += float(block @ block)
        norm = float(np.linalg.norm(first)) if first is not None else 0.0
    mean = total / flat.size
    spread = math.sqrt(max(0.0, squares / flat.size - mean**2)) if squares < math.inf else math.nan
    found = [mean, spread, low, high, math.sqrt(squares), float(zeros),
             math.sqrt(away) / norm if norm else math.nan]  # fmt: skip
    return [float(f"{one:.6g}") if math.isfinite(one) else None for one in found]


@dataclass
class Drift:
    """The statistics of a training, as far as they are written.

    Attributes:
        names: Of the weights, with their layer's.
        shapes: Theirs.
        epochs: After which they were taken; 0 is before the first.
        figures: For each weight, for each of `FIGURES` a value an entry of `epochs`; NaN where
            it was not finite.
    """

    names: list[str] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    figures: list[dict[str, list[float]]] = field(default_factory=list)

    def by_epoch(self, weight: int, figure: str) -> list[float]:
        """Return a figure for every epoch from 1, each as it was known last."""
        values, found = self.figures[weight][figure], list[float]()
        for place, epoch in enumerate(self.epochs):
            found += [values[place - 1]] * (epoch - len(found) - 1) if place else []
            if epoch:
                found.append(values[place])
        return found


def read(path: Path) -> Drift:
    """Read what was written of a run; empty where there is nothing, or nothing readable."""
    found = Drift()
    try:
        lines = (path / FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return found
    for line in lines:
        try:
            plain = json.loads(line)
            if "weights" in plain:
                names = names_of([str(one["path"]) for one in plain["weights"]])
                found = Drift([" ".join(name) for name in names],
                              [tuple(one["shape"]) for one in plain["weights"]])  # fmt: skip
                found.figures = [{name: [] for name in FIGURES} for _ in found.names]
            elif len(plain["figures"]) == len(found.names):
                _add(found, int(plain["epoch"]), plain["figures"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # half a line, or one of another version
    return found


def names_of(paths: list[str]) -> list[tuple[str, str]]:
    """Return Keras' paths as layer and weight, without the model that all of them are in."""
    parts = [path.split("/") for path in paths]
    outer = len({one[0] for one in parts}) == 1 and all(len(one) > 2 for one in parts)
    return [("/".join(one[outer:-1]), one[-1].replace("_", " ")) for one in parts]


def _add(found: Drift, epoch: int, figures: list[list[float | None]]) -> None:
    rows = [[math.nan if one is None else float(one) for one in row] for row in figures]
    if any(len(row) != len(FIGURES) for row in rows):
        return
    # A training that was taken up again goes over epochs that were written before.
    while found.epochs and found.epochs[-1] >= epoch:
        found.epochs.pop()
        for series in found.figures:
            for values in series.values():
                values.pop()
    found.epochs.append(epoch)
    for series, row in zip(found.figures, rows, strict=True):
        for name, value in zip(FIGURES, row, strict=True):
            series[name].append(value)

"""What a model predicts for a part of its data: computed piece by piece, and kept.

For inspector processes only: this imports Keras and runs operations.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import GraphModel
from kerastui.models.look.judge_kinds import Kind, kinds
from kerastui.models.look.opened import Opened, opened
from kerastui.models.network import feeding

if TYPE_CHECKING:
    from kerastui.datasets.loaded import Loaded
    from kerastui.datasets.prepared import Part
    from kerastui.models.experiment.schema import Experiment

PARTS = ("train", "validation", "test")
MOST_COLUMNS = 16
"""Numbers or labels of one output that are judged one by one; more of them only together."""

_BATCH, _VALUES = 1024, 4_000_000
"""Rows of a batch, and the most numbers it may hold."""

_KEPT = 4
"""Parts whose predictions are kept."""


@dataclass(frozen=True)
class Choice:
    """One thing that a model predicts.

    Attributes:
        output: Number of the output.
        column: Number of the label or number; None for all of the output.
        name: What it is called, in words; empty where a model predicts one thing.
        kind: Classes, labels or numbers.
        prefix: What its figures' names begin with in the training log.
    """

    output: int
    column: int | None
    name: str
    kind: Kind
    prefix: str = ""


@dataclass
class Predictions:
    """The predictions of one part, as far as they are computed.

    Attributes:
        opened: The model.
        name: The part's name, or the file's.
        part: Its rows.
        raw: The raw data of a labelled file; None for a part of the experiment.
        truths: What each output should have said, rows first.
        state: Times and sizes of a labelled file, by which a change of it shows.
        done: How many rows are predicted.
    """

    opened: Opened
    name: str
    part: Part
    raw: Loaded | None
    fed: Any
    truths: list[NDArray[Any]]
    state: object = None
    done: int = 0
    pieces: list[list[NDArray[Any]]] = field(default_factory=list)
    kept: dict[Any, Any] = field(default_factory=dict)
    _outputs: list[NDArray[Any]] | None = None

    @property
    def experiment(self) -> Experiment:
        """The experiment whose data this is."""
        assert self.opened.experiment is not None
        return self.opened.experiment

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.part.x)

    @property
    def outputs(self) -> list[NDArray[Any]]:
        """What each output says, rows first.

        Raises:
            UserError: Not everything is predicted yet.
        """
        if self.done < self.rows:
            raise UserError(f"Only {self.done:,} of {self.rows:,} rows are predicted yet.",
                            "Wait a moment, and try again.")  # fmt: skip
        if self._outputs is None:
            count = len(self.truths)
            self._outputs = [
                np.concatenate([piece[place] for piece in self.pieces])
                if self.pieces else np.zeros((0, 1), np.float32)
                for place in range(count)
            ]  # fmt: skip
            self.pieces = []
        return self._outputs

    def go_on(self, seconds: float) -> None:
        """Predict on for so many seconds, at least one batch."""
        until = time.monotonic() + seconds
        sizes = [int(np.prod(array.shape[1:])) for array in _arrays(self.fed)]
        batch = max(1, min(_BATCH, _VALUES // max(1, sum(sizes))))
        while self.done < self.rows:
            rows = slice(self.done, min(self.done + batch, self.rows))
            found = keras.tree.flatten(self.opened.model.predict_on_batch(_cut(self.fed, rows)))
            self.pieces.append([np.asarray(one) for one in found])
            self.done = rows.stop
            if time.monotonic() >= until:
                return

    def choices(self) -> list[Choice]:
        """Return what there is to be judged."""
        names = _names(self.experiment, self.opened.model)
        found: list[Choice] = []
        for place, kind in enumerate(kinds(self.experiment)):
            columns = int(np.prod(self.truths[place].shape[1:])) if kind != "classes" else 1
            name = names[place] if len(names) > 1 else ""
            prefix = f"{name}_" if name else ""
            if columns == 1 or kind == "classes":
                found.append(Choice(place, None, name, kind, prefix))
                continue
            if kind == "numbers":
                together = f"all {columns} numbers"
                found.append(Choice(place, None, f"{name} {together}".strip(), kind, prefix))
            if kind == "labels" or columns <= MOST_COLUMNS:
                targets = self._columns(place, columns)
                found += [Choice(place, column, f"{name} {target}".strip(), kind, prefix)
                          for column, target in enumerate(targets)]  # fmt: skip
        return found

    def _columns(self, place: int, columns: int) -> list[str]:
        model, names = self.experiment.model, self.opened.prepared.target_names
        if isinstance(model, GraphModel):
            names = model.targets.get(model.outputs[place], []) or names
        return list(names) if len(names) == columns else [f"number {i}" for i in range(columns)]


def predictions(
    path: str, experiment: dict[str, Any], part: str, file: str = "", *, afresh: bool = False
) -> Predictions:
    """Return the predictions of a part, as far as they are known.

    Args:
        path: The model's file.
        experiment: The experiment that it is of, as plain values.
        part: `train`, `validation`, `test`, or `file`.
        file: Path of a file with known answers, where the part is `file`.
        afresh: Read a file again that was changed since.

    Raises:
        UserError: The data is not to be had, has no such part, or does not fit the model.
    """
    there = opened(path, experiment)
    for place, (key, known) in enumerate(_memory):
        if key == (part, file) and known.opened is there:
            if afresh and known.state != _state(file):
                del _memory[place]
                break
            _memory.append(_memory.pop(place))
            return known
    prepared = there.prepared
    raw, state = None, _state(file)
    if part == "file":
        from kerastui.datasets.labelled import labelled

        assert there.experiment is not None
        chosen, raw = labelled(file, there.experiment.data, prepared)
    else:
        found: Part | None = getattr(prepared, part)
        if found is None or not len(found.x):
            parts = [one for one in PARTS if getattr(prepared, one) is not None]
            raise UserError(f"This data has no {part} part.", f"There is: {', '.join(parts)}.")
        chosen = found
    assert there.experiment is not None
    fed, learned = feeding.of_part(there.experiment.model, prepared, chosen)
    truths = [np.asarray(one) for one in (
        learned.values() if isinstance(learned, dict) else [learned])]  # fmt: skip
    if len(truths) != len(there.model.outputs):
        raise UserError(
            f"The model has {len(there.model.outputs)} outputs, and its experiment {len(truths)}.",
            "Open the run that the model is of.",
        )
    _check_shapes(there.model, fed)
    made = Predictions(there, part, chosen, raw, fed, truths, state)
    _memory[:] = [(key, one) for key, one in _memory if one.opened is there][1 - _KEPT :]
    _memory.append(((part, file), made))
    return made


_memory: list[tuple[tuple[str, str], Predictions]] = []


def _state(file: str) -> object:
    """Return times and sizes of a file, or of a folder and the folders right below it."""
    if not file:
        return None
    place = Path(file).expanduser()
    try:
        below = [one for one in place.iterdir() if one.is_dir()] if place.is_dir() else []
        found = [(one, one.stat()) for one in (place, *sorted(below))]
    except OSError:
        return None
    return [(str(one), stat.st_mtime_ns, stat.st_size) for one, stat in found]


def _check_shapes(model: keras.Model, fed: Any) -> None:
    """A model that was merely opened may be judged with data that does not fit it."""
    taken = [tuple(one.shape[1:]) for one in model.inputs]
    given = [tuple(one.shape[1:]) for one in _arrays(fed)]
    fits = len(taken) == len(given) and all(
        len(one) == len(other) and all(a is None or a == b for a, b in zip(one, other, strict=True))
        for one, other in zip(taken, given, strict=True)
    )
    if not fits:
        raise UserError(
            f"The data does not fit the model: it takes inputs of shape {_told(taken)}, and gets "
            f"{_told(given)}.",
            "Open an experiment whose data it was trained on.",
        )


def _told(shapes: list[tuple[int | None, ...]]) -> str:
    return ", ".join("×".join("any" if n is None else str(n) for n in one) for one in shapes)


def _names(experiment: Experiment, model: keras.Model) -> list[str]:
    if isinstance(experiment.model, GraphModel):
        return feeding.output_names(experiment.model)
    return list(getattr(model, "output_names", None) or ["output"])


def _arrays(fed: Any) -> list[NDArray[Any]]:
    return list(fed.values()) if isinstance(fed, dict) else [fed]


def _cut(fed: Any, rows: slice) -> Any:
    if isinstance(fed, dict):
        return {name: array[rows] for name, array in fed.items()}
    return fed[rows]

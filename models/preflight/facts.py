"""What a pre-flight check works on and what it finds: facts about the data, findings.

Both are plain values that can travel as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kerastui.datasets.spec import Task
from kerastui.models.network import feeding
from kerastui.models.network.building import Shapes
from kerastui.models.network.errors import Shape

if TYPE_CHECKING:
    from kerastui.datasets.prepared import Prepared
    from kerastui.models.experiment.schema import Experiment

Level = Literal["problem", "warning", "hint"]
"""How much it matters: it fails; it runs but rarely does what was meant; it could be better."""


@dataclass(frozen=True)
class Cure:
    """A change that answers a finding, ready to be made.

    Attributes:
        words: What it does, as a key's label says it: `add Flatten before it`.
        changes: Paths and values for `Experiment.changed`; a layer that is added or taken out
            replaces the whole list, `{"model.layers": [...]}` or `{"model.nodes": [...]}`.
    """

    words: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """Something found before training.

    Attributes:
        level: `problem`, `warning` or `hint`.
        where: The field of the experiment it is about.
        sentence: What is wrong, and what was found.
        cure: What to do about it.
        cures: The same as changes that can be made at once, the best one first; none where only
            the user can decide.
    """

    level: Level
    where: str
    sentence: str
    cure: str
    cures: tuple[Cure, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.sentence} {self.cure}"


@dataclass(frozen=True)
class TargetFacts:
    """What there is to know about the targets of one output.

    Attributes:
        shape: Shape of one sample's target: `()`, `(1,)` or `(classes,)`.
        minimum: Smallest value.
        maximum: Largest value.
        whole: All values are whole numbers.
        one_hot: Every row has a single 1 among zeros (never so for one column).
        not_finite: How many values are NaN or infinite.
    """

    shape: Shape
    minimum: float
    maximum: float
    whole: bool
    one_hot: bool = False
    not_finite: int = 0

    @property
    def width(self) -> int:
        """Numbers in one sample's target."""
        return math.prod(d or 1 for d in self.shape)


@dataclass(frozen=True)
class Facts:
    """What there is to know about the prepared data.

    Attributes:
        input_shape: Shape of one sample, or one for each input's name.
        targets: The targets of each output, in the order of the outputs.
        task: The experiment's task.
        rows: Training rows.
        validation_rows: Validation rows, 0 without validation.
        input_minimum: Smallest number in the inputs.
        input_maximum: Largest number in the inputs.
        input_whole: The inputs are whole numbers, as far as their first rows tell.
        not_finite: How many numbers in the inputs are NaN or infinite.
    """

    input_shape: Shapes
    targets: tuple[TargetFacts, ...]
    task: Task
    rows: int
    validation_rows: int = 0
    input_minimum: float = 0.0
    input_maximum: float = 1.0
    input_whole: bool = False
    not_finite: int = 0


def facts(x: Any, y: Any, task: Task, validation_rows: int = 0) -> Facts:
    """Gather the facts from prepared arrays, without a copy of them.

    Args:
        x: Inputs, an array (rows, ...) or one for each input's name.
        y: Targets, an array (rows,) or (rows, columns), or one for each output.
        task: The experiment's task.
        validation_rows: Rows of the validation part.
    """
    arrays = list(x.values()) if isinstance(x, Mapping) else [x]
    spans = [_span(array) for array in arrays]
    targets = list(y.values()) if isinstance(y, Mapping) else [y]
    shape: Shapes = (
        {name: tuple(array.shape[1:]) for name, array in x.items()}
        if isinstance(x, Mapping)
        else tuple(x.shape[1:])
    )
    return Facts(
        input_shape=shape,
        targets=tuple(_target_facts(target) for target in targets),
        task=task,
        rows=len(arrays[0]),
        validation_rows=validation_rows,
        input_minimum=min(span[0] for span in spans),
        input_maximum=max(span[1] for span in spans),
        input_whole=all(_whole(array[:_SAMPLE]) for array in arrays),
        not_finite=sum(span[2] for span in spans),
    )


def facts_of(experiment: Experiment, prepared: Prepared) -> Facts:
    """Gather the facts as an experiment's model is given the prepared data.

    Raises:
        UserError: The model names columns that the data does not have.
    """
    x, y = feeding.of_part(experiment.model, prepared, prepared.train)
    validation = prepared.validation
    rows = len(validation.x) if validation is not None else 0
    return facts(x, y, prepared.task, rows)


_SAMPLE = 200
"""Rows that tell whether inputs are whole numbers."""


def _whole(array: Any) -> bool:
    import numpy as np

    return array.dtype.kind in "iub" or bool(np.all(array == np.round(array)))


def _span(array: Any) -> tuple[float, float, int]:
    """Smallest and largest finite number, and how many are not finite."""
    import numpy as np

    if array.size == 0:
        return 0.0, 0.0, 0
    low, high = float(array.min()), float(array.max())
    if math.isfinite(low) and math.isfinite(high):  # a NaN anywhere makes both NaN
        return low, high, 0
    lows, highs, bad = [], [], 0
    for part in np.array_split(array.reshape(-1), max(1, array.size // 4_000_000)):
        finite = np.isfinite(part)
        bad += int(part.size - finite.sum())
        if finite.any():
            lows.append(float(part[finite].min()))
            highs.append(float(part[finite].max()))
    return min(lows, default=0.0), max(highs, default=0.0), bad


def _target_facts(y: Any) -> TargetFacts:
    import numpy as np

    low, high, bad = _span(y)
    whole = bad == 0 and bool(np.all(y == np.round(y)))
    one_hot = (
        whole and y.ndim == 2 and y.shape[1] > 1 and low >= 0 and high <= 1
        and bool(np.all(y.sum(axis=1) == 1))
    )  # fmt: skip
    return TargetFacts(tuple(y.shape[1:]), low, high, whole, one_hot, bad)

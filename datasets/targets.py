"""The last look at the targets: do they suit the task, and what does a model have to put out?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Array
from kerastui.datasets.rows import is_missing
from kerastui.datasets.spec import Task


def finished_targets(
    task: Task, parts: dict[str, Array], classes: Sequence[str]
) -> tuple[dict[str, Array], list[str], tuple[int, ...]]:
    """Targets of all parts in the form a model takes.

    Args:
        task: What is to be learned.
        parts: Targets by part, after all steps.
        classes: Names of the classes by number, where known.

    Returns:
        Targets by part (int32 class numbers, else float32), names of the classes (empty when
        numbers are predicted), shape of one output.

    Raises:
        UserError: Text, missing values, one class only, or values that do not suit the task.
    """
    for name, y in parts.items():
        missing = int(is_missing(y).sum())
        if missing:
            raise UserError(
                f"{missing} rows of the {name} part have no target.",
                hint="Add the step missing with strategy drop.",
            )
        if y.dtype == object:
            _no_text(task, y)
        if not np.isfinite(y).all():
            raise UserError(
                f"The target of the {name} part has infinite values.", hint="Mend the data."
            )
    if task in ("regression", "forecasting"):
        return _numbers(parts)
    if task == "multilabel":
        return _labels(parts)
    return _classes(task, parts, classes)


def _no_text(task: Task, y: Array) -> None:
    text = next(v for v in y.ravel() if isinstance(v, str))
    if task in ("binary", "multiclass"):
        hint = "Add the step encode_label (class numbers) or one_hot (a column for each class)."
    else:
        hint = f"The task {task} needs numbers; choose another target or another task."
    raise UserError(f"The target holds text, for example {text!r}.", hint=hint)


def _numbers(parts: dict[str, Array]) -> tuple[dict[str, Array], list[str], tuple[int, ...]]:
    done = {name: y.astype(np.float32) for name, y in parts.items()}
    y = done["train"]
    return done, [], (1 if y.ndim == 1 else y.shape[1],)


def _labels(parts: dict[str, Array]) -> tuple[dict[str, Array], list[str], tuple[int, ...]]:
    done = {}
    for name, y in parts.items():
        matrix = y.reshape(len(y), -1)
        if not np.isin(matrix, (0, 1)).all():
            raise UserError(
                "The targets of the task multilabel hold other values than 0 and 1.",
                hint="Each target column says yes (1) or no (0); choose other targets.",
            )
        done[name] = matrix.astype(np.float32)
    return done, [], (done["train"].shape[1],)


def _classes(
    task: Task, parts: dict[str, Array], classes: Sequence[str]
) -> tuple[dict[str, Array], list[str], tuple[int, ...]]:
    every = np.concatenate(list(parts.values()))
    if every.ndim == 2:
        if not (np.isin(every, (0, 1)).all() and (every.sum(axis=1) == 1).all()):
            raise UserError(
                f"The task {task} has {every.shape[1]} target columns that are not one-hot.",
                hint="Choose one target column, or the task multilabel or regression.",
            )
        count = every.shape[1]
        done = {name: y.astype(np.float32) for name, y in parts.items()}
        present = np.flatnonzero(parts["train"].any(axis=0))
    else:
        if (every != np.floor(every)).any() or every.min() < 0 or every.max() > 1_000_000:
            raise UserError(
                f"The targets of the task {task} are not class numbers: they go from "
                f"{every.min():g} to {every.max():g}.",
                hint="Add the step encode_label, or choose the task regression.",
            )
        count = max(int(every.max()) + 1, len(classes))
        done = {name: y.astype(np.int32) for name, y in parts.items()}
        present = np.unique(parts["train"])
    if len(present) < 2:
        raise UserError(
            f"The training part holds one class only ({present[0]:g}).",
            hint="There is nothing to tell apart. Choose another target or another split.",
        )
    if task == "binary" and count != 2:
        raise UserError(
            f"The task binary needs the classes 0 and 1, but there are {count}.",
            hint="Add the step encode_label, or choose the task multiclass.",
        )
    names = list(classes) if len(classes) == count else [str(i) for i in range(count)]
    single = task == "binary" and every.ndim == 1
    return done, names, (1 if single else count,)

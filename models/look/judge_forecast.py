"""A series with what the model said one step ahead, and continued step by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.look.judge_answers import judged
from kerastui.models.network import feeding

MOST_VALUES = 2000
"""The longest part of a series that is handed over: its end."""

MOST_STEPS = 500


def judge_forecast(
    path: str, experiment: dict[str, Any], part: str, file: str = "", choice: int = 0,
    steps: int = 12,
) -> dict[str, Any]:  # fmt: skip
    """Return a series, the one-step predictions of a part, and how the model would go on.

    Each further step takes the ones before as its inputs; that needs a model whose inputs are
    what it predicts.

    Args:
        path, experiment, part, file, choice: See `judge`.
        steps: How far to go on, from 1 to 500.

    Returns:
        `values` of the series and the number of its `first`, `names` (first and last, if any),
        `at` and `predicted` of the part, `future` (empty, with `why`, where it can't go on),
        `target`, `mae`, and `naive`: the error of saying "as the value before".
    """
    asked = judged(path, experiment, part, file, choice)
    found, rows = asked.predictions, asked.numbers
    prepared = found.opened.prepared
    loaded = found.raw or found.opened.loaded
    if loaded.x is not None or found.experiment.data.task != "forecasting":
        raise UserError("This data is no series.", "Only forecasts are continued.")
    column = asked.choice.column or 0
    targets = prepared.target_names
    target = targets[min(column, len(targets) - 1)]
    series = np.asarray(loaded.columns[target], np.float64)
    first = max(0, len(series) - MOST_VALUES)
    at = found.part.index[rows.places].astype(np.int64)
    place = 0 if rows.predicted.shape[1] == 1 else column
    predicted = rows.predicted[:, place]
    before = series[np.maximum(at - 1, 0)]
    kept = at >= first
    future, why = _go_on(asked, targets, max(1, min(steps, MOST_STEPS)), column)
    names = loaded.columns.get(loaded.names)
    return {
        "values": series[first:].tolist(),
        "first": first,
        "names": [] if names is None else [str(names[first]), str(names[-1])],
        "at": at[kept].tolist(),
        "predicted": predicted[kept].tolist(),
        "future": future,
        "why": why,
        "target": target,
        "mae": float(np.abs(predicted - series[at]).mean()) if len(at) else float("nan"),
        "naive": float(np.nanmean(np.abs(before - series[at]))) if len(at) else float("nan"),
    }


def _go_on(asked: Any, targets: list[str], steps: int, column: int) -> tuple[list[float], str]:
    found = asked.predictions
    prepared, experiment = found.opened.prepared, found.experiment
    if prepared.input_names != targets:
        return [], (f"The model reads {', '.join(prepared.input_names[:4])}, and predicts "
                    f"{', '.join(targets)}: what it would read next is not known.")  # fmt: skip
    window = next((step for step in experiment.data.steps if step.step == "window"), None)
    length = int(getattr(window, "length", 0))
    loaded = found.raw or found.opened.loaded
    columns = np.column_stack([np.asarray(loaded.columns[name], np.float64) for name in targets])
    values = columns[-length:].tolist()
    if len(values) < length or not np.isfinite(values).all():
        return [], f"The series does not end with {length} known values."
    future: list[float] = []
    for _ in range(steps):
        batch = prepared.encode(values[-length:])
        fed = feeding.inputs(experiment.model, batch, prepared.feature_names)
        said = np.asarray(found.opened.model.predict_on_batch(fed), np.float64).ravel()
        if len(said) != len(targets):
            return [], "The model does not predict everything that it reads."
        if not np.isfinite(said).all():
            return future, "From here on the predictions are no finite numbers."
        values.append(said.tolist())
        future.append(float(said[min(column, len(said) - 1)]))
    return future, ""

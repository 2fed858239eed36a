"""Every figure of a part, with how far chance alone could move it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import GraphModel
from kerastui.models.look import judge_numbers as numbers
from kerastui.models.look.judge_answers import Judged
from kerastui.models.look.judge_numbers import Floats, Interval

MOST_RANKED = 100_000
"""Rows up to which the areas below the curves get an interval."""

_ACCURACY = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy",
             "sparse_categorical_accuracy")  # fmt: skip


def figures(judged: Judged) -> list[dict[str, Any]]:
    """Return the figures: `name`, `value`, `low` and `high` (None without an interval), `keys`
    (what the training log may call it), `about` (in words)."""
    found = _loss(judged)
    if judged.choice.kind == "numbers":
        found += _of_numbers(judged)
    elif judged.choice.kind == "labels":
        found += _of_classes(judged, ())
    else:
        found += _of_classes(judged, _ACCURACY)
    prefix = judged.choice.prefix
    for one in found:
        one["keys"] = [f"{prefix}{key}" for key in one["keys"]]
    return found


def _figure(
    name: str, value: float, limits: Interval | None, keys: tuple[str, ...], about: str
) -> dict[str, Any]:
    low, high = limits if limits is not None else (None, None)
    return {"name": name, "value": float(value), "low": low, "high": high, "keys": list(keys),
            "about": about}  # fmt: skip


def _mean(values: Floats) -> tuple[float, Interval]:
    column = values.reshape(-1, 1)
    value = float(values.mean()) if len(values) else float("nan")
    return value, numbers.of_means(column, lambda means: means[:, 0])


def _loss(judged: Judged) -> list[dict[str, Any]]:
    """The compiled loss, row by row; of one output as a whole."""
    import keras

    from kerastui.models.network.parts import make

    choice, found = judged.choice, judged.predictions
    if choice.column is not None or not len(found.part.x):
        return []
    model = found.experiment.model
    name = model.outputs[choice.output] if isinstance(model, GraphModel) else ""
    compiled = found.experiment.compile
    part = compiled.loss_of(name) or compiled.loss_of(choice.name)
    if part is None:
        return []
    truth, output = found.truths[choice.output], found.outputs[choice.output]
    try:
        loss = make("losses", part, "compile.loss")
        if not isinstance(loss, keras.losses.Loss):
            loss = keras.losses.get(loss)
        told = loss.call if isinstance(loss, keras.losses.Loss) else loss
        if truth.ndim < output.ndim:
            truth = truth.reshape(*truth.shape, *[1] * (output.ndim - truth.ndim))
        values = np.asarray(
            told(keras.ops.convert_to_tensor(truth.astype(np.float32)),
                 keras.ops.convert_to_tensor(output)), np.float64,
        ).reshape(len(output), -1).mean(1)  # fmt: skip
    except (UserError, ValueError, TypeError):
        return []
    added = sum(float(np.asarray(one)) for one in found.opened.model.losses)
    value, (low, high) = _mean(values)
    about = f"{part.type}, the mean over the rows"
    if added:
        about += f", and {added:.4g} for the size of the weights"
    return [_figure("loss", value + added, (low + added, high + added), ("loss",), about)]


def _of_classes(judged: Judged, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = judged.classes
    matrix = rows.matrix
    floats = matrix.astype(np.float64)
    if not matrix.sum():
        return []
    found = [_figure("accuracy", float(numbers.accuracy(floats)),
                     numbers.of_matrix(matrix, numbers.accuracy), keys,
                     "the share of rows that are told right")]  # fmt: skip
    if rows.positive is None:
        words = "the mean over all classes, rare ones count like frequent ones"
        for place, name in enumerate(("precision", "recall", "F1")):
            found.append(_figure(
                f"{name}, macro", float(numbers.macro(floats, place)),
                numbers.of_matrix(matrix, _macro(place)), (), words,
            ))  # fmt: skip
        return found
    name, positive = rows.names[rows.positive], rows.positive
    abouts = (f"of those told {name}, the share that is", f"of all {name}, the share that is told",
              "the harmonic mean of precision and recall")  # fmt: skip
    for place, (title, about) in enumerate(zip(("precision", "recall", "F1"), abouts, strict=True)):
        found.append(_figure(
            title, float(numbers.by_class(floats)[place][positive]),
            numbers.of_matrix(matrix, _one(place, positive)), (title.lower(),), about,
        ))  # fmt: skip
    ranked = rows.ranked(positive)
    if ranked.judgeable:
        area, average = ranked.areas()
        limits = ranked.intervals() if len(rows.truth) <= MOST_RANKED else (None, None)
        found.append(_figure("ROC AUC", float(area), limits[0], ("auc",),
                             f"how often a {name} scores higher than another row"))  # fmt: skip
        found.append(_figure("average precision", float(average), limits[1], (),
                             "the area below the precision–recall curve"))  # fmt: skip
    return found


def _macro(place: int) -> Callable[[Floats], Floats]:
    return lambda matrices: numbers.macro(matrices, place)


def _one(place: int, number: int) -> Callable[[Floats], Floats]:
    return lambda matrices: numbers.by_class(matrices)[place][:, number]


def _of_numbers(judged: Judged) -> list[dict[str, Any]]:
    rows = judged.numbers
    if not len(rows.truth):
        return []
    error = rows.predicted - rows.truth
    # Centred, so that the moments below lose no digits to a large mean.
    truth = rows.truth - rows.truth.mean()
    squares = (error**2).mean(1)
    moments = np.stack([squares, truth.mean(1), (truth**2).mean(1)], axis=1)
    mae, mae_limits = _mean(np.abs(error).mean(1))
    mse, mse_limits = _mean(squares)
    found = [
        _figure("MAE", mae, mae_limits, ("mae", "mean_absolute_error"),
                "the mean distance from the truth, in its own unit"),
        _figure("RMSE", float(np.sqrt(mse)),
                (float(np.sqrt(mse_limits[0])), float(np.sqrt(mse_limits[1]))),
                ("rmse", "root_mean_squared_error"),
                "the root of the mean square: large errors weigh more"),
        _figure("MSE", mse, mse_limits, ("mse", "mean_squared_error"), "the mean square"),
    ]  # fmt: skip
    spread = float((truth**2).mean())
    if spread > 0 and len(truth) > 1:
        found.append(_figure(
            "R²", 1 - mse / spread,
            numbers.of_means(moments, lambda m: 1 - m[:, 0] / (m[:, 2] - m[:, 1] ** 2)),
            ("r2_score",), "1 is perfect; 0 is no better than always saying the mean",
        ))  # fmt: skip
    return found

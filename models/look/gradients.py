"""How strongly one batch pulls at every weight of a model.

For inspector processes only: this imports Keras and runs operations.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.look.opened import Opened, opened
from kerastui.models.network import feeding
from kerastui.models.network.errors import first_line
from kerastui.models.runs.figures import number

ROWS = 1024
"""Rows of a batch at most."""

VANISHED = 1e-3
"""Of the strongest layer's mean gradient; a layer below this part of it learns next to nothing."""

EXPLODED = 100.0
"""Norm of all gradients together from which on a step throws the weights about."""


def gradients(path: str, experiment: dict[str, Any] | None = None) -> dict[str, Any]:
    """Calculate the gradient of the loss by every trainable weight, for one training batch.

    As in training, but for dropout and noise, which are left out, and batch normalization, which
    goes by its moving averages: so it is the same every time.

    Args:
        path: The model's file.
        experiment: The experiment that the model is of, as plain values.

    Returns:
        `loss` of the batch, its `rows`, `norm` of all gradients together, `weights`, each with
        `layer`, `name`, `shape`, `norm`, `mean` (of the absolute values), `zeros` (share of exact
        zeros) and `ratio` (norm of the gradient by that of the weight), and `words`: what is
        remarkable, in sentences.

    Raises:
        UserError: There is no data, nothing to train, or a backend that is not TensorFlow.
    """
    found = opened(path, experiment)
    if keras.backend.backend() != "tensorflow":
        raise UserError(
            f"Gradients are calculated with TensorFlow; this is {keras.backend.backend()}.",
            "Start kerastui with KERAS_BACKEND=tensorflow.",
        )
    if found.experiment is None or not found.model.trainable_variables:
        _ = found.prepared  # says that there is no experiment
        raise UserError("Nothing in this model can be trained.", "Unfreeze a layer.")
    loss, rows, pulls = _pulls(found)
    weights = []
    for variable, pull in zip(found.model.trainable_variables, pulls, strict=True):
        layer, _, name = variable.path.rpartition("/")
        size = float(np.linalg.norm(np.asarray(keras.ops.convert_to_numpy(variable), float)))
        norm = float(np.linalg.norm(pull))
        weights.append(
            {"layer": layer, "name": name, "shape": list(pull.shape), "norm": norm,
             "mean": float(np.abs(pull).mean()), "zeros": float((pull == 0).mean()),
             "ratio": norm / size if size else math.nan}
        )  # fmt: skip
    total = math.sqrt(sum(one["norm"] ** 2 for one in weights))
    return {"loss": loss, "rows": rows, "norm": total, "weights": weights,
            "words": words(weights, total)}  # fmt: skip


def _pulls(found: Opened) -> tuple[float, int, list[Any]]:
    """Return the loss of a batch, its rows, and the gradient by each trainable variable."""
    import tensorflow as tf

    assert found.experiment is not None
    model, prepared, spec = found.model, found.prepared, found.experiment
    size = spec.fit.batch_size
    rows = min(size if isinstance(size, int) else ROWS, ROWS, len(prepared.train.x))
    x, y = feeding.of_part(spec.model, prepared, prepared.train)
    x, y = keras.tree.map_structure(lambda one: one[:rows], (x, y))
    variables = [variable.value for variable in model.trainable_variables]
    try:
        with tf.GradientTape() as tape:
            outputs = model(x, training=False)
            loss = model.compute_loss(x=x, y=y, y_pred=outputs, training=False)
        pulls = tape.gradient(loss, variables)
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise UserError(
            f"The data does not fit the model: {first_line(error)}",
            "Open the experiment that the model was trained with.",
        ) from None
    dense = [
        np.zeros(variable.shape) if pull is None else np.asarray(tf.convert_to_tensor(pull), float)
        for variable, pull in zip(variables, pulls, strict=True)
    ]
    return float(loss), rows, dense


def words(weights: list[dict[str, Any]], total: float) -> list[str]:
    """Return what is remarkable about gradients, in sentences; empty where nothing is.

    Args:
        weights: As `gradients` returns them.
        total: Norm of all together.
    """
    if not math.isfinite(total):
        return ["A gradient is NaN or infinite: the next step breaks the weights. A smaller "
                "learning rate, or clipnorm in the optimizer, may help."]  # fmt: skip
    if total == 0:
        return ["No gradient at all: for this batch nothing would be learned."]
    told = []
    if total > EXPLODED:
        told.append(f"Exploding: all gradients together have the norm {number(total)}. clipnorm in "
                    "the optimizer, or a smaller learning rate, holds them.")  # fmt: skip
    kernels = [one for one in weights if len(one["shape"]) > 1]
    strongest = max(kernels, key=lambda one: one["mean"], default=None)
    for one in kernels:
        if one["norm"] == 0:
            told.append(f"No gradient reaches {one['layer']} {one['name']}: its units are dead "
                        "for this batch, or nothing leads from it to the loss.")  # fmt: skip
        elif strongest is not None and one["mean"] < VANISHED * strongest["mean"]:
            part = strongest["mean"] / one["mean"]
            told.append(f"Vanishing: in {one['layer']} the mean gradient is 1/{part:,.0f} of that "
                        f"in {strongest['layer']}.")  # fmt: skip
    return told

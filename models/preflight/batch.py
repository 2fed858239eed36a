"""One real batch, forward and backward, before a training starts; nothing is left changed.

What shapes and facts can't tell shows here: an operation that refuses these very numbers, a loss
that is not a number from the start, weights that no gradient reaches. The weights, the state of
every random generator and the metrics are what they were afterwards, to the last bit.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerastui.models.network.errors import first_line, out_of_memory
from kerastui.models.preflight.facts import Cure, Finding

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

ROWS = 32
"""So many rows at most: enough to see whether it works, and quick."""


def try_batch(experiment: Experiment, model: keras.Model, x: Any, y: Any) -> list[Finding]:
    """Run one batch through a compiled model and back.

    Args:
        experiment: The experiment, for the changes that would help.
        model: Its compiled model, before any training.
        x: Training inputs, an array or one for each input.
        y: Training targets, likewise.

    Returns:
        What would go wrong at the first step; none for a sound model.
    """
    size = experiment.fit.batch_size
    rows = ROWS if size == "all" else min(size, ROWS)
    batch, wanted = _first(x, rows), _first(y, rows)
    if not model.trainable_variables:
        return [Finding("warning", "model", "Nothing is trained: every weight is frozen, or there "
                        "is none.", "Unfreeze a layer, or add one with weights.")]  # fmt: skip
    with _unchanged(model):
        try:
            loss, gradients = _step(model, batch, wanted)
        except Exception as error:
            return [_refused(error)]
    return _judged(experiment, loss, gradients)


def _first(arrays: Any, rows: int) -> Any:
    """The first rows, as tensors."""
    if isinstance(arrays, Mapping):
        return {name: _first(array, rows) for name, array in arrays.items()}
    part = arrays[:rows]
    if part.dtype.kind in "ub":  # bytes become numbers batch by batch, as `fit` does it
        part = part.astype(keras.config.floatx())
    return keras.ops.convert_to_tensor(part)


def _step(model: keras.Model, x: Any, y: Any) -> tuple[float, dict[str, np.ndarray[Any, Any]]]:
    """The loss of a batch, and what it would change; gradients with TensorFlow only."""
    if keras.backend.backend() != "tensorflow":
        loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True), training=True)
        return float(keras.ops.convert_to_numpy(loss)), {}
    import tensorflow as tf

    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True), training=True)
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    dense = [None if one is None else tf.convert_to_tensor(one) for one in gradients]
    return float(loss), {
        variable.path: np.zeros(1) if one is None else one.numpy()
        for variable, one in zip(variables, dense, strict=True)
    }


@contextlib.contextmanager
def _unchanged(model: keras.Model) -> Iterator[None]:
    """Put everything back that running a batch moves: weights, seeds, metrics, random states."""
    # What is trained moves with the optimizer only, and none is asked here.
    moving = model.non_trainable_variables
    kept = [(variable, np.array(keras.ops.convert_to_numpy(variable))) for variable in moving]
    python, numbers = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)
        model.reset_metrics()
        random.setstate(python)
        np.random.set_state(numbers)


def _refused(error: Exception) -> Finding:
    if out_of_memory(error):
        return Finding("problem", "model", "One batch does not fit into memory.",
                       "Use a smaller batch, fewer units, or pooling earlier.")  # fmt: skip
    return Finding(
        "problem", "model", f"The first batch does not go through the model: {first_line(error)}",
        "Look at the layer it names, at the loss, and at the shapes on the Model screen.",
    )  # fmt: skip


def _judged(
    experiment: Experiment, loss: float, gradients: Mapping[str, np.ndarray[Any, Any]]
) -> list[Finding]:
    """What the numbers of the batch say."""
    if not np.isfinite(loss):
        return [Finding(
            "problem", "compile.loss",
            f"The loss of the first batch is {loss:g}; no step from there leads anywhere.",
            "Scale the inputs and the target, and see whether the loss suits the target.",
        )]  # fmt: skip
    broken = [name for name, one in gradients.items() if not np.isfinite(one).all()]
    if broken:
        return [Finding(
            "problem", "model",
            f"The gradient of {broken[0]} is not a number at the first batch.",
            "Scale the inputs, clip the gradients, or use other activations.",
            _clipping(experiment),
        )]  # fmt: skip
    if gradients and not any(one.any() for one in gradients.values()):
        return [Finding(
            "warning", "model",
            "No gradient reaches any weight at the first batch, so nothing would be learned.",
            "See whether the last activation is flat for what comes in (relu below 0, a hard "
            "sigmoid), or begin with another seed.",
            (Cure("begin with another seed", {"seed": (experiment.seed + 1) % 2**32}),),
        )]  # fmt: skip
    return []


def _clipping(experiment: Experiment) -> tuple[Cure, ...]:
    if experiment.compile.optimizer.parameters.get("clipnorm"):
        return ()
    return (Cure("clip the gradients", {"compile.optimizer.clipnorm": 1.0}),)

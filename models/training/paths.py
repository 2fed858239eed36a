"""Training a model as an experiment says: the path is chosen, said, and taken."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment
from kerastui.models.files import write_atomically
from kerastui.models.network.errors import first_line
from kerastui.models.network.feeding import class_weights
from kerastui.models.network.parts import make
from kerastui.models.runs.record import Record
from kerastui.models.training.callback_files import in_folder
from kerastui.models.training.callbacks import Ending, RunLog
from kerastui.models.training.checkpoint import State
from kerastui.models.training.control import MOST_EPOCHS, Control

MEMORY_SHARE = 0.5
"""Part of the free memory that data on the device may take."""


@dataclass(frozen=True)
class Arrays:
    """What a model is trained on: nests of arrays with the rows first.

    Attributes:
        x: Inputs; several as a list or by name.
        y: Targets, likewise.
        validation: (x, y) that watch the training, or None.
    """

    x: Any
    y: Any
    validation: tuple[Any, Any] | None = None

    @property
    def rows(self) -> int:
        return len(_leaves(self.x)[0])


def train(
    experiment: Experiment,
    model: keras.Model,
    arrays: Arrays,
    record: Record,
    control: Control,
    *,
    checkpoints: Path | None = None,
    state: State | None = None,
    learning_rate: float | None = None,
    more: bool = False,
    begun: Callable[[], None] = lambda: None,
) -> Ending:
    """Train a compiled model in place, writing every event.

    Args:
        experiment: Says how; its seed has been set before the model was built.
        model: The compiled model.
        arrays: The prepared data.
        record: Where events go; its `info` gets the path taken and why.
        control: What is asked of the run meanwhile.
        checkpoints: Folder for the checkpoint; None keeps none.
        state: An earlier training's state (`checkpoint.load_state`) to go on from. It goes on
            on the path it was on, which alone gives the same bits.
        learning_rate: Taken from there on in place of the state's.
        more: More was asked for than the state's training was meant to do.
        begun: Called once what was asked for is part of the checkpoint.

    Returns:
        Why it ended.

    Raises:
        UserError: `execution = "fast"` is not possible, or a callback can't be made.
    """
    resumed = state is not None
    callbacks = [
        make("callbacks", in_folder(part, record.run.path, resumed=resumed), f"callbacks[{i}]")
        for i, part in enumerate(experiment.callbacks)
    ]
    fit = experiment.fit
    weights = class_weights(fit.class_weight, arrays.y)
    batch_size = arrays.rows if fit.batch_size == "all" else min(fit.batch_size, arrays.rows)
    log = RunLog(
        record,
        control,
        epochs=fit.epochs,
        steps=-(-arrays.rows // batch_size),
        checkpoints=checkpoints,
        others=callbacks,
        state=state,
        new_rate=learning_rate,
        more=more,
        keep_every=fit.keep_every,
        begun=begun,
    )
    try:
        _train(experiment, model, arrays, batch_size, weights, callbacks, log, record)
    except UserError:
        raise
    except Exception:
        # What broke off, a callback or the memory, may be cured: then it goes on from here.
        with contextlib.suppress(Exception):
            log.keep_last()
        raise
    return log.ending


def _train(
    experiment: Experiment,
    model: keras.Model,
    arrays: Arrays,
    batch_size: int,
    weights: dict[int, float] | None,
    callbacks: Sequence[keras.callbacks.Callback],
    log: RunLog,
    record: Record,
) -> None:
    """Train on the path that the experiment, or the state to go on from, asks for."""
    fit = experiment.fit
    for callback in callbacks:
        if log.initial_epoch and isinstance(callback, keras.callbacks.CSVLogger):
            _go_on_in_file(callback, log.initial_epoch)
    if log.path:
        why = "the run was begun this way" if log.path == "plain" else ""
    else:
        why = why_plain(experiment, callbacks, arrays)
    if not why:
        log.stage("trace", "Preparing the first step")
        why = _train_fast(experiment, model, arrays, weights, batch_size, callbacks, log, record)
        if not why:
            return
    if experiment.execution == "fast":
        raise UserError(
            f"The fast path can't be taken: {why}.",
            'Set execution to "auto", which takes the plain path where it has to.',
        )
    log.path = "plain"
    if log.initial_step:
        _build_metrics(model, arrays)
    _started(arrays, log, record, "plain", why, [])
    model.fit(
        arrays.x,
        arrays.y,
        # Not cut to the rows: Keras shuffles a batch that is not full in another way.
        batch_size=arrays.rows if fit.batch_size == "all" else fit.batch_size,
        # The log ends it after the last epoch: their number may change on the way.
        epochs=log.initial_epoch if log.over else MOST_EPOCHS,
        initial_epoch=log.initial_epoch,
        shuffle=fit.shuffle,
        class_weight=weights,
        validation_data=arrays.validation,
        callbacks=keras.callbacks.CallbackList(
            [*callbacks, log],
            add_history=True,
            model=model,
            epochs=log.epochs,
            steps=log.steps,
            verbose=0,
        ),
        verbose=0,
    )


def why_plain(
    experiment: Experiment, callbacks: Sequence[keras.callbacks.Callback], arrays: Arrays
) -> str:
    """Say why `Model.fit` has to be used; empty where the fast path can be taken."""
    if experiment.execution == "plain":
        return "asked for"
    backend = keras.backend.backend()
    if backend != "tensorflow":
        return f"the fast path is for TensorFlow, the backend is {backend}"
    from kerastui.models.training.fast import unsuitable

    if reason := unsuitable(callbacks):
        return reason
    import psutil

    size = sum(array.nbytes for array in _leaves([arrays.x, arrays.y, arrays.validation]))
    free = psutil.virtual_memory().available
    if size > MEMORY_SHARE * free:
        return f"the data ({size >> 20} MiB) is too large beside {free >> 20} MiB of free memory"
    return ""


def sample_weights(y: np.ndarray[Any, Any], weights: dict[int, float]) -> np.ndarray[Any, Any]:
    """Return a weight for each row, as `fit` makes them of class weights.

    Args:
        y: Class numbers (rows,) or (rows, 1), or one-hot (rows, classes).
        weights: Class number to weight; classes without one weigh 1.
    """
    classes = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y))
    result = np.ones(len(y), keras.config.floatx())
    for number, weight in weights.items():
        result[np.round(classes).astype(int) == number] = weight
    return result


def _train_fast(
    experiment: Experiment,
    model: keras.Model,
    arrays: Arrays,
    weights: dict[int, float] | None,
    batch_size: int,
    callbacks: Sequence[keras.callbacks.Callback],
    log: RunLog,
    record: Record,
) -> str:
    """Train on the fast path, or say why that can't be, with nothing changed."""
    from kerastui.models.training.fast import FastFit
    from kerastui.models.training.fast_graph import Graph, UnsuitableError

    fit = experiment.fit
    data: tuple[Any, ...] = (arrays.x, arrays.y)
    if weights:
        if len(_leaves(arrays.y)) > 1:
            return "class weights with several outputs"
        data = (*data, sample_weights(_leaves(arrays.y)[0], weights))
    try:
        graph = Graph(model, data, arrays.validation, batch_size)
    except UnsuitableError as reason:
        return str(reason)
    except Exception as error:  # what is wrong with the model, plain Keras says as well
        return f"compiling it failed: {first_line(error)}"
    fast = FastFit(graph, callbacks, log, seed=experiment.seed, shuffle=fit.shuffle)
    why = "the data fits in memory and no callback acts batch by batch"
    _started(arrays, log, record, "fast", why, graph.columns)
    fast.run()
    record.info.why = f"{why}; {fast.compiled}"
    return ""


def _go_on_in_file(logger: keras.callbacks.CSVLogger, epochs: int) -> None:
    """Have a table of epochs go on after those that count, where Keras would begin it anew."""
    path = Path(logger.filename)
    if not path.is_file():
        return
    header, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True) or [""]
    kept = [row for row in rows if row.split(logger.sep)[0].isdigit()]
    kept = [row for row in kept if int(row.split(logger.sep)[0]) < epochs]
    write_atomically(path, "".join([header, *kept]))
    logger.append = True


def _build_metrics(model: keras.Model, arrays: Arrays) -> None:
    """Make the variables of the metrics, which Keras otherwise makes with the first batch.

    Without training nothing but metrics changes, so one evaluated row leaves no trace.
    """
    x, y = (
        keras.tree.map_structure(lambda part: keras.ops.convert_to_tensor(part[:1]), parts)
        for parts in (arrays.x, arrays.y)
    )
    model.test_step((x, y))
    model.reset_metrics()


def _started(
    arrays: Arrays,
    log: RunLog,
    record: Record,
    execution: str,
    why: str,
    metrics: list[str],
) -> None:
    info = record.info
    info.execution, info.why, info.status = execution, why, "running"
    rows = {"train": arrays.rows}
    if arrays.validation is not None:
        rows["validation"] = len(_leaves(arrays.validation[0])[0])
    record.event(
        "started",
        epochs=log.epochs,
        initial_epoch=log.initial_epoch,
        steps=log.steps,
        execution=execution,
        why=why,
        device=info.device,
        metrics=metrics,
        rows=rows,
    )
    record.save()


def _leaves(nest: Any) -> list[Any]:
    return [leaf for leaf in keras.tree.flatten(nest) if leaf is not None]

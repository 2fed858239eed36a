"""What helps where a saved model does not fit the data: new last layers, another preparation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from kerastui.datasets.spec import Task
from kerastui.models.experiment.schema import Experiment, FileModel
from kerastui.models.network.building import Step
from kerastui.models.preflight.facts import Cure, Facts, TargetFacts
from kerastui.models.saved.start import fits


def head_for(task: Task, target: TargetFacts) -> tuple[dict[str, Any], str]:
    """Return the last layer that a task asks for, and its usual loss."""
    width = max(1, target.width)
    if task == "multiclass" and not target.one_hot:
        units, activation, loss = (
            int(target.maximum) + 1,
            "softmax",
            "sparse_categorical_crossentropy",
        )
    elif task == "multiclass" or (task == "binary" and target.one_hot):
        units, activation, loss = width, "softmax", "categorical_crossentropy"
    elif task in ("binary", "multilabel"):
        units, activation, loss = width, "sigmoid", "binary_crossentropy"
    else:
        return {"type": "Dense", "units": width}, "mse"
    return {"type": "Dense", "units": units, "activation": activation}, loss


def output_cures(
    experiment: Experiment, done: Sequence[Step], target: TargetFacts, task: Task
) -> tuple[Cure, ...]:
    """Return another end for a file's model: its last layer with weights cut, a new one put on.

    Args:
        experiment: The experiment, whose model is of a file.
        done: Its layers, from `follow`; the last ones are of the file.
        target: What is to be learned.
        task: The task.
    """
    model = experiment.model
    if not isinstance(model, FileModel) or model.active:
        return ()
    more = 1 + next((n for n, step in enumerate(reversed(done)) if step.layer.weights), len(done))
    if more >= len(done):
        return ()
    layer, loss = head_for(task, target)
    cut = [step.layer.name for step in done[len(done) - more :]]
    end = f"{layer['units']} {layer.get('activation', '')}".strip()
    changes: dict[str, Any] = {"model.cut": model.cut + more,
                               "model.layers": [*model.layers, layer]}  # fmt: skip
    # What is cut can't be frozen any more.
    changes["model.frozen"] = [name for name in model.frozen if name not in cut]
    if model.trainable_from in cut:
        changes["model.trainable_from"] = len(done) - more
    if not isinstance(experiment.compile.loss, dict):
        changes["compile.loss"] = loss
    return (Cure(f"cut {' and '.join(cut)}, and put Dense {end} on top", changes),)


def input_cures(
    experiment: Experiment, data: Facts, wanted: Sequence[int | None]
) -> tuple[Cure, ...]:
    """Return changes of the preparation that give a file's model the shape that it takes."""
    if not isinstance(data.input_shape, tuple):
        return ()
    steps = [step.model_dump(mode="json") for step in experiment.data.steps]
    return tuple(
        Cure(words, {"data.steps": new})
        for words, shape, new in _prepared(steps, data.input_shape, wanted)
        if fits(wanted, shape)
    )


def _prepared(
    steps: list[dict[str, Any]], shape: Sequence[int | None], wanted: Sequence[int | None]
) -> Iterator[tuple[str, Sequence[int | None], list[dict[str, Any]]]]:
    """Yield what could be done, the shape that it would give, and all steps then."""
    names = [step["step"] for step in steps]
    for name, words in (("window", "windows"), ("pad", "texts")):
        if name in names and wanted and wanted[0] is not None:
            new = [{**step, "length": wanted[0]} if step["step"] == name else step
                   for step in steps]  # fmt: skip
            yield f"make {words} {wanted[0]} long", (wanted[0], *shape[1:]), new
    if "channel_axis" not in names and len(shape) == 2:
        yield ("give pictures a channel axis", (*shape, 1), [*steps, {"step": "channel_axis"}])
    if "channel_axis" in names and shape[-1:] == (1,):
        less = [step for step in steps if step["step"] != "channel_axis"]
        yield "take the channel axis out", shape[:-1], less
    if len(shape) > 1 and None not in shape:
        flat = math.prod(size or 1 for size in shape)
        yield "flatten each sample", (flat,), [*steps, {"step": "flatten"}]

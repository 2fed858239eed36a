"""The names under which a training's figures will stand in the log, known before it starts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import Experiment, Part


def log_keys(experiment: Experiment, outputs: Sequence[str], validation: bool) -> list[str]:
    """The names under which an epoch's figures will stand in the log.

    Args:
        experiment: The experiment.
        outputs: Names of the model's outputs.
        validation: Whether there is a validation part.
    """
    compile_ = experiment.compile
    names = {output: _metric_names(compile_.metrics_of(output)) for output in outputs}
    if len(outputs) > 1:
        keys = ["loss", *(f"{output}_loss" for output in outputs if compile_.loss_of(output))]
        keys += [f"{output}_{name}" for output in outputs for name in names[output]]
    else:
        keys = ["loss", *(name for output in outputs for name in names[output])]
    if validation:
        keys += [f"val_{key}" for key in keys]
    rates = ("ReduceLROnPlateau", "LearningRateScheduler")
    if any(part.type in rates for part in experiment.callbacks):
        keys.append("learning_rate")
    return keys


def _metric_names(metrics: Sequence[Part]) -> list[str]:
    """Keras' names: as it is spelled for a bare name, else the object's own name."""
    names = []
    for part in metrics:
        entry = catalogue.find("metrics", part.type)
        parameter = entry.parameter("name")
        given = part.parameters.get("name") or (parameter.default if parameter else None)
        if entry.by_name and not part.parameters:
            names.append(part.type)
        else:
            names.append(str(given or _snake_case(entry.name)))
    return names


def _snake_case(name: str) -> str:
    """A class name as Keras turns it into an object's name: `TruePositives`, `true_positives`."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def alike(monitor: str, keys: Sequence[str]) -> str:
    """A key that means the same under another spelling, else one that looks like it."""
    prefix = "val_" if monitor.startswith("val_") else ""
    known = catalogue.load()
    wanted = known.get("metrics", monitor.removeprefix(prefix))
    for key in keys:
        if wanted and key.startswith(prefix) and known.get("metrics", key[len(prefix) :]) == wanted:
            return key
    close = difflib.get_close_matches(monitor, keys, n=1, cutoff=0.5)
    return close[0] if close else ""

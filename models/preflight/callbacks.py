"""Callbacks that would fail or do nothing: figures there will not be, packages, files."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import Experiment, Part
from kerastui.models.preflight.facts import Cure, Facts, Finding
from kerastui.models.training import callback_files
from kerastui.models.training.log_keys import alike, log_keys


def callback_findings(experiment: Experiment, data: Facts, outputs: list[str]) -> Iterator[Finding]:
    """Return what is wrong with the callbacks.

    Args:
        experiment: The experiment.
        data: Facts about its prepared data.
        outputs: The names of the model's outputs.
    """
    keys = log_keys(experiment, outputs, data.validation_rows > 0)
    for index, part in enumerate(experiment.callbacks):
        yield from _rates(experiment, part, f"callbacks.{index}")
        yield from _files(part, f"callbacks.{index}")
        yield from _packages(part, f"callbacks.{index}")
        entry = catalogue.find("callbacks", part.type)
        parameter = entry.parameter("monitor")
        if parameter is None:
            continue
        if part.type.endswith("Checkpoint") and not part.parameters.get("save_best_only"):
            continue  # it saves always, and looks at no figure
        monitor = part.parameters.get("monitor", parameter.default)
        if monitor in keys:
            continue
        where = f"callbacks.{index}.monitor"
        sentence = f"{part.type} watches {monitor}, which the log will not have."
        there = f"There will be: {', '.join(keys)}."
        if str(monitor).startswith("val_") and not data.validation_rows:
            cure = f"Add a validation part to the split, or watch {str(monitor)[4:]}. {there}"
            sentence = f"{part.type} watches {monitor}, but there is no validation part."
            better = str(monitor)[4:] if str(monitor)[4:] in keys else "loss"
        else:
            close = alike(str(monitor), keys)
            cure = f"Did you mean {close}? {there}" if close else there
            better = close or ("val_loss" if data.validation_rows else "loss")
        cures = (Cure(f"watch {better}", {where: better}),)
        yield Finding("problem", where, sentence, cure, cures)


def _rates(experiment: Experiment, part: Part, where: str) -> Iterator[Finding]:
    """A callback that sets the learning rate, where a schedule does."""
    rate = experiment.compile.optimizer.parameters.get("learning_rate")
    if part.type not in ("LearningRateScheduler", "ReduceLROnPlateau") or not isinstance(
        rate, (dict, str)
    ):
        return
    yield Finding(
        "problem", where,
        f"{part.type} sets the learning rate, but the optimizer's follows a schedule.",
        "Give the optimizer a number as its learning rate, or take the callback out.",
        (Cure("a learning rate of 0.001", {"compile.optimizer.learning_rate": 0.001}),
         Cure(f"take {part.type} out", {where: None})),
    )  # fmt: skip


_PACKAGES = {"TensorBoard": "tensorboard", "RemoteMonitor": "requests"}
"""Packages that callbacks need and Keras does not bring."""


def _packages(part: Part, where: str) -> Iterator[Finding]:
    """A callback whose package is not installed."""
    package = _PACKAGES.get(part.type, "")
    if not package or importlib.util.find_spec(package) is not None:
        return
    log = {"type": "CSVLogger", "filename": "log.csv"}
    yield Finding(
        "problem", where, f"{part.type} needs the package {package}, which is not installed.",
        f"Install it ({_install(package)}), or use CSVLogger; the run keeps every figure anyway.",
        (Cure("use CSVLogger", {where: log}), Cure(f"take {part.type} out", {where: None})),
    )  # fmt: skip


def _install(package: str) -> str:
    """The command that brings a package; the usual one comes as an extra of ours."""
    wanted = '"kerastui[tensorboard]"' if package == "tensorboard" else package
    return f"pip install {wanted}"


def _files(part: Part, where: str) -> Iterator[Finding]:
    """A callback that would write where it may not."""
    for name in callback_files.PATHS:
        value = part.parameters.get(name)
        reason = callback_files.unsuitable(value) if isinstance(value, str) else ""
        if not reason:
            continue
        last = str(value).replace("\\", "/").rstrip("/").rpartition("/")[2]
        good = last if last and not callback_files.unsuitable(last) else f"own-{last.strip('.~')}"
        yield Finding(
            "problem", f"{where}.{name}", f"{part.type} can't write to {value!r}: {reason}.",
            "Give a plain name; the file is written into the run's directory.",
            (Cure(f"call it {good}", {f"{where}.{name}": good}),),
        )  # fmt: skip

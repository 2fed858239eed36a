"""Metrics that fail on, or misread, an output and its target."""

from __future__ import annotations

from collections.abc import Iterator

from kerastui.datasets.spec import Task
from kerastui.models.catalogue import catalogue
from kerastui.models.editing.stack import layers_of
from kerastui.models.experiment.schema import Experiment, Part
from kerastui.models.preflight.facts import Cure, Finding
from kerastui.models.preflight.outputs import CLASS_LOSSES, Output

_COLUMNS = {"BinaryCrossentropy", "CategoricalCrossentropy", "F1Score", "FBetaScore"}

_FULL_PRECISION = ("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy")
"""Metrics whose operation TensorFlow has for float32 only."""


def metric_findings(experiment: Experiment, output: Output, task: Task) -> Iterator[Finding]:
    """Metrics that fail on, or misread, this output and target."""
    target, several = output.target, output.units > 1
    spec = experiment.compile
    own = f"compile.metrics.{output.name}."
    for where, part in spec.metric_paths:
        if isinstance(spec.metrics, dict) and not where.startswith(own):
            continue
        entry = catalogue.find("metrics", part.type)
        if entry.name in _FULL_PRECISION and _gives_half(experiment, output):
            yield _needs_float32(experiment, part, where, output)
            continue
        # By these names Keras picks the accuracy that fits.
        if part.type.lower() in ("accuracy", "acc") and not part.parameters:
            if task in ("regression", "forecasting") and output.loss_name not in CLASS_LOSSES:
                yield _accuracy_of_numbers(part, where)
            continue
        if entry.group == "accuracy" and task in ("regression", "forecasting"):
            yield _accuracy_of_numbers(part, where)
        elif entry.name.startswith("Sparse") and target.one_hot:
            yield Finding(
                "problem",
                where,
                f"{part.type} wants class numbers, but the targets are one-hot.",
                'Use "accuracy", or the metric of this name without Sparse.',
                (Cure("use accuracy", {where: "accuracy"}),),
            )
        elif several and target.width == 1 and not entry.name.startswith("Sparse"):
            yield Finding(
                "problem",
                where,
                f"{part.type} compares {output.units} outputs with as many targets, but the "
                "targets are class numbers.",
                'Use "accuracy" or another sparse metric, or add the one-hot step.',
                (Cure("use accuracy", {where: "accuracy"}),),
            )
        elif entry.name in _COLUMNS and not target.shape:
            yield Finding(
                "problem",
                where,
                f"{part.type} wants its targets in a column, but they are single numbers.",
                "Use AUC, Precision and Recall; a crossentropy is what the loss shows.",
                (Cure("use AUC", {where: "AUC"}),),
            )


def _accuracy_of_numbers(part: Part, where: str) -> Finding:
    return Finding(
        "warning",
        where,
        f"{part.type} counts right answers; numbers to predict are hardly ever hit exactly.",
        "Use mae or RootMeanSquaredError.",
        (Cure("use mae", {where: "mae"}),),
    )


def _gives_half(experiment: Experiment, output: Output) -> bool:
    """Whether an output has 16 bits a number where TensorFlow may want 32."""
    if experiment.precision == "float32" or experiment.backend != "tensorflow":
        return False
    layer = layers_of(experiment)[int(output.where.split(".")[2])]
    return layer.get("dtype") != "float32"


def _needs_float32(experiment: Experiment, part: Part, where: str, output: Output) -> Finding:
    cures = [Cure("use accuracy", {where: "accuracy"})]
    type_ = layers_of(experiment)[int(output.where.split(".")[2])]["type"]
    if catalogue.find("layers", type_).parameter("dtype") is not None:
        cures.insert(
            0, Cure("let the last layer give float32", {f"{output.where}.dtype": "float32"})
        )
    return Finding(
        "problem",
        where,
        f"TensorFlow counts {part.type} in float32 only; with {experiment.precision} the output "
        "has 16 bits a number.",
        "Give the last layer the dtype float32, which suits mixed precision anyway, or use "
        "another metric.",
        tuple(cures),
    )

"""A first experiment for data and a task: small, quick to train, and good enough to beat.

What is proposed is common practice: François Chollet, "Deep Learning with Python", 2nd ed.,
tables 4.1 and 6.1 for the last layer and the loss; the sizes are those of its first models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kerastui.datasets import spec
from kerastui.datasets.advice_types import DataFacts, Reason
from kerastui.datasets.figures import figure
from kerastui.models.experiment import Experiment
from kerastui.models.experiment_file import parse

_LAST = {
    "binary": ("sigmoid", "binary_crossentropy", "accuracy", "a probability"),
    "multiclass": ("softmax", "sparse_categorical_crossentropy", "accuracy",
                   "probabilities that add up to 1"),
    "multilabel": ("sigmoid", "binary_crossentropy", "binary_accuracy",
                   "a probability for each label"),
    "regression": (None, "mse", "mae", "any number"),
    "forecasting": (None, "mse", "mae", "any number"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Start:
    """An experiment to start with, and why it is as it is."""

    experiment: Experiment
    reasons: tuple[Reason, ...]


def starting_experiment(data: spec.Data, facts: DataFacts, *, seed: int = 1) -> Start:
    """Propose a model, how it is compiled, and how it is trained.

    Args:
        data: The data with their preparation.
        facts: Of the raw data.
        seed: The experiment's.

    Raises:
        UserError: The preparation makes no experiment.
    """
    outputs = _outputs(data, facts)
    layers, why = _layers(data, facts)
    activation, loss, metric, what = _LAST[data.task]
    last: dict[str, Any] = {"type": "Dense", "units": outputs}
    if activation:
        last["activation"] = activation
    one_hot = any(isinstance(step, spec.OneHot) and not step.columns for step in data.steps)
    if data.task == "multiclass" and one_hot:
        loss = "categorical_crossentropy"
    layers.append(last)
    reasons = [
        Reason("model", _named(layers), why),
        Reason("last layer", _named([last]), f"It puts out {what}, as {data.task} asks."),
        Reason("loss", loss, f"The usual loss for {data.task}; {metric} is shown beside it."),
    ]
    if rescaling := _rescaling(data, facts):
        layers.append(rescaling)
        reasons.append(
            Reason("Rescaling", f"× {figure(rescaling['scale'])} + {figure(rescaling['offset'])}",
                   "The target's numbers are far from 0 and 1; so the network need not learn how "
                   "large they are.")
        )  # fmt: skip
    fit, callbacks, fit_why = _fit(data, facts)
    reasons.append(fit_why)
    plain: dict[str, Any] = {
        "format": 1,
        "name": name_of(data.dataset),
        "title": f"{data.dataset}: {_question(data)}",
        "seed": seed,
        "data": data.model_dump(mode="json", exclude_defaults=True),
        "model": {"kind": "sequential", "layers": layers},
        "compile": {"optimizer": "adam", "loss": loss, "metrics": [metric]},
        "fit": fit,
        "callbacks": callbacks,
    }
    return Start(parse(plain, where="the proposed experiment"), tuple(reasons))


def name_of(dataset: str) -> str:
    """A name for an experiment with a data set: letters, digits, dots and hyphens."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", dataset).strip("-._")
    return words[:60].rstrip("-._") or "experiment"


def _question(data: spec.Data) -> str:
    target = ", ".join(data.target)
    words = {
        "binary": "yes or no?",
        "multiclass": "which class?",
        "multilabel": "which labels?",
        "regression": "how much?",
        "forecasting": "what comes next?",
    }[data.task]
    return f"{target}, {words}" if target else words


def _outputs(data: spec.Data, facts: DataFacts) -> int:
    names = list(data.target or facts.target)
    if data.task == "binary":
        return 1
    if data.task != "multiclass":
        return max(1, len(names))
    column = facts.column(names[0]) if len(names) == 1 else None
    if column is None:
        return max(2, len(facts.classes), len(names))
    numbered = any(isinstance(s, spec.EncodeLabel | spec.OneHot) for s in data.steps)
    if not numbered and column.high is not None:
        return max(column.different, int(column.high) + 1)
    return column.different


def _layers(data: spec.Data, facts: DataFacts) -> tuple[list[dict[str, Any]], str]:
    steps = {step.step: step for step in data.steps}
    pad = steps.get("pad")
    if isinstance(pad, spec.Pad):
        return [
            {"type": "Embedding", "input_dim": pad.words, "output_dim": 16},
            {"type": "GlobalAveragePooling1D"},
            {"type": "Dense", "units": 16, "activation": "relu"},
        ], "Each word becomes 16 numbers that are learned; a text is the average of its words."
    if "window" in steps and "flatten" not in steps:
        return [
            {"type": "LSTM", "units": 32},
        ], "An LSTM reads a window value by value and keeps what matters."
    if facts.kind == "pictures" and len(facts.shape) >= 2 and "flatten" not in steps:
        return _convolutions(min(facts.shape[:2])), (
            "Convolutions find small patterns wherever they are; pooling keeps the strongest."
        )
    units = 16 if facts.count < 500 else 32 if facts.count < 10_000 else 64
    return [
        {"type": "Dense", "units": units, "activation": "relu"},
        {"type": "Dense", "units": units // 2, "activation": "relu"},
    ], f"Two small dense layers: enough for {facts.count:,} rows, and quick to train."


def _convolutions(side: int) -> list[dict[str, Any]]:
    """Blocks of convolution and pooling, as many as the picture has room for."""
    layers: list[dict[str, Any]] = []
    filters = 32
    while side >= 8 and len(layers) < 8:
        layers.append({"type": "Conv2D", "filters": filters, "kernel_size": 3,
                       "activation": "relu"})  # fmt: skip
        layers.append({"type": "MaxPooling2D"})
        side, filters = (side - 2) // 2, min(filters * 2, 128)
    layers.append({"type": "Flatten"})
    layers.append({"type": "Dropout", "rate": 0.5})
    return layers


def _rescaling(data: spec.Data, facts: DataFacts) -> dict[str, Any] | None:
    """A layer that brings outputs around 0 to the range of the target's numbers."""
    names = list(data.target or facts.target)
    column = facts.column(names[0]) if len(names) == 1 else None
    if data.task not in ("regression", "forecasting") or column is None or not column.deviation:
        return None
    if abs(column.mean or 0.0) <= 10 and 0.1 <= column.deviation <= 10:
        return None
    return {
        "type": "Rescaling",
        "scale": float(f"{column.deviation:.3g}"),
        "offset": float(f"{column.mean or 0.0:.3g}"),
    }


def _fit(data: spec.Data, facts: DataFacts) -> tuple[dict[str, Any], list[dict[str, Any]], Reason]:
    count = facts.count
    batch = 32 if count < 20_000 else 128 if count < 200_000 else 512
    epochs, patience = 100, 10
    if facts.kind in ("pictures", "texts"):
        epochs, patience = 20, 3
    fit = {"epochs": epochs, "batch_size": batch}
    if data.split.validation.kind == "none":
        words = f"{epochs} epochs"
        why = "No rows watch the training, so nothing can end it early."
        return fit, [], Reason("training", words, why)
    callback = {"type": "EarlyStopping", "monitor": "val_loss", "patience": patience,
                "restore_best_weights": True}  # fmt: skip
    return fit, [callback], Reason(
        "training", f"up to {epochs} epochs, batches of {batch}",
        f"It ends when the validation loss has not fallen for {patience} epochs, and keeps the "
        "best weights.",
    )  # fmt: skip


def _named(layers: list[dict[str, Any]]) -> str:
    """Layers in a line: `Dense 16 → Dense 8`."""
    shown = []
    for layer in layers:
        size = next((layer[key] for key in ("units", "filters", "output_dim", "rate")
                     if key in layer), "")  # fmt: skip
        shown.append(" ".join(str(w) for w in (layer["type"], size, layer.get("activation", ""))
                              if w != ""))  # fmt: skip
    return " → ".join(shown)

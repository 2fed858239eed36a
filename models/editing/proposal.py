"""A first experiment for data and a task: a small model, quick to train, good enough to beat.

The model is one of `templates`; here is decided which, what follows its last layer, and how long
it trains.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerastui.datasets import spec
from kerastui.datasets.advice.types import DataFacts, Reason
from kerastui.datasets.figures import figure
from kerastui.models.editing.templates import TEMPLATES, Form, TemplateFacts
from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import parse

_FIRST: Mapping[Form, str] = {
    "row": "Dense",
    "words": "Words, averaged",
    "series": "LSTM",
    "picture": "Convolutions",
    "other": "Dense",
}
_PUTS_OUT = {
    "binary": "a probability",
    "multiclass": "probabilities that add up to 1",
    "multilabel": "a probability for each label",
    "regression": "any number",
    "forecasting": "any number",
}


@dataclass(frozen=True, slots=True)
class Start:
    """An experiment to start with, and why it is as it is."""

    experiment: Experiment
    reasons: tuple[Reason, ...]


def starting_experiment(
    data: spec.Data, facts: DataFacts, ready: Mapping[str, Any] | None, *, seed: int = 1
) -> Start:
    """Propose a model, how it is compiled, and how it is trained.

    Args:
        data: The data with their preparation.
        facts: Of the raw data.
        ready: What comes out of the preparation: `input_shape`, `output_shape`, rows by `parts`
            and names of `features`; None where it fails, so that shapes are guessed.
        seed: The experiment's.

    Raises:
        UserError: The preparation makes no experiment.
    """
    sized = sized_by(data, facts, ready)
    template = next(entry for entry in TEMPLATES if entry.name == _FIRST[sized.form])
    built = template.build(sized)
    layers: list[dict[str, Any]] = built["model"]["layers"]
    loss, metrics = built["compile.loss"], built["compile.metrics"]
    puts_out = _PUTS_OUT[data.task]
    reasons = [
        Reason("model", _named(layers), template.sentence),
        Reason("last layer", _named(layers[-1:]), f"It puts out {puts_out}, as {data.task} asks."),
        Reason("loss", loss, f"The usual loss for {data.task}; {metrics[0]} is shown beside it."),
    ]
    if rescaling := _rescaling(data, facts):
        layers.append(rescaling)
        reasons.append(
            Reason(
                "Rescaling",
                f"× {figure(rescaling['scale'])} + {figure(rescaling['offset'])}",
                "The target's numbers are far from 0 and 1; so the network need not learn how "
                "large they are.",
            )
        )
    fit, callbacks, fit_why = _fit(data, facts)
    reasons.append(fit_why)
    plain: dict[str, Any] = {
        "format": 1,
        "name": name_of(data.dataset),
        "title": f"{data.dataset}: {_question(data)}",
        "seed": seed,
        "data": data.model_dump(mode="json", exclude_defaults=True),
        "model": built["model"],
        "compile": {"optimizer": "adam", "loss": loss, "metrics": metrics},
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


def sized_by(
    data: spec.Data, facts: DataFacts, ready: Mapping[str, Any] | None
) -> TemplateFacts:  # fmt: skip
    """What the model is sized by: the prepared data, or a guess from the raw ones."""
    pads = [step.words for step in data.steps if isinstance(step, spec.Pad)]
    one_hot = any(isinstance(step, spec.OneHot) and not step.columns for step in data.steps)
    known = ready or {
        "input_shape": facts.shape or (max(1, len(data.features) or len(facts.columns) - 1),),
        "output_shape": (max(1, len(facts.classes) if data.task == "multiclass" else 1),),
        "parts": {"train": facts.count},
        "features": data.features,
    }
    return TemplateFacts(
        task=data.task,
        shape=tuple(known["input_shape"]),
        outputs=math.prod(known["output_shape"]) or 1,
        one_hot=one_hot and data.task in ("binary", "multiclass"),
        rows=known["parts"]["train"],
        words=pads[-1] if pads else 0,
        features=tuple(known["features"]),
    )


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
    # Small tables make few steps an epoch, which cost next to nothing.
    epochs, patience = (300, 20) if count < 2_000 else (100, 10)
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

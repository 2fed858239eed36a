"""Changes of an experiment that switch features on and off, and the steps with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastui.datasets import spec

_STEP_OF_KIND = {"text": "one_hot", "number": "scale", "date": "dates"}


def plain_steps(data: spec.Data) -> list[dict[str, Any]]:
    """The steps as an experiment's file holds them."""
    return [step.model_dump(mode="json", exclude_defaults=True) for step in data.steps]


def without(data: spec.Data, every: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """Changes that take columns out of the features, and out of the steps that name them.

    Args:
        data: The preparation.
        every: The features that it has now.
        names: Those that go.
    """
    gone, known = set(names), set(every)
    steps = []
    for plain in plain_steps(data):
        if columns := plain.get("columns"):
            kept = [c for c in columns if c not in gone and not _part_of(c, gone, known)]
            if not kept:
                continue
            plain["columns"] = kept
        steps.append(plain)
    return {
        "data.features": [name for name in every if name not in gone],
        "data.steps": steps,
    }


def including(data: spec.Data, features: Sequence[str], name: str, kind: str) -> dict[str, Any]:
    """Changes that add a column to the features, and to the step that names its likes.

    Args:
        data: The preparation.
        features: What the features become.
        name: The column that comes.
        kind: `number`, `text` or `date`.
    """
    steps = plain_steps(data)
    for plain in steps:
        columns = plain.get("columns")
        if plain["step"] == _STEP_OF_KIND.get(kind) and columns and name not in columns:
            plain["columns"] = [*columns, name]
            break
    return {"data.features": list(features), "data.steps": steps}


def _part_of(column: str, gone: set[str], every: set[str]) -> bool:
    """Whether a column is part of a date that goes: "sold month" of "sold"."""
    return column not in every and any(column.startswith(f"{name} ") for name in gone)

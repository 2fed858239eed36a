"""Which data a saved model could be given, and the experiment that does so."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import parse
from kerastui.models.saved.start import fits

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card

Train = Literal["nothing", "new", "last", "all"]
"""What is trained: nothing, a new last layer, the last layer that has weights, everything."""

Shape = Sequence[int | None]


def card_fits(card: Card, wanted: Shape) -> tuple[bool | None, str]:
    """Say whether a data set could be given to an input.

    Args:
        card: The data set.
        wanted: What the model takes, without the batch axis.

    Returns:
        Yes, no, or None where only preparing it tells; and what the data are, in words.
    """
    if card.kind == "image" or (card.shape and len(card.shape) > 1):
        told = f"pictures of {' × '.join(map(str, card.shape))}" if card.shape else "pictures"
        if not card.shape:
            return None, told
        flat = (math.prod(card.shape),)
        ways = (card.shape, (*card.shape, 1), flat)
        return any(fits(wanted, way) for way in ways), told
    if card.kind == "text":
        return (None if len(wanted) == 1 else False), "texts"
    if card.kind == "series":
        return len(wanted) == 2 and wanted[1] in (1, None), "a series, cut into windows"
    if card.kind == "tabular" and card.columns:
        count = len(card.columns) - len(card.target) - bool(card.names)
        # A column of words may become several numbers, or one.
        return (True if fits(wanted, (count,)) else None if len(wanted) == 1 and _wider(
            wanted, count) else False), f"{count} columns"  # fmt: skip
    if card.shape:
        return fits(wanted, card.shape), f"{card.shape[0]} numbers"
    return (None if len(wanted) == 1 else False), "a table" if card.kind == "tabular" else card.kind


def _wider(wanted: Shape, count: int) -> bool:
    return wanted[0] is None or (wanted[0] > count and bool(wanted[0] < 4 * count))


def experiment_with(
    base: Experiment, told: Mapping[str, Any], train: Train, name: str
) -> Experiment:
    """Return an experiment that goes on with a file's model.

    Args:
        base: Whose data, loss, metrics and training it takes.
        told: What `model.start` said of the file.
        train: What is trained; for `new`, the new layer is put on later (`model.end`).
        name: What the experiment is called, any text.

    Raises:
        UserError: That makes no experiment.
    """
    plain = base.plain(defaults=True)
    model: dict[str, Any] = {"kind": "file", "path": told["path"], "sha256": told["sha256"]}
    weighted = [layer["name"] for layer in told["layers"] if layer["parameters"]]
    if train == "last" and len(weighted) > 1:
        model["trainable_from"] = weighted[-1]
    plain["model"] = model
    plain["name"] = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:60] or "model"
    plain["title"] = ""
    for gone in ("lesson", "study", "published"):
        plain.pop(gone, None)
    plain["afterwards"]["reload"] = []
    # What is said of outputs by name speaks of the model that was there.
    compile_ = plain["compile"]
    if base.model.kind == "graph":
        first = base.model.outputs[0]
        if isinstance(base.compile.loss, dict):
            compile_["loss"] = compile_["loss"].get(first, "mse")
        if isinstance(base.compile.metrics, dict):
            compile_["metrics"] = compile_["metrics"].get(first, [])
        compile_["loss_weights"] = None
        compile_ = {key: value for key, value in compile_.items() if value is not None}
        plain["compile"] = compile_
    return parse(plain)

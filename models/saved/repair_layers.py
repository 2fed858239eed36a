"""Layers of Keras 2 that today's Keras has under another name, or that mean something else now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

HARD_SIGMOID = (
    "hard_sigmoid is another function now, max(0, min(1, x/6 + 0.5)) in place of x/5 + 0.5: what "
    "the model predicts differs a little"
)

NOT_BROUGHT_OVER = {
    "LocallyConnected1D": "has weights of its own at every place, which Keras 3 no longer knows",
    "LocallyConnected2D": "has weights of its own at every place, which Keras 3 no longer knows",
    "TextVectorization": "keeps its words in a table of TensorFlow, which is not brought over",
    "StringLookup": "keeps its words in a table of TensorFlow, which is not brought over",
    "IntegerLookup": "keeps its numbers in a table of TensorFlow, which is not brought over",
    "ThresholdedReLU": "has no whole number or fraction as its theta",
}
"""Layers that are part of Keras, of this version or before, and why they are refused."""


def renamed(entry: dict[str, Any]) -> str:
    """Change a layer in place to the one that does the same today; returns what was changed."""
    config = entry.get("config")
    if entry.get("class_name") == "ThresholdedReLU" and isinstance(config, dict):
        theta = config.get("theta", 1.0)
        if isinstance(theta, Mapping):  # an array, as Keras 2 wrote it
            theta = theta.get("value")
        if isinstance(theta, int | float):
            config.pop("theta", None)
            config["threshold"] = float(theta)
            entry["class_name"] = "ReLU"
            return "ThresholdedReLU: it is ReLU with a threshold now"
    return ""


def is_code(value: Any) -> bool:
    """Say whether an argument is a Python function as its compiled code."""
    if not isinstance(value, Mapping):
        return False
    if isinstance(value.get("value"), list) and "class_name" not in value:
        return True  # code, defaults and closure, as Keras 2 wrote them
    if value.get("class_name") == "__lambda__":
        return True
    return value.get("class_name") == "function" and value.get("module") not in (
        None, "builtins", "keras.activations",
    )  # fmt: skip


def other_functions(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an activation by its name no longer means."""
    for key, value in config.items():
        if key.endswith("activation") and value == "hard_sigmoid":
            yield HARD_SIGMOID


def fed_by_name(layer: Mapping[str, Any]) -> bool:
    """Say whether a layer is given tensors by the names of arguments, as lists in Keras 2."""
    return any(
        isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str)
        and isinstance(value[1], int)
        for node in layer.get("inbound_nodes") or () if isinstance(node, list)
        for call in node if isinstance(call, list) and len(call) == 4 and isinstance(call[3], dict)
        for value in call[3].values()
    )  # fmt: skip


def unwrapped(optimizer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the optimizer itself where it was wrapped to scale the loss of half precision."""
    config = optimizer.get("config")
    if str(optimizer.get("class_name", "")).startswith("LossScaleOptimizer"):
        inner = config.get("inner_optimizer") if isinstance(config, Mapping) else None
        if isinstance(inner, Mapping):
            return inner
    return optimizer

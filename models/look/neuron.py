"""What Keras itself computes in every layer of a dense network, to hold a calculation against.

For inspector processes only: this imports Keras and runs operations.
"""

from __future__ import annotations

from typing import Any

from kerastui.models.look import probe as probing
from kerastui.models.look.opened import opened


def outputs(
    path: str, values: list[float], experiment: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return what each layer gives for one input.

    Args:
        path: The model's file.
        values: The input as the model is given it: prepared, in the order of its numbers.
        experiment: The experiment that the model is of, as plain values.

    Returns:
        `layers`: name of the layer -> its outputs, float32, one after the other.

    Raises:
        UserError: The input has another length, or the model can't be looked into.
    """
    found = opened(path, experiment)
    probe = probing.probe(found.model)
    given = probe(probing.fed(found, probing.row(found, values)))
    return {
        "layers": {
            layer.name: output[0].reshape(-1).tolist()
            for layer, output in zip(probe.layers, given, strict=True)
        }
    }

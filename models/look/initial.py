"""The weights a training began with: they follow from the experiment's seed alone.

For inspector processes only: this imports Keras and runs operations.
"""

from __future__ import annotations

from typing import Any

import keras

from kerastui.models.look.opened import opened
from kerastui.models.network import feeding
from kerastui.models.network.building import build_model


def initial(path: str, target: str, experiment: dict[str, Any] | None = None) -> dict[str, Any]:
    """Build the model of an experiment anew, and save it untrained.

    Args:
        path: The trained model's file, by which the data is known.
        target: Where the untrained one is written, a `.keras` file.
        experiment: The experiment, as plain values.

    Returns:
        `path` of what was written.

    Raises:
        UserError: There is no experiment, no data, or the model can't be built.
    """
    found = opened(path, experiment)
    prepared = found.prepared
    assert found.experiment is not None
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(found.experiment.precision)
        x, _ = feeding.of_part(found.experiment.model, prepared, prepared.train)
        model = build_model(
            found.experiment.model, feeding.shapes(x), seed=found.experiment.seed
        )  # fmt: skip
        model.save(target)
    finally:
        keras.config.set_dtype_policy(before)
    return {"path": target}

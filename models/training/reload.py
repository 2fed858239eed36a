"""Saving a model, reading it again, and holding the copy against the original."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import SavedFormat

Outputs = Callable[[keras.Model], np.ndarray[Any, Any]]


def differences(
    model: keras.Model, formats: Sequence[SavedFormat], folder: Path, outputs: Outputs
) -> tuple[dict[str, float], keras.Model]:
    """Save a model in every format, read it again and compare what both say.

    Args:
        model: The trained model.
        formats: `keras` (model.keras), `h5` (model.h5), `json` (model.json and
            model.weights.h5).
        folder: Where the files are written; they stay there.
        outputs: What a model says, as one array.

    Returns:
        `reload.difference` and `reload.FORMAT.difference`: the largest absolute distance of any
        output, 0 where they are equal bit for bit and NaN where one of them is; and the model
        that was read last, not compiled.

    Raises:
        UserError: A file can't be written, or holds another model than was saved.
    """
    before = outputs(model)
    found: dict[str, float] = {}
    copy = model
    for name in formats:
        try:
            copy = _saved_and_read(model, name, folder)
        except OSError as error:
            raise UserError(
                f"The model can't be saved as {name}: {error.strerror or error}.",
                "Check the permissions and the free space.",
            ) from None
        except (ValueError, TypeError, NotImplementedError) as error:
            raise UserError(
                f"The model can't be read again from {name}: {str(error).partition('.')[0]}.",
                "Some layers and losses have no place in older formats; try keras.",
            ) from error
        found[f"reload.{name}.difference"] = _distance(before, outputs(copy))
    values = list(found.values())
    worst = math.nan if any(math.isnan(value) for value in values) else max(values, default=0.0)
    return {"reload.difference": worst, **found}, copy


def _saved_and_read(model: keras.Model, name: SavedFormat, folder: Path) -> keras.Model:
    if name == "json":
        structure, weights = folder / "model.json", folder / "model.weights.h5"
        # Without the way it was compiled: this file is the structure alone.
        config = {k: v for k, v in json.loads(model.to_json()).items() if k != "compile_config"}
        structure.write_text(json.dumps(config, indent=1), encoding="utf-8")
        model.save_weights(weights, overwrite=True)
        copy = keras.models.model_from_json(structure.read_text(encoding="utf-8"))
        copy.load_weights(weights)
        return copy
    path = folder / f"model.{name}"
    model.save(path, overwrite=True)
    return keras.models.load_model(path, compile=False)


def _distance(before: np.ndarray[Any, Any], after: np.ndarray[Any, Any]) -> float:
    if before.tobytes() == after.tobytes():
        return 0.0
    return float(np.max(np.abs(before - after), initial=0.0))

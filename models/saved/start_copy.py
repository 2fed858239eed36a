"""The file that an experiment begins with: one that today's Keras opens by itself.

For worker and inspector processes only: this imports Keras.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras

from kerastui.datasets.errors import UserError
from kerastui.models.preflight.outputs import activation_of
from kerastui.models.saved.load import load
from kerastui.models.saved.start import is_input, sha256_of


def prepared(path: Path, folder: Path) -> tuple[Path, list[str]]:
    """Return a file that today's Keras opens by itself: this one, or a repaired copy of it.

    A copy also takes any number of rows at once where the file's model takes a fixed number, and
    a stateful layer of it forgets from batch to batch.

    Args:
        path: The model's file.
        folder: Where a copy is written; one that is there and holds the same is taken again.

    Returns:
        The file, and what was changed on the copy, in words; nothing where it is the file itself.

    Raises:
        UserError: It can't be built, or the copy can't be written.
    """
    path = path.expanduser().absolute()
    loaded = load(path)
    fixed = [tensor.shape[0] for tensor in loaded.model.inputs if tensor.shape[0] is not None]
    changes = list(loaded.changes)
    model = loaded.model
    if fixed:
        model = _any_rows(model)
        changes.append(f"it takes any number of rows at once, not {fixed[0]} alone; layers with "
                       "a state forget it from batch to batch")  # fmt: skip
    elif not changes:
        try:
            keras.saving.load_model(path, compile=False)
        except Exception:
            changes.append("written anew by today's Keras")
        else:
            return path, []
    target = folder / f"{_stem(path)}-{sha256_of(path)[:8]}.keras"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            beside = target.with_name(f".writing-{target.name}")
            model.save(beside)
            beside.replace(target)
    except OSError as error:
        raise UserError(
            f"The repaired copy {target} can't be written: {error.strerror or error}.",
            "Check the permissions and the free space.",
        ) from None
    return target, changes


def _stem(path: Path) -> str:
    """The name that a copy begins with: what a file name may hold everywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.name.partition(".")[0])[:60] or "model"


def _any_rows(model: Any) -> Any:
    """Return the same model without a fixed number of rows, its weights included."""
    plain = keras.saving.serialize_keras_object(model)
    _open(plain)
    freed = keras.saving.deserialize_keras_object(plain, safe_mode=True)
    freed.set_weights(model.get_weights())
    if getattr(freed, "optimizer", None) is not None:
        freed.optimizer.build(freed.trainable_variables)
    return freed


def _open(value: Any) -> None:
    """Take the number of rows out of the shapes of inputs, and the states, in place."""
    if isinstance(value, dict):
        for key in ("batch_shape", "batch_input_shape", "input_shape"):
            shape = value.get(key)
            if isinstance(shape, list | tuple) and shape:
                value[key] = [None, *shape[1:]]
        if value.get("stateful"):
            value["stateful"] = False
        for item in value.values():
            _open(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _open(item)


def told(path: str, folder: str) -> dict[str, Any]:
    """Answer `model.start`: a file that an experiment can begin with, and what it is.

    Args:
        path: The file that was opened.
        folder: Where a repaired copy goes.

    Returns:
        `path` and `sha256` of the file to begin with; `changes`, what was changed on it; `inputs`
        and `outputs`, shapes without the batch axis; `layers`, each with `name`, `type` and
        `parameters`; `activation` of the last one.

    Raises:
        UserError: It can't be built or written.
    """
    file, changes = prepared(Path(path), Path(folder))
    model = keras.saving.load_model(file, compile=False)
    layers = [layer for layer in model.layers if not is_input(layer)]
    return {
        "path": str(file),
        "sha256": sha256_of(file),
        "changes": changes,
        "inputs": [list(tensor.shape[1:]) for tensor in model.inputs],
        "outputs": [list(tensor.shape[1:]) for tensor in model.outputs],
        "layers": [{"name": layer.name, "type": type(layer).__name__,
                    "parameters": int(layer.count_params())} for layer in layers],
        "activation": activation_of(layers[-1]) if layers else "linear",
    }  # fmt: skip

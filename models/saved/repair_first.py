"""Models of Keras 1: the layers that have only changed their names and those of their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastui.models.saved.model import SavedModel

_CLASSES = {
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "MaxPooling1D": "MaxPooling1D",
}  # fmt: skip

_ARGUMENTS = {
    "output_dim": "units", "init": "kernel_initializer", "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer", "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint", "bias": "use_bias", "p": "rate",
    "border_mode": "padding", "subsample": "strides", "nb_filter": "filters",
    "subsample_length": "strides", "filter_length": "kernel_size", "pool_length": "pool_size",
    "stride": "strides", "dim_ordering": "data_format", "input_dim": "", "mode": "",
    "input_dtype": "", "batch_input_shape": "", "input_length": "",
}  # fmt: skip
"""Argument of Keras 1 -> what it is called now; empty where it is no longer needed."""

_OF_EMBEDDING = {
    "input_dim": "input_dim", "output_dim": "output_dim", "init": "embeddings_initializer",
    "W_regularizer": "embeddings_regularizer", "W_constraint": "embeddings_constraint",
}  # fmt: skip
"""What of them is called otherwise in an Embedding."""

_ONLY_FIRST = frozenset({"init", "nb_filter", "border_mode"})
"""Arguments that no later Keras has."""

_ACCEPTED = frozenset({
    "Dense", "Activation", "Dropout", "Flatten", "Reshape", "Conv1D", "Conv2D", "MaxPooling1D",
    "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling2D",
    "GlobalMaxPooling2D", "ZeroPadding2D", "UpSampling2D", "Embedding", "BatchNormalization",
    "InputLayer", "Permute", "RepeatVector",
})  # fmt: skip


def is_first(model: SavedModel) -> bool:
    """Say whether a file was written by Keras 1."""
    if model.keras_version:
        return model.keras_version.startswith(("0.", "1."))
    return any(_ONLY_FIRST & set(layer.config)
               for layer in model.layers if isinstance(layer.config, Mapping))  # fmt: skip


def brought_over(
    structure: dict[str, Any], changes: list[str], refused: list[str]
) -> dict[str, Any]:
    """Return the structure of Keras 1 in the words of Keras 2.

    Args:
        structure: `class_name` and `config`, which for a stack is the list of layers.
        changes: Gets what was changed.
        refused: Gets what can't be brought over.
    """
    if structure.get("class_name") != "Sequential":
        refused.append("Graphs of Keras 1 can't be rebuilt, only stacks of layers.")
        return structure
    config = structure["config"]
    layers = config if isinstance(config, list) else config.get("layers", [])
    made: list[dict[str, Any]] = []
    for layer in layers:
        kind = str(layer.get("class_name", ""))
        now = _CLASSES.get(kind, kind)
        old = dict(layer.get("config") or {})
        if now not in _ACCEPTED:
            refused.append(f"The layer {old.get('name', kind)} ({kind}) of Keras 1 had other "
                           "weights than today's.")  # fmt: skip
            continue
        if now == "BatchNormalization" and old.get("mode", 0) != 0:
            refused.append(f"The layer {old.get('name', kind)} ({kind}) has mode = "
                           f"{old['mode']!r}, which later Keras lacks.")  # fmt: skip
            continue
        if not made and isinstance(shape := old.get("batch_input_shape"), list):
            made.append({"class_name": "InputLayer", "config": {
                "batch_input_shape": shape, "dtype": old.get("input_dtype") or "float32",
                "name": f"{old.get('name', 'layer')}_input"}})  # fmt: skip
        made.append({"class_name": now, "config": _arguments(now, old)})
    changes.append("layers and arguments of Keras 1 carry today's names")
    return {"class_name": "Sequential", "config": {"name": "model", "layers": made}}


def _arguments(kind: str, old: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a layer by their names of today."""
    now: dict[str, Any] = {}
    size = [old.pop("nb_row", None), old.pop("nb_col", None)]
    if None not in size:
        now["kernel_size"] = size
    names = _ARGUMENTS | _OF_EMBEDDING if kind == "Embedding" else _ARGUMENTS
    for name, value in old.items():
        if name == "dim_ordering":
            value = {"tf": "channels_last", "th": "channels_first"}.get(value, value)
        if target := names.get(name, name):
            now[target] = value
    return now

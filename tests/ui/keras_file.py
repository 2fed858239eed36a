"""A small `.keras` file made with h5py alone, laid out as Keras lays it out."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

XOR = (
    ("relu", [[1.25, -1.0], [1.25, -1.0]], [-1.25, 0.5]),
    ("linear", [[2.0], [0.5]], [0.25]),
)
"""Activation, kernel and bias of two dense layers."""


def dense(name: str, activation: str, units: int) -> dict[str, Any]:
    """Return what the structure says of a dense layer."""
    config = {"name": name, "units": units, "activation": activation, "use_bias": True}
    return {"module": "keras.layers", "class_name": "Dense", "config": config}


def keras_file(path: Path, layers: Any = XOR, **others: Any) -> Path:
    """Write a model of dense layers; `others` are written to the weights file by path."""
    first = len(layers[0][1])
    shape = {"batch_shape": [None, first], "name": "input_layer"}
    entries = [{"module": "keras.layers", "class_name": "InputLayer", "config": shape}]
    block = io.BytesIO()
    with h5py.File(block, "w") as file:
        for place, (activation, kernel, bias) in enumerate(layers):
            name = f"dense_{place}" if place else "dense"
            entries.append(dense(f"layer{place}", activation, len(bias)))
            file[f"layers/{name}/vars/0"] = np.asarray(kernel, np.float32)
            file[f"layers/{name}/vars/1"] = np.asarray(bias, np.float32)
        file["optimizer/vars/0"] = np.zeros(3)
        for place, value in others.items():
            file[place.replace(".", "/")] = value
    structure = {"module": "keras", "class_name": "Sequential",
                 "config": {"name": "sequential", "layers": entries}}  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(structure))
        archive.writestr("model.weights.h5", block.getvalue())
    return path

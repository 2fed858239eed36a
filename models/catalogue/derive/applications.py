"""Keras' ready-made networks, as layers of the catalogue."""

from __future__ import annotations

import inspect
from typing import Any

import keras

APPLICATION: dict[str, dict[str, Any]] = {
    "include_top": {"accepts": ["bool"], "default": False,
                    "doc": "Keep the last layers, which tell the classes apart."},
    "pooling": {"accepts": ["choice"], "choices": ["avg", "max"], "nullable": True,
                "doc": "Bring the last pictures down to one row, without a top."},
    "weights": {"accepts": ["str"], "nullable": True,
                "doc": "Path of a local .h5 file of weights; left out, they begin at random."},
    "frozen": {"accepts": ["list"], "nullable": True,
               "doc": "Layers or blocks that are not trained, by name."},
    "trainable_from": {"accepts": ["str", "int"], "nullable": True,
                       "doc": "Name or number of the first layer that is trained."},
    "trainable": {"accepts": ["bool"], "default": True, "doc": "Whether any of it is trained."},
    "input_shape": {"accepts": ["list"], "nullable": True,
                    "doc": "Rows, columns and channels, where layers before it change them."},
    "classes": {"accepts": ["int"], "default": 1000, "minimum": 1,
                "doc": "Classes that the top tells apart."},
    "classifier_activation": {"accepts": ["part"], "part": "activations", "default": "softmax",
                              "nullable": True, "doc": "Activation of the top."},
    "alpha": {"accepts": ["float"], "default": 1.0, "minimum": 0,
              "doc": "Makes every layer wider or narrower."},
    "depth_multiplier": {"accepts": ["int"], "default": 1, "minimum": 1,
                         "doc": "Filters for each channel of a depthwise convolution."},
    "dropout": {"accepts": ["float"], "default": 0.001, "minimum": 0, "maximum": 1,
                "doc": "Rate of the dropout before the top."},
    "dropout_rate": {"accepts": ["float"], "default": 0.2, "minimum": 0, "maximum": 1,
                     "doc": "Rate of the dropout before the top."},
    "minimalistic": {"accepts": ["bool"], "default": False,
                     "doc": "Without squeeze-and-excite blocks, hard swish and 5 × 5 windows."},
    "include_preprocessing": {"accepts": ["bool"], "default": True,
                              "doc": "Scale the pictures inside; they are given as 0 to 255."},
}  # fmt: skip
"""What an application takes, by Keras' name or ours (`applications.OWN`). Trying each of them out
on each network, as for layers, would take many minutes."""

_OUR_OWN = {"weights", "frozen", "trainable_from", "trainable", "input_shape"}


def applications() -> dict[str, Any]:
    """Keras' applications, as layers of a group of their own."""
    found: dict[str, Any] = {}
    for name, function in sorted(vars(keras.applications).items()):
        if not inspect.isfunction(function) or not name[0].isupper():
            continue
        taken = inspect.signature(function).parameters
        parameters = []
        for key, facts in APPLICATION.items():
            if key not in taken and key not in _OUR_OWN:
                continue
            default = taken[key].default if key in taken and key not in (
                *_OUR_OWN, "include_top") else facts.get("default")  # fmt: skip
            parameters.append({"name": key, **facts,
                               **({} if default is None else {"default": default})})  # fmt: skip
        found[name] = {
            "group": "applications",
            "doc": f"The network {name} with random weights, or with those of a local file.",
            "parameters": parameters,
        }
    return found

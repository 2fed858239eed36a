"""Keras' ready-made networks (VGG16, ResNet50, MobileNetV2 …) as one layer of a model.

In an experiment an application is a layer like any other:

    { type = "VGG16", pooling = "avg", weights = "vgg16.weights.h5",
      trainable_from = "block5_conv1" }

It begins with random weights (`weights` left out) or with those of a local HDF5 file; nothing is
ever downloaded. The top, which tells ImageNet's classes apart, is left out unless `include_top`
is set. Its input has the shape of the model's input, or `input_shape` where layers before it
change that. `frozen` names layers or blocks that are not trained (`"block1"` stands for
`block1_conv1`, `block1_conv2` …); `trainable_from` freezes every layer before the one it names,
or before that number. In plain Keras code
(`kerastui.models.code.model`):

    model = keras.Sequential([
        keras.Input(shape=x_train.shape[1:]),
        keras.applications.VGG16(include_top=False, weights="vgg16.weights.h5",
                                 input_shape=x_train.shape[1:], pooling="avg", name="vgg16"),
        layers.Dense(10, activation="softmax"),
    ])
    for layer in model.get_layer("vgg16").layers:
        if layer.name == "block5_conv1":
            break
        layer.trainable = False
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue
from kerastui.models.network.errors import Shape, first_line

GROUP = "applications"
"""The chapter of the catalogue they stand in."""

OWN = ("frozen", "trainable_from", "trainable")
"""Parameters that are not Keras' arguments: what they say is done to the finished network."""

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def is_application(type_: str) -> bool:
    """Whether a layer's type is one of Keras' applications."""
    entry = catalogue.load().get("layers", type_)
    return entry is not None and entry.group == GROUP


UNNAMED = "EfficientNetV2"
"""Networks that Keras builds under no other name than its own: it looks their sizes up by it."""


def name_of(type_: str, name: str | None) -> str:
    """The name of the network as a layer: its own, or its type in small letters."""
    if type_.startswith(UNNAMED):
        return f"efficientnetv2-{type_.removeprefix(UNNAMED).lower()}"
    return name or type_.lower()


def build(
    type_: str, parameters: Mapping[str, Any], input_shape: Sequence[int | None], *, sketch: bool
) -> Any:
    """Make the network.

    Args:
        type_: Its name in `keras.applications`.
        parameters: Those of the experiment, `name` included; checked against the catalogue.
        input_shape: Shape of the model's input, where the parameters have none.
        sketch: Only its shapes are wanted: no weights are read, and the same network is given
            again for the same parameters.

    Raises:
        UserError: The input does not suit it, the file of weights can't be used, or a layer to
            freeze is not there.
    """
    shape = tuple(parameters.get("input_shape") or input_shape)
    values = {**parameters, "input_shape": list(shape)}
    if parameters.get("weights") is not None:
        _weights_file(str(parameters["weights"]))
    if sketch:
        text = json.dumps({**values, "weights": None}, sort_keys=True)
        return _sketched(type_, text)
    return _made(type_, values)


@lru_cache(maxsize=8)
def _sketched(type_: str, parameters: str) -> Any:
    return _made(type_, json.loads(parameters))


def _made(type_: str, parameters: Mapping[str, Any]) -> Any:
    import keras

    shape: Shape = tuple(parameters["input_shape"])
    if len(shape) != 3:
        raise UserError(
            f"needs rows × columns × channels; it receives {(None, *shape)}",
            "Bring the data to pictures first: Reshape, or the channel axis step of the data's "
            "preparation.",
        )
    weights = parameters.get("weights")
    path = None if weights is None else _weights_file(str(weights))
    arguments = {name: value for name, value in parameters.items() if name not in (*OWN, "name")}
    arguments |= {"include_top": parameters.get("include_top", False), "weights": None,
                  "input_shape": shape}  # fmt: skip
    if not type_.startswith(UNNAMED):
        arguments["name"] = name_of(type_, parameters.get("name"))
    try:
        network = getattr(keras.applications, type_)(**arguments)
    except ValueError as error:
        raise _refusal(type_, shape, error) from error
    if path is not None:
        try:
            network.load_weights(path)
        except Exception as error:
            raise UserError(
                f"{path.name} does not hold the weights of this {type_}: {first_line(error)}",
                "Use the file made for the same network, with the same include_top.",
            ) from error
    _freeze(type_, network, parameters)
    network.application = type_
    return network


def smallest(error: str) -> int | None:
    """The smallest side of a picture that a refusal names."""
    match = re.search(r"at least (\d+)\s*[x×]\s*\d+", error)
    return int(match.group(1)) if match else None


def _refusal(type_: str, shape: Shape, error: ValueError) -> UserError:
    text = first_line(error)
    side = smallest(text)
    got = " × ".join(str(size) for size in shape)
    if side is not None:
        return UserError(
            f"needs pictures of at least {side}x{side}; it receives {got}",
            f"Make them larger with Resizing before it ({side} × {side} or more, and the same "
            "as its input_shape), or choose a network for smaller pictures.",
        )
    return UserError(
        f"{type_} does not take pictures of {got}: {text}", "Change its parameters."
    )  # fmt: skip


def misfit(network: Any, shapes: Sequence[Shape]) -> tuple[str, str]:
    """Say why a finished network does not take what it receives, and what would help."""
    own = " × ".join(str(size) for size in network.input_shape[1:])
    got = " and ".join(map(str, shapes))
    return f"is made for pictures of {own}; it receives {got}", "Set its input_shape to that."


def _weights_file(given: str) -> Path:
    """Return the file of weights, checked to be HDF5.

    Raises:
        UserError: It is `imagenet`, is not there, or is no HDF5 file.
    """
    if given == "imagenet":
        raise UserError(
            "Weights are not downloaded here.",
            "Download the file of weights yourself, and give its path; or leave weights out.",
        )
    path = Path(given).expanduser()
    try:
        with path.open("rb") as stream:
            begins = stream.read(len(_SIGNATURE))
    except OSError as error:
        raise UserError(
            f"The weights {given} can't be read: {error.strerror or error}.",
            "Give the path of a local .weights.h5 or .h5 file.",
        ) from error
    if begins != _SIGNATURE:
        raise UserError(
            f"{path.name} is no HDF5 file.", "Give the path of a .weights.h5 or .h5 file."
        )
    return path


# --- freezing ------------------------------------------------------------------------------


def _freeze(type_: str, network: Any, parameters: Mapping[str, Any]) -> None:
    """Set which layers are trained."""
    if not parameters.get("trainable", True):
        network.trainable = False
        return
    names = [layer.name for layer in network.layers]
    first = parameters.get("trainable_from")
    start = 0 if first is None else _number(type_, first, names)
    blocks = [str(name) for name in parameters.get("frozen") or ()]
    for block in blocks:
        if not any(_belongs(name, block) for name in names):
            raise _no_layer(type_, block, names)
    for number, layer in enumerate(network.layers):
        held = number < start or any(_belongs(layer.name, block) for block in blocks)
        if layer.trainable == held:  # layers without weights are told as well, as Keras shows
            layer.trainable = not held


def _belongs(name: str, block: str) -> bool:
    return name == block or name.startswith(f"{block}_")


def _number(type_: str, first: str | int, names: Sequence[str]) -> int:
    if isinstance(first, int):
        return first
    if first not in names:
        raise _no_layer(type_, first, names)
    return names.index(first)


def _no_layer(type_: str, name: str, names: Sequence[str]) -> UserError:
    close = difflib.get_close_matches(name, names, n=3) or list(names[1:6])
    return UserError(
        f"{type_} has no layer or block called {name!r}.", f"It has, among others: "
        f"{', '.join(close)}."
    )  # fmt: skip


# --- looking inside ------------------------------------------------------------------------


def words(network: Any) -> str:
    """What a network is, in a few words: `19 layers, 15 frozen`."""
    layers = network.layers
    frozen = sum(1 for layer in layers if layer.weights and not layer.trainable_weights)
    held = f", {frozen} frozen" if frozen else ""
    return f"{len(layers)} layers{held}"


def output_activation(network: Any) -> str:
    """The activation of a network's last layer; `linear` for none."""
    function = getattr(network.layers[-1], "activation", None)
    return str(getattr(function, "__name__", "linear"))


def activations(network: Any) -> int:
    """Numbers that its layers give for one sample, which training keeps for the way back."""
    total = 0
    for layer in network.layers:
        tensors = layer.output if isinstance(layer.output, list) else [layer.output]
        total += sum(math.prod(size or 1 for size in tensor.shape[1:]) for tensor in tensors)
    return total

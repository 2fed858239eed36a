"""Layers as they are typed in one line: `conv2d 32 3 relu`, `bidirectional lstm 64`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kerastui.models.catalogue import catalogue, check
from kerastui.tui.widgets.form_fields import read

GROUPS = (
    "core", "convolutional", "pooling", "recurrent", "normalization", "regularization",
    "reshaping", "merging", "activations", "attention", "preprocessing", "image preprocessing",
)  # fmt: skip
"""The chapters of Keras' documentation, in the order in which they are listed."""

USED = (
    "Dense", "Embedding", "Conv2D", "MaxPooling2D", "Flatten", "Dropout", "BatchNormalization",
    "LSTM", "GRU", "Bidirectional", "GlobalAveragePooling2D", "GlobalAveragePooling1D", "Conv1D",
    "MaxPooling1D", "Reshape", "Concatenate", "Add", "Activation", "ReLU", "LayerNormalization",
    "Rescaling", "SimpleRNN", "TimeDistributed", "SeparableConv2D", "UpSampling2D",
    "MultiHeadAttention", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation",
)  # fmt: skip
"""Layers that are used most, which stand before others of their chapter."""

_FIT = {
    0: ("Dense", "Conv2D", "Flatten", "LSTM", "Embedding", "Dropout"),
    1: ("Dense", "Dropout", "BatchNormalization", "Activation", "Reshape", "GaussianNoise"),
    2: ("LSTM", "GRU", "Bidirectional", "Conv1D", "MaxPooling1D", "GlobalAveragePooling1D",
        "Flatten", "Dense"),
    3: ("Conv2D", "MaxPooling2D", "Flatten", "Dropout", "BatchNormalization",
        "GlobalAveragePooling2D", "SeparableConv2D"),
    4: ("Conv3D", "MaxPooling3D", "ConvLSTM2D", "Flatten", "GlobalAveragePooling3D"),
}  # fmt: skip
MERGES = ("Add", "Concatenate", "Multiply", "Average", "Maximum", "Subtract", "Dot")


@dataclass(frozen=True)
class Place:
    """Where a layer is to be put.

    Attributes:
        shape: What it will receive, without the batch axis; None where that is not known.
        words: It will receive numbers of words, which only an `Embedding` understands.
        joins: It will receive several inputs.
        after: What it comes after, for the title.
    """

    shape: tuple[int | None, ...] | None = None
    words: bool = False
    joins: bool = False
    after: str = ""

    def fitting(self) -> tuple[str, ...]:
        """Return the names of the layers that are used most at such a place."""
        if self.joins:
            return MERGES
        usual = _FIT.get(len(self.shape) if self.shape is not None else 0, _FIT[0])
        return ("Embedding", *usual) if self.words else usual


def ordered() -> list[catalogue.Entry]:
    """Return all layers, chapter by chapter, the most used first."""
    place = {name: index for index, name in enumerate(USED)}
    chapters = {name: index for index, name in enumerate(GROUPS)}
    return sorted(
        catalogue.entries("layers"),
        key=lambda one: (
            chapters.get(one.group, len(chapters)), place.get(one.name, len(place)), one.name
        ),
    )  # fmt: skip


def split(text: str) -> tuple[list[str], list[str]]:
    """Part what is typed into the words that are searched and the values that follow them."""
    parts = re.findall(r"\S*[\[{(][^\])}]*[\])}]|\S+", text)
    for index, part in enumerate(parts):
        if index and _is_value(part, parts[0]):
            return parts[:index], parts[index:]
    return parts, []


def _is_value(part: str, first: str) -> bool:
    if part[0].isdigit() or part[0] in "-.[{(" or "=" in part:
        return True
    entry = named(first)
    if entry is None:
        return False
    known = catalogue.load().get("activations", part.lower()) is not None
    choices = any(part.lower() in parameter.choices for parameter in entry.parameters)
    return known or choices or (entry.parameter("layer") is not None and named(part) is not None)


def named(text: str) -> catalogue.Entry | None:
    """Return the layer that is called so, whatever the case."""
    found = [one for one in catalogue.entries("layers") if one.name.lower() == text.lower()]
    return found[0] if found else None


def found(words: Sequence[str], place: Place | None = None) -> list[catalogue.Entry]:
    """Return the layers in whose name or chapter every word occurs, the best first.

    Where there is none, the sentences about them are searched too. Of 1D, 2D and 3D those come
    first that fit what the place receives.
    """
    needles = [word.lower() for word in words]
    joined = "".join(needles)

    def rank(entry: catalogue.Entry) -> tuple[bool, bool, bool]:
        name = entry.name.lower()
        return (name != joined, not name.startswith(joined), needles[0] not in name)

    entries = ordered()
    hits = [
        entry for entry in entries
        if all(needle in f"{entry.name} {entry.group}".lower() for needle in needles)
    ] or [
        entry for entry in entries
        if all(needle in f"{entry.name} {entry.doc}".lower() for needle in needles)
    ]  # fmt: skip
    used = {name: index for index, name in enumerate(USED)}
    sizes = f"{len(place.shape) - 1}D" if place and place.shape else "2D"

    def unfit(entry: catalogue.Entry) -> bool:
        size = re.search(r"[123]D", entry.name)
        return size is not None and size.group() != sizes

    return sorted(
        hits,
        key=lambda entry: (rank(entry), unfit(entry), used.get(entry.name, len(used))),
    )


def layer_from(entry: catalogue.Entry, values: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return the layer that the values after its name make, and what is wrong with them.

    Numbers go to the parameters in Keras' order; names of activations and other choices where
    they belong; `name=value` to that parameter; what follows the name of a layer in a wrapper is
    that layer's.

    Args:
        entry: The layer.
        values: What was typed after its name.

    Returns:
        The layer as plain values, and a sentence, empty where all is well but for what is missing.
    """
    layer: dict[str, Any] = {"type": entry.name}
    positional = [
        parameter.name for parameter in entry.parameters
        if {"int", "float", "list", "any"} & set(parameter.accepts)
        and parameter.name not in ("dtype", "seed")
    ]  # fmt: skip
    for index, word in enumerate(values):
        name, equals, text = word.partition("=")
        inner = named(word)
        if equals:
            layer[name] = _number(text)
        elif word[0].isdigit() or word[0] in "-.[(":
            if not positional:
                return layer, f"{entry.name} has no place for {word}."
            layer[positional.pop(0)] = _number(word)
        elif entry.parameter("layer") and inner and "layer" not in layer:
            nested, problem = layer_from(inner, values[index + 1 :])
            layer["layer"] = nested
            return layer, problem
        elif parameter := next((p for p in entry.parameters if word.lower() in p.choices), None):
            layer[parameter.name] = word.lower()
        elif entry.parameter("activation"):
            layer["activation"] = word
        else:
            return layer, f"{entry.name} has no place for {word}."
    parameters = {name: value for name, value in layer.items() if name != "type"}
    wrong = [
        problem for problem in check.check("layers", entry.name, parameters)
        if problem.received != "nothing"
    ]  # fmt: skip
    return layer, wrong[0].sentence.partition(": ")[2] or wrong[0].sentence if wrong else ""


def _number(text: str) -> Any:
    if re.fullmatch(r"\d+(?:[x×]\d+)+", text):
        return [int(part) for part in re.split("[x×]", text)]
    return read(text.replace("(", "[").replace(")", "]"))

"""Keras' refusals of a model in plain words: which layer, what it receives, what would help."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kerastui.datasets.errors import UserError

Shape = tuple[int | None, ...]

# What the axes of a tensor mean, by how many there are (the batch axis counts).
AXES = {
    2: "one row of numbers",
    3: "steps × features",
    4: "rows × columns × channels",
    5: "depth × rows × columns × channels",
}


class LayerError(UserError):
    """A layer that cannot be made, or that does not fit what it receives.

    Attributes:
        where: Its place in the experiment, such as `model.layers.2`.
        received: The shapes it receives, with the batch axis; empty when it was not reached.
    """

    def __init__(self, message: str, hint: str, where: str, received: Sequence[Any] = ()) -> None:
        super().__init__(message, hint)
        self.where = where
        self.received = tuple(received)


def first_line(error: BaseException) -> str:
    """What an exception of Keras says, without colours, wrapping and list of arguments."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    text = re.sub(r"^Exception encountered when calling .*?\n+", "", text)
    text = text.split("\n\nArguments received")[0]
    line = " ".join(text.split())
    return (line if len(line) <= 300 else line[:299] + "…") or type(error).__name__


def out_of_memory(error: BaseException) -> bool:
    """Whether a backend says that there is not enough memory."""
    names = ("ResourceExhaustedError", "MemoryError", "OutOfMemoryError")
    return type(error).__name__ in names or "OOM when allocating" in str(error)


def explain(
    error: Exception, layer: Any, shapes: Sequence[Shape], previous: Any = None
) -> tuple[str, str]:
    """Say why a layer does not take what it receives, and what would help.

    Args:
        error: What Keras raised.
        layer: The layer.
        shapes: What it receives, with the batch axis.
        previous: The layer before it in a stack, if there is one.

    Returns:
        A sentence without the layer's name, and a cure.
    """
    text, type_ = first_line(error), type(layer).__name__
    shape = shapes[0] if shapes else ()
    got = f"it receives {' and '.join(map(str, shapes))}"
    if type_.endswith(("Cell", "Cells")):
        return (
            "is the inside of a recurrent layer and is no layer by itself",
            "Put it into RNN, as its cell.",
        )
    rank = re.search(r"expected (?:min_|max_)?ndim=(\d+)", text)
    if rank or "at least 3 dimensions" in text:
        wanted = int(rank.group(1)) if rank else 3
        axes = AXES.get(wanted, f"{wanted - 1} axes")
        return f"needs {axes}; {got}", _rank_cure(wanted, shape, previous)
    if "single required positional argument" in text or "should be called on a list" in text:
        return (
            f"joins several inputs; {got}, and a stack has only one to give",
            "Make the model a graph and connect the inputs to this node.",
        )
    if len(shapes) > 1 and re.search(r"expects 1 input|1 input\(s\)", text):
        if previous is not None:
            return (
                f"takes one input; the layer before it gives {len(shapes)}",
                "Set return_state to false in the layer before it.",
            )
        return f"takes one input; {got}", "Join them first, with Concatenate or Add."
    if (
        "output size would be" in text
        or "output_size <= 0" in text
        or "must be smaller than" in text
    ):
        return (
            f"its window is larger than the picture or series; {got}",
            'Use a smaller kernel or pool size, padding = "same", or fewer pooling layers before.',
        )
    if "total size of the tensor must be unchanged" in text:
        count = _count(shape)
        target = getattr(layer, "target_shape", ())
        return (
            f"cannot turn {count} numbers into {list(target)}; {got}",
            f"The target shape must multiply to {count}; -1 stands for 'whatever is left'.",
        )
    if "must be fully-defined" in text:
        return (
            f"needs a fixed size for its weights; {got}, where None is open",
            "Give the input a fixed length (Pad, Window), or use GlobalAveragePooling1D before.",
        )
    if len(shapes) > 1 and re.search(r"incompatible|matching shapes", text, re.I):
        return (
            f"its inputs do not fit together; {got}",
            "All must have the same shape (Concatenate: but for one axis). "
            "Bring them there with Dense, Reshape, Flatten or pooling.",
        )
    if out_of_memory(error):
        return f"its weights do not fit into memory; {got}", "Use fewer units or filters."
    return f"{type_} does not take {' and '.join(map(str, shapes))}: {text}", _CURE


_CURE = "Change its parameters, or the layer before it."


def _rank_cure(wanted: int, shape: Shape, previous: Any) -> str:
    """What brings a tensor with these axes to the wanted number of axes."""
    found, recurrent = len(shape), hasattr(previous, "return_sequences")
    forward = getattr(previous, "forward_layer", None)  # Bidirectional
    if wanted == 3 and found == 2:
        if recurrent or hasattr(forward, "return_sequences"):
            return "Set return_sequences to true in the recurrent layer before it."
        return (
            f"Add Reshape with target_shape = [{shape[1]}, 1] before it, Embedding for numbers "
            "of words, or cut the data into windows."
        )
    if wanted == 4 and found == 3:
        return (
            f"Add a channel: Reshape with target_shape = [{shape[1]}, {shape[2]}, 1] before it, "
            "or the channel axis step of the data's preparation. For series use Conv1D."
        )
    if wanted == 4 and found == 2:
        return "Add Reshape to rows, columns and channels before it, or use Dense for plain rows."
    if wanted < found:
        return "Add Flatten or a global pooling layer before it."
    return f"Add Reshape to {wanted - 1} axes before it."


def _count(shape: Shape) -> str:
    total = 1
    for size in shape[1:]:
        if size is None:
            return "an open number of"
        total *= size
    return str(total)

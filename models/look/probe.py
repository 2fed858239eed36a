"""A model with the outputs of all its layers, and the samples it is given.

For inspector processes only: this imports Keras and runs operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import SequentialModel
from kerastui.models.look.opened import Opened
from kerastui.models.network import feeding

if TYPE_CHECKING:
    from kerastui.datasets.prepared import Part

PARTS = ("test", "validation", "train")

_FUNCTIONS = {"ReLU": "relu", "Softmax": "softmax"}


@dataclass
class Probe:
    """What every layer gives.

    Attributes:
        layers: The layers whose outputs are seen, in the model's order.
        model: Gives the output of each of them.
        unseen: Names of layers that stand in several places, so that there is no one output.
    """

    layers: list[Any]
    model: Any
    unseen: list[str]

    def __call__(self, fed: Any) -> list[NDArray[Any]]:
        """Return the output of each layer for a batch, in inference mode; rows first."""
        outputs = keras.tree.flatten(self.model(_tensors(fed), training=False))
        return [np.asarray(keras.ops.convert_to_numpy(one)) for one in outputs]

    @property
    def size(self) -> int:
        """Numbers in all outputs for one sample, where the shapes are known."""
        shapes = [tensor.shape[1:] for tensor in self.model.outputs]
        return sum(int(np.prod([axis or 1 for axis in shape])) for shape in shapes)


def probe(model: keras.Model) -> Probe:
    """Look into a model at every layer.

    Raises:
        UserError: It is no graph of layers, so that its outputs within are not known.
    """
    if not getattr(model, "inputs", None):
        raise UserError(
            f"What is within this model ({type(model).__name__}) is not known to Keras.",
            "Models made of layers, one after the other or as a graph, can be looked into.",
        )
    seen = _of_stack(model) if isinstance(model, keras.Sequential) else _of_graph(model)
    unseen = [layer.name for layer, tensor in seen if tensor is None]
    known = [(layer, tensor) for layer, tensor in seen if tensor is not None]
    if not known:
        raise UserError("There is no layer whose output could be seen.")
    tensors = [keras.tree.flatten(tensor)[0] for _, tensor in known]
    return Probe([layer for layer, _ in known], keras.Model(model.inputs, tensors), unseen)


def _of_stack(model: keras.Model) -> list[tuple[Any, Any]]:
    """Return each layer with its output: called again, for a layer keeps the output of its first
    call, and a stack calls its layers whenever one is added."""
    found, tensor = [], model.inputs[0]
    for layer in model.layers:
        tensor = layer(tensor)
        found.append((layer, tensor))
    return found


def _of_graph(model: keras.Model) -> list[tuple[Any, Any]]:
    """Return each layer with its output; None for one that is called in several places."""
    calls = {entry["name"]: len(entry["inbound_nodes"]) for entry in model.get_config()["layers"]}
    return [
        (layer, layer.output if calls[layer.name] == 1 else None)
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def activation(layer: Any) -> str:
    """Return the name of a layer's activation; empty where its outputs are not those of one."""
    kind = type(layer).__name__
    if kind in _FUNCTIONS:
        return _FUNCTIONS[kind]
    if isinstance(layer, keras.layers.RNN):
        return ""
    return str(getattr(getattr(layer, "activation", None), "__name__", ""))


def fed(found: Opened, x: NDArray[Any]) -> Any:
    """Return prepared inputs as the model takes them."""
    if found.experiment is None:
        return x
    return feeding.inputs(found.experiment.model, x, found.prepared.feature_names)


def part_of(found: Opened, name: str = "") -> tuple[str, Part]:
    """Return a part of the data; without a name the first that there is of `PARTS`.

    Raises:
        UserError: There is no experiment, no data, or no such part.
    """
    for one in [name] if name else PARTS:
        part: Part | None = getattr(found.prepared, one, None)
        if part is not None and len(part.x):
            return one, part
    raise UserError(f"There is no {name or 'test'} part in the data of this experiment.",
                    "Choose another part.")  # fmt: skip


def sample(found: Opened, part: str, index: int) -> tuple[str, Any]:
    """Return what a sample of the data is called, and the sample as a batch of one.

    Args:
        found: The model.
        part: A part of the data, or `predict` for the inputs that the experiment predicts.
        index: Number of the row, or of the prediction, from 0.

    Raises:
        UserError: There is no such sample.
    """
    if part == "predict":
        asked = found.experiment.afterwards.predict if found.experiment else []
        typed = [(one.label, one.values) for one in asked if one.values is not None]
        if not 0 <= index < len(typed):
            raise UserError(f"There is no input {index} among those that are predicted.",
                            f"There are {len(typed)}.")  # fmt: skip
        label, values = typed[index]
        return label or f"input {index}", found.prepared.encode(values)
    name, rows = part_of(found, part)
    if not 0 <= index < len(rows.x):
        raise UserError(f"There is no sample {index:,} in the {name} part.",
                        f"Choose from 0 to {len(rows.x) - 1:,}.")  # fmt: skip
    label = rows.names[index] if rows.names else f"{name} {index:,}"
    return label, rows.x[index : index + 1]


def row(found: Opened, values: Sequence[float]) -> NDArray[np.float32]:
    """Return numbers, as the model is given them, as a batch of one.

    Raises:
        UserError: They are more or fewer than the model takes.
    """
    shapes = keras.tree.flatten([tensor.shape[1:] for tensor in found.model.inputs])
    wanted = [axis or 1 for axis in shapes]
    several = found.experiment is not None and not isinstance(
        found.experiment.model, SequentialModel
    )
    if not several and int(np.prod(wanted)) != len(values):
        raise UserError(f"The model takes {int(np.prod(wanted)):,} numbers, {len(values):,} "
                        "were given.")  # fmt: skip
    flat = np.asarray(values, np.float32)
    return flat[None] if several else flat.reshape(1, *wanted)


def _tensors(fed: Any) -> Any:
    return (
        {name: keras.ops.convert_to_tensor(one) for name, one in fed.items()}
        if isinstance(fed, dict)
        else keras.ops.convert_to_tensor(fed)
    )

"""What a model looks like before and after it is built: rows, shapes, parameters, memory.

`shapes` answers from the experiment alone, without making a single weight; `summary` reads a
built model. Both give the same rows, plain enough to travel as JSON. For workers only: Keras is
imported on use.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import GraphModel, Part, SequentialModel
from kerastui.models.network import applications
from kerastui.models.network.building import Shapes, Step, steps, type_of
from kerastui.models.network.errors import LayerError
from kerastui.models.network.parts import make

if TYPE_CHECKING:
    import keras

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One layer of a summary.

    Attributes:
        name: The layer's name in Keras.
        type: Its class.
        text: Its key parameters: `10 relu`, `32 3×3 relu`.
        output_shape: With the batch axis, which is None; a list of shapes for several outputs.
        parameters: Number of weights, trainable or not.
        trainable: Number of weights that training changes.
        inputs: Names of the layers or inputs that feed it.
        where: Its place in the experiment; empty in the summary of a built model.
    """

    name: str
    type: str
    text: str
    output_shape: list[Any]
    parameters: int
    trainable: int
    inputs: list[str]
    where: str = ""


@dataclass(frozen=True)
class ModelSummary:
    """All rows of a model, as far as it could be followed.

    Attributes:
        inputs: Shapes of the inputs by name, with the batch axis.
        rows: The layers in order.
        outputs: Names of the layers that give the outputs.
        parameters: Number of all weights; a shared layer counts once.
        trainable: Number of weights that training changes.
        problem: Why it ends before the last layer; empty when it does not.
        cure: What would help.
        where: The field of the experiment that the problem is about.
    """

    inputs: dict[str, list[int | None]]
    rows: list[Row]
    outputs: list[str]
    parameters: int
    trainable: int
    problem: str = ""
    cure: str = ""
    where: str = ""


@dataclass(frozen=True)
class Memory:
    """An estimate of what training needs, in bytes.

    Attributes:
        weights: All weights.
        gradients: One number for each trainable weight.
        optimizer: What the optimizer keeps for each trainable weight.
        activations: Outputs of all layers for one batch, kept for the way back.
        data: What is kept on the device for the whole run.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    data: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.data


def abstractly(work: Callable[[], T]) -> T:
    """Do something with Keras without making weights and without moving any random state.

    Inside a stateless scope Keras only notes which weights it would make. The scope and the notes
    belong to a thread, so a thread of its own leaves nothing behind that a later scope of the
    caller would fill with numbers.

    Raises:
        Exception: Whatever `work` raises.
    """
    import keras

    result: list[T] = []
    failure: list[BaseException] = []

    policy = keras.config.dtype_policy()  # belongs to a thread too

    def run() -> None:
        try:
            keras.config.set_dtype_policy(policy)
            with keras.StatelessScope(initialize_variables=False):
                result.append(work())
        except BaseException as error:
            failure.append(error)

    state = random.getstate()  # layers draw their seeds from here when they are made
    try:
        thread = threading.Thread(target=run, name="abstract-keras")
        thread.start()
        thread.join()
    finally:
        random.setstate(state)
    if failure:
        raise failure[0]
    return result[0]


def follow(
    model: SequentialModel | GraphModel, input_shape: Shapes
) -> tuple[list[Step], UserError | None]:
    """Apply the layers to symbolic inputs as far as they fit, without making weights.

    Args:
        model: The experiment's model.
        input_shape: Shape of one sample without the batch axis, or one for each input's name.

    Returns:
        The layers that fit, in order, and what is wrong with the next one.
    """

    def work() -> tuple[list[Step], UserError | None]:
        done: list[Step] = []
        try:
            for step in steps(model, input_shape):
                done.append(step)
        except UserError as error:
            return done, error
        return done, None

    return abstractly(work)


def shapes(model: SequentialModel | GraphModel, input_shape: Shapes) -> ModelSummary:
    """Summarise a model from the experiment alone: fast, and no matter how large it would be.

    Args:
        model: The experiment's model.
        input_shape: Shape of one sample without the batch axis, or one for each input's name.

    Returns:
        The rows as far as the layers fit, and what is wrong with the next one.
    """
    done, error = follow(model, input_shape)
    return summarise(model, done, error)


def summarise(
    model: SequentialModel | GraphModel, done: Sequence[Step], error: UserError | None
) -> ModelSummary:
    """The summary of what `follow` returned."""
    names: dict[int, str] = {}
    owners: dict[int, str] = {}
    inputs: dict[str, list[int | None]] = {}
    rows = []
    for step in done:
        sources = []
        for tensor in _flat(step.received):
            if id(tensor) not in names:
                name = _input_name(model, tensor, inputs)
                names[id(tensor)] = name
                inputs[name] = list(tensor.shape)
            sources.append(names[id(tensor)])
        node = _node_name(model, step.where) or step.layer.name
        for tensor in _flat([step.output]):
            names[id(tensor)] = node
        row = _row(step.layer, step.output, node, sources, step.where)
        first = owners.setdefault(id(step.layer), node)
        if first != node:  # its weights are counted where they were made
            row = replace(row, text=f"shares {first}", parameters=0, trainable=0)
        rows.append(row)
    if isinstance(model, GraphModel):
        outputs = list(model.outputs)
    else:
        outputs = [rows[-1].name] if rows else []
    layers = {id(step.layer): step.layer for step in done}.values()
    total, trainable = _counts(layers)
    return ModelSummary(
        inputs, rows, outputs, total, trainable,
        problem=error.message if error else "",
        cure=error.hint if error else "",
        where=error.where if isinstance(error, LayerError) else "",
    )  # fmt: skip


def summary(model: keras.Model) -> ModelSummary:
    """Summarise a built model.

    Args:
        model: A built Keras model; loaded ones from elsewhere too.
    """
    import keras

    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    rows = []
    for layer in layers:
        output = getattr(layer, "output", None) if getattr(layer, "built", False) else None
        rows.append(_row(layer, output, layer.name, [], ""))
    total, trainable = _counts([model])
    tensors = _flat(model.inputs)
    inputs = {t.name if len(tensors) > 1 else "input": list(t.shape) for t in tensors}
    names = list(getattr(model, "output_names", [])) or [row.name for row in rows[-1:]]
    return ModelSummary(inputs, rows, names, total, trainable)


def _input_name(model: SequentialModel | GraphModel, tensor: Any, known: Iterable[str]) -> str:
    if isinstance(model, GraphModel):
        names = [entry.name for entry in model.inputs]
        if tensor.name in names:
            return str(tensor.name)
        return next(name for name in names if name not in known)
    return "input"


def _node_name(model: SequentialModel | GraphModel, where: str) -> str:
    """The node's own name, which differs from its layer's where a layer is shared."""
    if isinstance(model, GraphModel):
        return model.nodes[int(where.rsplit(".", 1)[1])].name
    return ""


def _flat(tensors: Any) -> list[Any]:
    if isinstance(tensors, Mapping):
        tensors = list(tensors.values())
    if isinstance(tensors, (list, tuple)):
        return [one for item in tensors for one in _flat(item)]
    return [] if tensors is None else [tensors]


def _row(layer: Any, output: Any, name: str, inputs: list[str], where: str) -> Row:
    tensors = _flat(output)
    shape: list[Any] = [list(tensor.shape) for tensor in tensors]
    parameters, trainable = _counts([layer])
    return Row(
        name=name,
        type=type_of(layer),
        text=key_text(layer),
        output_shape=shape[0] if len(shape) == 1 else shape,
        parameters=parameters,
        trainable=trainable,
        inputs=inputs,
        where=where,
    )


def _counts(layers: Iterable[Any]) -> tuple[int, int]:
    """Numbers in all weights, and in those that training changes."""
    total = trainable = 0
    for layer in layers:
        total += sum(math.prod(v.shape) for v in layer.weights)
        trainable += sum(math.prod(v.shape) for v in layer.trainable_weights)
    return total, trainable


# --- key parameters ------------------------------------------------------------------------

# Worth showing though they have a default, and not worth showing though they differ from it.
_SHOWN = {"pool_size", "activation", "n"}
_HIDDEN = {"name", "dtype", "trainable", "data_format", "seed", "weights", "cell", "cells"}


def key_text(layer: Any) -> str:
    """The parameters that tell a layer from others of its class: `32 3×3 relu`.

    Args:
        layer: A Keras layer; layers that are not Keras' own give an empty text.
    """
    entry = catalogue.load().get("layers", type_of(layer))
    if entry is None:
        return ""
    if entry.group == applications.GROUP:
        return applications.words(layer)
    inner = getattr(layer, "layer", None) or getattr(layer, "forward_layer", None)
    if inner is not None:
        return f"{type(inner).__name__} {key_text(inner)}".strip()
    config = layer.get_config()
    words = []
    for parameter in entry.parameters:
        value = config.get(parameter.name)
        if parameter.name in _HIDDEN or value is None or value == "linear":
            continue
        if parameter.name == "strides" and _same(value, config.get("pool_size")):
            continue  # Keras fills in the pool size where no strides are given
        shown = parameter.required or parameter.name in _SHOWN
        if not shown and _same(value, parameter.default):
            continue
        if parameter.part in ("initializers", "regularizers", "constraints"):
            name = value.get("class_name", "") if isinstance(value, Mapping) else str(value)
            default = catalogue.load().get(parameter.part, str(parameter.default))
            if name and not (default and default.name == name):
                words.append(name)
        elif isinstance(value, (bool, int, float, str, list, tuple)):
            bare = shown or parameter.part == "activations"
            words.append(_show(value) if bare else f"{parameter.name} {_show(value)}")
    return " ".join(words)


def _same(value: Any, default: Any) -> bool:
    """Whether a configured value is the default; 1 and (1, 1) say the same."""
    if isinstance(value, (list, tuple)) and isinstance(default, (int, float)):
        return all(_same(item, default) for item in value)
    if isinstance(value, (list, tuple)) and isinstance(default, (list, tuple)):
        return list(value) == list(default)
    return bool(value == default)


def _show(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(item, int) for item in value):
            return "×".join(map(str, value))
        return " ".join(_show(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


# --- memory --------------------------------------------------------------------------------


def optimizer_slots(optimizer: Part) -> int:
    """How many numbers an optimizer keeps for each weight, asked of the optimizer itself.

    Args:
        optimizer: The experiment's optimizer.

    Raises:
        UserError: The optimizer is not in the catalogue or cannot be made.
    """
    import keras

    weight = keras.Variable(initializer="zeros", shape=(3, 5), name="weight")
    made = keras.optimizers.get(make("optimizers", optimizer, "compile.optimizer"))
    made.build([weight])
    return sum(1 for v in made.variables if tuple(v.shape) == (3, 5))


def memory_estimate(
    done: Sequence[Step], batch_size: int, slots: int, data_bytes: int = 0
) -> Memory:
    """Estimate the memory that training takes.

    Args:
        done: The layers, from `follow`.
        batch_size: Samples in a batch.
        slots: Numbers the optimizer keeps for each weight, from `optimizer_slots`.
        data_bytes: What is kept on the device for the whole run, such as the training data.
    """
    layers = {id(step.layer): step.layer for step in done}.values()
    trainable = sum(_bytes(v) for layer in layers for v in layer.trainable_weights)
    weights = sum(_bytes(v) for layer in layers for v in layer.weights)
    activations = sum(_activation_bytes(step) for step in done) * batch_size
    return Memory(weights, trainable, trainable * slots, activations, data_bytes)


def _bytes(variable: Any) -> int:
    return int(math.prod(variable.shape)) * _item_bytes(variable.dtype)


def _item_bytes(dtype: str) -> int:
    digits = "".join(filter(str.isdigit, str(dtype)))
    return max(1, int(digits) // 8) if digits else 1


def _activation_bytes(step: Step) -> int:
    """Bytes that one sample's outputs of a layer take; recurrent layers keep every step's gates."""
    if applications.is_application(type_of(step.layer)):
        return applications.activations(step.layer) * _item_bytes(str(step.layer.compute_dtype))
    numbers: int = sum(math.prod(d or 1 for d in t.shape[1:]) for t in _flat([step.output]))
    for layer in (step.layer, *(getattr(step.layer, n, None) for n in
                                ("forward_layer", "backward_layer"))):  # fmt: skip
        kernel = getattr(getattr(layer, "cell", None), "recurrent_kernel", None)
        if kernel is not None and len(step.received[0].shape) == 3:
            numbers += int(step.received[0].shape[1] or 1) * int(kernel.shape[-1])
    return numbers * _item_bytes(str(step.layer.compute_dtype))

"""The part of an exported script that makes the model: layers, graph, compile, callbacks.

What is written here makes the same Keras objects in the same order as `building`, so that the
script draws the same initial weights from the same seed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue
from kerastui.models.code.layout import (
    Expression,
    Group,
    call,
    collection,
    identifier,
    literal,
    mapping,
    one_line,
    statement,
    text,
)
from kerastui.models.experiment.schema import (
    Compile,
    FileModel,
    GraphModel,
    Layer,
    Node,
    Part,
    SequentialModel,
)
from kerastui.models.network import applications, feeding

TUPLES = frozenset(
    {
        *("kernel_size", "pool_size", "strides", "dilation_rate", "padding", "cropping", "size"),
        *("target_shape", "output_shape", "output_size", "output_padding", "noise_shape", "dims"),
    }
)
"""Parameters that Keras' documentation writes as tuples."""


def keras_object(kind: str, type_: str, parameters: Mapping[str, Any]) -> Expression:
    """Return the expression of a Keras object; a bare name where Keras looks it up itself.

    Raises:
        UserError: The catalogue has no such object.
    """
    entry = catalogue.find(kind, type_)
    if entry.by_name and not parameters:
        return text(type_)
    positional: list[Expression] = []
    named: dict[str, Expression] = {}
    required = [parameter.name for parameter in entry.parameters if parameter.required]
    # The order of the experiment is kept: nested objects draw their seeds in this order.
    for index, (name, value) in enumerate(parameters.items()):
        expression = _value(entry.parameter(name), name, value)
        if entry.name == "LearningRateScheduler" and name == "schedule":
            expression = f"lambda epoch, rate: float({one_line(expression)}(epoch))"
        if not named and index < len(required) and name == required[index]:
            positional.append(expression)
        else:
            named[name] = expression
    return call(f"{_module(kind)}.{entry.name}", positional, named)


def part(kind: str, value: Part) -> Expression:
    """Return the expression of an experiment's part, a layer's own name included."""
    parameters = value.parameters
    if isinstance(value, Layer) and value.name is not None:
        parameters["name"] = value.name
    return keras_object(kind, value.type, parameters)


def layer_made(layer: Layer, shape: str) -> Expression:
    """Return the expression of a layer; an application gets the shape of the model's input."""
    if not applications.is_application(layer.type):
        return part("layers", layer)
    parameters = layer.parameters
    given = parameters.pop("input_shape", None)
    named: dict[str, Expression] = {
        "include_top": literal(parameters.pop("include_top", False)),
        "weights": literal(parameters.pop("weights", None)),
        "input_shape": literal(tuple(given)) if given else shape,
    }
    for name, value in parameters.items():
        if name not in applications.OWN:
            named[name] = literal(value)
    named["name"] = text(applications.name_of(layer.type, layer.name))
    return call(f"keras.applications.{layer.type}", named=named)


def freezing_lines(layers: Collection[Layer]) -> list[str]:
    """Return the lines that freeze what is not trained of the applications among the layers."""
    lines: list[str] = []
    for layer in layers:
        values = layer.parameters
        if not applications.is_application(layer.type):
            continue
        network = f"model.get_layer({text(applications.name_of(layer.type, layer.name))})"
        if not values.get("trainable", True):
            lines.append(f"{network}.trainable = False")
            continue
        first, blocks = values.get("trainable_from"), values.get("frozen")
        if isinstance(first, int):
            lines += [f"for layer in {network}.layers[:{first}]:", "    layer.trainable = False"]
        elif first is not None:
            lines += [f"for layer in {network}.layers:", f"    if layer.name == {text(first)}:",
                      "        break", "    layer.trainable = False"]  # fmt: skip
        for block in blocks or ():
            begin = text(f"{block}_")
            lines += [f"for layer in {network}.layers:",
                      f"    if layer.name == {text(str(block))} or layer.name.startswith({begin}):",
                      "        layer.trainable = False"]  # fmt: skip
    return lines


def _module(kind: str) -> str:
    """How the script reaches a kind of Keras objects; layers are imported by themselves."""
    if kind == "layers":
        return "layers"
    return "keras.optimizers.schedules" if kind == "schedules" else f"keras.{kind}"


def _value(parameter: catalogue.Parameter | None, name: str, value: Any) -> Expression:
    if parameter is not None and parameter.part:
        if "parts" in parameter.accepts and isinstance(value, list | tuple):
            return collection(_nested(parameter, item) for item in value)
        if isinstance(value, Mapping | str):
            return _nested(parameter, value)
    return literal(_tuples(value) if name in TUPLES else value)


def _nested(parameter: catalogue.Parameter, value: Any) -> Expression:
    if isinstance(value, Mapping):
        rest = {key: item for key, item in value.items() if key != "type"}
        return keras_object(parameter.part, str(value.get("type")), rest)
    if value in parameter.choices:
        return text(value)
    return keras_object(parameter.part, value, {})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


# --- models --------------------------------------------------------------------------------


def model_lines(
    model: SequentialModel | GraphModel,
    shape: str | Mapping[str, str],
    taken: Collection[str] = (),
) -> list[str]:
    """Return the lines that make `model`.

    Args:
        model: The experiment's model.
        shape: The expression of one sample's shape, or one for each input's name.
        taken: Names that the script already uses.
    """
    if isinstance(model, GraphModel):
        return _Graph(model, shape, taken).lines
    assert isinstance(shape, str)  # a stack has one input
    if isinstance(model, FileModel):
        from kerastui.models.code.file import file_lines

        return file_lines(model, shape)
    made = [layer_made(layer, shape) for layer in model.active]
    items = collection([f"keras.Input(shape={shape})", *made])
    lines = statement("model = ", call("keras.Sequential", [items]))
    return [*lines, *freezing_lines(model.active)]


class _Graph:
    """The lines of a graph, with a variable of its own for every tensor and shared layer."""

    def __init__(
        self, model: GraphModel, shape: str | Mapping[str, str], taken: Collection[str]
    ) -> None:
        self.model = model
        self.lines: list[str] = []
        self.shape = ""  # of the first input, which applications take
        self.variables: dict[str, str] = {}
        self.layers: dict[str, tuple[str, str]] = {}
        self.taken = {"layers", "model", *taken}
        self.shared = {node.shares for node in model.nodes if node.shares}
        for entry in model.inputs:
            of_data = shape if isinstance(shape, str) else shape[entry.name]
            own = literal(tuple(entry.shape)) if entry.shape else of_data
            self.shape = self.shape or one_line(own)
            made = call("keras.Input", named={"shape": own, "name": text(entry.name)})
            self.lines += statement(f"{self._variable(entry.name)} = ", made)
        for node in model.nodes:
            self._node(node)
        inputs = [self.variables[entry.name] for entry in model.inputs]
        outputs = [self._output(name) for name in model.outputs]
        self.lines += statement(
            "model = ", call("keras.Model", [_one_or_list(inputs), _one_or_list(outputs)])
        )
        self.lines += freezing_lines([n for n in model.nodes if not n.disabled and not n.shares])

    def _variable(self, name: str) -> str:
        variable = self._fresh(name)
        self.variables[name] = variable
        return variable

    def _fresh(self, name: str) -> str:
        variable = identifier(name, self.taken)
        self.taken.add(variable)
        return variable

    def _node(self, node: Node) -> None:
        sources = [self.variables[name] for name in node.inputs]
        if node.disabled:
            self.variables[node.name] = sources[0]
            return
        if node.shares is not None:
            if node.shares not in self.layers:
                raise UserError(
                    f"Node {node.name!r} shares the layer of {node.shares!r}, which has none.",
                    "Share the layer of a node that stands before it and is switched on.",
                )
            self.layers[node.name] = self.layers[node.shares]
        else:
            self.layers[node.name] = (node.type, self._fresh(f"{node.name}_layer"))
        type_, variable = self.layers[node.name]
        called = self._arguments(type_, sources)
        made: Expression
        if node.shares is None and node.name not in self.shared:
            layer = layer_made(node, self.shape)
            assert isinstance(layer, Group)  # only names stay names, and a layer never does
            made = Group(layer.opening, layer.items, f"{layer.closing}({called})")
        else:
            if node.shares is None:
                self.lines += statement(f"{variable} = ", layer_made(node, self.shape))
            made = f"{variable}({called})"
        self.lines += statement(f"{self._variable(node.name)} = ", made)

    def _arguments(self, type_: str, sources: list[str]) -> str:
        """What a layer is called with: its source, a list, or one by one (attention)."""
        separate = catalogue.find("layers", type_).inputs
        if len(separate) > 1:
            return ", ".join(sources * len(separate) if len(sources) == 1 else sources)
        return sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"

    def _output(self, name: str) -> str:
        """The variable of an output; renamed where its layer goes by another name."""
        own = feeding.own_name(self.model, name)
        if not own:
            return self.variables[name]
        variable = self._fresh(f"{name}_output")
        renamed = call("layers.Identity", named={"name": text(own)})
        self.lines.append(f"{variable} = {one_line(renamed)}({self.variables[name]})")
        return variable


def _one_or_list(names: list[str]) -> Expression:
    return names[0] if len(names) == 1 else collection(names)


# --- compile -------------------------------------------------------------------------------


def compile_lines(spec: Compile, model: SequentialModel | GraphModel) -> list[str]:
    """Return the lines that compile `model`; one loss stands for every output."""
    outputs = feeding.output_names(model) if isinstance(model, GraphModel) else ["output"]
    loss: Expression
    if isinstance(spec.loss, dict):
        loss = mapping({text(name): part("losses", value) for name, value in spec.loss.items()})
    elif len(outputs) > 1:
        loss = mapping({text(name): part("losses", spec.loss) for name in outputs})
    else:
        loss = part("losses", spec.loss)
    arguments = {"optimizer": part("optimizers", spec.optimizer), "loss": loss}
    if spec.metrics:
        made = {
            name: collection(part("metrics", metric) for metric in spec.metrics_of(name))
            for name in outputs if spec.metrics_of(name)
        }  # fmt: skip
        several = len(outputs) > 1
        arguments["metrics"] = (
            mapping({text(name): one for name, one in made.items()}) if several
            else made[outputs[0]]
        )  # fmt: skip
    if spec.loss_weights is not None:
        arguments["loss_weights"] = literal(spec.loss_weights)
    return statement("", call("model.compile", named=arguments))


def callback_lines(callbacks: list[Part]) -> list[str]:
    """Return the lines that make the list `callbacks`."""
    return statement("callbacks = ", collection(part("callbacks", item) for item in callbacks))

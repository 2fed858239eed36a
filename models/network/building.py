"""Turn an experiment's model and compile parts into Keras objects, in a worker.

When randomness is drawn: `build_model(..., seed=s)` calls `keras.utils.set_random_seed(s)` and
then makes the layers in the order they are written. Each layer draws its seeds when it is made,
so a script that says `keras.utils.set_random_seed(s)` and then makes the same layers in the same
order gets the same initial weights, bit for bit. Nothing here draws anything in between: names
stay names for Keras to look up itself, disabled layers are not made, and a nested object is made
just before the layer that takes it, in the order its parameters are written.

Keras is imported by the functions that need it, so that importing this module costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue, check
from kerastui.models.experiment.schema import (
    Compile,
    FileModel,
    GraphModel,
    Layer,
    Node,
    SequentialModel,
)
from kerastui.models.network import applications, feeding
from kerastui.models.network.errors import LayerError, Shape, explain, first_line, out_of_memory
from kerastui.models.network.parts import make, plain
from kerastui.models.saved import start

if TYPE_CHECKING:
    import keras

Shapes = Shape | Mapping[str, Shape]
"""Shape of one sample, without the batch axis; a mapping where there are several inputs."""


@dataclass(frozen=True)
class Step:
    """One layer as it is applied.

    Attributes:
        where: Its place in the experiment, such as `model.nodes.0`.
        label: How it is called in a sentence: `layer 3, Conv2D 'conv'`.
        layer: The Keras layer.
        received: The symbolic tensors it takes.
        output: The symbolic tensor it gives (a list for layers that give several).
    """

    where: str
    label: str
    layer: Any
    received: tuple[Any, ...]
    output: Any


def build_model(
    model: SequentialModel | GraphModel, input_shape: Shapes, *, seed: int | None
) -> keras.Model:
    """Build a model with its initial weights.

    Args:
        model: The experiment's model.
        input_shape: Shape of one sample, without the batch axis, or one for each input's name.
        seed: Keras' random seed, set before the first layer is made; None leaves Keras' random
            state alone (the weights then follow from whatever was drawn before).

    Raises:
        LayerError: A layer cannot be made or does not fit what it receives.
        UserError: The model as a whole cannot be built.
    """
    import keras

    if seed is not None:
        keras.utils.set_random_seed(seed)
    if isinstance(model, FileModel):
        return _on_file(model, input_shape)
    if isinstance(model, SequentialModel):
        shape = _only_shape(input_shape)
        layers = list(_make_layers(model, shape))
        _needs_layers(layers)
        source = _input(shape)
        try:
            return keras.Sequential([source, *(layer for _, _, layer in layers)])
        except Exception as error:
            if out_of_memory(error):  # trying again would wait for memory again
                raise UserError(
                    "The weights of the model do not fit into memory.",
                    hint="Use fewer units or filters, or pooling before the largest Dense layer.",
                ) from error
            for _ in _stack(layers, source):  # find the layer, and say it in plain words
                pass
            raise UserError(
                f"The model cannot be built: {first_line(error)}",
                hint="Look at the shapes on the Model screen.",
            ) from error
    tensors = _inputs(model, input_shape)
    sources = list(tensors.values())
    for _ in _graph(model, tensors):
        pass
    outputs = [
        keras.layers.Identity(name=own)(tensors[name]) if own else tensors[name]
        for name in model.outputs for own in [feeding.own_name(model, name)]
    ]  # fmt: skip
    return keras.Model(sources if len(sources) > 1 else sources[0],
                       outputs if len(outputs) > 1 else outputs[0])  # fmt: skip


def steps(model: SequentialModel | GraphModel, input_shape: Shapes) -> Iterator[Step]:
    """Apply the layers one after another to symbolic inputs.

    Args:
        model: The experiment's model.
        input_shape: As for `build_model`.

    Yields:
        Each layer that is switched on, once it fits.

    Raises:
        LayerError: At the first layer that cannot be made or does not fit.
    """
    if isinstance(model, FileModel):
        yield from _file_steps(model, input_shape)
    elif isinstance(model, SequentialModel):
        shape = _only_shape(input_shape)
        source = _input(shape)
        yield from _stack(_make_layers(model, shape, sketch=True), source)
    else:
        yield from _graph(model, _inputs(model, input_shape), sketch=True)


def _on_file(model: FileModel, input_shape: Shapes) -> Any:
    """The model of a file as it is, or what is left of it with new layers on top."""
    import keras

    base = start.base_of(model)
    start.check_input(base, input_shape)
    if not model.cut and not model.active:
        return base
    new = _new_layers(model, base, input_shape, sketch=False)
    if start.is_stack(base):
        left = start.kept(base, model.cut)
        return keras.Sequential([base.inputs[0], *left, *(layer for _, _, layer in new)])
    end = start.end_of(base, model.cut)
    for step in _stack(new, end):
        end = step.output
    sources = list(base.inputs)
    return keras.Model(sources[0] if len(sources) == 1 else sources, end)


def _file_steps(model: FileModel, input_shape: Shapes) -> Iterator[Step]:
    base = start.sketch_of(model)
    start.check_input(base, input_shape)
    end = base.inputs[0]
    for place, layer in enumerate(start.kept(base, model.cut)):
        where, label = f"{start.WHERE}.{place}", f"{type(layer).__name__} {layer.name!r}"
        if start.is_stack(base):
            source, end = end, layer(end)
            yield Step(where, label, layer, (source,), end)
        elif not start.is_input(layer):
            yield Step(where, label, layer, tuple(_flat([layer.input])), layer.output)
    if model.active:
        end = end if start.is_stack(base) else start.end_of(base, model.cut)
        yield from _stack(_new_layers(model, base, input_shape, sketch=True), end)


def _new_layers(
    model: FileModel, base: Any, input_shape: Shapes, *, sketch: bool
) -> Iterator[tuple[str, str, Any]]:
    taken = [layer.name for layer in base.layers]
    shape = () if isinstance(input_shape, Mapping) else input_shape
    for place, spec in start.named(model, taken):
        where, label = f"model.layers.{place}", _label(place, model.layers[place])
        yield where, label, _make_layer(spec, where, label, shape, sketch=sketch)


def _make_layers(
    model: SequentialModel, shape: Shape, *, sketch: bool = False
) -> Iterator[tuple[str, str, Any]]:
    for index, spec in enumerate(model.layers):
        if not spec.disabled:
            where, label = f"model.layers.{index}", _label(index, spec)
            yield where, label, _make_layer(spec, where, label, shape, sketch=sketch)


def _needs_layers(layers: Sequence[Any]) -> None:
    if not layers:
        raise UserError("The model has no layer.", hint="Add one, for example Dense.")


def _make_layer(spec: Layer, where: str, label: str, shape: Shape, *, sketch: bool) -> Any:
    """Make a layer; an application gets the shape of the model's input."""
    if not applications.is_application(spec.type):
        try:
            return make("layers", spec, where)
        except UserError as error:
            raise LayerError(error.message, error.hint, where) from error
    type_, parameters = plain(spec)
    problems = check.check("layers", type_, parameters, where)
    if problems:
        raise LayerError(problems[0].sentence, problems[0].cure, where)
    try:
        return applications.build(type_, parameters, shape, sketch=sketch)
    except UserError as error:
        message = f"{label}: {error.message}"
        raise LayerError(message, error.hint, where, [(None, *shape)]) from error


def type_of(layer: Any) -> str:
    """The type of a layer as the catalogue knows it."""
    return str(getattr(layer, "application", None) or type(layer).__name__)


def _label(index: int, spec: Layer) -> str:
    name = f" '{spec.name}'" if spec.name else ""
    return f"layer {index + 1}, {spec.type}{name}"


def _stack(layers: Iterable[tuple[str, str, Any]], source: Any) -> Iterator[Step]:
    tensor = source
    previous = None
    for where, label, layer in layers:
        received = (tensor,)
        wanted = catalogue.find("layers", type_of(layer)).inputs
        if wanted and not type(layer).__name__.endswith(("Cell", "Cells")):
            raise LayerError(
                f"{label}: takes {len(wanted)} inputs ({', '.join(wanted)}); a stack of layers "
                "has only one to give.",
                "Make the model a graph and connect both, or use another layer.", where,
                [tuple(tensor.shape)],
            )  # fmt: skip
        tensor = _apply(layer, received, where, label, previous)
        previous = layer
        yield Step(where, label, layer, received, tensor)


def _graph(model: GraphModel, tensors: dict[str, Any], *, sketch: bool = False) -> Iterator[Step]:
    """Apply the nodes in order, adding what each gives to `tensors`."""
    layers: dict[str, Any] = {}
    shape: Shape = tuple(next(iter(tensors.values())).shape[1:])
    for index, node in enumerate(model.nodes):
        where, label = f"model.nodes.{index}", _label(index, node)
        received = tuple(tensors[name] for name in node.inputs)
        if node.disabled:
            if len(received) > 1:
                raise LayerError(
                    f"{label} is switched off, but it takes {len(received)} inputs, so there is "
                    "no single one to hand on.",
                    "Switch it on, or connect the nodes after it to one of its inputs.", where,
                )  # fmt: skip
            tensors[node.name] = received[0]
            continue
        layer = _shared(node, layers, where, label, shape, sketch=sketch)
        layers[node.name] = layer
        output = _apply(layer, received, where, label, None)
        tensors[node.name] = output
        yield Step(where, label, layer, received, output)


def _shared(
    node: Node, layers: Mapping[str, Any], where: str, label: str, shape: Shape, *, sketch: bool
) -> Any:
    if node.shares is None:
        return _make_layer(node, where, label, shape, sketch=sketch)
    if node.shares not in layers:
        raise LayerError(
            f"{label} shares the layer of {node.shares!r}, which is an input or switched off.",
            f"Nodes with a layer before it: {', '.join(layers) or 'none'}.", where,
        )  # fmt: skip
    return layers[node.shares]


def _apply(
    layer: Any, received: tuple[Any, ...], where: str, label: str, previous: Any
) -> Any:  # fmt: skip
    separate = catalogue.find("layers", type_of(layer)).inputs
    try:
        if separate:
            # Attention over itself: one source stands for query and value alike.
            tensors = received * len(separate) if len(received) == 1 else received
            return layer(*tensors)
        return layer(received[0] if len(received) == 1 else list(received))
    except Exception as error:
        shapes = [tuple(tensor.shape) for tensor in _flat(received)]
        if applications.is_application(type_of(layer)):
            sentence, hint = applications.misfit(layer, shapes)
        else:
            sentence, hint = explain(error, layer, shapes, previous)
        raise LayerError(f"{label}: {sentence}", hint, where, shapes) from error


def _flat(tensors: Sequence[Any]) -> list[Any]:
    return [one for t in tensors for one in (t if isinstance(t, (list, tuple)) else [t])]


def _only_shape(input_shape: Shapes) -> Shape:
    if isinstance(input_shape, Mapping):
        if len(input_shape) != 1:
            raise UserError(
                f"The data has {len(input_shape)} inputs ({', '.join(input_shape)}), "
                "but a stack of layers takes one.",
                hint="Use a graph with an input for each.",
            )
        return tuple(next(iter(input_shape.values())))
    return tuple(input_shape)


def _input(shape: Shape, name: str | None = None) -> Any:
    import keras

    try:
        return keras.Input(shape=shape, name=name)
    except Exception as error:
        raise UserError(
            f"{shape!r} is no shape of a sample: {first_line(error)}",
            hint="A shape is a list of whole numbers, such as [28, 28, 1].",
        ) from error


def _inputs(model: GraphModel, input_shape: Shapes) -> dict[str, Any]:
    tensors = {}
    for spec in model.inputs:
        shape: Shape
        if spec.shape:
            shape = tuple(spec.shape)
        elif not isinstance(input_shape, Mapping):
            shape = tuple(input_shape)
        elif spec.name in input_shape:
            shape = tuple(input_shape[spec.name])
        elif len(model.inputs) == len(input_shape) == 1:
            shape = _only_shape(input_shape)
        else:
            raise UserError(
                f"The data has no array for the input {spec.name!r}.",
                hint=f"It has: {', '.join(input_shape)}. Or give the input a shape of its own.",
            )
        tensors[spec.name] = _input(shape, spec.name)
    return tensors


# --- compile -------------------------------------------------------------------------------


def compile_model(model: keras.Model, spec: Compile, **overrides: Any) -> keras.Model:
    """Compile a model as an experiment says.

    With several outputs, one loss or one list of metrics stands for every output.

    Args:
        model: A built model.
        spec: The experiment's compile part.
        **overrides: More arguments for `model.compile`, such as `jit_compile`; they win.

    Returns:
        The same model.

    Raises:
        UserError: A part is wrong, or a loss names an output the model does not have.
    """
    names = list(getattr(model, "output_names", ["output"]))  # a stack has no names
    loss: Any
    if isinstance(spec.loss, dict):
        _known_outputs(spec.loss, "compile.loss", names)
        loss = {n: make("losses", part, f"compile.loss.{n}") for n, part in spec.loss.items()}
    elif len(names) > 1:
        loss = {name: make("losses", spec.loss, "compile.loss") for name in names}
    else:
        loss = make("losses", spec.loss, "compile.loss")
    if isinstance(spec.metrics, dict):
        _known_outputs(spec.metrics, "compile.metrics", names)
    if spec.loss_weights is not None:
        _known_outputs(spec.loss_weights, "compile.loss_weights", names)
    metrics: Any
    if len(names) > 1:
        metrics = {name: _metrics(spec, name) for name in names if spec.metrics_of(name)}
    else:
        metrics = _metrics(spec, names[0])
    arguments = {
        "optimizer": make("optimizers", spec.optimizer, "compile.optimizer"),
        "loss": loss,
        "metrics": metrics,
        "loss_weights": spec.loss_weights,
        **overrides,
    }
    try:
        model.compile(**arguments)
    except Exception as error:
        raise UserError(
            f"Keras cannot compile the model: {first_line(error)}",
            hint="Check optimizer, loss and metrics on the Train screen.",
        ) from error
    return model


def _known_outputs(named: Mapping[str, Any], where: str, names: Sequence[str]) -> None:
    unknown = [name for name in named if name not in names]
    if unknown:
        raise UserError(
            f"{where} names the output {unknown[0]!r}, which the model does not have.",
            hint=f"Its outputs: {', '.join(names)}.",
        )


def _metrics(spec: Compile, output: str) -> list[Any]:
    """The metrics of an output, made."""
    where = f"compile.metrics.{output}" if isinstance(spec.metrics, dict) else "compile.metrics"
    parts = spec.metrics_of(output)
    return [make("metrics", part, f"{where}.{i}") for i, part in enumerate(parts)]

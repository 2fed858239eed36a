"""Changes that make a layer fit what it receives: tried on the model, and only offered if they do.

A cure is a `Cure`: words for a key, and changes for `Experiment.changed`. For workers only:
candidates are tried with Keras' own shape inference, without making a weight.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.editing.stack import fresh, layers_of, own_names, with_layers
from kerastui.models.experiment.schema import Experiment, GraphModel
from kerastui.models.network import applications
from kerastui.models.network.building import Shapes
from kerastui.models.network.errors import LayerError, Shape
from kerastui.models.network.summary import follow
from kerastui.models.preflight.facts import Cure, Facts

MOST = 3
"""So many cures are offered for one layer."""

_PICTURES = ("2D", "Random", "CenterCrop", "Resizing")
_STEPS = ("1D", "LSTM", "GRU", "RNN", "Bidirectional", "TimeDistributed", "Attention")

LayerValues = dict[str, Any]


def shape_cures(experiment: Experiment, data: Facts, error: LayerError) -> tuple[Cure, ...]:
    """Return what lets a layer take what it receives, the usual way first.

    Args:
        experiment: The experiment whose model does not fit together.
        data: Facts about its prepared data.
        error: What is wrong with the first layer that does not fit.

    Returns:
        At most three; each was tried, and brings the model past this layer.
    """
    found: list[Cure] = []
    for cure in _candidates(experiment, data, error):
        if len(found) < MOST and _helps(experiment, data.input_shape, error.where, cure):
            found.append(cure)
    return tuple(found)


def row_cures(
    experiment: Experiment, data: Facts, learner: str, end: str, shape: Shape
) -> tuple[Cure, ...]:
    """Return what brings an output with several axes down to one row of numbers.

    Args:
        experiment: The experiment, whose layers fit together.
        data: Facts about its prepared data.
        learner: The last layer with weights. The axes have to go before it, else it makes its
            numbers for each of their places.
        end: The layer that gives the output: the same, or one without weights behind it.
        shape: What it gives, with the batch axis.
    """
    layers = layers_of(experiment)
    recurrent = [i for i, layer in enumerate(layers) if layer.get("return_sequences")]
    candidates = []
    if recurrent:
        path = f"{list_path(experiment)}.{recurrent[-1]}.return_sequences"
        candidates.append(Cure("let the last recurrent layer give its last step", {path: False}))
    found = [cure for cure in candidates if _gives_rows(experiment, data, cure)]
    for where in dict.fromkeys((learner, end)):
        place = layer_at(experiment, where)
        if place is None:
            continue
        before = f"before {'it' if where == end else place[1]}"
        added = ["Flatten"]
        if 3 <= len(shape) <= 5:
            added.append(f"GlobalAveragePooling{len(shape) - 2}D")
        inserted = [
            insert(experiment, place[0], {"type": layer}, f"add {layer} {before}")
            for layer in added
        ]
        helping = [cure for cure in inserted if _gives_rows(experiment, data, cure)]
        if helping:
            return (*found, *helping)
    return tuple(found)


def _gives_rows(experiment: Experiment, data: Facts, cure: Cure) -> bool:
    done, error = follow(experiment.changed(cure.changes).model, data.input_shape)
    return error is None and len(done[-1].output.shape) == 2


def _candidates(experiment: Experiment, data: Facts, error: LayerError) -> Iterator[Cure]:
    place = layer_at(experiment, error.where)
    if place is None:
        return
    index, type_ = place
    shape: Shape = tuple(error.received[0]) if error.received else ()
    if applications.is_application(type_):
        yield from _for_application(experiment, index, shape, error)
        return
    if len(error.received) > 1:
        yield from _merging(experiment, index, error.received)
        return
    if type_.endswith(("Cell", "Cells")):
        yield _into_rnn(experiment, index)
        return
    yield from _sequences(experiment, index, shape)
    for words, layer in _bringing(type_, shape, data):
        yield insert(experiment, index, layer, words)
    yield from _parameters(experiment, index, shape)


def _for_application(
    experiment: Experiment, index: int, shape: Shape, error: LayerError
) -> Iterator[Cure]:
    """Pictures made large enough, or given the channel that is missing."""
    layers = layers_of(experiment)
    path = f"{list_path(experiment)}.{index}"
    side, least = applications.smallest(error.message), 32
    if side is not None and len(shape) == 4:
        size = [side, side, shape[3]]
        resizing = {"type": "Resizing", "height": side, "width": side}
        words = f"add Resizing to {side} × {side} before it"
        sized = {**layers[index], "input_shape": size}
        if not isinstance(experiment.model, GraphModel):
            both = [*layers[:index], resizing, sized, *layers[index + 1 :]]
            yield Cure(words, {"model.layers": both})
        else:
            made = insert(experiment, index, resizing, words)
            yield Cure(words, {**made.changes, f"model.nodes.{index + 1}.input_shape": size})
    elif len(shape) == 3 and None not in shape[1:]:
        grey = {"type": "Reshape", "target_shape": [*shape[1:], 1]}
        rows, columns = max(least, shape[1] or 0), max(least, shape[2] or 0)
        resizing = {"type": "Resizing", "height": rows, "width": columns}
        sized = {**layers[index], "input_shape": [rows, columns, 1]}
        if not isinstance(experiment.model, GraphModel):
            new = [*layers[:index], grey, resizing, sized, *layers[index + 1 :]]
            yield Cure("add a channel, and Resizing, before it", {"model.layers": new})
    elif len(shape) == 4:
        yield Cure("take the shape it receives", {f"{path}.input_shape": list(shape[1:])})


def _into_rnn(experiment: Experiment, index: int) -> Cure:
    """A cell that stands alone, put into the layer that steps through a series with it."""
    layers = layers_of(experiment)
    cell = {k: v for k, v in layers[index].items() if k not in ("name", "from", "disabled")}
    named = {k: v for k, v in layers[index].items() if k in ("name", "from", "disabled")}
    new = _replaced(layers, index, [{**named, "type": "RNN", "cell": cell}])
    return Cure("put it into RNN", {list_path(experiment): new})


def _bringing(type_: str, shape: Shape, data: Facts) -> Iterator[tuple[str, LayerValues]]:
    """Layers that bring a tensor to other axes, put before the one that wants them."""
    axes = len(shape)
    if axes == 2:
        count = shape[1] or 1
        if type_.startswith(_STEPS) or any(word in type_ for word in _STEPS):
            if data.input_whole and data.input_minimum >= 0 and data.input_maximum > 1:
                most = int(data.input_maximum) + 1
                yield "add Embedding before it", {"type": "Embedding", "input_dim": most,
                                                  "output_dim": 16}  # fmt: skip
            yield f"add Reshape to {count} steps", {"type": "Reshape",
                                                    "target_shape": [count, 1]}  # fmt: skip
        if any(word in type_ for word in _PICTURES):
            side = math.isqrt(count)
            for channels in (1, 3):
                side = math.isqrt(count // channels)
                if side * side * channels == count and side > 1:
                    size = [side, side, channels]
                    yield f"add Reshape to {side} × {side} × {channels}", {
                        "type": "Reshape", "target_shape": size,
                    }  # fmt: skip
    elif axes == 3 and any(word in type_ for word in _PICTURES) and None not in shape[1:]:
        yield "add a channel before it", {"type": "Reshape", "target_shape": [*shape[1:], 1]}
    if axes > 2:
        yield "add Flatten before it", {"type": "Flatten"}
        pool = f"GlobalAveragePooling{axes - 2}D"
        if axes <= 5:
            yield f"add {pool} before it", {"type": pool}
    if axes == 4:
        steps = None if None in shape[1:] else [shape[1], (shape[2] or 1) * (shape[3] or 1)]
        if steps:
            yield "add Reshape to steps before it", {"type": "Reshape", "target_shape": steps}


def _sequences(experiment: Experiment, index: int, shape: Shape) -> Iterator[Cure]:
    """A recurrent layer before it that gives its last step only."""
    layers = layers_of(experiment)
    before = _before(experiment, index)
    if len(shape) != 2 or before is None:
        return
    layer = layers[before]
    inner, path = layer, f"{list_path(experiment)}.{before}"
    if isinstance(layer.get("layer"), dict):
        inner, path = layer["layer"], f"{path}.layer"
    if inner["type"] in ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM2D"):
        words = f"let the {inner['type']} before it give every step"
        yield Cure(words, {f"{path}.return_sequences": True})


def _parameters(experiment: Experiment, index: int, shape: Shape) -> Iterator[Cure]:
    """Parameters of the layer itself that stand in the way."""
    layer = layers_of(experiment)[index]
    path = f"{list_path(experiment)}.{index}"
    if layer["type"] == "Conv2D" and len(shape) in (2, 3):
        new, named = _simpler(layer, len(shape))
        words = f"use {new['type']} instead"
        path_of_list = list_path(experiment)
        layers = layers_of(experiment)
        yield Cure(words, {path_of_list: _replaced(layers, index, [{**named, **new}])})
    if "Conv" in layer["type"] or "Pooling" in layer["type"]:
        if layer.get("padding") != "same":
            yield Cure('set padding to "same"', {f"{path}.padding": "same"})
        yield remove(experiment, index, f"take {layer['type']} out")
    if layer["type"] == "Reshape" and None not in shape[1:]:
        target = list(layer.get("target_shape", []))
        total = math.prod(size or 1 for size in shape[1:])
        rest = math.prod(size for size in target[:-1] if size > 0)
        if target and total % max(1, rest) == 0:
            size = [*target[:-1], total // max(1, rest)]
            yield Cure(f"set target_shape to {size}", {f"{path}.target_shape": size})
    if layer["type"] in ("LSTM", "GRU", "SimpleRNN") and len(shape) == 4:
        wrapped = {"type": "TimeDistributed", "layer": {"type": "Flatten"}}
        yield insert(experiment, index, wrapped, "flatten each step before it")


def _simpler(layer: LayerValues, axes: int) -> tuple[LayerValues, LayerValues]:
    """A layer for fewer axes in place of Conv2D, and what names and connects it."""
    named: LayerValues = {k: v for k, v in layer.items() if k in ("name", "from", "disabled")}
    kept: LayerValues = {k: v for k, v in layer.items() if k == "activation"}
    if axes == 2:
        return {"type": "Dense", "units": layer["filters"], **kept}, named
    size = layer["kernel_size"]
    size = size[0] if isinstance(size, list) else size
    return {"type": "Conv1D", "filters": layer["filters"], "kernel_size": size, **kept}, named


def _merging(experiment: Experiment, index: int, received: Sequence[Any]) -> Iterator[Cure]:
    """Inputs of a merge that do not have the same shape."""
    model = experiment.model
    if not isinstance(model, GraphModel):
        return
    nodes = layers_of(experiment)
    node = nodes[index]
    if node["type"] != "Concatenate" and len({len(shape) for shape in received}) == 1:
        changed = {**node, "type": "Concatenate"}
        yield Cure("use Concatenate instead", {"model.nodes": _replaced(nodes, index, [changed])})
    flat: list[LayerValues] = []
    sources = []
    for source, shape in zip(node["from"], received, strict=False):
        if len(shape) <= 2:
            sources.append(source)
            continue
        name = fresh_name(experiment, f"{source}_flat", flat)
        flat.append({"name": name, "type": "Flatten", "from": [source]})
        sources.append(name)
    if flat:
        both = [*flat, {**node, "from": sources}]
        yield Cure("add Flatten before it", {"model.nodes": _replaced(nodes, index, both)})
    if node["type"] != "Concatenate" and not flat:
        width = max(shape[-1] or 1 for shape in received)
        dense: list[LayerValues] = []
        sources = []
        for source, shape in zip(node["from"], received, strict=False):
            if shape[-1] == width:
                sources.append(source)
                continue
            name = fresh_name(experiment, f"{source}_to_{width}", dense)
            dense.append({"name": name, "type": "Dense", "units": width, "from": [source]})
            sources.append(name)
        both = [*dense, {**node, "from": sources}]
        words = f"bring them to {width} with Dense"
        yield Cure(words, {"model.nodes": _replaced(nodes, index, both)})


def _helps(experiment: Experiment, input_shape: Shapes, where: str, cure: Cure) -> bool:
    """Whether the layers behind the place that was wrong are reached now."""
    try:
        model = experiment.changed(cure.changes).model
    except Exception:  # a candidate that makes no experiment is none
        return False
    _, error = follow(model, input_shape)
    if error is None:
        return True
    if not isinstance(error, LayerError):
        return False
    before = len(layers_of(experiment))
    after = len(model.nodes if isinstance(model, GraphModel) else model.layers)
    return _number(error.where) > _number(where) + max(0, after - before)


# --- places in a model ---------------------------------------------------------------------


def list_path(experiment: Experiment) -> str:
    """The path of the list of layers: `model.layers`, or `model.nodes` of a graph."""
    return "model.nodes" if isinstance(experiment.model, GraphModel) else "model.layers"


def layer_at(experiment: Experiment, where: str) -> tuple[int, str] | None:
    """The number and the type of the layer that a field belongs to, or None."""
    parts = where.split(".")
    if len(parts) < 3 or ".".join(parts[:2]) != list_path(experiment) or not parts[2].isdigit():
        return None
    index = int(parts[2])
    layers = layers_of(experiment)
    return (index, str(layers[index]["type"])) if index < len(layers) else None


def insert(experiment: Experiment, index: int, layer: LayerValues, words: str) -> Cure:
    """The change that puts a layer before the layer or node number `index`."""
    layers = layers_of(experiment)
    moved: dict[int, int | None] = {old: old + (old >= index) for old in range(len(layers))}
    if not isinstance(experiment.model, GraphModel):
        new = [*layers[:index], layer, *layers[index:]]
        return Cure(words, _changes(experiment, new, moved))
    node = layers[index]
    name = fresh_name(experiment, str(layer["type"]).lower())
    added = {"name": name, "from": node["from"][:1], **layer}
    changed = {**node, "from": [name, *node["from"][1:]]}
    return Cure(words, _changes(experiment, _replaced(layers, index, [added, changed]), moved))


def _changes(
    experiment: Experiment, layers: list[LayerValues], moved: dict[int, int | None]
) -> dict[str, Any]:
    """Another list of layers, with a study's variants speaking of the same layers as before."""
    changes: dict[str, Any] = {list_path(experiment): layers}
    if experiment.study is None:
        return changes
    try:
        study = with_layers(experiment, layers, moved).study
    except UserError:  # such layers make no experiment, which whoever makes the change will see
        return changes
    if study is not None and study != experiment.study:
        changes["study"] = study.model_dump(mode="json", by_alias=True, exclude_none=True)
    return changes


def remove(experiment: Experiment, index: int, words: str) -> Cure:
    """The change that takes a layer out; a graph's nodes behind it get its first input."""
    layers = layers_of(experiment)
    moved: dict[int, int | None] = {
        old: None if old == index else old - (old > index) for old in range(len(layers))
    }
    if not isinstance(experiment.model, GraphModel):
        return Cure(words, _changes(experiment, _replaced(layers, index, []), moved))
    gone, source = layers[index]["name"], layers[index]["from"][0]
    rest = [
        {**node, "from": [source if name == gone else name for name in node["from"]]}
        for node in _replaced(layers, index, [])
    ]
    outputs = [source if name == gone else name for name in experiment.model.outputs]
    return Cure(words, {"model.nodes": rest, "model.outputs": outputs})


def fresh_name(
    experiment: Experiment, wanted: str, beside: Sequence[LayerValues] = ()
) -> str:  # fmt: skip
    """A name that no node and no input of the graph has yet."""
    taken = own_names([*layers_of(experiment), *beside])
    if isinstance(experiment.model, GraphModel):
        taken += [entry.name for entry in experiment.model.inputs]
    return fresh(wanted, taken)


def _replaced(
    layers: Sequence[LayerValues], index: int, new: Sequence[LayerValues]
) -> list[LayerValues]:  # fmt: skip
    return [*layers[:index], *new, *layers[index + 1 :]]


def _before(experiment: Experiment, index: int) -> int | None:
    """The number of the layer that feeds a layer, or None."""
    layers = layers_of(experiment)
    if isinstance(experiment.model, GraphModel):
        names = [str(layer["name"]) for layer in layers]
        source = layers[index]["from"][0]
        return names.index(source) if source in names else None
    active = [i for i in range(index) if not layers[i].get("disabled")]
    return active[-1] if active else None


def _number(where: str) -> int:
    return int(where.split(".")[2])

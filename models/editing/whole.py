"""Changes of a whole model: another one in its place, a stack into a graph and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.editing.stack import (
    Edited,
    each_path,
    follow_paths,
    fresh,
    is_graph,
    keep_outputs,
    layers_of,
    list_of,
    own_names,
    snake,
)
from kerastui.models.experiment.schema import Experiment, FileModel, GraphModel
from kerastui.models.experiment.toml import parse


def replace_model(experiment: Experiment, model: Mapping[str, Any], words: str) -> Edited:
    """Put another model in the place of the whole one.

    Losses and weights of outputs that are gone go too; a study's changes of layers as well.
    """
    plain = experiment.plain(defaults=True)
    before = len(layers_of(experiment))
    plain["model"] = dict(model)
    follow_paths(plain, list_of(experiment), dict.fromkeys(range(before)), before, 0)
    keep_outputs(plain, plain["model"].get("outputs", ()))
    changed = parse(plain)
    return Edited(changed, words, len(layers_of(changed)) - 1)


def to_graph(experiment: Experiment) -> Edited:
    """Make a graph of a stack: every layer a node, fed by the one before it.

    Raises:
        UserError: It is a graph already, or there is no layer.
    """
    if is_graph(experiment):
        raise UserError("The model is a graph already.")
    if isinstance(experiment.model, FileModel):
        raise UserError(
            "The layers of a file stay as they are connected there.",
            "New layers can be put on top of them with a.",
        )
    layers = layers_of(experiment)
    if not layers:
        raise UserError("A graph needs a layer to begin with.", "Add one first.")
    taken = {"input", *own_names(layers)}
    source, nodes = "input", []
    for layer in layers:
        name = layer.get("name") or fresh(snake(layer["type"]), taken)
        taken.add(name)
        rest = {key: value for key, value in layer.items() if key != "name"}
        nodes.append({"name": name, "from": [source], **rest})
        source = name
    plain = experiment.plain(defaults=True)
    plain["model"] = {"kind": "graph", "inputs": [{"name": "input"}], "nodes": nodes,
                      "outputs": [source]}  # fmt: skip
    each_path(plain, lambda path: re.sub(r"^model\.layers\b", "model.nodes", path))
    return Edited(parse(plain), "making it a graph", len(nodes) - 1)


def to_stack(experiment: Experiment) -> Edited:
    """Make a stack of a graph in which every node feeds the next one.

    Raises:
        UserError: It is no such graph.
    """
    model = experiment.model
    if not isinstance(model, GraphModel):
        raise UserError("The model is a stack of layers already.")
    layers = layers_of(experiment)
    source = model.inputs[0].name
    chain = len(model.inputs) == 1 and model.outputs == [layers[-1]["name"]]
    for layer in layers:
        chain = chain and layer["from"] == [source] and not layer.get("shares")
        source = layer["name"]
    if not chain:
        raise UserError(
            "A stack has one input, one output and no branches; this graph has more.",
            "Take the branches out first.",
        )
    plain = experiment.plain(defaults=True)
    stack = [{key: v for key, v in layer.items() if key not in ("from",)} for layer in layers]
    plain["model"] = {"kind": "sequential", "layers": stack}
    keep_outputs(plain, ())
    each_path(plain, lambda path: re.sub(r"^model\.nodes\b", "model.layers", path))
    return Edited(parse(plain), "making it a stack", len(stack) - 1)

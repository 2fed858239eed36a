"""Changes of a graph: nodes put in, branched off, merged, taken out; inputs, outputs, sharing.

As in `stack`, every function returns another experiment and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue
from kerastui.models.editing.stack import (
    Edited,
    Values,
    checked_name,
    drop_output,
    fresh,
    keep_outputs,
    layers_of,
    snake,
    with_layers,
)
from kerastui.models.experiment.schema import Experiment, GraphModel
from kerastui.models.experiment.toml import parse


def graph_of(experiment: Experiment) -> GraphModel:
    """Return the experiment's model, which is a graph.

    Raises:
        UserError: It is a stack.
    """
    if not isinstance(experiment.model, GraphModel):
        raise UserError("The model is a stack of layers.", "Make it a graph first.")
    return experiment.model


def names_of(experiment: Experiment) -> list[str]:
    """Return the names of the inputs, then of the nodes."""
    model = graph_of(experiment)
    return [*(entry.name for entry in model.inputs), *(node.name for node in model.nodes)]


def joins(type_: str) -> bool:
    """Whether a layer takes several inputs."""
    entry = catalogue.load().get("layers", type_)
    return entry is not None and (entry.group in ("merging", "attention") or bool(entry.inputs))


def add_node(
    experiment: Experiment, layer: Mapping[str, Any], sources: Sequence[str], *,
    branch: bool = False,
) -> Edited:  # fmt: skip
    """Put a node behind others.

    What took the source takes the new node from now on, and the new node stands for an output
    that the source was. With several sources only what follows the last one moves over, or,
    where nothing does, what stands behind the new node: a connection around layers stays one.

    Args:
        experiment: An experiment whose model is a graph.
        layer: Type and parameters.
        sources: Names of the nodes or inputs that feed it.
        branch: Nothing moves over; the new node is the begin of a branch.

    Raises:
        UserError: A source is unknown.
    """
    nodes, known = layers_of(experiment), names_of(experiment)
    for source in sources:
        if source not in known:
            raise UserError(f"There is no node {source!r}.", f"There are: {', '.join(known)}.")
    named = [node["name"] for node in nodes]
    place = max((named.index(s) + 1 for s in sources if s in named), default=0)
    wanted = str(layer.get("name") or snake(str(layer["type"])))
    name = fresh(wanted, known)
    rest = {key: value for key, value in layer.items() if key not in ("name", "from")}
    outputs = graph_of(experiment).outputs
    if not branch:
        behind = nodes[place:]
        last = sources[-1] if place == 0 else named[place - 1]
        follows = any(last in node["from"] for node in behind) or last in outputs
        moving = [last] if follows else list(sources)
        for node in behind:
            node["from"] = [name if source in moving else source for source in node["from"]]
    moved = {old: old + (old >= place) for old in range(len(nodes))}
    nodes.insert(place, {"name": name, "from": list(sources), **rest})

    def change(plain: Values) -> None:
        for source in sources:
            if source in outputs and not branch:
                drop_output(plain, source, name)

    changed = with_layers(experiment, nodes, moved, change=change)
    return Edited(changed, f"adding {layer['type']}", place)


def duplicate_node(experiment: Experiment, place: int) -> Edited:
    """Copy a node: behind itself, or beside itself where it joins several inputs."""
    node = layers_of(experiment)[place]
    copy = {key: value for key, value in node.items() if key != "from"}
    beside = len(node["from"]) > 1
    sources = node["from"] if beside else [node["name"]]
    edited = add_node(experiment, copy, sources, branch=beside)
    return Edited(edited.experiment, f"a copy of {node['name']}", edited.place)


def remove_nodes(experiment: Experiment, places: Sequence[int]) -> Edited:
    """Take nodes out; what they fed takes what fed them.

    A graph that loses its last node becomes an empty stack.

    Raises:
        UserError: It has several inputs, so that it can't become a stack.
    """
    nodes = layers_of(experiment)
    names = [nodes[place]["name"] for place in sorted(set(places))]
    words = f"removing {names[0] if len(names) == 1 else f'{len(names)} nodes'}"
    if len(names) == len(nodes):
        if len(graph_of(experiment).inputs) > 1:
            raise UserError("A graph with several inputs needs a node.", "Take inputs out first.")
        plain = experiment.plain(defaults=True)
        plain["model"] = {"kind": "sequential", "layers": []}
        keep_outputs(plain, ())
        return Edited(parse(plain), words, -1)
    changed = experiment
    for name in names:
        changed = _remove_node(changed, name)
    return Edited(changed, words, min(min(places), len(layers_of(changed)) - 1))


def _remove_node(experiment: Experiment, name: str) -> Experiment:
    nodes = layers_of(experiment)
    place = next(index for index, node in enumerate(nodes) if node["name"] == name)
    gone = nodes.pop(place)
    sources: list[str] = gone["from"]
    for node in nodes:
        if name not in node["from"]:
            continue
        several = len(node["from"]) > 1 or joins(node["type"])
        into: list[str] = []
        for source in node["from"]:
            if source != name:
                into.append(source)
            else:
                others = [s for s in node["from"] if s != name]
                into += [s for s in sources if s not in into and s not in others] if several else (
                    sources[:1]
                )  # fmt: skip
        node["from"] = into or sources[:1]
    _inherit(nodes, gone)
    named = {node["name"] for node in nodes}
    moved: dict[int, int | None] = {old: old - 1 for old in range(place + 1, len(nodes) + 1)}
    moved[place] = None

    def change(plain: Values) -> None:
        outputs = plain["model"]["outputs"]
        if name in outputs:
            instead = sources[0] if sources[0] in named and sources[0] not in outputs else None
            drop_output(plain, name, instead)
            if not plain["model"]["outputs"]:
                plain["model"]["outputs"] = [nodes[-1]["name"]]

    return with_layers(experiment, nodes, moved, change=change)


def _inherit(nodes: list[Values], gone: Values) -> None:
    """Let the first node that shared a layer own it when its owner is gone."""
    owner = gone.get("shares")
    for index, node in enumerate(nodes):
        if node.get("shares") != gone["name"]:
            continue
        if owner is None:
            nodes[index] = {**_place_of(node), **_layer_of(gone)}
            owner = node["name"]
        else:
            node["shares"] = owner


def move_node(experiment: Experiment, place: int, step: int) -> Edited:
    """Change a node with its neighbour in the list: in a chain they change roles, nodes of
    different branches only their order.

    Raises:
        UserError: It stands at the end, or one needs what the other gives and others do too.
    """
    nodes = layers_of(experiment)
    other = place + step
    if not 0 <= other < len(nodes):
        raise UserError(f"It is the {'first' if step < 0 else 'last'} node already.")
    first, second = sorted((place, other))
    one, two = nodes[first], nodes[second]
    names = (one["name"], two["name"])
    words = f"moving {nodes[place]['name']}"
    outputs = graph_of(experiment).outputs
    swapped = None
    if two.get("shares") == one["name"]:
        raise UserError(f"{two['name']} shares the layer of {one['name']}, which must come first.")
    if one["name"] in two["from"]:
        fed = [node for node in nodes if one["name"] in node["from"]]
        if len(two["from"]) > 1 or len(one["from"]) > 1 or len(fed) > 1 or one["name"] in outputs:
            raise UserError(
                f"{two['name']} takes {one['name']}, so it can't stand before it.",
                "Change its inputs in the form.",
            )
        for node in nodes[second + 1 :]:
            node["from"] = [names[0] if s == names[1] else s for s in node["from"]]
        two["from"], one["from"] = one["from"], [names[1]]
        swapped = names
    nodes[first], nodes[second] = two, one

    def change(plain: Values) -> None:
        if swapped and swapped[1] in plain["model"]["outputs"]:
            drop_output(plain, swapped[1], swapped[0])

    moved = {first: second, second: first}
    return Edited(with_layers(experiment, nodes, moved, change=change), words, other)


def rename_node(experiment: Experiment, place: int, name: str) -> Edited:
    """Give a node another name, everywhere.

    Raises:
        UserError: It can't be a name, or is taken.
    """
    nodes = layers_of(experiment)
    old = nodes[place]["name"]
    checked_name(name, [known for known in names_of(experiment) if known != old])
    _renamed(nodes, old, name)
    nodes[place]["name"] = name

    def change(plain: Values) -> None:
        if old in plain["model"]["outputs"]:
            drop_output(plain, old, name)

    changed = with_layers(experiment, nodes, names={old: name}, change=change)
    return Edited(changed, f"the name of {old}", place)


def _renamed(nodes: Sequence[Values], old: str, name: str) -> None:
    for node in nodes:
        node["from"] = [name if source == old else source for source in node["from"]]
        if node.get("shares") == old:
            node["shares"] = name


def connect(experiment: Experiment, place: int, sources: Sequence[str]) -> Edited:
    """Feed a node from other nodes or inputs, which must stand before it.

    Raises:
        UserError: None is given, or one does not stand before it.
    """
    nodes = layers_of(experiment)
    name = nodes[place]["name"]
    before = earlier(experiment, place)
    wrong = [source for source in sources if source not in before]
    if wrong or not sources:
        what = f"{wrong[0]} does not stand before {name}." if wrong else f"{name} needs an input."
        raise UserError(what, f"There are: {', '.join(before)}.")
    nodes[place]["from"] = list(sources)
    return Edited(with_layers(experiment, nodes), f"the inputs of {name}", place)


def earlier(experiment: Experiment, place: int) -> list[str]:
    """Return the names of the inputs and of the nodes that stand before a node."""
    model = graph_of(experiment)
    return names_of(experiment)[: len(model.inputs) + place]


def loose(experiment: Experiment) -> list[str]:
    """Return the names of inputs and nodes that lead to no output.

    Keras leaves them out of the model without a word.
    """
    model = graph_of(experiment)
    feeds = {node.name: node.inputs for node in model.nodes}
    reached: set[str] = set()
    waiting = list(model.outputs)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += feeds.get(name, [])
    return [name for name in names_of(experiment) if name not in reached]


def share(experiment: Experiment, place: int, owner: str | None) -> Edited:
    """Let a node apply the layer of an earlier node, with the same weights; None: its own again.

    Raises:
        UserError: The other node does not stand before it, or shares a layer itself.
    """
    nodes = layers_of(experiment)
    node = nodes[place]
    if owner is None:
        made = next((n for n in nodes if n["name"] == node.get("shares")), node)
        nodes[place] = {**_place_of(node), **_layer_of(made)}
        return Edited(with_layers(experiment, nodes), f"a layer of its own for {node['name']}",
                      place)  # fmt: skip
    owners = {n["name"]: n for n in nodes[:place] if not n.get("shares")}
    if owner not in owners:
        raise UserError(
            f"{node['name']} can't share the layer of {owner}.",
            f"Layers before it: {', '.join(owners) or 'none'}.",
        )
    nodes[place] = {**_place_of(node), "type": owners[owner]["type"], "shares": owner}
    for other in nodes:  # who shared this node's layer goes on with the shared one
        if other.get("shares") == node["name"]:
            other["shares"] = owner
    words = f"sharing the layer of {owner}"
    return Edited(with_layers(experiment, nodes), words, place)


_PLACE = ("name", "from", "disabled")


def _place_of(node: Values) -> Values:
    """What says where a node stands."""
    return {key: node[key] for key in _PLACE if key in node}


def _layer_of(node: Values) -> Values:
    """What says which layer it has."""
    return {key: value for key, value in node.items() if key not in (*_PLACE, "shares")}


def toggle_output(experiment: Experiment, place: int) -> Edited:
    """Make a node an output, or no output any more.

    Raises:
        UserError: It is the only output.
    """
    nodes, outputs = layers_of(experiment), graph_of(experiment).outputs
    name = nodes[place]["name"]
    if outputs == [name]:
        raise UserError(f"{name} is the only output.", "Make another node an output first.")

    def change(plain: Values) -> None:
        if name in outputs:
            drop_output(plain, name)
        else:
            order = [*outputs, name]
            plain["model"]["outputs"] = [n["name"] for n in nodes if n["name"] in order] or order

    verb = "no output any more" if name in outputs else "an output"
    return Edited(with_layers(experiment, nodes, change=change), f"{name} as {verb}", place)


# --- inputs --------------------------------------------------------------------------------


def add_input(experiment: Experiment, name: str = "") -> Edited:
    """Add an input; nothing takes it yet."""
    known = names_of(experiment)
    name = checked_name(name, known) if name else fresh("input", known)

    def change(plain: Values) -> None:
        plain["model"]["inputs"].append({"name": name})

    changed = with_layers(experiment, layers_of(experiment), change=change)
    return Edited(changed, f"adding the input {name}", -1)


def remove_input(experiment: Experiment, name: str) -> Edited:
    """Take an input out that no node needs: nodes that join it with others do without it.

    Raises:
        UserError: It is the only one, or a node takes nothing else.
    """
    model, nodes = graph_of(experiment), layers_of(experiment)
    if len(model.inputs) == 1:
        raise UserError("A model needs an input.", "Add another one first.")
    for node in nodes:
        if node["from"] == [name] or set(node["from"]) == {name}:
            raise UserError(f"{node['name']} takes nothing but {name}.",
                            "Remove that node, or give it another input.")  # fmt: skip
        node["from"] = [source for source in node["from"] if source != name]

    def change(plain: Values) -> None:
        inputs = plain["model"]["inputs"]
        plain["model"]["inputs"] = [entry for entry in inputs if entry["name"] != name]
        targets = plain["model"].get("targets", {})
        plain["model"]["targets"] = {k: v for k, v in targets.items() if v != [name]}
        if name in plain["model"]["outputs"]:
            drop_output(plain, name)
            if not plain["model"]["outputs"]:
                plain["model"]["outputs"] = [nodes[-1]["name"]]

    return Edited(with_layers(experiment, nodes, change=change), f"removing the input {name}", -1)


def rename_input(experiment: Experiment, old: str, name: str) -> Edited:
    """Give an input another name, everywhere.

    Raises:
        UserError: It can't be a name, or is taken.
    """
    nodes = layers_of(experiment)
    checked_name(name, [known for known in names_of(experiment) if known != old])
    _renamed(nodes, old, name)

    def change(plain: Values) -> None:
        for entry in plain["model"]["inputs"]:
            if entry["name"] == old:
                entry["name"] = name
        for output, target in plain["model"].get("targets", {}).items():
            if target == [old]:  # an output that gives this input back
                plain["model"]["targets"][output] = [name]
        if old in plain["model"]["outputs"]:
            drop_output(plain, old, name)

    return Edited(with_layers(experiment, nodes, change=change), f"the name of {old}", -1)

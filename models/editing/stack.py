"""Changes of a model that keep it whole: layers added, moved, copied, switched off, removed.

Every function takes an experiment and returns another one, with words for the undo list and the
place where the cursor belongs. A place is the number of a layer or node, from 0; -1 is the input.
What speaks of layers elsewhere (a study's variants, the loss of an output) follows.

`graph` has what only graphs know: branches, merges, inputs, outputs, shared layers;
`whole` what changes the whole model: templates, a stack into a graph and back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import Experiment, GraphModel
from kerastui.models.experiment.toml import parse

Values = dict[str, Any]
"""A layer or node as plain values, as an experiment's file has them."""

OWN = ("name", "from", "shares", "disabled")
"""Keys of a layer that are ours; the others are Keras' parameters and the type."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

WRAPPERS = ("Bidirectional", "TimeDistributed", "SpectralNormalization")
"""Layers around another layer."""


@dataclass(frozen=True)
class Edited:
    """What an edit made.

    Attributes:
        experiment: The changed experiment.
        words: What was done, as it stands after "undo": `adding Dense`.
        place: The layer or node the cursor belongs on, -1 for the input.
    """

    experiment: Experiment
    words: str
    place: int


def is_graph(experiment: Experiment) -> bool:
    """Whether the model is a graph."""
    return isinstance(experiment.model, GraphModel)


def layers_of(experiment: Experiment) -> list[Values]:
    """Return the layers or nodes as plain values, in order."""
    model = experiment.plain(defaults=True)["model"]
    layers: list[Values] = model["nodes" if model["kind"] == "graph" else "layers"]
    return layers


def called(experiment: Experiment, place: int) -> str:
    """Return how a layer is called in a sentence: `layer 3, Dense`, or a node's name."""
    layer = layers_of(experiment)[place]
    if is_graph(experiment):
        return str(layer["name"])
    return f"layer {place + 1}, {layer['type']}"


def snake(name: str) -> str:
    """Return a class name as Keras names layers: `MaxPooling2D` -> `max_pooling2d`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", "_", parted).lower()


def fresh(wanted: str, taken: Iterable[str]) -> str:
    """Return a name that is not taken: `dense`, `dense_1`, `dense_2`."""
    known, stem = set(taken), re.sub(r"_\d+$", "", wanted)
    name, number = wanted, 0
    while name in known:
        number += 1
        name = f"{stem}_{number}"
    return name


def checked_name(name: str, taken: Iterable[str]) -> str:
    """Return a name that a person gave to a layer or input, if it can be one.

    Raises:
        UserError: Keras or a file would not take it, or it is taken.
    """
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} can't be a name.",
            "A name begins with a letter and has letters, digits, _ and - (at most 64).",
        )
    if name in set(taken):
        raise UserError(f"{name} is the name of another layer or input.", "Take another name.")
    return name


# --- stacks and graphs alike ---------------------------------------------------------------


def add(experiment: Experiment, layer: Mapping[str, Any], after: int) -> Edited:
    """Put a layer behind another one of a stack.

    Args:
        experiment: An experiment whose model is a stack.
        layer: The layer as plain values.
        after: The layer before it; -1 puts it first.
    """
    layers = layers_of(experiment)
    new = dict(layer)
    if name := new.pop("name", None):
        new = {"name": fresh(name, own_names(layers)), **new}
    place = max(0, min(after + 1, len(layers)))
    layers.insert(place, new)
    moved = {old: old + (old >= place) for old in range(len(layers) - 1)}
    return Edited(with_layers(experiment, layers, moved), f"adding {new['type']}", place)


def put(experiment: Experiment, place: int, layer: Mapping[str, Any], words: str = "") -> Edited:
    """Put a layer in the place of another; its name, and in a graph its inputs, stay.

    Args:
        experiment: The experiment.
        place: The layer that is replaced.
        layer: Type and parameters.
        words: What is done; otherwise it says that the layer is replaced.

    Raises:
        UserError: A wrapper does not take the layer in it, or Keras would refuse a parameter.
    """
    _check_wrapper(layer)
    layers = layers_of(experiment)
    old = layers[place]
    kept = {key: old[key] for key in OWN if key in old}
    layers[place] = {**kept, **{key: v for key, v in dict(layer).items() if key not in OWN}}
    words = words or f"{layers[place]['type']} in place of {old['type']}"
    return Edited(with_layers(experiment, layers), words, place)


def duplicate(experiment: Experiment, place: int) -> Edited:
    """Copy a layer of a stack behind itself; a name of its own becomes another one."""
    layers = layers_of(experiment)
    return _with_words(
        add(experiment, layers[place], place), f"a copy of {called(experiment, place)}"
    )


def toggle(experiment: Experiment, places: Sequence[int]) -> Edited:
    """Switch layers off, or on again; several become alike: off if any of them is on."""
    layers = layers_of(experiment)
    off = _alike(layers, places, "disabled", True)
    words = f"switching {_several(experiment, places)} {'off' if off else 'on'}"
    return Edited(with_layers(experiment, layers), words, places[-1])


def freeze(experiment: Experiment, places: Sequence[int]) -> Edited:
    """Keep layers from changing in training, or let them again; several become alike.

    Raises:
        UserError: None of them can be frozen.
    """
    layers = layers_of(experiment)
    able = [
        place for place in places
        if catalogue.find("layers", layers[place]["type"]).parameter("trainable")
        and not layers[place].get("shares")
    ]  # fmt: skip
    if not able:
        raise UserError(f"{called(experiment, places[0])} has no setting of its own to freeze.")
    frozen = _alike(layers, able, "trainable", False)
    words = f"{'freezing' if frozen else 'thawing'} {_several(experiment, able)}"
    return Edited(with_layers(experiment, layers), words, places[-1])


def _alike(
    layers: Sequence[dict[str, Any]], places: Sequence[int], field: str, value: bool
) -> bool:
    """Give layers a value that is not the usual one, or the usual one if all of them have it.

    Returns:
        Whether they have it now.
    """
    given = any(layers[place].get(field, not value) != value for place in places)
    for place in places:
        layers[place].pop(field, None)
        if given:
            layers[place][field] = value
    return given


def _several(experiment: Experiment, places: Sequence[int]) -> str:
    return f"{len(places)} layers" if len(places) > 1 else called(experiment, places[0])


def remove(experiment: Experiment, places: Sequence[int]) -> Edited:
    """Take layers out of a stack."""
    layers = layers_of(experiment)
    gone = set(places)
    kept = [index for index in range(len(layers)) if index not in gone]
    moved: dict[int, int | None] = dict.fromkeys(gone)
    moved |= {old: new for new, old in enumerate(kept)}
    changed = with_layers(experiment, [layers[index] for index in kept], moved)
    return Edited(
        changed, f"removing {_several(experiment, sorted(gone))}", min(min(gone), len(kept) - 1)
    )


def move(experiment: Experiment, place: int, step: int) -> Edited:
    """Change a layer of a stack with its neighbour.

    Args:
        experiment: The experiment.
        place: The layer.
        step: -1 for the one before it, 1 for the one behind it.
    """
    layers = layers_of(experiment)
    other = place + step
    if not 0 <= other < len(layers):
        end = "first" if step < 0 else "last"
        raise UserError(f"It is the {end} layer already.")
    layers[place], layers[other] = layers[other], layers[place]
    moved = {place: other, other: place}
    words = f"moving {called(experiment, place)}"
    return Edited(with_layers(experiment, layers, moved), words, other)


def rename(experiment: Experiment, place: int, name: str) -> Edited:
    """Give a layer of a stack a name; an empty one takes it away.

    Raises:
        UserError: It can't be a name, or is taken.
    """
    layers = layers_of(experiment)
    old = layers[place].pop("name", None)
    if name:
        layers[place] = {"name": checked_name(name, own_names(layers)), **layers[place]}
    words = f"the name of {called(experiment, place)}"
    changed = with_layers(experiment, layers, names={old: name} if old and name else None)
    return Edited(changed, words, place)


def wrap(experiment: Experiment, place: int, wrapper: str) -> Edited:
    """Put a layer into a wrapper, such as `Bidirectional`.

    Raises:
        UserError: It is no wrapper, or does not take this layer.
    """
    layer = layers_of(experiment)[place]
    inner = {key: value for key, value in layer.items() if key not in OWN}
    entry = catalogue.find("layers", wrapper)
    if entry.parameter("layer") is None:
        raise UserError(f"{wrapper} is no wrapper.", f"Wrappers: {', '.join(WRAPPERS)}.")
    words = f"{wrapper} around {called(experiment, place)}"
    return put(experiment, place, {"type": wrapper, "layer": inner}, words)


def unwrap(experiment: Experiment, place: int) -> Edited:
    """Take a layer out of its wrapper.

    Raises:
        UserError: There is no layer in it.
    """
    layer = layers_of(experiment)[place]
    inner = layer.get("layer")
    if not isinstance(inner, Mapping):
        raise UserError(f"{called(experiment, place)} has no layer in it.",
                        f"Wrappers: {', '.join(WRAPPERS)}.")  # fmt: skip
    plain = {key: value for key, value in inner.items() if key not in OWN}
    return put(experiment, place, plain, f"taking {plain['type']} out of {layer['type']}")


def _check_wrapper(layer: Mapping[str, Any]) -> None:
    """Keras has a long message for a layer that runs in one direction only, and no plain one."""
    inner = layer.get("layer")
    if layer["type"] != "Bidirectional" or not isinstance(inner, Mapping):
        return
    entry = catalogue.find("layers", str(inner.get("type")))
    if entry.parameter("return_sequences") is None:
        raise UserError(
            f"Bidirectional reads forward and backward, which {entry.name} can't.",
            "It goes around LSTM, GRU, SimpleRNN and other recurrent layers.",
        )


# --- what follows --------------------------------------------------------------------------


def with_layers(
    experiment: Experiment,
    layers: Sequence[Values],
    moved: Mapping[int, int | None] | None = None,
    names: Mapping[str, str] | None = None,
    change: Callable[[Values], None] | None = None,
) -> Experiment:
    """Return the experiment with other layers or nodes.

    Args:
        experiment: The experiment.
        layers: All of them.
        moved: Where layers stand now that stood elsewhere, None for those that are gone.
        names: New names of renamed layers.
        change: Changes more of the plain experiment, such as a graph's outputs.

    Raises:
        UserError: The result is no valid experiment.
    """
    plain = experiment.plain(defaults=True)
    which = list_of(experiment)
    before = len(plain["model"][which])
    plain["model"][which] = list(layers)
    follow_paths(plain, which, moved or {}, before, len(layers), names)
    if change is not None:
        change(plain)
    return parse(plain)


def drop_output(plain: Values, name: str, instead: str | None = None) -> None:
    """Let another node stand for an output, or none; what is said of it goes along, in place."""
    model, compile_ = plain["model"], plain["compile"]
    outputs = [instead if old == name else old for old in model["outputs"]]
    model["outputs"] = list(dict.fromkeys(old for old in outputs if old is not None))
    for table, field in ((compile_, "loss"), (compile_, "metrics"), (compile_, "loss_weights"),
                         (model, "targets")):  # fmt: skip
        given = table.get(field)
        if by_output(given) and name in given:
            table[field] = {instead if key == name else key: value for key, value in given.items()
                            if instead is not None or key != name}  # fmt: skip
    keep_outputs(plain, model["outputs"])


def keep_outputs(plain: Values, outputs: Sequence[str]) -> None:
    """Forget losses, metrics and weights of other outputs; the first stays where all would go."""
    compile_ = plain["compile"]
    for field, without in (("loss", "mse"), ("metrics", []), ("loss_weights", None)):
        given = compile_.get(field)
        if by_output(given):
            kept = {name: value for name, value in given.items() if name in outputs}
            first: Any = next(iter(given.values()), without)
            compile_[field] = kept or (first if field != "loss_weights" else None)


def by_output(value: Any) -> bool:
    """Whether a field holds a table by the names of outputs, and not one Keras object."""
    return isinstance(value, dict) and not isinstance(value.get("type"), str)


def list_of(experiment: Experiment) -> str:
    return "nodes" if is_graph(experiment) else "layers"


def own_names(layers: Iterable[Mapping[str, Any]]) -> list[str]:
    return [layer["name"] for layer in layers if layer.get("name")]


def _with_words(edited: Edited, words: str) -> Edited:
    return Edited(edited.experiment, words, edited.place)


def follow_paths(
    plain: Values,
    which: str,
    moved: Mapping[int, int | None],
    before: int,
    after: int,
    names: Mapping[str, str] | None = None,
) -> None:
    """Let the changes of variants, `model.layers.2.units`, mean the same layers as before."""
    begin = f"model.{which}."

    def follow(path: str) -> str | None:
        if not path.startswith(begin):
            return path
        slot, _, rest = path.removeprefix(begin).partition(".")
        if slot.isdigit():
            index = int(slot)
            new = moved.get(index, index) if index < before else index - before + after
            if new is None:
                return None
            slot = str(new)
        else:
            slot = (names or {}).get(slot, slot)
        return f"{begin}{slot}{'.' if rest else ''}{rest}"

    each_path(plain, follow)


def each_path(plain: Values, follow: Callable[[str], str | None]) -> None:
    """Change the paths of a study's variants and of a lesson's; None takes one out."""
    variants = (plain.get("study") or {}).get("variants", [])
    for variant in [*variants, *(plain.get("lesson") or {}).get("try", [])]:
        changed = {follow(path): value for path, value in variant.get("set", {}).items()}
        variant["set"] = {path: value for path, value in changed.items() if path is not None}

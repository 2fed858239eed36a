"""Layers out of what a file says of a model's structure, Keras 1 to 3. Nothing is built."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_LAYERS = 100_000
MOST_DEPTH = 50
LONGEST = 120
"""Letters of a name."""


@dataclass(frozen=True)
class Entry:
    """What a structure says of one layer.

    Attributes:
        place: Its group in the weights file of Keras 3: `layers/dense_1`.
        name: Its name, in a model within the model `outer/inner`.
        kind: Its class.
        config: Its arguments.
        inbound: Names of the layers that feed it.
        module: Where the class comes from.
    """

    place: str
    name: str
    kind: str
    config: Mapping[str, Any]
    inbound: tuple[str, ...]
    module: str


def layer_list(config: Any) -> Sequence[Any]:
    """Return the layers that a model's config lists; Keras 1 has no more than that list.

    Raises:
        ValueError: It lists none.
    """
    layers = config if isinstance(config, list) else None
    if isinstance(config, Mapping):
        layers = config.get("layers", [])
    if not isinstance(layers, list):
        raise ValueError("its structure lists no layers")
    return layers


def entries(config: Any) -> list[Entry]:
    """Return all layers of a model's config, those of models within it in their place.

    Raises:
        ValueError: It is no structure, or one without measure.
    """
    found: list[Entry] = []
    for entry in _listed(config, "layers", "", 0):
        found.append(entry)
        if len(found) > MOST_LAYERS:
            raise ValueError(f"it lists more than {MOST_LAYERS:,} layers")
    return found


def _listed(config: Any, place: str, outer: str, depth: int) -> Iterator[Entry]:
    if depth > MOST_DEPTH:
        raise ValueError(f"models stand in models more than {MOST_DEPTH} deep")
    used: Counter[str] = Counter()
    for entry in layer_list(config):
        if not isinstance(entry, Mapping):
            raise ValueError(f"a layer is described by {str(entry)[:40]!r}")
        kind = _printable(str(entry.get("class_name", "")))
        group = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", kind).lower()
        number = used[group]
        used[group] += 1
        path = f"{place}/{group}_{number}" if number else f"{place}/{group}"
        inner = entry.get("config") or {}
        if not isinstance(inner, Mapping | list):
            raise ValueError(f"the arguments of a layer are {str(inner)[:40]!r}")
        own = inner.get("name", group) if isinstance(inner, Mapping) else group
        name = outer + _printable(str(own))
        if isinstance(inner, list) or isinstance(inner.get("layers"), list):
            yield from _listed(inner, f"{path}/layers", f"{name}/", depth + 1)
        else:
            module = str(entry.get("module") or "")
            yield Entry(path, name, kind, inner, tuple(_inbound(entry)), module)


def _printable(name: str) -> str:
    """Return a name without what a terminal would take as an order, and no longer than a line."""
    if len(name) <= LONGEST and name.isprintable():
        return name
    shown = "".join(c if c.isprintable() else "·" for c in name[:LONGEST])
    return shown + ("…" if len(name) > LONGEST else "")


def _inbound(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the layers that feed a layer of a functional model."""
    nodes = entry.get("inbound_nodes") or ()
    if isinstance(nodes, list):
        for node in nodes:
            # Keras 1 and 2: a list of [name, node, tensor, arguments] for each call.
            calls = node if isinstance(node, list) else ()
            for call in calls:
                if isinstance(call, list) and call and isinstance(call[0], str):
                    yield call[0]
    waiting: list[Any] = [nodes]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            inner = item.get("config")
            history = inner.get("keras_history") if isinstance(inner, Mapping) else None
            if isinstance(history, list) and history:
                yield str(history[0])
            else:
                waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item

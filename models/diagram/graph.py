"""The graph behind a diagram: boxes and arrows, from whatever describes a model."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import GraphModel, Layer, SequentialModel
    from kerastui.models.network.summary import ModelSummary, Row


@dataclass(frozen=True)
class Box:
    """One layer or input of a diagram.

    Attributes:
        name: Its name, different from all others.
        type: Its class: `Dense`, `Input`.
        text: Its key parameters: `10 relu`.
        shape: Its output shape as it is shown, `(26, 26, 32)`; empty where it is not known.
        parameters: Number of its weights; None where that is not known or means nothing.
        output: It gives an output of the model.
    """

    name: str
    type: str = ""
    text: str = ""
    shape: str = ""
    parameters: int | None = None
    output: bool = False


@dataclass(frozen=True)
class Graph:
    """Boxes, and arrows as pairs of names. Several arrows may join the same two boxes.

    Raises:
        UserError: Two boxes share a name, an arrow names no box, or the arrows run in a circle.
    """

    boxes: Sequence[Box]
    edges: Sequence[tuple[str, str]]

    def __post_init__(self) -> None:
        names = Counter(box.name for box in self.boxes)
        if twice := [name for name, count in names.items() if count > 1]:
            raise UserError(
                f"Two boxes of the diagram are called {twice[0]!r}.",
                "Give each a name of its own.",
            )
        for edge in self.edges:
            for name in edge:
                if name not in names:
                    raise UserError(
                        f"The arrow {edge[0]} → {edge[1]} names {name!r}, which is no box.",
                        "Let arrows join boxes of the diagram.",
                    )
        self.order()

    def order(self) -> list[str]:
        """Return the names so that every arrow points forward; otherwise as the boxes stand."""
        waiting = {box.name: 0 for box in self.boxes}
        after: dict[str, list[str]] = {box.name: [] for box in self.boxes}
        for source, target in self.edges:
            waiting[target] += 1
            after[source].append(target)
        place = {box.name: index for index, box in enumerate(self.boxes)}
        ready = [name for name in waiting if not waiting[name]]
        done: list[str] = []
        for name in ready:  # grows while it is read
            done.append(name)
            for target in after[name]:
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        if len(done) < len(waiting):
            stuck = min((n for n in waiting if waiting[n]), key=place.__getitem__)
            raise UserError(
                f"The arrows through {stuck!r} run in a circle.",
                "A model is drawn from its inputs to its outputs.",
            )
        return done


def from_model(model: SequentialModel | GraphModel, summary: ModelSummary | None = None) -> Graph:
    """Return the graph of an experiment's model.

    Layers that are switched off are left out; what they were fed goes on to the next layer.

    Args:
        model: The model.
        summary: What `preflight.shapes` said of it; shapes and weights are shown as far as it
            followed the layers, none without it.
    """
    rows = {row.where: row for row in summary.rows} if summary else {}
    if model.kind != "graph":
        return _stack(model, summary, rows)
    boxes = []
    for entry in model.inputs:
        shape = (summary.inputs if summary else {}).get(entry.name)
        inner = shape[1:] if shape else entry.shape
        boxes.append(Box(entry.name, "Input", shape=_tuple(inner) if inner else ""))
    passes: dict[str, str] = {}  # a layer that is switched off -> the box that stands for it
    types = {node.name: node.type for node in model.nodes}
    edges = []
    for index, node in enumerate(model.nodes):
        sources = [passes.get(name, name) for name in node.inputs]
        if node.disabled:
            passes[node.name] = sources[0]
            continue
        row = rows.get(f"model.nodes.{index}")
        if node.shares is None:
            boxes.append(_box(node.name, node, row))
        else:
            box = Box(node.name, types.get(node.shares, node.type), f"shares {node.shares}")
            boxes.append(_measured(box, row))
        edges += [(source, node.name) for source in sources]
    outputs = {passes.get(name, name) for name in model.outputs}
    return Graph([replace(box, output=box.name in outputs) for box in boxes], edges)


def from_summary(summary: ModelSummary) -> Graph:
    """Return the graph of a summary whose rows name what feeds them.

    Raises:
        UserError: The rows do not say how the layers are connected.
    """
    if len(summary.rows) > 1 and not any(row.inputs for row in summary.rows):
        raise UserError(
            "This summary does not say how its layers are connected.",
            "Draw the diagram of the experiment's model instead.",
        )
    boxes = [Box(name, "Input", shape=_tuple(shape[1:])) for name, shape in summary.inputs.items()]
    boxes += [
        _measured(Box(row.name, row.type, row.text, output=row.name in summary.outputs), row)
        for row in summary.rows
    ]
    return Graph(boxes, [(name, row.name) for row in summary.rows for name in row.inputs])


def layer_text(layer: Layer) -> str:
    """Return the key parameters of a layer as it is written in an experiment: `10 relu`.

    What has no default comes bare, and so do activations; other parameters come with their name,
    initializers only as a name.
    """
    entry = catalogue.load().get("layers", layer.type)
    if entry is None:
        return ""
    words = []
    for parameter in entry.parameters:
        value = layer.parameters.get(parameter.name)
        if value is None or parameter.name in ("name", "dtype", "seed"):
            continue
        shown = _plain(value)
        bare = parameter.required or parameter.part or parameter.name == "pool_size"
        words.append(shown if bare else f"{parameter.name} {shown}")
    return " ".join(words)


def _stack(model: SequentialModel, summary: ModelSummary | None, rows: Mapping[str, Row]) -> Graph:
    boxes = []
    for name, shape in ((summary and summary.inputs) or {"input": []}).items():
        boxes.append(Box(name, "Input", shape=_tuple(shape[1:]) if shape else ""))
    ends = [boxes[-1].name] if boxes else []
    edges: list[tuple[str, str]] = []
    for there in rows.values():  # the layers of a file, connected as they are there
        if there.where.startswith("model.file."):
            boxes.append(_measured(Box(there.name, there.type, there.text), there))
            edges += [(source, there.name) for source in there.inputs]
            ends = [there.name]
    taken = {box.name for box in boxes} | {layer.name for layer in model.layers if layer.name}
    taken |= {row.name for row in rows.values()}
    for index, layer in enumerate(model.layers):
        if layer.disabled:
            continue
        row = rows.get(f"model.layers.{index}")
        name = row.name if row else layer.name or _free(_snake(layer.type), taken)
        taken.add(name)
        boxes.append(_box(name, layer, row))
        ends.append(name)
    boxes[-1:] = [replace(boxes[-1], output=True)]
    return Graph(boxes, [*edges, *itertools.pairwise(ends)])


def _box(name: str, layer: Layer, row: Row | None) -> Box:
    text = row.text if row else layer_text(layer)
    return _measured(Box(name, row.type if row else layer.type, text), row)


def _measured(box: Box, row: Row | None) -> Box:
    if row is None:
        return box
    shapes = row.output_shape
    several = bool(shapes) and isinstance(shapes[0], (list, tuple))
    text = " ".join(_tuple(s[1:]) for s in shapes) if several else _tuple(shapes[1:])
    return replace(box, shape=text, parameters=row.parameters)


def _tuple(shape: Iterable[Any]) -> str:
    return "(" + ", ".join(str(size) for size in shape) + ")"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("type", ""))
    if isinstance(value, (list, tuple)):
        whole = all(isinstance(item, int) for item in value)
        return ("×" if whole else " ").join(_plain(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _free(name: str, taken: set[str]) -> str:
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free

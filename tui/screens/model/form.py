"""The form of what the cursor is on: a layer, a node, an input; and what an edit of it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.editing import graph as editing_graph
from kerastui.models.editing import stack as editing
from kerastui.models.editing.stack import OWN, Edited
from kerastui.models.experiment.schema import GraphModel
from kerastui.tui.widgets.form_fields import Changes, Field, Option, part_fields

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

NONE = "none"


@dataclass(frozen=True)
class Subject:
    """What the form is about.

    Attributes:
        experiment: The experiment.
        place: The layer or node; -1 for an input.
        name: The input's name.
        features: Names of the prepared features, as far as they are known.
        targets: Names of the prepared targets.
        assumed: The input's shape that is gone on with where there is no data; None where
            there is data, so that nothing has to be assumed.
    """

    experiment: Experiment
    place: int
    name: str = ""
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    assumed: tuple[int, ...] | None = None

    def fields(self) -> list[tuple[str, list[Field]]]:
        """Return the fields in sections."""
        if self.place >= 0:
            graph = isinstance(self.experiment.model, GraphModel)
            node = list(self._node()) if graph else []
            return [("", [*node, *self._layer()])]
        if isinstance(self.experiment.model, GraphModel):
            return [("", list(self._input(self.experiment.model)))]
        return [("", list(self._shape()))] if self.assumed is not None else []

    def edit(self, changes: Changes) -> Edited:
        """Return what changes of one of the fields make of the experiment.

        Raises:
            UserError: They are not accepted.
        """
        experiment, place = self.experiment, self.place
        (key, value), *_ = changes.items()
        if key == "layer":
            if value is None:
                raise UserError("A layer is needed; Delete in the list removes it.")
            plain = {"type": value} if isinstance(value, str) else dict(value)
            return editing.put(experiment, place, plain, self._words(plain))
        if key == "name":
            if place >= 0:
                return editing_graph.rename_node(experiment, place, str(value or ""))
            return editing_graph.rename_input(experiment, self.name, str(value or ""))
        if key == "from":
            sources = [value] if isinstance(value, str) else list(value or [])
            return editing_graph.connect(experiment, place, sources)
        if key == "shares":
            owner = None if value in (None, NONE) else str(value)
            return editing_graph.share(experiment, place, owner)
        path, words = key.removeprefix("="), f"{key.rpartition('.')[2]} of {self.name}"
        return Edited(experiment.changed({path: value}), words, place)

    def _words(self, new: Mapping[str, Any]) -> str:
        """What an edit of the layer is called: the parameter that differs."""
        old = editing.layers_of(self.experiment)[self.place]
        called = editing.called(self.experiment, self.place)
        if old["type"] != new["type"]:
            return f"{new['type']} in place of {old['type']}"
        names = {name for name in {*old, *new} if name not in OWN}
        differing = sorted(name for name in names if old.get(name) != new.get(name))
        return f"{', '.join(differing) or 'nothing'} of {called}"

    def _layer(self) -> Iterator[Field]:
        values = editing.layers_of(self.experiment)[self.place]
        if values.get("shares"):
            return
        table = {key: value for key, value in values.items() if key not in OWN}
        yield from part_fields("layers", table, "layer", "layer", lambda new: {"layer": new})

    def _node(self) -> Iterator[Field]:
        node = editing.layers_of(self.experiment)[self.place]
        before = editing_graph.earlier(self.experiment, self.place)
        yield Field("name", "name", node["name"], None, _change("name"),
                    doc="What other nodes, losses and the code call it.",
                    accepts="letters, digits, _ and -")  # fmt: skip
        several = len(node["from"]) > 1 or editing_graph.joins(node["type"])
        value = list(node["from"]) if several else node["from"][0]
        yield Field("from", "inputs", value, None, _change("from"),
                    doc="What it takes: inputs and nodes before it.",
                    options=tuple(Option(name) for name in before), typed=False,
                    several=several)  # fmt: skip
        owners = [
            other["name"]
            for other in editing.layers_of(self.experiment)[: self.place]
            if not other.get("shares")
        ]
        if owners:
            yield Field("shares", "shares", node.get("shares"), None, _change("shares"),
                        doc="The node whose very layer, with the same weights, is applied again.",
                        options=(Option(NONE, "a layer of its own"),
                                 *(Option(name) for name in owners)), typed=False)  # fmt: skip
        model = self.experiment.model
        assert isinstance(model, GraphModel)
        if node["name"] in model.outputs and (len(model.outputs) > 1 or model.targets):
            given = [*self.targets, *(entry.name for entry in model.inputs)]
            path = f"=model.targets.{node['name']}"
            yield Field(path, "learns", model.targets.get(node["name"]), None, _change(path),
                        doc="The target columns this output learns; none: all of them.",
                        accepts="a list of columns, or the name of an input to give back",
                        options=tuple(Option(name) for name in given), typed=False,
                        several=True)  # fmt: skip

    def _input(self, model: GraphModel) -> Iterator[Field]:
        index = next(i for i, entry in enumerate(model.inputs) if entry.name == self.name)
        entry, path = model.inputs[index], f"=model.inputs.{index}"
        yield Field("name", "name", entry.name, None, _change("name"),
                    doc="What nodes and the code call it.",
                    accepts="letters, digits, _ and -")  # fmt: skip
        yield Field(f"{path}.shape", "shape", entry.shape or None, None, _change(f"{path}.shape"),
                    doc="The shape of one sample; without it that of the prepared data.",
                    accepts="a list such as [28, 28, 1]")  # fmt: skip
        yield Field(f"{path}.columns", "columns", entry.columns or None, None,
                    _change(f"{path}.columns"),
                    doc="The prepared features that this input takes; none: all of them.",
                    accepts="names of features",
                    options=tuple(Option(name) for name in self.features),
                    typed=not self.features, several=bool(self.features))  # fmt: skip

    def _shape(self) -> Iterator[Field]:
        yield Field(
            "assumed", "shape", list(self.assumed or ()) or None, None, _change("assumed"),
            doc="The shape of one sample to go on with, until there is data.",
            accepts="a list such as [28, 28, 1], or one number",
        )  # fmt: skip


def _change(key: str) -> Callable[[Any], Changes]:
    return lambda value: {key: value}


def shape_from(value: Any) -> tuple[int, ...]:
    """Return the shape that somebody typed: `34`, `28×28×1`, `[28, 28, 1]`.

    Raises:
        UserError: It is none.
    """
    if isinstance(value, str):
        parts = value.replace("×", " ").replace("x", " ").replace(",", " ").split()
        value = [int(part) for part in parts if part.isdigit()] if parts else []
    sizes = [value] if isinstance(value, int) else list(value or [])
    if not sizes or not all(type(size) is int and size > 0 for size in sizes):
        raise UserError("That is no shape of a sample.", "Write whole numbers: [28, 28, 1].")
    return tuple(sizes)

"""The layers as a list: numbers or rails, what they are, what comes out, what is wrong."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from textual.content import Content

from kerastui.models.diagram import layer_text
from kerastui.models.editing.graph import loose
from kerastui.models.experiment.schema import FileModel, GraphModel, Layer, Node
from kerastui.tui.screens.model.rails import rails
from kerastui.tui.widgets import words
from kerastui.tui.widgets.row_list import Column, Row

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

FILE = "model.file"
"""Where the layers of a file stand in a summary: `model.file.0` …"""

MARKS = {"problem": ("✗", "$bad"), "warning": ("!", "$warn"), "hint": ("›", "$muted")}
"""Level of a finding -> its mark and its colour, the gravest first."""


@dataclass
class Known:
    """What the worker said last of the model, and of which experiment.

    Attributes:
        experiment: The experiment that was asked about.
        summary: The answer: rows, findings, memory.
    """

    experiment: Experiment | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)

    def rows_for(self, experiment: Experiment) -> dict[int, Mapping[str, Any]]:
        """Return what is known of the layers of another state of the experiment, by place.

        Layers that stayed alike keep their rows, wherever they stand now; one that was changed
        keeps what was said of the one in its place.
        """
        if self.experiment is None:
            return {}
        old, new = keys_of(self.experiment), keys_of(experiment)
        places = {row.get("where"): row for row in self.summary.get("rows", [])}
        begin = "model.nodes" if isinstance(self.experiment.model, GraphModel) else "model.layers"
        found: dict[int, Mapping[str, Any]] = {}
        for tag, old_from, old_to, new_from, new_to in SequenceMatcher(
            a=old, b=new, autojunk=False
        ).get_opcodes():
            if tag == "equal" or (tag == "replace" and old_to - old_from == new_to - new_from):
                for step in range(new_to - new_from):
                    row = places.get(f"{begin}.{old_from + step}")
                    if row is not None:
                        found[new_from + step] = row
        return found


def layers(experiment: Experiment) -> Sequence[Layer]:
    """Return the layers or nodes in order."""
    model = experiment.model
    return model.nodes if isinstance(model, GraphModel) else model.layers


def keys_of(experiment: Experiment) -> list[str]:
    """Return what tells the layers from each other: a node by its name, a layer by all it is."""
    return [
        layer.name if isinstance(layer, Node) else json.dumps(layer.model_dump(), sort_keys=True)
        for layer in layers(experiment)
    ]


def row_key(experiment: Experiment, place: int) -> str:
    """Return the key of the row of a layer; `place` -1 is the first input."""
    model = experiment.model
    if isinstance(model, GraphModel):
        return f"node {model.nodes[place].name}" if place >= 0 else f"input {model.inputs[0].name}"
    return f"layer {place}" if place >= 0 else "input input"


def place_of(experiment: Experiment, key: str) -> int:
    """Return the place of the layer whose row has a key; -1 for an input."""
    kind, _, name = key.partition(" ")
    if kind == "layer" and name.isdigit():
        return min(int(name), len(layers(experiment)) - 1)
    if kind == "node":
        return next((i for i, n in enumerate(layers(experiment)) if n.name == name), -1)
    return -1


def columns(
    experiment: Experiment | None, summary: Mapping[str, Any] | None = None
) -> list[Column]:
    """Return the columns of the list; a graph has rails and names where a stack has numbers.

    Args:
        experiment: The experiment.
        summary: What is known of it, for the width of the shapes.
    """
    shapes = [row.get("output_shape", []) for row in (summary or {}).get("rows", [])]
    widest = max([len(words.shape(_inner(shape))) for shape in shapes] or [0])
    shared = [
        Column("output", min(max(7, widest), 15), least=40),
        Column("parameters", 10, "right"),
        Column("", 4 if experiment and isinstance(experiment.model, GraphModel) else 1),
    ]
    if experiment is None or not isinstance(experiment.model, GraphModel):
        types = [len(layer.type) for layer in layers(experiment)] if experiment else []
        types += [len(str(row.get("type", ""))) for row in (summary or {}).get("rows", [])]
        longest = min(max([6, *types]) + 2, 24)
        return [Column("", 3, "right"), Column("layer", longest), Column("with"), *shared]
    drawn = rails(experiment.model)
    width = min(max([*map(len, drawn.values()), 1]), 15)
    longest = max(map(len, drawn), default=8)
    return [
        Column("", width), Column("name", max(6, min(longest, 18))), Column("layer"),
        Column("from", 14, least=84), *shared,
    ]  # fmt: skip


def list_rows(
    experiment: Experiment, known: Known, *, stale: bool, marked: Collection[str] = ()
) -> list[Row]:
    """Return the inputs and the layers as rows.

    Args:
        experiment: The experiment as it is now.
        known: What the worker said last.
        stale: It speaks of another state: its shapes are shown dim.
        marked: Keys of the rows that are marked.
    """
    model, summary = experiment.model, known.summary
    graph = isinstance(model, GraphModel)
    said = known.rows_for(experiment)
    levels = {} if stale else grave_levels(summary)
    nowhere = loose(experiment) if graph else []
    dim = "$faint" if stale else "$muted"
    drawn = rails(model) if isinstance(model, GraphModel) else {}
    made = []
    for name in [entry.name for entry in model.inputs] if graph else ["input"]:  # type: ignore[union-attr]
        shape = input_shape(known, name if graph else "")
        key = f"input {name}"
        out = Content.styled(words.shape(shape[1:]) if shape else "?", dim)
        mark = _mark(key in marked)
        if graph:
            cells: list[Content | str]
            cells = [Content.styled(drawn[name], "$muted"), Content.assemble(mark, name),
                     Content.styled("input", "$muted"), "", out, "",
                     _sign("warning" if name in nowhere else "", False)]  # fmt: skip
        else:
            cells = ["", Content.styled("input", "$muted"), "", out]
        made.append(Row(key, tuple(cells)))
    made += _file_rows(known, dim) if isinstance(model, FileModel) else []
    outputs = model.outputs if isinstance(model, GraphModel) else []
    failed = _failed_at(summary) if not stale else None
    for place, layer in enumerate(layers(experiment)):
        key = row_key(experiment, place)
        row = said.get(place)
        blocked = failed is not None and place >= failed
        mark = _mark(key in marked)
        type_, text = Content(layer.type), _with(layer)
        tail = _out(row, blocked, stale)
        if layer.disabled:
            type_, text = (Content.styled(cell.plain, "$faint") for cell in (type_, text))
            tail = (Content.styled("off", "$faint"), Content(""))
        level = levels.get(place, "warning" if layer.name in nowhere else "")
        sign = _sign(level, layer.name in outputs)
        if isinstance(layer, Node):
            style = "$faint" if layer.disabled else ""
            named = Content.assemble(mark, (layer.name, style))
            what = Content.assemble(type_, "  " if text else "", text)
            first = [Content.styled(drawn[layer.name], "$muted"), named, what,
                     Content.styled(", ".join(layer.inputs), "$muted")]  # fmt: skip
        else:
            first = [Content.styled(str(place + 1), "$muted"), Content.assemble(mark, type_), text]
        made.append(Row(key, (*first, *tail, sign)))
    return made


def file_layers(known: Known) -> dict[int, Mapping[str, Any]]:
    """Return what is known of the layers that a file brings along, by their places in it."""
    begin = f"{FILE}."
    return {
        int(str(row["where"]).removeprefix(begin)): row
        for row in known.summary.get("rows", [])
        if str(row.get("where", "")).startswith(begin)
    }


def file_place(key: str) -> int | None:
    """Return the place in its file of the layer whose row has a key; None for other rows."""
    kind, _, place = key.partition(" ")
    return int(place) if kind == "file" else None


def _file_rows(known: Known, dim: str) -> list[Row]:
    """The layers of the file, those marked that training leaves alone."""
    made = []
    for place, row in file_layers(known).items():
        frozen = row["parameters"] and not row["trainable"]
        said = [Content.styled("frozen", "$muted") if frozen else Content(""),
                Content(str(row["text"])), Content.styled(str(row["name"]), "$muted")]  # fmt: skip
        about = Content("  ").join(part for part in said if part)
        shape, count = _out(row, False, dim == "$faint")
        made.append(Row(f"file {place}", (Content.styled("·", "$muted"), str(row["type"]), about,
                                          shape, count, "")))  # fmt: skip
    return made


def input_shape(known: Known, name: str) -> list[int | None]:
    """Return the shape of an input with the batch axis, as far as it is known.

    Args:
        known: What the worker said last.
        name: Its name in a graph; empty for the input of a stack.
    """
    shapes = known.summary.get("inputs") or {}
    shape = shapes.get(name) if name else next(iter(shapes.values()), None)
    data = known.summary.get("data", {}).get("input_shape")
    if shape is None and not name and isinstance(data, list):
        shape = [None, *data]
    return list(shape or [])


def _mark(on: bool) -> Content:
    return Content.styled("◆ ", "$primary") if on else Content("")


def _with(layer: Layer) -> Content:
    """The parameters that tell a layer from others, and its name where it has one."""
    if isinstance(layer, Node) and layer.shares:
        return Content.styled(f"shares {layer.shares}", "$muted")
    inner, text = layer.parameters.get("layer"), layer_text(layer)
    if isinstance(inner, Mapping) and "type" in inner:  # what counts is what is wrapped
        within = Layer.model_validate(inner)
        text = f"{within.type} {layer_text(within)}".strip()
    frozen = "frozen" if layer.parameters.get("trainable") is False else ""
    text = text.replace("trainable no", "").replace("padding same", "same").strip()
    name = "" if isinstance(layer, Node) else layer.name or ""
    said = [Content.styled(frozen, "$muted"), Content(text), Content.styled(name, "$muted")]
    return Content("  ").join(part for part in said if part)


def _out(row: Mapping[str, Any] | None, blocked: bool, stale: bool) -> tuple[Content, Content]:
    """The output's shape and the number of parameters."""
    if blocked or row is None:
        sign = "…" if stale and not blocked else "–"
        return Content.styled(sign, "$faint"), Content.styled(sign, "$faint")
    shape = row.get("output_shape", [])
    text = "several" if shape and not _inner(shape) and len(shape) > 1 else words.shape(
        _inner(shape)
    )  # fmt: skip
    count = int(row.get("parameters", 0))
    style = "$faint" if stale else ""
    return (
        Content.styled(text or "1", style or "$text"),
        Content.styled(f"{count:,}", style or ("" if count else "$muted")),
    )


def _inner(shape: Sequence[Any]) -> Sequence[int | None]:
    """A shape without the batch axis; nothing of several shapes."""
    return () if any(isinstance(entry, list) for entry in shape) else shape[1:]


def _sign(level: str, output: bool) -> Content:
    sign = Content.styled(*MARKS[level]) if level else Content("")
    return Content.assemble(sign, ("out", "$muted")) if output else sign


def grave_levels(summary: Mapping[str, Any]) -> dict[int, str]:
    """Return the gravest level of what was found, by the place of the layer."""
    order = list(MARKS)
    levels: dict[int, str] = {}
    for finding in summary.get("findings", []):
        place = place_in(str(finding.get("where", "")))
        level = str(finding.get("level", ""))
        if place is not None and level in order:
            old = levels.get(place)
            levels[place] = level if old is None else min(old, level, key=order.index)
    return levels


def place_in(where: str) -> int | None:
    """Return the place of the layer that a field belongs to, None for other fields."""
    parts = where.split(".")
    inside = len(parts) > 2 and parts[0] == "model" and parts[1] in ("layers", "nodes")
    return int(parts[2]) if inside and parts[2].isdigit() else None


def _failed_at(summary: Mapping[str, Any]) -> int | None:
    """The first layer that could not be followed."""
    return place_in(str(summary.get("where") or "")) if summary.get("problem") else None


def total(experiment: Experiment, known: Known, *, stale: bool) -> Content:
    """Return the lines under the list: parameters, memory, whether all fits."""
    summary = known.summary
    if not layers(experiment) and not isinstance(experiment.model, FileModel):
        return Content.assemble(
            "No layer yet: ", ("a", "$primary"), " adds one, ",
            ("t", "$primary"), " begins with a template",
        )  # fmt: skip
    if not summary:
        return Content.styled("…" if stale else "", "$faint")
    count = int(summary.get("parameters", 0))
    so_far = " so far" if summary.get("problem") else ""
    about = [f"{count:,} parameters{so_far}", words.size(4 * count)]
    if frozen := count - int(summary.get("trainable", count)):
        about.append(f"{frozen:,} frozen")
    memory = summary.get("memory") or {}
    if needed := sum(value for name, value in memory.items() if name != "batch"):
        about.append(f"training ≈ {words.size(needed)}")
    verdict = _verdict(experiment, summary)
    if stale:
        verdict = Content.styled(verdict.plain, "$faint")
    return Content.assemble(
        (" · ".join(about), "$faint" if stale else "$text"), "\n", verdict
    )  # fmt: skip


def _verdict(experiment: Experiment, summary: Mapping[str, Any]) -> Content:
    counts = dict.fromkeys(MARKS, 0)
    for finding in summary.get("findings", []):
        level = str(finding.get("level", ""))
        if level in counts:
            counts[level] += 1
    said = []
    if isinstance(experiment.model, GraphModel):
        counts["warning"] += len(loose(experiment))
    for level, number in counts.items():
        if number:
            sign, colour = MARKS[level]
            text = f"{sign} {number} {level}{'s' * (number != 1)}"
            said.append(Content.styled(text, colour))
    if not counts["problem"] and not counts["warning"] and "data" in summary:
        said.insert(0, Content.styled(f"fits task: {experiment.data.task} ✓", "$good"))
    return Content(" · ").join(said)

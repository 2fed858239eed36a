"""What was found in a model, with the keys of its cures; what is said of it as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.style import Style

from kerastui.datasets.errors import UserError
from kerastui.models.editing.graph import loose
from kerastui.models.experiment.schema import FileModel
from kerastui.tui.screens.model.rows import MARKS, Known, layers, place_in
from kerastui.tui.widgets import words
from kerastui.tui.widgets.key_values import Value

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

MOST = 9
"""Cures that have a key: 1 to 9."""


@dataclass(frozen=True)
class Cure:
    """A change that answers a finding: what it does, and the fields it sets."""

    words: str
    changes: Mapping[str, Any]


def _nowhere(name: str) -> Content:
    """What is said of a node or an input that leads to no output."""
    return Content.assemble(
        ("! ", "$warn"), f"{name} leads to no output, so Keras leaves it out. ",
        ("Space", "$primary"), " on it and on another node, then ", ("a", "$primary"),
        " joins them; ", ("o", "$primary"), " makes a node an output.",
    )  # fmt: skip


def findings(
    experiment: Experiment, known: Known, place: int | None
) -> tuple[list[Content], list[Cure]]:
    """Return what was found as lines to show, and the cures in the order of their keys.

    Args:
        experiment: The experiment.
        known: What the worker said of it.
        place: The layer that is looked at: what is found there comes first, of other layers
            only problems. None shows everything.
    """
    order = list(MARKS)
    found = sorted(
        (one for one in known.summary.get("findings", []) if one.get("level") in order),
        key=lambda one: (
            place is not None and place_in(str(one.get("where", ""))) != place,
            order.index(one["level"]),
        ),
    )
    lines: list[Content] = []
    cures: list[Cure] = []
    if experiment.model.kind == "graph":
        nowhere = loose(experiment)
        if place is None:
            lines += [_nowhere(name) for name in nowhere]
        elif layers(experiment)[place].name in nowhere:
            lines.append(_nowhere("It"))
    for one in found:
        there = place_in(str(one.get("where", "")))
        elsewhere = place is not None and there not in (None, place)
        if elsewhere and one["level"] != "problem":
            continue
        sign, colour = MARKS[one["level"]]
        sentence = str(one.get("sentence", ""))
        if elsewhere and there is not None:
            sentence = f"{_called(experiment, there)}: {_bare(sentence)}"
        offered = [Cure(str(c["words"]), c["changes"]) for c in one.get("cures", ())]
        offered = offered[: MOST - len(cures)]
        head = Content.assemble((f"{sign} ", colour), _bare(sentence) if there == place
                                else sentence)  # fmt: skip
        if not offered:
            head = Content.assemble(head, " ", (str(one.get("cure", "")), "$muted"))
        lines.append(head)
        for cure in offered:
            cures.append(cure)
            lines.append(_offer(len(cures), cure))
    return lines, cures


def troubled(
    experiment: Experiment, error: UserError, assumed: Sequence[int], place: int
) -> tuple[list[Content], list[Cure]]:
    """Say why no shapes are known, or that they are assumed, and what can be done.

    Args:
        experiment: The experiment.
        error: Why nothing could be said of it; mostly that its data can't be had.
        assumed: The shape of a sample that is gone on with, if there is one.
        place: The layer that is looked at, -1 for an input, which says all of it.
    """
    head = Content.assemble(("! ", "$warn"), shorten(error.message, 120, placeholder=" …"))
    if place < 0:
        head = Content.assemble(("! ", "$warn"), error.message, " ", (error.hint, "$muted"))
    cures = []
    stand_in = _stand_in(experiment.data.dataset)
    if stand_in and not experiment.data.substitute:
        cures.append(Cure(f"go on with {stand_in} in its place", {"data.substitute": True}))
    where = "" if place < 0 else "on the input, "
    then = "gives a shape to go on with"
    if assumed:
        then = f"changes the shape that is assumed, {words.shape(assumed)}"
    lines = [head, *(_offer(1, cure) for cure in cures)]
    return [*lines, Content.assemble("  ", where, ("e", "$primary"), f" {then}")], cures


def _offer(key: int, cure: Cure) -> Content:
    """A cure with its key; a click takes it too."""
    click = Style.from_meta({"@click": f"screen.cure({key})"})
    return Content.assemble("  ", (f"{key} ", "$primary"), Content(cure.words).stylize(click))


def _stand_in(dataset: str) -> str:
    """What can stand in for a data set of the catalogue; nothing for the user's own files."""
    from kerastui.datasets.catalogue import card

    try:
        return card(dataset).stand_in
    except UserError:
        return ""


def _called(experiment: Experiment, place: int) -> str:
    if place >= len(layers(experiment)):
        return "elsewhere"
    layer = layers(experiment)[place]
    return layer.name if experiment.model.kind == "graph" and layer.name else f"layer {place + 1}"


def _bare(sentence: str) -> str:
    """A sentence without the layer's name in front, where one looks at that layer anyway."""
    head, colon, rest = sentence.partition(": ")
    if colon and head.startswith("layer ") and rest:
        return rest[0].upper() + rest[1:]
    return sentence


def about(experiment: Experiment, known: Known) -> list[tuple[str, Value]]:
    """Return what is said about a model as a whole."""
    summary = known.summary
    told: list[tuple[str, Value]] = [
        ("", Content.styled(experiment.title or experiment.name, "bold"))
    ]
    for name, part in summary.get("data", {}).get("parts", {}).items():
        told.append((name.capitalize(), f"{_shape(part['x'])} → {_shape(part['y'])}"))
    told.append(("Task", experiment.data.task))
    count = int(summary.get("parameters", 0))
    if layers(experiment) or isinstance(experiment.model, FileModel):
        told.append(
            (
                "Parameters",
                Content.assemble(f"{count:,}", (f" · {words.size(4 * count)}", "$muted")),
            )
        )
    if frozen := count - int(summary.get("trainable", count)):
        told.append(("", f"{frozen:,} of them are not changed by training"))
    memory = summary.get("memory") or {}
    if memory:
        batch = f"for {memory['batch']} rows at a time: " if "batch" in memory else ""
        parts = [
            f"{name} {words.size(memory[name])}"
            for name in ("weights", "gradients", "optimizer", "activations") if memory.get(name)
        ]  # fmt: skip
        told.append(("Memory", Content.assemble(batch, (" · ".join(parts), "$muted"))))
    return told


def about_file(experiment: Experiment, row: Mapping[str, Any]) -> list[tuple[str, Value]]:
    """Return what is said of a layer that a file brings along.

    Args:
        experiment: The experiment, whose model begins with the file.
        row: What the worker said of the layer.
    """
    shape = row["output_shape"]
    several = bool(shape) and isinstance(shape[0], list)
    frozen = row["parameters"] and not row["trainable"]
    told: list[tuple[str, Value]] = [
        ("From", Content(getattr(experiment.model, "path", ""))),
        ("With", Content(str(row["text"])) if row["text"] else Content.styled("–", "$faint")),
        ("Fed by", Content(", ".join(row["inputs"]))),
        ("Output", "several" if several else words.shape(shape[1:])),
        ("Parameters", f"{row['parameters']:,}"),
    ]
    if row["parameters"]:
        state = "frozen: training leaves it alone" if frozen else "trained further"
        told.append(("Training", state))
    keys = [("f", "trains it too" if frozen else "freezes it")] if row["parameters"] else []
    keys += [("Del", "cuts it and what follows"), ("a", "puts a layer on top")]
    lines = [Content.assemble((f"{key:<4}", "$primary"), about) for key, about in keys]
    told.append(("", Content("\n").join(lines)))
    return told


def _shape(shapes: Any) -> str:
    """A shape, or those of several inputs or outputs by name."""
    if isinstance(shapes, Mapping):
        return ", ".join(f"{name} {words.shape(shape)}" for name, shape in shapes.items())
    return words.shape(shapes)

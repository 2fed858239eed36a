"""What a look at a data set is made of: the table, the pictures, the course of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from kerastui.tui.labs.base import beside
from kerastui.tui.screens.data import look as data_look
from kerastui.tui.widgets import words
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.measured import Static

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.models.experiment.schema import Experiment


def parts(card: Card, look: dict[str, Any], experiment: Experiment | None) -> list[Widget]:
    """Return what a look consists of: its own kind first, then what is known besides."""
    results = data_look.results(card, look)
    head: list[tuple[str, Value]] = [
        ("Shapes" if results else "Holds", lambda width: beside(results, width))
        if results
        else ("Holds", ", ".join(f"{words.shape(s)} {p}" for p, s in look["parts"].items()))
    ]
    summary, below = KeyValues(), KeyValues()
    summary.show([*head, *data_look.lengths(look)])
    below.show(data_look.classes(look))
    below.add_class("data-part")
    body: list[Widget]
    match look["kind"]:
        case "pictures":
            body = [_pictures(look)]
        case "texts":
            body = [Static(data_look.text(look), classes="data-part")]
        case "series":
            body = _series(look, experiment)
        case "blocks":
            body = []
        case _:
            body = [Table(look)]
    return [summary, *body, *([below] if below.rows else [])]


class Table(Static):
    """The columns of a table, with as many of the first rows as there is room for."""

    DEFAULT_CSS = "Table { width: 1fr; height: auto; margin-top: 1; text-wrap: nowrap; }"

    def __init__(self, look: dict[str, Any]) -> None:
        super().__init__()
        self.look = look

    # Drawn at the width of the layout itself, so that it comes together with what is around it.

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return data_look.table(self.look, width).plain.count("\n") + 1

    def render(self) -> Content:
        return data_look.table(self.look, self.size.width)


def _pictures(look: dict[str, Any]) -> Widget:
    """Return the pictures that the worker wrote; for threads, since it imports NumPy."""
    import numpy as np

    from kerastui.tui.screens.data.pictures import PictureGrid

    return PictureGrid(np.load(look["file"], mmap_mode="r"), look["labels"])


def _series(look: dict[str, Any], experiment: Experiment | None) -> list[Widget]:
    """Return the course of a series, with what the experiment keeps to test with."""
    from kerastui.tui.screens.data.series import SeriesChart

    split = experiment.data.split if experiment else None
    values = look["values"]
    tested = 0
    if split is not None and split.count is not None:
        tested = {"last": split.count, "first": len(values) - split.count}.get(split.kind, 0)
    between = f"{look['name']} from {look['first']} to {look['last']}"
    note = Content.styled(between, "$muted")
    if tested > 0:
        ended = Content.styled(f"the last {tested} test the model", "$series-2")
        note = Content.assemble(note, (" · ", "$muted"), ended)
    return [SeriesChart(values, tested), Static(note)]

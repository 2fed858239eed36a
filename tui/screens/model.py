"""Model: the layers of the current experiment as a table or as a diagram."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.two_pane import ENTER, ESCAPE, TwoPaneScreen
from kerastui.tui.widgets import words
from kerastui.tui.widgets.diagram import DiagramPanel, write
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.panel import Panel, ScrollPanel
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.diagram import Graph
    from kerastui.models.experiment import Experiment

CHANGE = (
    "Layers are changed in the experiment's file; e on the Train screen changes how they train."
)
LEVELS = {"error": "$bad", "problem": "$bad", "warning": "$warn"}
"""Level of a pre-flight finding -> its colour."""


class ModelScreen(TwoPaneScreen):
    """The layers with their shapes and parameters, and what pre-flight says about them."""

    SECTION = "model"
    LIST_TITLE = "model"
    HELP = f"""The layers of the current experiment, what comes out of each, its parameters, and \
what would go wrong. g draws them as a diagram; w writes it as SVG and as text.
{CHANGE}"""
    BINDINGS: ClassVar[list[BindingType]] = [
        ESCAPE,
        ENTER,
        Binding("g", "diagram", "diagram", tooltip="The layers as a diagram, or as a table"),
        Binding("w", "write", "write to files", tooltip="Write the diagram as SVG and as text"),
        Binding("c", "code", "code", tooltip="The same as a Python script"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.graph: Graph | None = None

    def make_list(self) -> RowList:
        return RowList(
            [
                Column("", 2, "right"),
                Column("layer"),
                Column("with", 20, least=56),
                Column("output", 10, least=32),
                Column("parameters", 10, "right"),
            ]
        )

    def compose_detail(self) -> ComposeResult:
        with ScrollPanel(title="about", classes="pane-detail"):
            yield KeyValues()

    def compose_body(self) -> ComposeResult:
        with Container(classes="two-pane"):
            with Panel(title=self.LIST_TITLE, classes="pane-list", id="layers"):
                yield self.make_list()
            yield DiagramPanel(title="diagram", classes="pane-list", id="diagram")
            yield from self.compose_detail()

    def on_mount(self) -> None:
        self.rows.focus()

    def experiment_changed(self, experiment: Experiment | None) -> None:
        self.rows.set_rows([])
        self.graph = None
        self._swap(False)
        if experiment is None:
            pick = Content.assemble(
                ("L", "$primary"), " pick an example on the Learn screen, then ", ("o", "$primary")
            )
            title = Content.styled("No experiment yet", "bold")
            self.query_one(KeyValues).show(
                [("", title), ("", pick), ("", Content.styled(CHANGE, "$muted"))]
            )
            return
        self.query_one(ScrollPanel).set_title(experiment.name)
        self.query_one(KeyValues).show([("", "Following the data through the layers …")])
        self._show(experiment)

    @work(group="summary", exclusive=True, exit_on_error=False)
    async def _show(self, experiment: Experiment) -> None:
        detail = self.query_one(KeyValues)
        try:
            summary = await self.kerastui.summary(experiment)
        except UserError as error:
            detail.show([("", Content.styled(error.message, "$bad")), ("", error.hint)])
            return
        self.rows.set_rows(rows(summary))
        detail.show(about(experiment, summary))
        try:
            self.graph = await asyncio.to_thread(graph_of, experiment, summary)
        except UserError as error:
            detail.show([*detail.rows, ("Diagram", Content.styled(str(error), "$warn"))])
        else:
            self.query_one(DiagramPanel).show(self.graph)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "code":
            return self.kerastui.current is not None
        if action in ("diagram", "write"):
            # One that can't be drawn stays dim; without a model there is nothing to draw.
            return self.graph is not None or (None if self.kerastui.current else False)
        if action == "enter":
            return self.narrow and not self.in_detail
        return super().check_action(action, parameters)

    def go_to_detail(self) -> None:
        self._swap(False)
        super().go_to_detail()

    def action_diagram(self) -> None:
        """Draw the layers, or list them again."""
        self.remove_class("-detail")
        self._swap(not self.has_class("-diagram"))

    def _swap(self, diagram: bool) -> None:
        if diagram != self.has_class("-diagram"):
            self.set_class(diagram, "-diagram")
            (self.query_one(DiagramPanel) if diagram else self.rows).focus()

    @work(group="write", exclusive=True, exit_on_error=False)
    async def action_write(self) -> None:
        """Write the diagram into the workspace's folder."""
        experiment, graph = self.kerastui.current, self.graph
        if experiment is None or graph is None:
            return
        path = self.kerastui.workspace.root / experiment.name
        try:
            await asyncio.to_thread(write, graph, path, experiment.title or experiment.name)
        except OSError as error:
            problem = f"The diagram can't be written: {error.strerror}."
            self.kerastui.tell_error(UserError(problem, str(path.parent)))
        else:
            say(self.app, f"{path}.svg and .txt", title="Written")

    def action_code(self) -> None:
        """Show the experiment as a Python script."""
        if self.kerastui.current is not None:
            self.kerastui.show_code(self.kerastui.current)


def graph_of(experiment: Experiment, summary: dict[str, Any]) -> Graph:
    """Return the graph of an experiment's model, with shapes and numbers of weights."""
    from dataclasses import fields

    from kerastui.models.diagram import from_model
    from kerastui.models.labs.structures import summary_of
    from kerastui.models.summary import ModelSummary

    known = {field.name for field in fields(ModelSummary)}
    plain = {name: value for name, value in summary.items() if name in known}
    return from_model(experiment.model, summary_of(plain))


def about(experiment: Experiment, summary: dict[str, Any]) -> list[tuple[str, Value]]:
    """Return what is said about a model as a whole."""
    count = int(summary["parameters"])
    told: list[tuple[str, Value]] = [
        ("", Content.styled(experiment.title or experiment.name, "bold")),
        ("Parameters", Content.assemble(f"{count:,}", (f" · {words.size(4 * count)}", "$muted"))),
    ]
    if frozen := count - int(summary.get("trainable", count)):
        told.append(("", f"{frozen:,} of them are not changed by training"))
    for name, part in summary.get("data", {}).get("parts", {}).items():
        told.append((name.capitalize(), f"{words.shape(part['x'])} → {words.shape(part['y'])}"))
    told.append(("Task", experiment.data.task))
    problem = " ".join(str(summary.get(key) or "") for key in ("problem", "cure")).strip()
    if problem:
        told.append(("Problem", Content.styled(problem, "$bad")))
    for finding in summary.get("findings", []):
        sentence = f"{finding.get('sentence', '')} {finding.get('cure', '')}".strip()
        colour = LEVELS.get(str(finding.get("level")), "$muted")
        told.append((str(finding.get("level", "")).capitalize(), Content.styled(sentence, colour)))
    if not problem and not summary.get("findings"):
        told.append(("Check", Content.styled("✓ everything fits together", "$good")))
    told.append(("", Content.styled(CHANGE, "$muted")))
    return told


def rows(summary: dict[str, Any]) -> list[Row]:
    """Return the layers of the inspector's summary as rows."""
    made = [
        Row(f"input {name}", ("", Content.styled(name, "$muted"), "", words.shape(shape[1:]), ""))
        for name, shape in summary.get("inputs", {}).items()
    ]
    for place, layer in enumerate(summary.get("rows", []), 1):
        shape = layer.get("output_shape", [])
        several = any(isinstance(entry, list) for entry in shape)
        made.append(
            Row(
                f"layer {place}",
                (
                    Content.styled(str(place), "$muted"),
                    str(layer.get("type", "")),
                    str(layer.get("text", "")),
                    "several" if several else words.shape(shape[1:]),
                    f"{layer.get('parameters', 0):,}",
                ),
            )
        )
    return made

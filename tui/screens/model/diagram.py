"""The half of the Model screen that draws the model, and shows it as code."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual import work

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.model.edits import ModelEdits
from kerastui.tui.widgets.diagram import DiagramPanel, write
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.diagram import Graph
    from kerastui.models.experiment.schema import Experiment

VAST = 160
"""From so many columns on the diagram stands beside the list."""


class ModelDiagram(ModelEdits):
    """Draws the layers beside or in place of their list, writes the drawing, shows the code."""

    drawn: Graph | None

    async def draw(self, experiment: Experiment) -> None:
        """Draw the model as far as it is known."""
        try:
            drawn = await asyncio.to_thread(graph_of, experiment, self.known.summary)
        except UserError:  # two boxes of one name; the findings say so
            drawn = None
        if self.experiment is experiment:
            self.drawn = drawn
            if drawn is not None:
                self.query_one(DiagramPanel).show(drawn)
            self.refresh_bindings()

    def action_diagram(self) -> None:
        """Draw the layers, or list them again; where both are seen, go from one to the other."""
        self.remove_class("-detail")
        if self.has_class("-vast"):
            panel = self.query_one(DiagramPanel)
            (self.rows if panel.has_focus else panel).focus()
        else:
            self.swap(not self.has_class("-diagram"))

    def swap(self, diagram: bool) -> None:
        if diagram != self.has_class("-diagram"):
            self.set_class(diagram, "-diagram")
            (self.query_one(DiagramPanel) if diagram else self.rows).focus()

    def on_resize(self) -> None:
        self.set_class(self.size.width >= VAST, "-vast")
        super().on_resize()

    @work(group="write", exclusive=True, exit_on_error=False)
    async def action_write(self) -> None:
        """Write the diagram into the workspace's folder."""
        experiment, graph = self.experiment, self.drawn
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
        if self.experiment is not None:
            self.kerastui.show_code(self.experiment)

    def action_run(self) -> None:
        """Train the experiment."""
        if self.experiment is not None:
            self.kerastui.start_run(self.experiment)


def graph_of(experiment: Experiment, summary: Mapping[str, Any]) -> Graph:
    """Return the graph of an experiment's model, with shapes and numbers as far as known."""
    from dataclasses import fields

    from kerastui.models.diagram import from_model
    from kerastui.models.labs.structures import summary_of
    from kerastui.models.network.summary import ModelSummary

    known = {field.name for field in fields(ModelSummary)}
    plain = {name: value for name, value in summary.items() if name in known}
    return from_model(experiment.model, summary_of(plain) if "rows" in plain else None)

"""a02, a03, a04, a11, a12, d01: a model's summary as a table, and its diagram."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.labs import structures
from kerastui.models.labs.structures import Structure, graph_of, summary_of
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result
from kerastui.tui.widgets import diagram, words
from kerastui.tui.widgets.diagram import DiagramPanel
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.diagram import Graph
    from kerastui.models.network.summary import ModelSummary
    from kerastui.models.network.summary import Row as Layer

MODELS = {
    "a02": structures.SEQUENTIAL,
    "a03": structures.DEEP,
    "a04": structures.FUNCTIONAL,
    "a11": structures.SUMMARY,
    "a12": structures.SUMMARY,
    "d01": structures.TWO_APIS,
}
"""Id of a lab -> the models it looks at."""


class StructuresScreen(LabScreen):
    """The layers at the left, the diagram at the right; where it is narrow they take turns.

    Args:
        lab: The lab.
        models: What it looks at.
    """

    COLUMNS = True
    HELP = """Every layer with what comes out of it and how many weights it has, computed by \
Keras; the document's figures beside them. The sentence below the table says how the layer \
under the cursor comes to its number. w writes the diagram as SVG and as text."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "values", show=False),
        Binding("f", "other", "other model", tooltip="The lab's other model"),
        Binding("g", "diagram", "diagram", tooltip="Table or diagram, where only one fits"),
        Binding("w", "write", "write to files", tooltip="Write the diagram as SVG and as text"),
    ]

    def __init__(self, lab: Lab, models: Sequence[Structure]) -> None:
        super().__init__(lab)
        self.models = tuple(models)
        self.place = 0
        self.summaries: list[ModelSummary] = []

    @property
    def structure(self) -> Structure:
        """The model that is shown."""
        return self.models[self.place]

    def compose_lab(self) -> ComposeResult:
        with Panel(title="summary", id="summary"):
            yield RowList(
                [Column("layer"), Column("output", 9), Column("weights", 8, "right"),
                 Column("published", 9, "right", least=44), Column(width=1)]
            )  # fmt: skip
            with Container(id="below"):
                yield Static(id="how", classes="lab-note")
                yield Static(id="verdict")
        yield DiagramPanel(title="diagram", classes="lab-main", id="diagram")

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.focus()
        if self.lab.id == "a12":
            self._swap(True)
        waiting = Content.styled("Keras follows the data through the layers …", "$muted")
        self.query_one("#how", Static).update(waiting)
        self._load()

    @work(group="load", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        try:
            plain = [
                await self.ask("structure", model=dict(m.model), inputs=list(m.inputs))
                for m in self.models
            ]
        except UserError as error:
            text = Content.styled(f"{error.message} {error.hint}".strip(), "$bad")
            self.query_one("#how", Static).update(text)
            return
        self.summaries = [summary_of(answer) for answer in plain]
        self.results = tuple(self._judged())
        self._show()
        self.refresh_bindings()

    def _judged(self) -> list[Result]:
        results = []
        for structure, summary in zip(self.models, self.summaries, strict=True):
            for row, printed in zip(summary.rows, structure.layers, strict=False):
                results.append(_result(row.name, printed, row.parameters))
            if structure.total is not None:
                results.append(_result(structure.name, structure.total, summary.parameters))
        if self.lab.id == "d01":
            first, second = ([_like(row) for row in s.rows] for s in self.summaries)
            says = "equal" if first == second else "different"
            results.append(Result("summaries", "equal", says, first == second))
        return results

    def graph(self) -> Graph:
        """Return the graph of the model that is shown."""
        return graph_of(self.structure, self.summaries[self.place])

    def _show(self) -> None:
        summary, structure = self.summaries[self.place], self.structure
        self.query_one(RowList).set_rows(_rows(summary, structure))
        several = f"  {self.place + 1} of {len(self.models)}" if len(self.models) > 1 else ""
        self.query_one("#summary", Panel).set_title(f"{structure.name}{several}")
        self._tell()
        self.query_one(DiagramPanel).show(self.graph())
        verdict = []
        for result in self.results:
            if result.label in ("summaries", structure.name):
                sign = ("✓", "$good") if result.right else ("≠", "$warn")
                word = "weights" if result.label != "summaries" else "summaries"
                verdict.append(
                    Content.assemble(
                        (f"{word}: published ", "$muted"), result.published,
                        (", here ", "$muted"), (result.got, "bold"), " ", sign,
                    )
                )  # fmt: skip
        if not verdict:
            verdict = [
                Content.styled("The document has no such model: nothing to compare.", "$muted")
            ]
        self.query_one("#verdict", Static).update(Content("\n").join(verdict))

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Say how the layer under the cursor comes to its number of weights."""
        self._tell()

    def _tell(self) -> None:
        if not self.summaries:
            return
        summary = self.summaries[self.place]
        key = self.query_one(RowList).key
        row = next((row for row in summary.rows if row.name == key), None)
        self.query_one("#how", Static).update(Content(_how(row, summary) if row else ""))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "other":
            return len(self.models) > 1
        if action == "diagram":
            return self.has_class("-narrow")
        if action == "write":
            return bool(self.summaries) or None
        return super().check_action(action, parameters)

    def on_resize(self) -> None:
        self.refresh_bindings()

    def action_other(self) -> None:
        """Show the lab's other model."""
        if self.summaries:
            self.place = (self.place + 1) % len(self.models)
            self._show()

    def action_diagram(self) -> None:
        """Show the diagram instead of the table, or the table again."""
        self._swap(not self.has_class("-diagram"))

    def _swap(self, diagram: bool) -> None:
        self.set_class(diagram, "-diagram")
        self.query_one("#diagram" if diagram else RowList).focus()

    @work(group="write", exclusive=True, exit_on_error=False)
    async def action_write(self) -> None:
        """Write the diagram into the workspace's folder."""
        graph = self.graph()
        name = self.lab.name if not self.place else f"{self.lab.name}-{self.place + 1}"
        folder = self.kerastui.workspace.root
        title = f"{self.lab.title}: {self.structure.name}"
        try:
            await asyncio.to_thread(diagram.write, graph, folder / name, title)
        except OSError as error:
            self.tell(UserError(f"The diagram can't be written: {error.strerror}.", str(folder)))
        else:
            say(self.app, f"{folder / name}.svg and .txt", title="Written")


def _result(label: str, printed: int | None, got: int) -> Result:
    if printed is None:
        return Result(label, "", f"{got:,}", None)
    return Result(label, f"{printed:,}", f"{got:,}", got == printed)


def _like(row: Layer) -> tuple[Any, ...]:
    """Return what must be equal in two summaries; names may differ."""
    return row.type, row.text, row.output_shape, row.parameters, row.trainable


def _rows(summary: ModelSummary, structure: Structure) -> list[Row]:
    rows = [
        Row(f"input {name}", (Content.styled(name, "$muted"), _shape(shape), "", "", ""))
        for name, shape in summary.inputs.items()
    ]
    for place, layer in enumerate(summary.rows):
        printed = structure.layers[place] if place < len(structure.layers) else None
        rows.append(
            Row(
                layer.name,
                (
                    Content.assemble(layer.type, (f" {layer.text}", "$muted")),
                    _shape(layer.output_shape),
                    f"{layer.parameters:,}",
                    Content.styled("" if printed is None else f"{printed:,}", "$muted"),
                    _sign(printed, layer.parameters),
                ),
            )
        )
    total = structure.total
    rows.append(
        Row(
            "total",
            (
                Content.styled("all of it", "bold"), "",
                Content.styled(f"{summary.parameters:,}", "bold"),
                Content.styled("" if total is None else f"{total:,}", "$muted"),
                _sign(total, summary.parameters),
            ),
        )
    )  # fmt: skip
    return rows


def _shape(shape: Sequence[Any]) -> str:
    return "(" + ", ".join("?" if size is None else str(size) for size in shape[1:]) + ")"


def _sign(printed: int | None, got: int) -> Content:
    if printed is None:
        return Content("")
    return Content.styled("✓", "$good") if printed == got else Content.styled("≠", "$warn")


def _how(row: Layer, summary: ModelSummary) -> str:
    """Return how a layer comes to its number of weights, in a sentence."""
    if not row.parameters:
        return f"{row.type} has no weights of its own."
    shapes = {**{r.name: r.output_shape for r in summary.rows}, **summary.inputs}
    if row.type == "Dense" and len(row.inputs) == 1 and row.inputs[0] in shapes:
        inputs, units = shapes[row.inputs[0]][-1], row.output_shape[-1]
        if inputs * units + units == row.parameters:
            return f"{inputs} inputs × {units} neurons + {units} biases = {row.parameters:,}"
    return f"{row.parameters:,} weights · {words.size(4 * row.parameters)}"


def make(lab: Lab) -> LabScreen:
    """Return the lab's screen."""
    return StructuresScreen(lab, MODELS[lab.id])

"""Model: the layers of the current experiment, to be read. Editing comes with the screen proper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.widgets import words
from kerastui.tui.widgets.empty import EmptyState
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from kerastui.models.experiment import Experiment

LATER = (
    "Layers will be added, changed and tried out here. Until then: edit the layers in the "
    "experiment's file, or try the numbers under Try next on the Learn screen."
)


class ModelScreen(SectionScreen):
    """The layers with their shapes and parameters."""

    SECTION = "model"
    HELP = "The layers of the current experiment, what comes out of each, and its parameters.\n" + (
        LATER
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "code", "code", tooltip="The same as a Python script"),
    ]

    def compose_body(self) -> ComposeResult:
        with Container():
            yield EmptyState(
                "No experiment yet",
                "The layers of the current experiment stand here.",
                (("L", "pick an example on the Learn screen, then o"),),
            )
            with Panel(title="model"):
                yield RowList(
                    [
                        Column("", 3, "right"),
                        Column("layer"),
                        Column("with", 24, least=70),
                        Column("output", 18, least=44),
                        Column("parameters", 12, "right"),
                    ]
                )
                yield Static(id="total")
                yield Static(Content.styled(LATER, "$muted"), id="later")

    def on_mount(self) -> None:
        self.query_one(Panel).display = False

    def experiment_changed(self, experiment: Experiment | None) -> None:
        self.query_one(EmptyState).display = experiment is None
        self.query_one(Panel).display = experiment is not None
        if experiment is not None:
            self.query_one(Panel).set_title(experiment.name)
            self.query_one(RowList).set_rows([])
            self.query_one("#total", Static).update(Content.styled("building …", "$muted"))
            self.query_one(RowList).focus()
            self._show(experiment)

    @work(group="summary", exclusive=True, exit_on_error=False)
    async def _show(self, experiment: Experiment) -> None:
        total = self.query_one("#total", Static)
        try:
            summary = await self.kerastui.summary(experiment)
        except UserError as error:
            total.update(Content.styled(str(error), "$bad"))
            return
        self.query_one(RowList).set_rows(rows(summary))
        problem = " ".join(str(summary.get(key) or "") for key in ("problem", "cure")).strip()
        if problem:
            total.update(Content.styled(problem, "$bad"))
        else:
            count = summary["parameters"]
            total.update(
                Content.assemble(f"{count:,} parameters", (f" · {words.size(4 * count)}", "$muted"))
            )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.kerastui.current is not None if action == "code" else True

    def action_code(self) -> None:
        """Show the experiment as a Python script."""
        if self.kerastui.current is not None:
            self.kerastui.show_code(self.kerastui.current)


def rows(summary: dict[str, Any]) -> list[Row]:
    """Return the layers of the inspector's summary as rows."""
    made = [
        Row(f"input {name}", ("", Content.styled(name, "$muted"), "", words.shape(shape[1:]), ""))
        for name, shape in summary.get("inputs", {}).items()
    ]
    for place, layer in enumerate(summary.get("rows", []), 1):
        shape = layer.get("output_shape", [])
        text = words.shape(shape[1:]) if all(not isinstance(x, list) for x in shape) else "several"
        made.append(
            Row(
                f"layer {place}",
                (
                    Content.styled(str(place), "$muted"),
                    str(layer.get("type", "")),
                    str(layer.get("text", "")),
                    text,
                    f"{layer.get('parameters', 0):,}",
                ),
            )
        )
    return made

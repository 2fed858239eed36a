"""Model: the layers of the current experiment, to be read. Editing comes with the screen proper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.two_pane import ENTER, ESCAPE, TwoPaneScreen
from kerastui.tui.widgets import words
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.panel import ScrollPanel
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from kerastui.models.experiment import Experiment

LATER = (
    "Layers will be added, changed and tried out here. Until then: edit the layers in the "
    "experiment's file, or run the numbers under Try next on the Learn screen."
)
LEVELS = {"error": "$bad", "problem": "$bad", "warning": "$warn"}
"""Level of a pre-flight finding -> its colour."""


class ModelScreen(TwoPaneScreen):
    """The layers with their shapes and parameters, and what pre-flight says about them."""

    SECTION = "model"
    LIST_TITLE = "model"
    HELP = "The layers of the current experiment, what comes out of each, its parameters, and " + (
        f"what would go wrong.\n{LATER}"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        ESCAPE,
        ENTER,
        Binding("c", "code", "code", tooltip="The same as a Python script"),
    ]

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

    def on_mount(self) -> None:
        self.rows.focus()

    def experiment_changed(self, experiment: Experiment | None) -> None:
        self.rows.set_rows([])
        if experiment is None:
            pick = Content.assemble(
                ("L", "$primary"), " pick an example on the Learn screen, then ", ("o", "$primary")
            )
            title = Content.styled("No experiment yet", "bold")
            self.query_one(KeyValues).show(
                [("", title), ("", pick), ("", Content.styled(LATER, "$muted"))]
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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "code":
            return self.kerastui.current is not None
        if action == "enter" and not self.narrow:
            return False
        return super().check_action(action, parameters)

    def action_code(self) -> None:
        """Show the experiment as a Python script."""
        if self.kerastui.current is not None:
            self.kerastui.show_code(self.kerastui.current)


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
    told.append(("", Content.styled(LATER, "$muted")))
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

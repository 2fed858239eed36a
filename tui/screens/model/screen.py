"""Model: the layers of the current experiment, edited one by one, with what comes out of each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.editing.stack import Edited
from kerastui.models.experiment.schema import FileModel, GraphModel
from kerastui.tui.current import SOON
from kerastui.tui.screens.model import rows
from kerastui.tui.screens.model.diagram import ModelDiagram
from kerastui.tui.screens.model.edits import ModelEdits
from kerastui.tui.screens.model.findings import Cure, about, about_file, findings, troubled
from kerastui.tui.screens.model.form import Subject, shape_from
from kerastui.tui.screens.model.no_experiment import NoExperiment
from kerastui.tui.screens.model.rows import Known, layers, list_rows, row_key
from kerastui.tui.screens.two_pane import ENTER, ESCAPE
from kerastui.tui.widgets.diagram import DiagramPanel
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_fields import Changes
from kerastui.tui.widgets.key_values import KeyValues
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.diagram import Graph
    from kerastui.models.experiment.schema import Experiment
    from kerastui.tui.monitor import RunMonitor

_BEGIN = Content.assemble(
    ("No layer yet\n\n", "bold"),
    ("a", "$primary"), "  add a layer, such as ", ("dense 32 relu", "bold"), "\n",
    ("t", "$primary"), "  begin with a template that suits the data",
)  # fmt: skip


class ModelScreen(ModelDiagram):
    """The layers with their shapes and parameters, and what pre-flight says about them."""

    SECTION = "model"
    LIST_TITLE = "model"
    HELP = """The layers of the current experiment: what comes out of each, its parameters, and \
what would go wrong, with a number for every cure. a adds a layer; values may follow its name, as \
in conv2d 32 3 relu. x switches a layer off without removing it. G makes the stack a graph: there \
b begins a branch, Space marks nodes for a to join, o makes a node an output, i adds an input. \
Losses and how it is trained are on the Train screen (e)."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ESCAPE,
        Binding("a", "add", "add", tooltip="Add a layer behind the cursor"),
        Binding("e", "edit", "edit", tooltip="Change the parameters of the layer"),
        ENTER,
        Binding("x", "switch", "on/off", tooltip="Switch the layer off, or on again"),
        Binding("d", "duplicate", "duplicate", tooltip="Copy the layer"),
        Binding("delete,backspace", "remove", "remove", key_display="Del",
                tooltip="Remove the layer; u brings it back"),
        Binding("u", "undo", "undo", tooltip="Take the last change back"),
        Binding("t", "template", "template", tooltip="Begin anew with a template"),
        Binding("g", "diagram", "diagram", tooltip="The layers as a diagram, or as a list"),
        Binding("r", "run", "run", tooltip="Train the current experiment"),
        Binding("c", "code", "code", tooltip="The same as a Python script"),
        Binding("b", "branch", "branch", tooltip="Add a node that begins a branch"),
        Binding("space", "mark", "mark", key_display="Space",
                tooltip="Mark it, to join, switch or remove several"),
        Binding("o", "output", "output", tooltip="Make the node an output, or no longer"),
        Binding("i", "input", "input", tooltip="Add an input to the graph"),
        Binding("U", "redo", "redo", tooltip="Do again what was taken back"),
        Binding("n", "rename", "rename", tooltip="Give the layer a name"),
        Binding("shift+up,ctrl+up", "move(-1)", "move up", key_display="⇧↑",
                tooltip="Move the layer up"),
        Binding("shift+down,ctrl+down", "move(1)", "move down", key_display="⇧↓",
                tooltip="Move the layer down"),
        Binding("f", "freeze", "freeze", tooltip="Keep it from changing in training, or let it"),
        Binding("W", "wrap", "wrap", tooltip="Put it into Bidirectional, TimeDistributed …"),
        Binding("G", "graph", "graph", tooltip="As a graph, or as a stack again"),
        Binding("w", "write", "write to files", tooltip="Write the diagram as SVG and as text"),
        *(
            Binding(str(key), f"cure({key})", f"cure {key}", show=False,
                    tooltip=f"Do what is offered under {key}")
            for key in range(1, 10)
        ),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.known = Known()
        self.marked: list[str] = []
        self.cures: list[Cure] = []
        self.assumed: dict[str, tuple[int, ...]] = {}
        self.trouble: UserError | None = None
        self.drawn: Graph | None = None
        self._document: object = None
        self._goal: int | None = None

    # What it is made of

    def make_list(self) -> RowList:
        return RowList(rows.columns(None))

    def compose_body(self) -> ComposeResult:
        with Container(classes="two-pane"):
            with Panel(title=self.LIST_TITLE, classes="pane-list", id="layers"):
                yield self.make_list()
                yield Static(id="total")
            yield DiagramPanel(title="diagram", classes="pane-list", id="diagram")
            yield from self.compose_detail()
        yield NoExperiment()

    def compose_detail(self) -> ComposeResult:
        with Panel(title="layer", classes="pane-detail", id="layer"):
            yield KeyValues()
            yield Form(self._check, labels=24)
            yield Static(id="findings")

    @property
    def form(self) -> Form:
        """The form of what the cursor is on."""
        return self.query_one(Form)

    def on_mount(self) -> None:
        self.query_one(NoExperiment).display = False
        self.rows.focus()

    # The current experiment

    def experiment_changed(self, experiment: Experiment | None) -> None:
        if self.kerastui.edits is not self._document:
            self._document = self.kerastui.edits
            self.known, self.marked, self.drawn, self.trouble = Known(), [], None, None
            self.swap(False)
            if experiment is not None:
                self._goal = 0 if layers(experiment) else -1
        self._lay_open(experiment is not None)
        if experiment is None:
            self.rows.set_rows([])
            return
        if (said := self.kerastui.known_summary(experiment)) is not None:
            self.known, self.trouble = Known(experiment, said), None
        self._show(experiment)
        self._ask(experiment)

    def run_changed(self, monitor: RunMonitor | None) -> None:
        """Offer the model of the run that is shown where there is no experiment."""
        if self.query_one(NoExperiment).offer(monitor):
            self.refresh_bindings()

    @work(group="take", exclusive=True, exit_on_error=False)
    async def _take_model_of_run(self) -> None:
        monitor = self.kerastui.monitor
        if monitor is None:
            return
        try:
            with self.kerastui.hold_keys():
                experiment = await asyncio.to_thread(monitor.run.experiment)
        except UserError as error:
            self.kerastui.tell_error(error)
            return
        if self.experiment is None:
            self.kerastui.set_current(experiment)

    def on_screen_resume(self) -> None:
        # An answer that came while another state was the current one was dropped.
        if self.experiment is not None and self.stale and not self.under_way("summary"):
            self._ask(self.experiment)

    @property
    def stale(self) -> bool:
        """Whether what the worker said last is about another state of the model."""
        return self.known.experiment is not self.experiment

    def _lay_open(self, something: bool) -> None:
        """Show the panes, or what is to be done while there is no experiment."""
        panes = self.query_one(".two-pane")
        if panes.display != something:
            panes.display = something
            self.query_one(NoExperiment).display = not something
            if something:
                self.rows.focus()

    def _show(self, experiment: Experiment) -> None:
        """Show the list as it is now, with what is known of it."""
        self.rows.columns = tuple(rows.columns(experiment, self.known.summary))
        keys = {row_key(experiment, place) for place in range(len(layers(experiment)))}
        inputs = experiment.model.inputs if isinstance(experiment.model, GraphModel) else []
        keys |= {f"input {entry.name}" for entry in inputs}
        self.marked = [key for key in self.marked if key in keys]
        stale = self.stale and self.trouble is None
        self.rows.set_rows(list_rows(experiment, self.known, stale=stale, marked=self.marked))
        if self._goal is not None:
            self.rows.move_to(row_key(experiment, self._goal))
            self._goal = None
        total = rows.total(experiment, self.known, stale=stale)
        if self.trouble is not None and layers(experiment):
            note = Content.styled(
                "no data: "
                + (
                    "the shape of the input is assumed"
                    if self.known.summary
                    else "shapes are not known"
                ),
                "$warn",
            )
            total = Content.assemble(total, "\n" if total else "", note)
        self.query_one("#total", Static).update(total)
        self.query_one("#layers", Panel).set_title(
            f"model of {experiment.name}", "graph" if self.graph else ""
        )
        self._show_subject()

    @work(group="summary", exclusive=True, exit_on_error=False)
    async def _ask(self, experiment: Experiment) -> None:
        """Ask the worker about the model; answers for a state that is left are dropped."""
        if self.stale:
            await asyncio.sleep(SOON)
        trouble: UserError | None = None
        try:
            said = await self.kerastui.summary(experiment)
        except UserError as error:
            said, trouble = await self._without_data(experiment), error
        if self.experiment is not experiment:
            return
        self.known, self.trouble = Known(experiment, said), trouble
        self._show(experiment)
        await self.draw(experiment)

    async def _without_data(self, experiment: Experiment) -> dict[str, Any]:
        """What can be said where the data can't be prepared."""
        shape = self.assumed.get(experiment.data.dataset)
        if not shape:
            return {}
        try:
            return await self.kerastui.launcher.request(
                "model.shapes", experiment=experiment.plain(), input_shape=list(shape)
            )
        except UserError:
            return {}

    # What the cursor is on

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        if event.rows is self.rows and self.experiment is not None:
            self._show_subject()

    @property
    def subject(self) -> Subject | None:
        """What the form is about."""
        experiment, place = self.experiment, self.place
        if experiment is None:
            return None
        data = self.known.summary.get("data") or {}
        assumed = self.assumed.get(experiment.data.dataset, ()) if self.trouble else None
        return Subject(
            experiment, place, self.source() if self.graph else "",
            tuple(data.get("feature_names") or ()), tuple(data.get("target_names") or ()), assumed,
        )  # fmt: skip

    def _show_subject(self) -> None:
        subject = self.subject
        if subject is None:
            return
        experiment, place = subject.experiment, subject.place
        sections = subject.fields()
        self.form.display = bool(sections)
        self.form.show(sections)
        # Of an input there is more to say than to fill in: its fields take what they need.
        few = sum(len(fields) for _, fields in sections) + 4
        self.form.styles.height = "1fr" if place >= 0 else few
        whole = self.query_one(KeyValues)
        whole.display = place < 0
        panel = self.query_one("#layer", Panel)
        if place >= 0:
            layer = layers(experiment)[place]
            title = f"{layer.name}  {layer.type}" if self.graph else f"{place + 1}  {layer.type}"
            panel.set_title(title, "off" if layer.disabled else "")
        else:
            row = rows.file_layers(self.known).get(self.in_file or 0)
            if self.in_file is not None and row is not None:
                panel.set_title(f"{row['name']}  {row['type']}")
                whole.show(about_file(experiment, row))
            else:
                panel.set_title(f"input {subject.name}".strip())
                whole.show(about(experiment, self.known))
        lines, cures = findings(experiment, self.known, place if place >= 0 else None)
        if not layers(experiment) and not isinstance(experiment.model, FileModel):
            lines, cures = [_BEGIN], []
        if self.trouble is not None:
            assumed = self.assumed.get(experiment.data.dataset, ())
            first, offered = troubled(experiment, self.trouble, assumed, place)
            lines, cures = [*first, *(lines if not offered else [])], offered or cures
        self._show_findings([] if self.stale else lines, [] if self.stale else cures)
        self.refresh_bindings()

    def _show_findings(self, lines: list[Content], cures: list[Cure]) -> None:
        self.cures = cures
        shown = self.query_one("#findings", Static)
        shown.display = bool(lines)
        shown.update(Content("\n").join(lines))
        self._show_total(lines)

    def _show_total(self, lines: list[Content]) -> None:
        """Show what is under the list; where the detail is hidden, what was found too."""
        experiment, total = self.experiment, []
        if experiment is not None:
            stale = self.stale and self.trouble is None
            total = [rows.total(experiment, self.known, stale=stale)]
            if self.trouble is not None and layers(experiment):
                shapes = "the shape of the input is assumed"
                note = shapes if self.known.summary else "shapes are not known"
                total.append(Content.styled(f"! {note}", "$warn"))
            if self.narrow and layers(experiment):
                total += lines[:4]
        self.query_one("#total", Static).update(Content("\n").join(line for line in total if line))

    def _check(self, changes: Changes) -> str:
        subject = self.subject
        if subject is None:
            return ""
        try:
            if "assumed" in changes:
                shape_from(changes["assumed"])
            else:
                subject.edit(changes)
        except UserError as error:
            return sentence(error)
        return ""

    @on(Form.Edited)
    def _edited(self, event: Form.Edited) -> None:
        subject = self.subject
        if subject is None:
            return
        try:
            if "assumed" in event.changes:
                self._assume(subject.experiment, shape_from(event.changes["assumed"]))
                return
            edited = subject.edit(event.changes)
        except UserError as error:
            say(self.app, sentence(error), "error")
            return
        self.made(edited)

    def _assume(self, experiment: Experiment, shape: tuple[int, ...]) -> None:
        self.assumed[experiment.data.dataset] = shape
        self._ask(experiment)

    # Changing it

    def made(self, edited: Edited) -> None:
        if edited.experiment != self.experiment:
            self.marked = []
            self._goal = edited.place
            self.kerastui.edit(edited.experiment, edited.words)

    def action_mark(self) -> None:
        """Mark the layer under the cursor, or no longer."""
        key, experiment = self.rows.key, self.experiment
        if experiment is None:
            return
        self.marked = [one for one in self.marked if one != key] if key in self.marked else [
            *self.marked, key
        ]  # fmt: skip
        self._show(experiment)
        self.rows.action_move(1)

    def action_cure(self, key: int) -> None:
        """Do what is offered under a number."""
        experiment = self.experiment
        if experiment is None or key > len(self.cures):
            return
        cure = self.cures[key - 1]
        try:
            changed = experiment.changed(cure.changes)
        except UserError as error:
            self.kerastui.tell_error(error)
            return
        # A layer put before this one moves it down; the cursor stays on it.
        more = max(0, len(layers(changed)) - len(layers(experiment)))
        self.made(Edited(changed, cure.words, min(self.place + more, len(layers(changed)) - 1)))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_template(self) -> None:
        """Put a template in the place of the whole model."""
        from kerastui.tui.screens.model.templates import choose_template

        experiment = self.experiment
        if experiment is None:
            return
        assumed = self.assumed.get(experiment.data.dataset, ())
        try:
            edited = await choose_template(self.kerastui, experiment, self.known, assumed)
        except UserError as error:
            say(self.app, f"{error.message} {error.hint}", "warning")
            return
        if edited is not None and self.experiment is experiment:
            self.made(edited)

    # Looking

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("code", "run"):
            return self.experiment is not None
        if action in ("diagram", "write"):
            # One that can't be drawn stays dim; without a model there is nothing to draw.
            return self.drawn is not None or (None if self.experiment else False)
        if action == "cure":
            return bool(parameters) and int(str(parameters[0])) <= len(self.cures)
        if action == "enter":
            if self.experiment is None:
                return self.kerastui.monitor is not None
            return self.narrow and not self.in_detail
        if action == "edit":
            return (self.form.display or None) if self.experiment else False
        if hasattr(ModelEdits, f"action_{action}") and action not in ("back", "search"):
            return self.may(action)
        if action in ("template", "mark"):
            return self.may(action)
        return super().check_action(action, parameters)

    def action_enter(self) -> None:
        """Open what the cursor is on; without an experiment take that of the run."""
        if self.experiment is None:
            self._take_model_of_run()
        else:
            super().action_enter()

    def row_opened(self, key: str) -> None:
        self.action_edit()

    def action_edit(self) -> None:
        """Go to the form of the layer."""
        self.go_to_detail()

    def go_to_detail(self) -> None:
        self.swap(False)
        self.add_class("-detail")
        if self.form.display:
            self.form.rows.focus()
        self.refresh_bindings()

    def on_resize(self) -> None:
        super().on_resize()
        self.call_after_refresh(self._show_subject)  # a narrow list shows more


def sentence(error: UserError) -> str:
    """Return what is wrong, without the path of a field that one is looking at anyway."""
    import re

    return re.sub(r"^In the experiment: (?:[a-z]\S*: )?", "", error.message)

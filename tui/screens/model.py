"""Model: the layers of the current experiment, edited one by one, with what comes out of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from kerastui.datasets.errors import UserError
from kerastui.models.editing import Edited
from kerastui.models.experiment import GraphModel
from kerastui.tui.current import SOON
from kerastui.tui.screens import model_rows
from kerastui.tui.screens.model_edits import ModelEdits
from kerastui.tui.screens.model_findings import Cure, about, findings
from kerastui.tui.screens.model_form import Subject, shape_from
from kerastui.tui.screens.model_rows import Known, layers, list_rows, row_key
from kerastui.tui.screens.two_pane import ENTER, ESCAPE
from kerastui.tui.widgets import words
from kerastui.tui.widgets.diagram import DiagramPanel, write
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_fields import Changes
from kerastui.tui.widgets.key_values import KeyValues
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.models.diagram import Graph
    from kerastui.models.experiment import Experiment

VAST = 160
"""From so many columns on the diagram stands beside the list."""

_BEGIN = Content.assemble(
    ("No layer yet\n\n", "bold"),
    ("a", "$primary"), "  add a layer, such as ", ("dense 32 relu", "bold"), "\n",
    ("t", "$primary"), "  begin with a template that suits the data",
)  # fmt: skip


class ModelScreen(ModelEdits):
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
        Binding("c", "code", "code", tooltip="The same as a Python script"),
        Binding("b", "branch", "branch", tooltip="Add a node that begins a branch"),
        Binding("space", "mark", "mark", tooltip="Mark it, to join, switch or remove several"),
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
        return RowList(model_rows.columns(None))

    def compose_body(self) -> ComposeResult:
        with Container(classes="two-pane"):
            with Panel(title=self.LIST_TITLE, classes="pane-list", id="layers"):
                yield self.make_list()
                yield Static(id="total")
            yield DiagramPanel(title="diagram", classes="pane-list", id="diagram")
            yield from self.compose_detail()

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
        self.rows.focus()

    # The current experiment

    def experiment_changed(self, experiment: Experiment | None) -> None:
        if self.kerastui.edits is not self._document:
            self._document = self.kerastui.edits
            self.known, self.marked, self.drawn, self.trouble = Known(), [], None, None
            self._swap(False)
            if experiment is not None:
                self._goal = 0 if layers(experiment) else -1
        if experiment is None:
            self._nothing()
            return
        if (said := self.kerastui.known_summary(experiment)) is not None:
            self.known, self.trouble = Known(experiment, said), None
        self._show(experiment)
        self._ask(experiment)

    @property
    def stale(self) -> bool:
        """Whether what the worker said last is about another state of the model."""
        return self.known.experiment is not self.experiment

    def _nothing(self) -> None:
        self.rows.set_rows([])
        self.form.display = False
        pick = Content.assemble(
            ("L", "$primary"), " pick an example on the Learn screen, then ", ("o", "$primary"),
            "\n", ("D", "$primary"), " choose data to build a model for",
        )  # fmt: skip
        self.query_one("#layer", Panel).set_title("model")
        title = Content.styled("No experiment yet", "bold")
        self.query_one(KeyValues).show([("", title), ("", pick)])
        self._show_findings([], [])

    def _show(self, experiment: Experiment) -> None:
        """Show the list as it is now, with what is known of it."""
        self.rows.columns = tuple(model_rows.columns(experiment, self.known.summary))
        keys = {row_key(experiment, place) for place in range(len(layers(experiment)))}
        inputs = experiment.model.inputs if isinstance(experiment.model, GraphModel) else []
        keys |= {f"input {entry.name}" for entry in inputs}
        self.marked = [key for key in self.marked if key in keys]
        stale = self.stale and self.trouble is None
        self.rows.set_rows(list_rows(experiment, self.known, stale=stale, marked=self.marked))
        if self._goal is not None:
            self.rows.move_to(row_key(experiment, self._goal))
            self._goal = None
        total = model_rows.total(experiment, self.known, stale=stale)
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
        await self._draw(experiment)

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

    async def _draw(self, experiment: Experiment) -> None:
        try:
            drawn = await asyncio.to_thread(graph_of, experiment, self.known.summary)
        except UserError:  # two boxes of one name; the findings say so
            drawn = None
        if self.experiment is experiment:
            self.drawn = drawn
            if drawn is not None:
                self.query_one(DiagramPanel).show(drawn)
            self.refresh_bindings()

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
            panel.set_title(f"input {subject.name}".strip())
            whole.show(about(experiment, self.known))
        lines, cures = findings(experiment, self.known, place if place >= 0 else None)
        if not layers(experiment):
            lines, cures = [_BEGIN], []
        if self.trouble is not None:
            first, offered = self._troubled(experiment, place)
            lines, cures = [*first, *(lines if not offered else [])], offered or cures
        self._show_findings([] if self.stale else lines, [] if self.stale else cures)
        self.refresh_bindings()

    def _troubled(self, experiment: Experiment, place: int) -> tuple[list[Content], list[Cure]]:
        """Say why there are no shapes, or that they are assumed, and what can be done."""
        error = self.trouble
        if error is None:
            return [], []
        head = Content.assemble(("! ", "$warn"), "The data can't be had; the input says why.")
        if place < 0:
            head = Content.assemble(("! ", "$warn"), error.message, " ", (error.hint, "$muted"))
        cures = []
        known = card_of(experiment.data.dataset)
        if known and known.stand_in and not experiment.data.substitute:
            words_ = f"go on with {known.stand_in} in its place"
            cures.append(Cure(words_, {"data.substitute": True}))
        where = "" if place < 0 else "on the input, "
        then = "gives a shape to go on with"
        if shape := self.assumed.get(experiment.data.dataset):
            then = f"changes the shape that is assumed, {words.shape(shape)}"
        lines = [head, *(Content.assemble("  ", ("1 ", "$primary"), cure.words) for cure in cures)]
        return [*lines, Content.assemble("  ", where, ("e", "$primary"), f" {then}")], cures

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
            total = [model_rows.total(experiment, self.known, stale=stale)]
            if self.trouble is not None and layers(experiment):
                shapes = "the shape of the input is assumed"
                note = shapes if self.known.summary else "shapes are not known"
                total.append(Content.styled(f"no data: {note}", "$warn"))
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
        from kerastui.tui.screens.model_templates import choose_template

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
        if action == "code":
            return self.experiment is not None
        if action in ("diagram", "write"):
            # One that can't be drawn stays dim; without a model there is nothing to draw.
            return self.drawn is not None or (None if self.experiment else False)
        if action == "cure":
            return bool(parameters) and int(str(parameters[0])) <= len(self.cures)
        if action == "enter":
            return self.narrow and not self.in_detail
        if action == "edit":
            return True if self.form.display else None
        if hasattr(ModelEdits, f"action_{action}") and action not in ("back", "search"):
            return self.may(action)
        if action in ("template", "mark"):
            return self.may(action)
        return super().check_action(action, parameters)

    def row_opened(self, key: str) -> None:
        self.action_edit()

    def action_edit(self) -> None:
        """Go to the form of the layer."""
        self.go_to_detail()

    def go_to_detail(self) -> None:
        self._swap(False)
        self.add_class("-detail")
        if self.form.display:
            self.form.rows.focus()
        self.refresh_bindings()

    def action_diagram(self) -> None:
        """Draw the layers, or list them again; where both are seen, go from one to the other."""
        self.remove_class("-detail")
        if self.has_class("-vast"):
            panel = self.query_one(DiagramPanel)
            (self.rows if panel.has_focus else panel).focus()
        else:
            self._swap(not self.has_class("-diagram"))

    def _swap(self, diagram: bool) -> None:
        if diagram != self.has_class("-diagram"):
            self.set_class(diagram, "-diagram")
            (self.query_one(DiagramPanel) if diagram else self.rows).focus()

    def on_resize(self) -> None:
        self.set_class(self.size.width >= VAST, "-vast")
        self.call_after_refresh(self._show_subject)  # a narrow list shows more
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


def card_of(dataset: str) -> Card | None:
    """Return what the catalogue says of a data set; None for the user's own files."""
    from kerastui.datasets.catalogue import card

    try:
        return card(dataset)
    except UserError:
        return None


def graph_of(experiment: Experiment, summary: Mapping[str, Any]) -> Graph:
    """Return the graph of an experiment's model, with shapes and numbers as far as known."""
    from dataclasses import fields

    from kerastui.models.diagram import from_model
    from kerastui.models.labs.structures import summary_of
    from kerastui.models.summary import ModelSummary

    known = {field.name for field in fields(ModelSummary)}
    plain = {name: value for name, value in summary.items() if name in known}
    return from_model(experiment.model, summary_of(plain) if "rows" in plain else None)


def sentence(error: UserError) -> str:
    """Return what is wrong, without the path of a field that one is looking at anyway."""
    import re

    return re.sub(r"^In the experiment: (?:[a-z]\S*: )?", "", error.message)

"""What the keys of the Model screen do to the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import work

from kerastui.datasets.errors import UserError
from kerastui.models.editing import file, whole
from kerastui.models.editing import graph as editing_graph
from kerastui.models.editing import stack as editing
from kerastui.models.editing.stack import Edited
from kerastui.models.experiment.schema import FileModel
from kerastui.tui.screens.dialogs import AskText
from kerastui.tui.screens.model.add import AddLayer
from kerastui.tui.screens.model.rows import (
    Known,
    file_layers,
    file_place,
    input_shape,
    layers,
    place_of,
)
from kerastui.tui.screens.model.words import Place
from kerastui.tui.screens.two_pane import TwoPaneScreen
from kerastui.tui.widgets.form_edit import Choose, complete
from kerastui.tui.widgets.form_fields import Option
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

UNWRAP = "no wrapper"


class ModelEdits(TwoPaneScreen):
    """The half of the Model screen that changes the model."""

    known: Known
    marked: list[str]

    @property
    def experiment(self) -> Experiment | None:
        """The current experiment."""
        return self.kerastui.current

    @property
    def place(self) -> int:
        """The place of the layer under the cursor; -1 on an input."""
        return place_of(self.experiment, self.rows.key) if self.experiment else -1

    @property
    def places(self) -> list[int]:
        """The layers that are marked, else the one under the cursor."""
        if self.experiment is None:
            return []
        marked = [place_of(self.experiment, key) for key in self.marked]
        chosen = [place for place in marked if place >= 0] or [self.place]
        return sorted({place for place in chosen if place >= 0})

    @property
    def graph(self) -> bool:
        """Whether the model is a graph."""
        return self.experiment is not None and editing.is_graph(self.experiment)

    def made(self, edited: Edited) -> None:
        """Take an edit over as the current experiment."""
        raise NotImplementedError

    def _try(self, edit: Callable[[Experiment], Edited]) -> bool:
        """Do an edit, or say why it can't be done."""
        if self.experiment is None:
            return False
        try:
            edited = edit(self.experiment)
        except UserError as error:
            say(self.app, f"{error.message} {error.hint}".strip(), "warning")
            return False
        self.made(edited)
        return True

    @property
    def in_file(self) -> int | None:
        """The place in its file of the layer under the cursor; None elsewhere."""
        return file_place(self.rows.key) if self.experiment else None

    def _try_file(
        self, edit: Callable[[Experiment, int, dict[int, tuple[str, int]]], tuple[Experiment, str]]
    ) -> None:
        """Change what is taken of the file, with the cursor left where it is."""
        experiment, place = self.experiment, self.in_file
        known = {p: (str(row["name"]), int(row["parameters"]))
                 for p, row in file_layers(self.known).items()}  # fmt: skip
        if experiment is None or place not in known:
            return
        try:
            changed, words = edit(experiment, place, known)
        except UserError as error:
            say(self.app, f"{error.message} {error.hint}".strip(), "warning")
        else:
            self.kerastui.edit(changed, words)

    def source(self) -> str:
        """The name of the node or input under the cursor of a graph."""
        return self.rows.key.partition(" ")[2]

    # Adding

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_add(self) -> None:
        """Add a layer behind the cursor; behind what is marked, one that joins."""
        await self._add(branch=False)

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_branch(self) -> None:
        """Add a node that begins a branch: what follows the cursor stays as it is."""
        await self._add(branch=True)

    async def _add(self, *, branch: bool) -> None:
        experiment, place = self.experiment, self.place
        if experiment is None:
            return
        sources = [self.source()]
        if self.graph and self.marked and not branch:
            order = editing_graph.names_of(experiment)
            sources = sorted((key.partition(" ")[2] for key in self.marked), key=order.index)
        asked = AddLayer(self._where(len(sources) > 1), "add a branch" if branch else "add a layer")
        layer = await self.app.push_screen_wait(asked)
        made = await complete(self.app, "layers", layer) if layer else None
        if made is None or self.experiment is not experiment:
            return
        plain = {"type": made} if isinstance(made, str) else made
        if self.graph:
            self._try(lambda e: editing_graph.add_node(e, plain, sources, branch=branch))
        else:
            self._try(lambda e: editing.add(e, plain, place))

    def _where(self, joins: bool) -> Place:
        """What is known of the place behind the cursor."""
        experiment, place = self.experiment, self.place
        if experiment is None or joins:
            return Place(joins=joins)
        if place >= 0:
            row = self.known.rows_for(experiment).get(place) or {}
            shape = row.get("output_shape")
        elif of_file := file_layers(self.known):
            shape = list(of_file.values())[-1].get("output_shape")
        else:
            shape = input_shape(self.known, self.source() if self.graph else "")
        flat = isinstance(shape, list) and not any(isinstance(size, list) for size in shape)
        words = place < 0 and any(step.step == "pad" for step in experiment.data.steps)
        return Place(tuple(shape[1:]) if flat and shape else None, words)

    def action_duplicate(self) -> None:
        """Copy the layer under the cursor."""
        copy = editing_graph.duplicate_node if self.graph else editing.duplicate
        if self.place >= 0:
            self._try(lambda experiment: copy(experiment, self.place))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_input(self) -> None:
        """Add an input to a graph."""
        name = await self.app.push_screen_wait(AskText("add an input", "Its name:", "input_2"))
        if name is not None:
            self._try(lambda experiment: editing_graph.add_input(experiment, name))

    # Changing

    def action_switch(self) -> None:
        """Switch what is marked, or the layer under the cursor, off or on."""
        if self.places:
            self._try(lambda experiment: editing.toggle(experiment, self.places))

    def action_freeze(self) -> None:
        """Freeze what is marked, or the layer under the cursor, or let it be trained again."""
        if self.in_file is not None:
            self._try_file(file.toggle_frozen)
        elif self.places:
            self._try(lambda experiment: editing.freeze(experiment, self.places))

    def action_remove(self) -> None:
        """Remove what is marked, or the layer or input under the cursor."""
        if self.in_file is not None:
            self._try_file(file.cut_from)
        elif self.places:
            remove = editing_graph.remove_nodes if self.graph else editing.remove
            self._try(lambda experiment: remove(experiment, self.places))
        elif self.graph:
            self._try(lambda experiment: editing_graph.remove_input(experiment, self.source()))

    def action_move(self, step: int) -> None:
        """Move the layer under the cursor up or down."""
        move = editing_graph.move_node if self.graph else editing.move
        if self.place >= 0:
            self._try(lambda experiment: move(experiment, self.place, step))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_rename(self) -> None:
        """Give the layer or input under the cursor a name."""
        experiment, place = self.experiment, self.place
        if experiment is None or (place < 0 and not self.graph):
            return
        old = self.source() if self.graph else layers(experiment)[place].name or ""

        def edit(current: Experiment, name: str) -> Edited:
            if not self.graph:
                return editing.rename(current, place, name)
            if place < 0:
                return editing_graph.rename_input(current, old, name)
            return editing_graph.rename_node(current, place, name)

        about = "Letters, digits, _ and -." if self.graph else (
            "Letters, digits, _ and -; nothing leaves the name to Keras."
        )  # fmt: skip
        name = await self.app.push_screen_wait(AskText("rename", about, old))
        if name is not None and self.experiment is experiment:
            self._try(lambda current: edit(current, name))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_wrap(self) -> None:
        """Put the layer under the cursor into a wrapper, or take it out."""
        experiment, place = self.experiment, self.place
        if experiment is None or place < 0:
            return
        notes = {
            "Bidirectional": "forward and backward through the steps",
            "TimeDistributed": "at every step alike",
            "SpectralNormalization": "with the largest stretch of its weights held at 1",
        }
        options = [Option(name, notes.get(name, "")) for name in editing.WRAPPERS]
        if "layer" in editing.layers_of(experiment)[place]:
            options.insert(0, Option(UNWRAP, "the layer alone"))
        chosen = await self.app.push_screen_wait(Choose("wrap in", options, None))
        if chosen == UNWRAP:
            self._try(lambda current: editing.unwrap(current, place))
        elif chosen:
            self._try(lambda current: editing.wrap(current, place, chosen))

    # Graphs

    def action_graph(self) -> None:
        """Make a graph of a stack, or a stack of a graph without branches."""
        self._try(whole.to_stack if self.graph else whole.to_graph)

    def action_output(self) -> None:
        """Make the node under the cursor an output, or no longer."""
        if self.graph and self.place >= 0:
            self._try(lambda experiment: editing_graph.toggle_output(experiment, self.place))

    def action_undo(self) -> None:
        """Take the last change back."""
        self.kerastui.undo_edit()

    def action_redo(self) -> None:
        """Do again what was taken back."""
        self.kerastui.redo_edit()

    def may(self, action: str) -> bool | None:
        """Whether an action can be done now: None shows its key dim, False not at all."""
        experiment = self.experiment
        if experiment is None:
            return False
        edits: Any = self.kerastui.edits
        match action:
            case "undo" | "redo":
                return True if (edits.undoable if action == "undo" else edits.redoable) else None
            case "branch" | "output" | "input":
                return self.graph
            case "graph" if not isinstance(experiment.model, FileModel):
                return bool(layers(experiment)) or None
            case "remove" | "freeze" if self.in_file is not None:
                return True
            case "edit" | "switch" | "duplicate" | "rename" | "move" | "wrap" | "mark" if (
                self.in_file is not None
            ):
                return False
            case "graph":
                return False
            case "remove":
                return True if self.place >= 0 or self.graph else None
            case "rename":
                return True if self.place >= 0 or self.graph else None
            case "duplicate" | "switch" | "freeze" | "move" | "wrap" | "mark":
                return True if self.place >= 0 or (action == "mark" and self.graph) else None
        return True

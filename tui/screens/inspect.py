"""Inspect: how good the shown run is, what it predicts, and what its model has learned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.tui import recent
from kerastui.tui.inspect import subject
from kerastui.tui.inspect.hand import MOST_SAMPLES
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.pane import InspectPane
from kerastui.tui.inspect.panes import GROUPS
from kerastui.tui.inspect.subject import Found
from kerastui.tui.screens.two_pane import ENTER, ESCAPE, TwoPaneScreen
from kerastui.tui.widgets.empty import EmptyState
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from kerastui.tui.monitor import RunMonitor


class InspectScreen(TwoPaneScreen):
    """What to look at, at the left; at the right the pane of the row under the cursor."""

    SECTION = "inspect"
    LIST_TITLE = "inspect"
    CSS_PATH = "inspect.tcss"
    HELP = """The run that is shown: its evaluation, its predictions, and the weights of the \
model that it saved. Files are only read; nothing that a model brings along is executed.

What stands below judge is computed from the predictions for one part of the data: t goes to \
another part, a takes a file of your own with known answers, m goes to another output. Enter on a \
cell of the confusion matrix lists the rows behind it.

One input asks the model about values that you type, move with the arrows, draw or write; it \
answers at every change, and marks what lies outside the training data. Rows can be pasted, whole \
files predicted (kerastui runs predict does it, too), and all rows of a part sorted and filtered.

As formulas lists a dense network weight by weight: L0N1 -> L1N0 leads from the second input to \
the first neuron of the first layer, 0B is the bias in between.

By hand calculates such a network for an input: the digits choose one, e edits the numbers, and \
every product, sum and activation follows; Tab shows one neuron beside what Keras computes. All \
numbers are what the model is given, after the data was prepared.

Below layers each weight stands as numbers, histogram, heat map, filters or neighbours: Tab or a \
digit chooses, m goes to the extremes, n and v to other slices and axes, x writes it to a file; on \
layers itself = sets all of them beside another run. Activations follow a sample through every \
layer: a dead unit gave 0 for all samples, a saturated one stands at the end of its range."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ENTER,
        ESCAPE,
        Binding("e", "edit", "edit the input",
                tooltip="Give the model another input: numbers, words, a drawing, a sample"),
        Binding("1", "choose(0)", "choose", key_display="1–9",
                tooltip="Take one of what is numbered above: a view, an input"),
        *(Binding(str(place + 1), f"choose({place})", show=False)
          for place in range(1, MOST_SAMPLES)),
        Binding("w", "write", "save as", tooltip="Save the model in another format, with a card"),
        Binding("o", "use", "use it",
                tooltip="Go on with the model: evaluate it, train it further, put layers on it"),
        Binding("f", "repair", "repair",
                tooltip="Write a copy of an old model that today's Keras opens by itself"),
        Binding("slash", "search", "search", key_display="/", tooltip="Find a layer"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._look: tuple[Any, ...] = ()
        self._found: Found | None = None
        self._kinds: dict[str, type[InspectPane]] = {}
        self._panes: dict[type[InspectPane], InspectPane] = {}
        self._drawn = ""  # the key of the row that is shown
        self._entering = ""  # the row that Enter came to before it was shown

    def make_list(self) -> RowList:
        return RowList([Column("look at", last_word=True), Column("", 14, "right")])

    def compose_body(self) -> ComposeResult:
        yield from super().compose_body()
        yield EmptyState(
            "No run to look into",
            "The figures, predictions and weights of the run that is shown stand here.",
            (("R", "choose a run"), ("L", "run an example"), ("^o", "open a model's file")),
        )

    def compose_detail(self) -> ComposeResult:
        with Panel(classes="pane-detail"):
            yield LinesView(id="inspect-wait")

    def on_mount(self) -> None:
        self.run_changed(self.kerastui.monitor)
        self.rows.focus()

    # What is looked into

    def run_changed(self, monitor: RunMonitor | None) -> None:
        """Look into the model that was opened, else into the run that is shown."""
        if (path := self.kerastui.opened_model) is not None:
            chosen = self.kerastui.opened_with
            self._look_into((path, chosen), lambda: subject.read_file(path, chosen))
            return
        if monitor is None:
            self._look_into((), None)
            return
        self._look_into(
            (monitor.run.path, monitor.ready, monitor.status, bool(monitor.history.figures)),
            (lambda: subject.read(monitor.run)) if monitor.ready else None,
        )

    def _look_into(self, look: tuple[Any, ...], read: Callable[[], Found] | None) -> None:
        self.query_one(EmptyState).display = not look
        self.query_one(".two-pane").display = bool(look)
        if look == self._look:
            return
        if not look or not self._look or look[0] != self._look[0]:
            if self.detail.has_focus_within:
                self.action_back()  # what has the focus there goes
            self._found, self._drawn = None, ""
            self.rows.set_rows([])
            self._show_only(None)
            self.query_one("#inspect-wait", LinesView).show([Content.styled("Reading …", "$muted")])
        self._look = look
        if read is not None:
            self._read(read)
        self.refresh_bindings()

    @work(group="inspect", exclusive=True, exit_on_error=False)
    async def _read(self, read: Callable[[], Found]) -> None:
        look = self._look
        found = await asyncio.to_thread(read)
        if found.run is None and found.model is not None:
            await asyncio.to_thread(recent.add, found.path)
        if look != self._look:
            return
        self._found = found
        fresh = not self.rows.key or self.rows.key not in self._kinds
        self.rows.set_rows(self._rows(found))
        if fresh and self._kinds:
            self.rows.move_to(next(iter(self._kinds)) if found.run else "file")
        self.query(Panel).first().set_title("inspect", found.name)
        self.draw()

    def relist(self) -> None:
        """List what there is to look at again: a pane has found more."""
        if self._found is not None:
            self.rows.set_rows(self._rows(self._found))

    def _rows(self, found: Found) -> list[Row]:
        """Return what there is to look at, by group."""
        made: list[Row] = []
        self._kinds = {}
        for title, kinds in GROUPS:
            mine: list[Row] = []
            for kind in kinds:
                for row in kind.rows(found):
                    self._kinds[row.key] = kind
                    mine.append(Row(row.key, row.cells, row.level + 1, row.group, row.found))
            if mine:
                made += [Row(f"group {title}", (Content.styled(title, "$muted"), ""), 0, True)]
                made += mine
        return made

    @on(RowList.Moved)
    def _moved(self) -> None:
        if self.rows.key != self._entering:
            self._entering = ""
        self.draw()

    @property
    def pane(self) -> InspectPane | None:
        """The pane of the row under the cursor, once it shows that row."""
        kind = self._kinds.get(self.rows.key)
        pane = self._panes.get(kind) if kind else None
        ready = pane is not None and pane.given is self._found and self._drawn == self.rows.key
        return pane if ready else None

    @on(InspectPane.Resized)
    @work(group="draw", exit_on_error=False)
    async def draw(self) -> None:
        """Show what the cursor is on."""
        kind = self._kinds.get(self.rows.key)
        if not self.is_mounted or self._found is None or kind is None:
            return
        if (pane := self._panes.get(kind)) is None:
            pane = self._panes[kind] = kind()
            with self.kerastui.hold_keys():
                await self.detail.mount(pane)
        if not pane.is_mounted or kind is not self._kinds.get(self.rows.key):
            return  # it is drawn when it is mounted, or no longer wanted
        if pane.given is not self._found:
            pane.set_found(self._found)
        self._show_only(pane)
        self._drawn, pane.room = self.rows.key, self.detail.size
        self.query(Panel).last().set_title(pane.show(self._drawn, max(8, pane.room.width - 4)))
        if self._entering == self._drawn:
            self._entering = ""
            pane.take_focus()
        self.refresh_bindings()

    def _show_only(self, shown: InspectPane | None) -> None:
        self.query_one("#inspect-wait").display = shown is None
        for pane in self._panes.values():
            pane.display = pane is shown

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if not self._look:
            return action not in (
                "enter",
                "search",
                "edit",
                "choose",
                "back",
                "write",
                "use",
                "repair",
            )
        if action == "repair":
            return self._found is not None and self._found.is_old
        if action in ("write", "use"):
            return self._found is not None and self._found.model is not None
        if action == "enter" and (self.in_detail or self.detail.has_focus_within):
            return False
        if action in ("edit", "choose"):
            pane = self.pane
            able = pane is not None and hasattr(pane, f"action_{action}")
            return able and pane is not None and pane.check_action(action, parameters)
        return super().check_action(action, parameters)

    @work(group="write", exclusive=True, exit_on_error=False)
    async def action_write(self) -> None:
        """Save the model in another format."""
        from kerastui.tui.inspect.keep import save_as

        if self._found is not None:
            await save_as(self.kerastui, self._found)

    @work(group="write", exclusive=True, exit_on_error=False)
    async def action_use(self) -> None:
        """Go on with the model: choose data, and what is trained."""
        from kerastui.tui.inspect.start import go_on

        if self._found is not None:
            await go_on(self.kerastui, self._found)

    @work(group="write", exclusive=True, exit_on_error=False)
    async def action_repair(self) -> None:
        """Write a repaired copy of an old model, and look into that."""
        from kerastui.tui.inspect.start import repair

        if self._found is not None:
            await repair(self.kerastui, self._found)

    def row_opened(self, key: str) -> None:
        self.go_to_detail()

    def go_to_detail(self) -> None:
        """Show the detail, with the focus on what can be moved in it."""
        self.add_class("-detail")
        if self.pane is not None:
            self.pane.take_focus()
        else:
            self._entering = self.rows.key
        self.refresh_bindings()
        self.draw()  # what could not be had is asked for again

    def action_back(self) -> None:
        """Back to the list; then out of the search."""
        self._entering = ""
        super().action_back()

    def action_edit(self) -> None:
        """Edit what the pane shows."""
        self.add_class("-detail")
        if (edit := getattr(self.pane, "action_edit", None)) is not None:
            edit()

    def action_choose(self, place: int) -> None:
        """Choose among what the pane offers."""
        if (choose := getattr(self.pane, "action_choose", None)) is not None:
            choose(place)

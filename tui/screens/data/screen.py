"""Data: the catalogue, a look into what is here, and the preparation of the experiment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from kerastui.datasets.catalogue import Card, cards
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import Located
from kerastui.tui import lessons
from kerastui.tui.labs.base import Result
from kerastui.tui.scratch import Scratch
from kerastui.tui.screens.data import look as data_look
from kerastui.tui.screens.data import parts as data_parts
from kerastui.tui.screens.data.own import OwnFiles, broken_row, unreadable
from kerastui.tui.screens.two_pane import ENTER, ESCAPE, SEARCH
from kerastui.tui.widgets import words
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel, ScrollPanel
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

PASSING = 0.2
"""Seconds the cursor must rest on a data set before it is loaded."""


class DataScreen(OwnFiles):
    """Own files and the catalogue, whether they are here, and a look at the one under the cursor.

    Attributes:
        look: What the inspector said of the data set under the cursor; empty while it is loaded.
        results: Its published shapes beside those that were read.
    """

    SECTION = "data"
    LIST_TITLE = "data sets"
    HELP = """Your own files (a adds one) and the data sets kerastui knows, with a look at the one \
under the cursor: the columns \
of a table with their first rows, the first pictures, texts in words (← and → leaf through them), \
the course of a series. Of the current experiment's data also what is done to them before \
training. f fetches what is not here."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ESCAPE,
        ENTER,
        *OwnFiles.OWN_BINDINGS[:1],
        Binding("f", "fetch", "fetch", tooltip="Download the data, if it is not here"),
        Binding("n", "new", "new experiment", tooltip="Propose target, task, preparation and "
                "model for these data"),
        Binding("e", "prepare", "prepare", tooltip="Edit what is done to the data before "
                "training"),
        # The list and the detail have uses of their own for the arrows, none of them here.
        Binding("left", "leaf(-1)", "text before", show=False, priority=True,
                tooltip="The text before this one"),
        Binding("right", "leaf(1)", "next text", key_display="←→", priority=True,
                tooltip="The next text, decoded to words"),
        Binding("t", "table", "table", tooltip="All rows: sort, filter, search"),
        Binding("k", "columns", "columns", tooltip="Statistics of every column"),
        *OwnFiles.OWN_BINDINGS[1:],
        SEARCH,
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.cards = {card.name: card for card in cards()}
        self._next = ""
        self._entered = False
        self.located: dict[str, Located | None] = {}
        self.look: dict[str, Any] = {}
        self.results: tuple[Result, ...] = ()
        self._shown: tuple[str, object] = ("", None)
        self._number = 0
        self._replacing = asyncio.Lock()
        self._scratch = Scratch()

    def make_list(self) -> RowList:
        return RowList(
            [
                Column(),
                Column("task", 11, least=34),
                Column("rows", 7, "right", least=44),
                Column("one input", 9, "right", least=54),
            ]
        )

    def compose_detail(self) -> ComposeResult:
        with ScrollPanel(classes="pane-detail"):
            yield KeyValues(id="card")
            yield Vertical(id="look")
            yield KeyValues(id="prepared")
            yield KeyValues(id="more")

    def on_mount(self) -> None:
        self._redraw()
        self.rows.focus()
        self._locate_all()

    def on_unmount(self) -> None:
        self._scratch.remove()

    def on_screen_resume(self) -> None:
        self._locate_all()

    def experiment_changed(self, experiment: Experiment | None) -> None:
        if experiment is not None:
            self.show_cards(experiment.data.dataset)
        self._show()

    def show_cards(self, name: str = "") -> None:
        if name:
            self._go_to(name)
        self._locate_all()

    def _go_to(self, name: str) -> None:
        """Put the cursor on a data set; on one that is not listed yet, as soon as it is.

        Only then: until the list is there, somebody may have gone on.
        """
        self._next = "" if self.rows.move_to(name) else name
        self._entered = True

    @work(group="locate", exclusive=True, exit_on_error=False)
    async def _locate_all(self) -> None:
        self.cards, self.broken, self.located, newest = await asyncio.to_thread(self._find)
        if not self._entered and self.rows.cursor == 0 and self.kerastui.current is None:
            self._next = newest
        self._entered = True
        self._redraw()
        if self._next:
            self.rows.move_to(self._next)
        self._next = ""
        self.refresh_bindings()

    def _find(self) -> tuple[dict[str, Card], dict[str, UserError], dict[str, Located | None], str]:
        """Return all data sets, own files that can't be read, where each data set is, and which
        own file was imported last."""
        from kerastui.datasets.catalogue import card_of
        from kerastui.datasets.fetch import locate

        own, broken = self.library.read()
        known = {card.name: card for card in (*own, *cards())}
        current = self.kerastui.current
        if current is not None and current.data.file is not None:
            known = {current.data.dataset: card_of(current.data), **known}  # the library's wins
        found: dict[str, Located | None] = {}
        for card in known.values():
            with suppress(UserError):
                found[card.name] = locate(card)
        return known, broken, found, self.library.newest()

    def _redraw(self) -> None:
        own = [card for card in self.cards.values() if card.recipe is not None]
        others = [card for card in self.cards.values() if card.recipe is None]
        rows = [self._row(card) for card in others]
        if own or self.broken:
            mine = [*map(self._row, own), *map(broken_row, self.broken)]
            rows = [_title("own files"), *mine, _title("catalogue"), *rows]
        self.rows.set_rows(rows)
        note = "" if own or self.broken else "a adds a file of yours"
        self.query_one(".pane-list", Panel).set_title(self.LIST_TITLE, note)
        self._show()

    def _row(self, card: Card) -> Row:
        mark, colour = "·", "$muted"
        if card.name in self.located:
            _, colour = lessons.data_state(card, self.located[card.name])
            mark = "✓" if self.located[card.name] else "✗" if card.recipe else "↓"
        return Row(
            card.name,
            (
                Content.assemble((mark, colour), " ", card.name),
                Content.styled(card.task, "$muted"),
                f"{card.rows:,}" if card.rows else "–",
                words.shape(card.shape) or ("–" if card.recipe else "varies"),
            ),
            found=f"{card.name} {card.title} {card.task} {card.kind} {card.about}",
        )

    @property
    def experiment(self) -> Experiment | None:
        """The current experiment, where the data set under the cursor is its own."""
        current, card = self.kerastui.current, self.card
        if current is None or card is None or current.data.dataset != card.name:
            return None
        return current if (current.data.file is None) == (card.recipe is None) else None

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._show()
        self.query_one(ScrollPanel).scroll_home(animate=False)
        self.refresh_bindings()

    def _show(self) -> None:
        card, panel = self.card, self.query_one(ScrollPanel)
        top, more = self.query_one("#card", KeyValues), self.query_one("#more", KeyValues)
        if card is None:
            error = self.broken.get(self.rows.key)
            panel.set_title(self.rows.key if error else "")
            top.show(unreadable(error) if error else [
                ("", Content.styled("Nothing found. Escape shows all.", "$muted"))])  # fmt: skip
            more.show([])
            self._forget(("", None))
            return
        panel.set_title(card.name)
        top.show(self._top(card))
        more.show(data_look.more(card))
        here = self.located.get(card.name)
        # What is shown stays where nothing it depends on has changed.
        shown = (card.name, (here, card, self.experiment.data, self.experiment.seed)
                 if self.experiment else (here, card))  # fmt: skip
        if shown != self._shown:
            self._forget(shown)
            if here is not None:
                self._load(card)
                self._prepare()

    def _forget(self, shown: tuple[str, object]) -> None:
        self._shown, self._number, self.look, self.results = shown, 0, {}, ()
        self.query_one("#look").remove_children()
        self.query_one("#prepared").display = False
        for group in ("load", "prepare"):
            self.workers.cancel_group(self, group)

    def _top(self, card: Card) -> list[tuple[str, Value]]:
        rows: list[tuple[str, Value]] = [
            ("", Content.styled(clean(card.title), "bold")),
            ("About", card.about),
        ]
        if card.name not in self.located:
            return [*rows, ("State", Content.styled("looking …", "$muted"))]
        located = self.located[card.name]
        state, colour = lessons.data_state(card, located)
        place = f"\n{clean(str(located.path))}" if located and located.path else ""
        if card.recipe is not None and located is None:
            place = f"\n{clean(card.recipe.path)}"
        rows.append(("State", Content.assemble((state, colour), (place, "$muted"))))
        if located is not None and card.recipe is not None and not located.verified:
            accept = Content.assemble(
                ("i", "$primary"), " imports it again, and accepts the change"
            )
            rows.append(("To accept", accept))
        elif located is None and card.recipe is not None:
            again = "Put it back, or a (add) imports it from where it is now; Del forgets it."
            rows.append(("To have it", again))
        elif located is None and card.files:
            fetch = Content.assemble(("f", "$primary"), " downloads it; then it is shown here")
            rows.append(("To have it", fetch))
        return rows

    def visit(self, name: str) -> None:
        """Put the cursor on a data set, and show it also where the screen is narrow."""
        self.remove_class("-detail")
        self._go_to(name)
        self.rows.focus()
        if self.narrow:
            self.go_to_detail()

    # The look

    @work(group="load", exclusive=True, exit_on_error=False)
    async def _load(self, card: Card) -> None:
        """Ask for a look at a data set, and show it."""
        if not self.look:
            await asyncio.sleep(PASSING)  # passing by with the arrow keys loads nothing
            what = f"Loading {card.title} … The first look waits for Keras' process."
            await self._put([Static(Content.styled(what, "$muted"), classes="data-part")])
        arguments: dict[str, Any] = {"dataset": card.name, "folder": str(self._scratch.path)}
        if card.recipe is not None:
            arguments["file"] = card.recipe.model_dump(mode="json", exclude_defaults=True)
            arguments["task"] = card.task
        if card.kind == "generator" and self.experiment is not None:
            arguments["seed"] = self.experiment.seed
            arguments["parameters"] = dict(self.experiment.data.parameters)
        try:
            arguments["number"] = self._number
            look = await self.kerastui.launcher.request("preview", **arguments)
            parts = await asyncio.to_thread(data_parts.parts, card, look, self.experiment)
        except UserError as error:
            problem = Content.styled(f"{error.message} {error.hint}".strip(), "$bad")
            parts = [Static(problem, classes="data-part")]
        else:
            self.look, self.results = look, data_look.results(card, look)
        await self._put(parts)
        self.refresh_bindings()

    async def _put(self, parts: Sequence[Widget]) -> None:
        """Show parts in place of others, to the end also where the worker is cancelled: Textual's
        widgets do not get over that while they are being removed."""
        await asyncio.shield(self._replace(self._shown, parts))

    async def _replace(self, shown: tuple[str, object], parts: Sequence[Widget]) -> None:
        async with self._replacing:
            for place in self.query("#look"):  # none any more where the app ends
                with self.app.batch_update():
                    await place.remove_children()
                    if shown is self._shown and place.is_attached:
                        await place.mount_all(parts)

    @work(group="prepare", exclusive=True, exit_on_error=False)
    async def _prepare(self) -> None:
        """Show what the current experiment does to its data."""
        experiment = self.experiment
        if experiment is None:
            return
        await asyncio.sleep(PASSING)
        place = self.query_one("#prepared", KeyValues)
        place.display = True
        title = Content.styled(f"Preparation of {experiment.name}", "bold")
        if self.kerastui.known_summary(experiment) is None:
            place.show([("", title), ("", Content.styled("Preparing …", "$muted"))])
        try:
            summary = await self.kerastui.summary(experiment)
        except UserError as error:
            problem = Content.styled(f"{error.message} {error.hint}".strip(), "$bad")
            place.show([("", title), ("", problem)])
        else:
            place.show([("", title), ("", data_look.preparation(summary["data"]["steps"]))])

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "fetch":
            card = self.card
            needed = card is not None and card.name in self.located and bool(card.files)
            needed = needed and card is not None and card.recipe is None
            return bool(needed and card and self.located[card.name] is None)
        if action in ("table", "columns"):
            return self.card is not None and self.located.get(self.card.name) is not None
        if action in ("new", "prepare"):
            return self.card is not None and self.located.get(self.card.name) is not None
        if action in ("add", "settings", "forget", "undo"):
            return self.own_action(action)
        if action == "enter":
            return self.narrow and not self.in_detail
        if action == "leaf":
            return "text" in self.look and not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def action_leaf(self, step: int) -> None:
        """Decode the next text, or the one before."""
        if self.card is not None and "text" in self.look:
            # Counted from what was asked for last: keys may come faster than texts.
            self._number = (self._number + step) % self.look["rows"]
            self._load(self.card)

    def action_new(self) -> None:
        """Start an experiment with the data under the cursor."""
        self._begin(new=True)

    def action_prepare(self) -> None:
        """Edit the preparation; of data of no current experiment, start one."""
        self._begin(new=self.experiment is None)

    @work(group="begin", exclusive=True, exit_on_error=False)
    async def _begin(self, *, new: bool) -> None:
        from kerastui.tui.screens.data.prepare_new import begin

        if self.card is not None:
            await begin(self.kerastui, self.card, new=new)

    def action_table(self) -> None:
        """Show all rows."""
        from kerastui.tui.screens.data.table import DataTableScreen
        from kerastui.tui.screens.data.table_open import subject_of_card

        if self.card is not None:
            self.app.push_screen(DataTableScreen(subject_of_card(self.card, self.experiment)))

    def action_columns(self) -> None:
        """Show the statistics of every column."""
        from kerastui.tui.screens.data.columns import DataColumnsScreen
        from kerastui.tui.screens.data.table_open import subject_of_card

        if self.card is not None:
            self.app.push_screen(DataColumnsScreen(subject_of_card(self.card, self.experiment)))

    def action_fetch(self) -> None:
        """Download what is not here."""
        if self.card:
            self._fetch(self.card)

    @work(group="fetch", exclusive=True, exit_on_error=False)
    async def _fetch(self, card: Card) -> None:
        from kerastui.tui.screens.data.missing import Downloading

        error = await self.app.push_screen_wait(Downloading(card))
        if error is not None:
            self.kerastui.tell_error(error, "not downloaded")
        else:
            say(self.app, f"{card.title} is here now.")
        self._locate_all()


def _title(text: str) -> Row:
    return Row(f"group {text}", (Content.styled(text, "bold"),), group=True)

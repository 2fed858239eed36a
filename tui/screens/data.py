"""Data: the catalogue. Tables, pictures and preparation come with the Data screen proper."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.datasets.catalogue import Card, cards
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import Located
from kerastui.tui import lessons
from kerastui.tui.screens.two_pane import ENTER, ESCAPE, SEARCH, TwoPaneScreen
from kerastui.tui.widgets import words
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.panel import ScrollPanel
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say


class DataScreen(TwoPaneScreen):
    """The data sets that are known, and whether they are here."""

    SECTION = "data"
    LIST_TITLE = "data sets"
    HELP = """The data sets kerastui knows, where they come from, and whether they are here. \
f fetches one that is not.
Tables, histograms, pictures and the preparation of an experiment will be seen here too; until \
then the preparation is edited in the experiment's file, under [data]."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ESCAPE,
        ENTER,
        Binding("f", "fetch", "fetch", tooltip="Download the data, if it is not here"),
        SEARCH,
    ]

    def __init__(self) -> None:
        super().__init__()
        self.cards = {card.name: card for card in cards()}
        self.located: dict[str, Located | None] = {}

    def make_list(self) -> RowList:
        return RowList(
            [
                Column(),
                Column("task", 11, least=34),
                Column("rows", 7, "right", least=42),
                Column("one input", 9, "right", least=52),
            ]
        )

    def compose_detail(self) -> ComposeResult:
        with ScrollPanel(classes="pane-detail"):
            yield KeyValues()

    def on_mount(self) -> None:
        self._redraw()
        self.rows.focus()
        self._look()

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        self.located = await asyncio.to_thread(self._locate)
        self._redraw()
        self.refresh_bindings()

    def _locate(self) -> dict[str, Located | None]:
        from kerastui.datasets.fetch import locate

        found: dict[str, Located | None] = {}
        for card in self.cards.values():
            with suppress(UserError):
                found[card.name] = locate(card)
        return found

    def _redraw(self) -> None:
        self.rows.set_rows(self._row(card) for card in self.cards.values())
        self._show()

    def _row(self, card: Card) -> Row:
        mark, colour = "·", "$muted"
        if card.name in self.located:
            _, colour = lessons.data_state(card, self.located[card.name])
            mark = "✓" if self.located[card.name] else "↓"
        return Row(
            card.name,
            (
                Content.assemble((mark, colour), " ", card.name),
                Content.styled(card.task, "$muted"),
                f"{card.rows:,}" if card.rows else "–",
                words.shape(card.shape) or "varies",
            ),
            found=f"{card.name} {card.title} {card.task} {card.kind} {card.about}",
        )

    @property
    def card(self) -> Card | None:
        """The data set under the cursor."""
        return self.cards.get(self.rows.key)

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._show()
        self.refresh_bindings()

    def _show(self) -> None:
        card = self.card
        panel, detail = self.query_one(ScrollPanel), self.query_one(KeyValues)
        if card is None:
            panel.set_title("")
            detail.show([("", Content.styled("Nothing found. Escape shows all.", "$muted"))])
            return
        panel.set_title(card.name)
        detail.show(self._detail(card))

    def _detail(self, card: Card) -> list[tuple[str, Value]]:
        rows: list[tuple[str, Value]] = [
            ("", Content.styled(card.title, "bold")),
            ("About", card.about),
        ]
        if card.name in self.located:
            located = self.located[card.name]
            state, colour = lessons.data_state(card, located)
            place = f"\n{located.path}" if located and located.path else ""
            rows.append(("State", Content.assemble((state, colour), (place, "$muted"))))
        else:
            rows.append(("State", Content.styled("looking …", "$muted")))
        holds = [f"{card.rows:,} rows"] if card.rows else []
        if card.train:
            holds.append(f"{card.train:,} to train, {card.test:,} to test")
        if card.shape:
            holds.append(f"one input {words.shape(card.shape)}")
        if card.classes:
            holds.append(f"{len(card.classes)} classes: {', '.join(card.classes[:10])}")
        if holds:
            rows.append(("Holds", " · ".join(holds)))
        if card.target:
            rows.append(("Target", ", ".join(card.target)))
        if card.columns:
            rows.append(("Columns", _columns(card)))
        if card.parameters:
            rows.append(("Parameters", "\n".join(f"{p.name}  {p.about}" for p in card.parameters)))
        if card.examples:
            rows.append(("Used by", ", ".join(card.examples)))
        rows.append(("Licence", card.licence))
        if card.stand_in:
            rows.append(("Substitute", f"{card.stand_in}, without a network; marked everywhere"))
        rows.append(
            (
                "Not here yet",
                Content.styled(
                    "Tables, histograms, pictures and the preparation of an experiment will be "
                    "seen here. Until then the preparation is edited in the experiment's file, "
                    "under [data]; kerastui data info shows what a data set holds.",
                    "$muted",
                ),
            )
        )
        return rows

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "fetch":
            card = self.card
            needed = card is not None and card.name in self.located and bool(card.files)
            return bool(needed and card and self.located[card.name] is None)
        return super().check_action(action, parameters)

    def action_fetch(self) -> None:
        """Download what is not here."""
        if self.card:
            self._fetch(self.card)

    @work(group="fetch", exclusive=True, exit_on_error=False)
    async def _fetch(self, card: Card) -> None:
        from kerastui.tui.screens.data_missing import Downloading

        error = await self.app.push_screen_wait(Downloading(card))
        if error is not None:
            self.kerastui.tell_error(error, "not downloaded")
        else:
            say(self.app, f"{card.title} is here now.")
        self._look()


def _columns(card: Card) -> str:
    names = [column.name for column in card.columns]
    more = f" … and {len(names) - 16} more" if len(names) > 16 else ""
    return ", ".join(names[:16]) + more

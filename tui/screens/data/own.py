"""Own files on the Data screen: adding, reading them differently, forgetting, bringing back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.two_pane import TwoPaneScreen
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.key_values import Value
from kerastui.tui.widgets.row_list import Row
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.files.library import Library, OwnFile


class OwnFiles(TwoPaneScreen):
    """What a screen with data sets does about own files. A subclass shows `cards` in its list.

    Attributes:
        cards: Name to card, own files first.
        broken: Own files whose recipe can't be read, and why.
    """

    OWN_BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "add a file", tooltip="Import a file or folder of your own: tables, "
                "arrays, pictures, texts"),
        Binding("i", "settings", "how it is read", tooltip="Change how the own file is read: "
                "delimiter, header, dates, …"),
        Binding("delete,backspace", "forget", "forget", key_display="Del",
                tooltip="Take the own file out of the list; the file itself stays; u undoes it"),
        Binding("u", "undo", "undo", tooltip="Bring back what was taken out of the list last"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, Card] = {}
        self.broken: dict[str, UserError] = {}
        self._forgotten: list[tuple[str, OwnFile]] = []

    @property
    def card(self) -> Card | None:
        """The data set under the cursor."""
        return self.cards.get(self.rows.key)

    @property
    def library(self) -> Library:
        """The own files of the workspace."""
        from kerastui.datasets.files.library import Library

        return Library(self.kerastui.workspace.root)

    def show_cards(self, name: str = "") -> None:
        """Read the list anew, and put the cursor on a data set."""
        raise NotImplementedError

    def own_action(self, action: str) -> bool:
        """Whether an action can be done with what is under the cursor."""
        own = self.card is not None and self.card.recipe is not None
        forget = own or self.rows.key in self.broken
        always = {"add": True, "undo": bool(self._forgotten), "forget": forget}
        return always.get(action, own)

    @work(group="import", exclusive=True, exit_on_error=False)
    async def action_add(self) -> None:
        """Import a file."""
        from kerastui.tui.screens.data.importing import import_data

        await import_data(self.kerastui)

    @work(group="import", exclusive=True, exit_on_error=False)
    async def action_settings(self) -> None:
        """Change how the own file under the cursor is read."""
        from kerastui.tui.screens.data.importing import DataImport

        card = self.card
        if card is None or card.recipe is None:
            return
        known = await asyncio.to_thread(self._known, card.name)
        name = await self.app.push_screen_wait(
            DataImport(card.recipe.place, card.name if known else "", known)
        )
        if name is not None:
            if name != card.name and known is not None:
                await asyncio.to_thread(self.library.forget, card.name)
            say(self.app, f"{name} is read like that from now on.")
            self.show_cards(name)

    def _known(self, name: str) -> OwnFile | None:
        try:
            return self.library.get(name)
        except UserError:
            return None  # of an experiment from elsewhere

    @work(group="forget", exit_on_error=False)
    async def action_forget(self) -> None:
        """Take the own file under the cursor out of the list."""
        name = self.rows.key
        if not self.own_action("forget"):
            return
        try:
            own = await asyncio.to_thread(self.library.forget, name)
        except UserError as error:
            self.kerastui.tell_error(error)
            return
        back = "Its recipe could not be read, so nothing brings it back but importing it again."
        if own is not None:
            self._forgotten.append((name, own))
            back = "u brings it back."
        say(self.app, f"{name} is out of the list, the file stays. {back}")
        self.show_cards()

    @work(group="forget", exit_on_error=False)
    async def action_undo(self) -> None:
        """Bring back the own file that was forgotten last."""
        if not self._forgotten:
            return
        name, own = self._forgotten.pop()  # at once: the next u is about the one before
        try:
            await asyncio.to_thread(self.library.add, name, own)
        except UserError as error:
            self._forgotten.append((name, own))
            self.kerastui.tell_error(error)
            return
        self.show_cards(name)


def broken_row(name: str) -> Row:
    """An own file whose recipe can't be read."""
    named = Content.assemble(("✗", "$bad"), " ", clean(name))
    return Row(name, (named, Content.styled("unreadable", "$bad"), "–", "–"))


def unreadable(error: UserError) -> list[tuple[str, Value]]:
    """What there is to say of it."""
    forget = Content.assemble(("Del", "$primary"), " takes it out of the list; a imports it again")
    return [
        ("", Content.styled("How it is read is not known.", "bold")),
        ("State", Content.styled(clean(error.message), "$bad")),
        ("To mend it", clean(error.hint)),
        ("To go on", forget),
    ]

"""A list at the left and its detail at the right; where it is narrow, one after the other."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widget import Widget

from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import RowList

SEARCH = Binding("slash", "search", "search", key_display="/", tooltip="Find in the list")
ESCAPE = Binding("escape", "back", "back", key_display="Esc", tooltip="Back to the list")
ENTER = Binding("enter", "enter", "open", key_display="Enter", tooltip="Open what the cursor is on")
"""The keys of every list. A screen puts them where they shall stand among its own."""


class TwoPaneScreen(SectionScreen):
    """A section with a list and a detail.

    A subclass gives the list and its panel's title, composes the detail into one widget of the
    class `pane-detail`, and says with `go_to_detail` that the detail is to be seen.
    """

    LIST_TITLE: str = ""

    def make_list(self) -> RowList:
        """Return the list."""
        raise NotImplementedError

    def compose_detail(self) -> ComposeResult:
        """Yield the detail, one widget of the class `pane-detail`."""
        raise NotImplementedError

    def compose_body(self) -> ComposeResult:
        rows = self.make_list()
        with Container(classes="two-pane"):
            with Panel(title=self.LIST_TITLE, classes="pane-list"):
                yield rows
            yield from self.compose_detail()

    @property
    def rows(self) -> RowList:
        """The list."""
        return self.query_one(RowList)

    @property
    def detail(self) -> Widget:
        """The widget at the right."""
        return self.query_one(".pane-detail")

    @property
    def narrow(self) -> bool:
        """Whether list and detail take turns."""
        # Not by the class, which a screen is given only a moment after it was gone to.
        return self.size.width < self.HORIZONTAL_BREAKPOINTS[-1][0]

    @property
    def in_detail(self) -> bool:
        """Whether the detail covers the list."""
        return self.narrow and self.has_class("-detail")

    def row_opened(self, key: str) -> None:
        """Enter, or a second click, on a row whose detail is to be seen."""

    def action_enter(self) -> None:
        """Open: the group under the cursor; the detail where it is not to be seen; the row."""
        if self.rows.on_group and not self.in_detail:
            self.rows.action_open()
        elif self.narrow and not self.in_detail:
            self.go_to_detail()
        elif self.rows.key:
            self.row_opened(self.rows.key)

    @on(RowList.Opened)
    def _opened(self) -> None:
        self.action_enter()

    def go_to_detail(self) -> None:
        """Show the detail, and put the focus there."""
        self.add_class("-detail")
        self.detail.focus()
        self.refresh_bindings()

    def on_resize(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back":
            return self.in_detail or self.detail.has_focus_within or self.searching
        return True

    def on_descendant_focus(self) -> None:
        self.refresh_bindings()

    def on_descendant_blur(self) -> None:
        # What is hidden takes the focus away, even from what was given it in its place meanwhile.
        if self.focused is None and self.app.app_focus:
            (self.detail if self.in_detail else self.rows).focus()

    async def action_search(self) -> None:
        """Find in the list."""
        self.remove_class("-detail")
        await super().action_search()

    def action_back(self) -> None:
        """Back to the list; then out of the search."""
        if self.in_detail or self.detail.has_focus_within:
            self.remove_class("-detail")
            self.rows.focus()
            self.refresh_bindings()
        else:
            super().action_back()

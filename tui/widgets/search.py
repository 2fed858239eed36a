"""The search line under a list."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from kerastui.tui.widgets.row_list import RowList


class SearchLine(Input):
    """Filters a list while it is typed. Enter goes to the list, Escape takes the search away.

    Args:
        rows: The list that is searched.
    """

    DEFAULT_CSS = """
    SearchLine { display: none; dock: bottom; }
    SearchLine.-open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "end search", key_display="Esc", tooltip="Show all rows"),
        Binding("down", "to_list", "to the list", key_display="Enter", tooltip="Go to the list"),
    ]

    def __init__(self, rows: RowList) -> None:
        super().__init__(placeholder="search")
        self.rows = rows

    def open(self) -> None:
        """Show the line and put the cursor into it."""
        self.add_class("-open")
        self.focus()

    @property
    def active(self) -> bool:
        """Whether the list is filtered, or about to be."""
        return self.has_class("-open")

    def close(self) -> None:
        """Show all rows again and put the focus on the list."""
        self.value = ""
        self.rows.set_search("")
        self.remove_class("-open")
        self.rows.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.rows.set_search(event.value)

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_to_list()

    def action_clear(self) -> None:
        self.close()

    def action_to_list(self) -> None:
        self.rows.focus()

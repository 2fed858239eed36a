"""The search line under a list. Import it when somebody searches: inputs take their time."""

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
    SearchLine { dock: bottom; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "end search", key_display="Esc", tooltip="Show all rows"),
        Binding("down", "to_list", "to the list", key_display="Enter", tooltip="Go to the list"),
    ]

    def __init__(self, rows: RowList) -> None:
        super().__init__(placeholder="search")
        self.rows = rows

    def on_mount(self) -> None:
        self.focus()

    def close(self) -> None:
        """Show all rows again, put the focus on the list, and go."""
        self.rows.set_search("")
        self.rows.focus()
        self.remove()

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

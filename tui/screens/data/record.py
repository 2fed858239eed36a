"""One row of a table as a record."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.base import Dialog
from kerastui.tui.screens.data.table_open import OpenTable
from kerastui.tui.widgets.data_grid_cells import clean, full
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.toast import say


class RecordScreen(Dialog[int | None]):
    """One row: the names of the columns with their whole values.

    Args:
        table: The table.
        row: The shown row, from 0. The result is the row that was looked at last.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # Above the scrolling text, which knows both keys and does nothing with them here.
        Binding(
            "left", "step(-1)", "row before", show=False, priority=True, tooltip="The row before"
        ),
        Binding(
            "right", "step(1)", "next row", key_display="←→", priority=True, tooltip="The next row"
        ),
        Binding("y", "copy", "copy", tooltip="Copy the record to the clipboard"),
        Binding("escape,enter", "close", "back", key_display="Esc", tooltip="Back to the table"),
    ]

    def __init__(self, table: OpenTable, row: int) -> None:
        super().__init__()
        self.table = table
        self.row = row
        self.lines: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        with Panel(title="row", classes="dialog -large"), VerticalScroll(classes="dialog-text"):
            yield KeyValues()
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._load()

    @work(group="record", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        source = self.table.source
        assert source is not None
        try:
            told = await self.table.ask("record", row=self.row)
        except UserError as error:
            self.query_one(KeyValues).show([("", Content.styled(error.message, "$bad"))])
            return
        columns = source.columns
        self.lines = [
            (clean(column.name), full(cell, column.kind))
            for column, cell in zip(columns, told["cells"], strict=False)
        ]
        shown: list[tuple[str, Value]] = [
            (name, Content.styled(text, "$faint") if cell is None else text)
            for (name, text), cell in zip(self.lines, told["cells"], strict=True)
        ]
        if len(columns) > len(shown):
            more = f"{len(columns) - len(shown):,} more columns are in the table"
            shown.append(("", Content.styled(more, "$muted")))
        self.query_one(KeyValues).show(shown)
        self.query_one(Panel).set_title(f"row {told['id'] + 1:,}", f"{len(columns):,} columns")

    def action_step(self, step: int) -> None:
        rows = self.table.state["rows"]
        if 0 <= self.row + step < rows:
            self.row += step
            self._load()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(f"{name}: {text}" for name, text in self.lines))
        say(self.app, "The record was sent to the terminal's clipboard.", title="Copied")

    def action_close(self) -> None:
        self.dismiss(self.row)

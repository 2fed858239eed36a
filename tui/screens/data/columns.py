"""What every column of a table holds, in figures."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.data import columns_words as said
from kerastui.tui.screens.data.table_open import LOOKED_AFTER, OpenTable, TableSubject
from kerastui.tui.screens.two_pane import ENTER, SEARCH, TwoPaneScreen
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.key_values import KeyValues
from kerastui.tui.widgets.panel import Panel, ScrollPanel
from kerastui.tui.widgets.row_list import RowList

MOST = 2_000
"""Columns that are listed; of wider tables the first ones."""

DRAWN = 0.25
"""Seconds between two drawings of the list while figures come in."""


class DataColumnsScreen(TwoPaneScreen):
    """The statistics of a table's columns, computed one after the other while one looks.

    Args:
        subject: Which table.
        table: It, where it is open already, with its filter; None opens it.

    Attributes:
        told: What is known of each column, as `kerastui.models.tables.statistics` has it.
    """

    SECTION = "data"
    LIST_TITLE = "columns"
    CSS_PATH = "columns.tcss"
    HELP = """Every column of the table in figures, over all rows, or over those that the filter \
leaves. The deviation is that of all rows (divided by n). ◆ marks the target, = a constant column, \
# one with another value in every row, ! one that tells the target by itself. The detail says how \
a column goes with the target: numbers with numbers by Pearson's correlation, numbers with classes \
by the correlation ratio η, classes with classes by Cramér's V."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", key_display="Esc", tooltip="Back; ends the computation"),
        ENTER,
        SEARCH,
    ]

    def __init__(self, subject: TableSubject, table: OpenTable | None = None) -> None:
        super().__init__()
        self.subject = subject
        self.table = table
        self.names: list[str] = []
        self.told: list[dict[str, Any]] = []
        self._owned: OpenTable | None = None

    def make_list(self) -> RowList:
        return RowList(said.COLUMNS)

    def compose_detail(self) -> ComposeResult:
        with ScrollPanel(classes="pane-detail"):
            yield KeyValues(id="column")

    def on_mount(self) -> None:
        self.rows.focus()
        self._describe()

    def on_unmount(self) -> None:
        if self._owned is not None:
            self._owned.close()

    @property
    def _panel(self) -> Panel:
        return self.query_one(".pane-list", Panel)

    @work(group="describe", exclusive=True, exit_on_error=False)
    async def _describe(self) -> None:
        """Ask for some columns at a time, until all are known or one leaves."""
        try:
            table = self.table or await self._open()
            self._announce(table)
            drawn = 0.0
            while len(self.told) < len(self.names):
                answer = await table.ask(
                    "columns", first=len(self.told), target=self.subject.target,
                    classes=self.subject.classes,
                )  # fmt: skip
                self.told += answer["columns"][: len(self.names) - len(self.told)]
                if time.monotonic() - drawn > DRAWN or len(self.told) == len(self.names):
                    drawn = time.monotonic()
                    self._draw(table)
            self._draw(table)
        except UserError as error:
            problem = Content.styled(f"{error.message} {error.hint}".strip(), "$bad")
            self.query_one("#column", KeyValues).show([("", problem)])

    async def _open(self) -> OpenTable:
        """Open the table, and wait until all of it is read."""
        table = self._owned = OpenTable(self.kerastui, self.subject.raw)
        self._panel.set_title(self.LIST_TITLE, "opening …")
        await table.open()
        self._announce(table)
        while (reading := table.reading) is not None:
            share = reading["share"]
            far = f" {share:.0%}" if share is not None else ""
            self._panel.set_title(self.LIST_TITLE, f"{reading['words']}{far} · Esc leaves")
            await asyncio.sleep(LOOKED_AFTER)
            await table.look()
        self.table = table
        return table

    def _announce(self, table: OpenTable) -> None:
        """List the columns before anything is known of them."""
        assert table.source is not None
        self.names = [column.name for column in table.source.columns[:MOST]]
        self._list()

    def _list(self) -> None:
        self.rows.set_rows(
            said.row(str(place), name, self.told[place] if place < len(self.told) else None)
            for place, name in enumerate(self.names)
        )

    def _draw(self, table: OpenTable) -> None:
        self._list()
        state = table.state
        done, every = len(self.told), len(self.names)
        parts = [f"{state['rows']:,} rows"]
        if state["partial"]:
            parts.append("the first ones only")
        if state["filter"]:
            parts.append(f"of {state['total']:,}: {clean(state['filter'])}")
        parts.append(f"{done:,} of {every:,} columns" if done < every else f"{every:,} columns")
        assert table.source is not None
        if len(table.source.columns) > every:
            parts.append(f"the first of {len(table.source.columns):,}")
        self._panel.set_title(clean(self.subject.title), " · ".join(parts))
        self._show()

    @on(RowList.Moved)
    def _moved(self) -> None:
        self.query_one(ScrollPanel).scroll_home(animate=False)
        self._show()

    def _show(self) -> None:
        """Show what is known of the column under the cursor."""
        key, shown = self.rows.key, self.query_one("#column", KeyValues)
        if not key:
            shown.show([("", Content.styled("No column is found. Escape shows all.", "$muted"))]
                       if self.names else [])  # fmt: skip
            return
        place = int(key)
        self.query_one(ScrollPanel).set_title(clean(self.names[place]))
        if place < len(self.told):
            shown.show(said.detail(self.told[place], self.subject.target))
        else:
            shown.show([("", Content.styled("Counting …", "$muted"))])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back":
            return True
        if action == "enter":
            return self.narrow and not self.in_detail
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Back to the list; out of the search; then to where one came from."""
        if self.in_detail or self.detail.has_focus_within or self.searching:
            super().action_back()
        else:
            self.dismiss(None)

"""All rows of a table: sorted, filtered, searched, and one row as a record."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.screens.data.record import RecordScreen
from kerastui.tui.screens.data.table_open import (
    LOOKED_AFTER,
    OpenTable,
    TableSubject,
    first_rows,
)
from kerastui.tui.widgets.data_grid import DataGrid
from kerastui.tui.widgets.data_grid_cells import clean, full
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.toast import say


class DataTableScreen(SectionScreen):
    """All rows of a table.

    Args:
        subject: Which table.
    """

    SECTION = "data"
    HELP = """All rows of the table. The arrows move the cursor, the line at the lower edge has \
the whole cell. o sorts by the column under the cursor: upwards, downwards, as it was. f filters, \
for example: age>30 species=setosa name~smi. Several conditions hold together, a|b accepts either \
value, age=missing finds gaps, quotes hold what has spaces. / looks for a text or a number \
everywhere, n and N go on from there. Enter shows a row as a record."""
    CSS = """
    DataTableScreen #table { height: 1fr; }
    DataTableScreen #cell { height: 1; padding: 0 2; text-wrap: nowrap; text-overflow: ellipsis; }
    DataTableScreen #problem { height: auto; display: none; color: $bad; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", key_display="Esc", tooltip="Stop reading; back to Data"),
        Binding("enter", "record", "record", key_display="Enter",
                tooltip="Show the row as a record"),
        Binding("o", "sort", "sort", tooltip="Sort by this column: up, down, as it was"),
        Binding("f", "filter", "filter", tooltip="Show only some rows: age>30 species=setosa"),
        Binding("slash", "search", "search", key_display="/", tooltip="Find a text or a number"),
        Binding("n", "find(1)", "next", tooltip="The next row that was searched for"),
        Binding("N", "find(-1)", "before", tooltip="The row before that was searched for"),
        Binding("g", "jump", "go to row", tooltip="Go to a row by its place, or to a share: 50%"),
        Binding("v", "view", "model's view", tooltip="The data as the model is given them, or raw"),
        Binding("k", "columns", "columns", tooltip="Statistics of every column"),
    ]  # fmt: skip

    def __init__(self, subject: TableSubject) -> None:
        super().__init__()
        self.subject = subject
        self.prepared = False
        self.table: OpenTable | None = None
        self.found = ""

    def compose_body(self) -> ComposeResult:
        with Panel(title=self.subject.title, id="table"):
            yield DataGrid()
            yield Static(id="problem")
        yield Static(id="cell")

    def on_mount(self) -> None:
        self.grid.focus()
        self._open()

    def on_unmount(self) -> None:
        if self.table is not None:
            self.table.close()

    @property
    def grid(self) -> DataGrid:
        """The grid."""
        return self.query_one(DataGrid)

    # Opening

    @work(group="open", exclusive=True, exit_on_error=False)
    async def _open(self) -> None:
        before = self.table
        if before is not None:
            before.close()
        what = self.subject.prepared if self.prepared else self.subject.raw
        table = self.table = OpenTable(self.kerastui, what or self.subject.raw)
        self.found = ""
        self._note("preparing …" if self.prepared else "opening …")
        first = asyncio.create_task(self._show_first(table))
        try:
            await table.open()
            self._show(table, keep=self.grid.source is not None)
            while table.reading is not None:
                await asyncio.sleep(LOOKED_AFTER)
                if table.reading is not None and await table.look():
                    self._show(table, keep=True)
                self._note()
        except UserError as error:
            self._note("not read")
            self._tell(error)
        finally:
            first.cancel()

    async def _show_first(self, table: OpenTable) -> None:
        """Show the first rows of an own table until the inspector answers."""
        source = await asyncio.to_thread(first_rows, table.what)
        if source is not None and table is self.table and not table.state:
            self.grid.set_source(source)
            self._note(f"the first {source.rows:,} rows · opening …")

    def _show(self, table: OpenTable, *, keep: bool = False) -> None:
        grid = self.grid
        row, column = (grid.row, grid.column) if keep else (0, 0)
        grid.set_source(table.source)
        if keep:
            grid.go(row, column)
        self._tell(None)
        self._note()
        self.refresh_bindings()

    def _note(self, words: str = "") -> None:
        """Say at the lower edge what is shown."""
        state = self.table.state if self.table else {}
        parts = []
        if self.prepared:
            parts.append("as the model sees it")
        if state:
            rows, total = state["rows"], state["total"]
            reading = state["reading"]
            if reading is not None:
                share = reading["share"]
                far = f" {share:.0%}" if share is not None else ""
                parts.append(f"the first {rows:,} rows · {reading['words']}{far} · Esc stops")
            else:
                of = f"{rows:,} of {total:,}" if rows != total else f"{total:,}"
                parts.append(f"{of} rows × {len(self.grid.source.columns):,}"
                             if self.grid.source else f"{of} rows")  # fmt: skip
            if state["partial"]:
                parts.append("the first rows only")
            if state["filter"]:
                parts.append(clean(state["filter"]))
        if words:
            parts.append(words)
        self.query_one("#table", Panel).set_title(clean(self.subject.title), " · ".join(parts))

    def _tell(self, error: UserError | None) -> None:
        """Say above the line that is typed, or under the table, what is wrong."""
        problem = self.query_one("#problem", Static)
        problem.display = error is not None
        if error is not None:
            problem.update(Content(clean(f"{error.message} {error.hint}".strip())))

    # The cell under the cursor

    @on(DataGrid.Moved)
    def _moved(self) -> None:
        self.query_one("#cell", Static).update(self._cell())

    def _cell(self) -> Content:
        grid = self.grid
        row = grid.cursor_row
        if grid.source is None or not grid.source.columns:
            return Content("")
        column = grid.source.columns[grid.column]
        name = Content.styled(clean(column.name), "bold")
        if not grid.source.rows:
            return Content.assemble(name, ("  no row is shown", "$muted"))
        if row is None:
            return Content.assemble(name, ("  …", "$muted"))
        value = full(row.cells[0], column.kind)
        missing = row.cells[0] is None
        place = f"row {row.label}"
        if self.table and grid.source.rows < self.table.state.get("total", 0):
            place += f" · {grid.row + 1:,} of {grid.source.rows:,}"
        return Content.assemble(
            (f"{place}  ", "$muted"), name, "  ", (value, "$faint" if missing else ""),
            (f"  {column.kind}", "$faint"),
        )  # fmt: skip

    @on(DataGrid.Failed)
    def _failed(self, event: DataGrid.Failed) -> None:
        self._tell(event.error)

    # What can be done

    @property
    def _typing(self) -> bool:
        return bool(self.query(GridLine))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self._typing and action != "back":
            return False
        there = self.grid.source is not None if self.is_mounted else False
        table = self.table
        whole = there and table is not None and bool(table.state) and table.reading is None
        if action == "find":
            return bool(self.found) and whole
        if action == "view":
            return self.subject.prepared is not None
        if action in ("sort", "filter", "search", "columns"):
            return True if whole else None
        if action == "record":
            return True if table is not None and table.source is not None else None
        if action == "jump":
            return True if there else None
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Stop reading; else leave."""
        if self.table is not None and self.table.reading is not None and self.table.id:
            self._stop(self.table)
        else:
            self.dismiss(None)

    @work(group="stop", exclusive=True, exit_on_error=False)
    async def _stop(self, table: OpenTable) -> None:
        await table.stop()
        self._show(table, keep=True)
        say(self.app, f"{table.state['total']:,} rows are shown; the others were not read.")

    @on(DataGrid.Opened)
    def action_record(self) -> None:
        """Show the row under the cursor as a record."""
        if self.table is not None and self.table.source is not None and self.table.source.rows:
            self.app.push_screen(RecordScreen(self.table, self.grid.row), self._came_back)

    def _came_back(self, row: int | None) -> None:
        if row is not None:
            self.grid.go(row, self.grid.column)

    @on(DataGrid.HeadClicked)
    def _head_clicked(self, event: DataGrid.HeadClicked) -> None:
        self.grid.go(self.grid.row, event.column)
        self.action_sort()

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def action_sort(self) -> None:
        """Sort by the column under the cursor: up, down, as it was."""
        table, grid = self.table, self.grid
        if table is None or not table.state or table.reading is not None:
            return  # a click on a head came before the table was open
        column = grid.column
        here = table.state["sorted_by"] == [column]
        columns = [] if here and table.state["descending"] else [column]
        descending = here and bool(columns)
        self._note("sorting …")
        try:
            await table.arrange("sort", columns=columns, descending=descending)
        except UserError as error:
            self._tell(error)
        else:
            self._tell(None)
            grid.marks = dict.fromkeys(columns, "▼" if descending else "▲")
            grid.source_changed()
        self._note()

    async def action_filter(self) -> None:
        """Type which rows to show."""
        now = self.table.state.get("filter", "") if self.table else ""
        await self._type("filter", now, "age>30 species=setosa name~smi")

    async def action_search(self) -> None:
        """Type what to look for."""
        await self._type("search", self.found, "a text or a number")

    async def action_jump(self) -> None:
        """Type where to go."""
        rows = self.grid.source.rows if self.grid.source else 0
        await self._type("go to", "", f"1 to {rows:,}, or a share: 50%")

    async def _type(self, what: str, value: str, example: str) -> None:
        for line in self.query(GridLine):
            line.remove()
        # Waited for: the next key is its own.
        await self.query_one("#table").mount(GridLine(what, value, example))

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        line = event.input
        if isinstance(line, GridLine):
            event.stop()
            text = event.value.strip()
            match line.what:
                case "filter":
                    self._filter(text)
                case "search":
                    self._search(text)
                case _:
                    self._jump(text)

    def end_typing(self) -> None:
        """Take the line away."""
        self.call_next(self._remove_line)
        self._tell(None)
        self.grid.focus()

    async def _remove_line(self) -> None:
        # Only once the line is gone do the keys of the table work again: the footer says so then.
        await self.query(GridLine).remove()
        self.refresh_bindings()

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def _filter(self, expression: str) -> None:
        if self.table is None:
            return
        self._note("filtering …")
        try:
            await self.table.arrange("filter", expression=expression)
        except UserError as error:
            self._tell(error)
        else:
            self.end_typing()
            self.grid.source_changed()
        self._note()

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def _search(self, text: str) -> None:
        self.found = text
        if not text or await self._find(self.grid.row, 1):
            self.end_typing()
        self.refresh_bindings()

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def action_find(self, step: int) -> None:
        """Go to the next row that has what was searched for, or the one before."""
        if self.found:
            await self._find(self.grid.row + step, step)

    async def _find(self, start: int, step: int) -> bool:
        """Go to the next row that has what was searched for; returns whether there is one."""
        if self.table is None:
            return False
        self._note("searching …")
        try:
            told = await self.table.ask("search", text=self.found, start=start, step=step)
        except UserError as error:
            self._tell(error)
        else:
            if told["row"] is None:
                self._tell(UserError(f"{self.found!r} is in no row that is shown."))
            else:
                self._tell(None)
                self.grid.go(told["row"], told["column"])
                count = told["count"]
                self._note(f"{clean(self.found)}: {count:,} row{'' if count == 1 else 's'}")
                return True
        self._note()
        return False

    def _jump(self, text: str) -> None:
        rows = self.grid.source.rows if self.grid.source else 0
        try:
            if text.endswith("%"):
                row = round(float(text[:-1]) / 100 * max(0, rows - 1)) + 1
            else:
                row = int(text.replace(",", "").replace(" ", ""))
            if not 1 <= row <= rows:
                raise ValueError
        except (ValueError, OverflowError):
            self._tell(
                UserError(f"{text!r} is no row.", f"Accepted: 1 to {rows:,}, or 0% to 100%.")
            )
            return
        self.end_typing()
        self.grid.go(row - 1, self.grid.column)

    def action_view(self) -> None:
        """Show the data as the model is given them, or as they are."""
        self.prepared = not self.prepared
        self.workers.cancel_group(self, "arrange")  # its answer is about the other table
        self.grid.set_source(None)
        self._tell(None)
        self._open()

    def action_columns(self) -> None:
        """Show the statistics of every column."""
        from kerastui.tui.screens.data.columns import DataColumnsScreen

        if self.table is not None:
            self.app.push_screen(DataColumnsScreen(self.subject, self.table))


class GridLine(Input):
    """A line under a table in which something is typed.

    Args:
        what: What it is for.
        value: What stands there first.
        example: What could be typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "back", key_display="Esc", tooltip="Back to the table"),
    ]

    def __init__(self, what: str, value: str, example: str) -> None:
        super().__init__(value, placeholder=f"{what}: {example}")
        self.what = what

    def on_mount(self) -> None:
        self.focus()

    def action_close(self) -> None:
        screen = self.screen
        assert isinstance(screen, DataTableScreen)
        screen.end_typing()

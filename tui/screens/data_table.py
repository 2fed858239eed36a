"""All rows of a table: sorted, filtered, searched, and one row as a record."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.widgets.data_grid import DataColumn, DataGrid
from kerastui.tui.widgets.data_grid_cells import clean, full
from kerastui.tui.widgets.data_grid_sources import RemoteSource
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.spec import Data
    from kerastui.models.experiment import Experiment
    from kerastui.tui.app import KerasTui

CHANNEL = "table"
"""Tables have an inspector of their own: they are large, and questions about them may take long."""

LOOKED_AFTER = 0.15
"""Seconds between looks at how far the reading is."""


@dataclass(frozen=True)
class TableSubject:
    """Which table, and what is known of it.

    Attributes:
        title: What it is called.
        raw: What `table.open` is asked for.
        prepared: The same for the arrays that the model is given; None where nothing prepares it.
        target: The column that is predicted, or empty.
        classes: Whether its values are classes.
    """

    title: str
    raw: dict[str, Any]
    prepared: dict[str, Any] | None = None
    target: str = ""
    classes: bool = False


def subject_of_data(title: str, data: Data, seed: int, *, prepared: bool) -> TableSubject:
    """Return the table of what an experiment says about its data."""
    plain = data.model_dump(mode="json")
    what = {"data": plain, "seed": seed}
    target = data.target[0] if data.target else ""
    if not target and data.file is None:
        from kerastui.datasets.catalogue import card

        target = next(iter(card(data.dataset).target), "")
    return TableSubject(
        title, what, {**what, "prepared": True} if prepared else None, target,
        data.task in ("binary", "multiclass", "multilabel"),
    )  # fmt: skip


def subject_of_card(card: Card, experiment: Experiment | None) -> TableSubject:
    """Return the table of a data set; `experiment` is the current one where it uses that."""
    from kerastui.datasets.files.library import data_of

    if experiment is not None:
        return subject_of_data(card.name, experiment.data, experiment.seed, prepared=True)
    return subject_of_data(card.name, data_of(card), 1, prepared=False)


class OpenTable:
    """A table that the inspector holds open, from the side of a screen.

    Args:
        app: The app whose launcher is asked.
        what: What `table.open` is asked for.

    Attributes:
        state: What the inspector said of it last.
        source: Its cells, for a grid.
    """

    def __init__(self, app: KerasTui, what: dict[str, Any]) -> None:
        self._app = app
        self._what = what
        self.id = ""
        self.state: dict[str, Any] = {}
        self.source: RemoteSource | None = None

    @property
    def reading(self) -> dict[str, Any] | None:
        """How far the reading is; None where all is read."""
        reading: dict[str, Any] | None = self.state.get("reading")
        return reading

    async def open(self) -> None:
        """Open it.

        Raises:
            UserError: It can't be opened.
        """
        told = await self._app.launcher.request("table.open", channel=CHANNEL, **self._what)
        self.id = told["id"]
        self._take(told)

    async def ask(self, question: str, **arguments: Any) -> dict[str, Any]:
        """Ask about it; raises `UserError`."""
        return await self._app.launcher.request(
            f"table.{question}", channel=CHANNEL, table=self.id, **arguments
        )

    async def look(self) -> bool:
        """See how far the reading is; returns whether all rows are there now, and were not."""
        told = await self.ask("progress")
        self.state["reading"] = told["reading"]
        if told["reading"] is None:
            self._take(await self.ask("state"))
            return True
        return False

    async def stop(self) -> None:
        """Read no further."""
        self._take(await self.ask("stop"))

    async def arrange(self, question: str, **arguments: Any) -> None:
        """Sort or filter; raises `UserError`."""
        self.state |= await self.ask(question, **arguments)
        if self.source is not None:
            self.source.renew(self.state["rows"])

    def close(self) -> None:
        """Let the inspector forget it."""
        if self.id and self._app.is_running:
            self._app.run_worker(self._close(self.id), group="table-close", exit_on_error=False)
        self.id = ""

    async def _close(self, number: str) -> None:
        await self._app.launcher.request("table.close", channel=CHANNEL, table=number)

    def _take(self, state: dict[str, Any]) -> None:
        self.state = state
        columns = [
            DataColumn(column["name"], column["kind"], column["signs"])
            for column in state.pop("columns")
        ]
        self.source = RemoteSource(self.ask, columns, state["total"])
        self.source.renew(state["rows"])


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
        try:
            await table.open()
            self._show(table)
            while table.reading is not None:
                await asyncio.sleep(LOOKED_AFTER)
                if table.reading is not None and await table.look():
                    self._show(table, keep=True)
                self._note()
        except UserError as error:
            self._note("not read")
            self._tell(error)

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
        if grid.source.rows != (self.table.state["total"] if self.table else 0):
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
        whole = there and self.table is not None and self.table.reading is None
        if action == "find":
            return bool(self.found) and whole
        if action == "view":
            return self.subject.prepared is not None
        if action in ("sort", "filter", "search", "columns"):
            return True if whole else None
        if action in ("record", "jump"):
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
        if self.table is not None and self.grid.source is not None and self.grid.source.rows:
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
        if table is None or grid.source is None or table.reading is not None:
            return
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

    def action_filter(self) -> None:
        """Type which rows to show."""
        now = self.table.state.get("filter", "") if self.table else ""
        self._type("filter", now, "age>30 species=setosa name~smi")

    def action_search(self) -> None:
        """Type what to look for."""
        self._type("search", self.found, "a text or a number")

    def action_jump(self) -> None:
        """Type where to go."""
        rows = self.grid.source.rows if self.grid.source else 0
        self._type("go to", "", f"1 to {rows:,}, or a share: 50%")

    def _type(self, what: str, value: str, example: str) -> None:
        for line in self.query(GridLine):
            line.remove()
        self.query_one("#table").mount(GridLine(what, value, example))

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
        for line in self.query(GridLine):
            line.remove()
        self._tell(None)
        self.grid.focus()

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
        if not text:
            self.end_typing()
        else:
            await self._find(self.grid.row, 1)
        self.refresh_bindings()

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def action_find(self, step: int) -> None:
        """Go to the next row that has what was searched for, or the one before."""
        if self.found:
            await self._find(self.grid.row + step, step)

    async def _find(self, start: int, step: int) -> None:
        if self.table is None:
            return
        self._note("searching …")
        try:
            told = await self.table.ask("search", text=self.found, start=start, step=step)
        except UserError as error:
            self._tell(error)
        else:
            if told["row"] is None:
                self._tell(UserError(f"{self.found!r} is in no row that is shown."))
            else:
                self.end_typing()
                self.grid.go(told["row"], told["column"])
                count = told["count"]
                self._note(f"{clean(self.found)}: {count:,} row{'' if count == 1 else 's'}")
                return
        self._note()

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
        self.grid.set_source(None)
        self._tell(None)
        self._open()

    def action_columns(self) -> None:
        """Show the statistics of every column."""
        from kerastui.tui.screens.data_columns import DataColumnsScreen

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


class RecordScreen(ModalScreen[int | None]):
    """One row: the names of the columns with their whole values.

    Args:
        table: The table.
        row: The shown row, from 0. The result is the row that was looked at last.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "row before", show=False, tooltip="The row before"),
        Binding("right", "step(1)", "next row", key_display="←→", tooltip="The next row"),
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

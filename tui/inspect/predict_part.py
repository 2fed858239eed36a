"""All predictions of a part, as a table: sorted, filtered, each row shown on Enter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.tui.inspect.ask import LONG, AskPane, model_of
from kerastui.tui.inspect.subject import Found
from kerastui.tui.screens.dialogs import AskText
from kerastui.tui.widgets.data_grid import DataColumn, DataGrid, DataRow
from kerastui.tui.widgets.data_grid_sources import Ask, RemoteSource
from kerastui.tui.widgets.line_view import LineView, bar
from kerastui.tui.widgets.row_list import Row

LOOKED_AFTER = 0.1
"""Seconds between looks at how far the prediction is."""


class _Rows(RemoteSource):
    """Its first column numbers the rows, from 0 as everywhere in a part."""

    def __init__(self, ask: Ask, columns: Sequence[DataColumn], rows: int) -> None:
        super().__init__(ask, columns, rows)
        self.label_width = 0

    def row(self, row: int, first: int, last: int) -> DataRow | None:
        known = super().row(row, first, last)
        return None if known is None else DataRow("", known.cells)


class PartPane(AskPane):
    """Every row of the test part, or another, with what the model says of it."""

    CHANNEL = LONG
    DEFAULT_CSS = """
    PartPane > #part-told { margin: 0 0 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "show it", key_display="Enter",
                tooltip="Show this row under “one input”"),
        Binding("o", "sort", "sort", tooltip="Sort by this column: up, down, as it was"),
        Binding("f", "filter", "filter", tooltip="Show only some rows: right=no probability<0.6"),
        Binding("m", "wrong", "mistakes", tooltip="Only the rows that are wrong, or all again"),
        Binding("t", "part", "another part", tooltip="The predictions of another part"),
        Binding("escape", "stop", "stop", key_display="Esc", tooltip="Predict no further"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.part = ""
        self.state: dict[str, Any] = {}
        self.expression = ""
        self.sorted: tuple[int, bool] | None = None
        self.running = False

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        able = found.model is not None and found.experiment is not None
        return [Row("ask part", ("all rows of a part", ""))] if able else []

    def compose_body(self) -> ComposeResult:
        yield LineView(id="part-told")
        yield DataGrid()

    def show(self, key: str, width: int) -> str:
        return "all rows of a part"

    @property
    def grid(self) -> DataGrid:
        """The table."""
        return self.query_one(DataGrid)

    @property
    def asked(self) -> Widget:
        return self.grid

    def forget(self) -> None:
        self.part, self.state, self.expression, self.sorted = "", {}, "", None
        self.grid.display = False
        self.query_one("#part-told", LineView).show([])

    def opened(self) -> None:
        self.part = next(iter(self.form["parts"]), "")
        self._predict()

    @work(group="part", exclusive=True, exit_on_error=False)
    async def _predict(self) -> None:
        """Predict the part, and say how far it is meanwhile."""
        found = self.found
        assert found is not None
        self.state, self.running = {}, True
        self.screen.refresh_bindings()
        try:
            told = await self.ask("predict_part", part=self.part, **model_of(found))
            while told["result"] is None:
                self._progress(told)
                await asyncio.sleep(LOOKED_AFTER)
                told = await self.ask("predict_progress")
        except UserError as error:
            if found is self.found:
                self.note(error)
            return
        finally:
            self.running = False
            self.screen.refresh_bindings()
        if found is not self.found:
            return
        if told["result"].get("stopped"):
            self.note(f"Stopped. {self._key_words()}")
            return
        self.note("")
        self._show(told["result"])

    def _key_words(self) -> str:
        return "t predicts another part, or this one again."

    def _progress(self, told: dict[str, Any]) -> None:
        share = told["share"]
        rows = f"  {told['rows']:,} of {self.form['parts'][self.part]:,} rows"
        line = Content.assemble(
            (f"{told['words']} {self.part}  ", "$muted"),
            bar(share or 0.0, 24, "$run") if share is not None else Content("…"),
            (rows if share is not None else "", "$muted"),
        )
        self.query_one("#part-told", LineView).show([line])

    def _show(self, state: dict[str, Any]) -> None:
        self.state, self.expression, self.sorted = state, "", None
        columns = [DataColumn(one["name"], one["kind"], one["signs"]) for one in state["columns"]]
        grid = self.grid
        grid.display = True
        grid.set_source(_Rows(self._page, columns, state["rows"]))
        self._tell()
        self.screen.refresh_bindings()

    async def _page(self, question: str, **payload: Any) -> dict[str, Any]:
        return await self.ask(f"predict_{question}", **payload)

    def _tell(self) -> None:
        state, source = self.state, self.grid.source
        shown = source.rows if source is not None else 0
        total = int(state["rows"])
        parts: list[Content] = [Content.assemble((state["part"], "bold"), f"  {total:,} rows")]
        if state["right"] is not None:
            right = int(state["right"])
            told = [
                (f"{right:,} right", "$good"), (" · ", "$faint"),
                (f"{total - right:,} wrong", "$bad"), (f" · {right / max(1, total):.2%}", "$muted"),
            ]  # fmt: skip
            parts.append(Content.assemble(*told))
        if self.expression:
            parts.append(Content.styled(f"{self.expression}: {shown:,}", "$warn"))
        self.query_one("#part-told", LineView).show([Content("   ").join(parts)])

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.running
        if action == "part":
            return bool(self.form.get("parts")) and not self.running
        if action == "wrong":
            return bool(self.state) and self.state["right"] is not None
        if action in ("open", "sort", "filter"):
            return bool(self.state) and not self.running
        return super().check_action(action, parameters)

    def action_stop(self) -> None:
        """Predict no further."""
        self.run_worker(self.ask("predict_stop"), group="stop", exit_on_error=False)

    def action_part(self) -> None:
        """Predict the next part."""
        parts = list(self.form["parts"])
        self.part = parts[(parts.index(self.part) + 1) % len(parts)]
        self.grid.display = False
        self._predict()

    @on(DataGrid.HeadClicked)
    def _head_clicked(self, event: DataGrid.HeadClicked) -> None:
        event.stop()
        self.grid.go(self.grid.row, event.column)
        self.action_sort()

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def action_sort(self) -> None:
        """Sort by the column under the cursor: up, down, as it was."""
        column = self.grid.column
        before = self.sorted
        down = before == (column, False)
        self.sorted = None if before == (column, True) else (column, down)
        columns = [column] if self.sorted else []
        if await self._arrange("predict_sort", columns=columns, descending=down):
            self.grid.marks = dict.fromkeys(columns, "▼" if down else "▲")

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def action_filter(self) -> None:
        """Ask which rows to show."""
        typed = await self.app.push_screen_wait(
            AskText("filter", "Which rows? Several conditions hold together.", self.expression,
                    "right=no probability<0.6 true=setosa")
        )  # fmt: skip
        if typed is not None:
            await self._filter(typed)

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def action_wrong(self) -> None:
        """Show only the rows that are wrong, or all again."""
        await self._filter("" if self.expression == "right=no" else "right=no")

    async def _filter(self, expression: str) -> None:
        if await self._arrange("predict_filter", expression=expression):
            self.expression = expression.strip()
            self._tell()

    async def _arrange(self, question: str, **payload: Any) -> bool:
        """Sort or filter; returns whether it was possible."""
        source = self.grid.source
        try:
            told = await self.ask(question, **payload)
        except UserError as error:
            self.kerastui.tell_error(error, "The rows stay as they were")
            return False
        if not self.state or source is not self.grid.source:
            return False  # another part is predicted by now
        if isinstance(source, RemoteSource):
            source.renew(told["rows"])
            self.grid.source_changed()
        self._tell()
        return True

    @on(DataGrid.Opened)
    @work(group="open", exclusive=True, exit_on_error=False)
    async def action_open(self) -> None:
        """Show the row under the cursor where one input is asked."""
        from kerastui.tui.inspect.predict import WANTED
        from kerastui.tui.screens.inspect import InspectScreen
        from kerastui.tui.widgets.search import SearchLine

        source, screen = self.grid.source, self.screen
        if source is None or not source.rows or not isinstance(screen, InspectScreen):
            return
        page = await self.ask("predict_page", first=self.grid.row, count=1, columns=[0])
        assert self.found is not None
        self.found.shared[WANTED] = (self.state["part"], int(page["cells"][0][0]))
        for line in screen.query(SearchLine):
            line.close()  # it may keep the row out of sight
        screen.rows.move_to("ask one")
        await screen.draw().wait()
        screen.go_to_detail()

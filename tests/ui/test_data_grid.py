"""The grid of large tables: what it asks of its source, its cursor, and how cells are written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.geometry import Offset

from kerastui.datasets.errors import UserError
from kerastui.tui.widgets.data_grid import DataColumn, DataGrid, DataRow
from kerastui.tui.widgets.data_grid_cells import clean, fitted, full, shown
from kerastui.tui.widgets.data_grid_sources import ArraySource, RemoteSource

from .pilots import until

WIDE, NARROW = (120, 40), (80, 24)


# The grid


class GridApp(App[None]):
    """A grid alone."""

    def __init__(self, source: Any) -> None:
        super().__init__()
        self.source = source

    def get_theme_variable_defaults(self) -> dict[str, str]:
        from kerastui.tui import themes

        return themes.OWN_VARIABLES

    def compose(self) -> ComposeResult:
        yield DataGrid(self.source)


async def test_a_large_array_is_never_read_as_a_whole(tmp_path: Path) -> None:
    array = np.lib.format.open_memmap(
        tmp_path / "w.npy", mode="w+", dtype=np.float32, shape=(1_000_000, 64)
    )  # a hole in the file until it is written
    array[999_999, 63] = 1.25
    async with GridApp(ArraySource(array)).run_test(size=WIDE) as pilot:
        grid = pilot.app.query_one(DataGrid)
        grid.focus()
        await pilot.press("ctrl+end", "end")
        await until(
            pilot, lambda: (grid.row, grid.column, grid.value) == (999_999, 63, 1.25), "the end"
        )
        strip = grid.render_line(grid.size.height - 2).text
        assert strip.startswith("999,999")
        assert strip.split()[-1] == "1.25"
        assert grid.render_line(0).text.split()[-1] == "63"


class Counting:
    """A source of many columns that counts what is asked of it."""

    rows, label_width = 5, 1

    def __init__(self) -> None:
        self.columns = [DataColumn(f"c{place}", "text", 5) for place in range(100_000)]
        self.asked: list[tuple[range, range]] = []

    def known(self, rows: range, columns: range) -> bool:
        return (
            bool(self.asked)
            and columns.start >= self.asked[-1][1].start
            and (columns.stop <= self.asked[-1][1].stop)
        )

    def row(self, row: int, first: int, last: int) -> DataRow | None:
        if not self.known(range(row, row + 1), range(first, last)):
            return None
        return DataRow(str(row), [f"{row}/{column}" for column in range(first, last)])

    async def load(self, rows: range, columns: range) -> None:
        await asyncio.sleep(0)
        self.asked.append((rows, columns))


async def test_only_columns_that_are_seen_are_asked_for() -> None:
    source = Counting()
    async with GridApp(source).run_test(size=NARROW) as pilot:
        grid = pilot.app.query_one(DataGrid)
        grid.focus()
        await until(pilot, lambda: grid.value == "0/0", "the first cell")
        await pilot.press("end")
        await until(pilot, lambda: grid.value == "0/99999", "the last column")
        assert all(len(columns) < 40 for _, columns in source.asked)
        await pilot.press("home", "right", "right")
        await until(pilot, lambda: grid.value == "0/2", "the third column")
        assert grid.scroll_offset == Offset(0, 0)


async def test_a_click_moves_the_cursor_and_a_second_one_opens() -> None:
    seen: list[Any] = []
    source = ArraySource(np.arange(20.0).reshape(5, 4))
    async with GridApp(source).run_test(size=NARROW, message_hook=seen.append) as pilot:
        grid = pilot.app.query_one(DataGrid)
        await pilot.click(DataGrid, offset=(20, 3))
        await until(pilot, lambda: (grid.row, grid.column) == (2, 1), "the cursor")
        await pilot.click(DataGrid, offset=(20, 3))
        await until(pilot, lambda: any(isinstance(m, DataGrid.Opened) for m in seen), "opened")
        await pilot.click(DataGrid, offset=(20, 20))
        assert (grid.row, grid.column) == (2, 1)


async def test_errors_of_a_source_are_told() -> None:
    class Broken(Counting):
        async def load(self, rows: range, columns: range) -> None:
            raise UserError("gone")

    seen: list[Any] = []
    async with GridApp(Broken()).run_test(size=NARROW, message_hook=seen.append) as pilot:
        await until(pilot, lambda: any(isinstance(m, DataGrid.Failed) for m in seen), "the error")


async def test_cells_of_another_source_come_also_where_the_one_before_is_closed() -> None:
    class Closed(Counting):
        async def load(self, rows: range, columns: range) -> None:
            begun.set()
            await closed.wait()
            raise UserError("gone")

    begun, closed, other = asyncio.Event(), asyncio.Event(), Counting()
    async with GridApp(Closed()).run_test(size=NARROW) as pilot:
        grid = pilot.app.query_one(DataGrid)
        await until(pilot, begun.is_set, "the question for the cells of the first one")
        grid.set_source(other)
        closed.set()
        await until(pilot, lambda: grid.value == "0/0", "the first cell of the other one")


async def test_remote_pages_are_kept_and_forgotten() -> None:
    asked: list[dict[str, Any]] = []

    async def ask(question: str, **arguments: Any) -> dict[str, Any]:
        asked.append(arguments)
        ids = list(range(arguments["first"], min(1000, arguments["first"] + arguments["count"])))
        return {"ids": ids, "cells": [[f"{i}/{c}" for i in ids] for c in arguments["columns"]]}

    source = RemoteSource(ask, [DataColumn("a", "text")] * 20, 1000)
    assert source.row(70, 5, 12) is None
    await source.load(range(60, 70), range(5, 12))
    row = source.row(70, 5, 12)
    assert row == DataRow("71", [f"70/{column}" for column in range(5, 12)])
    await source.load(range(60, 70), range(5, 12))
    assert len(asked) == 1
    assert asked[0]["columns"] == list(range(16))
    source.renew(10)
    assert source.row(5, 0, 1) is None


# Cells


@pytest.mark.parametrize(
    ("value", "kind", "text_", "what"),
    [
        (None, "number", "–", "missing"),
        (0.123456, "number", "0.1235", ""),
        (-3, "whole", "−3", ""),
        (2023, "whole", "2023", ""),
        (123456, "whole", "123,456", ""),
        ("NaN", "number", "NaN", "odd"),
        ("-Infinity", "number", "−∞", "odd"),
        ("a\nb\tc", "text", "a↵b→c", ""),
        ("\x1b[31mred", "text", "�[31mred", ""),
        ("\u202egnp.exe", "text", "�gnp.exe", ""),
        ("a\u00a0b", "text", "a b", ""),
        ("[bold]x[/bold]", "text", "[bold]x[/bold]", ""),
    ],
)
def test_cells_are_short_and_harmless(value: Any, kind: str, text_: str, what: str) -> None:
    assert shown(value, kind) == (text_, what)
    assert clean(full(value, kind)) == full(value, kind)


def test_cells_are_as_wide_as_their_column() -> None:
    assert fitted("abc", 5) == "abc  "
    assert fitted("abc", 5, right=True) == "  abc"
    assert fitted("abcdef", 4) == "abc…"
    assert fitted("表表表", 4) == "表 …"
    assert fitted("a", 0) == ""

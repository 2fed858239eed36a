"""The table of all rows, and the statistics of its columns."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from kerastui.models import shipped
from kerastui.models.runs.events import plain_numbers
from kerastui.models.tables import own_file
from kerastui.models.tables.worker import Tables
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.data import columns_words as said
from kerastui.tui.screens.data.columns import DataColumnsScreen
from kerastui.tui.screens.data.record import RecordScreen
from kerastui.tui.screens.data.table import DataTableScreen
from kerastui.tui.screens.data.table_open import TableSubject, first_rows, subject_of_data
from kerastui.tui.widgets.data_grid import DataGrid

from .fakes import FakeLauncher
from .pilots import HOSTILE, shows, text, until

WIDE, NARROW = (120, 40), (80, 24)


class TableLauncher(FakeLauncher):
    """Answers questions about tables as the inspector does, in a thread of this process."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = Tables()

    async def request(self, name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
        if not name.startswith("table."):
            return await super().request(name, channel=channel, **payload)
        assert channel == "table"
        self.requests.append((name, payload))
        answer = getattr(self.tables, name.removeprefix("table."))
        told: dict[str, Any] = plain_numbers(await asyncio.to_thread(answer, **payload))
        return told

    def asked(self, name: str) -> list[dict[str, Any]]:
        return [payload for asked, payload in self.requests if asked == f"table.{name}"]


def csv(path: Path, rows: int = 300) -> TableSubject:
    """Write a table of numbers, gaps, texts and hostile signs; return it."""
    lines = ["nr,size,name,\x1b[2Jbad[/x]"]
    lines += [
        f"{row},{row / 7},{'anna' if row % 2 else 'bert'},{row}" for row in range(1, rows - 1)
    ]
    lines += ["5000,,\x1b]0;owned\x07\u202eevil,", f'5001,inf,"{HOSTILE}",1']
    path.write_text("\n".join(lines) + "\n")
    what = {"data": {"dataset": "mine", "task": "regression", "file": {"path": str(path)}}}
    return TableSubject("mine", what, target="size")


async def opened(pilot: Any, subject: TableSubject) -> DataTableScreen:
    """Open the table screen, and wait until its first cells are there."""
    screen = DataTableScreen(subject)
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: screen.table and screen.table.state, "the table")
    await until(pilot, lambda: screen.table and screen.table.reading is None, "all rows")
    await until(pilot, lambda: screen.grid.cursor_row is not None, "the first cells")
    return screen


def lines(pilot: Any) -> list[list[str]]:
    """Return the words of the lines inside the table."""
    return [line.strip("│▂▃▄▅▆▇█▁ ").split() for line in text(pilot).splitlines()[2:-3]]


# The table


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_all_rows_can_be_walked_through(size: tuple[int, int], tmp_path: Path) -> None:
    launcher = TableLauncher()
    async with KerasTui(launcher=launcher).run_test(size=size) as pilot:
        screen = await opened(pilot, csv(tmp_path / "t.csv"))
        await until(
            pilot, lambda: lines(pilot)[1][:4] == ["1", "1", "0.1429", "anna"], "the first row"
        )
        await pilot.press("right", "down", "down")
        await shows(pilot, "0.42857142857142855")
        await pilot.press("ctrl+end")
        await shows(pilot, "∞")
        await shows(pilot, HOSTILE)
        await until(pilot, lambda: screen.grid.row == 299, "the last row")
        await pilot.press("up")
        await shows(pilot, "size  missing")
        # Nothing that a terminal would obey.
        assert "\x1b" not in text(pilot)
        assert "\u202e" not in text(pilot)
        height = screen.grid.size.height
        await pilot.press("home", "g", *"150", "enter")
        await until(pilot, lambda: screen.grid.row == 149, "row 150")
        await pilot.press("g", *"50%", "enter")
        await until(pilot, lambda: screen.grid.row == 150, "the middle")
        await pilot.press("g", *"999", "enter")
        await shows(pilot, "'999' is no row")
        await pilot.press("escape")
        await until(pilot, lambda: screen.grid.size.height == height, "its whole page")
        await pilot.press("pagedown", "pageup")
        await until(pilot, lambda: screen.grid.has_focus and screen.grid.row == 150, "row 150")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is not screen, "the way back")
        await until(pilot, lambda: launcher.asked("close"), "the end of the table")
        # Only what was seen was asked for, and what lies around it.
        assert max(page["count"] for page in launcher.asked("page")) <= 256


async def test_rows_are_sorted_upwards_downwards_and_back(tmp_path: Path) -> None:
    async with KerasTui(launcher=TableLauncher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, csv(tmp_path / "t.csv"))
        await pilot.press("right", "right", "o")
        await shows(pilot, "name ▲")
        await shows(pilot, HOSTILE)
        await pilot.press("o")
        await shows(pilot, "name ▼")
        await until(pilot, lambda: lines(pilot)[1][:2] == ["2", "2"], "the last name first")
        await pilot.press("o")
        await until(pilot, lambda: lines(pilot)[1][:2] == ["1", "1"], "the rows as they were")
        assert screen.grid.marks == {}
        # A click on the name of a column does the same.
        await pilot.click(DataGrid, offset=(20, 0))
        await until(pilot, lambda: screen.grid.marks, "a sorted column")


async def test_rows_are_filtered_and_wrong_filters_stay_to_be_mended(tmp_path: Path) -> None:
    async with KerasTui(launcher=TableLauncher()).run_test(size=NARROW) as pilot:
        screen = await opened(pilot, csv(tmp_path / "t.csv"))
        await pilot.press("f", *"nr>x", "enter")
        await shows(pilot, "nr holds numbers, but 'x' is none.")
        await pilot.press("backspace", *"290 name=anna", "enter")
        await shows(pilot, "4 of 300 rows")
        await until(pilot, lambda: lines(pilot)[1][:2] == ["291", "291"], "the first of the four")
        await shows(pilot, "row 291 · 1 of 4")
        # The keys of the table work again once the line is gone, and the footer says so.
        await shows(pilot, "o sort")
        await pilot.press("f", *[" ", "n", "r", "<", "0"], "enter")
        await shows(pilot, "no row is shown")
        await pilot.press("down", "ctrl+end", "pageup", "enter")
        assert pilot.app.screen is screen
        await pilot.press("f", "ctrl+u", "enter")
        await until(pilot, lambda: screen.grid.source and screen.grid.source.rows == 300, "all")


async def test_search_goes_from_row_to_row(tmp_path: Path) -> None:
    async with KerasTui(launcher=TableLauncher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, csv(tmp_path / "t.csv"))
        await pilot.press("slash", *"EVIL", "enter")
        await until(pilot, lambda: (screen.grid.row, screen.grid.column) == (298, 2), "evil")
        await pilot.press("slash", "ctrl+u", *"0.143", "enter")
        await until(pilot, lambda: (screen.grid.row, screen.grid.column) == (0, 1), "0.1429")
        await pilot.press("slash", "ctrl+u", *"bert", "enter")
        await shows(pilot, "149 rows")
        for key, row in (("n", 3), ("n", 5), ("N", 3)):
            await pilot.press(key)
            await until(pilot, lambda r=row: screen.grid.row == r, f"the bert in row {row}")
        await pilot.press("slash", "ctrl+u", *"nobody", "enter")
        await shows(pilot, "'nobody' is in no row")


async def test_a_row_is_shown_as_a_record(tmp_path: Path) -> None:
    async with KerasTui(launcher=TableLauncher()).run_test(size=NARROW) as pilot:
        screen = await opened(pilot, csv(tmp_path / "t.csv"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RecordScreen), "the record")
        await shows(pilot, "0.14285714285714285")
        await pilot.press("right")
        await shows(pilot, "bert")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen, "the table")
        await until(pilot, lambda: screen.grid.row == 1, "the row of the record")


async def test_first_rows_are_shown_while_the_rest_is_read_and_reading_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens, read = threading.Event(), own_file.read

    def wait(recipe: Any, tell: own_file.Tell) -> Any:
        tell("reading t.csv", 0.5)
        opens.wait(60)
        return read(recipe, tell)

    monkeypatch.setattr(own_file, "read", wait)
    async with KerasTui(launcher=TableLauncher()).run_test(size=WIDE) as pilot:
        screen = DataTableScreen(csv(tmp_path / "t.csv", rows=90_000))
        await pilot.app.push_screen(screen)
        await shows(pilot, "the first 1,000 rows · reading t.csv 50% · Esc stops")
        await until(pilot, lambda: screen.grid.cursor_row is not None, "the first cells")
        await pilot.press("down", "escape")
        await shows(pilot, "1,000 rows × 4 · the first rows only")
        assert screen.grid.row == 1
        opens.set()
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is not screen, "the way back")


async def test_first_rows_are_there_before_the_inspector_is(tmp_path: Path) -> None:
    launcher = TableLauncher()
    ready = asyncio.Event()
    request = launcher.request

    async def late(name: str, **payload: Any) -> dict[str, Any]:
        await ready.wait()
        return await request(name, **payload)

    launcher.request = late  # type: ignore[method-assign]
    subject = csv(tmp_path / "t.csv", rows=5000)
    async with KerasTui(launcher=launcher).run_test(size=WIDE) as pilot:
        screen = DataTableScreen(subject)
        await pilot.app.push_screen(screen)
        await shows(pilot, "0.1429")
        await pilot.press("o", "f", "enter", "k", "down")
        await until(pilot, lambda: screen.grid.row == 1, "the end of what does nothing yet")
        assert pilot.app.screen is screen
        ready.set()
        await shows(pilot, "5,000 rows × 4")
        assert screen.grid.row == 1
        await shows(pilot, "row 2")


def test_first_rows_are_read_with_what_was_settled(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1,5;x\n?;y\n")
    file = {"path": str(path), "delimiter": ";", "decimal": ",", "missing": ["?"]}
    source = first_rows({"data": {"file": file}})
    assert source is not None
    assert [source.row(row, 0, 2).cells for row in range(2)] == [[1.5, "x"], [None, "y"]]
    assert first_rows({"data": {"file": {"path": str(tmp_path / "absent")}}}) is None
    assert first_rows({"data": {}}) is None
    assert first_rows({"data": {"file": {"path": "t", "format": "npy"}}}) is None


async def test_what_the_model_sees_is_a_table_too() -> None:
    experiment = shipped.experiment("c05-weight-decay")
    subject = subject_of_data("circles", experiment.data, experiment.seed, prepared=True)
    async with KerasTui(launcher=TableLauncher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, subject)
        await pilot.press("v")
        await shows(pilot, "as the model sees it")
        await shows(pilot, "train")
        await until(pilot, lambda: screen.grid.cursor_row is not None, "the first cells")
        await pilot.press("f", *"part=test", "enter")
        await shows(pilot, "70 of 100 rows")
        await pilot.press("v")
        await shows(pilot, "100 rows × 3")


async def test_a_table_that_is_not_there_says_why(tmp_path: Path) -> None:
    subject = csv(tmp_path / "t.csv")
    (tmp_path / "t.csv").unlink()
    async with KerasTui(launcher=TableLauncher()).run_test(size=WIDE) as pilot:
        await pilot.app.push_screen(DataTableScreen(subject))
        await shows(pilot, "There is no file")
        await pilot.press("o", "f", "enter", "down", "escape")


# Columns


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_every_column_is_described(size: tuple[int, int], tmp_path: Path) -> None:
    launcher = TableLauncher()
    async with KerasTui(launcher=launcher).run_test(size=size) as pilot:
        table = await opened(pilot, csv(tmp_path / "t.csv"))
        await pilot.press("f", *"nr<100", "enter")
        await shows(pilot, "99 of 300 rows")
        await pilot.press("k")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataColumnsScreen), "the columns")
        screen = pilot.app.screen
        assert isinstance(screen, DataColumnsScreen)
        await until(pilot, lambda: len(screen.told) == 4, "all columns")
        await shows(pilot, "99 rows · of 300: nr<100")
        await shows(pilot, "size ◆")
        if size == NARROW:
            await pilot.press("enter")
        await shows(pilot, "Pearson's correlation")
        await shows(pilot, "identifier")
        await pilot.press("escape")
        if size == NARROW:
            await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is table, "the table")
        # It is still the table's own: leaving its columns does not close it.
        assert not launcher.asked("close")


async def test_columns_open_their_table_themselves_and_close_it(tmp_path: Path) -> None:
    launcher = TableLauncher()
    async with KerasTui(launcher=launcher).run_test(size=WIDE) as pilot:
        screen = DataColumnsScreen(csv(tmp_path / "t.csv"))
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: len(screen.told) == 4, "all columns")
        await pilot.press("slash", *"nam", "enter")
        await shows(pilot, "bert")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: launcher.asked("close"), "the end of the table")


def test_a_column_is_told_in_words() -> None:
    told = {
        "name": "a", "kind": "number", "rows": 10, "missing": 2, "infinite": 1, "unique": 7,
        "low": -1.0, "high": 1.0, "mean": 0.0, "deviation": 0.5,
        "quantiles": [-1, -0.5, 0, 0.5, 1], "bins": [4, 0, 1, 2], "common": [[0.5, 3]],
        "marks": ["constant"], "giveaway": "It equals the target", "relation": ["eta", 0.7],
    }  # fmt: skip
    rows = dict(said.detail(told, HOSTILE))
    assert HOSTILE in str(rows["Target"])
    assert rows["Missing"] == "2 of 10, 20.0%"
    drawn = said.histogram(told, 8, height=2).plain.splitlines()
    assert [line[:8] for line in drawn[:2]] == ["██      ", "██  ▄▄██"]
    assert said.marked(told) == ("!", "$bad")
    assert said.merged([1, 2, 3, 4, 5], 2) == [6, 9]


@pytest.mark.parametrize(
    ("low", "high", "shown"), [(4, 4, "4 signs"), (1, 1, "1 sign"), (1, 9, "1 to 9 signs")]
)
def test_the_lengths_of_texts_are_told_in_words(low: int, high: int, shown: str) -> None:
    told = {
        "name": "a", "kind": "text", "rows": 9, "missing": 0, "infinite": 0, "unique": 2,
        "low": low, "high": high, "mean": None, "deviation": None, "quantiles": [], "bins": [],
        "common": [], "marks": [], "giveaway": "", "relation": None,
    }  # fmt: skip
    assert dict(said.detail(told, ""))["Length"] == shown

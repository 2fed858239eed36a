"""The kit of widgets: names and values, words, lists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.app import App, ComposeResult
from textual.content import Content

from kerastui.models.runs.history import History
from kerastui.tui import themes
from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets import metrics_table, words
from kerastui.tui.widgets.key_values import KeyValues, table
from kerastui.tui.widgets.row_list import Column, Row, RowList

from .pilots import HOSTILE, shows, until


def test_values_wrap_under_themselves() -> None:
    lines = table([("Name", "one two three four five"), ("Other", "x")], 22).plain.splitlines()
    assert lines[0].startswith("Name") or lines[0] == "Name"
    wide = table([("Name", "one two three four five six"), ("Other", "x")], 32).plain.splitlines()
    assert wide[0].startswith("Name   one")
    assert wide[1].startswith(" " * 7)
    assert all(len(line) <= 32 for line in wide)


def test_the_epoch_of_the_best_keeps_its_distance_in_a_long_run() -> None:
    history = History()
    values = [1 / epoch for epoch in range(1, 123_457)]
    history.apply_all([{"event": "epochs", "t": 1.0, "first": 1, "logs": {"loss": values}}])
    rows = [line.plain for line in metrics_table.lines(history, 46)]
    assert rows[1].endswith("  123,456")
    assert [len(row) for row in rows] == [46, 46]


class Watched(KeyValues):
    """A table that remembers the heights that it was given one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.heights: list[int] = []

    def on_resize(self, event: events.Resize) -> None:
        self.heights.append(event.size.height)


class TableApp(App[None]):
    """A table alone."""

    def compose(self) -> Any:
        table = Watched()
        table.display = False
        yield table


async def test_a_table_has_its_height_from_the_first_layout_on() -> None:
    """One that is drawn only when its width is known keeps the height from before, if another
    layout comes in between."""
    async with TableApp().run_test(size=(40, 20)) as pilot:
        shown = pilot.app.query_one(Watched)
        heights = shown.heights
        shown.display = True
        shown.show([("Name", "one"), ("Other", lambda width: Content(f"{width}\n2\n3"))])
        await until(pilot, lambda: heights, "a size")
        assert heights[0] == 4
        await pilot.resize_terminal(20, 20)
        await until(pilot, lambda: heights[-1] == 6, "the names above the values")


@given(st.lists(st.floats()), st.integers(0, 40))
def test_a_sparkline_takes_any_values(values: list[float], width: int) -> None:
    assert len(words.sparkline(values, width)) == min(width, len(values))


def test_a_sparkline_keeps_the_extremes() -> None:
    line = words.sparkline([5.0] * 500 + [1.0] + [5.0] * 498 + [9.0], 10)
    assert "▁" in line
    assert "█" in line


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (0, "0 s"), (0.0123, "12 ms"), (0.5, "0.5 s"), (59.7, "1 min 0 s"),
     (125, "2 min 5 s"), (7300, "2 h 1 min"), (float("nan"), "–")],
)  # fmt: skip
def test_durations_are_said_in_their_two_largest_units(seconds: float | None, said: str) -> None:
    assert words.duration(seconds) == said


class ListApp(App[None]):
    """A list alone."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.OWN_VARIABLES

    def compose(self) -> Any:
        yield RowList([Column("name"), Column("value", 8, "right")], closed={"g"})


async def test_a_list_of_many_rows_draws_only_what_is_seen() -> None:
    async with ListApp().run_test(size=(40, 10)) as pilot:
        rows = pilot.app.query_one(RowList)
        rows.set_rows(Row(str(place), (HOSTILE, f"{place}")) for place in range(200_000))
        rows.focus()
        await pilot.press("end")
        await until(pilot, lambda: rows.key == "199999", "the last row")
        assert len(rows.visible_keys) == 9
        assert HOSTILE[:20] in rows.render_line(9).text


async def test_groups_fold_and_a_search_opens_them() -> None:
    async with ListApp().run_test(size=(40, 10)) as pilot:
        rows = pilot.app.query_one(RowList)
        rows.set_rows(
            [
                Row("g", ("group",), group=True),
                Row("a", ("apple", "1"), level=1),
                Row("b", ("banana", "2"), level=1),
            ]
        )
        rows.focus()
        assert [row.key for row in rows.shown] == ["g"]
        await pilot.press("right", "down", "down")
        await until(pilot, lambda: rows.key == "b", "the second row")
        await pilot.press("left", "left")
        await until(pilot, lambda: [row.key for row in rows.shown] == ["g"], "the group, folded")
        rows.set_search("ban")
        assert [row.key for row in rows.shown] == ["g", "b"]
        assert rows.key == "b"
        rows.set_search("")
        assert rows.move_to("a")
        assert rows.key == "a"
        assert not rows.move_to("z")


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go() -> None:
    async with ListApp().run_test(size=(40, 10)) as pilot:
        rows = pilot.app.query_one(RowList)
        rows.set_rows(Row(key, (key,)) for key in "abc")
        rows.move_to("b")
        rows.set_rows(Row(key, (key,)) for key in "xabc")
        assert rows.key == "b"
        rows.set_rows(Row(key, (key,)) for key in "xac")
        assert rows.key == "c"
        rows.set_rows([])
        assert rows.key == ""
        await pilot.press("enter", "down", "end", "left", "right")


class Question(Dialog[str]):
    """A dialog that something else answers."""


class Above(Dialog[None]):
    """What somebody opened meanwhile."""


async def test_a_result_that_comes_under_another_screen_waits_for_its_end() -> None:
    results: list[str | None] = []
    async with App[None]().run_test() as pilot:
        question, above = Question(), Above()
        await pilot.app.push_screen(question, results.append)
        await pilot.app.push_screen(above)
        question.dismiss("late")
        await pilot.pause()
        assert pilot.app.screen is above
        assert above.styles.background.a < 1  # what is below is seen
        above.dismiss()
        await until(pilot, lambda: results == ["late"], "the result")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1, "the screen below both")


async def test_what_comes_after_the_end_of_a_dialog_takes_no_other_screen_away() -> None:
    results: list[str | None] = []
    async with App[None]().run_test() as pilot:
        below, question = Above(), Question()
        await pilot.app.push_screen(below)
        await pilot.app.push_screen(question, results.append)
        question.dismiss("first")
        question.dismiss("second")
        await pilot.pause()
        assert pilot.app.screen is below
        assert results == ["first"]


@pytest.mark.parametrize(
    ("last_word", "shown"), [(False, "normalization …"), (True, "norma… variance")]
)
async def test_names_that_begin_alike_can_keep_their_last_word(last_word: bool, shown: str) -> None:
    rows = RowList([Column(width=15, last_word=last_word), Column()])

    class Host(App[None]):
        def compose(self) -> ComposeResult:
            yield rows

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return themes.OWN_VARIABLES

    async with Host().run_test(size=(40, 6)) as pilot:
        rows.set_rows([Row("a", ("normalization variance", "5"))])
        await shows(pilot, shown)

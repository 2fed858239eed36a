"""A widget that is shown again before it heard that it was hidden keeps the focus."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Button

from kerastui.tui.inspect.lines import LinesView

from .pilots import until


class TwoWidgets(App[None]):
    def compose(self) -> ComposeResult:
        yield Button("before")
        yield LinesView()


async def test_late_word_of_being_hidden_takes_no_focus() -> None:
    async with TwoWidgets().run_test() as pilot:
        lines = pilot.app.query_one(LinesView)
        lines.focus()
        await pilot.pause()
        lines.post_message(events.Hide())
        await pilot.pause()
        assert lines.has_focus


async def test_what_is_hidden_gives_the_focus_away() -> None:
    async with TwoWidgets().run_test() as pilot:
        lines = pilot.app.query_one(LinesView)
        lines.focus()
        await pilot.pause()
        lines.display = False
        button = pilot.app.query_one(Button)
        await until(pilot, lambda: button.has_focus, "the other widget has the focus")

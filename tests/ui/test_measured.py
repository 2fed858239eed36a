"""The height of text that changes again before its widget had its turn."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.widget import Widget

from kerastui.tui.widgets.key_values import KeyValues
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.measured import Static

from .pilots import until


def tell(widget: Widget, lines: list[str]) -> None:
    """Show some lines."""
    if isinstance(widget, LineView):
        widget.show(lines)
    elif isinstance(widget, KeyValues):
        widget.show(("", line) for line in lines)
    elif isinstance(widget, Static):
        widget.update("\n".join(lines))


@pytest.mark.parametrize("kind", [LineView, KeyValues, Static])
async def test_text_is_as_high_as_what_it_shows_last(kind: type[Widget]) -> None:
    class Two(App[None]):
        def compose(self) -> ComposeResult:
            yield kind(id="busy")
            yield kind(id="other")

    async with Two().run_test() as pilot:
        busy, other = pilot.app.query_one("#busy"), pilot.app.query_one("#other")
        turn = asyncio.Event()
        busy.call_later(asyncio.wait_for, turn.wait(), 10)
        laid_out = asyncio.Event()
        pilot.app.screen.screen_layout_refresh_signal.subscribe(other, lambda _: laid_out.set())
        tell(busy, ["one"])
        tell(other, ["one", "two"])  # this one asks for a layout
        await asyncio.wait_for(laid_out.wait(), 10)
        tell(busy, ["one", "two", "three", "four", "five"])
        turn.set()
        await until(pilot, lambda: busy.size.height >= 5, "room for five lines")

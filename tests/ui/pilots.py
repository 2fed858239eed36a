"""What the tests of the screens have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual import events
from textual.css.query import NoMatches
from textual.pilot import Pilot

from kerastui.tui.headless import screen_text

HOSTILE = "[/x] list[int] [bold"
"""A name that breaks whoever reads it as markup."""


async def until(
    pilot: Pilot[Any], condition: Callable[[], object], what: str, seconds: float = 60
) -> None:
    """Wait until something is so; fails, saying what did not come.

    A condition may look for a widget that is not there yet: then it is not so. The limit is only
    for what never comes: on a busy machine all may take ten times as long.
    """

    def is_so() -> object:
        try:
            return condition()
        except NoMatches:
            return False

    end = time.monotonic() + seconds
    pause = 0.02
    while not is_so():
        assert time.monotonic() < end, f"never: {what}\n{text(pilot)}"
        await pilot.pause(pause)
        # Looking takes time from what is waited for, so the longer it takes, the rarer.
        pause = min(0.1, pause * 1.3)


def text(pilot: Pilot[Any]) -> str:
    """Return what is on the screen."""
    return screen_text(pilot.app)


async def paste(pilot: Pilot[Any], pasted: str) -> None:
    """Paste as a terminal does, behind the keys before: a long text comes at once."""
    pilot.app.post_message(events.Paste(pasted))
    await pilot.pause()


async def shows(pilot: Pilot[Any], words: str) -> None:
    """Wait until words stand on the screen."""
    await until(pilot, lambda: words in text(pilot), f"{words!r} on the screen")

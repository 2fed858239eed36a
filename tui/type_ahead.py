"""Keys that come faster than they are obeyed: each one reaches what the one before it opened."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from textual import events
from textual.app import App, ScreenStackError
from textual.dom import DOMNode

PATIENCE = 1.0
"""Seconds that a busy widget may hold back the keys behind the one it has."""

Typed = events.Key | events.Paste


class TypeAheadApp(App[None]):
    """An app that obeys one key after the other.

    Textual hands every key to the widget that has the focus as soon as it arrives, while the
    bindings of the key before it run only once that key has come up from the widget to the app.
    Over a slow line several keys arrive in one packet: `f` would open a filter, and the letters
    behind it would be commands to the list. So a key waits until the one before it has gone all
    the way, and what it opened has taken the focus.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[Typed] = deque()
        self._settling: asyncio.Task[None] | None = None

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, Typed) or event.is_forwarded:
            await super().on_event(event)
        elif self._settling:
            self._typed.append(event)
        else:
            await self._obey(event)

    async def _obey(self, event: Typed) -> None:
        way = (self.focused or self.screen).ancestors_with_self
        await super().on_event(event)
        self._settling = asyncio.create_task(self._settle(way))

    async def _settle(self, way: list[DOMNode]) -> None:
        """Wait until a key has gone its way, then take the next one."""
        for node in way:
            await _has_done(node)
        # What the key opened is the screen by now; it has a focus once it has begun its work.
        with suppress(ScreenStackError):  # it may have been the key to leave
            await _has_done(self.screen)
        if self._typed:
            self.call_later(self._obey, self._typed.popleft())
        else:
            self._settling = None


async def _has_done(node: DOMNode) -> None:
    """Wait until a node has done what it had been sent before."""
    done = asyncio.Event()
    if node.call_later(done.set):
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), PATIENCE)

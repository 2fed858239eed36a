"""Keys that come faster than they are obeyed: each one reaches what the one before it opened."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen

PATIENCE = 1.0
"""Seconds that a busy widget may hold back the keys behind the one it has."""

BIRTH = 10.0
"""Seconds that a screen may take until it stands; before that it could do nothing with a key."""

ROUNDS = 3
"""A key may post a message, whose handler posts another one: `Input.Submitted`, `Done`."""

HELD = frozenset(
    ("up", "down", "left", "right", "pageup", "pagedown", "shift+up", "shift+down", "shift+left",
     "shift+right")
)  # fmt: skip
"""Keys that one holds down to go far; they open nothing."""

AT_ONCE = "ctrl+q"
"""The way out, also of an app in which something hangs."""

Typed = events.Key | events.Paste


class TypeAheadApp(App[None]):
    """An app that obeys one key after the other.

    Textual hands every key to the widget that has the focus as soon as it arrives, while the
    bindings of the key before it run only once that key has come up from the widget to the app.
    Over a slow line several keys arrive in one packet: `f` would open a filter, and the letters
    behind it would be commands to the list. So a key waits until the one before it has gone all
    the way, and what it opened has taken the focus. Only a key that is held down to go far waits
    for nothing: a picture would have to be drawn between any two steps.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[Typed] = deque()
        self._settling: asyncio.Task[None] | None = None
        self._typed_at: Screen[object] | None = None
        self._under_way = ""
        self._on_their_way: set[asyncio.Event] = set()

    @contextmanager
    def hold_keys(self) -> Iterator[None]:
        """Hold back the keys behind the one that began this: a question is on its way.

        For workers that look something up before they ask; what was typed ahead is the answer.
        """
        asked = asyncio.Event()
        self._on_their_way.add(asked)
        try:
            yield
        finally:
            self._on_their_way.discard(asked)
            asked.set()

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, Typed):
            await super().on_event(event)
        elif not self.screen_stack:
            pass  # the app is about to end
        elif self._is_held(event) or (isinstance(event, events.Key) and event.key == AT_ONCE):
            await super().on_event(event)
        elif not event.is_forwarded:
            self._typed.append(event)
            await self._next()
        elif isinstance(event, events.Key) and self.screen is not self._typed_at:
            # Another screen came before this key was up here: what has the focus there gets it.
            self._typed.appendleft(events.Key(event.key, event.character))
            await self._next()
        else:
            await super().on_event(event)

    def _is_held(self, event: Typed) -> bool:
        """Whether it is the key under way once more, with none between them."""
        return (
            isinstance(event, events.Key)
            and event.key == self._under_way
            and event.key in HELD
            and not event.is_forwarded
            and self._settling is not None
            and not self._typed
        )

    async def _next(self) -> None:
        """Obey the key that is first in line, unless there is something to wait for."""
        if not self._typed or self._settling or not self.screen_stack:
            return
        self._typed_at = self.screen
        way: list[DOMNode] = [self.screen]
        if self.screen.is_mounted:
            way = (self.focused or self.screen).ancestors_with_self
            event = self._typed.popleft()
            self._under_way = event.key if isinstance(event, events.Key) else ""
            await super().on_event(event)
        self._settling = asyncio.create_task(self._settle(way))

    async def _settle(self, way: list[DOMNode]) -> None:
        """Wait until a key has gone its way, and so has what it caused; then take the next one."""
        with suppress(TimeoutError):
            for _ in range(ROUNDS):
                for node in way:
                    await _has_done(node)
                for asked in list(self._on_their_way):
                    await _until(asked, PATIENCE)
                if not self.screen_stack:
                    return
                if not self._typed:
                    break  # nobody waits, and a picture is drawn only when nothing else is to do
                # What the key opened has the focus by now, or will have once it has begun.
                way = (self.focused or self.screen).ancestors_with_self
        self._settling = None
        self.call_later(self._next)


async def _has_done(node: DOMNode) -> None:
    """Wait until a node has done what it had been sent before."""
    done = asyncio.Event()
    if node.call_later(done.set):
        await _until(done, PATIENCE if not isinstance(node, Screen) or node.is_mounted else BIRTH)


async def _until(event: asyncio.Event, patience: float) -> None:
    async with asyncio.timeout(patience):
        await event.wait()

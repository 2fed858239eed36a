"""The line to the terminal: how much of what was written has been shown there.

A terminal answers the question for its cursor when it has worked off everything that was written
before. So the answer tells, through any number of hops (SSH, containers, jump hosts), that the
line is clear. Live drawing waits for that: on a slow line pictures are left out instead of piling
up in buffers, where every key would have to wait behind them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any

from textual import events
from textual.driver import Driver
from textual.message import Message

from kerastui.tui.repaint import Repaint

ASK = "\x1b[6n"
"""Device status report 6 (ECMA-48): where is the cursor?"""

LEAST = 256
"""Characters that are written before it is asked again."""

UNKNOWN_AFTER = 4.0
"""Seconds after which a terminal that never answered is taken for one that never will."""

STALLED_AFTER = 15.0
"""Seconds after which a terminal that did answer is asked again."""

SLOW = 0.15
"""Seconds; a line that answers later is slow."""

LONGEST_REST = 1.0
"""Seconds between two pictures on a slow line that nothing is under way, at most."""

LEAVING = 1.0
"""Seconds that an answer under way is waited for when the app ends: the shell would get it."""


class Link:
    """Keeps account of one terminal.

    Args:
        clock: Seconds from any start.

    Attributes:
        delay: Seconds from the last question to its answer; 0 before the first.
        written: Characters written so far.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.delay = 0.0
        self.written = 0
        self._clock = clock
        self._driver: Driver | None = None
        self._since = 0
        self._asked: float | None = None
        self._answered = 0.0
        self._answers = 0
        self._closed = False

    @property
    def clear(self) -> bool:
        """Whether everything that was written is shown, as far as that can be known.

        A line that takes its time also rests for as long: a key then finds it empty as often as
        not.
        """
        now = self._clock()
        if self._asked is None:
            return self.delay < SLOW or now - self._answered >= min(self.delay, LONGEST_REST)
        return now - self._asked >= (STALLED_AFTER if self._answers else UNKNOWN_AFTER)

    def outgoing(self, data: str) -> str:
        """Return what is to be written, with a question behind it where one is due."""
        self.written += len(data)
        self._since += len(data)
        if self._closed or self._since < LEAST:
            return data
        if self._asked is not None and (
            not self._answers or self._clock() - self._asked < STALLED_AFTER
        ):
            return data
        self._since = 0
        self._asked = self._clock()
        return data + ASK

    def answered(self) -> None:
        """The terminal answered."""
        self._answers += 1
        if self._asked is not None:
            self._answered = self._clock()
            self.delay = self._answered - self._asked
            self._asked = None

    def send(self, sequence: str) -> bool:
        """Write a control sequence between two pictures; returns whether there is a terminal."""
        if self._driver is None or self._closed:
            return False
        self._driver.write(sequence)
        return True

    def opened(self, driver: Driver) -> None:
        """The terminal is the app's from now on."""
        self._driver, self._closed, self._asked = driver, False, None

    def close(self) -> None:
        """Ask nothing more, and wait a moment for an answer that is under way."""
        self._closed = True
        until = self._clock() + LEAVING
        while self._answers and self._asked is not None and self._clock() < until:
            time.sleep(0.01)


def watched(base: type[Driver], link: Link) -> type[Driver]:
    """Return a driver that does what `base` does, but writes only what differs on the screen, and
    tells a link of it."""

    paint = Repaint(shutil.get_terminal_size)

    class Watched(base):  # type: ignore[misc, valid-type]
        def start_application_mode(self) -> None:
            paint.forget()
            link.opened(self)
            super().start_application_mode()

        def stop_application_mode(self) -> None:
            link.close()
            super().stop_application_mode()

        def write(self, data: str) -> None:
            if less := paint.less(data):
                super().write(link.outgoing(less))

        def process_message(self, message: Message) -> Any:
            # This runs in the thread that reads the keys.
            if isinstance(message, events.CursorPosition):
                link.answered()
            else:
                super().process_message(message)

    return Watched

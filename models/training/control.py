"""What a worker is asked to do while it trains: commands in the run's directory, and signals."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from kerastui.models.runs.store import CommandReader

EVERY = 0.1
"""Seconds between two looks at the commands."""

SHARE = 20
"""Between two looks passes at least so many times the time that one takes."""

MOST_EPOCHS = 10_000_000


class Control:
    """The wishes of whoever watches a run; the training asks for them between batches.

    Attributes:
        stop: Why the training should stop, in words; empty while it should go on.
        paused: Whether it should wait.
        killed: Whether the worker should end at once.
    """

    def __init__(
        self, reader: CommandReader | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._looked = -math.inf
        self._every = EVERY
        self._rates: list[float] = []
        self._epochs: int | None = None
        self.stop = ""
        self.paused = False
        self.killed = False

    def poll(self) -> bool:
        """Take in new commands, at most every 0.1 s; returns whether anything is to be done."""
        now = self._clock()
        if self._reader is not None and now - self._looked >= self._every:
            self._looked = now
            began = time.perf_counter()
            for command in self._reader.read():
                self._take(command)
            # A slow file system must not slow the training.
            self._every = max(EVERY, SHARE * (time.perf_counter() - began))
        return bool(
            self.stop or self.paused or self.killed or self._rates or self._epochs is not None
        )

    def learning_rates(self) -> list[float]:
        """Return the learning rates asked for since the last call."""
        rates, self._rates = self._rates, []
        return rates

    def epochs(self) -> int | None:
        """Return the number of epochs in all that was last asked for, once."""
        epochs, self._epochs = self._epochs, None
        return epochs

    def listen_to_signals(self) -> None:
        """SIGTERM and SIGINT mean stop and keep; SIGHUP, a lost terminal, means nothing."""
        signal.signal(signal.SIGTERM, self._signalled)
        signal.signal(signal.SIGINT, self._signalled)
        with contextlib.suppress(AttributeError):
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self.stop = self.stop or f"stopped by {signal.Signals(number).name}"

    def _take(self, command: Mapping[str, Any]) -> None:
        kind = command["event"]
        if kind == "stop":
            self.stop = "stopped on request"
        elif kind == "kill":
            self.killed = True
        elif kind == "pause":
            self.paused = True
        elif kind == "continue":
            self.paused = False
        elif kind == "set_learning_rate":
            value = command.get("value")
            if isinstance(value, int | float) and math.isfinite(value) and value >= 0:
                self._rates.append(float(value))
        elif kind == "set_epochs":
            value = command.get("value")
            if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_EPOCHS:
                self._epochs = value


def end_at_once() -> None:
    """End this process without another step: what `kill` means on a host of its own."""
    os.kill(os.getpid(), signal.SIGKILL)

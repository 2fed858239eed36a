"""The worker's pen: it alone writes the events and `run.json` of its run."""

from __future__ import annotations

import os
import time
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.events import TERMINAL, decode, encode
from kerastui.models.runs import Run, RunInfo

INFO_EVERY = 1.0
"""Seconds between two writes of `run.json` while training."""

_KEPT_BYTES = 8 * 2**20


class Record:
    """Appends events, and keeps `run.json` and a history in step with them.

    A full or vanished disk does not end the training: lines wait in memory (the oldest `batch`
    lines give way first) and are written as soon as there is room again.

    Args:
        run: The run.
        info: What `run.json` says so far; the record changes and writes it.
    """

    def __init__(self, run: Run, info: RunInfo) -> None:
        self.run = run
        self.info = info
        self.history = run.history()
        self.trouble = ""
        """Why the last write failed, in words; empty when it did not."""
        self._waiting: list[bytes] = []
        self._written = 0.0

    def event(self, event: str, **fields: Any) -> None:
        """Append one event; `kerastui.models.events` lists kinds and fields."""
        line = encode(event, **fields)
        if (known := decode(line)) is not None:
            self.history.apply(known)
        self._waiting.append(line)
        if event in TERMINAL:
            self.save()  # whoever reads the end finds `run.json` complete
        self._flush()
        if time.monotonic() - self._written >= INFO_EVERY:
            self.save()

    def save(self) -> None:
        """Write `run.json` now."""
        self._written = time.monotonic()
        self.info.epoch = self.history.epoch
        self.info.best = {
            name: [best.value, best.epoch]
            for name in self.history.series
            if name != "learning_rate" and (best := self.history.best(name))
        }
        try:
            self.run.write_info(self.info)
        except UserError as error:
            self.trouble = error.message

    def _flush(self) -> None:
        """Write the waiting lines whole or not at all."""
        block = b"".join(self._waiting)
        try:
            handle = os.open(self.run.events, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                before = os.fstat(handle).st_size
                if os.write(handle, block) != len(block):
                    # Only part of it found room: take it back, a reader must not see half a line.
                    os.ftruncate(handle, before)
                    raise OSError(28, os.strerror(28))
            finally:
                os.close(handle)
        except OSError as error:
            self.trouble = f"{self.run.events} can't be written: {error.strerror}."
            self._forget(len(block))
        else:
            self._waiting.clear()
            self.trouble = ""

    def _forget(self, size: int) -> None:
        if size > _KEPT_BYTES:
            self._waiting = [line for line in self._waiting if b'"event":"batch"' not in line]
            while sum(map(len, self._waiting)) > _KEPT_BYTES:
                self._waiting.pop(0)

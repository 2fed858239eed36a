"""The worker's pen: it alone writes the events and `run.json` of its run."""

from __future__ import annotations

import os
import time
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.files import end_cut_line
from kerastui.models.runs.events import TERMINAL, decode, encode
from kerastui.models.runs.store import Run, RunInfo
from kerastui.models.training.resume import EPOCHS, write_experiment

INFO_EVERY = 1.0
"""Seconds between two writes of `run.json` while training."""

SHARE = 20
"""Between two writes passes at least so many times the time that one takes: a slow file system
must not slow the training."""

LONGEST_WAIT = 2.0
"""Seconds that figures wait at most, however slow the file system is."""

_MAY_WAIT = frozenset({"batch", "validation", "epochs"})

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
        self._next_write = 0.0
        self._next_save = 0.0
        end_cut_line(run.events)

    def event(self, event: str, **fields: Any) -> None:
        """Append one event; `kerastui.models.runs.events` lists kinds and fields."""
        line = encode(event, **fields)
        if (known := decode(line)) is not None:
            self.history.apply(known)
        self._waiting.append(line)
        if event in TERMINAL:
            self.save()  # whoever reads the end finds `run.json` complete
        now = time.monotonic()
        if event not in _MAY_WAIT or now >= self._next_write:
            self.flush()
        if now >= self._next_save:
            self.save()

    def save(self) -> None:
        """Write `run.json` now."""
        began = time.monotonic()
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
        now = time.monotonic()
        self._next_save = now + max(INFO_EVERY, SHARE * (now - began))

    def changed(self, path: str, old: Any, new: Any) -> None:
        """Note in `run.json` that a field of the experiment was changed on the way."""
        self.info.changes.append(
            {"t": time.time(), "epoch": self.history.epoch, "path": path, "old": old, "new": new,
             "applied": True}
        )  # fmt: skip
        self.save()

    def epochs_changed(self, old: int, new: int) -> None:
        """Write a new number of epochs into the experiment too: it decides what comes out."""
        try:
            experiment = self.run.experiment().changed({EPOCHS: new})
            write_experiment(self.run, experiment)
            self.info.fingerprint = experiment.fingerprint()
        except UserError as error:
            self.trouble = error.message
        self.info.epochs = new
        self.changed(EPOCHS, old, new)

    def flush(self) -> bool:
        """Write the waiting lines, whole or not at all; returns whether none waits any more."""
        if not self._waiting:
            return True
        began = time.monotonic()
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
        now = time.monotonic()
        self._next_write = now + min(LONGEST_WAIT, SHARE * (now - began))
        return not self._waiting

    def _forget(self, size: int) -> None:
        if size > _KEPT_BYTES:
            self._waiting = [line for line in self._waiting if b'"event":"batch"' not in line]
            while sum(map(len, self._waiting)) > _KEPT_BYTES:
                self._waiting.pop(0)

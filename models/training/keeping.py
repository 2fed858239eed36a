"""Keeping the checkpoint of a run: when it is due, and never ahead of the log."""

from __future__ import annotations

import time
from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.models.runs.record import Record
from kerastui.models.training.checkpoint import State, save_state

EVERY = 2.0
"""Seconds between two checkpoints; more where writing one takes more than a twentieth of that."""


class Keeper:
    """Writes the states of one training to a folder.

    Args:
        folder: Where the checkpoint is kept; None keeps none.
        record: Gets an event for each checkpoint, and a note where one can't be written.
        state: The state that is on disk already, if any.
    """

    def __init__(self, folder: Path | None, record: Record, state: State | None = None) -> None:
        self._folder = folder
        self._record = record
        self._kept = (state.place, state.ended) if state else ((0, 0), "")
        self._at = time.monotonic()
        self._cost = 0.0
        self._warned = False

    @property
    def due(self) -> bool:
        """Whether enough time has passed since the last one."""
        return time.monotonic() - self._at >= max(EVERY, 20 * self._cost)

    def keep(self, state: State, *, again: bool = False) -> None:
        """Write a state unless it is on disk already.

        Args:
            state: The state.
            again: Write it even if the training stands where it stood: something was changed.
        """
        mark = (state.place, state.ended)
        if self._folder is None or (mark == self._kept and not again):
            return
        began = time.monotonic()
        # A run that goes on from a checkpoint needs the figures of all epochs before it.
        if self._record.flush():
            try:
                save_state(self._folder, state)
            except UserError as error:
                if not self._warned:
                    self._warned = True
                    self._record.event("note", kind="warning", epoch=state.epoch, text=str(error))
            else:
                self._kept = mark
                self._record.event("checkpoint", epoch=state.epoch, batch=state.step)
        self._at = time.monotonic()
        self._cost = self._at - began

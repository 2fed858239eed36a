"""What was done to the current experiment, to take back and to do again, without limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.experiment.toml import SavedFile


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: what it was, in words, and the experiment on the other side of it."""

    words: str
    experiment: Experiment


class Edits:
    """The history of one experiment since it was opened.

    Args:
        experiment: The experiment that was opened.
        file: The file it was opened from.
        new: It is to be had nowhere else, so that it counts as changed until it is saved.

    Attributes:
        current: The experiment as it is now.
        saved: The experiment as it was opened or last saved; None for a new one.
        file: Where it is saved; None before the first time.
    """

    def __init__(
        self,
        experiment: Experiment | None = None,
        file: SavedFile | None = None,
        *,
        new: bool = False,
    ) -> None:
        self.current = experiment
        self.saved = None if new else experiment
        self.file = file
        self._done: list[Edit] = []
        self._undone: list[Edit] = []

    @property
    def changed(self) -> bool:
        """Whether it differs from what was opened or last saved."""
        return self.current != self.saved

    @property
    def undoable(self) -> str:
        """What `undo` would take back, in words; empty where there is nothing."""
        return self._done[-1].words if self._done else ""

    @property
    def redoable(self) -> str:
        """What `redo` would do again, in words; empty where there is nothing."""
        return self._undone[-1].words if self._undone else ""

    def change(self, experiment: Experiment, words: str) -> None:
        """Take note of a change; one that changes nothing is none."""
        if self.current is None:
            self.current = self.saved = experiment
        elif experiment != self.current:
            self._done.append(Edit(words, self.current))
            self._undone.clear()
            self.current = experiment

    def undo(self) -> str:
        """Take the last change back; returns it in words, empty where there is none."""
        return self._step(self._done, self._undone)

    def redo(self) -> str:
        """Do again what was taken back last; returns it in words, empty where there is none."""
        return self._step(self._undone, self._done)

    def _step(self, out: list[Edit], into: list[Edit]) -> str:
        if not out or self.current is None:
            return ""
        edit = out.pop()
        into.append(Edit(edit.words, self.current))
        self.current = edit.experiment
        return edit.words

    def mark_saved(self, experiment: Experiment | None, file: SavedFile | None) -> None:
        """Take note that `experiment`, which may have been changed since, is in a file."""
        self.saved, self.file = experiment, file

    def rename(self, name: str) -> None:
        """Give the experiment another name, which undoing leaves alone."""

        def named(experiment: Experiment) -> Experiment:
            return experiment.model_copy(update={"name": name})

        if self.current is not None:
            self.current = named(self.current)
        self._done = [Edit(edit.words, named(edit.experiment)) for edit in self._done]
        self._undone = [Edit(edit.words, named(edit.experiment)) for edit in self._undone]

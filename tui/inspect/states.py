"""The weights of one run at the moments that are still there: its epochs, its best, its end."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.tui.inspect.subject import Found

if TYPE_CHECKING:
    from kerastui.models.runs.store import Run
    from kerastui.models.saved.model import SavedModel

WATCHED = ("val_loss", "loss")
"""Of an epoch is said which of these there is first."""


@dataclass(frozen=True)
class State:
    """A moment of a run.

    Attributes:
        name: What it is called.
        note: What is known of it.
        path: Its file, or the folder of the run for its checkpoint; None for the weights that it
            began with, which are drawn anew.
    """

    name: str
    note: str
    path: Path | None

    def read(self) -> SavedModel:
        """Read where its weights lie; raises `UserError` as the readers do."""
        from kerastui.models.saved import live, read

        assert self.path is not None
        return live.read(self.path) if self.path.is_dir() else read.read(self.path)


def states(found: Found) -> list[State]:
    """Return the moments of a run whose weights can be set beside those that are looked at.

    Args:
        found: The model that is looked into.

    Returns:
        Where there are others than the model itself: the beginning, the epochs that were kept,
        what callbacks wrote, and the end.
    """
    run = found.run
    if run is None or found.model is None:
        return []
    known = [state for state in _files(run, found) if _fits(found.model, state)]
    if all(state.path == found.path for state in known):
        return []
    if found.experiment is not None:
        known.insert(0, State("epoch 0", "As the seed draws the weights, before training.", None))
    return known


def _files(run: Run, found: Found) -> list[State]:
    from kerastui.models.training import kept

    experiment = found.experiment
    if experiment is None:
        with suppress(UserError):
            experiment = run.experiment()
    history = run.history()
    watched = next((name for name in WATCHED if name in history.series), "")
    series = history.series.get(watched, ())
    files = [
        State(f"epoch {epoch:,}",
              f"{watched} {number(series[epoch - 1])}" if epoch <= len(series) else file.name, file)
        for epoch, file in kept.of_epochs(run.path, experiment).items()
    ]  # fmt: skip
    for name, note in kept.by_callbacks(run.path, experiment).items():
        files.append(State(name, note, run.path / name))
    if not found.of_checkpoint:
        left = "As training left it: no best weights put back."
        files.append(State("last checkpoint", left, run.path))
        files.append(State(found.path.name, "What the run ended with.", found.path))
    return files


def _fits(model: SavedModel, state: State) -> bool:
    from kerastui.models.saved.difference import pairs

    try:
        pairs(model, state.read())
    except UserError:
        return False
    return True

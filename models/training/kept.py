"""Models that a run keeps on its way, one every so many epochs: `kept/epoch-N.keras`.

Each is a whole model as it was after N epochs, to be compared, opened, gone on with. Their number
is bounded: where one more would be too many, every second one goes and the interval doubles. Which
ones there are follows from the epoch alone, so a run that was interrupted ends with the same.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kerastui.models.training.callback_files import unsuitable

if TYPE_CHECKING:
    import keras

    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.record import Record

FOLDER = "kept"
MOST = 32
"""Models that are kept at most, beside the one of the last epoch."""

ROOM = 2**30
"""Bytes that they take together at most, where that is more than one of them takes."""

NEVER = 2**63

_FILE = re.compile(r"epoch-(\d{1,9})\.keras")


def interval(every: int, epoch: int, most: int = MOST) -> int:
    """Return every how many epochs a model is kept once `epoch` epochs are trained."""
    while epoch // every > most:
        every *= 2
    return every


class KeptModels:
    """Keeps the models of one training.

    A disk that is full or gone ends the keeping, not the training.

    Args:
        record: Of the run; gets a note where the interval doubles or nothing more can be kept.
        every: The interval in epochs to begin with; 0 keeps none.
    """

    def __init__(self, record: Record, every: int) -> None:
        self._record = record
        self._every = every
        self._folder = record.run.path / FOLDER
        self._most = MOST
        self._now = every

    def begin(self, model: keras.Model, epoch: int) -> None:
        """Take away what lies beyond the epoch from which the training goes on."""
        beyond = [path for number, path in _kept(self._folder).items() if number > epoch]
        cut_off = self._folder.glob(".*-epoch-*.keras")  # by a worker killed while it wrote
        with contextlib.suppress(OSError):
            for path in (*beyond, *cut_off):
                path.unlink(missing_ok=True)
        if self._every:
            from kerastui.models.training.checkpoint import variables

            size = 4 * sum(math.prod(one.shape) for one in variables(model))
            self._most = max(1, min(MOST, ROOM // max(1, size)))
            before = max(_kept(self._folder), default=0)
            self._now = interval(self._every, before, self._most)

    def next(self, epoch: int) -> int:
        """Return after how many epochs in all a model is kept again."""
        if not self._every:
            return NEVER
        epoch += 1
        while rest := epoch % interval(self._every, epoch, self._most):
            epoch += interval(self._every, epoch, self._most) - rest
        return epoch

    def look(self, model: keras.Model, epoch: int, *, last: bool) -> None:
        """Keep the model as it is after an epoch, where it is its turn, or it is the last."""
        if not self._every or (self.next(epoch - 1) != epoch and not last):
            return
        path = self._folder / f"epoch-{epoch}.keras"
        beside = self._folder / f".{os.getpid()}-{path.name}"
        try:
            self._folder.mkdir(exist_ok=True)
            model.save(beside)
            os.replace(beside, path)
            self._thin(epoch)
        except (OSError, RuntimeError) as error:  # the latter is what HDF5 says of a full disk
            self._every = 0
            self._note("warning", epoch, f"no more models of single epochs are kept: {error}")
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)

    def _thin(self, epoch: int) -> None:
        """Take away what is between two that are kept by now."""
        now = interval(self._every, epoch, self._most)
        for number, path in _kept(self._folder).items():
            if number % now and number != epoch:
                path.unlink(missing_ok=True)
        if now != self._now:
            self._now = now
            text = f"{self._most} kept models are enough: from here on one every {now:,} epochs"
            self._note("kept", epoch, text)

    def _note(self, kind: str, epoch: int, text: str) -> None:
        self._record.event("note", kind=kind, epoch=epoch, text=text)


def _kept(folder: Path) -> dict[int, Path]:
    """Return epoch -> file of what a run kept, the first epoch first."""
    try:
        names = os.listdir(folder)
    except OSError:
        return {}
    found = {int(match[1]): folder / name for name in names if (match := _FILE.fullmatch(name))}
    return dict(sorted(found.items()))


def of_epochs(path: Path, experiment: Experiment | None = None) -> dict[int, Path]:
    """Return epoch -> file of the models that there are of single epochs, the first epoch first.

    Those that the run kept, and those that its `ModelCheckpoint` callbacks wrote after epochs
    under a name with `{epoch}` in it.

    Args:
        path: Folder of the run.
        experiment: The run's.
    """
    found = _kept(path / FOLDER)
    for settings in _checkpoints(experiment):
        if settings.get("save_freq", "epoch") == "epoch" and "{epoch" in settings["filepath"]:
            found = _matching(path, settings["filepath"]) | found
    return dict(sorted(found.items()))


def by_callbacks(path: Path, experiment: Experiment | None = None) -> dict[str, str]:
    """Return name -> what it is, of the models that `ModelCheckpoint` wrote under one name.

    Args:
        path: Folder of the run.
        experiment: The run's.
    """
    return {
        one["filepath"]: f"The best by {one.get('monitor', 'val_loss')}, as ModelCheckpoint saw it."
        if one.get("save_best_only") else "What ModelCheckpoint wrote last."
        for one in _checkpoints(experiment)
        if "{" not in one["filepath"] and (path / one["filepath"]).is_file()
    }  # fmt: skip


def _checkpoints(experiment: Experiment | None) -> list[dict[str, Any]]:
    """Return the parameters of the callbacks that write models, into the folder of their run."""
    return [
        part.parameters
        for part in (experiment.callbacks if experiment else ())
        if part.type == "ModelCheckpoint"
        and isinstance(name := part.parameters.get("filepath"), str)
        and not unsuitable(name)
    ]


def _matching(path: Path, pattern: str) -> dict[int, Path]:
    """Return epoch -> file of the names that Keras made of a pattern, `{epoch:02d}.keras`."""
    place = PurePosixPath(pattern)
    parts = re.split(r"(\{[^}]*\})", place.name)
    words = [".*?" if part.startswith("{") else re.escape(part) for part in parts]
    epoch = next((i for i, part in enumerate(parts) if part.startswith("{epoch")), None)
    if epoch is None:
        return {}
    words[epoch] = r"(\d{1,9})"
    wanted, folder = re.compile("".join(words)), path / place.parent
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    return {int(match[1]): folder / name for name in names if (match := wanted.fullmatch(name))}

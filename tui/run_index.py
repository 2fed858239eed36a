"""All runs of a workspace at a glance; cheap to bring up to date with a thousand of them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kerastui.datasets.errors import UserError
from kerastui.models.runs import notes as run_notes
from kerastui.models.runs.figures import Value
from kerastui.models.runs.history import History, lower_is_better
from kerastui.models.runs.notes import Notes
from kerastui.models.runs.store import ACTIVE, Run, RunInfo, Workspace

POINTS = 60
"""Values that are kept of a run's loss for its sparkline."""


@dataclass(frozen=True)
class Record:
    """One run as the lists show it.

    Attributes:
        info: What `run.json` says; None where it can't be read.
        problem: Why not.
        loss: The loss (of validation, where there is one) thinned to `POINTS` values; empty until
            it was asked for.
        notes: Tags, note and pin.
    """

    run: Run
    info: RunInfo | None
    problem: str = ""
    loss: tuple[float, ...] = ()
    notes: Notes = run_notes.NONE

    @property
    def status(self) -> str:
        return self.info.status if self.info else "damaged"

    @property
    def state(self) -> str:
        """The status as it is shown: `silent` where an active run gives no sign of life."""
        return self.info.state if self.info else self.status

    @property
    def active(self) -> bool:
        """Whether the run goes on, or should."""
        return self.status in ACTIVE

    @property
    def best(self) -> tuple[str, float] | None:
        """The figure that tells best how good the run is: its name and value."""
        return best_figure(self.info) if self.info else None


@dataclass
class _Known:
    """What was read of a run, and of which state of its files."""

    stamp: tuple[int, int] = (0, 0)
    log_stamp: tuple[int, int] = (0, 0)
    notes_stamp: tuple[int, int] = (0, 0)
    record: Record | None = None


@dataclass
class RunIndex:
    """The runs of a workspace, the newest first. `refresh` and `read_losses` belong in a thread.

    `records` is another object exactly when something changed.
    """

    workspace: Workspace
    records: tuple[Record, ...] = ()
    _known: dict[str, _Known] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self) -> bool:
        """Look at all runs; only what changed is read. Returns whether anything did."""
        with self._lock:
            before = self.records
            runs = self.workspace.runs()
            names = {run.id for run in runs}
            for gone in self._known.keys() - names:
                del self._known[gone]
            records = [self._look(run) for run in runs]
            found = tuple(record for record in records if record is not None)
            if found != before:
                self.records = found
            return found != before

    def read_losses(self, keys: Iterable[str]) -> bool:
        """Read the loss of some runs for their sparklines. Returns whether any changed."""
        changed = False
        with self._lock:
            for key in keys:
                known = self._known.get(key)
                if known is None or known.record is None:
                    continue
                stamp = _stamp(known.record.run, "events.jsonl")
                if stamp == known.log_stamp or stamp == (0, 0):
                    continue
                known.log_stamp = stamp
                record = known.record
                loss = _loss(record.run.history())
                known.record = replace(record, loss=loss)
                changed = True
            if changed:
                self.records = tuple(
                    self._known[record.run.id].record or record for record in self.records
                )
        return changed

    def of_name(self, name: str) -> list[Record]:
        """Return the runs of an experiment, the newest first."""
        return [record for record in self.records if record.info and record.info.name == name]

    def _look(self, run: Run) -> Record | None:
        known = self._known.setdefault(run.id, _Known())
        found = self._read(run, known)
        stamp = _stamp(run, run_notes.FILE)
        if found is not None and stamp != known.notes_stamp:
            known.notes_stamp = stamp
            notes = run_notes.read(run.path)
            if notes != found.notes:
                found = known.record = replace(found, notes=notes)
        return found

    def _read(self, run: Run, known: _Known) -> Record | None:
        stamp = _stamp(run, "run.json")
        # Whether a worker is still there is not written anywhere: it is asked every time.
        if known.record and stamp == known.stamp and not known.record.active:
            return known.record
        if stamp == (0, 0) and known.record is None:
            return None  # just being made
        loss = known.record.loss if known.record else ()
        notes = known.record.notes if known.record else run_notes.NONE
        try:
            info = run.info()
            if known.record and known.record.info == info:
                return known.record
            known.record = Record(run, info, loss=loss, notes=notes)
        except UserError as error:
            known.record = Record(run, None, str(error), loss, notes)
        known.stamp = stamp
        return known.record


def best_figure(info: RunInfo) -> tuple[str, float] | None:
    """Return the figure that tells best how good a run is.

    What was measured on data the model never saw comes first, and a metric before the loss.
    """
    for part in ("test", "validation"):
        figure = _leading(
            {
                path.partition(".")[2]: value
                for path, value in info.figures.items()
                if path.startswith(f"{part}.")
            }
        )
        if figure:
            return figure
    best = {name: pair[0] for name, pair in info.best.items() if pair and name != "learning_rate"}
    validation = {name: value for name, value in best.items() if name.startswith("val_")}
    return _leading(validation) or _leading(best)


def _leading(values: Mapping[str, Value]) -> tuple[str, float] | None:
    numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
    if not numbers:
        return None
    # Accuracies tell more than errors, errors more than losses.
    name = min(numbers, key=lambda name: (lower_is_better(name), name.endswith("loss")))
    return name, float(numbers[name])


def _loss(history: History) -> tuple[float, ...]:
    series = history.series.get("val_loss") or history.series.get("loss")
    if not series:
        return ()
    count = len(series)
    if count <= POINTS:
        return tuple(series)
    return tuple(
        min(series[place * count // POINTS : (place + 1) * count // POINTS])
        for place in range(POINTS)
    )


def _stamp(run: Run, name: str) -> tuple[int, int]:
    """Return time and size of a file of a run, zeros where there is none."""
    try:
        status = (run.path / name).stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size

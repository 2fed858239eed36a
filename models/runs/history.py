"""What is known of a run from its events: the one state that live and reattached views share."""

from __future__ import annotations

import functools
import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any

from kerastui.models.runs.events import Event


@dataclass(frozen=True)
class Best:
    """The best value of a metric and the epoch (from 1) that reached it."""

    value: float
    epoch: int


@dataclass(frozen=True)
class Note:
    """Something that happened: early stopping, a reduced rate, NaN."""

    kind: str
    epoch: int
    text: str
    time: float


@functools.cache
def lower_is_better(metric: str) -> bool:
    """Say whether a metric improves downwards: losses and errors do, accuracies and scores rise."""
    name = metric.removeprefix("val_")
    rising = ("acc", "auc", "precision", "recall", "f1", "f_beta", "iou", "r2", "cosine", "sensit",
              "specif", "true_pos", "true_neg", "fbeta")  # fmt: skip
    return not any(word in name for word in rising)


@dataclass
class History:
    """A run's history, built up by `apply`. Epochs are numbered from 1; series[name][i] is the
    value after epoch i + 1, NaN where an epoch has none."""

    status: str = "queued"
    stage: str = ""
    epochs: int = 0
    epoch: int = 0
    steps: int = 0
    batch: int = 0
    batch_logs: dict[str, float] = field(default_factory=dict)
    series: dict[str, array[float]] = field(default_factory=dict)
    seconds: float = 0.0
    notes: list[Note] = field(default_factory=list)
    figures: dict[str, float | str] = field(default_factory=dict)
    started: Event = field(default_factory=dict)
    ended: Event = field(default_factory=dict)
    checkpoint_epoch: int = 0
    resumed: list[int] = field(default_factory=list)
    """The epochs after which the run was taken up again; a chart marks them."""
    version: int = 0
    """Grows with every event, so that a view sees cheaply whether there is something new."""
    _best: dict[str, Best] = field(default_factory=dict)
    _warm: tuple[float, int] = (0.0, 0)
    _starting: bool = True

    def apply_all(self, events: Iterable[Event]) -> bool:
        """Take in events in order; returns whether there were any."""
        before = self.version
        for training, group in groupby(events, lambda one: one["event"] in ("epochs", "batch")):
            some = list(group)
            for event in some[self._apply_together(some) :] if training else some:
                self.apply(event)
        return self.version != before

    def apply(self, event: Event) -> None:
        """Take in one event. Kinds and fields that are not known are passed over."""
        self.version += 1
        kind = event["event"]
        if kind == "started":
            self.status, self.started, self.ended = "running", event, {}
            self.epochs = int(event.get("epochs", 0))
            self.steps = int(event.get("steps", 0))
            self._starting = True
            self._cut(int(event.get("initial_epoch", 0)))
        elif kind == "queued":
            self.status, self.ended, self.stage = "queued", {}, ""
            self.epochs = int(event.get("epochs", self.epochs))
        elif kind == "rewound":
            self._rewind(int(event.get("epoch", 0)), int(event.get("batch", 0)))
            if text := str(event.get("text", "")):
                moment = float(event.get("t", 0.0))
                self.notes.append(Note(kind, int(event.get("epoch", 0)), text, moment))
        elif kind == "stage":
            self.stage = str(event.get("text", ""))
            if self.status == "queued":
                self.status = "starting"
        elif kind == "batch":
            self.batch = int(event.get("batch", 0))
            self.steps = int(event.get("batches", self.steps))
            self.batch_logs = dict(event.get("logs", {}))
            self.stage = ""
        elif kind == "epochs":
            self._append(event)
            self.stage = ""
        elif kind == "note":
            self.notes.append(
                Note(str(event.get("kind", "")), int(event.get("epoch") or self.epoch),
                     str(event.get("text", "")), float(event.get("t", 0.0)))
            )  # fmt: skip
            if event.get("kind") == "epochs" and isinstance(event.get("epochs"), int):
                self.epochs = event["epochs"]
        elif kind == "checkpoint":
            self.checkpoint_epoch = int(event.get("epoch", self.epoch))
        elif kind == "evaluation":
            self.figures.update(event.get("figures", {}))
        elif kind == "paused":
            self.status = "paused"
        elif kind == "resumed":
            self.status = "running"
        elif kind in ("finished", "stopped", "failed"):
            self.status, self.ended, self.stage = kind, event, ""

    @property
    def metrics(self) -> list[str]:
        """The names of the series: loss first, validation beside its metric, the rate last."""
        names = [name for name in self.series if name != "learning_rate"]
        plain = sorted(
            (name for name in names if not name.startswith("val_")), key=lambda name: name != "loss"
        )
        ordered = [pair for name in plain for pair in (name, f"val_{name}") if pair in names]
        ordered += [name for name in names if name not in ordered]
        return ordered + (["learning_rate"] if "learning_rate" in self.series else [])

    @property
    def kept(self) -> str:
        """What a stopped run left, in words: its model, a checkpoint, or nothing."""
        if not self.started:
            return "its training had not begun"
        # As the worker says that was killed on request.
        remains = "checkpoint" in str(self.ended.get("text"))
        return "the last checkpoint remains" if remains else "the model is kept"

    def last(self, metric: str) -> float:
        """Return the value after the last epoch, NaN where there is none."""
        values = self.series.get(metric)
        return values[-1] if values else math.nan

    def best(self, metric: str) -> Best | None:
        """Return the best finite value and its epoch; the first of equals."""
        return self._best.get(metric)

    @property
    def broke(self) -> bool:
        """Whether numbers that are not finite ended the training, and nobody's wish."""
        told = self.ended.get("text") if self.status == "stopped" else None
        return any(note.kind == "nan" and note.text == told for note in self.notes)

    @property
    def seconds_per_epoch(self) -> float:
        """Return the mean time of an epoch, 0 before the first.

        The first report after a start holds TensorFlow's tracing too, so such reports count only
        while there are no others.
        """
        seconds, epochs = self._warm
        if self.epoch > epochs:
            return (self.seconds - seconds) / (self.epoch - epochs)
        return self.seconds / self.epoch if self.epoch else 0.0

    def seconds_left(self) -> float | None:
        """Return the time that the rest takes at the mean pace, None where it can't be known."""
        if self.epoch <= self._warm[1] or self.status not in ("running", "paused"):
            return None
        part = self.batch / self.steps if self.steps and self.batch < self.steps else 0.0
        return max(0.0, self.epochs - self.epoch - part) * self.seconds_per_epoch

    def _apply_together(self, events: list[Event]) -> int:
        """Take in epochs, one an event, and the batches between them in a sixth of the time that
        each by itself takes; returns how many events those were, 0 where it isn't so simple."""
        places = [place for place, event in enumerate(events) if event["event"] == "epochs"]
        epochs = [events[place] for place in places]
        if len(epochs) < 2 or self._starting:
            return 0
        try:
            first, columns = _columns(epochs)
            seconds = [float(event.get("seconds", 0.0)) for event in epochs]
        except (LookupError, TypeError, ValueError, OverflowError):
            return 0
        end = places[-1] + 1
        for event in events[:end]:
            if event["event"] == "batch":
                self.apply(event)
        self._extend(first, columns, len(epochs))
        for one in seconds:  # a sum of them would be rounded otherwise
            self.seconds += one
        self.version += len(epochs)
        self.stage = ""
        return end

    def _append(self, event: Event) -> None:
        logs: dict[str, list[Any]] = event.get("logs", {})
        first = int(event.get("first", self.epoch + 1))
        columns = {name: _numbers(values) for name, values in logs.items()}
        count = max(map(len, columns.values()), default=0)
        self._extend(first, columns, count)
        seconds = float(event.get("seconds", 0.0))
        if self._starting:
            self._starting = False
            self._warm = (self._warm[0] + seconds, self._warm[1] + count)
        self.seconds += seconds

    def _extend(self, first: int, columns: dict[str, array[float]], count: int) -> None:
        """Put `count` epochs from `first` on behind those that are known."""
        if first <= self.epoch:
            self._cut(first - 1)
        for name, numbers in columns.items():
            series = self.series.setdefault(name, array("d"))
            if len(series) < first - 1:
                series.extend([math.nan] * (first - 1 - len(series)))
            series.extend(numbers)
            self._compare(name, numbers, first)
        self.epoch = first - 1 + count
        self.batch, self.batch_logs = 0, {}

    def _compare(self, name: str, values: array[float], first: int) -> None:
        """Take in values for the best one; `first` is the epoch of the first of them."""
        falls = lower_is_better(name)
        # The sum is finite where every value is, which spares a look at each.
        if not math.isfinite(sum(values)):
            values = array(
                "d",
                (v if math.isfinite(v) else math.inf if falls else -math.inf for v in values),
            )
        if not values:
            return
        value = min(values) if falls else max(values)
        best = self._best.get(name)
        if math.isfinite(value) and (
            best is None or (value < best.value if falls else value > best.value)
        ):
            self._best[name] = Best(value, first + values.index(value))

    def _rewind(self, epoch: int, batch: int) -> None:
        """Forget what a run threw away before it went on after an epoch."""
        self._cut(epoch)
        self.batch, self.batch_logs, self.ended, self.figures = batch, {}, {}, {}
        self.checkpoint_epoch = min(self.checkpoint_epoch, epoch)
        # Wishes stay wishes; what the training itself did later, it has not done any more.
        self.notes = [
            note for note in self.notes if note.epoch <= epoch or note.kind in ("epochs", "warning")
        ]
        if not self.resumed or self.resumed[-1] != epoch:
            self.resumed = [one for one in self.resumed if one < epoch] + [epoch]

    def _cut(self, epochs: int) -> None:
        """Forget what came after an epoch, when a run goes on from an earlier state."""
        if epochs >= self.epoch:
            return
        kept = epochs / self.epoch
        self.seconds *= kept
        self._warm = (self._warm[0] * kept, int(self._warm[1] * kept))
        self.epoch = epochs
        self._best.clear()
        for name, series in self.series.items():
            del series[epochs:]
            self._compare(name, series, 1)


def _numbers(values: Any) -> array[float]:
    """Return values as numbers, NaN for what is none."""
    try:
        return array("d", values)
    except TypeError:
        return array("d", (v if isinstance(v, int | float) else math.nan for v in values))


def _columns(epochs: list[Event]) -> tuple[int, dict[str, array[float]]]:
    """Return the first epoch and the series of epochs that follow each other, one an event.

    Raises:
        LookupError, TypeError, ValueError, OverflowError: Where they are something else.
    """
    first, rows = epochs[0]["first"], [event["logs"] for event in epochs]
    following = [event["first"] for event in epochs] == list(range(first, first + len(epochs)))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    lengths = {*map(len, chain.from_iterable(columns.values()))}
    if not following or {*map(len, rows)} != {len(columns)} or lengths != {1}:
        raise ValueError("these epochs are no plain rows")
    return first, {name: array("d", chain.from_iterable(v)) for name, v in columns.items()}

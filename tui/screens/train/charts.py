"""Which charts a run has, and what each of them shows."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from kerastui.models.runs.history import History
from kerastui.tui.widgets import run_progress
from kerastui.tui.widgets.loss_chart import Line, LossChart

RATE = "learning_rate"


BATCHES_UNTIL = 2
"""So many epochs make a curve; until then the batches are drawn."""


@dataclass
class BatchTrace:
    """The figures of the batches of the first epochs, until there are epochs to draw."""

    batch: int = 0
    series: dict[str, array[float]] = field(default_factory=dict)

    def take(self, history: History) -> None:
        """Take in the batch that the history is at."""
        if history.epoch >= BATCHES_UNTIL:
            self.series.clear()
            return
        batch = history.epoch * history.steps + history.batch
        if batch < self.batch:
            self.batch = 0
            self.series.clear()
        for name, value in history.batch_logs.items():
            _extend(self.series.setdefault(name, array("d")), batch, float(value))
        self.batch = batch


def _extend(series: array[float], count: int, value: float) -> None:
    """Put a value at the end of a series that is `count` long then.

    Batches that were not reported lie on the line between their neighbours; those before the
    first report are not known.
    """
    missing = count - 1 - len(series)
    if missing < 0:
        return
    start, step = (series[-1], (value - series[-1]) / (missing + 1)) if series else (math.nan, 0.0)
    series.extend(start + step * place for place in range(1, missing + 1))
    series.append(value)


def names(history: History) -> list[str]:
    """Return the charts of a run: loss, then each metric, the learning rate where it changes."""
    found = [name for name in history.metrics if not name.startswith("val_") and name != RATE]
    found = found or [name for name in history.batch_logs if name != RATE] or ["loss"]
    if rate_changes(history):
        found.append(RATE)
    return found


MARKS = {"learning_rate": "η", "epochs": "±"}
"""Kind of a note -> its sign in the charts: what somebody changed on the way."""

RESUMED = "↻"
"""Marks where a run was taken up again."""

MOST_MARKS = 12


def marks(history: History) -> list[tuple[float, str]]:
    """Return epoch and sign of what was done to a run while it trained, the last ones only."""
    found = [(note.epoch, sign) for note in history.notes if (sign := MARKS.get(note.kind))]
    found += [(epoch, RESUMED) for epoch in history.resumed]
    # Of several at one epoch that it was taken up again says most.
    by_epoch = dict(sorted(found, key=lambda mark: (mark[0], mark[1] == RESUMED)))
    return [(float(max(1, epoch)), sign) for epoch, sign in by_epoch.items()][-MOST_MARKS:]


def rate_changes(history: History) -> bool:
    """Say whether the learning rate ever changed; a rate that is not known does not."""
    rates = history.series.get(RATE)
    if not rates:
        return False
    best = history.best(RATE)
    # The lowest rate is kept up to date by the history; the first and the last are at hand.
    return rates[-1] != rates[0] or (best is not None and best.value != rates[0])


def show(
    chart: LossChart, name: str, history: History, trace: BatchTrace, *, ended: bool,
    behind: Sequence[Line] = (),
) -> None:  # fmt: skip
    """Bring one chart up to date.

    Args:
        chart: The chart.
        name: What it is of, one of `names`.
        history: The run's history.
        trace: The batches of the first epoch.
        ended: Whether no more values come.
        behind: Curves of other runs.
    """
    title = name.replace("_", " ")
    batches = trace.series.get(name)
    if batches and history.epoch < BATCHES_UNTIL:
        total = history.steps * min(history.epochs, 1 + history.epoch)
        chart.show(title, [Line("train", batches, marks=False)], total=total, unit="batch")
        return
    lines = []
    for series, label in ((name, "rate" if name == RATE else "train"), (f"val_{name}", "val")):
        if values := history.series.get(series):
            best = history.best(series) if name != RATE else None
            lines.append(Line(label, values, best, exact=name == RATE))
    chart.show(
        title, lines, overlays=behind, total=history.epochs, ended=ended,
        empty="no epoch was trained" if ended else run_progress.first_epoch(history),
        marks=marks(history),
    )  # fmt: skip

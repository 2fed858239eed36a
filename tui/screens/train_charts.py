"""Which charts a run has, and what each of them shows."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from kerastui.models.history import History
from kerastui.tui.widgets.loss_chart import Line, LossChart

RATE = "learning_rate"


@dataclass
class BatchTrace:
    """The figures of the batches of the first epoch, until there is an epoch to draw."""

    batch: int = 0
    series: dict[str, array[float]] = field(default_factory=dict)

    def take(self, history: History) -> None:
        """Take in the batch that the history is at."""
        if history.epoch:
            self.series.clear()
            return
        if history.batch < self.batch:
            self.batch = 0
            self.series.clear()
        for name, value in history.batch_logs.items():
            series = self.series.setdefault(name, array("d"))
            # A batch that was not reported leaves a gap that is bridged by the last value.
            filler = series[-1] if series else float(value)
            series.extend([filler] * (history.batch - 1 - len(series)))
            if len(series) < history.batch:
                series.append(float(value))
        self.batch = history.batch


def names(history: History) -> list[str]:
    """Return the charts of a run: loss, then each metric, the learning rate where it changes."""
    found = [name for name in history.metrics if not name.startswith("val_") and name != RATE]
    found = found or [name for name in history.batch_logs if name != RATE] or ["loss"]
    if rate_changes(history):
        found.append(RATE)
    return found


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
    overlays: list[tuple[str, History]],
) -> None:  # fmt: skip
    """Bring one chart up to date.

    Args:
        chart: The chart.
        name: What it is of, one of `names`.
        history: The run's history.
        trace: The batches of the first epoch.
        ended: Whether no more values come.
        overlays: Other runs to draw behind, by their labels.
    """
    title = name.replace("_", " ")
    if not history.epoch and (batches := trace.series.get(name)):
        chart.show(title, [Line("train", batches)], total=history.steps, unit="batch")
        return
    lines = []
    for series, label in ((name, "rate" if name == RATE else "train"), (f"val_{name}", "val")):
        if values := history.series.get(series):
            best = history.best(series) if name != RATE else None
            lines.append(Line(label, values, best, exact=name == RATE))
    behind = [Line(label, other.series[name]) for label, other in overlays if name in other.series]
    chart.show(
        title, lines, overlays=behind, total=history.epochs, ended=ended,
        empty="no epoch was trained" if ended else "the first epoch is under way",
    )  # fmt: skip

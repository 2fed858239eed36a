"""A run's history with the times at which its epochs ended."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from kerastui.models.runs.events import EventReader
from kerastui.models.runs.history import History
from kerastui.models.runs.store import Run


@dataclass
class Timeline:
    """A history, and for every epoch when it ended.

    Attributes:
        elapsed: Seconds of training up to the end of epoch i + 1, pauses left out.
        wall: Unix time at the end of epoch i + 1. The epochs that were told in one line share its
            time out evenly.
    """

    history: History = field(default_factory=History)
    elapsed: array[float] = field(default_factory=lambda: array("d"))
    wall: array[float] = field(default_factory=lambda: array("d"))


def read(run: Run) -> Timeline:
    """Return the whole timeline of a run from its event log."""
    timeline = Timeline()
    history, elapsed, wall = timeline.history, timeline.elapsed, timeline.wall
    reader = EventReader(run.events)
    while events := reader.read():
        for event in events:
            first = int(event.get("first", history.epoch + 1)) if event["event"] == "epochs" else 0
            history.apply(event)
            # A run that was taken up again from an earlier epoch trained the later ones anew.
            kept = min(first - 1 if first else history.epoch, len(elapsed))
            del elapsed[kept:], wall[kept:]
            count = history.epoch - kept
            if not first or count <= 0:
                continue
            seconds, end = float(event.get("seconds", 0.0)), float(event.get("t", 0.0))
            start = elapsed[-1] if elapsed else 0.0
            for place in range(1, count + 1):
                elapsed.append(start + seconds * place / count)
                wall.append(end - seconds * (count - place) / count)
    return timeline

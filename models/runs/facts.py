"""What is known of a run, by name: the facts that runs are looked for and sorted by."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.settings import Setting, decisive, flat
from kerastui.models.runs.notes import Notes
from kerastui.models.runs.store import Run, RunInfo

Fact = Setting | tuple[str, ...]
"""A number, yes or no, a text, or several texts of which any may be meant (tags)."""

FIXED = (
    "id", "name", "title", "status", "variant", "study", "seed", "epochs", "parameters", "took",
    "age", "created", "host", "device", "backend", "path", "substitute", "tag", "note", "pinned",
)  # fmt: skip
"""Facts that every run may have, beside its figures and its settings."""


def of(info: RunInfo, notes: Notes, settings: Mapping[str, Setting], now: float) -> dict[str, Fact]:
    """Return all facts of a run.

    Args:
        info: What `run.json` says.
        notes: What was written beside it.
        settings: Its experiment, flat (`kerastui.models.experiment.settings.flat`).
        now: Unix time; `age` is counted from it, in seconds.
    """
    facts: dict[str, Fact] = dict(settings)
    facts |= {path: value for path, value in info.figures.items() if path != "epochs"}
    for metric, pair in info.best.items():
        if len(pair) == 2:
            facts.setdefault(f"best.{metric}", float(pair[0]))
            facts.setdefault(f"best_epoch.{metric}", float(pair[1]))
    begun = info.started or info.created
    facts |= {
        "id": info.id,
        "name": info.name,
        "status": info.state,
        "seed": info.seed,
        "epochs": info.epoch,
        "age": max(0.0, now - info.created),
        "created": datetime.fromtimestamp(info.created).strftime("%Y-%m-%d %H:%M:%S"),
        "pinned": notes.pinned,
        "substitute": bool(info.substitute),
        "tag": notes.tags,
    }
    facts |= {
        name: value
        for name, value in (
            ("title", info.title),
            ("variant", info.variant),
            ("study", info.study),
            ("host", info.host),
            ("device", info.device),
            ("path", info.execution),
            ("note", notes.note),
            ("parameters", info.parameters),
            ("took", info.ended - begun if info.ended and begun else None),
        )
        if value is not None and value != ""
    }
    return facts


@dataclass
class _Known:
    stamp: tuple[int, int] = (0, 0)
    settings: Mapping[str, Setting] = field(default_factory=dict)


class SettingsCache:
    """The flat settings of many runs; a file is read anew only where it changed.

    About 2 ms a run the first time; it belongs into a thread.
    """

    def __init__(self) -> None:
        self._known: dict[Path, _Known] = {}
        self._lock = threading.Lock()

    def of(self, run: Run) -> Mapping[str, Setting]:
        """Return the settings of a run, none where they can't be read."""
        path = run.path / "experiment.toml"
        try:
            status = path.stat()
        except OSError:
            return {}
        stamp = status.st_mtime_ns, status.st_size
        with self._lock:
            known = self._known.get(run.path)
        if known is None or known.stamp != stamp:
            try:
                known = _Known(stamp, flat(decisive(run.experiment())))
            except UserError:
                known = _Known(stamp)
            with self._lock:
                self._known[run.path] = known
        return known.settings

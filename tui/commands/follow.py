"""Following a run from a terminal, a pipe or silently, until it ends or the user leaves."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from types import FrameType
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.text import Text

from kerastui.models.runs.events import TERMINAL, Event, EventReader
from kerastui.models.runs.figures import number
from kerastui.models.runs.history import History
from kerastui.models.runs.store import ACTIVE, Run, RunInfo

_POLL = 0.05
_LOOK_AT_WORKER = 1.0
_RECORD_WRITTEN = 5.0
"""Seconds granted to a worker between its last event and its final record."""

_METRICS_SHOWN = 4


class Presses:
    """Counts Ctrl-C and SIGTERM instead of ending the program, while it is used as a context."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Presses:
        numbers = (signal.SIGINT, signal.SIGTERM)
        self._before = {one: signal.signal(one, self._pressed) for one in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for caught, before in self._before.items():
            signal.signal(caught, before)

    def _pressed(self, _signal: int, _frame: FrameType | None) -> None:
        self.count += 1


class View(Protocol):
    """Shows a run while it goes on."""

    def begin(self, info: RunInfo) -> None:
        """A run is about to be followed."""

    def show(self, history: History, events: list[Event]) -> None:
        """Some events came; the history has taken them in already."""

    def say(self, text: str) -> None:
        """Tell something beside the run's own news."""

    def end(self) -> None:
        """The run isn't followed any longer."""


class Silent:
    """Shows nothing."""

    def begin(self, info: RunInfo) -> None:
        pass

    def show(self, history: History, events: list[Event]) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def end(self) -> None:
        pass


class Lines:
    """One line an epoch, thinned to one a second where there are many; no escape codes."""

    few = 25

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed = -1.0
        self._stage = ""

    def begin(self, info: RunInfo) -> None:
        self._printed, self._stage = -1.0, ""
        self.say(f"run {info.id}")

    def show(self, history: History, events: list[Event]) -> None:
        for event in events:
            kind = event["event"]
            if kind == "stage" and event.get("text") != self._stage:
                self._stage = str(event.get("text", ""))
                self.say(self._stage)
            elif kind == "started":
                self.say(_started(event))
            elif kind == "note":
                self.say(_note(event))
            elif kind in ("queued", "rewound"):
                self.say(str(event.get("text", kind)))
            elif kind in ("paused", "resumed"):
                self.say(f"{kind} at epoch {event.get('epoch', history.epoch)}")
            elif kind == "epochs":
                self._epochs(event, history)

    def say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def end(self) -> None:
        pass

    def _epochs(self, event: Event, history: History) -> None:
        first = int(event.get("first", 1))
        logs: dict[str, list[Any]] = event.get("logs", {})
        count = max((len(values) for values in logs.values()), default=0)
        pace = float(event.get("seconds", 0.0)) / max(1, count)
        for offset in range(count):
            epoch, now = first + offset, time.monotonic()
            last = epoch >= history.epochs
            if history.epochs > self.few and not last and now - self._printed < 1:
                continue
            self._printed = now
            values = {name: series[offset] for name, series in logs.items()}
            width = len(str(history.epochs))
            self.say(
                f"epoch {epoch:>{width}}/{history.epochs}  {metrics(values)}  "
                f"{duration(pace)}/epoch"
            )


class Bars:
    """A live bar of epochs with the time left and the metrics, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task = TaskID(0)

    def begin(self, info: RunInfo) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[epochs]}", markup=False),
            TextColumn("{task.fields[left]}", markup=False, style="dim"),
            TextColumn("{task.fields[metrics]}", markup=False),
            console=self._console,
        )
        name = f"{info.name} · {info.variant}" if info.variant else info.name
        self._name = name
        self._task = self._progress.add_task(
            f"{name}  starting", total=None, epochs="", left="", metrics=""
        )
        self._progress.start()

    def show(self, history: History, events: list[Event]) -> None:
        if self._progress is None:
            return
        for event in events:
            if event["event"] == "started":
                self.say(_started(event))
            elif event["event"] == "note":
                self.say(_note(event))
            elif event["event"] == "rewound":
                self.say(str(event.get("text", "")))
        done, seconds = float(history.epoch), history.seconds_left()
        if history.steps and history.epoch < history.epochs:
            done += min(history.batch, history.steps) / history.steps
        paused = history.status == "paused"
        stage = "paused" if paused else history.stage if not history.epoch else ""
        logs = history.batch_logs or {name: history.last(name) for name in history.metrics}
        self._progress.update(
            self._task,
            description=f"{self._name}  {stage}".rstrip(),
            total=history.epochs or None,
            completed=done,
            epochs=f"{history.epoch}/{history.epochs}" if history.epochs else "",
            left=f"{duration(seconds)} left" if seconds else "",
            metrics=metrics(logs) if history.epoch or history.batch_logs else "",
        )

    def say(self, text: str) -> None:
        self._console.print(Text(text, style="dim"))

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def view(console: Console | None) -> View:
    """Return what suits a console: bars on a terminal, lines elsewhere, silence without one."""
    if console is None:
        return Silent()
    return Bars(console) if console.is_terminal else Lines(console)


def follow(run: Run, shown: View, presses: Presses, *, own: bool) -> bool:
    """Show a run until it has ended and its record is written.

    Args:
        run: A run, waiting, going on or ended.
        shown: Where it is shown.
        presses: The Ctrl-C's. `own` runs are stopped by the first (their model is kept) and
            killed by the second; others are only left.
        own: Whether this process started the run.

    Returns:
        Whether the run has ended; False when the user left it.
    """
    reader, history = EventReader(run.events), History()
    told, looked = 0, time.monotonic()
    shown.begin(run.info())
    try:
        while True:
            if events := reader.read():
                history.apply_all(events)
                shown.show(history, events)
            if history.status in TERMINAL:
                _wait_for_record(run)
                return True
            if presses.count > told:
                told = presses.count
                if not own:
                    return False
                if told > 1:
                    run.kill()
                    return False
                run.command("stop")
                shown.say("Finishing this batch and saving; press again to quit at once.")
            if not events and time.monotonic() - looked > _LOOK_AT_WORKER:
                looked = time.monotonic()
                if run.info().status not in ACTIVE and not reader.read():
                    return True
            if not events:
                time.sleep(_POLL)
    finally:
        shown.end()


def metrics(logs: dict[str, float] | dict[str, Any]) -> str:
    """Return the first few metrics as text, the losses first, without the learning rate."""
    names = [name for name in logs if name != "learning_rate"]
    names.sort(key=lambda name: name.removeprefix("val_") != "loss")
    return "  ".join(f"{name} {number(logs[name])}" for name in names[:_METRICS_SHOWN])


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 90:
        return f"{seconds:.3g} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def console_tail(run: Run, lines: int = 5) -> list[str]:
    """Return the last lines that the worker and Keras printed."""
    try:
        text = run.console.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-lines:]


def _wait_for_record(run: Run) -> None:
    deadline = time.monotonic() + _RECORD_WRITTEN
    while run.info().status in ACTIVE and time.monotonic() < deadline:
        time.sleep(_POLL)


def _started(event: Event) -> str:
    rows: dict[str, int] = event.get("rows", {})
    counted: Iterable[str] = (f"{count:,} {part}" for part, count in rows.items() if count)
    facts = [
        f"rows {', '.join(counted)}" if rows else "",
        str(event.get("device", "")),
        f"{event.get('execution', '')}: {event.get('why', '')}".strip(": "),
    ]
    return " · ".join(fact for fact in facts if fact)


def _note(event: Event) -> str:
    return f"epoch {event.get('epoch') or '–'}: {event.get('text', event.get('kind', ''))}"

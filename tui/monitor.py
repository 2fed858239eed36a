"""Follows one run by its files. The same for a run started here, elsewhere, or long ago."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.models.runs.events import EventReader
from kerastui.models.runs.history import History
from kerastui.models.runs.store import ACTIVE, CommandReader, Run, RunInfo

INTERVAL = 0.1
"""Seconds between two looks at the log."""

INFO_INTERVAL = 1.0
"""Seconds between two looks at `run.json`, which tells that a worker is gone."""


@dataclass(frozen=True)
class Asked:
    """A wish that a worker has not fulfilled yet.

    Attributes:
        command: What was asked for.
        elsewhere: Whether that was done from another terminal.
        notes: How many notes the history had then.
    """

    command: str
    elsewhere: bool = False
    notes: int = 0


class RunMonitor:
    """The state of one run, kept up to date until `follow` is cancelled.

    Args:
        run: The run.
        changed: Called in the event loop after something changed, at most ten times a second.
        clear: Says whether news can be shown now. What comes meanwhile is told when it can;
            another state is told at once.
        me: Tells commands that were given here from those that come from other terminals.

    Attributes:
        asked: What was asked for here or elsewhere and has not happened yet.
        history: What the events say. Replaced once, when the backlog has been read.
        info: What `run.json` says; None until it was read, or where it can't be.
        problem: Why the run can't be read, empty where it can.
        killed: Whether its worker is gone because it was killed on request.
        ready: Whether the backlog has been read.
        version: Grows with every change.
    """

    def __init__(
        self,
        run: Run,
        changed: Callable[[RunMonitor], None],
        clear: Callable[[], bool] = lambda: True,
        me: str = "",
    ) -> None:
        self.run = run
        self.history = History()
        self.info: RunInfo | None = None
        self.problem = ""
        self.killed = False
        self.ready = False
        self.version = 0
        self._changed = changed
        self._clear = clear
        self._told: object = None
        self.asked: Asked | None = None
        self._me = me
        # What was asked before one came has happened, or the state says so.
        self._commands = CommandReader(run.commands, _size(run.commands))
        self._commands_size = -1
        self._reader = EventReader(run.events)
        self._size = -1

    @property
    def status(self) -> str:
        """The state: the events know first, but only `run.json` knows that a worker is gone."""
        if self.info is None:
            return self.history.status
        if self.info.status == "lost" and self.history.status not in ("finished", "failed"):
            return "lost"
        if self.history.status == "queued":
            return self.info.status
        return self.history.status

    @property
    def state(self) -> str:
        """The state as it is shown: `silent` where an active run gives no sign of life."""
        return "silent" if self.active and self.info and self.info.silent else self.status

    @property
    def active(self) -> bool:
        """Whether the run goes on, or should."""
        return self.status in ACTIVE

    def command(self, command: str, **arguments: float) -> None:
        """Ask the worker for something; raises `UserError` where that can't be written."""
        self.run.command(command, by=self._me, **arguments)
        self.expect(command)

    def expect(self, command: str, *, elsewhere: bool = False) -> None:
        """Remember what was asked for, until it happens."""
        self.asked = Asked(command, elsewhere, len(self.history.notes))

    async def follow(self) -> None:
        """Read the backlog in a thread, then follow the log. Ends only by cancellation."""
        self.history, self.info = await asyncio.to_thread(self._read_backlog)
        self.ready = True
        self._publish()
        looks, news = 0, False
        while True:
            await asyncio.sleep(INTERVAL)
            looks += 1
            changed = self._grown() and await self._take_in()
            changed |= self._listen()
            if looks % round(INFO_INTERVAL / INTERVAL) == 0 or (changed and self._ended_unseen()):
                changed |= await asyncio.to_thread(self._read_info)
            news |= changed
            changed_state = (self.state, self.asked) != self._told
            if news and (changed_state or self._clear()):
                news = False
                self._publish()

    def _publish(self) -> None:
        self._settle()
        self.version += 1
        self._told = self.state, self.asked
        self._changed(self)

    def _listen(self) -> bool:
        """Hear what other terminals ask for; returns whether that is anything."""
        size = _size(self.run.commands)
        if size == self._commands_size:
            return False
        self._commands_size = size
        heard = [entry for entry in self._commands.read() if entry.get("by") != self._me]
        if not heard or not self.active:
            return False
        self.expect(str(heard[-1]["event"]), elsewhere=True)
        self._settle()
        return self.asked is not None

    def _settle(self) -> None:
        """Forget what was asked for once it happened, or can't happen any more."""
        if self.asked is None:
            return
        kinds = {note.kind for note in self.history.notes[self.asked.notes :]}
        happened = {
            "pause": self.status == "paused",
            "continue": self.status == "running",
            "set_learning_rate": bool(kinds & {"learning_rate", "warning"}),
            "set_epochs": bool(kinds & {"epochs", "warning"}),
        }
        if not self.active or happened.get(self.asked.command, False):
            self.asked = None

    def _ended_unseen(self) -> bool:
        return bool(self.history.ended) and (self.info is None or self.info.status in ACTIVE)

    def _grown(self) -> bool:
        """Say whether the log changed since the last look."""
        try:
            size = self.run.events.stat().st_size
        except OSError:
            return False
        grown = size != self._size
        self._size = size
        return grown

    async def _take_in(self) -> bool:
        """Take in what is new, a chunk at a time, so that keys are answered in between."""
        changed = False
        while events := self._reader.read():
            changed |= self.history.apply_all(events)
            await asyncio.sleep(0)
        return changed

    def _read_backlog(self) -> tuple[History, RunInfo | None]:
        history = History()
        while events := self._reader.read():
            history.apply_all(events)
        self._read_info()
        return history, self.info

    def _read_info(self) -> bool:
        """Read `run.json`; returns whether it says something new."""
        before = self.info, self.problem
        try:
            self.info, self.problem = self.run.info(), ""
            self.killed = self.info.status == "lost" and self.run.kill_asked()
        except UserError as error:
            self.problem = str(error)
            if self.active and self.info is not None and not self.run.path.is_dir():
                # A worker leaves when its directory is gone.
                self.info = replace(self.info, status="lost", silent=0.0)
        return before != (self.info, self.problem)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_tail(run: Run, limit: int = 64 * 1024) -> str:
    """Return the end of a run's console log as text, from its first whole line on."""
    with suppress(OSError), run.console.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - limit))
        block = stream.read(limit)
        if size > limit:
            block = block.partition(b"\n")[2]
        return block.decode("utf-8", errors="replace")
    return ""

"""Unsaved changes on disk, so that a crash, a kill or a lost line loses none of them.

Each running app has a file of its own, written at every change. It is taken away when the
experiment is saved, or is again as it was saved; what an app that is gone has left behind is
offered by the next one.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.files import write_atomically
from kerastui.models.runs.store import Workspace

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.experiment.toml import SavedFile
    from kerastui.tui.edits import Edits

MOST = 20
"""Files that are kept of apps that are gone; older ones make room."""

DAY = 86_400.0
"""Seconds after which an app on another host, which can't be asked, counts as gone."""


@dataclass(frozen=True)
class Leftover:
    """Unsaved changes of an app that is gone, or of an experiment that was put aside.

    Attributes:
        path: The file they are in.
        name: What the experiment is called.
        changed: When it was last changed, unix time.
        file: Where the experiment was saved before, empty for a new one.
    """

    path: Path
    name: str
    changed: float
    file: str = ""


class Autosave:
    """The file of this app, and those that others left behind.

    All methods touch the disk: they belong in a thread.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.folder = workspace.root / "experiments" / ".unsaved"
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._number = 0
        self._written = False

    @property
    def path(self) -> Path:
        """Where the changes of the current experiment are."""
        return self.folder / f"{self._host}-{self._pid}-{self._number}.json"

    def write(self, experiment: Experiment, file: SavedFile | None) -> None:
        """Keep an experiment as it is now; raises `UserError` where that can't be."""
        held = {
            "started": _started(self._pid),
            "changed": time.time(),
            "name": experiment.name,
            "file": str(file.path) if file else "",
            "known": file.text if file else "",
            "experiment": experiment.plain(),
        }
        write_atomically(self.path, json.dumps(held))
        self._written = True

    def remove(self) -> None:
        """Forget the changes: they are saved, or taken back."""
        if self._written:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def put_aside(self) -> None:
        """Leave what was kept where it is: another experiment is opened."""
        self._number += 1
        self._written = False

    def leftovers(self) -> list[Leftover]:
        """Return what can be restored, the newest first; more than `MOST` are not kept."""
        found = []
        with suppress(OSError):
            for path in self.folder.glob("*.json"):
                if path != self.path and (one := self._leftover(path)):
                    found.append(one)
        found.sort(key=lambda one: one.changed, reverse=True)
        for old in found[MOST:]:
            with suppress(OSError):
                old.path.unlink()
        return found[:MOST]

    def _leftover(self, path: Path) -> Leftover | None:
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            changed = float(held["changed"])
            host, pid, _ = path.stem.rsplit("-", 2)
            if self._lives(host, int(pid), float(held["started"]), changed):
                return None
            return Leftover(path, str(held["name"]), changed, str(held["file"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _lives(self, host: str, pid: int, started: float, changed: float) -> bool:
        """Whether the app that wrote a file goes on."""
        if host != self._host:
            return time.time() - changed < DAY
        return pid != self._pid and abs(_started(pid) - started) < 2

    def restore(self, leftover: Leftover) -> tuple[Experiment, SavedFile | None]:
        """Take over what was left behind, as the changes of this app.

        Raises:
            UserError: Another app has taken it, or it can't be read any more.
        """
        from kerastui.models.experiment.toml import SavedFile, parse

        experiment = parse(self._read(leftover)["experiment"], where="the unsaved changes")
        self.put_aside()
        try:
            # Of two apps that want it, one finds it gone.
            os.rename(leftover.path, self.path)
        except FileNotFoundError:
            raise UserError(f"Another app has just restored {leftover.name}.") from None
        except OSError:  # a folder that can't be written: it stays where it is
            held = self._read(leftover)
        else:
            held = json.loads(self.path.read_text(encoding="utf-8"))
            self._written = True
        file = SavedFile(Path(held["file"]), str(held["known"])) if held["file"] else None
        return experiment, file

    def _read(self, leftover: Leftover) -> dict[str, Any]:
        try:
            held: dict[str, Any] = json.loads(leftover.path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"{leftover.path} can't be read: {error}.") from None
        return held

    def discard(self, leftover: Leftover) -> None:
        """Delete what was left behind."""
        with suppress(OSError):
            leftover.path.unlink(missing_ok=True)


def _started(pid: int) -> float:
    """Return when a process began, unix time; 0 where there is none."""
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


class Keeper:
    """Carries changes to disk one after the other, the last one of several at once.

    Args:
        autosave: Where they go.
        warn: Told once what is wrong where they can't be kept.
    """

    def __init__(self, autosave: Autosave, warn: Callable[[UserError], None]) -> None:
        self.autosave = autosave
        self._warn: Callable[[UserError], None] | None = warn
        self._waiting: list[tuple[Experiment | None, SavedFile | None, bool]] = []
        self._lock = asyncio.Lock()

    def note(self, edits: Edits) -> None:
        """Take note of the experiment as it is now; `flush` writes it."""
        if self._waiting and not self._waiting[-1][2]:
            self._waiting.pop()
        self._waiting.append((edits.current if edits.changed else None, edits.file, False))

    def put_aside(self, edits: Edits) -> None:
        """Keep the changes of an experiment that makes room for another one."""
        self._waiting.append((edits.current, edits.file, True))

    async def flush(self) -> None:
        """Write what waits, and what comes meanwhile."""
        async with self._lock:
            while self._waiting:
                waiting = self._waiting.pop(0)
                try:
                    await asyncio.to_thread(self._keep, *waiting)
                except UserError as error:
                    if self._warn is not None:
                        self._warn(error)
                        self._warn = None

    def _keep(self, experiment: Experiment | None, file: SavedFile | None, aside: bool) -> None:
        if experiment is None:
            self.autosave.remove()
            return
        self.autosave.write(experiment, file)
        if aside:
            self.autosave.put_aside()

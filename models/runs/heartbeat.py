"""Signs of life: a worker touches a small file, and whoever looks compares file times.

Two hosts that share a directory have two clocks, and a clock can be set. So ages are never taken
from a clock: who looks touches a file of its own beside the runs, and the difference of the two
files' times, both given by the same file system, is the age. Where nothing can be written, or the
difference makes no sense, the time since a change was last seen decides.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

FILE = "heartbeat"

EVERY = 2.0
"""Seconds between two signs of life."""

SILENT_AFTER = 10.0
"""Seconds without one after which a worker is called silent."""

LOST_AFTER = 60.0
"""Seconds after which a silent worker on another host counts as lost. Should it come back, it
finds the run taken over and leaves."""

_CLOCK = ".clock"


class Heartbeat:
    """A thread that shows that this process lives and works at a run.

    It ends the work when the run's directory is gone or another worker has taken over.

    Args:
        folder: The run's directory.
        leave: Called, in that thread, when there is nothing to work for any more.
        every: Seconds between two signs.
    """

    def __init__(self, folder: Path, leave: Callable[[], None], *, every: float = EVERY) -> None:
        self._path = folder / FILE
        self._leave = leave
        self._every = every
        self._over = threading.Event()
        self._mine = f"{socket.gethostname()} {os.getpid()} {time.time_ns()}\n".encode()

    def __enter__(self) -> Heartbeat:
        # A directory that can't be written has no sign of life; the run says so itself.
        with contextlib.suppress(OSError):
            self._path.write_bytes(self._mine)
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _beat(self) -> None:
        while not self._over.wait(self._every):
            if not self._show():
                self._leave()
                return

    def _show(self) -> bool:
        """Give one sign of life; returns whether the run is still there, and this process' own."""
        try:
            if self._path.read_bytes() != self._mine:
                return False
            os.utime(self._path)
        except (FileNotFoundError, NotADirectoryError):
            if not self._path.parent.is_dir():
                return False
            with contextlib.suppress(OSError):  # only the file is gone
                self._path.write_bytes(self._mine)
        except OSError:
            pass  # a full or read-only disk: tried again
        return True


class _Watch:
    """What one process has seen of the signs of life in one folder of runs."""

    def __init__(self, folder: Path) -> None:
        self._clock = folder / _CLOCK
        self._asked = -1e9
        self._answer: float | None = None
        self._seen: dict[Path, tuple[float, float]] = {}

    def age(self, path: Path) -> float | None:
        """Return the seconds since a file was touched; None if there is no such file."""
        try:
            touched = path.stat().st_mtime
        except OSError:
            self._seen.pop(path, None)
            return None
        now = time.monotonic()
        before = self._seen.get(path)
        if before is None or before[0] != touched:
            self._seen[path] = before = (touched, now)
        unchanged = now - before[1]
        here = self._file_time(now)
        return max(unchanged, here - touched) if here is not None else unchanged

    def _file_time(self, now: float) -> float | None:
        """Return the file system's present time, None where it can't be asked."""
        if now - self._asked > 1.0:
            self._asked = now
            try:
                self._clock.touch()
                self._answer = self._clock.stat().st_mtime
            except OSError:
                self._answer = None
        return None if self._answer is None else self._answer + now - self._asked


_watches: dict[Path, _Watch] = {}


def silence(folder: Path) -> float:
    """Return the seconds without a sign of life from a run's worker, 0 while there are some.

    0 too where no worker ever gave one: by that alone nothing can be said.
    """
    watch = _watches.setdefault(folder.parent, _Watch(folder.parent))
    age = watch.age(folder / FILE)
    return age if age is not None and age > SILENT_AFTER else 0.0

"""What a run and a study have in common on disk: a record, an experiment, commands, a console."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from kerastui.datasets.errors import UserError
from kerastui.models.files import write_atomically
from kerastui.models.runs.events import encode

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

ACTIVE = frozenset({"queued", "starting", "running", "paused"})
"""States of what has, or should have, a process that works at it."""

START_WITHIN = 60.0
"""Seconds that a process may take until it says that it works at a run or a study."""

_STARTER = ".starter"

_FIRST_PIDS = "pid:[4026531836]"
"""The pid namespace of a Linux machine itself (PROC_PID_INIT_INO)."""


class Working(Protocol):
    """What says who works at a run, or at a study."""

    status: str

    @property
    def pid(self) -> int | None: ...
    @property
    def pid_started(self) -> float | None: ...
    @property
    def host(self) -> str: ...
    @property
    def created(self) -> float: ...


Info = TypeVar("Info", bound=Working)


class Folder(Generic[Info]):
    """A directory with a record in JSON, which one process at a time writes and everybody reads.

    Attributes:
        path: The directory.
        id: Its name.
    """

    record: ClassVar[str]
    """Name of the file that holds the record."""
    kind: ClassVar[str]
    """What it is, in words."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    @property
    def commands(self) -> Path:
        return self.path / "commands.jsonl"

    @property
    def console(self) -> Path:
        return self.path / "console.log"

    def info(self) -> Info:
        """Return what the record says, with `lost` in place of a state whose process is gone.

        Raises:
            UserError: The directory holds no readable record.
        """
        info = true_state(self.stored)
        if info.status == "queued" and info.pid is None and self._start_failed():
            info.status = "lost"
        return info

    def stored(self) -> Info:
        """Return what the record says, true or not; raises `UserError` as `info` does."""
        try:
            plain = json.loads((self.path / self.record).read_text(encoding="utf-8"))
            return self._parse(plain)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            if not self.path.is_dir():
                raise UserError(
                    f"There is no {self.kind} {self.path} any more.", "It was removed or moved."
                ) from None
            why = error.strerror if isinstance(error, OSError) else f"it is damaged: {error}"
            raise UserError(
                f"{self.path} is no {self.kind} that can be read: {self.record}: {why}.",
                f"Its other files are as they were; remove the {self.kind} if they are not needed.",
            ) from None

    def _parse(self, plain: Any) -> Info:
        raise NotImplementedError

    def write_info(self, info: Info) -> None:
        """Replace the record in one step. Called by whoever creates it, then by its process."""
        plain = dataclasses.asdict(info)  # type: ignore[call-overload]  # every record is one
        write_atomically(self.path / self.record, json.dumps(plain, indent=1), parents=False)

    def experiment(self) -> Experiment:
        """Return the experiment; raises `UserError` if it can't be read."""
        from kerastui.models.experiment.toml import load

        return load(self.path / "experiment.toml")

    def _send(self, command: str, **arguments: Any) -> None:
        """Append a command; raises `UserError` if it can't be written."""
        try:
            with self.commands.open("ab", buffering=0) as stream:
                stream.write(encode(command, **arguments))
        except OSError as error:
            raise UserError(
                f"The {self.kind} can't be told to {command}: {error.strerror}.",
                "Check that its directory can be written.",
            ) from None

    # --- the time between a start and the first word of the process -----------------------------

    def being_started(self, pid: int) -> None:
        """Note which process is about to work at it, until that process says so itself."""
        import psutil

        try:
            started = birth(pid)
        except psutil.Error:  # it has ended already
            started = 0.0
        text = json.dumps({"pid": pid, "pid_started": started, "host": here()})
        try:
            write_atomically(self.path / _STARTER, text, parents=False)
        except UserError:
            return

    def starter(self) -> int | None:
        """Return the pid of the process that was started here for it, if that is known."""
        noted = self._noted()
        return noted[0] if noted and noted[2] == here() else None

    def _noted(self) -> tuple[int, float, str] | None:
        try:
            noted = json.loads((self.path / _STARTER).read_text(encoding="utf-8"))
            return int(noted["pid"]), float(noted["pid_started"]), str(noted["host"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _start_failed(self) -> bool:
        """Say whether the process that should have begun is gone without having begun."""
        noted = self._noted()
        if noted is None or noted[2] != here() or process_lives(*noted[:2]):
            return False
        # It may have begun, and even ended, between the two looks.
        return self.stored().pid is None

    def forget_start(self) -> None:
        """Forget the process that was to begin: another one will."""
        (self.path / _STARTER).unlink(missing_ok=True)


@functools.cache
def here() -> str:
    """Return where this process' pids mean something: the host, and the container on it.

    A container may have its host's name, and yet other processes.
    """
    name = socket.gethostname()
    try:
        pids = os.readlink("/proc/self/ns/pid")
    except OSError:  # not Linux
        return name
    return name if pids == _FIRST_PIDS else f"{name} (container {pids[5:-1]})"


def true_state(read: Callable[[], Info]) -> Info:
    """Return what a record says, with `lost` in place of a state whose process is gone."""
    info = read()
    if info.status in ACTIVE and not worker_lives(info):
        # It may have ended between the two looks, and said so with its last breath.
        info = read()
        if info.status in ACTIVE:
            info.status = "lost"
    return info


def worker_lives(info: Working) -> bool:
    """Say whether the process that a record names is still there, as far as that can be known."""
    if info.pid is None:
        # What was just asked for has no worker yet; what never got any is lost. A time that is
        # still to come is of a clock that was set back, or of another host.
        asked = max(info.created, getattr(info, "queued", 0.0))
        return time.time() - asked < START_WITHIN
    if info.host and info.host != here():
        return True
    return process_lives(info.pid, info.pid_started)


def process_lives(pid: int, started: float | None) -> bool:
    """Say whether a process of this host is there, and is the one that began at a time."""
    import psutil

    try:
        alive = psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        return alive and (started is None or abs(birth(pid) - started) < 2)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def birth(pid: int) -> float:
    """Return when a process began, in seconds after the start of the machine.

    Not in unix time: that would change with the clock.

    Raises:
        psutil.NoSuchProcess: There is none.
    """
    import psutil

    return psutil.Process(pid).create_time() - psutil.boot_time()

"""Removed runs: kept aside until the app is left, so that removing can be undone."""

from __future__ import annotations

import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import Run, Workspace


class Trash:
    """The trash of one session: a folder beside the runs, on the same file system.

    Attributes:
        removed: The runs that were removed, the last one last, with where they are now.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._root = workspace.root / ".trash"
        self._folder = self._root / f"{socket.gethostname()}-{os.getpid()}"
        self.removed: list[tuple[Run, Path]] = []

    def put(self, run: Run) -> None:
        """Move a run to the trash.

        Raises:
            UserError: It can't be moved.
        """
        place = self._folder / run.id
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            run.path.rename(place)
        except OSError as error:
            raise UserError(
                f"{run.path} can't be removed: {error.strerror}.",
                "Check that the workspace can be written.",
            ) from None
        self.removed.append((run, place))

    def restore(self) -> Run | None:
        """Bring back the run that was removed last; returns it, None where none was.

        Raises:
            UserError: It can't be moved back.
        """
        if not self.removed:
            return None
        run, place = self.removed[-1]
        try:
            place.rename(run.path)
        except OSError as error:
            raise UserError(
                f"{run.id} can't be brought back: {error.strerror}.", f"It lies in {place}."
            ) from None
        self.removed.pop()
        return run

    def empty(self) -> None:
        """Delete what was removed in this session, and what sessions that crashed left behind."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self.removed.clear()
        host = socket.gethostname()
        with suppress(OSError):
            for folder in self._root.iterdir():
                name, _, pid = folder.name.rpartition("-")
                if name == host and pid.isdigit() and not _lives(int(pid)):
                    shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            self._root.rmdir()


def _lives(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)

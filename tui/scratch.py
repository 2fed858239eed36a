"""A folder for what other processes hand over."""

from __future__ import annotations

import tempfile
from pathlib import Path


class Scratch:
    """A temporary folder that is made when it is first asked for.

    A widget that is never mounted thus leaves none behind. It is made at once, not in a thread,
    so that a cancelled worker can't lose it.
    """

    def __init__(self) -> None:
        self._made: tempfile.TemporaryDirectory[str] | None = None

    @property
    def path(self) -> Path:
        """The folder."""
        if self._made is None:
            self._made = tempfile.TemporaryDirectory(prefix="kerastui-")
        return Path(self._made.name)

    def remove(self) -> None:
        """Remove the folder and what is in it, if it was made."""
        if self._made is not None:
            self._made.cleanup()
            self._made = None

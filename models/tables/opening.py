"""Tables are read by a thread of their own, so that their first rows are there at once."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.datasets.spec import Data
from kerastui.models.tables import contents, own_file
from kerastui.models.tables.frame import Frame


class CancelledError(Exception):
    """Nobody wants the table any more."""


def key(what: dict[str, Any]) -> str:
    """Return what tells a table from all others, also from a file of that name as it was before.

    Raises:
        UserError: It is not said which table is wanted.
    """
    if not what.get("path") and not what.get("data"):
        raise UserError("No table is named.", "Accepted: data of an experiment, or a path.")
    path = what.get("path") or ((what["data"].get("file") or {}).get("path"))
    stamp: list[int] = []
    if path:
        try:
            stat = Path(path).expanduser().stat()
            stamp = [stat.st_size, stat.st_mtime_ns]
        except OSError:
            pass  # who reads it says so
    return json.dumps([what, stamp], sort_keys=True)


class Reading:
    """Reads a table; of own files the first rows at once.

    Args:
        name: Its `key`.
        what: What `key` is given.

    Attributes:
        key: Its name.
        head: The first rows; None where there are none before all are read.
        frame: The whole table, None until it is read.
        error: Why it can't be read.

    Raises:
        UserError: The table can't be read.
    """

    def __init__(self, name: str, what: dict[str, Any]) -> None:
        self.key = name
        self.head: Frame | None = None
        self.frame: Frame | None = None
        self.error: UserError | None = None
        self._what = what
        self._words = "reading"
        self._share: float | None = None
        self._stopped = False
        self._done = threading.Event()
        threading.Thread(
            target=self._run, args=(self._reader(what),), name="table", daemon=True
        ).start()

    def _reader(self, what: dict[str, Any]) -> Callable[[], Frame]:
        """Read the first rows, and return what reads all of them."""
        if path := what.get("path"):
            return functools.partial(contents.array_file, path)
        data = Data.model_validate(what["data"])
        if data.file is not None and not what.get("prepared"):
            self.head = own_file.head(data.file)
        return functools.partial(self._read, data)

    def wait(self, seconds: float | None) -> Frame | None:
        """Wait for the whole table; returns it, or None where it takes longer.

        Raises:
            UserError: It can't be read.
        """
        if not self._done.wait(seconds):
            return None
        if self.error is not None:
            raise self.error
        return self.frame

    def progress(self) -> dict[str, Any]:
        """Return `share` (0 to 1, or None) and `words`.

        Raises:
            UserError: It can't be read.
        """
        if self.error is not None:
            raise self.error
        return {"share": self._share, "words": self._words}

    def cancel(self) -> None:
        """Read no further."""
        self._stopped = True

    def _run(self, read: Callable[[], Frame]) -> None:
        try:
            self.frame = read()
        except CancelledError:
            self.error = UserError("The table was not read to its end.", "Open it again.")
        except UserError as error:
            self.error = error
        except Exception as error:
            text = " ".join(str(error).split())[:300] or type(error).__name__
            self.error = UserError(f"The table can't be read: {text}")
        finally:
            self._done.set()

    def _read(self, data: Data) -> Frame:
        seed = int(self._what.get("seed", 1))
        if self._what.get("prepared"):
            self._tell("preparing")
            return contents.prepared(data, seed)
        if data.file is not None:
            frame = own_file.read(data.file, self._tell)
            if frame is not None:
                return frame
        return contents.raw(data, seed, self._tell)

    def _tell(self, words: str, share: float | None = None) -> None:
        if self._stopped:
            raise CancelledError
        self._words, self._share = words, share

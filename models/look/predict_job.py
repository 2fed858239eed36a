"""A long prediction in a thread of its own, so that its progress can be asked for and it can stop.

One at a time in a process: `start` ends the one before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from kerastui.datasets.errors import UserError


class StoppedError(Exception):
    """Nobody wants the result any more."""


class Job:
    """Work that tells how far it is.

    Args:
        work: Is given the job; tells it the progress with `tell` and returns the result.
    """

    def __init__(self, work: Callable[[Job], dict[str, Any]]) -> None:
        self._work = work
        self._told: dict[str, Any] = {"words": "starting", "share": None, "rows": 0}
        self._stop = threading.Event()
        self._result: dict[str, Any] | None = None
        self._error: UserError | None = None
        self._thread = threading.Thread(target=self._run, name="predict", daemon=True)
        self._thread.start()

    def tell(self, words: str, share: float | None, rows: int) -> None:
        """Say how far it is.

        Raises:
            StoppedError: It is to stop.
        """
        if self._stop.is_set():
            raise StoppedError
        self._told = {"words": words, "share": share, "rows": rows}

    def stop(self) -> None:
        """Let it stop, and wait until it has."""
        self._stop.set()
        self._thread.join()

    def state(self) -> dict[str, Any]:
        """Return `words`, `share` (0 to 1, or None), `rows` done, and `result` once there is one.

        Raises:
            UserError: It failed.
        """
        if self._error is not None:
            raise self._error
        return {**self._told, "result": self._result}

    def _run(self) -> None:
        try:
            self._result = self._work(self)
        except StoppedError:
            self._result = {"stopped": True}
        except UserError as error:
            self._error = error
        except Exception as error:
            text = " ".join(str(error).split())[:300] or type(error).__name__
            self._error = UserError(f"The prediction failed: {text}")


_job: Job | None = None


def start(work: Callable[[Job], dict[str, Any]]) -> dict[str, Any]:
    """Start a job; returns its state."""
    global _job
    if _job is not None:
        _job.stop()
    _job = Job(work)
    return _job.state()


def predict_progress() -> dict[str, Any]:
    """Return the state of the job; see `Job.state`.

    Raises:
        UserError: It failed, or there is none.
    """
    if _job is None:
        raise UserError("Nothing is being predicted.")
    return _job.state()


def predict_stop() -> dict[str, Any]:
    """Stop the job; returns its state."""
    if _job is not None:
        _job.stop()
    return predict_progress()

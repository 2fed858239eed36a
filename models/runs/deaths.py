"""Workers that ended without a word: whoever started one writes down what became of it."""

from __future__ import annotations

import signal
import time

from kerastui.datasets.errors import UserError
from kerastui.models.runs.folder import ACTIVE
from kerastui.models.runs.store import Run

_OUT_OF_MEMORY = (signal.SIGKILL, signal.SIGABRT, signal.SIGBUS)


def not_started(run: Run, error: UserError) -> None:
    """Mark a run as failed whose worker can't be started."""
    _write(run, "failed", error.message, error.hint)


def note_death(run: Run, pid: int, status: int) -> None:
    """Say in `run.json` what became of a run whose worker has ended, where it did not itself.

    Args:
        run: The run, or the directory of something else: then nothing is done.
        pid: The worker that was.
        status: Its exit status; below 0 the signal that ended it.
    """
    try:
        info = run.stored()
    except UserError:
        return
    if info.status not in ACTIVE:
        return
    if info.pid == pid:
        if not run.kill_asked():
            hint = "What the last checkpoint holds is kept: the run can be taken up again."
            _write(run, "lost", f"The worker {_ended(status)}.", hint)
    elif info.pid is None and run.starter() == pid:
        printed = _last_line(run)
        message = f"The worker {_ended(status)} before it had begun"
        if printed:
            hint = "console.log in the run's directory has the details; see also: kerastui doctor"
            _write(run, "failed", f"{message}: {printed}", hint)
        else:
            hint = "It printed nothing; kerastui doctor tells what is wrong on this machine."
            _write(run, "failed", f"{message}.", hint)


def _write(run: Run, status: str, message: str, hint: str) -> None:
    try:
        info = run.stored()
        info.status, info.ended = status, time.time()
        info.error = {"message": message, "hint": hint}
        run.write_info(info)
    except UserError:
        return


def _ended(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        number = signal.Signals(-status)
    except ValueError:
        return f"was ended by signal {-status}"
    perhaps = ", perhaps because memory ran out" if number in _OUT_OF_MEMORY else ""
    return f"was ended by {number.name}{perhaps}"


def _last_line(run: Run) -> str:
    try:
        lines = run.console.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    told = [line.strip() for line in lines if line.strip()]
    return "".join(c for c in told[-1] if c.isprintable())[:200] if told else ""

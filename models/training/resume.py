"""Taking a run up again: in its own directory, on one curve.

`resume` only writes down that the run is to go on; a worker started as for a new run
(`launch.launch`, `launch.Nursery.run`) finds it and goes on from the checkpoint, or from the
beginning where there is none. The event `rewound` then tells which epochs do not count any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment
from kerastui.models.files import end_cut_line
from kerastui.models.runs.events import encode
from kerastui.models.runs.folder import ACTIVE
from kerastui.models.runs.store import Run, RunInfo

EPOCHS = "fit.epochs"
LEARNING_RATE = "compile.optimizer.learning_rate"

CHANGEABLE = (EPOCHS, LEARNING_RATE)
"""Fields that may change on the way. Any other makes another experiment, and so another run."""

LET_GO_WITHIN = 3.0
"""Seconds within which a process that is dead has closed its files."""


def why_not(run: Run, info: RunInfo | None = None) -> str:
    """Say why a run can't be taken up again; empty where it can."""
    try:
        info = info or run.info()
        run.experiment()
    except UserError as error:
        return error.message
    if info.status in ACTIVE:
        if info.silent:
            return (
                f"its worker on {info.host} gives no sign of life but may still be there"
                if info.host
                else "its worker gives no sign of life but may still be there"
            )
        return f"it is {info.status}"
    return ""


def needs_more(info: RunInfo) -> bool:
    """Say whether a run has trained all it was meant to, so that only more epochs make sense."""
    return info.status == "finished"


def resume(
    run: Run,
    *,
    epochs: int | None = None,
    more_epochs: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Run:
    """Have a stopped, failed, lost or finished run go on, in the same directory.

    Unchanged it ends with the very bits it would have ended with had it never been interrupted.
    The caller starts a worker afterwards, as for a new run.

    Args:
        run: The run.
        epochs: Epochs in all from now on.
        more_epochs: Epochs beyond those that are trained.
        changes: Other values by path, of `CHANGEABLE`; noted in `run.json` and in the log.

    Returns:
        The run, queued.

    Raises:
        UserError: It can't go on, a change is not possible, or nothing is left to train.
    """
    with _held(run):
        info = run.info()
        if reason := why_not(run, info):
            raise UserError(
                f"{run.id} can't be taken up again: {reason}.",
                "Only runs that are stopped, failed, lost or finished can.",
            )
        before = run.experiment()
        wanted = dict(changes or {})
        if epochs is not None and more_epochs is not None:
            raise UserError("Epochs in all and more epochs were both given.", "Give one of them.")
        if more_epochs is not None:
            if more_epochs < 1:
                raise UserError(f"{more_epochs} more epochs were asked for.", "Give 1 or more.")
            epochs = info.epoch + more_epochs
        if epochs is not None:
            wanted[EPOCHS] = epochs
        after = _changed(before, wanted)
        _check_epochs(info, after, asked=EPOCHS in wanted)
        changed = _differences(info.epochs, before, after)
        status, info.status = info.status, "queued"
        info.queued = time.time()
        info.resumed.append({"t": info.queued, "status": status, "more": bool(changed)})
        info.changes += [
            {"t": info.queued, "epoch": info.epoch, "path": path, "old": old, "new": new}
            for path, (old, new) in changed.items()
        ]
        info.pid = info.pid_started = info.ended = info.error = None
        info.host = ""
        info.figures = {}
        info.epochs = after.fit.epochs
        info.fingerprint = after.fingerprint()
        info.commands_from = end_cut_line(run.commands)
        run.forget_start()
        if changed:
            write_experiment(run, after)
        run.write_info(info)
        _tell(run, info, status)
    return run


def write_experiment(run: Run, experiment: Experiment) -> None:
    """Replace the experiment of a run; raises `UserError` if it can't be written."""
    from kerastui.models.experiment.toml import save

    save(experiment, run.path / "experiment.toml")


def _tell(run: Run, info: RunInfo, before: str) -> None:
    """Write into the log that the run goes on, so that those who watch it see that at once.

    Its worker is gone, so nobody else writes there.
    """
    text = f"it was {before} after epoch {info.epoch}; it goes on to epoch {info.epochs}"
    end_cut_line(run.events)
    with contextlib.suppress(OSError), run.events.open("ab", buffering=0) as stream:
        stream.write(encode("queued", epoch=info.epoch, epochs=info.epochs, text=text))


def _changed(before: Experiment, wanted: Mapping[str, Any]) -> Experiment:
    for path in wanted:
        if path not in CHANGEABLE:
            raise UserError(
                f"{path} can't change on the way.",
                f"Only {' and '.join(CHANGEABLE)} can; start a new run for anything else.",
            )
    if LEARNING_RATE in wanted:
        rate = wanted[LEARNING_RATE]
        if isinstance(before.compile.optimizer.parameters.get("learning_rate"), dict):
            raise UserError(
                "The learning rate of this run follows a schedule and can't be set.",
                "Start a new run with a plain number.",
            )
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1e30:
            raise UserError(
                f"The learning rate {rate!r} can't be set.", "Give a number of 0 or more."
            )
    return before.changed(wanted) if wanted else before


def _check_epochs(info: RunInfo, after: Experiment, *, asked: bool) -> None:
    if asked and after.fit.epochs <= info.epoch:
        raise UserError(
            f"{info.id} has trained {info.epoch} epochs; {after.fit.epochs} in all were asked for.",
            f"Give more than {info.epoch}.",
        )
    if not asked and needs_more(info):
        raise UserError(
            f"{info.id} is finished: it has trained all that it was meant to.",
            "Say how many more epochs it should train.",
        )


def _differences(epochs: int, before: Experiment, after: Experiment) -> dict[str, tuple[Any, Any]]:
    """Return path -> (old, new) of what changes; `epochs` were meant so far."""
    values = {
        EPOCHS: (epochs, after.fit.epochs),
        LEARNING_RATE: tuple(
            one.compile.optimizer.parameters.get("learning_rate") for one in (before, after)
        ),
    }
    return {path: (old, new) for path, (old, new) in values.items() if old != new}


def _locked(handle: int) -> bool:
    """Lock an open file; a worker that was killed needs a moment until it has let go."""
    limit = time.monotonic() + LET_GO_WITHIN
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > limit:
                return False
            time.sleep(0.05)
        except OSError:  # a file system without locks
            return True
        else:
            return True


@contextlib.contextmanager
def _held(run: Run) -> Iterator[None]:
    """Hold the run as its worker does, so that it is not taken up twice."""
    try:
        handle = os.open(run.path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UserError(
            f"{run.path} can't be written: {error.strerror}.",
            "Check that it is there, its permissions and the free space.",
        ) from None
    try:
        if not _locked(handle):
            raise UserError(
                f"{run.id} can't be taken up again: a worker is still at it.",
                "Stop it first, or wait until it has saved.",
            )
        yield
    finally:
        os.close(handle)

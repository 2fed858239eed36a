"""The process that runs a study: `python -m kerastui.models.studies.runner STUDY_DIR`.

It has imported Keras and runs no operation, so that it forks the workers of the members, as the
nursery does; it may itself be forked from the nursery. It writes to files only, and it and the
workers go on when the terminal, the connection or the user interface is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.models.runs import deaths
from kerastui.models.runs.folder import birth, here, worker_lives
from kerastui.models.runs.store import Run
from kerastui.models.studies.pool import Pool, Slot, has_room, memory_needed, slots
from kerastui.models.studies.store import StudyFolder

LOOK = 0.1
"""Seconds between two looks at the members."""


def main(arguments: list[str] | None = None) -> int:
    """Run the study whose directory is named on the command line; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1:
        print("usage: python -m kerastui.models.studies.runner STUDY_DIR", file=sys.stderr)
        return 2
    path = Path(arguments[0]).absolute()
    if not (path / "study.json").is_file():
        print(f"{path} is no study's directory: it holds no study.json.", file=sys.stderr)
        return 2
    return execute(path)


def execute(path: Path) -> int:
    """Run a study in this process, which becomes its runner; returns the exit status."""
    from kerastui.models.processes.process import redirect

    folder = StudyFolder(path)
    redirect(folder.console)
    if os.getpid() != os.getsid(0):
        with contextlib.suppress(OSError):
            os.setsid()
    info = folder.info()
    if info.pid not in (None, os.getpid()) and info.status == "running" and worker_lives(info):
        print("Another runner is at this study.", file=sys.stderr)
        return 1
    starter = _Starter(folder)
    pool = Pool(folder, starter.start, starter.slots, starter.room)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: pool.stop())
    pool.begin(os.getpid(), birth(os.getpid()), here())
    error = ""
    try:
        starter.prepare()
        while pool.step():
            time.sleep(LOOK)
            starter.reap()
    except UserError as problem:
        traceback.print_exc()
        error = str(problem)
        pool.stop()
    except Exception as problem:
        traceback.print_exc()
        error = f"The study can't go on: {problem or type(problem).__name__}."
        pool.stop()
    return 0 if pool.end(error).status in ("finished", "stopped") else 1


class _Starter:
    """Starts workers: forked, or as processes of their own for other backends.

    Attributes:
        slots: The places that this machine has for the study's members.
    """

    def __init__(self, folder: StudyFolder) -> None:
        from kerastui.models.machine import hardware

        experiment, info = folder.experiment(), folder.info()
        self._forks = experiment.backend == "tensorflow" and hasattr(os, "fork")
        self._needed = memory_needed(experiment)
        self._children: dict[int, Run] = {}
        machine = hardware.snapshot()
        self.slots = slots(
            experiment,
            len(info.members),
            machine,
            jobs=info.jobs,
            cuda=bool(machine.gpus) and (not self._forks or _built_for_cuda()),
        )

    def prepare(self) -> None:
        """Import what the workers need, unless it is there already."""
        if self._forks and "kerastui.models.training.fast" not in sys.modules:
            from kerastui.models.processes.nursery import load

            load()

    def start(self, run: Run, slot: Slot) -> None:
        """Start the worker of a run; raises `UserError` where no process can be started."""
        from kerastui.models.processes import launch

        if not self._forks:
            launch.launch(run, slot.environment)
            return
        try:
            pid = os.fork()
        except OSError as error:
            raise UserError(
                f"No worker can be started: {error.strerror}.", "Close other programs."
            ) from None
        if pid:
            self._children[pid] = run
            run.being_started(pid)
            return
        from kerastui.models.processes.nursery import leave
        from kerastui.models.processes.worker import execute as execute_run

        os.setsid()
        os.environ.update(slot.environment)
        leave(lambda: execute_run(run.path))

    def reap(self) -> None:
        """Wait for the children that have ended: as zombies they would look alive."""
        for pid, run in list(self._children.items()):
            with contextlib.suppress(ChildProcessError):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended == 0:
                    continue
                deaths.note_death(run, pid, os.waitstatus_to_exitcode(status))
            del self._children[pid]

    def room(self, runs: Sequence[Run]) -> bool:
        """Say whether there is memory for one more worker beside those of these runs."""
        import psutil

        from kerastui.models.machine import hardware

        used = []
        for run in runs:
            taken = 0  # one that has not begun yet has its memory still to come
            with contextlib.suppress(psutil.Error, UserError):
                if pid := run.info().pid:
                    taken = psutil.Process(pid).memory_info().rss
            used.append(taken)
        self._needed = max(self._needed, *used)
        return has_room(self._needed, used, hardware.snapshot().memory.available)


def _built_for_cuda() -> bool:
    """Say whether TensorFlow can use GPUs, without asking for them: that would start CUDA."""
    import tensorflow as tf

    return bool(tf.sysconfig.get_build_info().get("is_cuda_build"))


if __name__ == "__main__":
    sys.exit(main())

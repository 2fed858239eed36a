"""Which members of a study run now, which next, and when it is over. Processes are someone else's.

`Pool.step` is called again and again by the runner; everything it knows stands on disk, so that a
study whose runner was lost can be taken up by another one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import ACTIVE, Run
from kerastui.models.studies import members as studies
from kerastui.models.studies.members import Member, Result
from kerastui.models.studies.store import (
    SKIPPED,
    WAITING,
    MemberInfo,
    StudyCommands,
    StudyFolder,
    StudyInfo,
)
from kerastui.models.training.resume import resume

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.machine.hardware import Snapshot

SPARE = 256 * 2**20
"""Bytes of memory that are left to everybody else."""

WORKER_MEMORY = 400 * 2**20
"""Bytes that a worker takes beside its data; forked ones share much of it."""

COPIES = 2.5
"""How often a worker holds its data: as read, as prepared, and on the device."""


@dataclass(frozen=True)
class Slot:
    """A place for one run at a time, and the environment that keeps its worker in that place."""

    number: int
    environment: Mapping[str, str] = field(default_factory=dict)


Start = Callable[[Run, Slot], None]
Room = Callable[[Sequence[Run]], bool]


class Pool:
    """The members of a study on their way through the slots.

    Args:
        folder: The study; its `study.json` is kept up to date.
        start: Starts the worker of a run in a slot.
        slots: How many run at a time, and where.
        room: Says whether there is memory for one more beside those that run.
    """

    def __init__(
        self, folder: StudyFolder, start: Start, slots: Sequence[Slot], room: Room
    ) -> None:
        self.folder = folder
        self.info: StudyInfo = folder.info()
        self.experiment: Experiment = folder.experiment()
        self.stopping = False
        self._closing = False
        self._start = start
        self._room = room
        self._free = list(slots)
        self._members: list[Member] = studies.members(self.experiment)
        self._wanted = studies.wanted(self.experiment)
        self._running: dict[int, tuple[Run, Slot]] = {}
        self._results: dict[int, Result] = {}
        self._commands = StudyCommands(folder.commands, self.info.commands_from)
        self.info.slots = len(slots)
        self._adopt()

    def begin(self, pid: int, pid_started: float, host: str) -> None:
        """Say in `study.json` who runs it."""
        info = self.info
        info.status, info.started = "running", info.started or time.time()
        info.pid, info.pid_started, info.host, info.error = pid, pid_started, host, ""
        self.folder.write_info(info)

    def stop(self) -> None:
        """Start no more members, and ask those that run to keep what they have."""
        self.stopping = True
        self._leave_out_the_rest()

    def step(self) -> bool:
        """Look at what runs, start what can be started; returns whether there is more to do."""
        changed = self._look()
        if not self.stopping and self._commands.stop_asked():
            self.stop()
            changed = True
        if not self._closing and self._has_succeeded():
            self._leave_out_the_rest()
            changed = True
        changed |= self._fill()
        if changed:
            self.folder.write_info(self.info)
        return bool(self._running) or any(one.state == WAITING for one in self.info.members)

    def end(self, error: str = "") -> StudyInfo:
        """Say in `study.json` how it ended."""
        finished = any(member.state == "finished" for member in self.info.members)
        if error or not (finished or self.stopping):
            self.info.status = "failed"
        else:
            self.info.status = "stopped" if self.stopping else "finished"
        self.info.error = error
        self.info.ended = time.time()
        self.folder.write_info(self.info)
        return self.info

    # --- what runs ---------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Take over what a lost runner has left behind."""
        for place, member in enumerate(self.info.members):
            run = self.folder.run_of(member)
            if run is None or member.state == WAITING:  # to come, or to go on
                continue
            with suppress(UserError):
                member.state = run.info().status
            if member.active and self._free:
                self._running[place] = run, self._free.pop(0)
            elif not member.active:
                self._take_result(place, run)

    def _look(self) -> bool:
        """Take note of the states of the running members; returns whether any changed."""
        changed = False
        for place, (run, slot) in list(self._running.items()):
            member = self.info.members[place]
            try:
                status = run.info().status
            except UserError:  # its directory was removed or damaged
                status = "lost"
            if status == member.state:
                continue
            member.state, changed = status, True
            if status not in ACTIVE:
                del self._running[place]
                self._free.append(slot)
                self._free.sort(key=lambda one: one.number)
                self._take_result(place, run)
        return changed

    def _take_result(self, place: int, run: Run) -> None:
        with suppress(UserError):
            self._results[place] = studies.result(run, self._wanted)
        self.info.run = self._standing()
        ended = [
            self._results[place]
            for place, member in enumerate(self.info.members)
            if member.state == "finished" and place in self._results
        ]
        self.info.figures = {
            variant: {path: figures[path] for path in self._wanted if path in figures}
            for variant, figures in studies.gathered(self.experiment, ended).items()
        }

    def _standing(self) -> str:
        """Return the run that stands for the study."""
        for place, member in enumerate(self.info.members):
            result = self._results.get(place)
            if result and studies.succeeded(self.experiment, result.figures):
                return member.run
        return self.info.members[0].run

    def _has_succeeded(self) -> bool:
        """Say whether the figures are reached that the study repeats for.

        Only the first member in order counts, and only when all before it have ended: which of
        two that run at the same time is quicker must not decide.
        """
        for place, member in enumerate(self.info.members):
            if member.state == WAITING or member.active:
                return False
            result = self._results.get(place)
            if result and studies.succeeded(self.experiment, result.figures):
                return member.state == "finished"
        return False

    def _leave_out_the_rest(self) -> None:
        """Start nothing more, and ask what runs to stop."""
        self._closing = True
        for member in self.info.members:
            if member.state == WAITING:
                member.state = SKIPPED
        for run, _ in self._running.values():
            with suppress(UserError):
                run.command("stop")

    # --- what comes next ---------------------------------------------------------------------

    def _fill(self) -> bool:
        """Start members while there are slots and memory; returns whether one was started."""
        changed = False
        for place, member in enumerate(self.info.members):
            if not self._free:
                break
            if member.state != WAITING:
                continue
            runs = [run for run, _ in self._running.values()]
            if runs and not self._room(runs):
                break
            self._begin(place, member)
            changed = True
        return changed

    def _begin(self, place: int, member: MemberInfo) -> None:
        run = self._taken_up(member) or self.folder.workspace.create(
            self._members[place].experiment, study=self.folder.id, variant=member.variant
        )
        slot = self._free.pop(0)
        member.run, member.state = run.id, "queued"
        self._running[place] = run, slot
        self._start(run, slot)

    def _taken_up(self, member: MemberInfo) -> Run | None:
        """Have the run of a member go on that was interrupted; None where a new one is due."""
        run = self.folder.run_of(member)
        try:
            return run and resume(run)
        except UserError:  # removed, damaged, or finished after all
            return None


def slots(
    experiment: Experiment, members: int, machine: Snapshot, *, jobs: int = 0, cuda: bool = False
) -> list[Slot]:
    """Return the places that a machine has for the members of a study.

    On GPUs one member each, on a CPU as many as cores; fewer members than cores share them out.

    Args:
        experiment: Says which device it wants.
        members: How many there are at most.
        machine: What the machine has.
        jobs: How many places were asked for; 0 leaves it to the machine.
        cuda: Whether TensorFlow can use the machine's GPUs.
    """
    kind, _, number = experiment.device.lower().partition(":")
    on_gpu = cuda and bool(machine.gpus) and kind in ("auto", "gpu")
    if on_gpu and number:  # a certain card: one after the other
        return [Slot(place) for place in range(max(1, min(jobs or 1, members)))]
    cores = machine.cpu.usable_cores
    count = max(1, min(jobs or (len(machine.gpus) if on_gpu else cores), members))
    threads = str(max(1, cores // count))
    environment = {
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "OMP_NUM_THREADS": threads,
    }
    if not on_gpu:
        return [Slot(place, environment) for place in range(count)]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    cards = [card for card in visible.split(",") if card.strip()]
    cards = cards or [str(card) for card in range(len(machine.gpus))]
    order = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    return [
        Slot(place, {**environment, **order, "CUDA_VISIBLE_DEVICES": cards[place % len(cards)]})
        for place in range(count)
    ]


def memory_needed(experiment: Experiment) -> int:
    """Return about how many bytes a worker of an experiment takes, known before it starts."""
    from kerastui.datasets.catalogue import card_of

    with suppress(UserError):
        known = card_of(experiment.data)
        given = experiment.data.parameters
        rows = int(given.get("n_samples", known.rows) or known.rows)
        width = 1
        for size in known.shape or (int(given.get("n_features", 1)),):
            width *= size
        for step in experiment.data.steps:
            if step.step == "multi_hot":
                width = step.words
            elif step.step == "pad":
                width = step.length
        return WORKER_MEMORY + int(rows * width * 4 * COPIES)
    return WORKER_MEMORY


def has_room(needed: int, used: Sequence[int], available: int) -> bool:
    """Say whether one more worker fits into the memory.

    Args:
        needed: Bytes that each worker takes in the end.
        used: Bytes that those running take so far; what they will still take is not free.
        available: Bytes that are free now.
    """
    promised = sum(max(0, needed - bytes_) for bytes_ in used)
    return available - promised - SPARE >= needed

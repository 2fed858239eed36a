"""How a study is going, for every view of it: rows, groups, progress; pure but for the reader."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError
from kerastui.models.runs.events import EventReader
from kerastui.models.runs.figures import Value, Verdict
from kerastui.models.runs.history import History
from kerastui.models.runs.store import ACTIVE, RunInfo
from kerastui.models.studies import members as studies
from kerastui.models.studies.members import Result
from kerastui.models.studies.store import SKIPPED, WAITING, MemberInfo, StudyFolder, StudyInfo

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment


@dataclass(frozen=True)
class Row:
    """One member as a table shows it.

    Attributes:
        run: Id of its run, empty while it waits.
        metric: The metric that `last`, `best` and `best_epoch` speak of, empty before there is one.
        seconds: Since it started, or what it took.
        left: Seconds it will still take; None where that can't be known.
        share: How much of it is done, 0 to 1.
    """

    variant: str
    seed: int
    run: str
    state: str
    epoch: int
    epochs: int
    metric: str = ""
    last: float = math.nan
    best: float = math.nan
    best_epoch: int = 0
    seconds: float = 0.0
    left: float | None = None

    @property
    def share(self) -> float:
        if self.state not in ACTIVE and self.state != WAITING:
            return 1.0
        return min(1.0, self.epoch / self.epochs) if self.epochs else 0.0


@dataclass(frozen=True)
class Group:
    """A variant over its repeats: one figure of its finished runs."""

    variant: str
    figure: str
    runs: int
    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True)
class Overview:
    """A study at one moment.

    Attributes:
        done: Members that have ended or are not needed any more.
        share: How much of the whole is done, 0 to 1.
        left: Seconds until its end; None where that can't be known yet.
        groups: A line for each variant that has a finished run.
    """

    status: str
    rows: tuple[Row, ...]
    done: int
    share: float
    left: float | None
    groups: tuple[Group, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


def row(member: MemberInfo, info: RunInfo | None, history: History | None, now: float) -> Row:
    """Return a member's line.

    Args:
        member: What the study's record says of it.
        info: What its run's record says.
        history: What its run's events say.
        now: Unix time.
    """
    if info is None:
        return Row(member.variant, member.seed, member.run, member.state, 0, 0)
    history = history or History()
    metric = _metric(history)
    best = history.best(metric) if metric else None
    began = info.started or info.created
    return Row(
        member.variant,
        member.seed,
        member.run,
        _state(member, info, history),
        history.epoch or info.epoch,
        history.epochs or info.epochs,
        metric,
        history.last(metric) if metric else math.nan,
        best.value if best else math.nan,
        best.epoch if best else 0,
        max(0.0, (info.ended or now) - began),
        history.seconds_left(),
    )


def overview(
    info: StudyInfo, rows: Sequence[Row], groups: Sequence[Group] = (),
    verdicts: Sequence[Verdict] = (),
) -> Overview:  # fmt: skip
    """Return the whole of a study from its members' lines."""
    done = sum(1 for one in rows if one.state != WAITING and one.state not in ACTIVE)
    share = sum(one.share for one in rows) / len(rows) if rows else 0.0
    left = seconds_left(rows, max(1, info.slots)) if info.status in ACTIVE else None
    return Overview(info.status, tuple(rows), done, share, left, tuple(groups), tuple(verdicts))


def seconds_left(rows: Sequence[Row], slots: int) -> float | None:
    """Return how long the rest of a study takes with so many slots.

    A member that waits takes as long as the ended ones of its variant, or of all; before one has
    ended, as those running will have taken. None while nothing tells.
    """
    ended = [one for one in rows if one.state == "finished"]
    running = [one for one in rows if one.state in ACTIVE]
    whole = {one.run: one.seconds + one.left for one in running if one.left is not None}
    loads = []
    for one in rows:
        if one.state not in ACTIVE and one.state != WAITING:
            continue
        alike = [other.seconds for other in ended if other.variant == one.variant]
        known = alike or [other.seconds for other in ended] or list(whole.values())
        if one.left is not None:
            loads.append(one.left)
        elif known:
            loads.append(max(0.0, sum(known) / len(known) - one.seconds))
        else:
            return None
    # The longest first, each into the slot that is free first: close to the best order, and
    # not far from the one that is taken.
    free = [0.0] * slots
    for load in sorted(loads, reverse=True):
        free[free.index(min(free))] += load
    return max(free)


def groups(results: Sequence[Result], figure: str) -> list[Group]:
    """Return mean, deviation, lowest and highest of a figure for each variant."""
    found: dict[str, list[float]] = {}
    for entry in results:
        value = entry.figures.get(figure)
        if isinstance(value, int | float):
            found.setdefault(entry.variant, []).append(float(value))
    return [
        Group(variant, figure, len(values), *studies.mean_and_deviation(values), min(values),
              max(values))
        for variant, values in found.items()
    ]  # fmt: skip


def leading(experiment: Experiment, results: Sequence[Result]) -> str:
    """Return the figure that a study's table shows: the first published one that a run has, else
    one measured on rows the model never saw, else the loss."""
    asked = [figure.figure for figure in experiment.published]
    usual = ["test.accuracy", "test.mae", "test.loss", "validation.accuracy", "validation.loss"]
    for path in [*asked, *usual, "best.val_loss", "last.loss"]:
        if results and all(isinstance(one.figures.get(path), int | float) for one in results):
            return path
    return "last.loss"


@dataclass
class StudyReader:
    """Follows a study by its files and those of its runs; only what is new is read.

    Attributes:
        folder: The study.
        histories: Run id -> what its events say, for charts that lay them over each other.
    """

    folder: StudyFolder
    histories: dict[str, History] = field(default_factory=dict)
    _readers: dict[str, EventReader] = field(default_factory=dict)
    _infos: dict[str, RunInfo] = field(default_factory=dict)
    _results: dict[str, Result] = field(default_factory=dict)
    _experiment: Experiment | None = None

    @property
    def experiment(self) -> Experiment:
        """The experiment with its study; raises `UserError` if it can't be read."""
        if self._experiment is None:
            self._experiment = self.folder.experiment()
        return self._experiment

    @property
    def infos(self) -> Mapping[str, RunInfo]:
        """The records of the members' runs, by run id."""
        return self._infos

    @property
    def ended(self) -> list[tuple[RunInfo, Result]]:
        """The finished members' records and what they reached, in the order of the members."""
        return [(self._infos[run], result) for run, result in self._results.items()]

    @property
    def results(self) -> list[Result]:
        """What the finished members reached, in the order of the members."""
        return list(self._results.values())

    def refresh(self) -> Overview:
        """Read what is new and return the study as it is now: for threads, or for the terminal.

        Raises:
            UserError: The study's record can't be read.
        """
        info = self.folder.info()
        now = time.time()
        rows = [self._row(member, now) for member in info.members]
        order = [member.run for member in info.members]
        self._results = {run: self._results[run] for run in order if run in self._results}
        results = self.results
        figure = leading(self.experiment, results)
        verdicts = studies.verdicts(self.experiment, results) if results else []
        return overview(info, rows, groups(results, figure), verdicts)

    def figures(self) -> dict[str, dict[str, Value]]:
        """Return each variant's figures, and those of all members together under `*`."""
        return studies.gathered(self.experiment, self.results)

    def _row(self, member: MemberInfo, now: float) -> Row:
        run = self.folder.run_of(member)
        if run is None or member.state in (WAITING, SKIPPED):
            return row(member, None, None, now)
        known = self._infos.get(run.id)
        if known is None or known.status in ACTIVE:
            reader = self._readers.setdefault(run.id, EventReader(run.events))
            history = self.histories.setdefault(run.id, History())
            while events := reader.read():
                history.apply_all(events)
            with suppress(UserError):
                known = self._infos[run.id] = run.info()
                if known.status == "finished":
                    self._results[run.id] = studies.result(run, studies.wanted(self.experiment))
        return row(member, known, self.histories.get(run.id), now)


def _metric(history: History) -> str:
    """Return the metric of a study's table: validation before training, the loss before others."""
    for name in ("val_loss", "loss", *history.metrics):
        if name in history.series and name != "learning_rate":
            return name
    return ""


def _state(member: MemberInfo, info: RunInfo, history: History) -> str:
    """Return the state that was seen last: the run knows first, the events before its record."""
    if info.status in ACTIVE and history.status in ("running", "paused"):
        return history.status
    return info.status or member.state

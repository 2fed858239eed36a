"""Follows a study by its files, and gives what a screen shows of it."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kerastui.models.runs.history import History
from kerastui.models.runs.store import ACTIVE
from kerastui.models.studies import members as studies
from kerastui.models.studies.view import Overview, Row, StudyReader

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.studies.members import Result
    from kerastui.models.studies.store import StudyFolder


@dataclass(frozen=True)
class Picture:
    """A study at one moment; the reading thread does not touch it any more.

    Attributes:
        experiment: The experiment with its study.
        overview: Its members and how far they are.
        series: Run id -> metric -> values, one an epoch.
        metrics: The metrics of any member, training before validation.
        means: Metric -> variant -> how many finished members there are of it and the mean of
            their curves; for those with several.
        spoken: The metrics whose mean over all members the published figures speak of.
        joined: Metric -> that mean, smoothed.
        results: What the finished members reached.
    """

    experiment: Experiment
    overview: Overview
    series: Mapping[str, Mapping[str, array[float]]]
    metrics: Sequence[str]
    means: Mapping[str, Mapping[str, tuple[int, array[float]]]]
    spoken: Sequence[str]
    joined: Mapping[str, array[float]]
    results: Sequence[Result]

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        rows = self.overview.rows
        return self.overview.status not in ACTIVE and not any(row.state in ACTIVE for row in rows)

    @property
    def variants(self) -> list[str]:
        """The names of the variants, in their order."""
        return list(dict.fromkeys(row.variant for row in self.overview.rows))

    @property
    def repeated(self) -> bool:
        """Whether variants have several members."""
        return len(self.variants) < len(self.overview.rows)


@dataclass
class StudyMonitor:
    """Keeps up to date with a study. `look` belongs in a thread, one at a time."""

    folder: StudyFolder
    picture: Picture | None = None
    _reader: StudyReader = field(init=False)
    _finished: int = -1
    _means: dict[str, dict[str, tuple[int, array[float]]]] = field(default_factory=dict)
    _joined: dict[str, array[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reader = StudyReader(self.folder)

    def look(self) -> Picture:
        """Read what is new; returns the study as it is now.

        Raises:
            UserError: The study can't be read.
        """
        overview = self._reader.refresh()
        histories = self._reader.histories
        finished = [row for row in overview.rows if row.state == "finished"]
        if len(finished) != self._finished:
            self._finished = len(finished)
            self._average(finished)
        metrics: dict[str, None] = {}
        for history in histories.values():
            metrics.update(dict.fromkeys(history.metrics))
        metrics.pop("learning_rate", None)
        self.picture = Picture(
            self._reader.experiment,
            overview,
            {run: dict(history.series) for run, history in histories.items()},
            list(metrics),
            {metric: dict(found) for metric, found in self._means.items()},
            self._spoken(),
            dict(self._joined),
            self._reader.results,
        )
        return self.picture

    def history(self, run: str) -> History | None:
        """Return what is known of a member's run."""
        return self._reader.histories.get(run)

    def repeats(self, run: str) -> list[History]:
        """Return the histories of the other finished members of a run's variant."""
        rows = self.picture.overview.rows if self.picture else ()
        variant = next((row.variant for row in rows if row.run == run), None)
        return [
            self._reader.histories[row.run]
            for row in rows
            if row.variant == variant and row.run != run and row.state == "finished"
        ]

    def _spoken(self) -> list[str]:
        paths = studies.wanted(self._reader.experiment)
        names = [path.rpartition(".")[2] for path in paths if path.startswith("mean.")]
        return list(dict.fromkeys(names))

    def _average(self, finished: Sequence[Row]) -> None:
        histories = [(row.variant, self._reader.histories[row.run]) for row in finished]
        metrics = {name for _, history in histories for name in history.series}
        study, spoken = self._reader.experiment.study, self._spoken()
        for metric in metrics - {"learning_rate"}:
            curves: dict[str, list[array[float]]] = {}
            for variant, history in histories:
                if metric in history.series:
                    curves.setdefault(variant, []).append(history.series[metric])
            self._means[metric] = {
                variant: (len(found), array("d", studies.mean_curve(found)))
                for variant, found in curves.items()
                # Of attempts that go on until one succeeds the mean says nothing.
                if len(found) > 1 and not (study and study.until)
            }
            if metric in spoken:
                whole = studies.mean_curve([curve for found in curves.values() for curve in found])
                gap = [float("nan")] * studies.WARM_UP
                smooth = studies.smoothed(whole[studies.WARM_UP :])
                self._joined[metric] = array("d", [*gap, *smooth])

"""Studies: the runs that one experiment asks for, and what their figures say together.

Pure logic on experiments and run records; whoever starts the runs decides when and where.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.figures import Value, Verdict, at_epochs, judge, of_history
from kerastui.models.runs.history import lower_is_better

if TYPE_CHECKING:
    from kerastui.models.runs.history import History
    from kerastui.models.runs.store import Run, RunInfo


ALL = "*"
"""The variant whose figures are those of all members together."""

WARM_UP = 10
"""Epochs that a smoothed mean curve leaves out: they would hide what follows."""

_MEAN = "mean."


class Member(NamedTuple):
    """One run of a study: the variant it belongs to (empty without a study), and what to run."""

    variant: str
    experiment: Experiment


@dataclass(frozen=True)
class Result:
    """The figures that one member of a study reached, and the data set that stood in, if any."""

    variant: str
    seed: int
    figures: Mapping[str, Value]
    substitute: str = ""
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Metric -> one value an epoch, for the metrics of which a mean curve is wanted."""


def members(experiment: Experiment) -> list[Member]:
    """Return what a study consists of; an experiment without a study is its only member.

    All variants come with the first seed, then all with the next one, so that there is
    something to compare early. The base keeps the study and the published figures; variants
    have neither, since the figures speak of the base.

    Raises:
        UserError: Two members have the same name, or a variant can't be made.
    """
    study = experiment.study
    if study is None:
        return [Member("", experiment)]
    names = [study.base, *(variant.name for variant in study.variants)]
    if ALL in names:
        raise UserError(
            f"A member of the study of {experiment.name} is called {ALL!r}.",
            "That stands for all members together; give it another name.",
        )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UserError(
            f"The study of {experiment.name} has two members called {twice[0]!r}.",
            "Give every variant a name of its own, different from study.base.",
        )
    kinds = [Member(study.base, experiment)]
    for variant in study.variants:
        try:
            changed = experiment.changed({"study": None, "published": [], **variant.set})
        except UserError as error:
            raise UserError(f"Variant {variant.name!r}: {error.message}", error.hint) from None
        kinds.append(Member(variant.name, changed))
    return [
        Member(name, _with_next_seed(member, repeat))
        for repeat in range(study.repeats)
        for name, member in kinds
    ]


def group(infos: Iterable[RunInfo]) -> dict[str, list[RunInfo]]:
    """Return the runs of each study by its identifier, in the order they were made.

    Runs outside a study are left out.
    """
    studies: dict[str, list[RunInfo]] = {}
    for info in sorted(infos, key=lambda info: (info.created, info.id)):
        if info.study:
            studies.setdefault(info.study, []).append(info)
    return studies


def wanted(experiment: Experiment) -> list[str]:
    """Return the paths of all figures that the published ones are held against."""
    until = experiment.study.until if experiment.study else []
    paths = [figure.figure for figure in [*experiment.published, *until]]
    paths += [
        figure.compare.figure
        for figure in experiment.published
        if figure.compare and figure.compare.figure
    ]
    return list(dict.fromkeys(paths))


def result(run: Run, paths: list[str]) -> Result:
    """Return what a run reached so far.

    Args:
        run: The run, ended or not.
        paths: Figures that are wanted beside the recorded ones, see `wanted`.

    Raises:
        UserError: The run can't be read.
    """
    return reached(run.info(), run.history(), paths)


def reached(info: RunInfo, history: History, paths: list[str]) -> Result:
    """Return the same from what was read already."""
    figures = {**of_history(history), **at_epochs(history, paths), **history.figures}
    curves = {
        metric: history.series[metric]
        for path in paths
        if path.startswith(_MEAN) and (metric := path.rpartition(".")[2]) in history.series
    }
    return Result(info.variant, info.seed, {**figures, **info.figures}, info.substitute, curves)


def medians(results: Iterable[Result]) -> dict[str, dict[str, Value]]:
    """Return each variant's figures over its seeds: the median of numbers, the commonest word.

    A number that is NaN for one seed is NaN altogether: a run that broke is not passed over.
    """
    gathered: dict[str, dict[str, list[Value]]] = {}
    for entry in results:
        figures = gathered.setdefault(entry.variant, {})
        for path, value in entry.figures.items():
            figures.setdefault(path, []).append(value)
    return {
        variant: {path: _middle(values) for path, values in figures.items()}
        for variant, figures in gathered.items()
    }


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the standard deviation of a sample, NaN where a value is not finite."""
    if not values or not all(map(math.isfinite, values)):
        return math.nan, math.nan
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def together(results: Sequence[Result]) -> dict[str, Value]:
    """Return what the members reached as a whole: the figures of the variant `*`.

    The mean of every figure that is a number for all of them, `study.runs`, and `mean.*` of
    the metrics whose curves are there.
    """
    if not results:
        return {}
    shared = set.intersection(*({*entry.figures} for entry in results))
    figures: dict[str, Value] = {}
    for path in sorted(shared):
        values = [entry.figures[path] for entry in results]
        numbers = [value for value in values if isinstance(value, int | float)]
        if len(numbers) == len(values):
            figures[path] = mean_and_deviation(numbers)[0]
    figures["study.runs"] = float(len(results))
    for metric in results[0].curves:
        curve = mean_curve([entry.curves.get(metric, ()) for entry in results])
        smooth = smoothed(curve[WARM_UP:])
        for name, points, before in (("mean", curve, 0), ("mean.smooth", smooth, WARM_UP)):
            if points:
                best = min(points) if lower_is_better(metric) else max(points)
                figures[f"{name}.best.{metric}"] = best
                figures[f"{name}.best_epoch.{metric}"] = float(points.index(best) + 1 + before)
    return figures


def mean_curve(curves: Sequence[Sequence[float]]) -> list[float]:
    """Return the mean of several curves epoch by epoch, as long as the shortest of them."""
    return [statistics.fmean(values) for values in zip(*curves, strict=False)]


def smoothed(points: Sequence[float], factor: float = 0.9) -> list[float]:
    """Return an exponential moving average: `factor` of the point before, the rest new."""
    found: list[float] = []
    for point in points:
        found.append(point if not found else factor * found[-1] + (1 - factor) * point)
    return found


def succeeded(experiment: Experiment, figures: Mapping[str, Value]) -> bool:
    """Say whether a run's figures are all what the study repeats for; never without `until`."""
    until = experiment.study.until if experiment.study else []
    return bool(until) and all(judge(figure, figures).state == "inside" for figure in until)


def counted(experiment: Experiment, results: Iterable[Result]) -> list[Result]:
    """Return the results that count: with `until`, those up to the first that succeeded.

    Runs beside each other may end in any order; only the order of their seeds decides, so that
    a study has the same outcome on every machine.
    """
    gathered = list(results)
    if experiment.study is None or not experiment.study.until:
        return gathered
    gathered.sort(key=lambda entry: (entry.seed - experiment.seed) % 2**32)
    for place, entry in enumerate(gathered):
        if succeeded(experiment, entry.figures):
            return gathered[: place + 1]
    return gathered


def gathered(experiment: Experiment, results: Iterable[Result]) -> dict[str, dict[str, Value]]:
    """Return the figures of each variant, and under `*` those of all members together.

    Over several seeds the median counts; where a study repeats until it succeeds, the base has
    the figures of the last run that counts.
    """
    found = counted(experiment, results)
    figures = {**medians(found), ALL: together(found)}
    if experiment.study and experiment.study.until and found:
        figures[experiment.study.base] = dict(found[-1].figures)
    return figures


def verdicts(experiment: Experiment, results: Iterable[Result]) -> list[Verdict]:
    """Hold the published figures against the base member and, where they ask, the variants.

    On substitute data nothing is judged, only shown: the figures were published for others.

    Args:
        experiment: The experiment as it was started, with its study.
        results: What its members reached, several seeds of each where it repeats.
    """
    known = list(results)
    figures = gathered(experiment, known)
    base = figures.get(experiment.study.base if experiment.study else "", {})
    found = [judge(figure, base, figures) for figure in experiment.published]
    if any(entry.substitute for entry in known):
        found = [replace(verdict, state="shown") for verdict in found]
    return found


def _with_next_seed(experiment: Experiment, repeat: int) -> Experiment:
    if repeat == 0:
        return experiment
    return experiment.changed({"seed": (experiment.seed + repeat) % 2**32})


def _middle(values: Sequence[Value]) -> Value:
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values):
        return Counter(str(value) for value in values).most_common(1)[0][0]
    if any(math.isnan(number) for number in numbers):
        return math.nan
    return statistics.median(numbers)

"""Studies: the runs that one experiment asks for, and what their figures say together.

Pure logic on experiments and run records; whoever starts the runs decides when and where.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from kerastui.datasets.errors import UserError
from kerastui.models.experiment import Experiment
from kerastui.models.figures import Value, Verdict, at_epochs, judge, of_history

if TYPE_CHECKING:
    from kerastui.models.runs import Run, RunInfo


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
    paths = [figure.figure for figure in experiment.published]
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
    info = run.info()
    history = run.history()
    figures = {**of_history(history), **at_epochs(history, paths), **history.figures}
    return Result(info.variant, info.seed, {**figures, **info.figures}, info.substitute)


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


def verdicts(experiment: Experiment, results: Iterable[Result]) -> list[Verdict]:
    """Hold the published figures against the base member and, where they ask, the variants.

    On substitute data nothing is judged, only shown: the figures were published for others.

    Args:
        experiment: The experiment as it was started, with its study.
        results: What its members reached, several seeds of each where it repeats.
    """
    gathered = list(results)
    by_variant = medians(gathered)
    base = by_variant.get(experiment.study.base if experiment.study else "", {})
    found = [judge(figure, base, by_variant) for figure in experiment.published]
    if any(entry.substitute for entry in gathered):
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

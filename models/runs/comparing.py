"""Runs side by side: their figures with the best marked, and the settings that differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.experiment import differences as setting_differences
from kerastui.models.experiment.differences import Difference
from kerastui.models.runs.figures import Value
from kerastui.models.runs.history import lower_is_better
from kerastui.models.runs.store import Run, RunInfo, Workspace
from kerastui.models.runs.timeline import Timeline, read

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

LETTERS = "ABCDEFGH"
MOST = len(LETTERS)
"""Runs that can be held side by side."""

_PARTS = ("test", "validation", "train", "best")


@dataclass(frozen=True)
class Compared:
    """One of the runs.

    Attributes:
        letter: What it is called beside the others.
        experiment: None where it can't be read; `problem` says why.
    """

    letter: str
    run: Run
    info: RunInfo
    timeline: Timeline
    experiment: Experiment | None
    problem: str = ""


@dataclass(frozen=True)
class FigureRow:
    """One figure of all runs, None where a run has none.

    Attributes:
        best: Places of the runs that reached the best value; empty where nothing is better, as
            with a number of epochs, or all are equal.
        at: The epochs that reached the values of a `best.` figure.
    """

    path: str
    words: str
    values: tuple[Value | None, ...]
    best: frozenset[int] = frozenset()
    at: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        settings: What differs in what was asked for.
        circumstances: What else differs: versions, device, the very data.
        metrics: What has curves, the losses first.
    """

    runs: tuple[Compared, ...]
    figures: tuple[FigureRow, ...]
    settings: tuple[Difference, ...]
    circumstances: tuple[Difference, ...] = ()
    metrics: tuple[str, ...] = ()
    labels: tuple[str, ...] = field(default=())

    @property
    def active(self) -> bool:
        """Whether one of the runs goes on."""
        from kerastui.models.runs.store import ACTIVE

        return any(one.info.status in ACTIVE for one in self.runs)

    @property
    def caution(self) -> str:
        """Why the figures can't simply be held against each other; empty where they can."""
        differ = {one.path for one in (*self.settings, *self.circumstances)}
        if differ & {"data.dataset", "data.sha256", "data.substitute", "data.task"}:
            return "The data differ, so the figures speak of different things."
        if any(path.startswith("data.split.") for path in differ):
            return "The split differs, so other rows were tested."
        random = any(
            one.experiment is not None and one.experiment.data.split.kind == "fraction"
            for one in self.runs
        )
        if "seed" in differ and random:
            return "Another seed draws another split, so other rows were tested."
        return ""


def compare(runs: Sequence[Run]) -> Comparison:
    """Hold runs side by side; reads their files, so it belongs into a thread.

    Raises:
        UserError: Fewer than two runs or too many, or one can't be read.
    """
    distinct = list({run.path: run for run in runs}.values())
    check_count(len(distinct))
    return of([_read(run, letter) for run, letter in zip(distinct, LETTERS, strict=False)])


def check_count(count: int) -> None:
    """Raise `UserError` where so many runs can't be held side by side."""
    if not 2 <= count <= MOST:
        raise UserError(
            f"{count} run{'s' * (count != 1)} can't be held side by side.",
            f"Accepted: 2 to {MOST} different runs; Space marks them on the Runs screen.",
        )


def of(runs: Sequence[Compared]) -> Comparison:
    """Hold runs side by side that were read already."""
    plains = [one.experiment for one in runs]
    settings: list[Difference] = []
    if all(plain is not None for plain in plains):
        settings = setting_differences.between([plain for plain in plains if plain is not None])
    found = Comparison(
        tuple(runs),
        tuple(_figures(runs)),
        tuple(settings),
        tuple(_circumstances([one.info for one in runs])),
        tuple(_metrics(runs)),
        tuple(labels([one.info for one in runs])),
    )
    if not found.caution:
        return found
    return replace(found, figures=tuple(replace(row, best=frozenset()) for row in found.figures))


def variants(workspace: Workspace, study: str) -> list[Run]:
    """Return a run for each variant of a study, its first that finished, in the study's order;
    the seeds of a study without variants.

    Raises:
        UserError: The study has no two runs.
    """
    found = [
        (run, info) for run, info in reversed(workspace.infos()) if info.study == study
    ]  # the oldest first: as the study made them
    found.sort(key=lambda pair: pair[1].status != "finished")
    firsts: dict[str, Run] = {}
    for run, info in found:
        firsts.setdefault(info.variant, run)
    chosen = list(firsts.values()) if len(firsts) > 1 else [run for run, _ in found]
    if len(chosen) < 2:
        raise UserError(
            f"The study {study} has no two runs yet.", "Wait until two of its members trained."
        )
    return sorted(chosen, key=lambda run: run.id)


def labels(infos: Sequence[RunInfo]) -> list[str]:
    """Return what tells the runs apart: the name where names differ, variant, seed."""
    parts: list[list[str]] = [[] for _ in infos]
    named = len({info.name for info in infos}) > 1
    told = len({(info.name, info.variant) for info in infos}) == len(infos)
    seeded = not told and len({info.seed for info in infos}) > 1
    for part, info in zip(parts, infos, strict=True):
        if named or not info.variant:
            part.append(info.name)
        if info.variant:
            part.append(info.variant)
        if seeded:
            part.append(f"seed {info.seed}")
    return [" · ".join(part) for part in parts]


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain values: `runs`, `figures`, `settings`, `circumstances`."""
    ids = [one.run.id for one in comparison.runs]

    def rows(differences: Iterable[Difference]) -> list[dict[str, Any]]:
        return [
            {
                "path": one.path,
                "words": one.words,
                "values": dict(zip(ids, one.values, strict=True)),
            }
            for one in differences
        ]

    return {
        "runs": [
            {"letter": one.letter, "run": one.run.id, "label": label, "name": one.info.name,
             "variant": one.info.variant, "seed": one.info.seed, "status": one.info.state,
             "epochs": one.timeline.history.epoch, "problem": one.problem}
            for one, label in zip(comparison.runs, comparison.labels, strict=True)
        ],
        "figures": [
            {
                "figure": row.path,
                "values": dict(zip(ids, row.values, strict=True)),
                "best": [ids[place] for place in sorted(row.best)],
                **({"epochs": dict(zip(ids, row.at, strict=True))} if row.at else {}),
            }
            for row in comparison.figures
        ],
        "settings": rows(comparison.settings),
        "circumstances": rows(comparison.circumstances),
    }  # fmt: skip


def _read(run: Run, letter: str) -> Compared:
    info, timeline = run.info(), read(run)
    try:
        return Compared(letter, run, info, timeline, run.experiment())
    except UserError as error:
        return Compared(letter, run, info, timeline, None, error.message)


def _metrics(runs: Sequence[Compared]) -> list[str]:
    found = dict.fromkeys(name for one in runs for name in one.timeline.history.metrics)
    # What more runs have comes first; the order of a history otherwise.
    counts = {name: sum(name in one.timeline.history.series for one in runs) for name in found}
    loss_first = {"loss": 0, "val_loss": 1}
    return sorted(
        found,
        key=lambda name: (
            name == "learning_rate", counts[name] < 2, loss_first.get(name, 2),
            list(found).index(name),
        ),
    )  # fmt: skip


def _figures(runs: Sequence[Compared]) -> list[FigureRow]:
    from kerastui.models.studies.members import reached

    every = [reached(one.info, one.timeline.history, []).figures for one in runs]
    paths = dict.fromkeys(path for figures in every for path in figures)
    rows = []
    for part in _PARTS:
        wanted = [path for path in paths if path.startswith(f"{part}.")]
        if part == "best":
            # The best of the training says little where there is a validation beside it.
            wanted = [
                path
                for path in wanted
                if path.startswith("best.val_") or f"best.val_{path[5:]}" not in paths
            ]
        for path in sorted(wanted, key=lambda path: path.endswith("loss")):
            values = tuple(figures.get(path) for figures in every)
            at: tuple[int | None, ...] = ()
            if part == "best":
                epochs = [figures.get(f"best_epoch.{path[5:]}") for figures in every]
                at = tuple(int(e) if isinstance(e, int | float) else None for e in epochs)
            metric = path.partition(".")[2]
            words = f"{part} {metric.replace('_', ' ')}"
            rows.append(FigureRow(path, words, values, _best(metric, values), at))
    epochs_trained = tuple(float(one.timeline.history.epoch) for one in runs)
    rows.append(FigureRow("epochs", "epochs", epochs_trained))
    parameters = tuple(
        None if one.info.parameters is None else float(one.info.parameters) for one in runs
    )
    if any(parameters):
        rows.append(FigureRow("parameters", "parameters", parameters))
    seconds = tuple(one.timeline.history.seconds or None for one in runs)
    rows.append(FigureRow("seconds", "training, in s", seconds))
    return rows


def _best(metric: str, values: Sequence[Value | None]) -> frozenset[int]:
    numbers = {
        place: float(value)
        for place, value in enumerate(values)
        if isinstance(value, int | float) and math.isfinite(value)
    }
    if len(numbers) < 2 or len(set(numbers.values())) == 1:
        return frozenset()
    best = (min if lower_is_better(metric) else max)(numbers.values())
    return frozenset(place for place, value in numbers.items() if value == best)


def _circumstances(infos: Sequence[RunInfo]) -> list[Difference]:
    """Return what differs though nobody asked for it."""
    rows: list[tuple[str, str, list[str]]] = [
        (f"versions.{name}", name, [info.versions.get(name, "") for info in infos])
        for name in dict.fromkeys(name for info in infos for name in info.versions)
    ]
    rows += [
        ("device", "device", [info.device for info in infos]),
        ("execution", "path of execution", [info.execution for info in infos]),
        ("data.sha256", "the very data (SHA-256)",
         [str(info.data.get("sha256") or "")[:12] for info in infos]),
        ("data.rows", "rows", [str(info.data.get("rows") or "") for info in infos]),
        ("data.substitute", "stand-in data", [info.substitute for info in infos]),
        ("changes", "changed on the way", [_changes(info) for info in infos]),
        ("resumed", "taken up again", [str(len(info.resumed) or "") for info in infos]),
    ]  # fmt: skip
    return [
        Difference(path, words, tuple(value or "–" for value in values))
        for path, words, values in rows
        if len(set(values)) > 1
    ]


def _changes(info: RunInfo) -> str:
    return "; ".join(
        f"{str(change.get('path', '')).rpartition('.')[2].replace('_', ' ')} "
        f"{setting_differences.text(change.get('new'))} from epoch {change.get('epoch')}"
        for change in info.changes
    )

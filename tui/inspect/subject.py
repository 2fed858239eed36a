"""What the Inspect screen knows of a run or of a model file, read from disk in a thread."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from kerastui.models.by_hand import Formulas, Network
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.figures import Verdict
    from kerastui.models.runs.store import Run, RunInfo
    from kerastui.models.saved.model import SavedModel, Weight
    from kerastui.models.saved.statistics import Statistics


@dataclass
class Found:
    """What there is of a run or a model. Where something is None, `problems` may say why.

    Attributes:
        path: The file of the model.
        run: The run it is of; None for a model that was merely opened.
        info: What `run.json` says.
        experiment: The run's experiment.
        figures: The figures it reached, by path.
        predictions: Those of `evaluation.json`, as they stand there.
        warnings: What could not be evaluated, in words.
        verdicts: The published figures beside those of the run.
        model: The saved model.
        statistics: Of each weight, in the order of the layers.
        formulas: All weights of a dense network, one a line.
        network: The model as it can be calculated by hand.
        live: The weights of the last checkpoint, where the run has no model yet.
        problems: `run`, `evaluation`, `model`, `formulas` or `network` -> why it is not there.
        shared: What several panes have in common, by name.
    """

    path: Path
    run: Run | None = None
    info: RunInfo | None = None
    experiment: Experiment | None = None
    figures: dict[str, float | str] = field(default_factory=dict)
    predictions: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    model: SavedModel | None = None
    statistics: list[Statistics] = field(default_factory=list)
    formulas: Formulas | None = None
    network: Network | None = None
    live: Found | None = None
    problems: dict[str, UserError] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)

    @property
    def of_checkpoint(self) -> bool:
        """Whether the weights are those of a checkpoint, of a run that has no model yet."""
        return self.run is not None and self.path != self.run.model

    @property
    def name(self) -> str:
        """What it is called."""
        if self.run is None:
            return self.path.name
        return self.info.name if self.info else self.run.id

    @property
    def is_old(self) -> bool:
        """Whether it is a whole model that another version of Keras wrote."""
        model = self.model
        return (model is not None and self.run is None and bool(model.structure)
                and not model.keras_version.startswith("3"))  # fmt: skip

    @property
    def weights(self) -> list[Weight]:
        """All arrays of the model, in the order of the layers."""
        return self.model.weights if self.model else []

    @property
    def weight_names(self) -> list[str]:
        """The name of each weight, with its layer's."""
        layers = self.model.layers if self.model else ()
        return [f"{layer.name} {weight.name}" for layer in layers for weight in layer.weights]


def read(run: Run) -> Found:
    """Read everything; raises nothing for what is missing or damaged, but says so."""
    found = Found(run.model, run)
    try:
        found.info, found.experiment = run.info(), run.experiment()
    except UserError as error:
        found.problems["run"] = error
    if found.info is not None:
        found.figures = dict(found.info.figures)
    try:
        _read_evaluation(run, found)
        if found.info is not None and found.experiment is not None:
            found.verdicts = _verdicts(run, found.info, found.experiment)
    except UserError as error:
        found.problems["evaluation"] = error
    _read_model(found)
    if found.model is None:
        found.live = read_live(found)
    return found


def read_live(found: Found) -> Found | None:
    """Read the weights of a run's last checkpoint; None where it has none."""
    from kerastui.models.saved import live, statistics

    if found.run is None:
        return None
    try:
        model = live.read(found.run.path)
        known = [statistics.of_weight(weight) for weight in model.weights]
    except UserError:
        return None
    return Found(model.path, found.run, found.info, model=model, statistics=known)


def read_file(path: Path, experiment: Experiment | None = None) -> Found:
    """Read a model that belongs to no run; raises nothing, but says what is wrong.

    A stranger's file is first read in a process that it may break.

    Args:
        path: The file.
        experiment: Whose data judges it, where some were chosen for it.
    """
    from kerastui.models.saved.examine import examine

    found = Found(path, experiment=experiment)
    try:
        _read_model(found, examine(path))
    except UserError as error:
        found.problems["model"] = error
    return found


def _read_evaluation(run: Run, found: Found) -> None:
    try:
        plain = json.loads((run.path / "evaluation.json").read_text(encoding="utf-8"))
        figures = plain["figures"]
        found.figures = {
            str(path): float("nan") if value is None else value
            for path, value in figures.items()
            if value is None or isinstance(value, int | float | str)
        }
        found.predictions = [one for one in plain.get("predictions", ()) if isinstance(one, dict)]
        found.warnings = [str(one) for one in plain.get("warnings", ())]
    except FileNotFoundError:
        raise UserError(
            "This run has no evaluation.",
            "It is made when a run ends by itself, or is stopped with s.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"The run's evaluation.json can't be read: {error}.", "Run the experiment again."
        ) from None


def _verdicts(run: Run, info: RunInfo, experiment: Experiment) -> list[Verdict]:
    """Hold the published figures that speak of this run against it, as the Train screen does."""
    from dataclasses import replace

    from kerastui.models.studies import members as studies
    from kerastui.models.studies import store as study_store
    from kerastui.tui.study_monitor import StudyMonitor

    folder = study_store.of_run(run, info)
    picture = StudyMonitor(folder).look() if folder else None
    experiment = picture.experiment if picture else experiment
    if not experiment.published:
        return []
    mine = studies.result(run, studies.wanted(experiment))
    others = [one for one in picture.results if one.variant != mine.variant] if picture else []
    base = experiment.study.base if experiment.study else ""
    name = mine.variant or base
    judged = studies.verdicts(experiment, [replace(mine, variant=name), *others])
    return [one for one in judged if (one.figure.variant or base) == name]


def _read_model(found: Found, known: list[Statistics] | None = None) -> None:
    from kerastui.models import by_hand
    from kerastui.models.saved import read, statistics

    try:
        found.model = read.read(found.path)
        found.statistics = known or [statistics.of_weight(weight) for weight in found.weights]
    except UserError as error:
        found.problems["model"] = error
        return
    try:
        found.formulas = by_hand.formulas(found.model)
    except UserError as error:
        found.problems["formulas"] = error
    try:
        found.network = by_hand.network(found.model)
    except UserError as error:
        found.problems["network"] = error

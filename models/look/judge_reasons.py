"""Why figures of one model differ: those of its log, of its evaluation, and published ones.

Only what applies to the experiment is said. Plain Python: the user interface asks by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastui.models.experiment.schema import GraphModel

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.store import RunInfo


def of_log(experiment: Experiment, part: str, info: RunInfo | None = None) -> list[str]:
    """Return why the log's last epoch says something else about a part than the model does now.

    Args:
        experiment: What was trained.
        part: `train`, `validation`, or another part, of which the log says nothing.
        info: What is known of the run.
    """
    if part not in ("train", "validation"):
        return ["The log says nothing about this part: it is not looked at while training."]
    told: list[str] = []
    stopping = [one for one in experiment.callbacks if one.type == "EarlyStopping"]
    if any(one.parameters.get("restore_best_weights") for one in stopping):
        best = info.best.get(_watched(stopping[0].parameters)) if info and info.best else None
        when = f" of epoch {best[1]:,.0f}" if best and len(best) > 1 else ""
        told.append(f"EarlyStopping put the best weights{when} back; the log's last epoch is of "
                    "later ones.")  # fmt: skip
    if part == "validation":
        if not told:
            told.append("Both are of the same weights: what differs is rounding, or how batches "
                        "of unequal size are averaged.")  # fmt: skip
        return told
    whole = experiment.fit.batch_size == "all"
    told.append(
        "The log's figure is of the weights before the epoch's one step; this is after it."
        if whole else
        "The log averages over an epoch while the weights still change from batch to batch; here "
        "all rows meet the final weights."
    )  # fmt: skip
    kinds = _layer_kinds(experiment)
    if dropped := [kind for kind in kinds if "Dropout" in kind]:
        told.append(f"{_listed(dropped)} switches units off at random while training, and none "
                    "here: the log sees a weaker model.")  # fmt: skip
    if noisy := [kind for kind in kinds if "Noise" in kind or kind.startswith("Random")]:
        told.append(f"{_listed(noisy)} disturbs the inputs while training only.")
    if any("BatchNorm" in kind for kind in kinds):
        told.append("BatchNormalization takes each batch's own mean while training, and its "
                    "running mean here.")  # fmt: skip
    if experiment.fit.class_weight:
        told.append("Class weights count in the log's loss, and not here.")
    return told


def of_published(
    experiment: Experiment, info: RunInfo | None, rows: int, verdicts: bool
) -> list[str]:
    """Return why a figure may differ from the published one."""
    if not verdicts:
        return []
    told: list[str] = []
    if info is not None and info.substitute:
        told.append(f"The data is not the published one: {info.substitute} stands in for it.")
    if info is not None and info.epoch and info.epoch < experiment.fit.epochs:
        told.append(f"Training ended after {info.epoch:,} of {experiment.fit.epochs:,} epochs.")
    told.append(
        "Published figures come from other random weights and another machine. With "
        f"{rows:,} rows chance alone moves a figure through its whole interval."
    )
    if experiment.data.split.kind == "fraction":
        told.append("The split is random too: another seed puts other rows into the test.")
    if experiment.lesson and experiment.lesson.changed:
        told.append(f"Against the document changed: {experiment.lesson.changed}")
    return told


def _watched(parameters: dict[str, object]) -> str:
    return str(parameters.get("monitor", "val_loss"))


def _layer_kinds(experiment: Experiment) -> list[str]:
    model = experiment.model
    layers = model.nodes if isinstance(model, GraphModel) else model.layers
    return list(dict.fromkeys(layer.type for layer in layers))


def _listed(names: list[str]) -> str:
    return " and ".join(names)

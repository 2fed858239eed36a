"""What each output of an experiment's model predicts: classes, labels or numbers.

Plain Python, so that the user interface can ask before anything is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kerastui.models.experiment.schema import GraphModel

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

Kind = Literal["classes", "labels", "numbers"]
"""One class of several, any number of yes-or-no labels, or numbers."""


def kinds(experiment: Experiment) -> list[Kind]:
    """Return what each output predicts, in the order of the outputs."""
    model, task = experiment.model, experiment.data.task
    by_task: Kind = (
        "classes" if task in ("binary", "multiclass")
        else "labels" if task == "multilabel" else "numbers"
    )  # fmt: skip
    if not isinstance(model, GraphModel):
        return [by_task]
    inputs = {entry.name for entry in model.inputs}
    found: list[Kind] = []
    for output in model.outputs:
        wanted = model.targets.get(output, [])
        if len(wanted) == 1 and wanted[0] in inputs and wanted[0] not in experiment.data.target:
            found.append("numbers")  # it gives an input back
        elif len(model.outputs) == 1:
            found.append(by_task)
        else:
            found.append(_of_loss(experiment, output, len(wanted)))
    return found


def _of_loss(experiment: Experiment, output: str, columns: int) -> Kind:
    """Of several outputs the loss tells what each predicts: they share one task."""
    loss = experiment.compile.loss_of(output)
    name = loss.type.lower().replace("_", "") if loss is not None else ""
    if "crossentropy" not in name and name not in ("bce", "hinge", "categoricalhinge"):
        return "numbers"
    return "labels" if name.startswith(("binary", "bce")) and columns > 1 else "classes"

"""What no longer goes with the target after it, or the task, was changed: with one cure each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kerastui.datasets.advice.proposals import task_of
from kerastui.datasets.advice.types import Concern, DataFacts
from kerastui.models.catalogue import catalogue
from kerastui.models.editing import stack as editing
from kerastui.models.editing.proposal import Start, sized_by
from kerastui.models.editing.templates import ending
from kerastui.models.experiment.schema import Experiment, Part
from kerastui.models.preflight.outputs import CLASS_LOSSES

NUMBERS = ("regression", "forecasting")


def outdated(
    experiment: Experiment,
    facts: DataFacts,
    ready: Mapping[str, Any] | None,
    start: Callable[[], Start],
) -> Iterator[Concern]:
    """Return the task that does not suit the target, or the model that does not suit the task.

    Args:
        experiment: The experiment.
        facts: Of its raw data.
        ready: What comes out of the preparation; None where it fails.
        start: Proposes a whole experiment for the target.
    """
    misfit = list(_task(experiment, facts, start))
    yield from misfit
    if not misfit and ready is not None:
        yield from _end(experiment, facts, ready)


def _task(
    experiment: Experiment, facts: DataFacts, start: Callable[[], Start]
) -> Iterator[Concern]:
    data, target = experiment.data, list(experiment.data.target or facts.target)
    column = facts.column(target[0]) if len(target) == 1 and facts.kind == "table" else None
    if column is None or data.task == "multilabel":
        return
    usual, why = task_of([column])
    numbers = usual == "regression" and data.task not in NUMBERS
    classes = column.kind == "text" and data.task in NUMBERS
    if not (numbers or classes or (usual == "multiclass" and data.task == "binary")):
        return
    new = start().experiment.plain(defaults=True)
    changes = {key: new[key] for key in ("title", "data", "model", "compile")}
    if not experiment.title.startswith(f"{data.dataset}: "):  # it has one of its own
        del changes["title"]
    yield Concern(
        "problem", "target", f"The task is {data.task}, which does not suit {column.name}.", why,
        f"make it {usual}, with the steps, the model and the loss that go with it", changes,
    )  # fmt: skip


def _end(experiment: Experiment, facts: DataFacts, ready: Mapping[str, Any]) -> Iterator[Concern]:
    """A model that ends for classes where numbers are wanted, or the other way round."""
    task, loss = experiment.data.task, experiment.compile.loss
    if experiment.model.kind != "sequential" or not isinstance(loss, Part):
        return
    layers = editing.layers_of(experiment)
    places = [place for place, layer in enumerate(layers) if not layer.get("disabled")]
    if task not in NUMBERS and places and layers[places[-1]]["type"] == "Rescaling":
        places.pop()  # it brings numbers to the range of the target
    name = catalogue.find("losses", loss.type).name
    for_classes = name in CLASS_LOSSES or name == "crossentropy"
    plain_end = bool(places) and "activation" not in layers[places[-1]]
    wrong = for_classes if task in NUMBERS else plain_end and not for_classes
    if not wrong:
        return
    if not places or layers[places[-1]]["type"] != "Dense":
        return
    sized = sized_by(experiment.data, facts, ready)
    activation, wanted, metric = ending(sized)
    last = {key: value for key, value in layers[places[-1]].items() if key != "activation"}
    last |= {"units": sized.outputs, **({"activation": activation} if activation else {})}
    new = [*layers[: places[-1]], last]
    words = f"{sized.outputs} {activation or 'without activation'}"
    yield Concern(
        "problem", "target",
        f"The model still ends for {'classes' if for_classes else 'numbers'}; the task is {task}.",
        f"Its loss is {loss.type}.",
        f"end it with Dense {words}, the loss {wanted} and the metric {metric}",
        {"model.layers": new, "compile.loss": wanted, "compile.metrics": [metric]},
    )  # fmt: skip

"""Look at an experiment and its data before training: what would fail, what cannot learn, and why.

Each finding is one plain sentence with a cure. A `problem` would end in an error, or in numbers
that mean nothing; a `warning` runs, but rarely does what was meant. Nothing is trained and no
weight is made. For workers only: following the layers needs Keras.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kerastui.datasets.errors import UserError
from kerastui.datasets.spec import Task
from kerastui.models.editing.cures import row_cures, shape_cures
from kerastui.models.editing.file_cures import input_cures, output_cures
from kerastui.models.editing.hints import hints
from kerastui.models.experiment import check as experiment_check
from kerastui.models.experiment.schema import Experiment, FileModel, GraphModel
from kerastui.models.network.building import Step
from kerastui.models.network.errors import LayerError
from kerastui.models.network.summary import (
    Memory,
    ModelSummary,
    follow,
    memory_estimate,
    optimizer_slots,
    shapes,
    summary,
)
from kerastui.models.preflight.callbacks import callback_findings
from kerastui.models.preflight.facts import (
    Cure,
    Facts,
    Finding,
    Level,
    TargetFacts,
    facts,
    facts_of,
)
from kerastui.models.preflight.metrics import metric_findings
from kerastui.models.preflight.names import name_findings
from kerastui.models.preflight.outputs import (
    Output,
    activation_of,
    learner_of,
    maker_of,
    shape_findings,
    value_findings,
)
from kerastui.models.saved import start
from kerastui.models.training.log_keys import log_keys

__all__ = [
    "Cure",
    "Facts",
    "Finding",
    "Memory",
    "ModelSummary",
    "TargetFacts",
    "check",
    "check_memory",
    "facts",
    "facts_of",
    "log_keys",
    "memory_estimate",
    "optimizer_slots",
    "shapes",
    "summary",
]


_MANY_SLOTS = 4
"""More numbers for a weight than any of Keras' optimizers keeps."""


def check(
    experiment: Experiment,
    data: Facts,
    free_bytes: int | None = None,
    device: str = "memory",
    *,
    advice: bool = False,
    followed: tuple[list[Step], UserError | None] | None = None,
) -> list[Finding]:
    """Everything that can be known to go wrong, or to disappoint, before training.

    Args:
        experiment: The experiment.
        data: Facts about its prepared data.
        free_bytes: Free memory where it trains; None leaves memory out.
        device: How that memory is called in a sentence.
        advice: Whether to give hints too, where there is no problem.
        followed: What `follow` returned for the model, where that is known already.

    Returns:
        Problems first, then warnings, then hints; no problem for a sound experiment.
    """
    found = [
        Finding("problem", problem.where, problem.sentence, problem.cure)
        for problem in experiment_check.problems(experiment)
    ]
    found += _data(experiment, data)
    found += name_findings(experiment)
    if not found or not any(f.where.startswith(("model", "compile.loss")) for f in found):
        done, error = followed or follow(experiment.model, data.input_shape)
        if error is not None:
            found.append(_misfit(experiment, data, error))
        else:
            found += _inputs(done, data)
            found += _fitting(experiment, data, done)
            if free_bytes is not None:
                found += _memory(experiment, data, done, free_bytes, device)
            if advice and not any(finding.level == "problem" for finding in found):
                found += hints(experiment, data, done)
    if isinstance(experiment.model, FileModel):
        found = list(_changeable(found))
    order = ("problem", "warning", "hint")
    return sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.level))


def _misfit(experiment: Experiment, data: Facts, error: UserError) -> Finding:
    """A layer that does not fit what it receives, and what would let it."""
    if not isinstance(error, LayerError):
        return Finding("problem", "model", error.message, error.hint)
    if error.where == start.WHERE and error.received:
        cures = input_cures(experiment, data, error.received[0])
        return Finding("problem", "model", error.message, error.hint, cures)
    cures = shape_cures(experiment, data, error)
    return Finding("problem", error.where, error.message, error.hint, cures)


def _data(experiment: Experiment, data: Facts) -> Iterator[Finding]:
    """The data by itself, and against `fit`."""
    if data.not_finite:
        yield Finding(
            "problem", "data",
            f"{data.not_finite} of the input numbers are NaN or infinite; they would spoil the "
            "weights without a sign in the loss.",
            "Add a step for missing values to the preparation: drop the rows, or fill them.",
        )  # fmt: skip
    if data.rows == 0:
        yield Finding("problem", "data", "There is no row to train on.",
                      "Make the test or the validation part smaller.")  # fmt: skip
    for target in data.targets:
        if target.not_finite:
            yield Finding(
                "problem", "data.target",
                f"{target.not_finite} of the target values are NaN or infinite.",
                "Drop the rows without a target.",
            )  # fmt: skip
        elif data.rows > 1 and target.minimum == target.maximum:
            yield Finding(
                "warning", "data.target",
                f"All targets are {target.minimum:g}; there is nothing to tell apart.",
                "Choose another target column or another split.",
            )  # fmt: skip
    batch = experiment.fit.batch_size
    # 32 is what one gets without saying anything, and right for small data.
    if isinstance(batch, int) and batch > data.rows > 0 and batch != 32:
        yield Finding(
            "warning", "fit.batch_size",
            f"A batch of {batch} is larger than the {data.rows} training rows; every epoch is a "
            "single step.",
            'Use a smaller batch for more steps an epoch, or say "all" if one is meant.',
            (Cure("use batches of 32", {"fit.batch_size": 32}),
             Cure("use all rows at once", {"fit.batch_size": "all"})),
        )  # fmt: skip
    labels = experiment.fit.class_weight
    if labels and data.task not in ("binary", "multiclass"):
        yield Finding("problem" if labels == "balanced" else "warning", "fit.class_weight",
                      f"Class weights mean nothing for {data.task}.", "Remove them.",
                      (Cure("remove the class weights", {"fit.class_weight": None}),))  # fmt: skip
    elif labels and len(data.targets) > 1:
        yield Finding("problem", "fit.class_weight",
                      "Keras takes class weights for a single output only.",
                      "Remove them, or weigh the losses (compile.loss_weights).",
                      (Cure("remove the class weights", {"fit.class_weight": None}),))  # fmt: skip
    elif isinstance(labels, dict) and data.targets and max(labels) > max(
        data.targets[0].maximum, data.targets[0].width - 1
    ):  # fmt: skip
        yield Finding("warning", "fit.class_weight",
                      f"There is a weight for class {max(labels)}, which does not occur.",
                      "Remove it, or number the classes from 0.",
                      (Cure("remove the class weights", {"fit.class_weight": None}),))  # fmt: skip


def _inputs(done: Sequence[Step], data: Facts) -> Iterator[Finding]:
    """Word numbers against the size of an embedding."""
    for step in done[:1]:
        size = getattr(step.layer, "input_dim", None)
        if type(step.layer).__name__ != "Embedding" or not isinstance(size, int):
            continue
        if data.input_minimum < 0 or data.input_maximum >= size:
            yield Finding(
                "problem", step.where,
                f"{step.label} knows the numbers 0 to {size - 1}; the inputs go from "
                f"{data.input_minimum:g} to {data.input_maximum:g}.",
                f"Set input_dim to {int(data.input_maximum) + 1} or more, or keep fewer words.",
                _larger_embedding(step, data),
            )  # fmt: skip


def _larger_embedding(step: Step, data: Facts) -> tuple[Cure, ...]:
    most = int(data.input_maximum) + 1
    if data.input_minimum < 0:
        return ()
    return (Cure(f"set input_dim to {most}", {f"{step.where}.input_dim": most}),)


def _fitting(experiment: Experiment, data: Facts, done: Sequence[Step]) -> Iterator[Finding]:
    """Outputs against losses, targets, metrics and callbacks."""
    if not done:
        yield Finding("problem", "model", "The model has no layer.", "Add one, such as Dense.")
        return
    ends = _ends(experiment, done)
    if len(ends) != len(data.targets):
        yield Finding(
            "problem", "model",
            f"The model has {len(ends)} outputs, the data {len(data.targets)} targets.",
            "Give the model one output for each target.",
        )  # fmt: skip
        return
    losses = experiment.compile.loss
    for (name, step), target in zip(ends, data.targets, strict=True):
        loss = losses.get(name) if isinstance(losses, dict) else losses
        if loss is None:
            continue  # Keras trains without a loss on this output
        where = f"compile.loss.{name}" if isinstance(losses, dict) else "compile.loss"
        maker = maker_of(step, done)
        learner = learner_of(step, done)
        output = Output(name, tuple(step.output.shape), activation_of(maker.layer), step.where,
                        loss, where, target, maker.where, type(maker.layer).__name__)  # fmt: skip
        if learner.output.shape[-1] == step.output.shape[-1]:
            output = replace(output, learner=learner.where,
                             learner_type=type(learner.layer).__name__)  # fmt: skip
        task = _task(experiment, name, data)
        shape = [
            replace(one, cures=row_cures(experiment, data, learner.where, step.where, output.shape))
            if one.where == output.where and not one.cures and len(output.shape) > 2 else one
            for one in shape_findings(output, task)
        ]  # fmt: skip
        shape = [_of_file(one, experiment, done, target, task) for one in shape]
        yield from shape
        if not shape:
            for one in value_findings(output, task):
                yield _of_file(one, experiment, done, target, task)
            yield from metric_findings(experiment, output, task)
    yield from callback_findings(experiment, data, [name for name, _ in ends])


def _changeable(found: Sequence[Finding]) -> Iterator[Finding]:
    """Yield findings without what can't be done: a file's layers keep their parameters."""
    for one in found:
        if one.level == "hint" and one.where.startswith(start.WHERE):
            continue
        kept = tuple(cure for cure in one.cures
                     if not any(path.startswith(start.WHERE) for path in cure.changes))  # fmt: skip
        yield replace(one, cures=kept)


def _of_file(
    found: Finding, experiment: Experiment, done: Sequence[Step], target: TargetFacts, task: Task
) -> Finding:
    """A finding about the last layer of a file: its parameters are fixed, it can only be cut."""
    if not found.where.startswith(start.WHERE) and not done[-1].where.startswith(start.WHERE):
        return found
    kept = next(iter(_changeable([found])), found).cures
    return replace(found, cures=kept or output_cures(experiment, done, target, task))


def _task(experiment: Experiment, output: str, data: Facts) -> Task:
    """What an output is for; one that gives its input back predicts numbers."""
    model = experiment.model
    if isinstance(model, GraphModel):
        wanted = model.targets.get(output, [])
        if any([entry.name] == wanted for entry in model.inputs):
            return "regression"
    return data.task


def _ends(experiment: Experiment, done: Sequence[Step]) -> list[tuple[str, Step]]:
    """The outputs' names and the layers that give them."""
    if not isinstance(experiment.model, GraphModel):
        return [(done[-1].layer.name, done[-1])]
    by_tensor = {id(step.output): step for step in done}
    nodes = {node.name: f"model.nodes.{i}" for i, node in enumerate(experiment.model.nodes)}
    by_where = {step.where: step for step in done}
    ends = []
    for name in experiment.model.outputs:
        step = by_where.get(nodes.get(name, ""))
        if step is None:  # a node that is switched off hands on what the one before it gives
            sources = {node.name: node.inputs[0] for node in experiment.model.nodes}
            source = name
            while step is None and source in sources:
                source = sources[source]
                step = by_where.get(nodes.get(source, ""))
        if step is not None:
            ends.append((name, by_tensor[id(step.output)]))
    return ends


# --- memory --------------------------------------------------------------------------------


def _memory(
    experiment: Experiment, data: Facts, done: Sequence[Step], free_bytes: int, device: str
) -> list[Finding]:
    size = experiment.fit.batch_size
    batch = data.rows if size == "all" else min(size, data.rows)
    # Asking the optimizer takes longer than all the rest, so only where it can matter.
    if memory_estimate(done, batch, _MANY_SLOTS).total <= free_bytes / 2:
        return []
    slots = optimizer_slots(experiment.compile.optimizer)
    return check_memory(memory_estimate(done, batch, slots), free_bytes, device)


def check_memory(memory: Memory, free_bytes: int, device: str = "memory") -> list[Finding]:
    """Compare an estimate with what is free.

    Args:
        memory: From `memory_estimate`.
        free_bytes: Free bytes on the device.
        device: How the device is called in the sentence.
    """
    if memory.total <= 0.8 * free_bytes:
        return []
    parts = {
        "weights": memory.weights, "gradients": memory.gradients, "optimizer": memory.optimizer,
        "the outputs of the layers": memory.activations, "data": memory.data,
    }  # fmt: skip
    largest = max(parts, key=lambda part: parts[part])
    cure = {
        "the outputs of the layers": "Use a smaller batch, or pooling earlier.",
        "data": "Use fewer rows or features.",
    }.get(largest, "Use fewer units, or pooling before the largest Dense layer.")
    level: Level = "problem" if memory.total > free_bytes else "warning"
    verb = "needs about" if level == "problem" else "takes nearly all there is, about"
    return [
        Finding(
            level,
            "model",
            f"Training {verb} {_size(memory.total)}, and {_size(free_bytes)} of {device} are "
            f"free; most of it are {largest} ({_size(parts[largest])}).",
            cure,
        )
    ]


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:.3g} {unit}"
        size /= 1000
    raise AssertionError

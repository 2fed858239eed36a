"""Techniques against what the adviser found, each as a change that fits the experiment at hand.

Every function returns None where its technique does not apply: there is nothing to change, or
it is in use already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import Experiment, Layer


@dataclass(frozen=True)
class Technique:
    """Something to try, ready for `experiment.changed(technique.changes)`.

    Attributes:
        name: What it is called.
        why: What it would do here, in a sentence.
        changes: Fields of the experiment with their new values.
    """

    name: str
    why: str
    changes: dict[str, Any]


Maker = Callable[[Experiment], Technique | None]

# The documents' own settings where they have one: L2 0.01, noise 0.1, half the units dropped.
L2, NOISE, DROPPED = 0.01, 0.1, 0.5
REPEATS = 10  # enough that a deviation means something, few enough to wait for
MAX_EPOCHS = 10_000_000


def available(experiment: Experiment, makers: Sequence[Maker]) -> list[Technique]:
    """Return what applies to an experiment, in the given order."""
    return [made for maker in makers if (made := maker(experiment)) is not None]


# --- learning ------------------------------------------------------------------------------


def learning_rate(factor: float) -> Maker:
    """A higher or lower learning rate."""

    def make(experiment: Experiment) -> Technique | None:
        rate = _rate(experiment)
        if rate is None:
            return None
        new = float(f"{rate * factor:.1g}")
        why = (
            f"Larger steps than {rate:g} may get it moving."
            if factor > 1
            else f"Steps of {rate:g} may jump over the valley instead of going down into it."
        )
        name = "A higher learning rate" if factor > 1 else "A lower learning rate"
        return Technique(f"{name}: {new:g}", why, {"compile.optimizer.learning_rate": new})

    return make


def adam(experiment: Experiment) -> Technique | None:
    """Adam instead of plain gradient descent."""
    if experiment.compile.optimizer.type.lower() not in ("sgd", "adadelta", "adagrad"):
        return None
    return Technique("Adam", "It finds a step of its own for every weight.",
                     {"compile.optimizer": "adam"})  # fmt: skip


def clip(experiment: Experiment) -> Technique | None:
    """Gradients cut to a length of 1."""
    parameters = experiment.compile.optimizer.parameters
    if any(parameters.get(name) for name in ("clipnorm", "clipvalue", "global_clipnorm")):
        return None
    return Technique("Clipped gradients", "No wild batch can throw the weights far away.",
                     {"compile.optimizer.clipnorm": 1.0})  # fmt: skip


def scaled_inputs(experiment: Experiment) -> Technique | None:
    """Inputs on a common scale."""
    steps = [step.step for step in experiment.data.steps]
    if {"scale", "multi_hot", "pad", "window"} & set(steps):
        return None
    pictures = {"channel_axis", "flatten"} & set(steps)
    new = {"step": "scale", "method": "constant" if pictures else "standard"}
    return Technique("Scaled inputs", "Large inputs make large gradients; around 1 they are tame.",
                     {f"data.steps.{len(steps)}": new})  # fmt: skip


def batch_normalization(experiment: Experiment) -> Technique | None:
    """BatchNormalization after every hidden layer."""
    return _inserted(
        experiment, {"type": "BatchNormalization"}, "Batch normalization",
        "Layers that get inputs of one scale learn faster and bear higher rates.",
    )  # fmt: skip


def he_initializer(experiment: Experiment) -> Technique | None:
    """He's initial weights for hidden layers with relu."""
    changes = {
        f"{path}.kernel_initializer": "he_normal"
        for path, layer in _hidden(experiment)
        if layer.parameters.get("activation") == "relu"
        and "kernel_initializer" not in layer.parameters
    }
    if not changes:
        return None
    return Technique("He's initial weights", "Made for relu: fewer units start out dead.", changes)


def plateau(experiment: Experiment) -> Technique | None:
    """ReduceLROnPlateau."""
    if _callback(experiment, "ReduceLROnPlateau") is not None or _rate(experiment) is None:
        return None
    new = {"type": "ReduceLROnPlateau", "monitor": _monitor(experiment), "factor": 0.1,
           "patience": _patience(experiment)}  # fmt: skip
    return Technique("Lower the rate on a plateau",
                     "Large steps first, small ones where large ones bring nothing more.",
                     {f"callbacks.{len(experiment.callbacks)}": new})  # fmt: skip


def more_epochs(factor: int) -> Maker:
    """More epochs."""

    def make(experiment: Experiment) -> Technique | None:
        epochs = min(experiment.fit.epochs * factor, MAX_EPOCHS)
        if epochs == experiment.fit.epochs:
            return None
        return Technique(f"More epochs: {epochs:,}", "It was not done yet.",
                         {"fit.epochs": epochs})  # fmt: skip

    return make


def more_patience(experiment: Experiment) -> Technique | None:
    """A larger patience for early stopping."""
    place = _callback(experiment, "EarlyStopping")
    if place is None:
        return None
    now = experiment.callbacks[place].parameters.get("patience", 0)
    new = max(10, 3 * now) if isinstance(now, int) else 10
    return Technique(f"More patience: {new}", "It was stopped before it was done.",
                     {f"callbacks.{place}.patience": new})  # fmt: skip


def larger_batch(experiment: Experiment) -> Technique | None:
    """Four times the batch."""
    size = experiment.fit.batch_size
    if not isinstance(size, int):
        return None
    new = max(32, 4 * size) if size < 32 else 4 * size
    return Technique(f"A larger batch: {new}", "More rows give a steadier direction for each step.",
                     {"fit.batch_size": new})  # fmt: skip


def smaller_batch(experiment: Experiment) -> Technique | None:
    """A quarter of the batch."""
    size = experiment.fit.batch_size
    new = 32 if size == "all" else size // 4
    if new < 1:
        return None
    return Technique(f"A smaller batch: {new}", "More steps an epoch, and noise to shake it loose.",
                     {"fit.batch_size": new})  # fmt: skip


def wider(experiment: Experiment) -> Technique | None:
    """Twice the units in hidden layers."""
    return _resized(experiment, 2.0, "Wider layers", "More units can hold more of the pattern.")


# --- generalization ------------------------------------------------------------------------


def early_stopping(experiment: Experiment) -> Technique | None:
    """EarlyStopping that goes back to the best weights."""
    place = _callback(experiment, "EarlyStopping")
    why = "Training ends when the validation loss has stopped falling, and the best weights return."
    if place is not None:
        if experiment.callbacks[place].parameters.get("restore_best_weights"):
            return None
        return Technique("Go back to the best weights", why,
                         {f"callbacks.{place}.restore_best_weights": True})  # fmt: skip
    if not has_validation(experiment):
        return None
    new = {"type": "EarlyStopping", "monitor": "val_loss", "patience": _patience(experiment),
           "restore_best_weights": True}  # fmt: skip
    return Technique("Early stopping", why, {f"callbacks.{len(experiment.callbacks)}": new})


def weight_decay(experiment: Experiment) -> Technique | None:
    """L2 on the weights of hidden layers."""
    changes: dict[str, Any] = {
        f"{path}.kernel_regularizer": {"type": "L2", "l2": L2}
        for path, layer in _hidden(experiment)
        if not layer.parameters.get("kernel_regularizer")
    }
    if not changes:
        return None
    return Technique("Weight decay (L2)", "Large weights have a price, so the model stays smooth.",
                     changes)  # fmt: skip


def noise(experiment: Experiment) -> Technique | None:
    """GaussianNoise after every hidden layer."""
    return _inserted(
        experiment, {"type": "GaussianNoise", "stddev": NOISE}, "Noise between the layers",
        "Rows that never look the same twice are hard to learn by heart.",
    )  # fmt: skip


def dropout(experiment: Experiment) -> Technique | None:
    """Dropout after every hidden layer."""
    return _inserted(
        experiment, {"type": "Dropout", "rate": DROPPED}, "Dropout",
        "No unit can rely on a certain other one, so none learns single rows.",
    )  # fmt: skip


def less_dropout(experiment: Experiment) -> Technique | None:
    """Half the rate of every Dropout."""
    changes = {
        f"{path}.rate": round(layer.parameters["rate"] / 2, 4)
        for path, layer in _layers(experiment)
        if layer.type.endswith("Dropout") and isinstance(layer.parameters.get("rate"), float)
    }
    if not changes:
        return None
    return Technique("Less dropout", "The model may have more to give than it is allowed to show.",
                     changes)  # fmt: skip


def narrower(experiment: Experiment) -> Technique | None:
    """Half the units in hidden layers."""
    return _resized(
        experiment, 0.5, "Narrower layers", "Fewer weights leave less room for single rows."
    )


def validation(experiment: Experiment) -> Technique | None:
    """A validation part of a fifth."""
    if has_validation(experiment):
        return None
    return Technique("A validation part", "The last fifth of the rows watches and does not train.",
                     {"data.split.validation": {"kind": "last", "fraction": 0.2}})  # fmt: skip


def other_split(experiment: Experiment) -> Technique | None:
    """Another random split, with the classes in proportion."""
    split = experiment.data.split
    if split.kind != "fraction":
        return None
    changes: dict[str, Any] = {
        "data.split.seed": (experiment.seed if split.seed is None else split.seed) + 1
    }
    if experiment.data.task in ("binary", "multiclass"):
        changes["data.split.stratify"] = True
    return Technique("Another split", "An easy validation part is no longer easy after a new draw.",
                     changes)  # fmt: skip


# --- prediction ----------------------------------------------------------------------------


def repeats(experiment: Experiment) -> Technique | None:
    """The same with several seeds."""
    if experiment.study is not None and experiment.study.repeats >= REPEATS:
        return None
    return Technique(f"Repeat with {REPEATS} seeds",
                     "Judge by mean and deviation; one run alone can be luck.",
                     {"study.repeats": REPEATS})  # fmt: skip


# --- what an experiment has ----------------------------------------------------------------


def has_validation(experiment: Experiment) -> bool:
    """Whether some rows watch the training."""
    return experiment.data.split.validation.kind != "none"


def uses(experiment: Experiment, *kinds: str) -> bool:
    """Whether one of the layers has a type that ends like this."""
    return any(layer.type.endswith(kinds) for _, layer in _layers(experiment))


def restores_best(experiment: Experiment) -> bool:
    """Whether the run goes back to its best weights by itself."""
    place = _callback(experiment, "EarlyStopping")
    return place is not None and bool(
        experiment.callbacks[place].parameters.get("restore_best_weights")
    )


def last_layer(experiment: Experiment) -> Layer | None:
    """The last layer with weights, None where there is none."""
    weighted = [layer for _, layer in _layers(experiment) if _has_kernel(layer)]
    return weighted[-1] if weighted else None


def _layers(experiment: Experiment) -> list[tuple[str, Layer]]:
    """The layers that are switched on and are no second use of another one, with their paths."""
    model = experiment.model
    if model.kind != "graph":
        found: list[tuple[str, Layer]] = [
            (f"model.layers.{i}", layer) for i, layer in enumerate(model.layers)
        ]
    else:
        found = [
            (f"model.nodes.{i}", node) for i, node in enumerate(model.nodes) if not node.shares
        ]
    return [(path, layer) for path, layer in found if not layer.disabled]


def _has_kernel(layer: Layer) -> bool:
    entry = catalogue.load().get("layers", layer.type)
    return entry is not None and entry.parameter("kernel_regularizer") is not None


def _hidden(experiment: Experiment) -> list[tuple[str, Layer]]:
    """The layers with weights that give no output of the model."""
    found = [(path, layer) for path, layer in _layers(experiment) if _has_kernel(layer)]
    if experiment.model.kind == "graph":
        outputs = set(experiment.model.outputs)
        inner = [(path, layer) for path, layer in found if layer.name not in outputs]
        return inner if len(inner) < len(found) else inner[:-1]
    return found[:-1]


def _inserted(
    experiment: Experiment, layer: dict[str, Any], name: str, why: str
) -> Technique | None:
    """A layer put behind every hidden one; not where the model has such a layer."""
    if uses(experiment, str(layer["type"])):
        return None
    behind = {path for path, _ in _hidden(experiment)}
    if not behind:
        return None
    model = experiment.model
    if model.kind != "graph":
        layers: list[Any] = []
        for i, old in enumerate(model.layers):
            layers.append(old.model_dump(mode="json"))
            if f"model.layers.{i}" in behind:
                layers.append(dict(layer))
        return Technique(name, why, {"model.layers": layers})
    nodes: list[dict[str, Any]] = []
    renamed: dict[str, str] = {}
    taken = {node.name for node in model.nodes} | {entry.name for entry in model.inputs}
    for i, node in enumerate(model.nodes):
        plain = node.model_dump(mode="json")
        plain["from"] = [renamed.get(source, source) for source in plain["from"]]
        nodes.append(plain)
        if f"model.nodes.{i}" in behind:
            new = f"{node.name}_{str(layer['type']).lower()}"
            while new in taken:
                new += "_"
            taken.add(new)
            renamed[node.name] = new
            nodes.append({"name": new, "from": [node.name], **layer})
    return Technique(name, why, {"model.nodes": nodes})


def _resized(experiment: Experiment, factor: float, name: str, why: str) -> Technique | None:
    changes: dict[str, Any] = {}
    for path, layer in _hidden(experiment):
        for key in ("units", "filters"):
            size = layer.parameters.get(key)
            if isinstance(size, int) and (new := max(2, round(size * factor))) != size:
                changes[f"{path}.{key}"] = new
    return Technique(name, why, changes) if changes else None


def _rate(experiment: Experiment) -> float | None:
    """The learning rate, None where a schedule sets it."""
    optimizer = experiment.compile.optimizer
    rate = optimizer.parameters.get("learning_rate")
    if rate is None:
        entry = catalogue.load().get("optimizers", optimizer.type)
        parameter = entry.parameter("learning_rate") if entry else None
        rate = parameter.default if parameter else None
    scheduled = _callback(experiment, "LearningRateScheduler") is not None
    return float(rate) if isinstance(rate, int | float) and rate > 0 and not scheduled else None


def _callback(experiment: Experiment, kind: str) -> int | None:
    return next((i for i, part in enumerate(experiment.callbacks) if part.type == kind), None)


def _monitor(experiment: Experiment) -> str:
    return "val_loss" if has_validation(experiment) else "loss"


def _patience(experiment: Experiment) -> int:
    """A twentieth of the epochs, as the documents' 200 of 4000; 5 at least."""
    return max(5, experiment.fit.epochs // 20)

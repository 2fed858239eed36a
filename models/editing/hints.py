"""What could be better about a model that would run: from the documents, each with its reason.

A hint is a `Finding` of the level `hint`. The rules and their sources: the bottleneck, the last
layer and its loss, and models too large for their data are chapters 3 and 4 of François Chollet,
"Deep Learning with Python"; unscaled inputs and dropout are lessons of the tutorials (A, C); that
linear layers in a row are a single one, and that sigmoids in a row stop learning, is Goodfellow,
Bengio, Courville, "Deep Learning", sections 6.1 and 6.3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from kerastui.models.catalogue import catalogue
from kerastui.models.editing.cures import insert, layer_at, remove
from kerastui.models.editing.stack import layers_of
from kerastui.models.experiment.schema import Experiment, GraphModel
from kerastui.models.network.building import Step
from kerastui.models.preflight.facts import Cure, Facts, Finding
from kerastui.models.preflight.outputs import activation_of, maker_of

LARGE = 10.0
"""Inputs beyond this count as unscaled; zeros and ones, and a deviation of one, stay below."""

TOO_MANY = 20
"""Parameters for each training row from which on a model is called large for its data."""

_WEIGHTED = {"Dense", "Conv1D", "Conv2D", "Conv3D", "EinsumDense", "SeparableConv1D",
             "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D"}  # fmt: skip
_LINEAR = {"Flatten", "Reshape", "Identity", "Permute", "Dropout", "SpatialDropout1D",
           "SpatialDropout2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
           "AveragePooling1D", "AveragePooling2D", "ZeroPadding2D", "UpSampling2D",
           "BatchNormalization", "GaussianNoise", "Cropping2D"}  # fmt: skip
_SCALING = {"Normalization", "BatchNormalization", "Rescaling", "Embedding", "LayerNormalization",
            "GroupNormalization", "UnitNormalization", "RMSNormalization", "Discretization",
            "CategoryEncoding", "Hashing", "IntegerLookup"}  # fmt: skip
_SQUASHING = {"sigmoid", "hard_sigmoid"}


class _Model:
    """The layers of a model with what stands before and behind each."""

    def __init__(self, experiment: Experiment, done: Sequence[Step]) -> None:
        self.experiment = experiment
        self.done = list(done)
        self._makers = {id(step.output): step for step in done}
        self._fed: dict[int, list[Step]] = {}
        for step in done:
            for tensor in step.received:
                self._fed.setdefault(id(tensor), []).append(step)

    def before(self, step: Step) -> Step | None:
        """The layer that feeds a layer; None for an input."""
        return self._makers.get(id(step.received[0]))

    def behind(self, step: Step) -> list[Step]:
        """The layers that a layer feeds."""
        return self._fed.get(id(step.output), [])

    @property
    def ends(self) -> list[Step]:
        """The layers that feed no other."""
        return [step for step in self.done if not self.behind(step)]


def hints(experiment: Experiment, data: Facts, done: Sequence[Step]) -> list[Finding]:
    """Return what could be better, the weightiest first.

    Args:
        experiment: An experiment without a problem.
        data: Facts about its prepared data.
        done: Its layers, from `summary.follow`.
    """
    model = _Model(experiment, done)
    found: list[Finding] = []
    for rule in (_unscaled, _dropout, _linear, _bottleneck, _squashed, _class_loss, _too_large):
        found += rule(model, data)
    return found


def _kind(step: Step) -> str:
    return type(step.layer).__name__


def _units(step: Step) -> int:
    return int(getattr(step.layer, "units", 0) or getattr(step.layer, "filters", 0) or 0)


def _parameter(step: Step, name: str) -> bool:
    """Whether a layer has a parameter that can be set."""
    entry = catalogue.load().get("layers", _kind(step))
    return entry is not None and entry.parameter(name) is not None


# --- the data ------------------------------------------------------------------------------


def _unscaled(model: _Model, data: Facts) -> Iterator[Finding]:
    """Inputs of hundreds against weights that begin near one."""
    largest = max(abs(data.input_minimum), abs(data.input_maximum))
    firsts = [step for step in model.done if model.before(step) is None]
    if largest <= LARGE or not firsts or any(_kind(step) in _SCALING for step in firsts):
        return
    steps = [step.model_dump(mode="json") for step in model.experiment.data.steps]
    if any(step["step"] == "scale" for step in steps):
        return
    yield Finding(
        "hint", "data.steps",
        f"The inputs go from {data.input_minimum:g} to {data.input_maximum:g}. Weights begin near "
        "0, so large inputs make the first steps wild, and the largest column drowns the others.",
        "Scale them: the step scale of the preparation, or a Rescaling layer first.",
        _scaling(model, firsts[0], steps, largest),
    )  # fmt: skip


def _scaling(
    model: _Model, first: Step, steps: list[dict[str, Any]], largest: float
) -> tuple[Cure, ...]:
    found: list[Cure] = []
    rows = len(first.received[0].shape) == 2 and not any(s["step"] == "window" for s in steps)
    if rows:
        scale = {"step": "scale", "method": "standard"}
        found.append(Cure("scale each column in the preparation", {"data.steps": [*steps, scale]}))
    place = layer_at(model.experiment, first.where)
    if place is not None:
        factor = 1 / 255 if largest == 255 else float(f"{1 / largest:.3g}")
        layer = {"type": "Rescaling", "scale": factor}
        found.append(insert(model.experiment, place[0], layer, "add Rescaling as the first layer"))
    return tuple(found)


def _too_large(model: _Model, data: Facts) -> Iterator[Finding]:
    """Enough weights to learn the rows by heart, and nothing against it."""
    layers = list({id(step.layer): step.layer for step in model.done}.values())
    count = sum(math.prod(v.shape) for layer in layers for v in layer.trainable_weights)
    if not data.rows or count < TOO_MANY * data.rows or count < 500 or _held_back(model):
        return
    largest = max(
        (step for step in model.done if _units(step)),
        key=lambda step: sum(math.prod(v.shape) for v in step.layer.trainable_weights),
        default=None,
    )
    if largest is None:
        return
    cures = []
    place = layer_at(model.experiment, largest.where)
    units, name = _units(largest), "units" if _parameter(largest, "units") else "filters"
    if model.behind(largest):
        if units > 8:
            path = f"{largest.where}.{name}"
            cures.append(Cure(f"{units // 2} {name} instead of {units}", {path: units // 2}))
        if place is not None and not isinstance(model.experiment.model, GraphModel):
            layer = {"type": "Dropout", "rate": 0.5}
            words = f"add Dropout behind {_kind(largest)}"
            cures.append(insert(model.experiment, place[0] + 1, layer, words))
    if _parameter(largest, "kernel_regularizer"):
        path = f"{largest.where}.kernel_regularizer"
        cures.append(Cure("keep its weights small (L2)", {path: {"type": "L2", "l2": 0.001}}))
    yield Finding(
        "hint", largest.where,
        f"{count:,} parameters learn from {data.rows:,} rows: enough to know the rows by heart "
        "without learning what they have in common.",
        "Use fewer units, dropout, weight decay, or early stopping.", tuple(cures),
    )  # fmt: skip


def _held_back(model: _Model) -> bool:
    """Whether something already works against learning by heart."""
    if any(part.type == "EarlyStopping" for part in model.experiment.callbacks):
        return True
    return any(
        "Dropout" in _kind(step)
        or "Noise" in _kind(step)
        or getattr(step.layer, "kernel_regularizer", None) is not None
        for step in model.done
    )


# --- layers --------------------------------------------------------------------------------


def _dropout(model: _Model, data: Facts) -> Iterator[Finding]:
    """Dropout where what it takes away can't be made up for."""
    numbers = data.task in ("regression", "forecasting")
    for step in model.done:
        place = layer_at(model.experiment, step.where)
        before = model.before(step)
        if "Dropout" not in _kind(step) or place is None:
            continue
        rate = float(getattr(step.layer, "rate", 0.0))
        out = remove(model.experiment, place[0], "take Dropout out")
        if not model.behind(step):
            yield Finding(
                "hint", step.where,
                "Dropout is the last layer: while training, it sets outputs themselves to 0.",
                "Put it before the last Dense layer.", (out,),
            )  # fmt: skip
        elif all(not model.behind(last) for last in model.behind(step)) and before is not None:
            width = _units(before)
            if numbers:
                yield Finding(
                    "hint", step.where,
                    "Dropout stands right before the output. What it takes away there changes how "
                    "large the predicted numbers are, and nothing behind it can even that out.",
                    "Put it one layer earlier, or leave it out.",
                    (*_earlier(model, step), out),
                )  # fmt: skip
            elif 0 < width * (1 - rate) < 8:
                more = Cure(f"{2 * width} units before it", {f"{before.where}.units": 2 * width})
                smaller = Cure("set its rate to 0.2", {f"{step.where}.rate": 0.2})
                yield Finding(
                    "hint", step.where,
                    f"Dropout stands right before the output and leaves it about "
                    f"{width * (1 - rate):g} of {width} numbers to decide from.",
                    "Give the layer before it more units, or use a smaller rate.",
                    (more, smaller) if _parameter(before, "units") else (smaller,),
                )  # fmt: skip


def _earlier(model: _Model, step: Step) -> tuple[Cure, ...]:
    """The change that swaps a layer of a stack with the one before it."""
    place = layer_at(model.experiment, step.where)
    if place is None or place[0] == 0 or isinstance(model.experiment.model, GraphModel):
        return ()
    layers, index = layers_of(model.experiment), place[0]
    if index < 2:
        return ()
    swapped = [*layers[: index - 1], layers[index], layers[index - 1], *layers[index + 1 :]]
    return (Cure("put it one layer earlier", {"model.layers": swapped}),)


def _linear(model: _Model, data: Facts) -> Iterator[Finding]:
    """Layers in a row that are together one linear layer."""
    for step in model.done:
        if _kind(step) not in _WEIGHTED or activation_of(step.layer) != "linear":
            continue
        following = model.behind(step)
        while len(following) == 1 and _kind(following[0]) in _LINEAR:
            following = model.behind(following[0])
        if len(following) == 1 and _kind(following[0]) in _WEIGHTED:
            yield Finding(
                "hint", step.where,
                f"{step.label} has no activation, and {following[0].label} follows: two linear "
                "layers in a row can do no more than one.",
                "Give it an activation, such as relu.",
                (Cure("use relu", {f"{step.where}.activation": "relu"}),),
            )  # fmt: skip


def _bottleneck(model: _Model, data: Facts) -> Iterator[Finding]:
    """A layer narrower than the classes that are to be told apart."""
    if data.task != "multiclass":
        return
    for end in model.ends:
        classes = int(end.output.shape[-1] or 0)
        for step in model.done:
            units = _units(step)
            narrow = _kind(step) == "Dense" and 0 < units < classes / 2 and classes >= 8
            if narrow and step is not end and model.behind(step):
                wanted = 2 ** math.ceil(math.log2(classes))
                yield Finding(
                    "hint", step.where,
                    f"{step.label} lets {units} numbers through, and {classes} classes are told "
                    "apart behind it: what is lost in a bottleneck no later layer brings back.",
                    f"Give it {classes} units or more.",
                    (Cure(f"{wanted} units", {f"{step.where}.units": wanted}),),
                )  # fmt: skip


def _squashed(model: _Model, data: Facts) -> Iterator[Finding]:
    """Sigmoids in hidden layers."""
    hidden = [
        step for step in model.done
        if _kind(step) in _WEIGHTED and activation_of(step.layer) in _SQUASHING
        and any(True for _ in model.behind(step))
    ]  # fmt: skip
    if len(hidden) < 2:
        return
    changes = {f"{step.where}.activation": "relu" for step in hidden}
    yield Finding(
        "hint", hidden[0].where,
        f"{len(hidden)} hidden layers go through sigmoid. Its slope is at most a quarter, so the "
        "first layers of a stack hardly learn.",
        "Use relu in hidden layers.", (Cure("use relu in all of them", changes),),
    )  # fmt: skip


def _class_loss(model: _Model, data: Facts) -> Iterator[Finding]:
    """A squared error for classes."""
    loss = model.experiment.compile.loss
    if data.task not in ("binary", "multiclass") or isinstance(loss, dict):
        return
    squares = catalogue.find("losses", loss.type).name in ("MeanSquaredError", "MeanAbsoluteError")
    if not squares or len(model.ends) != 1 or len(data.targets) != 1:
        return
    activation = activation_of(maker_of(model.ends[0], model.done).layer)
    better = {"sigmoid": "binary_crossentropy", "softmax": "categorical_crossentropy"}
    if activation in better:
        yield Finding(
            "hint", "compile.loss",
            f"{loss.type} with {activation} learns slowest where the answer is most wrong, because "
            "the activation is flat there; crossentropy takes that back.",
            f"Use {better[activation]}.",
            (Cure(f"use {better[activation]}", {"compile.loss": better[activation]}),),
        )  # fmt: skip

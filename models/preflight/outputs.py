"""The outputs of a model against losses, targets and metrics, in plain words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kerastui.datasets.spec import Task
from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import Part
from kerastui.models.network import applications
from kerastui.models.network.building import Step, type_of
from kerastui.models.network.errors import Shape
from kerastui.models.preflight.facts import Cure, Finding, TargetFacts


@dataclass(frozen=True)
class Output:
    """One output of the model, with what it is compared to."""

    name: str
    shape: Shape  # with the batch axis
    activation: str
    where: str  # the layer that gives it
    loss: Part
    loss_where: str
    target: TargetFacts
    maker: str = ""  # the layer whose activation it goes through, and its type
    maker_type: str = ""
    learner: str = ""  # the last layer with weights, if its units are the output's, and its type
    learner_type: str = ""

    def use_activation(self, name: str) -> tuple[Cure, ...]:
        """The change to another activation, where its layer has one."""
        entry = catalogue.load().get("layers", self.maker_type)
        if entry is None or entry.parameter("activation") is None:
            return ()
        words = f"use {name} in the last layer" if name != "linear" else "take the activation away"
        return (Cure(words, {f"{self.maker}.activation": name}),)

    def use_units(self, count: int) -> tuple[Cure, ...]:
        """The change to another number of units, where its layer has them."""
        entry = catalogue.load().get("layers", self.learner_type)
        if entry is None or entry.parameter("units") is None:
            return ()
        which = "it" if self.learner in (self.maker, self.where) else entry.name
        words = f"give {which} {_numbers(count, 'unit')}"
        return (Cure(words, {f"{self.learner}.units": count}),)

    def use_loss(self, name: str) -> tuple[Cure, ...]:
        """The change to another loss."""
        return (Cure(f"use {name}", {self.loss_where: name}),)

    def use_logits(self, yes: bool) -> tuple[Cure, ...]:
        """The change that tells the loss whether the output is a probability yet."""
        entry = catalogue.find("losses", self.loss.type)
        if entry.parameter("from_logits") is None:
            return ()
        kept = {"type": entry.name, **self.loss.parameters, "from_logits": yes}
        words = "set from_logits in the loss" if yes else "set from_logits to false"
        return (Cure(words, {self.loss_where: kept}),)

    @property
    def units(self) -> int:
        return self.shape[-1] or 0

    @property
    def loss_name(self) -> str:
        """The loss class, with Keras' own choice made where it has one."""
        name = catalogue.find("losses", self.loss.type).name
        if name != "crossentropy":
            return name
        if self.units == 1:
            return "BinaryCrossentropy"
        sparse = self.target.width == 1
        return "SparseCategoricalCrossentropy" if sparse else "CategoricalCrossentropy"

    @property
    def from_logits(self) -> bool:
        return bool(self.loss.parameters.get("from_logits", False))


_PASSING = {"Identity", "Reshape", "Flatten", "Dropout"}


def maker_of(step: Step, done: Sequence[Step]) -> Step:
    """The layer that makes the numbers which the last layers only pass on."""
    return _back(step, done, lambda layer: type(layer).__name__ in _PASSING)


def learner_of(step: Step, done: Sequence[Step]) -> Step:
    """The last layer on the way to an output that has weights, else the first on that way."""
    return _back(step, done, lambda layer: not layer.weights)


def _back(step: Step, done: Sequence[Step], passed: Callable[[Any], bool]) -> Step:
    """The last step, from `step` backwards, whose layer is not to be passed over."""
    makers = {id(other.output): other for other in done}
    while passed(step.layer) and id(step.received[0]) in makers:
        step = makers[id(step.received[0])]
    return step


def activation_of(layer: Any) -> str:
    """The activation that a layer's output goes through last; `linear` for none."""
    if applications.is_application(type_of(layer)):
        return applications.output_activation(layer)
    entry = catalogue.load().get("activations", type(layer).__name__.lower())
    if entry is not None:  # a layer that is nothing but an activation
        return entry.name
    function = getattr(layer, "activation", None)
    return str(getattr(function, "__name__", "linear"))


_SPARSE = {"SparseCategoricalCrossentropy"}
_ONE_HOT = {"CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge",
            "CategoricalGeneralizedCrossEntropy"}  # fmt: skip
_BINARY = {"BinaryCrossentropy", "BinaryFocalCrossentropy"}
CLASS_LOSSES = _SPARSE | _ONE_HOT | _BINARY
_OTHER_SHAPES = {"CTC", "Circle"}  # targets that are not compared number by number


def shape_findings(output: Output, task: Task) -> Iterator[Finding]:
    """Does the output have the shape that the loss compares with this target?"""
    loss, target, units = output.loss_name, output.target, output.units
    if loss in _OTHER_SHAPES:
        return
    axes = len(output.shape) - 1
    target_axes = max(1, len(target.shape)) + (1 if loss in _SPARSE and target.width > 1 else 0)
    if loss in _SPARSE and target.one_hot:
        yield Finding(
            "problem", output.loss_where,
            f"{output.loss.type} wants class numbers, but the targets are one-hot "
            f"({target.width} columns).",
            "Use categorical_crossentropy, or take the one-hot step out of the preparation.",
            output.use_loss("categorical_crossentropy"),
        )  # fmt: skip
    elif axes > target_axes:
        yield Finding(
            "problem", output.where,
            f"The output has the shape {_text(output.shape)}, but there is one target of "
            f"{_numbers(target.width)} for each sample.",
            "Bring it down to one row: Flatten, a global pooling layer, or return_sequences = "
            "false in the last recurrent layer.",
        )  # fmt: skip
    elif loss in _SPARSE:
        yield from _class_numbers(output)
    elif loss in _ONE_HOT and target.width == 1 and units > 1:
        cure = "Use sparse_categorical_crossentropy, or add the one-hot step to the preparation."
        yield Finding("problem", output.loss_where,
                      f"{output.loss.type} wants one column for each class, but the targets are "
                      "single numbers.", cure,
                      output.use_loss("sparse_categorical_crossentropy"))  # fmt: skip
    elif units != (target.shape[-1] if target.shape else 1):
        yield Finding("problem", output.where,
                      f"The output gives {_numbers(units)}, the target has "
                      f"{_numbers(target.width)}.", _units_cure(output, task),
                      _units_cures(output, task))  # fmt: skip
    elif loss in _ONE_HOT and units == 1:
        yield Finding(
            "problem", output.loss_where,
            f"{output.loss.type} tells several classes apart, but the output gives one number.",
            "Use binary_crossentropy with a sigmoid for two classes.",
            output.use_loss("binary_crossentropy"),
        )  # fmt: skip


def _class_numbers(output: Output) -> Iterator[Finding]:
    """Class numbers against the number of units."""
    target, units = output.target, output.units
    if not target.whole:
        yield Finding(
            "problem", output.loss_where,
            f"{output.loss.type} wants class numbers, but the targets go from "
            f"{target.minimum:g} to {target.maximum:g} with fractions.",
            "Use mse for numbers to predict, or encode the classes as numbers.",
            output.use_loss("mse"),
        )  # fmt: skip
    elif units == 1:
        yield Finding(
            "problem", output.where,
            f"{output.loss.type} needs one unit for each class; the output has a single one.",
            "Use binary_crossentropy with a sigmoid for two classes, or "
            f"{int(target.maximum) + 1} units with softmax.",
            _one_unit_cures(output),
        )  # fmt: skip
    elif target.minimum < 0 or target.maximum >= units:
        yield Finding(
            "problem", output.where,
            f"The class numbers go from {target.minimum:g} to {target.maximum:g}, but "
            f"{units} units stand for 0 to {units - 1}.",
            "Number the classes from 0 (encode label)" if target.minimum < 0 else
            f"Give the last layer {int(target.maximum) + 1} units, or number the classes from 0.",
            () if target.minimum < 0 else output.use_units(int(target.maximum) + 1),
        )  # fmt: skip


def _units_cure(output: Output, task: Task) -> str:
    width = output.target.width
    if output.target.width == 1 and task == "multiclass":
        return ("Use sparse_categorical_crossentropy for class numbers, or the one-hot step "
                "in the preparation.")  # fmt: skip
    return f"Give the last layer {_numbers(width, 'unit')}, or choose other target columns."


def _units_cures(output: Output, task: Task) -> tuple[Cure, ...]:
    if output.target.width == 1 and task == "multiclass":
        return output.use_loss("sparse_categorical_crossentropy")
    return output.use_units(output.target.width)


def _one_unit_cures(output: Output) -> tuple[Cure, ...]:
    """Class numbers with a single unit: a sigmoid for two classes, a unit for each of more."""
    classes = int(output.target.maximum) + 1
    unit = output.use_units(classes)
    softmax = output.use_activation("softmax")
    cures: tuple[Cure, ...] = ()
    if unit and softmax:
        both = {**unit[0].changes, **softmax[0].changes}
        cures = (Cure(f"give it {classes} units with softmax", both),)
    sigmoid = output.use_activation("sigmoid")
    if classes == 2 and sigmoid:
        both = {**sigmoid[0].changes, output.loss_where: "binary_crossentropy"}
        cures = (Cure("use sigmoid and binary_crossentropy", both), *cures)
    return cures


def value_findings(output: Output, task: Task) -> Iterator[Finding]:
    """Can the activation give what the targets ask for, as the loss reads it?"""
    loss, target, activation = output.loss_name, output.target, output.activation
    probabilities = loss in _BINARY | _ONE_HOT - {"CategoricalHinge"}
    if probabilities and (target.minimum < 0 or target.maximum > 1):
        yield Finding(
            "problem", output.loss_where,
            f"{output.loss.type} wants targets from 0 to 1; they go from "
            f"{target.minimum:g} to {target.maximum:g}.",
            "Encode the classes as 0 and 1 (encode label), or use another loss.",
        )  # fmt: skip
    if activation == "softmax" and output.units == 1:
        yield Finding(
            "problem", output.where,
            "Softmax over a single unit is always 1, whatever the input.",
            "Use sigmoid for two classes, or linear for a number.",
            output.use_activation("sigmoid" if loss in CLASS_LOSSES else "linear"),
        )  # fmt: skip
        return
    if loss in CLASS_LOSSES and loss != "CategoricalHinge":
        yield from _probabilities(output)
    elif task in ("regression", "forecasting"):
        yield from _range(output)
    if loss in ("MeanSquaredLogarithmicError", "Poisson") and target.minimum < 0:
        yield Finding(
            "warning", output.loss_where,
            f"{output.loss.type} is meant for targets of 0 and more; the smallest is "
            f"{target.minimum:g}.", "Use mse or mae.", output.use_loss("mse"),
        )  # fmt: skip


def _probabilities(output: Output) -> Iterator[Finding]:
    """A crossentropy wants probabilities, or logits if it is told so."""
    wanted = "sigmoid" if output.loss_name in _BINARY else "softmax"
    activation = output.activation
    probable = activation in ("sigmoid", "softmax", "hard_sigmoid", "sparsemax", "sparse_sigmoid")
    if output.from_logits and probable:
        yield Finding(
            "warning", output.loss_where,
            f"from_logits says that the output is not yet a probability, but it goes through "
            f"{activation}: it would be squeezed twice.",
            "Set from_logits to false, or take the activation away.",
            output.use_logits(False) + output.use_activation("linear"),
        )  # fmt: skip
    elif not output.from_logits and not probable:
        yield Finding(
            "warning", output.where,
            f"{output.loss.type} reads the output as probabilities, but {activation} gives "
            "other numbers too.",
            f"Use {wanted} in the last layer, or set from_logits in the loss.",
            output.use_activation(wanted)
            + (output.use_logits(True) if activation == "linear" else ()),
        )  # fmt: skip
    elif wanted == "softmax" and not output.from_logits and activation != "softmax":
        yield Finding(
            "warning", output.where,
            f"With {activation} the {output.units} outputs do not sum to 1, as "
            f"{output.loss.type} expects of classes that exclude each other.",
            "Use softmax in the last layer.",
            output.use_activation("softmax"),
        )  # fmt: skip
    elif wanted == "sigmoid" and activation == "softmax" and not output.target.one_hot:
        yield Finding(
            "warning", output.where,
            f"Softmax makes the {output.units} outputs sum to 1, but several labels can be true "
            "at once.", "Use sigmoid in the last layer.", output.use_activation("sigmoid"),
        )  # fmt: skip


_REACH = {
    "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0), "hard_tanh": (-1.0, 1.0), "softsign": (-1.0, 1.0),
    "relu": (0.0, math.inf), "softplus": (0.0, math.inf), "relu6": (0.0, 6.0),
    "exponential": (0.0, math.inf),
}  # fmt: skip


def _range(output: Output) -> Iterator[Finding]:
    """Numbers to predict against what the last activation can give."""
    target = output.target
    low, high = _REACH.get(output.activation, (-math.inf, math.inf))
    if target.minimum < low or target.maximum > high:
        reach = f"{low:g} and more" if math.isinf(high) else f"{low:g} to {high:g}"
        yield Finding(
            "warning", output.where,
            f"{output.activation.capitalize()} gives only {reach}, but the targets go from "
            f"{target.minimum:g} to {target.maximum:g}.",
            "Leave the last layer without an activation (linear), or scale the target.",
            output.use_activation("linear"),
        )  # fmt: skip
    elif output.activation == "softmax":
        yield Finding(
            "warning", output.where,
            "Softmax makes the outputs sum to 1, which numbers to predict seldom do.",
            "Leave the last layer without an activation (linear).",
            output.use_activation("linear"),
        )  # fmt: skip


# Metrics that want a column even of a single target.


def _text(shape: Shape) -> str:
    return "(" + ", ".join("None" if size is None else str(size) for size in shape) + ")"


def _numbers(count: int, word: str = "number") -> str:
    return f"one {word}" if count == 1 else f"{count} {word}s"

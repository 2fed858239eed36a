"""Turn a part of an experiment into a Keras object, in a worker: a layer, a loss, a callback …

The callback `LearningRateScheduler` takes a function in Keras; here it takes a schedule made of
plain values, whose steps are epochs:
`keras.callbacks.LearningRateScheduler(lambda epoch, rate: float(schedule(epoch)))`.

Keras is imported by the functions that need it, so that importing this module costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue, check
from kerastui.models.experiment.schema import Layer, Part
from kerastui.models.network.errors import first_line


def make(kind: str, part: Part | Mapping[str, Any] | str, where: str = "") -> Any:
    """Make a Keras object from a part of an experiment.

    Args:
        kind: One of `catalogue.KINDS`.
        part: A part, or a plain table with `type`, or a name.
        where: The field it stands in, for error messages.

    Returns:
        The object. A bare name that Keras looks up itself, such as `"adam"`, `"acc"` or
        `"he_normal"`, is returned as it is written: it decides the key of a metric in the log.

    Raises:
        UserError: The part is not in the catalogue or Keras refuses a parameter.
    """
    type_, parameters = plain(part)
    problems = check.check(kind, type_, parameters, where)
    if problems:
        raise UserError(problems[0].sentence, hint=problems[0].cure)
    entry = catalogue.find(kind, type_)
    if entry.by_name and not parameters:
        return type_
    values = {name: _value(entry, name, value, where) for name, value in parameters.items()}
    if entry.name == "LearningRateScheduler":
        values["schedule"] = _by_epoch(values["schedule"])
    try:
        return _class(kind, entry.name)(**values)
    except Exception as error:
        given = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        raise UserError(
            f"{where + ': ' if where else ''}Keras cannot make {entry.name}({given}): "
            f"{first_line(error)}",
            hint="Change the parameter it names, or leave it out for Keras' default.",
        ) from error


def plain(part: Part | Mapping[str, Any] | str) -> tuple[str, dict[str, Any]]:
    """The type and the parameters Keras gets; a layer's own name is one of them."""
    if isinstance(part, str):
        return part, {}
    if isinstance(part, Part):
        parameters = part.parameters
        if isinstance(part, Layer) and part.name is not None:
            parameters["name"] = part.name
        return part.type, parameters
    parameters = {name: value for name, value in part.items() if name != "type"}
    type_ = part.get("type")
    if not isinstance(type_, str):
        raise UserError(
            f"A part needs a type; received {dict(part)!r}.",
            hint='Write a name, "L2", or a table, { type = "L2", l2 = 0.01 }.',
        )
    return type_, parameters


def _value(entry: catalogue.Entry, name: str, value: Any, where: str) -> Any:
    """A parameter as Keras takes it: nested parts are made, everything else stays."""
    parameter = entry.parameter(name)
    if parameter is None or not parameter.part:
        return value
    field = f"{where}.{name}" if where else name
    if "parts" in parameter.accepts and isinstance(value, (list, tuple)):
        return [make(parameter.part, item, f"{field}.{i}") for i, item in enumerate(value)]
    if isinstance(value, Mapping) or (isinstance(value, str) and value not in parameter.choices):
        return make(parameter.part, value, field)
    return value


def _by_epoch(schedule: Any) -> Any:
    """The function of epoch and rate that Keras' callback wants, of a schedule of steps."""
    return lambda epoch, rate: float(schedule(epoch))


def _class(kind: str, name: str) -> Any:
    import keras

    if kind == "schedules":
        return getattr(keras.optimizers.schedules, name)
    return getattr(getattr(keras, kind), name)

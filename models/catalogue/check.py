"""Checking a part of an experiment against the catalogue, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerastui.models.catalogue.catalogue import Entry, Parameter, alike, load, unknown

# Keys of an experiment's part that are ours, not Keras'.
_RESERVED = {"type"}
_RESERVED_LAYER = {"type", "name", "disabled", "from"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a part of an experiment.

    Attributes:
        where: The field, such as `model.layers.2.units`.
        received: What stands there, as text.
        accepted: What would be accepted, in words.
        sentence: All of it in one plain sentence.
    """

    where: str
    received: str
    accepted: str
    sentence: str

    @property
    def cure(self) -> str:
        """What to write instead, as a sentence of its own."""
        done = self.accepted.endswith((".", "?"))
        return self.accepted if done else f"Accepted: {self.accepted}."

    def __str__(self) -> str:
        return self.sentence


def check(kind: str, name: str, parameters: Mapping[str, Any], where: str = "") -> list[Problem]:
    """Everything that is wrong with a part of an experiment, without building it.

    Args:
        kind: One of `catalogue.KINDS`.
        name: The name of the object.
        parameters: Its parameters; nested parts are names or mappings with `type`.
        where: The field of the experiment the part stands in, for the sentences.

    Returns:
        The problems, none when Keras can be expected to accept the part.
    """
    entry = load().get(kind, name)
    if entry is None:
        message, accepted = unknown(kind, name)
        return [Problem(where, repr(name), accepted, _sentence(where, f"{message} {accepted}"))]
    problems: list[Problem] = []
    reserved = _RESERVED_LAYER if kind == "layers" else _RESERVED
    for key, value in parameters.items():
        if key in reserved:
            continue
        field_name = f"{where}.{key}" if where else str(key)
        parameter = entry.parameter(key)
        if parameter is None:
            problems.append(_unknown_parameter(entry, str(key), value, field_name))
        else:
            problems += _check_value(entry, parameter, value, field_name)
    for parameter in entry.parameters:
        if parameter.required and parameter.name not in parameters:
            field_name = f"{where}.{parameter.name}" if where else parameter.name
            wanted = describe(parameter)
            text = f"{entry.name} needs {parameter.name}: {wanted}."
            problems.append(Problem(field_name, "nothing", wanted, _sentence(where, text)))
    return problems


def _unknown_parameter(entry: Entry, name: str, value: Any, where: str) -> Problem:
    names = [p.name for p in entry.parameters]
    close = alike(name, names)
    accepted = f"Did you mean {' or '.join(close)}?" if close else f"It has: {', '.join(names)}."
    if not names:
        accepted = "It has no parameters."
    text = f"{entry.name} has no parameter called {name!r}. {accepted}"
    return Problem(where, _show(value), accepted, _sentence(where, text))


def _check_value(entry: Entry, parameter: Parameter, value: Any, where: str) -> list[Problem]:
    if value is None:
        if parameter.nullable:
            return []
    elif "any" in parameter.accepts:
        return []
    elif "part" in parameter.accepts and isinstance(value, (str, Mapping)):
        return _check_part(parameter, value, where)
    elif "parts" in parameter.accepts and isinstance(value, (list, tuple)):
        return [
            problem
            for index, item in enumerate(value)
            for problem in _check_part(parameter, item, f"{where}.{index}")
        ]
    elif any(_fits(kind, parameter, value) for kind in parameter.accepts):
        return []
    wanted = describe(parameter)
    text = f"{parameter.name} of {entry.name} must be {wanted}, not {_show(value)}."
    if "choice" in parameter.accepts and isinstance(value, str):
        close = alike(value, parameter.choices)
        text += f" Did you mean {' or '.join(close)}?" if close else ""
    return [Problem(where, _show(value), wanted, _sentence(where, text))]


def _check_part(parameter: Parameter, value: Any, where: str) -> list[Problem]:
    if isinstance(value, str) and value in parameter.choices:
        return []
    parameters: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    type_ = parameters.get("type") if isinstance(value, Mapping) else value
    if not isinstance(type_, str):
        wanted = f'the name of one of the {parameter.part}, or a table with "type"'
        text = f"{parameter.name} must be {wanted}, not {_show(value)}."
        return [Problem(where, _show(value), wanted, _sentence(where, text))]
    return check(parameter.part, type_, parameters, where)


def _fits(kind: str, parameter: Parameter, value: Any) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind in ("int", "float"):
        number = int if kind == "int" else (int, float)
        if isinstance(value, bool) or not isinstance(value, number) or math.isnan(value):
            return False
        low, high = parameter.minimum, parameter.maximum
        return (low is None or value >= low) and (high is None or value <= high)
    if kind == "str":
        return isinstance(value, str)
    if kind == "choice":
        return isinstance(value, str) and value in parameter.choices
    return kind == "list" and isinstance(value, (list, tuple))


def describe(parameter: Parameter, truth: str = "true or false") -> str:
    """What a parameter accepts, in words: "a whole number, at least 1".

    Args:
        parameter: The parameter.
        truth: What truth values are called; an experiment's file spells them true and false.
    """
    limits = ""
    if parameter.minimum is not None and parameter.maximum is not None:
        limits = f" from {parameter.minimum:g} to {parameter.maximum:g}"
    elif parameter.minimum is not None:
        limits = f", at least {parameter.minimum:g}"
    elif parameter.maximum is not None:
        limits = f", at most {parameter.maximum:g}"
    words = {
        "int": f"a whole number{limits}",
        "float": f"a number{limits}",
        "bool": truth,
        "str": "text",
        "choice": f"one of {', '.join(parameter.choices)}",
        "list": "a list",
        "part": f"one of the {parameter.part}",
        "parts": f"a list of {parameter.part}",
        "any": "any value",
    }
    return " or ".join(words[kind] for kind in parameter.accepts)


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _sentence(where: str, text: str) -> str:
    return f"{where}: {text}" if where else text

"""Experiments as TOML: read with messages a person can act on, written with comments kept."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kerastui.datasets.errors import UserError
from kerastui.models.experiment import Experiment
from kerastui.models.files import write_atomically

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def parse(plain: Mapping[str, Any], *, where: str = "the experiment") -> Experiment:
    """Build an experiment from plain values.

    Raises:
        UserError: Naming every field that is wrong, what it holds and what it accepts.
    """
    from kerastui.models import experiment_check

    try:
        experiment = Experiment.model_validate(dict(plain))
    except ValidationError as error:
        raise UserError(f"In {where}: {_sentences(error)}", "Correct it and try again.") from None
    problems = experiment_check.problems(experiment)
    if problems:
        text = "; ".join(str(problem) for problem in problems)
        raise UserError(f"In {where}: {text}", "Correct it and try again.")
    return experiment


def loads(text: str, *, where: str = "the experiment") -> Experiment:
    """Build an experiment from TOML text; raises `UserError` as `parse` does."""
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(
            f"{where} is no valid TOML: {error}.", "Correct that place in the file."
        ) from None
    return parse(plain, where=where)


def load(path: Path) -> Experiment:
    """Read an experiment file.

    Raises:
        UserError: The file can't be read, is no TOML, or holds a field that is not accepted.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(
            f"{path} is not a text file in UTF-8.", "An experiment is a TOML file."
        ) from None
    except OSError as error:
        raise UserError(
            f"{path} can't be read: {error.strerror}.", "Check the path and its permissions."
        ) from None
    return loads(text, where=path.name)


def dumps(experiment: Experiment) -> str:
    """Return the experiment as TOML, without the fields at their defaults."""
    import tomlkit

    document = tomlkit.document()
    _merge(document, experiment.plain(), {})
    return tomlkit.dumps(document)


def save(experiment: Experiment, path: Path) -> None:
    """Write an experiment file; comments and order of an existing one are kept.

    The new text replaces the old file in one step, so that a crash leaves one of the two.

    Raises:
        UserError: The file can't be written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    document = tomlkit.document()
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, TOMLKitError):
        document = tomlkit.document()
    _merge(document, experiment.plain(), experiment.plain(defaults=True))
    write_atomically(path, tomlkit.dumps(document))


def _merge(document: Any, new: Mapping[str, Any], full: Mapping[str, Any]) -> None:
    """Bring a TOML table to new values in place; what did not change keeps its comments."""
    for key in list(document):
        # A value that was written by hand and equals the default stays where it is.
        if key not in new and document[key] != full.get(key):
            del document[key]
    for key, value in new.items():
        old = document.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            _merge(old, value, full.get(key) or {})
        elif old != value:
            document[key] = _item(value)


def _item(value: Any) -> Any:
    """Return a TOML item: tables for tables, an array of tables for the long lists."""
    import tomlkit

    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        array = tomlkit.aot()
        for entry in value:
            table = tomlkit.table()
            for key, inner in entry.items():
                table[key] = _inline(inner)
            array.append(table)
        return array
    if isinstance(value, dict):
        table = tomlkit.table()
        for key, inner in value.items():
            table[key] = _item(inner) if isinstance(inner, list) else _inline(inner)
        return table
    return value


def _inline(value: Any) -> Any:
    import tomlkit

    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update({key: _inline(inner) for key, inner in value.items()})
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend(_inline(inner) for inner in value)
        return array
    return value


def _sentences(error: ValidationError) -> str:
    return "; ".join(dict.fromkeys(_sentence(entry) for entry in error.errors()))


def _sentence(entry: ErrorDetails) -> str:
    """Say one validation error: the field, what it received, what it accepts."""
    unions = {"sequential", "graph", "Part", "function-before"}
    place = [str(key) for key in entry["loc"] if not any(str(key).startswith(u) for u in unions)]
    field = ".".join(place) or "the file"
    message = entry["msg"].removeprefix("Value error, ")
    kind = entry["type"]
    if kind == "extra_forbidden":
        return f"{field} is not a field that is known there"
    if kind == "missing":
        return f"{field} is missing"
    if kind == "value_error":
        return f"{field}: {message}" if field != "the file" else message
    received = repr(entry["input"])
    if len(received) > 80:
        received = received[:79] + "…"
    return f"{field}: received {received}; accepted: {message.removeprefix('Input should be ')}"

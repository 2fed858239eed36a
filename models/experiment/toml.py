"""Experiments as TOML: read with messages a person can act on, written with comments kept."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.lines import line_of
from kerastui.models.experiment.schema import Experiment
from kerastui.models.files import write_atomically

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


MOST_BYTES = 4 * 2**20
"""The largest file that is read; an experiment takes a few kilobytes."""


@dataclass(frozen=True)
class SavedFile:
    """An experiment's file and the text that was last read from it or written to it."""

    path: Path
    text: str


class ChangedOutsideError(UserError):
    """The file holds something else than what was last read from it or written to it."""


def parse(plain: Mapping[str, Any], *, where: str = "the experiment", text: str = "") -> Experiment:
    """Build an experiment from plain values.

    Args:
        plain: The values.
        where: What they are called in an error.
        text: The TOML they were read from, so that an error names the lines.

    Raises:
        UserError: Naming every field that is wrong, what it holds and what it accepts.
    """
    from kerastui.models.experiment import check as experiment_check

    try:
        experiment = Experiment.model_validate(dict(plain))
    except ValidationError as error:
        sentences = [
            _at(text, _place(entry)) + _sentence(entry) for entry in error.errors(include_url=False)
        ]
        raise _wrong(where, sentences) from None
    problems = experiment_check.problems(experiment)
    if problems:
        raise _wrong(where, [_at(text, one.where.split(".")) + str(one) for one in problems])
    return experiment


def _at(text: str, place: Sequence[str]) -> str:
    number = line_of(text, place) if text else 0
    return f"line {number}: " if number else ""


def _wrong(where: str, sentences: Sequence[str]) -> UserError:
    told = list(dict.fromkeys(sentences))
    if len(told) == 1:
        return UserError(f"In {where}: {told[0]}", "Correct it and try again.")
    listed = "\n".join(f"• {sentence}" for sentence in told)
    return UserError(f"In {where} {len(told)} things are wrong:\n{listed}",
                     "Correct them and try again.")  # fmt: skip


def loads(text: str, *, where: str = "the experiment") -> Experiment:
    """Build an experiment from TOML text; raises `UserError` as `parse` does."""
    try:
        plain = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)
        raise UserError(
            f"{where} is no valid TOML: {reason}.", "Correct that place in the file."
        ) from None
    return parse(plain, where=where, text=text)


def load(path: Path) -> Experiment:
    """Read an experiment file.

    Raises:
        UserError: The file can't be read, is no TOML, or holds a field that is not accepted.
    """
    return _beside(loads(read_text(path), where=path.name), path)


def open_file(path: Path, workspace: Path) -> tuple[Experiment, SavedFile]:
    """Read an experiment file that is to be saved again, with what the workspace remembers of an
    own file that it names; raises `UserError` as `load` and `with_own_file` do."""
    text = read_text(path)
    experiment = _beside(loads(text, where=path.name), path)
    return with_own_file(experiment, workspace), SavedFile(path, text)


def _beside(experiment: Experiment, path: Path) -> Experiment:
    """Return the experiment with the own file that lies beside it, where its path has none."""
    from kerastui.datasets.files.place import found_beside

    recipe = experiment.data.file
    if recipe is None or (found := found_beside(recipe, path.parent)) == recipe:
        return experiment
    return experiment.changed({"data.file.path": found.path})


def with_own_file(experiment: Experiment, workspace: Path) -> Experiment:
    """Return the experiment with the recipe of the own file that it only names.

    Whatever it is saved in afterwards holds the recipe and needs no workspace.

    Raises:
        UserError: What the workspace remembers of that file can't be read.
    """
    from kerastui.datasets.catalogue import cards
    from kerastui.datasets.files.library import Library

    name = experiment.data.dataset
    if experiment.data.file is not None or any(card.name == name for card in cards()):
        return experiment
    library = Library(workspace)
    if name not in library.names():
        return experiment
    own = library.get(name)
    file = own.file.model_dump(mode="json", exclude_defaults=True)
    return experiment.changed(
        {"data.file": file, "data.target": experiment.data.target or own.target}
    )


def read_text(path: Path) -> str:
    """Return the text of an experiment file.

    Raises:
        UserError: It can't be read, is too large, or is no text.
    """
    try:
        if not path.is_dir() and not path.is_file() and path.exists():
            raise UserError(f"{path} is no ordinary file.", "An experiment is a TOML file.")
        with path.open("rb") as stream:
            held = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(
            f"{path} can't be read: {error.strerror}.", "Check the path and its permissions."
        ) from None
    if len(held) > MOST_BYTES:
        raise UserError(
            f"{path} is too large for an experiment: {path.stat().st_size:,} bytes.",
            f"An experiment is a TOML file of a few kilobytes; at most {MOST_BYTES:,} are read.",
        )
    try:
        text = held.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(f"{path} is not a text file in UTF-8.", "An experiment is a TOML file.")
    return text.replace("\r\n", "\n")


def dumps(experiment: Experiment) -> str:
    """Return the experiment as TOML, without the fields at their defaults."""
    return merged(experiment, "")


def save(experiment: Experiment, path: Path) -> None:
    """Write an experiment file; comments and order of an existing one are kept.

    The new text replaces the old file in one step, so that a crash leaves one of the two.

    Raises:
        UserError: The file can't be written.
    """
    try:
        base = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        base = ""
    write_atomically(path, merged(experiment, base))


def save_over(experiment: Experiment, path: Path, known: SavedFile | None) -> SavedFile:
    """Write an experiment where it was read from, or somewhere new, and never over a stranger's.

    Args:
        experiment: What is written.
        path: Where.
        known: What was last read or written; its comments are kept. None for a new experiment.

    Returns:
        What the file holds now.

    Raises:
        ChangedOutsideError: There is a file with something else in it.
        UserError: The file can't be written.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder.", "Give the name of a file in it.")
    text = merged(experiment, known.text if known else "")
    if path.exists():
        there = read_text(path)
        if there not in (text, known.text if known and known.path == path else None):
            raise ChangedOutsideError(f"{path} holds something else.", "Keep one under a new name.")
    write_atomically(path, text)
    return SavedFile(path, text)


def set_aside(path: Path) -> Path:
    """Rename a file so that another can take its place; returns where it is now.

    Raises:
        UserError: It can't be renamed.
    """
    for number in range(1, 1000):
        aside = path.with_name(f"{path.stem}.{number}{path.suffix}")
        if not aside.exists():
            try:
                return path.rename(aside)
            except OSError as error:
                raise UserError(f"{path} can't be renamed: {error.strerror}.") from None
    raise UserError(f"{path.parent} is full of copies of {path.name}.", "Remove some of them.")


def merged(experiment: Experiment, base: str) -> str:
    """Return an experiment as TOML with the comments and the order of the text `base`."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(base)
    except TOMLKitError:
        document = tomlkit.document()
    _merge(document, experiment.plain(), experiment.plain(defaults=True))
    return tomlkit.dumps(document)


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
            document[key] = _merge_tables(old, value, full.get(key)) or _item(value)


def _merge_tables(old: Any, new: Any, full: Any) -> Any:
    """Return an array of tables with new values; entries that stay keep their comments.

    None where it is no array of tables, before or after.
    """
    import tomlkit
    from tomlkit.items import AoT

    if not (isinstance(old, AoT) and isinstance(new, list) and new):
        return None
    if not all(isinstance(entry, dict) for entry in new):
        return None
    before = [json.dumps(entry.unwrap(), sort_keys=True, default=str) for entry in old]
    after = [json.dumps(entry, sort_keys=True) for entry in new]
    made, fresh = tomlkit.aot(), _item(new)
    for what, i, j, start, stop in SequenceMatcher(None, before, after, False).get_opcodes():
        free = list(range(i, j))
        for place in range(start, stop):
            alike = [n for n in free if what == "equal" or _same_kind(old[n], new[place])]
            if not alike:
                made.append(fresh[place])
                continue
            free.remove(alike[0])
            if what == "replace":
                whole = full[place] if isinstance(full, list) and place < len(full) else {}
                _merge(old[alike[0]], new[place], whole)
            made.append(old[alike[0]])
    return made


def _same_kind(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether one entry of a list may have become the other."""
    return all(old.get(key) == new.get(key) for key in ("type", "step", "name"))


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


def _place(entry: ErrorDetails) -> list[str]:
    """Return the keys that lead to what is wrong."""
    unions = {"sequential", "graph", "Part", "function-before"}
    keys = [str(key) for key in entry["loc"] if not any(str(key).startswith(u) for u in unions)]
    if keys[:2] == ["model", "file"]:  # a kind of model too, but data.file is a field
        del keys[1]
    return keys


def _sentence(entry: ErrorDetails) -> str:
    """Say one validation error: the field, what it received, what it accepts."""
    field = ".".join(_place(entry)) or "the file"
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

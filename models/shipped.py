"""The shipped examples: an index that is cheap to read, and each example as an experiment."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from kerastui.models.experiment import Experiment

DOCUMENTS = {
    "A": "tf.keras in one lab",
    "B": "T81-558, module 3",
    "C": "Better deep learning",
    "D": "Deep Learning with Python, chapter 3",
}
"""The teaching documents, in the order of the Learn screen."""


@dataclass(frozen=True)
class Entry:
    """One line of the index: what the list shows before anything is validated."""

    name: str
    title: str
    document: str
    section: str
    dataset: str
    plain: dict[str, Any]
    """The whole file as plain values; `experiment(name)` is the validated one."""

    @property
    def id(self) -> str:
        """The short id, `a05`."""
        return self.name.partition("-")[0]


@cache
def index() -> tuple[Entry, ...]:
    """Return all shipped examples in order. Only TOML is parsed, nothing is validated yet."""
    entries = []
    for resource in files("kerastui.models.examples").iterdir():
        if not resource.name.endswith(".toml"):
            continue
        plain = tomllib.loads(resource.read_text(encoding="utf-8"))
        lesson = plain.get("lesson", {})
        entries.append(
            Entry(
                name=plain["name"],
                title=plain.get("title", plain["name"]),
                document=lesson.get("document", ""),
                section=lesson.get("section", ""),
                dataset=plain.get("data", {}).get("dataset", ""),
                plain=plain,
            )
        )
    return tuple(sorted(entries, key=lambda entry: entry.name))


def entry(name: str) -> Entry:
    """Return the index line of an example, by its name or its short id.

    Raises:
        UserError: There is no such example.
    """
    for candidate in index():
        if name in (candidate.name, candidate.id):
            return candidate
    names = [candidate.name for candidate in index()]
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    hint = f"Did you mean {', '.join(close)}?" if close else "See: kerastui examples"
    raise UserError(f"There is no example {name!r}.", hint)


@cache
def experiment(name: str) -> Experiment:
    """Return a shipped example as a validated experiment; raises `UserError` if there is none."""
    from kerastui.models.experiment_file import parse

    found = entry(name)
    return parse(found.plain, where=f"{found.name}.toml")

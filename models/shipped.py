"""The shipped examples: an index that is cheap to read, and each example as an experiment."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

INDEX = "index.json"

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
    """Return all shipped examples in order; nothing is validated yet.

    They are read from `examples/index.json`, which `python -m kerastui.models.shipped` makes of
    the TOML files: reading those takes fourteen milliseconds of the first frame.
    """
    text = files("kerastui.models.examples").joinpath(INDEX).read_text(encoding="utf-8")
    return tuple(_entry(plain) for plain in json.loads(text))


def read_all() -> list[dict[str, Any]]:
    """Return the TOML files of all examples as plain values, in order."""
    import tomllib

    folder = files("kerastui.models.examples").iterdir()
    texts = [one.read_text(encoding="utf-8") for one in folder if one.name.endswith(".toml")]
    return sorted((tomllib.loads(text) for text in texts), key=lambda plain: str(plain["name"]))


def _entry(plain: dict[str, Any]) -> Entry:
    lesson = plain.get("lesson", {})
    return Entry(
        name=plain["name"],
        title=plain.get("title", plain["name"]),
        document=lesson.get("document", ""),
        section=lesson.get("section", ""),
        dataset=plain.get("data", {}).get("dataset", ""),
        plain=plain,
    )


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
    from kerastui.models.experiment.toml import parse

    found = entry(name)
    return parse(found.plain, where=f"{found.name}.toml")


if __name__ == "__main__":
    print(json.dumps(read_all(), ensure_ascii=False, indent=1))

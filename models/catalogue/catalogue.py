"""What Keras offers that can be written in an experiment: names, parameters, defaults, choices.

The facts come from `catalogue.json`, which `derive` derives from Keras itself; this
module only reads them and never imports Keras, so the app can use it from its first frame.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError

SHIPPED = Path(__file__).with_name("catalogue.json")

KINDS = (
    "layers",
    "optimizers",
    "schedules",
    "losses",
    "metrics",
    "callbacks",
    "initializers",
    "regularizers",
    "constraints",
    "activations",
)

# How one of a kind is called in a sentence.
SINGULAR = {
    "layers": "layer",
    "optimizers": "optimizer",
    "schedules": "learning rate schedule",
    "losses": "loss",
    "metrics": "metric",
    "callbacks": "callback",
    "initializers": "initializer",
    "regularizers": "regularizer",
    "constraints": "constraint",
    "activations": "activation",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a Keras object.

    Attributes:
        name: Keras' name of the argument.
        accepts: Kinds of value, the usual one first: `int`, `float` (an int is one too), `bool`,
            `str`, `choice`, `list`, `part` (name or table of another object), `parts` (a list
            of them), `any`.
        default: Keras' default; None where there is none or where it is None.
        required: There is no default.
        nullable: It may be left empty (Keras' None).
        choices: The accepted strings, when `accepts` has `choice`.
        part: The catalogue kind of a `part` or of each of the `parts`.
        minimum: Smallest accepted number, where Keras refuses smaller ones.
        maximum: Largest accepted number, where Keras refuses larger ones.
        doc: What Keras' documentation says about it first.
    """

    name: str
    accepts: tuple[str, ...]
    default: Any = None
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    part: str = ""
    minimum: float | None = None
    maximum: float | None = None
    doc: str = ""

    @property
    def value(self) -> str:
        """The kind of value a form asks for."""
        return self.accepts[0]


@dataclass(frozen=True, slots=True)
class Entry:
    """One Keras object: a layer, an optimizer, a loss…

    Attributes:
        kind: One of `KINDS`.
        name: The class name in Keras (the function name of an activation).
        group: The chapter of Keras' documentation it stands in.
        doc: The first sentence of its documentation.
        parameters: In Keras' order.
        aliases: Other names Keras accepts for it, such as `mse`.
        by_name: A bare name is enough: nothing is required, and Keras takes the string.
        inputs: What a layer is called with; more than one name for layers that take their
            inputs one by one, such as MultiHeadAttention, instead of as a list.
    """

    kind: str
    name: str
    group: str
    doc: str
    parameters: tuple[Parameter, ...]
    aliases: tuple[str, ...] = ()
    by_name: bool = False
    inputs: tuple[str, ...] = ()

    def parameter(self, name: str) -> Parameter | None:
        """The parameter called `name`, or None."""
        return next((p for p in self.parameters if p.name == name), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries of one Keras version."""

    keras: str
    kinds: Mapping[str, Mapping[str, Entry]]
    excluded: Mapping[str, Mapping[str, str]]
    _names: Mapping[str, Mapping[str, str]] = field(repr=False)

    def get(self, kind: str, name: str) -> Entry | None:
        """The entry of `kind` that Keras finds under `name`, or None."""
        known = self._names[kind].get(name)
        if known is None and kind == "optimizers":  # the one kind where Keras ignores case
            known = self._names[kind].get(name.lower())
        return None if known is None else self.kinds[kind][known]


def load() -> Catalogue:
    """The catalogue of the installed Keras, as near as there is one.

    Raises:
        UserError: The shipped file is missing or broken.
    """
    return _current()


def missing() -> Path | None:
    """Where the catalogue of the installed Keras should be but is not; None if there is one.

    A worker that finds a path here has it written, in a process of its own:
    `python -m kerastui.models.catalogue.derive PATH`. Until then the shipped one serves.
    """
    version = _installed()
    if version in ("", read(SHIPPED).keras):
        return None
    path = _cached(version)
    return None if path.exists() else path


@lru_cache(maxsize=1)
def _current() -> Catalogue:
    shipped, version = read(SHIPPED), _installed()
    if version not in ("", shipped.keras) and _cached(version).exists():
        try:
            return read(_cached(version))
        except UserError:
            pass  # damaged; the shipped one is better than none
    return shipped


def _installed() -> str:
    """Keras' version without importing it; empty where it is not installed."""
    try:
        return metadata.version("keras")
    except metadata.PackageNotFoundError:
        return ""


def _cached(version: str) -> Path:
    from kerastui.datasets.fetch import cache_directory

    return cache_directory() / f"catalogue-{version}.json"


def read(path: Path) -> Catalogue:
    """Read a catalogue file.

    Args:
        path: A file written by `derive`.

    Raises:
        UserError: The file is missing or is not a catalogue.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        kinds = {
            kind: {name: _entry(kind, name, facts) for name, facts in entries.items()}
            for kind, entries in data["kinds"].items()
        }
        return Catalogue(data["keras"], kinds, data["excluded"], _names(kinds))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"The catalogue of Keras objects at {path} cannot be read: {error}.",
            hint=f"Write it again with: python -m kerastui.models.catalogue.derive {path}",
        ) from error


def _entry(kind: str, name: str, facts: Mapping[str, Any]) -> Entry:
    parameters = tuple(
        Parameter(
            **{
                **p,
                "accepts": tuple(p["accepts"]),
                "choices": tuple(p.get("choices", ())),
            }
        )
        for p in facts["parameters"]
    )
    return Entry(
        kind=kind,
        name=name,
        group=facts["group"],
        doc=facts["doc"],
        parameters=parameters,
        aliases=tuple(facts.get("aliases", ())),
        by_name=facts.get("by_name", False),
        inputs=tuple(facts.get("inputs", ())),
    )


def _names(kinds: Mapping[str, Mapping[str, Entry]]) -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = {}
    for kind, entries in kinds.items():
        names[kind] = {a: e.name for e in entries.values() for a in e.aliases}
        if kind == "optimizers":
            names[kind] |= {name.lower(): name for name in entries}
        names[kind] |= {name: name for name in entries}
    return names


def entries(kind: str) -> list[Entry]:
    """All entries of a kind, by name.

    Args:
        kind: One of `KINDS`.
    """
    return sorted(load().kinds[kind].values(), key=lambda entry: entry.name.lower())


def find(kind: str, name: str) -> Entry:
    """The entry that Keras knows under this name or alias.

    Args:
        kind: One of `KINDS`.
        name: For example `Dense`, `adam`, `mse`.

    Raises:
        UserError: There is none; the hint names the closest ones, or why it is not offered.
    """
    entry = load().get(kind, name)
    if entry is None:
        message, accepted = unknown(kind, name)
        raise UserError(message, hint=accepted)
    return entry


def unknown(kind: str, name: str) -> tuple[str, str]:
    """A sentence and a cure for a name that is not in the catalogue."""
    catalogue = load()
    one = SINGULAR[kind]
    reason = catalogue.excluded.get(kind, {}).get(name)
    if reason:
        return f"The {one} {name} cannot be used in an experiment: {reason}.", "Choose another."
    elsewhere = [k for k in KINDS if k != kind and catalogue.get(k, name)]
    message = f"There is no {one} called {name!r}."
    if elsewhere:
        return message, f"{name} is one of Keras' {elsewhere[0]}."
    close = alike(name, catalogue.kinds[kind], catalogue._names[kind])
    if close:
        return message, f"Did you mean {' or '.join(close)}?"
    some = ", ".join(list(catalogue.kinds[kind])[:5])
    return message, f"There are {len(catalogue.kinds[kind])}, among them {some}."


def alike(name: str, *vocabularies: Iterable[str]) -> list[str]:
    """Up to three known names that look like `name`, whatever their case."""
    by_lower = {known.lower(): known for words in vocabularies for known in words}
    found = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)
    return [by_lower[word] for word in found]

"""Fields of a form, generated from the parameters of Keras objects. No widgets here."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerastui.models.catalogue import catalogue, check
from kerastui.models.runs.figures import number

Changes = Mapping[str, Any]
"""Paths of an experiment's fields and their new values, as `Experiment.changed` takes them."""

MAIN = {"layers": 2, "optimizers": 1, "callbacks": 3, "schedules": 3}
"""How many parameters of an object are shown even at their defaults; of other kinds none."""

SELDOM = frozenset({"name", "dtype", "trainable", "data_format", "seed", "autocast"})
"""Parameters that are shown only where they are set, wherever they stand."""


@dataclass(frozen=True)
class Option:
    """A value to choose, and what it is."""

    value: str
    note: str = ""


@dataclass(frozen=True)
class Field:
    """One line of a form.

    Attributes:
        key: Tells the field from all others.
        label: Its name.
        value: What stands there now; None stands for the default.
        default: What holds where nothing is set.
        change: Returns the changes that give the field another value; None takes it away.
        doc: What it means, in a sentence.
        accepts: What it accepts, in words.
        options: Values to choose from.
        typed: Whether other values than the options may be typed.
        level: How deep it stands below others.
        minor: Not shown while it is at its default, unless all are.
        removable: Delete takes the whole thing out of a list.
        adds: It is no value but a line that adds something to a list.
        kind: Kind of the catalogue, where the value is the name of a Keras object.
        table: The object that stands there: what another one has too is kept.
        several: The value is a list of the options.
    """

    key: str
    label: str
    value: Any
    default: Any
    change: Callable[[Any], Changes]
    doc: str = ""
    accepts: str = ""
    options: tuple[Option, ...] = ()
    typed: bool = True
    level: int = 0
    minor: bool = False
    removable: bool = False
    adds: bool = False
    kind: str = ""
    table: Mapping[str, Any] = field(default_factory=dict)
    several: bool = False

    @property
    def is_set(self) -> bool:
        """Whether it differs from its default."""
        return self.value is not None and self.value != self.default


def shown(value: Any) -> str:
    """Return a value as a form shows it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping) and "type" in value:
        inner = ", ".join(f"{key} {shown(v)}" for key, v in value.items() if key != "type")
        return f"{value['type']} ({inner})" if inner else str(value["type"])
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return f"[{', '.join(shown(entry) for entry in value)}]"
    return str(value)


def editable(value: Any) -> str:
    """Return a value as it is typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(entry) for entry in value)}]"
    return str(value)


def read(text: str) -> Any:
    """Return the value that a text stands for: a number, yes or no, a list or table as TOML
    writes them, otherwise the text itself. Nothing, and `none`, stand for the default."""
    text = text.strip()
    words = {"": None, "none": None, "yes": True, "no": False}
    if text.lower() in words:
        return words[text.lower()]
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        try:
            return float(text)
        except ValueError:
            return text
    value = parsed.get("value")
    plain = isinstance(value, str | int | float | list | dict) and len(parsed) == 1
    return value if plain else text


def accepted(parameter: catalogue.Parameter) -> str:
    """Return what a parameter accepts, in the words that a form shows and reads."""
    return check.describe(parameter, truth="yes or no")


def part_fields(
    kind: str,
    value: Any,
    label: str,
    key: str,
    change: Callable[[Any], Changes],
    *,
    level: int = 0,
    removable: bool = False,
) -> Iterator[Field]:
    """Yield the fields of a Keras object: which one it is, then its parameters.

    Args:
        kind: Its kind in the catalogue.
        value: What stands in the experiment: a name, or a table with `type`.
        label: What the object is called in the form.
        key: Where it stands.
        change: Returns the changes that put another object (or None) in its place.
        level: How deep it stands.
        removable: Whether it can be taken out.
    """
    table = {"type": value} if isinstance(value, str) else dict(value or {})
    type_ = str(table.get("type", ""))
    entry = catalogue.load().get(kind, type_)

    def choose(new: Any) -> Changes:
        return change(retyped(kind, table, new))

    yield Field(
        key, label, type_ or None, None, choose,
        doc=entry.doc if entry else "",
        accepts=f"one of Keras' {kind}",
        options=options(kind), typed=False, level=level, removable=removable, kind=kind,
        table=table,
    )  # fmt: skip
    if entry is None:
        return
    for index, parameter in enumerate(entry.parameters):
        name = parameter.name

        def set_one(new: Any, name: str = name) -> Changes:
            rest = {k: v for k, v in table.items() if k != name}
            return change(plain({**rest, name: new} if new is not None else rest))

        yield from _parameter_fields(
            parameter, table.get(name), f"{key}.{name}", set_one, level + 1,
            minor=(index >= MAIN.get(kind, 0) or name in SELDOM) and not parameter.required,
        )  # fmt: skip


def _entries(change: Callable[[Any], Changes]) -> Callable[[Any], Changes]:
    """Let words with commas between them stand for a list: `block1, block2`."""

    def changes(value: Any) -> Changes:
        if isinstance(value, str) and not value.startswith(("[", "{")):
            value = [read(entry) for entry in value.split(",") if entry.strip()]
        return change(value)

    return changes


def _parameter_fields(
    parameter: catalogue.Parameter,
    value: Any,
    key: str,
    change: Callable[[Any], Changes],
    level: int,
    *,
    minor: bool,
) -> Iterator[Field]:
    if "list" in parameter.accepts and not {"str", "any", "choice"} & {*parameter.accepts}:
        change = _entries(change)
    choices = tuple(Option(choice) for choice in parameter.choices)
    if parameter.value == "bool":
        choices = (Option("yes"), Option("no"))
    is_part = bool(parameter.part) and "part" in parameter.accepts
    if is_part and isinstance(value, Mapping):
        # A nested object with parameters of its own has fields of its own.
        yield from part_fields(parameter.part, value, parameter.name, key, change, level=level)
        return
    if "parts" in parameter.accepts and isinstance(value, list | tuple):
        yield from parts_fields(parameter.part, value, parameter.name, key, change, level=level)
        return
    yield Field(
        key, parameter.name, value, parameter.default, change,
        doc=parameter.doc, accepts=accepted(parameter),
        options=choices + (options(parameter.part) if is_part else ()),
        typed=parameter.value not in ("bool", "choice", "part"),
        level=level, minor=minor, kind=parameter.part if is_part else "",
    )  # fmt: skip


def parts_fields(
    kind: str,
    values: Sequence[Any],
    label: str,
    key: str,
    change: Callable[[list[Any]], Changes],
    *,
    level: int = 0,
) -> Iterator[Field]:
    """Yield the fields of a list of Keras objects, and the line that adds one.

    Args:
        kind: Their kind in the catalogue.
        values: What stands in the experiment.
        label: What one of them is called.
        key: Where the list stands.
        change: Returns the changes that put another list in its place.
        level: How deep they stand.
    """
    for index, value in enumerate(values):

        def replace(new: Any, index: int = index) -> Changes:
            rest = [new] if new is not None else []
            return change([*values[:index], *rest, *values[index + 1 :]])

        yield from part_fields(kind, value, label, f"{key}.{index}", replace, level=level,
                               removable=True)  # fmt: skip

    def add(new: Any) -> Changes:
        return change([*values, new] if new is not None else list(values))

    yield Field(
        f"{key}.{len(values)}", label, None, None, add,
        doc=f"Adds a {label}.", accepts=f"one of Keras' {kind}",
        options=options(kind), typed=False, level=level, adds=True, kind=kind,
    )  # fmt: skip


def options(kind: str) -> tuple[Option, ...]:
    """Return what can be chosen of a kind of Keras objects, as experiments spell it."""
    return tuple(Option(spelled(entry), entry.doc) for entry in catalogue.entries(kind))


def spelled(entry: catalogue.Entry) -> str:
    """Return the name of an entry as experiments usually spell it: `adam`, `mse`, `Dense`."""
    if not entry.by_name:
        return entry.name
    return next((alias for alias in reversed(entry.aliases) if alias.islower()), entry.name)


def retyped(kind: str, table: Mapping[str, Any], new: Any) -> Any:
    """Return another object in place of one; parameters that both have are kept.

    Args:
        kind: Their kind in the catalogue.
        table: The object that stands there.
        new: A name, a table with `type`, or None.
    """
    if not isinstance(new, str):
        return new
    entry = catalogue.load().get(kind, new)
    kept = {
        name: value for name, value in table.items()
        if name != "type" and entry is not None and entry.parameter(name)
    }  # fmt: skip
    return plain({"type": new, **kept})


def missing(kind: str, table: Mapping[str, Any]) -> list[catalogue.Parameter]:
    """Return the parameters that an object can't do without and does not have."""
    entry = catalogue.load().get(kind, str(table["type"]))
    parameters = entry.parameters if entry else ()
    return [one for one in parameters if one.required and one.name not in table]


USUAL: Mapping[str, Any] = {
    "units": 32, "filters": 32, "kernel_size": 3, "rate": 0.5, "input_dim": 10_000,
    "output_dim": 16, "n": 10, "num_heads": 4, "key_dim": 16, "head_dim": 16, "stddev": 0.1,
    "num_query_heads": 4, "num_key_value_heads": 2, "output_size": 4, "height": 32, "width": 32,
    "factor": 0.2, "num_tokens": 10, "num_bins": 10, "dims": [2, 1], "axes": 1,
    "target_shape": [-1], "activation": "relu", "pool_size": 2, "scale": 1 / 255, "mean": 0.0,
    "value_range": [0, 255],
}  # fmt: skip
"""What is often taken for parameters that have no default in Keras; offered, to be changed."""


def plain(table: Mapping[str, Any]) -> Any:
    """Return an object without parameters as its bare name."""
    return table["type"] if len(table) == 1 else dict(table)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return editable(value)

"""An experiment as a flat list of settings, `path -> value`, with Keras' own defaults filled in.

So that runs can be looked for by any setting, and held side by side: `Adam` and
`{ type = "adam", learning_rate = 0.001 }` say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerastui.models.catalogue import catalogue

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

Setting = float | bool | str
"""A number, yes or no, or a text; what is not set has no entry."""

_LABELS = ("format", "name", "title", "lesson", "published", "study")
_KINDS = {
    "optimizer": "optimizers",
    "loss": "losses",
    "metrics": "metrics",
    "callbacks": "callbacks",
    "layers": "layers",
    "nodes": "layers",
}
"""The last word of a path that leads to Keras objects -> their kind in the catalogue."""

_ORDER = ("layers", "optimizers", "losses", "metrics", "callbacks", "schedules", "regularizers",
          "initializers", "constraints")  # fmt: skip


def decisive(experiment: Experiment) -> dict[str, Any]:
    """Return the plain experiment without what decides nothing, Keras' defaults filled in."""
    plain = experiment.plain(defaults=True)
    for label in _LABELS:
        plain.pop(label, None)
    filled: dict[str, Any] = _filled(plain, "", "")
    return filled


def flat(plain: Any, path: str = "") -> dict[str, Setting]:
    """Return every setting of a plain experiment by its path.

    A Keras object stands at its own path by its name (`compile.optimizer`), its parameters below
    it; a list of plain values is one text.
    """
    if isinstance(plain, dict):
        found: dict[str, Setting] = {}
        for key, value in plain.items():
            if key in ("type", "step") and path:
                found[path] = str(value)
            else:
                found |= flat(value, f"{path}.{key}" if path else key)
        return found
    if isinstance(plain, list):
        if any(isinstance(entry, dict) for entry in plain):
            return {
                key: value
                for index, entry in enumerate(plain)
                for key, value in flat(entry, f"{path}.{index}").items()
            }
        return {path: ", ".join(text(entry) for entry in plain)} if plain else {}
    return {} if plain is None else {path: plain}


def text(value: Any) -> str:
    """Return a value as it is read."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, dict):
        inner = ", ".join(
            f"{key} {text(entry)}" for key, entry in value.items() if key not in ("type", "step")
        )
        name = str(value.get("type") or value.get("step") or "")
        return f"{name} ({inner})" if name and inner else name or inner
    if isinstance(value, list):
        return ", ".join(map(text, value))
    return str(value)


def same_name(kind: str, name: str) -> str:
    """Return the one name of a Keras object that has several: `mse` is `MeanSquaredError`."""
    entry = catalogue.load().get(kind, name)
    return entry.name if entry else name


def given(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a filled Keras object that are not at their defaults."""
    kind = next((kind for kind in _ORDER if catalogue.load().get(kind, str(value["type"]))), "")
    plain = _object({"type": value["type"]}, kind) if kind else {}
    return {key: entry for key, entry in value.items() if plain.get(key) != entry and key != "type"}


def _filled(value: Any, word: str, kind: str) -> Any:
    """Return a plain value with the defaults of the Keras objects in it.

    Args:
        value: Any part of a plain experiment.
        word: The last name on the way to it.
        kind: What the Keras object there is, empty where none stands there.
    """
    if isinstance(value, list):
        return [_filled(entry, word, kind) for entry in value]
    if isinstance(value, dict):
        if "type" in value and kind:
            return _object(value, kind)
        return {key: _filled(entry, key, _KINDS.get(key, kind)) for key, entry in value.items()}
    if isinstance(value, str) and kind and word in _KINDS:
        return _object({"type": value}, kind)
    return value


def _object(value: Mapping[str, Any], kind: str) -> dict[str, Any]:
    entry = catalogue.load().get(kind, str(value["type"]))
    if entry is None:
        return dict(value)
    filled: dict[str, Any] = {"type": entry.name}
    for parameter in entry.parameters:
        chosen = value.get(parameter.name, parameter.default)
        if parameter.part and parameter.accepts[0] in ("part", "choice"):
            if isinstance(chosen, str):
                # Written as a word where a word is enough: `he_normal` is `HeNormal`.
                chosen = same_name(parameter.part, chosen)
            elif isinstance(chosen, dict) and "type" in chosen:
                chosen = _object(chosen, parameter.part)
        if chosen is None and parameter.part == "activations":
            chosen = "linear"
        # A name that Keras gives by itself says nothing beside the type.
        if chosen is not None and (parameter.name != "name" or "name" in value):
            filled[parameter.name] = chosen
    known = {parameter.name for parameter in entry.parameters}
    return filled | {
        key: entry for key, entry in value.items() if key not in known and key != "type"
    }

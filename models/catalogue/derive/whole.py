"""The whole catalogue, and how it is written."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from typing import Any

import keras

from kerastui.models.catalogue.derive.applications import applications
from kerastui.models.catalogue.derive.classes import (
    BASES,
    PICKED,
    entry,
    public_classes,
    public_name,
    strings,
)
from kerastui.models.catalogue.derive.docs import argument_docs, first_sentence


def activations() -> dict[str, Any]:
    """Keras' activation functions that Keras finds by their names."""
    found: dict[str, Any] = {}
    table = strings("activations")
    for name, function in sorted(table.items()):
        other = [n for n, value in table.items() if value is function and n != function.__name__]
        if name != function.__name__ or keras.activations.get(name) is not function:
            continue
        found[name] = {
            "group": "",
            "doc": first_sentence(inspect.getdoc(function) or ""),
            "parameters": [],
            "by_name": True,
            **({"aliases": other} if other else {}),
        }
    return found


def build(wanted: Iterable[str] = (*BASES, "activations")) -> dict[str, Any]:
    """The catalogue of the installed Keras, as JSON can hold it.

    Args:
        wanted: The kinds to look at.
    """
    kinds: dict[str, dict[str, Any]] = {}
    excluded: dict[str, dict[str, str]] = {}
    for kind in (kind for kind in BASES if kind in wanted):
        classes = {public_name(value, kind): value for value in public_classes(kind)}
        pools: dict[str, list[str]] = {}
        for cls in classes.values():
            for name, doc in argument_docs(cls).items():
                pools.setdefault(name, []).append(doc)
        for name, cls in sorted(classes.items()):
            facts = entry(cls, kind, pools)
            if isinstance(facts, str):
                excluded.setdefault(kind, {})[name] = facts
            else:
                kinds.setdefault(kind, {})[name] = facts
    for kind, (name, alias, doc) in PICKED.items():
        if kind not in wanted:
            continue
        kinds[kind][name] = {
            "group": "accuracy" if name == "accuracy" else "probabilistic",
            "doc": doc,
            "parameters": [],
            "aliases": [alias],
            "by_name": True,
        }
    if "layers" in wanted:
        kinds["layers"] = dict(sorted({**kinds["layers"], **applications()}.items()))
    if "activations" in wanted:
        kinds["activations"] = activations()
    return {
        "keras": keras.__version__,
        "texts": "The descriptions are the first sentences of Keras' documentation, "
        "Apache License 2.0, https://github.com/keras-team/keras",
        "kinds": kinds,
        "excluded": excluded,
    }


def dumps(catalogue: dict[str, Any]) -> str:
    """The catalogue as JSON text, one object a line, so that versions can be compared."""
    lines = [f'"{key}": {json.dumps(catalogue[key])}' for key in ("keras", "texts")]
    for key in ("kinds", "excluded"):
        blocks = []
        for kind, objects in catalogue[key].items():
            rows = ",\n".join(f"   {json.dumps(n)}: {json.dumps(f)}" for n, f in objects.items())
            blocks.append(f'  "{kind}": {{\n{rows}\n  }}')
        lines.append(f'"{key}": {{\n' + ",\n".join(blocks) + "\n }")
    return "{\n " + ",\n ".join(lines) + "\n}\n"

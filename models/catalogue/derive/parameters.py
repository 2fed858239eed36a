"""Facts about one parameter: what it takes, its default, its choices and its limits."""

from __future__ import annotations

import inspect
import itertools
import re
from typing import Any

import keras

from kerastui.models.catalogue.derive.docs import first_sentence, quoted
from kerastui.models.catalogue.derive.trying import SAMPLES, Builder, attempt

NONSENSE = "no-such-choice"

OWN_TEXTS = {
    "schedule": "How the learning rate follows the number of the epoch, from 0.",
}
"""Where Keras' text speaks of a function, and an experiment has plain values."""

PART_KINDS = {"layers", "initializers", "regularizers", "constraints", "activations",
              "schedules", "optimizers"}  # fmt: skip


def signature(cls: type, kind: str) -> dict[str, inspect.Parameter]:
    """The named constructor arguments; a layer that passes others on has the base's too."""
    parameters = dict(inspect.signature(cls.__init__).parameters)  # type: ignore[misc]
    passes_on = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        parameters, passes_on = {}, False
    named = {
        name: p
        for name, p in parameters.items()
        if name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }
    if kind == "layers":
        named.pop("name", None)  # a layer's name is a field of the experiment itself
        base = inspect.signature(keras.layers.Layer.__init__).parameters
        for name in ("trainable", "dtype"):
            if passes_on:
                named.setdefault(name, base[name])
    return named


def guess(name: str, parameter: inspect.Parameter, doc: str) -> list[str]:
    """Kinds of value a parameter may take, by its name, its default and its documentation."""
    default = parameter.default
    begins = re.sub(r"`[^`]*`|\"[^\"]*\"", "", re.sub(r"\s+", " ", doc))[:160]
    if name.endswith("_initializer"):
        return ["initializers"]
    if name.endswith("_regularizer"):
        return ["regularizers"]
    if name.endswith("_constraint"):
        return ["constraints"]
    if name == "activation" or name.endswith("_activation"):
        return ["activations"]
    if name in ("layer", "backward_layer"):
        return ["layers"]
    if name in ("layers", "cells"):
        return ["parts"]
    if name == "cell":
        return ["layers", "parts"]
    if name.endswith("optimizer"):
        return ["optimizers"]
    if name == "schedule":  # a function in Keras; a schedule is one that plain values can build
        return ["schedules"]
    if name == "dtype" or name.endswith("_dtype"):
        return ["str"]
    if isinstance(default, bool):
        return ["bool"]
    found: list[str] = []
    if default is not inspect.Parameter.empty and default is not None:
        if isinstance(default, (tuple, list)):
            found.append("list")
        else:
            found.append(type(default).__name__)
    for word, value in (
        (r"^(.{0,12}\bbool(ean)?\b|whether\b)", "bool"),
        (r"\bint(eger)?s?\b|\bnumber of\b", "int"),
        (r"\bfloat(s|ing)?\b|python (scalar|number)|scalar value|\bnumbers?\b(?! of)", "float"),
        (r"\bstr(ing)?s?\b|\bfilename\b|\bpath\b", "str"),
        (r"\b(tuples?|lists?|array)\b", "list"),
    ):
        if re.search(word, begins, re.I) and value not in found:
            found.append(value)
    if name.endswith("_shape") and "list" not in found:
        found.insert(0, "list")
    if "LearningRateSchedule" in doc[:300]:
        found.append("schedules")
    if found[:1] == ["int"] and "float" not in found and not _is_whole(name, doc):
        found = ["float", *found[1:]]
    return found


def _is_whole(name: str, doc: str) -> bool:
    """An integer default whose text never says "float": is the parameter a whole number?"""
    words = r"\bint(eger)?s?\b|\bnumber of\b|\bindex\b|\baxis\b|0 or 1|frequency|\bsize\b"
    return bool(
        re.search(words, doc, re.I)
        or name.startswith("num_")
        or name.endswith(("_size", "_steps", "_freq", "_depth", "axis", "seed"))
    )


def choices(
    builder: Builder, name: str, default: str | None, doc: str, pool: list[str]
) -> list[str]:
    """The strings Keras accepts for a parameter, or none when it takes any string.

    Candidates are the strings quoted in the documentation, in Keras' own refusal of nonsense,
    and those documented for a parameter of the same name elsewhere.
    """
    refusal = builder.error(name, NONSENSE)
    documented = quoted(doc)
    if refusal is not None and any(builder.takes(name, text) for text in SAMPLES["str"]):
        return []
    if refusal is None:
        listed = re.search(r"\b(one of|either|support(s|ed)|available)\b", doc, re.I)
        if not listed or len(documented) < 2:
            return []
        candidates = documented
    else:
        candidates = [*documented, *sorted(quoted(refusal)), *pool]  # Keras may list a set
    if isinstance(default, str):
        candidates = [default, *candidates]
    found = [c for c in dict.fromkeys(candidates) if c != NONSENSE and builder.takes(name, c)]
    return found if len(found) > 1 or (found and refusal is not None) else []


def limits(builder: Builder, name: str, value: str, default: Any, doc: str) -> dict[str, float]:
    """The smallest and largest number Keras takes, found by trying or as documented."""

    def takes(number: float) -> bool:
        return builder.takes(name, number)

    found: dict[str, float] = {}
    if value == "int":
        if not takes(-1) and not takes(-2):
            found["minimum"] = 0 if takes(0) else 1
    else:
        if not takes(-0.5) and not takes(-2.0):
            found["minimum"] = 0
        if takes(0.5) and not takes(1.5) and not takes(3.0):
            found["maximum"] = 1
        if re.search(r"float.{0,12} (between 0 and 1|in (the )?(range )?`?\[0, 1\])", doc, re.I):
            found = {"minimum": 0, "maximum": 1}
    if not takes(default if default is not None else 1):
        return {}
    if isinstance(default, (int, float)) and default < found.get("minimum", default):
        return {}
    return found


def describe(
    builder: Builder, name: str, parameter: inspect.Parameter, doc: str,
    pools: dict[str, list[str]],
) -> dict[str, Any]:  # fmt: skip
    """The catalogue's facts about one parameter."""
    required = parameter.default is inspect.Parameter.empty
    default = None if required else plain(parameter.default)
    guessed = guess(name, parameter, doc or "; ".join(pools.get(name, [])[:1]))
    facts: dict[str, Any] = {"name": name}
    accepts: list[str] = []
    for value in guessed or ["bool", "int", "float", "str", "list"]:
        if value in ("initializers", "regularizers", "constraints", "activations"):
            accepts.append("part")
            facts["part"] = value
        elif any(builder.takes(name, sample) for sample in SAMPLES.get(value, [])):
            accepts.append("part" if value in PART_KINDS else value)
            if value in PART_KINDS or value == "parts":
                facts["part"] = "layers" if value == "parts" else value
        elif value == "str" and name not in ("dtype",):
            accepts.append("str")  # refused nonsense: perhaps a choice
    if not guessed and len(accepts) > 2:
        accepts = []  # undocumented, and Keras looks at it only later
    if "str" in accepts:
        pool = [text for other in pools.get(name, []) for text in quoted(other)]
        if name == "dtype":
            pool = ["float32", "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"]
        found = choices(builder, name, default if isinstance(default, str) else None, doc, pool)
        if found:
            accepts[accepts.index("str")] = "choice"
            facts["choices"] = found
        elif not any(builder.takes(name, sample) for sample in SAMPLES["str"]):
            accepts.remove("str")
    if "float" in accepts and "int" in accepts:
        accepts.remove("int")  # a whole number is a number
    for value in ("int", "float"):
        if value in accepts:
            number = default if isinstance(default, (int, float)) else None
            facts |= limits(builder, name, value, number, doc)
    facts["accepts"] = accepts or ["any"]
    if required:
        facts["required"] = True
    elif default is not None:
        facts["default"] = default
    if not required and (parameter.default is None or "`None`" in doc or "or None" in doc):
        facts["nullable"] = True
    if doc:
        facts["doc"] = OWN_TEXTS.get(name) or first_sentence(doc)
    return facts


def plain(value: Any) -> Any:
    """A default as JSON can hold it."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value if isinstance(value, (bool, int, float, str)) else None


def required_values(cls: type, named: dict[str, inspect.Parameter],
                    docs: dict[str, str]) -> tuple[dict[str, Any] | None, str]:  # fmt: skip
    """Simple values with which the class can be built, or None and why there are none."""
    needed = [n for n, p in named.items() if p.default is inspect.Parameter.empty]
    options: list[list[Any]] = []
    for name in needed:
        guessed = guess(name, named[name], docs.get(name, ""))
        kinds = guessed or ["int", "float", "list", "str"]
        if "activations" in kinds:
            options.append(["relu"])
            continue
        samples = [s for value in kinds for s in SAMPLES.get(value, [])]
        rest = [s for value in ("int", "float", "list", "str") for s in SAMPLES[value]]
        options.append(samples + [s for s in rest if s not in samples])
    message = ""
    for values in itertools.islice(itertools.product(*options), 4000):
        error = attempt(cls, dict(zip(needed, values, strict=True)))
        if error is None:
            return dict(zip(needed, values, strict=True)), ""
        message = message or error
    # Some classes want one of their optional arguments and only say so in their message.
    for name in [] if needed else re.findall(r"\w+", message):
        for value in SAMPLES["int"] if name in named else []:
            if attempt(cls, {name: value}) is None:
                return {name: value}, ""
    return None, message

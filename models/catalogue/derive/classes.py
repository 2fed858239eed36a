"""Facts about one class, or why it has no place in an experiment."""

from __future__ import annotations

import inspect
import re
from typing import Any

import keras

from kerastui.models.catalogue.derive.docs import argument_docs, first_sentence
from kerastui.models.catalogue.derive.parameters import describe, required_values, signature
from kerastui.models.catalogue.derive.trying import Builder, module_of, quiet

BASES: dict[str, type] = {
    "layers": keras.layers.Layer,
    "schedules": keras.optimizers.schedules.LearningRateSchedule,
    "optimizers": keras.optimizers.Optimizer,
    "losses": keras.losses.Loss,
    "metrics": keras.metrics.Metric,
    "callbacks": keras.callbacks.Callback,
    "initializers": keras.initializers.Initializer,
    "regularizers": keras.regularizers.Regularizer,
    "constraints": keras.constraints.Constraint,
}

# Parameters that take a Python function or an object from outside Keras.
CODE = {"function", "fn", "call_fn", "module", "filepath", "optimizer_map"}

# What cannot be derived: these build, but have no place in an experiment.
UNSUITABLE = {
    "InputLayer": "the model's input stands for it",
    "InputSpec": "it describes an input and is no layer",
    "StringLookup": "it takes text; the data's preparation makes numbers of it",
    "TextVectorization": "it takes text; the data's preparation makes numbers of it",
    "HashedCrossing": "it crosses whole numbers or words; a model is given decimals",
    "Equalization": "Keras 3.15 cannot make it part of a model",
    "LambdaCallback": "it needs Python functions",
    "History": "Keras always adds it by itself",
    "ProgbarLogger": "it only prints to the terminal",
    "CallbackList": "Keras makes it by itself",
    "Mean": "it averages values given to it by code, not predictions against targets",
    "Sum": "it adds up values given to it by code, not predictions against targets",
}

# Names for which `compile` itself picks a class, by the shapes of targets and outputs.
PICKED = {
    "metrics": ("accuracy", "acc", "Share of right answers: the accuracy that fits the output."),
    "losses": ("crossentropy", "ce", "The crossentropy that fits the targets and the output."),
}

GROUPS = {"rnn": "recurrent", "image_preprocessing": "image preprocessing"}


def group(cls: type, kind: str) -> str:
    """The chapter of Keras' documentation, by the module the class lives in."""
    path = cls.__module__.split(".")
    if kind == "layers":
        chapter = path[3] if path[3] != "preprocessing" or len(path) < 6 else path[4]
        return GROUPS.get(chapter, chapter)
    if kind == "losses":
        twin = getattr(keras.metrics, cls.__name__, None)
        if twin is not None:
            return group(twin, "metrics")
        return "probabilistic" if "entropy" in cls.__name__.lower() else "other"
    return re.sub(r"_(metrics|initializers)$", "", path[-1]) if kind in (
        "metrics", "initializers") else ""  # fmt: skip


def unsuitable(cls: Any, kind: str) -> str:
    """Why a public class cannot stand in an experiment, or an empty string."""
    base = BASES[kind]
    if cls.__name__ in UNSUITABLE:
        return UNSUITABLE[cls.__name__]
    if cls is base or (kind == "layers" and cls is keras.layers.Wrapper):
        return "it is a base class for others"
    if not issubclass(cls, base):
        return f"it is no {base.__name__}"
    needed = [
        name
        for name, p in inspect.signature(cls.__init__).parameters.items()
        if p.default is inspect.Parameter.empty
    ]
    code = CODE - ({"filepath"} if kind == "callbacks" else set())
    for name in needed:
        if name in code:
            return f"{name} cannot be given as a plain value"
    return ""


def public_classes(kind: str) -> list[type]:
    """The classes of a public Keras module."""
    values = vars(module_of(kind)).items()
    return [value for name, value in values if inspect.isclass(value) and name[0] != "_"]


def public_name(cls: type, kind: str) -> str:
    """The name under which a class is public, which is not always the name it has itself."""
    names = sorted(name for name, value in vars(module_of(kind)).items() if value is cls)
    return cls.__name__ if cls.__name__ in names else names[0]


def strings(kind: str) -> dict[str, Any]:
    """The strings Keras' own look-up of a kind knows, with what they stand for."""
    table = getattr(module_of(kind).get, "__globals__", {}).get("ALL_OBJECTS_DICT", {})
    return {name: target for name, target in table.items() if isinstance(name, str)}


def known_by_name(cls: type, kind: str) -> bool:
    """Whether Keras makes the object when it is given nothing but the class name."""
    get = getattr(module_of(kind), "get", None)
    try:
        return get is not None and isinstance(get(cls.__name__), cls)
    except Exception:
        return False


def aliases(kind: str, cls: type, builder: Builder) -> list[str]:
    """Other names for a class: in the public module, and in Keras' look-up of strings."""
    public = [n for n, value in vars(module_of(kind)).items() if value is cls]
    targets = [cls]
    if kind in ("losses", "metrics") and not builder.required:
        with quiet():
            function = getattr(cls(), "fn" if kind == "losses" else "_fn", None)
        targets += [function] if function is not None else []
    known: list[str] = []
    if kind not in ("layers", "callbacks", "schedules"):
        known = [n for n, value in strings(kind).items() if any(value is t for t in targets)]
    names = {cls.__name__, *public, *known}
    return sorted(names - {public_name(cls, kind), *PICKED.get(kind, ())[:2]})


def entry(cls: type, kind: str, pools: dict[str, list[str]]) -> dict[str, Any] | str:
    """The catalogue's facts about a class, or the reason why it is left out."""
    reason = unsuitable(cls, kind)
    if reason:
        return reason
    docs, named = argument_docs(cls), signature(cls, kind)
    required, message = required_values(cls, named, docs)
    if required is None:
        return f"it cannot be built from plain values ({first_sentence(message)})"
    builder = Builder(cls, required)
    parameters = [
        describe(builder, name, parameter, docs.get(name, ""), pools)
        for name, parameter in named.items()
        if not (parameter.default is None and name in ("weights", "input_tensor"))
    ]
    facts: dict[str, Any] = {
        "group": group(cls, kind),
        "doc": first_sentence(inspect.getdoc(cls) or ""),
        "parameters": parameters,
    }
    other = aliases(kind, cls, builder)
    if other:
        facts["aliases"] = other
    if kind == "layers":
        call = inspect.signature(cls.call).parameters.values()  # type: ignore[attr-defined]
        inputs = [
            p.name for p in call if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        ]
        if len(inputs[1:]) > 1:  # all but self
            facts["inputs"] = inputs[1:]
    if not required and known_by_name(cls, kind):
        facts["by_name"] = True
    return facts

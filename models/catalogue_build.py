"""Derive the catalogue of Keras objects from the installed Keras.

    python -m kerastui.models.catalogue_build > models/catalogue.json

Nothing is listed by hand: classes come from Keras' public modules, parameters from their
signatures, texts from their documentation, and every claim that can be tried is tried. A class is
recorded only if it could be built from plain values, a choice only if Keras takes it, a limit
only if Keras refuses what lies beyond it.

What is left out stands under `excluded`, each with its reason: base classes, what needs Python
code (Lambda, JaxLayer, TFSMLayer, LambdaCallback …), what takes text (StringLookup,
TextVectorization; the data's preparation makes numbers of it), and what `UNSUITABLE` lists. Two
exceptions hold facts of their own: `LearningRateScheduler` takes a schedule in place of a
function, and the applications (VGG16 …) stand among the layers (`APPLICATION`).

Building layers may run operations, so this runs in a process of its own, never in the nursery.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import json
import re
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras

from kerastui.models.files import write_atomically

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

NONSENSE = "no-such-choice"
GROUPS = {"rnn": "recurrent", "image_preprocessing": "image preprocessing"}


def module_of(kind: str) -> Any:
    """The public Keras module of a catalogue kind."""
    return keras.optimizers.schedules if kind == "schedules" else getattr(keras, kind)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Keras' and TensorFlow's warnings and prints off the output."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def attempt(cls: type, values: dict[str, Any]) -> str | None:
    """Build an object from plain values; None when it works, else Keras' message."""
    try:
        with quiet():
            cls(**{name: materialise(value) for name, value in values.items()})
    except Exception as error:
        return str(error) or type(error).__name__
    return None


def materialise(value: Any) -> Any:
    """Turn a sample value into what Keras takes; nested parts are (kind, name, parameters)."""
    if isinstance(value, Sample):
        return getattr(module_of(value.kind), value.name)(
            **{name: materialise(v) for name, v in value.parameters.items()}
        )
    if isinstance(value, list):
        return [materialise(item) for item in value]
    return value


class Sample:
    """A nested object to try as a value."""

    def __init__(self, kind: str, name: str, **parameters: Any) -> None:
        self.kind, self.name, self.parameters = kind, name, parameters


SAMPLES: dict[str, list[Any]] = {
    "bool": [True, False],
    "int": [1, 2, 10, 32, 0],
    "float": [0.5, 1.5, 0.001, 10.0],
    "str": ["x", "ab,bc->ac", "x.keras", "x.weights.h5"],
    "list": [
        [1], [0.5], [1, 2], [0.5, 0.6], ["a"], ["a", "b"], [1, 2, 3],
        [[1, 1], [1, 1]], [[1, 1], [1, 1], [1, 1]], [0, 1], [0.1, 0.9], [1, 1], [1, 1, 1],
    ],
    "layers": [
        Sample("layers", "Dense", units=2),
        Sample("layers", "LSTM", units=2),
        Sample("layers", "LSTMCell", units=2),
    ],
    "schedules": [Sample("schedules", "ExponentialDecay", initial_learning_rate=0.1,
                         decay_steps=10, decay_rate=0.9)],
    "optimizers": [Sample("optimizers", "SGD")],
}  # fmt: skip
SAMPLES["parts"] = [[sample] for sample in SAMPLES["layers"]]


# --- documentation -------------------------------------------------------------------------


def first_sentence(text: str) -> str:
    """The first sentence of a documentation text, on one line, without its markup."""
    paragraph = re.split(r"\n\s*\n", text.strip(), maxsplit=1)[0]
    line = re.sub(r"\s+", " ", paragraph).replace("`", "").strip()
    line = re.sub(r"\[([^\]]+)\]\(\s*[^)]*\)", r"\1", line)
    match = re.match(r"(.*?[.!?])(?= [A-Z(\"'{]|$)", line)
    sentence = match.group(1) if match else line
    while match and re.search(r"\b(i\.e|e\.g|a\.k\.a|ie|eg|etc|vs)\.$", sentence):
        rest = line[len(sentence) :]
        match = re.match(r"(.*?[.!?])(?= [A-Z(\"'{]|$)", rest)
        sentence += match.group(1) if match else rest
    return sentence


def argument_docs(cls: type) -> dict[str, str]:
    """The documentation of each argument, from the Args section of the class."""
    text = inspect.getdoc(cls) or ""
    match = re.search(r"^(?:Args|Arguments):\s*\n((?:[ \t]+.*\n?|\s*\n)+)", text, re.M)
    docs: dict[str, str] = {}
    if not match:
        return docs
    body = inspect.cleandoc("\n" + match.group(1))
    for block in re.split(r"\n(?=[\w*`]+(?:,\s*\w+)*`?\s*(?:\([^)]*\))?:)", body):
        names, _, rest = block.partition(":")
        for name in re.findall(r"\w+", names.split("(")[0]):
            docs[name] = inspect.cleandoc(rest)
    return docs


# --- parameters ----------------------------------------------------------------------------


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


def guess(kind: str, name: str, parameter: inspect.Parameter, doc: str) -> list[str]:
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


def quoted(text: str) -> list[str]:
    """Strings that a text puts in quotation marks or, as `"x"`, in code marks."""
    return list(dict.fromkeys(re.findall(r"[\"']([A-Za-z0-9_\-]+)[\"']", text)))


class Builder:
    """Tries to build one class with one parameter after another changed."""

    def __init__(self, cls: type, required: dict[str, Any]) -> None:
        self.cls, self.required = cls, required

    def error(self, name: str, value: Any) -> str | None:
        return attempt(self.cls, {**self.required, name: value})

    def takes(self, name: str, value: Any) -> bool:
        return self.error(name, value) is None


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


OWN_TEXTS = {
    "schedule": "How the learning rate follows the number of the epoch, from 0.",
}
"""Where Keras' text speaks of a function, and an experiment has plain values."""

PART_KINDS = {"layers", "initializers", "regularizers", "constraints", "activations",
              "schedules", "optimizers"}  # fmt: skip


def describe(
    builder: Builder, kind: str, name: str, parameter: inspect.Parameter, doc: str,
    pools: dict[str, list[str]],
) -> dict[str, Any]:  # fmt: skip
    """The catalogue's facts about one parameter."""
    required = parameter.default is inspect.Parameter.empty
    default = None if required else plain(parameter.default)
    guessed = guess(kind, name, parameter, doc or "; ".join(pools.get(name, [])[:1]))
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


def required_values(cls: type, named: dict[str, inspect.Parameter], kind: str,
                    docs: dict[str, str]) -> tuple[dict[str, Any] | None, str]:  # fmt: skip
    """Simple values with which the class can be built, or None and why there are none."""
    needed = [n for n, p in named.items() if p.default is inspect.Parameter.empty]
    options: list[list[Any]] = []
    for name in needed:
        guessed = guess(kind, name, named[name], docs.get(name, ""))
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


# --- one kind ------------------------------------------------------------------------------


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
    required, message = required_values(cls, named, kind, docs)
    if required is None:
        return f"it cannot be built from plain values ({first_sentence(message)})"
    builder = Builder(cls, required)
    parameters = [
        describe(builder, kind, name, parameter, docs.get(name, ""), pools)
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


APPLICATION: dict[str, dict[str, Any]] = {
    "include_top": {"accepts": ["bool"], "default": False,
                    "doc": "Keep the last layers, which tell the classes apart."},
    "pooling": {"accepts": ["choice"], "choices": ["avg", "max"], "nullable": True,
                "doc": "Bring the last pictures down to one row, without a top."},
    "weights": {"accepts": ["str"], "nullable": True,
                "doc": "Path of a local .h5 file of weights; left out, they begin at random."},
    "frozen": {"accepts": ["list"], "nullable": True,
               "doc": "Layers or blocks that are not trained, by name."},
    "trainable_from": {"accepts": ["str", "int"], "nullable": True,
                       "doc": "Name or number of the first layer that is trained."},
    "trainable": {"accepts": ["bool"], "default": True, "doc": "Whether any of it is trained."},
    "input_shape": {"accepts": ["list"], "nullable": True,
                    "doc": "Rows, columns and channels, where layers before it change them."},
    "classes": {"accepts": ["int"], "default": 1000, "minimum": 1,
                "doc": "Classes that the top tells apart."},
    "classifier_activation": {"accepts": ["part"], "part": "activations", "default": "softmax",
                              "nullable": True, "doc": "Activation of the top."},
    "alpha": {"accepts": ["float"], "default": 1.0, "minimum": 0,
              "doc": "Makes every layer wider or narrower."},
    "depth_multiplier": {"accepts": ["int"], "default": 1, "minimum": 1,
                         "doc": "Filters for each channel of a depthwise convolution."},
    "dropout": {"accepts": ["float"], "default": 0.001, "minimum": 0, "maximum": 1,
                "doc": "Rate of the dropout before the top."},
    "dropout_rate": {"accepts": ["float"], "default": 0.2, "minimum": 0, "maximum": 1,
                     "doc": "Rate of the dropout before the top."},
    "minimalistic": {"accepts": ["bool"], "default": False,
                     "doc": "Without squeeze-and-excite blocks, hard swish and 5 × 5 windows."},
    "include_preprocessing": {"accepts": ["bool"], "default": True,
                              "doc": "Scale the pictures inside; they are given as 0 to 255."},
}  # fmt: skip
"""What an application takes, by Keras' name or ours (`applications.OWN`). Trying each of them out
on each network, as for layers, would take many minutes."""

_OUR_OWN = {"weights", "frozen", "trainable_from", "trainable", "input_shape"}


def applications() -> dict[str, Any]:
    """Keras' applications, as layers of a group of their own."""
    found: dict[str, Any] = {}
    for name, function in sorted(vars(keras.applications).items()):
        if not inspect.isfunction(function) or not name[0].isupper():
            continue
        taken = inspect.signature(function).parameters
        parameters = []
        for key, facts in APPLICATION.items():
            if key not in taken and key not in _OUR_OWN:
                continue
            default = taken[key].default if key in taken and key not in (
                *_OUR_OWN, "include_top") else facts.get("default")  # fmt: skip
            parameters.append({"name": key, **facts,
                               **({} if default is None else {"default": default})})  # fmt: skip
        found[name] = {
            "group": "applications",
            "doc": f"The network {name} with random weights, or with those of a local file.",
            "parameters": parameters,
        }
    return found


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


def main(arguments: Sequence[str] = sys.argv[1:]) -> None:
    """Write the catalogue to the file that is named, else to standard output."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        text = dumps(build())
    if arguments:
        write_atomically(Path(arguments[0]), text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()

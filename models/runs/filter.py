"""Which runs are wanted, and in which order: `acc>0.9 dataset=iris status=finished sort:acc`.

The signs are those of `kerastui.models.conditions`. A name is that of a fact
(`kerastui.models.runs.facts`): a figure (`test.accuracy`), a setting (`fit.epochs`), or one of the
run itself (`status`, `age`); its last words are enough where they are clear, and a metric's name
stands for its value on the test rows, or else on those of the validation. `tag:best` and `pinned`
stand alone, `sort:NAME` orders, `sort:-NAME` the other way round.
"""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kerastui.datasets.errors import UserError
from kerastui.models import conditions
from kerastui.models.conditions import MISSING, Condition, short
from kerastui.models.experiment.settings import same_name
from kerastui.models.runs.facts import FIXED, Fact
from kerastui.models.runs.history import lower_is_better

ACCEPTED = (
    "Accepted: acc>0.9 dataset=iris status=finished optimizer=adam fit.epochs>=50 name~iris "
    "age<2d tag:best pinned, also != <= !~, a|b for either, x=missing, sort:acc."
)
_ALIASES = {
    "acc": "accuracy", "val_acc": "val_accuracy", "lr": "learning_rate", "rate": "learning_rate",
    "batch": "batch_size", "state": "status", "tags": "tag", "notes": "note", "date": "created",
    "time": "took", "duration": "took", "params": "parameters", "data": "dataset", "execution":
    "path", "opt": "optimizer",
}  # fmt: skip
_TIMES = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)", re.IGNORECASE)
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d([ T]\d\d(:\d\d(:\d\d)?)?)?)?)?")
_OBJECTS = ("losses", "metrics", "optimizers", "initializers", "activations", "regularizers")
_ORDERING = ("<", "<=", ">", ">=")


@dataclass(frozen=True)
class Wanted:
    """What was typed, held against the names that there are.

    Attributes:
        conditions: With full names.
        sort: The fact to sort by, empty for none; `backwards` turns its order round.
        resolved: What short names were taken for: `acc` -> `test.accuracy`.
    """

    conditions: tuple[Condition, ...] = ()
    sort: str = ""
    backwards: bool = False
    resolved: tuple[tuple[str, str], ...] = ()

    def fits(self, facts: Mapping[str, Fact]) -> bool:
        """Say whether a run is wanted."""
        return all(_holds(facts.get(one.name), one) for one in self.conditions)

    def told(self) -> str:
        """Return what the short names were taken for, in words; empty where nothing was short."""
        return ", ".join(f"{short_} is {full}" for short_, full in self.resolved)


def read(
    expression: str, names: Mapping[str, int], kinds: Mapping[str, type] | None = None
) -> Wanted:
    """Read what was typed.

    Args:
        expression: What was typed; empty wants everything.
        names: The facts that there are -> how many runs have them (`known`).
        kinds: What the facts are (`kinds_of`), to refuse a text where all values are numbers.

    Raises:
        UserError: It can't be read, or a name is not known; the hint has the nearest ones.
    """
    found: list[Condition] = []
    resolved: dict[str, str] = {}
    sort, backwards = "", False
    for one in conditions.parse(expression, ACCEPTED, _alone):
        if not one.sign:
            word, _, value = one.name.partition(":")
            if word.casefold() == "sort":
                backwards = value.startswith("-")
                sort = resolve(value.removeprefix("-"), names, numeric=True)
                _note(resolved, value.removeprefix("-"), sort)
                continue
            one = Condition("tag", "=", (value,)) if value else Condition("pinned", "=", ("yes",))
        numeric = one.sign in _ORDERING or any(_is_number(value) for value in one.values)
        name = resolve(one.name, names, numeric=numeric)
        _note(resolved, one.name, name)
        _check(name, one, (kinds or {}).get(name))
        found.append(Condition(name, one.sign, one.values))
    return Wanted(tuple(found), sort, backwards, tuple(resolved.items()))


def known(every: Iterable[Mapping[str, Fact]]) -> dict[str, int]:
    """Return the names of all facts, and how many runs have them."""
    counts = Counter(name for facts in every for name in facts)
    return dict(counts) | {name: counts.get(name, 0) for name in FIXED}


def kinds_of(every: Iterable[Mapping[str, Fact]]) -> dict[str, type]:
    """Return what the facts are: `float`, `bool`, `str`; `object` where runs differ."""
    kinds: dict[str, type] = {"tag": str, "age": float, "took": float, "created": str}
    for facts in every:
        for name, value in facts.items():
            kind = bool if isinstance(value, bool) else (
                float if isinstance(value, int | float) else str
            )  # fmt: skip
            if kinds.setdefault(name, kind) is not kind:
                kinds[name] = object
    return kinds


def resolve(name: str, names: Mapping[str, int], *, numeric: bool = False) -> str:
    """Return the full name that a short one stands for.

    Args:
        name: As it was typed.
        names: The facts that there are -> how many runs have them.
        numeric: Whether a number is wanted of it: `loss` is a figure then, and otherwise the
            loss that the model was compiled with.

    Raises:
        UserError: There is none, or several have the same right to it.
    """
    folded = {known.casefold(): known for known in names}
    asked = name.strip().casefold()
    for word in (asked, _ALIASES.get(asked, asked)):
        if word in folded:
            return folded[word]
    asked = _ALIASES.get(asked, asked)
    attempts = (_figure, _setting) if numeric else (_setting, _figure)
    for attempt in attempts:
        found = attempt(asked, folded, names)
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(found[:4]) + (" …" if len(found) > 4 else "")
            raise UserError(
                f"{short(name)} may be several: {listed}.", "Write one of them in full."
            )
    raise UserError(f"No run has anything called {short(name)}.", _nearest(asked, names))


def order(
    wanted: Wanted, facts: Sequence[tuple[str, Mapping[str, Fact]]]
) -> list[str]:  # fmt: skip
    """Return the keys of the runs that are wanted, in the order that is.

    Figures come with the best first, everything else with the least first (a name's first letter,
    the shortest time), runs without the fact last; equals stay as they were.

    Args:
        wanted: What was typed.
        facts: Key and facts of every run, in the usual order.
    """
    fitting = [(key, known) for key, known in facts if wanted.fits(known)]
    if not wanted.sort:
        return [key for key, _ in fitting]
    name = wanted.sort
    has = [(key, known[name]) for key, known in fitting if _sortable(known.get(name))]
    downwards = _is_figure(name) and not lower_is_better(name.rpartition(".")[2])
    has.sort(key=lambda pair: _rank(pair[1]), reverse=downwards != wanted.backwards)
    there = {key for key, _ in has}
    return [key for key, _ in has] + [key for key, _ in fitting if key not in there]


def _alone(word: str) -> bool:
    head, colon, value = word.partition(":")
    if colon:
        return head.casefold() in ("tag", "sort") and bool(value.removeprefix("-"))
    return word.casefold() == "pinned"


def _note(resolved: dict[str, str], typed: str, name: str) -> None:
    if typed.casefold() != name.casefold():
        resolved[typed] = name


def _is_figure(name: str) -> bool:
    return name.partition(".")[0] in ("test", "validation", "train", "best", "last")


def _figure(asked: str, folded: Mapping[str, str], names: Mapping[str, int]) -> list[str]:
    """Return the figure that a metric's name stands for: the one that most runs have."""
    if asked == "learning_rate":
        return []  # what was asked for is meant, not where a schedule ended
    if asked.startswith("val_"):
        candidates = [f"best.{asked}", f"last.{asked}"]
    else:
        parts = ("test.", "validation.", "best.val_", "train.", "best.", "last.")
        candidates = [f"{part}{asked}" for part in parts]
    found = [folded[candidate] for candidate in candidates if candidate in folded]
    return [max(found, key=lambda name: names[name])] if found else []


def _setting(asked: str, folded: Mapping[str, str], names: Mapping[str, int]) -> list[str]:
    """Return the settings whose last words are these; those that stand highest."""
    found = [
        known
        for word, known in folded.items()
        if word.endswith(f".{asked}") and not _is_figure(known) and not word.startswith("best_")
    ]
    least = min((name.count(".") for name in found), default=0)
    highest = [name for name in found if name.count(".") == least]
    # What training is about comes before what is done with the data.
    for head in ("compile.", "fit.", "data."):
        if chosen := [name for name in highest if name.startswith(head)]:
            return chosen
    return highest


def _nearest(asked: str, names: Mapping[str, int]) -> str:
    words: dict[str, str] = {}
    for name in names:
        words.setdefault(name.rpartition(".")[2].casefold(), name.rpartition(".")[2])
        if "." in asked:
            words.setdefault(name.casefold(), name)
    words |= {alias: alias for alias in _ALIASES}
    close = difflib.get_close_matches(asked, words, 3, 0.6)
    if close:
        return f"Did you mean {' or '.join(words[word] for word in close)}?"
    return "There is, for example: acc, loss, dataset, status, epochs, optimizer, batch_size, age."


def _check(name: str, one: Condition, kind: type | None) -> None:
    """Refuse values that could never fit."""
    for value in one.values:
        if one.sign in ("=", "!=") and value.casefold() == MISSING:
            continue
        if name in ("age", "took"):
            if one.sign in ("~", "!~") or _seconds(value, name) is None:
                raise UserError(
                    f"{name} is a time, but {short(value)} is none.",
                    f"Accepted: {name}<30min, {name}>2h, {name}<2d, {name}<1w.",
                )
        elif name == "created":
            if one.sign not in ("~", "!~") and not _DATE.fullmatch(value):
                raise UserError(
                    f"created is a date, but {short(value)} is none.",
                    "Accepted: created>=2026-03-01, created=2026-03.",
                )
        elif kind is float and one.sign in ("~", "!~"):
            raise UserError(
                f"{name} is a number, which has no parts of a text.", f"Accepted: {name}>1, = != <."
            )
        elif kind is float and _number(value) is None:
            raise UserError(
                f"{name} is a number, but {short(value)} is none.",
                f"Accepted: {name}>0.9, {name}>90%, {name}={MISSING}.",
            )
        elif kind is bool and (one.sign not in ("=", "!=") or _truth(value) is None):
            raise UserError(f"{name} is yes or no.", f"Accepted: {name}=yes, {name}=no.")


def _holds(fact: Fact | None, one: Condition) -> bool:
    negative = one.sign in ("!=", "!~")
    sign = {"!=": "=", "!~": "~"}.get(one.sign, one.sign)
    absent = fact is None or (isinstance(fact, float) and math.isnan(fact))
    found = False
    for value in one.values:
        if sign == "=" and value.casefold() == MISSING:
            found = found or absent or fact == ()
        elif not absent and fact is not None:
            found = found or _fits(fact, sign, value, one.name)
    # What has no value is neither equal nor unequal to one; no tags at all are other tags.
    return not found and not absent if negative else found


def _fits(fact: Fact, sign: str, value: str, name: str) -> bool:
    if isinstance(fact, tuple):
        return any(_fits(entry, sign, value, name) for entry in fact)
    if sign == "~":
        return value.casefold() in str(fact).casefold()
    if isinstance(fact, bool):
        return sign == "=" and _truth(value) is fact
    if isinstance(fact, int | float):
        number = _seconds(value, name) if name in ("age", "took") else _number(value)
        return number is not None and _compared(float(fact), sign, number)
    if name == "created":
        asked = value.replace("T", " ")
        return _compared(fact[: len(asked)], sign, asked)
    if sign == "=":
        return _plain(fact) in _names_of(value)
    number, own = _number(value), _number(fact)
    if number is not None and own is not None:
        return _compared(own, sign, number)
    return number is None and own is None and _compared(fact.casefold(), sign, value.casefold())


def _compared(one: float | str, sign: str, other: float | str) -> bool:
    if sign == "=":
        return one == other
    # Both are numbers or both are texts: whoever calls sees to it.
    if sign in ("<", "<="):
        return one < other or (sign == "<=" and one == other)  # type: ignore[operator]
    return one > other or (sign == ">=" and one == other)  # type: ignore[operator]


def _plain(text: str) -> str:
    """Return a text without capitals, dashes and underscores: `he_normal` is `HeNormal`."""
    return text.casefold().replace("_", "").replace("-", "").replace(" ", "")


def _names_of(value: str) -> set[str]:
    """Return all that a name may be written as: `mse` is `MeanSquaredError` too."""
    return {_plain(value)} | {_plain(same_name(kind, value)) for kind in _OBJECTS}


def _number(text: str) -> float | None:
    text = text.strip().replace("−", "-").replace("_", "")
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _is_number(text: str) -> bool:
    return _number(text) is not None


def _seconds(text: str, name: str) -> float | None:
    """Return a time in seconds; an age without a unit could be anything."""
    match = _TIME.fullmatch(text.strip())
    if match is None or (not match[2] and name == "age"):
        return None
    unit = _TIMES.get(match[2].lower() or "s")
    return None if unit is None else float(match[1]) * unit


def _truth(text: str) -> bool | None:
    return {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(
        text.casefold()
    )


def _sortable(value: Fact | None) -> bool:
    return value is not None and value != () and not (
        isinstance(value, float) and math.isnan(value)
    )  # fmt: skip


def _rank(value: Fact) -> tuple[int, float, str]:
    if isinstance(value, bool | int | float):
        return 0, float(value), ""
    return 1, 0.0, (value if isinstance(value, str) else " ".join(value)).casefold()

"""What differs between experiments, and nothing else, in plain words.

Lists of layers (of steps, callbacks, metrics) are laid beside each other first, so that one layer
more is one line and not a difference in every layer behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from kerastui.datasets.recipe import FileRecipe
from kerastui.models.experiment.settings import decisive, given, text

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

__all__ = ["NOTHING", "Difference", "between", "text"]

NOTHING = "–"
"""Stands where an experiment has no such setting."""

_WORDS = {
    "data.dataset": "data set",
    "data.parameters": "data",
    "data.split.kind": "split",
    "data.split.validation.kind": "validation",
    "data.substitute": "stand-in data",
    "model.kind": "kind of model",
    "model.outputs": "outputs",
    "seed": "seed",
}
_DROPPED = ("fit", "compile", "data", "model")
"""Parts of an experiment whose fields are known without their names."""
_ONE = {
    "layers": "layer",
    "nodes": "node",
    "steps": "step",
    "callbacks": "callback",
    "metrics": "metric",
    "inputs": "input",
    "predict": "prediction",
}
_BARE = frozenset({"units", "filters", "rate", "activation", "pool_size", "kernel_size", "method"})
"""Parameters that need no name beside their layer's."""
_LARGEST_TABLE = 250_000
"""Cells of an alignment; longer lists are laid side by side by a quicker way."""


@dataclass(frozen=True)
class Difference:
    """One setting that differs.

    Attributes:
        path: Where it stands in the first experiment that has it.
        words: The same in plain words.
        values: What each experiment says, `NOTHING` where it says nothing.
    """

    path: str
    words: str
    values: tuple[str, ...]


class _Absent:
    """Stands for a setting that an experiment does not have."""


_ABSENT = _Absent()


def between(experiments: Sequence[Experiment]) -> list[Difference]:
    """Return the settings that differ, in the order of the experiment's file."""
    found: list[Difference] = []
    plains = [decisive(experiment) for experiment in experiments]
    _leave_untouched([plain["data"].get("file") for plain in plains])
    _walk(plains, "", "", found)
    return found


def _leave_untouched(files: Sequence[dict[str, Any] | None]) -> None:
    """Take out of own files how all of them are read by default.

    Beside a data set of the catalogue, which says nothing of that, each would be a difference.
    """
    present = [file for file in files if file is not None]
    if len(present) == len(files):
        return
    for name, field in FileRecipe.model_fields.items():
        if all(file.get(name) == field.default for file in present):
            for file in present:
                file.pop(name, None)


def _walk(values: Sequence[Any], path: str, words: str, found: list[Difference]) -> None:
    present = [value for value in values if value is not _ABSENT]
    if not present or (len(present) == len(values) and all(v == present[0] for v in present)):
        return
    if all(isinstance(value, dict) for value in present) and not _of_other_types(values):
        keys = dict.fromkeys(key for value in present for key in value)
        for key in keys:
            inner = f"{path}.{key}" if path else key
            _walk(
                [v.get(key, _ABSENT) if isinstance(v, dict) else _ABSENT for v in values],
                inner,
                _named(inner, words, key),
                found,
            )
        return
    if all(isinstance(value, list) for value in present) and any(
        isinstance(entry, dict) for value in present for entry in value
    ):
        _lists(values, path, found)
        return
    told = tuple(map(_brief, values))
    if set(told) != {NOTHING}:
        found.append(Difference(path, words or path, told))


def _of_other_types(values: Sequence[Any]) -> bool:
    """Say whether Keras objects or steps of different types stand here, or some lack it."""
    types = {_type(value) if isinstance(value, dict) else NOTHING for value in values}
    return len(types) > 1 and types != {"", NOTHING}


def _type(value: Mapping[str, Any]) -> str:
    return str(value.get("type") or value.get("step") or "")


def _named(path: str, words: str, key: str) -> str:
    if path in _WORDS:
        return _WORDS[path]
    if path in _DROPPED:
        return ""
    word = key.replace("_", " ")
    return f"{words} · {word}" if words else word


def _lists(values: Sequence[Any], path: str, found: list[Difference]) -> None:
    """Lay lists side by side, entry by entry."""
    lists: list[list[Any]] = [value if isinstance(value, list) else [] for value in values]
    one = _ONE.get(path.rpartition(".")[2], path.rpartition(".")[2])
    for places in _aligned(lists):
        entries = [
            entry[place] if place is not None else _ABSENT
            for entry, place in zip(lists, places, strict=True)
        ]
        index = next(place for place in places if place is not None)
        first = next(entry for entry in entries if entry is not _ABSENT)
        same = not _of_other_types(entries) or _ABSENT in entries
        name = _entry_name(first) if isinstance(first, dict) and same else ""
        _walk(entries, f"{path}.{index}", f"{one} {index + 1} {name}".strip(), found)


def _entry_name(entry: Mapping[str, Any]) -> str:
    name, kind = entry.get("name"), _type(entry)
    return f"{name} ({kind})" if name and kind else str(name or kind)


def _aligned(lists: Sequence[list[Any]]) -> list[list[int | None]]:
    """Return rows of places, one for each list; None where a list has nothing there.

    The first list is laid down, every other one beside what is there already.
    """
    rows: list[list[int | None]] = [[place] for place in range(len(lists[0]))]
    seen: list[Any] = list(lists[0])
    for number, entries in enumerate(lists[1:], 1):
        merged: list[list[int | None]] = []
        shown: list[Any] = []
        for old, new in _pairs(seen, entries):
            merged.append([*(rows[old] if old is not None else [None] * number), new])
            shown.append(seen[old] if old is not None else entries[new] if new is not None else "")
        rows, seen = merged, shown
    return rows


def _pairs(one: Sequence[Any], other: Sequence[Any]) -> list[tuple[int | None, int | None]]:
    """Return which entries of two lists belong together: the alignment with the most in common
    (Needleman and Wunsch 1970)."""
    if len(one) * len(other) > _LARGEST_TABLE:
        return _quick_pairs(one, other)
    height, width = len(one) + 1, len(other) + 1
    best = [[0] * width for _ in range(height)]
    for i in range(height - 2, -1, -1):
        for j in range(width - 2, -1, -1):
            best[i][j] = max(
                best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + _likeness(one[i], other[j])
            )
    pairs: list[tuple[int | None, int | None]] = []
    i = j = 0
    while i < height - 1 or j < width - 1:
        if (
            i < height - 1
            and j < width - 1
            and best[i][j] == best[i + 1][j + 1] + _likeness(one[i], other[j])
        ):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif i < height - 1 and (j == width - 1 or best[i][j] == best[i + 1][j]):
            pairs.append((i, None))
            i += 1
        else:
            pairs.append((None, j))
            j += 1
    return pairs


def _likeness(one: Any, other: Any) -> int:
    """Return how much two entries have in common: 9 where they are equal, 0 at least."""
    if one == other:
        return 9
    if not isinstance(one, dict) or not isinstance(other, dict):
        return 1
    score = 1  # one changed layer is less to read than one removed and one added
    if _type(one) == _type(other):
        score += 3
        keys = one.keys() | other.keys()
        score += sum(3 for key in ("units", "filters", "activation") if key in keys
                     and one.get(key) == other.get(key)) // 2  # fmt: skip
    if one.get("name") and one.get("name") == other.get("name"):
        score += 2
    return score


def _quick_pairs(one: Sequence[Any], other: Sequence[Any]) -> list[tuple[int | None, int | None]]:
    left, right = [text(entry) for entry in one], [text(entry) for entry in other]
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    pairs: list[tuple[int | None, int | None]] = []
    for _, i, i_end, j, j_end in matcher.get_opcodes():
        for step in range(max(i_end - i, j_end - j)):
            pairs.append(
                (i + step if i + step < i_end else None, j + step if j + step < j_end else None)
            )
    return pairs


def _brief(value: Any) -> str:
    """Return a value in a few words: a Keras object without what is at its default."""
    if value is _ABSENT or value == []:
        return NOTHING
    if isinstance(value, list):
        return ", ".join(map(_brief, value))
    if not isinstance(value, dict) or not _type(value):
        return text(value) if value != "" else NOTHING
    told = given(value) if "type" in value else {k: v for k, v in value.items() if k != "step"}
    words = [
        _brief(entry) if key in _BARE else f"{key.replace('_', ' ')} {_brief(entry)}"
        for key, entry in told.items()
        if key not in ("name", "inputs", "from") and entry not in (None, "", [])
        and (key, entry) != ("activation", "linear")
    ]  # fmt: skip
    return " ".join([_type(value), *words])

"""What may be wrong with data and their preparation, in plain words, with a cure where one exists.

The cost is bounded: of large data a random sample is looked at, and the evidence says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerastui.datasets import spec
from kerastui.datasets.advice.columns import plain_steps, without
from kerastui.datasets.advice.facts import sampled
from kerastui.datasets.advice.rows import same_rows, tells_target
from kerastui.datasets.advice.types import ColumnFacts, Concern, DataFacts, Level
from kerastui.datasets.advice.words import range_words
from kerastui.datasets.catalogue import listed
from kerastui.datasets.loaded import Array, Loaded
from kerastui.datasets.rows import is_missing

RARE = 0.1
"""A class with a smaller share of the rows is easily never answered."""
ROWS_FOR_A_FEATURE = 5
_APART = 5
"""Up to so many columns with the same trouble are told of one by one, more of them together: each
cure names all columns that stay, so that thousands of cures would fill the memory."""
_LEVELS = ("problem", "warning", "note")


def concerns(
    data: spec.Data,
    loaded: Loaded,
    facts: DataFacts,
    parts: Mapping[str, Array],
    inputs: int = 0,
) -> list[Concern]:
    """Look for what may be wrong.

    Args:
        data: The preparation.
        loaded: The raw data.
        facts: Of the raw data.
        parts: Raw row numbers of train, validation and test; empty where it can't be split.
        inputs: Numbers that go into the network for one row; 0 where that is not known.

    Returns:
        The gravest first.
    """
    look = _Look(data, loaded, facts, parts, inputs)
    found = [*look.target(), *look.features(), *look.steps(), *look.rows(), *look.parts_alike()]
    return sorted(found, key=lambda concern: _LEVELS.index(concern.level))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + "s" * (number != 1)


_TOGETHER: Mapping[str, tuple[Level, str]] = {
    "infinite": ("problem", "hold infinite values; one of them spoils a network"),
    "constant": ("warning", "are the same in every row"),
    "identifier": ("warning", "name the rows; a network learns them by heart"),
}
"""What no network should get -> how grave it is, and what is said of many such columns."""


def _trouble(column: ColumnFacts) -> str:
    if column.strange:
        return "strange"
    if column.infinite:
        return "infinite"
    return "constant" if column.constant else "identifier" if column.identifier else ""


class _Look:
    def __init__(
        self,
        data: spec.Data,
        loaded: Loaded,
        facts: DataFacts,
        parts: Mapping[str, Array],
        inputs: int,
    ) -> None:
        self.data, self.loaded, self.facts, self.parts = data, loaded, facts, parts
        self.inputs = inputs
        self.names = list(data.target or loaded.target)
        known = [name for name in self.names if name in loaded.columns]
        others = [c for c in loaded.columns if c not in known and c != loaded.names]
        self.every = [name for name in data.features if name in loaded.columns] or others
        self.used = [c for name in self.every if (c := facts.column(name)) is not None]
        if loaded.x is not None:
            self.y: Array | None = loaded.y
        else:
            self.y = loaded.columns[known[0]] if len(known) == 1 else None
        self.classes = data.task in ("binary", "multiclass")
        sample = "" if facts.looked >= loaded.rows else f" (of {facts.looked:,} rows drawn)"
        self.sample = sample

    def _steps(self, *steps: spec.Step, first: bool = False) -> dict[str, Any]:
        new = [step.model_dump(mode="json", exclude_defaults=True) for step in steps]
        old = plain_steps(self.data)
        return {"data.steps": [*new, *old] if first else [*old, *new]}

    def _drop(self, *names: str) -> dict[str, Any]:
        return without(self.data, self.every, names) if len(self.every) > len(names) else {}

    # The target

    def target(self) -> Iterator[Concern]:
        y = self.y
        if y is None or y.ndim != 1:
            return
        drops = any(isinstance(step, spec.Missing) and step.strategy == "drop"
                    for step in self.data.steps)  # fmt: skip
        missing = is_missing(y)
        if missing.any() and not drops:
            complete = [column.name for column in self.used if not column.missing][:1]
            step = spec.Missing(columns=complete or self.every[:1])
            yield Concern(
                "problem", "target", "Rows without a target can't be learned from.",
                f"{int(missing.sum()):,} of {len(y):,} rows have none.",
                "leave these rows out", self._steps(step, first=True),
            )  # fmt: skip
        if self.classes:
            yield from self._classes(y, missing)

    def _classes(self, y: Array, missing: Array) -> Iterator[Concern]:
        words = y.astype(str) if y.dtype == object else y
        values, counts = np.unique(words[~missing], return_counts=True)
        named = [self._class(value) for value in values[:1000]]
        if len(values) < 2:
            only = named[0] if named else "nothing"
            yield Concern("problem", "target", "There is one class only: nothing to tell apart.",
                          f"Every row is {only}.")  # fmt: skip
            return
        share = counts.min() / counts.sum()
        if share < RARE and counts.max() > 4 * counts.min() and len(values) <= 1000:
            rare, often = int(counts.argmin()), int(counts.argmax())
            yield Concern(
                "warning", "target",
                f"The classes are uneven: a network that always says '{named[often]}' is "
                f"right {counts.max() / counts.sum():.0%} of the time.",
                f"{named[often]} {counts.max():,} rows, {named[rare]} {counts.min():,}.",
                "weigh the classes", {"fit.class_weight": "balanced"},
            )  # fmt: skip
        train = self.parts.get("train")
        if train is None:
            return
        trained = set(np.unique(words[train][~missing[train]]).tolist())
        for part in ("test", "validation"):
            if part not in self.parts:
                continue
            index = self.parts[part]
            strange = [v for v in np.unique(words[index][~missing[index]]).tolist()
                       if v not in trained]  # fmt: skip
            if strange:
                split = self.data.split
                enough = counts.min() > 1 and (split.test or 0.0) * len(y) >= len(values)
                random = part == "test" and split.kind == "fraction" and enough
                yield Concern(
                    "problem", "split",
                    f"Classes occur in the {part} part that no training row shows.",
                    f"Only there: {listed([self._class(value) for value in strange[:10]])}.",
                    "share the classes out evenly" if random else "",
                    {"data.split.stratify": True} if random else {},
                )  # fmt: skip

    def _class(self, value: Any) -> str:
        number = value if isinstance(value, str) else f"{value:g}"
        if self.loaded.classes and number.isdigit() and int(number) < len(self.loaded.classes):
            return self.loaded.classes[int(number)]
        return str(number)

    # Features

    def features(self) -> Iterator[Concern]:
        troubled: dict[str, list[ColumnFacts]] = {}
        for column in self.used:
            if trouble := _trouble(column):
                troubled.setdefault(trouble, []).append(column)
        for trouble, columns in troubled.items():
            groups = [[column] for column in columns] if len(columns) <= _APART else [columns]
            if trouble == "strange":
                yield from map(self._strange, groups)
            elif len(columns) <= _APART:
                yield from (self._spoiling(trouble, column) for column in columns)
            else:
                level, what = _TOGETHER[trouble]
                names = [column.name for column in columns]
                yield Concern(level, "features", f"{len(names):,} features {what}.",
                              f"They are {listed(names)}{self.sample}.", "leave them out",
                              self._drop(*names))  # fmt: skip
        yield from self._leaks()
        yield from self._dates()

    def _spoiling(self, trouble: str, column: ColumnFacts) -> Concern:
        """One column that no network should get."""
        level, cells = _TOGETHER[trouble][0], _count(column.known, "cell")
        if trouble == "infinite":
            sentence = f"{column.name} holds infinite values; one of them spoils a network."
            evidence = f"{column.infinite:,} of {cells}"
        elif trouble == "constant":
            same = "is the same in every row" if column.known else "is empty"
            sentence = f"{column.name} {same}."
            evidence = f"{_count(column.different, 'value')} in {cells}"
        else:
            sentence = f"{column.name} names the rows; a network learns it by heart."
            evidence = f"{column.different:,} different values in {cells}"
        return Concern(level, "features", sentence, f"{evidence}{self.sample}.",
                       f"leave {column.name} out", self._drop(column.name))  # fmt: skip

    def _strange(self, columns: Sequence[ColumnFacts]) -> Concern:
        names, marks = [column.name for column in columns], list[str]()
        for column in columns:
            frequent = [value for value, _ in column.common if value in column.strange]
            marks += [mark for mark in frequent or column.strange if mark not in marks]
        recipe, first = self.data.file, columns[0]
        if recipe is not None and recipe.format == "csv":
            changes: dict[str, Any] = {"data.file.missing": [*recipe.missing, *marks]}
            cure = f"read {listed(marks)} as missing"
        else:
            changes = self._drop(*names)
            cure = f"leave {first.name if len(columns) == 1 else 'them'} out"
        counted = f"{first.numeric:,} of {first.known:,} cells are numbers{self.sample}"
        if len(columns) == 1:
            sentence, evidence = f"{first.name} is mostly numbers, but also holds text.", counted
        else:
            sentence = f"{len(columns):,} features are mostly numbers, but also hold text."
            evidence = f"They are {listed(names)}; in {first.name} {counted}"
        return Concern("warning", "features", sentence,
                       f"{evidence}; others: {listed([repr(mark) for mark in marks])}.",
                       cure, changes)  # fmt: skip

    def _leaks(self) -> Iterator[Concern]:
        if self.y is None or self.loaded.x is not None or self.data.task == "forecasting":
            return
        index = sampled(self.loaded.rows, 10_000)
        some = "" if len(index) == self.loaded.rows else f" among {len(index):,} rows drawn"
        y = self.y[index]
        found = [
            (column.name, told) for column in self.used
            if not (column.identifier or column.constant or column.name in self.names)
            and (told := tells_target(self.loaded.columns[column.name][index], y, self.classes))
        ]  # fmt: skip
        if len(found) > _APART:
            names, (first, told) = [name for name, _ in found], found[0]
            yield Concern(
                "warning", "features",
                f"{len(names):,} features each give {self.names[0]} away. Are they known before?",
                f"They are {listed(names)}. {first}: {told[0].lower()}{told[1:]}{some}.",
                "leave them out", self._drop(*names),
            )  # fmt: skip
            return
        for name, told in found:
            yield Concern(
                "warning", "features",
                f"{name} alone gives {self.names[0]} away. Is it known before?",
                f"{told}{some}.", f"leave {name} out", self._drop(name),
            )  # fmt: skip

    def _dates(self) -> Iterator[Concern]:
        every = any(isinstance(s, spec.Dates) and not s.columns for s in self.data.steps)
        handled = {n for s in self.data.steps if isinstance(s, spec.Dates) for n in s.columns}
        for column in self.facts.columns:
            if column.kind != "date" or column.name in self.names or every:
                continue
            if column.name in self.every and column.name not in handled:
                step = spec.Dates(columns=[column.name])
                yield Concern("problem", "steps", f"{column.name} holds dates; a network needs "
                              "numbers.", f"{column.different:,} different dates.",
                              "make numbers of them",
                              self._steps(step, first=True))  # fmt: skip
            elif column.name not in self.every and self.data.task != "forecasting":
                yield Concern(
                    "note", "features", f"The dates in {column.name} are not used.",
                    f"{column.different:,} different dates.", f"use {column.name}",
                    {"data.features": [*self.every, column.name],
                     **self._steps(spec.Dates(columns=[column.name]), first=True)},
                )  # fmt: skip

    # Steps

    def steps(self) -> Iterator[Concern]:
        steps = self.data.steps
        coded = {n for s in steps if isinstance(s, spec.OneHot | spec.Ordinal) for n in s.columns}
        all_text = any(isinstance(s, spec.Ordinal) and not s.columns for s in steps)
        texts = [c for c in self.used if c.kind == "text" and c.name not in coded]
        texts = [] if all_text else [c for c in texts if not (c.strange or c.identifier)]
        if texts:
            names = [column.name for column in texts]
            most = max(column.different for column in texts)
            step: spec.Step = spec.OneHot(columns=names)
            cure = "a column of 0 and 1 for each value"
            if most > 100:
                step, cure = spec.Ordinal(columns=names), "number the values"
            yield Concern("problem", "steps", f"{listed(names)} holds text; a network needs "
                          "numbers.", f"Up to {most:,} different values.", cure,
                          self._steps(step))  # fmt: skip
        gappy = [c for c in self.used if c.missing]
        if gappy and not any(isinstance(s, spec.Missing) for s in steps):
            worst = max(gappy, key=lambda c: c.missing)
            yield Concern(
                "problem", "steps", f"Cells are missing in {listed([c.name for c in gappy])}.",
                f"{worst.name} lacks {worst.gaps:.1%} of its values{self.sample}.",
                "leave rows with gaps out", self._steps(spec.Missing(), first=True),
            )  # fmt: skip
        if not any(isinstance(s, spec.Scale) for s in steps):
            yield from self._unscaled()

    def _unscaled(self) -> Iterator[Concern]:
        if self.loaded.x is not None:
            if self.facts.kind == "pictures" and self.facts.highest > 1:
                divisor = max(self.facts.highest, 1.0)
                step = spec.Scale(method="constant", divisor=255.0 if divisor > 16 else divisor)
                yield Concern("warning", "steps", "The pixels are not scaled.",
                              f"They go to {divisor:g}; networks want numbers around 0.",
                              f"divide by {step.divisor:g}", self._steps(step))  # fmt: skip
            return
        numbers = [c for c in self.used if c.kind == "number" and c.deviation]
        if not numbers:
            return
        wide = max(numbers, key=lambda c: c.deviation or 0.0)
        narrow = min(numbers, key=lambda c: c.deviation or 0.0)
        ratio = (wide.deviation or 0.0) / (narrow.deviation or 1.0)
        if ratio > 20 or max(abs(wide.low or 0.0), abs(wide.high or 0.0)) > 100:
            names = [c.name for c in self.used if c.kind == "number"]
            step = spec.Scale(columns=[] if len(names) == len(self.used) else names)
            yield Concern(
                "warning", "steps", "The features have very different ranges; large ones shout.",
                f"{wide.name} goes{range_words(wide)}, {narrow.name}{range_words(narrow)}.",
                "scale them", self._steps(step),
            )  # fmt: skip

    # Rows and parts

    def rows(self) -> Iterator[Concern]:
        train = self.parts.get("train")
        if train is None or self.loaded.x is not None or self.data.task == "forecasting":
            return
        if self.inputs and len(train) < ROWS_FOR_A_FEATURE * self.inputs:
            yield Concern(
                "warning", "features",
                "There are few rows for so many inputs: a network learns them by heart.",
                f"{len(train):,} training rows, {_count(self.inputs, 'input')}; "
                f"{ROWS_FOR_A_FEATURE} rows an input are little.",
            )  # fmt: skip

    def parts_alike(self) -> Iterator[Concern]:
        train, test = self.parts.get("train"), self.parts.get("test")
        if train is None or test is None:
            return
        split = self.data.split
        ordered = self.facts.in_order_of
        forecast = self.data.task == "forecasting"
        if split.kind == "fraction" and (forecast or ordered):
            count = max(1, round((split.test or 0.2) * (len(train) + len(test))))
            later = {
                "kind": "last", "count": count,
                "validation": split.validation.model_dump(mode="json", exclude_defaults=True),
            }  # fmt: skip
            what = (
                "The series is"
                if forecast
                else f"The rows stand in the order of {ordered}, but are"
            )
            yield Concern(
                "problem" if forecast else "note", "split",
                f"{what} split at random: the model trains on what comes after its tests.",
                "Nobody knows the future when it counts.", "test with the last rows",
                {"data.split": later},
            )  # fmt: skip
        if forecast:
            return
        twins, looked = same_rows(self.loaded, [*self.every, *self.names], train, test)
        if twins:
            share = twins / looked
            yield Concern(
                "warning" if share > 0.01 else "note", "split",
                "Test rows stand among the training rows too: the test is easier than life.",
                f"{twins:,} of {looked:,} test rows looked at are exactly the same ({share:.1%}).",
            )  # fmt: skip

"""What to predict, from what, and how to prepare it: proposed from the data, with the reasons.

Pure: facts about the columns in (`advice_facts` measures them), a proposal out. Nothing here
looks at rows, so the same rules serve the first rows of a file and all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kerastui.datasets import spec
from kerastui.datasets.catalogue import listed

Kind = Literal["table", "series", "pictures", "texts"]

MANY_CLASSES = 100
"""More different words than this are hardly classes."""
WHOLE_CLASSES = 20
"""Up to so many different whole numbers are read as classes, where each comes often enough."""
MANY_CATEGORIES = 30
"""A text column with more different values than this is not worth a column for each."""
GAPPY = 0.5
"""A column with a larger share of empty cells than this is left out."""
DROPPED = 0.1
"""Up to this share of rows is left out for a missing value; beyond it, values are filled in."""

_SURE = ("target", "label", "labels", "class", "outcome", "y")
_LIKELY = (
    "species", "survived", "price", "quality", "churn", "diagnosis", "result", "score", "grade",
    "rating", "income", "salary", "sales", "fraud", "spam", "sentiment", "cost", "value", "medv",
    "demand", "yield", "approved", "default", "category", "status", "revenue", "rent",
)  # fmt: skip
_IDENTIFIERS = ("id", "ids", "nr", "no", "index", "key", "uuid", "guid", "number", "row", "code")


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What is known of one column.

    Attributes:
        kind: `date` is text, or a number made of it, that says when.
        known: Cells with a value, of those looked at.
        different: Different values among them.
        whole: Numbers without decimals.
        rising: Each value is larger than the one before.
        common: The most frequent values with their counts, most frequent first.
        words: Words in a cell of text, on average.
        numeric: Cells of text that would be numbers.
        strange: The first cells of text that would not, where most would.
    """

    name: str
    kind: Literal["number", "text", "date"]
    missing: int
    known: int
    different: int
    whole: bool = False
    rising: bool = False
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    common: tuple[tuple[str, int], ...] = ()
    words: float = 0.0
    numeric: int = 0
    strange: tuple[str, ...] = ()

    @property
    def constant(self) -> bool:
        """Whether every cell holds the same, or none holds anything."""
        return self.different <= 1

    @property
    def gaps(self) -> float:
        """Share of the cells without a value."""
        return self.missing / max(1, self.missing + self.known)

    @property
    def identifier(self) -> bool:
        """Whether it names the rows instead of describing them."""
        if self.known < 20 or self.kind == "date":
            return False
        alone = self.different == self.known
        named = any(token in _IDENTIFIERS for token in tokens(self.name))
        if self.kind == "text":
            return self.words < 4 and (alone or (named and self.different > 0.5 * self.known))
        if not self.whole or self.low is None or self.high is None:
            return False
        counted = self.rising and self.high - self.low == self.known - 1
        return alone and (counted or named)


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What is known of a data set.

    Attributes:
        rows: Rows in all, 0 where nobody has counted them yet.
        looked: Rows that the facts are from.
        incomplete: Rows with at least one missing cell, of those looked at.
        columns: Of a table or a series, in order.
        target: What the data set itself calls its target.
        names: The column that names the rows, or empty.
        own_split: It comes with a test part.
        shape: Shape of one picture.
        highest: The largest value of a pixel.
        lengths: Words of a text: median, and what nine of ten do not exceed.
        vocabulary: Different words, 0 where that is not known.
        classes: Of pictures and texts: name to count.
    """

    kind: Kind
    rows: int
    looked: int
    incomplete: int = 0
    columns: tuple[ColumnFacts, ...] = ()
    target: tuple[str, ...] = ()
    names: str = ""
    own_split: bool = False
    shape: tuple[int, ...] = ()
    highest: float = 0.0
    lengths: tuple[int, int] = (0, 0)
    vocabulary: int = 0
    classes: tuple[tuple[str, int], ...] = ()

    def column(self, name: str) -> ColumnFacts | None:
        """The facts of one column."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def count(self) -> int:
        """Rows, as far as they were counted."""
        return self.rows or self.looked


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was decided: what, to what, and why, in a sentence."""

    what: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A whole preparation with the reasons for each part of it.

    Attributes:
        features: Empty where all columns but the target serve.
        left_out: Column to why it is no feature.
    """

    task: spec.Task
    target: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    steps: list[spec.Step] = field(default_factory=list)
    split: spec.Split = field(default_factory=spec.Split)
    reasons: tuple[Reason, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)

    def changes(self) -> dict[str, Any]:
        """The proposal as the fields of an experiment's data."""
        return {
            "task": self.task,
            "target": list(self.target),
            "features": list(self.features),
            "steps": [step.model_dump(mode="json", exclude_defaults=True) for step in self.steps],
            "split": self.split.model_dump(mode="json", exclude_defaults=True),
        }


def propose(facts: DataFacts, target: Sequence[str] = ()) -> Proposal:
    """Propose a preparation.

    Args:
        facts: What is known of the data.
        target: What is to be predicted, where that is settled; otherwise it is proposed too.
    """
    if facts.kind == "pictures":
        return _pictures(facts)
    if facts.kind == "texts":
        return _texts(facts)
    if facts.kind == "series":
        return _series(facts, target)
    return _table(facts, target)


def tokens(name: str) -> list[str]:
    """The words in a column's name: `SalePrice`, `sale_price` → `sale`, `price`."""
    return [word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[^\W\d_]+", name)]


# Tables


def _table(facts: DataFacts, given: Sequence[str]) -> Proposal:
    target, target_why = _target(facts, given)
    chosen = [column for name in target if (column := facts.column(name))]
    task, task_why = task_of(chosen, facts)
    left_out = dict(_left_out(facts, target))
    used = [c for c in facts.columns if c.name not in target and c.name not in left_out]
    reasons = [
        Reason("target", ", ".join(target) or "none", target_why),
        Reason("task", task, task_why),
    ]
    if left_out:
        names = listed([f"{name} ({why})" for name, why in left_out.items()])
        reasons.append(Reason("features", f"{len(used)} columns", f"Left out: {names}."))
    else:
        what = f"{len(used)} column" + "s" * (len(used) != 1)
        reasons.append(Reason("features", what, "Every column but the target describes the rows."))
    steps: list[spec.Step] = []
    for step, why in (*_filled(facts, used, chosen), *_numbered(used), *_labelled(chosen, task)):
        steps.append(step)
        reasons.append(Reason(f"step {step.step}", step_words(step), why))
    split, split_why = _split(facts, chosen, task)
    reasons.append(Reason("split", split_words(split), split_why))
    features = [column.name for column in used] if left_out else []
    return Proposal(task, target, features, steps, split, tuple(reasons), left_out)


def _target(facts: DataFacts, given: Sequence[str]) -> tuple[list[str], str]:
    if given:
        return list(given), "You chose it."
    if facts.target:
        return list(facts.target), "The data set itself names it."
    labels = _labels(facts)
    if len(labels) > 1:
        return labels, f"{len(labels)} columns of 0 and 1 are named alike: several labels a row."
    ranked = sorted(
        ((_likeness(column, facts), place, column) for place, column in enumerate(facts.columns)
         if not (column.constant or column.identifier or column.kind == "date"
                 or column.name == facts.names)),
        key=lambda entry: (entry[0][0], entry[1]),
        reverse=True,
    )  # fmt: skip
    if not ranked:
        return [], "No column differs between the rows without naming them."
    (_, why), _, column = ranked[0]
    return [column.name], why


def _labels(facts: DataFacts) -> list[str]:
    """Columns of 0 and 1 whose names begin with the same word for a label."""
    binary = [c for c in facts.columns if c.kind == "number" and (c.low, c.high) == (0, 1)
              and c.whole and c.different == 2]  # fmt: skip
    for word in ("label", "target", "class", "tag", "y"):
        alike = [c.name for c in binary if tokens(c.name)[:1] == [word]]
        if len(alike) > 1:
            return alike
    return []


def _likeness(column: ColumnFacts, facts: DataFacts) -> tuple[int, str]:
    """How much a column looks like a target, and why."""
    words = tokens(column.name)
    last = column is facts.columns[-1]
    few = 2 <= column.different <= WHOLE_CLASSES and column.different * 5 <= column.known
    score, why = 0, "No column stands out; it is as good as any. Choose another with e."
    if column.kind == "text" and not few:
        score -= 40
    if few:
        score += 10
        why = f"It has only {column.different} different values, as classes have."
    if last:
        score += 20
        why = "It is the last column, where the target usually stands."
        if few:
            why = why[:-1] + f", and has only {column.different} different values."
    if any(word in _LIKELY for word in words):
        score += 60
        why = f"Its name, {column.name}, is what people usually want to predict."
    if any(word in _SURE for word in words):
        score += 100
        why = f"Its name, {column.name}, says so."
    return score, why


def task_of(target: Sequence[ColumnFacts], facts: DataFacts) -> tuple[spec.Task, str]:
    """The task that target columns stand for, and why."""
    if not target:
        return "regression", "Without a target nothing can be said; choose one with e."
    column = target[0]
    if len(target) > 1:
        if all((c.low, c.high) == (0, 1) and c.different == 2 for c in target):
            return "multilabel", f"{len(target)} columns of 0 and 1: each is a yes or a no."
        return "regression", f"{len(target)} columns of numbers are predicted together."
    many = f"{column.different:,} different"
    if column.kind == "text":
        if column.different == 2:
            return "binary", f"{column.name} has two values: {_examples(column)}."
        rarely = "" if column.different <= MANY_CLASSES else " That is a lot of classes."
        return "multiclass", f"{column.name} has {many} words: {_examples(column)}.{rarely}"
    if column.different == 2:
        return "binary", f"{column.name} has two values: {_examples(column)}."
    often = column.different * 5 <= column.known
    if column.whole and column.different <= WHOLE_CLASSES and often:
        return "multiclass", (
            f"{column.name} has {many} whole numbers, each several times: they are read as "
            "classes. Choose regression if they measure something."
        )
    return "regression", f"{column.name} is a number with {many} values{_range(column)}."


def _examples(column: ColumnFacts) -> str:
    return listed([value for value, _ in column.common[:5]]) if column.common else "…"


def _range(column: ColumnFacts) -> str:
    if column.low is None or column.high is None:
        return ""
    return f" from {column.low:.4g} to {column.high:.4g}"


def _left_out(facts: DataFacts, target: Sequence[str]) -> Iterator[tuple[str, str]]:
    for column in facts.columns:
        if column.name in target:
            continue
        if column.name == facts.names:
            yield column.name, "it names the rows"
        elif column.constant:
            yield column.name, "it is the same in every row"
        elif column.identifier:
            yield column.name, "an identifier: every row has its own"
        elif column.kind == "date":
            yield column.name, "a date; make a number of it to use it"
        elif column.gaps > GAPPY:
            yield column.name, f"{column.gaps:.0%} of it are missing"
        elif column.kind == "text" and column.different > MANY_CATEGORIES:
            yield column.name, f"{column.different:,} different texts"


def _filled(
    facts: DataFacts, used: Sequence[ColumnFacts], target: Sequence[ColumnFacts]
) -> Iterator[tuple[spec.Step, str]]:
    """What is done about missing cells."""
    gappy = [column for column in used if column.missing]
    without = sum(column.missing for column in target)
    if not gappy and not without:
        return
    # Rows whose gaps are all in columns that are left out do not count.
    most = min(sum(column.missing for column in (*gappy, *target)), facts.looked)
    share = min(facts.incomplete or most, most) / max(1, facts.looked)
    where = listed([column.name for column in (*target[: bool(without)], *gappy)])
    if share <= DROPPED:
        yield (
            spec.Missing(),
            (
                f"Cells are missing in {where}: {share:.1%} of the rows, few enough to leave them out."
            ),
        )
        return
    texts = [column.name for column in gappy if column.kind == "text"]
    numbers = [column.name for column in gappy if column.kind == "number"]
    if texts or without:
        # Named columns keep the rows whose gaps are filled by the next step.
        complete = [column.name for column in used if not column.missing][:1]
        names = texts or complete or numbers
        what = listed(texts) if texts else "the target"
        yield spec.Missing(columns=names), f"Rows without a value in {what} can't be filled in."
    if numbers:
        yield (
            spec.Missing(strategy="median", columns=numbers),
            (
                f"Cells are missing in {listed(numbers)}; {share:.0%} of the rows are too many to "
                "leave out, and the median is not moved by extremes."
            ),
        )


def _numbered(used: Sequence[ColumnFacts]) -> Iterator[tuple[spec.Step, str]]:
    """Text becomes columns of zeros and ones, numbers come to a common range."""
    numbers = [column for column in used if column.kind == "number"]
    texts = [column.name for column in used if column.kind == "text"]
    scaled = [c.name for c in numbers if not (c.whole and (c.low, c.high) == (0, 1))]
    wide = [c for c in numbers if max(abs(c.low or 0.0), abs(c.high or 0.0)) > 1]
    if scaled and wide:
        largest = max(wide, key=lambda c: max(abs(c.low or 0.0), abs(c.high or 0.0)))
        every = len(scaled) == len(used)
        yield (
            spec.Scale(columns=[] if every else scaled),
            (f"Networks learn best from numbers around 0; {largest.name} goes{_range(largest)}."),
        )
    if texts:
        yield (
            spec.OneHot(columns=texts),
            (f"A network needs numbers: each value of {listed(texts)} gets a column of 0 and 1."),
        )


def _labelled(
    target: Sequence[ColumnFacts], task: spec.Task
) -> Iterator[tuple[spec.Step, str]]:  # fmt: skip
    if task not in ("binary", "multiclass") or not target:
        return
    column = target[0]
    if column.kind == "text":
        yield spec.EncodeLabel(), f"The classes of {column.name} are words; they get numbers."
    elif column.low != 0 or column.high != column.different - 1 or not column.whole:
        yield (
            spec.EncodeLabel(),
            (f"The classes of {column.name} go{_range(column)}; they are numbered from 0."),
        )


def _split(
    facts: DataFacts, target: Sequence[ColumnFacts], task: spec.Task
) -> tuple[spec.Split, str]:
    validation = spec.Validation(kind="last", fraction=0.2)
    if facts.own_split:
        return spec.Split(kind="own", validation=validation), "The data set comes split."
    classes = task in ("binary", "multiclass") and len(target) == 1
    why = "A fifth of the rows, drawn at random, is kept to test with; a fifth of the others "
    why += "watches the training."
    if classes:
        rarest = target[0].common[-1] if target[0].common else ("", 2)
        if rarest[1] >= 2:
            why += " Every part gets its share of each class."
        else:
            classes = False
            why += f" {rarest[0]} occurs only once, so the classes can't be shared out evenly."
    return spec.Split(kind="fraction", test=0.2, stratify=classes, validation=validation), why


# Other kinds


def _series(facts: DataFacts, given: Sequence[str]) -> Proposal:
    numbers = [c for c in facts.columns if c.kind == "number" and not c.constant]
    numbers = [c for c in numbers if c.name != facts.names] or numbers
    target = list(given or facts.target or [c.name for c in numbers[-1:]])
    length = max(1, min(12, facts.count // 10))
    count = max(1, round(0.2 * facts.count))
    steps: list[spec.Step] = [spec.Window(length=length)]
    why = f"{length} values in a row predict the one that follows."
    reasons = [
        Reason("target", ", ".join(target) or "none", "Its coming values are to be predicted."),
        Reason("task", "forecasting", "The rows are one series, in the order of time."),
        Reason("step window", step_words(steps[0]), why),
    ]
    column = facts.column(target[0]) if target else None
    if column is not None and max(abs(column.low or 0.0), abs(column.high or 0.0)) > 10:
        steps.append(spec.Scale())
        reasons.append(Reason("step scale", step_words(steps[1]),
                              f"Networks learn best from numbers around 0; {column.name} "
                              f"goes{_range(column)}."))  # fmt: skip
    split = spec.Split(
        kind="last", count=count, validation=spec.Validation(kind="last", fraction=0.2)
    )
    reasons.append(Reason("split", split_words(split),
                          "The last fifth tests: what is to be predicted lies in the future, "
                          "so no row of it may train."))  # fmt: skip
    return Proposal("forecasting", target, [], steps, split, tuple(reasons))


def _classed(facts: DataFacts) -> tuple[spec.Task, list[Reason]]:
    count = len(facts.classes)
    task: spec.Task = "binary" if count == 2 else "multiclass"
    names = listed([name for name, _ in facts.classes[:6]])
    what = {"pictures": "picture", "texts": "text"}[facts.kind]
    return task, [
        Reason("target", "class", f"Every {what} has one: {names}."),
        Reason("task", task, f"There are {count} classes."),
    ]


def _class_split(facts: DataFacts) -> tuple[spec.Split, Reason]:
    validation = spec.Validation(kind="last", fraction=0.2)
    if facts.own_split:
        split, why = spec.Split(kind="own", validation=validation), "The data set comes split."
    else:
        even = all(count > 1 for _, count in facts.classes)
        split = spec.Split(kind="fraction", test=0.2, stratify=even, validation=validation)
        why = "A fifth, drawn at random, is kept to test with"
        why += "; every part gets its share of each class." if even else "."
    return split, Reason("split", split_words(split), why)


def _pictures(facts: DataFacts) -> Proposal:
    task, reasons = _classed(facts)
    steps: list[spec.Step] = []
    if facts.highest > 1:
        divisor = 255.0 if facts.highest > 16 else facts.highest
        steps.append(spec.Scale(method="constant", divisor=divisor))
        reasons.append(Reason("step scale", step_words(steps[-1]),
                              f"Pixels go to {facts.highest:g}; networks want them from 0 to "
                              "1."))  # fmt: skip
    if len(facts.shape) == 2:
        steps.append(spec.ChannelAxis())
        reasons.append(Reason("step channel_axis", step_words(steps[-1]),
                              "The pictures are grey; convolutions want an axis of "
                              "channels."))  # fmt: skip
    split, why = _class_split(facts)
    return Proposal(task, [], [], steps, split, (*reasons, why))


def _texts(facts: DataFacts) -> Proposal:
    task, reasons = _classed(facts)
    median, most = facts.lengths
    length = next((size for size in (8, 16, 32, 64, 128, 256) if size >= most), 256)
    words = max(4, min(10_000, facts.vocabulary or 10_000))
    step = spec.Pad(length=length, words=words)
    cut = "nine of ten are no longer" if most <= length else "what is longer is cut at the front"
    reasons.append(Reason("step pad", step_words(step),
                          f"Half of the texts have up to {median:,} words; {cut}."))  # fmt: skip
    split, why = _class_split(facts)
    return Proposal(task, [], [], [step], split, (*reasons, why))


# In words


def step_words(step: spec.Step) -> str:
    """A step in a few words, for a list."""
    if isinstance(step, spec.Missing):
        what = "drop rows" if step.strategy == "drop" else f"fill with {step.strategy}"
        if step.strategy == "constant":
            what = f"fill with {step.value:g}"
        return what + _columns(step.columns)
    if isinstance(step, spec.OneHot):
        return listed(step.columns) if step.columns else "target"
    if isinstance(step, spec.Scale):
        what = f"÷ {step.divisor:g}" if step.method == "constant" else step.method
        return what + _columns(step.columns)
    if isinstance(step, spec.Window):
        return f"{step.length} values"
    if isinstance(step, spec.MultiHot):
        return f"{step.words:,} words"
    if isinstance(step, spec.Pad):
        return f"{step.length} words"
    if isinstance(step, spec.EncodeLabel):
        return "target to class numbers"
    return ""


def _columns(names: Sequence[str]) -> str:
    return f" · {listed(names)}" if names else ""


def split_words(split: spec.Split) -> str:
    """A split in a few words, for a list."""
    words = {
        "fraction": f"{split.test or 0:.0%} at random",
        "first": f"first {split.count or 0:,} train",
        "last": f"last {split.count or 0:,} test",
        "keras_boston": "as Keras splits it",
        "own": "its own",
        "none": "all rows train",
    }[split.kind]
    if split.stratify:
        words += ", by class"
    validation = split.validation
    if validation.kind == "none":
        return words
    share = f"{validation.fraction:.0%}" if validation.fraction else f"{validation.count or 0:,}"
    if validation.kind == "test":
        return f"{words} · test validates"
    if validation.kind == "fold":
        return f"{words} · fold {validation.fold} of {validation.folds} validates"
    return f"{words} · {validation.kind} {share} validate"

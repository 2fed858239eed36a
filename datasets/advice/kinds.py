"""Proposals for series, pictures and texts; `proposals` has those for tables."""

from __future__ import annotations

from collections.abc import Sequence

from kerastui.datasets import spec
from kerastui.datasets.advice.types import DataFacts, Proposal, Reason
from kerastui.datasets.advice.words import range_words, split_words, step_words
from kerastui.datasets.catalogue import listed


def series(facts: DataFacts, given: Sequence[str]) -> Proposal:
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
                              f"goes{range_words(column)}."))  # fmt: skip
    split = spec.Split(
        kind="last", count=count, validation=spec.Validation(kind="last", fraction=0.2)
    )
    reasons.append(Reason("split", split_words(split),
                          "The last fifth tests: what is to be predicted lies in the future, "
                          "so no row of it may train."))  # fmt: skip
    return Proposal("forecasting", target, [], steps, split, tuple(reasons))


def _classed(facts: DataFacts) -> tuple[spec.Task, list[Reason]]:
    count = len(facts.classes)
    if not count:
        return "regression", [Reason("task", "regression", "The targets are no class numbers.")]
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
        even = bool(facts.classes) and all(count > 1 for _, count in facts.classes)
        split = spec.Split(kind="fraction", test=0.2, stratify=even, validation=validation)
        why = "A fifth, drawn at random, is kept to test with"
        why += "; every part gets its share of each class." if even else "."
    return split, Reason("split", split_words(split), why)


def pictures(facts: DataFacts) -> Proposal:
    task, reasons = _classed(facts)
    steps: list[spec.Step] = []
    if len(facts.shape) < 2:
        steps.append(spec.Scale())
        reasons.append(Reason("step scale", step_words(steps[-1]),
                              "Networks learn best from numbers around 0."))  # fmt: skip
    elif facts.highest > 1:
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


def texts(facts: DataFacts) -> Proposal:
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

"""What to predict, from what, and how to prepare it: proposed from the data, with the reasons.

Pure: facts about the columns in (`facts` measures them), a proposal out. Nothing here
looks at rows, so the same rules serve the first rows of a file and all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kerastui.datasets import spec
from kerastui.datasets.advice import kinds
from kerastui.datasets.advice.types import ColumnFacts, DataFacts, Proposal, Reason, tokens
from kerastui.datasets.advice.words import range_words, split_words, step_words
from kerastui.datasets.catalogue import listed

MANY_CLASSES = 100
"""More different words than this are hardly classes."""
WHOLE_CLASSES = 20
"""Up to so many different whole numbers are read as classes, where each comes often enough."""
MANY_CATEGORIES = 30
"""A text column with more different values than this is not worth a column for each."""
GAPPY = 0.5
"""A column with a larger share of empty cells than this is left out."""
FEW_ROWS = 20
"""Fewer rows than this are not split."""
_NAMED = 8
"""So many columns that are left out for one reason are named."""
DROPPED = 0.1
"""Up to this share of rows is left out for a missing value; beyond it, values are filled in."""

_SURE = ("target", "label", "labels", "class", "outcome", "y")
_LIKELY = (
    "species", "survived", "price", "quality", "churn", "diagnosis", "result", "score", "grade",
    "rating", "sales", "fraud", "spam", "sentiment", "medv", "demand", "yield", "approved",
    "default", "category", "status",
)  # fmt: skip
_EITHER = ("income", "salary", "cost", "value", "revenue", "rent")
"""Predicted as often as they are what something else is predicted from."""


def propose(
    facts: DataFacts, target: Sequence[str] = (), task: spec.Task | None = None
) -> Proposal:
    """Propose a preparation.

    Args:
        facts: What is known of the data.
        target: What is to be predicted, where that is settled; otherwise it is proposed too.
        task: The task, where that is settled.
    """
    if facts.kind == "pictures":
        return kinds.pictures(facts)
    if facts.kind == "texts":
        return kinds.texts(facts)
    series = facts.kind == "series" or (_is_series(facts) and not target)
    if task == "forecasting" or (series and task is None):
        return kinds.series(facts, target)
    return _table(facts, target, task)


def _is_series(facts: DataFacts) -> bool:
    """Whether a table is one column of numbers in the order of its dates."""
    dated = facts.in_order_of != "" and len(facts.columns) == 2
    return dated and facts.columns[1].kind == "number"


def _table(facts: DataFacts, given: Sequence[str], settled: spec.Task | None) -> Proposal:
    target, target_why = _target(facts, given)
    chosen = [column for name in target if (column := facts.column(name))]
    task, task_why = task_of(chosen)
    if settled:
        task, task_why = settled, "You chose it."
    left_out = dict(_left_out(facts, target))
    used = [c for c in facts.columns if c.name not in target and c.name not in left_out]
    reasons = [
        Reason("target", ", ".join(target) or "none", target_why),
        Reason("task", task, task_why),
    ]
    if left_out:
        what = f"{len(used):,} column" + "s" * (len(used) != 1)
        reasons.append(Reason("features", what, f"Left out: {_by_reason(left_out)}."))
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
        if column.different == 2:
            score += 15
    if any(word in _EITHER for word in words):
        score += 40
        why = f"Its name, {column.name}, is what people often want to predict."
    if any(word in _LIKELY for word in words):
        score += 60
        why = f"Its name, {column.name}, is what people usually want to predict."
    if any(word in _SURE for word in words):
        score += 100
        why = f"Its name, {column.name}, says so."
    return score, why


def task_of(target: Sequence[ColumnFacts]) -> tuple[spec.Task, str]:
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
    return "regression", f"{column.name} is a number with {many} values{range_words(column)}."


def _examples(column: ColumnFacts) -> str:
    return listed([value for value, _ in column.common[:5]]) if column.common else "…"


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
        elif column.gaps > GAPPY:
            yield column.name, f"{column.gaps:.0%} of it are missing"
        elif column.kind == "text" and column.different > MANY_CATEGORIES:
            yield column.name, f"{column.different:,} different texts"


def _by_reason(left_out: Mapping[str, str]) -> str:
    """Names with why they are left out, those with the same reason together."""
    names: dict[str, list[str]] = {}
    for name, why in left_out.items():
        names.setdefault(why, []).append(name)
    told = []
    for why, group in names.items():
        more = [f"{len(group) - _NAMED:,} more"] if len(group) > _NAMED else []
        told.append(f"{', '.join([*group[:_NAMED], *more])} ({why})")
    return listed(told)


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
            (f"Cells are missing in {where}: {share:.1%} of the rows, few enough to leave out."),
        )
        return
    dates = [column.name for column in gappy if column.kind == "date"]
    if dates or without:
        # Named columns keep the rows whose gaps are filled by the next steps.
        complete = [column.name for column in used if not column.missing][:1]
        names = dates or complete or [column.name for column in used]
        what = listed([column.name for column in target[: bool(without)]] + dates)
        yield spec.Missing(columns=names), f"Rows without {what} can't be filled in."
    if numbers := [column.name for column in gappy if column.kind == "number"]:
        yield (
            spec.Missing(strategy="median", columns=numbers),
            f"{share:.0%} of the rows lack a value, too many to leave out; the median of "
            f"{listed(numbers)} is not moved by extremes.",
        )
    if texts := [column.name for column in gappy if column.kind == "text"]:
        yield (
            spec.Missing(strategy="constant", columns=texts),
            f"That {listed(texts)} is missing may say something: it becomes a value of its own.",
        )


def _numbered(used: Sequence[ColumnFacts]) -> Iterator[tuple[spec.Step, str]]:
    """Text becomes columns of zeros and ones, numbers come to a common range."""
    numbers = [column for column in used if column.kind == "number"]
    texts = [column.name for column in used if column.kind == "text"]
    dates = [column for column in used if column.kind == "date"]
    parted = []
    if dates:
        parts = _date_parts(dates)
        parted = [f"{column.name} {part}" for column in dates for part in parts]
        yield (
            spec.Dates(columns=[column.name for column in dates], parts=parts),
            f"A network needs numbers: {listed([column.name for column in dates])} becomes "
            f"{listed(parts)}.",
        )
    scaled = [c.name for c in numbers if not _is_flag(c)] + parted
    far = [c for c in numbers if not _is_flag(c) and (_size(c) > 3 or (c.deviation or 1.0) < 0.2)]
    if far or parted:
        every = not texts and len(scaled) == len(numbers) + len(parted)
        what = "days count in thousands"
        if far:
            largest = max(far, key=_size)
            what = f"{largest.name} goes{range_words(largest)}"
        yield (
            spec.Scale(columns=[] if every else scaled),
            f"Networks learn best from numbers around 0 that differ by about 1; {what}.",
        )
    if texts:
        yield (
            spec.OneHot(columns=texts),
            f"A network needs numbers: each value of {listed(texts)} gets a column of 0 and 1.",
        )


def _is_flag(column: ColumnFacts) -> bool:
    return column.whole and (column.low, column.high) == (0, 1)


def _size(column: ColumnFacts) -> float:
    return max(abs(column.low or 0.0), abs(column.high or 0.0))


def _date_parts(dates: Sequence[ColumnFacts]) -> list[spec.DatePart]:
    """The parts of dates that can differ: a season needs months, a week days."""
    span = max((column.high or 0.0) - (column.low or 0.0) for column in dates)
    parts: list[spec.DatePart] = ["days"]
    if span > 60:
        parts.append("month")
    if span > 14:
        parts.append("weekday")
    if any(not column.whole for column in dates):
        parts.append("hour")
    return parts


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
            (f"The classes of {column.name} go{range_words(column)}; they are numbered from 0."),
        )


def _split(
    facts: DataFacts, target: Sequence[ColumnFacts], task: spec.Task
) -> tuple[spec.Split, str]:
    validation = spec.Validation(kind="last", fraction=0.2)
    if facts.own_split:
        return spec.Split(kind="own", validation=validation), "The data set comes split."
    if facts.count < FEW_ROWS:
        return spec.Split(), f"{facts.count} rows are too few to keep some of them aside."
    if facts.in_order_of:
        count = max(1, round(0.2 * facts.count))
        return spec.Split(kind="last", count=count, validation=validation), (
            f"The rows stand in the order of {facts.in_order_of}, and nobody knows the future when "
            "it counts: the last fifth tests, the last fifth of the others watches the training."
        )
    classes = task in ("binary", "multiclass") and len(target) == 1
    why = "A fifth of the rows, drawn at random, is kept to test with; a fifth of the others "
    why += "watches the training."
    if classes:
        rarest = target[0].common[-1] if target[0].common else ("", 2)
        if rarest[1] >= 2 and 0.2 * facts.count >= target[0].different:
            why += " Every part gets its share of each class."
        else:
            classes = False
            why += " There are too few rows of some classes to share them out evenly."
    return spec.Split(kind="fraction", test=0.2, stratify=classes, validation=validation), why

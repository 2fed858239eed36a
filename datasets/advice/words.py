"""Steps and splits in a few words, for lists."""

from __future__ import annotations

from collections.abc import Sequence

from kerastui.datasets import spec
from kerastui.datasets.advice.types import ColumnFacts
from kerastui.datasets.catalogue import listed
from kerastui.datasets.figures import figure


def step_words(step: spec.Step) -> str:
    """A step in a few words, for a list."""
    if isinstance(step, spec.Missing):
        what = (
            "drop rows"
            if step.strategy == "drop"
            else f"fill with {step.strategy.replace('_', ' ')}"
        )
        if step.strategy == "constant":
            what = f"fill with {step.value:g} or {step.text!r}"
        return what + _columns(step.columns)
    if isinstance(step, spec.OneHot):
        return listed(step.columns) if step.columns else "target"
    if isinstance(step, spec.Ordinal):
        return listed(step.columns) if step.columns else "every text column"
    if isinstance(step, spec.Dates):
        return f"{listed(step.columns) or 'every date'} to {listed(step.parts)}"
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


def range_words(column: ColumnFacts) -> str:
    """Where the numbers of a column lie, after `goes` or `values`."""
    if column.low is None or column.high is None:
        return ""
    return f" from {figure(column.low)} to {figure(column.high)}"

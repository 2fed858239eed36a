"""The figures of a run, and how they stand beside the published ones.

A figure has a path:

| path | what |
| --- | --- |
| `test.accuracy`, `train.loss`, `validation.mae` | an evaluated metric of a part; with an
| | `mse` also its root, `rmse` |
| `last.val_loss`, `epoch.10.loss`, `best.val_loss` | a value of the history |
| `best_epoch.val_loss` | the epoch (from 1) of the best value |
| `epochs`, `parameters` | epochs trained, parameters of the model |
| `prediction.1.value`, `.class`, `.probability` | the first prediction asked for; |
| `prediction.1.sum` | and the sum of its outputs, where there are several |
| `reload.difference`, `reload.h5.difference` | largest distance of any output of the model |
| | saved and read again from the original's, over all formats or for one |
| `reload.rmse`, `reload.loss` ... | what that model reaches on the first evaluated part |
| `test.shuffled_accuracy`, `test.commonest_accuracy` | accuracy of a guess without a model |
| `study.runs` | members of a study that ran; with `until`, up to the one that succeeded |
| `mean.best.val_mae`, `mean.best_epoch.val_mae` | of the mean of all members' curves |
| `mean.smooth.best_epoch.val_mae` | of that curve without its first ten epochs, smoothed |

The figures of a study (`study.*`, `mean.*`) have the variant `*`, as have the means of all others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Compare, Figure
    from kerastui.models.runs.history import History

Value = float | str
State = Literal["inside", "outside", "missing", "shown"]


@dataclass(frozen=True)
class Verdict:
    """A published figure beside the obtained one.

    `state`: inside or outside what is right; missing, where the run has no such figure; shown,
    where nothing says what is right.
    """

    figure: Figure
    got: Value | None
    state: State
    expected: str
    """What is right, in words: `0.86 – 0.97`, `setosa`, `above 0.31 (without dropout)`."""

    @property
    def label(self) -> str:
        return self.figure.label or self.figure.figure


def judge(
    figure: Figure,
    figures: Mapping[str, Value],
    variants: Mapping[str, Mapping[str, Value]] | None = None,
) -> Verdict:
    """Hold one published figure against a run's figures.

    Args:
        figure: The published figure.
        figures: The figures of the run, by path.
        variants: The figures of a study's members, by variant name, and under `*` what they
            reached together (`kerastui.models.studies.members.together`).
    """
    if figure.variant:
        figures = (variants or {}).get(figure.variant, {})
    got = figures.get(figure.figure)
    if figure.band is not None:
        low, high = figure.band
        expected = f"{number(low)} – {number(high)}"
        right = isinstance(got, int | float) and low <= got <= high
    elif figure.equals is not None:
        expected = figure.equals if isinstance(figure.equals, str) else number(figure.equals)
        right = got == figure.equals
    elif figure.compare is not None:
        compare = figure.compare
        source = (variants or {}).get(compare.variant, {}) if compare.variant else figures
        other = source.get(compare.figure or figure.figure)
        name = compare.variant or (compare.figure or figure.figure)
        name = "the mean of all" if name == "*" else name
        if not isinstance(other, int | float):
            return Verdict(figure, got, "missing", f"{compare.relation} that of {name}")
        right = isinstance(got, int | float) and _stands(compare, got, other)
        relation = f"within {number(compare.within)} of" if compare.within else compare.relation
        expected = f"{relation} {number(other)} ({name})"
    else:
        return Verdict(figure, got, "missing" if got is None else "shown", "")
    if got is None:
        return Verdict(figure, None, "missing", expected)
    return Verdict(figure, got, "inside" if right else "outside", expected)


def _stands(compare: Compare, got: float, other: float) -> bool:
    if compare.relation == "above":
        return got > other
    if compare.relation == "below":
        return got < other
    return abs(got - other) <= compare.within


def of_history(history: History) -> dict[str, Value]:
    """Return the figures that the history alone gives: `epochs`, `last.*`, `best.*` and
    `best_epoch.*`."""
    figures: dict[str, Value] = {"epochs": float(history.epoch)}
    for name in history.series:
        figures[f"last.{name}"] = history.last(name)
        if name != "learning_rate" and (best := history.best(name)):
            figures[f"best.{name}"] = best.value
            figures[f"best_epoch.{name}"] = float(best.epoch)
    return figures


def at_epochs(history: History, wanted: Mapping[str, object] | list[str]) -> dict[str, Value]:
    """Return the `epoch.N.metric` figures that are asked for and that the history has."""
    figures: dict[str, Value] = {}
    for path in wanted:
        keys = path.split(".", 2)
        if len(keys) == 3 and keys[0] == "epoch" and keys[1].isdigit():
            series, index = history.series.get(keys[2]), int(keys[1]) - 1
            if series and 0 <= index < len(series):
                figures[path] = series[index]
    return figures


def number(value: float) -> str:
    """Return a number as it is shown everywhere: four significant digits, no needless zeros."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 1e8 or 0 < size < 1e-4:
        text = f"{value:.3e}"
    elif size >= 1000:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.4g}"
    # Only the sign: an exponent is written as programs write it.
    return f"−{text[1:]}" if value < 0 else text


def duration(seconds: float | None) -> str:
    """Return a duration in its two largest units: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 0.0995:
        return f"{seconds * 1000:.2g} ms" if seconds else "0 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"

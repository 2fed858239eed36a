"""The mathematics of judging predictions; NumPy alone.

Intervals are percentile bootstraps (Efron & Tibshirani, An Introduction to the Bootstrap, 1993,
ch. 13): the 2.5 and 97.5 % quantiles of a figure over 1,000 resamples of the rows, drawn with
replacement by a generator with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Interval = tuple[float, float]

RESAMPLES = 1000
LEVEL = 0.95
_SEED = 20_240_501
_ROOM = 4_000_000
"""Numbers of one block of resamples: a few tens of megabytes."""


def _counts(n: int, resamples: int) -> Any:
    """Yield blocks (some, n) of how often each row is drawn in a resample."""
    rng = np.random.default_rng(_SEED)
    block = max(1, min(resamples, _ROOM // max(1, n)))
    for first in range(0, resamples, block):
        some = min(block, resamples - first)
        drawn = rng.integers(0, n, (some, n)) + np.arange(some)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=some * n).reshape(some, n)


def _limits(values: Floats) -> Interval:
    known = values[np.isfinite(values)]
    if not len(known):
        return (np.nan, np.nan)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def of_means(
    values: Floats, figure: Callable[[Floats], Floats], resamples: int = RESAMPLES
) -> Interval:
    """Return the interval of a figure that follows from means over the rows.

    Args:
        values: (n, m), m numbers a row.
        figure: Makes one figure (b,) of the means (b, m) of b resamples.
        resamples: How many are drawn.
    """
    n = len(values)
    if not n:
        return (np.nan, np.nan)
    with np.errstate(all="ignore"):
        means = [some @ values / n for some in _counts(n, resamples)]
        return _limits(figure(np.concatenate(means)))


def of_matrix(
    matrix: Ints, figure: Callable[[Floats], Floats], resamples: int = RESAMPLES
) -> Interval:
    """Return the interval of a figure of a confusion matrix.

    Drawing n rows with replacement is drawing the cells from their multinomial distribution.

    Args:
        matrix: (k, k) counts.
        figure: Makes figures (b,) of b matrices (b, k, k).
        resamples: How many are drawn.
    """
    n = int(matrix.sum())
    if not n:
        return (np.nan, np.nan)
    rng = np.random.default_rng(_SEED)
    block = max(1, min(resamples, _ROOM // matrix.size))
    found = []
    with np.errstate(all="ignore"):
        for first in range(0, resamples, block):
            some = min(block, resamples - first)
            drawn = rng.multinomial(n, matrix.ravel() / n, some)
            found.append(figure(drawn.reshape(some, *matrix.shape).astype(np.float64)))
    return _limits(np.concatenate(found))


def confusion(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Return counts (classes, classes): rows are the true classes, columns the predicted."""
    flat = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def accuracy(matrices: Floats) -> Floats:
    """Return the share on the diagonal of matrices (…, k, k)."""
    right = np.trace(matrices, axis1=-2, axis2=-1)
    return np.asarray(right / matrices.sum((-2, -1)))


def by_class(matrices: Floats) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and F1 (…, k) of each class; 0 where nothing is divided by nothing,
    as scikit-learn's `zero_division=0`."""
    right = np.diagonal(matrices, axis1=-2, axis2=-1)
    told, there = matrices.sum(-2), matrices.sum(-1)
    precision = np.divide(right, told, out=np.zeros_like(right), where=told > 0)
    recall = np.divide(right, there, out=np.zeros_like(right), where=there > 0)
    total = told + there
    f1 = np.divide(2 * right, total, out=np.zeros_like(right), where=total > 0)
    return precision, recall, f1


def macro(matrices: Floats, place: int) -> Floats:
    """Return the mean over the classes that occur, true or predicted, of precision (0), recall
    (1) or F1 (2), as scikit-learn's `average="macro"`."""
    occur = (matrices.sum(-1) + matrices.sum(-2)) > 0
    return np.asarray((by_class(matrices)[place] * occur).sum(-1) / occur.sum(-1))


class Ranked:
    """A binary question's answers, sorted by score: the curves, and the areas below them.

    Args:
        positive: (n,) whether each row is of the class.
        scores: (n,) finite; the higher, the surer.
    """

    def __init__(self, positive: NDArray[np.bool_], scores: Floats) -> None:
        order = np.argsort(-scores, kind="stable")
        self.positive, self.scores = positive[order], scores[order]
        # Rows of equal scores can't be told apart by any threshold: they come together.
        last = np.flatnonzero(np.diff(self.scores)) if len(scores) else np.array([], np.int64)
        self.ends = np.append(last, len(scores) - 1) if len(scores) else last

    @property
    def judgeable(self) -> bool:
        """Whether there are rows of both kinds."""
        return bool(self.positive.any() and not self.positive.all())

    def counted(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Return true and false positives (…, thresholds + 1), from none to all.

        Args:
            weights: (…, n) in the order of `scores`; None counts each row once.
        """
        told = np.ones(len(self.scores)) if weights is None else weights
        right = np.cumsum(told * self.positive, axis=-1)[..., self.ends]
        wrong = np.cumsum(told * ~self.positive, axis=-1)[..., self.ends]
        start = np.zeros((*right.shape[:-1], 1))
        return np.concatenate([start, right], -1), np.concatenate([start, wrong], -1)

    @property
    def thresholds(self) -> Floats:
        """The score of each point but the first, falling."""
        return np.asarray(self.scores[self.ends])

    def areas(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Return the area under the ROC curve, by trapezoids, and the average precision, the sum
        of precisions weighted by the rise in recall (as scikit-learn defines both)."""
        right, wrong = self.counted(weights)
        with np.errstate(all="ignore"):
            recall = right / right[..., -1:]
            fallout = wrong / wrong[..., -1:]
            area = np.trapezoid(recall, fallout, axis=-1)
            told = right + wrong
            precision = np.divide(right, told, out=np.ones_like(right), where=told > 0)
            average = (np.diff(recall, axis=-1) * precision[..., 1:]).sum(-1)
        return np.asarray(area), np.asarray(average)

    def intervals(self, resamples: int = RESAMPLES) -> tuple[Interval, Interval]:
        """Return the intervals of both areas."""
        found = [self.areas(some.astype(np.float64))
                 for some in _counts(len(self.scores), resamples)]  # fmt: skip
        return (_limits(np.concatenate([one[0] for one in found])),
                _limits(np.concatenate([one[1] for one in found])))  # fmt: skip

    def at(self, thresholds: Floats) -> tuple[Ints, Ints]:
        """Return true and false positives where "yes" means a score above the threshold."""
        right = np.concatenate([[0], np.cumsum(self.positive)])
        taken = np.searchsorted(-self.scores, -thresholds, side="left")
        return right[taken].astype(np.int64), (taken - right[taken]).astype(np.int64)


def thinned(x: Floats, y: Floats, *more: Floats, most: int = 400) -> list[Floats]:
    """Return a curve with at most `most` of its points, both ends among them, evenly along it."""
    if len(x) <= most:
        return [x, y, *more]
    way = np.cumsum(np.abs(np.diff(x, prepend=x[0])) + np.abs(np.diff(y, prepend=y[0])))
    places = np.searchsorted(way, np.linspace(0, way[-1], most))
    places = np.unique(np.clip([0, *places, len(x) - 1], 0, len(x) - 1))
    return [one[places] for one in (x, y, *more)]


def calibration(
    confidence: Floats, right: NDArray[np.bool_], bins: int = 10
) -> tuple[list[dict[str, float]], float]:
    """Return how often what was said with some confidence was so, by equally wide bins, and the
    expected calibration error (Naeini, Cooper & Hauskrecht, 2015): the mean distance of the two,
    weighted by rows.

    Args:
        confidence: (n,) from 0 to 1.
        right: (n,) whether it was so.
        bins: How many between 0 and 1.
    """
    of_row = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    counts = np.bincount(of_row, minlength=bins)
    said = np.bincount(of_row, weights=confidence, minlength=bins)
    so = np.bincount(of_row, weights=right.astype(np.float64), minlength=bins)
    error = float(np.abs(said - so).sum() / max(1, len(confidence)))
    found = [
        {
            "low": place / bins,
            "high": (place + 1) / bins,
            "rows": int(counts[place]),
            "said": float(said[place] / counts[place]),
            "so": float(so[place] / counts[place]),
        }
        for place in np.flatnonzero(counts).tolist()
    ]
    return found, error

"""How good a model is, part by part: predictions, figures, matrix, curves, samples.

Every question takes `path` and `experiment` of the model as for `opened.opened`, then `part`
(`train`, `validation`, `test` or `file`), `file` (the path of a labelled file) and `choice` (which
of the things a model predicts, by their place in what `judge_predict` returns).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kerastui.models.look import judge_figures
from kerastui.models.look import judge_numbers as numbers
from kerastui.models.look.judge_answers import Judged, judged
from kerastui.models.look.judge_predictions import PARTS, predictions

SECONDS = 0.4
"""How long is predicted before an answer says how far it is."""

BINS = 24
MOST_POINTS = 2000
"""Points of a scatter diagram; of more rows as many are drawn by chance, with a seed."""

STEPS = 100
"""Steps of the threshold from 0 to 1."""


def judge_predict(
    path: str, experiment: dict[str, Any], part: str, file: str = "", afresh: bool = False
) -> dict[str, Any]:
    """Predict a part a bit further; to be asked until `done` is `rows`.

    Args:
        path, experiment, part, file: See the module.
        afresh: Read a file again that was changed since.

    Returns:
        `done` and `rows`, `parts` (name to rows), `choices` (name and kind), `notes`.
    """
    found = predictions(path, experiment, part, file, afresh=afresh)
    found.go_on(SECONDS)
    prepared = found.opened.prepared
    parts = {name: len(one.x) for name in PARTS if (one := getattr(prepared, name)) is not None}
    return {
        "done": found.done,
        "rows": found.rows,
        "parts": parts,
        "choices": [{"name": one.name, "kind": one.kind} for one in found.choices()],
        "notes": found.opened.notes,
    }


def judge_figures_of(
    path: str, experiment: dict[str, Any], part: str, file: str = "", choice: int = 0
) -> dict[str, Any]:
    """Return every figure with its 95 % interval: `figures` as `judge_figures.figures`, `rows`,
    `left_out` (rows without a finite output) and `resamples`."""
    asked = judged(path, experiment, part, file, choice)
    rows = asked.numbers if asked.choice.kind == "numbers" else asked.classes
    kept = asked.predictions.kept
    if ("figures", choice) not in kept:
        kept["figures", choice] = judge_figures.figures(asked)
    return {
        "figures": kept["figures", choice],
        "rows": len(rows.places),
        "left_out": rows.left_out,
        "resamples": numbers.RESAMPLES,
    }


def judge_confusion(
    path: str, experiment: dict[str, Any], part: str, file: str = "", choice: int = 0
) -> dict[str, Any]:
    """Return `matrix` (rows are true classes), `names`, and by class `precision`, `recall`, `f1`,
    `support`; `bins` and `error` of the calibration, `confidence` and `accuracy` beside."""
    rows = judged(path, experiment, part, file, choice).classes
    matrix = rows.matrix
    precision, recall, f1 = numbers.by_class(matrix.astype(np.float64))
    two = rows.positive is not None
    # Of two classes the probability of the second is judged, of more that of the one told.
    confidence = rows.shares[:, 1] if two else rows.shares.max(1, initial=0.0)
    right = rows.truth == 1 if two else rows.truth == rows.predicted
    bins, error = numbers.calibration(confidence, right)
    return {
        "matrix": matrix.tolist(),
        "names": rows.names,
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": matrix.sum(1).tolist(),
        "bins": bins,
        "error": error,
        "positive": rows.positive,
        "left_out": rows.left_out,
        "confidence": float(confidence.mean()) if len(confidence) else float("nan"),
        "share": float(right.mean()) if len(right) else float("nan"),
    }


def judge_curves(
    path: str, experiment: dict[str, Any], part: str, file: str = "", choice: int = 0,
    number: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """Return the curves of one class against the rest.

    Args:
        path, experiment, part, file, choice: See the module.
        number: The class.

    Returns:
        `names`, `number`, `positives` and `negatives`; unless one of these is 0 also `roc` and
        `pr` (x, y and the threshold of each point), `auc` and `ap`, each with its interval.
    """
    rows = judged(path, experiment, part, file, choice).classes
    number = min(number, len(rows.names) - 1)
    ranked = rows.ranked(number)
    positives = int(ranked.positive.sum())
    told: dict[str, Any] = {
        "names": rows.names, "number": number, "positives": positives,
        "negatives": len(ranked.positive) - positives,
    }  # fmt: skip
    if not ranked.judgeable:
        return told
    right, wrong = ranked.counted()
    recall, fallout = right / right[-1], wrong / wrong[-1]
    thresholds = np.append(np.inf, ranked.thresholds)
    roc = numbers.thinned(fallout, recall, thresholds)
    pr = numbers.thinned(recall[1:], (right / np.maximum(right + wrong, 1))[1:], thresholds[1:])
    area, average = ranked.areas()
    limits: Any = (None, None)
    if len(ranked.positive) <= judge_figures.MOST_RANKED:
        limits = ranked.intervals()
    return {
        **told,
        "roc": [_plain(one) for one in roc],
        "pr": [_plain(one) for one in pr],
        "auc": [float(area), limits[0]],
        "ap": [float(average), limits[1]],
    }


def judge_thresholds(
    path: str, experiment: dict[str, Any], part: str, file: str = "", choice: int = 0
) -> dict[str, Any]:
    """Return what each threshold from 0 to 1 leads to: `right` and `wrong`, how many rows are
    rightly and wrongly told positive at each of the 101 steps, `positives`, `negatives`, `names`,
    and the places of the thresholds with the fewest errors (`best`) and the highest F1 (`f1`),
    of equal ones the nearest to 0.5."""
    rows = judged(path, experiment, part, file, choice).classes
    if rows.positive is None:
        from kerastui.datasets.errors import UserError

        raise UserError("A threshold decides between two classes.",
                        f"Here are {len(rows.names)}: the most probable one is taken.")  # fmt: skip
    ranked = rows.ranked(rows.positive)
    steps = np.linspace(0, 1, STEPS + 1)
    right, wrong = ranked.at(steps)
    positives = int(ranked.positive.sum())
    errors = positives - right + wrong
    total = right + wrong + positives
    f1 = np.divide(2 * right, total, out=np.zeros(len(steps)), where=total > 0)
    away = np.abs(steps - 0.5)
    return {
        "right": right.tolist(),
        "wrong": wrong.tolist(),
        "positives": positives,
        "negatives": len(ranked.positive) - positives,
        "names": rows.names,
        "best": int(np.lexsort((away, errors))[0]),
        "f1": int(np.lexsort((away, -f1))[0]),
    }


def judge_numbers(
    path: str, experiment: dict[str, Any], part: str, file: str = "", choice: int = 0
) -> dict[str, Any]:
    """Return `truth` and `predicted` of up to 2,000 rows, `rows` in all, `edges` and `counts` of
    the residuals' histogram, their `mean`, `deviation` and quantiles `middle` (5, 50, 95 %)."""
    asked = judged(path, experiment, part, file, choice)
    rows = asked.numbers
    truth, predicted = rows.truth.ravel(), rows.predicted.ravel()
    error = predicted - truth
    drawn = np.arange(len(truth))
    if len(truth) > MOST_POINTS:
        drawn = np.sort(np.random.default_rng(1).choice(len(truth), MOST_POINTS, replace=False))
    told: dict[str, Any] = {
        "truth": _plain(truth[drawn]), "predicted": _plain(predicted[drawn]), "rows": len(truth),
        "left_out": rows.left_out, "target": asked.choice.name or _target(asked),
    }  # fmt: skip
    if not len(error):
        return told
    counts, edges = np.histogram(error, BINS)
    return {
        **told,
        "counts": counts.tolist(),
        "edges": edges.tolist(),
        "mean": float(error.mean()),
        "deviation": float(error.std()),
        "middle": np.quantile(error, [0.05, 0.5, 0.95]).tolist(),
    }


def _target(asked: Judged) -> str:
    names = asked.predictions.opened.prepared.target_names
    return ", ".join(names[:4])


def _plain(values: np.ndarray[Any, Any]) -> list[float]:
    plain: list[float] = np.where(np.isfinite(values), values, np.nan).tolist()
    return plain

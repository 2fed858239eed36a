"""The rows behind a figure: which they are, and each as what it is.

For the arguments that all questions share see `judge`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Sequences
from kerastui.datasets.text import Words
from kerastui.models.look.judge_answers import Judged, judged

if TYPE_CHECKING:
    from kerastui.models.look.judge_predictions import Predictions

MOST = 1000
"""Rows of one answer."""

MOST_NUMBERS = 500
"""Numbers of one row."""


def judge_samples(
    path: str, experiment: dict[str, Any], part: str, file: str = "", choice: int = 0,
    truth: int = -1, predicted: int = -1,
) -> dict[str, Any]:  # fmt: skip
    """Return the rows of a cell of the confusion matrix, the surest first; of numbers the rows
    with the largest errors first.

    Args:
        path, experiment, part, file, choice: See `judge`.
        truth: Number of the true class; -1 for all.
        predicted: Number of the predicted class; -1 for all.

    Returns:
        `total`, and up to 1,000 `rows`, each [place in the part, name, truth, prediction,
        probability of the predicted class or error].
    """
    asked = judged(path, experiment, part, file, choice)
    found = asked.predictions
    if asked.choice.kind == "numbers":
        numbers = asked.numbers
        error = numbers.predicted - numbers.truth
        order = np.argsort(-np.abs(error).mean(1), kind="stable")
        one = error.shape[1] == 1 if error.ndim > 1 else True
        rows: list[list[Any]] = [
            [int(numbers.places[at]), float(numbers.truth[at].mean()),
             float(numbers.predicted[at].mean()),
             float(error[at, 0] if one else np.abs(error[at]).mean())]
            for at in order[:MOST].tolist()
        ]  # fmt: skip
        total = len(order)
    else:
        classes = asked.classes
        chosen = np.ones(len(classes.truth), bool)
        if truth >= 0:
            chosen &= classes.truth == truth
        if predicted >= 0:
            chosen &= classes.predicted == predicted
        places = np.flatnonzero(chosen)
        sure = classes.shares[places, classes.predicted[places]]
        places = places[np.argsort(-sure, kind="stable")]
        rows = [
            [int(classes.places[at]), classes.names[classes.truth[at]],
             classes.names[classes.predicted[at]],
             float(classes.shares[at, classes.predicted[at]])]
            for at in places[:MOST].tolist()
        ]  # fmt: skip
        total = len(places)
    named = [[row[0], _name(found, row[0]), *row[1:]] for row in rows]
    return {"rows": named, "total": total}


def judge_sample(
    path: str, experiment: dict[str, Any], part: str, folder: str, place: int, file: str = "",
    choice: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Return one row as what it is.

    Args:
        path, experiment, part, file, choice: See `judge`.
        folder: Where a picture is written to, as `sample.npy`.
        place: Its place in the part.

    Returns:
        `kind` and by kind: `file` of a `picture` (uint8 (height, width) or (height, width, 3));
        `words` of a `text`; `names` and `values` of a `row`; `names`, `values` and `next` of a
        `window` over a series; `values` of mere `numbers`. And `likely`: the most probable
        classes with their probabilities, or what was predicted.
    """
    asked = judged(path, experiment, part, file, choice)
    rows = asked.predictions.part
    if not 0 <= place < len(rows.x):
        raise UserError(f"There is no row {place}.", f"There are {len(rows.x)}.")
    try:
        told = _raw(asked, place, folder)
    except UserError:
        told = None  # the raw data is not to be had any more: as the model sees it
    if told is None:
        told = _as_prepared(asked, place)
    return {**told, "likely": _likely(asked, place), "index": int(rows.index[place]) + 1}


def _name(found: Predictions, place: int) -> str:
    return found.part.names[place] if found.part.names else f"{found.name} {place:,}"


def _likely(asked: Judged, place: int) -> list[list[Any]]:
    if asked.choice.kind == "numbers":
        return []
    classes = asked.classes
    at = int(np.searchsorted(classes.places, place))
    if at >= len(classes.places) or classes.places[at] != place:
        return []
    shares = classes.shares[at]
    return [[classes.names[number], float(shares[number])]
            for number in np.argsort(-shares, kind="stable")[:5].tolist()]  # fmt: skip


def _raw(asked: Judged, place: int, folder: str) -> dict[str, Any] | None:
    found = asked.predictions
    prepared = found.opened.prepared
    loaded = found.raw or found.opened.loaded
    index = int(found.part.index[place])
    if isinstance(loaded.x, Sequences):
        numbers = loaded.x[index].tolist()
        words = prepared.words if loaded.words is None else Words(loaded.words)
        return {"kind": "text", "words": words.decode(numbers), "length": len(numbers)}
    if loaded.x is not None:
        return _picture(np.asarray(loaded.x[index]), folder)
    names = [name for name in prepared.input_names if name in loaded.columns]
    steps = [step for step in found.experiment.data.steps if step.step == "window"]
    if steps:
        length = int(getattr(steps[0], "length", 1))
        before = range(max(0, index - length), index)
        values = [[_cell(loaded.columns[name][at]) for at in before] for name in names]
        return {"kind": "window", "names": names, "values": values}
    if not names:
        return None
    return {"kind": "row", "names": names[:MOST_NUMBERS],
            "values": [_cell(loaded.columns[name][index]) for name in names[:MOST_NUMBERS]],
            "more": max(0, len(names) - MOST_NUMBERS)}  # fmt: skip


def _as_prepared(asked: Judged, place: int) -> dict[str, Any]:
    prepared, x = asked.predictions.opened.prepared, asked.predictions.part.x[place]
    names = prepared.feature_names
    values = x.ravel()[:MOST_NUMBERS].tolist()
    told = {"values": values, "more": max(0, x.size - MOST_NUMBERS), "prepared": True}
    if x.ndim == 1 and len(names) == x.size:
        return {"kind": "row", "names": names[:MOST_NUMBERS], **told}
    return {"kind": "numbers", **told}


def _picture(picture: np.ndarray[Any, Any], folder: str) -> dict[str, Any] | None:
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[..., 0]
    if picture.ndim != 2 and not (picture.ndim == 3 and picture.shape[2] == 3):
        return None
    shown = np.nan_to_num(picture.astype(np.float64))
    low, high = min(0.0, float(shown.min())), float(shown.max())
    # Pictures of bytes, and of shares, keep their own brightness.
    high = 255.0 if picture.dtype == np.uint8 else 1.0 if 0 < high <= 1 else max(high, 1e-9)
    shown = (shown - low) * 255 / (high - low)
    path = Path(folder) / "sample.npy"
    try:
        np.save(path, np.clip(shown, 0, 255).astype(np.uint8))
    except OSError as error:
        raise UserError(f"The picture can't be handed over: {error.strerror}.",
                        f"Is there room in {folder}?") from None  # fmt: skip
    return {"kind": "picture", "file": str(path)}


def _cell(value: Any) -> float | str | None:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[s]")).replace("T00:00:00", "")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, int | float) or value is None else str(value)

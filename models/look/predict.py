"""Asking a model for one input, typed, drawn or taken from the data; and for a few pasted rows."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.look import predict_drawn, predict_table
from kerastui.models.look.opened import opened
from kerastui.models.look.predict_asked import Asking, asking

MOST_PIXELS = 64
"""Largest side of a picture that can be drawn."""
MOST_FIELDS = 2000
MOST_PASTED = 1000


def predict_form(path: str, experiment: dict[str, Any] | None = None) -> dict[str, Any]:
    """Say what a model is asked, and what it answers.

    Returns:
        `kind` (see `Asking`), `fields` (no more than can be typed) and their `count`, `outputs`,
        `shape`, `parts` (rows by name), `dataset`, `words` (how many of the most frequent words
        are known; 0 for all), `drawn` (a picture that can be drawn), `top` (the value of ink),
        `centred` (MNIST's way of placing a digit is right for it), and `guessed` (nobody says
        what it predicts).

    Raises:
        UserError: The model or its data is not to be had.
    """
    asked = _asking(path, experiment)
    grey = asked.kind == "picture" and len(asked.shape) == 2
    return {
        "kind": asked.kind,
        "fields": asked.plain_fields()[:MOST_FIELDS],
        "count": len(asked.fields),
        "outputs": [output.plain() for output in asked.outputs],
        "shape": list(asked.shape),
        "parts": asked.parts,
        "dataset": asked.found.experiment.data.dataset if asked.found.experiment else "",
        "words": _word_limit(asked),
        "drawn": grey and max(asked.shape) <= MOST_PIXELS,
        "centred": grey and tuple(asked.shape) == (28, 28),
        "top": asked.brightest if grey else 255.0,
        "guessed": any(output.guessed for output in asked.outputs),
    }


def predict_row(
    path: str, part: str, row: int, experiment: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a row of the data as it is typed.

    Args:
        path: The model's file.
        part: `test`, `validation` or `train`; `next` for what follows the end of a series.
        row: Its number, from 0.
        experiment: The experiment it is of.

    Returns:
        `values` (cells, pixels or a text), `truth` (a class, numbers, or None), `label`.

    Raises:
        UserError: There is no such row.
    """
    asked = _asking(path, experiment)
    if part == "next" and asked.kind == "series":
        return {"values": asked.window(asked.found.loaded.rows), "truth": None,
                "label": "after the last row"}  # fmt: skip
    rows = asked.part(part)
    if not 0 <= row < len(rows.x):
        raise UserError(f"There is no row {row:,} in the {part} part.",
                        f"Accepted: 0 to {len(rows.x) - 1:,}.")  # fmt: skip
    label = rows.names[row] if rows.names else f"{part} {row:,}"
    return {"values": asked.raw_values(rows, row), "truth": asked.truth(rows.y[row]),
            "label": label}  # fmt: skip


def predict_one(
    path: str, values: Any, experiment: dict[str, Any] | None = None, centre: bool = False
) -> dict[str, Any]:
    """Predict one input.

    Args:
        path: The model's file.
        values: Cells in the order of the fields, pixels, or a text.
        experiment: The experiment it is of.
        centre: Scale and centre a drawing first, as MNIST's digits are.

    Returns:
        `answers` (for each output its values in the order of its names), `outside` (for each
        field a sentence, or an empty text), `words` (of a text: each word and `known`, `rare` or
        `unknown`), `moved` (how a drawing was placed), `seconds` that it took.

    Raises:
        UserError: The values do not fit.
    """
    begun = time.perf_counter()
    asked = _asking(path, experiment)
    told: dict[str, Any] = {"outside": [], "words": [], "moved": ""}
    if asked.kind == "text":
        told["words"] = words_read(asked, str(values))
    elif asked.kind == "picture":
        pixels = np.asarray(values, dtype=np.float32)
        if centre:
            pixels, told["moved"] = predict_drawn.centred(pixels, asked.brightest)
        values = pixels
    else:
        told["outside"] = asked.outside(values)
    answers = asked.answer(asked.encode_one(values))
    told["answers"] = [one[0].tolist() for one in answers]
    told["seconds"] = time.perf_counter() - begun
    return told


def predict_pasted(
    path: str, text: str, experiment: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Predict rows that were pasted, with or without a headline; of texts each line is one.

    Returns:
        `names` (of the columns read), `rows`: each with `cells` as they were given, `answers`
        (None where it can't be predicted) and `notes` in words.

    Raises:
        UserError: These are no rows for this model.
    """
    asked = _asking(path, experiment)
    if asked.kind in ("picture", "series"):
        raise UserError("Only rows of a table, and texts, can be pasted.", "Predict a file.")
    if asked.kind == "text":
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        table = predict_table.Table(["text"], [[line] for line in lines])
    else:
        table = predict_table.pasted(text, asked)
    if not table.rows:
        raise UserError("There is no row.", "Paste rows of numbers, with or without a headline.")
    if len(table.rows) > MOST_PASTED:
        raise UserError(f"{len(table.rows):,} rows were pasted; up to {MOST_PASTED:,} are taken.",
                        "Save them to a file, and predict that.")  # fmt: skip
    done = predict_table.predicted(asked, table)
    rows = []
    for number, cells in enumerate(table.rows):
        answers = [one[number].tolist() for one in done.answers] if done.good[number] else None
        rows.append({"cells": cells, "answers": answers, "notes": done.notes[number]})
    return {"names": table.names, "rows": rows}


def words_read(asked: Asking, text: str) -> list[list[str]]:
    """Return each word of a text, and whether the model knows it: `known`, `rare`, `unknown`."""
    import re

    from kerastui.datasets.text import OFFSET, WORD

    index, limit = asked.found.prepared.words.index, _word_limit(asked)
    told = []
    for word in re.findall(WORD, text.lower()):
        rank = index.get(word)
        rare = rank is not None and limit and rank + OFFSET >= limit
        told.append([word, "unknown" if rank is None else "rare" if rare else "known"])
    return told


def _word_limit(asked: Asking) -> int:
    """Numbers of words from which on they count as unknown; 0 where all count."""
    from kerastui.datasets.spec import MultiHot, Pad

    if asked.kind != "text" or asked.found.experiment is None:
        return 0
    steps = asked.found.experiment.data.steps
    return min((step.words for step in steps if isinstance(step, MultiHot | Pad)), default=0)


def _asking(path: str, experiment: dict[str, Any] | None) -> Asking:
    return asking(opened(path, experiment))

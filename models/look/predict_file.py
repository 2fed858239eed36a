"""A file of inputs to a file of predictions, in pieces: of any size, in little memory."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.look import predict_job, predict_table
from kerastui.models.look.opened import opened
from kerastui.models.look.predict_asked import Asking, asking
from kerastui.models.look.predict_job import Job, StoppedError
from kerastui.models.look.predict_outcome import Floats, Output
from kerastui.models.look.predict_source import Source, source
from kerastui.models.look.predict_table import Predicted

NOTE = "note"
PICTURES_AT_ONCE = 256


def predict_file(
    path: str, given: str, target: str, experiment: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Start predicting a file or folder; `predict_job.predict_progress` tells how far it is.

    The output is CSV in UTF-8: the columns of the input as they were, then `predicted` and the
    probabilities (or the numbers), and `note`: what is wrong with a row, or lies outside the
    training part. It is written beside its place as `….part` and renamed when it is whole; one
    that was stopped stays there under that name. Cells are written as they are: nothing here
    ever executes them.

    Args:
        path: The model's file.
        given: A file with the columns of the data, in any order; a folder of pictures or texts.
        target: Where the predictions go.
        experiment: The experiment the model is of.

    Raises:
        UserError: The job before failed to stop.
    """
    return predict_job.start(lambda job: write(job, path, given, target, experiment))


def write(
    job: Job, path: str, given: str, target: str, experiment: dict[str, Any] | None
) -> dict[str, Any]:
    """Predict a file; returns `path`, `rows`, `bad` (not predicted) and `outside`.

    Raises:
        UserError: The input can't be read or lacks columns, or the output can't be written.
    """
    job.tell("loading the model", None, 0)
    asked = asking(opened(path, experiment))
    job.tell("looking into the file", None, 0)
    found = source(given, asked)
    final = Path(target).expanduser().absolute()
    if final.exists() and final.samefile(found.path):
        raise UserError("The predictions would replace the inputs.", "Choose another file.")
    part = final.with_name(f"{final.name}.part")
    rows = bad = outside = 0
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            heads = _heads(asked)
            writer.writerow(_different([*found.names, *heads]))
            for cells, done, share in _predicted(asked, found):
                for number, row in enumerate(cells):
                    told = _told(asked.outputs, done, number)
                    writer.writerow([*row, *told, "; ".join(done.notes[number])])
                rows += len(cells)
                bad += int((~done.good).sum())
                outside += done.outside
                job.tell("predicting", share, rows)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, final)
    except StoppedError:
        return {"stopped": True, "path": str(part), "rows": rows}
    except UserError:
        if not rows:
            part.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise UserError(
            f"{final} can't be written: {error.strerror or error}.",
            "Check the permissions and the free space, or choose another folder.",
        ) from None
    return {"path": str(final), "rows": rows, "bad": bad, "outside": outside}


def _heads(asked: Asking) -> list[str]:
    """Names of the columns that are added."""
    heads = []
    for output in asked.outputs:
        ahead = f"{output.name} " if output.name else ""
        if output.kind == "numbers":
            heads += [f"{ahead}predicted {name}" for name in output.names]
            continue
        heads.append(f"{ahead}predicted")
        heads += [f"{ahead}p {name}" for name in output.names]
    return [*heads, NOTE]


def _told(outputs: Sequence[Output], done: Predicted, number: int) -> list[str]:
    """What was predicted for one row, as cells; empty where it can't be predicted."""
    cells: list[str] = []
    for output, values in zip(outputs, done.answers, strict=True):
        row = values[number]
        if not done.good[number]:
            cells += [""] * (len(row) + (output.kind != "numbers"))
            continue
        if output.kind == "classes":
            cells.append(output.names[int(row.argmax())])
        elif output.kind == "labels":
            cells.append(" ".join(name for name, p in zip(output.names, row, strict=True)
                                  if p > 0.5))  # fmt: skip
        cells += [f"{value:.7g}" for value in row.tolist()]
    return cells


def _predicted(
    asked: Asking, found: Source
) -> Iterator[tuple[list[list[str]], Predicted, float | None]]:
    """Yield rows as they were given, what was predicted for them, and how far it is."""
    if found.recipe is None:
        yield from _files(asked, found)
    elif asked.kind == "series":
        yield from _series(asked, found)
    else:
        if asked.kind != "text":  # says at once, not after the first rows, what is missing
            predict_table.places(asked.columns, found.names, found.path.name)
        for rows, share in found.pieces(asked.chunk):
            yield rows, predict_table.predicted(asked, found.table(rows), found.path.name), share


def _series(
    asked: Asking, found: Source
) -> Iterator[tuple[list[list[str]], Predicted, float | None]]:
    """Of each row of a series, what the model expected there from the rows before it.

    One row more, which has no cells, is what it expects after the end.
    """
    length = asked.shape[0]
    where = predict_table.places(asked.columns, found.names, found.path.name)
    before = np.zeros((0, len(where)))
    for rows, share in found.pieces(asked.chunk):
        values, bad = _values(rows, where, found)
        together = np.concatenate([before, values])
        yield rows, _windows(asked, together, len(before), len(rows), length, bad), share
        before = together[-length:]
    end = np.concatenate([before, np.full((1, len(where)), np.nan)])
    last = _windows(asked, end, len(before), 1, length, [[]])
    last.notes[0].insert(0, "after the end")
    yield [[""] * len(found.names)], last, 1.0


def _values(
    rows: list[list[str]], where: dict[str, int], found: Source
) -> tuple[Any, list[list[str]]]:
    values = np.full((len(rows), len(where)), np.nan)
    notes: list[list[str]] = [[] for _ in rows]
    table = found.table(rows)
    for column, (name, place) in enumerate(where.items()):
        for number, row in enumerate(rows):
            cell = row[place].strip().replace(table.decimal, ".") if place < len(row) else ""
            try:
                values[number, column] = float(cell)
            except ValueError:
                notes[number].append(f"{name}: {cell[:40]!r} is not a number")
    return values, notes


def _windows(asked: Asking, values: Any, first: int, count: int, length: int,
             notes: list[list[str]]) -> Predicted:  # fmt: skip
    """Predict the rows from `first` on, each from the `length` rows before it."""
    good = np.zeros(count, dtype=np.bool_)
    windows = []
    for number in range(count):
        start = first + number - length
        if start < 0:
            notes[number].append(f"fewer than {length} rows before it")
            continue
        window = values[start : first + number]
        if np.isfinite(window).all():
            good[number] = True
            windows.append(window)
        else:
            notes[number].append("no number in the rows before it")
    answers: list[Floats] = [np.full((count, len(o.names)), np.nan) for o in asked.outputs]
    outside = 0
    for number in np.flatnonzero(good).tolist():
        flat = values[first + number - length : first + number].ravel().tolist()
        if told := next((text for text in asked.outside(flat) if text), ""):
            notes[number].append(f"before it: {told}")
            outside += 1
    if windows:
        batch = asked.found.prepared.encode_many(windows)
        for whole, part in zip(answers, asked.answer(batch), strict=True):
            whole[good] = part
    return Predicted(answers, good, notes, outside)


def _files(
    asked: Asking, found: Source
) -> Iterator[tuple[list[list[str]], Predicted, float | None]]:
    """Predict pictures or texts of a folder, a few at a time."""
    size = min(asked.chunk, PICTURES_AT_ONCE)
    for start in range(0, len(found.files), size):
        files = found.files[start : start + size]
        notes: list[list[str]] = [[] for _ in files]
        good = np.ones(len(files), dtype=np.bool_)
        inputs: list[Any] = []
        for number, file in enumerate(files):
            try:
                inputs.append(_picture(asked, file) if asked.kind == "picture" else _text(file))
            except UserError as error:
                good[number] = False
                notes[number].append(error.message)
        answers: list[Floats] = [np.full((len(files), len(o.names)), np.nan) for o in asked.outputs]
        if inputs:
            stacked = np.stack(inputs) if asked.kind == "picture" else inputs
            batch = asked.found.prepared.encode_many(stacked)
            for whole, part in zip(answers, asked.answer(batch), strict=True):
                whole[good] = part
        root = found.path if found.path.is_dir() else found.path.parent
        rows = [[str(file.relative_to(root))] for file in files]
        yield rows, Predicted(answers, good, notes), (start + len(files)) / len(found.files)


def _picture(asked: Asking, file: Path) -> Any:
    from kerastui.datasets.files.folders import read_picture
    from kerastui.datasets.recipe import FileRecipe

    height, width = asked.shape[:2]
    recipe = FileRecipe(path=str(file), format="pictures", height=height, width=width,
                        channels=3 if len(asked.shape) > 2 else 1)  # fmt: skip
    return read_picture(file, recipe) * np.float32(asked.brightest / 255)


def _text(file: Path) -> str:
    import re

    from kerastui.datasets.text import WORD

    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"it can't be read: {error.strerror or error}") from None
    if re.search(WORD, text.lower()) is None:
        raise UserError("the text has no words")
    return text


def _different(names: Sequence[str]) -> list[str]:
    """Names that are all different: a later one of the same name gets a number."""
    seen: dict[str, int] = {}
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return made

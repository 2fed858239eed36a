"""What a model says of every row of a part, as a table that can be sorted and filtered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from kerastui.datasets.errors import UserError
from kerastui.models.look import predict_job
from kerastui.models.look.opened import opened
from kerastui.models.look.predict_asked import Asking, asking
from kerastui.models.look.predict_job import Job
from kerastui.models.look.predict_outcome import Floats, Output
from kerastui.models.network import feeding
from kerastui.models.tables.frame import ArrayFrame, ArrowFrame, Frame, JoinedFrame, unique_names
from kerastui.models.tables.view import TableView

MOST_INPUTS = 100
"""Columns of the inputs that stand beside the predictions."""
MOST_CLASSES = 100
ROW = "row"

_view: TableView | None = None


def predict_part(path: str, part: str, experiment: dict[str, Any] | None = None) -> dict[str, Any]:
    """Start predicting a whole part; `predict_job.predict_progress` tells how far it is.

    The job's result says what `page`, `sort` and `filter` then are about: `columns` (name, kind,
    signs), `rows`, and of classes `right`. The columns: `row` in the part, its name, `true`,
    `predicted`, `probability` and `right`, or `off by` of numbers; `outside`, how many inputs lie
    outside the training part; the inputs; the probability of each class.
    """
    return predict_job.start(lambda job: _predict(job, path, part, experiment))


def predict_page(first: int, count: int, columns: list[int]) -> dict[str, Any]:
    """Return cells of the table; see `TableView.page`."""
    return _table().page(first, count, columns)


def predict_sort(columns: list[int], descending: bool = False) -> dict[str, Any]:
    """Sort the table; returns `rows` that are shown."""
    view = _table()
    view.sort(columns, descending)
    return {"rows": view.rows}


def predict_filter(expression: str) -> dict[str, Any]:
    """Show only rows of which an expression holds, such as `right=no`; returns `rows`."""
    view = _table()
    view.filter(expression)
    return {"rows": view.rows}


def _table() -> TableView:
    if _view is None:
        raise UserError("Nothing was predicted yet.")
    return _view


def _predict(job: Job, path: str, name: str, experiment: dict[str, Any] | None) -> dict[str, Any]:
    global _view
    job.tell("loading the model", None, 0)
    asked = asking(opened(path, experiment))
    part = asked.part(name)
    count, size = len(part.x), asked.chunk
    answers: list[list[Floats]] = []
    for start in range(0, count, size):
        answers.append(asked.answer(part.x[start : start + size]))
        job.tell("predicting", min(1.0, (start + size) / count), min(count, start + size))
    whole = [np.concatenate([some[place] for some in answers])
             for place in range(len(asked.outputs))]  # fmt: skip
    frame, right = _frame(asked, name, whole)
    _view = view = TableView(frame)
    widths = view.widths()
    columns = [
        {"name": title, "kind": frame.kind(place),
         "signs": widths[place] if place < len(widths) else 0}
        for place, title in enumerate(frame.names)
    ]  # fmt: skip
    return {"columns": columns, "rows": count, "right": right, "part": name}


def _frame(asked: Asking, name: str, answers: Sequence[Floats]) -> tuple[Frame, int | None]:
    """Return the table, and how many rows are right, where the first output tells classes."""
    part = asked.part(name)
    facts: dict[str, Any] = {ROW: pa.array(np.arange(len(part.x)))}
    if part.names:
        facts["name"] = pa.array(part.names, pa.large_string())
    assert asked.found.experiment is not None
    _, learned = feeding.of_part(asked.found.experiment.model, asked.found.prepared, part)
    for output, values in zip(asked.outputs, answers, strict=True):
        y = learned[output.name] if isinstance(learned, Mapping) else learned
        facts |= _told(output, values, np.asarray(y).reshape(len(part.x), -1))
    raw = asked.raw_columns(part)
    if raw:
        notes = asked.outside_many(raw, len(part.x))
        facts["outside"] = pa.array(np.array([len(told) for told in notes]))
    frames: list[Frame] = [ArrowFrame(pa.table(list(facts.values()), names=list(facts)))]
    if raw:
        some = dict(list(raw.items())[:MOST_INPUTS])
        frames.append(ArrowFrame(pa.table({title: _column(x) for title, x in some.items()})))
    for output, values in zip(asked.outputs, answers, strict=True):
        if output.kind != "numbers" and len(output.names) <= MOST_CLASSES:
            ahead = f"{output.name} p" if output.name else "p"
            frames.append(ArrayFrame(values, [f"{ahead} {title}" for title in output.names]))
    names = unique_names([title for frame in frames for title in frame.names])
    right = facts.get("right")
    return JoinedFrame(frames, names), None if right is None else int(np.asarray(right).sum())


def _told(output: Output, values: Floats, y: Any) -> dict[str, Any]:
    """Return the columns of one output: what is true, what it says, how far that is off.

    Args:
        output: The output.
        values: What it says, (rows, names).
        y: What it was to learn, (rows, numbers).
    """
    ahead = f"{output.name} " if output.name else ""
    if output.kind == "classes":
        best, true = values.argmax(axis=1), _numbers_of(y)
        return {
            f"{ahead}true": _named(true, output.names),
            f"{ahead}predicted": _named(best, output.names),
            f"{ahead}probability": pa.array(values[np.arange(len(best)), best]),
            f"{ahead}right": pa.array(true == best),
        }
    if output.kind == "labels":
        return {
            f"{ahead}true": _labels(y, output.names),
            f"{ahead}predicted": _labels(values, output.names),
        }
    told: dict[str, Any] = {}
    for place, title in enumerate(output.names[:MOST_CLASSES]):
        which = f"{ahead}{title} " if len(output.names) > 1 else ahead
        known = y.shape[1] == len(output.names)
        if known:
            told[f"{which}true"] = pa.array(np.asarray(y[:, place], np.float64))
        told[f"{which}predicted"] = pa.array(values[:, place])
        if known:
            told[f"{which}off by"] = pa.array(values[:, place] - y[:, place])
    return told


def _labels(values: Any, names: Sequence[str]) -> Any:
    told = [
        ", ".join(name for name, yes in zip(names, row, strict=False) if yes > 0.5) or "none"
        for row in values
    ]
    return pa.array(told, pa.large_string())


def _numbers_of(y: Any) -> Any:
    values = np.asarray(y).reshape(len(y), -1)
    return values.argmax(axis=1) if values.shape[1] > 1 else values[:, 0].astype(np.int64)


def _named(numbers: Any, names: Sequence[str]) -> Any:
    told = np.array([*names, *(str(n) for n in range(len(names), int(numbers.max()) + 1))], object)
    return pa.array(told[numbers].tolist(), pa.large_string())


def _column(column: Any) -> Any:
    return pa.array(column, from_pandas=True)

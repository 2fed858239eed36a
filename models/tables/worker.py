"""What the screens ask of tables; the inspector passes `table.*` on to here.

The rows stay in this process: a screen is given the page that it shows.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.tables import opening, statistics
from kerastui.models.tables.frame import Frame
from kerastui.models.tables.view import LONGEST, TableView

MOST_COLUMNS = 100_000
MOST_OPEN = 6
"""Tables that are open at once; one that nobody closed goes when one more is opened."""

AT_ONCE = 0.1
"""Seconds that `table.open` waits for all rows before it answers with the first ones."""

BUDGET = 0.2
"""Seconds after which `table.columns` answers with the columns that it has."""


@dataclass
class Open:
    """An open table.

    Attributes:
        view: What is shown of it: the first rows, until all are read.
        reading: Who reads it, None when it is read.
        partial: The reading was stopped: there are only the first rows.
        described: Statistics by filter, target and column.
    """

    view: TableView
    reading: opening.Reading | None
    partial: bool = False
    described: dict[tuple[str, int, bool, int], dict[str, Any]] = field(default_factory=dict)
    targets: dict[tuple[str, int, bool], statistics.Target | None] = field(default_factory=dict)


class Tables:
    """The open tables, by id."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[str, Open] = {}
        self._last: tuple[str, Frame] | None = None

    def open(self, at_once: float = AT_ONCE, **what: Any) -> dict[str, Any]:
        """Open a table.

        Args:
            at_once: Seconds to wait for all rows.
            what: `data` (the data of an experiment as plain values) with `seed`, and
                `prepared` for the arrays that the model is given; or `path` of a `.npy` file.

        Returns:
            `id` for all other questions, and the fields of `state`.

        Raises:
            UserError: There is no such table, or it can't be read.
        """
        key = opening.key(what)
        while len(self._open) >= MOST_OPEN:
            self.close(next(iter(self._open)))
        number = str(next(self._numbers))
        if self._last is not None and self._last[0] == key:
            self._open[number] = Open(TableView(self._last[1]), None)
        else:
            self._last = None
            reading = opening.Reading(key, what)
            frame = reading.wait(at_once) or reading.head or reading.wait(None)
            assert frame is not None
            self._open[number] = Open(TableView(frame), reading)
        return {"id": number, **self.state(number)}

    def state(self, table: str) -> dict[str, Any]:
        """Return how a table is.

        Returns:
            `columns` (name, kind, signs of its longest texts), `rows` that are shown, `total` of
            them without the filter, `partial` (reading was stopped), `filter`, `sorted_by`,
            `descending`, and `reading`: None, or `share` (0 to 1, None where unknown) and `words`.
            While it is read, `rows` are the first ones, of which pages can be had.

        Raises:
            UserError: It could not be read.
        """
        opened = self._table(table)
        view, frame = opened.view, opened.view.frame
        if len(frame.names) > MOST_COLUMNS:
            raise UserError(
                f"The table has {len(frame.names):,} columns.",
                f"Up to {MOST_COLUMNS:,} can be shown. Does it lie on its side?",
            )
        widths = view.widths()
        columns = [
            {
                "name": name[:LONGEST],
                "kind": frame.kind(place),
                "signs": widths[place] if place < len(widths) else 0,
            }
            for place, name in enumerate(frame.names)
        ]
        return {
            "columns": columns,
            "rows": view.rows,
            "total": frame.rows,
            "partial": opened.partial,
            "filter": view.expression,
            "sorted_by": list(view.sorted_by),
            "descending": view.descending,
            "reading": opened.reading.progress() if opened.reading else None,
        }

    def progress(self, table: str) -> dict[str, Any]:
        """Return `reading` as `state` does; without the columns, so that it costs nothing."""
        opened = self._table(table)
        return {"reading": opened.reading.progress() if opened.reading else None}

    def stop(self, table: str) -> dict[str, Any]:
        """Read no further: the first rows stay. Returns the state."""
        opened = self._table(table)
        if opened.reading is not None:
            opened.reading.cancel()
            opened.reading, opened.partial = None, True
        return self.state(table)

    def page(self, table: str, first: int, count: int, columns: list[int]) -> dict[str, Any]:
        """Return some cells; see `TableView.page`."""
        return self._table(table).view.page(first, count, columns)

    def record(self, table: str, row: int) -> dict[str, Any]:
        """Return one row; see `TableView.record`."""
        return self._table(table).view.record(row)

    def sort(self, table: str, columns: list[int], descending: bool = False) -> dict[str, Any]:
        """Sort; see `TableView.sort`. Returns `rows`, as `filter` does."""
        view = self._whole(table, "sorted")
        view.sort(columns, descending)
        return _shown(view)

    def filter(self, table: str, expression: str) -> dict[str, Any]:
        """Filter; see `TableView.filter`. Returns `rows`, `filter`, `sorted_by`, `descending`."""
        view = self._whole(table, "filtered")
        view.filter(expression)
        return _shown(view)

    def search(self, table: str, text: str, start: int, step: int = 1) -> dict[str, Any]:
        """Search; see `TableView.search`."""
        return self._whole(table, "searched").search(text, start, step)

    def columns(
        self,
        table: str,
        first: int,
        target: str = "",
        classes: bool = False,
        count: int = 50,
    ) -> dict[str, Any]:
        """Return the statistics of some columns over the rows that the filter leaves.

        Args:
            table: Its id.
            first: The first column.
            target: Name of the column that the others are held against, or empty.
            classes: Whether that one's values are classes.
            count: The most columns; fewer where they take long, one at least.

        Returns:
            `columns`, as `kerastui.models.tables.statistics.ColumnStatistics` has them.
        """
        view = self._whole(table, "described")
        opened, names = self._open[table], view.frame.names
        at = list(names).index(target) if target in names else -1
        until, found = time.monotonic() + BUDGET, []
        for place in range(first, min(first + count, len(names))):
            key = (view.expression, at, classes, place)
            if key not in opened.described:
                kind = view.frame.kind(place)
                known = statistics.describe(
                    names[place], kind, view.values(place), self._target(opened, at, classes), place
                )
                opened.described[key] = known.to_json()
            found.append(opened.described[key])
            if time.monotonic() > until:
                break
        return {"columns": found}

    def _target(self, opened: Open, at: int, classes: bool) -> statistics.Target | None:
        if at < 0:
            return None
        view = opened.view
        key = (view.expression, at, classes)
        if key not in opened.targets:
            # One is kept, not one for every filter: it is as long as the table.
            opened.targets.clear()
            kind = view.frame.kind(at)
            opened.targets[key] = statistics.target_of(at, view.values(at), kind, classes=classes)
        return opened.targets[key]

    def close(self, table: str) -> dict[str, Any]:
        """Close a table. The rows of the last one are kept, should it be opened again."""
        opened = self._open.pop(table, None)
        if opened is not None and opened.reading is not None:
            opened.reading.cancel()
        return {}

    def _table(self, table: str) -> Open:
        opened = self._open.get(table)
        if opened is None:
            raise UserError("The table is closed.", "Open it again.")
        reading = opened.reading
        if reading is not None and (frame := reading.frame) is not None:
            opened.reading, opened.view = None, TableView(frame)
            self._last = (reading.key, frame)
        return opened

    def _whole(self, table: str, done: str) -> TableView:
        opened = self._table(table)
        if opened.reading is not None:
            raise UserError(f"The table is still being read; then it can be {done}.",
                            "Wait, or press Escape to stay with its first rows.")  # fmt: skip
        return opened.view


def _shown(view: TableView) -> dict[str, Any]:
    return {
        "rows": view.rows,
        "filter": view.expression,
        "sorted_by": list(view.sorted_by),
        "descending": view.descending,
    }


_TABLES = Tables()
_ANSWERS: dict[str, Callable[..., dict[str, Any]]] = {
    f"table.{name}": getattr(_TABLES, name)
    for name in (
        "open", "state", "progress", "stop", "page", "record", "sort", "filter", "search",
        "columns", "close",
    )
}  # fmt: skip


def answer(request: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a question about tables.

    Raises:
        UserError: There is no such question, or it can't be answered.
    """
    if request not in _ANSWERS:
        raise UserError(
            f"{request!r} is no question about tables.", f"Known: {', '.join(_ANSWERS)}."
        )
    return _ANSWERS[request](**arguments)

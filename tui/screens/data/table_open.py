"""Which table a screen is about, and the table as the inspector holds it open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastui.tui.widgets.data_grid import DataColumn
from kerastui.tui.widgets.data_grid_sources import RemoteSource, RowsSource

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.spec import Data
    from kerastui.models.experiment.schema import Experiment
    from kerastui.tui.app import KerasTui

CHANNEL = "table"
"""Tables have an inspector of their own: they are large, and questions about them may take long."""

LOOKED_AFTER = 0.15
"""Seconds between looks at how far the reading is."""


@dataclass(frozen=True)
class TableSubject:
    """Which table, and what is known of it.

    Attributes:
        title: What it is called.
        raw: What `table.open` is asked for.
        prepared: The same for the arrays that the model is given; None where nothing prepares it.
        target: The column that is predicted, or empty.
        classes: Whether its values are classes.
    """

    title: str
    raw: dict[str, Any]
    prepared: dict[str, Any] | None = None
    target: str = ""
    classes: bool = False


def subject_of_data(title: str, data: Data, seed: int, *, prepared: bool) -> TableSubject:
    """Return the table of what an experiment says about its data."""
    plain = data.model_dump(mode="json")
    what = {"data": plain, "seed": seed}
    target = data.target[0] if data.target else ""
    if not target and data.file is None:
        from kerastui.datasets.catalogue import card

        target = next(iter(card(data.dataset).target), "")
    return TableSubject(
        title, what, {**what, "prepared": True} if prepared else None, target,
        data.task in ("binary", "multiclass", "multilabel"),
    )  # fmt: skip


def subject_of_card(card: Card, experiment: Experiment | None) -> TableSubject:
    """Return the table of a data set; `experiment` is the current one where it uses that."""
    from kerastui.datasets.files.library import data_of

    if experiment is not None:
        return subject_of_data(card.name, experiment.data, experiment.seed, prepared=True)
    return subject_of_data(card.name, data_of(card), 1, prepared=False)


class OpenTable:
    """A table that the inspector holds open, from the side of a screen.

    Args:
        app: The app whose launcher is asked.
        what: What `table.open` is asked for.

    Attributes:
        what: The same.
        state: What the inspector said of it last.
        source: Its cells, for a grid.
    """

    def __init__(self, app: KerasTui, what: dict[str, Any]) -> None:
        self._app = app
        self.what = what
        self.id = ""
        self.state: dict[str, Any] = {}
        self.source: RemoteSource | None = None

    @property
    def reading(self) -> dict[str, Any] | None:
        """How far the reading is; None where all is read."""
        reading: dict[str, Any] | None = self.state.get("reading")
        return reading

    async def open(self) -> None:
        """Open it.

        Raises:
            UserError: It can't be opened.
        """
        told = await self._app.launcher.request("table.open", channel=CHANNEL, **self.what)
        self.id = told["id"]
        self._take(told)

    async def ask(self, question: str, **arguments: Any) -> dict[str, Any]:
        """Ask about it; raises `UserError`."""
        return await self._app.launcher.request(
            f"table.{question}", channel=CHANNEL, table=self.id, **arguments
        )

    async def look(self) -> bool:
        """See how far the reading is; returns whether all rows are there now, and were not."""
        told = await self.ask("progress")
        self.state["reading"] = told["reading"]
        if told["reading"] is None:
            self._take(await self.ask("state"))
            return True
        return False

    async def stop(self) -> None:
        """Read no further."""
        self._take(await self.ask("stop"))

    async def arrange(self, question: str, **arguments: Any) -> None:
        """Sort or filter; raises `UserError`."""
        self.state |= await self.ask(question, **arguments)
        if self.source is not None:
            self.source.renew(self.state["rows"])

    def close(self) -> None:
        """Let the inspector forget it."""
        if self.id and self._app.is_running:
            self._app.run_worker(self._close(self.id), group="table-close", exit_on_error=False)
        self.id = ""

    async def _close(self, number: str) -> None:
        await self._app.launcher.request("table.close", channel=CHANNEL, table=number)

    def _take(self, state: dict[str, Any]) -> None:
        self.state = state
        columns = [
            DataColumn(column["name"], column["kind"], column["signs"])
            for column in state.pop("columns")
        ]
        self.source = RemoteSource(self.ask, columns, state["total"])
        self.source.renew(state["rows"])


def first_rows(what: dict[str, Any]) -> RowsSource | None:
    """Return the first rows of an own table, without the inspector, which may still be starting.

    For threads: it reads a few hundred kilobytes.

    Args:
        what: What `table.open` is asked for.
    """
    from kerastui.datasets.errors import UserError
    from kerastui.datasets.files.sniff import sniff
    from kerastui.datasets.sniffed import NUMERIC

    recipe = (what.get("data") or {}).get("file")
    if not recipe or recipe.get("format", "csv") != "csv" or what.get("prepared"):
        return None
    settled = {name: recipe[name] for name in _SETTLED if name in recipe}
    try:
        sniffed = sniff(recipe["path"], settled)
    except UserError:
        return None  # who reads the table says what is wrong
    kinds = ["number" if column.kind in NUMERIC else "text" for column in sniffed.columns]
    marks, decimal = set(sniffed.recipe.missing), sniffed.recipe.decimal

    def cell(text: str, kind: str) -> Any:
        bare = text.strip()
        if bare in marks:
            return None
        try:
            return float(bare.replace(decimal, ".")) if kind == "number" else text
        except ValueError:
            return text

    cells = [
        [cell(text, kind) for text, kind in zip(row, kinds, strict=False)]
        for row in sniffed.rows
        if len(row) >= len(kinds)
    ]
    columns = [
        DataColumn(column.name, kind, max((len(str(row[place])) for row in cells), default=0))
        for place, (column, kind) in enumerate(zip(sniffed.columns, kinds, strict=True))
    ]
    return RowsSource(columns, cells) if columns else None


_SETTLED = (
    "format", "delimiter", "quote", "encoding", "header", "skip_rows", "decimal", "thousands",
    "missing", "dates", "as_text", "names",
)  # fmt: skip

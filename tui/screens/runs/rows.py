"""A run as a row of the Runs screen, and the orders that its rows can stand in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.content import Content

from kerastui.models.runs.figures import number
from kerastui.models.runs.history import lower_is_better
from kerastui.models.runs.store import RunInfo
from kerastui.tui.run_index import Record
from kerastui.tui.widgets import words
from kerastui.tui.widgets.row_list import Column, Row

MARK, PIN = "◆", "★"

COLUMNS = (
    Column("", 2),
    Column("state", 10),
    Column("run"),
    Column("started", 15, least=58),
    Column("took", 11, "right", least=130),
    Column("epochs", 11, "right", least=84),
    Column("best", 17, "right", least=46),
    Column("loss", 12, least=86),
)


@dataclass(frozen=True)
class Sort:
    """One order of the rows.

    Attributes:
        title: Its name, which is that of its column.
        key: What a run is put in order by.
        words: What comes first.
    """

    title: str
    key: Callable[[Record], tuple[object, ...]]
    words: str


def _best(record: Record) -> tuple[object, ...]:
    if record.best is None:
        return (1, "", 0.0)
    metric, value = record.best
    return (0, metric, value if lower_is_better(metric) else -value)


def _took(record: Record) -> tuple[object, ...]:
    seconds = took(record.info) if record.info else None
    return (seconds is None, seconds or 0.0)


SORTS = (
    Sort("best", _best, "the best first, one metric after the other"),
    Sort("run", lambda one: (one.info.name.casefold() if one.info else one.run.id,), "by name"),
    Sort("took", _took, "the shortest first"),
    Sort("epochs", lambda one: (-(one.info.epoch if one.info else 0),), "the most epochs first"),
    Sort("state", lambda one: (one.state,), "by state"),
)
"""Beside the usual order, the newest first."""


def ordered(records: Sequence[Record], sort: Sort | None) -> list[Record]:
    """Return runs in an order (None: as they stand), pinned ones on top."""
    found = sorted(records, key=sort.key) if sort else list(records)
    return sorted(found, key=lambda record: not record.notes.pinned)


def columns(sort: Sort | None) -> tuple[Column, ...]:
    """Return the columns; the one that the rows are ordered by says so."""
    return tuple(
        Column(f"{one.title} ▾", one.width, one.align, one.least)
        if sort and one.title == sort.title
        else one
        for one in COLUMNS
    )


def row(record: Record, *, marked: bool = False) -> Row:
    """Return a run as a row of the list."""
    info, notes = record.info, record.notes
    sign = Content.assemble(
        (MARK if marked else " ", "$primary"), (PIN if notes.pinned else "", "$warn")
    )
    if info is None:
        return Row(
            record.run.id,
            (sign, Content.styled("✗ damaged", "$bad"), record.run.id),
            found=record.run.id,
        )
    name = Content.assemble(
        info.name,
        (f"  {info.variant}" if info.variant else "", "$muted"),
        (f"  ≈ {info.substitute}" if info.substitute else "", "$warn"),
        ("".join(f"  #{tag}" for tag in notes.tags), "$primary"),
        (f"  {notes.note.splitlines()[0]}" if notes.note else "", "$faint"),
    )
    best = record.best
    return Row(
        record.run.id,
        (
            sign,
            words.state(record.state),
            name,
            Content.styled(words.moment(info.started or info.created), "$muted"),
            Content.styled(words.duration(took(info)), "$muted"),
            f"{info.epoch:,}/{_plan(info.epochs)}" if record.active else f"{info.epoch:,}",
            Content.assemble((_brief(best[0]), "$muted"), " ", number(best[1])) if best else "–",
            Content.styled(words.sparkline(record.loss, 12), "$muted"),
        ),
        found=f"{info.name} {info.title} {info.variant} {record.state} {record.run.id} "
        f"{' '.join(notes.tags)} {notes.note}",
    )


def _plan(epochs: int) -> str:
    """Return how many epochs are planned; many of them in as few cells as there are."""
    for count, sign in ((1_000_000, "M"), (1_000, "k")):
        if epochs >= 100_000 and epochs % count == 0:
            return f"{epochs // count:,}{sign}"
    return f"{epochs:,}"


def about(record: Record) -> Content:
    """Return what a row may have no room for: the whole name, tags, note and id."""
    info, notes = record.info, record.notes
    if info is None:
        return Content.styled(record.problem, "$bad")
    name = f"{info.name} · {info.variant}" if info.variant else info.name
    return Content.assemble(
        name,
        (f"  {words.duration(took(info))}" if took(info) is not None else "", "$muted"),
        ("".join(f"  #{tag}" for tag in notes.tags), "$primary"),
        (f"  {notes.note}" if notes.note else "", "$muted"),
        (f"  {record.run.id}", "$faint"),
    )


def _brief(metric: str) -> str:
    """Return the name of a metric as far as there is room; Train shows it in full."""
    return metric if len(metric) <= 10 else f"{metric[:9]}…"


def took(info: RunInfo) -> float | None:
    """Return how long a run took, in seconds; None while it goes on or where nobody knows."""
    if info.started and info.ended:
        return info.ended - info.started
    return None

"""Which runs a command is about: all, or those that a filter wants, in its order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kerastui.models.runs.facts import Fact
    from kerastui.models.runs.notes import Notes
    from kerastui.models.runs.store import Run, RunInfo, Workspace

Filter = Annotated[
    str,
    typer.Option(
        "--filter",
        metavar="TEXT",
        help="Only some: 'acc>0.9 dataset=iris status=finished optimizer=adam fit.epochs>=50 "
        "tag:best name~iris age<2d pinned'.",
    ),
]
Sort = Annotated[
    str,
    typer.Option(
        "--sort",
        metavar="NAME",
        help="In the order of a figure (best first) or of a setting; -NAME the other way round.",
    ),
]


def chosen(
    home: Workspace, filter_: str, sort: str
) -> tuple[list[tuple[Run, RunInfo, Notes]], str]:
    """Return the runs that are wanted, pinned ones first, and what short names were taken for.

    Raises:
        UserError: The filter can't be read.
    """
    from kerastui.models.runs import facts as run_facts
    from kerastui.models.runs import filter as run_filter
    from kerastui.models.runs import notes as run_notes

    every = {run.id: (run, info, run_notes.read(run.path)) for run, info in home.infos()}
    if not filter_.strip() and not sort.strip():
        ids = sorted(every, key=lambda id_: not every[id_][2].pinned)
        return [every[id_] for id_ in ids], ""
    settings, now = run_facts.SettingsCache(), time.time()
    facts: list[tuple[str, dict[str, Fact]]] = [
        (id_, run_facts.of(info, notes, settings.of(run), now))
        for id_, (run, info, notes) in every.items()
    ]
    only = [known for _, known in facts]
    text = f"{filter_} {f'sort:{sort.strip()}' if sort.strip() else ''}"
    wanted = run_filter.read(text, run_filter.known(only), run_filter.kinds_of(only))
    return [every[id_] for id_ in run_filter.order(wanted, facts)], wanted.told()

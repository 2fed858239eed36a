"""The other members of a run's study: how far they are, and their curves to lay over this one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.figures import Value, number, of_history
from kerastui.models.history import History
from kerastui.models.runs import ACTIVE, Run, RunInfo, Workspace
from kerastui.tui.widgets import words

MOST_OVERLAYS = 3


@dataclass(frozen=True)
class Sibling:
    """Another run of the same study; `history` is there once it ended."""

    run: Run
    info: RunInfo
    history: History | None = None


def siblings(run: Run, study: str, known: list[Sibling]) -> list[Sibling]:
    """Return the other runs of a study, oldest first; ended ones with their history.

    Reads the directories of all runs beside this one: for threads.

    Args:
        run: The run that is shown.
        study: The identifier of its study.
        known: What the last call gave; ended runs are not read again.
    """
    read = {entry.run.id: entry for entry in known if entry.history}
    found = []
    for other in reversed(Workspace(run.path.parent.parent).runs()):
        if other.id == run.id:
            continue
        if other.id in read:
            found.append(read[other.id])
            continue
        with suppress(UserError):
            info = other.info()
            if info.study == study:
                history = None if info.status in ACTIVE else other.history()
                found.append(Sibling(other, info, history))
    return found


def variant_figures(found: list[Sibling]) -> dict[str, dict[str, Value]]:
    """Return the figures of the siblings by the name of their variant."""
    from kerastui.models.studies import Result, medians

    return medians(
        Result(
            entry.info.variant,
            entry.info.seed,
            {
                **(of_history(entry.history) if entry.history else {}),
                **(entry.history.figures if entry.history else {}),
                **entry.info.figures,
            },
        )
        for entry in found
    )


def lines(found: list[Sibling], width: int) -> list[Content]:
    """Return a line for each sibling: its state, its variant, its last loss."""
    rows = []
    for entry in found:
        mark, colour = words.STATES.get(entry.info.status, ("·", "$muted"))
        name = label(entry)
        end = ""
        if entry.history and "loss" in entry.history.series:
            metric = "val_loss" if "val_loss" in entry.history.series else "loss"
            end = f"{metric} {number(entry.history.last(metric))}"
        elif entry.info.status in ACTIVE:
            end = f"{entry.info.epoch:,}/{entry.info.epochs:,}"
        text = Content(name).truncate(max(4, width - len(end) - 4), ellipsis=True)
        room = max(1, width - 2 - text.cell_length - len(end))
        rows.append(Content.assemble((f"{mark} ", colour), text, " " * room, (end, "$muted")))
    return rows


def overlays(found: list[Sibling]) -> list[tuple[str, History]]:
    """Return the curves to draw behind: of the first ended siblings."""
    ended = [(label(entry), entry.history) for entry in found if entry.history]
    return [(name, history) for name, history in ended if history][:MOST_OVERLAYS]


def label(entry: Sibling) -> str:
    """Return what tells a sibling from the others: its variant, or else its seed."""
    return entry.info.variant or f"seed {entry.info.seed}"

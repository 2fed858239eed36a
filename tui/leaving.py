"""What becomes of the runs that go on when the app is left."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import ACTIVE, Run
from kerastui.tui.screens.dialogs import Ask, Choice

if TYPE_CHECKING:
    from kerastui.models.studies.store import StudyFolder
    from kerastui.tui.app import KerasTui


async def may_leave(app: KerasTui) -> bool:
    """Say whether the app is to be left; asks where something is unsaved or goes on.

    Runs in a worker of the app, since it waits for the answer.
    """
    return await _saved(app) and await _runs_settled(app)


async def _saved(app: KerasTui) -> bool:
    """Ask what becomes of unsaved changes."""
    experiment = app.edits.current
    if experiment is None or not app.edits.changed:
        return True
    answer = await app.push_screen_wait(
        Ask(
            "leave",
            f"{experiment.name} was changed and not saved.",
            [
                Choice("s", "Save it and leave"),
                Choice("l", "Leave; the changes are kept", "They are offered at the next start."),
                Choice("d", "Leave without the changes", "They can't be brought back."),
                Choice("b", "Stay here"),
            ],
        )
    )
    if answer == "s":
        from kerastui.tui import experiments

        return await experiments.save(app)
    if answer == "d":
        app.edits.mark_saved(experiment, app.edits.file)
        app.current_is_other()
    return answer in ("l", "d")


async def _runs_settled(app: KerasTui) -> bool:
    """Ask what becomes of runs that were started in the app and go on."""
    with app.hold_keys():
        active = await asyncio.to_thread(_active, list(app.started_here.values()))
    if not active:
        return True
    which = active[0].info().name if len(active) == 1 else f"{len(active)} runs"
    answer = await app.push_screen_wait(
        Ask(
            "leave",
            f"{which} {'goes' if len(active) == 1 else 'go'} on training. It is safe to "
            "leave: the worker is a process of its own, and the run is shown again when you "
            "come back.",
            [
                Choice("l", "Leave it running", "kerastui runs attach last follows it too."),
                Choice("s", "Stop and keep", "It ends after this batch; the model is saved."),
                Choice("b", "Stay here"),
            ],
        )
    )
    if answer == "s":
        for started in active:
            try:
                await asyncio.to_thread(_stop, started)
            except UserError as error:
                app.tell_error(error)
                return False
    return answer in ("l", "s")


def _active(started: list[Run | StudyFolder]) -> list[Run | StudyFolder]:
    active: list[Run | StudyFolder] = []
    for one in started:
        with suppress(UserError):
            if one.info().status in ACTIVE:
                active.append(one)
    return active


def _stop(started: Run | StudyFolder) -> None:
    """Ask a run or a study to stop and keep what it has; raises `UserError` where it can't be."""
    if isinstance(started, Run):
        started.command("stop")
    else:
        started.stop()

"""Asking how a run that has ended is to go on, and having it go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.models.runs.store import Run, RunInfo
from kerastui.models.training import resume
from kerastui.tui.screens.dialogs import Ask, Choice
from kerastui.tui.screens.train.dialogs import AskEpochs, AskRate

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.tui.starting import RunsApp

FROM_THERE = "It holds from there on; the run's record and its curve say so."


async def ask_and_resume(app: RunsApp, run: Run) -> bool:
    """Ask how a run is to go on and start it; returns whether it goes on.

    Runs in a worker of the app, since it waits for answers.
    """
    try:
        with app.hold_keys():
            info, experiment, why = await asyncio.to_thread(_look, run)
    except UserError as error:
        app.tell_error(error)
        return False
    if why:
        refused = UserError(f"{info.name} can't go on: {why}.", "Runs that have ended can.")
        app.tell_error(refused, "The run does not go on")
        return False
    wishes = await _ask(app, info, experiment)
    return wishes is not None and await app.resume_run(run, **wishes)


def _look(run: Run) -> tuple[RunInfo, Experiment, str]:
    info = run.info()
    return info, run.experiment(), resume.why_not(run, info)


async def _ask(app: RunsApp, info: RunInfo, experiment: Experiment) -> dict[str, Any] | None:
    """Return the arguments of `resume.resume`, None where nothing is to be done."""
    whole = resume.needs_more(info)
    left = max(0, info.epochs - info.epoch)
    choices = []
    if not whole:
        choices.append(
            Choice("g", f"Go on as it was: {left:,} more of {info.epochs:,} epochs",
                   "It ends with the very bits that it would have ended with uninterrupted.")
        )  # fmt: skip
    choices += [
        Choice("n", "Another number of epochs …", "More, or fewer, than it was meant to train."),
        Choice("l", "Another learning rate …", FROM_THERE),
    ]
    text = (
        f"{info.name} is {info.status} after {info.epoch:,} of {info.epochs:,} epochs. It goes on "
        "in its own directory, from its last checkpoint, on the same curve."
    )
    match await app.push_screen_wait(Ask("go on", text, choices)):
        case "g":
            return {}
        case "n":
            value = f"+{left or 20}"
            epochs = await app.push_screen_wait(
                AskEpochs(lambda: info.epoch, info.epochs, value, FROM_THERE)
            )
            return None if epochs is None else {"epochs": epochs}
        case "l":
            known = experiment.compile.optimizer.parameters.get("learning_rate")
            now = float(known) if isinstance(known, int | float) else None
            rate = await app.push_screen_wait(AskRate(now, FROM_THERE))
            if rate is None:
                return None
            changes: dict[str, Any] = {"changes": {resume.LEARNING_RATE: rate}}
            if not whole:
                return changes
            when = f"It goes on with a learning rate of {number(rate)}."
            epochs = await app.push_screen_wait(
                AskEpochs(lambda: info.epoch, info.epochs, "+20", when)
            )
            return None if epochs is None else changes | {"epochs": epochs}
    return None

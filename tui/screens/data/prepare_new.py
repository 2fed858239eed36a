"""A new experiment from data: what is proposed, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastui.tui.screens.data.prepare_dialogs import Proposed
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.spec import Task
    from kerastui.models.experiment.schema import Experiment
    from kerastui.tui.app import KerasTui


def which(experiment: Experiment) -> dict[str, Any]:
    """Which data an experiment has, without what is done to them."""
    chosen = {"dataset", "file", "parameters", "substitute"}
    return experiment.data.model_dump(mode="json", include=chosen, exclude_defaults=True)


async def start_new(
    app: KerasTui, data: Mapping[str, Any], title: str, target: Sequence[str] = (),
    task: Task | None = None,
) -> bool:  # fmt: skip
    """Show what is proposed for data, and make it the current experiment if it is taken.

    Args:
        app: The app; to be awaited in a worker.
        data: Which data: `dataset`, and `file` or `parameters` where it has such.
        title: What the data are called.
        target: What is to be predicted, where that is settled.
        task: The task, where that is settled.

    Returns:
        Whether there is a new current experiment.
    """
    from kerastui.models.experiment.toml import parse

    plain = await app.push_screen_wait(Proposed(data, title, target, task))
    if plain is None:
        return False
    app.set_current(parse(plain), new=True)
    say(app, "Everything can be changed: D data, M model. T trains it.", title="A new experiment")
    return True


async def begin(app: KerasTui, card: Card, *, new: bool) -> None:
    """Open the preparation of a data set; with `new` of a new experiment, if one is wanted.

    Args:
        app: The app; to be awaited in a worker.
        card: The data set.
        new: Propose a new experiment first.
    """
    if new:
        data: dict[str, Any] = {"dataset": card.name}
        if card.recipe is not None:
            data["file"] = card.recipe.model_dump(mode="json", exclude_defaults=True)
        if not await start_new(app, data, card.name):
            return
    from kerastui.tui.screens.data.prepare import PrepareScreen

    await app.push_screen(PrepareScreen())

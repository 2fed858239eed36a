"""The weights of a run beside those of another one, or beside those that it began with."""

from __future__ import annotations

import asyncio
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.figures import number
from kerastui.tui.inspect.activations import CHANNEL
from kerastui.tui.inspect.lines import aligned
from kerastui.tui.inspect.subject import Found
from kerastui.tui.screens.dialogs import Ask, Choice
from kerastui.tui.widgets import words

if TYPE_CHECKING:
    from kerastui.models.runs import Run, RunInfo
    from kerastui.models.saved.difference import Difference
    from kerastui.tui.app import KerasTui

LOOKED_AT = 200
"""Runs, the newest first, whose models are read in search of the same structure."""

OFFERED = 8
"""Runs that are offered, a key each."""

BEGINNING, NOTHING = "i", "n"


async def compare(app: KerasTui, found: Found, *, shown: bool) -> tuple[str, list[Content]] | None:
    """Ask what the weights shall be compared with, and compare them.

    Args:
        app: The app.
        found: The model that is looked into.
        shown: Whether a comparison is shown already, which can be taken away.

    Returns:
        What stands beside, and the lines of the table with the headline first; None for no
        change; an empty text where the comparison shall go.

    Raises:
        UserError: The models can't be compared.
    """
    assert found.model is not None
    runs = await asyncio.to_thread(_fitting, app, found)
    choices = [
        Choice(str(place), f"{info.name}  {run.path.name[:15]}",
               f"seed {info.seed}, {info.epoch:,} epochs, {info.state}")
        for place, (run, info) in enumerate(runs, 1)
    ]  # fmt: skip
    if found.experiment is not None:
        note = "As the experiment's seed draws them, before the first batch."
        choices.append(Choice(BEGINNING, "the weights it began with", note))
    if shown:
        choices.append(Choice(NOTHING, "nothing", "The statistics of this model alone."))
    if not choices:
        raise UserError(
            "No other run has a model of this structure.",
            "Run the experiment again, with another seed for example.",
        )
    key = await app.push_screen_wait(
        Ask("compare the weights", "With those of which run?", choices)
    )  # fmt: skip
    if key is None:
        return None
    if key == NOTHING:
        return "", []
    if key == BEGINNING:
        return await _beginning(app, found)
    run, info = runs[int(key) - 1]
    found_here = await asyncio.to_thread(_between, found, run.model)
    return f"{info.name} {run.path.name[:15]}", table(found, found_here)


def _fitting(app: KerasTui, found: Found) -> list[tuple[Run, RunInfo]]:
    from kerastui.models.saved.difference import structure
    from kerastui.models.saved.read import read

    assert found.model is not None
    wanted, fitting = structure(found.model), []
    for run, info in app.workspace.infos()[:LOOKED_AT]:
        if run.model == found.path or not run.model.is_file():
            continue
        try:
            if structure(read(run.model)) == wanted:
                fitting.append((run, info))
        except UserError:
            continue
        if len(fitting) == OFFERED:
            break
    return fitting


async def _beginning(app: KerasTui, found: Found) -> tuple[str, list[Content]]:
    assert found.experiment is not None
    with tempfile.TemporaryDirectory(prefix="kerastui-look-") as folder:
        path = Path(folder) / "initial.keras"
        await app.launcher.start()
        await app.launcher.request(
            "look.initial", channel=CHANNEL, path=str(found.path), target=str(path),
            experiment=found.experiment.plain(),
        )  # fmt: skip
        lines = table(found, await asyncio.to_thread(_between, found, path))
    return "the weights it began with", lines


def _between(found: Found, path: Path) -> list[Difference]:
    from kerastui.models.saved.difference import between
    from kerastui.models.saved.read import read

    assert found.model is not None
    return between(found.model, read(path))


def table(found: Found, differences: list[Difference]) -> list[Content]:
    """Return differences as aligned lines, the headline first."""
    rows: list[list[Content | str]] = [
        [
            name, words.shape(known.shape) or "1", number(one.distance),
            _known(f"{one.share:.1%}", one.share), _known(number(one.cosine), one.cosine),
            number(one.largest), number(one.mean), f"{one.same / max(1, one.count):.0%}",
        ]
        for name, known, one in zip(found.weight_names, found.statistics, differences, strict=True)
    ]  # fmt: skip
    titles = ["", "shape", "distance", "of norm", "cosine", "largest", "mean", "equal"]
    head, lines = aligned(rows, titles, [False, *[True] * 7])
    return [head, *lines]


def _known(told: str, value: float) -> str:
    return "–" if math.isnan(value) else told

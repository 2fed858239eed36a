"""The weights of a run beside those of another one, of another moment, or of a file."""

from __future__ import annotations

import asyncio
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.tui.inspect.activations import CHANNEL
from kerastui.tui.inspect.lines import aligned
from kerastui.tui.inspect.states import State, states
from kerastui.tui.inspect.subject import Found
from kerastui.tui.paths import expanded
from kerastui.tui.screens.dialogs import Ask, AskText, Choice
from kerastui.tui.widgets import words
from kerastui.tui.widgets.form_edit import Choose
from kerastui.tui.widgets.form_fields import Option

if TYPE_CHECKING:
    from kerastui.models.runs.store import Run, RunInfo
    from kerastui.models.saved.difference import Difference
    from kerastui.models.saved.model import SavedModel
    from kerastui.tui.app import KerasTui

LOOKED_AT = 200
"""Runs, the newest first, whose models are read in search of the same structure."""

OFFERED = 8
"""Runs that are offered, a key each."""

EPOCH, TWO, BEGINNING, FILE, NOTHING = "e", "b", "i", "f", "n"

_TITLE = "compare the weights"


async def compare(app: KerasTui, found: Found, *, shown: bool) -> tuple[str, list[Content]] | None:
    """Ask what the weights shall be compared with, and compare them.

    Args:
        app: The app.
        found: The model that is looked into.
        shown: Whether a comparison is shown already, which can be taken away.

    Returns:
        What stands beside what, and the lines of the table with the headline first; None for no
        change; an empty text where the comparison shall go.

    Raises:
        UserError: The models can't be compared.
    """
    assert found.model is not None
    runs, moments = await asyncio.to_thread(lambda: (_fitting(app, found), states(found)))
    others = [state for state in moments if state.path != found.path]
    key = await app.push_screen_wait(
        Ask(_TITLE, _question(found, moments), _choices(found, runs, others, shown=shown))
    )
    if key is None:
        return None
    if key == NOTHING:
        return "", []
    if key == BEGINNING:
        return await _beside(app, found, State("the weights it began with", "", None))
    if key == FILE:
        return await _file(app, found)
    if key == EPOCH:
        chosen = await _chosen(app, "set beside which weights?", others)
        return await _beside(app, found, chosen) if chosen else None
    if key == TWO:
        first = await _chosen(app, "compare which weights?", moments)
        rest = [state for state in moments if state != first]
        second = await _chosen(app, "set beside which weights?", rest) if first else None
        return await _beside(app, found, second, first) if second else None
    run, info = runs[int(key) - 1]
    return await _beside(app, found, State(f"{info.name} {run.path.name[:15]}", "", run.model))


def _question(found: Found, moments: list[State]) -> str:
    asked = "With which others?"
    if found.run is None or any(state.name.startswith("epoch ") for state in moments[1:]):
        return asked
    return (f"{asked}\nA run keeps those of its epochs where the settings say so, under fit: "
            "keep the model every.")  # fmt: skip


def _choices(
    found: Found, runs: list[tuple[Run, RunInfo]], others: list[State], *, shown: bool
) -> list[Choice]:
    choices = [
        Choice(str(place), f"{info.name}  {run.path.name[:15]}",
               f"seed {info.seed}, {info.epoch:,} epochs, {info.state}")
        for place, (run, info) in enumerate(runs, 1)
    ]  # fmt: skip
    if others:
        told = f"{others[0].name} to {others[-1].name}" if len(others) > 1 else others[0].name
        choices.append(Choice(EPOCH, "another moment of this run", told))
    if len(others) > 1:
        choices.append(Choice(TWO, "two moments of this run", "One set beside another."))
    if found.experiment is not None:
        note = "As the experiment's seed draws them, before the first batch."
        choices.append(Choice(BEGINNING, "the weights it began with", note))
    choices.append(Choice(FILE, "a model file", "A .keras or .h5 file of the same structure."))
    if shown:
        choices.append(Choice(NOTHING, "nothing", "The statistics of this model alone."))
    return choices


async def _chosen(app: KerasTui, title: str, offered: list[State]) -> State | None:
    options = [Option(state.name, state.note) for state in offered]
    name = await app.push_screen_wait(Choose(title, options, None))
    return next((state for state in offered if state.name == name), None)


async def _file(app: KerasTui, found: Found) -> tuple[str, list[Content]] | None:
    typed = await app.push_screen_wait(
        AskText(_TITLE, "With those of which file?", placeholder="~/model.keras", check=_wrong)
    )
    if typed is None:
        return None
    return await _beside(app, found, await asyncio.to_thread(_looked_at, typed))


def _looked_at(typed: str) -> State:
    """A stranger's file is first read in a process that it may break."""
    from kerastui.models.saved.examine import examine

    path = expanded(typed)
    examine(path)
    return State(path.name, "", path)


def _wrong(text: str) -> str:
    try:
        return "" if text and expanded(text).is_file() else "There is no such file."
    except UserError as error:
        return error.message


def _fitting(app: KerasTui, found: Found) -> list[tuple[Run, RunInfo]]:
    from kerastui.models.saved.difference import pairs
    from kerastui.models.saved.read import read

    assert found.model is not None
    fitting = []
    for run, info in app.workspace.infos()[:LOOKED_AT]:
        if run.model == found.path or not run.model.is_file():
            continue
        try:
            pairs(found.model, read(run.model))
        except UserError:
            continue
        fitting.append((run, info))
        if len(fitting) == OFFERED:
            break
    return fitting


async def _beside(
    app: KerasTui, found: Found, second: State, first: State | None = None
) -> tuple[str, list[Content]]:
    """Set weights beside others.

    Args:
        app: The app.
        found: The model that is looked into.
        second: What stands beside.
        first: Beside what; None for the model that is looked into.
    """
    with tempfile.TemporaryDirectory(prefix="kerastui-look-") as folder:
        path = Path(folder) / "initial.keras"
        if any(state is not None and state.path is None for state in (first, second)):
            assert found.experiment is not None
            await app.launcher.start()
            await app.launcher.request(
                "look.initial", channel=CHANNEL, path=str(found.path), target=str(path),
                experiment=found.experiment.plain(),
            )  # fmt: skip
        lines = await asyncio.to_thread(_lines, found, second, first, path)
    told = f"set beside {second.name}"
    return (f"{first.name}, {told}" if first else told), lines


def _lines(found: Found, second: State, first: State | None, initial: Path) -> list[Content]:
    from dataclasses import replace

    from kerastui.models.saved.difference import between

    def read(state: State) -> SavedModel:
        return (state if state.path else replace(state, path=initial)).read()

    ours = read(first) if first else found.model
    assert ours is not None
    return table(ours, between(ours, read(second)))


def table(model: SavedModel, differences: list[Difference]) -> list[Content]:
    """Return differences from a model as aligned lines, the headline first."""
    names = (f"{layer.name} {one.name}" for layer in model.layers for one in layer.weights)
    rows: list[list[Content | str]] = [
        [
            name, words.shape(weight.shape) or "1", number(one.distance),
            _known(f"{one.share:.1%}", one.share), _known(number(one.cosine), one.cosine),
            number(one.largest), number(one.mean), f"{one.same / max(1, one.count):.0%}",
        ]
        for name, weight, one in zip(names, model.weights, differences, strict=True)
    ]  # fmt: skip
    titles = ["", "shape", "distance", "of norm", "cosine", "largest", "mean", "equal"]
    head, lines = aligned(rows, titles, [False, *[True] * 7])
    return [head, *lines]


def _known(told: str, value: float) -> str:
    return "–" if math.isnan(value) else told

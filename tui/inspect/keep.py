"""Saving the model that is looked into under another name, in another format, with its card."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.tui.paths import expanded
from kerastui.tui.screens.code import wrong
from kerastui.tui.screens.dialogs import Ask, AskText, Choice, confirm
from kerastui.tui.widgets import words
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.tui.app import KerasTui
    from kerastui.tui.inspect.subject import Found

CHANNEL = "keep"

PATIENCE = 0.3
"""Seconds after which whoever waits is told what for."""


async def save_as(app: KerasTui, found: Found) -> None:
    """Ask for a format and a place, and save the model there; what goes wrong is shown."""
    try:
        offered = await _formats(app)
        chosen = await _format(app, offered)
        if chosen is None:
            return
        target = await _place(app, found, chosen["suffix"])
        if target is None:
            return
        say(app, f"{found.name} as {chosen['name']} …", title="Saving")
        done = await app.launcher.request(
            "look.save", channel=CHANNEL, path=str(found.path), format=chosen["name"],
            target=target, card=await asyncio.to_thread(_card, found),
        )  # fmt: skip
    except UserError as error:
        app.tell_error(error, "The model was not saved")
    else:
        note = f"\n{done['card']}" if done["card"] else ""
        say(app, f"{done['path']}  {words.size(done['size'])}{note}", title="Saved")


async def _formats(app: KerasTui) -> list[dict[str, Any]]:
    """Ask what it can be saved as; where that takes long, say what is waited for."""
    why = "Keras' process is asked for the formats; the first time that takes some seconds."
    patience = app.set_timer(PATIENCE, lambda: say(app, why, title="Save the model as …"))
    try:
        await app.launcher.start()
        offered = await app.launcher.request("look.formats", channel=CHANNEL)
    finally:
        patience.stop()
    formats: list[dict[str, Any]] = offered["formats"]
    return formats


async def _format(app: KerasTui, formats: list[dict[str, Any]]) -> dict[str, Any] | None:
    choices = [
        Choice(str(place), f"{one['name']:<11}{one['suffix'] or 'a folder'}",
               f"Needs {' and '.join(one['missing'])}, not installed here."
               if one["missing"] else f"{one['about'][:1].upper()}{one['about'][1:]}")
        for place, one in enumerate(formats, 1)
    ]  # fmt: skip
    key = await app.push_screen_wait(Ask("save the model as", "In which format?", choices))
    return formats[int(key) - 1] if key else None


async def _place(app: KerasTui, found: Found, suffix: str) -> str | None:
    """Return where it shall go, without the suffix; None where nothing shall be done."""
    name = found.name.partition(".")[0] if found.run is None else found.name
    proposed = app.workspace.root / "models" / f"{name}{suffix}"
    check = wrong if suffix else (lambda typed: "" if typed else "A folder needs a name.")
    typed = await app.push_screen_wait(
        AskText("save the model as", "Where to:", str(proposed), check=check)
    )
    if not typed:
        return None
    path = await asyncio.to_thread(expanded, typed)
    if not path.name.endswith(suffix):
        path = path.with_name(path.name + suffix)
    if await asyncio.to_thread(path.exists):
        question = confirm("replace", f"{path} is there already.", "Replace it")
        if await app.push_screen_wait(question) != "y":
            return None
    return str(path)[: len(str(path)) - len(suffix)]


def _card(found: Found) -> str:
    """Return the card of a run's model; empty for a model of which nothing is known."""
    if found.info is None or found.experiment is None:
        return ""
    from kerastui.datasets.catalogue import card_of
    from kerastui.models.saved.card import card

    try:
        licence = card_of(found.experiment.data).licence
    except UserError:
        licence = ""
    return card(found.info, found.experiment, found.verdicts, licence)

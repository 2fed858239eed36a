"""Saving the current experiment, and what was not saved. All of it runs in workers of the app."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.toml import (
    ChangedOutsideError,
    SavedFile,
    open_file,
    save_over,
    set_aside,
)
from kerastui.models.runs.store import Workspace
from kerastui.tui import recent
from kerastui.tui.screens.dialogs import Ask, AskText, Choice
from kerastui.tui.widgets import words
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.tui.app import KerasTui
    from kerastui.tui.autosave import Leftover

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""What an experiment may be called."""


def folder(workspace: Workspace) -> Path:
    """Return where experiments are saved that are given a name and no path."""
    return workspace.root / "experiments"


def saved(workspace: Workspace) -> list[Path]:
    """Return the experiments of a workspace, the one that was changed last first."""

    def changed(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:
            return 0.0

    return sorted(folder(workspace).glob("*.toml"), key=changed, reverse=True)


def place(workspace: Workspace, typed: str) -> Path:
    """Return the file that a name or a path stands for.

    Raises:
        UserError: It is no name, or it is a folder.
    """
    if not typed:
        raise UserError("A name is needed, such as first-try, or a path.")
    if not typed.isprintable():
        raise UserError(f"{typed!r} is no path: it holds characters that can't be seen.")
    if not re.search(r"[/\\]|^~|\.toml$", typed):
        if not NAME.fullmatch(typed):
            proposed = re.sub(r"[^A-Za-z0-9._-]+", "-", typed).strip("-._")[:80]
            hint = f" such as {proposed}" if proposed else ""
            raise UserError(
                f"A name has up to 80 letters from a to z, digits, dots, dashes and "
                f"underscores{hint}. A path may have any."
            )
        return folder(workspace) / f"{typed}.toml"
    try:
        path = Path(typed).expanduser().absolute()
        if typed.endswith(("/", "/..")) or path.is_dir():
            raise UserError(f"{path} is a folder: add the name of a file.")
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{typed!r} is no path: {error}.") from None
    return path if path.suffix == ".toml" else path.with_name(f"{path.name}.toml")


async def save(app: KerasTui) -> bool:
    """Save the current experiment where it was saved before; asks for a name the first time.

    Returns:
        Whether it is on disk now.
    """
    if app.edits.current is None:
        say(app, "There is no experiment yet. L offers examples, D data sets.", "warning")
        return False
    if app.edits.file is None:
        return await save_as(app)
    return await _write(app, app.edits.file.path)


async def save_as(app: KerasTui) -> bool:
    """Ask for a name or a path and save the current experiment there."""
    experiment, file = app.edits.current, app.edits.file
    if experiment is None:
        return await save(app)

    def wrong(typed: str) -> str:
        try:
            place(app.workspace, typed)
        except UserError as error:
            return str(error)
        return ""

    where = folder(app.workspace)
    typed = await app.push_screen_wait(
        AskText(
            "save the experiment",
            f"A name, for a file in {where}, or a path:",
            str(file.path) if file else experiment.name,
            check=wrong,
        )
    )
    if typed is None:
        return False
    path = place(app.workspace, typed)
    if NAME.fullmatch(path.stem) and path.stem != experiment.name:
        app.edits.rename(path.stem)
    return await _write(app, path)


async def _write(app: KerasTui, path: Path) -> bool:
    edits = app.edits
    experiment = edits.current
    if experiment is None:
        return False
    try:
        try:
            file = await asyncio.to_thread(save_over, experiment, path, edits.file)
        except ChangedOutsideError:
            return await _settle(app, path)
    except UserError as error:
        app.tell_error(error, "The experiment was not saved")
        return False
    edits.mark_saved(experiment, file)
    if edits is app.edits:
        app.current_is_other()
    await asyncio.to_thread(recent.add, path)
    say(app, str(path), title="Saved")
    return True


async def _settle(app: KerasTui, path: Path) -> bool:
    """Ask what becomes of two versions of a file; neither is lost whatever is answered."""
    edits = app.edits
    own = edits.file is not None and edits.file.path == path
    mine = Choice("m", "Save mine", "The other one is kept beside it, with a number in its name.")
    theirs = Choice("t", "Take the file's", "Yours is one undo away: u.")
    other = Choice("n", "Save under another name", "Both stay.")
    text = f"{path} holds another experiment already."
    if own:
        text = f"{path} was changed by somebody else since it was read here."
    answer = await app.push_screen_wait(
        Ask("two versions", text, [other, mine, *([theirs] if own else [])])
    )
    if answer == "m":
        aside = await asyncio.to_thread(set_aside, path)
        if await _write(app, path):
            say(app, str(aside), title="The other version")
            return True
        return False
    if answer == "t":
        experiment, file = await asyncio.to_thread(open_file, path, app.workspace.root)
        edits.change(experiment, "the version of the file")
        edits.mark_saved(experiment, file)
        if edits is app.edits:
            app.current_is_other()
        return True
    return answer == "n" and await save_as(app)


async def begin(app: KerasTui) -> None:
    """Ask what a new experiment begins with, and go there."""
    current = app.edits.current
    copy = Choice("c", f"A copy of {current.name}", "Under a name of its own.") if current else None
    answer = await app.push_screen_wait(
        Ask(
            "new experiment",
            "What does it begin with?",
            [
                Choice("e", "An example", "Learn lists them; o opens one."),
                Choice("d", "A data set", "Data lists them, and imports files of your own."),
                Choice("f", "A file", "Data of your own, or an experiment."),
                *([copy] if copy else []),
            ],
        )
    )
    if answer == "f":
        app.action_open_file()
    elif answer == "c" and current is not None:
        app.set_current(current, new=True)
        await save_as(app)
    elif answer is not None:
        app.action_section({"e": "learn", "d": "data"}[answer])


# What was not saved


async def offer(app: KerasTui) -> None:
    """Offer what an app that is gone has not saved."""
    found = await asyncio.to_thread(app.keeper.autosave.leftovers)
    if not found:
        return
    first = found[0]
    others = len(found) - 1
    more = f" ctrl+o lists {others} older." if others else ""
    about = f"its file is {first.file}" if first.file else "it was never saved"
    until_then = "The file stays as it is" if first.file else "It has no file"
    answer = await app.push_screen_wait(
        Ask(
            "unsaved changes",
            f"{first.name} was not saved. Its last change: {words.moment(first.changed)}; "
            f"{about}.{more}",
            [
                Choice("r", "Restore it", f"{until_then} until you save."),
                Choice("l", "Later", "ctrl+o lists it."),
                Choice("d", "Discard it", "It can't be brought back."),
            ],
        )
    )
    if answer == "r":
        await restore(app, first)
    elif answer == "d":
        await asyncio.to_thread(app.keeper.autosave.discard, first)


async def restore(app: KerasTui, leftover: Leftover) -> None:
    """Make what was not saved the current experiment again, still unsaved."""
    if app.edits.changed:
        app.set_current(None)
    await app.keeper.flush()
    try:
        experiment, file = await asyncio.to_thread(app.keeper.autosave.restore, leftover)
    except UserError as error:
        app.tell_error(error)
        return
    app.set_current(experiment, file, new=True)
    where = f"{file.path} is as it was" if isinstance(file, SavedFile) else "it has no file yet"
    say(app, f"{where}; ctrl+s saves.", title=f"{experiment.name} is back")
    app.action_section("train")

"""Writing numbers of a model to a file that the user names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError
from kerastui.tui.paths import expanded
from kerastui.tui.screens.code import wrong
from kerastui.tui.screens.dialogs import AskText, confirm
from kerastui.tui.widgets import words
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.by_hand import Formulas
    from kerastui.models.saved.export import Tell
    from kerastui.tui.app import KerasTui
    from kerastui.tui.inspect.looked import Looked

TOLD_EVERY = 2.0
"""Seconds between two words on how far it is."""


async def write_weight(app: KerasTui, looked: Looked) -> None:
    """Ask for a `.csv` or `.npy` file, and write a weight to it."""
    from kerastui.models.saved import export

    name = looked.name.replace("/", "-").replace(" ", "-")
    await _write(
        app, f"export {looked.name}", f"{name}.csv", export.FORMATS,
        lambda path, tell: export.weight(looked.weight, path, tell),
    )  # fmt: skip


async def write_formulas(app: KerasTui, listing: Formulas, name: str) -> None:
    """Ask for a `.csv` file, and write the listing of a dense network to it."""
    from kerastui.models.saved import export

    await _write(
        app, "export the listing", f"{Path(name).stem}-formulas.csv", (".csv",),
        lambda path, tell: export.formulas(listing, path, tell),
    )  # fmt: skip


async def _write(
    app: KerasTui,
    title: str,
    name: str,
    endings: tuple[str, ...],
    write: Callable[[Path, Tell], None],
) -> None:
    def check(typed: str) -> str:
        if problem := wrong(typed):
            return problem
        return "" if typed.endswith(endings) else f"The name ends with {' or '.join(endings)}."

    proposed = app.workspace.root / "exports" / name
    question = AskText(title, f"Where to ({' or '.join(endings)}):", str(proposed), check=check)
    typed = await app.push_screen_wait(question)
    if not typed:
        return
    path = await asyncio.to_thread(expanded, typed)
    if await asyncio.to_thread(path.exists):
        asked = confirm("replace", f"{path} is there already.", "Replace it")
        if await app.push_screen_wait(asked) != "y":
            return
    last = time.monotonic()

    def tell(share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= TOLD_EVERY and share < 1:
            last = now
            app.call_from_thread(say, app, f"{path.name}: {share:.0%}", title="Writing")

    try:
        await asyncio.to_thread(write, path, tell)
        size = (await asyncio.to_thread(path.stat)).st_size
    except UserError as error:
        app.tell_error(error, "The numbers were not written")
    else:
        say(app, f"{path}  {words.size(size)}", title="Written")

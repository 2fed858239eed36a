"""When the data of an experiment is not here: download it, point at it, or take the substitute."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui.paths import expanded
from kerastui.tui.screens.base import Dialog
from kerastui.tui.screens.dialogs import Ask, AskText, Choice, Tell
from kerastui.tui.widgets import words
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card


class Downloading(Dialog[UserError | None]):
    """Downloads the data of a card; the result is None when it is here, else why it is not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", key_display="Esc", tooltip="Give the download up"),
    ]

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.card = card
        self._progress = (0, 0)
        self._given_up = threading.Event()

    def compose(self) -> ComposeResult:
        with Panel(title="download", classes="dialog"):
            yield Static(Content(f"{self.card.title} · {self.card.file.name}"))
            yield Static(Content.styled("asking the server …", "$muted"), id="progress")
        yield FooterLine()

    def on_mount(self) -> None:
        self.set_interval(0.2, self._draw)
        self._download()

    def on_unmount(self) -> None:
        self._given_up.set()

    @work(group="download", exit_on_error=False)
    async def _download(self) -> None:
        from kerastui.datasets.fetch import fetch

        def progress(done: int, total: int) -> None:
            self._progress = (done, total)

        try:
            await asyncio.to_thread(fetch, self.card, progress, self._given_up.is_set)
        except UserError as error:
            self.dismiss(error)
        else:
            self.dismiss(None)

    def _draw(self) -> None:
        done, total = self._progress
        if not done:
            return
        text = words.size(done)
        if total:
            full = min(30, round(30 * done / total))
            line = Content.assemble(
                ("━" * full, "$primary"),
                ("━" * (30 - full), "$line"),
                (f"  {text} of {words.size(total)}", "$muted"),
            )
        else:
            line = Content.styled(f"{text} so far", "$muted")
        self.query_one("#progress", Static).update(line)

    def action_cancel(self) -> None:
        self._given_up.set()
        self.query_one("#progress", Static).update(Content.styled("giving up …", "$muted"))


SUBSTITUTE = (
    "Other data of the same task and shapes. The run is marked with it everywhere, and its "
    "figures say nothing about the published ones."
)


async def get_data(app: App[None], card: Card) -> str:
    """Ask what to do about data that is not here, and do it. Call it in a worker.

    Returns:
        `here` when the data is here now, `folder` when a folder of the user has it (added to
        `KERASTUI_DATA` of this process), `substitute` to continue with the stand-in, empty to
        give it up.
    """
    while True:
        host = f"From {_host(card)}; its SHA-256 is checked, then it is kept."
        choices = [
            *([Choice("d", "Download it", host)] if card.file.addresses else []),
            Choice(
                "f",
                "Point to a folder",
                f"That holds your own copy of {clean(card.file.local[0])}.",
            ),
        ]
        if card.stand_in:
            choices.append(Choice("s", f"Continue with {card.stand_in} instead", SUBSTITUTE))
        answer = await app.push_screen_wait(
            Ask("data needed", f"{card.title} is not on this machine.", choices)
        )
        if answer is None:
            return ""
        if answer == "s":
            return "substitute"
        if answer == "f":
            if await _folder(app, card):
                return "folder"
            continue
        error = await app.push_screen_wait(Downloading(card))
        if error is None:
            return "here"
        if not _cancelled(error):
            await app.push_screen_wait(Tell("not downloaded", error.message))


def _host(card: Card) -> str:
    """Return the server that publishes the data."""
    address = card.file.addresses[0] if card.file.addresses else ""
    return address.partition("://")[2].partition("/")[0] or "its publisher"


def _cancelled(error: UserError) -> bool:
    from kerastui.datasets.fetch import DownloadCancelledError

    return isinstance(error, DownloadCancelledError)


async def _folder(app: App[None], card: Card) -> bool:
    """Ask for a folder; returns whether it has the data."""
    from kerastui.datasets.fetch import locate

    names = clean(" or ".join(card.file.local))
    name = await app.push_screen_wait(
        AskText("point to a folder", f"The folder that holds {names}:", placeholder="~/data")
    )
    if not name:
        return False
    try:
        folder = await asyncio.to_thread(_folder_of, name)
    except UserError as error:
        await app.push_screen_wait(Tell("not there", error.message, hint="Try another folder."))
        return False
    before = os.environ.get("KERASTUI_DATA")
    parts = [str(folder), *([before] if before else [])]
    os.environ["KERASTUI_DATA"] = os.pathsep.join(parts)
    if await asyncio.to_thread(locate, card) is not None:
        return True
    if before is None:
        del os.environ["KERASTUI_DATA"]
    else:
        os.environ["KERASTUI_DATA"] = before
    await app.push_screen_wait(
        Tell("not there", f"{folder} holds no file called {names}.", hint="Try another folder.")
    )
    return False


def _folder_of(name: str) -> Path:
    """Return the folder that was typed; of a file, the one it lies in."""
    path = expanded(name)
    return path.parent if path.is_file() else path

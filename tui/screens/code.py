"""The same experiment as a Python script."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from kerastui.tui.screens.dialogs import AskText, confirm
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.toast import say


class CodeScreen(ModalScreen[None]):
    """A script to read, copy and write to a file.

    Args:
        name: What the file is called unless something else is typed.
        code: The script.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy", tooltip="Copy the script to the clipboard"),
        Binding("w", "write", "write to a file", tooltip="Save the script"),
        Binding("escape,enter,c", "close", "back", key_display="Esc", tooltip="Close the script"),
    ]

    def __init__(self, name: str, code: str) -> None:
        super().__init__()
        self.file_name = f"{name}.py"
        self.code = code

    def compose(self) -> ComposeResult:
        # Pygments takes its time to import: only who looks at code pays for it.
        from textual.highlight import highlight

        panel = Panel(title=self.file_name, classes="dialog -large")
        with panel, VerticalScroll(classes="dialog-text"):
            yield Static(highlight(self.code, language="python"))
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(Panel).set_title(self.file_name, f"{len(self.code.splitlines())} lines")
        self.query_one(VerticalScroll).focus()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.code)
        say(self.app, "The script was sent to the terminal's clipboard.", title="Copied")

    def action_close(self) -> None:
        self.dismiss(None)

    @work(group="write", exclusive=True, exit_on_error=False)
    async def action_write(self) -> None:
        """Ask for a path and write the script there."""
        name = await self.app.push_screen_wait(
            AskText("write to a file", "Where to write the script:", self.file_name)
        )
        if not name:
            return
        path = await asyncio.to_thread(expanded, name)
        if (
            await asyncio.to_thread(path.exists)
            and await self.app.push_screen_wait(
                confirm("replace", f"{path} is there already.", "Replace it")
            )
            != "y"
        ):
            return
        try:
            await asyncio.to_thread(path.write_text, self.code, encoding="utf-8")
        except OSError as error:
            say(self.app, f"{path} can't be written: {error.strerror}.", "error")
        else:
            say(self.app, str(path), title="Written")


def expanded(name: str) -> Path:
    """Return the path that was typed, with `~` for the home folder."""
    return Path(name).expanduser().absolute()

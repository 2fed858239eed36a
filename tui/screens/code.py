"""The same experiment as a Python script."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from kerastui.datasets.errors import UserError
from kerastui.models.files import write_atomically
from kerastui.tui import clipboard
from kerastui.tui.paths import expanded
from kerastui.tui.screens.base import Dialog
from kerastui.tui.screens.dialogs import AskText, confirm
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.toast import say


class CodeScreen(Dialog[None]):
    """A script to read, copy and write to a file.

    Args:
        name: What the file is called unless something else is typed.
        code: The script.
        notebook: The same as a Jupyter notebook.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy", tooltip="Copy the script to the clipboard"),
        Binding("w", "write('py')", "write a file", tooltip="Save it as a Python script"),
        Binding("n", "write('ipynb')", "write a notebook", tooltip="Save it as a Jupyter notebook"),
        Binding("escape,enter,c", "close", "back", key_display="Esc", tooltip="Close the script"),
    ]

    def __init__(self, name: str, code: str, notebook: str) -> None:
        super().__init__()
        self.experiment_name = name
        self.code = code
        self.notebook = notebook

    def compose(self) -> ComposeResult:
        # Pygments takes its time to import: only who looks at code pays for it.
        from textual.highlight import highlight

        with Panel(classes="dialog -large"), VerticalScroll(classes="dialog-text"):
            yield Static(highlight(self.code, language="python"))
        yield FooterLine()

    def on_mount(self) -> None:
        lines = len(self.code.splitlines())
        self.query_one(Panel).set_title(f"{self.experiment_name}.py", f"{lines} lines")
        self.query_one(VerticalScroll).focus()

    @work(group="copy", exclusive=True, exit_on_error=False)
    async def action_copy(self) -> None:
        """Copy the script."""
        try:
            say(self.app, await clipboard.copy(self.app, self.code), title="Copied")
        except UserError as error:
            say(self.app, str(error), "warning", title="Not copied")

    def action_close(self) -> None:
        self.dismiss(None)

    @work(group="write", exclusive=True, exit_on_error=False)
    async def action_write(self, kind: str) -> None:
        """Ask for a path and write the script there; one that ends with `.ipynb` is a notebook."""
        name = await self.app.push_screen_wait(
            AskText(
                "write the code",
                "The file; .py is a script, .ipynb a Jupyter notebook:",
                f"{self.experiment_name}.{kind}",
                check=wrong,
            )
        )
        if not name:
            return
        path = await asyncio.to_thread(expanded, name)
        text = self.notebook if path.suffix == ".ipynb" else self.code
        if (
            await asyncio.to_thread(path.exists)
            and await self.app.push_screen_wait(
                confirm("replace", f"{path} is there already.", "Replace it")
            )
            != "y"
        ):
            return
        try:
            await asyncio.to_thread(write_atomically, path, text)
        except UserError as error:
            say(self.app, str(error), "error", title="Not written")
        else:
            say(self.app, str(path), title="Written")


def wrong(name: str) -> str:
    """Say why no file can be called so; empty where one can."""
    if not name or not name.isprintable():
        return "A file needs a name, such as model.py."
    try:
        if name.endswith("/") or expanded(name).is_dir():
            return f"{name} is a folder: add the name of a file."
    except UserError as error:
        return error.message
    return ""

"""When and how one is called: the settings of notifications, with a key to try them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui import notify
from kerastui.tui.screens.base import Dialog
from kerastui.tui.screens.dialogs import AskText
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.tui.starting import RunsApp

COMMAND_HELP = (
    "A program with its arguments, started without a shell; {title}, {summary}, {run} and {event} "
    "are replaced, and the summary is its input. Empty for none. As in: notify-send {title} "
    "{summary}"
)
_NOTES = {
    "bell": "The terminal rings; most show it in the tab or the task bar too.",
    "desktop": "auto: where the terminal is known to show notifications (OSC 9 or 777). In tmux "
    "that needs: set -g allow-passthrough on",
    "command": COMMAND_HELP,
}


class NotificationsScreen(Dialog[None]):
    """The settings; every change is kept at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "change", "change", key_display="Enter",
                tooltip="Switch it on or off, take the next, or type the command"),
        Binding("t", "try", "try it", tooltip="Call me now"),
        Binding("escape", "close", "close", key_display="Esc", tooltip="Close the settings"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.wishes = notify.Wishes()

    def compose(self) -> ComposeResult:
        with Panel(title="notifications", classes="dialog"):
            yield Static(
                "Call me when …, in this app and where kerastui run waits:", classes="dialog-text"
            )
            yield RowList([Column(width=3), Column(width=34), Column()])
            yield Static(classes="dialog-note")
        yield FooterLine()

    async def on_mount(self) -> None:
        self.query_one(".dialog-note").styles.height = 4
        self.wishes = await asyncio.to_thread(notify.Wishes.load)
        self._draw()
        self.query_one(RowList).focus()

    def _draw(self) -> None:
        wishes = self.wishes
        rows = [
            Row(name, (_box(name in wishes.when), text), found=text)
            for name, text in notify.WHEN.items()
        ]
        rows += [
            Row("bell", (_box(wishes.bell), "ring the terminal's bell")),
            Row("desktop", (_box(wishes.desktop != "off"), "notification of the desktop",
                            Content.styled(wishes.desktop, "$primary"))),
            Row("command", (_box(bool(wishes.command)), "start a command",
                            Content(wishes.command or "none"))),
        ]  # fmt: skip
        found = self.query_one(RowList)
        found.styles.height = len(rows)
        found.set_rows(rows)
        self._describe()

    def on_row_list_moved(self) -> None:
        self._describe()

    def on_row_list_opened(self) -> None:
        self.action_change()

    def _describe(self) -> None:
        note = _NOTES.get(self.query_one(RowList).key, "")
        self.query_one(".dialog-note", Static).update(Content.styled(note, "$muted"))

    @work(group="change", exclusive=True, exit_on_error=False)
    async def action_change(self) -> None:
        """Change what the cursor is on."""
        wishes, key = self.wishes, self.query_one(RowList).key
        if key in notify.WHEN:
            chosen = set(wishes.when) ^ {key}
            wishes = replace(wishes, when=tuple(name for name in notify.WHEN if name in chosen))
        elif key == "bell":
            wishes = replace(wishes, bell=not wishes.bell)
        elif key == "desktop":
            place = notify.DESKTOP.index(wishes.desktop) + 1
            wishes = replace(wishes, desktop=notify.DESKTOP[place % len(notify.DESKTOP)])
        elif key == "command":
            command = await self.app.push_screen_wait(
                AskText("command", COMMAND_HELP, wishes.command)
            )
            if command is None:
                return
            wishes = replace(wishes, command=command)
        self.wishes = wishes
        await asyncio.to_thread(wishes.save)
        self._draw()

    @work(group="try", exclusive=True, exit_on_error=False)
    async def action_try(self) -> None:
        """Call as a run that ends does."""
        app = cast("RunsApp", self.app)
        call = notify.Call("ended", "try", "kerastui calls", "This is how a run calls you.")
        app.link.send(notify.sequences(call, self.wishes))
        try:
            await asyncio.to_thread(notify.run_command, call, self.wishes.command)
        except UserError as error:
            app.tell_error(error)
        else:
            say(app, "Called.")

    def action_close(self) -> None:
        self.dismiss(None)


def _box(checked: bool) -> Content:
    return Content.styled("✓", "$good") if checked else Content.styled("·", "$faint")

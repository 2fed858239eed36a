"""Questions and messages that stand over the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say


@dataclass(frozen=True)
class Choice:
    """One answer: the letter that gives it, what it is called, what it brings."""

    key: str
    label: str
    note: str = ""


class Ask(Dialog[str | None]):
    """A question with a few answers. The first one is the default; Escape gives None.

    The result is the key of the chosen answer.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "open",
            "choose",
            key_display="Enter",
            tooltip="Take the answer under the cursor",
        ),
        Binding(
            "escape",
            "cancel",
            "back",
            key_display="Esc",
            tooltip="Nothing is done",
        ),
    ]

    def __init__(self, title: str, text: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self.title_text = title
        self.text = text
        self.choices = tuple(choices)

    def compose(self) -> ComposeResult:
        with Panel(title=self.title_text, classes="dialog"):
            with VerticalScroll(can_focus=False, classes="dialog-text"):
                yield Static(Content(self.text))
            rows = RowList([Column(width=2), Column()])
            rows.styles.height = len(self.choices)
            yield rows
            if any(choice.note for choice in self.choices):
                yield Static(classes="dialog-note")
        yield FooterLine()

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.set_rows(
            Row(choice.key, (Content.styled(choice.key, "$primary"), choice.label))
            for choice in self.choices
        )
        rows.focus()

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        for note in self.query(".dialog-note").results(Static):
            chosen = next(choice for choice in self.choices if choice.key == event.key)
            note.update(Content.styled(chosen.note, "$muted"))

    @on(RowList.Opened)
    def _chosen(self, event: RowList.Opened) -> None:
        self.dismiss(event.key)

    def on_key(self, event: events.Key) -> None:
        key = event.character or event.key
        if any(choice.key == key for choice in self.choices):
            event.stop()
            self.dismiss(key)

    def action_open(self) -> None:
        self.query_one(RowList).action_open()

    def action_cancel(self) -> None:
        self.dismiss(None)


def confirm(title: str, text: str, yes: str, *, no: str = "Leave it as it is") -> Ask:
    """Return a question of yes or no; its result is `y` for yes. The default is no."""
    return Ask(title, text, [Choice("n", no), Choice("y", yes)])


class Tell(Dialog[None]):
    """A message that must be read: the whole text, which scrolls and can be copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy", tooltip="Copy the whole text to the clipboard"),
        Binding("escape,enter", "close", "close", key_display="Esc", tooltip="Close the message"),
    ]

    def __init__(self, title: str, text: str, *, hint: str = "") -> None:
        super().__init__()
        self.title_text = title
        self.text = text
        self.hint = hint

    def compose(self) -> ComposeResult:
        with Panel(title=self.title_text, classes="dialog"):
            with VerticalScroll(classes="dialog-text"):
                yield Static(Content(self.text))
            if self.hint:
                yield Static(Content.styled(self.hint, "$primary"), classes="dialog-hint")
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(f"{self.text}\n{self.hint}".strip())
        say(self.app, "Copied.")

    def action_close(self) -> None:
        self.dismiss(None)


class AskText(Dialog[str | None]):
    """Asks for one line of text, such as a path. Escape gives None.

    Args:
        title: What it is about.
        text: The question.
        value: What stands there at first.
        placeholder: What stands there while nothing is typed.
        check: Says what is wrong with the text, in a sentence, empty where nothing is; the
            question then stays.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "give", "take it", priority=True, key_display="Enter",
                tooltip="Go on with what stands there"),
        Binding("escape", "cancel", "back", key_display="Esc", tooltip="Nothing is done"),
    ]  # fmt: skip

    def __init__(
        self,
        title: str,
        text: str,
        value: str = "",
        placeholder: str = "",
        check: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__()
        self.title_text = title
        self.text = text
        self.value = value
        self.placeholder = placeholder
        self.check = check
        self._refused: str | None = None

    def compose(self) -> ComposeResult:
        with Panel(title=self.title_text, classes="dialog"):
            with Vertical(classes="dialog-text"):
                yield Static(Content(self.text))
                yield Input(self.value, placeholder=self.placeholder)
            yield Static(classes="dialog-hint")
        yield FooterLine()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        # What Enter was told about the same text stays, also where this comes after it.
        if event.value.strip() != self._refused:
            self.query_one(".dialog-hint", Static).update()

    def action_give(self) -> None:
        """Give the text back, if it is one that can be."""
        value = self.query_one(Input).value.strip()
        wrong = self.check(value) if self.check else ""
        if wrong:
            self._refused = value
            self.query_one(".dialog-hint", Static).update(Content.styled(wrong, "$bad"))
        else:
            self.dismiss(value)

    def action_cancel(self) -> None:
        self.dismiss(None)

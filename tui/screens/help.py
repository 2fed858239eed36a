"""What can be done on a screen: its purpose, and every key with what it does."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.panel import Panel


class HelpScreen(ModalScreen[None]):
    """Help for one screen.

    Args:
        about: The screen; its `HELP` is shown, and the keys that it answers now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter", "close", "back", tooltip="Close the help"),
    ]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self.about = about

    def compose(self) -> ComposeResult:
        panel = Panel(title="help", classes="dialog -large")
        with panel, VerticalScroll(classes="dialog-text"):
            if text := (self.about.HELP or "").strip():
                yield Static(Content(text))
            yield Static(self._keys())
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def _keys(self) -> Content:
        here: list[tuple[str, str, str]] = []
        everywhere: list[tuple[str, str, str]] = []
        seen: set[str] = set()
        for active in self.about.active_bindings.values():
            binding = active.binding
            if not binding.tooltip or binding.system or binding.action in seen:
                continue
            seen.add(binding.action)
            entry = (self.app.get_key_display(binding), binding.description, binding.tooltip)
            (everywhere if active.node is self.app else here).append(entry)
        lines: list[Content] = []
        for title, entries in (("On this screen", here), ("Everywhere", everywhere)):
            if not entries:
                continue
            lines += [Content(""), Content.styled(title, "bold")]
            wide = max(len(key) for key, _, _ in entries)
            words = max(len(word) for _, word, _ in entries)
            for key, word, tooltip in entries:
                lines.append(
                    Content.assemble(
                        (key.rjust(wide), "$primary"),
                        f"  {word.ljust(words)}  ",
                        (tooltip, "$muted"),
                    )
                )
        return Content("\n").join(lines)

    def action_close(self) -> None:
        self.dismiss(None)

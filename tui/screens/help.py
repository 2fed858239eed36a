"""What can be done on a screen: its purpose, and every key with what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen

from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel


class _Keys(Static):
    def __init__(self, keys: Callable[[int], Content]) -> None:
        super().__init__()
        self._made = keys

    def on_resize(self) -> None:
        self.update(self._made(self.size.width))


class HelpScreen(Dialog[None]):
    """Help for one screen.

    Args:
        about: The screen; its `HELP` is shown, and the keys that it answers now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,question_mark,enter",
            "close",
            "back",
            key_display="Esc",
            tooltip="Close the help",
        ),
    ]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self.about = about

    def compose(self) -> ComposeResult:
        panel = Panel(title="help", classes="dialog -large")
        with panel, VerticalScroll(classes="dialog-text"):
            if text := (self.about.HELP or "").strip():
                yield Static(Content(text))
            yield _Keys(self._keys)
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def _keys(self, width: int) -> Content:
        """The keys with what they do; a long sentence goes on below itself."""
        here: list[tuple[str, str, str]] = []
        focused: list[tuple[str, str, str]] = []
        everywhere: list[tuple[str, str, str]] = []
        seen: set[tuple[object, str]] = set()
        for active in self.about.active_bindings.values():
            binding = active.binding
            if not binding.tooltip or binding.system or (active.node, binding.action) in seen:
                continue
            seen.add((active.node, binding.action))
            entry = (self.app.get_key_display(binding), binding.description, binding.tooltip)
            if active.node is self.app:
                everywhere.append(entry)
            else:
                (here if active.node is self.about else focused).append(entry)
        lines: list[Content] = []
        for title, entries in (
            ("On this screen", here),
            ("Where the cursor is", focused),
            ("Everywhere", everywhere),
        ):
            if not entries:
                continue
            lines += [Content(""), Content.styled(title, "bold")]
            wide = max(len(key) for key, _, _ in entries)
            words = max(len(word) for _, word, _ in entries)
            indent = wide + words + 4
            for key, word, tooltip in entries:
                first, *more = Content.styled(tooltip, "$muted").wrap(max(16, width - indent))
                head = ((key.rjust(wide), "$primary"), f"  {word.ljust(words)}  ")
                lines.append(Content.assemble(*head, first))
                lines += [Content.assemble(" " * indent, line) for line in more]
        return Content("\n").join(lines)

    def action_close(self) -> None:
        self.dismiss(None)

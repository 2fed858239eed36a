"""The frame around everything: a thin rounded border with the title in it."""

from __future__ import annotations

from typing import Any

from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from kerastui.tui.widgets.keeps_focus import KeepsFocus


class Panel(Vertical):
    """A box with a title. Lights up while the focus is inside."""

    DEFAULT_CSS = """
    Panel {
        border: round $line;
        border-title-color: $muted;
        border-title-style: none;
        border-subtitle-color: $faint;
        padding: 0 1;
        &:focus-within { border: round $primary; border-title-color: $text; }
    }
    """

    def __init__(self, *children: Any, title: str = "", **options: Any) -> None:
        super().__init__(*children, **options)
        self.set_title(title)

    def set_title(self, title: str, note: str = "") -> None:
        """Set the title, and a quiet note at the lower edge. Text, never markup."""
        self.border_title = Content(title)
        self.border_subtitle = Content(note)


class ScrollPanel(KeepsFocus, VerticalScroll, can_focus=True):
    """A panel whose content scrolls, for text that may be longer than the screen."""

    DEFAULT_CSS = """
    ScrollPanel {
        border: round $line;
        border-title-color: $muted;
        border-title-style: none;
        border-subtitle-color: $faint;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        &:focus, &:focus-within { border: round $primary; border-title-color: $text; }
    }
    """

    def __init__(self, *children: Any, title: str = "", **options: Any) -> None:
        super().__init__(*children, **options)
        self.set_title(title)

    def set_title(self, title: str, note: str = "") -> None:
        """Set the title, and a quiet note at the lower edge. Text, never markup."""
        self.border_title = Content(title)
        self.border_subtitle = Content(note)

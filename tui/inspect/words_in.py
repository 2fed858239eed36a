"""A text to ask a model about, and under it the words as the model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import TextArea

from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.measured import Static

STYLES = {"known": "", "rare": "$warn", "unknown": "$bad strike"}
MOST_WORDS = 400
"""Words that are marked; a text may be longer."""


class AskArea(TextArea):
    """Where several lines are typed or pasted."""

    DEFAULT_CSS = """
    AskArea {
        height: 8; border: round $line; padding: 0 1; background: $background;
        &:focus { border: round $primary; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "done", key_display="Esc",
                tooltip="Leave the text; the letters are keys again"),
    ]  # fmt: skip

    def __init__(self, *, soft_wrap: bool) -> None:
        super().__init__(soft_wrap=soft_wrap, show_line_numbers=False, tab_behavior="focus")

    def action_leave(self) -> None:
        """Go on to what is said of the text."""
        self.screen.focus_next()


class WordsIn(Vertical):
    """Where a text is typed or pasted."""

    DEFAULT_CSS = """
    WordsIn { height: auto; }
    WordsIn > #words-read { height: auto; max-height: 9; padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        yield AskArea(soft_wrap=True)
        yield Static(id="words-read")

    @property
    def area(self) -> TextArea:
        """Where the text stands."""
        return self.query_one(TextArea)

    def show_text(self, text: str) -> None:
        """Show a text, without anything that a terminal obeys."""
        lines = text.splitlines() or [""]
        self.area.load_text("\n".join(clean(line) for line in lines))

    def show_words(self, words: Sequence[Sequence[str]], limit: int) -> None:
        """Mark the words.

        Args:
            words: Each word, and `known`, `rare` or `unknown`.
            limit: How many of the most frequent words are known; 0 for all.
        """
        counts = {state: sum(told == state for _, told in words) for state in STYLES}
        parts: list[Content | str | tuple[str, str]] = [("read as ", "$faint")]
        for word, state in words[:MOST_WORDS]:
            parts += [(clean(word), STYLES[state] or "$text"), " "]
        lines = []
        told = []
        if counts["unknown"]:
            told.append(Content.assemble(
                (f"{counts['unknown']} unknown", "$bad strike"),
                (": never seen in this data", "$muted"),
            ))  # fmt: skip
        if counts["rare"]:
            told.append(Content.assemble(
                (f"{counts['rare']} rare", "$warn"),
                (f": not among the {limit:,} most frequent words", "$muted"),
            ))  # fmt: skip
        if told:
            lines.append(Content("   ").join(told))
            lines.append(Content.styled("each counts as one and the same unknown word", "$faint"))
        lines.append(Content.assemble(*parts))  # last: it may be too long to be seen whole
        self.query_one("#words-read", Static).update(Content("\n").join(lines))

    def fit(self, height: int) -> None:
        """Leave room below for the answer.

        Args:
            height: Cells there are for text and answer.
        """
        self.area.styles.height = max(3, min(12, height // 3))
        self.query_one("#words-read").styles.max_height = max(3, min(9, height // 4))

"""What an empty place says: what belongs there, and which key brings it."""

from __future__ import annotations

from textual.content import Content

from kerastui.tui.widgets.measured import Static


class EmptyState(Static):
    """A quiet sentence in the middle of an empty place.

    Args:
        title: What is not there.
        text: What belongs there.
        keys: Keys and what they do, each on a line of its own.
    """

    DEFAULT_CSS = """
    EmptyState { width: 1fr; height: 1fr; content-align: center middle; text-align: center; }
    """

    def __init__(
        self,
        title: str,
        text: str = "",
        keys: tuple[tuple[str, str], ...] = (),
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.say(title, text, keys)

    def say(self, title: str, text: str = "", keys: tuple[tuple[str, str], ...] = ()) -> None:
        """Change what is said."""
        lines = [Content.styled(title, "bold")]
        if text:
            lines.append(Content.styled(text, "$muted"))
        if keys:
            lines.append(Content(""))
        lines += [Content.assemble((key, "$primary"), "  ", word) for key, word in keys]
        self.update(Content("\n").join(lines))

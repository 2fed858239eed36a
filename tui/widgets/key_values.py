"""Names at the left, what they stand for at the right: the detail of everything."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.widgets import Static


class KeyValues(Static):
    """A table of names and values. Long values wrap under themselves, not under the names.

    Args:
        gap: Empty lines between the entries.
    """

    DEFAULT_CSS = "KeyValues { height: auto; width: 1fr; }"

    def __init__(self, *, gap: int = 0, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.gap = gap
        self.rows: list[tuple[str, Content]] = []

    def show(self, rows: Iterable[tuple[str, Content | str]]) -> None:
        """Show entries; a value that is a string is text, never markup. An entry without a
        name is a line of its own over the whole width."""
        self.rows = [
            (name, value if isinstance(value, Content) else Content(value)) for name, value in rows
        ]
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.size.width
        if not width:
            return
        column = max((len(name) for name, _ in self.rows if name), default=0) + 2
        narrow = width - column < 24
        lines: list[Content] = []
        for name, value in self.rows:
            if lines:
                lines += [Content("")] * self.gap
            indent = 0 if not name else 2 if narrow else column
            wrapped: list[Content] = []
            for line in value.split("\n", allow_blank=True):
                wrapped += line.wrap(max(8, width - indent)) if line.plain else [line]
            wrapped = wrapped or [Content("")]
            if name and narrow:
                lines.append(Content.styled(name, "$muted"))
            for number, line in enumerate(wrapped):
                head = name if name and not narrow and not number else ""
                lines.append(Content.assemble((head.ljust(indent), "$muted"), line))
        self.update(Content("\n").join(lines))

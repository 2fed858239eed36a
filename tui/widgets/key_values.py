"""Names at the left, what they stand for at the right: the detail of everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.content import Content
from textual.geometry import Size

from kerastui.tui.widgets.measured import Static

Value = Content | str | Callable[[int], Content]
"""What stands at the right: a string is text and never markup; a function is given the width."""


class KeyValues(Static):
    """A table of names and values. Long values wrap under themselves, not under the names."""

    DEFAULT_CSS = "KeyValues { height: auto; width: 1fr; padding: 0 1 0 0; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.rows: list[tuple[str, Value]] = []
        self._drawn: tuple[int, Content] | None = None

    def show(self, rows: Iterable[tuple[str, Value]]) -> None:
        """Show entries. One without a name takes the whole width, with space around it."""
        self.rows, self._drawn = list(rows), None
        self.refresh(layout=True)

    # The layout itself asks how high the table is at a width. Were it drawn only when its width
    # has come, a layout in between would take the height from before, and keep it.

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._draw(width).get_height({}, width) if width else 0

    def render(self) -> Content:
        return self._draw(self.size.width)

    def _draw(self, width: int) -> Content:
        if self._drawn is None or self._drawn[0] != width:
            self._drawn = width, table(self.rows, width) if width else Content("")
        return self._drawn[1]


def table(rows: Iterable[tuple[str, Value]], width: int) -> Content:
    """Return entries as text of a certain width; see `KeyValues`."""
    entries = list(rows)
    column = max((len(name) for name, _ in entries if name), default=0) + 2
    # Where little is left beside the names, the values go below them.
    narrow = width - column < 24
    lines: list[Content] = []
    apart = False
    for name, value in entries:
        indent = 0 if not name else 2 if narrow else column
        room = max(8, width - indent)
        if callable(value):
            value = value(room)
        elif isinstance(value, str):
            value = Content(value)
        wrapped: list[Content] = []
        for line in value.split("\n", allow_blank=True):
            wrapped += line.wrap(room) if line.plain else [line]
        wrapped = wrapped or [Content("")]
        if lines and (apart or not name):
            lines.append(Content(""))
        apart = not name
        if name and narrow:
            lines.append(Content.styled(name, "$muted"))
        for number, line in enumerate(wrapped):
            head = name if name and not narrow and not number else ""
            lines.append(Content.assemble((head.ljust(indent), "$muted"), line))
    return Content("\n").join(lines)

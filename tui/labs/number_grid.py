"""A table of numbers in which some can be typed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from kerastui.tui.widgets.keeps_focus import KeepsFocus
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.number_typing import NumberTyping


@dataclass(frozen=True)
class GridColumn:
    """A column: its title, its width in cells, whether its numbers can be typed over."""

    title: str
    width: int
    editable: bool = False


def short(value: float) -> str:
    """Return a number as it would be typed, with at most ten digits."""
    return f"{value:.10g}".replace("-", "−")


class NumberGrid(KeepsFocus, LineView, can_focus=True):
    """Rows of a label and cells. Typing a digit replaces the number under the cursor.

    Args:
        columns: The columns right of the labels, at least one of them editable.
        label: Width of the labels.
    """

    DEFAULT_CSS = "NumberGrid { width: 1fr; height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1,0)", "up", show=False, tooltip="The number above"),
        Binding("down", "move(1,0)", "down", show=False, tooltip="The number below"),
        Binding("left", "move(0,-1)", "left", show=False, tooltip="The number at the left"),
        Binding("right", "move(0,1)", "right", show=False, tooltip="The number at the right"),
        Binding("plus", "nudge(1)", "more", show=False, tooltip="0.1 more"),
        Binding("underscore", "nudge(-1)", "less", show=False, tooltip="0.1 less"),
    ]

    @dataclass
    class Changed(Message):
        """A number was typed; row and column count from 0, the latter among all columns.

        `subject` is what `show_rows` was told that the numbers are of, when it was typed.
        """

        grid: NumberGrid
        row: int
        column: int
        value: float
        subject: str = ""

        @property
        def control(self) -> NumberGrid:
            return self.grid

    def __init__(
        self,
        columns: Sequence[GridColumn],
        label: int = 10,
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.label_width = label
        self.subject = ""
        self.labels: list[str] = []
        self.cells: list[list[float | Content]] = []
        self.row, self.column = 0, next(i for i, c in enumerate(columns) if c.editable)
        self.typing = NumberTyping(self, self._set)

    def show_rows(
        self,
        labels: Sequence[str],
        cells: Sequence[Sequence[float | Content]],
        subject: str = "",
    ) -> None:
        """Show rows; each has a cell for every column."""
        self.subject = subject
        self.labels, self.cells = list(labels), [list(row) for row in cells]
        self.row = max(0, min(self.row, len(self.cells) - 1))
        self._redraw()

    def set_columns(self, columns: Sequence[GridColumn]) -> None:
        """Take other columns; show rows next."""
        self.columns, self.typing.text = tuple(columns), None
        self.column = next(i for i, c in enumerate(columns) if c.editable)
        self.row = 0

    def _redraw(self) -> None:
        head = " " * (self.label_width + 1)
        head += "".join(f" {column.title:>{column.width}}" for column in self.columns)
        lines = [Content.styled(head, "$faint")]
        for y, (label, row) in enumerate(zip(self.labels, self.cells, strict=True)):
            here = self.has_focus and y == self.row
            parts: list[Content | tuple[str, str] | str] = [
                ("▌" if here else " ", "$primary"),
                (label[: self.label_width].ljust(self.label_width), "$muted"),
            ]
            for x, (column, value) in enumerate(zip(self.columns, row, strict=True)):
                parts += [" ", self._cell(column, value, here and x == self.column)]
            lines.append(Content.assemble(*parts))
        self.show(lines)

    def _cell(self, column: GridColumn, value: float | Content, here: bool) -> Content:
        if here and self.typing.text is not None:
            text = Content.assemble(self.typing.text[-column.width + 1 :], ("▏", "$primary"))
        else:
            text = value if isinstance(value, Content) else Content(short(value))
            text = text.truncate(column.width, ellipsis=True)
        padded = Content.assemble(" " * max(0, column.width - text.cell_length), text)
        if here:
            return padded.stylize("on $cursor").stylize("bold")
        return padded.stylize("on $raised") if column.editable else padded

    def on_focus(self) -> None:
        # Textual sets `has_focus` only after this handler; so too when the focus goes.
        self.call_after_refresh(self._redraw)

    def on_blur(self) -> None:
        self.typing.end()
        self.call_after_refresh(self._redraw)

    def on_key(self, event: events.Key) -> None:
        if self.typing.key(event):
            self._redraw()

    def _set(self, value: float) -> None:
        self.cells[self.row][self.column] = value
        self.post_message(self.Changed(self, self.row, self.column, value, self.subject))

    def action_nudge(self, step: int) -> None:
        value = self.cells[self.row][self.column]
        if isinstance(value, float | int):
            self._set(round(value + step * 0.1, 10))
            self._redraw()

    def action_move(self, down: int, right: int) -> None:
        places = [i for i, column in enumerate(self.columns) if column.editable]
        row = self.row + down
        if not 0 <= row < len(self.cells):
            # Out of the table: on to what stands above or below it.
            if down < 0:
                self.screen.focus_previous()
            else:
                self.screen.focus_next()
            return
        self.row = row
        place = places.index(self.column) + right
        self.column = places[max(0, min(len(places) - 1, place))]
        self._redraw()

    def on_click(self, event: events.Click) -> None:
        x = self.label_width + 1
        for index, column in enumerate(self.columns):
            if (
                x <= event.x <= x + column.width
                and column.editable
                and 0 < event.y <= len(self.cells)
            ):
                self.typing.end()
                self.row, self.column = event.y - 1, index
                self._redraw()
            x += column.width + 1

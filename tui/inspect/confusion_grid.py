"""A confusion matrix: true classes down, predicted ones across, with a cursor on one cell."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kerastui.tui.widgets.data_grid_cells import clean, fitted
from kerastui.tui.widgets.keeps_focus import KeepsFocus

STEPS = 8
"""Colours from none to all of a row."""

WIDEST_NAME, NARROWEST = 16, 5

LONG_HEAD, SHORT_HEAD = "true ↓  told →", "true ↓"
"""What stands in the corner of both headings."""

COUNTS, OF_TRUE, OF_PREDICTED = "counts", "of true", "of predicted"
VIEWS = (COUNTS, OF_TRUE, OF_PREDICTED)


class ConfusionGrid(KeepsFocus, ScrollView, can_focus=True):
    """The matrix. Only the cells that are seen are drawn; both headings stay.

    Attributes:
        row, column: Where the cursor is: the true and the predicted class.
        view: What the cells say: counts, or shares of their row or of their column.
    """

    DEFAULT_CSS = """
    ConfusionGrid {
        width: 1fr; height: 1fr;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
        & > .confusion--head { color: $muted; }
        & > .confusion--here { color: $text; text-style: bold; }
        & > .confusion--zero { color: $faint; }
        & > .confusion--cursor { background: $primary; color: $background; text-style: bold; }
        & > .confusion--blurred { background: $cursor; color: $text; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"confusion--{part}" for part in ("head", "here", "zero", "cursor", "blurred")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1,0)", "up", show=False, tooltip="The class above"),
        Binding("down", "move(1,0)", "down", show=False, tooltip="The class below"),
        Binding("left", "move(0,-1)", "left", show=False, tooltip="The class at the left"),
        Binding("right", "move(0,1)", "right", show=False, tooltip="The class at the right"),
        Binding("home", "move(0,-999999)", "first", show=False, tooltip="The first class"),
        Binding("end", "move(0,999999)", "last", show=False, tooltip="The last class"),
        Binding("pageup", "move(-10,0)", "up", show=False, tooltip="Ten classes up"),
        Binding("pagedown", "move(10,0)", "down", show=False, tooltip="Ten classes down"),
        Binding("enter", "open", "samples", key_display="Enter",
                tooltip="List the rows behind the cell, the surest first"),
        Binding("n", "worst", "next mistake",
                tooltip="Go to the next most frequent mistake"),
    ]  # fmt: skip

    @dataclass
    class Moved(Message):
        """The cursor came to another cell."""

        grid: ConfusionGrid

    @dataclass
    class Opened(Message):
        """Enter, or a second click, on a cell."""

        grid: ConfusionGrid

    def __init__(self) -> None:
        super().__init__()
        self.matrix: list[list[int]] = []
        self.names: list[str] = []
        self._heads: list[str] = []
        self.row = self.column = 0
        self.view = COUNTS
        self._down: list[int] = []
        self._across: list[int] = []
        self._label = self._cell = NARROWEST
        self._styles: dict[tuple[bool, int], Style] = {}

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._themed())

    def _themed(self) -> None:
        self._styles = {}
        self.refresh()

    def show(self, matrix: Sequence[Sequence[int]], names: Sequence[str]) -> None:
        """Show another matrix, the cursor on its most frequent mistake."""
        self.matrix = [list(row) for row in matrix]
        self.names = [clean(name) for name in names]
        self._down = [sum(row) for row in self.matrix]
        self._across = [sum(column) for column in zip(*self.matrix, strict=True)]
        self.row = self.column = 0
        mistakes = self._mistakes()
        if mistakes:
            self.row, self.column = mistakes[0]
        self._measure()
        self._scroll()
        self._moved()
        self.refresh()

    def set_view(self, view: str) -> None:
        """Show counts, or shares."""
        self.view = view
        self.refresh()

    def _measure(self) -> None:
        longest = max(map(len, self.names), default=1)
        most = max((len(f"{count:,}") for row in self.matrix for count in row), default=1)
        self._label = max(len(SHORT_HEAD), min(WIDEST_NAME, longest)) + 2
        room = (self.size.width - self._label) // max(1, len(self.names))
        self._cell = max(most + 1, NARROWEST, min(WIDEST_NAME + 2, max(longest, most) + 2, room))
        # What all classes begin with would be all there is to be seen of names cut short.
        same = len(os.path.commonprefix(self.names))  # noqa: RUF071
        same = same if longest >= self._cell else 0
        self._heads = [f"…{name[same:]}" if same > 2 else name for name in self.names]
        classes = len(self.names)
        self.virtual_size = Size(self._label + classes * self._cell, classes + 1)

    def _mistakes(self) -> list[tuple[int, int]]:
        """Return the cells off the diagonal that are not empty, the most frequent first."""
        cells = [
            (-count, i, j)
            for i, row in enumerate(self.matrix) for j, count in enumerate(row) if i != j and count
        ]  # fmt: skip
        return [(i, j) for _, i, j in sorted(cells)]

    def share(self, row: int, column: int) -> float:
        """Return what share of its row a cell has; in the view of columns, of its column."""
        total = self._across[column] if self.view == OF_PREDICTED else self._down[row]
        return self.matrix[row][column] / total if total else 0.0

    # Moving about

    def _moved(self) -> None:
        self.post_message(self.Moved(self))

    def go(self, row: int, column: int) -> None:
        """Put the cursor on a cell, or on the nearest that there is."""
        last = max(0, len(self.names) - 1)
        self.row, self.column = max(0, min(row, last)), max(0, min(column, last))
        self._scroll()
        self.refresh()
        self._moved()

    def _scroll(self) -> None:
        region = Region(
            self._label + self.column * self._cell, self.row + 1, self._cell, 1
        ).grow((1, 0, 0, self._label))  # fmt: skip
        if self.size.height:
            self.scroll_to_region(region, animate=False, force=True)

    def on_resize(self) -> None:
        self._measure()
        self._scroll()
        self.refresh()

    def action_move(self, down: int, right: int) -> None:
        self.go(self.row + down, self.column + right)

    def action_open(self) -> None:
        if self.matrix:
            self.post_message(self.Opened(self))

    def action_worst(self) -> None:
        """Go to the next most frequent mistake."""
        mistakes = self._mistakes()
        if mistakes:
            here = (self.row, self.column)
            place = mistakes.index(here) + 1 if here in mistakes else 0
            self.go(*mistakes[place % len(mistakes)])

    def on_click(self, event: events.Click) -> None:
        column = (event.x + self.scroll_offset.x - self._label) // self._cell
        row = event.y - 1 + self.scroll_offset.y
        inside = 0 <= row < len(self.names) and 0 <= column < len(self.names)
        if event.x < self._label or event.y == 0 or not inside:
            return
        again = (row, column) == (self.row, self.column)
        self.go(row, column)
        if again:
            self.action_open()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    # Drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        ground = self.visual_style.rich_style
        if not self.matrix:
            return Strip.blank(width, ground)
        x, top = self.scroll_offset
        index = y - 1 + top
        if y and index >= len(self.names):
            return Strip.blank(width, ground)
        here = self.get_component_rich_style("confusion--here")
        head = self.get_component_rich_style("confusion--head")
        first = x // self._cell
        last = min(len(self.names), -(-(x + max(0, width - self._label)) // self._cell))
        seen = range(first, max(first, last))
        if y == 0:
            title = LONG_HEAD if self._label > len(LONG_HEAD) else SHORT_HEAD
            label = Segment(fitted(title, self._label), head)
            room = self._cell - 1
            cells = [
                Segment(
                    f"{fitted(fitted(self._heads[at], room).strip(), room, right=True)} ",
                    here if at == self.column else head,
                )
                for at in seen
            ]
        else:
            name = fitted(self.names[index], self._label - 2)
            label = Segment(f"{name}  ", here if index == self.row else head)
            cells = [self._drawn(index, at, ground) for at in seen]
        inside = x - first * self._cell
        strip = Strip(cells).crop(inside, inside + max(0, width - self._label))
        return Strip.join([Strip([label]), strip]).adjust_cell_length(width, ground)

    def _drawn(self, row: int, column: int, ground: Style) -> Segment:
        count = self.matrix[row][column]
        share = self.share(row, column)
        small = "<1%" if share < 0.01 else f"{share:.0%}"
        text = f"{count:,}" if self.view == COUNTS else small
        if not count:
            text = "·"
        text = f"{text:>{self._cell - 1}} "
        if (row, column) == (self.row, self.column):
            name = "cursor" if self.has_focus else "blurred"
            return Segment(text, self.get_component_rich_style(f"confusion--{name}"))
        if not count:
            return Segment(text, self.get_component_rich_style("confusion--zero"))
        return Segment(text, self._style(row == column, share))

    def _style(self, right: bool, share: float) -> Style:
        """Return the colours of a cell: green where it is right, else the warning's."""
        step = max(1, min(STEPS, round(share * STEPS)))
        if (right, step) not in self._styles:
            colours = self.app.theme_variables
            ground = Color.parse(colours["background"])
            tone = Color.parse(colours["good" if right else "warn"])
            painted = ground.blend(tone, 0.10 + 0.55 * step / STEPS)
            text = Color.parse(colours["foreground"])
            if abs(painted.brightness - text.brightness) < 0.35:
                text = ground
            self._styles[right, step] = Style(color=text.rich_color, bgcolor=painted.rich_color)
        return self._styles[right, step]

"""The list of every screen: aligned columns, groups that fold, one cursor.

Only the lines that are seen are drawn, so a list of a million rows costs what a short one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from kerastui.tui.widgets.keeps_focus import KeepsFocus


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: What stands in the headline; a list whose columns have no titles has no headline.
        width: Cells; 0 for the one column that takes what is left.
        align: Numbers stand right.
        least: The list is at least that wide, or the column is left out.
        last_word: What is too long keeps its last word: names that begin alike end differently.
    """

    title: str = ""
    width: int = 0
    align: Literal["left", "right"] = "left"
    least: int = 0
    last_word: bool = False


@dataclass(frozen=True)
class Row:
    """One row. Cells are `Content`, or strings that are shown as they are.

    Attributes:
        key: Tells the row from all others, also after the rows were replaced.
        level: How deep it stands in the tree.
        group: A heading that opens and closes the rows below it that stand deeper.
        found: What a search looks at.
    """

    key: str
    cells: tuple[Content | str, ...]
    level: int = 0
    group: bool = False
    found: str = ""


class RowList(KeepsFocus, ScrollView, can_focus=True):
    """A list with a cursor.

    Enter is left to the screen, which names it in the footer and calls `action_open`.

    Args:
        columns: The columns, exactly one of them without a width.
        closed: Keys of the groups that are closed at first.
    """

    DEFAULT_CSS = """
    RowList {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        overflow-x: hidden;
        & > .row-list--cursor { background: $cursor; }
        & > .row-list--hover { background: $raised; }
        & > .row-list--head { color: $faint; }
        & > .row-list--group { color: $text; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-list--cursor",
        "row-list--hover",
        "row-list--head",
        "row-list--group",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False, tooltip="The row above"),
        Binding("down", "move(1)", "down", show=False, tooltip="The row below"),
        Binding("pageup", "page(-1)", "page up", show=False, tooltip="A page up"),
        Binding("pagedown", "page(1)", "page down", show=False, tooltip="A page down"),
        Binding("home", "end(-1)", "first", show=False, tooltip="The first row"),
        Binding("end", "end(1)", "last", show=False, tooltip="The last row"),
        Binding("left", "fold", "close", show=False, tooltip="Close the group"),
        Binding("right", "unfold", "open", show=False, tooltip="Open the group"),
    ]

    cursor: reactive[int] = reactive(0)
    hover: reactive[int] = reactive(-1)

    @dataclass
    class Moved(Message):
        """The cursor came to another row; `key` is empty where the list is."""

        rows: RowList
        key: str

        @property
        def control(self) -> RowList:
            return self.rows

    @dataclass
    class Opened(Message):
        """`action_open`, or a second click, on a row that is no group."""

        rows: RowList
        key: str

        @property
        def control(self) -> RowList:
            return self.rows

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        closed: Iterable[str] = (),
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.closed = set(closed)
        self.search = ""
        self._rows: tuple[Row, ...] = ()
        self._shown: list[Row] = []
        self._told = ""

    @property
    def _headline(self) -> bool:
        """Whether there is a headline; in a list of a few lines the rows come first."""
        return self.size.height > 3 and any(column.title for column in self.columns)

    @property
    def key(self) -> str:
        """The key of the row under the cursor, empty where there is none."""
        return self._shown[self.cursor].key if self.cursor < len(self._shown) else ""

    @property
    def on_group(self) -> bool:
        """Whether the cursor is on the heading of a group."""
        return self.cursor < len(self._shown) and self._shown[self.cursor].group

    @property
    def shown(self) -> list[Row]:
        """The rows that can be seen by scrolling: not those in closed groups, nor the unfound."""
        return list(self._shown)

    @property
    def visible_keys(self) -> list[str]:
        """The keys of the rows that are on the screen now."""
        first = self.scroll_offset.y
        return [row.key for row in self._shown[first : first + max(1, self._page)]]

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Replace all rows. The cursor stays on its key, or else in its place."""
        self._rows = tuple(rows)
        self._arrange()

    def set_search(self, text: str) -> None:
        """Show only the rows in which every word of `text` is found, and their groups."""
        self.search = text
        self._arrange()

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row, opening its groups; returns whether it is shown then."""
        above: list[Row] = []
        for row in self._rows:
            above = [group for group in above if group.level < row.level]
            if row.key == key:
                self.closed -= {group.key for group in above}
                self._arrange()
                keys = [shown.key for shown in self._shown]
                if key in keys:  # a search may hide it
                    self.cursor = keys.index(key)
                return key in keys
            if row.group:
                above.append(row)
        return False

    def _arrange(self) -> None:
        key, place = self.key, self.cursor
        needles = self.search.casefold().split()
        if needles:
            self._shown = self._found(needles)
        else:
            self._shown, depth = [], None
            for row in self._rows:
                if depth is not None and row.level > depth:
                    continue
                depth = row.level if row.group and row.key in self.closed else None
                self._shown.append(row)
        keys = [row.key for row in self._shown]
        self.virtual_size = Size(0, len(keys) + self._headline)
        found = key in keys and not (needles and self._shown[keys.index(key)].group)
        if found:
            self.cursor = keys.index(key)
        elif needles:
            self.cursor = next((i for i, row in enumerate(self._shown) if not row.group), 0)
        else:
            self.cursor = max(0, min(place, len(keys) - 1))
        self.refresh()
        self._tell()

    def _found(self, needles: list[str]) -> list[Row]:
        found: list[Row] = []
        above: list[Row] = []
        for row in self._rows:
            above = [group for group in above if group.level < row.level]
            if row.group:
                above.append(row)
                continue
            text = (row.found or " ".join(str(cell) for cell in row.cells)).casefold()
            if all(needle in text for needle in needles):
                found += [group for group in above if group not in found[-8:]]
                found.append(row)
        return found

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self._shown) - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        self._refresh_row(before)
        self._refresh_row(now)
        if self.size.height:
            line = Region(0, now + self._headline, 1, 1)
            self.scroll_to_region(
                # The headline covers the first line of the view.
                line.grow((self._headline, 0, 0, 0)),
                animate=False,
                force=True,
            )
        self._tell()

    def watch_hover(self, before: int, now: int) -> None:
        self._refresh_row(before)
        self._refresh_row(now)

    def _tell(self) -> None:
        if self.key != self._told:
            self._told = self.key
            self.post_message(self.Moved(self, self.key))

    def _refresh_row(self, index: int) -> None:
        y = index + self._headline - self.scroll_offset.y
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    @property
    def _page(self) -> int:
        return self.size.height - self._headline

    def action_move(self, step: int) -> None:
        self.cursor += step

    def action_page(self, step: int) -> None:
        self.cursor += step * max(1, self._page - 1)

    def action_end(self, step: int) -> None:
        self.cursor = 0 if step < 0 else len(self._shown) - 1

    def action_fold(self) -> None:
        if not self._shown:
            return
        row = self._shown[self.cursor]
        if row.group and row.key not in self.closed:
            self._set_open(row.key, False)
            return
        for index in range(self.cursor - 1, -1, -1):
            if self._shown[index].level < row.level:
                self.cursor = index
                return

    def action_unfold(self) -> None:
        if self._shown and self._shown[self.cursor].group:
            if self.key in self.closed:
                self._set_open(self.key, True)
            else:
                self.cursor += 1

    def action_open(self) -> None:
        if not self._shown:
            return
        row = self._shown[self.cursor]
        if row.group:
            self._set_open(row.key, row.key in self.closed)
        else:
            self.post_message(self.Opened(self, row.key))

    def _set_open(self, key: str, opened: bool) -> None:
        if opened:
            self.closed.discard(key)
        else:
            self.closed.add(key)
        self._arrange()

    def _index_at(self, y: int) -> int | None:
        if self._headline and y == 0:
            return None
        index = y + self.scroll_offset.y - self._headline
        return index if 0 <= index < len(self._shown) else None

    def on_click(self, event: events.Click) -> None:
        index = self._index_at(event.y)
        if index is None:
            return
        again = index == self.cursor
        self.cursor = index
        if self._shown[index].group or again:
            self.action_open()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        index = self._index_at(event.y)
        self.hover = -1 if index is None else index

    def on_leave(self) -> None:
        self.hover = -1

    def on_focus(self) -> None:
        self._refresh_row(self.cursor)

    def on_blur(self) -> None:
        self._refresh_row(self.cursor)

    def on_resize(self) -> None:
        self.virtual_size = Size(0, len(self._shown) + self._headline)
        if self._shown:
            self.watch_cursor(self.cursor, self.cursor)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        ground = self.visual_style
        if self._headline and y == 0:
            style = ground + self.get_visual_style("row-list--head")
            titles = [Content(column.title) for column in self.columns]
            return self._strip(self._lay_out(titles, " ", width), width, style)
        index = y + self.scroll_offset.y - self._headline
        if index == 0 and not self._shown and self.search.strip():
            nothing = Content.styled(" Nothing here has these words.", "$muted")
            return self._strip(nothing, width, ground)
        if not 0 <= index < len(self._shown):
            return Strip.blank(width, ground.rich_style)
        row = self._shown[index]
        style = ground
        if index == self.cursor:
            style += self.get_visual_style("row-list--cursor")
        elif index == self.hover:
            style += self.get_visual_style("row-list--hover")
        if row.group:
            style += self.get_visual_style("row-list--group")
        mark = "▌" if index == self.cursor and self.has_focus else " "
        fold = ("▸ " if row.key in self.closed and not self.search else "▾ ") if row.group else ""
        indent = "  " * row.level
        cells = [cell if isinstance(cell, Content) else Content(cell) for cell in row.cells]
        if cells:
            cells[0] = Content.assemble(indent, (fold, "$muted"), cells[0])
        return self._strip(
            self._lay_out(cells, mark, width, spread=row.group or row.level > 0), width, style
        )

    def _strip(self, line: Content, width: int, style: object) -> Strip:
        strips = Visual.to_strips(self, line, width, 1, style, pad=True)  # type: ignore[arg-type]
        return strips[0].adjust_cell_length(width) if strips else Strip.blank(width)

    def _lay_out(
        self, cells: Sequence[Content], mark: str, width: int, *, spread: bool = False
    ) -> Content:
        """Put cells into their columns; what is too long ends with an ellipsis."""
        shown = [
            (column, cells[index] if index < len(cells) else Content(""))
            for index, column in enumerate(self.columns)
            if width >= column.least
        ]
        while len(shown) > 1 and spread and not shown[1][1]:
            # A title may run on over the columns that its row leaves empty.
            del shown[1]
        fixed = sum(column.width + 1 for column, _ in shown if column.width)
        rest = max(1, width - fixed - 2)  # a cell for the mark, one beside the scrollbar
        line: list[Content] = [Content.styled(mark, "$primary")]
        for number, (column, cell) in enumerate(shown):
            room = column.width or rest
            short = _cut(cell, room, column.last_word)
            padding = " " * max(0, room - short.cell_length)
            line.append(
                Content.assemble(
                    " " if number else "",
                    padding if column.align == "right" else "",
                    short,
                    padding if column.align == "left" else "",
                )
            )
        return Content("").join(line)


def _cut(cell: Content, room: int, last_word: bool) -> Content:
    """Return as much of a cell as there is room for."""
    first, _, last = cell.plain.rpartition(" ")
    left = room - Content(last).cell_length - 1
    if not last_word or cell.cell_length <= room or not first or left < 2:
        return cell.truncate(room, ellipsis=True)
    start = cell[: len(first)].truncate(left, ellipsis=True)
    return Content.assemble(start, " ", cell[len(first) + 1 :])

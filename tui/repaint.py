"""Writing only what differs from what the terminal shows already.

Textual writes a whole screen anew when its layout changes, often twice for one dialog, and says
for every piece both colours: 10 kB a time at 80×24, two seconds on a line of 5 kB a second. Here
what it writes is read as cells; those that the terminal shows already are left out, and so are
colours that are set already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rich.cells import get_character_cell_size

_TOKEN = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H|\x1b\[(?P<style>[0-9;]*)m|(?P<line>\r?\n)"
    r"|(?P<text>[^\x00-\x1f\x7f]+)|(?P<other>.)",
    re.DOTALL,
)
"""Everything that a picture of Textual consists of: places, styles, ends of lines, text."""

_HARMLESS = re.compile(
    r"(?:\x1b\[\?20(?:26|48)[hl]|\x1b\[\??[0-9;]*\$p|\x1b\[6n"
    r"|\x1b\].*?(?:\a|\x1b\\)|\x1bP.*?\x1b\\|\a)*",
    re.DOTALL,
)
"""Writings that change nothing on the screen: synchronized output, questions, notifications."""

_GAP = 6
"""Cells that are written again rather than skipped: a new place costs as much."""

Style = tuple[str, str, frozenset[str]]
"""Foreground, background, and attributes, as the parameters that set them."""

PLAIN: Style = ("", "", frozenset())


class Repaint:
    """What one terminal shows, as far as it is known.

    Args:
        size: Returns the present columns and rows of the terminal.
    """

    def __init__(self, size: Callable[[], tuple[int, int]]) -> None:
        self._size = size
        self._known: tuple[int, int] = (0, 0)
        self._cells: list[list[tuple[str, Style] | None]] = []
        self._style: Style = PLAIN
        self._styles: dict[tuple[Style, str], Style] = {}

    def forget(self) -> None:
        """The terminal may show anything from now on."""
        self._known = (0, 0)

    def less(self, data: str) -> str:
        """Return what has to be written in place of `data`, so that the same is shown."""
        if _HARMLESS.fullmatch(data):
            return data
        if (size := self._size()) != self._known:
            self._known = size
            self._cells = [[None] * size[0] for _ in range(size[1])]
        written = self._picture(data)
        if written is not None:
            return written
        # Something else: it is written as it is, and nothing is known afterwards.
        self.forget()
        before, self._style = self._style, PLAIN
        return data if before == PLAIN else f"\x1b[0m{data}"

    def _picture(self, data: str) -> str | None:
        """Return the part of a picture that differs; None where `data` is no mere picture."""
        tokens = list(_TOKEN.finditer(data))
        where = next((token for token in tokens if not token["style"]), None)
        if where is None or not where["row"] or any(token["other"] for token in tokens):
            return None
        columns, rows = self._known
        out: list[str] = []
        row, column, style = 0, 0, PLAIN
        at: tuple[int, int] | None = None  # where the terminal's cursor is
        placed = False
        for token in tokens:
            if (text := token["text"]) is not None:
                placed = False
                if row >= rows:
                    column += len(text)
                    continue
                for sign, width in _signs(text):
                    cell, line = (sign, style), self._cells[row]
                    simple = width == 1 and len(sign) == 1
                    if column >= columns or (simple and line[column] == cell):
                        column += width
                        continue
                    if at is None or at[0] != row or not column - _GAP <= at[1] <= column:
                        out.append(f"\x1b[{row + 1};{column + 1}H")
                    else:
                        for gap in range(at[1], column):
                            between = line[gap]
                            if between is None:  # not known: only the place helps
                                out.append(f"\x1b[{row + 1};{column + 1}H")
                                break
                            out.append(self._change(between[1]) + between[0])
                    out.append(self._change(style) + sign)
                    for place in range(column, min(columns, column + width)):
                        line[place] = cell if simple else None
                    column += width
                    # How wide a terminal draws rare signs is not certain.
                    at = (row, column) if simple and column < columns else None
            elif (parameters := token["style"]) is not None:
                style = self._after(style, parameters)
            elif token["row"]:
                row, column, placed = int(token["row"]) - 1, int(token["column"]) - 1, True
            else:
                row, column = row + 1, 0
        if out and placed and (row, column) != (0, 0):
            # The cursor is hidden; only where one types do input methods look for it.
            out.append(f"\x1b[{row + 1};{column + 1}H")
        return "".join(out)

    def _change(self, style: Style) -> str:
        """Return what brings the terminal to a style."""
        before, self._style = self._style, style
        if before == style:
            return ""
        if before[2] - style[2] or (before[0] and not style[0]) or (before[1] and not style[1]):
            parameters = ["0", *style[:2], *sorted(style[2])]
        else:
            parameters = [new for new, old in zip(style[:2], before[:2], strict=True) if new != old]
            parameters += sorted(style[2] - before[2])
        return f"\x1b[{';'.join(part for part in parameters if part)}m"

    def _after(self, style: Style, parameters: str) -> Style:
        """Return a style after parameters of SGR."""
        key = (style, parameters)
        if (known := self._styles.get(key)) is None:
            if len(self._styles) > 10_000:
                self._styles.clear()
            known = self._styles[key] = _after(style, parameters)
        return known


def _after(style: Style, parameters: str) -> Style:
    foreground, background, attributes = style
    parts = parameters.split(";")
    place = 0
    while place < len(parts):
        part = parts[place] or "0"
        length = 1
        if part in ("38", "48"):
            length = {"5": 3, "2": 5}.get("".join(parts[place + 1 : place + 2]), 1)
        whole = ";".join(parts[place : place + length])
        number = int(part)
        if number == 0:
            foreground, background, attributes = PLAIN
        elif part == "38" or 30 <= number <= 37 or 90 <= number <= 97:
            foreground = whole
        elif part == "48" or 40 <= number <= 47 or 100 <= number <= 107:
            background = whole
        elif number == 39:
            foreground = ""
        elif number == 49:
            background = ""
        else:
            attributes |= {whole}
        place += length
    return foreground, background, attributes


def _signs(text: str) -> Iterator[tuple[str, int]]:
    """Return the signs of a text with their widths; what has no width belongs to the one before."""
    if text.isascii():
        for sign in text:
            yield sign, 1
        return
    kept, width = "", 0
    for sign in text:
        size = get_character_cell_size(sign)
        if size == 0 and kept:
            kept += sign
            continue
        if kept:
            yield kept, width
        kept, width = sign, size
    if kept:
        yield kept, width

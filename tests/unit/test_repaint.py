"""What is written less must show the same: both streams go into a small terminal."""

from __future__ import annotations

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from kerastui.tui.repaint import Repaint

COLUMNS, ROWS = 20, 5


class Screen:
    """A terminal that knows as much as Textual writes; written apart from the code under test."""

    def __init__(self) -> None:
        self.cells = {(y, x): (" ", "") for y in range(ROWS) for x in range(COLUMNS)}
        self.y = self.x = 0
        self.style: dict[str, str] = {}

    def feed(self, data: str) -> None:
        while data:
            if found := re.match(r"\x1b\[(\d+);(\d+)H", data):
                self.y, self.x = int(found[1]) - 1, int(found[2]) - 1
            elif found := re.match(r"\x1b\[([0-9;]*)m", data):
                self.colour(found[1])
            elif found := re.match(r"\r\n", data):
                self.y, self.x = self.y + 1, 0
            elif found := re.match(r"[^\x1b\r\n]", data):
                if self.y < ROWS and self.x < COLUMNS:
                    look = ",".join(f"{key}={value}" for key, value in sorted(self.style.items()))
                    self.cells[self.y, self.x] = (found[0], look)
                self.x += 1
            else:
                raise AssertionError(f"not understood: {data[:20]!r}")
            data = data[found.end() :]

    def colour(self, text: str) -> None:
        numbers = [int(part or 0) for part in text.split(";")]
        while numbers:
            number = numbers.pop(0)
            if number == 0:
                self.style.clear()
            elif number in (38, 48):
                count = 2 if numbers[0] == 5 else 4
                self.style[str(number)] = "-".join(map(str, numbers[:count]))
                del numbers[:count]
            elif 30 <= number <= 37:
                self.style["38"] = f"{number}"
            else:
                self.style[f"a{number}"] = "on"


colours = st.sampled_from(
    ["", "1", "31", "38;5;9", "38;2;1;2;3", "48;2;9;9;9", "38;2;1;2;3;48;2;9;9;9", "1;4;31"]
)
pieces = st.tuples(colours, st.text("ab ─⣿│", min_size=1, max_size=8))
lines = st.tuples(
    st.integers(1, ROWS), st.integers(1, COLUMNS), st.lists(pieces, min_size=1, max_size=4)
)


def picture(drawn: list[tuple[int, int, list[tuple[str, str]]]]) -> str:
    """Return a picture as Textual writes it: a place, then styled pieces, each with a reset."""
    text = ""
    for row, column, parts in drawn:
        text += f"\x1b[{row};{column}H"
        for style, sign in parts:
            text += f"\x1b[{style}m{sign}\x1b[0m" if style else sign
    return text + "\x1b[1;1H"


@given(st.lists(st.lists(lines, min_size=1, max_size=4), min_size=1, max_size=8))
def test_the_same_is_shown(pictures: list[list[tuple[int, int, list[tuple[str, str]]]]]) -> None:
    whole, less, repaint = Screen(), Screen(), Repaint(lambda: (COLUMNS, ROWS))
    for drawn in pictures:
        data = picture(drawn)
        whole.feed(data)
        less.feed(repaint.less(data))
        assert less.cells == whole.cells


def full(rows: list[str]) -> str:
    return "\x1b[1;1H" + "\r\n".join(f"\x1b[38;2;1;2;3;48;2;9;9;9m{row}\x1b[0m" for row in rows)


def test_a_whole_picture_costs_little_where_little_differs() -> None:
    repaint = Repaint(lambda: (COLUMNS, ROWS))
    rows = ["x" * COLUMNS] * ROWS
    first = repaint.less(full(rows))
    assert "".join(re.findall("x+", first)) == "x" * COLUMNS * ROWS
    assert repaint.less(full(rows)) == ""
    rows[2] = "x" * 10 + "y" + "x" * 9
    # The colours are set already, so only the place and the sign are written.
    assert repaint.less(full(rows)) == "\x1b[3;11Hy"


def test_after_another_size_everything_is_written() -> None:
    size = [(COLUMNS, ROWS)]
    repaint = Repaint(lambda: size[0])
    data = full(["x" * COLUMNS] * ROWS)
    repaint.less(data)
    size[0] = (COLUMNS, ROWS + 1)
    assert repaint.less(data).count("x") == COLUMNS * ROWS
    repaint.forget()
    assert repaint.less(data).count("x") == COLUMNS * ROWS


def test_what_is_no_picture_passes_and_wipes_what_was_known() -> None:
    repaint = Repaint(lambda: (COLUMNS, ROWS))
    data = full(["x" * COLUMNS] * ROWS)
    repaint.less(data)
    for harmless in (
        "\x1b[?2026h",
        "\x1b[6n",
        "\a",
        "\x1b]9;done\x1b\\",
        "\x1bPtmux;\x1b\x1b]9;x\x1b\\",
    ):
        assert repaint.less(harmless) == harmless
        assert repaint.less(data) == ""
    assert repaint.less("\x1b[?1049h").endswith("\x1b[?1049h")
    assert repaint.less(data).count("x") == COLUMNS * ROWS


def test_wide_and_joined_signs_are_written_every_time() -> None:
    repaint = Repaint(lambda: (COLUMNS, ROWS))
    for text in ("漢字", "e\N{COMBINING ACUTE ACCENT}", "🙂"):
        data = f"\x1b[1;1H{text}\x1b[1;1H"
        assert text[0] in repaint.less(data)
        assert text[0] in repaint.less(data)


def test_signs_beyond_the_edge_are_left_out() -> None:
    repaint = Repaint(lambda: (COLUMNS, ROWS))
    random.seed(1)
    assert repaint.less(f"\x1b[1;{COLUMNS}Hab").count("b") == 0
    assert repaint.less(f"\x1b[{ROWS + 3};1Hab") == ""

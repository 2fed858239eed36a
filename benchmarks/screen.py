"""What a terminal shows of what a program writes: the text, without colours."""

from __future__ import annotations

import codecs
import re

_TOKEN = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H|(?P<home>\x1b\[H)|(?P<clear>\x1b\[2J|\x1b\[\?1049h)"
    r"|\x1b\[[0-9;?<>=$]*[@-~]|\x1b[\]P][^\x07\x1b]*(?:\x07|\x1b\\\\)?|\x1b."
    r"|(?P<line>\r?\n)|(?P<text>[^\x00-\x1f\x7f]+)|.",
    re.DOTALL,
)
_CUT = re.compile(r"\x1b[^@-Za-z~]*$")
"""An escape sequence whose end has not come yet."""


class Screen:
    """The rows of a terminal; every sign is taken to be one cell wide."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], str] = {}
        self._row = self._column = 0
        self._rest = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    @property
    def text(self) -> str:
        """Everything that is shown, a line for each row."""
        rows: dict[int, dict[int, str]] = {}
        for (row, column), sign in self._cells.items():
            rows.setdefault(row, {})[column] = sign
        return "\n".join(
            "".join(cells.get(column, " ") for column in range(max(cells) + 1))
            for _, cells in sorted(rows.items())
        )

    def feed(self, data: bytes) -> None:
        """Take in what a program wrote."""
        text = self._rest + self._decode(data)
        cut = _CUT.search(text)
        self._rest = text[cut.start() :] if cut else ""
        for token in _TOKEN.finditer(text[: cut.start()] if cut else text):
            if token["text"] is not None:
                for sign in token["text"]:
                    self._cells[self._row, self._column] = sign
                    self._column += 1
            elif token["row"]:
                self._row, self._column = int(token["row"]) - 1, int(token["column"]) - 1
            elif token["line"]:
                self._row, self._column = self._row + 1, 0
            elif token["clear"]:
                self._cells.clear()
                self._row = self._column = 0
            elif token["home"]:
                self._row = self._column = 0

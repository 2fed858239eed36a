"""Where in a TOML text a field stands, so that an error can name the line."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_"'-]+)*)\s*=""")


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Return the number of the line that a field stands in, from 1; 0 where it is not found.

    Args:
        text: Valid TOML.
        place: The keys that lead to the field: `("model", "layers", 0, "units")`. Where the field
            itself is not written (it is missing, or stands within a line), the line of what
            holds it is returned.
    """
    lines = _lines(text)
    wanted = tuple(str(key) for key in place)
    for length in range(len(wanted), 0, -1):
        if found := lines.get(wanted[:length]):
            return found
    return 0


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of every table and every key that begins a line."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            table = _numbered(_keys(match[2]), counts)
            if match[1] == "[[":
                place = counts.get(table, -1) + 1
                counts[table] = place
                table = (*table, str(place))
            found.setdefault(table, number)
        elif match := _KEY.match(line):
            found.setdefault((*table, *_keys(match[1])), number)
    return found


def _numbered(keys: tuple[str, ...], counts: dict[tuple[str, ...], int]) -> tuple[str, ...]:
    """Put the number of the last entry behind every array of tables above the last key."""
    placed: tuple[str, ...] = ()
    for depth, key in enumerate(keys):
        placed = (*placed, key)
        if depth < len(keys) - 1 and placed in counts:
            placed = (*placed, str(counts[placed]))
    return placed


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(key.strip().strip("\"'") for key in dotted.split("."))

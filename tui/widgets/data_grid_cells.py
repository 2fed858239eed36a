"""Cells as text for a terminal: short, aligned, and harmless whatever a file holds."""

from __future__ import annotations

import unicodedata
from typing import Any

from rich.cells import cell_len, set_cell_size

from kerastui.models.runs.figures import number

NUMBERS = frozenset({"number", "whole"})
"""Kinds of columns that stand right."""

_NON_FINITE = {"NaN": "NaN", "Infinity": "∞", "-Infinity": "−∞"}
_SIGNS = {"\n": "↵", "\r": "↵", "\t": "→"}


def shown(value: Any, kind: str) -> tuple[str, str]:
    """Return a cell in short and what it is: `missing`, `odd` (NaN, infinite) or empty."""
    if value is None:
        return "–", "missing"
    if kind in NUMBERS:
        if isinstance(value, str):
            return _NON_FINITE.get(value, clean(value)), "odd"
        if kind == "whole" and abs(value) < 10_000:
            return str(int(value)).replace("-", "−"), ""
        text = number(value)
        return text, "odd" if text in ("NaN", "∞", "−∞") else ""
    return clean(str(value)), ""


def full(value: Any, kind: str) -> str:
    """Return a cell with all its digits or signs."""
    if value is None:
        return "missing"
    if kind in NUMBERS and not isinstance(value, str):
        return f"{value:,}" if isinstance(value, int) else repr(value)
    return _NON_FINITE.get(value, clean(str(value))) if kind in NUMBERS else clean(str(value))


def clean(text: str) -> str:
    """Return text without anything that a terminal obeys.

    Control signs, escapes, direction marks and what else can't be printed are replaced one for
    one; line ends and tabs by signs that show them.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _harmless(sign) for sign in text)


def _harmless(sign: str) -> str:
    return _SIGNS.get(sign) or (" " if unicodedata.category(sign) == "Zs" else "�")


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Return text in exactly so many cells; what is too long ends with an ellipsis."""
    wide = len(text) if text.isascii() else cell_len(text)
    if wide > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    return " " * (width - wide) + text if right else text + " " * (width - wide)

"""Text that fits into cells of a terminal: its width, what may not be printed, plain ASCII."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

LONGEST = 48
"""Cells that one word of a box may take; names from outside can be of any length."""


def clean(text: str) -> str:
    """Return one line of printable text: anything that would move or colour the cursor is a dot.

    Joiners and other invisible signs go; marks that sit on a letter stay with it.
    """
    signs: list[str] = []
    for sign in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(sign)
        if kind == "Cf" or (kind in ("Mn", "Me") and not signs):
            continue
        signs.append("·" if kind[0] in "CZ" and sign != " " else sign)
    return "".join(signs).strip()


def clusters(text: str) -> Iterator[tuple[str, int]]:
    """Yield each sign with the marks on it, and the cells it takes: 1 or 2."""
    held, width = "", 0
    for sign in text:
        if held and unicodedata.category(sign) in ("Mn", "Me"):
            held += sign
            continue
        if held:
            yield held, width
        held, width = sign, 2 if unicodedata.east_asian_width(sign) in "WF" else 1
    if held:
        yield held, width


def cells(text: str) -> int:
    """Return how many cells of a terminal a cleaned text takes."""
    return len(text) if text.isascii() else sum(width for _, width in clusters(text))


def shortened(text: str, limit: int = LONGEST) -> str:
    """Return the text, cut to `limit` cells with an ellipsis where it is longer."""
    if cells(text) <= limit:
        return text
    kept, used = "", 0
    for cluster, width in clusters(text):
        if used + width > limit - 1:
            break
        kept, used = kept + cluster, used + width
    return kept + "…"


_ASCII = str.maketrans({"×": "x", "…": "~", "−": "-", "–": "-", "—": "-", "→": ">", "·": "."})


def as_ascii(text: str) -> str:
    """Return the text with ASCII signs alone, in as many cells; letters lose their accents."""
    if text.isascii():
        return text
    signs = []
    for cluster, width in clusters(text.translate(_ASCII)):
        plain = unicodedata.normalize("NFKD", cluster).encode("ascii", "ignore").decode()
        signs.append(plain.ljust(width)[:width] if plain.strip() else "?" * width)
    return "".join(signs)

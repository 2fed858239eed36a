"""Folders of one folder for each class, whatever lies in them."""

from __future__ import annotations

from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.place import members

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm"})
TEXTS = frozenset({".txt", ".text", ".md"})


def by_class(folder: Path, endings: frozenset[str]) -> dict[str, list[Path]]:
    """The files of each class, both in sorted order; a class is a folder right below.

    Raises:
        UserError: There are not two such folders with files.
    """
    found: dict[str, list[Path]] = {}
    loose = 0
    for file in members(folder):
        if file.suffix.lower() in endings:
            parts = file.relative_to(folder).parts
            if len(parts) < 2:
                loose += 1
            else:
                found.setdefault(parts[0], []).append(file)
    if len(found) < 2:
        what = "pictures" if endings is PICTURES else "text files"
        held = f"{loose:,} loose {what}" if loose else f"no folders of {what}"
        if len(found) == 1:
            held = f"one class only ({next(iter(found))})"
        raise UserError(
            f"{folder} holds {held}.",
            hint=f"Put the {what} of each class into a folder of its own, called like the class.",
        )
    return found

"""What somebody wrote beside a run: tags, a note, a pin; `notes.json` in the run's directory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.files import write_atomically

FILE = "notes.json"
MOST_TAGS = 20
LONGEST_TAG = 40
LONGEST_NOTE = 4000
_LARGEST = 64 * 1024
_NO_TAG = re.compile(r"[\s,\"|=<>~!:\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]")


@dataclass(frozen=True)
class Notes:
    """What was written beside a run."""

    tags: tuple[str, ...] = ()
    note: str = ""
    pinned: bool = False


NONE = Notes()


def read(folder: Path) -> Notes:
    """Return what stands beside the run in a directory; nothing where that can't be read."""
    path = folder / FILE
    try:
        if path.stat().st_size > _LARGEST:
            return NONE
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return NONE
    return _checked(plain) if isinstance(plain, dict) else NONE


def write(folder: Path, notes: Notes) -> None:
    """Replace what stands beside the run in a directory.

    Raises:
        UserError: It can't be written.
    """
    if notes == NONE and not (folder / FILE).exists():
        return
    write_atomically(folder / FILE, json.dumps(asdict(notes), indent=1), parents=False)


def tags(text: str) -> tuple[str, ...]:
    """Return the tags that were typed, with spaces or commas between them.

    Raises:
        UserError: One of them could not be looked for, is too long, or there are too many.
    """
    found = tuple(dict.fromkeys(re.split(r"[\s,]+", text.strip()))) if text.strip(" ,") else ()
    found = tuple(tag for tag in found if tag)
    for tag in found:
        if _NO_TAG.search(tag):
            raise UserError(
                f"{tag[:LONGEST_TAG]!r} can't be a tag.",
                "Accepted: letters, digits, - _ . and the like; not : = < > ~ ! | and quotes, "
                "which have a meaning where runs are looked for.",
            )
        if len(tag) > LONGEST_TAG:
            raise UserError(
                f"The tag {tag[:20]}… has {len(tag)} characters.",
                f"Accepted: at most {LONGEST_TAG}; longer words belong into the note.",
            )
    if len(found) > MOST_TAGS:
        raise UserError(f"{len(found)} tags were given.", f"Accepted: at most {MOST_TAGS}.")
    return found


def changed(tags_before: Iterable[str], add: Iterable[str], remove: Iterable[str]) -> Any:
    """Return tags with some added and some taken away, in their order."""
    gone = set(remove)
    return tuple(dict.fromkeys(tag for tag in (*tags_before, *add) if tag not in gone))


def _checked(plain: dict[str, Any]) -> Notes:
    """Return what is right of what a file says; it may come from elsewhere."""
    listed = plain.get("tags")
    good = [
        tag[:LONGEST_TAG]
        for tag in (listed if isinstance(listed, list) else [])
        if isinstance(tag, str) and tag and not _NO_TAG.search(tag)
    ]
    note = plain.get("note")
    note = note[:LONGEST_NOTE] if isinstance(note, str) else ""
    return Notes(
        tuple(dict.fromkeys(good))[:MOST_TAGS],
        "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in note),
        plain.get("pinned") is True,
    )

"""A first look into a folder: pictures or texts by class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.by_class import PICTURES, TEXTS, by_class
from kerastui.datasets.files.place import members
from kerastui.datasets.files.sample import detect_encoding, take
from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.sniffed import Note, Sniffed

_OPENED = 24
"""Pictures whose size is looked at, spread over all."""
_LARGEST = 64
"""Pixels of a side that is proposed at most; larger pictures learn slowly without a GPU."""


def sniff_folder(folder: Path, given: Mapping[str, Any]) -> Sniffed:
    """Look into a folder with one folder for each class.

    Raises:
        UserError: It holds neither pictures nor texts by class.
    """
    files = members(folder)
    kinds = Counter(file.suffix.lower() for file in files)
    pictures = sum(kinds[ending] for ending in PICTURES)
    texts = sum(kinds[ending] for ending in TEXTS)
    if not pictures and not texts:
        held = f"{len(files):,} files, none of them a picture or a text" if files else "no files"
        raise UserError(
            f"{folder} is a folder with {held}.",
            hint=_tables(files)
            or "Choose a file, or a folder with a folder of pictures for each class.",
        )
    chosen = given.get("format", "pictures" if pictures >= texts else "texts")
    endings = PICTURES if chosen == "pictures" else TEXTS
    try:
        classes = by_class(folder, endings)
    except UserError as error:
        raise UserError(error.message, hint=_tables(files) or error.hint) from None
    counts = {name: len(held) for name, held in classes.items()}
    notes = [Note(f"{len(classes)} classes, a folder each.")]
    plain: dict[str, Any] = {"format": chosen}
    every = [file for held in classes.values() for file in held]
    if chosen == "pictures":
        plain |= _picture_size(every, notes)
    else:
        encoding, doubt = detect_encoding(take(every[0]))
        plain["encoding"] = encoding
        notes.append(Note(f"The texts are {encoding}.", doubt, "encoding"))
    size = sum(file.stat().st_size for file in files)
    recipe = FileRecipe.model_validate({**plain, **given, "path": str(folder), "size": size})
    return Sniffed(recipe, notes=tuple(notes), total=len(every), exact=True, classes=counts)


def _tables(files: list[Path]) -> str:
    """A hint with the tables of a folder."""
    names = [file.name for file in files if file.suffix.lower() in (".csv", ".tsv", ".parquet")]
    return f"Choose one of its tables: {', '.join(names[:5])}." if names else ""


def _picture_size(files: list[Path], notes: list[Note]) -> dict[str, Any]:
    """Propose one size for all pictures: the usual one, where it is not too large."""
    from PIL import Image

    sizes: Counter[tuple[int, int]] = Counter()
    colours = 0
    for file in files[:: max(1, len(files) // _OPENED)][:_OPENED]:
        try:
            with Image.open(file) as picture:
                sizes[picture.size] += 1
                colours += picture.mode not in ("1", "L", "I", "I;16", "F", "LA")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            notes.append(Note(f"{file.name} is no picture that can be read: {error}.", True))
    if not sizes:
        raise UserError(
            "None of the pictures that were tried can be read.", hint="Are they pictures?"
        )
    (width, height), times = sizes.most_common(1)[0]
    usual = (width, height)
    if max(usual) > _LARGEST:
        width, height = (max(1, round(side * _LARGEST / max(usual))) for side in usual)
    same = times == sizes.total()
    found = f"Pictures of {usual[0]} × {usual[1]} pixels" + ("" if same else " and other sizes")
    words = f"{found}; all become {width} × {height}."
    notes.append(Note(words, not same or (width, height) != usual, "height"))
    channels = 3 if colours else 1
    notes.append(Note("In colour." if colours else "In grey.", False, "channels"))
    return {"height": height, "width": width, "channels": channels}

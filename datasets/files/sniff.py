"""A first look into an own file or folder: what it is, and the recipe to read it with.

At most a few hundred kilobytes are read, however large the file is, so that the answer is there
before one has looked up. Without pandas; call it in a thread all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kerastui.datasets.errors import UserError
from kerastui.datasets.files import sniff_arrays, sniff_folders
from kerastui.datasets.files.place import checked
from kerastui.datasets.files.sample import take
from kerastui.datasets.files.sniff_csv import sniff_csv
from kerastui.datasets.files.sniff_records import sniff_jsonl, sniff_parquet
from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.sniffed import Sniffed

_ENDINGS = {
    ".parquet": "parquet", ".pq": "parquet", ".npy": "npy", ".npz": "npz", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip


def sniff(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Sniffed:
    """Look into a file or folder and say how it is to be read.

    Args:
        path: The file or folder; `~` is the home directory.
        overrides: Fields of `recipe.FileRecipe` that are not to be detected, because a person
            knows better; what depends on them is detected anew.

    Raises:
        UserError: It can't be read, or is nothing that kerastui knows.
    """
    given = dict(overrides or {})
    accepted = [name for name in FileRecipe.model_fields if name not in ("path", "size", "sha256")]
    unknown = [name for name in given if name not in accepted]
    if unknown:
        raise UserError(
            f"There is no setting {unknown[0]!r}.", hint=f"Accepted: {', '.join(accepted)}."
        )
    place = checked(Path(path))
    try:
        given = validated(given)
        return _look(place, given.get("format", ""))(place, given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"{where or 'The recipe'}: {first['msg'].removeprefix('Value error, ')}.",
            hint=f"Received {first['input']!r}." if where else "Change the setting.",
        ) from None


def validated(given: dict[str, Any]) -> dict[str, Any]:
    """Settings as a recipe holds them; raises pydantic's `ValidationError`."""
    others: dict[str, Any] = {"path": ".", "height": 1, "width": 1}  # no recipe is without
    if given.get("thousands") == ".":
        others["decimal"] = ","
    recipe = FileRecipe.model_validate({**others, **given})
    return {name: getattr(recipe, name) for name in given}


def _look(path: Path, chosen: str) -> Callable[[Path, Mapping[str, Any]], Sniffed]:
    """What looks into a file of this kind."""
    if path.is_dir():
        return sniff_folders.sniff_folder
    kind = chosen or _by_content(path) or _ENDINGS.get(path.suffix.lower(), "csv")
    if kind == "pictures":
        raise UserError(f"{path} is a file.", hint="Pictures are read from a folder by class.")
    return {
        "parquet": sniff_parquet,
        "npy": sniff_arrays.sniff_npy,
        "npz": sniff_arrays.sniff_npz,
        "jsonl": sniff_jsonl,
    }.get(kind, sniff_csv)


def _by_content(path: Path) -> str:
    """The format as far as the first bytes tell; the name of a file is only a name."""
    head = take(path).head[:4096]
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(b"PK\x03\x04") and b".npy" in head[:200]:
        return "npz"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if start.startswith((b'{"', b"{ ")) else ""

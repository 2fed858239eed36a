"""Where an own file is, whether it can be read at all, and whether it is still the same."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import Located, data_directories, sha256_of
from kerastui.datasets.recipe import FileRecipe

MOST_FILES = 1_000_000
"""Files in a folder beyond which it is hardly a data set."""
_NAMES = 400


def checked(path: Path) -> Path:
    """Return a file or folder that can be read, as an absolute path.

    Only ordinary files and folders are ever opened: a pipe or a device might never answer.

    Raises:
        UserError: It is not there, is no file, or may not be read.
    """
    path = Path(os.path.abspath(path.expanduser()))
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"There is no file {path}.", hint=near(path)) from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} can't be reached: {_words(error)}.", "Check the path.") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        what = "a pipe" if stat.S_ISFIFO(mode) else "a device or a socket"
        raise UserError(
            f"{path} is {what}, not a file.", hint="Save the data to a file and choose that one."
        )
    needed = os.R_OK | os.X_OK if stat.S_ISDIR(mode) else os.R_OK
    if not os.access(path, needed):
        raise UserError(
            f"You may not read {path}.", hint=f"Give yourself the right: chmod u+r '{path}'"
        )
    return path


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def near(path: Path) -> str:
    """A hint with names of the same folder that are like the one that is not there."""
    from difflib import get_close_matches

    try:
        names = [entry.name for entry in os.scandir(path.parent)][:_NAMES]
    except OSError:
        return f"The folder {path.parent} is not there either."
    near = get_close_matches(path.name, names, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else "Check the path."


def members(folder: Path) -> list[Path]:
    """All ordinary files of a folder and of the folders in it, sorted; hidden ones are left out.

    Raises:
        UserError: There are too many to be a data set.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place, name) for name in names if not name.startswith(".")]
        if len(found) > MOST_FILES:
            raise UserError(
                f"{folder} holds more than {MOST_FILES:,} files.",
                hint="Choose the folder that holds one folder for each class.",
            )
    return sorted(path for path in found if path.is_file())


def fingerprint(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file; of a folder that of its files' names and sizes.

    Raises:
        UserError: It can't be read.
    """
    path = checked(path)
    try:
        if not path.is_dir():
            return path.stat().st_size, sha256_of(path)
        files = [(str(file.relative_to(path)), file.stat().st_size) for file in members(path)]
    except OSError as error:
        raise UserError(f"{path} can't be read: {_words(error)}.", "Check the file.") from None
    digest = hashlib.sha256(repr(files).encode("utf-8", "surrogateescape"))
    return sum(size for _, size in files), digest.hexdigest()


def locate_own(recipe: FileRecipe) -> Located | None:
    """Where an own file is; None where it is gone or can't be read.

    A file that stands in its place but has changed is found too, not `verified`. Where there is
    none, a file of the same name in a directory of `KERASTUI_DATA` counts if it is the same.
    """
    found = _located(recipe.place, recipe)
    if found is not None:
        return found
    for folder in data_directories():
        found = _located(folder / recipe.place.name, recipe)
        if found is not None and found.verified:
            return found
    return None


def found_beside(recipe: FileRecipe, folder: Path) -> FileRecipe:
    """The recipe with the path of the same file in `folder`, where its own place is empty."""
    beside = folder / recipe.place.name
    if recipe.place.exists() or not beside.exists():
        return recipe
    found = _located(beside, recipe)
    if found is None or not found.verified:
        return recipe
    return recipe.model_copy(update={"path": str(beside.absolute())})


def changed_words(recipe: FileRecipe, located: Located) -> str:
    """A warning where a file is not what was imported; empty where it is."""
    if located.verified or not recipe.sha256:
        return ""
    return (
        f"{located.path} has changed since it was imported: its figures are not comparable with "
        "earlier ones. Import it again to accept the change."
    )


def _located(path: Path, recipe: FileRecipe) -> Located | None:
    try:
        path = checked(path)
        if not path.is_dir() and recipe.sha256 and path.stat().st_size != recipe.size:
            return Located(path, "", False, "own file")
        _, digest = fingerprint(path)
    except (UserError, OSError):
        return None
    return Located(path, digest, digest == recipe.sha256, "own file")

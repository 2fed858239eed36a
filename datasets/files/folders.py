"""Folders of one folder for each class: pictures, or text files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.by_class import PICTURES, TEXTS, by_class
from kerastui.datasets.loaded import Array, Loaded
from kerastui.datasets.recipe import FileRecipe

MOST_BYTES = 16 * 1024**3


def load_pictures(folder: Path, recipe: FileRecipe) -> Loaded:
    """Read a folder of pictures, all brought to one size and one kind of colour.

    Returns:
        `x` uint8 (n, height, width) of grey, (n, height, width, 3) of colours; `y` the class
        numbers in the sorted order of the folders' names.

    Raises:
        UserError: No classes, a file that is no picture, or more than fits into memory.
    """
    classes = by_class(folder, PICTURES)
    files = [(file, number) for number, name in enumerate(classes) for file in classes[name]]
    shape = (len(files), recipe.height, recipe.width) + ((3,) if recipe.channels == 3 else ())
    if int(np.prod(shape, dtype=np.int64)) > MOST_BYTES:
        raise UserError(
            f"{len(files):,} pictures of {recipe.width} × {recipe.height} are more than memory "
            "holds.",
            hint="Import the folder again with a smaller height and width.",
        )
    x = np.empty(shape, dtype=np.uint8)
    for place, (file, _) in enumerate(files):
        x[place] = read_picture(file, recipe)
    y = np.array([number for _, number in files], dtype=np.int32)
    return Loaded(x=x, y=y, target=("class",), classes=tuple(classes))


def read_picture(file: Path, recipe: FileRecipe) -> Array:
    """One picture as uint8 (height, width) or (height, width, 3).

    Raises:
        UserError: It is no picture, damaged, or larger than any camera's.
    """
    from PIL import Image

    try:
        with Image.open(file) as picture:
            turned = picture.convert("L" if recipe.channels == 1 else "RGB")
            size = (recipe.width, recipe.height)
            if turned.size != size:
                turned = turned.resize(size, Image.Resampling.BILINEAR)
            return np.asarray(turned, dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(
            f"{file} is no picture that can be read: {error}.",
            hint="Mend it, or take it out of the folder.",
        ) from error


def read_texts(folder: Path, recipe: FileRecipe) -> tuple[list[str], list[str]]:
    """The texts of a folder, and the class of each.

    Raises:
        UserError: No classes, or a file in another encoding.
    """
    texts, labels = [], []
    for name, files in by_class(folder, TEXTS).items():
        for file in files:
            try:
                texts.append(file.read_text(encoding=recipe.encoding))
            except (OSError, UnicodeDecodeError, LookupError) as error:
                raise UserError(
                    f"{file} can't be read as {recipe.encoding}: {error}.",
                    hint="Import the folder again with another encoding, such as cp1252.",
                ) from error
            labels.append(name)
    return texts, labels

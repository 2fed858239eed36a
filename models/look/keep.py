"""Saving a model in another format, with a card beside it that says what it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.files import write_atomically
from kerastui.models.look.opened import opened
from kerastui.models.network.errors import first_line

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Format:
    """A way to save a model.

    Attributes:
        suffix: What the name of the file ends with; empty for a folder.
        about: What it is for.
        needs: Packages it takes.
        write: Writes a model to a path.
    """

    suffix: str
    about: str
    needs: tuple[str, ...]
    write: Callable[[keras.Model, Path], Any]


def _structure(model: keras.Model, path: Path) -> None:
    path.write_text(model.to_json(indent=1), encoding="utf-8")


def _exported(name: str) -> Callable[[keras.Model, Path], Any]:
    return lambda model, path: model.export(path, format=name, verbose=False)


def _onnx(model: keras.Model, path: Path) -> None:
    model(model.inputs)  # Keras refuses to export a model as ONNX that was only loaded
    model.export(path, format="onnx", verbose=False)


FORMATS = {
    "keras": Format(".keras", "the whole model, as Keras keeps it", (),
                    lambda model, path: model.save(path)),
    "h5": Format(".h5", "the whole model in one HDF5 file, for older programs", (),
                 lambda model, path: model.save(path)),
    "weights": Format(".weights.h5", "the weights alone", (),
                      lambda model, path: model.save_weights(path)),
    "json": Format(".json", "the structure alone, without weights", (), _structure),
    "savedmodel": Format("", "a folder for TensorFlow Serving and TensorFlow.js", ("tensorflow",),
                         _exported("tf_saved_model")),
    "tflite": Format(".tflite", "one file for phones and microcontrollers", ("tensorflow",),
                     _exported("litert")),
    "onnx": Format(".onnx", "one file for other runtimes (ONNX)", ("onnx", "tf2onnx"),
                   _onnx),
}  # fmt: skip
"""Name -> format, in the order in which they are offered."""


def formats() -> dict[str, Any]:
    """Return what a model can be saved as: `formats`, each with name, suffix, about, missing."""
    return {
        "formats": [
            {"name": name, "suffix": one.suffix, "about": one.about,
             "missing": [package for package in one.needs if find_spec(package) is None]}
            for name, one in FORMATS.items()
        ]
    }  # fmt: skip


def save(path: str, format: str, target: str, card: str = "") -> dict[str, Any]:  # noqa: A002
    """Save a model in a format, whole or not at all.

    It stays compiled as its file says, with all that its optimizer keeps, so that training can go
    on from the copy.

    Args:
        path: The model's file.
        format: A name of `FORMATS`.
        target: Where it goes, without the format's suffix.
        card: Text of the card that is written beside it.

    Returns:
        `path`, `card` (empty without one), `size` in bytes.

    Raises:
        UserError: A package is missing, the format has no place for the model, or the place
            can't be written.
    """  # fmt: skip
    chosen = FORMATS[format]
    if missing := [package for package in chosen.needs if find_spec(package) is None]:
        raise UserError(
            f"To write {format} files {' and '.join(missing)} must be installed.",
            f"pip install {' '.join(missing)}",
        )
    model = opened(path).model
    final = Path(f"{target}{chosen.suffix}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent, prefix=".saving-") as folder:
            made = Path(folder) / final.name
            chosen.write(model, made)
            if final.is_dir():
                shutil.rmtree(final)
            os.replace(made, final)
    except OSError as error:
        raise UserError(
            f"The model can't be saved to {final}: {error.strerror or error}.",
            "Check the permissions and the free space.",
        ) from None
    except Exception as error:
        raise UserError(
            f"The model can't be saved as {format}: {first_line(error)}",
            "If a layer has no place in this format: .keras takes all of them.",
        ) from None
    if card:
        write_atomically(final.with_name(f"{final.name}.card.md"), card)
    return {"path": str(final), "card": f"{final}.card.md" if card else "", "size": _size(final)}


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size

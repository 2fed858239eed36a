"""What a file or a folder is, judged by what it holds and not by what it is called."""

from __future__ import annotations

import json
import tomllib
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kerastui.datasets.errors import UserError
from kerastui.models.runs.archive import is_packed_run

Kind = Literal["experiment", "run", "packed run", "study", "model", "data"]

ACCEPTED = (
    "An experiment (.toml), the directory of a run or a study, a packed run (.zip), a model "
    "(.keras, .h5, .json), or data: a table (CSV, TSV, JSON lines, Parquet), .npy, .npz, "
    "a folder of pictures or texts."
)
"""What can be opened, in words."""

_HEAD = 65_536
"""Bytes that are read of a file to say what it is."""

_MAGIC = (
    (b"\x89HDF\r\n\x1a\n", "model"),
    (b"PAR1", "data"),
    (b"\x93NUMPY", "data"),
)
_STRANGERS = (
    (b"\x89PNG", "a picture (PNG); a folder that holds a folder of pictures for each class"),
    (b"\xff\xd8\xff", "a picture (JPEG); a folder that holds a folder of pictures for each class"),
    (b"GIF8", "a picture (GIF); a folder that holds a folder of pictures for each class"),
    (b"%PDF", "a PDF document; a table or texts out of it"),
    (b"\x7fELF", "a program; data or an experiment"),
    (b"SQLite format 3\0", "an SQLite database; a table that was exported from it as CSV"),
    (b"\x1f\x8b", "compressed with gzip; what it holds, unpacked with gunzip,"),
    (b"BZh", "compressed with bzip2; what it holds, unpacked with bunzip2,"),
    (b"\xfd7zXZ", "compressed with xz; what it holds, unpacked with unxz,"),
    (b"7z\xbc\xaf", "a 7z archive; what it holds, unpacked,"),
    (b"\xd0\xcf\x11\xe0", "an old Office document; a table that was saved from it as CSV"),
    (b"\x80\x04", "a Python pickle, which could execute anything; data saved as .npz or CSV"),
    (b"\x80\x05", "a Python pickle, which could execute anything; data saved as .npz or CSV"),
)


@dataclass(frozen=True)
class Opened:
    """Something that can be opened: what it is, and where."""

    kind: Kind
    path: Path


def identify(path: Path) -> Opened:
    """Say what a path leads to.

    Raises:
        UserError: There is nothing, it can't be read, or it is nothing that can be opened: what
            was found is said, and what is accepted.
    """
    try:
        path = path.expanduser().absolute()
        if path.is_dir():
            return _folder(path)
        if path.exists() and not path.is_file():
            raise _unknown(path, "no ordinary file")
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except FileNotFoundError:
        from kerastui.datasets.files.place import near

        raise UserError(f"There is no {path}.", near(path)) from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(f"{path} can't be read: {reason}.", "Check its permissions.") from None
    return Opened(_file(path, head), path)


def _folder(path: Path) -> Opened:
    if (path / "run.json").exists():
        return Opened("run", path)
    if (path / "study.json").exists():
        return Opened("study", path)
    names = [entry.name for entry in path.iterdir() if not entry.name.startswith(".")]
    if not names:
        raise _unknown(path, "an empty folder")
    if "saved_model.pb" in names:
        raise _unknown(path, _exported("TensorFlow's SavedModel format"))
    if {"config.json", "model.weights.h5"} <= set(names):
        raise _unknown(path, "an unpacked .keras file; zip its contents to open it")
    return Opened("data", path)


def _file(path: Path, head: bytes) -> Kind:
    if not head:
        raise _unknown(path, "empty")
    if head.startswith(b"PK\x03\x04"):
        return _archive(path)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return _hdf(path) if kind == "model" else "data"
    if head[4:8] == b"TFL3":
        raise _unknown(path, _exported("LiteRT's format (TensorFlow Lite)"))
    # A protocol buffer has no magic number; its first field is the version of the format.
    if path.suffix.lower() == ".onnx" and head.startswith(b"\x08"):
        raise _unknown(path, _exported("ONNX"))
    for magic, words in _STRANGERS:
        if head.startswith(magic):
            what, _, instead = words.partition("; ")
            raise _unknown(path, f"{what}; {instead} can be opened")
    return _text(path, head)


def _archive(path: Path) -> Kind:
    """What a zip file is."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        raise _unknown(path, "a damaged zip file, perhaps not wholly downloaded") from None
    if {"config.json", "model.weights.h5"} <= set(names):
        return "model"
    if is_packed_run(names):
        return "packed run"
    if names and all(name.endswith(".npy") for name in names):
        return "data"
    if "xl/workbook.xml" in names:
        raise _unknown(path, "an Excel workbook; save the sheet as CSV to open it")
    if "word/document.xml" in names:
        raise _unknown(path, "a Word document")
    raise _unknown(path, "a zip file of something else; unpack it and open what it holds")


def _hdf(path: Path) -> Kind:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            known = {*file.attrs, *file}
    except (OSError, RuntimeError):
        raise _unknown(path, "a damaged HDF5 file, perhaps not wholly downloaded") from None
    if known & {
        "model_config",
        "layer_names",
        "model_weights",
        "layers",
        "_layer_checkpoint_dependencies",
    }:
        return "model"
    raise _unknown(path, "an HDF5 file without a Keras model")


def _text(path: Path, head: bytes) -> Kind:
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unknown(path, "binary, and nothing that is known here")
    text = head.decode("utf-8", errors="replace")
    suffix = path.suffix.lower()
    if suffix == ".toml" or _is_experiment(text):
        return "experiment"
    if text.lstrip().startswith("{") and _is_model(path, text):
        return "model"
    if suffix in (".py", ".ipynb"):
        raise _unknown(path, "a Python program, which can't be read back into an experiment")
    if text.lstrip().lower().startswith(("<!doctype", "<html")):
        raise _unknown(path, "a web page, perhaps in place of the file that was to be downloaded")
    return "data"


def _is_experiment(text: str) -> bool:
    """Whether a text is TOML with an experiment's tables, whatever its name ends with."""
    with suppress(tomllib.TOMLDecodeError, RecursionError):
        plain = tomllib.loads(text)
        return "data" in plain and "model" in plain
    return False


def _is_model(path: Path, head: str) -> bool:
    """Whether a JSON file is the structure of a model, as `Model.to_json` writes it."""
    if '"class_name"' not in head or path.stat().st_size > 64 * 2**20:
        return False
    with suppress(OSError, ValueError, RecursionError):
        plain = json.loads(path.read_text(encoding="utf-8"))
        return isinstance(plain, dict) and "class_name" in plain and "config" in plain
    return False


def _exported(form: str) -> str:
    """What is said of a network in a format that is written for other programs."""
    return (
        f"a network in {form}, which kerastui writes for other programs and does not read; open "
        "the .keras or .h5 file that it was made from"
    )


def _unknown(path: Path, what: str) -> UserError:
    return UserError(f"{path.name} is {what}.", f"What can be opened: {ACCEPTED}")

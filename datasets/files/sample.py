"""A few pieces of a file, enough to say what it is and never the whole of it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from kerastui.datasets.errors import UserError

HEAD = 128 * 1024
PIECE = 32 * 1024
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes within which the first two lines must end; wide tables have long ones."""

_FOLDER = "Choose the folder that holds a folder of pictures for each class."
_MAGIC = (
    (b"PAR1", "a Parquet file", "Call it .parquet."),
    (b"\x93NUMPY", "a NumPy array", "Call it .npy."),
    (b"PK\x03\x04", "a ZIP archive (.xlsx and .npz are such)",
     "Save an Excel table as CSV; call a NumPy archive .npz; unpack any other first."),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "Save the table as CSV."),
    (b"\x1f\x8b", "packed with gzip", "Unpack it first: gunzip FILE"),
    (b"BZh", "packed with bzip2", "Unpack it first: bunzip2 FILE"),
    (b"\xfd7zXZ\x00", "packed with xz", "Unpack it first: unxz FILE"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "Unpack it first: unzstd FILE"),
    (b"\x89HDF", "an HDF5 file", "Models are opened with kerastui FILE; save data as .npz or CSV."),
    (b"SQLite format 3", "an SQLite database", "Save the table as CSV."),
    (b"ARROW1", "an Arrow file", "Save it as Parquet."),
    (b"\x89PNG", "a picture", _FOLDER),
    (b"\xff\xd8\xff", "a picture", _FOLDER),
    (b"GIF8", "a picture", _FOLDER),
    (b"%PDF", "a PDF document", "Save the table in it as CSV."),
    (b"\x7fELF", "a program", "Choose a table, an array, or a folder."),
    (b"\x80\x04\x95", "a Python pickle, which could run any code", "Save the data as CSV or .npz."),
)  # fmt: skip
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """Bytes of a file: its beginning, and pieces of its middle and end.

    Attributes:
        pieces: Empty where the beginning is everything.
        size: Of the whole file.
    """

    head: bytes
    pieces: tuple[bytes, ...]
    size: int

    @property
    def complete(self) -> bool:
        """Whether the beginning is the whole file."""
        return len(self.head) >= self.size

    @property
    def every(self) -> tuple[bytes, ...]:
        """The beginning and the pieces."""
        return (self.head, *self.pieces)


def take(path: Path) -> Sample:
    """Read a little of a file.

    Raises:
        UserError: It can't be read, is empty, or its first lines go on for ever.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            head = stream.read(HEAD)
            while head.count(b"\n") < 2 and b"\r" not in head[:-1] and len(head) < LONGEST_LINE:
                if b"\0" in head and not _wide(head):
                    break  # no text
                more = stream.read(8 * HEAD)
                if not more:
                    break
                head += more
            pieces = []
            if size > len(head):
                for start in (size // 2, size - PIECE):
                    stream.seek(max(start, len(head)))
                    pieces.append(stream.read(PIECE))
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}.", "Check the file.") from error
    if not size:
        raise UserError(f"{path.name} is empty.", hint="Choose a file with at least one row.")
    return Sample(head, tuple(pieces), size)


def magic(head: bytes) -> tuple[str, str] | None:
    """What a file is by its first bytes, and what to do about it; None for possible text."""
    for mark, what, hint in _MAGIC:
        if head.startswith(mark):
            return what, hint
    return None


def check_text(path: Path, encoding: str = "") -> Sample:
    """Return a sample of a text file.

    Raises:
        UserError: It is binary, or one endless line.
    """
    sample = take(path)
    what = magic(sample.head)
    if what is not None:
        raise UserError(f"{path.name} is {what[0]}, not text.", hint=what[1])
    wide = encoding.replace("_", "-").lower().startswith(("utf-16", "utf-32"))
    if any(b"\0" in piece for piece in sample.every) and not (wide or _wide(sample.head)):
        raise UserError(
            f"{path.name} is not text: it holds zero bytes.",
            hint="Accepted: CSV, TSV, JSON lines, Parquet, .npy, .npz, folders of pictures or "
            "texts.",
        )
    if b"\n" not in sample.head and b"\r" not in sample.head and not sample.complete:
        raise UserError(
            f"The first line of {path.name} is longer than {LONGEST_LINE // 2**20} MB.",
            hint="A table has one row a line. Is it another kind of file, or are the line ends "
            "lost?",
        )
    return sample


def detect_encoding(sample: Sample) -> tuple[str, bool]:
    """The encoding of text, as Python calls it, and whether that is in doubt."""
    for mark, name in _BOMS:
        if sample.head.startswith(mark):
            return name, False
    if _wide(sample.head):
        return ("utf-16-le" if sample.head[1:400:2].count(0) > 20 else "utf-16-be"), True
    if all(_decodes(piece, "utf-8") for piece in sample.every):
        return "utf-8", False
    if all(_decodes(piece, "cp1252") for piece in sample.every):
        return "cp1252", True
    return "latin-1", True


def decode(piece: bytes, encoding: str) -> str:
    """Text of a piece that may begin and end within a character.

    Raises:
        UserError: There is no such encoding, or the piece is not in it.
    """
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        return decoder.decode(piece)
    except LookupError:
        raise UserError(
            f"There is no encoding called {encoding!r}.",
            hint="Accepted: utf-8, utf-16, cp1252, latin-1 and all others of Python.",
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"The file is not {encoding}: byte {piece[error.start]:#x} does not belong there.",
            hint="Try cp1252 (Windows), latin-1 or utf-16.",
        ) from None


def _wide(head: bytes) -> bool:
    """Whether text has two bytes for each character: every other one is zero."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    start = head[:400]
    even, odd = start[::2].count(0), start[1::2].count(0)
    return len(start) >= 16 and max(even, odd) > 0.6 * len(start) / 2 and min(even, odd) == 0


def _decodes(piece: bytes, encoding: str) -> bool:
    # A piece of the middle may begin within a character: up to three bytes belong to the one
    # before it.
    for skipped in range(4 if encoding == "utf-8" else 1):
        try:
            codecs.getincrementaldecoder(encoding)("strict").decode(piece[skipped:])
        except UnicodeDecodeError:
            continue
        return True
    return False

"""Writing files so that a reader, or a crash, never meets a half-written one."""

from __future__ import annotations

import os
from pathlib import Path

from kerastui.datasets.errors import UserError


def write_atomically(path: Path, text: str, *, parents: bool = True) -> None:
    """Write a text file beside its place and rename it, so that readers never see a half.

    Args:
        path: Where it belongs.
        text: Its content.
        parents: Make the folders that lead there. Not for a folder that somebody may have
            removed on purpose.

    Raises:
        UserError: The folder can't be written or the disk is full.
    """
    try:
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
        try:
            # Opened plainly, so that others may read it where the user's umask lets them.
            with beside.open("x", encoding="utf-8") as stream:
                stream.write(text)
            os.replace(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(
            f"{path} can't be written: {error.strerror}.",
            "Check the permissions and the free space, or choose another folder.",
        ) from None


def end_cut_line(path: Path) -> int:
    """End the last line of a log that was cut off in it; readers pass over a broken line.

    Returns:
        The size of the file in bytes, 0 where there is none.
    """
    try:
        with path.open("r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            if size:
                stream.seek(-1, os.SEEK_END)
                if stream.read(1) != b"\n":
                    stream.write(b"\n")
                    size += 1
            return size
    except OSError:
        return 0

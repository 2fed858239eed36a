"""Paths that somebody types."""

from __future__ import annotations

from pathlib import Path

from kerastui.datasets.errors import UserError


def expanded(typed: str) -> Path:
    """Return the path that was typed, with `~` for the home folder; touches the disk.

    Raises:
        UserError: It can be none: there is no such home folder, or a name is too long.
    """
    try:
        path = Path(typed).expanduser().absolute()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise UserError(f"That is no path: {told}.") from None
    return path

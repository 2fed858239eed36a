"""What was opened or saved last, kept in the settings."""

from __future__ import annotations

from pathlib import Path

from kerastui.tui import settings

MOST = 20


def paths() -> list[Path]:
    """Return the recent files, the last one first; those that are gone are left out."""
    kept = settings.load().get("recent")
    names = kept if isinstance(kept, list) else []
    return [path for path in (Path(str(name)) for name in names) if path.exists()]


def add(path: Path) -> None:
    """Put a file in front."""
    others = [str(other) for other in paths() if other != path]
    settings.save(recent=[str(path), *others][:MOST])

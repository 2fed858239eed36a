"""What the app remembers between sessions: a small file that may be missing or broken."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.files import write_atomically


def path() -> Path:
    """Return where the settings are kept."""
    from platformdirs import user_config_path

    return user_config_path("kerastui") / "settings.json"


def load() -> dict[str, Any]:
    """Return the settings; empty where there are none that can be read."""
    try:
        plain = json.loads(path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return plain if isinstance(plain, dict) else {}


def save(**changes: Any) -> None:
    """Change some settings. Where nothing can be written, they last for this session only."""
    with suppress(UserError):
        write_atomically(path(), json.dumps({**load(), **changes}, indent=1))

"""Where programs and data are, and the environment that everything measured runs in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
KERASTUI = str(Path(sys.executable).with_name("kerastui"))


def environment(workspace: str) -> dict[str, str]:
    """A colour terminal, a workspace and settings of its own, a quiet TensorFlow."""
    kept = {name: value for name, value in os.environ.items() if name != "SSH_CONNECTION"}
    return {
        **kept,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "KERASTUI_HOME": workspace,
        "XDG_CONFIG_HOME": f"{workspace}/config",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def data_file(data_set: str) -> Path | None:
    """The file of a data set, where it is on this machine."""
    from kerastui.datasets.catalogue import card
    from kerastui.datasets.fetch import locate

    found = locate(card(data_set))
    return found.path if found else None

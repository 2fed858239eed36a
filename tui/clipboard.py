"""Copying to the clipboard of the terminal that is looked at, over any number of connections.

The terminal is asked with the sequence OSC 52. Inside tmux it is tmux that is asked: it keeps the
text in a buffer of its own and hands it to the terminal around it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from textual.app import App

MOST = 74_994
"""Bytes that every terminal with OSC 52 takes: 100,000 in base64 and the sequence around it."""

_WRITE = "w writes it to a file instead."


async def copy(app: App[None], text: str) -> str:
    """Copy a text; returns in words where it is now.

    Raises:
        UserError: The terminal can't take it, and what can be done instead.
    """
    size = len(text.encode())
    if os.environ.get("TMUX") and shutil.which("tmux"):
        return await asyncio.to_thread(_into_tmux, text)
    terminal, program = os.environ.get("TERM", ""), os.environ.get("TERM_PROGRAM", "")
    if terminal in ("linux", "dumb", "vt100", "vt220"):
        raise UserError(f"A terminal of the kind {terminal} has no clipboard.", _WRITE)
    if program == "Apple_Terminal":
        raise UserError("Apple's Terminal lets no program write to the clipboard.", _WRITE)
    if os.environ.get("STY"):
        raise UserError("screen does not pass the clipboard on; tmux does.", _WRITE)
    if size > MOST:
        raise UserError(f"{size:,} bytes are more than terminals take ({MOST:,}).", _WRITE)
    app.copy_to_clipboard(text)
    return "Sent to the terminal's clipboard, if it takes such requests."


def _into_tmux(text: str) -> str:
    """Hand a text to tmux; since 3.2 it passes it on to the terminal."""
    for passed_on, words in (
        (("-w",), "In tmux's buffer, prefix ] pastes it, and in the terminal's clipboard if it "
                  "takes such requests."),
        ((), "In tmux's buffer: prefix ] pastes it. This tmux does not pass it on."),
    ):  # fmt: skip
        try:
            done = subprocess.run(
                ["tmux", "load-buffer", *passed_on, "-"],
                input=text.encode(), capture_output=True, timeout=5, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            break
        if done.returncode == 0:
            return words
    raise UserError("tmux did not take the text.", _WRITE)

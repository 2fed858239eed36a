"""From the command to the first frame, and the first key after it."""

from __future__ import annotations

import statistics
import sys
import tempfile

from places import HERE, KERASTUI, environment
from table import Row, pairs
from terminal import Terminal

FIRST = rb"lessons"
"""What only the first screen of the app shows."""

EXAMPLE = rb"[abcd]\d\d"
"""A moved cursor draws the example it has left and the one it has come to."""


def first_frame(repeat: int) -> list[Row]:
    """Measure both with compiled modules: the first of each is thrown away."""
    answered: list[float] = []

    def ours() -> float:
        with (
            tempfile.TemporaryDirectory() as folder,
            Terminal([KERASTUI], environment(folder), folder) as terminal,
        ):
            shown = terminal.wait_for(FIRST)
            terminal.wait_until_quiet(0.1)
            pressed = terminal.press("\x1b[B")
            answered.append(terminal.wait_for(EXAMPLE, since=pressed) - pressed)
            return shown - terminal.began

    def bare() -> float:
        with tempfile.TemporaryDirectory() as folder:
            program = [sys.executable, str(HERE / "bare_app.py")]
            with Terminal(program, environment(folder), folder) as terminal:
                return terminal.wait_for(rb"one label") - terminal.began

    ours(), bare()
    answered.clear()
    first, second = pairs(ours, bare, repeat)
    key = statistics.median(answered) * 1000
    return [
        Row(
            "first frame", f"{first * 1000:.0f} ms", f"{second * 1000:.0f} ms", first / second,
            "≤ 1.8", f"against a Textual app with one label, 80×24, median of {repeat}",
        ),
        Row("first key", f"{key:.0f} ms", budget="≤ 50 ms", note="key to its drawing, "
            f"once the first frame stands, median of {repeat}"),
    ]  # fmt: skip

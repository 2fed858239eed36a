"""A terminal at the far end of a slow line: 5 kB a second, 200 ms there and 200 ms back.

`python benchmarks/slow_link.py [--rate BYTES] [--latency SECONDS] [--size 120x40] [--silent]` opens
kerastui behind it, trains without end, presses keys, and prints how long each of them takes until
its effect is shown, and how much is under way meanwhile.
"""

from __future__ import annotations

import argparse
import math
import os
import select
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live_rows import SMALL
from places import KERASTUI, environment
from table import Row
from terminal import Terminal

from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import save
from kerastui.models.runs.store import Workspace

RATE = 5000
LATENCY = 0.2

GIVEN_UP = 60.0
"""Seconds after which a key counts as not answered."""

_QUESTION = b"\x1b[6n"
_ANSWER = b"\x1b[1;1R"


@dataclass
class Backlog:
    """What was under way when it was looked at: (moment, bytes)."""

    seen: list[tuple[float, int]] = field(default_factory=list)

    def most(self, since: float, until: float) -> int:
        """The most bytes that were under way between two moments."""
        return max((size for when, size in self.seen if since <= when < until), default=0)


class SlowTerminal(Terminal):
    """A terminal that gets what a program writes at a rate and late, and whose keys are late.

    Between the program and the line lies a buffer without limit, as those of SSH and TCP are for
    all that matters here. What a program asks the terminal is answered when the question arrives.

    Args:
        rate: Bytes a second.
        latency: Seconds in each direction.
        answers: Whether the terminal answers at all.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        *,
        columns: int = 80,
        rows: int = 24,
        rate: float = RATE,
        latency: float = LATENCY,
        answers: bool = True,
    ) -> None:
        self.rate, self.latency, self.answers = rate, latency, answers
        self.backlog = Backlog()
        self._keys: deque[tuple[float, bytes]] = deque()
        super().__init__(command, environment, folder, columns=columns, rows=rows)

    def press(self, keys: str) -> float:
        """Type keys, which the program gets later, and return when they were typed."""
        now = time.perf_counter()
        self._keys.append((now + self.latency, keys.encode()))
        return now

    def _read(self) -> None:
        """Be the line: take what the program writes, let it arrive at its rate, hand keys over."""
        waiting: deque[tuple[float, bytes]] = deque()  # when the last byte arrives, and what
        free = 0.0  # when the line has sent everything
        while True:
            now = time.perf_counter()
            while self._keys and self._keys[0][0] <= now:
                os.write(self.handle, self._keys.popleft()[1])
            while waiting and waiting[0][0] <= now:
                self._arrive(waiting.popleft()[1])
            try:
                ready, _, _ = select.select([self.handle], [], [], 0.005)
                piece = os.read(self.handle, 65536) if ready else None
            except OSError:
                piece = b""
            if piece == b"":
                break
            if piece:
                free = max(free, time.perf_counter())
                for start in range(0, len(piece), 64):
                    part = piece[start : start + 64]
                    free += len(part) / self.rate
                    waiting.append((free + self.latency, part))
            self.backlog.seen.append((time.perf_counter(), sum(len(part) for _, part in waiting)))
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _arrive(self, piece: bytes) -> None:
        with self._news:
            before = b"".join(part for _, part in self._pieces[-2:])[-len(_QUESTION) + 1 :]
            self._pieces.append((time.perf_counter(), piece))
            self._news.notify_all()
        for _ in range((before + piece).count(_QUESTION) if self.answers else 0):
            self._keys.append((time.perf_counter() + self.latency, _ANSWER))


def _keys_and_effects() -> list[tuple[str, str, bytes]]:
    """What is pressed, what it is called, and what is written when it took effect.

    Words that are drawn while a run goes on come in pieces: only what changed is written.
    """
    return [
        ("y", "logarithmic axis", rb"log y"),
        ("y", "linear axis again", rb""),
        ("l", "the question for a rate", rb"It is "),
        ("\x1b", "back from it", rb""),
        ("p", "pause is answered", rb"paus"),
        ("p", "going on", rb"running|going on"),
        ("?", "help", rb"live or ended"),
        ("\x1b", "back from it", rb""),
    ]


@dataclass(frozen=True)
class Measured:
    """What a session over a slow line was like: bytes a second, seconds a key, bytes under way."""

    rate: float
    keys: list[tuple[str, float]]
    backlog: int


def session(
    program: Sequence[str], environment: Mapping[str, str], folder: str, *,
    rate: float = RATE, latency: float = LATENCY, answers: bool = True, seconds: float = 12.0,
    columns: int = 80, rows: int = 24,
) -> Measured:  # fmt: skip
    """Open the app with an experiment, train, press keys, and look at the line meanwhile."""
    terminal = SlowTerminal(
        program, environment, folder, rate=rate, latency=latency, answers=answers,
        columns=columns, rows=rows,
    )  # fmt: skip
    with terminal:
        terminal.wait_for(rb"settings|No run is shown", timeout=60)
        time.sleep(8)  # until the nursery has imported Keras
        terminal.press("r")
        terminal.wait_for_words("running", timeout=120)
        time.sleep(5)
        began = time.perf_counter()
        time.sleep(seconds)
        ended = time.perf_counter()
        keys = []
        for key, name, effect in _keys_and_effects():
            pressed = terminal.press(key)
            if effect:
                # The question: only what was sent after the key counts.
                since = pressed + terminal.latency
                try:
                    seen = terminal.wait_for(effect, since=since, timeout=GIVEN_UP) - pressed
                except TimeoutError:
                    seen = math.inf
                keys.append((name, seen))
            time.sleep(2.5)
        return Measured(
            terminal.written(began, ended) / (ended - began), keys,
            terminal.backlog.most(began, ended),
        )  # fmt: skip


def rows(quick: bool) -> list[Row]:
    """Measure a session over the slow line, for the table."""
    found = _small(seconds=6.0 if quick else 12.0)
    slowest = max(taken for _, taken in found.keys)
    how = f"{RATE / 1000:g} kB a second, {LATENCY * 1000:.0f} ms each way, Train screen, 80×24"
    return [
        Row("written a second, slow line", f"{found.rate:.0f} B", note=how),
        Row("under way at most, slow line", f"{found.backlog} B",
            note="1,000 B take 200 ms to arrive"),
        Row("key to effect, slow line", f"{slowest:.2f} s",
            note=f"the slowest of {len(found.keys)}; 0.4 s of it there and back"),
    ]  # fmt: skip


def _small(**wishes: Any) -> Measured:
    """Hold a session with the small network of the live rows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "small.toml"
        save(Experiment.model_validate(SMALL), file)
        try:
            return session([KERASTUI, str(file)], environment(folder), folder, **wishes)
        finally:
            for run in Workspace(Path(folder)).runs():
                run.kill()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=RATE, help="bytes a second")
    parser.add_argument("--latency", type=float, default=LATENCY, help="seconds, one way")
    parser.add_argument("--size", default="80x24")
    parser.add_argument("--silent", action="store_true", help="the terminal answers no question")
    chosen = parser.parse_args()
    columns, rows = map(int, chosen.size.split("x"))
    found = _small(rate=chosen.rate, latency=chosen.latency, answers=not chosen.silent,
                   columns=columns, rows=rows)  # fmt: skip
    print(f"{found.rate:.0f} B a second, {found.backlog} B under way at most")
    for name, taken in found.keys:
        print(f"{taken:6.2f} s  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A program in a pseudo-terminal: what it writes and when, and keys for it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from screen import Screen


class Terminal:
    """Runs a program in a terminal of its own and keeps everything it writes.

    Args:
        command: Program and arguments.
        environment: Its environment variables.
        folder: Where it runs.
        columns, rows: The size of the terminal.

    Attributes:
        began: When the program was started (`time.perf_counter`).
        handle: The descriptor of the terminal's own end.
        screen: What is shown, as far as it was waited for.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        *,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self._pieces: list[tuple[float, bytes]] = []
        self._news = threading.Condition()
        self._ended = False
        self._drawn = 0
        self.screen = Screen()
        self.began = time.perf_counter()
        self.pid, self.handle = pty.fork()
        if self.pid == 0:  # the child
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.chdir(folder)
                os.execvpe(command[0], list(command), dict(environment))
            finally:
                os._exit(127)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> None:
        while True:
            try:
                ready, _, _ = select.select([self.handle], [], [], 0.5)
                piece = os.read(self.handle, 65536) if ready else None
            except OSError:
                piece = b""
            if piece is None:
                continue
            with self._news:
                if piece:
                    self._pieces.append((time.perf_counter(), piece))
                else:
                    self._ended = True
                self._news.notify_all()
            if not piece:
                return

    def press(self, keys: str) -> float:
        """Type keys and return when (`time.perf_counter`)."""
        now = time.perf_counter()
        os.write(self.handle, keys.encode())
        return now

    def wait_for(self, pattern: bytes, *, since: float = 0.0, timeout: float = 60.0) -> float:
        """Wait until what was written since a moment matches, and return when it did.

        Raises:
            TimeoutError: It never came, or the program ended before.
        """
        wanted = re.compile(pattern)
        until = time.perf_counter() + timeout
        with self._news:
            while True:
                text = b""
                for moment, piece in self._pieces:
                    if moment >= since:
                        text += piece
                        if wanted.search(text):
                            return moment
                left = until - time.perf_counter()
                if left <= 0 or self._ended:
                    raise TimeoutError(f"{pattern!r} was not written; the last: {text[-600:]!r}")
                self._news.wait(min(left, 1.0))

    def wait_for_words(self, words: str, *, timeout: float = 60.0) -> float:
        """Wait until words stand on the screen, and return when they did.

        Raises:
            TimeoutError: They never came, or the program ended before.
        """
        until = time.perf_counter() + timeout
        with self._news:
            while True:
                while self._drawn < len(self._pieces):
                    moment, piece = self._pieces[self._drawn]
                    self._drawn += 1
                    self.screen.feed(piece)
                    if words in self.screen.text:
                        return moment
                if words in self.screen.text:
                    return self._pieces[-1][0]
                left = until - time.perf_counter()
                if left <= 0 or self._ended:
                    raise TimeoutError(f"{words!r} is not shown:\n{self.screen.text}")
                self._news.wait(min(left, 1.0))

    def wait_until_quiet(self, seconds: float, *, timeout: float = 30.0) -> None:
        """Wait until nothing has been written for so long, or the time is over."""
        until = time.perf_counter() + timeout
        while (now := time.perf_counter()) < until:
            with self._news:
                last = self._pieces[-1][0] if self._pieces else self.began
            if now - last >= seconds:
                return
            time.sleep(seconds - (now - last))

    def written(self, since: float, until: float) -> int:
        """Bytes written between two moments."""
        with self._news:
            return sum(len(piece) for moment, piece in self._pieces if since <= moment < until)

    def close(self) -> None:
        """End the program and wait for it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            until = time.monotonic() + 5
            while time.monotonic() < until:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    self._reader.join(2)
                    os.close(self.handle)
                    return
                time.sleep(0.05)

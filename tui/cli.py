"""The command `kerastui`: the app at once, everything else through typer.

Typer, rich and pydantic are imported only for subcommands: the app's first frame does not wait
for them.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import NoReturn

from kerastui.datasets.errors import UserError

COMMANDS = ("run", "examples", "check", "runs", "data", "code", "doctor", "headless")

_FOR_TYPER = frozenset({"--help", "-h", "--version", "--install-completion", "--show-completion"})
_INTERRUPTED = 130


def main() -> None:
    """Start the app or a command, and leave with 0 (done), 1 (failed) or 2 (wrong usage)."""
    try:
        code = _start(sys.argv[1:])
    except UserError as error:
        from kerastui.tui.commands.output import UsageError, complain

        complain(error)
        code = 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        code = _INTERRUPTED
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read (`| head`) has enough; Python would complain about it when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


def _start(words: list[str]) -> int:
    rest, workspace = _without_workspace(words)
    first = rest[0] if rest else ""
    if first in COMMANDS or first in _FOR_TYPER or "_KERASTUI_COMPLETE" in os.environ:
        return _command(words)
    if workspace:
        # Whatever is started from here finds it there.
        os.environ["KERASTUI_HOME"] = str(Path(workspace).expanduser().absolute())
    file = _file(rest)
    if on_terminal():
        open_app(file)
        return 0
    if file is not None:
        _wrong(
            f"The app can't open {file}: this is not a terminal.",
            f"Without one there is: kerastui run {file}",
        )
    return _without_terminal()


def on_terminal() -> bool:
    """Say whether the app can be opened here."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def open_app(file: Path | None) -> None:
    """Open the app, with what a path leads to, until it is left."""
    gc.disable()  # until the first frame stands: collecting takes a quarter of the way there
    from kerastui.tui.app import KerasTui

    KerasTui(file=str(file) if file else None).run()
    _leave_no_thread_behind()


def _leave_no_thread_behind(seconds: float = 2.0) -> None:
    """End the process at once where a thread of the app does not end by itself.

    The thread that reads the keys can spin for ever on a terminal that is gone; the process
    would wait for it and keep a core busy.
    """
    import threading
    import time

    deadline = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread is threading.current_thread() or thread.daemon:
            continue
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            os._exit(0)


def _command(words: list[str]) -> int:
    from kerastui.tui.commands.root import app

    try:
        app(words, prog_name="kerastui")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def _without_terminal() -> int:
    """Train an example whose data are here, so that the first start shows something anywhere."""
    from kerastui.datasets.catalogue import card
    from kerastui.datasets.fetch import locate

    name = "a05-ionosphere" if locate(card("ionosphere")) else "a13-learning-curves"
    print(f"This is not a terminal, so the app stays closed and {name} is trained instead.")
    print("In a terminal kerastui opens the app; kerastui --help shows what else there is.\n")
    return _command(["run", name])


def _without_workspace(words: list[str]) -> tuple[list[str], str]:
    """Take `--workspace DIR` away where it stands before a command, or beside a file."""
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == "--workspace":
            if not equals:
                value = words[index + 1] if index + 1 < len(words) else ""
            if not value:
                _wrong("--workspace needs a directory.", "As in: kerastui --workspace ~/lab")
            return words[:index] + words[index + (1 if equals else 2) :], value
        if word in COMMANDS:
            break
    return words, ""


def _file(words: list[str]) -> Path | None:
    """Return the file the app is to open.

    Raises:
        UsageError: It is an option or a command that isn't known, or there is no such file.
    """
    if not words:
        return None
    word = words[0]
    if word.startswith("-"):
        _wrong(f"There is no option {word}.", "See: kerastui --help")
    if len(words) > 1:
        _wrong(f"The app opens one file; received {' '.join(words)}.", "See: kerastui --help")
    try:
        file = Path(word).expanduser()
        there = file.exists()
    except (OSError, RuntimeError, ValueError) as error:
        _wrong(f"That is no path: {getattr(error, 'strerror', None) or error}.", "Check it.")
    if not there:
        from difflib import get_close_matches

        from kerastui.models import shipped

        if any(word in (entry.name, entry.id) for entry in shipped.index()):
            _wrong(f"{word} is an example, not a file.", f"Train it with: kerastui run {word}")
        close = get_close_matches(word, COMMANDS, n=1)
        hint = f"Did you mean kerastui {close[0]}?" if close else "See: kerastui --help"
        _wrong(f"{word} is neither a command nor a file.", hint)
    return file


def _wrong(message: str, hint: str) -> NoReturn:
    from kerastui.tui.commands.output import UsageError

    raise UsageError(message, hint)


if __name__ == "__main__":
    main()

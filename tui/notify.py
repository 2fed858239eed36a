"""Calling the user: a bell, a notification of the desktop, a command, when a run needs a look.

What is wanted stands in the settings under `notify`:

| field | what |
| --- | --- |
| `when` | list of `ended`, `failed`, `nan`, `overfit`; all by default, none: `[]` |
| `bell` | whether the terminal rings (true) |
| `desktop` | `auto`: where the terminal is known to have it; `osc 9`, `osc 777`; `off` |
| `command` | a program with arguments, empty for none (the default) |

The command is never given to a shell. `{title}`, `{summary}`, `{run}` and `{event}` in its
arguments are replaced; the summary is also its standard input, and the environment has
`KERASTUI_EVENT`, `KERASTUI_RUN`, `KERASTUI_TITLE` and `KERASTUI_SUMMARY`.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.tui import settings

if TYPE_CHECKING:
    from kerastui.models.runs.store import Run

WHEN = {
    "ended": "a run of 10 s or longer ends",
    "failed": "a run fails or loses its worker",
    "nan": "the loss becomes NaN",
    "overfit": "a run starts to overfit",
}
DESKTOP = ("auto", "off", "osc 9", "osc 777")

_PROGRAMS = {"iTerm.app": "osc 9", "WezTerm": "osc 777", "ghostty": "osc 777"}
"""TERM_PROGRAM of terminals that show notifications -> the sequence they know."""
_TERMS = (
    ("xterm-kitty", "osc 9"), ("xterm-ghostty", "osc 777"), ("foot", "osc 777"),
    ("rxvt-unicode", "osc 777"),
)  # fmt: skip
"""Beginning of TERM, which SSH hands on, -> the sequence."""

LONGEST = 200
"""Characters of a notification; terminals and desktops cut what is longer, each in its way."""

LEAST = 10.0
"""Seconds that a run takes before its end is worth a call."""

TOLD = "told"
"""File in a run's directory: what somebody was called for already."""


@dataclass(frozen=True)
class Wishes:
    """When and how one wants to be called."""

    when: tuple[str, ...] = tuple(WHEN)
    bell: bool = True
    desktop: str = "auto"
    command: str = ""

    @classmethod
    def load(cls) -> Wishes:
        """Return what the settings say; what is not understood there counts as not said."""
        plain = settings.load().get("notify")
        return cls.read(plain) if isinstance(plain, dict) else cls()

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Wishes:
        """Return wishes from plain values."""
        known: dict[str, Any] = {}
        if isinstance(when := plain.get("when"), list):
            known["when"] = tuple(name for name in WHEN if name in when)
        if isinstance(plain.get("bell"), bool):
            known["bell"] = plain["bell"]
        if plain.get("desktop") in DESKTOP:
            known["desktop"] = plain["desktop"]
        if isinstance(plain.get("command"), str):
            known["command"] = plain["command"]
        return cls(**known)

    def save(self) -> None:
        """Write them to the settings."""
        plain = asdict(self)
        plain["when"] = list(self.when)
        settings.save(notify={field.name: plain[field.name] for field in fields(self)})


@dataclass(frozen=True)
class Call:
    """What somebody is called for.

    Attributes:
        event: One of `WHEN`.
        run: Id of the run, or of the study.
        title: A few words.
        summary: A paragraph.
    """

    event: str
    run: str
    title: str
    summary: str


def sequences(call: Call, wishes: Wishes, environment: Mapping[str, str] | None = None) -> str:
    """Return what is written to the terminal: the bell, and a notification where it has any."""
    environment = os.environ if environment is None else environment
    wanted = wishes.desktop
    if wanted == "auto":
        wanted = _known(environment)
    text = "\a" if wishes.bell else ""
    title, body = _harmless(call.title), _harmless(call.summary)
    if wanted == "osc 9":
        text += _through(f"\x1b]9;{title}\x1b\\", environment)
    elif wanted == "osc 777":
        text += _through(f"\x1b]777;notify;{title};{body}\x1b\\", environment)
    return text


def _known(environment: Mapping[str, str]) -> str:
    if known := _PROGRAMS.get(environment.get("TERM_PROGRAM", "")):
        return known
    if environment.get("KITTY_WINDOW_ID"):
        return "osc 9"
    terms = (environment.get("TERM", ""), environment.get("LC_TERMINAL", ""))
    if terms[1] == "iTerm2":  # which SSH hands on
        return "osc 9"
    return next((known for start, known in _TERMS if terms[0].startswith(start)), "off")


def _through(sequence: str, environment: Mapping[str, str]) -> str:
    """Return a sequence as it passes through tmux (`allow-passthrough on`) or screen."""
    # A tmux on the near side of SSH is known by the kind of its terminal only.
    if environment.get("TMUX") or environment.get("TERM", "").startswith("tmux"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environment.get("STY"):
        # Screen ends the string that it passes on at the first string terminator.
        return "\x1bP" + sequence.replace("\x1b\\", "\a") + "\x1b\\"
    return sequence


def _harmless(text: str) -> str:
    """Return text that can't end a control sequence, nor a field of it."""
    line = "".join(sign if sign.isprintable() else " " for sign in text).replace(";", ",")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def run_command(call: Call, command: str) -> None:
    """Start the command of the settings and leave it to itself.

    Raises:
        UserError: It can't be read as a command, or not be started.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UserError(
            f"The command for notifications can't be read: {error}.",
            "Close every quotation mark; as in: notify-send {title} {summary}",
        ) from None
    if not words:
        return
    values = asdict(call)
    for name, value in values.items():
        words = [word.replace(f"{{{name}}}", value) for word in words]
    names = {f"KERASTUI_{name.upper()}": value for name, value in values.items()}
    try:
        # A file, not a pipe: whoever does not read it keeps nobody waiting.
        with tempfile.TemporaryFile() as text:
            text.write(f"{call.summary}\n".encode())
            text.seek(0)
            process = subprocess.Popen(
                words, stdin=text, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True, env={**os.environ, **names},
            )  # fmt: skip
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(
            f"The command for notifications can't be started: {words[0]}: {why}.",
            "Give a program that is there, with its arguments, or leave the command empty.",
        ) from None
    threading.Thread(target=process.wait, name=f"wait-{process.pid}", daemon=True).start()


def claim(folder: Path, call: Call, moment: float) -> bool:
    """Say whether the command is this process' to run: only the first of several watchers runs it.

    Args:
        folder: The run's directory.
        call: What is told.
        moment: When it happened, as the run's log says.
    """
    line = f"{call.event} {moment:.3f}\n"
    try:
        with (folder / TOLD).open("a+", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.seek(0)
            if line in stream:
                return False
            stream.write(line)
    except OSError:
        return True  # a directory that can't be written: better twice than never
    return True


def in_words(event: str, run: Run) -> tuple[Call, float]:
    """Return what is said of a run, and when its log says that it happened; for a thread.

    Raises:
        UserError: The run can't be read.
    """
    from kerastui.models.adviser import overfit
    from kerastui.models.runs import words as run_words

    info, history = run.info(), run.history()
    try:
        experiment = run.experiment()
    except UserError:
        experiment = None
    text = run_words.in_words(info, history, experiment)
    title = run_words.headline(info, history)
    if event == "overfit":
        since = overfit.since(history)
        title = f"{info.name} starts to overfit" + (f" (epoch {since:,})" if since else "")
    elif event == "nan":
        title = f"{info.name}: the loss became NaN"
    moment = history.ended.get("t") if event != "overfit" else 0.0
    return Call(event, run.id, title, text), float(moment or info.started or 0.0)


def short(run: Run) -> bool:
    """Say whether a run was over so soon that whoever started it has hardly looked away."""
    info = run.info()
    return bool(info.started and info.ended and info.ended - info.started < LEAST)


def call_from_terminal(run: Run) -> None:
    """Call for the end of a run that a command waited for, on the terminal it was given in.

    A command that can't be started is told, and keeps nobody from what the run reached.

    Raises:
        UserError: The run can't be read.
    """
    from kerastui.tui.commands.output import complain

    info = run.info()
    event = (
        "nan" if run.history().broke else "failed" if info.status in ("failed", "lost") else "ended"
    )
    wishes = Wishes.load()
    if event not in wishes.when or short(run):
        return
    call, moment = in_words(event, run)
    if sys.stderr.isatty():
        sys.stderr.write(sequences(call, wishes))
        sys.stderr.flush()
    if wishes.command and claim(run.path, call, moment):
        try:
            run_command(call, wishes.command)
        except UserError as error:
            complain(error)

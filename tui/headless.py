"""The real app without a terminal: press keys, wait for a state, print the screen."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import ACTIVE
from kerastui.tui.app import KerasTui

if TYPE_CHECKING:
    from textual.app import App

    from kerastui.tui.launcher import Launcher

STATES = ("started", "running", "paused", "ended", "finished", "stopped", "failed", "lost")
"""What can be waited for: a state of the run that is shown, `started` or `ended`."""


@dataclass(frozen=True)
class Outcome:
    """What the app was like when the keys were pressed.

    Attributes:
        screen: The text on the screen, a line for each row.
        section: The section that was shown.
        run: The id of the run that was shown, empty if none was.
        status: Its state.
    """

    screen: str
    section: str
    run: str = ""
    status: str = ""


def run_headless(
    *,
    size: str = "80x24",
    keys: Sequence[str] | str = (),
    wait: str | None = None,
    timeout: float = 600.0,
    screenshot: Path | None = None,
    workspace: Path | None = None,
    file: str | None = None,
    launcher: Launcher | None = None,
) -> Outcome:
    """Drive the app through Textual's Pilot and return what was on the screen at the end.

    Args:
        size: Columns and rows, as in `80x24`.
        keys: Names of keys as Textual calls them (`r`, `enter`, `question_mark`), separated by
            spaces where it is one string. `wait:STATE` among them waits for a state there,
            `pause:SECONDS` for a while; `text:ABC` types the letters one by one.
        wait: The state to wait for after the keys.
        timeout: Seconds to wait for a state.
        screenshot: Where to write a picture of the screen, as SVG.
        workspace: Where runs are kept.
        file: What to open at the start.
        launcher: Starts runs; None takes the real one.

    Raises:
        UserError: The size or a key is not understood, or the state did not come in time.
    """
    columns, rows = _size(size)
    pressed = keys.split() if isinstance(keys, str) else list(keys)
    app = KerasTui(workspace, file, launcher)
    return asyncio.run(_drive(app, (columns, rows), pressed, wait, timeout, screenshot))


async def _drive(
    app: KerasTui,
    size: tuple[int, int],
    keys: list[str],
    wait: str | None,
    timeout: float,  # noqa: ASYNC109 - waiting for a state reports which one it has instead
    screenshot: Path | None,
) -> Outcome:
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        for key in keys:
            kind, _, rest = key.partition(":")
            if kind == "wait" and rest:
                await _wait_for(app, rest, timeout)
            elif kind == "pause" and rest:
                await asyncio.sleep(_seconds(rest))
            elif kind == "text" and rest:
                await pilot.press(*rest)
            else:
                await pilot.press(key)
            await pilot.pause()
        if wait:
            await _wait_for(app, wait, timeout)
        await pilot.pause(0.2)  # whatever came last is drawn
        if screenshot is not None:
            svg = app.export_screenshot(title="kerastui")
            await asyncio.to_thread(_write, screenshot, svg)
        return Outcome(
            screen_text(app),
            app.current_mode,
            app.shown_run.id if app.shown_run else "",
            app.monitor.status if app.monitor else "",
        )


async def _wait_for(app: KerasTui, state: str, timeout: float) -> None:  # noqa: ASYNC109
    if state not in STATES:
        raise UserError(
            f"{state!r} is no state that can be waited for.", f"Accepted: {', '.join(STATES)}."
        )
    until = time.monotonic() + timeout
    status = ""
    while time.monotonic() < until:
        status = app.monitor.status if app.monitor and app.monitor.ready else ""
        if app.study is not None:
            status = app.study_info.status if app.study_info else ""
        ended = bool(status) and status not in ACTIVE
        if status == state or (state == "ended" and ended):
            return
        if state == "started" and (ended or status in ("running", "paused")):
            return
        if ended and state not in ("ended", "started"):
            raise UserError(f"The run is {status}, and so never {state}.")
        await asyncio.sleep(0.05)
    has = f"the run is {status}" if status else "no run is shown"
    raise UserError(f"After {timeout:g} s the run is not {state}: {has}.")


_TEXT = re.compile(
    r'<text class="[^"]*" x="([\d.]+)" y="[\d.]+" textLength="[\d.]+" '
    r'clip-path="url\(#[^"]*-line-(\d+)\)">(.*?)</text>'
)
_CELL = 12.2
"""Width of a cell in the pictures that Rich draws."""


def screen_text(app: App[Any]) -> str:
    """Return what is on the screen as text, read from the picture that Textual gives out."""
    lines = [""] * app.screen.size.height
    for x, line, text in _TEXT.findall(app.export_screenshot()):
        if int(line) < len(lines):
            cells = Content(lines[int(line)]).cell_length
            lines[int(line)] += " " * (round(float(x) / _CELL) - cells) + html.unescape(text)
    return "\n".join(line.replace("\xa0", " ").rstrip() for line in lines)


def _size(size: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})[x×](\d{1,4})", size.strip().lower())
    if found is None or not (int(found[1]) and int(found[2])):
        raise UserError(f"{size!r} is no size.", "Give columns and rows, for example 80x24.")
    return int(found[1]), int(found[2])


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(f"{text!r} is no number of seconds.", "For example pause:0.5.") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}.") from None

"""`kerastui headless`: the real app without a terminal."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kerastui.tui.commands.options import Json, WorkspaceFolder
from kerastui.tui.commands.output import UsageError, write_json


def headless(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="What to open, as with the app.", show_default=False),
    ] = None,
    size: Annotated[str, typer.Option(metavar="COLUMNSxROWS", help="The screen.")] = "80x24",
    keys: Annotated[
        str,
        typer.Option(
            metavar="KEYS",
            help='Keys to press, separated by spaces, as in "down enter r". wait:STATE among '
            "them waits for a state of the run, pause:SECONDS for a while, text:ABC types.",
        ),
    ] = "",
    wait: Annotated[
        str | None,
        typer.Option(
            metavar="STATE",
            help="After the keys, wait for a state of the run that is shown: started, running, "
            "paused, ended, finished, stopped, failed or lost.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for a state.", min=0.1)] = 600.0,
    screenshot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.svg", help="Write a picture of the screen.", show_default=False),
    ] = None,
    text: Annotated[
        bool,
        typer.Option("--text", help="Print the screen; so it is anyway without --screenshot."),
    ] = False,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Press keys in the real app without a terminal and print the screen."""
    from kerastui.tui import headless as app

    if not re.fullmatch(r"[1-9]\d{0,3}[x×][1-9]\d{0,3}", size):
        raise UsageError(f"{size!r} is no size.", "Give columns and rows, for example 80x24.")
    if wait is not None and wait not in app.STATES:
        raise UsageError(f"{wait!r} is no state.", f"Accepted: {', '.join(app.STATES)}.")
    outcome = app.run_headless(
        size=size,
        keys=keys,
        wait=wait,
        timeout=timeout,
        screenshot=screenshot,
        workspace=workspace_,
        file=file,
    )
    if json:
        write_json(asdict(outcome))
    elif text or screenshot is None:
        sys.stdout.write(outcome.screen + "\n")

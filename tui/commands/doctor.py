"""`kerastui doctor`: versions, hardware, and why there is no GPU."""

from __future__ import annotations

import sys

from rich.text import Text

from kerastui.tui.commands.options import Json, WorkspaceFolder
from kerastui.tui.commands.output import stderr, stdout

_STYLES = {
    "heading": "bold",
    "plain": "",
    "ok": "green",
    "note": "yellow",
    "problem": "red",
    "command": "cyan",
}


def doctor(json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """Show versions, backends and GPUs, why there is none, and the command that cures it."""
    from kerastui.models.machine.doctor import examine, lines

    if sys.stderr.isatty():
        with stderr().status("Asking TensorFlow what it sees …"):
            report = examine(workspace=workspace_)
    else:
        report = examine(workspace=workspace_)
    if json:
        sys.stdout.write(report.to_json() + "\n")
        return
    console = stdout()
    for style, text in lines(report):
        console.print(Text(text, style=_STYLES[style]), soft_wrap=True)

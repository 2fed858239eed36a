"""`kerastui code`: an experiment as a Python script."""

from __future__ import annotations

import sys

from kerastui.tui.commands.options import (
    Changes,
    Source,
    WorkspaceFolder,
    changes,
    experiment,
)
from kerastui.tui.commands.output import arguments, stdout


def code(source: Source, set_: Changes = None, workspace_: WorkspaceFolder = None) -> None:
    """Print an example or experiment as a runnable Keras script that needs no kerastui."""
    with arguments():
        chosen = experiment(source, workspace_)
        chosen = chosen.changed(changes(set_ or [])) if set_ else chosen
    from kerastui.models.code import script

    text = script(chosen)
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.syntax import Syntax

    stdout().print(Syntax(text, "python", theme="ansi_dark", background_color="default"))

"""`kerastui code`: an experiment as a Python script or a notebook."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kerastui.tui.commands.options import (
    Changes,
    Source,
    WorkspaceFolder,
    changes,
    experiment,
)
from kerastui.tui.commands.output import arguments, stdout

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write it there instead; a name that ends with .ipynb gives a Jupyter notebook.",
        show_default=False,
    ),
]


def code(
    source: Source,
    set_: Changes = None,
    output: Output = None,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Print an example, experiment or run as a Keras script that needs no kerastui.

    It reads the data where it is on this machine; otherwise from its published address.
    """
    with arguments():
        chosen = experiment(source, workspace_)
        chosen = chosen.changed(changes(set_ or [])) if set_ else chosen
    from kerastui.models.code import local_data, script

    located = local_data(chosen)
    if output is not None:
        from kerastui.models.code.notebook import notebook
        from kerastui.models.files import write_atomically

        write = notebook if output.suffix == ".ipynb" else script
        write_atomically(output, write(chosen, located))
        return
    text = script(chosen, located)
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.syntax import Syntax

    stdout().print(Syntax(text, "python", theme="ansi_dark", background_color="default"))

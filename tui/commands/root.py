"""The subcommands under one roof."""

from __future__ import annotations

import os
from importlib import metadata
from typing import Annotated

import typer

from kerastui.tui.commands import check, code, data, doctor, examples, headless, run, runs
from kerastui.tui.commands.options import WorkspaceFolder

app = typer.Typer(
    name="kerastui",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A complete Keras workbench in a terminal.",
    epilog="Without a command kerastui opens the app: kerastui [--workspace DIR] [FILE]. "
    "FILE is an experiment, a run, a model or data. First steps: kerastui examples, then "
    "kerastui run a05. Exit codes: 0 done, 1 the work failed, 2 wrong usage.",
)

app.command("run")(run.run)
app.command("examples")(examples.examples)
app.command("check")(check.check)
app.add_typer(runs.app, name="runs")
app.add_typer(data.app, name="data")
app.command("code")(code.code)
app.command("doctor")(doctor.doctor)
app.command("headless")(headless.headless)


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """A complete Keras workbench in a terminal: train, watch, compare and look inside."""
    if version:
        print("kerastui", metadata.version("kerastui"))
    elif context.invoked_subcommand is None:
        print(context.get_help())
    if workspace_:
        os.environ["KERASTUI_HOME"] = str(workspace_.expanduser().absolute())

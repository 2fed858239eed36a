"""`kerastui run`: train without the app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from kerastui.datasets.errors import UserError
from kerastui.tui.commands.options import (
    Changes,
    Json,
    Source,
    WorkspaceFolder,
    changes,
    experiment,
    workspace,
)
from kerastui.tui.commands.output import (
    arguments,
    complain,
    progress,
    stdout,
    write_json,
)

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.store import Run, Workspace

_KILLED = 130


def run(
    source: Source,
    set_: Changes = None,
    execution: Annotated[
        str | None,
        typer.Option(metavar="auto|fast|plain", help="How to train; plain is Keras' own fit."),
    ] = None,
    backend: Annotated[
        str | None, typer.Option(metavar="tensorflow|jax|torch", help="Keras' backend.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Everything random follows from it.")] = None,
    substitute: Annotated[
        bool, typer.Option("--substitute", help="Use the named stand-in where data are missing.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start it and leave; see kerastui runs attach.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(help="Runs of a study at a time; 0: as cores, GPUs and memory allow.", min=0),
    ] = 0,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Train an example or an experiment and compare with the published figures.

    Ctrl-C (or SIGTERM) once stops after the batch and keeps the model, twice quits at once.
    A stopped or killed run goes on with kerastui runs resume.

    An experiment with a study runs all its members, as many at a time as the machine allows.

    The training is a process of its own and goes on when this terminal is lost.
    """
    from kerastui.models.studies import members as studies
    from kerastui.tui.commands import study

    with arguments():
        asked = changes(set_ or [])
        for path, value in (("execution", execution), ("backend", backend), ("seed", seed)):
            if value is not None:
                asked[path] = value
        if substitute:
            asked["data.substitute"] = True
        chosen = experiment(source, workspace_)
        chosen = chosen.changed(asked) if asked else chosen
        studies.members(chosen)
    home = workspace(workspace_)
    if detach:
        _detach(chosen, home, jobs, json)
        return
    code = study.train(chosen, home, jobs, json) if chosen.study else _train(chosen, home, json)
    if code:
        raise typer.Exit(code)


def _detach(chosen: Experiment, home: Workspace, jobs: int, json: bool) -> None:
    from kerastui.models.processes.launch import launch
    from kerastui.tui.commands import study

    console = stdout()
    if chosen.study:
        folder = study.start(chosen, home, jobs)
        if json:
            write_json({"study": folder.id, "status": folder.info().status})
        else:
            console.print(Text(f"Started the study {folder.id}"))
            console.print(Text(f"Watch it: kerastui runs attach {folder.id}", style="dim"))
        return
    started = home.create(chosen)
    pid = launch(started)
    if json:
        write_json({"run": started.id, "status": started.info().status, "pid": pid})
        return
    console.print(Text(f"Started {started.id}"))
    console.print(Text(f"Watch it: kerastui runs attach {started.id}", style="dim"))


def _train(chosen: Experiment, home: Workspace, json: bool) -> int:
    """Train one run, show it until its end and report; returns the exit code."""
    from kerastui.models.processes.launch import launch

    run = home.create(chosen)
    launch(run)
    return watch(run, json)


def watch(run: Run, json: bool) -> int:
    """Show a run that was just started until its end and report; returns the exit code."""
    from kerastui.tui import notify
    from kerastui.tui.commands.follow import Presses, follow, view

    with Presses() as presses:
        if not follow(run, view(progress(json)), presses, own=True):
            hint = f"Go on from there: kerastui runs resume {run.id}"
            complain(UserError("Killed; what the last checkpoint holds remains.", hint))
            return _KILLED
    notify.call_from_terminal(run)
    return _report(run.experiment(), run, json)


def _report(chosen: Experiment, run: Run, json: bool) -> int:
    """Print what a run reached.

    Stopping by hand keeps the model: that is work done, exit code 0. Failed, lost, or ended by
    numbers that are not finite is not.
    """
    from kerastui.models.studies import members as studies
    from kerastui.tui.commands import outcome

    result, info, history = studies.result(run, studies.wanted(chosen)), run.info(), run.history()
    verdicts = studies.verdicts(chosen, [result])
    if json:
        write_json(outcome.as_json(run, info, result, verdicts))
        if info.status in ("failed", "lost"):
            # Why, for a person: standard output holds only JSON.
            error = info.error or {"message": f"{info.id} lost its worker.", "hint": ""}
            complain(UserError(str(error.get("message", "")), str(error.get("hint", ""))))
        elif history.broke:
            complain(UserError(f"{info.id}: {history.ended['text']}."))
    else:
        outcome.print_outcome(stdout(), run, info, result, verdicts)
        outcome.print_verdicts([info], verdicts)
    done = info.status in ("finished", "stopped") and not history.broke
    return 0 if done else 1

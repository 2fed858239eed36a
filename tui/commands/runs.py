"""`kerastui runs`: look at runs and steer them from any terminal."""

from __future__ import annotations

import math
import os
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from kerastui.datasets.errors import UserError
from kerastui.tui.commands import compare
from kerastui.tui.commands.options import Json, WorkspaceFolder, workspace
from kerastui.tui.commands.output import (
    arguments,
    complain,
    print_table,
    progress,
    stdout,
    table,
    tell,
    write_json,
)
from kerastui.tui.commands.predict import predict
from kerastui.tui.commands.run_list import Filter, Sort, chosen

if TYPE_CHECKING:
    from pathlib import Path

    from kerastui.models.runs.store import Run, RunInfo
    from kerastui.models.studies.members import Result

app = typer.Typer(help="List, watch and steer runs.", invoke_without_command=True)
compare.add_to(app)


def _ids(incomplete: str) -> list[str]:
    return [run.id for run in workspace(None).runs() if run.id.startswith(incomplete)]


Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A run's id, its beginning or end, or last for the newest.",
        autocompletion=_ids,
    ),
]

app.command("predict")(predict)

_STYLES = {"finished": "green", "running": "cyan", "failed": "red", "lost": "red"}


@app.callback()
def runs(context: typer.Context, json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """Without a subcommand: list."""
    if context.invoked_subcommand is None:
        list_("", "", json, workspace_)


@app.command("list")
def list_(
    filter_: Filter = "", sort: Sort = "", json: Json = False, workspace_: WorkspaceFolder = None
) -> None:
    """List the runs, pinned ones first, then the newest."""
    home = workspace(workspace_)
    with arguments():
        rows, resolved = chosen(home, filter_, sort)
    if json:
        write_json([asdict(info) | {"notes": asdict(notes)} for _, info, notes in rows])
        return
    damaged = [] if filter_ else [run.id for run in home.damaged({run.id for run, *_ in rows})]
    if damaged:
        complain(UserError(
            f"Damaged: {', '.join(damaged)}.",
            f"kerastui runs show {damaged[0]} says why, kerastui runs rm removes it.",
        ))  # fmt: skip
    if resolved:
        stdout().print(Text(f"{resolved}.", style="dim"))
    if not rows:
        none = "No run fits." if filter_ else f"No runs in {home.runs_folder}. Start one: "
        stdout().print(Text(none if filter_ else f"{none}kerastui run a05"))
        return
    grid = table("id", "state", "epochs", "variant", "result", right=("epochs",))
    for _, info, notes in rows:
        tags = [f"#{tag}" for tag in notes.tags]
        grid.add_row(
            Text(info.id, style="default"),
            Text(info.state, style=_STYLES.get(info.state, "yellow")),
            Text(f"{info.epoch}/{info.epochs}"),
            Text(info.variant, style="dim"),
            Text(" ".join([_summary(info), *["pinned"] * notes.pinned, *tags])),
        )
    print_table(grid)


@app.command("show")
def show(id_: Id, json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """Show a run: state, times, figures beside the published ones."""
    run = _run(id_, workspace_)
    _show(run, json)


@app.command("attach")
def attach(
    id_: Id,
    lines: Annotated[
        bool, typer.Option("--lines", help="One line an epoch in place of the app.")
    ] = False,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Open the app on a run, or a whole study by its id: with its history, live, under control.

    Where there is no terminal, or with --lines or --json, it is followed line by line until it
    ends; Ctrl-C leaves it running.
    """
    from kerastui.models.runs.store import ACTIVE
    from kerastui.models.studies import store as study_store
    from kerastui.tui import notify
    from kerastui.tui.cli import on_terminal, open_app
    from kerastui.tui.commands import study
    from kerastui.tui.commands.follow import Presses, follow, view

    folder = study_store.find(workspace(workspace_), id_)
    run = None if folder else _run(id_, workspace_)
    if on_terminal() and not lines and not json:
        # Whatever is started from here finds the workspace there.
        os.environ["KERASTUI_HOME"] = str(workspace(workspace_).root)
        open_app(folder.path if folder else run.path if run else None)
        return
    if folder:
        study.attach(folder, json)
        return
    assert run is not None
    was_active = run.info().status in ACTIVE
    with Presses() as presses:
        ended = follow(run, view(progress(json)), presses, own=False)
    if not ended:
        text = f"{run.id} goes on. Stop it: kerastui runs stop {run.id}"
        tell(json, text, {"run": run.id, "status": run.info().status})
        return
    if was_active:
        notify.call_from_terminal(run)
    _show(run, json)


@app.command("pause")
def pause(id_: Id, json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """Let a run wait; nothing is lost."""
    _command(id_, workspace_, "pause", "Pausing after this batch.", json)


@app.command("continue")
def continue_(id_: Id, json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """Let a paused run go on."""
    _command(id_, workspace_, "continue", "Going on.", json)


@app.command("stop")
def stop(id_: Id, json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """End a run, or all of a study by its id, after this batch and keep the models."""
    from kerastui.models.studies import store as study_store

    if folder := study_store.find(workspace(workspace_), id_):
        folder.stop()
        text = f"{folder.id}: Stopping; what runs keeps its model."
        tell(json, text, {"study": folder.id, "asked": "stop"})
        return
    _command(id_, workspace_, "stop", "Stopping after this batch; the model is kept.", json)


@app.command("kill")
def kill(id_: Id, json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """End a run at once; what the last checkpoint holds remains."""
    run = _run(id_, workspace_)
    _must_be_active(run)
    ended = run.kill()
    asked = f"{run.id}: Asked its worker on {run.info().host} to end at once."
    plain = {"run": run.id, "asked": "kill", "ended": ended}
    tell(json, f"Killed {run.id}." if ended else asked, plain)


@app.command("resume")
def resume(
    id_: Id,
    epochs: Annotated[int | None, typer.Option(help="Epochs in all.", min=1)] = None,
    more: Annotated[int | None, typer.Option(help="Epochs beyond those trained.", min=1)] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", help="Taken from here on.", min=0)
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start it and leave; see kerastui runs attach.")
    ] = False,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Take up a stopped, failed, lost or finished run in its own directory, on one curve; or a
    study by its id: the members that did not finish.

    Unchanged, it ends with the very weights it would have had without the interruption.
    """
    from kerastui.models.processes.launch import launch, launch_study
    from kerastui.models.studies import store as study_store
    from kerastui.models.training import resume as taking_up
    from kerastui.tui.commands import study
    from kerastui.tui.commands.run import watch

    if folder := study_store.find(workspace(workspace_), id_):
        with arguments():
            if (epochs, more, learning_rate) != (None, None, None):
                raise UserError("A study goes on as it is.", "Leave out what would change it.")
            launch_study(study_store.resume(folder))
        if detach:
            text = f"{folder.id} goes on. Watch it: kerastui runs attach {folder.id}"
            tell(json, text, {"study": folder.id, "status": folder.info().status})
        else:
            study.attach(folder, json)
        return
    run = _run(id_, workspace_)
    changes = {} if learning_rate is None else {taking_up.LEARNING_RATE: learning_rate}
    with arguments():
        taking_up.resume(run, epochs=epochs, more_epochs=more, changes=changes)
    pid = launch(run)
    if not detach:
        if code := watch(run, json):
            raise typer.Exit(code)
    else:
        text = f"{run.id} goes on. Watch it: kerastui runs attach {run.id}"
        tell(json, text, {"run": run.id, "status": run.info().status, "pid": pid})


@app.command("set")
def set_(
    id_: Id,
    epochs: Annotated[int | None, typer.Option(help="Epochs in all.", min=1)] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", help="Taken from here on.", min=0)
    ] = None,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Change the number of epochs or the learning rate of a run while it trains."""
    from kerastui.models.training.control import MOST_EPOCHS

    with arguments():
        if epochs is None and learning_rate is None:
            raise UserError("Nothing to set.", "Give --epochs N or --learning-rate X.")
        if epochs is not None and epochs > MOST_EPOCHS:
            raise UserError(f"{epochs:,} epochs are too many.", f"Give at most {MOST_EPOCHS:,}.")
        if learning_rate is not None and not math.isfinite(learning_rate):
            raise UserError("The learning rate must be finite.", "Give one such as 0.001 or 1e-4.")
    run = _run(id_, workspace_)
    _must_be_active(run)
    plain: dict[str, str | float] = {"run": run.id, "asked": "set"}
    for name, value in (("epochs", epochs), ("learning_rate", learning_rate)):
        if value is not None:
            run.command(f"set_{name}", value=value)
            plain[name] = value
    tell(json, f"{run.id}: Asked for; it counts after this batch.", plain)


@app.command("rm")
def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", autocompletion=_ids)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Delete runs with everything they saved; one that still runs keeps no other from it."""
    chosen = {run.id: run for run in (_run(id_, workspace_) for id_ in ids)}
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Delete {', '.join(chosen)} for good?", abort=True, err=json)
    deleted, failed = [], {}
    for id_, run in chosen.items():
        try:
            run.remove()
        except UserError as error:
            failed[id_] = error.message
            complain(error)
            continue
        deleted.append(id_)
        if not json:
            stdout().print(Text(f"Deleted {id_}."))
    if json:
        write_json({"asked": "rm", "runs": deleted, "failed": failed})
    if failed:
        raise typer.Exit(1)


def _run(id_: str, chosen: Path | None) -> Run:
    with arguments():
        return workspace(chosen).find(id_)


def _readable(run: Run) -> RunInfo | None:
    """Return what the run says, None for a directory that is none: it must not hide the others."""
    try:
        return run.info()
    except UserError:
        return None


def _command(id_: str, chosen: Path | None, command: str, text: str, json: bool) -> None:
    run = _run(id_, chosen)
    _must_be_active(run)
    run.command(command)
    tell(json, f"{run.id}: {text}", {"run": run.id, "asked": command})


def _must_be_active(run: Run) -> None:
    from kerastui.models.runs.store import ACTIVE

    status = run.info().status
    if status not in ACTIVE:
        raise UserError(f"{run.id} has no worker any more: it is {status}.", "")


def _show(run: Run, json: bool) -> None:
    from kerastui.models.runs import words as run_words
    from kerastui.models.studies import members as studies
    from kerastui.tui.commands import outcome

    info, experiment = run.info(), run.experiment()
    result = studies.result(run, studies.wanted(experiment))
    verdicts = studies.verdicts(experiment, [result, *_siblings(run, info)])
    summary = run_words.in_words(info, run.history(), experiment)
    if json:
        plain = outcome.as_json(run, info, result, verdicts)
        write_json(plain | {"path": str(run.path), "summary": summary})
        return
    console = stdout()
    outcome.print_outcome(console, run, info, result, verdicts)
    outcome.print_verdicts([info], verdicts)
    console.print(Text(summary))
    started = datetime.fromtimestamp(info.created).strftime("%Y-%m-%d %H:%M")
    console.print(Text(f"{started} · {run.path}", style="dim"))


def _siblings(run: Run, info: RunInfo) -> list[Result]:
    """Return what the other variants of the run's study reached with the same seed."""
    from kerastui.models.runs.store import Workspace
    from kerastui.models.studies import members as studies

    if not info.study:
        return []
    others = Workspace(run.path.parent.parent).runs()
    wanted = studies.wanted(run.experiment())
    return [
        studies.result(other, wanted)
        for other in others
        if (said := _readable(other)) and said.study == info.study and said.variant != info.variant
    ]


def _summary(info: RunInfo) -> str:
    """Return the one figure that says most: of the test part, else of the training."""
    from kerastui.models.runs.figures import number

    for part in ("test", "validation", "train", "last"):
        for metric in ("accuracy", "mae", "rmse", "loss"):
            value = info.figures.get(f"{part}.{metric}")
            if isinstance(value, int | float):
                return f"{part} {metric} {number(value)}"
    return str(info.error.get("message", "")) if info.error else ""

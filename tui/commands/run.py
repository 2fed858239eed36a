"""`kerastui run`: train without the app."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Annotated, Any

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
    UsageError,
    arguments,
    complain,
    stderr,
    stdout,
    write_json,
)

if TYPE_CHECKING:
    from rich.console import Console

    from kerastui.models.experiment import Experiment
    from kerastui.models.runs import Run, RunInfo, Workspace
    from kerastui.models.studies import Member, Result
    from kerastui.tui.commands.follow import Presses

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
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Train an example or an experiment and compare with the published figures.

    Ctrl-C once stops after the batch and keeps the model, twice quits at once.

    The training is a process of its own and goes on when this terminal is lost.
    """
    from kerastui.models import studies

    with arguments():
        asked = changes(set_ or [])
        for path, value in (("execution", execution), ("backend", backend), ("seed", seed)):
            if value is not None:
                asked[path] = value
        if substitute:
            asked["data.substitute"] = True
        chosen = experiment(source, workspace_)
        chosen = chosen.changed(asked) if asked else chosen
        members = studies.members(chosen)
    home = workspace(workspace_)
    if detach:
        _detach(chosen, members, home, json)
        return
    code = _Training(chosen, members, home, json).go()
    if code:
        raise typer.Exit(code)


def _detach(chosen: Experiment, members: list[Member], home: Workspace, json: bool) -> None:
    if len(members) > 1:
        raise UsageError(
            f"{chosen.name} is a study of {len(members)} runs, one after the other; "
            "--detach starts a single run.",
            "Start it without --detach, or take the study out with --set study=",
        )
    from kerastui.models.launch import launch

    started = home.create(chosen)
    pid = launch(started)
    if json:
        write_json({"run": started.id, "status": started.info().status, "pid": pid})
        return
    console = stdout()
    console.print(Text(f"Started {started.id}"))
    console.print(Text(f"Watch it: kerastui runs attach {started.id}", style="dim"))


class _Training:
    """The runs of one experiment, one after the other, and what is said about them."""

    def __init__(
        self, chosen: Experiment, members: list[Member], home: Workspace, json: bool
    ) -> None:
        self._experiment = chosen
        self._members = members
        self._workspace = home
        self._json = json
        self._study = f"{chosen.name}-{secrets.token_hex(3)}" if chosen.study else ""
        self._ended: list[tuple[Run, RunInfo, Result]] = []

    def go(self) -> int:
        """Train everything, or until the study has what it repeats for; return the exit code."""
        from kerastui.models import studies
        from kerastui.tui.commands.follow import Presses

        with Presses() as presses:
            for member in self._members:
                if not self._train(member, presses):
                    complain(UserError("Killed; what the last checkpoint holds remains."))
                    return _KILLED
                _, info, result = self._ended[-1]
                reached = studies.succeeded(self._experiment, result.figures)
                if presses.count or info.status != "finished" or reached:
                    break
        self._report()
        return self._exit_code()

    def _train(self, member: Member, presses: Presses) -> bool:
        """Train one member; False when it was killed from here."""
        from kerastui.models import studies
        from kerastui.models.launch import launch
        from kerastui.tui.commands.follow import follow, view

        run = self._workspace.create(member.experiment, study=self._study, variant=member.variant)
        launch(run)
        if not follow(run, view(self._progress()), presses, own=True):
            return False
        result = studies.result(run, studies.wanted(self._experiment))
        self._ended.append((run, run.info(), result))
        return True

    def _progress(self) -> Console | None:
        """Where progress goes: beside JSON only to a person at standard error."""
        if not self._json:
            return stdout()
        return stderr() if sys.stderr.isatty() else None

    def _report(self) -> None:
        from kerastui.models import studies
        from kerastui.tui.commands import outcome

        results = [result for _, _, result in self._ended]
        verdicts = studies.verdicts(self._experiment, results)
        if self._json:
            run, info, result = self._ended[0]
            plain = outcome.as_json(run, info, result, verdicts)
            if self._study:
                plain["status"] = self._ended[-1][1].status
                plain["study"] = self._study_json()
            write_json(plain)
        else:
            console = stdout()
            for run, info, result in self._ended:
                outcome.print_outcome(console, run, info, result, verdicts)
            outcome.print_verdicts([info for _, info, _ in self._ended], verdicts)
        self._complain()

    def _study_json(self) -> dict[str, Any]:
        from kerastui.tui.commands import outcome

        return {
            "id": self._study,
            "members": [
                {"variant": info.variant, **outcome.as_json(run, info, result, [])}
                for run, info, result in self._ended
            ],
        }

    def _complain(self) -> None:
        """Say on standard error why a run failed, where standard output holds only JSON."""
        info = self._ended[-1][1]
        if not self._json or info.status not in ("failed", "lost"):
            return
        error = info.error or {"message": f"{info.id} lost its worker.", "hint": ""}
        complain(UserError(str(error.get("message", "")), str(error.get("hint", ""))))

    def _exit_code(self) -> int:
        """Stopping by hand keeps the model: that is work done. Failed or lost is not."""
        return 0 if self._ended[-1][1].status in ("finished", "stopped") else 1

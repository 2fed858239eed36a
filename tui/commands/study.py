"""Training a study from the command line: its members beside each other, in one table."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.models.runs.store import ACTIVE, Run
from kerastui.models.studies.store import SKIPPED, WAITING, StudyFolder, create
from kerastui.models.studies.view import Group, Overview, Row, StudyReader
from kerastui.tui.commands import outcome
from kerastui.tui.commands.follow import Presses, duration
from kerastui.tui.commands.output import (
    complain,
    print_table,
    progress,
    stdout,
    table,
    tell,
    write_json,
)

if TYPE_CHECKING:
    from rich.console import Console

    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.store import Workspace

_POLL = 0.1
_REDRAW = 0.25
_SAY_EVERY = 10.0
"""Seconds between two lines about the progress where there is no terminal."""

_MOST_ROWS = 20
_KILLED = 130
_STYLES = {"finished": "green", "running": "cyan", "failed": "red", "lost": "red"}
_STILL = (WAITING, SKIPPED)


def start(chosen: Experiment, home: Workspace, jobs: int) -> StudyFolder:
    """Make a study and start its runner; raises `UserError` where that is not possible."""
    from kerastui.models.processes.launch import launch_study

    folder = create(home, chosen, jobs=jobs)
    launch_study(folder)
    return folder


def train(chosen: Experiment, home: Workspace, jobs: int, json: bool) -> int:
    """Run a study, show it until its end and report; returns the exit code."""
    folder = start(chosen, home, jobs)
    reader = StudyReader(folder)
    with Presses() as presses:
        view = _follow(reader, presses, progress(json), own=True)
    if view is None:
        complain(UserError("Killed; what the last checkpoints hold remains."))
        return _KILLED
    _report(reader, view, json)
    return 0 if view.status in ("finished", "stopped") else 1


def attach(folder: StudyFolder, json: bool = False) -> None:
    """Show a study that goes on, or has ended, until its end; Ctrl-C leaves it running."""
    reader = StudyReader(folder)
    with Presses() as presses:
        view = _follow(reader, presses, progress(json), own=False)
    if view is None:
        tell(
            json,
            f"{folder.id} goes on. Stop it: kerastui runs stop {folder.id}",
            {"study": folder.id, "status": folder.info().status},
        )
    else:
        _report(reader, view, json)


def members(overview: Overview, most: int = _MOST_ROWS) -> Table:
    """Return the table of a study's members; where there are many, those that wait are left out."""
    grid = table("variant", "seed", "state", "epochs", "last", "best", "time", "left",
                 right=("seed", "epochs", "last", "best", "time", "left"))  # fmt: skip
    shown = list(overview.rows)
    if len(shown) > most:
        shown = [one for one in shown if one.state not in _STILL][-most:]
    for one in shown:
        grid.add_row(*_cells(one))
    return grid


def _cells(one: Row) -> list[Text]:
    begun = bool(one.metric)
    best = f"{number(one.best)} @{one.best_epoch}" if one.best_epoch else ""
    return [
        Text(one.variant),
        Text(str(one.seed)),
        Text(one.state, style=_STYLES.get(one.state, "dim" if one.state in _STILL else "yellow")),
        Text(f"{one.epoch}/{one.epochs}" if one.epochs else ""),
        Text(f"{one.metric} {number(one.last)}" if begun else ""),
        Text(best),
        Text(duration(one.seconds) if one.seconds else ""),
        Text(duration(one.left) if one.left is not None and one.state in ACTIVE else ""),
    ]


def spread(groups: tuple[Group, ...]) -> Table | None:
    """Return the table of mean, deviation and range over the seeds, None for single runs."""
    if not any(one.runs > 1 for one in groups):
        return None
    names = (groups[0].figure, "runs", "mean", "± deviation", "lowest", "highest")
    grid = table(*names, right=names[1:])
    for one in groups:
        numbers = (one.mean, one.deviation, one.low, one.high)
        cells = [one.variant, str(one.runs), *(number(value) for value in numbers)]
        grid.add_row(*(Text(cell) for cell in cells))
    return grid


def _follow(
    reader: StudyReader, presses: Presses, console: Console | None, *, own: bool
) -> Overview | None:
    """Show a study until it has ended; None when it was killed from here, or left.

    The first Ctrl-C stops a study of one's own, the second kills its runs; others are only left.
    """
    shown = _Live(console) if console and console.is_terminal else _Said(console)
    shown.begin(reader.folder)
    told = 0
    view = reader.refresh()
    try:
        while view.status in ACTIVE:
            if presses.count > told:
                told = presses.count
                if not own:
                    return None
                reader.folder.stop()
                if told > 1:
                    _kill(reader, view)
                    return None
                shown.say("Stopping: what runs keeps its model; press again to quit at once.")
            shown.show(view)
            time.sleep(_POLL)
            view = reader.refresh()
        shown.show(view)
        return view
    finally:
        shown.end()


def _kill(reader: StudyReader, view: Overview) -> None:
    for one in view.rows:
        if one.state in ACTIVE and one.run:
            Run(reader.folder.workspace.runs_folder / one.run).kill()


class _Said:
    """Says what happens in lines, without escape codes; nothing without a console."""

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self._states: dict[tuple[str, int], str] = {}
        self._said = time.monotonic()

    def begin(self, folder: StudyFolder) -> None:
        self.say(f"study {folder.id}")

    def show(self, view: Overview) -> None:
        for one in view.rows:
            key = (one.variant, one.seed)
            if self._states.get(key, WAITING) != one.state and one.state != "queued":
                self._states[key] = one.state
                self.say(_line(one))
        if time.monotonic() - self._said >= _SAY_EVERY:
            self.say(_progress(view))

    def say(self, text: str) -> None:
        self._said = time.monotonic()
        if self._console is not None:
            self._console.print(Text(text), soft_wrap=True)

    def end(self) -> None:
        """Nothing stays open."""


class _Live:
    """The table itself, drawn again and again on a terminal."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._note = ""
        self._drawn = 0.0

    def begin(self, folder: StudyFolder) -> None:
        self._live.start()

    def show(self, view: Overview) -> None:
        if time.monotonic() - self._drawn >= _REDRAW:
            self._drawn = time.monotonic()
            lines: list[RenderableType] = [members(view, 12), Text(_progress(view), style="bold")]
            if self._note:
                lines.append(Text(self._note, style="yellow"))
            self._live.update(Lines(*lines), refresh=True)

    def say(self, text: str) -> None:
        self._note = text

    def end(self) -> None:
        self._live.stop()


def _line(one: Row) -> str:
    name = f"{one.variant} · seed {one.seed}"
    if one.state in ACTIVE or not one.epoch:
        return f"{name}: {one.state}"
    return (
        f"{name}: {one.state} after {one.epoch} epochs, {one.metric} {number(one.last)}, "
        f"{duration(one.seconds)}"
    )


def _progress(view: Overview) -> str:
    left = f" · {duration(view.left)} left" if view.left else ""
    return f"{view.done}/{len(view.rows)} members done · {view.share:.0%}{left}"


def _report(reader: StudyReader, view: Overview, json: bool) -> None:
    if json:
        write_json(_as_json(reader, view))
    else:
        print_table(members(view))
        if (grid := spread(view.groups)) is not None:
            print_table(grid)
        infos = [info for info, _ in reader.ended]
        for line in outcome.data_lines(infos[0]) if infos else []:
            stdout().print(line)
        outcome.print_verdicts(infos, view.verdicts)
    _complain(reader)


def _as_json(reader: StudyReader, view: Overview) -> dict[str, Any]:
    """Return the outcome as of its first run (the one that succeeded, where it repeated until
    then), with all members beside."""
    from kerastui.models.studies import members as studies

    runs, ended = reader.folder.workspace.runs_folder, reader.ended
    plain: dict[str, Any] = {}
    if ended:
        until = bool(reader.experiment.study and reader.experiment.study.until)
        place = len(studies.counted(reader.experiment, reader.results)) - 1 if until else 0
        info, result = ended[place]
        plain = outcome.as_json(Run(runs / info.id), info, result, view.verdicts)
    plain["status"] = view.status
    plain["study"] = {
        "id": reader.folder.id,
        "members": [
            {"variant": info.variant, **outcome.as_json(Run(runs / info.id), info, result, [])}
            for info, result in ended
        ],
        "failed": [
            {"variant": one.variant, "seed": one.seed, "run": one.run, "status": one.state}
            for one in view.rows
            if one.state not in ("finished", *_STILL)
        ],
        "together": reader.figures().get(studies.ALL, {}),
    }
    return plain


def _complain(reader: StudyReader) -> None:
    """Say on standard error what went wrong, each reason once."""
    info = reader.folder.info()
    said: dict[str, str] = {}
    for member in info.members:
        run = reader.infos.get(member.run)
        if run is not None and run.status in ("failed", "lost"):
            error = run.error or {"message": f"{run.id} lost its worker.", "hint": ""}
            said.setdefault(str(error.get("message", "")), str(error.get("hint", "")))
    if info.status == "lost":
        said["The process that ran the study is gone."] = (
            f"What it printed: {reader.folder.console}"
        )
    if info.error:
        said.setdefault(info.error, "")
    for message, hint in said.items():
        complain(UserError(message, hint))

"""Opening whatever a path leads to. Runs in workers of the app."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError
from kerastui.models import opening
from kerastui.tui import recent
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.tui.app import KerasTui


async def open_path(app: KerasTui, path: Path) -> None:
    """Open a path: an experiment, a run, a study, a model, or data. What goes wrong is shown."""
    try:
        found = await asyncio.to_thread(opening.identify, path)
        await _OPEN[found.kind](app, found.path)
    except UserError as error:
        app.tell_error(error, f"{path.name or path} was not opened")
    else:
        if found.kind not in _READ_LATER:
            await asyncio.to_thread(recent.add, found.path)


async def _experiment(app: KerasTui, path: Path) -> None:
    from kerastui.models.experiment.toml import open_file

    experiment, file = await asyncio.to_thread(open_file, path, app.workspace.root)
    app.set_current(experiment, file)
    app.action_section("train")


async def _run(app: KerasTui, path: Path) -> None:
    from kerastui.models.runs.store import Run

    run = Run(path)
    await asyncio.to_thread(run.info)
    app.show_run(run)


async def _packed_run(app: KerasTui, path: Path) -> None:
    from kerastui.models.runs import archive as run_archive

    found = await asyncio.to_thread(run_archive.unpack, path, app.workspace)
    app.show_run(found.run)
    if found.already:
        say(
            app,
            f"{found.run.id}\nIt is shown as it is here.",
            "warning",
            "This run is here already",
        )
    else:
        say(app, found.run.id, title="Taken into this workspace")


async def _study(app: KerasTui, path: Path) -> None:
    from kerastui.models.studies.store import StudyFolder

    study = StudyFolder(path)
    await asyncio.to_thread(study.info)
    app.show_study(study)


async def _model(app: KerasTui, path: Path) -> None:
    app.open_model(path)


async def _data(app: KerasTui, path: Path) -> None:
    from kerastui.tui.screens.data.importing import import_data

    # It waits for answers, and what opens a file shall not.
    app.run_worker(import_data(app, path), group="import", exit_on_error=False)


_READ_LATER = frozenset({"model", "data"})
"""What is only read by what shows it; that one remembers it, once it could be read."""

_OPEN = {
    "experiment": _experiment,
    "run": _run,
    "packed run": _packed_run,
    "study": _study,
    "model": _model,
    "data": _data,
}

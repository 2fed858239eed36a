"""What nobody foresaw, told all the same: a worker of a screen that ended with an error."""

from __future__ import annotations

import traceback
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from textual.worker import Worker, WorkerState

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from kerastui.tui.app import KerasTui

LOG = "errors.log"


def tell(app: KerasTui, event: Worker.StateChanged) -> None:
    """Show the error that a worker ended with, once a session, and keep its details in a file.

    Textual ends the app for such an error or says nothing of it; neither helps anybody.
    """
    error = event.worker.error
    if event.state is not WorkerState.ERROR or error is None or not app.is_running:
        return
    if isinstance(error, UserError):
        app.tell_error(error)
        return
    text = f"{type(error).__name__}: {error}"
    if text in app.told:
        return
    app.told.add(text)
    path = app.workspace.root / LOG
    where = f"The details are in {path}." if _keep(path, error) else ""
    app.tell_error(
        UserError(
            f"Something unforeseen went wrong ({event.worker.group}): {text}",
            f"Runs go on, and nothing of them is lost. {where}".strip(),
        )
    )


def _keep(path: Path, error: BaseException) -> bool:
    """Append the traceback to a file; returns whether that could be done."""
    lines = "".join(traceback.format_exception(error))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}\n{lines}\n")
    except OSError:
        return False
    return True

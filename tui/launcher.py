"""What the app asks of whoever starts runs; the real one is `models.processes.launch.Nursery`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from kerastui.models.runs.store import Run

if TYPE_CHECKING:
    from kerastui.models.studies.store import StudyFolder


class Launcher(Protocol):
    """Starts runs and answers questions about experiments."""

    async def start(self) -> None:
        """Get ready; a run started before that waits for it."""

    async def run(self, run: Run) -> object:
        """Start the worker of a run that stands in the workspace; raises `UserError`."""

    async def study(self, study: StudyFolder) -> object:
        """Start the runner of a study that stands in the workspace; raises `UserError`."""

    async def request(self, name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
        """Ask an inspector something; raises `UserError` where it can't be answered.

        What takes long has a channel of its own, so that it holds up nothing else.
        """
        ...

    async def close(self) -> None:
        """Let go of everything. Runs go on."""

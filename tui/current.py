"""The part of the app that is about the current experiment: its changes, its model, its code."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from textual import work
from textual.signal import Signal

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import Workspace
from kerastui.tui.autosave import Autosave, Keeper
from kerastui.tui.edits import Edits
from kerastui.tui.type_ahead import TypeAheadApp
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.experiment.toml import SavedFile
    from kerastui.tui.launcher import Launcher

SOON = 0.05
"""Seconds without another change before the inspector is asked about the model."""


class CurrentApp(TypeAheadApp):
    """An app with a current experiment, and a launcher that can be asked about it.

    Args:
        workspace: Where experiments and runs are kept.
        launcher: Starts runs and answers questions; None takes `kerastui.models.processes.launch`.

    Attributes:
        workspace: The folder of the runs.
        edits: The current experiment with what was done to it: open another one with
            `set_current`, change it with `edit`.
        keeper: Keeps unsaved changes on disk.
        current_changed: Published with the new current experiment.
        facts_changed: Published when the header has something else to say.
    """

    def __init__(self, workspace: Workspace, launcher: Launcher | None = None) -> None:
        super().__init__()
        self.workspace = workspace
        self.edits = Edits()
        self.keeper = Keeper(Autosave(workspace), self._not_kept)
        self.current_changed: Signal[Experiment | None] = Signal(self, "current_changed")
        self.facts_changed: Signal[None] = Signal(self, "facts_changed")
        self._launcher = launcher
        self._owns_launcher = launcher is None
        self._starting: asyncio.Task[None] | None = None
        self._summaries: dict[str, dict[str, Any]] = {}
        self._asked: dict[str, asyncio.Task[dict[str, Any]]] = {}

    def tell_error(self, error: UserError, title: str = "That did not work") -> None:
        """Show an error that the user has to read, with its whole text."""
        from kerastui.tui.screens.dialogs import Tell

        self.push_screen(Tell(title, error.message, hint=error.hint))

    # Who starts runs and answers questions

    @property
    def launcher(self) -> Launcher:
        """Who starts runs; made on first use."""
        if self._launcher is None:
            from kerastui.models.processes.launch import Nursery

            self._launcher = Nursery()
        return self._launcher

    def _start_launcher(self) -> asyncio.Task[None]:
        if self._starting is None or (
            self._starting.done() and self._starting.exception() is not None
        ):
            self._starting = asyncio.create_task(self.launcher.start())
        return self._starting

    async def _restart_launcher(self) -> None:
        """Let a new nursery see the changed environment; runs that go on are not touched."""
        if self._launcher is not None and self._owns_launcher:
            await self._launcher.close()
            self._launcher = self._starting = None

    # The current experiment

    @property
    def current(self) -> Experiment | None:
        """The experiment that every section is about."""
        return self.edits.current

    def set_current(
        self, experiment: Experiment | None, file: SavedFile | None = None, *, new: bool = False
    ) -> None:
        """Open an experiment as the current one. Unsaved changes of the one before are put aside.

        Args:
            experiment: What is opened.
            file: The file it was read from, where it is saved again.
            new: It is to be had nowhere else, so that it counts as changed until it is saved.
        """
        if self.edits.changed and self.edits.current is not None:
            self.keeper.put_aside(self.edits)
            words = f"{self.edits.current.name} was not saved: ctrl+o brings it back."
            say(self, words, title="Put aside")
        self.edits = Edits(experiment, file, new=new)
        self.current_is_other()

    def edit(self, experiment: Experiment, words: str) -> None:
        """Change the current experiment, so that it can be taken back.

        Args:
            experiment: What it becomes.
            words: What was done, as it stands after "undo": `units of layer 3`, `a layer`.
        """
        self.edits.change(experiment, words)
        self.current_is_other()

    def undo_edit(self) -> None:
        """Take the last change of the current experiment back, and say which."""
        if words := self.edits.undo():
            self.current_is_other()
            say(self, words, title="Undone")

    def redo_edit(self) -> None:
        """Do again what was taken back last, and say what."""
        if words := self.edits.redo():
            self.current_is_other()
            say(self, words, title="Done again")

    def current_is_other(self) -> None:
        """Tell that the current experiment, its file or its mark is another one, and keep it."""
        self.current_changed.publish(self.current)
        self.refresh_bindings()
        self.keeper.note(self.edits)
        self._keep_changes()
        if self.current is not None:
            self._summarise(self.current)

    @work(group="autosave", exit_on_error=False)
    async def _keep_changes(self) -> None:
        await self.keeper.flush()

    def _not_kept(self, error: UserError) -> None:
        words = f"{error.message} Unsaved changes would be lost with the app; ctrl+s saves them."
        say(self, words, "warning", title="Not kept on disk")

    @work(group="summary", exclusive=True, exit_on_error=False)
    async def _summarise(self, experiment: Experiment) -> None:
        with suppress(UserError):
            await asyncio.sleep(SOON)  # of a burst of changes only the last one is asked about
            await self.summary(experiment)
            self.facts_changed.publish(None)

    async def summary(self, experiment: Experiment) -> dict[str, Any]:
        """Return the inspector's summary of an experiment's model.

        Raises:
            UserError: The model can't be built, or nobody can be asked.
        """
        key = experiment.fingerprint()
        if key not in self._summaries:
            if key not in self._asked:
                self._asked[key] = asyncio.create_task(self._ask(experiment))
                self._asked[key].add_done_callback(lambda task: self._answered(key, task))
            # Who asks may be gone before the answer; it is kept for the next one.
            return await asyncio.shield(self._asked[key])
        return self._summaries[key]

    async def _ask(self, experiment: Experiment) -> dict[str, Any]:
        await self._start_launcher()
        return await self.launcher.request("summary", experiment=experiment.plain())

    def _answered(self, key: str, task: asyncio.Task[dict[str, Any]]) -> None:
        self._asked.pop(key, None)
        # An error is told to whoever waits; where nobody does, it is of no interest.
        if not task.cancelled() and task.exception() is None:
            self._summaries[key] = task.result()

    def known_summary(self, experiment: Experiment) -> dict[str, Any] | None:
        """Return the summary if it is known already."""
        return self._summaries.get(experiment.fingerprint())

    # Code

    @work(group="script", exclusive=True, exit_on_error=False)
    async def show_code(self, experiment: Experiment) -> None:
        """Show an experiment as a Python script."""
        from kerastui.tui.screens.code import CodeScreen

        try:
            with self.hold_keys():
                code, notebook = await asyncio.to_thread(_code, experiment)
        except UserError as error:
            self.tell_error(error)
        else:
            self.push_screen(CodeScreen(experiment.name, code, notebook))


def _code(experiment: Experiment) -> tuple[str, str]:
    """Return the script and the notebook of an experiment, for the data on this machine."""
    from kerastui.models.code import local_data, script
    from kerastui.models.code.notebook import notebook

    located = local_data(experiment)
    return script(experiment, located), notebook(experiment, located)

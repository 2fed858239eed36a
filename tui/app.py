"""The app: six sections over one current experiment and one run that is shown."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.worker import Worker

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import Workspace
from kerastui.tui import failures, settings, themes
from kerastui.tui.palette import KeyCommands
from kerastui.tui.sections import SECTIONS
from kerastui.tui.starting import RunsApp
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.machine.hardware import Snapshot
    from kerastui.tui.launcher import Launcher


EDITING = frozenset({"data", "model", "train"})
"""Sections in which the current experiment is changed, and changes are taken back."""


class KerasTui(RunsApp):
    """The app.

    Args:
        workspace: Where runs are kept; `Workspace.default` says what is taken otherwise.
        file: What to open at the start: a path that `kerastui.models.opening` knows.
        launcher: Starts runs; None takes the nursery of `kerastui.models.processes.launch`.

    Attributes:
        hardware: The machine, once it was looked at.
        told: Unforeseen errors that were shown already.
    """

    TITLE = "kerastui"
    CSS_PATH = "app.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = dict(SECTIONS)
    DEFAULT_MODE = "learn"
    COMMANDS = App.COMMANDS | {KeyCommands}
    # A section's key is its initial as a capital: small letters are left to the screens, where
    # they mean the same everywhere.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("L", "section('learn')", "Learn", show=False, tooltip="The examples, by lesson"),
        Binding("D", "section('data')", "Data", show=False, tooltip="Data sets and preparation"),
        Binding("M", "section('model')", "Model", show=False, tooltip="The layers"),
        Binding("T", "section('train')", "Train", show=False, tooltip="The run, live"),
        Binding("I", "section('inspect')", "Inspect", show=False, tooltip="Into a trained model"),
        Binding("R", "section('runs')", "Runs", show=False, tooltip="All runs"),
        Binding("question_mark", "help", "help", key_display="?", tooltip="What can be done here"),
        Binding("c", "code", "code", tooltip="The experiment as a Python script"),
        Binding("u", "undo_edit", "undo", show=False, tooltip="Take back the last change"),
        Binding("U", "redo_edit", "redo", show=False, tooltip="Do again what was taken back"),
        Binding("ctrl+s", "save", "save", show=False, tooltip="Save the experiment"),
        Binding("ctrl+n", "new", "new experiment", show=False, tooltip="Begin an experiment"),
        Binding(
            "f12,ctrl+shift+s",
            "save_as",
            "save as",
            show=False,
            tooltip="Save the experiment under another name",
        ),
        Binding(
            "ctrl+o",
            "open_file",
            "open a file",
            show=False,
            tooltip="An experiment, a run, a model, data: whatever it is",
        ),
        Binding("ctrl+p", "command_palette", "palette", tooltip="Find a command by its name"),
        Binding("q", "leave", "leave", tooltip="Leave the app; runs may go on"),
        Binding(
            "ctrl+q",
            "quit",
            "leave at once",
            show=False,
            priority=True,
            tooltip="Leave without a question; runs go on",
        ),
    ]

    def __init__(
        self,
        workspace: Path | None = None,
        file: str | None = None,
        launcher: Launcher | None = None,
    ) -> None:
        super().__init__(Workspace.default(workspace), launcher)
        self.file = file
        self.told: set[str] = set()
        self.hardware: Snapshot | None = None
        for theme in themes.THEMES:
            self.register_theme(theme)
        chosen = str(settings.load().get("theme", themes.DARK))
        if chosen not in self.available_themes:
            chosen = themes.DARK
        # Set without its watcher, which would parse all styles once more before the first frame.
        self.set_reactive(App.theme, chosen)
        if "SSH_CONNECTION" in os.environ:
            self.animation_level = "none"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.OWN_VARIABLES

    # The life of the app

    def on_load(self) -> None:
        # Collecting in the middle of building the first screen takes a third of its time.
        gc.disable()

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            # Off the main thread, and on systems without them, signals can't be handled.
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.add_signal_handler(number, self.exit)
        self.theme_changed_signal.subscribe(self, lambda theme: self._theme_chosen(theme.name))
        self.call_after_refresh(self._warm_up)

    async def on_unmount(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
        if self._launcher is not None:
            await self._launcher.close()
        await self.keeper.flush()
        await asyncio.to_thread(self.trash.empty)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        # A cursor that blinks is an animation, too.
        if self.animation_level == "none" and hasattr(event.widget, "cursor_blink"):
            event.widget.cursor_blink = False

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        failures.tell(self, event)

    @work(group="warm-up", exit_on_error=False)
    async def _warm_up(self) -> None:
        """Get ready for what comes next, once the first frame stands."""
        # What was imported until now stays for good: no collection needs to look at it again.
        gc.freeze()
        gc.enable()
        # What one came for is shown first; the nursery's import of Keras takes a whole core.
        if self.file:
            from kerastui.tui.opening import open_path

            await open_path(self, Path(self.file))
        else:
            await self.find_active()
        self._start_launcher()
        await self._read_hardware()
        await asyncio.to_thread(_import_what_comes_next)
        if not self.file:
            from kerastui.tui.experiments import offer

            await offer(self)

    async def _read_hardware(self) -> None:
        from kerastui.models.machine import hardware

        self.hardware = await asyncio.to_thread(hardware.snapshot)
        self.facts_changed.publish(None)

    # Actions

    @work(group="file", exclusive=True, exit_on_error=False)
    async def action_save(self) -> None:
        """Save the current experiment."""
        from kerastui.tui import experiments

        await experiments.save(self)

    @work(group="file", exclusive=True, exit_on_error=False)
    async def action_save_as(self) -> None:
        """Save the current experiment under another name."""
        from kerastui.tui import experiments

        await experiments.save_as(self)

    @work(group="file", exclusive=True, exit_on_error=False)
    async def action_open_file(self, typed: str = "") -> None:
        """Ask what to open, and open it."""
        from kerastui.tui import experiments, opening
        from kerastui.tui.screens.open import OpenScreen

        chosen = await self.push_screen_wait(
            OpenScreen(self.workspace, self.keeper.autosave, typed)
        )
        if isinstance(chosen, Path):
            await opening.open_path(self, chosen)
        elif chosen is not None:
            await experiments.restore(self, chosen)

    @work(group="file", exclusive=True, exit_on_error=False)
    async def action_new(self) -> None:
        """Ask what a new experiment begins with."""
        from kerastui.tui import experiments

        await experiments.begin(self)

    @work(group="code", exclusive=True, exit_on_error=False)
    async def action_code(self) -> None:
        """Show the current experiment, or that of the run that is shown, as a script."""
        experiment = self.current
        if experiment is None and (run := self.shown_run):
            try:
                experiment = await asyncio.to_thread(run.experiment)
            except UserError as error:
                self.tell_error(error)
        if experiment is not None:
            self.show_code(experiment)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo_edit":
            return bool(self.edits.undoable) and self.current_mode in EDITING
        if action == "redo_edit":
            return bool(self.edits.redoable) and self.current_mode in EDITING
        if action in ("save", "save_as"):
            return self.edits.current is not None
        if action == "code":
            return self.edits.current is not None or self.monitor is not None
        return super().check_action(action, parameters)

    def action_undo_edit(self) -> None:
        """Take back the last change of the current experiment."""
        self.undo_edit()

    def action_redo_edit(self) -> None:
        """Do again what was taken back last."""
        self.redo_edit()

    def action_help(self) -> None:
        """Say what can be done on this screen."""
        from kerastui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))

    def action_hardware(self) -> None:
        """Show the machine."""
        from kerastui.tui.screens.hardware import HardwareScreen

        self.push_screen(HardwareScreen())

    def action_notifications(self) -> None:
        """Show when and how one is called."""
        from kerastui.tui.screens.notifications import NotificationsScreen

        self.push_screen(NotificationsScreen())

    @work(group="leave", exclusive=True, exit_on_error=False)
    async def action_leave(self) -> None:
        """Leave; ask first when a run that was started here goes on."""
        from kerastui.tui.leaving import may_leave

        if await may_leave(self):
            self.exit()

    def action_toggle_theme(self) -> None:
        """Change between the dark and the light theme."""
        self.theme = themes.LIGHT if self.current_theme.dark else themes.DARK

    def _theme_chosen(self, name: str) -> None:
        settings.save(theme=name)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        other = "Light theme" if self.current_theme.dark else "Dark theme"
        yield SystemCommand(other, "Change the colours", self.action_toggle_theme)
        yield SystemCommand("Themes", "Choose among all themes", self.action_change_theme)
        yield SystemCommand(
            "Notifications", "Be called when a run ends or breaks", self.action_notifications
        )
        yield SystemCommand("Hardware", "CPU, memory, GPUs", self.action_hardware)
        yield SystemCommand("Screenshot", "Save the screen as SVG", self._keep_screenshot)

    def _keep_screenshot(self) -> None:
        try:
            say(self, self.save_screenshot(path=str(self.workspace.root)), title="Saved")
        except OSError as error:
            self.tell_error(UserError(f"The screenshot can't be saved: {error}."))


def _import_what_comes_next() -> None:
    """Import what validates experiments and what draws charts, so that neither makes one wait."""
    import textual_plotext  # noqa: F401

    import kerastui.models.experiment.toml  # noqa: F401

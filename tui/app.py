"""The app: six sections over one current experiment and one run that is shown."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal
from textual.worker import Worker

from kerastui.datasets.errors import UserError
from kerastui.models.runs import ACTIVE, Run, Workspace
from kerastui.tui import failures, settings, themes
from kerastui.tui.edits import Edits
from kerastui.tui.monitor import RunMonitor
from kerastui.tui.palette import KeyCommands
from kerastui.tui.run_index import RunIndex
from kerastui.tui.sections import SECTIONS
from kerastui.tui.trash import Trash
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment import Experiment
    from kerastui.models.machine.hardware import Snapshot
    from kerastui.models.study_store import StudyFolder, StudyInfo
    from kerastui.tui.launcher import Launcher


class KerasTui(App[None]):
    """The app.

    Args:
        workspace: Where runs are kept; `Workspace.default` says what is taken otherwise.
        file: What to open at the start: an experiment file or a run directory.
        launcher: Starts runs; None takes the nursery of `kerastui.models.launch`.

    Attributes:
        workspace: The folder of the runs.
        edits: The current experiment with what was done to it: open another one with
            `set_current`, change it with `edit`.
        monitor: Follows the run that is shown; change it with `show_run`.
        study: The study that is shown in place of one run; change it with `show_study`. The
            monitor then follows a member that goes on.
        study_info: What the record of that study says.
        current_changed: Published with the new current experiment.
        run_changed: Published with the monitor when there is news of the run that is shown.
        facts_changed: Published when the header has something else to say.
        run_index: All runs of the workspace.
        started_here: The runs and studies that this session started, by id.
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
        super().__init__()
        self.workspace = Workspace.default(workspace)
        self.file = file
        self.edits = Edits()
        self.monitor: RunMonitor | None = None
        self.current_changed: Signal[Experiment | None] = Signal(self, "current_changed")
        self.run_changed: Signal[RunMonitor | None] = Signal(self, "run_changed")
        self.facts_changed: Signal[None] = Signal(self, "facts_changed")
        self.run_index = RunIndex(self.workspace)
        self.trash = Trash(self.workspace)
        self.started_here: dict[str, Run | StudyFolder] = {}
        self.told: set[str] = set()
        self.hardware: Snapshot | None = None
        self.study: StudyFolder | None = None
        self.study_info: StudyInfo | None = None
        self._launcher = launcher
        self._owns_launcher = launcher is None
        self._starting: asyncio.Task[None] | None = None
        self._summaries: dict[str, dict[str, Any]] = {}
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
        await asyncio.to_thread(self.trash.empty)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        failures.tell(self, event)

    @work(group="warm-up", exit_on_error=False)
    async def _warm_up(self) -> None:
        """Get ready for what comes next, once the first frame stands."""
        # What was imported until now stays for good: no collection needs to look at it again.
        gc.freeze()
        gc.enable()
        self._start_launcher()
        await self._read_hardware()
        await asyncio.to_thread(_import_what_comes_next)
        if self.file:
            await self._open_file(self.file)

    @property
    def launcher(self) -> Launcher:
        """Who starts runs; made on first use."""
        if self._launcher is None:
            from kerastui.models.launch import Nursery

            self._launcher = Nursery()
        return self._launcher

    def _start_launcher(self) -> asyncio.Task[None]:
        if self._starting is None or (
            self._starting.done() and self._starting.exception() is not None
        ):
            self._starting = asyncio.create_task(self.launcher.start())
        return self._starting

    async def _read_hardware(self) -> None:
        from kerastui.models.machine import hardware

        self.hardware = await asyncio.to_thread(hardware.snapshot)
        self.facts_changed.publish(None)

    async def _open_file(self, name: str) -> None:
        try:
            opened = await asyncio.to_thread(_read, name)
        except UserError as error:
            self.tell_error(error)
            return
        if isinstance(opened, Run):
            self.show_run(opened)
        else:
            self.set_current(opened)
            self.action_section("train")

    # The current experiment

    @property
    def current(self) -> Experiment | None:
        """The experiment that every section is about."""
        return self.edits.current

    def set_current(self, experiment: Experiment | None) -> None:
        """Open an experiment as the current one: what was done to the one before is forgotten."""
        self.edits = Edits(experiment)
        self._current_is_other()

    def edit(self, experiment: Experiment, words: str) -> None:
        """Change the current experiment, so that it can be taken back.

        Args:
            experiment: What it becomes.
            words: What was done, as it stands after "undo": `units of layer 3`, `a layer`.
        """
        self.edits.change(experiment, words)
        self._current_is_other()

    def undo_edit(self) -> None:
        """Take the last change of the current experiment back, and say which."""
        if words := self.edits.undo():
            self._current_is_other()
            say(self, words, title="Undone")

    def redo_edit(self) -> None:
        """Do again what was taken back last, and say what."""
        if words := self.edits.redo():
            self._current_is_other()
            say(self, words, title="Done again")

    def _current_is_other(self) -> None:
        self.current_changed.publish(self.current)
        if self.current is not None:
            self._summarise(self.current)

    @work(group="summary", exclusive=True, exit_on_error=False)
    async def _summarise(self, experiment: Experiment) -> None:
        with suppress(UserError):
            await self.summary(experiment)
            self.facts_changed.publish(None)

    async def summary(self, experiment: Experiment) -> dict[str, Any]:
        """Return the inspector's summary of an experiment's model.

        Raises:
            UserError: The model can't be built, or nobody can be asked.
        """
        key = experiment.fingerprint()
        if key not in self._summaries:
            await self._start_launcher()
            self._summaries[key] = await self.launcher.request(
                "summary", experiment=experiment.plain()
            )
        return self._summaries[key]

    def known_summary(self, experiment: Experiment) -> dict[str, Any] | None:
        """Return the summary if it is known already."""
        return self._summaries.get(experiment.fingerprint())

    # Runs

    @property
    def shown_run(self) -> Run | None:
        """The run that is shown."""
        return self.monitor.run if self.monitor else None

    def show_run(self, run: Run, *, switch: bool = True) -> None:
        """Follow a run; with `switch` on the Train screen."""
        self.study = self.study_info = None
        self._watch(run)
        if switch:
            self.action_section("train")

    def _watch(self, run: Run) -> None:
        if self.monitor is None or self.monitor.run.path != run.path:
            self.monitor = RunMonitor(run, self._run_news)
            self._follow(self.monitor)
        self.run_changed.publish(self.monitor)

    def show_study(self, study: StudyFolder) -> None:
        """Show a study on the Train screen, as a whole."""
        self.study, self.study_info = study, None
        self.run_changed.publish(self.monitor)
        self._follow_study(study)
        self.action_section("train")

    @work(group="monitor", exclusive=True, exit_on_error=False)
    async def _follow(self, monitor: RunMonitor) -> None:
        await monitor.follow()

    def _run_news(self, monitor: RunMonitor) -> None:
        if monitor is self.monitor:
            self.run_changed.publish(monitor)

    def run_gone(self, run: Run) -> None:
        """Stop showing a run that was removed."""
        if self.monitor is not None and self.monitor.run.path == run.path:
            self.workers.cancel_group(self, "monitor")
            self.monitor = None
            self.run_changed.publish(None)

    @work(group="start", exit_on_error=False)
    async def start_run(self, experiment: Experiment, *, variant: str = "") -> None:
        """Run an experiment, or its study, and show it.

        Asks first when its data is not here. What goes wrong is shown.
        """
        try:
            ready = await self._with_data(experiment)
            if ready is None:
                return
            if ready.study is None:
                await self._start_one(ready, variant)
            else:
                await self._start_study(ready)
        except UserError as error:
            self.tell_error(error, "The run was not started")

    async def _start_one(self, experiment: Experiment, variant: str) -> None:
        create = functools.partial(self.workspace.create, variant=variant)
        run = await asyncio.to_thread(create, experiment)
        self.started_here[run.id] = run
        self.show_run(run)
        await self._start_launcher()
        await self.launcher.run(run)

    async def _start_study(self, experiment: Experiment) -> None:
        from kerastui.models import study_store

        study = await asyncio.to_thread(study_store.create, self.workspace, experiment)
        members = study.info().members
        self.started_here[study.id] = study
        say(self, f"{experiment.name}: {len(members)} runs", title="Study")
        self.show_study(study)
        await self._start_launcher()
        await self.launcher.study(study)

    @work(group="study", exclusive=True, exit_on_error=False)
    async def _follow_study(self, study: StudyFolder) -> None:
        """Follow a member that goes on, as long as nobody looks at something else."""
        watched = ""
        while self.study is study:
            try:
                info = await asyncio.to_thread(study.info)
            except UserError:  # removed meanwhile
                break
            if self.study is not study:
                break
            if info != self.study_info:
                self.study_info = info
                self.facts_changed.publish(None)
            idle = not watched or self.monitor is None or not self.monitor.active
            member = next((one for one in info.members if one.active and one.run), None)
            if not watched:
                member = member or next((one for one in info.members if one.run), None)
            if idle and member and (run := study.run_of(member)):
                watched = run.id
                self._watch(run)
            elif info.status not in ACTIVE and idle:
                break
            await asyncio.sleep(0.2)

    async def _with_data(self, experiment: Experiment) -> Experiment | None:
        """Return the experiment as it can be run with the data that is to be had, else None."""
        from kerastui.datasets.catalogue import card
        from kerastui.datasets.fetch import locate

        needed = card(experiment.data.dataset)
        if experiment.data.substitute or not needed.files:
            return experiment
        if await asyncio.to_thread(locate, needed) is not None:
            return experiment
        from kerastui.tui.screens.data_missing import get_data

        answer = await get_data(self, needed)
        if answer == "substitute":
            experiment = experiment.changed({"data.substitute": True})
            self.edit(experiment, "the substitute in place of the data")
        elif answer == "folder":
            await self._restart_launcher()
        return experiment if answer else None

    async def _restart_launcher(self) -> None:
        """Let a new nursery see the changed environment; runs that go on are not touched."""
        if self._launcher is not None and self._owns_launcher:
            await self._launcher.close()
            self._launcher = self._starting = None

    @work(group="code", exclusive=True, exit_on_error=False)
    async def show_code(self, experiment: Experiment) -> None:
        """Show an experiment as a Python script."""
        from kerastui.tui.screens.code import CodeScreen

        try:
            code = await asyncio.to_thread(_script, experiment)
        except UserError as error:
            self.tell_error(error)
        else:
            self.push_screen(CodeScreen(experiment.name, code))

    # Actions

    def action_section(self, name: str) -> None:
        """Go to a section."""
        if name in self.MODES and self.current_mode != name:
            self.switch_mode(name)

    def action_help(self) -> None:
        """Say what can be done on this screen."""
        from kerastui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))

    def action_hardware(self) -> None:
        """Show the machine."""
        from kerastui.tui.screens.hardware import HardwareScreen

        self.push_screen(HardwareScreen())

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

    def tell_error(self, error: UserError, title: str = "That did not work") -> None:
        """Show an error that the user has to read, with its whole text."""
        from kerastui.tui.screens.dialogs import Tell

        self.push_screen(Tell(title, error.message, hint=error.hint))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        other = "Light theme" if self.current_theme.dark else "Dark theme"
        yield SystemCommand(other, "Change the colours", self.action_toggle_theme)
        yield SystemCommand("Themes", "Choose among all themes", self.action_change_theme)
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

    import kerastui.models.experiment_file  # noqa: F401


def _read(name: str) -> Run | Experiment:
    """Return the run or the experiment that a path names; raises `UserError` for anything else."""
    from kerastui.models.experiment_file import load

    path = Path(name).expanduser().absolute()
    return Run(path) if (path / "run.json").exists() else load(path)


def _script(experiment: Experiment) -> str:
    from kerastui.datasets.catalogue import card
    from kerastui.datasets.fetch import locate
    from kerastui.models.code import script

    located = locate(card(experiment.data.dataset))
    return script(experiment, located.path if located else None)

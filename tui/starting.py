"""The part of the app that starts runs and follows the one that is shown."""

from __future__ import annotations

import asyncio
import functools
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import work
from textual.driver import Driver
from textual.signal import Signal

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import ACTIVE, Run, Workspace
from kerastui.tui.calling import Caller
from kerastui.tui.current import CurrentApp
from kerastui.tui.link import Link, watched
from kerastui.tui.monitor import RunMonitor
from kerastui.tui.run_index import RunIndex
from kerastui.tui.trash import Trash
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.store import RunInfo
    from kerastui.models.studies.store import StudyFolder, StudyInfo
    from kerastui.tui.launcher import Launcher


class RunsApp(CurrentApp):
    """An app that starts runs and shows one of them, or a study.

    Attributes:
        monitor: Follows the run that is shown; change it with `show_run`.
        study: The study that is shown in place of one run; change it with `show_study`. The
            monitor then follows a member that goes on.
        study_info: What the record of that study says.
        opened_model: The model that Inspect looks into in place of the shown run's; change it with
            `open_model`.
        run_changed: Published with the monitor when there is news of the run that is shown.
        run_index: All runs of the workspace.
        trash: The runs that were removed in this session.
        started_here: The runs and studies that this session started, by id.
        link: The line to the terminal.
        caller: Calls the user when a run needs a look.
        me: Stands beside the commands that this app gives.
    """

    def __init__(self, workspace: Workspace, launcher: Launcher | None = None) -> None:
        self.link = Link()  # before Textual asks for its driver
        super().__init__(workspace, launcher)
        self.monitor: RunMonitor | None = None
        self.run_changed: Signal[RunMonitor | None] = Signal(self, "run_changed")
        self.run_index = RunIndex(workspace)
        self.trash = Trash(workspace)
        self.started_here: dict[str, Run | StudyFolder] = {}
        self.caller = Caller(self)
        self.me = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self.study: StudyFolder | None = None
        self.study_info: StudyInfo | None = None
        self.opened_model: Path | None = None
        self.opened_with: Experiment | None = None

    def get_driver_class(self) -> type[Driver]:
        return watched(super().get_driver_class(), self.link)

    def action_section(self, name: str) -> None:
        """Go to a section."""
        if self.is_running and name in self.MODES and self.current_mode != name:
            self.switch_mode(name)

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

    def open_model(self, path: Path, experiment: Experiment | None = None) -> None:
        """Look into a model that belongs to no run, until another run is shown.

        Args:
            path: Its file.
            experiment: Whose data and metrics judge it, where some were chosen.
        """
        self.opened_model, self.opened_with = path, experiment
        self.run_changed.publish(self.monitor)
        self.action_section("inspect")

    def _watch(self, run: Run) -> None:
        self.opened_model = self.opened_with = None
        if self.monitor is None or self.monitor.run.path != run.path:
            self.monitor = RunMonitor(run, self._run_news, self.can_draw, self.me)
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

    def can_draw(self) -> bool:
        """Say whether live drawing makes sense now: not on a line that is still busy, nor beneath
        a dialog, where each picture is a whole screen."""
        return self.link.clear and len(self.screen_stack) == 1

    def _run_news(self, monitor: RunMonitor) -> None:
        if monitor is self.monitor:
            self.run_changed.publish(monitor)
            self.caller.news(monitor)

    async def find_active(self) -> None:
        """Show the newest run that goes on, without leaving the section that one is in."""
        found = await asyncio.to_thread(self._active_runs)
        if not found or self.monitor is not None or self.study is not None:
            return
        run, info = found[0]
        self.show_run(run, switch=False)
        if len(found) == 1:
            say(self, f"{info.name} is {info.state}. T shows it.", title="It goes on")
        else:
            say(self, f"{len(found)} runs go on. T shows the newest, R all.", title="They go on")

    def _active_runs(self) -> list[tuple[Run, RunInfo]]:
        self.run_index.refresh()
        return [
            (record.run, record.info)
            for record in self.run_index.records
            if record.active and record.info
        ]

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
        self._call_at_end(run)
        await self._start_launcher()
        await self.launcher.run(run)

    async def resume_run(self, run: Run, **wishes: Any) -> bool:
        """Have a run that has ended go on, and show it; returns whether it does.

        Args:
            run: The run.
            wishes: What is to be different, as `kerastui.models.training.resume.resume` takes it.
        """
        from kerastui.models.training import resume

        try:
            await asyncio.to_thread(functools.partial(resume.resume, run, **wishes))
            self.started_here[run.id] = run
            self.show_run(run)
            self._call_at_end(run)
            await self._start_launcher()
            await self.launcher.run(run)
        except UserError as error:
            self.tell_error(error, "The run does not go on")
            return False
        return True

    async def _start_study(self, experiment: Experiment) -> None:
        from kerastui.models.studies import store as study_store

        study = await asyncio.to_thread(study_store.create, self.workspace, experiment)
        members = study.info().members
        self.started_here[study.id] = study
        say(self, f"{experiment.name}: {len(members)} runs", title="Study")
        self.show_study(study)
        self._call_at_end(study)
        await self._start_launcher()
        await self.launcher.study(study)

    @work(group="calling", exit_on_error=False)
    async def _call_at_end(self, started: Run | StudyFolder) -> None:
        await self.caller.follow(started)

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
        from kerastui.datasets.catalogue import card_of
        from kerastui.datasets.fetch import locate

        needed = card_of(experiment.data)
        if experiment.data.substitute or not needed.files:
            return experiment
        with self.hold_keys():
            located = await asyncio.to_thread(locate, needed)
        if located is not None:
            return experiment
        from kerastui.tui.screens.data.missing import get_data

        answer = await get_data(self, needed)
        if answer == "substitute":
            experiment = experiment.changed({"data.substitute": True})
            self.edit(experiment, "the substitute in place of the data")
        elif answer == "folder":
            await self._restart_launcher()
        return experiment if answer else None

"""What can be done on the Train screen beside commanding the worker: look closer, try, repeat."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING

from textual import work
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.studies import store as study_store
from kerastui.tui.monitor import read_tail
from kerastui.tui.screens.train import charts, study_words
from kerastui.tui.screens.train.commands import CommandScreen
from kerastui.tui.study_monitor import StudyMonitor
from kerastui.tui.widgets import event_log
from kerastui.tui.widgets.event_log import Entry, EventLog
from kerastui.tui.widgets.loss_chart import LossChart
from kerastui.tui.widgets.row_list import RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.tui.monitor import RunMonitor

STUDY_INTERVAL = 0.5
"""Seconds between two looks at a study."""

SEEDS = 5
"""Repeats that one key asks for."""


class ActionScreen(CommandScreen):
    """A section with the experiment of the run that is shown, and the study it belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self._experiment: Experiment | None = None

    # The study

    def _find_study(self, monitor: RunMonitor | None) -> None:
        """Follow the study that is shown, or that the run belongs to; only where it is another."""
        folder = self.kerastui.study
        if folder is None and monitor and monitor.info:
            known = self._study and self._study.folder
            if known and known.id == monitor.info.study:
                return
            folder = study_store.of_run(monitor.run, monitor.info)
        if folder is None:
            if self._study and not (monitor and monitor.info is None):
                self._study = None
            return
        if self._study is None or self._study.folder.path != folder.path:
            self._study = StudyMonitor(folder)
            self._follow_study(self._study)

    @work(group="study", exclusive=True, exit_on_error=False)
    async def _follow_study(self, study: StudyMonitor) -> None:
        news = False
        while self._study is study:
            if self.is_attached and self.app.screen_stack[0] is self:
                before = study.picture
                try:
                    picture = await asyncio.to_thread(study.look)
                except UserError as error:
                    say(self.app, str(error), "error")
                    return
                if self._study is not study:
                    return
                news = news or before is None or picture.overview != before.overview
                if news and (picture.over or self.kerastui.can_draw()):
                    news = False
                    self.draw()
                if picture.over:
                    return
            await asyncio.sleep(STUDY_INTERVAL)

    def action_open(self) -> None:
        """Show the member under the cursor by itself."""
        if self.shows_study and (target := self.target):
            self.kerastui.show_run(target.run)

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        event.stop()
        self.action_open()

    def action_stop_all(self) -> None:
        """Stop the whole study."""
        if self._study is None:
            return
        try:
            self._study.folder.stop()
        except UserError as error:
            self.kerastui.tell_error(error)
        else:
            say(self.app, "What runs keeps its model, the rest is left out.", title="Stopping all")

    def _can_go_back_to_study(self) -> bool:
        monitor, study = self.monitor, self._study
        if self.shows_study or monitor is None or study is None:
            return False
        if monitor.info is not None:
            return monitor.info.study == study.folder.id
        # Its record is still being read.
        rows = study.picture.overview.rows if study.picture else ()
        return any(row.run == monitor.run.id for row in rows)

    def action_seeds(self) -> None:
        """Repeat the experiment with several seeds, whatever it is."""
        experiment = self.kerastui.current or self._experiment
        if experiment is None:
            return
        if experiment.study and experiment.study.until:
            say(self.app, "It is repeated already until it succeeds; r does that.", "warning")
            return
        self.kerastui.start_run(experiment.changed({"study.repeats": SEEDS}))

    # In words

    @work(group="words", exclusive=True, exit_on_error=False)
    async def action_words(self) -> None:
        """Say in words what the curves show, and offer what to try."""
        from kerastui.tui.screens.train import advice

        target, study = self.target, self._study
        if target is None:
            return
        history = copy.deepcopy(target.history)
        repeats = study.repeats(target.run.id) if study else []
        try:
            with self.kerastui.hold_keys():
                experiment = await asyncio.to_thread(target.run.experiment)
                info = await asyncio.to_thread(target.run.info)
                reading = await asyncio.to_thread(advice.read, info, history, experiment, repeats)
            name = experiment.name
            if study and study.picture:
                rows = study.picture.overview.rows
                member = next((row for row in rows if row.run == target.run.id), None)
                name += f", {study_words.name(member, study.picture)}" if member else ""
            screen = advice.AdviceScreen(name, reading)
            technique = await self.app.push_screen_wait(screen)
            if technique is not None:
                if experiment != self.kerastui.current:
                    self.kerastui.set_current(experiment)
                self.kerastui.edit(experiment.changed(technique.changes), technique.name)
                say(self.app, f"{technique.name}\nr runs it.", title="Changed")
        except UserError as error:
            self.kerastui.tell_error(error)

    # What opens over the charts

    def action_epochs(self) -> None:
        """Show every epoch's figures, or all figures of the study."""
        from kerastui.tui.screens.train.epochs import EpochsScreen
        from kerastui.tui.screens.train.study import StudyFigures

        if self.shows_study:
            if self._study and self._study.picture:
                self.app.push_screen(StudyFigures(self._study.picture))
        elif (monitor := self.monitor) is not None:
            name = monitor.info.name if monitor.info else monitor.run.id
            self.app.push_screen(EpochsScreen(f"epochs of {name}", lambda: monitor.history))

    def action_console(self) -> None:
        """Show the whole log and what the worker printed; again to close."""
        self.toggle_class("-console")
        if self.has_class("-console") and self.monitor:
            self._read_console(self.monitor)
            self.query_one("#console").focus()
        else:
            self.query_one("#study-rows" if self.shows_study else "#chart-loss").focus()
        self.draw()

    @work(group="console", exclusive=True, exit_on_error=False)
    async def _read_console(self, monitor: RunMonitor) -> None:
        text = await asyncio.to_thread(read_tail, monitor.run)
        lines = event_log.in_words(
            monitor.history, monitor.info, monitor.status, killed=monitor.killed
        )
        if printed := event_log.printed(text):
            title = Content.styled("printed by the worker", "$faint")
            lines += [Entry(Content("")), Entry(title), *printed]
        self.query_one("#console", EventLog).show(lines)

    def _something_open(self) -> bool:
        return self.has_class("-console") or any(
            chart.cursor is not None for chart in self.query(LossChart)
        )

    def action_back(self) -> None:
        if self.has_class("-console"):
            self.action_console()
        elif self._something_open():
            for chart in self.query(LossChart):
                chart.put_cursor(None)
            self.refresh_bindings()
        elif self._study and self._can_go_back_to_study():
            self.kerastui.show_study(self._study.folder)

    # The experiment

    def action_run(self) -> None:
        """Run the current experiment; without one, that of the run that is shown."""
        experiment = self.kerastui.current or self._experiment
        if experiment is not None:
            self.kerastui.start_run(experiment)

    def action_code(self) -> None:
        experiment = self.kerastui.current or self._experiment
        if experiment is not None:
            self.kerastui.show_code(experiment)

    @work(group="settings", exclusive=True, exit_on_error=False)
    async def action_settings(self) -> None:
        """Edit the settings of the current experiment."""
        from kerastui.tui.screens.train.settings import SettingsScreen

        experiment = self.kerastui.current or self._experiment
        if experiment is None:
            return
        changed = await self.app.push_screen_wait(SettingsScreen(experiment))
        if changed is not None:
            self.kerastui.edit(changed, "settings")
            say(self.app, "r runs it.", title="Settings changed")

    # Which keys work

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        target, current = self.target, self.kerastui.current
        # Where there is little room in the footer, keys that do nothing now are left out.
        no = None if self.has_class("-wide") else False
        active = target is not None and target.active
        paused = target is not None and target.status == "paused"
        if action in ("pause", "continue"):
            # One key, two words: only the one that fits is there.
            if (action == "continue") != paused:
                return False
            return True if active else no
        if action in ("more", "resume"):
            # One key too: what is trained can be made longer, what has ended can go on.
            if (action == "more") != active:
                return False
            ready = bool(target and (target.history.started or not active))
            return True if ready else no
        if action in ("open", "stop_all", "compare") and not self.shows_study:
            return False
        if action == "back":
            return self._something_open() or self._can_go_back_to_study()
        epoch = target.history.epoch if target else 0
        picture = self._study.picture if self._study and self.shows_study else None
        metrics = picture.metrics if picture else charts.names(target.history) if target else ()
        experiment = bool(current or self._experiment)
        allowed = {
            "open": target is not None,
            "run": not self._goes_on() and experiment,
            "seeds": not self._goes_on() and experiment,
            "stop": active,
            "stop_all": self._goes_on(),
            "kill": active,
            "rate": active and bool(target and target.history.started),
            "words": epoch > 0,
            "settings": experiment,
            "code": experiment,
            "epochs": epoch > 0 or picture is not None,
            "metric": len(metrics) > 1,
            "console": self.monitor is not None,
            "smooth": epoch > 1,
            "log_scale": epoch > 0,
            "zoom": self.epochs_drawn > 20,
        }
        return True if allowed.get(action, True) else no

    @work(group="compare", exclusive=True, exit_on_error=False)
    async def action_compare(self) -> None:
        """Hold the variants of the study side by side."""
        from kerastui.tui.screens.compare.screen import compare

        if self.kerastui.study is not None:
            await compare(self.kerastui, (), self.kerastui.study.id)

    def _goes_on(self) -> bool:
        """Say whether what is shown goes on: the run, or the study."""
        if self.shows_study:
            picture = self._study.picture if self._study else None
            return picture is None or not picture.over
        return self.monitor is not None and self.monitor.active

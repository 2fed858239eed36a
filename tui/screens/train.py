"""Train: the run that is shown, live or ended, and what can be done with it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.timer import Timer

from kerastui.datasets.errors import UserError
from kerastui.models import hardware
from kerastui.models.figures import Verdict, at_epochs, judge, of_history
from kerastui.models.runs import ACTIVE, Run
from kerastui.tui.monitor import read_tail
from kerastui.tui.screens import train_charts, train_study, train_words
from kerastui.tui.screens.train_view import ChartScreen
from kerastui.tui.widgets import event_log, metrics_table, run_progress
from kerastui.tui.widgets.empty import EmptyState
from kerastui.tui.widgets.event_log import Entry, EventLog
from kerastui.tui.widgets.key_values import KeyValues
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.loss_chart import LossChart
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.run_progress import Progress
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment import Experiment
    from kerastui.models.history import History
    from kerastui.tui.monitor import RunMonitor


LINES_INTERVAL = 0.25
"""Seconds between two updates of the figures; the charts move ten times a second."""

ASKED = {
    "pause": "pausing after this batch …",
    "continue": "going on …",
    "stop": "stopping after this batch, the model is kept …",
    "kill": "ending the worker …",
    "set_learning_rate": "the learning rate changes after this batch …",
}


class TrainScreen(ChartScreen):
    """The run that is shown. Without one: what the current experiment would do."""

    SECTION = "train"
    CSS_PATH = "train.tcss"
    AUTO_FOCUS = "#chart-loss"
    HELP = """\
# Train

The run that is shown, live or ended. A run is a process of its own: it goes on when the app is
closed, and is found again under Runs.

The arrow keys put a cursor on the chart; Home, End and `b` jump to the first, the last and the
best value. A click does the same.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "run", tooltip="Run the current experiment"),
        Binding("p", "pause", "pause", tooltip="Pause after this batch; p again goes on"),
        Binding("p", "continue", "continue", tooltip="Let the paused run go on"),
        Binding("s", "stop", "stop & keep", tooltip="Stop after this batch and keep the model"),
        Binding("K", "kill", "kill", tooltip="End the worker at once; the checkpoint remains"),
        Binding("l", "rate", "rate", tooltip="Set another learning rate while it runs"),
        Binding("e", "settings", "settings", tooltip="Edit optimizer, loss, epochs, callbacks"),
        Binding("t", "epochs", "table", tooltip="Every epoch's figures"),
        Binding("m", "metric", "metric", tooltip="Show the next metric"),
        Binding("o", "console", "log", tooltip="What happened, and what the worker printed"),
        Binding("plus,equals_sign", "smooth(1)", "smooth", key_display="+ −",
                tooltip="Smooth the curves more; − smooths less"),
        Binding("minus", "smooth(-1)", "less smooth", show=False, tooltip="Smooth less"),
        Binding("y", "log_scale", "log y", tooltip="Logarithmic vertical axis, or linear again"),
        Binding("z", "zoom", "zoom", tooltip="Only the last epochs; again for fewer, then all"),
        Binding("c", "code", "code", tooltip="The same as a Python script"),
        Binding("escape", "back", "back", tooltip="Take the cursor away, close the log"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._asked = ""
        self._run: Run | None = None
        self._experiment: Experiment | None = None
        self._differs = False
        self._verdicts: list[Verdict] = []
        self._usage = ""
        self._notes_seen = 0
        self._title = "progress"
        self._status = ""
        self._pending: Timer | None = None
        self._working: list[bool | None] = []
        self._clock: Timer | None = None

    def compose_body(self) -> ComposeResult:
        with Container(id="train-idle"):
            with Panel(title="settings", id="train-settings"):
                yield KeyValues(id="settings-table")
            yield EmptyState("Nothing to train yet", id="train-empty")
        with Container(id="train-live"):
            with Vertical(id="train-charts"):
                yield LossChart(id="chart-loss")
                yield LossChart(id="chart-metric")
                yield LossChart(id="chart-rate")
                yield LineView(id="train-status")
            with Vertical(id="train-side"):
                for name in ("progress", "metrics", "published", "study"):
                    with Panel(title=name, id=f"panel-{name}"):
                        yield LineView(id=f"lines-{name}")
                with Panel(title="log", id="panel-log"):
                    yield EventLog(id="events")
        with Panel(title="log", id="train-console"):
            yield EventLog(id="console")

    def on_mount(self) -> None:
        self._clock = self.set_interval(1.0, self._every_second)
        self._draw()

    def on_screen_resume(self) -> None:
        if self._clock:
            self._clock.resume()

    def on_screen_suspend(self) -> None:
        if self._clock:
            self._clock.pause()

    def on_resize(self) -> None:
        # The widths that lines are cut to are known once the layout is done.
        self.call_after_refresh(self._draw)

    # What is shown

    def experiment_changed(self, experiment: Experiment | None) -> None:
        self._compare_with_current()
        self._draw()

    def run_changed(self, monitor: RunMonitor | None) -> None:
        run = monitor.run if monitor else None
        if monitor is None or run is not self._run:
            self._another_run(run)
            self._draw()
            return
        self._settle_asked(monitor)
        self._trace.take(monitor.history)
        if monitor.status != self._status or not monitor.history.epoch:
            self._status = monitor.status
            self._draw()
            return
        self._draw_charts(monitor)
        if self._pending is None:
            # Figures that change ten times a second can't be read, and fill a slow line.
            self._pending = self.set_timer(LINES_INTERVAL, self._draw)

    def _another_run(self, run: Run | None) -> None:
        self._run = run
        self._asked, self._usage, self._notes_seen = "", "", 0
        self._trace = train_charts.BatchTrace()
        self._experiment, self._siblings, self._verdicts = None, [], []
        for chart in self.query(LossChart):
            chart.put_cursor(None)
        if run is not None:
            self._load_experiment(run)

    @work(group="experiment", exclusive=True, exit_on_error=False)
    async def _load_experiment(self, run: Run) -> None:
        with suppress(UserError):
            self._experiment = await asyncio.to_thread(run.experiment)
            self._compare_with_current()
            self._draw()

    def _compare_with_current(self) -> None:
        """Find out whether `r` would run something else than what is shown."""
        current, shown = self.kerastui.current, self._experiment
        self._differs = bool(current and shown and current.fingerprint() != shown.fingerprint())

    def _draw(self) -> None:
        """Bring everything up to date; only what differs is written to the terminal."""
        if self._pending is not None:
            self._pending.stop()
            self._pending = None
        if not self.is_mounted:
            return
        monitor = self.monitor
        self.query_one("#train-idle").display = monitor is None
        self.query_one("#train-live").display = bool(monitor) and not self.has_class("-console")
        if monitor is None:
            self._draw_idle()
        else:
            if self.focused is None and not self.has_class("-console"):
                self.query_one("#chart-loss").focus()
            self._draw_charts(monitor)
            self._draw_lines(monitor)
        self._refresh_keys()

    def _refresh_keys(self) -> None:
        """Have the footer drawn anew, if other keys work than before."""
        working = [
            self.check_action(binding.action, ())
            for binding in self.BINDINGS
            if isinstance(binding, Binding)
        ]
        if working != self._working:
            self._working = working
            self.refresh_bindings()

    def _draw_idle(self) -> None:
        from kerastui.tui.screens.train_summary import settings

        experiment = self.kerastui.current
        self.query_one("#train-empty", EmptyState).say(
            "No run is shown" if experiment else "Nothing to train yet",
            "Its charts, figures and log stand here."
            if experiment
            else "An experiment belongs here: data, a model, and how it is trained.",
            (("r", "run"), ("e", "change the settings"), ("R", "open an earlier run"))
            if experiment
            else (("L", "choose an example"), ("R", "open an earlier run")),
        )
        panel = self.query_one("#train-settings")
        panel.display = experiment is not None
        if experiment:
            self.query_one("#settings-table", KeyValues).show(settings(experiment))

    def _draw_lines(self, monitor: RunMonitor) -> None:
        history, info = monitor.history, monitor.info
        ended = monitor.ready and not monitor.active
        self._verdicts = self._judge(history)
        progress = Progress(
            history, info, monitor.status, self._asked, self._verdicts,
            self._usage if monitor.active else "",
        )  # fmt: skip
        if not self.has_class("-wide"):
            width = max(10, self.size.width - 2)
            self.query_one("#train-status", LineView).show(
                train_words.narrow(progress, width, self.size.height, ended=ended)
            )
        else:
            width = self.query_one("#lines-progress").size.width or 42
            lines = (
                train_words.result(progress, width, differs=self._differs)
                if ended
                else run_progress.wide(progress, width)
            )
            self._put("progress", train_words.mark(progress) + lines)
            self._entitle("result" if ended else "progress")
            short = self.size.height < 30
            self._put("metrics", metrics_table.lines(history, width, 5 if short else 12))
            self._put("published", metrics_table.published(self._verdicts, width, ended=ended))
            self._put("study", train_study.lines(self._siblings, width)[: 2 if short else 8])
        events = event_log.in_words(history, info, monitor.status)
        if monitor.problem:
            events.append(Entry(Content.styled(monitor.problem, "$bad")))
        self.query_one("#events", EventLog).show(events)

    def _entitle(self, title: str) -> None:
        """Name the first panel; only when it differs, since a title repaints its whole panel."""
        if title != self._title:
            self._title = title
            self.query_one("#panel-progress", Panel).set_title(title)

    def _put(self, name: str, lines: list[Content]) -> None:
        self.query_one(f"#panel-{name}").display = bool(lines)
        self.query_one(f"#lines-{name}", LineView).show(lines)

    def _judge(self, history: History) -> list[Verdict]:
        experiment = self._experiment
        if experiment is None or not experiment.published:
            return []
        wanted = [figure.figure for figure in experiment.published]
        info = self.monitor.info if self.monitor else None
        figures = {**of_history(history), **at_epochs(history, wanted), **history.figures,
                   **(info.figures if info else {})}  # fmt: skip
        if self.monitor and self.monitor.active:
            # What the history says before the end is not yet the figure.
            figures = {key: value for key, value in figures.items() if key in history.figures}
        variants = train_study.variant_figures(self._siblings) if self._siblings else None
        return [judge(figure, figures, variants) for figure in experiment.published]

    # Now and then

    def _every_second(self) -> None:
        monitor = self.monitor
        if monitor is None:
            return
        if monitor.active:
            self._read_usage()
        if monitor.info and monitor.info.study:
            self._read_siblings(monitor.run, monitor.info.study)
        if self.has_class("-console"):
            self._read_console(monitor)

    @work(group="usage", exclusive=True, exit_on_error=False)
    async def _read_usage(self) -> None:
        usage = train_words.usage(await asyncio.to_thread(hardware.snapshot))
        if usage != self._usage:
            self._usage = usage
            self._draw()

    @work(group="siblings", exclusive=True, exit_on_error=False)
    async def _read_siblings(self, run: Run, study: str) -> None:
        known = self._siblings
        found = await asyncio.to_thread(train_study.siblings, run, study, known)
        if found != known and run is self._run:
            self._siblings = found
            self._draw()

    @work(group="console", exclusive=True, exit_on_error=False)
    async def _read_console(self, monitor: RunMonitor) -> None:
        text = await asyncio.to_thread(read_tail, monitor.run)
        lines = event_log.in_words(monitor.history, monitor.info, monitor.status)
        if printed := event_log.printed(text):
            title = Content.styled("printed by the worker", "$faint")
            lines += [Entry(Content("")), Entry(title), *printed]
        self.query_one("#console", EventLog).show(lines)

    # Commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        monitor, current = self.monitor, self.kerastui.current
        # Where there is little room in the footer, keys that do nothing now are left out.
        no = None if self.has_class("-wide") else False
        active = monitor is not None and monitor.active
        paused = monitor is not None and monitor.status == "paused"
        if action in ("pause", "continue"):
            # One key, two words: only the one that fits is there.
            if (action == "continue") != paused:
                return False
            return True if active else no
        history = self.history
        if action == "back":
            return self._something_open()
        epoch = history.epoch if history else 0
        allowed = {
            "run": not active and bool(current or self._experiment),
            "stop": active,
            "kill": active,
            "rate": active and bool(history and history.started),
            "settings": bool(current or self._experiment),
            "code": bool(current or self._experiment),
            "epochs": epoch > 0,
            "metric": history is not None and len(train_charts.names(history)) > 1,
            "console": monitor is not None,
            "smooth": epoch > 1,
            "log_scale": epoch > 0,
            "zoom": epoch > 20,
        }
        return True if allowed.get(action, True) else no

    def action_run(self) -> None:
        """Run the current experiment; without one, that of the run that is shown."""
        experiment = self.kerastui.current or self._experiment
        if experiment is not None:
            self.kerastui.start_run(experiment)

    def action_pause(self) -> None:
        self._command("pause")

    def action_continue(self) -> None:
        self._command("continue")

    def action_stop(self) -> None:
        self._command("stop")

    @work(group="kill", exclusive=True, exit_on_error=False)
    async def action_kill(self) -> None:
        """End the worker at once, after a question."""
        from kerastui.tui.screens.dialogs import confirm

        monitor = self.monitor
        if monitor is None:
            return
        saved = monitor.history.checkpoint_epoch
        remains = (
            f"The checkpoint of epoch {saved:,} remains, and every figure up to now."
            if saved
            else "No checkpoint was written yet: only the figures up to now remain."
        )
        text = (
            f"The worker is ended at once, in the middle of what it does. {remains} "
            "Stop & keep (s) ends after this batch and saves the model."
        )
        answer = await self.app.push_screen_wait(confirm("kill", text, "Kill it", no="Let it run"))
        if answer != "y":
            return
        try:
            await asyncio.to_thread(monitor.run.kill)
        except UserError as error:
            self.kerastui.tell_error(error)
        except OSError as error:
            self.kerastui.tell_error(UserError(f"The worker can't be ended: {error}."))
        else:
            self._ask_shown("kill")

    @work(group="rate", exclusive=True, exit_on_error=False)
    async def action_rate(self) -> None:
        """Ask for another learning rate and send it."""
        from kerastui.tui.screens.train_dialogs import AskRate

        history = self.history
        known = history.last(train_charts.RATE) if history else float("nan")
        rate = await self.app.push_screen_wait(AskRate(known if known == known else None))
        if rate is not None:
            self._command("set_learning_rate", value=rate)

    def _command(self, command: str, **arguments: float) -> None:
        if self._run is None:
            return
        try:
            self._run.command(command, **arguments)
        except UserError as error:
            self.kerastui.tell_error(error)
        else:
            self._ask_shown(command)

    def _ask_shown(self, command: str) -> None:
        """Say at once what was asked for; it happens when the worker looks."""
        self._asked = ASKED[command]
        self._notes_seen = len(self.history.notes) if self.history else 0
        self._draw()

    def _settle_asked(self, monitor: RunMonitor) -> None:
        """Forget what was asked for once it happened, or can't happen any more."""
        history = monitor.history
        happened = {
            ASKED["pause"]: monitor.status == "paused",
            ASKED["continue"]: monitor.status == "running",
            ASKED["set_learning_rate"]: any(
                note.kind == "learning_rate" for note in history.notes[self._notes_seen :]
            ),
        }
        if monitor.status not in ACTIVE or happened.get(self._asked, False):
            self._asked = ""

    # What opens over the charts

    def action_epochs(self) -> None:
        """Show every epoch's figures."""
        from kerastui.tui.screens.train_epochs import EpochsScreen

        if (monitor := self.monitor) is not None:
            name = monitor.info.name if monitor.info else monitor.run.id
            self.app.push_screen(EpochsScreen(f"epochs of {name}", lambda: monitor.history))

    def action_console(self) -> None:
        """Show the whole log and what the worker printed; again to close."""
        self.toggle_class("-console")
        if self.has_class("-console") and self.monitor:
            self._read_console(self.monitor)
            self.query_one("#console").focus()
        else:
            self.query_one("#chart-loss").focus()
        self._draw()

    def _something_open(self) -> bool:
        return self.has_class("-console") or any(
            chart.cursor is not None for chart in self.query(LossChart)
        )

    def action_back(self) -> None:
        if self.has_class("-console"):
            self.action_console()
            return
        for chart in self.query(LossChart):
            chart.put_cursor(None)
        self.refresh_bindings()

    # The experiment

    def action_code(self) -> None:
        experiment = self.kerastui.current or self._experiment
        if experiment is not None:
            self.kerastui.show_code(experiment)

    @work(group="settings", exclusive=True, exit_on_error=False)
    async def action_settings(self) -> None:
        """Edit the settings of the current experiment."""
        from kerastui.tui.screens.train_settings import SettingsScreen

        experiment = self.kerastui.current or self._experiment
        if experiment is None:
            return
        changed = await self.app.push_screen_wait(SettingsScreen(experiment))
        if changed is not None:
            self.kerastui.set_current(changed)
            say(self.app, "r runs it.", title="Settings changed")

"""Train: the run that is shown, live or ended, and what can be done with it."""

from __future__ import annotations

import asyncio
import copy
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.timer import Timer

from kerastui.datasets.errors import UserError
from kerastui.models.machine import hardware
from kerastui.models.runs.figures import Verdict
from kerastui.models.runs.store import Run
from kerastui.tui.screens.train import charts, study_words
from kerastui.tui.screens.train import words as train_words
from kerastui.tui.screens.train.actions import ActionScreen
from kerastui.tui.screens.train.study import StudyView
from kerastui.tui.widgets import event_log, metrics_table, run_progress
from kerastui.tui.widgets.empty import EmptyState
from kerastui.tui.widgets.event_log import Entry, EventLog
from kerastui.tui.widgets.key_values import KeyValues
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.loss_chart import LossChart
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.run_progress import Progress

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.store import RunInfo
    from kerastui.tui.monitor import RunMonitor


SUMMARY_FROM, SUMMARY_LINES = 38, 8
"""Height from which the result has a paragraph, and the lines it gets."""

LINES_INTERVAL = 0.25
"""Seconds between two updates of the figures; the charts move ten times a second."""


class TrainScreen(ActionScreen):
    """The run that is shown, or a study. Without one: what the current experiment would do."""

    SECTION = "train"
    CSS_PATH = "train.tcss"
    AUTO_FOCUS = "#chart-loss"
    HELP = """The run that is shown, live or ended. A run is a process of its own: it goes on when \
the app is closed, and is found again under Runs.

The arrow keys put a cursor on the chart; Home, End and b jump to the first, the last and the best \
value. A click does the same.

In the charts ↻ marks where a run was taken up again, η another learning rate and ± another number \
of epochs. Commands may come from several terminals; each shows what another one asked for.

A study is shown as a whole: its members' curves over each other, and a line for each member. The \
keys act on the member under the cursor; Enter shows it by itself, Escape comes back."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", key_display="Esc",
                tooltip="Take the cursor away, close the log, go back to the study"),
        Binding("enter", "open", "open", key_display="Enter",
                tooltip="Show the member under the cursor by itself"),
        Binding("r", "run", "run", tooltip="Run the current experiment"),
        Binding("p", "pause", "pause",
                tooltip="Pause after this batch: nothing runs, all stays in memory; p goes on"),
        Binding("p", "continue", "continue", tooltip="Let the paused run go on"),
        Binding("s", "stop", "stop & keep",
                tooltip="Stop after this batch: the model is saved and evaluated"),
        Binding("S", "stop_all", "stop all",
                tooltip="Stop the whole study: what runs keeps its model, the rest is left out"),
        Binding("K", "kill", "kill",
                tooltip="End the worker at once: only its last checkpoint remains"),
        Binding("l", "rate", "rate", tooltip="Set another learning rate while it runs"),
        Binding("a", "more", "epochs", tooltip="Train more or fewer epochs than was planned"),
        Binding("a", "resume", "go on",
                tooltip="Go on with a run that has ended: as it was, longer, with another rate"),
        Binding("w", "words", "in words", tooltip="The curves in words, and what to try"),
        Binding("e", "settings", "settings", tooltip="Edit optimizer, loss, epochs, callbacks"),
        Binding("t", "epochs", "table", tooltip="Every epoch's figures; all figures of a study"),
        Binding("5", "seeds", "seeds", tooltip="Repeat the experiment with 5 seeds"),
        Binding("v", "compare", "side by side",
                tooltip="The study's variants: figures, and only what differs"),
        Binding("m", "metric", "metric", tooltip="Show the next metric"),
        Binding("o", "console", "log", tooltip="What happened, and what the worker printed"),
        Binding("plus,equals_sign", "smooth(1)", "smooth", key_display="+ −",
                tooltip="Smooth the curves more; − smooths less"),
        Binding("minus", "smooth(-1)", "less smooth", show=False, tooltip="Smooth less"),
        Binding("y", "log_scale", "log y", tooltip="Logarithmic vertical axis, or linear again"),
        Binding("z", "zoom", "zoom", tooltip="Only the last epochs; again for fewer, then all"),
        Binding("c", "code", "code", tooltip="The same as a Python script"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._run: Run | None = None
        self._differs = False
        self._verdicts: list[Verdict] = []
        self._usage = ""
        self._summary = ""
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
        yield StudyView(id="train-study")
        with Panel(title="log", id="train-console"):
            yield EventLog(id="console")

    def on_mount(self) -> None:
        self._clock = self.set_interval(1.0, self._every_second)
        self.draw()

    def on_screen_resume(self) -> None:
        if self._clock:
            self._clock.resume()

    def on_screen_suspend(self) -> None:
        if self._clock:
            self._clock.pause()

    def on_resize(self) -> None:
        # The widths that lines are cut to are known once the layout is done.
        self.call_after_refresh(self.draw)

    # What is shown

    def experiment_changed(self, experiment: Experiment | None) -> None:
        self._compare_with_current()
        self.draw()

    def run_changed(self, monitor: RunMonitor | None) -> None:
        run = monitor.run if monitor else None
        if self.shows_study != self.has_class("-study"):
            self.set_class(self.shows_study, "-study")
            self.remove_class("-console")
            self.call_after_refresh(self._focus_what_is_shown)
            self.draw()
        if monitor is None or run is not self._run:
            self._another_run(run)
            self._find_study(monitor)
            self.draw()
            return
        self._find_study(monitor)
        self._trace.take(monitor.history)
        if self.shows_study:
            return
        if monitor.status != self._status or not monitor.history.epoch:
            self._status = monitor.status
            self.draw()
            return
        self._draw_charts(monitor)
        if self._pending is None:
            # Figures that change ten times a second can't be read, and fill a slow line.
            self._pending = self.set_timer(LINES_INTERVAL, self.draw)

    def _another_run(self, run: Run | None) -> None:
        self._run = run
        self._usage = ""
        self._trace = charts.BatchTrace()
        self._experiment, self._verdicts, self._summary = None, [], ""
        for chart in self.query(LossChart):
            chart.put_cursor(None)
        if run is not None:
            self._load_experiment(run)

    def _focus_what_is_shown(self) -> None:
        if self.monitor is not None or self.shows_study:
            self.query_one("#study-rows" if self.shows_study else "#chart-loss").focus()

    @work(group="experiment", exclusive=True, exit_on_error=False)
    async def _load_experiment(self, run: Run) -> None:
        with suppress(UserError):
            experiment = await asyncio.to_thread(run.experiment)
            if run is self._run:
                self._experiment = experiment
                self._compare_with_current()
                self.draw()

    def _compare_with_current(self) -> None:
        """Find out whether `r` would run something else than what is shown."""
        current, shown = self.kerastui.current, self._experiment
        self._differs = bool(current and shown and current.fingerprint() != shown.fingerprint())

    def draw(self) -> None:
        """Bring everything up to date; only what differs is written to the terminal."""
        if self._pending is not None:
            self._pending.stop()
            self._pending = None
        if not self.is_mounted:
            return
        monitor, study = self.monitor, self.shows_study
        open_log = self.has_class("-console")
        self.query_one("#train-idle").display = monitor is None and not study
        self.query_one("#train-live").display = bool(monitor) and not study and not open_log
        self.study_view.display = study and not open_log
        if study:
            self.study_view.show(self._study.picture if self._study else None)
        elif monitor is None:
            self._draw_idle()
        else:
            if self.focused is None and not open_log:
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

    def on_row_list_moved(self) -> None:
        self._refresh_keys()

    def _draw_idle(self) -> None:
        from kerastui.tui.screens.train.summary import settings

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
        self._verdicts = self._judge(monitor)
        if not ended:
            self._summary = ""
        elif not self._summary and self._experiment and info:
            self._summary = "…"
            self._summarise(monitor, info)
        progress = Progress(
            history, info, monitor.status, self.asked, self._verdicts,
            self._usage if monitor.active else "", monitor.killed, monitor.problem,
        )  # fmt: skip
        if not self.has_class("-wide"):
            width = max(10, self.size.width - 2)
            self.query_one("#train-status", LineView).show(
                train_words.narrow(progress, width, self.size.height, ended=ended)
            )
        else:
            width = self.query_one("#lines-progress").size.width or 42
            model = monitor.run.model if ended and monitor.run.model.is_file() else None
            lines = (
                train_words.result(
                    progress,
                    width,
                    differs=self._differs,
                    model=model,
                    summary=self._summary,
                    room=SUMMARY_LINES if self.size.height >= SUMMARY_FROM else 0,
                )
                if ended
                else run_progress.wide(progress, width)
            )
            self._put("progress", train_words.mark(progress) + lines)
            self._entitle("result" if ended else "progress")
            short = self.size.height < 30
            self._put("metrics", metrics_table.lines(history, width, 5 if short else 12))
            self._put("published", metrics_table.published(self._verdicts, width, ended=ended))
            picture = self._study.picture if self._study else None
            others = (
                study_words.siblings(picture, monitor.run.id, width, 2 if short else 6)
                if picture
                else []
            )
            self._put("study", others)
        events = event_log.in_words(history, info, monitor.status, killed=monitor.killed)
        if monitor.problem:
            events.append(Entry(Content.styled(monitor.problem, "$bad")))
        self.query_one("#events", EventLog).show(events)

    @work(group="summary", exclusive=True, exit_on_error=False)
    async def _summarise(self, monitor: RunMonitor, info: RunInfo) -> None:
        """Put the run that has ended into one paragraph."""
        from kerastui.models.runs import words as run_words

        history = copy.deepcopy(monitor.history)
        text = await asyncio.to_thread(run_words.in_words, info, history, None, beside=True)
        if monitor is self.monitor and not monitor.active:
            self._summary = text
            self.draw()

    def _entitle(self, title: str) -> None:
        """Name the first panel; only when it differs, since a title repaints its whole panel."""
        if title != self._title:
            self._title = title
            self.query_one("#panel-progress", Panel).set_title(title)

    def _put(self, name: str, lines: list[Content]) -> None:
        self.query_one(f"#panel-{name}").display = bool(lines)
        self.query_one(f"#lines-{name}", LineView).show(lines)

    def _judge(self, monitor: RunMonitor) -> list[Verdict]:
        """Hold the published figures against this run: those that speak of it."""
        picture = self._study.picture if self._study else None
        experiment = picture.experiment if picture else self._experiment
        if experiment is None or not experiment.published or monitor.info is None:
            return []
        from kerastui.models.studies import members as studies

        mine = studies.reached(monitor.info, monitor.history, studies.wanted(experiment))
        if monitor.active:
            # What the history says before the end is not yet the figure.
            mine = replace(mine, figures=dict(monitor.history.figures))
        others = [one for one in picture.results if one.variant != mine.variant] if picture else []
        base = experiment.study.base if experiment.study else ""
        name = mine.variant or base
        found = studies.verdicts(experiment, [replace(mine, variant=name), *others])
        return [one for one in found if (one.figure.variant or base) == name]

    # Now and then

    def _every_second(self) -> None:
        monitor = self.monitor
        if monitor is None or not self.is_current:
            return
        live = monitor.active and not self.shows_study and self.kerastui.link.clear
        if live and not self.under_way("usage"):
            self._read_usage()
        if self.has_class("-console") and not self.under_way("console"):
            self._read_console(monitor)

    @work(group="usage", exclusive=True, exit_on_error=False)
    async def _read_usage(self) -> None:
        usage = train_words.usage(await asyncio.to_thread(hardware.snapshot))
        if usage != self._usage:
            self._usage = usage
            self.draw()

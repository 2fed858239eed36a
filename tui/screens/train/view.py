"""The charts of the Train screen: which are shown, how, and the keys that change that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.screens.train import charts
from kerastui.tui.screens.train.study import StudyView
from kerastui.tui.widgets.loss_chart import Line, LossChart

if TYPE_CHECKING:
    from kerastui.models.runs.history import History
    from kerastui.tui.monitor import RunMonitor
    from kerastui.tui.study_monitor import StudyMonitor

MOST_OVERLAYS = 3
"""Other members that are drawn behind a member of a study."""

SMOOTHINGS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98)
ZOOMS = (None, 1000, 500, 100, 50, 20)


class ChartScreen(SectionScreen):
    """A section with the charts `#chart-loss`, `#chart-metric` and `#chart-rate` of a run, and a
    `StudyView` in their place while a study is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown_metric = ""
        self._trace = charts.BatchTrace()
        self._study: StudyMonitor | None = None

    @property
    def monitor(self) -> RunMonitor | None:
        """Follows the run that is shown."""
        return self.kerastui.monitor

    @property
    def history(self) -> History | None:
        """The history of the run that is shown."""
        return self.monitor.history if self.monitor else None

    @property
    def shows_study(self) -> bool:
        """Whether a study is shown as a whole."""
        return self.kerastui.study is not None

    @property
    def study_view(self) -> StudyView:
        """The view of the study."""
        return self.query_one(StudyView)

    def draw(self) -> None:
        """Bring everything up to date."""
        raise NotImplementedError

    def _draw_charts(self, monitor: RunMonitor) -> None:
        history, ended = monitor.history, monitor.ready and not monitor.active
        names = charts.names(history)
        wide, height = self.has_class("-wide"), self.size.height
        both = len(names) > 1 and height >= (28 if wide else 34)
        if self.shown_metric not in names:
            self.shown_metric = ""
        first = names[0] if both else self.shown_metric or names[0]
        others = [name for name in names[1:] if name != charts.RATE] or names[1:]
        second = self.shown_metric if self.shown_metric in names[1:] else (others or [""])[0]
        rate = charts.RATE in names and second != charts.RATE and height >= 38 and both
        for chart_id, name, shown in (
            ("#chart-loss", first, True),
            ("#chart-metric", second, both),
            ("#chart-rate", charts.RATE, rate),
        ):
            chart = self.query_one(chart_id, LossChart)
            chart.display = shown
            if shown:
                behind = self._behind(monitor, name)
                charts.show(chart, name, history, self._trace, ended=ended, behind=behind)

    def _behind(self, monitor: RunMonitor, metric: str) -> list[Line]:
        """Return the curves of the first ended other members of the study, to lay behind."""
        picture = self._study.picture if self._study else None
        if picture is None:
            return []
        lines = [
            Line(f"{row.variant} {row.seed}", picture.series[row.run][metric])
            for row in picture.overview.rows
            if row.run != monitor.run.id
            and row.state == "finished"
            and metric in picture.series.get(row.run, ())
        ]
        return lines[:MOST_OVERLAYS]

    @property
    def epochs_drawn(self) -> int:
        """How many epochs the longest curve has."""
        if self.shows_study:
            return self.study_view.epochs
        return self.history.epoch if self.history else 0

    def action_smooth(self, step: int) -> None:
        """Smooth all curves more or less."""
        here = SMOOTHINGS.index(self.query_one("#chart-loss", LossChart).look.smoothing)
        smoothing = SMOOTHINGS[min(max(here + step, 0), len(SMOOTHINGS) - 1)]
        for chart in self.query(LossChart):
            chart.change_look(smoothing=smoothing)

    def action_log_scale(self) -> None:
        for chart in self.query(LossChart):
            chart.change_look(log=not chart.look.log)

    def action_zoom(self) -> None:
        """Show only the last epochs: fewer with every press, then all again."""
        fitting = [entry for entry in ZOOMS if entry is None or entry < self.epochs_drawn]
        here = self.query_one("#chart-loss", LossChart).look.last
        index = fitting.index(here) if here in fitting else 0
        for chart in self.query(LossChart):
            chart.change_look(last=fitting[(index + 1) % len(fitting)])

    def action_metric(self) -> None:
        """Show the next metric: in the second chart where there is room for two."""
        if self.shows_study:
            self.study_view.next_metric()
            return
        if (monitor := self.monitor) is None:
            return
        names = charts.names(monitor.history)
        if self.query_one("#chart-metric").display:
            names = names[1:]
            here = self.shown_metric or names[0]
        else:
            here = self.shown_metric or names[0]
        self.shown_metric = names[(names.index(here) + 1) % len(names)]
        self._draw_charts(monitor)

    @on(LossChart.CursorMoved)
    def _cursor_moved(self, event: LossChart.CursorMoved) -> None:
        """Keep the cursors of all charts on the same epoch."""
        for chart in self.query(LossChart):
            if chart is not event.chart and chart.region:
                chart.put_cursor(event.x)
        self.refresh_bindings()

"""Runs side by side: curves over each other, figures, and only the settings that differ."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer

from kerastui.datasets.errors import UserError
from kerastui.models.runs import comparing
from kerastui.models.runs.comparing import Comparison
from kerastui.models.runs.store import Run
from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.screens.compare import curves
from kerastui.tui.screens.compare import words as compare_words
from kerastui.tui.screens.train.view import SMOOTHINGS, ZOOMS
from kerastui.tui.widgets.key_values import KeyValues
from kerastui.tui.widgets.loss_chart import LossChart
from kerastui.tui.widgets.panel import ScrollPanel
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.tui.app import KerasTui

AGAIN = 1.0
"""Seconds between two looks at runs that go on."""


async def compare(app: KerasTui, runs: Sequence[Run], study: str = "") -> None:
    """Show runs side by side, or the variants of a study where fewer than two are given."""
    cut = ""
    try:
        if len(runs) < 2 and study:
            with app.hold_keys():
                found = await asyncio.to_thread(comparing.variants, app.workspace, study)
            runs = found[: comparing.MOST]
            if len(found) > len(runs):
                cut = f"The first {len(runs)} of {len(found)}. Others can be marked on Runs."
        comparing.check_count(len(runs))
    except UserError as error:
        app.tell_error(error, "Not compared")
        return
    await app.push_screen(CompareScreen(runs, app.current_mode))
    if cut:
        say(app, cut, "warning")


class CompareScreen(SectionScreen):
    """Two runs or more side by side.

    Args:
        runs: Which; the first is A.
        section: The section that one comes from.
    """

    SECTION = "runs"
    HELP = """The marked runs over each other; A, B, C … tell them apart where colours do not. \
◆ marks the best of a figure: the lowest loss or error, the highest accuracy or score; none where \
the runs had different data or other rows. Below \
stands what differs in the experiments, and nothing else: layers that were added or taken away \
are one line, defaults that were written out are no difference. Versions, device and data are \
named where they differ. m changes the metric, x shows the curves over the time that the \
training took in place of epochs."""
    CSS = """
    CompareScreen #compare-charts { height: 1fr; min-height: 7; }
    CompareScreen #compare-words { height: auto; max-height: 58%; }
    CompareScreen #compare-words > ScrollPanel { width: 1fr; height: auto; max-height: 100%; }
    CompareScreen KeyValues { padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", key_display="Esc", tooltip="Back to the runs"),
        Binding("m", "metric", "metric", tooltip="The curves of the next metric"),
        Binding("x", "axis", "by time", tooltip="Over epochs, or over the time of training"),
        Binding("plus,equals_sign", "smooth(1)", "smooth", key_display="+",
                tooltip="Smooth the curves more; − less"),
        Binding("minus", "smooth(-1)", "less smooth", show=False, tooltip="Smooth them less"),
        Binding("y", "log_scale", "log y", tooltip="A logarithmic scale"),
        Binding("z", "zoom", "zoom", tooltip="Only the last epochs; again: fewer, then all"),
    ]  # fmt: skip

    def __init__(self, runs: Sequence[Run], section: str = "runs") -> None:
        super().__init__()
        self.SECTION = section
        self.runs = tuple(runs)
        self.comparison: Comparison | None = None
        self.metric = ""
        self.over_time = False
        self.smoothing = 0.0
        self._timer: Timer | None = None

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="compare-charts"):
            yield LossChart(id="compare-first")
            yield LossChart(id="compare-second")
        with Horizontal(id="compare-words"):
            with ScrollPanel(title="figures", id="panel-figures"):
                yield KeyValues(id="figures")
            with ScrollPanel(title="what differs", id="panel-differs"):
                yield KeyValues(id="differs")

    def on_mount(self) -> None:
        self.query_one("#compare-first", LossChart).show("", [], empty="reading the runs …")
        self.query_one("#compare-second").display = False
        self.query_one("#compare-words").display = False
        self.query_one("#compare-first").focus()
        self._timer = self.set_interval(AGAIN, self._again, pause=True)
        self._read()

    def on_screen_suspend(self) -> None:
        if self._timer:
            self._timer.pause()

    def on_screen_resume(self) -> None:
        if self._timer and self.comparison is not None and self.comparison.active:
            self._timer.resume()

    def _again(self) -> None:
        if not self.under_way("compare"):
            self._read()

    @work(group="compare", exclusive=True, exit_on_error=False)
    async def _read(self) -> None:
        """Read the runs, and again as long as one of them goes on."""
        try:
            self.comparison = await asyncio.to_thread(comparing.compare, self.runs)
        except UserError as error:
            if self.comparison is None:
                self.dismiss()
                self.kerastui.tell_error(error, "Not compared")
            elif self._timer:
                self._timer.pause()
            return
        if self._timer and self.comparison.active:
            self._timer.resume()
        elif self._timer:
            self._timer.pause()
        self.query_one("#compare-words").display = True
        self.query_one("#compare-second").display = self._two_charts
        self.call_after_refresh(self._draw)

    @property
    def _names(self) -> list[str]:
        """The metrics; the loss first, that of the validation where no run lacks it."""
        names = list(self.comparison.metrics) if self.comparison else []
        first = "val_loss" if self._everywhere("val_loss") else "loss"
        return sorted(names, key=lambda name: name != first)

    def _everywhere(self, name: str) -> bool:
        """Say whether all runs that have a metric have it of the validation too."""
        runs = self.comparison.runs if self.comparison else ()
        histories = [one.timeline.history.series for one in runs]
        plain = name.removeprefix("val_")
        return any(name in one for one in histories) and all(
            name in one for one in histories if plain in one
        )

    @property
    def _two_charts(self) -> bool:
        return self.has_class("-wide") and len(self._names) > 1

    def _draw(self) -> None:
        if self.comparison is None:
            return
        self._draw_charts()
        # One panel where it is narrow: what differs stands below the figures.
        self.query_one("#panel-differs").display = self.has_class("-wide")
        self._draw_words()

    def _draw_charts(self) -> None:
        names = self._names or ["loss"]
        both = self._two_charts
        choice = names[1:] if both else names
        if self.metric not in choice:
            self.metric = self._first_choice(choice) if both else names[0]
        self.query_one("#compare-second").display = both
        shown = (names[0], self.metric) if both else (self.metric,)
        for chart_id, metric in zip(("#compare-first", "#compare-second"), shown, strict=False):
            self._draw_chart(self.query_one(chart_id, LossChart), metric)

    def _first_choice(self, names: Sequence[str]) -> str:
        """Return the metric that says most beside the loss."""
        told = [name for name in names if "loss" not in name and name != "learning_rate"]
        best = [name for name in told if name.startswith("val_") and self._everywhere(name)]
        return [*best, *told, *names][0]

    def _draw_chart(self, chart: LossChart, metric: str) -> None:
        comparison = self.comparison
        assert comparison is not None
        title = metric.replace("_", " ")
        if self.over_time:
            lines, unit = curves.by_time(comparison, metric, self.smoothing)
            smoothed = f" · smoothed {self.smoothing:g}" if self.smoothing else ""
            title = f"{title}{smoothed} over time"
        else:
            lines, unit = curves.by_epoch(comparison, metric), "epoch"
        if (look := 0.0 if self.over_time else self.smoothing) != chart.look.smoothing:
            chart.change_look(smoothing=look)
        chart.show(
            title, lines, ended=True, unit=unit, empty=f"no run has trained an epoch with {title}"
        )

    def _draw_words(self) -> None:
        comparison = self.comparison
        assert comparison is not None
        # Given as functions of the width: when that changes is the layout's business.
        self.query_one("#figures", KeyValues).show([("", self._figures)])
        if self.has_class("-wide"):
            self.query_one("#differs", KeyValues).show([("", self._differences)])
        many = len(comparison.settings) + len(comparison.circumstances)
        self.query_one("#panel-differs", ScrollPanel).set_title("what differs", f"{many:,}")
        marked = any(row.best for row in comparison.figures)
        self.query_one("#panel-figures", ScrollPanel).set_title(
            f"{len(comparison.runs)} runs", f"{compare_words.BEST} the best" * marked
        )

    def _figures(self, width: int) -> Content:
        """Return the runs and their figures; where it is narrow, what differs as well."""
        comparison, width, blank = self.comparison, max(20, width), Content("")
        assert comparison is not None
        lines = [*compare_words.runs(comparison, width), blank]
        figures = compare_words.figures(comparison, width)
        if self.has_class("-wide"):
            lines += figures
        else:
            head = Content.styled("what differs", "$faint")
            differs = [head, *compare_words.differences(comparison, width)]
            # The shorter one first, so that one sees of both.
            first, second = sorted((differs, figures), key=len)
            lines += [*first, blank, *second]
        return Content("\n").join(lines)

    def _differences(self, width: int) -> Content:
        assert self.comparison is not None
        return Content("\n").join(compare_words.differences(self.comparison, max(20, width)))

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    @on(LossChart.CursorMoved)
    def _cursor_moved(self, event: LossChart.CursorMoved) -> None:
        for chart in self.query(LossChart):
            if chart is not event.chart and chart.region:
                chart.put_cursor(event.x)

    # Actions

    def action_metric(self) -> None:
        """Show the curves of the next metric: in the second chart where there are two."""
        choice = self._names[1:] if self._two_charts else self._names
        if self.comparison is not None and choice:
            here = choice.index(self.metric) if self.metric in choice else -1
            self.metric = choice[(here + 1) % len(choice)]
            self._draw_charts()

    def action_axis(self) -> None:
        """Change between epochs and the time of training."""
        self.over_time = not self.over_time
        for chart in self.query(LossChart):
            chart.put_cursor(None)
            chart.change_look(last=None)
        if self.comparison is not None:
            self._draw_charts()

    def action_smooth(self, step: int) -> None:
        """Smooth all curves more or less."""
        here = SMOOTHINGS.index(self.smoothing) + step
        self.smoothing = SMOOTHINGS[min(max(here, 0), len(SMOOTHINGS) - 1)]
        if self.comparison is not None:
            self._draw_charts()

    def action_log_scale(self) -> None:
        """Change between a linear and a logarithmic scale."""
        for chart in self.query(LossChart):
            chart.change_look(log=not chart.look.log)

    def action_zoom(self) -> None:
        """Show only the last epochs: fewer with every press, then all again."""
        runs = self.comparison.runs if self.comparison else ()
        epochs = max((one.timeline.history.epoch for one in runs), default=0)
        fitting = [entry for entry in ZOOMS if entry is None or entry < epochs]
        here = self.query_one("#compare-first", LossChart).look.last
        index = fitting.index(here) if here in fitting else 0
        for chart in self.query(LossChart):
            chart.change_look(last=fitting[(index + 1) % len(fitting)])

    def action_back(self) -> None:
        """Back to the runs."""
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "zoom":
            return not self.over_time or None
        return True

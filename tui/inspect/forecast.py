"""A series with what the model said one step ahead, and how it would go on."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from kerastui.models.runs.figures import number
from kerastui.tui.inspect.judge import JudgePane
from kerastui.tui.inspect.judging import judging
from kerastui.tui.inspect.lines import LinesView, aligned
from kerastui.tui.inspect.regression import NUMBERS
from kerastui.tui.inspect.subject import Found
from kerastui.tui.widgets.chart_raster import Role
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.line_view import LineView

SHOWN = 72
"""Values before the part that are drawn at first; `z` shows all."""


class ForecastPane(JudgePane):
    """The chart, the continuation, and the table of both."""

    KEY, LABEL, NOTE = "forecast", "forecast", "and further"
    KINDS = NUMBERS
    DEFAULT_CSS = """
    ForecastPane .judge-body { layout: vertical; }
    ForecastPane FunctionChart { height: 50%; min-height: 8; }
    ForecastPane #forecast-lines { height: 1fr; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "further(2.0)", "further", key_display="+",
                tooltip="Go on for twice as many steps"),
        Binding("minus", "further(0.5)", "less far", key_display="-",
                tooltip="Go on for half as many steps"),
        Binding("z", "zoom", "zoom", tooltip="All of the series, or only its end"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.steps = 12
        self.zoomed = True

    @classmethod
    def fits(cls, found: Found) -> bool:
        experiment = judging(found).experiment
        forecasting = experiment is not None and experiment.data.task == "forecasting"
        return forecasting and super().fits(found)

    def compose_answer(self) -> ComposeResult:
        from kerastui.tui.labs.function_chart import FunctionChart

        yield LineView(id="forecast-legend")
        yield FunctionChart(1, 2)
        yield LinesView(id="forecast-lines")

    async def fetch(self) -> dict[str, Any]:
        return await self.ask("judge_forecast", steps=self.steps)

    def draw(self, answer: dict[str, Any], width: int) -> None:
        future = [float(one) for one in answer["future"]]
        self.query_one("#forecast-legend", LineView).show([Content.assemble(
            ("── ", "$series-1"), (f"{clean(str(answer['target']))}  ", "$muted"),
            ("── ", "$series-2"), ("told one step ahead  ", "$muted"),
            ("── ", "$series-3"), (f"continued {len(future)} steps", "$muted"),
        )])  # fmt: skip
        self._plot(answer, future)
        lines = self._lines(answer, future, width - 1)
        self.query_one("#forecast-lines", LinesView).show(lines)

    def _plot(self, answer: dict[str, Any], future: list[float]) -> None:
        import numpy as np

        from kerastui.tui.labs.function_chart import FunctionChart, Plotted

        first = int(answer["first"])
        values = np.array([float("nan") if one is None else float(one)
                           for one in answer["values"]])  # fmt: skip
        places = np.arange(first, first + len(values)) + 1.0
        at = np.array([int(one) for one in answer["at"]], float) + 1
        told = np.array([float(one) for one in answer["predicted"]], float)
        chart = self.query_one(FunctionChart)
        start = places[0]
        if self.zoomed:
            begin = float(at[0]) if len(at) else places[-1]
            start = max(start, min(begin, places[-1] - 24) - SHOWN)
        chart.first, chart.last = float(start), float(places[-1] + len(future) + 0.5)
        drawn = [Plotted(_line(places, values), Role.SERIES_1)]
        if len(at):
            order = np.argsort(at)
            drawn.append(Plotted(_line(at[order], told[order]), Role.SERIES_2))
        if future:
            # The line goes on from the last known value.
            ahead = np.arange(len(future) + 1) + places[-1]
            drawn.append(Plotted(_line(ahead, np.array([values[-1], *future])), Role.SERIES_3))
        seen = [float(one) for one in (*values[places >= start], *told[at >= start], *future)
                if one == one]  # fmt: skip
        low, high = min(seen, default=0.0), max(seen, default=1.0)
        edge = (high - low) * 0.04 or 0.5
        chart.plot(drawn, (low - edge, high + edge))

    def _lines(self, answer: dict[str, Any], future: list[float], width: int) -> list[Content]:
        mae, naive = float(answer["mae"]), float(answer["naive"])
        better = "better" if mae < naive else "worse"
        lines = Content.assemble(
            ("One step ahead off by ", "$muted"), (number(mae), "bold"),
            (" on average; saying “as the value before” is off by ", "$muted"),
            (number(naive), "bold"), (f": the model is {better} than that.", "$muted"),
        ).wrap(max(8, width))  # fmt: skip
        if answer["why"]:
            lines += Content.styled(str(answer["why"]), "$warn").wrap(max(8, width))
        if future:
            lines += Content.styled(
                "Continued recursively: each step takes the ones before as if they had happened, "
                "so errors add up, and nobody knows the truth yet.", "$faint"
            ).wrap(max(8, width))  # fmt: skip
            last = int(answer["first"]) + len(answer["values"])
            rows: list[list[Content | str]] = [
                [Content.styled(f"+{step}", "$muted"), Content.styled(f"{last + step:,}", "$faint"),
                 number(value)] for step, value in enumerate(future, 1)
            ]  # fmt: skip
            head, table = aligned(rows, ["step", "place", "told"], [True, True, True])
            lines += [Content(""), head, *table]
        return lines

    def action_further(self, factor: float) -> None:
        """Go on for more or fewer steps."""
        self.steps = max(3, min(384, round(self.steps * factor)))
        self.forget()
        self.again()

    def action_zoom(self) -> None:
        """Show all, or the end."""
        self.zoomed = not self.zoomed
        self._show_answer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("further", "zoom"):
            return self.answer is not None
        return super().check_action(action, parameters)

    @property
    def answer_focus(self) -> Widget:
        return self.query_one("#forecast-lines")


def _line(places: Any, values: Any) -> Any:
    """Return a function that joins values by lines, and is nowhere else."""
    import numpy as np

    def function(x: Any) -> Any:
        y = np.interp(x, places, values)
        return np.where((x >= places[0]) & (x <= places[-1]), y, np.nan)

    return function

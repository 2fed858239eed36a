"""Predicted numbers against the true ones, what is left over, and the worst rows."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from kerastui.models.look.judge_kinds import Kind
from kerastui.models.runs.figures import number
from kerastui.tui.inspect.histogram import bar as block_bar
from kerastui.tui.inspect.judge import JudgePane, left_out
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.samples import SamplesView
from kerastui.tui.widgets.chart_data import Points
from kerastui.tui.widgets.chart_raster import Frame, Role, Stroke, draw
from kerastui.tui.widgets.chart_scale import labels, step_for
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.line_view import LineView

NUMBERS: frozenset[Kind] = frozenset({"numbers"})
HISTOGRAM = 12
"""Lines of the histogram where there is room; fewer where there is not."""


class NumbersPane(JudgePane):
    """The scatter diagram, and below it the histogram of the residuals."""

    KEY, LABEL, NOTE = "numbers", "predicted / true", "residuals"
    KINDS = NUMBERS
    DEFAULT_CSS = """
    NumbersPane .judge-body { layout: vertical; }
    NumbersPane #numbers-chart { height: 55%; min-height: 8; }
    NumbersPane #numbers-residuals { height: 1fr; margin-top: 1; }
    """

    def compose_answer(self) -> ComposeResult:
        yield LineView(id="numbers-note")
        yield ScatterChart(id="numbers-chart")
        yield LinesView(id="numbers-residuals")

    async def fetch(self) -> dict[str, Any]:
        return await self.ask("judge_numbers")

    def draw(self, answer: dict[str, Any], width: int) -> None:
        if "counts" not in answer:
            nothing = Content.styled("No row is left.", "$muted")
            self._say(lambda width: [*left_out(answer, width), nothing])
            return
        rows, drawn = int(answer["rows"]), len(answer["truth"])
        name = clean(str(answer["target"]))
        some = f"  {drawn:,} of {rows:,} drawn" if drawn < rows else ""
        self.query_one("#numbers-note", LineView).show([
            Content.assemble(("predicted ", "$muted"), (name, "bold"), (" (up) against true ",
                             "$muted"), (name, "bold"), (" (across); right is the diagonal",
                             "$muted"), (some, "$faint")),
            *left_out(answer, width),
        ])  # fmt: skip
        self.query_one(ScatterChart).plot(
            [float(one) for one in answer["truth"]], [float(one) for one in answer["predicted"]]
        )
        self._residuals(answer, width)

    def _residuals(self, answer: dict[str, Any], width: int) -> None:
        mean, deviation = float(answer["mean"]), float(answer["deviation"])
        low, middle, high = (float(one) for one in answer["middle"])
        side = "too high" if mean > 0 else "too low"
        lean = (
            f"On average {number(abs(mean))} {side}" if abs(mean) > 0.1 * deviation
            else "Too high and too low balance"
        )  # fmt: skip
        told = (
            f"{lean}; nine of ten lie between {number(low)} and {number(high)}, the middle one "
            f"is off by {number(middle)}."
        )
        counts = [int(one) for one in answer["counts"]]
        edges = [float(one) for one in answer["edges"]]
        names = [number(edge) for edge in edges]
        wide = max(map(len, names))
        digits = max(len(f"{count:,}") for count in counts)
        room = max(4, width - 2 * wide - digits - 9)
        most = max(counts) or 1
        lines = Content(told).wrap(max(8, width - 1))
        lines.append(Content(""))
        for place, count in enumerate(counts):
            right = edges[place] <= 0 <= edges[place + 1]
            lines.append(Content.assemble(
                (f"{names[place]:>{wide}} … {names[place + 1]:>{wide}}",
                 "bold" if right else "$muted"),
                f"  {count:>{digits},}  ",
                (block_bar(count / most, room), "$series-1" if right else "$series-2"),
            ))  # fmt: skip
        head = Content.styled("residuals: predicted − true, how many rows", "$faint")
        self.query_one("#numbers-residuals", LinesView).show(lines, head)

    @property
    def answer_focus(self) -> Widget:
        return self.query_one("#numbers-residuals")


def scatter(x: list[float], y: list[float], width: int, height: int) -> list[Any]:
    """Return points with a diagonal as rows of cells; both axes have the same ends."""
    low, high = min(*x, *y), max(*x, *y)
    edge = (high - low) * 0.02 or 0.5
    low, high = low - edge, high + edge
    step = step_for(high - low, max(2, width // 12))
    first = int(-(-low // step))
    ticks = [step * n for n in range(first, int(high // step) + 1)]
    frame = Frame(
        low, high,
        [Stroke(Points([low, high], [low, high]), Role.FRAME, marks=False),
         Stroke(Points(x, y), Role.SERIES_1, dotted=True, marks=False)],
        ticks=list(zip(ticks, labels(ticks, step), strict=True)), limits=(low, high),
    )  # fmt: skip
    return draw(frame, width, height).rows


class ScatterChart(LineView):
    """Points against each other with the diagonal, in as many cells as it is given."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._points: tuple[list[float], list[float]] | None = None

    def plot(self, x: list[float], y: list[float]) -> None:
        """Draw points of these places."""
        self._points = x, y
        self._redraw()

    def on_resize(self) -> None:
        self._redraw()

    def _redraw(self) -> None:
        from kerastui.tui.labs.function_chart import content

        width, height = self.size
        if self._points is not None and width >= 8 and height >= 3:
            self.show([content(row) for row in scatter(*self._points, width, height)])


class WorstPane(JudgePane):
    """The rows with the largest errors."""

    KEY, LABEL, NOTE = "worst", "worst rows", "with inputs"
    KINDS = NUMBERS

    def compose_answer(self) -> ComposeResult:
        yield SamplesView(self, error=True)

    async def fetch(self) -> dict[str, Any]:
        return await self.ask("judge_samples")

    def draw(self, answer: dict[str, Any], width: int) -> None:
        view = self.query_one(SamplesView)
        if [row[0] for row in answer["rows"]] != [row[0] for row in view.places.values()]:
            view.show_rows(answer["rows"])

    @property
    def answer_focus(self) -> Widget:
        return self.query_one(SamplesView).row_list

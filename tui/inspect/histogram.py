"""How often which numbers occur: one bar for each bin."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.looked import WeightView

if TYPE_CHECKING:
    from kerastui.models.saved.survey import Histogram

LEAST, MOST = 8, 40
"""Bins; within these as many as there are lines."""

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bars(histogram: Histogram, width: int) -> list[Content]:
    """Return a histogram as lines: limits of the bin, how many, and a bar.

    Args:
        histogram: The counts.
        width: Cells of a line.
    """
    if not histogram.counts:
        return [Content.styled("There is no finite number in it.", "$muted")]
    edges = [number(edge) for edge in histogram.edges]
    counts = [f"{count:,}" for count in histogram.counts]
    wide, high = max(map(len, edges)), max(map(len, counts))
    room = max(4, width - 2 * wide - high - 8)
    most = max(histogram.counts) or 1
    return [
        Content.assemble(
            (f"{edges[place]:>{wide}} … {edges[place + 1]:>{wide}}", "$muted"),
            f"  {counts[place]:>{high}}  ",
            (bar(count / most, room), "$series-1"),
        )
        for place, count in enumerate(histogram.counts)
    ]


def bar(share: float, width: int) -> str:
    """Return a bar of blocks; what is not 0 is at least a sliver."""
    eighths = max(round(share * width * 8), 1 if share else 0)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


class HistogramView(WeightView):
    """The histogram of a whole weight."""

    NAME: ClassVar[str] = "histogram"

    @property
    def view(self) -> LinesView:
        """The lines."""
        return self.query_one(LinesView)

    def compose(self) -> ComposeResult:
        yield LinesView()

    def fill(self) -> None:
        self._count()

    def on_resize(self) -> None:
        if self.looked is not None and self.display:
            self._count()

    @work(group="histogram", exclusive=True, exit_on_error=False)
    async def _count(self) -> None:
        from kerastui.models.saved.survey import histogram

        looked, width = self.looked, self.size.width
        assert looked is not None
        if not width:
            return  # it is drawn when it has a size
        bins = max(LEAST, min(MOST, self.size.height - 1))
        try:
            found = await asyncio.to_thread(histogram, looked.weight, looked.statistics, bins)
        except UserError as error:
            self.view.show(inspect_words.problem(error, width))
            return
        if looked is self.looked:
            head = Content.styled("from … up to, how many of them", "$faint")
            self.view.show(bars(found, width), head)

    @property
    def to_focus(self) -> Widget:
        return self.view

"""A slice of a weight as a picture: blue below zero, orange above, the ground where it is near."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.color import Color
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.looked import Looked, WeightView
from kerastui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kerastui.models.saved.statistics import Statistics
    from kerastui.tui.labs.half_blocks import HalfBlocks

STEPS = 7
"""Colours on each side of zero: as many as 256 colours tell apart."""

BEND = 0.75
"""Small numbers get a little more colour than their share: in 256 colours the first steps away
from a dark ground are all the same grey otherwise."""

LARGEST = 6
"""Pixels of the screen, in each direction, that one number is drawn with at most."""

DEVIATIONS = 3.0
"""The colours end at so many times the root mean square; few numbers are beyond."""


def limit(statistics: Statistics) -> float:
    """Return the size at which the colours end."""
    most = max(abs(statistics.low), abs(statistics.high))
    if not math.isfinite(most) or not most:
        return 1.0
    finite = statistics.count * (1 - statistics.nan_share)
    usual = math.sqrt(statistics.mean**2 + statistics.deviation**2) if finite else most
    return min(most, DEVIATIONS * usual) or most


class Scale:
    """The colours of numbers from `-limit` to `limit`; NaN has the colour of what is bad.

    Args:
        variables: The theme's colours by name.
        limit: Where the colours end.
    """

    def __init__(self, variables: dict[str, str], limit: float) -> None:
        self.limit = limit
        self._ground, self._below, self._above, self._bad, line = (
            Color.parse(variables[name])
            for name in ("background", "series-1", "series-2", "error", "line")
        )
        self.ground, self.between = self._ground.rgb, line.rgb
        """Pixels where nothing is, and those between two pictures."""

    def colour(self, step: int) -> Color:
        """Return the colour of a step from `-STEPS` to `STEPS`."""
        share = (abs(step) / STEPS) ** BEND
        return self._ground.blend(self._above if step > 0 else self._below, share)

    def paint(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Return numbers (rows, columns) as pixels (rows, columns, 3)."""
        import numpy as np

        table = [self.colour(step).rgb for step in range(-STEPS, STEPS + 1)]
        colours = np.array([*table, self._bad.rgb], np.uint8)
        with np.errstate(invalid="ignore"):
            steps = np.clip(np.rint(values / self.limit * STEPS), -STEPS, STEPS) + STEPS
        where = np.where(np.isnan(steps), 2 * STEPS + 1, steps).astype(np.intp)
        found: NDArray[np.uint8] = colours[where]
        return found

    def legend(self, *, signed: bool = True) -> Content:
        """Return the colours with the numbers they stand for."""
        low = f"≤ {number(-self.limit)} " if signed else "0 "
        first = -STEPS if signed else 0
        blocks = [("██" if step else "  ", self.colour(step).hex)
                  for step in range(first, STEPS + 1)]  # fmt: skip
        return Content.assemble((low, "$muted"), *blocks, (f" ≥ {number(self.limit)}", "$muted"))


class HeatView(WeightView):
    """The picture, with its legend above."""

    NAME: ClassVar[str] = "heat map"
    DEFAULT_CSS = """
    HeatView LineView { min-height: 1; }
    HeatView HalfBlocks { margin-top: 1; }
    """

    def compose(self) -> ComposeResult:
        from kerastui.tui.labs.half_blocks import HalfBlocks

        yield LineView(id="heat-note")
        yield LineView(id="heat-legend")
        yield HalfBlocks()

    @classmethod
    def suits(cls, looked: Looked) -> bool:
        return looked.weight.count > 1

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_later(self.on_resize))

    @property
    def picture(self) -> HalfBlocks:
        """The picture."""
        from kerastui.tui.labs.half_blocks import HalfBlocks

        return self.query_one(HalfBlocks)

    def fill(self) -> None:
        self._paint()

    def on_resize(self) -> None:
        if self.looked is not None and self.display:
            self.call_after_refresh(self._paint)

    @work(group="heat", exclusive=True, exit_on_error=False)
    async def _paint(self) -> None:
        from kerastui.models.saved.survey import picture

        looked, (width, height) = self.looked, self.picture.pixels
        assert looked is not None
        if not width or not height:
            return  # it is drawn when it has a size
        try:
            values = await asyncio.to_thread(
                picture, looked.weight, looked.cut, height, width
            )  # fmt: skip
        except UserError as error:
            self.query_one("#heat-note", LineView).show(inspect_words.problem(error, width))
            return
        if looked is not self.looked:
            return
        scale = Scale(self.app.theme_variables, limit(looked.statistics))
        self.picture.show(enlarged(scale.paint(values), width, height))
        cut = looked.cut
        told = f"{cut}  {cut.rows:,} row{'s' * (cut.rows != 1)} × {cut.columns:,} columns"
        if values.size and values.shape != (cut.rows, cut.columns):
            down, across = -(-cut.rows // len(values)), -(-cut.columns // values.shape[1])
            told += f" · a pixel is the strongest of {down} × {across}"
        self.query_one("#heat-note", LineView).show([Content.styled(told, "$muted")])
        self.query_one("#heat-legend", LineView).show([scale.legend()])

    @property
    def to_focus(self) -> Widget:
        return self.picture


def enlarged(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture with each pixel drawn as large as there is room for.

    A pixel may be wider than it is high, so that a narrow matrix is still seen.
    """
    rows, columns = pixels.shape[:2]
    if not rows or not columns:
        return pixels
    down = max(1, min(LARGEST, height // rows))
    across = max(1, min(LARGEST, width // columns))
    return pixels.repeat(min(down, 2 * across), axis=0).repeat(min(across, 4 * down), axis=1)

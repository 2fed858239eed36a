"""What a chart is given to draw: its lines, and how it looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kerastui.models.runs.history import Best
from kerastui.tui.widgets.chart_raster import Role


@dataclass(frozen=True)
class Line:
    """One series of a chart; value i belongs to x = i + 1.

    Attributes:
        label: What the legend calls it.
        values: The whole series.
        best: Its best value, to be marked.
        exact: For what is set and not measured, a learning rate: it is never smoothed.
        colour: Which of the series' colours it has; None: by its place among the lines.
        plain: Drawn in the colour of the text, to stand out.
        faint: Drawn behind the others as it is, without a place in the legend.
        dotted: Drawn as single signs.
        marks: Whether NaN and infinities are marked at the edges.
        sign: A letter on the curve and in the legend, which tells it where there are no colours.
        begins: The x of its first value; what stands before that is no value.
    """

    label: str
    values: Sequence[float]
    best: Best | None = None
    exact: bool = False
    colour: int | None = None
    plain: bool = False
    faint: bool = False
    dotted: bool = False
    marks: bool = True
    sign: str = ""
    begins: int = 1

    def role(self, index: int) -> Role:
        """Return what the line is drawn as, being the one with this index among the lines."""
        if self.plain:
            return Role.BEST
        colour = index if self.colour is None else self.colour
        return Role.raw(colour) if self.faint else Role.series(colour)


@dataclass(frozen=True)
class Look:
    """How a chart shows its series. `last` is how many of the last values are shown, None: all."""

    smoothing: float = 0.0
    log: bool = False
    last: int | None = None

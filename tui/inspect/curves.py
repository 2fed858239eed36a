"""ROC and precision–recall curves of a class against the rest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from kerastui.models.runs.figures import number
from kerastui.tui.inspect.confusion import CLASSES
from kerastui.tui.inspect.judge import JudgePane, told_interval
from kerastui.tui.widgets.chart_raster import Role
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from kerastui.tui.labs.function_chart import FunctionChart

AT_FIRST = 0.1


class CurvesPane(JudgePane):
    """Both curves side by side, each with a cursor that reads it."""

    KEY, LABEL, NOTE = "curves", "ROC and PR curves", "AUC"
    KINDS = CLASSES
    DEFAULT_CSS = """
    CurvesPane .judge-body { layout: vertical; }
    CurvesPane #curves-note { margin-bottom: 1; }
    CurvesPane Horizontal { height: 1fr; max-height: 24; }
    CurvesPane Horizontal > Vertical { width: 1fr; padding-right: 1; }
    CurvesPane #curves-words { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next_class(1)", "next class",
                tooltip="The curves of the next class against all others"),
        Binding("N", "next_class(-1)", "class before", show=False,
                tooltip="The curves of the class before"),
        Binding("x", "other", "other chart", tooltip="Move the cursor of the other chart"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.number = 1

    def compose_answer(self) -> ComposeResult:
        from kerastui.tui.labs.function_chart import FunctionChart

        yield LineView(id="curves-note")
        with Horizontal():
            with Vertical():
                yield LineView(id="roc-title")
                yield FunctionChart(0.0, 1.0, 0.01, id="roc")
                yield LineView(id="roc-read")
            with Vertical():
                yield LineView(id="pr-title")
                yield FunctionChart(0.0, 1.0, 0.01, id="pr")
                yield LineView(id="pr-read")
        yield LineView(id="curves-words")

    def on_mount(self) -> None:
        self.chart("roc").cursor, self.chart("pr").cursor = AT_FIRST, 1 - AT_FIRST

    def chart(self, key: str) -> FunctionChart:
        """Return a chart: `roc` or `pr`."""
        from kerastui.tui.labs.function_chart import FunctionChart

        return self.query_one(f"#{key}", FunctionChart)

    async def fetch(self) -> dict[str, Any]:
        return await self.ask("judge_curves", number=self.number)

    def draw(self, answer: dict[str, Any], width: int) -> None:
        names, place = answer["names"], int(answer["number"])
        self.number = place
        positives, negatives = int(answer["positives"]), int(answer["negatives"])
        name = clean(str(names[place]))
        more = f"   class {place + 1} of {len(names)}" if len(names) > 2 else ""
        against = "the rest" if len(names) > 2 else clean(str(names[1 - place]))
        self.query_one("#curves-note", LineView).show([Content.assemble(
            (name, "bold"), (f" {positives:,}", "$muted"), (" against ", "$muted"), against,
            (f" {negatives:,}", "$muted"), (more, "$faint"),
        )])  # fmt: skip
        drawn = "roc" in answer
        self.query_one(Horizontal).display = drawn
        words = self.query_one("#curves-words", LineView)
        if not drawn:
            words.show(Content.styled(
                f"There are no curves: of {name} there are {positives:,} rows, of the others "
                f"{negatives:,}, and both are needed.", "$warn").wrap(max(8, width)))  # fmt: skip
            return
        share = positives / (positives + negatives)
        for key, title, figure in (("roc", "ROC  area", "auc"), ("pr", "precision–recall", "ap")):
            value, limits = answer[figure]
            interval = told_interval(limits)
            label = "" if key == "roc" else "average "
            self.query_one(f"#{key}-title", LineView).show([
                Content.assemble((f"{title} ", "$muted"), (label, "$muted"),
                                 (number(float(value)), "bold")),
                Content.styled(f"95 %: {interval}" if interval else "", "$faint"),
            ])  # fmt: skip
            self._plot(key, answer, share)
        words.show(Content.styled(
            "Left: how many of the others are taken along (across) to find so many of the class "
            "(up); the diagonal is guessing. Right: how many of those told so are so (up), when "
            "so many of the class are found (across); guessing is the flat line.", "$faint",
        ).wrap(max(8, width)))  # fmt: skip

    def _plot(self, key: str, answer: dict[str, Any], share: float) -> None:
        import numpy as np

        from kerastui.tui.labs.function_chart import Plotted

        chart = self.chart(key)
        x, y = (np.array([float(one) for one in answer[key][axis]]) for axis in (0, 1))
        if key == "roc":
            guess = Plotted(lambda at: at, Role.FRAME)
        else:
            # One recall is reached with several precisions: the first of them is the best.
            x, first = np.unique(x, return_index=True)
            y = y[first]
            guess = Plotted(lambda at: np.full_like(at, share), Role.FRAME)
        curve = Plotted(lambda at: np.interp(at, x, y), Role.SERIES_1 if key == "roc"
                        else Role.SERIES_2)  # fmt: skip
        chart.plot([guess, curve], (0.0, 1.0), chart.cursor)
        self._read(key)

    def _read(self, key: str) -> None:
        import numpy as np

        if self.answer is None or key not in self.answer:
            return
        chart = self.chart(key)
        cursor = chart.cursor if chart.cursor is not None else 0.5
        xs, ys, thresholds = (
            np.array([float(one) for one in values]) for values in self.answer[key]
        )
        # The point that is reached without going further than the cursor, or just reaches it.
        if key == "roc":
            reached = int(np.searchsorted(xs, cursor + 1e-12, side="right")) - 1
        else:
            reached = int(np.searchsorted(xs, cursor - 1e-12, side="left"))
        place = min(max(reached, 0), len(xs) - 1)
        at = float(thresholds[place])
        first, second = ("false alarms", "found") if key == "roc" else ("found", "precision")
        told = "" if math.isnan(at) else f"above {number(at)}"
        self.query_one(f"#{key}-read", LineView).show([
            Content.assemble((f"{first} ", "$muted"), f"{xs[place]:.1%}",
                             (f"  {second} ", "$muted"), (f"{ys[place]:.1%}", "bold")),
            Content.assemble(("if told so ", "$faint"), (told, "$muted")),
        ])  # fmt: skip

    def on_function_chart_cursor_moved(self, event: FunctionChart.CursorMoved) -> None:
        event.stop()
        event.chart.cursor = event.x
        if self.answer is not None and "roc" in self.answer:
            positives = int(self.answer["positives"])
            total = positives + int(self.answer["negatives"])
            self._plot(str(event.chart.id), self.answer, positives / total)

    def action_next_class(self, step: int) -> None:
        """Go to another class."""
        if self.answer is not None:
            count = len(self.answer["names"])
            self.number = (self.number + step) % count
            self.forget()
            self.again()

    def action_other(self) -> None:
        """Move the cursor of the other chart."""
        roc, pr = self.chart("roc"), self.chart("pr")
        (pr if roc.has_focus else roc).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("next_class", "other"):
            return self.answer is not None
        return super().check_action(action, parameters)

    @property
    def answer_focus(self) -> Widget:
        return self.query_one("#roc")

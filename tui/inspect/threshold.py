"""What a threshold on the probability does: the matrix, precision, recall, F1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from kerastui.models.look.judge_kinds import Kind
from kerastui.tui.inspect.judge import JudgePane
from kerastui.tui.inspect.judging import judging
from kerastui.tui.inspect.lines import aligned
from kerastui.tui.inspect.subject import Found
from kerastui.tui.labs.slider import Slider
from kerastui.tui.widgets.chart_raster import Role
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.line_view import LineView, bar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kerastui.tui.labs.function_chart import FunctionChart

STEPS = 100

ROOMY = 24
"""Lines from which on there is room for the curves below the figures."""


class ThresholdPane(JudgePane):
    """A slider, and all that follows from it."""

    KEY, LABEL, NOTE = "threshold", "threshold", "a slider"
    KINDS: ClassVar[frozenset[Kind]] = frozenset({"classes", "labels"})
    DEFAULT_CSS = """
    ThresholdPane .judge-body { layout: vertical; }
    ThresholdPane #threshold-figures { margin-top: 1; }
    ThresholdPane #threshold-legend { margin-top: 1; }
    ThresholdPane FunctionChart { max-height: 16; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "best", "best", tooltip="Fewest errors; again for the highest F1; again "
                "for 0.5, as Keras has it"),
    ]  # fmt: skip

    @classmethod
    def fits(cls, found: Found) -> bool:
        experiment = judging(found).experiment
        if experiment is None or not super().fits(found):
            return False
        # Of many classes the most probable one is taken: nothing is decided by a threshold.
        return experiment.data.task != "multiclass" or "labels" in judging(found).kinds

    def compose_answer(self) -> ComposeResult:
        from kerastui.tui.labs.function_chart import FunctionChart

        yield Slider("threshold", 0.5, 0.0, 1.0, 0.01)
        yield LineView(id="threshold-marks")
        yield LineView(id="threshold-figures")
        yield LineView(id="threshold-legend")
        yield FunctionChart(0.0, 1.0, 0.01)

    @property
    def slider(self) -> Slider:
        """The threshold."""
        return self.query_one(Slider)

    @property
    def place(self) -> int:
        """The step at which the threshold stands, from 0 to 100."""
        return round(self.slider.value * STEPS)

    async def fetch(self) -> dict[str, Any]:
        return await self.ask("judge_thresholds")

    def draw(self, answer: dict[str, Any], width: int) -> None:
        self._tell()

    @on(Slider.Changed)
    def _slid(self, event: Slider.Changed) -> None:
        event.stop()
        self._tell()

    def on_function_chart_cursor_moved(self, event: FunctionChart.CursorMoved) -> None:
        event.stop()
        self.slider.value = event.x

    def action_best(self) -> None:
        """Put the threshold where the fewest errors are, then to the best F1, then to 0.5."""
        if self.answer is None:
            return
        places = list(dict.fromkeys([int(self.answer["best"]), int(self.answer["f1"]), 50]))
        now = places.index(self.place) if self.place in places else -1
        self.slider.value = places[(now + 1) % len(places)] / STEPS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "best":
            return self.answer is not None
        return super().check_action(action, parameters)

    def _tell(self) -> None:
        answer = self.answer
        if answer is None:
            return
        width, place = self.width, self.place
        counts = [counted(answer, at) for at in range(STEPS + 1)]
        here = counts[place]
        no, yes = (clean(str(name)) for name in answer["names"])
        best, f1 = int(answer["best"]), int(answer["f1"])
        self.query_one("#threshold-marks", LineView).show([Content.assemble(
            ("told ", "$muted"), (yes, "bold"), (f" above {place / STEPS:.2f}", "$muted"),
            ("    fewest errors at ", "$faint"), (f"{best / STEPS:.2f}", _mark(place, best)),
            ("   highest F1 at ", "$faint"), (f"{f1 / STEPS:.2f}", _mark(place, f1)),
        )])  # fmt: skip
        room = max(6, min(16, width // 4))
        no_short, yes_short = (str(Content(name).truncate(room, ellipsis=True))
                               for name in (no, yes))  # fmt: skip
        rows: list[list[Content | str]] = [
            [Content.styled(f"true {no_short}", "$muted"),
             Content.styled(f"{here['kept']:,}", "$good"),
             Content.styled(f"{here['wrong']:,}", "$warn")],
            [Content.styled(f"true {yes_short}", "$muted"),
             Content.styled(f"{here['missed']:,}", "$warn"),
             Content.styled(f"{here['right']:,}", "$good")],
        ]  # fmt: skip
        head, table = aligned(rows, ["", f"told {no_short}", f"told {yes_short}"],
                              [False, True, True])  # fmt: skip
        half = counts[50]
        lines = [head, *table, Content("")]
        for name, colour, about in (
            ("accuracy", "$text", "told right"),
            ("precision", "$series-1", f"of those told {yes_short}, that are"),
            ("recall", "$series-2", f"of all {yes_short}, that are found"),
            ("F1", "$series-3", "the harmonic mean of both"),
        ):
            value = here[name]
            change = value - half[name]
            against = f"{100 * change:+.1f} points against 0.50".replace("-", "−")
            if place == STEPS // 2:
                against = ""
            elif abs(change) < 0.0005:
                against = "as at 0.50"
            lines.append(Content.assemble(
                (f"{name:<10}", "$muted"), (f"{value:6.1%} ", "bold"),
                bar(value, 14, colour), (f"  {against or about}", "$faint"),
            ))  # fmt: skip
        lines.append(Content.assemble(
            ("errors    ", "$muted"), (f"{here['errors']:,}", "bold"),
            (f" of {here['rows']:,}: {here['wrong']:,} false alarms, {here['missed']:,} missed",
             "$muted"),
        ))  # fmt: skip
        self.query_one("#threshold-figures", LineView).show(lines)
        self.query_one("#threshold-legend", LineView).show([Content.assemble(
            ("── ", "$series-1"), ("precision  ", "$muted"), ("── ", "$series-2"),
            ("recall  ", "$muted"), ("── ", "$series-3"), ("F1   by threshold", "$muted"),
        )])  # fmt: skip
        roomy = self.size.height >= ROOMY
        self.query_one("#threshold-legend").display = roomy
        self.query_one("FunctionChart").display = roomy
        if roomy:
            self._plot(counts)

    def _plot(self, counts: list[dict[str, Any]]) -> None:
        import numpy as np

        from kerastui.tui.labs.function_chart import FunctionChart, Plotted

        steps = np.linspace(0, 1, STEPS + 1)
        names = {"precision": Role.SERIES_1, "recall": Role.SERIES_2, "F1": Role.SERIES_3}
        plotted = []
        for name, role in names.items():
            values = np.array([one[name] for one in counts])
            plotted.append(Plotted(_between(steps, values), role))
        self.query_one(FunctionChart).plot(plotted, (0.0, 1.0), self.slider.value)

    @property
    def answer_focus(self) -> Widget:
        return self.slider


def counted(answer: dict[str, Any], place: int) -> dict[str, Any]:
    """Return what a threshold leads to: counts, and the figures that follow."""
    right, wrong = int(answer["right"][place]), int(answer["wrong"][place])
    positives, negatives = int(answer["positives"]), int(answer["negatives"])
    rows, missed, kept = positives + negatives, positives - right, negatives - wrong
    told = right + wrong
    return {
        "right": right, "wrong": wrong, "missed": missed, "kept": kept, "rows": rows,
        "errors": wrong + missed,
        "accuracy": (right + kept) / rows if rows else 0.0,
        "precision": right / told if told else 0.0,
        "recall": right / positives if positives else 0.0,
        "F1": 2 * right / (told + positives) if told + positives else 0.0,
    }  # fmt: skip


def _mark(place: int, best: int) -> str:
    return "bold $good" if place == best else "$text"


def _between(steps: NDArray[Any], values: NDArray[Any]) -> Any:
    """Return a function that joins values by lines."""
    import numpy as np

    return lambda x: np.interp(x, steps, values)

"""Inspect: into what the shown run reached, and into the model that it saved."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.tui.screens import inspect_read, inspect_words
from kerastui.tui.screens.inspect_hand import MOST_SAMPLES, HandPane, Sample
from kerastui.tui.screens.inspect_lines import LinesView, MatrixView
from kerastui.tui.screens.inspect_read import Found
from kerastui.tui.screens.two_pane import ENTER, ESCAPE, TwoPaneScreen
from kerastui.tui.widgets import words
from kerastui.tui.widgets.empty import EmptyState
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from kerastui.models.weights import Weight
    from kerastui.tui.monitor import RunMonitor


class InspectScreen(TwoPaneScreen):
    """What to look at, at the left; at the right figures, predictions, weights, calculations."""

    SECTION = "inspect"
    LIST_TITLE = "inspect"
    CSS_PATH = "inspect.tcss"
    HELP = """The run that is shown: its evaluation, its predictions, and the weights of the \
model that it saved. Files are only read; nothing that a model brings along is executed.

As formulas lists a dense network weight by weight: L0N1 -> L1N0 leads from the second input to \
the first neuron of the first layer, 0B is the bias in between.

By hand calculates such a network for an input: the digits choose one, e edits the numbers, and \
every product, sum and activation follows. All numbers are what the model is given, after the \
data was prepared."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ENTER,
        ESCAPE,
        Binding("e", "edit", "edit the input", tooltip="Type other numbers into the network"),
        Binding("1", "choose(0)", "choose an input", key_display="1–9",
                tooltip="Take one of the inputs that stand above the numbers"),
        *(Binding(str(place + 1), f"choose({place})", show=False)
          for place in range(1, MOST_SAMPLES)),
        Binding("slash", "search", "search", key_display="/", tooltip="Find a layer"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._look: tuple[Any, ...] = ()
        self._found = Found()
        self._weights: dict[str, tuple[int, Weight]] = {}

    def make_list(self) -> RowList:
        return RowList([Column("look at"), Column("", 14, "right")])

    def compose_body(self) -> ComposeResult:
        yield from super().compose_body()
        yield EmptyState(
            "No run to look into",
            "The figures, predictions and weights of the run that is shown stand here.",
            (("R", "choose a run"), ("L", "run an example")),
        )

    def compose_detail(self) -> ComposeResult:
        with Panel(classes="pane-detail"):
            yield LineView(id="inspect-note")
            yield LinesView(id="inspect-lines")
            yield MatrixView(id="inspect-matrix")
            yield HandPane(id="inspect-hand")

    def on_mount(self) -> None:
        self.run_changed(self.kerastui.monitor)
        self.rows.focus()

    # What is shown

    def run_changed(self, monitor: RunMonitor | None) -> None:
        self.query_one(EmptyState).display = monitor is None
        self.query_one(".two-pane").display = monitor is not None
        if monitor is None:
            self._look, self._found = (), Found()
            self.refresh_bindings()
            return
        look = (monitor.run.path, monitor.ready, monitor.status, bool(monitor.history.figures))
        if look == self._look:
            return
        if not self._look or look[0] != self._look[0]:
            self._found, self._weights = Found(), {}
            self.rows.set_rows([])
            self._only("#inspect-lines")
            self.query_one(LinesView).show([Content.styled("Reading the run …", "$muted")])
        self._look = look
        if monitor.ready:
            self._read(monitor)

    @work(group="inspect", exclusive=True, exit_on_error=False)
    async def _read(self, monitor: RunMonitor) -> None:
        look = self._look
        found = await asyncio.to_thread(inspect_read.read, monitor.run)
        if look != self._look:
            return
        self._found = found
        self._weights = {
            f"weight {place}": (place, weight)
            for place, weight in enumerate(
                weight for layer in (found.model.layers if found.model else ())
                for weight in layer.weights
            )
        }  # fmt: skip
        name = found.info.name if found.info else monitor.run.id
        self.rows.set_rows(rows(found))
        self.query(Panel).first().set_title("inspect", name)
        hand = self.query_one(HandPane)
        if found.network is not None:
            hand.set_network(found.network)
        self.draw()
        if found.network is not None:
            await self._find_samples(found)

    async def _find_samples(self, found: Found) -> None:
        """Offer inputs to calculate with: those of the experiment, then others of its data."""
        answer: dict[str, Any] = {}
        note = ""
        if found.experiment is not None:
            from kerastui.models.by_hand import MOST_INPUTS

            try:
                await self.kerastui.launcher.start()
                answer = await self.kerastui.launcher.request(
                    "inputs", experiment=found.experiment.plain(), most=MOST_INPUTS,
                    samples=MOST_SAMPLES,
                )  # fmt: skip
            except UserError as error:
                note = f"The data is not to be had: {error.message} The numbers can be typed: e."
        if found is self._found:
            samples = [_sample(row, found) for row in answer.get("rows", ())]
            self.query_one(HandPane).set_samples(samples, answer.get("names", ()), note)
            self.refresh_bindings()

    def on_resize(self) -> None:
        super().on_resize()
        self.call_after_refresh(self.draw)

    @on(RowList.Moved)
    def _moved(self) -> None:
        self.draw()

    def draw(self) -> None:
        """Show what the cursor is on."""
        if not self.is_mounted or not (key := self.rows.key):
            return
        found = self._found
        width = max(8, self.detail.size.width - 4)
        title = key
        if key in self._weights:
            title = self._show_weight(key, width)
        elif key == "evaluation":
            self._show_lines(inspect_words.evaluation(found, width))
        elif key == "predictions":
            self._show_predictions(width)
        elif key == "layers":
            self._show_layers(width)
        elif key == "formulas":
            title = "as formulas"
            self._show_formulas(width)
        elif key == "hand":
            title = "by hand"
            self._show_hand(width)
        self.query(Panel).last().set_title(title)
        self.refresh_bindings()

    def _show_lines(
        self, lines: Any, head: Content | None = None, width: int | None = None
    ) -> None:
        self._only("#inspect-lines")
        self.query_one("#inspect-lines", LinesView).show(lines, head, width)

    def _show_problem(self, name: str, width: int) -> None:
        error = self._found.problems.get(name) or self._found.problems.get("model")
        self._show_lines(inspect_words.not_there(self._found.info, error, width))

    def _show_predictions(self, width: int) -> None:
        if self._found.predictions:
            head, lines = inspect_words.predictions(self._found)
            self._show_lines(lines, head)
        elif error := self._found.problems.get("evaluation"):
            self._show_lines(inspect_words.not_there(self._found.info, error, width))
        else:
            text = "This experiment asks for no predictions. What it predicts is part of it: "
            text += "afterwards.predict in its file."
            self._show_lines(Content.styled(text, "$muted").wrap(width))

    def _show_layers(self, width: int) -> None:
        if self._found.model is None:
            self._show_problem("model", width)
            return
        head, lines = inspect_words.layers(self._found.model, self._found.statistics)
        self._show_lines(lines, head)

    def _show_weight(self, key: str, width: int) -> str:
        place, weight = self._weights[key]
        self._only("#inspect-note", "#inspect-matrix")
        told = inspect_words.weight(self._found.statistics[place], width)
        self.query_one("#inspect-note", LineView).show(told)
        self.query_one(MatrixView).show_array(weight.values)
        return next(name for number, name in enumerate(names(self._found)) if number == place)

    def _show_formulas(self, width: int) -> None:
        if self._found.formulas is None:
            self._show_problem("formulas", width)
            return
        self._show_lines(self._found.formulas, width=60)

    def _show_hand(self, width: int) -> None:
        if self._found.network is None:
            self._show_problem("network", width)
            return
        self._only("#inspect-hand")

    def _only(self, *shown: str) -> None:
        """Show some parts of the detail, and none of the others."""
        for name in ("#inspect-note", "#inspect-lines", "#inspect-matrix", "#inspect-hand"):
            self.query_one(name).display = name in shown

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if not self._look:
            return action not in ("enter", "search", "edit", "choose", "back")
        if action == "enter" and (self.in_detail or self.detail.has_focus_within):
            return False
        by_hand = self.rows.key == "hand" and self._found.network is not None
        if action == "edit":
            return by_hand
        if action == "choose":
            return by_hand and bool(self.query_one(HandPane).samples)
        return super().check_action(action, parameters)

    def row_opened(self, key: str) -> None:
        self.go_to_detail()

    def go_to_detail(self) -> None:
        """Show the detail, with the focus on what scrolls in it."""
        self.add_class("-detail")
        self._scrolling.focus()
        self.refresh_bindings()
        if self.narrow:
            # Only now it has a width that lines can be cut to.
            self.call_after_refresh(self.draw)

    @property
    def _scrolling(self) -> Widget:
        if self.rows.key == "hand" and self._found.network is not None:
            return self.query_one(HandPane).steps
        return self.query_one("#inspect-matrix" if self.rows.key in self._weights
                              else "#inspect-lines")  # fmt: skip

    def action_edit(self) -> None:
        """Type numbers into the network."""
        self.add_class("-detail")
        self.query_one(HandPane).edit()

    def action_choose(self, place: int) -> None:
        """Take one of the offered inputs."""
        hand = self.query_one(HandPane)
        if place < len(hand.samples):
            hand.choose(place)


def names(found: Found) -> list[str]:
    """Return the name of each weight, with its layer's."""
    layers = found.model.layers if found.model else ()
    return [f"{layer.name} {weight.name}" for layer in layers for weight in layer.weights]


def rows(found: Found) -> list[Row]:
    """Return what there is to look at."""
    good = sum(one.state == "inside" for one in found.verdicts)
    judged = sum(one.state in ("inside", "outside") for one in found.verdicts)
    verdict = Content.styled(f"{good} of {judged} ✓", "$good" if good == judged else "$warn")
    count = found.model.parameters if found.model else 0
    muted = "$muted"
    made = [
        Row("evaluation", ("evaluation", verdict if judged else "")),
        Row("predictions", ("predictions", Content.styled(f"{len(found.predictions)}", muted))),
        Row("layers", ("layers", Content.styled(f"{count:,}" if count else "–", muted))),
    ]
    shapes = [words.shape(one.shape) or "1" for one in found.statistics]
    made += [
        Row(f"weight {place}", (name, Content.styled(shape, muted)), level=1)
        for place, (name, shape) in enumerate(zip(names(found), shapes, strict=True))
    ]
    formulas = f"{len(found.formulas):,}" if found.formulas else "–"
    inputs = found.network.inputs if found.network else 0
    told = f"{inputs:,} input{'s' * (inputs != 1)}" if inputs else "–"
    return [
        *made,
        Row("formulas", ("as formulas", Content.styled(formulas, muted))),
        Row("hand", ("by hand", Content.styled(told, muted))),
    ]


def _sample(row: dict[str, Any], found: Found) -> Sample:
    """Return an input to choose, with what Keras predicted for it, where the run asked."""
    import numpy as np

    asked = [
        one
        for one in found.predictions
        if row.get("number") and one.get("number") == row["number"]
        and one.get("index") == row.get("index")
    ]  # fmt: skip
    predicted = tuple(float(value) for value in asked[0].get("value", ())) if asked else ()
    # Shown as one would type it: the shortest number that is the same in float32.
    values = tuple(float(str(np.float32(value))) for value in row["values"])
    return Sample(str(row.get("label") or "input"), values, predicted)

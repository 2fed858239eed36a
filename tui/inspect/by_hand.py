"""The network by hand, for inputs of its data or for typed ones."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.hand import MOST_SAMPLES, HandView, Sample
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.pane import InspectPane
from kerastui.tui.inspect.subject import Found
from kerastui.tui.widgets.row_list import Row


class HandPane(InspectPane):
    """Every product, sum and activation of a small dense network, or of one of its neurons."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "single", "one neuron", key_display="Tab",
                tooltip="One neuron alone, beside what Keras computes; again: all steps"),
        Binding("N,left_square_bracket", "neuron(-1)", "neuron before", show=False,
                tooltip="The neuron before in its layer"),
        Binding("n,right_square_bracket", "neuron(1)", "next neuron", key_display="n",
                tooltip="The next neuron of the layer"),
        Binding("l", "layer", "other layer", tooltip="The first neuron of the next layer"),
        Binding("v", "order", "order", tooltip="Largest products first, or as they come"),
    ]  # fmt: skip

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        inputs = found.network.inputs if found.network else 0
        told = f"{inputs:,} input{'s' * (inputs != 1)}" if inputs else "–"
        return [Row("hand", ("by hand", Content.styled(told, "$muted")))]

    def compose(self) -> ComposeResult:
        yield LinesView(id="hand-missing")
        yield HandView()

    @property
    def hand(self) -> HandView:
        """The network."""
        return self.query_one(HandView)

    def set_found(self, found: Found) -> None:
        super().set_found(found)
        if found.network is not None:
            self.hand.set_network(found.network)
            self._find_samples(found)

    def show(self, key: str, width: int) -> str:
        assert self.found is not None
        missing = self.found.network is None
        lines = self.query_one("#hand-missing", LinesView)
        self.hand.display, lines.display = not missing, missing
        if missing:
            lines.show(inspect_words.no_model(self.found, "network", width))
        return "by hand"

    @property
    def to_focus(self) -> Widget:
        return self.hand.steps if self.hand.display else self.query_one("#hand-missing")

    @work(group="samples", exclusive=True, exit_on_error=False)
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
        if found is self.found:
            samples = [_sample(row, found) for row in answer.get("rows", ())]
            self.hand.set_samples(samples, answer.get("names", ()), note)
            self.screen.refresh_bindings()

    @on(HandView.Changed)
    def _ask_keras(self, event: HandView.Changed) -> None:
        event.stop()
        if self.hand.single:
            self._compare()

    @work(group="keras", exclusive=True, exit_on_error=False)
    async def _compare(self) -> None:
        """Ask Keras for what it computes itself."""
        found, values = self.found, list(self.hand.values)
        if found is None:
            return
        try:
            await self.kerastui.launcher.start()
            answer = await self.kerastui.launcher.request(
                "look.outputs", channel="look", path=str(found.path), values=values,
                experiment=found.experiment.plain() if found.experiment else None,
            )  # fmt: skip
        except UserError as error:
            self.kerastui.tell_error(error, "Keras could not be asked")
            return
        if found is self.found and values == self.hand.values:
            self.hand.keras = answer["layers"]
            self.hand.show_steps()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "choose":
            return bool(self.hand.samples)
        if action == "single":
            return self.found is not None and self.found.network is not None
        if action in ("neuron", "layer", "order"):
            return self.hand.single
        if action == "edit":
            return self.found is not None and self.found.network is not None
        return super().check_action(action, parameters)

    def action_edit(self) -> None:
        """Type numbers into the network."""
        self.hand.edit()

    def action_single(self) -> None:
        """Show one neuron alone, or all steps."""
        self.hand.single = not self.hand.single
        self.hand.show_steps()
        if self.hand.single and not self.hand.keras:
            self._compare()
        self.hand.steps.focus()
        self.refresh_bindings()

    def action_neuron(self, step: int) -> None:
        """Show another neuron of the layer."""
        self.hand.neuron += step
        self.hand.show_steps()

    def action_layer(self) -> None:
        """Show the first neuron of another layer."""
        self.hand.depth, self.hand.neuron = self.hand.depth + 1, 0
        self.hand.show_steps()

    def action_order(self) -> None:
        """Sort the products by size, or not."""
        self.hand.by_size = not self.hand.by_size
        self.hand.show_steps()

    def action_choose(self, place: int) -> None:
        """Take one of the offered inputs."""
        if place < len(self.hand.samples):
            self.hand.choose(place)


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

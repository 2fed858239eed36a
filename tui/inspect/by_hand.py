"""The network by hand, for inputs of its data or for typed ones."""

from __future__ import annotations

from typing import Any

from textual import work
from textual.app import ComposeResult
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
    """Every product, sum and activation of a small dense network."""

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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "choose":
            return bool(self.hand.samples)
        if action == "edit":
            return self.found is not None and self.found.network is not None
        return super().check_action(action, parameters)

    def action_edit(self) -> None:
        """Type numbers into the network."""
        self.hand.edit()

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

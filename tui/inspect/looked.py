"""One weight that is looked at, and what every view of it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Container
from textual.widget import Widget

if TYPE_CHECKING:
    from kerastui.models.saved.model import LayerWeights, Weight
    from kerastui.models.saved.statistics import Statistics
    from kerastui.models.saved.survey import Cut
    from kerastui.tui.app import KerasTui
    from kerastui.tui.inspect.subject import Found


@dataclass(frozen=True)
class Looked:
    """A weight that is looked at.

    Attributes:
        found: What it is of.
        place: Its number among the weights.
        cut: The slice of it that is shown.
    """

    found: Found
    place: int
    cut: Cut

    @property
    def weight(self) -> Weight:
        """The weight."""
        return self.found.weights[self.place]

    @property
    def statistics(self) -> Statistics:
        """What its numbers are like."""
        return self.found.statistics[self.place]

    @property
    def name(self) -> str:
        """Its name with its layer's."""
        return self.found.weight_names[self.place]

    @property
    def layer(self) -> LayerWeights:
        """The layer it belongs to."""
        assert self.found.model is not None
        left = self.place
        for layer in self.found.model.layers:
            if left < len(layer.weights):
                return layer
            left -= len(layer.weights)
        raise IndexError(self.place)


class WeightView(Container):
    """A way to look at one weight.

    Attributes:
        NAME: What stands above it.
        looked: What is shown; set by `show_weight`.
    """

    NAME: ClassVar[str] = ""
    DEFAULT_CSS = """
    WeightView { height: 1fr; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.looked: Looked | None = None

    @property
    def kerastui(self) -> KerasTui:
        """The app, with its type."""
        return cast("KerasTui", self.app)

    @classmethod
    def suits(cls, looked: Looked) -> bool:
        """Say whether it can show this weight."""
        return True

    def show_weight(self, looked: Looked) -> None:
        """Show a weight, or another slice of it."""
        self.looked = looked
        self.fill()

    def fill(self) -> None:
        """Show `looked`."""
        raise NotImplementedError

    @property
    def to_focus(self) -> Widget:
        """What the focus goes to."""
        raise NotImplementedError

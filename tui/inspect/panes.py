"""The parts of the Inspect screen, in the order of its list."""

from __future__ import annotations

from kerastui.tui.inspect.activations import ActivationsPane
from kerastui.tui.inspect.by_hand import HandPane
from kerastui.tui.inspect.figures import EvaluationPane, PredictionsPane
from kerastui.tui.inspect.file import FilePane
from kerastui.tui.inspect.gradients import GradientsPane
from kerastui.tui.inspect.pane import InspectPane
from kerastui.tui.inspect.predict import OnePane
from kerastui.tui.inspect.weights import FormulasPane, WeightsPane

GROUPS: tuple[tuple[str, tuple[type[InspectPane], ...]], ...] = (
    ("judge", (EvaluationPane,)),
    (
        "predict",
        (
            OnePane,
            PredictionsPane,
        ),
    ),
    ("look inside", (WeightsPane, FormulasPane, HandPane, ActivationsPane, GradientsPane)),
    ("keep", (FilePane,)),
)
"""Title of each group of the list, and the panes whose rows stand below it."""

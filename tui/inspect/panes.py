"""The parts of the Inspect screen, in the order of its list."""

from __future__ import annotations

from kerastui.tui.inspect.activations import ActivationsPane
from kerastui.tui.inspect.by_hand import HandPane
from kerastui.tui.inspect.confusion import CalibrationPane, ClassesPane, ConfusionPane
from kerastui.tui.inspect.curves import CurvesPane
from kerastui.tui.inspect.drift import DriftPane
from kerastui.tui.inspect.figures import EvaluationPane, PredictionsPane
from kerastui.tui.inspect.file import FilePane
from kerastui.tui.inspect.forecast import ForecastPane
from kerastui.tui.inspect.gradients import GradientsPane
from kerastui.tui.inspect.intervals import IntervalsPane
from kerastui.tui.inspect.pane import InspectPane
from kerastui.tui.inspect.predict import OnePane
from kerastui.tui.inspect.predict_file import WholeFilePane
from kerastui.tui.inspect.predict_part import PartPane
from kerastui.tui.inspect.predict_rows import RowsPane
from kerastui.tui.inspect.regression import NumbersPane, WorstPane
from kerastui.tui.inspect.threshold import ThresholdPane
from kerastui.tui.inspect.weights import FormulasPane, WeightsPane

GROUPS: tuple[tuple[str, tuple[type[InspectPane], ...]], ...] = (
    (
        "judge",
        (
            EvaluationPane,
            IntervalsPane,
            ConfusionPane,
            ClassesPane,
            CurvesPane,
            ThresholdPane,
            CalibrationPane,
            NumbersPane,
            WorstPane,
            ForecastPane,
        ),
    ),
    (
        "predict",
        (OnePane, RowsPane, WholeFilePane, PartPane, PredictionsPane),
    ),
    (
        "look inside",
        (WeightsPane, FormulasPane, HandPane, ActivationsPane, GradientsPane, DriftPane),
    ),
    ("keep", (FilePane,)),
)
"""Title of each group of the list, and the panes whose rows stand below it."""

"""Inspect: not built yet; says what will be here and where it can be done meanwhile."""

from __future__ import annotations

from textual.app import ComposeResult

from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.widgets.empty import EmptyState


class InspectScreen(SectionScreen):
    """A page that pretends nothing."""

    SECTION = "inspect"
    HELP = "Not built yet. The page says what will be here, and where it can be done meanwhile."

    def compose_body(self) -> ComposeResult:
        yield EmptyState(
            "Inspect is not built yet",
            "Confusion matrix, the samples behind a figure, predictions for new input,\n"
            "weights and activations will be here.",
            (
                ("T", "the evaluation and the predictions of a run stand on the Train screen"),
                ("kerastui runs show last", "the same on the command line"),
            ),
        )

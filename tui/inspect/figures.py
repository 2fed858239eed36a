"""The figures that a run reached, and the predictions that its experiment asks for."""

from __future__ import annotations

from textual.content import Content

from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.pane import LinesPane
from kerastui.tui.inspect.subject import Found
from kerastui.tui.widgets.row_list import Row

NO_PREDICTIONS = (
    "This experiment asks for no predictions. What it predicts is part of it: afterwards.predict "
    "in its file."
)


class EvaluationPane(LinesPane):
    """Figures by part, and the published ones beside."""

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        if found.run is None:
            return []
        good = sum(one.state == "inside" for one in found.verdicts)
        judged = sum(one.state in ("inside", "outside") for one in found.verdicts)
        verdict = Content.styled(f"{good} of {judged} ✓", "$good" if good == judged else "$warn")
        return [Row("evaluation", ("evaluation", verdict if judged else ""))]

    def show(self, key: str, width: int) -> str:
        assert self.found is not None
        self.view.show(inspect_words.evaluation(self.found, width))
        return "evaluation"


class PredictionsPane(LinesPane):
    """What the experiment predicts, beside the truth where it is known."""

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        if found.run is None:
            return []
        count = Content.styled(f"{len(found.predictions)}", "$muted")
        return [Row("predictions", ("predictions", count))]

    def show(self, key: str, width: int) -> str:
        found = self.found
        assert found is not None
        if found.predictions:
            head, lines = inspect_words.predictions(found)
            self.view.show(lines, head)
        elif error := found.problems.get("evaluation"):
            self.view.show(inspect_words.not_there(found.info, error, width))
        else:
            self.view.show(Content.styled(NO_PREDICTIONS, "$muted").wrap(width))
        return "predictions"

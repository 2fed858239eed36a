"""The weights of a saved model: all of them with their statistics, and the numbers of each."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.lines import LinesView, MatrixView
from kerastui.tui.inspect.pane import InspectPane, LinesPane
from kerastui.tui.inspect.subject import Found
from kerastui.tui.widgets import words
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.row_list import Row


class WeightsPane(InspectPane):
    """The layers' weights in one table, or one of them as a matrix."""

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        count = found.model.parameters if found.model else 0
        made = [Row("layers", ("layers", Content.styled(f"{count:,}" if count else "–", "$muted")))]
        shapes = [words.shape(one.shape) or "1" for one in found.statistics]
        for place, (name, shape) in enumerate(zip(found.weight_names, shapes, strict=True)):
            made.append(Row(f"weight {place}", (name, Content.styled(shape, "$muted")), level=1))
        return made

    def compose(self) -> ComposeResult:
        yield LineView(id="weight-note")
        yield LinesView(id="weight-lines")
        yield MatrixView(id="weight-matrix")

    def show(self, key: str, width: int) -> str:
        found = self.found
        assert found is not None
        matrix = key != "layers"
        for name, shown in (("note", matrix), ("lines", not matrix), ("matrix", matrix)):
            self.query_one(f"#weight-{name}").display = shown
        if not matrix:
            lines = self.query_one("#weight-lines", LinesView)
            if found.model is None:
                lines.show(inspect_words.no_model(found, "model", width))
            else:
                head, told = inspect_words.layers(found.model, found.statistics)
                lines.show(told, head)
            return key
        place = int(key.removeprefix("weight "))
        told = inspect_words.weight(found.statistics[place], width)
        self.query_one("#weight-note", LineView).show(told)
        self.query_one(MatrixView).show_array(found.weights[place].values)
        return found.weight_names[place]

    @property
    def to_focus(self) -> Widget:
        matrix = self.query_one(MatrixView)
        return matrix if matrix.display else self.query_one("#weight-lines")


class FormulasPane(LinesPane):
    """A dense network weight by weight, as the lessons write it down."""

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        told = f"{len(found.formulas):,}" if found.formulas else "–"
        return [Row("formulas", ("as formulas", Content.styled(told, "$muted")))]

    def show(self, key: str, width: int) -> str:
        assert self.found is not None
        if self.found.formulas is None:
            self.view.show(inspect_words.no_model(self.found, "formulas", width))
        else:
            self.view.show(self.found.formulas, width=60)
        return "as formulas"

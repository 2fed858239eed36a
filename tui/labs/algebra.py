"""b05: tensor algebra, computed by TensorFlow in the worker."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.models.labs.algebra import shape_text
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result
from kerastui.tui.labs.number_grid import GridColumn, NumberGrid, short
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel, ScrollPanel
from kerastui.tui.widgets.row_list import Column, Row, RowList

VARIABLES: dict[str, Any] = {
    "A": [[3.0, 3.0]],
    "B": [[2.0], [2.0]],
    "x": [1.0, 2.0],
    "a": [3.0, 3.0],
}
"""The document's tensors."""

LINES: tuple[tuple[str, Any], ...] = (
    ("A @ B", [[12.0]]),
    ("x - a", [-2.0, -1.0]),
    ("x = [4, 6]", None),
    ("x - a", [1.0, 3.0]),
)
"""The document's steps, and what it prints after each."""

MOST_SIDE = 6
"""Most rows and columns of a matrix that can be typed over in place."""


class LineInput(Input):
    """Where a line is typed; Escape leads back to the variables, up brings the lines before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "compute", key_display="Enter", tooltip="Compute the line"),
        Binding("escape", "variables", "back", key_display="Esc", tooltip="To the variables"),
        Binding("up", "recall(-1)", "line before", show=False, tooltip="The line before"),
        Binding("down", "recall(1)", "line after", show=False, tooltip="The line after"),
    ]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.history: list[str] = []
        self.place = 0

    def action_variables(self) -> None:
        self.screen.query_one(RowList).focus()

    def action_recall(self, step: int) -> None:
        self.place = max(0, min(len(self.history), self.place + step))
        self.value = self.history[self.place] if self.place < len(self.history) else ""
        self.cursor_position = len(self.value)


class AlgebraScreen(LabScreen):
    """Variables and their numbers at the left; lines and what TensorFlow makes of them right."""

    COLUMNS = True
    HELP = """Type a line with a, such as y = A @ B or sum(A). Numbers, lists and variables; + − * \
/ ** are taken element by element, @ is the matrix product, .T turns a matrix; matmul, add, \
subtract, multiply, divide, pow, maximum, minimum, sum, mean, prod, max, min, argmax (also along \
an axis: sum(A, 0)), abs, sqrt, exp, log, transpose, det, inv, trace, norm, relu, sigmoid, tanh, \
softmax. e changes the numbers of the variable under the cursor. TensorFlow computes in 32 bits."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "line", "type a line", tooltip="An expression, or name = expression"),
        Binding("e,enter", "edit", "edit", key_display="e", tooltip="Type over its numbers"),
        Binding("delete", "remove", "remove", key_display="Del", tooltip="Remove this variable"),
        Binding("u", "undo", "undo", tooltip="Bring the variables of before back"),
    ]

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.variables: dict[str, Any] = {}
        self.before: list[dict[str, Any]] = []
        self.told: list[Content] = []
        self._turn = asyncio.Lock()

    def compose_lab(self) -> ComposeResult:
        with Panel(title="variables", classes="lab-side", id="variables"):
            yield RowList([Column(width=6), Column(width=9), Column()])
            yield NumberGrid([GridColumn("", 6, True)], 2)
        with Panel(title="computed by TensorFlow", classes="lab-main", id="transcript"):
            with ScrollPanel(id="told"):
                yield Static(id="lines")
            yield LineInput(placeholder="a line, such as  y = A @ B  or  sum(A)")

    def on_mount(self) -> None:
        self.query_one(RowList).focus()
        self._tell(Content.styled("Keras' process gets ready …", "$muted"))
        self.action_values()

    # What is computed

    # A line may name what the line before it assigns, and can be typed before that is computed.

    @work(group="compute", exit_on_error=False)
    async def _publish(self) -> None:
        """Take the document's steps."""
        async with self._turn:
            await self._publish_all()

    async def _publish_all(self) -> None:
        self._take(dict(VARIABLES))
        self.told = []
        results: list[Result] = []
        for line, printed in LINES:
            answer = await self._run(line)
            if answer is None:
                return
            if printed is not None:
                label = f"{line} again" if any(r.label == line for r in results) else line
                value = answer["value"]
                results.append(Result(label, _text(printed), _text(value), value == printed))
        self.results = tuple(results)
        good = all(result.right for result in results)
        sign = ("✓ as the document prints them", "$good") if good else ("≠ not as printed", "$warn")
        self._tell(Content.assemble("three results ", sign))

    @work(group="compute", exit_on_error=False)
    async def _compute(self, line: str) -> None:
        async with self._turn:
            await self._run(line)

    async def _run(self, line: str) -> dict[str, Any] | None:
        """Compute a line, write down what comes out, and keep what it assigns."""
        try:
            answer = await self.ask("algebra", line=line, variables=self.variables)
        except UserError as error:
            self._tell(
                Content.assemble(
                    ("› ", "$primary"), line, (f"\n  {error.message}", "$warn"),
                    (f"\n  {error.hint}" if error.hint else "", "$muted"),
                )
            )  # fmt: skip
            return None
        value, name = answer["value"], answer["name"]
        about = f"  {shape_text(answer['shape'])} · {answer['dtype']}"
        shown = f"\n  {name + ' = ' if name else ''}{_text(value)}"
        self._tell(
            Content.assemble(("› ", "$primary"), line, (shown, "bold"), (f"\n{about}", "$faint"))
        )
        if name:
            self._take({**self.variables, name: value})
            self.query_one(RowList).move_to(name)
        return answer

    def _tell(self, text: Content) -> None:
        self.told = [*self.told[-49:], text]
        self.query_one("#lines", Static).update(Content("\n").join(self.told))
        told = self.query_one("#told", ScrollPanel)
        self.call_after_refresh(told.scroll_end, animate=False)

    # The variables

    def _take(self, variables: dict[str, Any]) -> None:
        if self.variables:
            self.before = [*self.before[-19:], self.variables]
        self.variables = variables
        self._list()

    def _list(self) -> None:
        self.query_one(RowList).set_rows(
            Row(
                name,
                (
                    Content.styled(name, "bold"),
                    Content.styled(shape_text(_shape(value)), "$muted"),
                    _text(value),
                ),
            )
            for name, value in self.variables.items()
        )
        self._fill()
        self.refresh_bindings()

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._fill()
        self.refresh_bindings()

    @property
    def _matrix(self) -> list[list[float]] | None:
        """The variable under the cursor as rows, None where it can't be typed over in place."""
        return self._rows_of(self.query_one(RowList).key)

    def _rows_of(self, name: str) -> list[list[float]] | None:
        if name not in self.variables:
            return None
        value: Any = self.variables[name]
        shape = _shape(value)
        if len(shape) > 2 or 0 in shape or max(shape, default=1) > MOST_SIDE:
            return None
        rows = [[value]] if not shape else [value] if len(shape) == 1 else value
        return [[float(number) for number in row] for row in rows]

    def _fill(self) -> None:
        grid, matrix = self.query_one(NumberGrid), self._matrix
        grid.display = matrix is not None
        if matrix is not None:
            grid.set_columns([GridColumn(str(i), 5, True) for i in range(len(matrix[0]))])
            name = self.query_one(RowList).key
            grid.show_rows([str(i) for i in range(len(matrix))], matrix, name)

    @on(NumberGrid.Changed)
    def _typed(self, event: NumberGrid.Changed) -> None:
        # Not that under the cursor: a click on the next one takes what is typed in this one.
        name, matrix = event.subject, self._rows_of(event.subject)
        if matrix is None or event.row >= len(matrix) or event.column >= len(matrix[0]):
            return
        matrix[event.row][event.column] = event.value
        rank = len(_shape(self.variables[name]))
        value: Any = matrix if rank == 2 else matrix[0] if rank == 1 else matrix[0][0]
        self.before = [*self.before[-19:], self.variables]
        self.variables = {**self.variables, name: value}
        self.query_one(RowList).set_rows(
            [
                row if row.key != name else Row(name, (*row.cells[:2], _text(value)))
                for row in self.query_one(RowList).shown
            ]
        )
        self.refresh_bindings()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        line = event.value.strip()
        if line:
            field = self.query_one(LineInput)
            field.history.append(line)
            field.place = len(field.history)
            field.value = ""
            self._compute(line)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        typing = isinstance(self.focused, Input)
        if action in ("line", "values", "back") and typing:
            return False
        if action == "edit":
            return not typing and self._matrix is not None
        if action == "remove":
            return not typing and bool(self.variables)
        if action == "undo":
            return not typing and bool(self.before)
        return super().check_action(action, parameters)

    def on_descendant_focus(self) -> None:
        self.refresh_bindings()

    def action_line(self) -> None:
        """Type a line."""
        self.query_one(LineInput).focus()

    def action_edit(self) -> None:
        """Type over the numbers of the variable under the cursor."""
        self.query_one(NumberGrid).focus()

    def action_remove(self) -> None:
        """Remove the variable under the cursor."""
        name = self.query_one(RowList).key
        self._take({n: value for n, value in self.variables.items() if n != name})

    def action_undo(self) -> None:
        """Bring the variables of before back."""
        if self.before:
            self.variables = self.before.pop()
            self._list()

    def action_values(self) -> None:
        self._publish()


def _shape(value: Any) -> list[int]:
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape


def _text(value: Any) -> str:
    """Return numbers in brackets, as they would be typed, with at most six digits."""
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    # Numbers that are no numbers travel by their names.
    return short(float(f"{float(value):.6g}"))


def make(lab: Lab) -> LabScreen:
    """Return the lab's screen."""
    return AlgebraScreen(lab)

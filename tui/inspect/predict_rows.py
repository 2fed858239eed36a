"""Rows that are pasted or typed, with or without a headline, and what the model says of each."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import TextArea

from kerastui.datasets.errors import UserError
from kerastui.tui.inspect import predict_words
from kerastui.tui.inspect.ask import AskPane, model_of
from kerastui.tui.inspect.lines import LinesView, aligned
from kerastui.tui.inspect.subject import Found
from kerastui.tui.inspect.words_in import AskArea
from kerastui.tui.widgets.data_grid_cells import clean, fitted
from kerastui.tui.widgets.row_list import Row

PAUSE = 0.15
"""Seconds after the last key before rows are predicted."""
LONGEST_CELL = 40
SHOWN_CELLS = 6


class RowsPane(AskPane):
    """Pasted rows."""

    DEFAULT_CSS = """
    RowsPane LinesView { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "clear", "clear", tooltip="Take the rows away"),
    ]

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        return [Row("ask rows", ("pasted rows", ""))] if found.model else []

    def compose_body(self) -> ComposeResult:
        yield AskArea(soft_wrap=False)
        yield LinesView(id="rows-told")

    def show(self, key: str, width: int) -> str:
        return "pasted rows"

    @property
    def area(self) -> TextArea:
        """Where the rows stand."""
        return self.query_one(TextArea)

    @property
    def lines(self) -> LinesView:
        """What is said of them."""
        return self.query_one("#rows-told", LinesView)

    @property
    def asked(self) -> Widget:
        return self.area if self.area.display else self.lines

    def forget(self) -> None:
        self.area.display = False
        self.lines.show([])

    def opened(self) -> None:
        kind = self.form["kind"]
        if kind in ("picture", "series"):
            what = "Pictures" if kind == "picture" else "Windows of a series"
            self.note(f"{what} can't be pasted. Predict them one by one, or from files.")
            return
        self.area.display = True
        if kind == "text":
            self.note("Paste or type texts, one a line.")
        else:
            names = ", ".join(clean(field["name"]) for field in self.form["fields"][:12])
            more = self.form["count"] - 12
            names += f" and {more:,} more" if more > 0 else ""
            self.note(
                f"Paste rows of {self.form['count']:,} values, with commas, tabs, semicolons "
                f"or spaces between them: {names}. With a headline they may stand in any order."
            )
        self._predict()

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._predict()

    def action_edit(self) -> None:
        """Go to the rows."""
        self.take_focus()

    def action_clear(self) -> None:
        """Take the rows away."""
        self.area.load_text("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("clear", "edit"):
            return bool(self.form) and self.area.display
        return super().check_action(action, parameters)

    @work(group="rows", exclusive=True, exit_on_error=False)
    async def _predict(self) -> None:
        await asyncio.sleep(PAUSE)
        found, text = self.found, self.area.text
        if found is None or not text.strip():
            self.lines.show([])
            return
        try:
            told = await self.ask("predict_pasted", text=text, **model_of(found))
        except UserError as error:
            lines = [Content.styled(clean(error.message), "$warn")]
            lines += [Content.styled(clean(error.hint), "$muted")] if error.hint else []
            self.lines.show(lines)
            return
        if found is self.found:
            head, rows = lines_of(told, self.form["outputs"])
            self.lines.show(rows, head)


def lines_of(told: dict[str, Any], outputs: list[dict[str, Any]]) -> tuple[Content, list[Content]]:
    """Return a headline and a line for each row: the prediction, what is wrong, the cells."""
    rows: list[list[Content | str]] = []
    for number, row in enumerate(told["rows"], start=1):
        notes = clean("; ".join(row["notes"]))
        if row["answers"] is None:
            said: Content | str = Content.styled("not predicted", "$bad")
        else:
            said = Content.styled(predict_words.short(outputs, row["answers"]), "bold")
        cells = [fitted(clean(cell), LONGEST_CELL).rstrip() for cell in row["cells"]]
        shown = "  ".join(cells[:SHOWN_CELLS]) + ("  …" if len(cells) > SHOWN_CELLS else "")
        mark = Content.styled(f"▲ {notes}" if notes else "", "$warn")
        rows.append([Content.styled(f"{number}", "$faint"), said, mark,
                     Content.styled(shown, "$muted")])  # fmt: skip
    return aligned(rows, ["row", "predicted", "", "given"], [True, False, False, False])

"""A file of inputs to a file of predictions, in pieces, with its progress."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.tui.inspect.ask import LONG, AskPane, model_of
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.predict_words import rows
from kerastui.tui.inspect.subject import Found
from kerastui.tui.paths import expanded
from kerastui.tui.screens.dialogs import AskText, confirm
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.line_view import bar
from kerastui.tui.widgets.row_list import Row

LOOKED_AFTER = 0.1

ABOUT = {
    "table": "A file with the columns {columns}, in any order: CSV or another table as text, JSON "
    "lines, Parquet. Other columns are kept.",
    "numbers": "A file of tables with {count:,} columns of numbers: {columns}.",
    "series": "A file with the column {columns}, one row after the other in time. Each row is "
    "predicted from the rows before it, and one more after the end.",
    "text": "A folder of text files, or a table with a column of texts (called text or review).",
    "picture": "A folder of pictures, or one picture. They are brought to {shape} pixels; let "
    "them look like those of the data: MNIST's digits are light on dark.",
}


class WholeFilePane(AskPane):
    """A whole file."""

    CHANNEL = LONG
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "predict", "choose a file",
                tooltip="Predict a file with the columns of the data; a folder of pictures, texts"),
        Binding("escape", "stop", "stop", key_display="Esc",
                tooltip="Stop; what is predicted so far stays, as ….part"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.running = self.told = False

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        return [Row("ask file", ("a whole file", ""))] if found.model else []

    def compose_body(self) -> ComposeResult:
        yield LinesView(id="file-told")

    def show(self, key: str, width: int) -> str:
        self.call_after_refresh(self._explain)
        return "a whole file"

    def on_resize(self) -> None:
        self._explain()

    @property
    def lines(self) -> LinesView:
        """What is said."""
        return self.query_one("#file-told", LinesView)

    @property
    def asked(self) -> Widget:
        return self.lines

    def forget(self) -> None:
        self.told = False
        self.lines.show([])

    def opened(self) -> None:
        self._explain()

    def _explain(self) -> None:
        """Say what is expected, until there is something else to say."""
        form = self.form
        if not form or self.told or not self.size.width:
            return
        names: list[str] = [clean(field["name"]) for field in form["fields"][:12]]
        if form["kind"] == "series":
            names = list(dict.fromkeys(name.rpartition(",")[0] for name in names))
        more = form["count"] - 12
        columns = ", ".join(names) + (f" and {more:,} more" if more > 0 else "")
        told = ABOUT[form["kind"]].format(
            columns=columns, count=form["count"], shape="×".join(map(str, form["shape"][:2]))
        )
        width = max(20, self.size.width - 2)
        lines = Content(told).wrap(width)
        lines += [Content("")]
        lines += Content.styled(
            "Out comes CSV: the columns as they were, then what is predicted, the probability of "
            "each class, and a note where a value lies outside the training part or a row can't "
            "be predicted.", "$muted",
        ).wrap(width)  # fmt: skip
        lines += [Content(""), Content.assemble(("a", "$primary"), "  choose a file")]
        self.lines.show(lines)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.running
        if action == "predict":
            return bool(self.form) and not self.running
        return super().check_action(action, parameters)

    def action_stop(self) -> None:
        """Stop; what was predicted so far stays."""
        self.run_worker(self.ask("predict_stop"), group="stop", exit_on_error=False)

    @work(group="file", exclusive=True, exit_on_error=False)
    async def action_predict(self) -> None:
        """Ask for a file and a place, and predict."""
        found = self.found
        given = await self.app.push_screen_wait(
            AskText(
                "predict a file", "Which file or folder?", placeholder="~/new.csv", check=_there
            )
        )
        if not given or found is None:
            return
        path = await asyncio.to_thread(expanded, given)
        proposed = path.with_name(f"{path.stem}-predicted.csv")
        typed = await self.app.push_screen_wait(
            AskText("predict a file", "Where to write the predictions?", str(proposed),
                    check=_writable)
        )  # fmt: skip
        if not typed:
            return
        target = await asyncio.to_thread(expanded, typed)
        if await asyncio.to_thread(target.exists):
            question = confirm("replace", f"{target} is there already.", "Replace it")
            if await self.app.push_screen_wait(question) != "y":
                return
        await self._predict(found, str(path), str(target))

    async def _predict(self, found: Found, given: str, target: str) -> None:
        self.running = self.told = True
        self.screen.refresh_bindings()
        try:
            told = await self.ask("predict_file", given=given, target=target, **model_of(found))
            while told["result"] is None:
                self.lines.show(_progress(told, given))
                await asyncio.sleep(LOOKED_AFTER)
                told = await self.ask("predict_progress")
        except UserError as error:
            lines = [Content.styled(clean(error.message), "$warn")]
            self.lines.show([*lines, Content.styled(clean(error.hint), "$muted")])
        else:
            self.lines.show(_done(told["result"]))
        finally:
            self.running = False
            self.screen.refresh_bindings()


def _there(text: str) -> str:
    if not text:
        return "Type a path."
    try:
        there = expanded(text).exists()
    except UserError:
        there = False
    return "" if there else f"There is no file {clean(text)}."


def _writable(text: str) -> str:
    if not text:
        return "Type a path."
    try:
        folder = expanded(text).is_dir()
    except UserError as error:
        return error.message
    return f"{clean(text)} is a folder; give the file a name." if folder else ""


def _progress(told: dict[str, Any], given: str) -> list[Content]:
    share = told["share"]
    line = Content(told["words"]) if share is None else bar(share, 40, "$run")
    done = f"  {rows(told['rows'])}" if told["rows"] else ""
    percent = f"  {share:.0%}" if share is not None else " …"
    return [
        Content.styled(clean(given), "$muted"),
        Content.assemble(line, percent, (done, "$muted")),
        Content.styled("Esc stops; what is predicted until then stays.", "$faint"),
    ]


def _done(result: dict[str, Any]) -> list[Content]:
    """Say what was written."""
    path = clean(result["path"])
    if result.get("stopped"):
        told = f"{rows(result['rows'])} predicted, in "
        return [Content.styled("Stopped.", "$warn"), Content.assemble(told, (path, "bold"))]
    lines = [Content.assemble(("✓ ", "$good"), f"{rows(result['rows'])} in ", (path, "bold"))]
    if result["bad"]:
        lines.append(Content.styled(
            f"▲ {rows(result['bad'])} can't be predicted; the column note says why.", "$warn"
        ))  # fmt: skip
    if result["outside"]:
        lines.append(Content.styled(
            f"▲ {rows(result['outside'])} with values outside the training part; see note.",
            "$warn",
        ))  # fmt: skip
    return [*lines, Content(""), Content.assemble(("a", "$primary"), "  choose another file")]

"""Asking a model for one input: typed in a form, drawn, or written; predicted at every change."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import TextArea

from kerastui.datasets.errors import UserError
from kerastui.tui.inspect import predict_words
from kerastui.tui.inspect.ask import AskPane, model_of
from kerastui.tui.inspect.ask_form import AskField, AskForm
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.subject import Found
from kerastui.tui.inspect.words_in import WordsIn
from kerastui.tui.screens.dialogs import AskText
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.row_list import Row, RowList

if TYPE_CHECKING:
    from kerastui.tui.inspect.draw import DrawPad

BESIDE = 24
"""Cells that the answers need beside a drawing."""
WANTED = "row to ask about"
"""What panes share under this name: a part and a row of it that are shown here next."""
PAUSE = 0.02
"""Seconds in which changes are gathered before the model is asked."""


class Answers(Vertical):
    """What the model says; how much of it goes into a line depends on the width."""

    class Resized(Message):
        """There is other room."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())


class OnePane(AskPane):
    """One input and what the model says of it."""

    DEFAULT_CSS = """
    OnePane #ask-where { margin: 0 0 1 0; }
    OnePane #ask-both { layout: vertical; height: 1fr; }
    OnePane #ask-left { height: auto; }
    OnePane #ask-input { height: auto; }
    OnePane #ask-meaning { padding: 0 1; }
    OnePane #ask-right { height: 1fr; margin-top: 1; }
    OnePane.-drawn #ask-both { layout: horizontal; }
    OnePane.-drawn #ask-left { width: auto; }
    OnePane.-drawn #ask-input { width: auto; }
    OnePane.-drawn #ask-meaning { display: none; }
    OnePane.-drawn #ask-right { padding: 0 0 0 2; margin-top: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "go", "go to row", tooltip="Begin with a certain row of the test part"),
        Binding("n", "step(1)", "next row", tooltip="Begin with the next row"),
        Binding("N", "step(-1)", "before", tooltip="Begin with the row before"),
        Binding("x", "reset", "start again",
                tooltip="Back to the values of the row; another sheet to draw on"),
        Binding("m", "centre", "centre", tooltip="Place the drawing as MNIST's digits are, or not"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.part, self.row = "", 0
        self.started: dict[str, Any] = {}
        self.touched = False
        self.centred = False
        self._busy = self._again = False
        self._told: dict[str, Any] | None = None

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        return [Row("ask one", ("one input", ""))] if found.model else []

    def compose_body(self) -> ComposeResult:
        yield LineView(id="ask-where")
        with Container(id="ask-both"):
            with Container(id="ask-left"):
                yield Container(id="ask-input")
                yield LineView(id="ask-meaning")
            with Answers(id="ask-right"):
                yield LineView(id="ask-told")
                yield LinesView(id="ask-answer")

    def show(self, key: str, width: int) -> str:
        self._fit()
        if self.form and (wanted := self._wanted()) is not None:
            self._open(*wanted)
        return "one input"

    def _wanted(self) -> tuple[str, int] | None:
        """Take the row that another pane wants to be shown here."""
        assert self.found is not None
        wanted: tuple[str, int] | None = self.found.shared.pop(WANTED, None)
        return wanted

    @property
    def asked(self) -> Widget:
        return next(iter(self.query("AskForm, DrawPad, TextArea")), self.query_one("#ask-answer"))

    @property
    def pad(self) -> DrawPad | None:
        """Where one draws, where one draws."""
        if not self.form.get("drawn"):
            return None
        from kerastui.tui.inspect.draw import DrawPad

        return next(iter(self.query(DrawPad)), None)

    @property
    def kind(self) -> str:
        """What is asked."""
        return str(self.form.get("kind", ""))

    # Beginning

    def forget(self) -> None:
        self.started, self.touched, self.row, self._told = {}, False, 0, None
        self.query_one("#ask-both").display = False
        self.query_one("#ask-where", LineView).show([])

    async def prepare(self, form: dict[str, Any]) -> None:
        if form["count"] > len(form["fields"]):
            told = f"An input has {form['count']:,} values. So many are not typed."
            raise UserError(told, "They can come from a file: “a whole file”.")
        if form["drawn"]:
            await asyncio.to_thread(importlib.import_module, "kerastui.tui.inspect.draw")
        # To the end also where another model comes: Textual's widgets do not get over a worker
        # that is cancelled while they are being removed.
        await asyncio.shield(self._make_input(form, self.found))

    async def _make_input(self, form: dict[str, Any], found: Found | None) -> None:
        place = self.query_one("#ask-input")
        await place.remove_children()
        if found is not self.found:
            return
        if form["drawn"]:
            from kerastui.tui.inspect.draw import DrawPad

            rows, columns = form["shape"]
            await place.mount(DrawPad(rows, columns, form["top"]))
        elif form["kind"] == "text":
            await place.mount(WordsIn())
        elif form["kind"] != "picture":
            await place.mount(AskForm())

    def opened(self) -> None:
        form = self.form
        self.query_one("#ask-both").display = True
        self.set_class(form["drawn"], "-drawn")
        self.centred = form["centred"]
        self._fit()
        self.part = next(iter(form["parts"]), "")
        if self.kind == "series":
            self.part = "next"
        if not form["parts"]:
            self._begin({"values": [0.0] * len(form["fields"]), "truth": None, "label": ""})
        else:
            self._open(*(self._wanted() or (self.part, 0)))

    @work(group="row", exclusive=True, exit_on_error=False)
    async def _open(self, part: str, row: int) -> None:
        found = self.found
        assert found is not None
        try:
            started = await self.ask("predict_row", part=part, row=row, **model_of(found))
        except UserError as error:
            self.note(error)
            return
        if found is self.found:
            self.note("")
            self.part, self.row = part, row
            self._begin(started)

    def _begin(self, started: dict[str, Any]) -> None:
        import numpy as np

        self.started, self.touched = started, False
        values = started["values"]
        if self.form["drawn"] and self.pad:
            self.pad.set_pixels(np.asarray(values or np.zeros(self.form["shape"]), np.float32))
        elif self.kind == "text":
            with self.prevent(TextArea.Changed):
                self.query_one(WordsIn).show_text(values)
        elif self.kind != "picture":
            fields = [AskField.of(field) for field in self.form["fields"]]
            self.query_one(AskForm).show_fields(fields, list(values))
        self._predict()

    def _fit(self) -> None:
        """Give a drawing as many cells as there are beside the answers."""
        if not self.form or not self.size.width:
            return  # what is to be fitted is there once the form is known
        for form in self.query(AskForm):
            # What does not fit scrolls: the answers are always seen.
            room = max(4, self.size.height * 3 // 5 - 2)
            form.styles.height = min(len(self.form.get("fields", ())) + 1, room)
        for words in self.query(WordsIn):
            words.fit(self.size.height)
        pad = self.pad
        if pad is None:
            return
        rows, columns = self.form["shape"]
        wide = (self.size.width - BESIDE - 2) // columns
        high = 2 * (self.size.height - 5) // rows
        zoom = max(1, min(wide, high))
        if zoom != pad.zoom:
            pad.fit(zoom)

    def on_resize(self) -> None:
        self._fit()

    # Predicting

    @property
    def values(self) -> Any:
        """What stands in the input now."""
        if self.form["drawn"] and self.pad:
            return self.pad.pixels_drawn.round(2).tolist()
        if self.kind == "text":
            return self.query_one(WordsIn).area.text
        if self.kind == "picture":
            return self.started["values"]
        return list(self.query_one(AskForm).values)

    @on(RowList.Moved)
    def _explain(self, event: RowList.Moved) -> None:
        event.stop()
        field = event.rows.field if isinstance(event.rows, AskForm) else None
        self.query_one("#ask-meaning", LineView).show(
            [Content.styled(clean(field.meaning if field else ""), "$muted")]
        )

    @on(AskForm.Changed)
    @on(TextArea.Changed)
    def _edited(self, event: Message) -> None:
        event.stop()
        self.touched = True
        self._predict()

    def on_draw_pad_changed(self, event: Message) -> None:
        event.stop()
        self.touched = True
        self._predict()

    def _predict(self) -> None:
        self._again = True
        if not self._busy:
            self._busy = True
            self._ask_on()

    @work(group="one", exit_on_error=False)
    async def _ask_on(self) -> None:
        """Ask until the answer is that to what stands there; one question at a time."""
        try:
            while self._again and self.form and self.found is not None:
                await asyncio.sleep(PAUSE)
                if not self.form:
                    return  # another model is opened, and begins by itself
                self._again, found = False, self.found
                if self.kind == "text" and not self.values.strip():
                    self._say_nothing("Write something: every word counts at once.")
                    continue
                centre = self.centred and self.touched
                try:
                    told = await self.ask(
                        "predict_one", values=self.values, centre=centre, **model_of(found)
                    )
                except UserError as error:
                    if found is self.found:
                        self._failed(error)
                    continue
                if found is self.found and self.is_mounted:
                    self._tell(told)
        finally:
            self._busy = False

    @on(Answers.Resized)
    def _retell(self) -> None:
        if self._told is not None:
            self._tell(self._told)

    def _say_nothing(self, words: str) -> None:
        self._told = None
        self.query_one("#ask-told", LineView).show([Content.styled(words, "$muted")])
        self.query_one("#ask-answer", LinesView).show([])

    def _failed(self, error: UserError) -> None:
        self._told = None
        self._where()
        lines = [Content.styled(clean(error.message), "$warn")]
        lines += [Content.styled(clean(error.hint), "$muted")] if error.hint else []
        self.query_one("#ask-told", LineView).show(lines)
        self.query_one("#ask-answer", LinesView).show([])

    def _tell(self, told: dict[str, Any]) -> None:
        self._told = told
        outputs, answers = self.form["outputs"], told["answers"]
        width = max(12, self.query_one("#ask-right").size.width - 2)
        self._where()
        lines: list[Content] = []
        if self.touched and self.kind != "text" and self.started.get("label"):
            lines.append(Content.styled("changed, so the truth is not known", "$faint"))
        elif not self.touched and self.started.get("truth") is not None:
            lines.append(predict_words.beside(outputs, answers, self.started["truth"]))
        outside = [text for text in told["outside"] if text]
        if outside:
            plural = "s lie" if len(outside) > 1 else " lies"
            lines.append(Content.styled(
                f"▲ {len(outside)} value{plural} outside what the model has seen", "$warn"
            ))  # fmt: skip
        if self.form["guessed"]:
            lines.append(Content.styled("opened without its experiment: names unknown", "$faint"))
        if told["moved"]:
            lines += Content.styled(f"as MNIST: {told['moved']}", "$faint").wrap(width)
        self.query_one("#ask-told", LineView).show(lines)
        self.query_one("#ask-answer").styles.margin = (1 if lines else 0, 0, 0, 0)
        self.query_one("#ask-answer", LinesView).show(
            predict_words.answers(outputs, answers, width)
        )
        if self.kind == "text":
            self.query_one(WordsIn).show_words(told["words"], self.form["words"])

    def _where(self) -> None:
        """Say which row it is, and what can be done with it."""
        label = clean(str(self.started.get("label", "")))
        parts = [Content.styled(label, "bold")] if label else []
        if self.kind == "series":
            parts.append(Content.styled("the next value, from the last ones before it", "$muted"))
        if self.form["drawn"]:
            parts = parts if not self.touched else [Content.styled("your drawing", "bold")]
            placed = "placed as MNIST places digits" if self.centred else "given as it is drawn"
            placed = placed if self.touched else "as it is in the data"
            parts.append(Content.styled(placed, "$muted"))
        elif self.kind == "text" and self.touched:
            parts = [Content.styled("your text", "bold")]
        elif self.kind == "numbers":
            parts.append(Content.styled("numbers as the model is given them", "$muted"))
        elif self.touched:
            parts.append(Content.styled("changed", "$warn"))
        self.query_one("#ask-where", LineView).show([Content("  ·  ").join(parts)])

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("go", "step"):
            return bool(self.form.get("parts"))
        if action == "reset":
            return bool(self.started)
        if action == "centre":
            return bool(self.form.get("drawn"))
        return super().check_action(action, parameters)

    def action_edit(self) -> None:
        """Go to the input."""
        self.take_focus()

    def action_reset(self) -> None:
        """Begin again."""
        if self.form["drawn"] and self.pad:
            self.started = {"values": None, "truth": None, "label": ""}
            self.pad.clear()
            self._predict()
        else:
            self._begin(self.started)

    def action_centre(self) -> None:
        """Place the drawing as MNIST's digits are, or leave it where it is."""
        self.centred = not self.centred
        self._predict()

    def action_step(self, step: int) -> None:
        """Begin with another row."""
        rows = int(self.form["parts"].get(self.part, 0))
        if rows:
            self._open(self.part, (self.row + step) % rows)
        elif self.form["parts"]:  # after the end of a series
            part, count = next(iter(self.form["parts"].items()))
            self._open(part, count - 1 if step < 0 else 0)

    @work(group="go", exclusive=True, exit_on_error=False)
    async def action_go(self) -> None:
        """Ask for the row to begin with."""
        parts = self.form["parts"]
        part = self.part if self.part in parts else next(iter(parts))
        sizes = ", ".join(f"{name} 0 – {count - 1:,}" for name, count in parts.items())

        def check(text: str) -> str:
            return "" if _row(text, part, parts) else f"Accepted: {sizes}."

        typed = await self.app.push_screen_wait(
            AskText("go to row", f"Which row? A number, or a part and a number: {sizes}.",
                    str(self.row), check=check)
        )  # fmt: skip
        if typed is not None and (place := _row(typed, part, parts)):
            self._open(*place)


def _row(text: str, part: str, parts: dict[str, int]) -> tuple[str, int] | None:
    """Return part and row as they were typed, None where there are no such."""
    words = text.replace(",", "").split()
    if len(words) == 2:
        part, *words = words
    try:
        row = int(words[0])
    except (ValueError, IndexError):
        return None
    return (part, row) if 0 <= row < parts.get(part, 0) else None

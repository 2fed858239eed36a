"""The two ways to give a field a value: to type it, and to choose it from a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.form_fields import Changes, Field, Option, editable, read, shown
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList


class EditValue(ModalScreen[Any]):
    """Asks for a value; says at once what is wrong with what is typed.

    The result is the value, `EditValue.DEFAULT` where the field was emptied, None for Escape.

    Args:
        field: The field.
        check: Says what is wrong with changes.
    """

    DEFAULT = object()
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "take it", tooltip="Take the value"),
        Binding("escape", "cancel", "back", tooltip="Leave the field as it is"),
    ]

    def __init__(self, field: Field, check: Callable[[Changes], str]) -> None:
        super().__init__()
        self.field = field
        self._check = check

    def compose(self) -> ComposeResult:
        field = self.field
        with Panel(title=field.label, classes="dialog"):
            if field.doc:
                yield Static(Content(field.doc))
            about = f"Accepted: {field.accepts}." if field.accepts else ""
            if field.default is not None:
                about += f" Default: {shown(field.default)}."
            yield Static(Content.styled(about.strip(), "$muted"), classes="dialog-text")
            yield Input(editable(field.value), id="value")
            yield Static(id="problem")
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def _problem(self, text: str) -> str:
        value = read(text)
        if value is None and self.field.default is None and self.field.value is None:
            return ""
        return self._check(self.field.change(value))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        problem = self._problem(event.value)
        self.query_one("#problem", Static).update(Content.styled(problem, "$bad"))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_take()

    def action_take(self) -> None:
        """Give the value back, if nothing is wrong with it."""
        text = self.query_one(Input).value
        if not self._problem(text):
            value = read(text)
            self.dismiss(self.DEFAULT if value is None else value)

    def action_cancel(self) -> None:
        self.dismiss(None)


class Choose(ModalScreen[str | None]):
    """A list to choose from; typing searches it. Escape gives None.

    Args:
        title: What is chosen.
        options: The values.
        current: The one that is set.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "choose", tooltip="Take the value under the cursor"),
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("escape", "cancel", "back", tooltip="Leave it as it is"),
    ]

    def __init__(self, title: str, options: Sequence[Option], current: Any) -> None:
        super().__init__()
        self.title_text = title
        self.options = tuple(options)
        self.current = {True: "yes", False: "no"}.get(current, current)

    def compose(self) -> ComposeResult:
        width = max(len(option.value) for option in self.options) + 2
        with Panel(title=self.title_text, classes="dialog"):
            rows = RowList([Column(width=width), Column()])
            rows.styles.height = min(len(self.options), 16)
            rows.can_focus = False
            yield rows
            yield Input(placeholder="type to search", id="search")
        yield FooterLine()

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.set_rows(
            Row(option.value, (Content(option.value), Content.styled(option.note, "$muted")))
            for option in self.options
        )
        if isinstance(self.current, str):
            rows.move_to(self.current)
        search = self.query_one(Input)
        # A list that is seen whole needs no search.
        search.display = len(self.options) > 8
        (search if search.display else self).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one(RowList).set_search(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_take()

    @on(RowList.Opened)
    def _clicked(self, event: RowList.Opened) -> None:
        event.stop()
        self.dismiss(event.key)

    def action_take(self) -> None:
        if key := self.query_one(RowList).key:
            self.dismiss(key)

    def action_move(self, step: int) -> None:
        self.query_one(RowList).action_move(step)

    def action_page(self, step: int) -> None:
        self.query_one(RowList).action_page(step)

    def action_cancel(self) -> None:
        self.dismiss(None)

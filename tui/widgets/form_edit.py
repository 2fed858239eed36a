"""The ways to give a field a value: to type it, to choose one or several from a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from kerastui.models.catalogue import catalogue
from kerastui.models.catalogue import check as catalogue_check
from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.form_fields import (
    USUAL,
    Changes,
    Field,
    Option,
    accepted,
    editable,
    missing,
    options,
    plain,
    read,
    shown,
)
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList

Result = TypeVar("Result")


class EditValue(Dialog[Any]):
    """Asks for a value; says at once what is wrong with what is typed.

    The result is the value, `EditValue.DEFAULT` where the field was emptied, None for Escape.

    Args:
        field: The field.
        check: Says what is wrong with changes.
    """

    DEFAULT = object()
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "take it", key_display="Enter", priority=True,
                tooltip="Take the value"),
        Binding("escape", "cancel", "back", key_display="Esc",
                tooltip="Leave the field as it is"),
    ]  # fmt: skip

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

    def action_take(self) -> None:
        """Give the value back, if nothing is wrong with it."""
        text = self.query_one(Input).value
        if not self._problem(text):
            value = read(text)
            self.dismiss(self.DEFAULT if value is None else value)

    def action_cancel(self) -> None:
        self.dismiss(None)


class Picker(Dialog[Result | None]):
    """A list under the cursor keys while the focus is where one types. Escape gives None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "choose", key_display="Enter", priority=True,
                tooltip="Take what is under the cursor"),
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("escape", "cancel", "back", key_display="Esc", tooltip="Leave it as it is"),
    ]  # fmt: skip

    @on(RowList.Opened)
    def _clicked(self, event: RowList.Opened) -> None:
        event.stop()
        self.action_take()

    def action_take(self) -> None:
        """Give back what is under the cursor."""
        raise NotImplementedError

    def action_move(self, step: int) -> None:
        self.query_one(RowList).action_move(step)

    def action_page(self, step: int) -> None:
        self.query_one(RowList).action_page(step)

    def action_cancel(self) -> None:
        self.dismiss(None)


class Choose(Picker[str]):
    """A list to choose from; typing searches it. Escape gives None.

    Args:
        title: What is chosen.
        options: The values.
        current: The one that is set.
    """

    def __init__(self, title: str, options: Sequence[Option], current: Any) -> None:
        super().__init__()
        self.title_text = title
        self.options = tuple(options)
        self.current = {True: "yes", False: "no"}.get(current, current)

    def compose(self) -> ComposeResult:
        width = max(len(option.value) for option in self.options) + 2
        with Panel(title=self.title_text, classes="dialog") as panel:
            notes = max(len(option.note) for option in self.options)
            panel.styles.width = min(110, max(76, width + notes + 10))
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
        """Search; what begins with what is typed comes before what only mentions it."""
        rows, typed = self.query_one(RowList), event.value.casefold()
        rows.set_search(event.value)
        event.input.display = event.input.display or bool(typed)
        begins = (one.value for one in self.options if one.value.casefold().startswith(typed))
        if typed and (first := next(begins, "")):
            rows.move_to(first)

    def action_take(self) -> None:
        if key := self.query_one(RowList).key:
            self.dismiss(key)


class ChooseSeveral(Dialog[list[str] | None]):
    """A list to mark in, at least one; the order of marking counts. Escape gives None.

    Args:
        title: What is chosen.
        options: The values.
        current: Those that are set.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "take them", key_display="Enter", priority=True,
                tooltip="Take what is marked"),
        Binding("space", "mark", "mark", key_display="Space", tooltip="Mark it, or no longer"),
        Binding("escape", "cancel", "back", key_display="Esc", tooltip="Leave it as it is"),
    ]  # fmt: skip

    def __init__(self, title: str, options: Sequence[Option], current: Sequence[str]) -> None:
        super().__init__()
        self.title_text = title
        self.options = tuple(options)
        self.marked = list(current)

    def compose(self) -> ComposeResult:
        width = max((len(option.value) for option in self.options), default=0) + 2
        with Panel(title=self.title_text, classes="dialog"):
            rows = RowList([Column(width=3, align="right"), Column(width=width), Column()])
            rows.styles.height = min(max(1, len(self.options)), 16)
            yield rows
        yield FooterLine()

    def on_mount(self) -> None:
        self._fill()
        rows = self.query_one(RowList)
        if self.marked:
            rows.move_to(self.marked[0])
        rows.focus()

    def _fill(self) -> None:
        def number(value: str) -> str:
            return str(self.marked.index(value) + 1) if value in self.marked else ""

        self.query_one(RowList).set_rows(
            Row(option.value, (Content.styled(number(option.value), "$primary"),
                               Content(option.value), Content.styled(option.note, "$muted")))
            for option in self.options
        )  # fmt: skip

    def action_mark(self) -> None:
        """Mark what is under the cursor, or no longer."""
        if key := self.query_one(RowList).key:
            self.marked = (
                [one for one in self.marked if one != key]
                if key in self.marked
                else [*self.marked, key]
            )
            self._fill()

    @on(RowList.Opened)
    def _clicked(self, event: RowList.Opened) -> None:
        event.stop()
        self.action_mark()

    def action_take(self) -> None:
        if self.marked:
            self.dismiss(self.marked)

    def action_cancel(self) -> None:
        self.dismiss(None)


async def complete(app: App[Any], kind: str, given: Any) -> Any:
    """Ask for the parameters that a Keras object can't do without and does not have.

    Args:
        app: Where to ask; the caller runs in a worker.
        kind: Kind of the object in the catalogue.
        given: A name, or a table with `type`.

    Returns:
        The object, a name or a table; None where an answer was refused.
    """
    table: dict[str, Any] = {"type": given} if isinstance(given, str) else dict(given)
    for parameter in missing(kind, table):
        value = await _ask(app, kind, table, parameter)
        if value is None:
            return None
        table[parameter.name] = value
    return plain(table)


async def _ask(
    app: App[Any], kind: str, table: Mapping[str, Any], parameter: catalogue.Parameter
) -> Any:
    """Ask for one parameter of an object."""
    name = str(table["type"])
    title = f"{name}: {parameter.name}"
    if parameter.part and parameter.value in ("part", "parts"):
        chosen = await app.push_screen_wait(Choose(title, options(parameter.part), None))
        inner = await complete(app, parameter.part, chosen) if chosen else None
        if isinstance(inner, str) and parameter.part == "layers":
            inner = {"type": inner}
        return [inner] if inner is not None and parameter.value == "parts" else inner

    def check(changes: Changes) -> str:
        found = catalogue_check.check(kind, name, {**table, **changes})
        wrong = [one for one in found if one.where == parameter.name]
        return wrong[0].sentence.partition(": ")[2] if wrong else ""

    usual = USUAL.get(parameter.name)
    asked = Field(
        parameter.name, title, usual if not check({parameter.name: usual}) else None, None,
        lambda value: {parameter.name: value},
        doc=parameter.doc, accepts=accepted(parameter),
        options=tuple(Option(choice) for choice in parameter.choices),
    )  # fmt: skip
    value = await app.push_screen_wait(EditValue(asked, check))
    return None if value is EditValue.DEFAULT else value

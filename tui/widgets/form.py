"""A form: a list of fields with their values, edited one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from kerastui.models import catalogue
from kerastui.tui.widgets.form_edit import Choose, EditValue
from kerastui.tui.widgets.form_fields import Changes, Field, Option, required, shown
from kerastui.tui.widgets.row_list import Column, Row, RowList

MORE = "…"
"""Ends the key of the line that stands for the parameters at their defaults."""

Check = Callable[[Changes], str]
"""Says what is wrong with changes, in a sentence; empty where nothing is."""


class Form(Vertical):
    """Shows fields and lets them be edited. What is set is bright, what is not is muted.

    Every edit is told as `Form.Edited`; whoever owns the form makes the change and shows the
    fields anew.

    Args:
        check: Says what is wrong with changes; asked while a value is typed.
    """

    DEFAULT_CSS = """
    Form { height: 1fr; }
    Form > #form-doc { height: auto; max-height: 3; color: $muted; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "edit", tooltip="Edit the field under the cursor"),
        Binding("a", "add", "add", tooltip="Add one more of what the cursor is on"),
        Binding("delete,backspace", "remove", "remove", key_display="Del",
                tooltip="Take it out, or back to its default"),
    ]  # fmt: skip

    @dataclass
    class Edited(Message):
        """The user changed something."""

        form: Form
        changes: Changes

        @property
        def control(self) -> Form:
            return self.form

    def __init__(self, check: Check, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._check = check
        self._sections: list[tuple[str, list[Field]]] = []
        self._fields: dict[str, Field] = {}
        self._opened: set[str] = set()

    def compose(self) -> ComposeResult:
        yield RowList([Column(width=30), Column()])
        yield Static(id="form-doc")

    @property
    def rows(self) -> RowList:
        """The list of the fields."""
        return self.query_one(RowList)

    def show(self, sections: Sequence[tuple[str, Sequence[Field]]]) -> None:
        """Show fields in sections, each with its title."""
        self._sections = [(title, list(fields)) for title, fields in sections]
        self._fill()

    def _fill(self) -> None:
        self._fields.clear()
        rows: list[Row] = []
        for title, fields in self._sections:
            rows.append(Row(f"section {title}", (Content.styled(title, "bold"),), group=True))
            rows += self._rows(fields)
        first = self.rows.key == ""
        self.rows.set_rows(rows)
        if first and self._fields:
            self.rows.move_to(next(iter(self._fields)))
        self._describe()

    def _rows(self, fields: Sequence[Field]) -> list[Row]:
        rows: list[Row] = []
        hidden: dict[str, int] = {}
        for field in fields:
            parent = field.key.rpartition(".")[0]
            if field.minor and not field.is_set and parent not in self._opened:
                hidden[parent] = hidden.get(parent, 0) + 1
                continue
            while hidden and not field.key.startswith(f"{next(iter(hidden))}."):
                rows.append(_more(*hidden.popitem(), level=2))
            self._fields[field.key] = field
            rows.append(Row(field.key, _cells(field), level=field.level + 1,
                            found=f"{field.label} {shown(field.value)}"))  # fmt: skip
        rows += [_more(parent, count, level=2) for parent, count in hidden.items()]
        return rows

    @property
    def field(self) -> Field | None:
        """The field under the cursor."""
        return self._fields.get(self.rows.key)

    @on(RowList.Moved)
    def _describe(self) -> None:
        field = self.field
        text = ""
        if field is not None:
            text = f"{field.doc}  " if field.doc else ""
            text += f"Accepted: {field.accepts}." if field.accepts else ""
        self.query_one("#form-doc", Static).update(Content(text))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted or action not in ("edit", "add", "remove"):
            return True
        if action == "remove":
            field = self.field
            return True if field and (field.removable or field.is_set) else None
        if action == "add":
            return True if self._adder() else None
        return True

    @on(RowList.Opened)
    def _opened_row(self, event: RowList.Opened) -> None:
        event.stop()
        if event.key.endswith(MORE):
            self._opened.add(event.key.removesuffix(MORE))
            self._fill()
        elif field := self._fields.get(event.key):
            self._edit(field)

    def action_edit(self) -> None:
        self.rows.action_open()

    def action_add(self) -> None:
        """Add one more of what stands in the section of the cursor."""
        if field := self._adder():
            self._edit(field)

    def action_remove(self) -> None:
        """Take the thing under the cursor out of its list, or the value back to its default."""
        field = self.field
        if field and (field.removable or field.is_set):
            self.post_message(self.Edited(self, field.change(None)))

    def _adder(self) -> Field | None:
        """Return the adding line of the section in which the cursor stands."""
        for _, fields in self._sections:
            keys = {field.key for field in fields}
            if self.rows.key.removesuffix(MORE) in keys:
                return next((field for field in fields if field.adds), None)
        return None

    @work(group="edit", exclusive=True, exit_on_error=False)
    async def _edit(self, field: Field) -> None:
        """Ask for a value until it is accepted or given up."""
        value: Any
        if field.options and not field.typed:
            value = await self.app.push_screen_wait(Choose(field.label, field.options, field.value))
        else:
            value = await self.app.push_screen_wait(EditValue(field, self._check))
        if value is None:
            return
        value = {"yes": True, "no": False}.get(value, value) if not field.kind else value
        if value == EditValue.DEFAULT:
            value = None
        elif field.kind and isinstance(value, str):
            value = await self._complete(field, value)
            if value is None:
                return
        self.post_message(self.Edited(self, field.change(value)))

    async def _complete(self, field: Field, name: str) -> Any:
        """Ask for the parameters that an object can't do without."""
        needed = required(field.kind, name)
        if not needed:
            return name
        table: dict[str, Any] = {"type": name}
        for parameter in needed:

            def change(value: Any, key: str = parameter.name) -> Changes:
                return {key: value}

            def check(changes: Changes, parameter: catalogue.Parameter = parameter) -> str:
                found = catalogue.check(field.kind, name, {**table, **changes})
                wrong = [entry for entry in found if entry.where == parameter.name]
                return wrong[0].sentence.partition(": ")[2] if wrong else ""

            asked = Field(
                parameter.name, f"{name}: {parameter.name}", None, None, change,
                doc=parameter.doc, accepts=catalogue.describe(parameter),
                options=tuple(Option(choice) for choice in parameter.choices),
            )  # fmt: skip
            value = await self.app.push_screen_wait(EditValue(asked, check))
            if value is None or value == EditValue.DEFAULT:
                return None
            table[parameter.name] = value
        return table


def _cells(field: Field) -> tuple[Content, ...]:
    if field.adds:
        return (Content.styled(f"+ {field.label}", "$primary"),)
    mark = " ▾" if field.options else ""
    if field.value is None:
        text = shown(field.default) if field.default is not None else "–"
        return Content.styled(field.label, "$muted"), Content.styled(text + mark, "$faint")
    style = "bold" if field.is_set else "$muted"
    return (
        Content.styled(field.label, "$muted" if not field.is_set else ""),
        Content.assemble((shown(field.value), style), (mark, "$muted")),
    )


def _more(parent: str, count: int, level: int) -> Row:
    text = Content.styled(f"… {count} more", "$faint")
    note = Content.styled("at their defaults" if count > 1 else "at its default", "$faint")
    return Row(f"{parent}{MORE}", (text, note), level=level)

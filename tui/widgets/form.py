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

from kerastui.tui.widgets.form_edit import Choose, ChooseSeveral, EditValue, complete
from kerastui.tui.widgets.form_fields import Changes, Field, retyped, shown
from kerastui.tui.widgets.measured import Static
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
        labels: Cells for the names of the fields.
    """

    DEFAULT_CSS = """
    Form { height: 1fr; }
    Form > #form-doc { height: auto; max-height: 3; color: $muted; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "edit", key_display="Enter",
                tooltip="Edit the field under the cursor"),
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

    def __init__(
        self,
        check: Check,
        *,
        labels: int = 30,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._check = check
        self._labels = labels
        self._sections: list[tuple[str, list[Field]]] = []
        self._fields: dict[str, Field] = {}
        self._opened: set[str] = set()

    def compose(self) -> ComposeResult:
        yield RowList([Column(width=self._labels), Column()])
        yield Static(id="form-doc")

    @property
    def rows(self) -> RowList:
        """The list of the fields."""
        return self.query_one(RowList)

    def show(self, sections: Sequence[tuple[str, Sequence[Field]]]) -> None:
        """Show fields in sections, each with its title; one without a title has no heading."""
        self._sections = [(title, list(fields)) for title, fields in sections]
        self._fill()

    def _fill(self) -> None:
        self._fields.clear()
        rows: list[Row] = []
        for title, fields in self._sections:
            if title:
                rows.append(Row(f"section {title}", (Content.styled(title, "bold"),), group=True))
            rows += self._rows(fields, 1 if title else 0)
        first = self.rows.key == ""
        self.rows.set_rows(rows)
        if first and self._fields:
            self.rows.move_to(next(iter(self._fields)))
        self._describe()

    def _rows(self, fields: Sequence[Field], base: int) -> list[Row]:
        rows: list[Row] = []
        hidden: dict[str, int] = {}
        levels = {field.key: base + field.level for field in fields}

        def more() -> Row:
            parent, count = hidden.popitem()
            return _more(parent, count, level=levels.get(parent, base) + 1)

        for field in fields:
            parent = field.key.rpartition(".")[0]
            if field.minor and not field.is_set and parent not in self._opened:
                while hidden and not f"{parent}.".startswith(f"{next(reversed(hidden))}."):
                    rows.append(more())
                hidden[parent] = hidden.get(parent, 0) + 1
                continue
            while hidden and not field.key.startswith(f"{next(reversed(hidden))}."):
                rows.append(more())
            self._fields[field.key] = field
            rows.append(Row(field.key, _cells(field), level=base + field.level,
                            found=f"{field.label} {shown(field.value)}"))  # fmt: skip
        while hidden:
            rows.append(more())
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
            if self._adder():
                return True
            elsewhere = any(field.adds for _, fields in self._sections for field in fields)
            return None if elsewhere else False
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
        """Return the adding line of the list in which the cursor stands, the innermost one."""
        cursor = self.rows.key.removesuffix(MORE)
        for _, fields in self._sections:
            if cursor not in {field.key for field in fields}:
                continue
            adders = [field for field in fields if field.adds]
            inside = [one for one in adders if cursor.startswith(one.key.rpartition(".")[0] + ".")]
            return max(inside, key=lambda one: len(one.key)) if inside else (
                adders[0] if adders else None
            )  # fmt: skip
        return None

    @work(group="edit", exclusive=True, exit_on_error=False)
    async def _edit(self, field: Field) -> None:
        """Ask for a value until it is accepted or given up."""
        value: Any
        if field.several:
            value = await self.app.push_screen_wait(
                ChooseSeveral(field.label, field.options, field.value or ())
            )
        elif field.options and not field.typed:
            now = field.default if field.value is None else field.value
            value = await self.app.push_screen_wait(Choose(field.label, field.options, now))
        else:
            value = await self.app.push_screen_wait(EditValue(field, self._check))
        if value is None:
            return
        if not field.kind and isinstance(value, str):
            value = {"yes": True, "no": False}.get(value, value)
        if value is EditValue.DEFAULT:
            value = None
        elif field.value is None and type(value) is type(field.default) and value == field.default:
            return  # it holds already without being set
        elif field.kind and isinstance(value, str):
            value = await complete(self.app, field.kind, retyped(field.kind, field.table, value))
            if value is None:
                return
        self.post_message(self.Edited(self, field.change(value)))


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

"""The values that a model is asked about: typed, moved with the arrows, or chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from kerastui.models.runs.figures import number
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.number_typing import NumberTyping, typed
from kerastui.tui.widgets.row_list import Column, Row, RowList

BAR = 16
STEPS = 50
"""Key presses from one end of a range to the other, about."""
LARGEST = 1e30
"""Numbers beyond this are not taken."""


@dataclass(frozen=True)
class AskField:
    """One value; see `kerastui.models.look.predict_asked.Asked`."""

    name: str
    kind: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    meaning: str

    @classmethod
    def of(cls, plain: dict[str, Any]) -> AskField:
        """From plain values."""
        return cls(plain["name"], plain["kind"], plain["low"], plain["high"],
                   tuple(plain["choices"]), plain["meaning"])  # fmt: skip

    @property
    def numeric(self) -> bool:
        """Whether numbers are typed."""
        return self.kind in ("number", "whole")

    @property
    def step(self) -> float:
        """What a key press changes: 1, 2 or 5 times a power of ten."""
        if self.low is None or self.high is None or self.high <= self.low:
            return 1.0 if self.kind == "whole" else 0.1
        wanted = (self.high - self.low) / STEPS
        power = 10.0 ** math.floor(math.log10(wanted))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted * 0.999)
        return max(1.0, step) if self.kind == "whole" else step

    def outside(self, value: Any) -> bool:
        """Whether the training part has nothing like it."""
        if value is None:
            return False
        if self.kind == "text":
            return bool(self.choices) and str(value) not in self.choices
        if not self.numeric or self.low is None or self.high is None:
            return False
        return not self.low <= value <= self.high

    @property
    def seen(self) -> str:
        """What the training part holds, in words."""
        if self.kind == "text":
            return f"{len(self.choices)} to choose from" if self.choices else "any text"
        if self.kind == "date":
            return "a date, like 2024-03-31"
        if self.low is None or self.high is None:
            return ""
        return f"{number(self.low)} – {number(self.high)}"


class AskForm(RowList):
    """One line for each value: name, value, where it lies among those of the training part."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "nudge(-1)", "less", show=False, tooltip="A step less; the choice before"),
        Binding("right", "nudge(1)", "more", key_display="← →",
                tooltip="A step more; the next choice"),
        Binding("shift+left", "nudge(-10)", "much less", show=False, tooltip="Ten steps less"),
        Binding("shift+right", "nudge(10)", "much more", show=False, tooltip="Ten steps more"),
        Binding("enter", "type", "type", key_display="Enter",
                tooltip="Type another value, or choose one"),
        Binding("delete", "clear", "no value", key_display="Del", show=False,
                tooltip="Take the value away, as where one is missing"),
    ]  # fmt: skip

    @dataclass
    class Changed(Message):
        """A value is another one."""

        form: AskForm

        @property
        def control(self) -> AskForm:
            return self.form

    def __init__(self) -> None:
        super().__init__([Column("input", 22), Column("value", 13, "right"),
                          Column("seen in training")])  # fmt: skip
        self.fields: list[AskField] = []
        self.values: list[Any] = []
        self.typing = NumberTyping(self, self._set, LARGEST)

    def show_fields(self, fields: Sequence[AskField], values: Sequence[Any]) -> None:
        """Show values."""
        self.fields, self.values, self.typing.text = list(fields), list(values), None
        self._fill()

    @property
    def place(self) -> int:
        """The number of the value under the cursor."""
        return min(self.cursor, max(0, len(self.fields) - 1))

    @property
    def field(self) -> AskField | None:
        """The value under the cursor."""
        return self.fields[self.place] if self.fields else None

    def _fill(self) -> None:
        self.set_rows(Row(str(place), self._cells_of(place)) for place in range(len(self.fields)))

    def _cells_of(self, place: int) -> tuple[Content | str, ...]:
        field, value = self.fields[place], self.values[place]
        outside = field.outside(value)
        if self.typing.text is not None and place == self.place:
            told = Content.assemble((self.typing.text[-11:], "bold"), ("▏", "$primary"))
        elif value is None:
            told = Content.styled("no value", "$faint")
        else:
            text = _plain(value) if field.numeric else clean(str(value))
            told = Content.styled(text, "bold $warn" if outside else "bold")
        return Content.styled(clean(field.name), "$muted"), told, _seen(field, value, outside)

    def _set(self, value: Any) -> None:
        self.values[self.place] = value
        self._fill()
        self.post_message(self.Changed(self))

    # Typing

    def on_key(self, event: events.Key) -> None:
        if self.field is not None and self.field.numeric and self.typing.key(event):
            self._fill()

    def on_click(self, event: events.Click) -> None:
        self._end()  # before the cursor goes elsewhere

    def on_blur(self) -> None:
        self._end()

    def _end(self) -> None:
        if self.typing.text is not None:
            self.typing.end()
            self._fill()

    # Keys

    def action_nudge(self, steps: int) -> None:
        """Move the value by some steps, or to another choice."""
        field = self.field
        if field is None:
            return
        value = self.values[self.place]
        if field.choices:
            here = field.choices.index(value) if value in field.choices else -1 if steps > 0 else 0
            self._set(field.choices[(here + (1 if steps > 0 else -1)) % len(field.choices)])
        elif field.numeric:
            start = value if value is not None else field.low or 0.0
            moved = (round(start / field.step) + steps) * field.step
            self._set(float(f"{moved:.10g}"))

    def action_clear(self) -> None:
        """Take the value away."""
        if self.field is not None:
            self._set(None)

    def action_open(self) -> None:
        self.action_type()

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_type(self) -> None:
        """Ask for another value."""
        from kerastui.tui.screens.dialogs import AskText
        from kerastui.tui.widgets.form_edit import Choose
        from kerastui.tui.widgets.form_fields import Option

        field = self.field
        if field is None:
            return
        value = self.values[self.place]
        if field.choices:
            options = [Option(choice) for choice in field.choices]
            chosen = await self.app.push_screen_wait(Choose(clean(field.name), options, value))
            if chosen is not None:
                self._set(chosen)
            return
        seen = f"Seen in training: {field.seen}." if field.seen else ""
        told = f"{field.meaning}. {seen}".strip(". ") + "."
        start = "" if value is None else _typed(value) if field.numeric else str(value)
        given = await self.app.push_screen_wait(
            AskText(clean(field.name), clean(told), start, check=_checked(field))
        )
        if given is not None:
            self._set(typed(given, LARGEST) if field.numeric and given else given or None)


def _checked(field: AskField) -> Any:
    def check(text: str) -> str:
        if not field.numeric or not text:
            return ""
        try:
            typed(text, LARGEST)
        except ValueError as error:
            return str(error)
        return ""

    return check


def _seen(field: AskField, value: Any, outside: bool) -> Content:
    """Where a value lies in the range of the training part, or that it lies outside."""
    if outside:
        what = field.seen if field.numeric else f"one of {len(field.choices)}"
        return Content.styled(f"▲ outside: seen {what}", "$warn")
    if not field.numeric or field.low is None or field.high is None or value is None:
        mark = "‹ › " if field.choices else ""
        return Content.assemble((mark, "$primary"), (field.seen, "$faint"))
    span = field.high - field.low
    knob = round((value - field.low) / span * (BAR - 1)) if span > 0 else 0
    return Content.assemble(
        ("━" * knob, "$muted"), ("●", "bold $primary"), ("─" * (BAR - 1 - knob), "$line"),
        (f"  {field.seen}", "$faint"),
    )  # fmt: skip


def _plain(value: float) -> str:
    return f"{value:.8g}".replace("-", "−")


def _typed(value: float) -> str:
    return f"{value:.10g}"

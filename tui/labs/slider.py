"""A number to be moved with the arrow keys or the mouse, and a word to be chosen likewise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from kerastui.tui.widgets.keeps_focus import KeepsFocus


def plain(value: float, step: float) -> str:
    """Return a value with as many decimals as its step has."""
    decimals = max(0, len(f"{step:g}".partition(".")[2]))
    return f"{value:,.{decimals}f}".replace("-", "−")


class Slider(KeepsFocus, Widget, can_focus=True):
    """One line: a name, a bar with a knob, the value.

    Args:
        label: The name.
        value: The value at first, which `reset` brings back.
        low: The lowest value.
        high: The highest value.
        step: What a key press changes; ten of them with Shift.
        factor: Where it is more than 1, a key press multiplies by it, and the bar is a
            logarithmic one.
    """

    DEFAULT_CSS = """
    Slider { height: 1; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "change(-1)", "less", show=False, tooltip="A step less"),
        Binding("right", "change(1)", "more", show=False, tooltip="A step more"),
        Binding("shift+left", "change(-10)", "much less", show=False, tooltip="Ten steps less"),
        Binding("shift+right", "change(10)", "much more", show=False, tooltip="Ten steps more"),
        Binding("home", "end(-1)", "least", show=False, tooltip="The lowest value"),
        Binding("end", "end(1)", "most", show=False, tooltip="The highest value"),
        Binding("up", "screen.focus_previous", "above", show=False, tooltip="The line above"),
        Binding("down", "screen.focus_next", "below", show=False, tooltip="The line below"),
    ]

    value: reactive[float] = reactive(0.0)

    @dataclass
    class Changed(Message):
        """The value is another one."""

        slider: Slider
        value: float

        @property
        def control(self) -> Slider:
            return self.slider

    def __init__(
        self,
        label: str,
        value: float,
        low: float,
        high: float,
        step: float = 0.1,
        *,
        factor: float = 1.0,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.label, self.default = label, value
        self.low, self.high, self.step, self.factor = low, high, step, factor
        self.set_reactive(Slider.value, value)

    def reset(self) -> None:
        """Bring the first value back."""
        self.value = self.default

    def validate_value(self, value: float) -> float:
        value = min(self.high, max(self.low, value))
        return round(round(value / self.step) * self.step, 10)

    def watch_value(self, value: float) -> None:
        self.post_message(self.Changed(self, value))

    def action_change(self, steps: int) -> None:
        if self.factor > 1:
            there = self.value * self.factor**steps
            # Small whole numbers must not be rounded back to where they were.
            self.value = max(there, self.value + 1) if steps > 0 else min(there, self.value - 1)
        else:
            self.value += steps * self.step

    def action_end(self, side: int) -> None:
        self.value = self.low if side < 0 else self.high

    def _share(self) -> float:
        if self.factor > 1:
            return math.log(self.value / self.low) / math.log(self.high / self.low)
        return (self.value - self.low) / (self.high - self.low)

    def _layout(self) -> tuple[int, int]:
        """Return where the bar begins, and how long it is."""
        start = max(8, len(self.label)) + 2
        shown = max(len(plain(end, self.step)) for end in (self.low, self.high))
        return start, max(3, self.size.width - start - shown - 3)

    def render(self) -> RenderResult:
        start, length = self._layout()
        knob = round(self._share() * (length - 1))
        colour = "$primary" if self.has_focus else "$muted"
        width = self.size.width - start - length - 1
        return Content.assemble(
            ("▌" if self.has_focus else " ", "$primary"),
            (self.label.ljust(start - 1), "$text" if self.has_focus else "$muted"),
            ("━" * knob, colour), ("●", f"bold {colour}"), ("─" * (length - 1 - knob), "$line"),
            (f" {plain(self.value, self.step):>{width}}", "bold" if self.has_focus else ""),
        )  # fmt: skip

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self._to(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self._to(event.x)

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def _to(self, x: int) -> None:
        start, length = self._layout()
        share = min(1.0, max(0.0, (x - start) / max(1, length - 1)))
        if self.factor > 1:
            self.value = self.low * (self.high / self.low) ** share
        else:
            self.value = self.low + share * (self.high - self.low)


class Chooser(KeepsFocus, Widget, can_focus=True):
    """One line: a name, and one of a few words.

    Args:
        label: The name.
        options: The words.
        value: The one that is chosen at first, which `reset` brings back.
    """

    DEFAULT_CSS = "Chooser { height: 1; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "change(-1)", "before", show=False, tooltip="The one before"),
        Binding("right,space", "change(1)", "next", show=False, tooltip="The next one"),
        Binding("up", "screen.focus_previous", "above", show=False, tooltip="The line above"),
        Binding("down", "screen.focus_next", "below", show=False, tooltip="The line below"),
    ]

    value: reactive[str] = reactive("")

    @dataclass
    class Changed(Message):
        """Another word was chosen."""

        chooser: Chooser
        value: str

        @property
        def control(self) -> Chooser:
            return self.chooser

    def __init__(
        self,
        label: str,
        options: Sequence[str],
        value: str,
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.label, self.options, self.default = label, tuple(options), value
        self.set_reactive(Chooser.value, value)

    def reset(self) -> None:
        """Bring the first word back."""
        self.value = self.default

    def watch_value(self, value: str) -> None:
        self.post_message(self.Changed(self, value))

    def action_change(self, step: int) -> None:
        self.value = self.options[(self.options.index(self.value) + step) % len(self.options)]

    def render(self) -> RenderResult:
        start = max(8, len(self.label)) + 1
        arrows = "$primary" if self.has_focus else "$faint"
        return Content.assemble(
            ("▌" if self.has_focus else " ", "$primary"),
            (self.label.ljust(start), "$text" if self.has_focus else "$muted"),
            ("‹ ", arrows), (self.value, "bold"), (" ›", arrows),
            (f"  {self.options.index(self.value) + 1} of {len(self.options)}", "$faint"),
        )  # fmt: skip

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        start = max(8, len(self.label)) + 2
        self.action_change(-1 if event.x <= start else 1)

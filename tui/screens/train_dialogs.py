"""The small questions of the Train screen."""

from __future__ import annotations

import math
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from kerastui.models.figures import number
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.panel import Panel


def read_rate(text: str) -> tuple[float | None, str]:
    """Return a learning rate, or None and what is wrong with the text."""
    accepted = "accepted: a number above 0, such as 0.001 or 1e-4"
    try:
        rate = float(text.replace(",", ".").strip())
    except ValueError:
        return None, f"received {text.strip()!r}; {accepted}" if text.strip() else accepted
    if not math.isfinite(rate) or rate <= 0 or rate > 1e6:
        return None, f"received {text.strip()}; {accepted}"
    return rate, ""


class AskRate(ModalScreen[float | None]):
    """Asks for a new learning rate. Escape gives None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "back", tooltip="Leave the learning rate as it is"),
    ]

    def __init__(self, rate: float | None) -> None:
        super().__init__()
        self.rate = rate

    def compose(self) -> ComposeResult:
        with Panel(title="learning rate", classes="dialog"):
            now = f"It is {number(self.rate)} now. " if self.rate is not None else ""
            yield Static(
                Content(f"{now}The new one takes effect after the batch, or the chunk of epochs, "
                        "that is running."), classes="dialog-text"
            )  # fmt: skip
            yield Input("" if self.rate is None else f"{self.rate:g}", id="rate")
            yield Static(id="problem")
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#problem", Static).update(Content.styled(read_rate(event.value)[1], "$bad"))

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        rate, _ = read_rate(event.value)
        if rate is not None:
            self.dismiss(rate)

    def action_cancel(self) -> None:
        self.dismiss(None)

"""The small questions of the Train screen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from kerastui.models.runs.figures import number
from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel

AT_ONCE = (
    "The new one takes effect after the batch, or the chunk of epochs, that is running; the run's "
    "record says so."
)
MOST_EPOCHS = 10_000_000


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


def read_epochs(text: str, done: int) -> tuple[int | None, str]:
    """Return a number of epochs in all, or None and what is wrong with the text.

    Args:
        text: `200` in all, or `+50` more than the run has trained.
        done: Epochs that it has trained.
    """
    accepted = f"accepted: more than {done:,} in all, such as {done + 100}, or +50 for 50 more"
    given = text.replace(",", "").replace(" ", "").replace("_", "")
    digits = given.removeprefix("+")
    if not digits.isdecimal():
        return None, f"received {text.strip()!r}; {accepted}" if given else accepted
    if len(digits) > 8:
        return None, f"received {text.strip()}; accepted: up to {MOST_EPOCHS:,}"
    epochs = int(digits) + (done if given.startswith("+") else 0)
    if epochs > MOST_EPOCHS:
        return None, f"received {text.strip()}; accepted: up to {MOST_EPOCHS:,}"
    return (epochs, "") if epochs > done else (None, f"received {text.strip()}; {accepted}")


Value = TypeVar("Value", int, float)


class AskNumber(Dialog[Value | None], Generic[Value]):
    """Asks for a number. Escape gives None.

    Args:
        title: What it is.
        text: What there is to know before one types.
        value: What stands there at first.
        read: Returns the number, or None and what is wrong with a text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "take it", key_display="Enter", tooltip="Ask the worker for it"),
        Binding("escape", "cancel", "back", key_display="Esc", tooltip="Leave it as it is"),
    ]

    def __init__(
        self, title: str, text: str, value: str, read: Callable[[str], tuple[Value | None, str]]
    ) -> None:
        super().__init__()
        self.title_text, self.text, self.value = title, text, value
        self.read: Callable[[str], tuple[Value | None, str]] = read

    def compose(self) -> ComposeResult:
        with Panel(title=self.title_text, classes="dialog"):
            yield Static(Content(self.text), classes="dialog-text")
            yield Input(self.value, id="number")
            yield Static(id="problem")
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        problem = self.read(event.value)[1]
        self.query_one("#problem", Static).update(Content.styled(problem, "$bad"))

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        value, _ = self.read(event.value)
        if value is not None:
            self.dismiss(value)

    def action_take(self) -> None:
        """Take what was typed; the field does so by itself where it has the focus."""
        value, _ = self.read(self.query_one(Input).value)
        if value is not None:
            self.dismiss(value)

    def action_cancel(self) -> None:
        self.dismiss(None)


class AskRate(AskNumber[float]):
    """Asks for a new learning rate; the present one is `rate`."""

    def __init__(self, rate: float | None, when: str = AT_ONCE) -> None:
        now = f"It is {number(rate)} now. " if rate is not None else ""
        value = "" if rate is None else f"{rate:g}"
        super().__init__("learning rate", f"{now}{when}", value, read_rate)


class AskEpochs(AskNumber[int]):
    """Asks for the number of epochs in all; `done()` of `epochs` are trained at the moment."""

    def __init__(
        self, done: Callable[[], int], epochs: int, value: str = "", when: str = AT_ONCE
    ) -> None:
        text = f"{done():,} of {epochs:,} epochs are trained. Epochs in all, or +50 for 50 more."
        super().__init__(
            "epochs",
            f"{text} {when}",
            value or str(max(epochs, done() + 1)),
            lambda typed: read_epochs(typed, done()),
        )

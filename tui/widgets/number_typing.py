"""A number that is typed over another one, key by key."""

from __future__ import annotations

import math
from collections.abc import Callable

from textual import events
from textual.widget import Widget

from kerastui.tui.widgets.toast import say

LARGEST = 1e6
"""Numbers beyond this are not taken, unless another limit is given."""

SIGNS = frozenset("0123456789.,-−+eE")


def typed(text: str, largest: float = LARGEST) -> float:
    """Return the number that was typed; raises ValueError with a sentence for anything else."""
    try:
        value = float(text.replace("−", "-").replace(",", "."))
        if math.isnan(value):
            raise ValueError
    except ValueError:
        raise ValueError(f"{text!r} is no number. Type one such as 0.5 or −2.") from None
    if abs(value) > largest:
        limit = f"{largest:,.0f}" if largest <= LARGEST else f"{largest:g}"
        raise ValueError(f"{text} is too large. Numbers up to {limit} are taken.")
    return value


class NumberTyping:
    """What is typed, from its first digit until it is taken or given up.

    Args:
        widget: What has the focus meanwhile.
        take: Called with every number that was typed.
        largest: Numbers beyond this are not taken.

    Attributes:
        text: What was typed so far; None while nothing is.
    """

    def __init__(
        self, widget: Widget, take: Callable[[float], None], largest: float = LARGEST
    ) -> None:
        self.text: str | None = None
        self._widget = widget
        self._take = take
        self._largest = largest

    def key(self, event: events.Key) -> bool:
        """Take a key that belongs to a number. Any other does what it does, after the number.

        Returns:
            Whether there is something else to be seen than before.
        """
        sign = event.character or ""
        if self.text is None:
            if not (sign.isdigit() or sign in ("-", "−", ".")):
                return False
            self.text = sign
        elif event.key == "backspace":
            self.text = self.text[:-1]
        elif event.key == "escape":
            self.text = None
        elif event.key == "enter":
            self.end()
        elif sign and sign in SIGNS:
            self.text += sign
        else:
            self.end()
            return True
        event.stop()
        event.prevent_default()
        return True

    def end(self) -> None:
        """Take what was typed; say what is wrong with it where it is no number."""
        text, self.text = self.text, None
        if not text:
            return
        try:
            value = typed(text, self._largest)
        except ValueError as error:
            say(self._widget.app, str(error), "warning")
        else:
            self._take(value)

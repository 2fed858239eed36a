"""Widgets that keep the focus when they are shown again before they heard that they were hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from textual.widget import Widget as Base
else:
    Base = object  # Textual takes the style sheet of the first base that is a widget


class KeepsFocus(Base):
    """Put before the class of a widget that can have the focus.

    Textual tells a widget by a message that a layout left it out, and the widget then gives the
    focus away, to what stands before it. On a busy machine that message may be read when the
    widget is shown again, and the keys meant for it would go elsewhere.
    """

    def on_hide(self, event: events.Hide) -> None:
        if all(node.display for node in self.ancestors_with_self):
            event.prevent_default()

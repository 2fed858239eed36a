"""What every part of the Inspect screen is: rows in its list, and a pane that shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.containers import Container
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from kerastui.tui.inspect.lines import LinesView

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from kerastui.tui.app import KerasTui
    from kerastui.tui.inspect.subject import Found
    from kerastui.tui.widgets.row_list import Row


class InspectPane(Container):
    """A part of the Inspect screen.

    The screen asks the class for its rows, makes the pane when the cursor first comes to one of
    them, and calls `show` whenever there is something else to be shown. Bindings of the pane work
    while it has the focus, which Enter gives it; an action that the screen's `e` and digits shall
    reach from the list, too, is called `action_edit` or `action_choose`.

    Attributes:
        found: What is looked into, since `set_found`.
        given: What the screen gave; `found` may be newer than that.
        room: The cells there were when it was drawn.
    """

    DEFAULT_CSS = """
    InspectPane { width: 1fr; height: 1fr; }
    """

    class Resized(Message):
        """There is other room than when the pane was drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Found | None = None
        self.given: Found | None = None
        self.room: Size | None = None

    def on_resize(self) -> None:
        if self.room is not None and self.size != self.room:
            self.post_message(self.Resized())

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        # What is hidden takes the focus away, even from what was given it in its place meanwhile.
        shown = self.display and self.parent is not None and self.parent.display
        if shown and self.screen.focused is None and self.app.app_focus:
            event.stop()
            self.take_focus()

    @property
    def width(self) -> int:
        """Cells there are, also before the first layout."""
        return max(8, (self.size or self.room or self.size).width)

    @property
    def kerastui(self) -> KerasTui:
        """The app, with its type."""
        return cast("KerasTui", self.app)

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        """Return the rows of the list that this pane shows; keys begin with a word of its own."""
        raise NotImplementedError

    def set_found(self, found: Found) -> None:
        """Take another subject; what was known of the one before is forgotten."""
        self.found = self.given = found

    def show(self, key: str, width: int) -> str:
        """Show what belongs to a row; returns the title.

        Args:
            key: The row's key.
            width: Cells there are.
        """
        raise NotImplementedError

    @property
    def to_focus(self) -> Widget:
        """What Enter gives the focus to."""
        raise NotImplementedError

    def take_focus(self) -> None:
        """Focus what is to have it now, at once: in a moment it may be something else."""
        self.screen.set_focus(self.to_focus)


class LinesPane(InspectPane):
    """A pane that consists of lines, which scroll."""

    def compose(self) -> ComposeResult:
        yield LinesView()

    @property
    def view(self) -> LinesView:
        """The lines."""
        return self.query_one(LinesView)

    @property
    def to_focus(self) -> Widget:
        return self.view

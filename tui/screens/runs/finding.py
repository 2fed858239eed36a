"""Which runs the Runs screen shows: the filter line, and what it finds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.models.runs import facts as run_facts
from kerastui.models.runs import filter as run_filter
from kerastui.models.runs.facts import Fact, SettingsCache
from kerastui.tui.run_index import Record

EXAMPLE = "acc>0.9 dataset=iris status=finished tag:best age<2d sort:acc"


@dataclass(frozen=True)
class Found:
    """What a filter found.

    Attributes:
        keys: The runs, in their order.
        sorted: Whether the filter itself says the order.
        told: What short names were taken for.
        problem: Why the filter can't be read, with what would be accepted; empty where it can.
    """

    keys: tuple[str, ...] = ()
    sorted: bool = False
    told: str = ""
    problem: str = ""


class Finder:
    """Looks through runs; knows their settings as long as their files do not change."""

    def __init__(self) -> None:
        self._settings = SettingsCache()

    def find(self, records: tuple[Record, ...], text: str) -> Found:
        """Return what a filter finds; for a thread: it may read files."""
        now = time.time()
        facts: list[tuple[str, dict[str, Fact]]] = [
            (
                one.run.id,
                run_facts.of(one.info, one.notes, self._settings.of(one.run), now),
            )
            for one in records
            if one.info
        ]
        only = [known for _, known in facts]
        try:
            wanted = run_filter.read(text, run_filter.known(only), run_filter.kinds_of(only))
        except UserError as error:
            return Found(problem=f"{error.message} {error.hint}".strip())
        keys = tuple(run_filter.order(wanted, facts))
        return Found(keys, bool(wanted.sort), wanted.told())


class FilterLine(Input):
    """The line in which a filter is typed; it works while one types."""

    DEFAULT_CSS = "FilterLine { dock: bottom; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "end filter", key_display="Esc", tooltip="Show all runs"),
        Binding("down", "done", "to the list", key_display="Enter", tooltip="Go to the list"),
    ]

    @dataclass
    class Filtered(Message):
        """Another filter was typed; empty: it was taken away."""

        text: str

    class Done(Message):
        """The user goes to the list; the filter stays."""

    def __init__(self, text: str) -> None:
        super().__init__(text, placeholder=EXAMPLE)

    def on_mount(self) -> None:
        self.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Filtered(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Done())

    def action_done(self) -> None:
        """Go to the list."""
        self.post_message(self.Done())

    def action_clear(self) -> None:
        """Take the filter away."""
        self.post_message(self.Filtered(""))
        self.post_message(self.Done())
        self.call_later(self.remove)  # once both are on their way

"""The last line: the keys that work now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from textual import events
from textual.app import RenderResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

ALWAYS = ("command_palette", "leave")
"""Actions that stand at the right end, on every screen."""

LAST_OF_LEFT = "help"
"""The action that is never left out where there is too little room for all, as Escape is not."""

SIGNS = {"slash": "/", "plus": "+", "minus": "-", "underscore": "_", "at": "@", "backslash": "\\"}
"""Keys with a name of Textual's own, which it doesn't know as what a text field takes."""


class FooterLine(Widget):
    """The keys that work now, the most important first; what does not fit, help lists."""

    DEFAULT_CSS = "FooterLine { dock: bottom; height: 1; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._drawn: Content | None = None

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[Any]) -> None:
        # What is left, or comes, has some of its widgets only: its actions can't be asked about.
        whole = self.app.is_running and screen.is_current and screen.is_mounted
        if screen is not self.screen or not whole:
            return
        if not self._keys().is_same(self._drawn or Content("")):
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        if key := event.style.meta.get("key"):
            self.app.simulate_key(str(key))

    def render(self) -> RenderResult:
        self._drawn = self._keys()
        return self._drawn

    def _keys(self) -> Content:
        """Return the line as it has to be now."""
        left: list[Content] = []
        right: list[tuple[int, Content]] = []
        help_key: Content | None = None
        ways_out: set[int] = set()
        seen: set[str] = set()
        focused = self.screen.focused
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not binding.show or binding.action in seen:
                continue
            sign = SIGNS.get(binding.key)
            if sign and focused is not None and focused.check_consume_key(binding.key, sign):
                continue
            seen.add(binding.action)
            entry = self._entry(binding, active.enabled)
            if binding.action in ALWAYS:
                right.append((ALWAYS.index(binding.action), entry))
            elif binding.action == LAST_OF_LEFT:
                help_key = entry
            else:
                if binding.key == "escape":
                    ways_out.add(len(left))
                left.append(entry)
        return fit(
            left,
            [entry for _, entry in sorted(right, key=lambda pair: pair[0])],
            help_key,
            self.size.width,
            ways_out,
        )

    def _entry(self, binding: Binding, enabled: bool) -> Content:
        key = self.app.get_key_display(binding)
        click = Style.from_meta({"key": binding.key})
        styles = ("$primary", "$muted") if enabled else ("$faint", "$faint")
        entry = Content.assemble((key, styles[0]), " ", (binding.description, styles[1]))
        return entry.stylize(click) if enabled else entry


def fit(
    left: list[Content],
    right: list[Content],
    always: Content | None,
    width: int,
    kept_places: Collection[int] = (),
) -> Content:
    """Lay entries out in `width` cells.

    Where they are too many, first those at the right go, but for the last one; then those of
    `left`, from the end, but for those in `kept_places`.
    """
    gap = Content("  ")
    tail = [always] if always else []
    some = [
        [entry for place, entry in enumerate(left) if place < count or place in kept_places]
        for count in range(len(left), -1, -1)
    ]
    last = right[-1:]
    for start, end in [(left, right), *((shown, last) for shown in some), ([], last)]:
        room = width - _cells([*start, *tail]) - _cells(end)
        if room >= 2:
            return Content.assemble(gap.join([*start, *tail]), " " * room, gap.join(end))
    return gap.join(tail or left).truncate(max(width, 0), ellipsis=True)


def _cells(entries: list[Content]) -> int:
    """Return how wide entries are with two cells between them."""
    return sum(entry.cell_length for entry in entries) + 2 * max(0, len(entries) - 1)

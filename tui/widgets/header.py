"""The first line: where one is, what is being worked on, how its run goes, on which machine."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.style import Style
from textual.timer import Timer
from textual.widget import Widget

from kerastui.tui.widgets import words

SECTIONS = ("learn", "data", "model", "train", "inspect", "runs")
"""The sections in their order. The key of each is its first letter, as a capital."""


@dataclass(frozen=True)
class HeaderState:
    """What the header says.

    Attributes:
        section: The section that is shown.
        experiment: Name of the current experiment, empty where there is none.
        facts: What is known of it in words: `351×34`, `447 params`.
        status: State of the run that is shown, empty where there is none.
        run: What was run, where that is not the current experiment.
        progress: How far it is: `62/150`.
        left: The time it still takes: `left 3 s`.
        device: Where runs take place: `CPU 2 cores`.
        changed: The experiment was changed since it was saved.
    """

    section: str = "learn"
    experiment: str = ""
    facts: tuple[str, ...] = ()
    status: str = ""
    progress: str = ""
    left: str = ""
    device: str = ""
    changed: bool = False
    run: str = ""


class HeaderLine(Widget):
    """The header. The screen gives it its state; it draws as much as the width allows."""

    DEFAULT_CSS = "HeaderLine { dock: top; height: 1; padding: 0 1; }"

    def __init__(self, section: str) -> None:
        super().__init__()
        self.state = HeaderState(section=section)
        self._waiting: Timer | None = None

    def show(self, state: HeaderState) -> None:
        """Draw a new state, if it differs from the one that is drawn.

        Counts that only run on are drawn four times a second: the line costs 500 bytes.
        """
        if state == self.state:
            return
        same = replace(state, progress="", left="") == replace(self.state, progress="", left="")
        self.state = state
        if not same:
            self.refresh()
        elif self._waiting is None:
            self._waiting = self.set_timer(0.25, self._counts_on)

    def _counts_on(self) -> None:
        self._waiting = None
        self.refresh()

    async def on_click(self, event: events.Click) -> None:
        if action := event.style.meta.get("action"):
            await self.app.run_action(str(action))

    def render(self) -> RenderResult:
        return draw(self.state, self.size.width)


def draw(state: HeaderState, width: int) -> Content:
    """Return the header line: what matters least is left out first where it is narrow."""
    facts = " · ".join(state.facts)
    for sections in (_sections(state.section, brand=True), _sections(state.section), _short(state)):
        for facts_shown, left, device in (
            (facts, state.left, state.device),
            (facts, "", state.device),
            (facts, "", ""),
            ("", "", ""),
        ):
            right = _right(state, facts_shown, left, device)
            room = width - sections.cell_length - right.cell_length
            if room >= 3:
                return Content.assemble(sections, " " * room, right)
    name = state.experiment
    right = _right(state, "", "", "")
    if name and (spare := width - _short(state).cell_length - right.cell_length + len(name)) > 5:
        right = _right(state, "", "", "", name=name[: spare - 4] + "…")
    return Content.assemble(_short(state), "  ", right).truncate(max(0, width), ellipsis=True)


def _sections(active: str, *, brand: bool = False) -> Content:
    parts = [Content.styled("kerastui  ", "$faint")] if brand else []
    for section in SECTIONS:
        if section == active:
            part = Content.styled(section.upper(), "bold $primary")
        else:
            part = Content.assemble(
                (section[0].upper(), "underline $text"), (section[1:], "$muted")
            )
        parts.append(part.stylize(Style.from_meta({"action": f"section({section!r})"})))
        parts.append(Content("  "))
    return Content("").join(parts[:-1])


def _short(state: HeaderState) -> Content:
    """Return the active section in full and the others as their letters."""
    parts = []
    for section in SECTIONS:
        if section == state.section:
            part = Content.styled(section.upper(), "bold $primary")
        else:
            part = Content.styled(section[0].upper(), "underline $muted")
        parts.append(part.stylize(Style.from_meta({"action": f"section({section!r})"})))
    return Content(" ").join(parts)


def _right(
    state: HeaderState, facts: str, left: str, device: str, name: str | None = None
) -> Content:
    parts: list[Content] = []
    title = state.experiment if name is None else name
    if title:
        mark = (" •", "$warn") if state.changed else ""
        about = Content.assemble(title, mark, (f" · {facts}" if facts else "", "$muted"))
        parts.append(about)
    if state.status:
        run = words.state(state.status)
        if state.run:
            run = Content.assemble((f"{state.run} ", "$muted"), run)
        if state.progress:
            run = Content.assemble(run, " ", state.progress)
        if left:
            run = Content.assemble(run, "  ", (left, "$muted"))
        parts.append(run.stylize(Style.from_meta({"action": "section('train')"})))
    if device:
        click = Style.from_meta({"action": "hardware"})
        parts.append(Content.styled(device, "$muted").stylize(click))
    return Content("   ").join(parts)

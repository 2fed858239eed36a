"""What happened in a run, in words, and the end of what its worker printed."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from kerastui.models.runs.history import History
from kerastui.models.runs.store import RunInfo
from kerastui.tui.widgets import words
from kerastui.tui.widgets.keeps_focus import KeepsFocus

_COLOURS = {"nan": "$bad", "warning": "$warn", "early_stopping": "$warn", "plateau": "$warn"}

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")


class Entry(NamedTuple):
    """A line of the log; `clock` is None where nothing is to stand before the text."""

    text: Content
    clock: str | None = None


def in_words(
    history: History, info: RunInfo | None, status: str, *, killed: bool = False
) -> list[Entry]:
    """Return what happened, oldest first, a line each; `killed`: on request."""
    # What happened, with its time: a run that was taken up again has notes from before its start.
    timed: list[tuple[float, Entry]] = []

    def happened(moment: float, text: str, colour: str = "") -> None:
        timed.append((moment, _line(moment, text, colour)))

    if info is not None:
        if info.substitute:
            named = str(info.data.get("dataset") or "the data")
            happened(info.created, f"{info.substitute} stands in for {named}", "$warn")
        elif info.data and not info.data.get("verified", True):
            happened(info.created, "the data are not verified by a checksum", "$warn")
        for again in info.resumed:
            happened(_time(again), f"↻ taken up again, it was {again.get('status', 'ended')}")
    if started := history.started:
        rows = (info.data if info else {}).get("parts") or started.get("rows")
        parts = [f"{count:,} {part} rows" for part, count in rows.items()
                 if isinstance(count, int)] if isinstance(rows, dict) else []  # fmt: skip
        batches = "batch" if history.steps == 1 else "batches"
        parts.append(f"{history.steps:,} {batches} an epoch")
        device = str(started.get("device") or "")
        parts += [f"on {device}"] if device else []
        happened(_time(started), f"training starts: {', '.join(parts)}")
        if path := started.get("execution"):
            why = str(started.get("why") or "")
            happened(_time(started), f"{path} path{f': {why}' if why else ''}")
    for note in history.notes:
        at = f"epoch {note.epoch:,}: " if note.epoch and note.kind != "rewound" else ""
        happened(note.time, f"{at}{note.text}", _COLOURS.get(note.kind, ""))
    lines = [Entry(Content.styled(info.id, "$muted"))] if info is not None else []
    lines += [entry for _, entry in sorted(timed, key=lambda pair: pair[0])]
    if history.checkpoint_epoch and not history.ended:
        lines.append(_line(0.0, f"checkpoint of epoch {history.checkpoint_epoch:,} is on disk"))
    if history.stage:
        lines.append(_line(0.0, f"{history.stage} …", "$run"))
    if ended := history.ended:
        text = str(ended.get("text") or ended.get("message") or "")
        took = ended.get("seconds")
        after = f" after {words.duration(took)}" if isinstance(took, int | float) else ""
        mark, colour = words.STATES.get(status, ("·", ""))
        said = f"{mark} {history.status}{after}{f': {text}' if text else ''}"
        lines.append(_line(_time(ended), said, colour))
    elif status == "lost":
        why = "was killed on request" if killed else "is gone without a word"
        lines.append(_line(0.0, f"? the worker {why}", "$warn"))
    return lines


def printed(text: str) -> list[Entry]:
    """Return what a worker printed as lines: no control sequences, only the end of a line that
    was overwritten (progress bars)."""
    lines = []
    for line in text.split("\n"):
        shown = _ESCAPE.sub("", line).rstrip("\r").rpartition("\r")[2].replace("\t", "    ")
        clean = "".join(sign if sign.isprintable() else "�" for sign in shown)
        lines.append(Entry(Content(clean)))
    while lines and not lines[-1].text.plain:
        lines.pop()
    return lines


class EventLog(KeepsFocus, ScrollView, can_focus=True):
    """Lines that wrap, the newest last; stays at the end unless one scrolls up."""

    DEFAULT_CSS = """
    EventLog {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        overflow-x: hidden;
        scrollbar-gutter: stable;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._entries: list[Entry] = []
        self._lines: list[Content] = []
        self._width = 0

    @property
    def text(self) -> str:
        """Everything that is shown, as plain text."""
        return "\n".join(entry.text.plain for entry in self._entries)

    def show(self, entries: Sequence[Entry]) -> None:
        """Replace the lines; draws nothing where they are the same."""
        same = len(entries) == len(self._entries) and all(
            one.clock == other.clock and one.text.is_same(other.text)
            for one, other in zip(entries, self._entries, strict=True)
        )
        if not same:
            self._entries = list(entries)
            self._wrap()

    def on_resize(self) -> None:
        if self.scrollable_content_region.width != self._width:
            self._wrap()

    def _wrap(self) -> None:
        width = self._width = self.scrollable_content_region.width
        if not width:
            return
        at_end = self.scroll_offset.y >= self.max_scroll_y
        self._lines = []
        for entry in self._entries:
            head = "" if entry.clock is None else f"{entry.clock:8}  "
            room = max(10, width - len(head))
            for line in entry.text.wrap(room) or [Content("")]:
                self._lines.append(Content.assemble((head, "$faint"), line))
                head = " " * len(head)
        self.virtual_size = Size(width, len(self._lines))
        if at_end:
            self.scroll_end(animate=False, force=True)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if index >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[index].truncate(width, ellipsis=True)
        strips = Visual.to_strips(self, line, width, 1, self.visual_style, pad=True)
        return strips[0].adjust_cell_length(width) if strips else Strip.blank(width)


def _line(moment: float, text: str, colour: str = "") -> Entry:
    clock = time.strftime("%H:%M:%S", time.localtime(moment)) if moment else ""
    return Entry(Content.styled(text, colour), clock)


def _time(event: dict[str, object]) -> float:
    moment = event.get("t")
    return float(moment) if isinstance(moment, int | float) else 0.0

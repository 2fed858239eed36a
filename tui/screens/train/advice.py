"""A run in words: what its curves show, which figures say so, and what to try against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from kerastui.models.adviser import Advice, Technique
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.history import History
    from kerastui.models.runs.store import RunInfo

MOST = 9
"""Techniques that are offered: one for each digit."""

_COLOURS = {"learning": "$bad", "generalization": "$warn", "prediction": "$warn", "fine": "$good"}


@dataclass(frozen=True)
class Reading:
    """What was found: the curves in words, and what they show."""

    text: str
    advice: Sequence[Advice]

    @property
    def techniques(self) -> list[Technique]:
        """What can be tried, each once, the most promising first."""
        found: dict[str, Technique] = {}
        for advice in self.advice:
            for technique in advice.techniques:
                found.setdefault(technique.name, technique)
        return list(found.values())[:MOST]


def read(
    info: RunInfo, history: History, experiment: Experiment, repeats: Sequence[History]
) -> Reading:
    """Read the curves of a run: for threads.

    Args:
        info: What `run.json` says.
        history: The run's history; a copy where it still grows.
        experiment: What was run.
        repeats: Histories of the same experiment with other seeds.
    """
    from kerastui.models import adviser
    from kerastui.models.runs import words as run_words

    text = f"{run_words.in_words(info, history, experiment)}\n\n{adviser.describe(history)}"
    return Reading(text, adviser.advise(history, experiment, repeats))


class AdviceScreen(Dialog["Technique | None"]):
    """The panel. The result is the technique to try, None where none was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "try it", key_display="Enter",
                tooltip="Put the technique under the cursor into a copy of the experiment"),
        Binding("y", "copy", "copy", tooltip="Copy the whole text to the clipboard"),
        Binding("escape,w", "cancel", "back", key_display="Esc", tooltip="Change nothing"),
    ]  # fmt: skip

    def __init__(self, name: str, reading: Reading) -> None:
        super().__init__()
        self.run_name = name
        self.reading = reading
        self.techniques = reading.techniques

    def compose(self) -> ComposeResult:
        with Panel(title=f"{self.run_name} in words", classes="dialog"):
            with VerticalScroll(classes="dialog-text"):
                yield Static(self._text())
            yield Static(
                Content.styled("To try, in a copy of the experiment", "$faint"), id="to-try"
            )
            yield RowList([Column(width=1), Column()])
            yield Static(classes="dialog-note")
        yield FooterLine()

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.set_rows(
            Row(str(place), (Content.styled(str(place), "$primary"), technique.name))
            for place, technique in enumerate(self.techniques, 1)
        )
        rows.styles.height = len(self.techniques)
        for part in (rows, self.query_one("#to-try"), self.query_one(".dialog-note")):
            part.display = bool(self.techniques)
        (rows if self.techniques else self.query_one(VerticalScroll)).focus()

    def on_resize(self) -> None:
        # Where there is little room, what was found comes before the list of what to try.
        rows = self.query_one(RowList)
        self.query_one(Panel).set_class(self.size.height < 30, "-large")
        rows.styles.height = min(len(self.techniques), max(2, self.size.height // 3))

    def _text(self) -> Content:
        # What was found comes first: on a small screen the rest is reached by scrolling.
        parts: list[Content] = []
        for advice in self.reading.advice:
            colour = _COLOURS.get(advice.area, "")
            parts.append(Content.assemble(("▌ ", colour), (advice.sentence, "bold")))
            parts += [Content.styled(f"  {figure}", "$muted") for figure in advice.evidence]
            parts.append(Content(""))
        parts.append(Content(self.reading.text))
        return Content("\n").join(parts)

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        if event.key:
            why = self.techniques[int(event.key) - 1].why
            self.query_one(".dialog-note", Static).update(Content.styled(why, "$muted"))

    @on(RowList.Opened)
    def _chosen(self, event: RowList.Opened) -> None:
        self.dismiss(self.techniques[int(event.key) - 1])

    def on_key(self, event: events.Key) -> None:
        if event.key.isdigit() and 1 <= int(event.key) <= len(self.techniques):
            event.stop()
            self.dismiss(self.techniques[int(event.key) - 1])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "open" or bool(self.techniques)

    def action_open(self) -> None:
        self.query_one(RowList).action_open()

    def action_copy(self) -> None:
        from kerastui.tui.widgets.toast import say

        self.app.copy_to_clipboard(self._text().plain)
        say(self.app, "Copied.")

    def action_cancel(self) -> None:
        self.dismiss(None)

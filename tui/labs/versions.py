"""a01: what is installed, and which devices TensorFlow sees."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result, beside
from kerastui.tui.screens.hardware import LEVELS, machine_rows
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.panel import ScrollPanel
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.machine.doctor import Report

PUBLISHED = "2.2.0"
"""The version of TensorFlow that the document prints."""


class VersionsScreen(LabScreen):
    """Versions at the left; devices and the doctor's findings at the right."""

    HELP = """A fresh process imports TensorFlow and Keras and says what it sees. kerastui doctor \
prints the same in a shell."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "values", "look again", tooltip="Ask a fresh process once more"),
        Binding("y", "copy", "copy", tooltip="Copy the whole report, for example for a question"),
    ]

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.report: Report | None = None

    def compose_lab(self) -> ComposeResult:
        with ScrollPanel(title="versions", classes="lab-side", id="versions"):
            yield KeyValues(id="packages")
        with ScrollPanel(title="devices", classes="lab-main", id="devices"):
            yield KeyValues(id="machine")

    def on_mount(self) -> None:
        self.query_one("#devices").focus()
        self._examine()

    @work(group="examine", exclusive=True, exit_on_error=False)
    async def _examine(self) -> None:
        from kerastui.models.machine.doctor import examine

        waiting = Content.styled("A fresh process imports TensorFlow …", "$muted")
        for place in ("#packages", "#machine"):
            self.query_one(place, KeyValues).show([("", waiting)])
        root = self.kerastui.workspace.root
        try:
            self.report = await asyncio.to_thread(examine, workspace=root)
        except UserError as error:
            self.tell(error)
            return
        self._show(self.report)
        self.refresh_bindings()

    def _show(self, report: Report) -> None:
        found = report.worker.tensorflow or ""
        self.results = (Result("TensorFlow", PUBLISHED, found, None),)
        rows: list[tuple[str, Value]] = [
            ("", lambda width: beside(self.results, width)),
            *((p.name, p.version or Content.styled("not installed", "$muted"))
              for p in report.packages),
        ]  # fmt: skip
        self.query_one("#packages", KeyValues).show(rows)
        worker = report.worker
        seen = [*worker.gpus, *worker.cpus]
        told: list[tuple[str, Value]] = [
            *((" " if place else "TensorFlow sees", name) for place, name in enumerate(seen)),
            *([("Keras uses", worker.backend)] if worker.backend else []),
            ("Imports took", f"{worker.seconds:.1f} s"),
            *machine_rows(report.snapshot),
        ]
        for finding in report.diagnosis:
            sign, colour = LEVELS.get(finding.level, ("·", "$muted"))
            told.append(
                (
                    "",
                    Content.assemble(
                        (sign, colour), " ", finding.sentence,
                        (f"\n  {finding.cure}" if finding.cure else "", "$primary"),
                    ),
                )
            )  # fmt: skip
        self.query_one("#machine", KeyValues).show(told)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "copy":
            return self.report is not None or None
        return super().check_action(action, parameters)

    def action_copy(self) -> None:
        """Copy the whole report."""
        from kerastui.models.machine.doctor import as_text

        if self.report is not None:
            self.app.copy_to_clipboard(as_text(self.report))
            say(self.app, "The report was sent to the terminal's clipboard.", title="Copied")

    def action_values(self) -> None:
        """Ask once more."""
        self._examine()


def make(lab: Lab) -> LabScreen:
    """Return the lab's screen."""
    return VersionsScreen(lab)

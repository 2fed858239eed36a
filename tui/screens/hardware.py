"""The machine: what runs can use, and why they can't use more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, cast

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.machine.hardware import Snapshot, snapshot
from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets import words
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.machine.doctor import Report
    from kerastui.tui.app import KerasTui

LEVELS = {"ok": ("✓", "$good"), "note": ("·", "$muted"), "problem": ("!", "$warn")}
"""Level of a finding -> its mark and colour."""


class HardwareScreen(Dialog[None]):
    """CPU, memory and GPUs, live; versions and the doctor's findings as soon as they are known."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy", tooltip="Copy the whole report, for example for a question"),
        Binding("escape,enter", "close", "back", key_display="Esc", tooltip="Close the report"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.report: Report | None = None

    def compose(self) -> ComposeResult:
        panel = Panel(title="hardware", classes="dialog -large")
        with panel, VerticalScroll(classes="dialog-text"):
            yield KeyValues(id="machine")
            yield Static(
                Content.styled("\nVersions and diagnosis: asking a worker …", "$muted"),
                id="findings",
            )
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._watch()
        self._examine()

    @work(group="watch", exclusive=True, exit_on_error=False)
    async def _watch(self) -> None:
        while True:
            now = await asyncio.to_thread(snapshot)
            self.query_one("#machine", KeyValues).show(machine_rows(now))
            await asyncio.sleep(1)

    @work(group="examine", exclusive=True, exit_on_error=False)
    async def _examine(self) -> None:
        from kerastui.models.machine.doctor import examine

        root = cast("KerasTui", self.app).workspace.root
        try:
            self.report = await asyncio.to_thread(examine, workspace=root)
        except UserError as error:
            self.query_one("#findings", Static).update(Content.styled(f"\n{error}", "$warn"))
            return
        self.query_one("#findings", Static).update(_findings(self.report))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "copy":
            return self.report is not None or None
        return True

    def action_copy(self) -> None:
        from kerastui.models.machine.doctor import as_text

        if self.report:
            self.app.copy_to_clipboard(as_text(self.report))
            say(self.app, "The report was sent to the terminal's clipboard.", title="Copied")

    def action_close(self) -> None:
        self.dismiss(None)


def machine_rows(now: Snapshot) -> list[tuple[str, Value]]:
    """Return what is known of the machine at one moment."""
    cores = now.cpu.usable_cores
    cpu = f"{now.cpu.model} · {cores} core{'s' * (cores != 1)} to use"
    if cores != now.cpu.logical_cores:
        cpu += f" of {now.cpu.logical_cores}"
    used = now.memory.total - now.memory.available
    rows: list[tuple[str, Value]] = [
        ("CPU", cpu),
        (" ", _bar(now.cpu.load_percent, "busy")),
        (
            "Memory",
            f"{words.size(now.memory.available)} free of {words.size(now.memory.total)}"
            + (" (a limit of this container or job)" if now.memory.limited else ""),
        ),
        (" ", _bar(100 * used / now.memory.total if now.memory.total else None, "used")),
    ]
    for gpu in now.gpus:
        about = [gpu.name]
        if gpu.memory_free is not None and gpu.memory_total:
            about.append(f"{words.size(gpu.memory_free)} free of {words.size(gpu.memory_total)}")
        if gpu.temperature is not None:
            about.append(f"{gpu.temperature} °C")
        if gpu.driver_version:
            about.append(f"driver {gpu.driver_version}")
        rows += [(f"GPU {gpu.index}", " · ".join(about)), (" ", _bar(gpu.load_percent, "busy"))]
    if not now.gpus:
        rows.append(("GPU", Content.styled(now.gpu_problem or "none", "$muted")))
    return rows


def _bar(percent: float | None, word: str) -> Content:
    if percent is None:
        return Content("")
    full = round(percent / 5)
    return Content.assemble(
        ("━" * full, "$primary"),
        ("━" * (20 - full), "$line"),
        (f" {percent:3.0f} % {word}", "$muted"),
    )


def _findings(report: Report) -> Content:
    lines = [Content(""), Content.styled("Versions", "bold")]
    lines += [
        Content.assemble((package.name.ljust(16), "$muted"), package.version or "not installed")
        for package in report.packages
    ]
    lines += [Content(""), Content.styled("Diagnosis", "bold")]
    for finding in report.diagnosis:
        mark, colour = LEVELS.get(finding.level, ("·", "$muted"))
        lines.append(Content.assemble((mark, colour), " ", finding.sentence))
        if finding.cure:
            lines.append(Content.assemble("  ", (finding.cure, "$primary")))
    return Content("\n").join(lines)

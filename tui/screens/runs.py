"""Runs: everything that was ever trained in this workspace, and what goes on now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.timer import Timer

from kerastui.datasets.errors import UserError
from kerastui.models.figures import number
from kerastui.models.runs import RunInfo
from kerastui.tui.run_index import Record
from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.widgets import words
from kerastui.tui.widgets.empty import EmptyState
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.tui.monitor import RunMonitor


class RunsScreen(SectionScreen):
    """All runs, with live state."""

    SECTION = "runs"
    HELP = """Every run of this workspace, also those started on the command line or on another \
machine that shares the folder. Enter shows one on the Train screen, live or finished.
A removed run goes to a trash folder; u brings it back until you leave the app.
A run is lost when its worker is gone without a word: killed, out of memory, or the machine \
was restarted. What it saved until then is kept, and it can go on from there. A run is silent \
when its worker gives no sign of life, on a machine that sleeps or can't be reached."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", key_display="Enter", tooltip="Show it on Train"),
        Binding(
            "a",
            "resume",
            "go on",
            tooltip="Go on with a run that has ended: as it was, longer, with another rate",
        ),
        Binding("slash", "search", "search", key_display="/", tooltip="Find among the runs"),
        Binding("delete", "remove", "remove", key_display="Del", tooltip="Remove the run"),
        Binding("u", "undo", "undo", tooltip="Bring back the run that was removed last"),
        Binding("escape", "back", "back", key_display="Esc", tooltip="End the search"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None
        self._drawn: tuple[Record, ...] | None = None
        self._rows: dict[str, tuple[Record, Row]] = {}

    def compose_body(self) -> ComposeResult:
        rows = RowList(
            [
                Column("state", 10),
                Column("run"),
                Column("started", 15, least=56),
                Column("took", 11, "right", least=92),
                Column("epochs", 11, "right", least=66),
                Column("best", 17, "right", least=44),
                Column("loss", 16, least=84),
            ]
        )
        with Container():
            with Panel(title="runs"):
                yield rows
            yield EmptyState(
                "No runs yet",
                "A run is one training of an experiment. It is kept here with all its figures.",
                (("L", "pick an example on the Learn screen"),),
            )

    def on_mount(self) -> None:
        self.query_one(EmptyState).display = False
        self._timer = self.set_interval(1.0, self._look)
        self._look()
        self.query_one(RowList).focus()

    def on_screen_suspend(self) -> None:
        if self._timer:
            self._timer.pause()

    def on_screen_resume(self) -> None:
        if self._timer:
            self._timer.resume()
            self._look()

    def run_changed(self, monitor: RunMonitor | None) -> None:
        if monitor is not None and not monitor.active:
            self._look()

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        """Look for what changed; draw only then."""
        index = self.kerastui.run_index
        rows = self.query_one(RowList)
        await asyncio.to_thread(index.refresh)
        self._draw()
        await asyncio.to_thread(index.read_losses, rows.visible_keys)
        self._draw()

    def _draw(self) -> None:
        records = self.kerastui.run_index.records
        if records is self._drawn:
            return
        self._drawn = records
        self.query_one(EmptyState).display = not records
        panel = self.query_one(Panel)
        panel.display = bool(records)
        active = sum(1 for record in records if record.active)
        note = f"{len(records):,} run{'s' * (len(records) != 1)}"
        panel.set_title("runs", f"{note} · {active} active" if active else note)
        # Made anew only for what changed: a thousand rows would take longer than a key may.
        self._rows = {
            record.run.id: made
            if (made := self._rows.get(record.run.id)) and made[0] is record
            else (record, row(record))
            for record in records
        }
        self.query_one(RowList).set_rows(made for _, made in self._rows.values())
        self.refresh_bindings()

    # Actions

    @property
    def record(self) -> Record | None:
        """The run under the cursor."""
        key = self.query_one(RowList).key
        return next((r for r in self.kerastui.run_index.records if r.run.id == key), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "resume":
            record = self.record
            return bool(record and record.info and not record.active) or None
        if action in ("open", "remove"):
            return self.record is not None or None
        if action == "undo":
            return bool(self.kerastui.trash.removed)
        if action == "back":
            return self.searching
        return True

    @on(RowList.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(RowList.Opened)
    def _opened(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Show the run on the Train screen."""
        if self.record:
            self.kerastui.show_run(self.record.run)

    @work(group="resume", exclusive=True, exit_on_error=False)
    async def action_resume(self) -> None:
        """Have the run go on, on the Train screen."""
        from kerastui.tui.resuming import ask_and_resume

        if self.record:
            await ask_and_resume(self.kerastui, self.record.run)

    @work(group="trash", exit_on_error=False)
    async def action_remove(self) -> None:
        """Move the run to the trash."""
        record = self.record
        if record is None:
            return
        if record.active:
            say(self.app, "The run goes on. Stop it first, on the Train screen.", "warning")
            return
        try:
            await asyncio.to_thread(self.kerastui.trash.put, record.run)
        except UserError as error:
            self.kerastui.tell_error(error, "The run was not removed")
            return
        self.kerastui.run_gone(record.run)
        say(self.app, f"{record.run.id}\nu brings it back until you leave.", title="Removed")
        self._look()

    @work(group="trash", exit_on_error=False)
    async def action_undo(self) -> None:
        """Bring back the run that was removed last."""
        try:
            run = await asyncio.to_thread(self.kerastui.trash.restore)
        except UserError as error:
            self.kerastui.tell_error(error)
            return
        await asyncio.to_thread(self.kerastui.run_index.refresh)
        self._draw()
        if run:
            self.query_one(RowList).move_to(run.id)
            say(self.app, run.id, title="Brought back")


def row(record: Record) -> Row:
    """Return a run as a row of the list."""
    info = record.info
    if info is None:
        return Row(
            record.run.id,
            (Content.styled("✗ damaged", "$bad"), record.run.id),
            found=record.run.id,
        )
    name = Content.assemble(
        info.name,
        (f"  {info.variant}" if info.variant else "", "$muted"),
        (f"  ≈ {info.substitute}" if info.substitute else "", "$warn"),
    )
    best = record.best
    return Row(
        record.run.id,
        (
            words.state(record.state),
            name,
            Content.styled(words.moment(info.started or info.created), "$muted"),
            Content.styled(words.duration(took(info)), "$muted"),
            f"{info.epoch:,}/{info.epochs:,}" if record.active else f"{info.epoch:,}",
            Content.assemble((_brief(best[0]), "$muted"), " ", number(best[1])) if best else "–",
            Content.styled(words.sparkline(record.loss, 16), "$muted"),
        ),
        found=f"{info.name} {info.title} {info.variant} {record.state} {record.run.id}",
    )


def _brief(metric: str) -> str:
    """Return the name of a metric as far as there is room; Train shows it in full."""
    return metric if len(metric) <= 10 else f"{metric[:9]}…"


def took(info: RunInfo) -> float | None:
    """Return how long a run took, in seconds; None while it goes on or where nobody knows."""
    if info.started and info.ended:
        return info.ended - info.started
    return None

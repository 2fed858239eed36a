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

from kerastui.tui.run_index import Record
from kerastui.tui.screens.runs.keeping import KeepingScreen
from kerastui.tui.screens.runs.rows import COLUMNS, SORTS, Sort, about, columns, ordered, row
from kerastui.tui.widgets.empty import EmptyState
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Row, RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.tui.monitor import RunMonitor
    from kerastui.tui.screens.runs.finding import FilterLine, Finder, Found


AGAIN = 1.0
"""Seconds between two looks at the disk."""


class RunsScreen(KeepingScreen):
    """All runs, with live state."""

    SECTION = "runs"
    HELP = """Every run of this workspace, also those started on the command line or on another \
machine that shares the folder. Enter shows one on the Train screen, live or finished. \
Space marks runs, = holds the marked ones side by side: curves, figures and only the settings \
that differ; on a run of a study, = compares the study's variants.
f filters by any setting or figure, for example acc>0.9 dataset=iris status=finished \
optimizer=adam fit.epochs>=50 tag:best name~iris age<2d; a|b accepts either value, x=missing finds \
what has none, sort:acc puts the best first. o changes the order of the list.
A removed run goes to a trash folder; u brings it back until you leave the app.
A run is lost when its worker is gone without a word: killed, out of memory, or the machine \
was restarted. What it saved until then is kept, and it can go on from there. A run is silent \
when its worker gives no sign of life, on a machine that sleeps or can't be reached."""
    CSS = """
    RunsScreen #about { height: auto; max-height: 3; padding: 0 1; }
    RunsScreen #found { height: auto; padding: 0 1; color: $muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", key_display="Enter", tooltip="Show it on Train"),
        Binding(
            "a",
            "resume",
            "go on",
            tooltip="Go on with a run that has ended: as it was, longer, with another rate",
        ),
        Binding("space", "mark", "mark", key_display="Space", tooltip="Mark it, or not any more"),
        Binding("equals_sign", "compare", "compare", key_display="=",
                tooltip="Hold the marked runs, or the variants of a study, side by side"),
        Binding("f", "filter", "filter", tooltip="Only some: acc>0.9 dataset=iris tag:best"),
        Binding("o", "sort", "sort", tooltip="Another order of the runs"),
        Binding("slash", "search", "search", key_display="/", tooltip="Find among the runs"),
        Binding("delete", "remove", "remove", key_display="Del",
                tooltip="Remove the marked runs, or this one"),
        Binding("u", "undo", "undo", tooltip="Bring back what was removed last"),
        Binding("t", "tags", "tags", tooltip="Tags of the marked runs, or of this one"),
        Binding("n", "note", "note", tooltip="Write a note beside the run"),
        Binding("asterisk", "pin", "pin", key_display="*", tooltip="Keep it on top, or not"),
        Binding("x", "export", "export",
                tooltip="One zip that opens elsewhere, or event files for TensorBoard"),
        Binding("escape", "back", "back", key_display="Esc",
                tooltip="End the search or the filter, then the marks"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []
        self.sort: Sort | None = None
        self.filter = ""
        self._finder: Finder | None = None
        self._found: Found | None = None
        self._found_in: tuple[tuple[Record, ...], str] | None = None
        self._timer: Timer | None = None
        self._drawn: object = None
        self._rows: dict[str, tuple[Record, bool, Row]] = {}

    def compose_body(self) -> ComposeResult:
        with Container():
            with Panel(title="runs"):
                yield RowList(COLUMNS)
                yield Static(id="about")
                yield Static(id="found")
            yield EmptyState(
                "No runs yet",
                "A run is one training of an experiment. It is kept here with all its figures.",
                (("L", "pick an example on the Learn screen"),),
            )

    def on_mount(self) -> None:
        self.query_one(EmptyState).display = False
        self.query_one("#found").display = False
        self._timer = self.set_interval(AGAIN, self._again)
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

    def _again(self) -> None:
        if not self.under_way("look"):
            self._look()

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        """Look for what changed; draw only then."""
        await self.look_again()

    async def look_again(self, key: str = "") -> None:
        """Show what is on the disk now, with the cursor on a run."""
        index = self.kerastui.run_index
        rows = self.query_one(RowList)
        await asyncio.to_thread(index.refresh)
        await self._find()
        self._draw()
        if key:
            rows.move_to(key)
        await asyncio.to_thread(index.read_losses, rows.visible_keys)
        self._draw()

    async def _find(self) -> None:
        """Look through the runs with the filter that was typed."""
        text = self.filter
        if not text.strip():
            self._found = self._found_in = None
            return
        from kerastui.tui.screens.runs.finding import Finder

        if self._finder is None:
            self._finder = Finder()
        records = self.kerastui.run_index.records
        if self._found_in == (records, text) and "age" not in text.casefold():
            return  # only a run's age changes by itself
        found = await asyncio.to_thread(self._finder.find, records, text)
        if text != self.filter:
            return  # something else was typed meanwhile
        self._found_in = (records, text)
        if found.problem and self._found is not None:
            # While a condition is still being typed, what was found before stays.
            before = self._found
            found = type(found)(before.keys, before.sorted, "", found.problem)
        self._found = found

    def _shown(self) -> list[Record]:
        """Return the runs that are shown, in their order."""
        records = self.kerastui.run_index.records
        found = self._found
        if found is None or (found.problem and not found.keys):
            return ordered(records, self.sort)
        known = {record.run.id: record for record in records}
        some = [known[key] for key in found.keys if key in known]
        return ordered(some, None if found.sorted else self.sort)

    def _draw(self) -> None:
        records = self.kerastui.run_index.records
        state = (records, self._found, self.sort, tuple(self.marked))
        if self._drawn is not None and state == self._drawn:
            return
        self._drawn = state
        self.query_one(EmptyState).display = not records
        panel = self.query_one(Panel)
        panel.display = bool(records)
        there = {record.run.id for record in records}
        self.marked = [key for key in self.marked if key in there]
        shown = self._shown()
        self._say_count(len(records), shown)
        # Made anew only for what changed: a thousand rows would take longer than a key may.
        self._rows = {
            record.run.id: made
            if (made := self._rows.get(record.run.id))
            and made[0] is record
            and made[1] == (record.run.id in self.marked)
            else (record, (on := record.run.id in self.marked), row(record, marked=on))
            for record in records
        }
        rows = self.query_one(RowList)
        rows.columns = columns(self.sort)
        rows.set_rows(self._rows[record.run.id][2] for record in shown)
        self._say_about()
        self.refresh_bindings()

    def _say_count(self, count: int, shown: list[Record]) -> None:
        active = sum(1 for record in shown if record.active)
        few = f"{len(shown):,} of " if self._found is not None else ""
        notes = [
            f"{few}{count:,} run{'s' * (count != 1)}",
            f"{active} active" if active else "",
            f"{len(self.marked)} marked" if self.marked else "",
            self.sort.words if self.sort else "",
        ]
        self.query_one(Panel).set_title("runs", " · ".join(note for note in notes if note))
        line, found = self.query_one("#found", Static), self._found
        text = (found.problem or found.told) if found else ""
        if found and not shown and not found.problem:
            text = f"No run fits. {text}".strip()
        line.display = bool(text)
        colour = "$bad" if found and found.problem else "$muted"
        line.update(Content.styled(text, colour))

    # Actions

    @property
    def record(self) -> Record | None:
        """The run under the cursor."""
        key = self.query_one(RowList).key
        return next((r for r in self.kerastui.run_index.records if r.run.id == key), None)

    @property
    def chosen(self) -> list[Record]:
        """The runs that are marked, in the order of marking, else the one under the cursor."""
        known = {record.run.id: record for record in self.kerastui.run_index.records}
        marked = [known[key] for key in self.marked if key in known]
        return marked or ([self.record] if self.record else [])

    def unmark(self) -> None:
        """Mark nothing any more."""
        self.marked = []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "resume":
            record = self.record
            return bool(record and record.info and not record.active) or None
        if action in ("open", "remove", "mark", "compare", "tags", "note", "pin", "export"):
            return self.record is not None or None
        if action == "undo":
            return bool(self.kerastui.trash.removed)
        if action == "back":
            return self.searching or bool(self.filter) or bool(self.marked)
        return True

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._say_about()
        self.refresh_bindings()

    def _say_about(self) -> None:
        """Say of the run under the cursor what its row may have no room for."""
        record, line = self.record, self.query_one("#about", Static)
        line.display = record is not None
        if record is not None:
            line.update(about(record))

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

    def action_mark(self) -> None:
        """Mark the run under the cursor, or not any more, and go to the next one."""
        rows = self.query_one(RowList)
        if key := rows.key:
            self.marked = (
                [one for one in self.marked if one != key]
                if key in self.marked
                else [*self.marked, key]
            )
            self._draw()
            rows.action_move(1)

    @work(group="compare", exclusive=True, exit_on_error=False)
    async def action_compare(self) -> None:
        """Hold the marked runs side by side, or else the variants of the run's study."""
        from kerastui.tui.screens.compare.screen import compare

        info = self.record.info if self.record else None
        runs = [record.run for record in self.chosen]
        await compare(self.kerastui, runs, info.study if info else "")

    def action_sort(self) -> None:
        """Put the runs in the next order, after the last one in the usual: the newest first."""
        orders = (None, *SORTS)
        self.sort = orders[(orders.index(self.sort) + 1) % len(orders)]
        self._draw()
        if self.sort is None:
            say(self.app, "The newest first.")

    async def action_filter(self) -> None:
        """Type which runs are wanted."""
        from kerastui.tui.screens.runs.finding import FilterLine

        if lines := self.query(FilterLine):
            lines.first().focus()
            return
        super().action_back()  # a search would hide what is found
        await self.query_one(Panel).mount(FilterLine(self.filter))  # the next key is its own

    def on_filter_line_filtered(self, event: FilterLine.Filtered) -> None:
        """Show what fits, while it is typed."""
        self.filter = event.text
        self._look()

    def on_filter_line_done(self) -> None:
        """Go to the list."""
        self.query_one(RowList).focus()
        self.call_after_refresh(self.refresh_bindings)

    async def action_search(self) -> None:
        """Find in the list."""
        self._end_filter()
        await super().action_search()

    def action_back(self) -> None:
        """End the search or the filter; then mark nothing any more."""
        if self.searching:
            super().action_back()
        elif self.filter:
            self._end_filter()
        else:
            self.unmark()
            self._draw()
        self.refresh_bindings()

    def _end_filter(self) -> None:
        from kerastui.tui.screens.runs.finding import FilterLine

        for line in self.query(FilterLine):
            line.remove()
        if self.filter:
            self.filter = ""
            self._look()

"""Learn: the worked examples, lesson by lesson, and what came out here."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.runs.figures import number
from kerastui.tui import lessons, visits
from kerastui.tui.labs import Lab
from kerastui.tui.lessons import Mine
from kerastui.tui.screens.two_pane import ENTER, ESCAPE, SEARCH, TwoPaneScreen
from kerastui.tui.visits import Visit
from kerastui.tui.widgets import words
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.panel import ScrollPanel
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.shipped import Entry
    from kerastui.tui.monitor import RunMonitor


class LearnScreen(TwoPaneScreen):
    """The examples by document and lesson."""

    SECTION = "learn"
    LIST_TITLE = "lessons"
    HELP = """The worked examples of four teaching documents. published is what the document \
prints, yours what your last run reached: ✓ inside what a correct run reaches, ≠ outside of it.
Pick one, press r, and watch it train. o only makes it the current experiment, to be changed \
and run from the other sections. The numbers under Try next run the example with one thing \
changed.
◇ marks what trains nothing: Enter opens it."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ESCAPE,
        ENTER,
        Binding("enter", "lab", "open", key_display="Enter", tooltip="Open the lab"),
        Binding("enter", "run", "run", key_display="Enter", tooltip="Run it and watch it"),
        Binding("r", "run", "run", show=False, tooltip="Run it and watch it"),
        Binding("o", "open", "open as experiment", tooltip="Make it the current experiment"),
        Binding("c", "code", "code", tooltip="The same as a Python script"),
        *(
            Binding(
                str(digit),
                f"try({digit})",
                "try next",
                show=digit == 1,
                key_display="1–9",
                tooltip="Run it with one thing changed" if digit == 1 else "",
            )
            for digit in range(1, 10)
        ),
        SEARCH,
    ]

    def __init__(self) -> None:
        super().__init__()
        self.entries = {entry.name: entry for entry in shipped.index()}
        self.labs = visits.every()
        self.mine: dict[str, Mine] = {}
        self.data: dict[str, Content] = {}
        self.parameters: dict[str, str] = {}

    def make_list(self) -> RowList:
        return RowList(
            [
                Column(),
                Column("yours", 8, "right", least=34),
                Column("published", 9, "right", least=26),
            ]
        )

    def compose_detail(self) -> ComposeResult:
        with ScrollPanel(classes="pane-detail"):
            yield KeyValues()

    def on_mount(self) -> None:
        self.rows.set_rows(self._rows())
        self.rows.move_to(next(iter(self.entries), ""))
        self.rows.focus()
        self.call_after_refresh(self._look)

    def on_screen_resume(self) -> None:
        self._look()

    def run_changed(self, monitor: RunMonitor | None) -> None:
        if monitor is not None and not monitor.active:
            self._look()

    # What is known

    @property
    def entry(self) -> Entry | None:
        """The example under the cursor."""
        return self.entries.get(self.rows.key)

    @property
    def lab(self) -> Lab | None:
        """The lab under the cursor."""
        return self.labs.get(self.rows.key)

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        """Look for runs of the examples, and for their data."""
        self.mine = await asyncio.to_thread(self._read_runs)
        self._redraw()
        self.data = await asyncio.to_thread(self._read_data)
        self._redraw()

    def _read_runs(self) -> dict[str, Mine]:
        index = self.kerastui.run_index
        index.refresh()
        return {
            name: lessons.mine(entry, index.of_name(name)) for name, entry in self.entries.items()
        }

    def _read_data(self) -> dict[str, Content]:
        from kerastui.datasets.catalogue import card
        from kerastui.datasets.fetch import locate

        states = {}
        for name in {entry.dataset for entry in self.entries.values()}:
            with suppress(UserError):
                state, colour = lessons.data_state(card(name), locate(card(name)))
                about = lessons.data_line(card(name))
                states[name] = Content.assemble(about, (" · ", "$muted"), (state, colour))
        return states

    def _redraw(self) -> None:
        self.rows.set_rows(self._rows())
        self._show(self.entry)

    # The list

    def _listed(self) -> list[Entry | Lab]:
        """Return examples and labs in the order of their ids."""
        both: list[Entry | Lab] = [*self.entries.values(), *self.labs.values()]
        return sorted(both, key=lambda entry: entry.name)

    def _rows(self) -> Iterable[Row]:
        document = section = ""
        for entry in self._listed():
            if entry.document != document:
                document, section = entry.document, ""
                title = shipped.DOCUMENTS.get(document, "Other examples")
                yield Row(
                    f"document {document}",
                    (
                        Content.assemble((document, "bold"), "  ", (title, "bold")),
                        "",
                        self._count(document),
                    ),
                    group=True,
                )
            if entry.section != section:
                section = entry.section
                yield Row(
                    f"section {document} {section}",
                    (Content.styled(section, "$muted"),),
                    level=1,
                    group=True,
                )
            yield self._lab_row(entry) if isinstance(entry, Lab) else self._row(entry)

    def _lab_row(self, lab: Lab) -> Row:
        title = Content.assemble(("◇", "$primary"), " ", (lab.id, "$muted"), " ", lab.title)
        found = f"{lab.name} {lab.section} lab {lab.title} {lab.teaches}"
        return Row(lab.name, (title, "", Content.styled("lab", "$muted")), level=2, found=found)

    def _count(self, document: str) -> Content:
        names = [entry.name for entry in self.entries.values() if entry.document == document]
        done = sum(1 for name in names if name in self.mine and self.mine[name].done)
        return Content.styled(f"{done}/{len(names)} ✓", "$good" if done else "$muted")

    def _row(self, entry: Entry) -> Row:
        mine = self.mine.get(entry.name, Mine())
        mark, colour = " ", "$muted"
        if mine.running:
            mark, colour = "●", "$run"
        elif mine.last:
            mark, colour = lessons.VERDICTS[mine.state]
        elif mine.substitute:
            mark, colour = "≈", "$warn"
        figure = lessons.leading(entry)
        got = next(
            (v for v in mine.verdicts if v.figure.figure == figure.get("figure", "")),
            mine.verdicts[0] if mine.verdicts else None,
        )
        return Row(
            entry.name,
            (
                Content.assemble(
                    (mark, colour), " ", (entry.id, "$muted"), " ", lessons.short_title(entry)
                ),
                Content.styled(lessons.shown(got.got if got else None), "" if got else "$faint"),
                Content.styled(lessons.shown(figure.get("value")), "$muted"),
            ),
            level=2,
            found=f"{entry.name} {entry.title} {entry.section} {entry.dataset} "
            f"{entry.plain.get('lesson', {}).get('teaches', '')}",
        )

    # The detail

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        self._show(self.entry)
        self.detail.scroll_home(animate=False)
        self.refresh_bindings()

    def _show(self, entry: Entry | None) -> None:
        detail = self.query_one(KeyValues)
        panel = self.query_one(ScrollPanel)
        if self.lab is not None:
            panel.set_title(self.lab.name)
            detail.show(self._lab_detail(self.lab))
            return
        if entry is None:
            panel.set_title("")
            detail.show(self._group_detail(self.rows.key))
            return
        panel.set_title(entry.name)
        detail.show(self._entry_detail(entry))
        self._ask_summary(entry)

    def _group_detail(self, key: str) -> list[tuple[str, Value]]:
        kind, _, rest = key.partition(" ")
        letter, _, section = rest.partition(" ")
        found = [
            entry
            for entry in self._listed()
            if entry.document == letter and (kind == "document" or entry.section == section)
        ]
        if not found:
            return [("", Content.styled("Nothing found. Escape shows all lessons.", "$muted"))]
        title = section or f"{letter}  {shipped.DOCUMENTS.get(letter, '')}"
        examples = Content("\n").join(
            Content.assemble((entry.id, "$muted"), "  ", entry.title) for entry in found
        )
        return [("", Content.styled(title, "bold")), ("", examples)]

    def _lab_detail(self, lab: Lab) -> list[tuple[str, Value]]:
        visit = isinstance(lab, Visit)
        opens = lab.leads if isinstance(lab, Visit) else "the lab"
        rows: list[tuple[str, Value]] = [
            ("", Content.styled(lab.title, "bold")),
            ("", lab.teaches),
            ("Published", lab.published),
            ("Source", lab.source),
            ("Trains", "nothing" if visit else "nothing; it computes while you look"),
            ("", Content.assemble(("Enter", "$primary"), f"  opens {opens}")),
        ]
        return rows

    def _entry_detail(self, entry: Entry) -> list[tuple[str, Value]]:
        lesson = entry.plain.get("lesson", {})
        mine = self.mine.get(entry.name, Mine())
        rows: list[tuple[str, Value]] = [("", Content.styled(entry.title, "bold"))]
        if teaches := str(lesson.get("teaches", "")).strip():
            rows.append(("", teaches))
        if published := entry.plain.get("published"):
            rows.append(("", functools.partial(lessons.figure_table, published, mine)))
        rows.append(("Yours", self._yours(mine)))
        rows.append(("Data", self.data.get(entry.dataset, Content(entry.dataset))))
        count = self.parameters.get(entry.name, "…")
        rows.append(
            (
                "Model",
                Content.assemble(
                    lessons.model_line(entry.plain.get("model", {})),
                    (f"\n{count} parameters", "$muted"),
                ),
            )
        )
        seconds = mine.last.info.seconds.get("fit") if mine.last and mine.last.info else None
        rows.append(("Trains", lessons.fit_line(entry, seconds)))
        if changed := lesson.get("changed"):
            rows.append(("Then and now", str(changed)))
        if variants := lesson.get("try"):
            rows.append(("Try next", self._variants(variants)))
        return rows

    def _yours(self, mine: Mine) -> Content:
        if mine.running:
            return Content.styled("● running now", "$run")
        if mine.last and mine.last.info:
            text = Content(words.moment(mine.last.info.ended))
            if len(mine.values) > 1:
                low, high = number(min(mine.values)), number(max(mine.values))
                text = Content.assemble(
                    (f"{len(mine.values)} runs, {low} – {high}  ", ""),
                    (words.sparkline(mine.values, 20), "$series-1"),
                    ("  the last ", "$muted"),
                    text,
                )
            return text
        if mine.substitute and mine.substitute.info:
            return Content.styled(
                f"≈ only on the substitute {mine.substitute.info.substitute}, "
                "which says nothing about the published figure",
                "$warn",
            )
        return Content.assemble("not run yet · ", ("r", "$primary"), " runs it")

    def _variants(self, variants: list[dict[str, object]]) -> Content:
        return Content("\n").join(
            Content.assemble((str(place), "$primary"), "  ", str(variant.get("name", "")))
            for place, variant in enumerate(variants[:9], 1)
        )

    @work(group="parameters", exclusive=True, exit_on_error=False)
    async def _ask_summary(self, entry: Entry) -> None:
        """Ask how many parameters the model has; the dots stay where nobody can tell."""
        if entry.name in self.parameters:
            return
        await asyncio.sleep(0.2)  # passing by with the arrow keys asks nothing
        with suppress(UserError):
            experiment = await asyncio.to_thread(shipped.experiment, entry.name)
            summary = await self.kerastui.summary(experiment)
            self.parameters[entry.name] = f"{summary['parameters']:,}"
            if entry is self.entry:
                self.query_one(KeyValues).show(self._entry_detail(entry))

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "enter":
            return self.rows.on_group or (self.narrow and not self.in_detail)
        if action == "lab":
            return self.lab is not None
        if action in ("run", "open", "code"):
            return self.lab is None and (self.entry is not None or None)
        if action == "try":
            variants = self.entry.plain.get("lesson", {}).get("try", []) if self.entry else []
            place = parameters[0] if parameters else 0
            return isinstance(place, int) and place <= len(variants)
        return super().check_action(action, parameters)

    def row_opened(self, key: str) -> None:
        if self.lab is not None:
            self.action_lab()
        else:
            self.action_run()

    def action_lab(self) -> None:
        """Open the lab under the cursor."""
        if isinstance(self.lab, Visit):
            self._go(self.lab)
        elif self.lab is not None:
            self.app.push_screen(self.lab.screen())

    @work(group="visit", exclusive=True, exit_on_error=False)
    async def _go(self, visit: Visit) -> None:
        try:
            await visit.go(self.kerastui)
        except UserError as error:
            self.kerastui.tell_error(error, visit.title)

    def action_run(self) -> None:
        """Run the example under the cursor."""
        self._start()

    def action_open(self) -> None:
        """Make the example the current experiment."""
        self._open()

    def action_try(self, place: int) -> None:
        """Run the example with one thing changed."""
        self._start(place)

    def action_code(self) -> None:
        """Show the example as a Python script."""
        self._show_code()

    async def _experiment(self) -> Experiment | None:
        if self.entry is None:
            return None
        try:
            return await asyncio.to_thread(shipped.experiment, self.entry.name)
        except UserError as error:
            self.kerastui.tell_error(error)
            return None

    @work(group="start", exclusive=True, exit_on_error=False)
    async def _start(self, place: int = 0) -> None:
        experiment = await self._experiment()
        if experiment is None:
            return
        variant = ""
        if place and experiment.lesson and place <= len(experiment.lesson.variants):
            chosen = experiment.lesson.variants[place - 1]
            variant = chosen.name
            try:
                experiment = await asyncio.to_thread(lessons.tried, experiment, chosen)
            except UserError as error:
                self.kerastui.tell_error(error, f"{variant} can't be run")
                return
        self.kerastui.set_current(experiment)
        self.kerastui.start_run(experiment, variant=variant)

    @work(group="open", exclusive=True, exit_on_error=False)
    async def _open(self) -> None:
        if experiment := await self._experiment():
            self.kerastui.set_current(experiment)
            self.kerastui.action_section("train")

    @work(group="code", exclusive=True, exit_on_error=False)
    async def _show_code(self) -> None:
        if experiment := await self._experiment():
            self.kerastui.show_code(experiment)

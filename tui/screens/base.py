"""What screens have in common: dialogs their end; sections header, footer, the experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.worker import Worker

from kerastui.tui import failures
from kerastui.tui.header_facts import header_state
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.header import HeaderLine
from kerastui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.tui.app import KerasTui
    from kerastui.tui.monitor import RunMonitor


Result = TypeVar("Result")


class AppScreen(Screen[Result]):
    """What all screens do about things that come when nobody waits for them any more."""

    @property
    def kerastui(self) -> KerasTui:
        """The app, with its type."""
        return cast("KerasTui", self.app)

    async def on_event(self, event: events.Event) -> None:
        # When the app ends while a screen is on its way, that comes without all it consists of.
        coming = isinstance(event, events.Mount | events.Resize | events.ScreenResume)
        if self.app.is_running or not coming:
            await super().on_event(event)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        failures.tell(self.kerastui, event)


class Dialog(ModalScreen[Result], AppScreen[Result]):  # style sheets know the first base only
    """A screen over another one, whose result somebody waits for."""

    def __init__(self) -> None:
        super().__init__()
        self._late: tuple[Result | None] | None = None  # the result, where it came too early

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave with a result; where another screen stands above, as soon as that is gone.

        Textual takes the uppermost screen away, whichever it is: a download that ends under the
        help would close the help, and an answer that comes after Escape the screen below.
        """
        if self.is_active:
            return super().dismiss(result)
        self._late = (result,)
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        if self._late is not None:
            self.dismiss(*self._late)


class SectionScreen(AppScreen[None]):
    """A section of the app. A subclass names itself and composes what stands between the lines.

    The two hooks `experiment_changed` and `run_changed` are called only while the screen is
    shown, and once when it comes to be shown again if something changed meanwhile.
    """

    SECTION: str = ""
    # Textual declares these two as instance variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._seen_experiment: object = self
        self._seen_run: object = (None, 0, None, None)

    def compose(self) -> ComposeResult:
        yield HeaderLine(self.SECTION)
        yield from self.compose_body()
        yield FooterLine()

    def compose_body(self) -> ComposeResult:
        """Yield what stands between header and footer."""
        yield from ()

    def experiment_changed(self, experiment: Experiment | None) -> None:
        """The current experiment is another one, or was edited."""

    def run_changed(self, monitor: RunMonitor | None) -> None:
        """There is news of the run that is shown (at most ten times a second), or another run
        is shown (`monitor.run` differs), or none, or another study (`kerastui.study`), or a
        model was opened (`kerastui.opened_model`)."""

    def on_mount(self) -> None:
        app = self.kerastui
        app.current_changed.subscribe(self, lambda _: self._catch_up())
        app.run_changed.subscribe(self, lambda _: self._catch_up())
        app.facts_changed.subscribe(self, lambda _: self._catch_up())
        self._catch_up()

    def on_screen_resume(self) -> None:
        self._catch_up()

    def _catch_up(self) -> None:
        if not self.is_current and self.app.screen_stack[0] is not self:
            return
        app = self.kerastui
        self.query_one(HeaderLine).show(header_state(app, self.SECTION))
        if app.current is not self._seen_experiment:
            self._seen_experiment = app.current
            self.experiment_changed(app.current)
            self.refresh_bindings()
        version = app.monitor.version if app.monitor else 0
        seen = (app.monitor, version, app.study, app.opened_model, app.opened_with)
        if seen != self._seen_run:
            self._seen_run = seen
            self.run_changed(app.monitor)

    def under_way(self, group: str) -> bool:
        """Say whether a worker of a group is at work: one that is begun again every second would
        never come to its end on a slow disk."""
        return any(
            worker.group == group and worker.node is self and not worker.is_finished
            for worker in self.workers
        )

    # Searching the list of the screen, where there is one

    @property
    def searching(self) -> bool:
        """Whether the list is filtered, or about to be."""
        return bool(self.query("SearchLine"))

    async def action_search(self) -> None:
        """Find in the list."""
        from kerastui.tui.widgets.search import SearchLine

        if found := self.query(SearchLine):
            found.first().focus()
            return
        rows = self.query_one(RowList)
        panel = rows.parent
        if isinstance(panel, Widget):
            await panel.mount(SearchLine(rows))  # the next key is its own
        self.refresh_bindings()

    def action_back(self) -> None:
        """End the search."""
        from kerastui.tui.widgets.search import SearchLine

        for line in self.query(SearchLine):
            line.close()
        self.call_after_refresh(self.refresh_bindings)

"""Checking examples and labs through the real app: as a user would, key by key, no terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.pilot import Pilot

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import Verdict
from kerastui.models.runs.store import ACTIVE, Run
from kerastui.tui import visits
from kerastui.tui.app import KerasTui
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result
from kerastui.tui.screens.dialogs import Tell
from kerastui.tui.screens.learn import LearnScreen
from kerastui.tui.visits import Visit

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.studies.store import StudyFolder
    from kerastui.tui.launcher import Launcher

SIZE = (120, 40)
FAST_EPOCHS = 3
FAST_STARTS = 2
"""Repeats that are left of a study when only the working of things is checked."""

SEEDS = 5
"""Over how many seeds an example is judged that misses a figure with its own: the bands speak of
the median, and a single start may be unlucky."""

SOON = 30.0
"""Seconds within which the app answers a key, also on a busy machine."""

COMPUTED = 120.0
"""Seconds within which a lab has its figures, the start of Keras' process included."""

_LOOK = 0.05


@dataclass(frozen=True)
class Checked:
    """What came out for one example or lab.

    Attributes:
        status: The state its run or study ended with; `no data` where its files are not here,
            `not shown` where the app did not get there.
        seconds: From the key that starts it to its end.
        verdicts: The published figures as the Learn screen shows them; none with `fast`.
        problem: What went wrong, in words.
        seeds: Over how many seeds the figures are the median.
        results: The figures of a lab as its screen shows them.
    """

    name: str
    status: str
    seconds: float = 0.0
    verdicts: tuple[Verdict, ...] = ()
    problem: str = ""
    seeds: int = 1
    results: tuple[Result, ...] = ()

    @property
    def skipped(self) -> bool:
        """Whether it could not be tried."""
        return self.status == "no data"

    @property
    def right(self) -> bool:
        """Whether it ran and no figure is outside what is right, or missing."""
        states = {verdict.state for verdict in self.verdicts}
        wrong = any(result.right is False for result in self.results)
        if self.status != "finished" or self.problem or wrong:
            return False
        return not states & {"outside", "missing"}


async def check(
    names: Sequence[str],
    *,
    fast: bool = False,
    seeds: int = 0,
    limit: float = 3600.0,
    workspace: Path | None = None,
    launcher: Launcher | None = None,
) -> AsyncIterator[Checked]:
    """Run examples and open labs in the app, one after the other; give what came out for each.

    Args:
        names: The examples and labs.
        fast: A few epochs, no figures: only whether everything works. Labs are fast enough.
        seeds: How often to repeat each with other seeds; 0: once, and where that misses a
            figure again with `SEEDS`.
        limit: Seconds that one example may take.
        workspace: Where the runs are kept.
        launcher: Starts the runs; None takes the real one.
    """
    app = KerasTui(workspace, None, launcher)
    labs = checkable_labs()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.pause()
        for name in names:
            if _ended(app):
                raise UserError(f"The check was ended before {name}.", "Its runs are kept.")
            try:
                if name in labs:
                    yield await _LabCheck(app, pilot, name, limit).open(labs[name])
                    continue
                found = await _Check(app, pilot, name, fast, seeds, limit).go()
                if not seeds and _unlucky(found):
                    more = await _Check(app, pilot, name, fast, SEEDS, limit).go()
                    found = replace(more, seconds=found.seconds + more.seconds)
                yield found
            except UserError as error:
                yield Checked(name, "not shown", problem=str(error))
            finally:
                await _close_dialogs(app, pilot)


def _ended(app: KerasTui) -> bool:
    """Say whether the app was told to end, for example by SIGTERM."""
    return app.return_code is not None


def checkable_labs() -> dict[str, Lab]:
    """Return what trains nothing and shows figures of a document, by name."""
    return {
        name: lab
        for name, lab in visits.every().items()
        if not isinstance(lab, Visit) or lab.compared
    }


class _OnScreen:
    """Something of the lessons on its way through the app."""

    def __init__(self, app: KerasTui, pilot: Pilot[None], name: str, limit: float) -> None:
        self._app = app
        self._pilot = pilot
        self._name = name
        self._limit = limit

    async def _choose(self) -> LearnScreen:
        """Go to the Learn screen and put the cursor on its line."""
        await self._pilot.press("L")
        await self._until(lambda: isinstance(self._app.screen, LearnScreen), "Learn", SOON)
        learn = self._app.screen
        assert isinstance(learn, LearnScreen)
        learn.rows.focus()
        learn.rows.move_to(self._name)
        await self._until(lambda: learn.rows.key == self._name, "its line", SOON)
        return learn

    async def _until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not condition():
            self._complain_of_dialogs()
            if _ended(self._app):
                raise UserError(f"The app ended before it showed {what}.")
            if time.monotonic() > until:
                raise UserError(f"The app did not show {what} within {seconds:g} s.")
            await self._pilot.pause(_LOOK)

    def _complain_of_dialogs(self) -> None:
        if isinstance(screen := self._app.screen, Tell):
            raise UserError(f"{screen.title_text}: {screen.text}", screen.hint)


class _LabCheck(_OnScreen):
    """A lab: opened, waited for, left again."""

    async def open(self, lab: Lab) -> Checked:
        if isinstance(lab, Visit) and not await asyncio.to_thread(_is_here, lab.dataset):
            return Checked(self._name, "no data", problem="Its data set is not here.")
        await self._choose()
        began = time.monotonic()
        await self._pilot.press("enter")
        await self._until(lambda: self._opened(lab), "the lab", SOON)
        screen = self._app.screen
        within = min(self._limit, COMPUTED)
        try:
            await self._until(lambda: bool(_results(screen)), "a figure", within)
        finally:
            await self._leave()
        seconds = time.monotonic() - began
        return Checked(self._name, "finished", seconds, results=_results(screen))

    async def _leave(self) -> None:
        """Go back to the lessons, which a lab covers; a section stands beside them."""
        for _ in range(3):  # the first may only leave a field of the lab
            if isinstance(self._app.screen, LabScreen):
                await self._pilot.press("escape")
                await self._pilot.pause(_LOOK)

    def _opened(self, lab: Lab) -> bool:
        if isinstance(lab, Visit):
            return self._app.current_mode != "learn"
        return isinstance(self._app.screen, LabScreen)


class _Check(_OnScreen):
    """One example."""

    def __init__(
        self, app: KerasTui, pilot: Pilot[None], name: str, fast: bool, seeds: int, limit: float
    ) -> None:
        super().__init__(app, pilot, name, limit)
        self._fast = fast
        self._seeds = seeds

    async def go(self) -> Checked:
        if not await asyncio.to_thread(_has_data, self._name):
            return Checked(self._name, "no data", problem="Its data set is not here.")
        learn = await self._choose()
        known = set(self._app.started_here)
        began = time.monotonic()
        if self._fast or self._seeds:
            await self._open_changed()
        await self._pilot.press("r")
        await self._until(lambda: bool(set(self._app.started_here) - known), "a run", SOON)
        (new,) = set(self._app.started_here) - known
        started = self._app.started_here[new]
        status = await self._end(started)
        seconds = time.monotonic() - began
        if status != "finished":
            return Checked(self._name, status, seconds, problem=await _reason(started))
        await self._until(lambda: self._shown(started), "the run on the Train screen", SOON)
        await self._pilot.press("L")
        runs = await asyncio.to_thread(_runs, started)
        await self._until(lambda: self._learnt(learn, runs), "its result on the Learn screen", SOON)
        verdicts = () if self._fast else learn.mine[self._name].verdicts
        return Checked(self._name, status, seconds, verdicts, seeds=max(1, self._seeds))

    async def _open_changed(self) -> None:
        """Open the example, change it as asked, and go where it can be run."""
        app, before = self._app, self._app.edits
        await self._pilot.press("o")
        await self._until(
            # It may have been open before; that it was opened again is to be seen, too.
            lambda: (
                app.edits is not before
                and app.current is not None
                and app.current.name == self._name
            ),
            "it opened",
            SOON,
        )
        assert app.current is not None
        changes = _changes(app.current, self._fast, self._seeds)
        app.set_current(await asyncio.to_thread(app.current.changed, changes))
        await self._pilot.press("T")
        await self._until(lambda: app.current_mode == "train", "the Train screen", SOON)
        await self._until(
            lambda: app.screen.check_action("run", ()) is True, "that it can be run", SOON
        )

    async def _end(self, started: Run | StudyFolder) -> str:
        """Wait for the end of a run or a study; returns its state."""
        until = time.monotonic() + self._limit
        while True:
            status = await asyncio.to_thread(_status, started)
            if status not in ACTIVE:
                return status
            self._complain_of_dialogs()
            if time.monotonic() > until:
                await asyncio.to_thread(_stop, started)
                raise UserError(f"It had not ended after {self._limit:g} s and was stopped.")
            await asyncio.sleep(2 * _LOOK)

    def _shown(self, started: Run | StudyFolder) -> bool:
        """Say whether the Train screen shows the run, or a member of the study, at its end."""
        monitor = self._app.monitor
        if monitor is None or not monitor.ready or monitor.active or monitor.info is None:
            return False
        return started.id in (monitor.run.id, monitor.info.study)

    def _learnt(self, learn: LearnScreen, runs: set[str]) -> bool:
        """Say whether the Learn screen knows what these runs reached."""
        mine = learn.mine.get(self._name)
        if self._app.screen is not learn or mine is None or mine.running:
            return False
        return any(record and record.run.id in runs for record in (mine.last, mine.substitute))


def _unlucky(found: Checked) -> bool:
    """Say whether more seeds could tell more: all went well, but a figure is outside."""
    states = {verdict.state for verdict in found.verdicts}
    return found.status == "finished" and "outside" in states and "missing" not in states


async def _close_dialogs(app: KerasTui, pilot: Pilot[None]) -> None:
    while isinstance(app.screen, Tell):
        await pilot.press("escape")


def _changes(experiment: Experiment, fast: bool, seeds: int) -> dict[str, object]:
    changes: dict[str, object] = {}
    if seeds and not (experiment.study and experiment.study.until):
        changes["study.repeats"] = seeds
    if fast:
        changes["fit.epochs"] = min(FAST_EPOCHS, experiment.fit.epochs)
        if experiment.study:
            changes["study.repeats"] = min(FAST_STARTS, experiment.study.repeats)
    return changes


def _has_data(name: str) -> bool:
    from kerastui.models import shipped

    return _is_here(shipped.entry(name).dataset)


def _is_here(dataset: str) -> bool:
    from kerastui.datasets.catalogue import card
    from kerastui.datasets.fetch import locate

    return locate(card(dataset)) is not None


def _results(screen: object) -> tuple[Result, ...]:
    """Return the figures that a lab, or the section a lesson leads to, has found so far."""
    found: tuple[Result, ...] = getattr(screen, "results", ())
    return found


def _status(started: Run | StudyFolder) -> str:
    return started.info().status


def _runs(started: Run | StudyFolder) -> set[str]:
    if isinstance(started, Run):
        return {started.id}
    return {member.run for member in started.info().members if member.run}


async def _reason(started: Run | StudyFolder) -> str:
    """Return why something did not finish, as its records say it."""
    with suppress(UserError):
        if isinstance(started, Run):
            error = (await asyncio.to_thread(started.info)).error or {}
            return str(error.get("message", ""))
        info = await asyncio.to_thread(started.info)
        if info.error:
            return info.error
        for member in info.members:
            run = started.run_of(member)
            if run is not None and member.state == "failed":
                return await _reason(run)
    return ""


def _stop(started: Run | StudyFolder) -> None:
    if isinstance(started, Run):
        started.command("stop")
    else:
        started.stop()

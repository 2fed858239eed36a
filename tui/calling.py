"""When the app calls the user: it watches the run that is shown, and those that it started."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import ACTIVE, Run
from kerastui.tui import notify
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.runs.history import History
    from kerastui.models.studies.store import StudyFolder
    from kerastui.tui.monitor import RunMonitor
    from kerastui.tui.starting import RunsApp

LOOK_EVERY = 2.0
"""Seconds between two looks at a run that is not shown, and between two at overfitting."""


@dataclass
class _Seen:
    """What is known of a run already, so that nobody is called for it again."""

    active: bool
    nan: bool
    expected: bool = False
    overfits: bool = False
    judged_epoch: int = 0
    judged_at: float = 0.0


class Caller:
    """Calls for one app.

    Args:
        app: The app.

    Attributes:
        calls: What was called for in this session.
    """

    def __init__(self, app: RunsApp) -> None:
        self.calls: list[notify.Call] = []
        self._app = app
        self._seen: dict[str, _Seen] = {}

    def expect_end(self, run: Run) -> None:
        """The user ends a run himself: nobody needs to be called for that."""
        if seen := self._seen.get(run.id):
            seen.expected = True

    def news(self, monitor: RunMonitor) -> None:
        """Look at the run that is shown; what takes longer is left to a worker."""
        info, history, run = monitor.info, monitor.history, monitor.run
        if not monitor.ready or info is None or info.study:
            return
        nan = history.broke
        seen = self._seen.get(run.id)
        if seen is None:
            # What happened before one came is on the screen, but a run of this session may be over
            # before there was time for a look.
            here = run.id in self._app.started_here
            seen = self._seen[run.id] = _Seen(here or monitor.active, nan and not here)
            seen.judged_epoch = history.epoch
        if monitor.active:
            if not seen.active:  # it was taken up again
                self._seen[run.id] = _Seen(active=True, nan=nan, judged_epoch=history.epoch)
            elif not seen.overfits:
                self._judge_soon(run, history, seen)
            return
        if not seen.active:
            return
        seen.active = False
        if nan and not seen.nan:
            seen.nan = True
            self._work(self._tell("nan", run))
        elif not seen.expected and not monitor.killed:
            bad = monitor.status in ("failed", "lost")
            self._work(self._tell("failed" if bad else "ended", run))

    async def follow(self, started: Run | StudyFolder) -> None:
        """Wait for the end of what was started here, as far as it is not the run that is shown."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                status = await asyncio.to_thread(lambda: started.info().status)
            except UserError:  # removed meanwhile
                return
            if status in ACTIVE:
                continue
            if isinstance(started, Run):
                seen = self._seen.get(started.id)
                if self._app.shown_run is None or self._app.shown_run.id != started.id:
                    if seen is None or (seen.active and not seen.expected):
                        bad = status in ("failed", "lost")
                        await self._tell("failed" if bad else "ended", started)
                    if seen is not None:
                        seen.active = False
            else:
                await self._tell_study(started)
            return

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        self._app.run_worker(work, group="calling", exit_on_error=False)

    def _judge_soon(self, run: Run, history: History, seen: _Seen) -> None:
        """Look whether a run has begun to overfit: after a while, and when it has got further."""
        now = time.monotonic()
        if now - seen.judged_at < LOOK_EVERY or history.epoch < seen.judged_epoch * 1.05:
            return
        seen.judged_at, seen.judged_epoch = now, history.epoch
        if "val_loss" not in history.series:
            return
        series = {name: array("d", history.series.get(name, ())) for name in ("loss", "val_loss")}
        self._work(self._judge(run, series, seen))

    async def _judge(self, run: Run, series: dict[str, array[float]], seen: _Seen) -> None:
        if await asyncio.to_thread(_overfits, series) and not seen.overfits:
            seen.overfits = True
            await self._tell("overfit", run)

    async def _tell(self, event: str, run: Run) -> None:
        wishes = await asyncio.to_thread(notify.Wishes.load)
        if event not in wishes.when:
            return
        try:
            call, moment = await asyncio.to_thread(notify.in_words, event, run)
        except UserError:  # removed meanwhile
            return
        if event == "ended" and await asyncio.to_thread(notify.short, run):
            return
        shown = self._app.current_mode == "train" and self._app.shown_run is not None
        if not (shown and self._app.shown_run and self._app.shown_run.id == run.id):
            say(self._app, call.title, "warning" if event in ("failed", "nan") else "information")
        await self._call(call, wishes, run, moment)

    async def _tell_study(self, study: StudyFolder) -> None:
        wishes = await asyncio.to_thread(notify.Wishes.load)
        if "ended" not in wishes.when:
            return
        info = await asyncio.to_thread(study.info)
        states = [member.state for member in info.members]
        counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        title = f"study {info.name} {info.status}: {counts}"
        text = f"The study {info.name} of {len(states)} runs is over: {counts}."
        call = notify.Call("ended", study.id, title, text)
        await self._call(call, wishes, study, info.created)

    async def _call(
        self, call: notify.Call, wishes: notify.Wishes, run: Run | StudyFolder, moment: float
    ) -> None:
        folder = run.path
        self.calls.append(call)
        if self._app.is_headless:
            return
        self._app.link.send(notify.sequences(call, wishes))
        if not wishes.command:
            return
        mine = await asyncio.to_thread(notify.claim, folder, call, moment)
        try:
            if mine:
                await asyncio.to_thread(notify.run_command, call, wishes.command)
        except UserError as error:
            self._app.tell_error(error)


def _overfits(series: dict[str, array[float]]) -> bool:
    from kerastui.models.adviser import overfit
    from kerastui.models.runs.history import History

    return overfit.since(History(series=series)) is not None

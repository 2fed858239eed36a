"""The commands to a worker: pause, continue, stop and keep, kill, other rate, other epochs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import work

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import ACTIVE, Run
from kerastui.tui.screens.train import charts
from kerastui.tui.screens.train.view import ChartScreen
from kerastui.tui.widgets.run_progress import elsewhere
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.runs.history import History

ASKED = {
    "pause": "pausing after this batch …",
    "continue": "going on …",
    "stop": "stopping after this batch, the model is kept …",
    "kill": "ending the worker …",
    "set_learning_rate": "the learning rate changes after this batch …",
    "set_epochs": "the number of epochs changes after this batch …",
}

ELSEWHERE = "asked from another terminal: "


@dataclass(frozen=True)
class Target:
    """The run that the keys act on."""

    run: Run
    status: str
    history: History

    @property
    def active(self) -> bool:
        """Whether it goes on, or should."""
        return self.status in ACTIVE


class CommandScreen(ChartScreen):
    """A section whose keys act on the run that is shown, or on the member under the cursor."""

    @property
    def target(self) -> Target | None:
        """The run that the keys act on, None where there is none."""
        if self.shows_study:
            row, study = self.study_view.selected, self._study
            history = study.history(row.run) if row and study else None
            if row is None or study is None or history is None:
                return None
            run = Run(study.folder.workspace.runs_folder / row.run)
            return Target(run, row.state, history)
        monitor = self.monitor
        return Target(monitor.run, monitor.status, monitor.history) if monitor else None

    @property
    def asked(self) -> str:
        """What was asked for and has not happened yet, in words; empty where that is nothing."""
        if self.monitor is None or (asked := self.monitor.asked) is None:
            return ""
        text = ASKED.get(asked.command, f"{asked.command} …")
        return f"{ELSEWHERE}{text}" if asked.elsewhere else text

    def action_pause(self) -> None:
        self._command("pause")

    def action_continue(self) -> None:
        self._command("continue")

    def action_stop(self) -> None:
        if target := self.target:
            self.kerastui.caller.expect_end(target.run)
        self._command("stop")

    @work(group="kill", exclusive=True, exit_on_error=False)
    async def action_kill(self) -> None:
        """End the worker at once, one of another host after its batch; asks before."""
        from kerastui.tui.screens.dialogs import confirm

        target = self.target
        if target is None:
            return
        saved = target.history.checkpoint_epoch
        remains = (
            f"The checkpoint of epoch {saved:,} remains, and every figure up to now; a goes on "
            "from there."
            if saved
            else "No checkpoint was written yet: only the figures up to now remain."
        )
        with self.kerastui.hold_keys():
            host = await asyncio.to_thread(_elsewhere, target.run)
        how = (
            f"The worker is on {host}: it is asked to end, which it does after its batch."
            if host
            else "The worker is ended at once, in the middle of what it does."
        )
        text = f"{how} {remains} Stop & keep (s) ends after this batch and saves the model."
        answer = await self.app.push_screen_wait(confirm("kill", text, "Kill it", no="Let it run"))
        if answer != "y":
            return
        self.kerastui.caller.expect_end(target.run)
        try:
            await asyncio.to_thread(target.run.kill)
        except UserError as error:
            self.kerastui.tell_error(error)
        except OSError as error:
            self.kerastui.tell_error(UserError(f"The worker can't be ended: {error}."))
        else:
            self._show_asked("kill")

    @work(group="rate", exclusive=True, exit_on_error=False)
    async def action_rate(self) -> None:
        """Ask for another learning rate and send it."""
        from kerastui.tui.screens.train.dialogs import AskRate

        target = self.target
        if target is None:
            return
        known = target.history.last(charts.RATE)
        rate = await self.app.push_screen_wait(AskRate(known if known == known else None))
        if rate is not None:
            self._command("set_learning_rate", target, value=rate)

    @work(group="more", exclusive=True, exit_on_error=False)
    async def action_more(self) -> None:
        """Ask for another number of epochs and send it."""
        from kerastui.tui.screens.train.dialogs import AskEpochs

        target = self.target
        if target is None:
            return
        history = target.history
        epochs = await self.app.push_screen_wait(AskEpochs(lambda: history.epoch, history.epochs))
        if epochs is not None:
            self._command("set_epochs", target, value=epochs)

    @work(group="resume", exclusive=True, exit_on_error=False)
    async def action_resume(self) -> None:
        """Have the run that has ended go on."""
        from kerastui.tui.resuming import ask_and_resume

        if target := self.target:
            await ask_and_resume(self.kerastui, target.run)

    def _command(self, command: str, target: Target | None = None, **arguments: float) -> None:
        target, monitor = target or self.target, self.monitor
        if target is None:
            return
        mine = monitor is not None and monitor.run.path == target.run.path
        if monitor is not None and mine and not monitor.active:
            say(self.app, "The run has ended meanwhile; a goes on with it.", "warning")
            return
        try:
            if monitor is not None and mine:
                monitor.command(command, **arguments)
            else:
                target.run.command(command, **arguments)
        except UserError as error:
            self.kerastui.tell_error(error)
        else:
            self._show_asked(command)

    def _show_asked(self, command: str) -> None:
        """Say at once what was asked for; it happens when the worker looks."""
        if self.shows_study:
            say(self.app, ASKED[command])
            return
        if command == "kill" and self.monitor is not None:
            self.monitor.expect("kill")
        self.draw()


def _elsewhere(run: Run) -> str:
    """Return the host of a worker that can't be ended from here, else nothing."""
    try:
        return elsewhere(run.info())
    except UserError:  # removed meanwhile, which the command will say
        return ""

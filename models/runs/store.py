"""Runs on disk: a workspace of run directories. The directory is the truth, every view reads it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.runs import heartbeat
from kerastui.models.runs.events import EventReader
from kerastui.models.runs.folder import ACTIVE as ACTIVE
from kerastui.models.runs.folder import Folder, here, worker_lives
from kerastui.models.runs.history import History

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

_MOST = 4 * 2**20
"""Bytes of commands that are taken in at once."""

COMMANDS = frozenset({"stop", "pause", "continue", "kill", "set_learning_rate", "set_epochs"})


@dataclass
class RunInfo:
    """What `run.json` says. Times are unix seconds; `figures` are the obtained figures by path."""

    id: str
    name: str
    title: str = ""
    status: str = "queued"
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    pid: int | None = None
    pid_started: float | None = None
    host: str = ""
    fingerprint: str = ""
    seed: int = 0
    epochs: int = 0
    epoch: int = 0
    best: dict[str, list[float]] = field(default_factory=dict)
    """Metric -> [best value, epoch]."""
    figures: dict[str, float | str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    execution: str = ""
    why: str = ""
    """Why this execution path was chosen, in words."""
    device: str = ""
    backend: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    """Where the data came from (`kerastui.datasets.load.Source`), the named substitute too."""
    parameters: int | None = None
    study: str = ""
    """Identifier shared by the runs of one study."""
    variant: str = ""
    error: dict[str, str] | None = None
    queued: float = 0.0
    """When it was last asked to go on (`kerastui.models.training.resume`)."""
    resumed: list[dict[str, Any]] = field(default_factory=list)
    """How often it was taken up again: `t`, `status` before, and `more`, whether more or other
    training was asked for than there was."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    """What was changed on the way: `t`, `epoch`, `path` of the field, `old`, `new`."""
    commands_from: int = 0
    """Bytes of `commands.jsonl` that were meant for earlier workers."""
    environment: dict[str, str] = field(default_factory=dict)
    """Settings of the process that can decide the last bit, such as the number of threads."""
    silent: float = 0.0
    """Seconds without a sign of life from the worker, 0 while there are some; never stored."""

    @property
    def state(self) -> str:
        """The status as it is shown: `silent` where an active run gives no sign of life."""
        return "silent" if self.silent and self.status in ACTIVE else self.status

    @property
    def substitute(self) -> str:
        """The dataset that stood in for the named one, empty if none did."""
        return str(self.data.get("substitute") or "")


_FIELDS = {entry.name for entry in fields(RunInfo)}


class Run(Folder[RunInfo]):
    """One run directory. Reading never changes it; only the worker writes `run.json` and events."""

    record = "run.json"
    kind = "run"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint"

    @property
    def model(self) -> Path:
        return self.path / "model.keras"

    def info(self) -> RunInfo:
        """Return what `run.json` says, brought up to date: `lost` where the worker is gone, and
        `silent` where it gives no sign of life.

        Raises:
            UserError: The directory holds no readable `run.json`.
        """
        info = super().info()
        if info.status in ACTIVE and info.pid is not None:
            info.silent = heartbeat.silence(self.path)
            if info.silent > heartbeat.LOST_AFTER and info.host != here():
                info.status = "lost"
        return info

    def _parse(self, plain: Any) -> RunInfo:
        known = {key: value for key, value in plain.items() if key in _FIELDS}
        return RunInfo(**known | {"silent": 0.0})

    def history(self) -> History:
        """Return the whole history from the event log."""
        history = History()
        reader = EventReader(self.events)
        while events := reader.read():
            history.apply_all(events)
        return history

    def command(self, command: str, **arguments: Any) -> None:
        """Ask the worker for something; it looks between batches.

        Args:
            command: `stop` and keep, `pause`, `continue`, `kill`, `set_learning_rate` or
                `set_epochs` (the number of epochs in all, more or fewer).
            arguments: `value` of the last two.

        Raises:
            UserError: The command is not known or can't be written.
        """
        if command not in COMMANDS:
            raise UserError(
                f"{command!r} is no command of a run.", f"Commands: {', '.join(sorted(COMMANDS))}."
            )
        self._send(command, **arguments)

    def kill(self) -> bool:
        """End the worker at once (SIGKILL to its process group); the last checkpoint remains.

        A worker on another host is asked to end itself, which it does after its batch.

        Returns:
            Whether the worker was ended, False where it was only asked to.

        Raises:
            UserError: The command for another host can't be written.
        """
        info = self.info()
        if info.host and info.host != here():
            self.command("kill")
            return False
        with contextlib.suppress(UserError):  # a full disk keeps no worker alive
            self.command("kill")
        if info.pid and worker_lives(info):
            os.killpg(os.getpgid(info.pid), 9)
        return True

    def kill_asked(self) -> bool:
        """Say whether somebody asked to kill its worker."""
        try:
            since = self.stored().commands_from
        except UserError:
            since = 0
        return any(entry["event"] == "kill" for entry in CommandReader(self.commands, since).read())

    def remove(self) -> None:
        """Delete the directory; raises `UserError` while a worker is at it, or where it stays."""
        try:
            active = self.info().status in ACTIVE
        except UserError:  # damaged: a worker would have written it anew
            active = False
        if active:
            raise UserError(f"{self.id} is still running.", "Stop it first.")
        try:
            shutil.rmtree(self.path)
        except OSError as error:
            if self.path.exists():  # else somebody else was faster
                raise UserError(
                    f"{self.path} can't be removed: {error.strerror}.",
                    "Check that the workspace can be written.",
                ) from None


class Workspace:
    """A folder with `runs/`, `models/`, `experiments/` and `data/`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def default(cls, chosen: Path | None = None) -> Workspace:
        """Return the workspace: `chosen`, else `KERASTUI_HOME`, else `./saved`."""
        home = os.environ.get("KERASTUI_HOME")
        return cls((chosen or Path(home or "saved")).expanduser().absolute())

    @property
    def runs_folder(self) -> Path:
        return self.root / "runs"

    def create(self, experiment: Experiment, *, study: str = "", variant: str = "") -> Run:
        """Make the directory of a new run, queued.

        Raises:
            UserError: The workspace can't be written.
        """
        from kerastui.models.experiment.toml import save

        now = time.time()
        stamp = datetime.fromtimestamp(now).strftime("%Y%m%d-%H%M%S")
        slug = re.sub(r"[^a-z0-9-]+", "-", experiment.name.lower()).strip("-") or "run"
        run = self._make(f"{stamp}-{slug}", now)
        save(experiment, run.path / "experiment.toml")
        run.write_info(
            RunInfo(
                id=run.id,
                name=experiment.name,
                title=experiment.title,
                created=now,
                fingerprint=experiment.fingerprint(),
                seed=experiment.seed,
                epochs=experiment.fit.epochs,
                backend=experiment.backend,
                study=study,
                variant=variant,
            )
        )
        return run

    def _make(self, prefix: str, now: float) -> Run:
        """Make the directory of a run; four hex digits count on within the second, so that the
        names of runs of one experiment sort by age."""
        digits = int(now % 1 * 0x10000)
        for _ in range(100):
            run = Run(self.runs_folder / f"{prefix}-{digits:04x}")
            try:
                run.path.mkdir(parents=True)
            except FileExistsError:
                digits = (digits + 1) % 0x10000
            except OSError as error:
                raise self._unwritable(error) from None
            else:
                return run
        raise self._unwritable(FileExistsError(17, "too many runs in one moment"))

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(
            f"No run can be saved in {self.runs_folder}: {error.strerror}.",
            "Choose another workspace with --workspace DIR or KERASTUI_HOME.",
        )

    def runs(self) -> list[Run]:
        """Return all runs, the newest first; only names are read."""
        try:
            names = [
                entry.name
                for entry in os.scandir(self.runs_folder)
                if entry.is_dir() and not entry.name.startswith(".")
            ]
        except OSError:
            return []
        return [Run(self.runs_folder / name) for name in sorted(names, reverse=True)]

    def infos(self) -> list[tuple[Run, RunInfo]]:
        """Return all runs that can be read with what they say, the newest first.

        About 0.1 ms a run; meant for a thread.
        """
        found = []
        for run in self.runs():
            with contextlib.suppress(UserError):
                found.append((run, run.info()))
        return found

    def damaged(self, readable: Collection[str]) -> list[Run]:
        """Return the runs whose record is there but can't be read, the newest first.

        Args:
            readable: Ids of the runs that can be, as `infos` found them.
        """
        return [
            run
            for run in self.runs()
            if run.id not in readable and (run.path / run.record).exists()
        ]

    def find(self, text: str) -> Run:
        """Return the run whose id is, begins with or ends with `text`; `last` is the newest.

        Raises:
            UserError: None fits, or several do.
        """
        runs = self.runs()
        if text == "last" and runs:
            return runs[0]
        fitting = [run for run in runs if run.id == text]
        fitting = fitting or [run for run in runs if run.id.startswith(text)]
        fitting = fitting or [run for run in runs if run.id.endswith(text)]
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            raise UserError(f"No run {text!r} in {self.runs_folder}.", "See: kerastui runs list")
        raise UserError(
            f"{text!r} fits {len(fitting)} runs: {', '.join(run.id for run in fitting[:5])}"
            f"{' …' if len(fitting) > 5 else '.'}",
            "Give more of the id.",
        )


class CommandReader:
    """The worker's side of `commands.jsonl`: what came since the last look.

    Args:
        path: The file; it need not exist yet.
        start: Where to begin, in bytes: what was asked of an earlier worker is not for this one.
    """

    def __init__(self, path: Path, start: int = 0) -> None:
        self._reader = EventReader(path, start)

    def read(self) -> list[Mapping[str, Any]]:
        """Return new commands in order; each has `event` (the command) and its arguments."""
        return [entry for entry in self._reader.read(_MOST) if entry["event"] in COMMANDS]

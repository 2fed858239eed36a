"""Studies on disk: which members there are, which run each of them is, and how far it all is.

`WORKSPACE/studies/ID/` holds `experiment.toml` (with the study), `study.json` (written by the
runner alone), `commands.jsonl` and `console.log`. The members' runs are ordinary ones in
`WORKSPACE/runs/`, each with the study's id and its variant.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.files import end_cut_line
from kerastui.models.runs.events import EventReader
from kerastui.models.runs.folder import ACTIVE, Folder
from kerastui.models.runs.store import Run, RunInfo, Workspace

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.figures import Value

WAITING, SKIPPED = "waiting", "skipped"
"""States of a member without a run: still to come, and not needed any more."""


@dataclass
class MemberInfo:
    """One member: `state` is its run's, or `waiting` or `skipped` where it has none."""

    variant: str
    seed: int
    run: str = ""
    state: str = WAITING

    @property
    def active(self) -> bool:
        """Whether its run goes on."""
        return self.state in ACTIVE

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state != WAITING and not self.active


@dataclass
class StudyInfo:
    """What `study.json` says.

    `status`: queued, running, finished, stopped, failed (no member finished, or the runner could
    not go on), lost (its runner is gone; members may go on).
    """

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
    jobs: int = 0
    """Runs at a time that were asked for; 0: as many as cores, GPUs and memory allow."""
    slots: int = 0
    """Runs at a time that there are places for."""
    members: list[MemberInfo] = field(default_factory=list)
    run: str = ""
    """The run that stands for the study: the base's first, or the one that it repeated for."""
    figures: dict[str, dict[str, Value]] = field(default_factory=dict)
    """Variant -> the figures that the published ones are held against, of the members that have
    finished so far (`kerastui.models.studies.members.gathered`)."""
    error: str = ""
    queued: float = 0.0
    """When it was last asked to go on."""
    commands_from: int = 0
    """Bytes of `commands.jsonl` that were meant for earlier runners."""


_FIELDS = {entry.name for entry in fields(StudyInfo)}
_MEMBER_FIELDS = {entry.name for entry in fields(MemberInfo)}


class StudyFolder(Folder[StudyInfo]):
    """One study's directory. Reading never changes it; only the runner writes `study.json`."""

    record = "study.json"
    kind = "study"

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.path.parent.parent)

    def _parse(self, plain: Any) -> StudyInfo:
        members = [
            MemberInfo(**{key: value for key, value in member.items() if key in _MEMBER_FIELDS})
            for member in plain.pop("members", [])
        ]
        known = {key: value for key, value in plain.items() if key in _FIELDS}
        return StudyInfo(**known, members=members)

    def run_of(self, member: MemberInfo) -> Run | None:
        """Return the run of a member, None where it has none yet."""
        return Run(self.workspace.runs_folder / member.run) if member.run else None

    def stop(self) -> None:
        """Ask the runner to stop: no member starts any more, the running ones keep their models.

        Raises:
            UserError: The command can't be written.
        """
        self._send("stop")


class StudyCommands:
    """The runner's side of `commands.jsonl`."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self._reader = EventReader(path, start)

    def stop_asked(self) -> bool:
        """Say whether a stop came since the last look."""
        return any(entry["event"] == "stop" for entry in self._reader.read())


def create(workspace: Workspace, experiment: Experiment, *, jobs: int = 0) -> StudyFolder:
    """Make the directory of a new study, queued; whoever runs it makes the members' runs.

    Args:
        workspace: Where it and its runs are kept.
        experiment: With a study.
        jobs: Runs at a time; 0: as many as cores, GPUs and memory allow.

    Raises:
        UserError: The members can't be made, or the workspace can't be written.
    """
    from kerastui.models.experiment.toml import save
    from kerastui.models.studies import members as studies

    members = [
        MemberInfo(member.variant, member.experiment.seed) for member in studies.members(experiment)
    ]
    now = time.time()
    stamp = datetime.fromtimestamp(now).strftime("%Y%m%d-%H%M%S")
    folder = StudyFolder(
        workspace.root / "studies" / f"{stamp}-{experiment.name.lower()}-{os.urandom(2).hex()}"
    )
    try:
        folder.path.mkdir(parents=True)
    except OSError as error:
        raise UserError(
            f"No study can be saved in {folder.path.parent}: {error.strerror}.",
            "Choose another workspace with --workspace DIR or KERASTUI_HOME.",
        ) from None
    save(experiment, folder.path / "experiment.toml")
    folder.write_info(
        StudyInfo(
            folder.id, experiment.name, experiment.title, created=now, jobs=jobs, members=members
        )
    )
    return folder


def resume(folder: StudyFolder) -> StudyFolder:
    """Have a study go on: members that were interrupted or left out train to their end.

    The caller starts a runner afterwards, as for a new study.

    Raises:
        UserError: It goes on already, or it has finished.
    """
    info = folder.info()
    members = [member for member in info.members if member.state != "finished"]
    if info.status in ACTIVE or any(member.active for member in members):
        raise UserError(f"{folder.id} can't be taken up again: it is {info.status}.", "")
    if info.status == "finished" or not members:
        raise UserError(f"{folder.id} has finished.", "Start a new study.")
    for member in members:
        member.state = WAITING
    info.status, info.pid, info.pid_started, info.ended = "queued", None, None, None
    info.error, info.queued = "", time.time()
    info.commands_from = end_cut_line(folder.commands)
    folder.forget_start()
    folder.write_info(info)
    return folder


def folders(workspace: Workspace) -> list[StudyFolder]:
    """Return all studies of a workspace, the newest first; only names are read."""
    root = workspace.root / "studies"
    try:
        names = [entry.name for entry in os.scandir(root) if entry.is_dir()]
    except OSError:
        return []
    return [StudyFolder(root / name) for name in sorted(names, reverse=True)]


def find(workspace: Workspace, text: str) -> StudyFolder | None:
    """Return the one study whose id is, begins with or ends with `text`; None if none or several
    do."""
    known = folders(workspace)
    for fits in (str.__eq__, str.startswith, str.endswith):
        if fitting := [folder for folder in known if fits(folder.id, text)]:
            return fitting[0] if len(fitting) == 1 else None
    return None


def of_run(run: Run, info: RunInfo) -> StudyFolder | None:
    """Return the study that a run belongs to, None where it belongs to none or that is gone."""
    if not info.study:
        return None
    folder = StudyFolder(run.path.parent.parent / "studies" / info.study)
    return folder if (folder.path / "study.json").is_file() else None

"""`kerastui doctor`: versions, machine, what TensorFlow sees, and what to do about it."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from kerastui.models.machine import environment as surroundings
from kerastui.models.machine import probe
from kerastui.models.machine.cures import Finding, System, pip, this_system
from kerastui.models.machine.diagnosis import Facts, diagnose_gpu, gib, reason
from kerastui.models.machine.doctor_text import as_text, lines
from kerastui.models.machine.environment import BackendChoice, Folder, Package, Terminal
from kerastui.models.machine.gpu import PciCard, kernel_module_version, nvidia_cards
from kerastui.models.machine.hardware import Memory, Monitor, Snapshot
from kerastui.models.machine.probe import WorkerReport
from kerastui.models.runs.store import Workspace

__all__ = ["Report", "as_text", "examine", "lines"]

# An import of TensorFlow takes about 0.6 GiB; a little data and a model come on top.
_ENOUGH_MEMORY = 2**30
_ENOUGH_DISK = 2**30


@dataclass(frozen=True)
class Report:
    """Everything the doctor found; `diagnosis` says what it means."""

    packages: tuple[Package, ...]
    backends: tuple[str, ...]
    backend_choice: BackendChoice | None
    snapshot: Snapshot
    cards: tuple[PciCard, ...]
    kernel_module: str | None
    system: System
    cuda_visible_devices: str | None
    worker: WorkerReport
    folders: tuple[Folder, ...]
    terminal: Terminal
    diagnosis: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing was found that should be mended."""
        return all(finding.level != "problem" for finding in self.diagnosis)

    def to_json(self) -> str:
        """Return the report as one JSON object."""
        return json.dumps(asdict(self) | {"healthy": self.healthy}, default=str, indent=2)


def examine(
    worker_report: WorkerReport | None = None,
    *,
    workspace: Path | None = None,
    monitor: Monitor | None = None,
) -> Report:
    """Look at everything. Takes the time TensorFlow needs to be imported, about 4 seconds.

    Args:
        worker_report: What a worker saw; None starts a process that finds out.
        workspace: The workspace chosen on the command line.
        monitor: Reads the machine; None makes one.
    """
    variables = dict(os.environ)
    if monitor is None:
        monitor = Monitor()
        time.sleep(0.25)  # the load of the CPU is measured between two moments
    snapshot = monitor.snapshot()
    cards, module = nvidia_cards(), kernel_module_version()
    system = this_system(variables)
    packages = surroundings.packages()
    worker = worker_report or probe.ask()
    folders = surroundings.folders(Workspace.default(workspace).root)
    terminal = surroundings.terminal(variables)
    choice = surroundings.backend_choice(variables)
    backends = surroundings.backends()
    tensorflows = surroundings.installed_tensorflows()
    tensorflow = next(package for package in packages if package.name == "tensorflow")
    facts = Facts(
        snapshot=snapshot,
        worker=worker,
        cards=cards,
        module=module,
        tensorflow=(tensorflow.distribution, tensorflow.version) if tensorflow.version else None,
        environment=variables,
        system=system,
    )
    diagnosis = [
        *diagnose_gpu(facts),
        *_installation(tensorflows, tensorflow.version),
        *(_backend(choice, backends) or _keras(worker)),
        *_memory(snapshot.memory),
        *_folders(folders),
        *_terminal(terminal),
    ]
    return Report(
        packages=packages,
        backends=backends,
        backend_choice=choice,
        snapshot=snapshot,
        cards=cards,
        kernel_module=module,
        system=system,
        cuda_visible_devices=variables.get("CUDA_VISIBLE_DEVICES"),
        worker=worker,
        folders=folders,
        terminal=terminal,
        diagnosis=tuple(diagnosis),
    )


def _installation(tensorflows: tuple[str, ...], version: str | None) -> Iterator[Finding]:
    if len(tensorflows) > 1:
        both = " and ".join(tensorflows)
        again = f'"{tensorflows[0]}=={version}"'
        yield Finding(
            "problem",
            f"{both} are both installed and overwrite each other's files. Keep one:",
            f"{pip('uninstall -y ' + ' '.join(tensorflows))} && {pip('install ' + again)}",
        )


def _keras(worker: WorkerReport) -> list[Finding]:
    if not worker.tensorflow:
        return []  # said already, as the reason why no GPU is used
    if not worker.keras:
        why = reason(worker.errors.get("keras", ""))
        return [Finding("problem", f"Keras cannot be imported: {why}")]
    versions = f"TensorFlow {worker.tensorflow} and Keras {worker.keras}"
    return [Finding("ok", f"{versions} start without errors.")]


def _backend(choice: BackendChoice | None, installed: tuple[str, ...]) -> list[Finding]:
    if choice is None or choice.name in installed:
        return []
    cure = "unset KERAS_BACKEND"
    if choice.source != "KERAS_BACKEND":
        cure = "export KERAS_BACKEND=tensorflow"  # stands above the file
    if choice.name in surroundings.BACKENDS:
        wrong = f"which is not installed. Installed: {', '.join(installed) or 'none'}"
    else:
        known = ", ".join(surroundings.BACKENDS)
        wrong = f"which kerastui does not know. It knows {known}"
    sentence = f'{choice.source} chooses the Keras backend "{choice.name}", {wrong}.'
    return [Finding("problem", sentence, cure)]


def _memory(memory: Memory) -> Iterator[Finding]:
    if memory.available < _ENOUGH_MEMORY:
        yield Finding(
            "problem",
            f"Only {gib(memory.available)} of memory is free. TensorFlow alone takes about "
            "0.6 GiB; close other programs first. The largest:",
            "ps -eo rss,pid,args --sort=-rss | head",
        )


def _folders(folders: tuple[Folder, ...]) -> Iterator[Finding]:
    usable = [str(each.path) for each in folders if each.role == "data" and not each.problem]
    for folder in folders:
        if folder.problem and folder.role == "data":
            cure = "unset KERASTUI_DATA"
            if usable:
                cure = f"export KERASTUI_DATA={shlex.quote(os.pathsep.join(usable))}"
            yield Finding(
                "problem",
                f"KERASTUI_DATA names {folder.path}, but {folder.problem}, so no data is found "
                "there. Correct the name, or leave it out:",
                cure,
            )
        elif folder.problem:
            variable = {"workspace": "KERASTUI_HOME", "cache": "KERASTUI_CACHE"}[folder.role]
            yield Finding(
                "problem",
                f"The {folder.role} {folder.path} cannot be used: {folder.problem}. "
                "Choose another:",
                f"export {variable}=~/kerastui-{folder.role}",
            )
        elif folder.free is not None and folder.free < _ENOUGH_DISK:
            yield Finding(
                "problem",
                f"The disk of the {folder.role} {folder.path} is nearly full: "
                f"{gib(folder.free)} free.",
                f"df -h {folder.path if folder.exists else '.'}",
            )


def _terminal(terminal: Terminal) -> Iterator[Finding]:
    if not terminal.utf8:
        yield Finding(
            "problem",
            f"The terminal's text encoding is {terminal.encoding}; lines and charts need UTF-8.",
            "export LC_ALL=C.UTF-8",
        )
    if terminal.columns is None or terminal.rows is None:
        yield Finding(
            "note",
            "This is not a terminal; `kerastui run` works here, the app needs a terminal.",
        )
        return
    if terminal.term in ("", "dumb", "unknown"):
        yield Finding(
            "problem",
            f'TERM is "{terminal.term}", so colours and cursor keys do not work.',
            "export TERM=xterm-256color",
        )
    if terminal.columns < 80 or terminal.rows < 24:
        yield Finding(
            "note",
            f"The terminal has {terminal.columns} x {terminal.rows} characters; "
            "the screens are made for 80 x 24 and more.",
        )

"""The doctor's report as text for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from kerastui.models.machine.diagnosis import gib, sees
from kerastui.models.machine.environment import Folder, Terminal
from kerastui.models.machine.hardware import Snapshot
from kerastui.models.machine.probe import WorkerReport

if TYPE_CHECKING:
    from kerastui.models.machine.doctor import Report

Style = Literal["heading", "plain", "ok", "note", "problem", "command"]

_WIDTH = 80
_LABEL = 14


def lines(report: Report) -> list[tuple[Style, str]]:
    """Return the report as lines of at most 80 columns (commands may be longer), each styled."""
    found: list[tuple[Style, str]] = []
    for heading, rows in (
        ("Versions", _version_rows(report)),
        ("Machine", _machine_rows(report.snapshot, report.worker)),
        ("TensorFlow in a worker", _worker_rows(report)),
        ("Folders", _folder_rows(report.folders)),
        ("Terminal", _terminal_rows(report.terminal)),
    ):
        found.append(("heading", heading))
        for label, text in rows:
            found += [("plain", line) for line in _wrapped(label, text)]
        found.append(("plain", ""))
    found.append(("heading", "Diagnosis"))
    for finding in report.diagnosis:
        found += [(finding.level, line) for line in _wrapped(finding.level, finding.sentence)]
        if finding.cure:
            found.append(("command", f"{'':{_LABEL + 2}}{finding.cure}"))
    return found


def as_text(report: Report) -> str:
    """Return the report as plain text, aligned, for a terminal of 80 columns."""
    return "\n".join(text for _, text in lines(report))


def _wrapped(label: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(
        text, _WIDTH - _LABEL - 2, break_on_hyphens=False, break_long_words=False
    ) or [""]
    labels = [label] + [""] * (len(wrapped) - 1)
    return [
        f"  {left:{_LABEL}}{right}".rstrip() for left, right in zip(labels, wrapped, strict=True)
    ]


def _version_rows(report: Report) -> Iterator[tuple[str, str]]:
    for package in report.packages:
        text = package.version or "not installed"
        if package.distribution not in (package.name, "CPython"):
            text += f" ({package.distribution})"
        yield package.name, text
    choice = report.backend_choice
    chosen = f"; {choice.source} chooses {choice.name}" if choice else ""
    yield "backends", (", ".join(report.backends) or "none") + chosen


def _machine_rows(snapshot: Snapshot, worker: WorkerReport) -> Iterator[tuple[str, str]]:
    cpu, memory = snapshot.cpu, snapshot.memory
    yield "CPU", cpu.model
    cores = f"{cpu.logical_cores}"
    if cpu.physical_cores and cpu.physical_cores != cpu.logical_cores:
        cores = f"{cpu.logical_cores} ({cpu.physical_cores} physical)"
    if cpu.usable_cores < cpu.logical_cores:
        cores += f", {cpu.usable_cores} of them may be used here"
    load = "" if cpu.load_percent is None else f", load {cpu.load_percent:.0f} %"
    yield "cores", cores + load
    text = f"{gib(memory.available)} free of {gib(memory.total)}"
    if memory.limited:
        text += f" allowed here; the machine has {gib(memory.machine_total)}"
    yield "memory", text
    for gpu in snapshot.gpus:
        yield f"GPU {gpu.index}", gpu.name
        facts = []
        if gpu.memory_free is not None and gpu.memory_total is not None:
            facts.append(f"{gib(gpu.memory_free)} free of {gib(gpu.memory_total)}")
        if gpu.load_percent is not None:
            facts.append(f"load {gpu.load_percent:.0f} %")
        if gpu.temperature is not None:
            facts.append(f"{gpu.temperature} C")
        if gpu.mig is not None:
            facts.append(f"split into {len(gpu.mig)} MIG slices")
        if facts:
            yield "", ", ".join(facts)
        seen = {True: "yes", False: "no", None: "cannot be told"}[sees(gpu, worker)]
        yield "", f"seen by TensorFlow: {seen}"
    if snapshot.gpus:
        first = snapshot.gpus[0]
        version = first.driver_version or "unknown"
        cuda = f", CUDA up to {first.cuda_driver_version}" if first.cuda_driver_version else ""
        yield "driver", version + cuda
    else:
        yield "GPU", f"none. {snapshot.gpu_problem or ''}".rstrip()


def _worker_rows(report: Report) -> Iterator[tuple[str, str]]:
    worker = report.worker
    if worker.tensorflow is None:
        yield "import", "failed"
        return
    yield "import", f"{worker.seconds:.1f} s, TensorFlow and Keras together"
    if worker.keras:
        yield "Keras", f"{worker.keras} with backend {worker.backend}"
    if worker.cuda_build:
        cudnn = worker.build.get("cudnn_version", "unknown")
        yield "built for", f"NVIDIA GPUs: CUDA {worker.cuda_version}, cuDNN {cudnn}"
    else:
        yield "built for", "the CPU only" if not worker.build.get("is_rocm_build") else "AMD GPUs"
    devices = [f"{len(worker.cpus)} CPU", *(f"GPU {name}" for name in worker.gpus)]
    yield "devices", ", ".join(devices)
    if report.cuda_visible_devices is not None:
        yield "visible", f'CUDA_VISIBLE_DEVICES="{report.cuda_visible_devices}"'


def _folder_rows(folders: Iterable[Folder]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        yield folder.role, str(folder.path)
        state = folder.problem or ("there" if folder.exists else "made when needed")
        free = "" if folder.free is None else f", {gib(folder.free)} free on its disk"
        yield "", state + free


def _terminal_rows(terminal: Terminal) -> Iterator[tuple[str, str]]:
    yield "TERM", terminal.term or "not set"
    yield "COLORTERM", terminal.colorterm or "not set"
    no_color = ", switched off by NO_COLOR" if terminal.no_color else ""
    yield "colours", terminal.colours + no_color
    if terminal.columns is None:
        yield "size", "not a terminal"
    else:
        yield "size", f"{terminal.columns} x {terminal.rows}"
    yield "encoding", terminal.encoding
    if terminal.inside:
        yield "inside", ", ".join(terminal.inside)

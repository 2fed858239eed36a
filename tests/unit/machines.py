"""Machines that do not exist, with what is found on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kerastui.models.machine.cures import Finding, System
from kerastui.models.machine.diagnosis import Facts
from kerastui.models.machine.gpu import Gpu, PciCard
from kerastui.models.machine.hardware import Cpu, Memory, Snapshot
from kerastui.models.machine.probe import WorkerReport

GIB = 2**30
UBUNTU = System(distribution=("ubuntu", "debian"))
CONTAINER = System(container=True)
CARD = PciCard("0000:01:00.0", None)
CUDA_BUILD = {
    "is_cuda_build": True,
    "cuda_version": "12.5.1",
    "cudnn_version": "9",
    "cuda_compute_capabilities": ["sm_60", "sm_80", "compute_90"],
}


def gpu(index: int = 0, **changes: Any) -> Gpu:
    card = Gpu(
        index=index,
        name="NVIDIA A10",
        uuid=f"GPU-{index}",
        memory_total=24 * GIB,
        memory_used=GIB,
        memory_free=23 * GIB,
        load_percent=3.0,
        temperature=40,
        driver_version="550.54.15",
        cuda_driver_version="12.4",
        compute_capability=(8, 6),
    )
    return replace(card, **changes)


def machine(*cards: Gpu, problem: str | None = None, error: int | None = None) -> Snapshot:
    cpu = Cpu("Some CPU", 4, 8, 4, 12.0)
    return Snapshot(cpu, Memory(16 * GIB, 9 * GIB, 64 * GIB), cards, problem, error)


def worker(*names: str, cuda: bool = True, **changes: Any) -> WorkerReport:
    report = WorkerReport(
        tensorflow="2.21.0",
        keras="3.15.1",
        backend="tensorflow",
        cpus=["/physical_device:CPU:0"],
        gpus=list(names),
        build=dict(CUDA_BUILD) if cuda else {"is_cuda_build": False},
        cuda_code=0,
        cuda_uuids=[f"GPU-{number}" for number in range(len(names))],
    )
    return replace(report, **changes)


def facts(snapshot: Snapshot, report: WorkerReport, **changes: Any) -> Facts:
    given: dict[str, Any] = {"tensorflow": ("tensorflow", "2.21.0"), "system": UBUNTU}
    return Facts(snapshot, report, **{**given, **changes})


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, found
    return found[0]

"""The machine: CPU, memory and GPUs, cheap enough to read every second. No TensorFlow here."""

from __future__ import annotations

import functools
import math
import os
import platform
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

from kerastui.models.machine.cgroup import Cgroup
from kerastui.models.machine.gpu import Gpu, GpuReader, Nvml


@dataclass(frozen=True)
class Cpu:
    """The processor.

    Attributes:
        physical_cores: None where the system does not tell.
        usable_cores: What this process may use: its affinity and its container's quota,
            a part of a core counted as one.
        load_percent: 0 to 100, over the cores this process may run on, all programs together,
            since the reading before; None at the first reading.
    """

    model: str
    physical_cores: int | None
    logical_cores: int
    usable_cores: int
    load_percent: float | None = None


@dataclass(frozen=True)
class Memory:
    """Main memory in bytes, as far as this process may use it.

    Attributes:
        total: The machine's, or the container's limit when that is lower.
        available: What a program can still take before swapping or being killed.
        machine_total: What the machine has.
    """

    total: int
    available: int
    machine_total: int

    @property
    def limited(self) -> bool:
        """Whether a container or batch system allows less than the machine has."""
        return self.total < self.machine_total


@dataclass(frozen=True)
class Snapshot:
    """The machine at one moment. `gpu_problem` says in words why GPUs could not be read.

    Attributes:
        gpu_error: NVML's code of that problem (the constants of `kerastui.models.machine.gpu`).
    """

    cpu: Cpu
    memory: Memory
    gpus: tuple[Gpu, ...] = ()
    gpu_problem: str | None = None
    gpu_error: int | None = None


class Monitor:
    """Reads the machine again and again; safe to call from several threads.

    Args:
        nvml: Stands in for the NVIDIA library; None takes the real one.
        root: Where `proc` and `sys` are looked for.
    """

    def __init__(self, nvml: Nvml | None = None, root: Path = Path("/")) -> None:
        self._gpus = GpuReader(nvml)
        self._cgroup = Cgroup(root)
        self._lock = threading.Lock()
        self._model = _cpu_model(root)
        self._physical = psutil.cpu_count(logical=False)
        self._logical = psutil.cpu_count() or 1
        self._busy, self._total = _cpu_seconds()
        self._load: float | None = None

    def snapshot(self) -> Snapshot:
        """Return the machine as it is now. Never raises for want of a GPU or its driver.

        Costs about a millisecond, but the first one starts the NVIDIA library, which may take
        seconds: call it in a thread.
        """
        reading = self._gpus.read()
        usable = usable_cores(self._cgroup)
        cpu = Cpu(self._model, self._physical, self._logical, usable, self._cpu_load())
        memory = read_memory(self._cgroup)
        return Snapshot(cpu, memory, reading.gpus, reading.problem, reading.error)

    def _cpu_load(self) -> float | None:
        # psutil's own cpu_percent remembers per thread, which a thread pool would defeat.
        busy, total = _cpu_seconds()
        with self._lock:
            passed = total - self._total
            if passed > 0:
                self._load = min(100.0, max(0.0, 100 * (busy - self._busy) / passed))
                self._busy, self._total = busy, total
            return self._load


@functools.cache
def _monitor() -> Monitor:
    return Monitor()


def snapshot(nvml: Nvml | None = None) -> Snapshot:
    """Return the machine as it is now (see `Monitor.snapshot`); `nvml` replaces the library."""
    return (_monitor() if nvml is None else Monitor(nvml)).snapshot()


def read_memory(cgroup: Cgroup | None = None) -> Memory:
    """Return main memory as it is now; unlike a snapshot it asks no GPU."""
    machine = psutil.virtual_memory()
    total, available = machine.total, machine.available
    for group in (cgroup or Cgroup()).memory_limits():
        total = min(total, group.limit)
        available = min(available, max(0, group.limit - group.used))
    return Memory(total, available, machine.total)


def usable_cores(cgroup: Cgroup | None = None) -> int:
    """Return how many CPU cores this process may use (affinity and container quota)."""
    quota = (cgroup or Cgroup()).cpus()
    allowed = len(_affinity()) or psutil.cpu_count() or 1
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def _affinity() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set()


def _cpu_seconds() -> tuple[float, float]:
    """Return the seconds spent working and all seconds, over the cores of this process."""
    cores = psutil.cpu_times(percpu=True)
    allowed = _affinity()
    if allowed and max(allowed) < len(cores):
        cores = [cores[index] for index in sorted(allowed)]
    busy = total = 0.0
    for core in cores:
        times = core._asdict()
        # Linux counts the time of guests a second time within `user` and `nice`.
        spent = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
        total += spent
        busy += spent - times["idle"] - times.get("iowait", 0.0)
    return busy, total


def _cpu_model(root: Path) -> str:
    try:
        for line in (root / "proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()

"""The machine's facts: real ones where they must be there, fakes for GPUs and containers."""

# ruff: noqa: N802 - the fake repeats NVML's own names

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pynvml
import pytest

from kerastui.models.machine import gpu as gpus
from kerastui.models.machine.cgroup import Cgroup, MemoryLimit
from kerastui.models.machine.hardware import Monitor, snapshot, usable_cores

GIB = 2**30


@dataclass
class FakeNvml:
    """NVML with invented cards. `fails` maps (function, card or None) to an NVML error code."""

    cards: int = 1
    fails: dict[tuple[str, int | None], int] = field(default_factory=dict)
    mig: tuple[str, ...] | None = None
    used: int = 1 * GIB
    starts: int = 0

    NVMLError = pynvml.NVMLError
    NVML_TEMPERATURE_GPU = 0

    def _check(self, name: str, card: int | None = None) -> None:
        if (code := self.fails.get((name, card))) is not None:
            raise pynvml.NVMLError(code)

    def nvmlInit(self) -> None:
        self.starts += 1
        self._check("init")

    def nvmlSystemGetDriverVersion(self) -> str:
        return "550.54.15"

    def nvmlSystemGetCudaDriverVersion_v2(self) -> int:
        return 12040

    def nvmlDeviceGetCount(self) -> int:
        return self.cards

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:
        self._check("handle", index)
        return index

    def nvmlDeviceGetName(self, handle: Any) -> str:
        return "NVIDIA A10"

    def nvmlDeviceGetUUID(self, handle: Any) -> str:
        return handle if isinstance(handle, str) else f"GPU-{handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any:
        self._check("memory", handle)
        return SimpleNamespace(total=24 * GIB, used=self.used, free=24 * GIB - self.used)

    def nvmlDeviceGetUtilizationRates(self, handle: Any) -> Any:
        self._check("load", handle)
        return SimpleNamespace(gpu=37, memory=5)

    def nvmlDeviceGetTemperature(self, handle: Any, sensor: int) -> int:
        self._check("temperature", handle)
        return 51

    def nvmlDeviceGetCudaComputeCapability(self, handle: Any) -> tuple[int, int]:
        return (8, 6)

    def nvmlDeviceGetMigMode(self, handle: Any) -> list[int]:
        if self.mig is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return [1, 1]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Any) -> int:
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Any, index: int) -> Any:
        if self.mig is None or index >= len(self.mig):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return self.mig[index]


def test_two_gpus_are_read_and_read_again_with_one_start() -> None:
    nvml = FakeNvml(cards=2)
    monitor = Monitor(nvml)

    first = monitor.snapshot()
    nvml.used = 20 * GIB
    second = monitor.snapshot()

    assert [(gpu.index, gpu.uuid) for gpu in first.gpus] == [(0, "GPU-0"), (1, "GPU-1")]
    card = first.gpus[1]
    assert (card.name, card.driver_version, card.cuda_driver_version) == (
        "NVIDIA A10",
        "550.54.15",
        "12.4",
    )
    assert (card.memory_total, card.memory_used, card.memory_free) == (24 * GIB, GIB, 23 * GIB)
    assert (card.load_percent, card.temperature, card.compute_capability) == (37.0, 51, (8, 6))
    assert card.mig is None
    assert first.gpu_problem is None
    assert second.gpus[0].memory_free == 4 * GIB
    assert nvml.starts == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "No NVIDIA driver is installed"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "not running"),
        (pynvml.NVML_ERROR_NO_PERMISSION, "does not let this user"),
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, "differ in version"),
        (pynvml.NVML_ERROR_UNKNOWN, "Unknown Error"),
    ],
)
def test_a_library_that_does_not_start_is_told_and_not_tried_again(code: int, words: str) -> None:
    nvml = FakeNvml(fails={("init", None): code})
    monitor = Monitor(nvml)

    found = monitor.snapshot()
    again = monitor.snapshot()

    assert found.gpus == ()
    assert found.gpu_error == code
    assert words in (found.gpu_problem or "")
    assert (again.gpu_problem, nvml.starts) == (found.gpu_problem, 1)


def test_codes_are_those_of_the_library() -> None:
    assert pynvml.NVML_ERROR_NO_PERMISSION == gpus.NO_PERMISSION
    assert pynvml.NVML_ERROR_DRIVER_NOT_LOADED == gpus.DRIVER_NOT_LOADED
    assert pynvml.NVML_ERROR_LIBRARY_NOT_FOUND == gpus.LIBRARY_NOT_FOUND
    assert pynvml.NVML_ERROR_GPU_IS_LOST == gpus.GPU_IS_LOST
    assert pynvml.NVML_ERROR_RESET_REQUIRED == gpus.RESET_REQUIRED
    assert pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH == gpus.VERSION_MISMATCH


def test_every_function_asked_for_is_in_the_real_library() -> None:
    wanted = [name for name in vars(gpus.Nvml) if name.startswith("nvml")]
    assert len(wanted) > 10
    assert [name for name in wanted if not callable(getattr(pynvml, name, None))] == []


@pytest.mark.parametrize(
    ("field_name", "values"),
    [
        ("load", {"load_percent": None}),
        ("temperature", {"temperature": None}),
        ("memory", {"memory_total": None, "memory_used": None, "memory_free": None}),
    ],
)
def test_a_field_the_card_does_not_support_is_none(
    field_name: str, values: dict[str, None]
) -> None:
    found = Monitor(FakeNvml(fails={(field_name, 0): pynvml.NVML_ERROR_NOT_SUPPORTED})).snapshot()

    fields = ("memory_total", "memory_used", "memory_free", "load_percent", "temperature")
    (card,) = found.gpus
    assert {name: None for name in fields if getattr(card, name) is None} == values
    assert found.gpu_problem is None


def test_a_card_that_is_refused_leaves_the_other_one() -> None:
    fails: dict[tuple[str, int | None], int] = {("handle", 0): pynvml.NVML_ERROR_NO_PERMISSION}
    found = Monitor(FakeNvml(cards=2, fails=fails)).snapshot()

    assert [gpu.index for gpu in found.gpus] == [1]
    assert (found.gpu_problem or "").startswith("GPU 0: ")


def test_a_card_that_falls_off_the_bus_is_told() -> None:
    nvml = FakeNvml(cards=2)
    monitor = Monitor(nvml)
    monitor.snapshot()
    for name in ("memory", "load", "temperature"):
        nvml.fails[name, 1] = pynvml.NVML_ERROR_GPU_IS_LOST

    found = monitor.snapshot()

    assert [gpu.memory_free is None for gpu in found.gpus] == [False, True]
    assert found.gpu_problem == "GPU 1: A GPU has stopped answering its driver."


@pytest.mark.parametrize("slices", [(), ("MIG-a", "MIG-b")])
def test_slices_of_a_split_card(slices: tuple[str, ...]) -> None:
    (card,) = Monitor(FakeNvml(mig=slices)).snapshot().gpus
    assert card.mig == slices


def test_many_threads_start_the_library_once() -> None:
    nvml = FakeNvml()
    monitor = Monitor(nvml)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(monitor.snapshot().gpus), range(40)))
    assert (set(found), nvml.starts) == ({1}, 1)


def test_snapshot_takes_a_library_from_outside() -> None:
    assert len(snapshot(FakeNvml(cards=3)).gpus) == 3


def test_this_machine() -> None:
    monitor = Monitor()
    spent = time.process_time()
    while time.process_time() - spent < 0.3:
        sum(range(1000))
    found = monitor.snapshot()

    assert found.cpu.model
    assert 1 <= found.cpu.usable_cores <= found.cpu.logical_cores
    assert found.cpu.load_percent is not None
    assert 5 < found.cpu.load_percent <= 100
    assert 0 < found.memory.available <= found.memory.total <= psutil.virtual_memory().total
    assert (found.gpus == ()) == (found.gpu_problem is not None)


Tree = Callable[[dict[str, str]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Write files below a folder that stands for `/`."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def test_a_container_with_less_memory_than_the_machine(tree: Tree) -> None:
    machine = psutil.virtual_memory().total
    limit = machine // 8
    root = tree(
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": f"{limit}\n",
            "sys/fs/cgroup/memory.current": f"{limit // 2}\n",
            "sys/fs/cgroup/memory.stat": f"anon 5\ninactive_file {limit // 4}\n",
            "sys/fs/cgroup/cpu.max": "50000 100000\n",
        }
    )
    found = Monitor(FakeNvml(), root).snapshot()

    assert found.memory.total == limit
    assert found.memory.machine_total == machine
    assert found.memory.limited
    # Half of the limit is taken, but half of that is cache that the kernel gives back.
    assert found.memory.available == limit - (limit // 2 - limit // 4)
    assert found.cpu.usable_cores == 1


def test_limits_of_the_groups_above_count(tree: Tree) -> None:
    base = "sys/fs/cgroup/batch/job7"
    root = tree(
        {
            "proc/self/cgroup": "0::/batch/job7/step\n",
            f"{base}/step/memory.max": "max\n",
            f"{base}/step/memory.current": "10\n",
            f"{base}/step/cpu.max": "max 100000\n",
            f"{base}/memory.max": "1000\n",
            f"{base}/memory.current": "300\n",
            f"{base}/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/batch/memory.max": "5000\n",
            "sys/fs/cgroup/batch/memory.current": "400\n",
        }
    )
    cgroup = Cgroup(root)
    assert cgroup.memory_limits() == [MemoryLimit(1000, 300), MemoryLimit(5000, 400)]
    assert cgroup.cpus() == 1.5


def test_version_1_with_the_hosts_paths(tree: Tree) -> None:
    v1 = "sys/fs/cgroup"
    root = tree(
        {
            "proc/self/cgroup": "9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n",
            f"{v1}/memory/memory.limit_in_bytes": "2000\n",
            f"{v1}/memory/memory.usage_in_bytes": "700\n",
            f"{v1}/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 200\n",
            f"{v1}/cpu/cpu.cfs_quota_us": "250000\n",
            f"{v1}/cpu/cpu.cfs_period_us": "100000\n",
        }
    )
    cgroup = Cgroup(root)
    assert cgroup.memory_limits() == [MemoryLimit(2000, 500)]
    assert cgroup.cpus() == 2.5


def test_no_limits(tree: Tree) -> None:
    files = {"proc/self/cgroup": "4:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"}
    limited = Cgroup(tree(files))
    assert (limited.memory_limits(), limited.cpus()) == ([], None)


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    machine = Monitor(FakeNvml(), tmp_path).snapshot()
    assert not machine.memory.limited
    assert machine.cpu.model
    assert usable_cores(Cgroup(tmp_path)) == machine.cpu.usable_cores


def test_cards_on_the_bus(tree: Tree) -> None:
    bus = "sys/bus/pci/devices"
    root = tree(
        {
            f"{bus}/0000:00:02.0/vendor": "0x8086\n",
            f"{bus}/0000:00:02.0/class": "0x030000\n",
            f"{bus}/0000:01:00.0/vendor": "0x10de\n",
            f"{bus}/0000:01:00.0/class": "0x030000\n",
            f"{bus}/0000:01:00.1/vendor": "0x10de\n",
            f"{bus}/0000:01:00.1/class": "0x040300\n",
            f"{bus}/0000:02:00.0/vendor": "0x10de\n",
            f"{bus}/0000:02:00.0/class": "0x030200\n",
            "sys/bus/pci/drivers/nouveau/bind": "",
            "sys/module/nvidia/version": "550.54.15\n",
        }
    )
    (root / bus / "0000:01:00.0/driver").symlink_to(root / "sys/bus/pci/drivers/nouveau")

    assert gpus.nvidia_cards(root) == (
        gpus.PciCard("0000:01:00.0", "nouveau"),
        gpus.PciCard("0000:02:00.0", None),
    )
    assert gpus.kernel_module_version(root) == "550.54.15"
    assert gpus.nvidia_cards(root / "empty") == ()
    assert gpus.kernel_module_version(root / "empty") is None


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, kerastui.models.machine.doctor as d, kerastui.models.machine.devices\n"
        "from kerastui.models.machine.hardware import snapshot\n"
        "snapshot()\n"
        "heavy = {'tensorflow', 'keras', 'jax', 'torch', 'numpy', 'pandas', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"

"""NVIDIA GPUs as the driver's own library (NVML) and the PCI bus show them. Never raises."""

# ruff: noqa: N802 - the protocol repeats NVML's own names

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

# NVML's return codes, fixed by its interface.
NO_PERMISSION = 4
DRIVER_NOT_LOADED = 9
LIBRARY_NOT_FOUND = 12
GPU_IS_LOST = 15
RESET_REQUIRED = 16
VERSION_MISMATCH = 18

_SENTENCES = {
    NO_PERMISSION: "The NVIDIA driver does not let this user use the GPU.",
    DRIVER_NOT_LOADED: "The NVIDIA driver is installed but not running.",
    LIBRARY_NOT_FOUND: "No NVIDIA driver is installed here.",
    GPU_IS_LOST: "A GPU has stopped answering its driver.",
    RESET_REQUIRED: "A GPU must be reset before it can be used again.",
    VERSION_MISMATCH: "The NVIDIA driver's library and its kernel module differ in version.",
}

_NVIDIA = "0x10de"
_DISPLAY_CLASS = "0x03"  # VGA and 3D controllers; a card's sound device has another class


class Nvml(Protocol):
    """The part of `pynvml` that is used here; a test passes its own."""

    NVMLError: type[Exception]
    NVML_TEMPERATURE_GPU: int

    def nvmlInit(self) -> None: ...
    def nvmlSystemGetDriverVersion(self) -> str: ...
    def nvmlSystemGetCudaDriverVersion_v2(self) -> int: ...
    def nvmlDeviceGetCount(self) -> int: ...
    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any: ...
    def nvmlDeviceGetName(self, handle: Any) -> str: ...
    def nvmlDeviceGetUUID(self, handle: Any) -> str: ...
    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any: ...
    def nvmlDeviceGetUtilizationRates(self, handle: Any) -> Any: ...
    def nvmlDeviceGetTemperature(self, handle: Any, sensor: int) -> int: ...
    def nvmlDeviceGetCudaComputeCapability(self, handle: Any) -> tuple[int, int]: ...
    def nvmlDeviceGetMigMode(self, handle: Any) -> Sequence[int]: ...
    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Any) -> int: ...
    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Any, index: int) -> Any: ...


@dataclass(frozen=True)
class Gpu:
    """One GPU. Memory in bytes, temperature in °C; None where the card does not tell.

    Attributes:
        index: Number NVML gives it, which is the order of the PCI bus.
        load_percent: Share of the last moments in which the GPU was computing.
        compute_capability: (major, minor) of its instruction set.
        mig: Identifiers of its MIG slices; None when the card is not split.
    """

    index: int
    name: str
    uuid: str
    memory_total: int | None = None
    memory_used: int | None = None
    memory_free: int | None = None
    load_percent: float | None = None
    temperature: int | None = None
    driver_version: str | None = None
    cuda_driver_version: str | None = None
    compute_capability: tuple[int, int] | None = None
    mig: tuple[str, ...] | None = None


@dataclass(frozen=True)
class GpuReading:
    """GPUs at one moment; `problem` says in words, `error` as NVML's code, what went wrong."""

    gpus: tuple[Gpu, ...] = ()
    problem: str | None = None
    error: int | None = None


class GpuReader:
    """Asks NVML, which it initialises once, at the first reading.

    On machines with several cards and no persistence daemon that first reading can take
    seconds, so take it in a thread. Later ones cost well under a millisecond a card.
    """

    def __init__(self, nvml: Nvml | None = None) -> None:
        self._nvml = nvml
        self._lock = threading.Lock()
        self._started = False
        self._failure = GpuReading()
        self._cards: list[tuple[Any, Gpu]] = []

    def read(self) -> GpuReading:
        """Return every GPU as it is now."""
        with self._lock:
            if not self._started:
                self._started = True
                self._start()
            if self._nvml is None:
                return self._failure
            return self._read(self._nvml)

    def _start(self) -> None:
        nvml = self._nvml
        self._nvml = None
        if nvml is None:
            try:
                import pynvml
            except ImportError:
                self._failure = GpuReading(problem="The Python package nvidia-ml-py is missing.")
                return
            nvml = pynvml
        try:
            nvml.nvmlInit()
            count = nvml.nvmlDeviceGetCount()
        except nvml.NVMLError as error:
            self._failure = _failed(error)
            return
        self._nvml = nvml
        driver = _ask(nvml, nvml.nvmlSystemGetDriverVersion)
        cuda = _ask(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2)
        for index in range(count):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
            except nvml.NVMLError as error:
                self._failure = _failed(error, f"GPU {index}: ")
                continue
            gpu = Gpu(
                index=index,
                name=_ask(nvml, nvml.nvmlDeviceGetName, handle) or "NVIDIA GPU",
                uuid=_ask(nvml, nvml.nvmlDeviceGetUUID, handle) or "",
                driver_version=driver,
                cuda_driver_version=f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else None,
                compute_capability=_ask(nvml, nvml.nvmlDeviceGetCudaComputeCapability, handle),
                mig=_mig(nvml, handle),
            )
            self._cards.append((handle, gpu))

    def _read(self, nvml: Nvml) -> GpuReading:
        gpus = []
        failure = self._failure
        for handle, gpu in self._cards:
            try:
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            except nvml.NVMLError as error:
                memory = None
                if _code(error) in (GPU_IS_LOST, RESET_REQUIRED):
                    failure = _failed(error, f"GPU {gpu.index}: ")
            load = _ask(nvml, nvml.nvmlDeviceGetUtilizationRates, handle)
            gpus.append(
                replace(
                    gpu,
                    memory_total=None if memory is None else int(memory.total),
                    memory_used=None if memory is None else int(memory.used),
                    memory_free=None if memory is None else int(memory.free),
                    load_percent=None if load is None else float(load.gpu),
                    temperature=_ask(
                        nvml, nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU
                    ),
                )
            )
        return GpuReading(tuple(gpus), failure.problem, failure.error)


def _ask(nvml: Nvml, function: Callable[..., T], *arguments: Any) -> T | None:
    """Call one NVML function; None where this card or driver does not support it."""
    try:
        return function(*arguments)
    except nvml.NVMLError:
        return None


def _code(error: Exception) -> int | None:
    value = getattr(error, "value", None)
    return value if isinstance(value, int) else None


def _failed(error: Exception, prefix: str = "") -> GpuReading:
    code = _code(error)
    sentence = _SENTENCES.get(code or 0, f"The NVIDIA driver answered with an error: {error}.")
    return GpuReading(problem=prefix + sentence, error=code)


def _mig(nvml: Nvml, handle: Any) -> tuple[str, ...] | None:
    mode = _ask(nvml, nvml.nvmlDeviceGetMigMode, handle)
    if not mode or not mode[0]:
        return None
    slices = []
    for index in range(_ask(nvml, nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
        part = _ask(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
        uuid = None if part is None else _ask(nvml, nvml.nvmlDeviceGetUUID, part)
        if uuid:
            slices.append(uuid)
    return tuple(slices)


@dataclass(frozen=True)
class PciCard:
    """An NVIDIA card on the PCI bus and the kernel driver bound to it, if any."""

    address: str
    driver: str | None


def nvidia_cards(root: Path = Path("/")) -> tuple[PciCard, ...]:
    """Return the NVIDIA graphics cards that Linux lists, whether or not a driver knows them."""
    cards = []
    for device in sorted((root / "sys/bus/pci/devices").glob("*")):
        try:
            vendor = (device / "vendor").read_text().strip()
            kind = (device / "class").read_text().strip()
        except OSError:
            continue
        if vendor == _NVIDIA and kind.startswith(_DISPLAY_CLASS):
            driver = device / "driver"
            cards.append(PciCard(device.name, driver.resolve().name if driver.exists() else None))
    return tuple(cards)


def kernel_module_version(root: Path = Path("/")) -> str | None:
    """Return the version of the NVIDIA kernel module that is loaded; None when none is."""
    try:
        return (root / "sys/module/nvidia/version").read_text().strip()
    except OSError:
        return None

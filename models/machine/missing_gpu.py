"""Why there is no GPU to be seen at all: no card, no driver, or a driver that does not work."""

from __future__ import annotations

from collections.abc import Sequence

from kerastui.models.machine.cures import Finding, System, install_driver, pip
from kerastui.models.machine.gpu import (
    DRIVER_NOT_LOADED,
    LIBRARY_NOT_FOUND,
    NO_PERMISSION,
    VERSION_MISMATCH,
    PciCard,
)
from kerastui.models.machine.hardware import Snapshot


def explain(
    snapshot: Snapshot, cards: Sequence[PciCard], module: str | None, system: System
) -> Finding:
    """Return why the NVIDIA driver's library lists no GPU.

    Args:
        snapshot: The machine, without GPUs.
        cards: NVIDIA cards on the PCI bus.
        module: Version of the NVIDIA kernel module that is loaded.
        system: What the cure depends on.
    """
    error = snapshot.gpu_error
    loaded = module is not None or any(card.driver == "nvidia" for card in cards)
    if error == VERSION_MISMATCH:
        return _mismatch(module, system)
    if error == NO_PERMISSION:
        return Finding(
            "problem",
            "There is a GPU, but this user may not use it. Join its groups, then log in again.",
            'sudo usermod -aG video,render "$USER"',
        )
    if error == DRIVER_NOT_LOADED and cards:
        if system.container:
            return Finding(
                "problem",
                "The NVIDIA driver does not run. Start it on the machine itself, not in this "
                "container.",
            )
        return Finding(
            "problem",
            "The NVIDIA driver is installed but not running. Start it; if that fails, Secure Boot "
            "may refuse it, or a new kernel needs the driver installed again.",
            "sudo modprobe nvidia",
        )
    if error == LIBRARY_NOT_FOUND and loaded:
        return _no_library(module, system)
    if error == LIBRARY_NOT_FOUND and cards:
        return _no_driver(cards, system)
    if error in (LIBRARY_NOT_FOUND, DRIVER_NOT_LOADED):
        return _no_card(snapshot, system)
    if error is not None:
        return Finding("problem", snapshot.gpu_problem or "", "nvidia-smi")
    if snapshot.gpu_problem:  # not even asked: the Python package is missing
        return Finding("problem", snapshot.gpu_problem, pip("install nvidia-ml-py"))
    if system.container:
        return _not_handed_over()
    return Finding("problem", "The NVIDIA driver runs but reports no GPU.", "nvidia-smi")


def _mismatch(module: str | None, system: System) -> Finding:
    running = f" ({module})" if module else ""
    sentence = (
        "The NVIDIA driver was updated, but the old one still runs"
        f"{running}. Nothing can use the GPU until the machine is restarted."
    )
    if system.container:
        return Finding("problem", f"{sentence} Restarting this container may be enough.")
    return Finding("problem", sentence, "sudo reboot")


def _no_library(module: str | None, system: System) -> Finding:
    if system.container:
        return _not_handed_over()
    return install_driver(
        f"The NVIDIA kernel module {module or ''} runs, but the driver's library "
        "libnvidia-ml.so.1 is missing: the driver is only half installed. Install it again.",
        system,
    )


def _not_handed_over() -> Finding:
    return Finding(
        "problem",
        "The machine has an NVIDIA driver, but no GPU was handed to this container. Start the "
        "container again with its GPUs:",
        "docker run --gpus all IMAGE",
    )


def _no_driver(cards: Sequence[PciCard], system: System) -> Finding:
    used = sorted({card.driver for card in cards if card.driver})
    if "vfio-pci" in used:
        return Finding(
            "problem",
            "The NVIDIA card is reserved for a virtual machine (driver vfio-pci), so programs "
            "here cannot use it.",
            "lspci -nnk -d 10de:",
        )
    instead = f", only {', '.join(used)}, which TensorFlow cannot use" if used else ""
    return install_driver(
        f"There is an NVIDIA card in this machine but no NVIDIA driver{instead}. Install it, then "
        "restart the machine.",
        system,
    )


def _no_card(snapshot: Snapshot, system: System) -> Finding:
    cores = snapshot.cpu.usable_cores
    on_cpu = f"Training runs on the CPU ({cores} core{'' if cores == 1 else 's'})."
    if system.wsl:
        return Finding(
            "note",
            f"No NVIDIA GPU is visible inside Windows' Linux. {on_cpu} If the PC has one, install "
            "NVIDIA's driver in Windows (none inside Linux), then run in Windows:",
            "wsl --update",
        )
    if system.name != "Linux":
        name = {"Darwin": "macOS"}.get(system.name, system.name)
        return Finding("note", f"TensorFlow found no GPU it can use on {name}. {on_cpu}")
    where = "can be seen in this container" if system.container else "is in this machine"
    return Finding("note", f"No NVIDIA GPU {where}. {on_cpu} That is fine for small models.")

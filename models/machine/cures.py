"""Findings of the doctor and the exact commands that cure them on this system."""

from __future__ import annotations

import platform
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

Level = Literal["ok", "note", "problem"]

_DRIVER_COMMANDS = {
    "ubuntu": "sudo ubuntu-drivers install",
    "debian": "sudo apt install nvidia-driver",
    "fedora": "sudo dnf install akmod-nvidia",
    "arch": "sudo pacman -S nvidia-open",
}


@dataclass(frozen=True)
class Finding:
    """One sentence of the diagnosis; `cure` is a command for the shell, or None."""

    level: Level
    sentence: str
    cure: str | None = None


@dataclass(frozen=True)
class System:
    """The operating system, as far as the cures differ.

    Attributes:
        name: "Linux", "Darwin" or "Windows".
        machine: Such as "x86_64" or "aarch64".
        distribution: Linux' own name for itself, such as "ubuntu", and what it descends from.
        container: Whether this runs in a container.
        wsl: Whether this is Linux inside Windows.
    """

    name: str = "Linux"
    machine: str = "x86_64"
    distribution: tuple[str, ...] = ()
    container: bool = False
    wsl: bool = False


def this_system(environment: Mapping[str, str], root: Path = Path("/")) -> System:
    """Return the system this process runs on."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    marks = (root / ".dockerenv", root / "run/.containerenv")
    return System(
        name=platform.system(),
        machine=platform.machine(),
        distribution=(release.get("ID", ""), *release.get("ID_LIKE", "").split()),
        container=any(mark.exists() for mark in marks) or "KUBERNETES_SERVICE_HOST" in environment,
        wsl="microsoft" in platform.release().lower(),
    )


def python() -> str:
    """Return how the shell starts the Python that runs this program."""
    first = shutil.which("python")
    if first and Path(first).parent == Path(sys.executable).parent:
        return "python"
    return shlex.quote(sys.executable)


def pip(arguments: str) -> str:
    """Return the command that installs into the Python this program runs in."""
    if find_spec("pip") is None:  # environments made by uv have none
        verb, _, rest = arguments.partition(" ")
        return f"uv pip {verb} --python {shlex.quote(sys.executable)} {rest.replace('-y ', '')}"
    return f"{python()} -m pip {arguments}"


def install_driver(sentence: str, system: System) -> Finding:
    """Return the problem `sentence` with the way to install NVIDIA's driver on `system`."""
    if system.container:
        return Finding("problem", f"{sentence} Do it on the machine itself, not in this container.")
    if system.wsl:
        return Finding("problem", f"{sentence} Do it in Windows, not in its Linux.")
    for name in system.distribution:
        if name in _DRIVER_COMMANDS:
            return Finding("problem", sentence, _DRIVER_COMMANDS[name])
    return Finding("problem", f"{sentence} It is at https://www.nvidia.com/drivers.")

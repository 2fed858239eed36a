"""What surrounds the program: packages, folders, terminal, the choice of a Keras backend."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kerastui.datasets.fetch import cache_directory, data_directories

TENSORFLOWS = (
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-macos",
    "tensorflow-intel",
    "tensorflow-cpu-aws",
    "tensorflow-rocm",
    "tf-nightly",
    "tf-nightly-cpu",
)
"""Distributions that bring the module `tensorflow`."""

BACKENDS = {"tensorflow": TENSORFLOWS, "jax": ("jax",), "torch": ("torch",)}
"""Backend → distributions that bring it."""

_SHOWN = ("kerastui", "tensorflow", "keras", "jax", "torch", "textual", "plotext", "numpy")


@dataclass(frozen=True)
class Package:
    """An installed module; `distribution` where it comes under another name, version if there."""

    name: str
    version: str | None
    distribution: str


def packages() -> tuple[Package, ...]:
    """Return Python and what matters here, as installed, without importing any of it."""
    found = [Package("python", platform.python_version(), platform.python_implementation())]
    for name in _SHOWN:
        names = BACKENDS.get(name, (name,))
        here = [distribution for distribution in names if _version(distribution)]
        chosen = here[0] if here else name
        found.append(Package(name, _version(chosen), chosen))
    return tuple(found)


def installed_tensorflows() -> tuple[str, ...]:
    """Return the distributions of TensorFlow that are installed; more than one is a fault."""
    # On some systems `tensorflow` is an empty package that requires another of these.
    here = tuple(name for name in TENSORFLOWS if _version(name) and _has_files(name))
    return here or tuple(name for name in TENSORFLOWS if _version(name))


def backends() -> tuple[str, ...]:
    """Return the Keras backends that are installed."""
    return tuple(name for name, names in BACKENDS.items() if any(map(_version, names)))


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _has_files(distribution: str) -> bool:
    files = importlib.metadata.files(distribution) or []
    return any(file.parts[0] == "tensorflow" for file in files)


@dataclass(frozen=True)
class BackendChoice:
    """A backend chosen outside an experiment, and by what."""

    name: str
    source: str


def backend_choice(environment: Mapping[str, str]) -> BackendChoice | None:
    """Return what `KERAS_BACKEND`, or else Keras' own settings file, asks for."""
    name = environment.get("KERAS_BACKEND")
    if name:
        return BackendChoice(name, "KERAS_BACKEND")
    home = Path(environment.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        settings = json.loads((home / "keras.json").read_text())
    except (OSError, ValueError):
        return None
    name = settings.get("backend") if isinstance(settings, dict) else None
    return BackendChoice(name, str(home / "keras.json")) if isinstance(name, str) else None


@dataclass(frozen=True)
class Folder:
    """A folder the program reads or writes.

    Attributes:
        role: "workspace", "cache" or "data".
        problem: Why it can't be used; None when it can. A workspace or cache that does not
            exist yet is no problem where it can be made.
        free: Bytes left on its disk; None where unknown.
    """

    role: str
    path: Path
    exists: bool
    problem: str | None
    free: int | None


def folders(workspace: Path) -> tuple[Folder, ...]:
    """Return workspace, cache and the folders of `KERASTUI_DATA`, each tried."""
    return (
        _writable("workspace", workspace),
        _writable("cache", cache_directory()),
        *map(_readable, data_directories()),
    )


def _writable(role: str, path: Path) -> Folder:
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    problem = None
    if not there.is_dir():
        problem = f"{there} is a file, not a folder"
    else:
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as error:
            problem = f"it cannot be written ({error.strerror})"
    return Folder(role, path, path.exists(), problem, _free(there))


def _readable(path: Path) -> Folder:
    problem = None
    if not path.exists():
        problem = "it does not exist"
    elif not path.is_dir():
        problem = "it is a file, not a folder"
    elif not os.access(path, os.R_OK | os.X_OK):
        problem = "it may not be read"
    return Folder("data", path, path.exists(), problem, None)


def _free(path: Path) -> int | None:
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


@dataclass(frozen=True)
class Terminal:
    """The terminal the program was started in.

    Attributes:
        columns: None where there is no terminal, such as in a pipe or a batch job.
        colours: "24-bit", "256", "16" or "none", as the environment announces them.
        inside: What stands between, of "tmux", "screen" and "SSH".
    """

    term: str
    colorterm: str
    columns: int | None
    rows: int | None
    encoding: str
    colours: str
    no_color: bool
    inside: tuple[str, ...]

    @property
    def utf8(self) -> bool:
        """Whether line drawing and braille charts can be written."""
        return self.encoding.lower().replace("-", "").replace("_", "") == "utf8"


def terminal(environment: Mapping[str, str]) -> Terminal:
    """Return what the environment and the standard streams tell about the terminal."""
    term = environment.get("TERM", "")
    colorterm = environment.get("COLORTERM", "")
    size = _terminal_size()
    inside = [
        name
        for name, variable in (("tmux", "TMUX"), ("screen", "STY"), ("SSH", "SSH_CONNECTION"))
        if environment.get(variable)
    ]
    return Terminal(
        term=term,
        colorterm=colorterm,
        columns=size.columns if size else None,
        rows=size.lines if size else None,
        encoding=getattr(sys.__stderr__, "encoding", None) or "unknown",
        colours=_colours(term, colorterm),
        no_color=bool(environment.get("NO_COLOR")),
        inside=tuple(inside),
    )


def _terminal_size() -> os.terminal_size | None:
    for descriptor in (2, 1, 0):
        try:
            return os.get_terminal_size(descriptor)
        except OSError:
            continue
    return None


def _colours(term: str, colorterm: str) -> str:
    if term in ("", "dumb", "unknown"):
        return "none"
    if colorterm.lower() in ("truecolor", "24bit") or term.endswith("direct"):
        return "24-bit"
    if "256color" in term or term in ("xterm-kitty", "xterm-ghostty", "alacritty"):
        return "256"
    return "16"

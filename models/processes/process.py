"""The process around a worker: its console, its lock, Keras and the device."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import gc
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

_RENEWAL = 600
"""Seconds after which a catalogue that was begun and never finished is begun again."""


def renew_catalogue() -> None:
    """Have the catalogue of an installed Keras that is not the shipped one written, once.

    It takes some ten seconds, so it is done after a run and in a process of its own; until then
    the shipped catalogue serves.
    """
    from kerastui.models.catalogue import catalogue

    path = catalogue.missing()
    if path is None:
        return
    marker = path.with_suffix(".started")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        if marker.exists() and time.time() - marker.stat().st_mtime < _RENEWAL:
            return
        marker.touch()
        subprocess.Popen(
            [sys.executable, "-P", "-m", "kerastui.models.catalogue.derive", str(path)],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def import_keras(backend: str) -> Any:
    """Import Keras with a backend, and keep the garbage collector away from its objects.

    Raises:
        UserError: The backend is not installed, or another one is already loaded.
    """
    try:
        import keras
    except ImportError as error:
        raise UserError(
            f"Keras can't be started with the backend {backend}: {error}.",
            "Install that backend, or choose another one.",
        ) from error
    if keras.backend.backend() != backend:
        raise UserError(
            f"This process runs Keras with {keras.backend.backend()}, not {backend}.",
            "Start a worker of its own for this run.",
        )
    # Collections over TensorFlow's many objects would pause the training.
    gc.freeze()
    return keras


@functools.cache
def versions(backend: str) -> dict[str, str]:
    """Return the versions that can decide a result; a forked worker has them from its parent."""
    found = {"python": platform.python_version()}
    for name in ("kerastui", "keras", backend, "numpy"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    if backend == "tensorflow" and backend not in found:
        import tensorflow as tf

        found[backend] = str(tf.__version__)
    return found


def choose_device(experiment: Experiment) -> str:
    if experiment.backend != "tensorflow":
        return f"chosen by {experiment.backend}"
    from kerastui.models.machine.devices import configure_devices

    return configure_devices(experiment.device)


def free_memory(device: str) -> tuple[int, str]:
    """Return the free bytes where the run trains, and how that memory is called."""
    from kerastui.models.machine import hardware

    if device.startswith("GPU"):
        number = device.removeprefix("GPU").split()[0]
        for gpu in hardware.snapshot().gpus:
            if str(gpu.index) == number and gpu.memory_free is not None:
                return gpu.memory_free, "GPU memory"
    return hardware.read_memory().available, "memory"


def warm_up() -> None:
    """Run a first operation while the data is being loaded: it makes the backend's threads."""
    import keras

    one = keras.ops.ones((1, 1))
    keras.ops.convert_to_numpy(keras.ops.relu(keras.ops.matmul(one, one)))


def redirect(console: Path) -> None:
    """Send what is printed to a console's file, or nowhere where that can't be written."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        log = os.open(console, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError:
        log = nothing
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for handle in {nothing, log}:
        if handle > 2:
            os.close(handle)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Hold the run for this process; gives False where another worker holds it."""
    try:
        handle = os.open(path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:  # a directory that can't be written: the run will say so itself
        yield True
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:  # a file system without locks
            pass
        yield True
    finally:
        os.close(handle)

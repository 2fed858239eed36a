"""What a worker sees: a child process imports TensorFlow and Keras for real and reports.

`python -m kerastui.models.machine.probe` prints one JSON line; `ask` starts it and reads that line.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
import uuid
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

# Where TensorFlow's CUDA builds open their libraries, by CUDA's major version.
_LIBRARIES = {
    "12": "cudart.so.12 cublas.so.12 cublasLt.so.12 cufft.so.11 cusolver.so.11 cusparse.so.12",
    "13": "cudart.so.13 cublas.so.13 cublasLt.so.13 cufft.so.12 cusolver.so.12 cusparse.so.12",
}


@dataclass
class WorkerReport:
    """What happened when a fresh process imported TensorFlow and Keras.

    Attributes:
        tensorflow: Its version; None when the import failed (`errors` says why).
        keras: Likewise.
        backend: The backend Keras chose.
        cpus: Names of the CPU devices TensorFlow lists.
        gpus: Names of the GPUs TensorFlow lists, in its order.
        build: `tf.sysconfig.get_build_info()`.
        libraries: CUDA library → "" when it can be loaded, else the loader's words. Empty for a
            build without CUDA.
        cuda_code: What the CUDA driver answered to being started, 0 for success; None when
            there is no CUDA driver library.
        cuda_message: The same in CUDA's words.
        cuda_uuids: The GPUs CUDA lets this process see, in its order.
        errors: Module name → why its import failed.
        seconds: Time the imports took.
        exit_code: Of the child; negative for a signal; None when it ran out of time.
        stderr: What TensorFlow printed, the last lines.
    """

    tensorflow: str | None = None
    keras: str | None = None
    backend: str | None = None
    cpus: list[str] = field(default_factory=list)
    gpus: list[str] = field(default_factory=list)
    build: dict[str, Any] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    cuda_code: int | None = None
    cuda_message: str = ""
    cuda_uuids: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    exit_code: int | None = 0
    stderr: list[str] = field(default_factory=list)

    @property
    def cuda_build(self) -> bool:
        """Whether this TensorFlow was built to use NVIDIA GPUs."""
        return bool(self.build.get("is_cuda_build"))

    @property
    def cuda_version(self) -> str | None:
        """The CUDA version TensorFlow was built for."""
        version = self.build.get("cuda_version")
        return None if version is None else str(version)


def ask(timeout: float = 90.0) -> WorkerReport:
    """Start the child and return its report; never raises for what goes wrong in it.

    Args:
        timeout: Seconds after which the child is killed.
    """
    # TensorFlow's reasons are what is asked for, so it may not be told to keep quiet.
    variables = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "0"}
    # -P: a file of the current directory that is called like a module must not be imported.
    command = [sys.executable, "-P", "-m", "kerastui.models.machine.probe"]
    try:
        child = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env=variables,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        return WorkerReport(seconds=timeout, exit_code=None, stderr=_lines(expired.stderr))
    stderr = _lines(child.stderr)
    known = {f.name for f in fields(WorkerReport)}
    try:
        facts = json.loads(child.stdout.decode("utf-8", "replace").splitlines()[-1])
        report = WorkerReport(**{name: facts[name] for name in facts if name in known})
    except (IndexError, ValueError, TypeError):
        report = WorkerReport()
    report.exit_code = child.returncode
    report.stderr = stderr
    return report


def _lines(output: bytes | None) -> list[str]:
    lines = (output or b"").decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.strip()][-60:]


def look() -> WorkerReport:
    """Import TensorFlow and Keras here and tell what they see. Call it in a fresh process."""
    report = WorkerReport()
    start = time.perf_counter()
    try:
        import tensorflow as tf

        report.tensorflow = str(tf.__version__)
    except Exception as error:  # a broken installation may raise anything
        report.errors["tensorflow"] = f"{type(error).__name__}: {error}"
    try:
        import keras

        report.keras = str(keras.__version__)
        report.backend = str(keras.backend.backend())
    except Exception as error:
        report.errors["keras"] = f"{type(error).__name__}: {error}"
    report.seconds = round(time.perf_counter() - start, 2)
    if report.tensorflow is not None:
        from kerastui.models.machine.devices import order_by_bus

        order_by_bus()
        report.build = {
            name: _plain(value) for name, value in tf.sysconfig.get_build_info().items()
        }
        report.cpus = [device.name for device in tf.config.list_physical_devices("CPU")]
        for device in tf.config.list_physical_devices("GPU"):
            details = tf.config.experimental.get_device_details(device)
            report.gpus.append(str(details.get("device_name", device.name)))
        if report.cuda_build:
            report.libraries = _load_libraries(report, Path(tf.__file__).parent.parent)
    _start_cuda(report)
    return report


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | str) else [str(item) for item in value]


def _load_libraries(report: WorkerReport, packages: Path) -> dict[str, str]:
    """Load each library as TensorFlow would: the system's, or one that pip put beside it."""
    major = (report.cuda_version or "").partition(".")[0]
    names = [f"lib{name}" for name in _LIBRARIES.get(major, "").split()]
    cudnn = str(report.build.get("cudnn_version", "")).partition(".")[0]
    if cudnn:
        names.append(f"libcudnn.so.{cudnn}")
    found = {}
    for name in names:
        candidates = [name, *map(str, sorted(packages.glob(f"nvidia/*/lib/{name}")))]
        found[name] = ""
        for candidate in candidates:
            try:
                ctypes.CDLL(candidate)
            except OSError as error:
                found[name] = str(error)
            else:
                found[name] = ""
                break
    return found


def _start_cuda(report: WorkerReport) -> None:
    """Start the CUDA driver and list the GPUs it shows to this process."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return
    report.cuda_code = cuda.cuInit(0)
    text = ctypes.c_char_p()
    cuda.cuGetErrorString(report.cuda_code, ctypes.byref(text))
    report.cuda_message = (text.value or b"").decode("utf-8", "replace")
    count = ctypes.c_int(0)
    if report.cuda_code == 0 and cuda.cuDeviceGetCount(ctypes.byref(count)) == 0:
        for ordinal in range(count.value):
            device = ctypes.c_int()
            raw = (ctypes.c_ubyte * 16)()
            cuda.cuDeviceGet(ctypes.byref(device), ordinal)
            cuda.cuDeviceGetUuid(raw, device)
            report.cuda_uuids.append(f"GPU-{uuid.UUID(bytes=bytes(raw))}")


def main() -> None:
    """Print the report on what was standard output; anything else printed goes to stderr."""
    answer = os.dup(1)
    os.dup2(2, 1)
    line = json.dumps(asdict(look())) + "\n"
    os.write(answer, line.encode())


if __name__ == "__main__":
    main()

"""Why TensorFlow does or does not use the GPU, and the command that cures it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kerastui.models.machine import missing_gpu
from kerastui.models.machine.cures import Finding, System, install_driver, pip, python
from kerastui.models.machine.gpu import Gpu, PciCard
from kerastui.models.machine.hardware import Snapshot
from kerastui.models.machine.probe import WorkerReport

# The oldest Linux driver for each major CUDA version (NVIDIA's minor version compatibility).
_OLDEST_DRIVER = {"12": "525.60", "13": "580.65"}

# Answers of the CUDA driver to being started that have a cause of their own.
_CUDA_NOT_READY = 802
_CUDA_DRIVER_MISMATCH = 803

_CAPABILITIES = "cuda_compute_capabilities"


@dataclass(frozen=True)
class Facts:
    """Everything the diagnosis of the GPU rests on.

    Attributes:
        tensorflow: (distribution, version) of the installed TensorFlow; None without one.
        module: Version of the loaded NVIDIA kernel module.
    """

    snapshot: Snapshot
    worker: WorkerReport
    cards: tuple[PciCard, ...] = ()
    module: str | None = None
    tensorflow: tuple[str, str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    system: System = field(default_factory=System)


def diagnose_gpu(facts: Facts) -> list[Finding]:
    """Return why TensorFlow has the GPUs it has: the causes in order, or that all is well."""
    if facts.worker.tensorflow is None:
        return [_no_tensorflow(facts)]
    gpus, seen = facts.snapshot.gpus, len(facts.worker.gpus)
    if not gpus and not seen:
        return [missing_gpu.explain(facts.snapshot, facts.cards, facts.module, facts.system)]
    findings = list(_visible_devices(facts)) if gpus else []
    if not seen:
        causes = (_build, _driver_age, _libraries, _too_old, _mig)
        findings += [finding for cause in causes for finding in cause(facts)]
        return findings or [_unexplained(facts)]
    names = ", ".join(facts.worker.gpus)
    counted = f"{seen} of {len(gpus)} GPUs" if len(gpus) > 1 else "the GPU"
    findings.append(Finding("ok", f"TensorFlow sees {counted}: {names}."))
    findings += [*_too_new(facts), *_crowded(gpus)]
    if facts.snapshot.gpu_problem:
        findings.append(Finding("problem", facts.snapshot.gpu_problem, "nvidia-smi"))
    return findings


def sees(gpu: Gpu, worker: WorkerReport) -> bool | None:
    """Return whether TensorFlow sees this GPU; None where that can't be told."""
    if not worker.gpus:
        return False
    if not gpu.uuid or len(worker.gpus) != len(worker.cuda_uuids):
        return None
    return gpu.uuid in worker.cuda_uuids


def _no_tensorflow(facts: Facts) -> Finding:
    worker = facts.worker
    if facts.tensorflow is None:
        return Finding(
            "problem",
            "TensorFlow is not installed, so nothing can be trained.",
            pip("install tensorflow"),
        )
    name, version = facts.tensorflow
    again = pip(f'install --force-reinstall --no-deps "{name}=={version}"')
    if worker.exit_code is None:
        return Finding(
            "problem",
            f"TensorFlow was not ready after {worker.seconds:.0f} seconds. A busy machine or a "
            "slow network disk can be the reason; try it alone:",
            f"{python()} -X importtime -c 'import tensorflow'",
        )
    if worker.exit_code == -4:
        return Finding(
            "problem",
            f"TensorFlow {version} uses instructions this processor lacks (AVX), so it cannot "
            "run on this machine. Use another machine.",
        )
    if worker.exit_code < 0:
        return Finding(
            "problem",
            f"Importing TensorFlow ended with signal {-worker.exit_code}: the installation is "
            "damaged, or memory ran out.",
            again,
        )
    why = reason(worker.errors.get("tensorflow", "") or "\n".join(worker.stderr[-1:]))
    return Finding("problem", f"TensorFlow {version} cannot be imported: {why}", again)


def _visible_devices(facts: Facts) -> Iterator[Finding]:
    value = facts.environment.get("CUDA_VISIBLE_DEVICES")
    if value is None:
        return
    gpus = facts.snapshot.gpus
    first = value.split(",")[0].strip()
    there = ", ".join(str(gpu.index) for gpu in gpus)
    if not first or first.startswith("-") or first == "NoDevFiles":
        yield Finding(
            "problem",
            f'CUDA_VISIBLE_DEVICES is set to "{value}", which hides every GPU.',
            "unset CUDA_VISIBLE_DEVICES",
        )
    elif not _names_a_gpu(first, gpus):
        yield Finding(
            "problem",
            f'CUDA_VISIBLE_DEVICES is set to "{value}", but there is no GPU {first} here; '
            f"there is {there}.",
            f"export CUDA_VISIBLE_DEVICES={gpus[0].index}",
        )
    elif len(gpus) > len(facts.worker.gpus) > 0:
        yield Finding(
            "note",
            f'CUDA_VISIBLE_DEVICES is set to "{value}"; the other GPUs are hidden. '
            "Inside a run the visible ones are numbered from 0.",
        )


def _names_a_gpu(name: str, gpus: tuple[Gpu, ...]) -> bool:
    if name.isdecimal():
        return int(name) in {gpu.index for gpu in gpus}
    known = [uuid for gpu in gpus for uuid in (gpu.uuid, *(gpu.mig or ()))]
    return any(uuid.startswith(name) for uuid in known)


def _build(facts: Facts) -> Iterator[Finding]:
    if facts.worker.cuda_build:
        return
    name, version = facts.tensorflow or ("tensorflow", facts.worker.tensorflow)
    has = f"There is a GPU ({facts.snapshot.gpus[0].name}), but {name} {version}"
    system = facts.system
    if system.name == "Windows":
        yield Finding(
            "problem",
            f"{has} has no GPU support on Windows. Install Windows' Linux and kerastui in it:",
            "wsl --install",
        )
    elif system.machine != "x86_64":
        yield Finding(
            "problem",
            f"{has} has no GPU support on {system.machine}. The JAX backend has; install it and "
            "run with --backend jax.",
            pip('install "jax[cuda12]"'),
        )
    else:
        cure = pip(f'install "tensorflow[and-cuda]=={version}"')
        if name != "tensorflow":
            cure = f"{pip(f'uninstall -y {name}')} && {cure}"
        else:
            cure = pip(f'install --force-reinstall "tensorflow[and-cuda]=={version}"')
        yield Finding(
            "problem", f"{has} was built for the CPU only. Put the build for GPUs there:", cure
        )


def _driver_age(facts: Facts) -> Iterator[Finding]:
    gpu, cuda = facts.snapshot.gpus[0], facts.worker.cuda_version
    if not facts.worker.cuda_build or cuda is None or gpu.driver_version is None:
        return
    oldest = _OLDEST_DRIVER.get(cuda.partition(".")[0])
    if oldest and _numbers(gpu.driver_version) < _numbers(oldest):
        yield install_driver(
            f"The NVIDIA driver {gpu.driver_version} is too old: TensorFlow "
            f"{facts.worker.tensorflow} was built for CUDA {cuda}, which needs {oldest} or newer. "
            "Install a newer driver, then restart the machine.",
            facts.system,
        )


def _libraries(facts: Facts) -> Iterator[Finding]:
    missing = [name for name, error in facts.worker.libraries.items() if error]
    if missing:
        version = facts.worker.tensorflow
        yield Finding(
            "problem",
            f"TensorFlow is built for GPUs, but cannot load {', '.join(missing)}. Install "
            "NVIDIA's libraries beside it:",
            pip(f'install "tensorflow[and-cuda]=={version}"'),
        )


def _mig(facts: Facts) -> Iterator[Finding]:
    for gpu in facts.snapshot.gpus:
        if gpu.mig == ():
            yield Finding(
                "problem",
                f"GPU {gpu.index} is in MIG mode, but no slice of it has been made, so there is "
                "nothing to compute on. Make one, or switch the mode off:",
                f"sudo nvidia-smi -i {gpu.index} -mig 0",
            )


def _unexplained(facts: Facts) -> Finding:
    worker = facts.worker
    if worker.cuda_code == _CUDA_NOT_READY:
        return Finding(
            "problem",
            "The GPUs are not ready: on this kind of server NVIDIA's Fabric Manager must run.",
            "sudo systemctl start nvidia-fabricmanager",
        )
    if worker.cuda_code == _CUDA_DRIVER_MISMATCH:
        return Finding(
            "problem",
            "CUDA's driver library and the NVIDIA kernel module differ in version. Restart the "
            "machine; in a container, remove its own cuda-compat package.",
            "sudo reboot",
        )
    if worker.cuda_code is None:
        sentence = (
            "The GPU is there, but the driver's library for computing (libcuda.so.1) is missing."
        )
        if facts.system.container:
            return Finding(
                "problem",
                f"{sentence} Start the container again with it:",
                "docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility IMAGE",
            )
        return install_driver(f"{sentence} Install the driver again.", facts.system)
    if worker.cuda_code:
        return Finding(
            "problem",
            f"The CUDA driver does not start: {worker.cuda_message} (error {worker.cuda_code}). "
            "The kernel's log may tell more.",
            "sudo dmesg | grep -i -E 'nvrm|xid' | tail",
        )
    told = [line for line in worker.stderr if "gpu" in line.lower() or "cuda" in line.lower()]
    said = f" It said: {told[-1]}" if told else ""
    return Finding(
        "problem", f"There is a GPU and a driver, but TensorFlow does not list it.{said}"
    )


def _generations(facts: Facts) -> list[tuple[int, int]]:
    """Return the compute capabilities this TensorFlow was compiled for, such as (8, 9)."""
    names = [name.partition("_")[2] for name in facts.worker.build.get(_CAPABILITIES, [])]
    return sorted(divmod(int(name), 10) for name in names if name.isdecimal())


def _too_old(facts: Facts) -> Iterator[Finding]:
    known = _generations(facts)
    for gpu in facts.snapshot.gpus:
        if known and gpu.compute_capability and gpu.compute_capability < known[0]:
            yield Finding(
                "problem",
                f"GPU {gpu.index} ({gpu.name}) is of generation {_dotted(gpu.compute_capability)}; "
                f"TensorFlow {facts.worker.tensorflow} needs {_dotted(known[0])} or newer. "
                "Training runs on the CPU.",
            )


def _too_new(facts: Facts) -> Iterator[Finding]:
    known = _generations(facts)
    for gpu in facts.snapshot.gpus:
        if known and gpu.compute_capability and gpu.compute_capability[0] > known[-1][0]:
            yield Finding(
                "note",
                f"GPU {gpu.index} is newer than TensorFlow {facts.worker.tensorflow} knows: the "
                "first run translates its programs for it, which can take half an hour or more.",
            )


def _dotted(generation: tuple[int, int]) -> str:
    return f"{generation[0]}.{generation[1]}"


def _crowded(gpus: tuple[Gpu, ...]) -> Iterator[Finding]:
    for gpu in gpus:
        free, total = gpu.memory_free, gpu.memory_total
        if free is not None and total and free < total / 10:
            yield Finding(
                "note",
                f"GPU {gpu.index} is nearly full: {gib(free)} free of {gib(total)}."
                " See which programs use it:",
                "nvidia-smi",
            )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def reason(error: str) -> str:
    """Return the line of an import's long error message that says what was wrong."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    named = [line for line in lines if "Error: " in line and not line.endswith("last):")]
    return (named or lines or ["no reason was given."])[-1]


def gib(size: float) -> str:
    """Return a number of bytes as memory is counted, such as "79.6 GiB"."""
    return f"{size / 2**30:.1f} GiB"

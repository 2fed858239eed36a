"""Which devices a worker computes on. Called in the worker, before its first operation."""

from __future__ import annotations

import os

from kerastui.datasets.errors import UserError


def order_by_bus() -> None:
    """Number GPUs as `nvidia-smi` and the hardware panel do, by their place on the bus.

    CUDA's own order, the fastest first, would give another card than the one chosen. It reads
    this when it starts, which is at the first question for devices.
    """
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")


def configure_devices(device: str = "auto") -> str:
    """Choose TensorFlow's devices and let GPU memory grow as needed.

    Without growth TensorFlow takes nearly all memory of every GPU at its first operation.

    Args:
        device: "auto" (a GPU where there is one), "cpu", "gpu" or "gpu:N", N counted among the
            GPUs that TensorFlow sees (`CUDA_VISIBLE_DEVICES` applied).

    Returns:
        The device in words for the run's record, such as "CPU 2 cores" or "GPU 0 NVIDIA A10".

    Raises:
        UserError: No such device, or not a device at all.
    """
    import tensorflow as tf

    order_by_bus()
    gpus = tf.config.list_physical_devices("GPU")
    number = _number(device, len(gpus))
    if number is None:
        if gpus:
            tf.config.set_visible_devices([], "GPU")
        return _cpu()
    if device != "auto":
        tf.config.set_visible_devices([gpus[number]], "GPU")
    for gpu in gpus if device == "auto" else [gpus[number]]:
        tf.config.experimental.set_memory_growth(gpu, True)
    details = tf.config.experimental.get_device_details(gpus[number])
    return f"GPU {number} {details.get('device_name', '')}".strip()


def _number(device: str, count: int) -> int | None:
    """Return the number of the chosen GPU; None for the CPU."""
    kind, _, number = device.strip().lower().partition(":")
    if kind == "cpu" and number in ("", "0"):
        return None
    if kind == "auto" and not number:
        return 0 if count else None
    if kind != "gpu" or not (number.isdecimal() or not number):
        raise UserError(
            f'"{device}" is not a device.', 'Use "auto", "cpu", "gpu", or "gpu:0" with a number.'
        )
    chosen = int(number or 0)
    if chosen < count:
        return chosen
    if not count:
        raise UserError(
            f'The experiment asks for device "{device}", but TensorFlow sees no GPU here.',
            'Choose "auto" or "cpu"; `kerastui doctor` says why there is none.',
        )
    there = ", ".join(f'"gpu:{index}"' for index in range(count))
    raise UserError(
        f'The experiment asks for device "{device}", which TensorFlow does not see.',
        f"Choose one of {there}.",
    )


def _cpu() -> str:
    from kerastui.models.machine.hardware import usable_cores

    cores = usable_cores()
    return f"CPU {cores} core" + ("" if cores == 1 else "s")

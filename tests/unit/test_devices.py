"""Choosing devices in the worker."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.machine.devices import configure_devices


class FakeTensorFlow:
    """The device functions of TensorFlow, which remember what they were told."""

    def __init__(self, count: int) -> None:
        self.gpus = [SimpleNamespace(name=f"GPU:{number}") for number in range(count)]
        self.visible: list[list[str]] = []
        self.growing: list[str] = []
        self.config = SimpleNamespace(
            list_physical_devices=lambda kind: list(self.gpus),
            set_visible_devices=lambda devices, kind: self.visible.append(
                [device.name for device in devices]
            ),
            experimental=SimpleNamespace(
                set_memory_growth=self._grow,
                get_device_details=lambda device: {"device_name": "NVIDIA A10"},
            ),
        )

    def _grow(self, device: SimpleNamespace, on: bool) -> None:
        if on:
            self.growing.append(device.name)


@pytest.fixture
def tensorflow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeTensorFlow:
    fake = FakeTensorFlow(request.param)
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "")  # so that it is put back afterwards
    monkeypatch.delenv("CUDA_DEVICE_ORDER")
    return fake


@pytest.mark.parametrize(
    ("tensorflow", "device", "described", "visible", "growing"),
    [
        (0, "auto", "CPU", [], []),
        (0, "cpu", "CPU", [], []),
        (1, "cpu", "CPU", [[]], []),
        (2, "auto", "GPU 0 NVIDIA A10", [], ["GPU:0", "GPU:1"]),
        (2, "gpu", "GPU 0 NVIDIA A10", [["GPU:0"]], ["GPU:0"]),
        (2, "GPU:1", "GPU 1 NVIDIA A10", [["GPU:1"]], ["GPU:1"]),
    ],
    indirect=["tensorflow"],
)
def test_devices_are_chosen_and_memory_grows(
    tensorflow: FakeTensorFlow,
    device: str,
    described: str,
    visible: list[list[str]],
    growing: list[str],
) -> None:
    assert configure_devices(device).startswith(described)
    assert (tensorflow.visible, tensorflow.growing) == (visible, growing)
    assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


@pytest.mark.parametrize(
    ("tensorflow", "device", "words"),
    [
        (0, "gpu", "sees no GPU here"),
        (2, "gpu:2", 'Choose one of "gpu:0", "gpu:1"'),
        (1, "tpu", '"tpu" is not a device'),
        (1, "gpu:x", "is not a device"),
        (1, "auto:1", "is not a device"),
    ],
    indirect=["tensorflow"],
)
@pytest.mark.usefixtures("tensorflow")
def test_devices_that_are_not_there(device: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        configure_devices(device)
    assert words in str(caught.value)


@pytest.mark.slow
def test_devices_of_the_real_tensorflow() -> None:
    code = (
        "from kerastui.models.machine.devices import configure_devices\n"
        "import tensorflow as tf\n"
        "print(configure_devices('cpu'))\n"
        "print(float(tf.reduce_sum(tf.ones(3))), tf.config.list_logical_devices('GPU'))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    described, computed = result.stdout.splitlines()
    assert described.startswith("CPU ")
    assert computed == "3.0 []"

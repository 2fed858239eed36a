"""The probe in real child processes, with modules of our own in TensorFlow's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastui.models.machine import probe
from kerastui.models.machine.diagnosis import diagnose_gpu
from kerastui.models.machine.doctor import examine

from .machines import facts, gpu, machine, only

KERAS = "__version__ = '3.15.1'\nclass backend:\n    backend = staticmethod(lambda: 'tensorflow')\n"
TENSORFLOW = """
import os
from types import SimpleNamespace as S
print("noise on standard output")
os.write(2, b"a reason of TensorFlow\\n")
__version__ = "2.21.0"
sysconfig = S(get_build_info=lambda: {
    "is_cuda_build": True, "cuda_version": "12.5.1", "cudnn_version": "9",
    "cuda_compute_capabilities": ["sm_80"]})
config = S(
    list_physical_devices=lambda kind: [S(name=f"{kind}:0", device_type=kind)],
    experimental=S(get_device_details=lambda device: {"device_name": "Fake A10"}))
"""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose `tensorflow.py` and `keras.py` a child imports before the real ones."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "keras.py").write_text(KERAS)
    return tmp_path


def test_the_probe_reports_devices_and_libraries(modules: Path) -> None:
    package = modules / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text(TENSORFLOW)

    report = probe.ask()

    assert (report.tensorflow, report.keras, report.exit_code) == ("2.21.0", "3.15.1", 0)
    assert (report.cpus, report.gpus) == (["CPU:0"], ["Fake A10"])
    assert report.cuda_build
    assert {"libcublas.so.12", "libcudnn.so.9"} <= set(report.libraries)
    assert "a reason of TensorFlow" in report.stderr


def test_the_probe_loads_libraries_that_pip_put_beside(modules: Path) -> None:
    package = modules / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text(TENSORFLOW)
    beside = modules / "nvidia/cudnn/lib"
    beside.mkdir(parents=True)
    # Any shared library that is sure to load stands in for cuDNN; a text file for a broken one.
    import _ctypes

    (beside / "libcudnn.so.9").symlink_to(_ctypes.__file__)
    (beside / "libcufft.so.11").write_text("not a library")

    libraries = probe.ask().libraries

    assert libraries["libcudnn.so.9"] == ""
    assert "libcufft.so.11" in libraries["libcufft.so.11"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ImportError('libfoo.so.1 is missing')", "libfoo.so.1 is missing"),
        ("import os; os.kill(os.getpid(), 4)", "lacks (AVX)"),
        ("import os; os.kill(os.getpid(), 11)", "signal 11"),
        ("import os; os.write(2, b'no space left'); os._exit(3)", "no space left"),
    ],
)
def test_a_tensorflow_that_cannot_be_imported(modules: Path, body: str, words: str) -> None:
    (modules / "tensorflow.py").write_text(body)
    report = probe.ask()
    assert report.tensorflow is None
    found = only(diagnose_gpu(facts(machine(gpu()), report)))
    assert (found.level, words in found.sentence) == ("problem", True), found


def test_a_probe_that_hangs_is_ended(modules: Path) -> None:
    (modules / "tensorflow.py").write_text("import time; time.sleep(600)")
    report = probe.ask(timeout=1.5)
    assert report.exit_code is None
    assert "not ready after" in only(diagnose_gpu(facts(machine(), report))).sentence


def test_files_of_the_current_directory_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modules: Path
) -> None:
    (modules / "tensorflow.py").write_text("raise ImportError('the one of PYTHONPATH')")
    elsewhere = tmp_path / "work"
    elsewhere.mkdir()
    (elsewhere / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(elsewhere)
    assert "PYTHONPATH" in probe.ask().errors["tensorflow"]


@pytest.mark.slow
def test_the_real_tensorflow() -> None:
    report = probe.ask()
    assert report.exit_code == 0, report
    assert report.errors == {}
    assert report.tensorflow is not None
    assert report.keras is not None
    assert len(report.cpus) >= 1
    assert "is_cuda_build" in report.build
    assert (report.libraries == {}) == (not report.cuda_build)
    assert examine(report).worker is report

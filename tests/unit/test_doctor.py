"""The doctor: each cause of a missing GPU, the whole report, its text."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kerastui.models.machine import environment
from kerastui.models.machine.cures import Finding, System, install_driver
from kerastui.models.machine.diagnosis import diagnose_gpu, reason, sees
from kerastui.models.machine.doctor import as_text, examine, lines
from kerastui.models.machine.gpu import PciCard
from kerastui.models.machine.hardware import Memory, Snapshot
from kerastui.models.machine.probe import WorkerReport

from .machines import CARD, CONTAINER, CUDA_BUILD, GIB, UBUNTU, facts, gpu, machine, only, worker

# Why no GPU is listed at all


def test_no_card_is_a_note_and_no_problem() -> None:
    found = only(diagnose_gpu(facts(machine(error=12, problem="."), worker(cuda=False))))
    assert found.level == "note"
    assert "No NVIDIA GPU is in this machine. Training runs on the CPU (4 cores)." in found.sentence
    assert found.cure is None


@pytest.mark.parametrize(
    ("error", "cards", "module", "system", "words", "cure"),
    [
        (12, (CARD,), None, UBUNTU, "no NVIDIA driver. Install it", "sudo ubuntu-drivers install"),
        (12, (replace(CARD, driver="nouveau"),), None, UBUNTU, "only nouveau", "sudo ubuntu"),
        (12, (replace(CARD, driver="vfio-pci"),), None, UBUNTU, "virtual machine", "lspci"),
        (12, (CARD,), None, CONTAINER, "machine itself, not in this container", None),
        (12, (CARD,), "550.54", CONTAINER, "handed to this container", "docker run --gpus all"),
        (12, (CARD,), "550.54", UBUNTU, "half installed", "sudo ubuntu-drivers install"),
        (9, (CARD,), None, UBUNTU, "installed but not running", "sudo modprobe nvidia"),
        (4, (CARD,), "550.54", UBUNTU, "this user may not use it", "sudo usermod"),
        (18, (CARD,), "550.54", UBUNTU, "old one still runs (550.54)", "sudo reboot"),
        (18, (CARD,), "550.54", CONTAINER, "Restarting this container", None),
        (999, (CARD,), "550.54", UBUNTU, "told", "nvidia-smi"),
        (None, (), None, UBUNTU, "told", "nvidia-ml-py"),
    ],
)
def test_no_gpu_is_listed(
    error: int | None,
    cards: tuple[PciCard, ...],
    module: str | None,
    system: System,
    words: str,
    cure: str | None,
) -> None:
    snapshot = machine(problem="told", error=error)
    found = only(diagnose_gpu(facts(snapshot, worker(), cards=cards, module=module, system=system)))
    assert found.level == "problem"
    assert words in found.sentence
    assert (cure in found.cure) if cure and found.cure else (cure is found.cure)


def test_a_driver_without_a_card_is_no_problem() -> None:
    found = only(diagnose_gpu(facts(machine(problem=".", error=9), worker())))
    assert (found.level, "is in this machine" in found.sentence) == ("note", True)


def test_the_driver_of_an_unknown_distribution_has_an_address() -> None:
    found = install_driver("Install it.", System(distribution=("plan9",)))
    assert found.cure is None
    assert found.sentence.endswith("https://www.nvidia.com/drivers.")


# Why TensorFlow does not see a GPU that is there


def test_all_is_well() -> None:
    found = only(diagnose_gpu(facts(machine(gpu()), worker("NVIDIA A10"))))
    assert found == Finding("ok", "TensorFlow sees the GPU: NVIDIA A10.")


def test_a_build_for_the_cpu_beside_a_gpu() -> None:
    installed = ("tensorflow-cpu", "2.21.0")
    found = only(diagnose_gpu(facts(machine(gpu()), worker(cuda=False), tensorflow=installed)))
    assert found.level == "problem"
    assert "tensorflow-cpu 2.21.0 was built for the CPU only" in found.sentence
    assert found.cure is not None
    assert "uninstall" in found.cure
    assert "tensorflow-cpu" in found.cure
    assert found.cure.endswith('"tensorflow[and-cuda]==2.21.0"')


def test_a_build_without_gpus_on_arm() -> None:
    arm = replace(UBUNTU, machine="aarch64")
    found = only(diagnose_gpu(facts(machine(gpu()), worker(cuda=False), system=arm)))
    assert "no GPU support on aarch64" in found.sentence
    assert "jax[cuda12]" in (found.cure or "")


@pytest.mark.parametrize("value", ["-1", "", "-1,0", "NoDevFiles"])
def test_all_gpus_hidden(value: str) -> None:
    hidden = {"CUDA_VISIBLE_DEVICES": value}
    found = only(diagnose_gpu(facts(machine(gpu()), worker(), environment=hidden)))
    assert f'CUDA_VISIBLE_DEVICES is set to "{value}", which hides every GPU' in found.sentence
    assert found.cure == "unset CUDA_VISIBLE_DEVICES"


@pytest.mark.parametrize("value", ["2", "GPU-9", "first"])
def test_a_gpu_is_chosen_that_is_not_there(value: str) -> None:
    chosen = {"CUDA_VISIBLE_DEVICES": value}
    snapshot = machine(gpu(0), gpu(1))
    found = only(diagnose_gpu(facts(snapshot, worker(), environment=chosen)))
    assert f"there is no GPU {value} here; there is 0, 1" in found.sentence
    assert found.cure == "export CUDA_VISIBLE_DEVICES=0"


def test_one_of_two_gpus_is_chosen_on_purpose() -> None:
    report = worker("NVIDIA A10", cuda_uuids=["GPU-1"])
    snapshot = machine(gpu(0), gpu(1))
    note, ok = diagnose_gpu(facts(snapshot, report, environment={"CUDA_VISIBLE_DEVICES": "1"}))
    assert (note.level, ok.level) == ("note", "ok")
    assert ok.sentence == "TensorFlow sees 1 of 2 GPUs: NVIDIA A10."
    assert [sees(card, report) for card in snapshot.gpus] == [False, True]


def test_missing_libraries_are_named() -> None:
    libraries = {"libcudart.so.12": "", "libcudnn.so.9": "cannot open shared object file"}
    found = only(diagnose_gpu(facts(machine(gpu()), worker(libraries=libraries))))
    assert "cannot load libcudnn.so.9." in found.sentence
    assert "tensorflow[and-cuda]==2.21.0" in (found.cure or "")


@pytest.mark.parametrize(
    ("driver", "cuda", "old"),
    [("470.256.02", "12.5.1", True), ("525.60.13", "12.5.1", False), ("550.54.15", "13.0", True)],
)
def test_a_driver_older_than_the_build_needs(driver: str, cuda: str, old: bool) -> None:
    report = worker(build=CUDA_BUILD | {"cuda_version": cuda})
    found = only(diagnose_gpu(facts(machine(gpu(driver_version=driver)), report)))
    assert (f"The NVIDIA driver {driver} is too old" in found.sentence) == old
    assert (found.cure == "sudo ubuntu-drivers install") == old


def test_cards_of_another_age_than_the_build() -> None:
    old = only(diagnose_gpu(facts(machine(gpu(compute_capability=(3, 5))), worker())))
    assert "generation 3.5; TensorFlow 2.21.0 needs 6.0 or newer" in old.sentence
    new = diagnose_gpu(facts(machine(gpu(compute_capability=(12, 0))), worker("NVIDIA X")))
    assert [finding.level for finding in new] == ["ok", "note"]
    assert "newer than TensorFlow 2.21.0 knows" in new[1].sentence


def test_a_card_split_into_nothing() -> None:
    found = only(diagnose_gpu(facts(machine(gpu(mig=())), worker())))
    assert "no slice of it has been made" in found.sentence
    assert found.cure == "sudo nvidia-smi -i 0 -mig 0"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "libcuda.so.1"),
        (802, "Fabric Manager"),
        (803, "differ in version"),
        (999, "unknown error (error 999)"),
        (0, "It said: no GPU for you"),
    ],
)
def test_the_cuda_driver_has_the_last_word(code: int | None, words: str) -> None:
    report = worker(cuda_code=code, cuda_message="unknown error", stderr=["no GPU for you", "bye"])
    found = only(diagnose_gpu(facts(machine(gpu()), report)))
    assert found.level == "problem"
    assert words in found.sentence


def test_independent_causes_are_all_told() -> None:
    hidden = {"CUDA_VISIBLE_DEVICES": "-1"}
    found = diagnose_gpu(facts(machine(gpu()), worker(cuda=False), environment=hidden))
    assert ["hides" in found[0].sentence, "CPU only" in found[1].sentence] == [True, True]


def test_a_gpu_that_others_have_filled() -> None:
    full = gpu(memory_free=GIB, memory_used=23 * GIB)
    note = diagnose_gpu(facts(machine(full), worker("NVIDIA A10")))[1]
    assert "nearly full: 1.0 GiB free of 24.0 GiB" in note.sentence


def test_tensorflow_is_not_installed() -> None:
    broken = WorkerReport(errors={"tensorflow": "ModuleNotFoundError: no"}, exit_code=0)
    found = only(diagnose_gpu(facts(machine(), broken, tensorflow=None)))
    assert "not installed" in found.sentence
    assert (found.cure or "").endswith("install tensorflow")


def test_the_reason_in_a_long_import_error() -> None:
    error = (
        "ImportError: Traceback (most recent call last):\n  File x\n"
        "ImportError: libfoo.so: cannot open\n\n\nFailed to load the runtime.\nSee https://x"
    )
    assert reason(error) == "ImportError: libfoo.so: cannot open"
    assert reason("") == "no reason was given."


# The whole report


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KERAS_BACKEND", "CUDA_VISIBLE_DEVICES", "KERASTUI_DATA", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("KERASTUI_HOME", str(tmp_path / "saved"))
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    return tmp_path


class FixedMonitor:
    """A monitor of a machine that does not change."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = lambda: snapshot


def report_of(snapshot: Snapshot, seen: WorkerReport) -> Any:
    return examine(seen, monitor=FixedMonitor(snapshot))  # type: ignore[arg-type]


@pytest.mark.usefixtures("surroundings")
def test_text_and_json_of_a_machine_with_two_gpus() -> None:
    seen = worker("NVIDIA A10", "NVIDIA A10")
    found = report_of(machine(gpu(0), gpu(1, temperature=None)), seen)

    text = as_text(found)
    assert "  GPU 1         NVIDIA A10\n" in text
    assert "23.0 GiB free of 24.0 GiB, load 3 %, 40 C\n" in text
    assert "8 (4 physical), 4 of them may be used here, load 12 %" in text
    assert "9.0 GiB free of 16.0 GiB allowed here; the machine has 64.0 GiB" in text
    assert "550.54.15, CUDA up to 12.4" in text
    assert text.count("seen by TensorFlow: yes") == 2
    assert "TensorFlow sees 2 of 2 GPUs" in text
    assert text.isascii()
    paths = (str(Path.home()), os.environ["KERASTUI_HOME"], os.environ["KERASTUI_CACHE"])
    wide = [line for line in text.splitlines() if len(line) > 80]
    assert [line for line in wide if not any(path in line for path in paths)] == []

    plain = json.loads(found.to_json())
    assert plain["snapshot"]["gpus"][0]["memory_free"] == 23 * GIB
    assert plain["healthy"] == found.healthy


@pytest.mark.usefixtures("surroundings")
def test_a_problem_stands_in_the_text_with_its_command() -> None:
    found = report_of(machine(gpu()), worker(cuda=False))
    assert not found.healthy
    styles = [style for style, _ in lines(found)]
    at = styles.index("problem")
    assert "command" in styles[at:]
    assert "tensorflow[and-cuda]==" in as_text(found)


@pytest.mark.parametrize(
    ("name", "installed", "words"),
    [("pytorch", True, "does not know. It knows tensorflow"), ("jax", False, "not installed")],
)
def test_a_backend_that_is_not_there(
    surroundings: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    installed: bool,
    words: str,
) -> None:
    monkeypatch.setattr(environment, "backends", lambda: ("tensorflow",))
    monkeypatch.setenv("KERAS_BACKEND", name)
    found = report_of(machine(), worker())
    sentences = [f for f in found.diagnosis if "KERAS_BACKEND" in f.sentence]
    assert words in only(sentences).sentence
    assert sentences[0].cure == "unset KERAS_BACKEND"


@pytest.mark.usefixtures("surroundings")
def test_what_starts_and_what_does_not() -> None:
    well = report_of(machine(), worker())
    starts = "TensorFlow 2.21.0 and Keras 3.15.1 start without errors."
    assert Finding("ok", starts) in well.diagnosis
    broken = report_of(machine(), worker(keras=None, errors={"keras": "ImportError: no h5py"}))
    assert Finding("problem", "Keras cannot be imported: ImportError: no h5py") in broken.diagnosis


def test_the_settings_file_of_keras_is_read(surroundings: Path) -> None:
    settings = surroundings / "keras/keras.json"
    settings.parent.mkdir()
    settings.write_text('{"backend": "theano"}')
    found = report_of(machine(), worker())
    (problem,) = [f for f in found.diagnosis if "theano" in f.sentence]
    assert (str(settings) in problem.sentence, problem.cure) == (
        True,
        "export KERAS_BACKEND=tensorflow",
    )
    settings.write_text("{broken")
    assert report_of(machine(), worker()).backend_choice is None


def test_folders(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, file = surroundings / "there", surroundings / "file"
    there.mkdir()
    file.write_text("")
    gone = surroundings / "gone"
    monkeypatch.setenv("KERASTUI_DATA", os.pathsep.join(map(str, (there, gone, file))))
    monkeypatch.setenv("KERASTUI_CACHE", str(file / "cache"))

    found = report_of(machine(), worker())

    by_path = {folder.path: folder.problem for folder in found.folders}
    assert by_path[there] is None
    assert by_path[gone] == "it does not exist"
    assert by_path[file] == "it is a file, not a folder"
    assert by_path[surroundings / "saved"] is None
    assert not (surroundings / "saved").exists()
    cures = [f.cure for f in found.diagnosis if f.cure]
    assert "export KERASTUI_CACHE=~/kerastui-cache" in cures
    assert f"export KERASTUI_DATA={there}" in cures
    assert f"KERASTUI_DATA names {gone}, but it does not exist" in "".join(
        f.sentence for f in found.diagnosis
    )


def test_a_workspace_that_cannot_be_written(
    surroundings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    found = report_of(machine(), worker())
    (problem,) = [f for f in found.diagnosis if f.sentence.startswith("The workspace")]
    assert "it cannot be written (Read-only file system)" in problem.sentence
    assert problem.cure == "export KERASTUI_HOME=~/kerastui-workspace"


@pytest.mark.usefixtures("surroundings")
def test_little_memory_is_a_problem() -> None:
    tight = replace(machine(), memory=Memory(2 * GIB, GIB // 4, 2 * GIB))
    assert any(
        "Only 0.2 GiB of memory is free" in f.sentence for f in report_of(tight, worker()).diagnosis
    )


@pytest.mark.parametrize(
    ("variables", "colours"),
    [
        ({}, "none"),
        ({"TERM": "dumb"}, "none"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "screen-256color", "COLORTERM": "truecolor"}, "24-bit"),
    ],
)
def test_colours_of_the_terminal(variables: dict[str, str], colours: str) -> None:
    assert environment.terminal(variables).colours == colours


def test_terminal_in_a_real_pseudo_terminal(surroundings: Path) -> None:
    import fcntl
    import pty
    import struct
    import termios

    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 60, 0, 0))
    code = (
        "import os\n"
        "from kerastui.models.machine.environment import terminal\n"
        "t = terminal(os.environ)\n"
        "print(t.columns, t.rows, t.utf8, t.no_color, t.inside)"
    )
    variables = os.environ | {
        "PYTHONIOENCODING": "latin-1",
        "NO_COLOR": "1",
        "TMUX": "x",
        "SSH_CONNECTION": "y",
    }
    result = subprocess.run(
        [sys.executable, "-c", code],
        stdin=secondary,
        stdout=subprocess.PIPE,
        stderr=secondary,
        text=True,
        env=variables,
        check=True,
    )
    os.close(primary)
    os.close(secondary)
    assert result.stdout.strip() == "60 20 False True ('tmux', 'SSH')"


def test_findings_about_the_terminal(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poor = environment.Terminal("dumb", "", 60, 20, "latin-1", "none", True, ())
    monkeypatch.setattr(environment, "terminal", lambda _: poor)
    found = report_of(machine(), worker())
    told = {f.sentence.split(";")[0]: f.cure for f in found.diagnosis}
    assert told["The terminal's text encoding is latin-1"] == "export LC_ALL=C.UTF-8"
    assert "The terminal has 60 x 20 characters" in told
    assert "export TERM=xterm-256color" in told.values()
    assert "none, switched off by NO_COLOR" in as_text(found)


def test_two_tensorflows_are_one_too_many(
    surroundings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        environment, "installed_tensorflows", lambda: ("tensorflow", "tensorflow-cpu")
    )
    found = report_of(machine(), worker())
    (problem,) = [f for f in found.diagnosis if "both installed" in f.sentence]
    assert "uninstall -y tensorflow tensorflow-cpu" in (problem.cure or "").replace("uv pip", "")

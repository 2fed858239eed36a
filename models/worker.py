"""The process that executes one run: `python -m kerastui.models.worker RUN_DIR`.

It lives in its own session and writes to files only, so it goes on when the terminal, the
connection or the user interface is gone. Nothing heavy is imported before the console of the run
stands, since TensorFlow prints where it likes.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib.metadata
import os
import platform
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.control import Control
from kerastui.models.files import write_atomically
from kerastui.models.folder import birth
from kerastui.models.record import Record
from kerastui.models.runs import CommandReader, Run

if TYPE_CHECKING:
    import keras

    from kerastui.datasets.prepare import Prepared
    from kerastui.models.callbacks import Ending
    from kerastui.models.experiment import Experiment


_RENEWAL = 600
"""Seconds after which a catalogue that was begun and never finished is begun again."""


class StoppedEarlyError(Exception):
    """The run was asked to stop before there was anything to keep."""


def main(arguments: list[str] | None = None) -> int:
    """Execute the run whose directory is named on the command line; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1:
        print("usage: python -m kerastui.models.worker RUN_DIR", file=sys.stderr)
        return 2
    path = Path(arguments[0]).absolute()
    if not (path / "run.json").is_file():
        print(f"{path} is no run directory: it holds no run.json.", file=sys.stderr)
        return 2
    return execute(path)


def execute(path: Path) -> int:
    """Execute a run in this process, which becomes its worker; returns the exit status."""
    run = Run(path)
    redirect(run.console)
    if os.getpid() != os.getsid(0):
        with contextlib.suppress(OSError):
            os.setsid()
    control = Control(CommandReader(run.commands))
    control.listen_to_signals()
    with _alone(path) as alone:
        if not alone:
            print("Another worker is at this run.", file=sys.stderr)
            return 1
        status = _Work(run, control).execute()
    renew_catalogue()
    return status


class _Work:
    """The stages of one run, from loading the data to the saved model."""

    def __init__(self, run: Run, control: Control) -> None:
        self.began = time.time()
        self.run = run
        self.control = control
        self.stage = "starting"
        info = run.info()
        info.status = "starting"
        info.pid = os.getpid()
        info.pid_started = birth(info.pid)
        info.host = socket.gethostname()
        info.started = self.began
        self.record = Record(run, info)
        self.seconds = info.seconds = {}

    def execute(self) -> int:
        self.record.save()
        try:
            ending = self._stages()
        except StoppedEarlyError:
            return self._end("stopped", 0, text=self.control.stop)
        except UserError as error:
            traceback.print_exc()
            return self._fail(error.message, error.hint)
        except BaseException as error:
            traceback.print_exc()
            return self._fail(*in_words(error, self.stage))
        kind = "finished" if ending.kind in ("completed", "early") else "stopped"
        epochs = self.record.history.epoch
        text = ending.text or f"{epochs} epoch{'' if epochs == 1 else 's'} trained"
        return self._end(kind, 0, text=text)

    def _stages(self) -> Ending:
        experiment = self.run.experiment()
        os.environ["KERAS_BACKEND"] = experiment.backend
        with self._stage("import", "Starting Keras"):
            import_keras(experiment.backend)
            info = self.record.info
            info.versions = versions(experiment.backend)
            info.backend = experiment.backend
            info.device = _device(experiment)
            warm = threading.Thread(target=_warm_up, name="warm-up", daemon=True)
            warm.start()
        with self._stage("data", f"Loading {experiment.data.dataset}"):
            from kerastui.datasets.prepare import prepare

            prepared = prepare(experiment.data, seed=experiment.seed, progress=self._say)
            parts = {"train": prepared.train, "validation": prepared.validation,
                     "test": prepared.test}  # fmt: skip
            counts = {name: len(part.y) for name, part in parts.items() if part is not None}
            info.data = {**prepared.source.to_json(), "parts": counts}
        with self._stage("build", "Building the model"):
            self._preflight(experiment, prepared)
            warm.join()
            model = self._build(experiment, prepared)
            info.parameters = int(model.count_params())
        self.record.save()
        with self._stage("fit", ""):
            from kerastui.models import feeding
            from kerastui.models.training import Arrays, train

            x, y = feeding.of_part(experiment.model, prepared, prepared.train)
            validation = prepared.validation
            arrays = Arrays(
                x, y, feeding.of_part(experiment.model, prepared, validation)
                if validation is not None else None,
            )  # fmt: skip
            ending = train(experiment, model, arrays, self.record, self.control,
                           checkpoints=self.run.path / "checkpoint")  # fmt: skip
        with self._stage("save", "Saving the model"):
            self._save(model)
            self._write_script(experiment, prepared)
        with self._stage("evaluate", "Evaluating"):
            from kerastui.models.evaluation import evaluate

            evaluation = evaluate(experiment, model, prepared, self.record.history, self.run.path)
            info.figures = dict(evaluation.figures)
            for text in evaluation.warnings:
                self._warn(text)
            self.record.event("evaluation", figures=evaluation.figures)
            evaluation.save(self.run.path / "evaluation.json")
        return ending

    @contextlib.contextmanager
    def _stage(self, stage: str, text: str) -> Iterator[None]:
        # What was trained before a stop is saved and evaluated all the same.
        if stage not in ("save", "evaluate") and self.control.poll() and self.control.stop:
            raise StoppedEarlyError
        self.stage = stage
        if text:
            self.record.event("stage", stage=stage, text=text)
        began = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - began, 4)

    def _say(self, text: str) -> None:
        self.record.event("stage", stage=self.stage, text=text)
        if self.control.poll() and self.control.stop:
            raise StoppedEarlyError

    def _warn(self, text: str) -> None:
        self.record.event("note", kind="warning", epoch=self.record.history.epoch, text=text)

    def _preflight(self, experiment: Experiment, prepared: Prepared) -> None:
        """Refuse what would fail or mean nothing, and warn of what will hardly be meant."""
        from kerastui.models import preflight

        facts = preflight.facts_of(experiment, prepared)
        free, kind = _free_memory(self.record.info.device)
        for finding in preflight.check(experiment, facts, free, kind):
            if finding.level == "problem":
                raise UserError(f"{finding.where}: {finding.sentence}", finding.cure)
            self._warn(f"{finding.where}: {finding.sentence} {finding.cure}")

    def _build(self, experiment: Experiment, prepared: Prepared) -> keras.Model:
        import keras

        from kerastui.models import feeding
        from kerastui.models.building import build_model, compile_model

        # The pre-flight made layers too: their numbers must not show in the names of these.
        keras.utils.clear_session(free_memory=False)
        # Clearing puts the precision back, too.
        keras.config.set_dtype_policy(experiment.precision)
        x = feeding.inputs(experiment.model, prepared.train.x, prepared.feature_names)
        model = build_model(experiment.model, feeding.shapes(x), seed=experiment.seed)
        return compile_model(model, experiment.compile)

    def _write_script(self, experiment: Experiment, prepared: Prepared) -> None:
        from kerastui.models.code import script

        path = prepared.source.path
        try:
            text = script(experiment, Path(path) if path else None)
            write_atomically(self.run.path / "script.py", text)
        except UserError as error:
            self._warn(f"script.py was not written: {error}")

    def _save(self, model: keras.Model) -> None:
        target = self.run.model
        beside = target.with_name(f".{os.getpid()}-{target.name}")
        try:
            model.save(beside)
            os.replace(beside, target)
        except OSError as error:
            raise UserError(
                f"The model can't be saved to {target}: {error.strerror or error}.",
                "Check the permissions and the free space; the run can be repeated, "
                "the same seed gives the same weights.",
            ) from error
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)

    def _end(self, kind: str, status: int, **fields: Any) -> int:
        info = self.record.info
        info.status, info.ended = kind, time.time()
        self.seconds["total"] = round(info.ended - self.began, 4)
        self.record.event(
            kind, epoch=self.record.history.epoch, seconds=self.seconds["total"], **fields
        )
        return status

    def _fail(self, message: str, hint: str) -> int:
        self.record.info.error = {"message": message, "hint": hint}
        return self._end("failed", 1, message=message, hint=hint)


def renew_catalogue() -> None:
    """Have the catalogue of an installed Keras that is not the shipped one written, once.

    It takes some ten seconds, so it is done after a run and in a process of its own; until then
    the shipped catalogue serves.
    """
    from kerastui.models import catalogue

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
            [sys.executable, "-P", "-m", "kerastui.models.catalogue_build", str(path)],
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


def versions(backend: str) -> dict[str, str]:
    """Return the versions that can decide a result."""
    found = {"python": platform.python_version()}
    for name in ("kerastui", "keras", backend, "numpy"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    if backend == "tensorflow" and backend not in found:
        import tensorflow as tf

        found[backend] = str(tf.__version__)
    return found


def in_words(error: BaseException, stage: str) -> tuple[str, str]:
    """Return a sentence and a hint for an exception that no one foresaw."""
    name = type(error).__name__
    text = " ".join(str(error).split())
    text = text if len(text) <= 300 else text[:299] + "…"
    if isinstance(error, MemoryError) or name == "ResourceExhaustedError":
        return (
            "There was not enough memory.",
            "Use a smaller batch, fewer units or less data; what was trained until the last "
            "checkpoint is kept.",
        )
    if isinstance(error, OSError) and error.errno == 28:
        return "The disk is full.", "Free some space and run it again."
    doing = {"import": "starting Keras", "data": "preparing the data", "build":
             "building the model", "fit": "training", "save": "saving the model",
             "evaluate": "evaluating"}.get(stage, stage)  # fmt: skip
    return (
        f"Something went wrong while {doing}: {text or name}",
        "console.log in the run's directory has the details.",
    )


def _device(experiment: Experiment) -> str:
    if experiment.backend != "tensorflow":
        return f"chosen by {experiment.backend}"
    from kerastui.models.machine.devices import configure_devices

    return configure_devices(experiment.device)


def _free_memory(device: str) -> tuple[int, str]:
    """Return the free bytes where the run trains, and how that memory is called."""
    from kerastui.models.machine import hardware

    if device.startswith("GPU"):
        number = device.removeprefix("GPU").split()[0]
        for gpu in hardware.snapshot().gpus:
            if str(gpu.index) == number and gpu.memory_free is not None:
                return gpu.memory_free, "GPU memory"
    return hardware.read_memory().available, "memory"


def _warm_up() -> None:
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
def _alone(path: Path) -> Iterator[bool]:
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


if __name__ == "__main__":
    sys.exit(main())

"""The process that executes one run: `python -m kerastui.models.processes.worker RUN_DIR`.

It lives in its own session and writes to files only, so it goes on when the terminal, the
connection or the user interface is gone. Nothing heavy is imported before the console of the run
stands, since TensorFlow prints where it likes.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.failures import in_words
from kerastui.models.files import write_atomically
from kerastui.models.processes import process
from kerastui.models.runs.folder import birth, here
from kerastui.models.runs.heartbeat import Heartbeat
from kerastui.models.runs.record import Record
from kerastui.models.runs.store import CommandReader, Run
from kerastui.models.training.control import Control, end_at_once
from kerastui.models.training.resume import LEARNING_RATE

if TYPE_CHECKING:
    import keras

    from kerastui.datasets.prepared import Prepared
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.preflight.facts import Finding
    from kerastui.models.training.callbacks import Ending
    from kerastui.models.training.checkpoint import State


_SETTINGS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
"""Part of the environment that decides in which order sums are formed."""


class StoppedEarlyError(Exception):
    """The run was asked to stop before there was anything to keep."""


def main(arguments: list[str] | None = None) -> int:
    """Execute the run whose directory is named on the command line; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1:
        print("usage: python -m kerastui.models.processes.worker RUN_DIR", file=sys.stderr)
        return 2
    path = Path(arguments[0]).absolute()
    if not (path / "run.json").is_file():
        print(f"{path} is no run directory: it holds no run.json.", file=sys.stderr)
        return 2
    return execute(path)


def execute(path: Path) -> int:
    """Execute a run in this process, which becomes its worker; returns the exit status."""
    run = Run(path)
    process.redirect(run.console)
    if os.getpid() != os.getsid(0):
        with contextlib.suppress(OSError):
            os.setsid()
    control = Control(CommandReader(run.commands, run.stored().commands_from))
    control.listen_to_signals()
    with process.alone(path) as alone:
        if not alone:
            print("Another worker is at this run.", file=sys.stderr)
            return 1
        with Heartbeat(path, end_at_once):
            status = _Work(run, control).execute()
    process.renew_catalogue()
    return status


class _Work:
    """The stages of one run, from loading the data to the saved model."""

    def __init__(self, run: Run, control: Control) -> None:
        self.began = time.time()
        self.run = run
        self.control = control
        self.stage = "starting"
        info = run.stored()
        info.status = "starting"
        info.pid = os.getpid()
        info.pid_started = birth(info.pid)
        info.host = here()
        info.started = info.started or self.began
        if info.resumed:
            os.environ.update(info.environment)
        else:
            info.environment = {name: os.environ[name] for name in _SETTINGS if name in os.environ}
        self.record = Record(run, info)
        self.seconds = info.seconds
        self.before = self.seconds.get("total", 0.0)

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
            process.import_keras(experiment.backend)
            info = self.record.info
            info.versions = dict(process.versions(experiment.backend))
            info.backend = experiment.backend
            info.device = process.choose_device(experiment)
            warm = threading.Thread(target=process.warm_up, name="warm-up", daemon=True)
            warm.start()
        with self._stage("data", f"Loading {experiment.data.dataset}"):
            from kerastui.datasets.prepare import prepare

            prepared = prepare(experiment.data, seed=experiment.seed, progress=self._say)
            parts = {"train": prepared.train, "validation": prepared.validation,
                     "test": prepared.test}  # fmt: skip
            counts = {name: len(part.y) for name, part in parts.items() if part is not None}
            info.data = {**prepared.source.to_json(), "parts": counts}
            if prepared.source.changed:
                self._warn(prepared.source.changed)
        with self._stage("build", "Building the model"):
            self._preflight(experiment, prepared)
            warm.join()
            model = self._build(experiment, prepared)
            info.parameters = int(model.count_params())
        self.record.save()
        state = self._rewind() if info.resumed else None
        with self._stage("fit", ""):
            from kerastui.models.network import feeding
            from kerastui.models.training.paths import Arrays, train

            x, y = feeding.of_part(experiment.model, prepared, prepared.train)
            validation = prepared.validation
            arrays = Arrays(
                x, y, feeding.of_part(experiment.model, prepared, validation)
                if validation is not None else None,
            )  # fmt: skip
            ending = train(
                experiment,
                model,
                arrays,
                self.record,
                self.control,
                checkpoints=self.run.checkpoint,
                state=state,
                learning_rate=self._new_rate() if state else None,
                more=any(one["more"] and not one.get("begun") for one in info.resumed),
                begun=self._changes_taken,
            )
        with self._stage("save", "Saving the model"):
            self._save(model)
            self._write_script(experiment, prepared)
        with self._stage("evaluate", "Evaluating"):
            from kerastui.models.training.evaluation import evaluate

            evaluation = evaluate(experiment, model, prepared, self.record.history, self.run.path)
            info.figures = dict(evaluation.figures)
            for text in evaluation.warnings:
                self._warn(text)
            self.record.event("evaluation", figures=evaluation.figures)
            evaluation.save(self.run.path / "evaluation.json")
        return ending

    def _rewind(self) -> State | None:
        """Go back to the checkpoint; returns its state, None where the run begins anew."""
        from kerastui.models.training.checkpoint import FILE, load_state

        there = (self.run.checkpoint / FILE).exists()
        state = load_state(self.run.checkpoint) if there else None
        epoch, batch = state.place if state else (0, 0)
        lost = max(0, self.record.history.epoch - epoch)
        text = f"going on after epoch {epoch}" if epoch else "beginning anew"
        if batch:
            text = f"going on after epoch {epoch} and batch {batch} of the next"
        if lost:
            text += f"; {lost} epoch{'' if lost == 1 else 's'} will be trained again"
        self.record.event("rewound", epoch=epoch, batch=batch, lost=lost, text=text)
        return state

    def _new_rate(self) -> float | None:
        """Return the learning rate that was asked for with a resumption that did not begin yet."""
        rates = [
            change["new"]
            for change in self.record.info.changes
            if change["path"] == LEARNING_RATE and not change.get("applied")
        ]
        return None if not rates or rates[-1] is None else float(rates[-1])

    def _changes_taken(self) -> None:
        """What was asked for with the resumption is part of the checkpoint from now on."""
        for change in self.record.info.changes:
            change["applied"] = True
        for resumption in self.record.info.resumed:
            resumption["begun"] = True
        self.record.save()

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
        spent = self.seconds.get(stage, 0.0) + time.perf_counter() - began
        self.seconds[stage] = round(spent, 4)

    def _say(self, text: str) -> None:
        self.record.event("stage", stage=self.stage, text=text)
        if self.control.poll() and self.control.stop:
            raise StoppedEarlyError

    def _warn(self, text: str) -> None:
        self.record.event("note", kind="warning", epoch=self.record.history.epoch, text=text)

    def _preflight(self, experiment: Experiment, prepared: Prepared) -> None:
        """Refuse what would fail or mean nothing, and warn of what will hardly be meant."""
        from kerastui.models.preflight import checks as preflight

        facts = preflight.facts_of(experiment, prepared)
        free, kind = process.free_memory(self.record.info.device)
        self._tell(preflight.check(experiment, facts, free, kind))

    def _tell(self, findings: Iterable[Finding]) -> None:
        """Refuse a problem, and note what is not one.

        Raises:
            UserError: There is a problem.
        """
        for finding in findings:
            if finding.level == "problem":
                raise UserError(f"{finding.where}: {finding.sentence}", finding.cure)
            self._warn(f"{finding.where}: {finding.sentence} {finding.cure}")

    def _build(self, experiment: Experiment, prepared: Prepared) -> keras.Model:
        import keras

        from kerastui.models.network import feeding
        from kerastui.models.network.building import build_model, compile_model
        from kerastui.models.preflight.batch import try_batch

        # The pre-flight made layers too: their numbers must not show in the names of these.
        keras.utils.clear_session(free_memory=False)
        # Clearing puts the precision back, too.
        keras.config.set_dtype_policy(experiment.precision)
        x, y = feeding.of_part(experiment.model, prepared, prepared.train)
        model = build_model(experiment.model, feeding.shapes(x), seed=experiment.seed)
        compile_model(model, experiment.compile)
        if not self.record.info.resumed:
            self._tell(try_batch(experiment, model, x, y))
        return model

    def _write_script(self, experiment: Experiment, prepared: Prepared) -> None:
        from kerastui.models.code import script

        path = prepared.source.path
        try:
            text = script(experiment, Path(path) if path else None)
            write_atomically(self.run.path / "script.py", text)
        except UserError as error:
            self._warn(f"script.py was not written: {error}")
        except Exception as error:  # the model is what counts; a script can be made any time
            traceback.print_exc()
            self._warn(f"script.py was not written: {in_words(error, 'code')[0]}")

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
        self.seconds["total"] = round(self.before + max(0.0, info.ended - self.began), 4)
        self.record.event(
            kind, epoch=self.record.history.epoch, seconds=self.seconds["total"], **fields
        )
        return status

    def _fail(self, message: str, hint: str) -> int:
        self.record.info.error = {"message": message, "hint": hint}
        return self._end("failed", 1, message=message, hint=hint)


if __name__ == "__main__":
    sys.exit(main())

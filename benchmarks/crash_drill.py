"""Crash drill: `python benchmarks/crash_drill.py [--moments 50] [--seed 1] [--workspace DIR]`.

Again and again an experiment is started with `kerastui run`, and at a random moment the terminal's
process, the worker, or both are killed with SIGKILL; what did not finish by itself is taken up
again, and perhaps killed once more. In the end weights, optimizer, random states, callbacks and
history are held bit for bit against a training that nobody disturbed.

The table says for each of three experiments how often what was killed, how many epochs had to be
trained again, how many files were broken, and how many endings differ. Exit status 1 if any does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from places import KERASTUI, environment
from rich.console import Console
from rich.table import Table

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import parse, save
from kerastui.models.processes.launch import Nursery
from kerastui.models.runs.events import decode
from kerastui.models.runs.folder import ACTIVE
from kerastui.models.runs.store import Run, Workspace
from kerastui.models.training.resume import resume

PATIENCE = 300.0
"""Seconds after which something that does not happen counts as broken."""

VICTIMS = ("ui", "worker", "both")

_SPLIT = {"kind": "fraction", "test": 0.2, "validation": {"kind": "last", "fraction": 0.2}}
_IRIS = {"dataset": "sklearn-iris", "task": "multiclass", "split": _SPLIT,
         "steps": [{"step": "encode_label"}]}  # fmt: skip
_DIGITS = {"dataset": "digits", "task": "multiclass", "split": _SPLIT}
_CLASSES = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}

EXAMPLES: dict[str, dict[str, Any]] = {
    "dense, fast": {
        "data": _IRIS,
        "model": {"layers": [
            {"type": "Dense", "units": 16, "activation": "relu"},
            {"type": "Dense", "units": 3, "activation": "softmax"}]},
        "compile": _CLASSES,
        "fit": {"epochs": 6000, "batch_size": 8},
        "execution": "fast",
    },
    "dropout, normalisation, plain": {
        "data": _IRIS,
        "model": {"layers": [
            {"type": "Dense", "units": 16, "activation": "relu"},
            {"type": "BatchNormalization"},
            {"type": "Dropout", "rate": 0.3},
            {"type": "GaussianNoise", "stddev": 0.1},
            {"type": "Dense", "units": 3, "activation": "softmax"}]},
        "compile": _CLASSES,
        "fit": {"epochs": 60, "batch_size": 16},
        "execution": "plain",
    },
    "convolution, early stopping": {
        "data": _DIGITS,
        "model": {"layers": [
            {"type": "Reshape", "target_shape": [8, 8, 1]},
            {"type": "Conv2D", "filters": 8, "kernel_size": 3, "activation": "relu"},
            {"type": "Flatten"},
            {"type": "Dropout", "rate": 0.3},
            {"type": "Dense", "units": 10, "activation": "softmax"}]},
        "compile": _CLASSES,
        "fit": {"epochs": 60, "batch_size": 8},
        "callbacks": [
            {"type": "EarlyStopping", "monitor": "val_loss", "patience": 6,
             "restore_best_weights": True},
            {"type": "ReduceLROnPlateau", "monitor": "val_loss", "patience": 2, "factor": 0.5}],
    },
}  # fmt: skip


@dataclass
class Tally:
    """What happened to one experiment.

    Attributes:
        killed: Kills by victim.
        alone: Runs that finished although their terminal's process was killed.
        resumed: Times a run was taken up again.
        retrained: Epochs trained again; `worst` after one kill, `trained` in all.
        late: Kills that came after the end.
        broken: What was unreadable, in words.
        different: What differed at the end, in words.
    """

    killed: Counter[str] = field(default_factory=Counter)
    alone: int = 0
    resumed: int = 0
    retrained: int = 0
    worst: int = 0
    trained: int = 0
    late: int = 0
    broken: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)


class Drill:
    """One drill.

    Args:
        home: Where the runs are kept.
        seed: Decides about all moments and victims.
    """

    def __init__(self, home: Path, seed: int) -> None:
        self.workspace = Workspace(home)
        self.environment = environment(str(home))
        self.random = random.Random(seed)
        self.nursery = Nursery()
        self.whole: dict[str, Run] = {}
        self.tallies = {name: Tally() for name in EXAMPLES}

    async def prepare(self) -> None:
        """Train every experiment undisturbed."""
        await self.nursery.start()
        if not await self.nursery.wait_ready(PATIENCE):
            raise SystemExit("The Keras process can't be started.")
        for number, name in enumerate(EXAMPLES):
            run = self.workspace.create(self._experiment(number))
            await self.nursery.run(run)
            await until(lambda run=run: ended(run))
            if run.info().status != "finished":
                raise SystemExit(f"{name} did not finish: {run.info().error}")
            self.whole[name] = run
            info = run.info()
            pace = f"{info.epoch} epochs in {info.seconds['fit']:.1f} s, {info.execution}"
            print(f"undisturbed: {name}: {pace}", flush=True)

    async def moment(self, number: int) -> None:
        """Disturb one run, once or twice, and look at how it ends."""
        name = list(EXAMPLES)[number % len(EXAMPLES)]
        tally, whole = self.tallies[name], self.whole[name]
        ui, run = await self._start(number % len(EXAMPLES))
        said = []
        for time_ in range(self.random.choice((1, 1, 2))):
            victim = self.random.choice(VICTIMS) if time_ == 0 else "worker"
            await self._wait_for_moment(run, whole)
            place = self._kill(victim, ui, run, tally)
            said.append(f"{victim} at {place}")
            await until(lambda: ended(run))
            tally.alone += victim == "ui" and run.info().status == "finished"
            if run.info().status == "finished":
                break
            await self._resume(run, tally)
        await until(lambda: ended(run))
        if run.info().status != "finished":
            tally.broken.append(f"{run.id} is {run.info().status}: {run.info().error}")
        end(ui)
        self._judge(name, run)
        print(f"{number + 1:3}  {name:30} {'; '.join(said)}", flush=True)

    # --- parts -----------------------------------------------------------------------------

    def _experiment(self, number: int) -> Experiment:
        return parse({"format": 1, "name": f"drill{number}", **list(EXAMPLES.values())[number]})

    async def _start(self, number: int) -> tuple[subprocess.Popen[bytes], Run]:
        path = self.workspace.root / f"drill{number}.toml"
        save(self._experiment(number), path)
        before = {run.id for run in self.workspace.runs()}
        ui = subprocess.Popen(  # noqa: ASYNC220  # returns at once
            [KERASTUI, "run", str(path), "--workspace", str(self.workspace.root)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=self.environment, start_new_session=True,
        )  # fmt: skip

        def made() -> Run | None:
            new = [run for run in self.workspace.runs() if run.id not in before]
            return new[0] if new and (new[0].path / "run.json").exists() else None

        return ui, await until(made)

    async def _wait_for_moment(self, run: Run, whole: Run) -> None:
        """Wait for a random moment: one in five by the clock, from the start of the program on,
        the others by the epochs that are trained."""
        if self.random.random() < 0.2:
            await asyncio.sleep(self.random.uniform(0, 6))
            return
        done, left = run.history().epoch, whole.info().epoch
        epoch = done + self.random.random() * max(0, left - done)
        await until(lambda: ended(run) or run.history().epoch >= epoch)
        await asyncio.sleep(self.random.uniform(0, 0.2))

    def _kill(self, victim: str, ui: subprocess.Popen[bytes], run: Run, tally: Tally) -> str:
        info = run.info()
        if info.status not in ACTIVE:
            tally.late += 1
            return "its end"
        tally.killed[victim] += 1
        if victim in ("ui", "both"):
            end(ui)
        if victim in ("worker", "both"):
            pid = info.pid or run.starter()
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        history = run.history()
        return f"epoch {history.epoch}" + (f", batch {history.batch}" if history.batch else "")

    async def _resume(self, run: Run, tally: Tally) -> None:
        resume(run)
        await self.nursery.run(run)
        tally.resumed += 1

    def _judge(self, name: str, run: Run) -> None:
        tally, whole = self.tallies[name], self.whole[name]
        lost = 0
        for line in run.events.read_bytes().splitlines():
            event = decode(line)
            if event is None:
                tally.broken.append(f"{run.id}: a line of events.jsonl")
            elif event["event"] == "rewound":
                lost = int(event["lost"])
                tally.retrained += lost
                tally.worst = max(tally.worst, lost)
        tally.trained += run.history().epoch
        left = [path.name for path in run.path.rglob(".*") if path.suffix not in (".lock", "")]
        tally.broken += [f"{run.id}: {one} was left" for one in left if "npz" in one]
        try:
            json.loads((run.path / "evaluation.json").read_text())
            mine, theirs = arrays(run), arrays(whole)
        except (OSError, ValueError, UserError) as error:
            tally.broken.append(f"{run.id}: {error}")
            return
        tally.different += [
            f"{run.id}: {key}" for key in theirs.keys() | mine.keys()
            if key not in mine or key not in theirs or mine[key] != theirs[key]
        ]  # fmt: skip
        if run.history().series != whole.history().series:
            tally.different.append(f"{run.id}: history")
        if run.info().figures != whole.info().figures:
            tally.different.append(f"{run.id}: figures")


def arrays(run: Run) -> dict[str, Any]:
    """Return the checkpoint and the saved weights of a run as bytes, by name."""
    import io
    import zipfile

    import h5py
    import numpy as np

    found: dict[str, Any] = {}
    with np.load(run.checkpoint / "state.npz") as stored:
        for name in stored.files:
            found[name] = stored[name].tobytes()

    with zipfile.ZipFile(run.model) as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights) as file:
        file.visititems(
            lambda name, one: found.__setitem__(f"model/{name}", one[()].tobytes())
            if isinstance(one, h5py.Dataset) else None
        )  # fmt: skip
    return found


def ended(run: Run) -> bool:
    """Say whether nobody works at a run any more."""
    return run.info().status not in ACTIVE


async def until(condition: Callable[[], Any]) -> Any:
    """Wait until something is true; returns it."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        if result := condition():
            return result
        await asyncio.sleep(0.02)
    raise SystemExit(f"waited {PATIENCE:.0f} s in vain")


def end(ui: subprocess.Popen[bytes]) -> None:
    """Kill the terminal's process."""
    with contextlib.suppress(ProcessLookupError):
        ui.kill()
    ui.wait()


def show(tallies: dict[str, Tally]) -> None:
    """Print the table."""
    grid = Table(title="Crash drill")
    for title in ("experiment", "kills ui/worker/both", "after the end", "went on alone", "resumed",
                  "epochs trained again (worst)", "broken", "different"):  # fmt: skip
        grid.add_column(title, justify="left" if title == "experiment" else "right")
    for name, one in tallies.items():
        kills = "/".join(str(one.killed[victim]) for victim in VICTIMS)
        again = f"{one.retrained:,} of {one.trained:,} ({one.worst:,})"
        grid.add_row(name, kills, str(one.late), str(one.alone), str(one.resumed), again,
                     str(len(one.broken)), str(len(one.different)))  # fmt: skip
    Console(width=150).print(grid)
    for one in tallies.values():
        for text in (*one.broken, *one.different):
            print(text)


async def main(chosen: argparse.Namespace) -> int:
    """Run the drill; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        drill = Drill(Path(chosen.workspace or folder), chosen.seed)
        await drill.prepare()
        try:
            for number in range(chosen.moments):
                await drill.moment(number)
        finally:
            show(drill.tallies)
            await drill.nursery.close()
    bad = any(one.broken or one.different for one in drill.tallies.values())
    return 1 if bad else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workspace", help="keep the runs there")
    sys.exit(asyncio.run(main(parser.parse_args())))

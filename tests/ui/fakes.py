"""Stand-ins for what starts processes: a launcher that writes the events of a run by itself.

The files it writes are real run directories, so that the screens read what they always read.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.runs.events import encode
from kerastui.models.runs.store import CommandReader, Run, RunInfo, Workspace
from kerastui.models.studies.members import members
from kerastui.models.studies.store import StudyFolder


def append(run: Run, event: str, **fields: Any) -> None:
    """Append one event to the log of a run."""
    with run.events.open("ab") as stream:
        stream.write(encode(event, **fields))


def change(run: Run, **fields: Any) -> None:
    """Change some fields of `run.json`."""
    info = run.info()
    for name, value in fields.items():
        setattr(info, name, value)
    run.write_info(info)


def finished_run(
    root: Path,
    name: str,
    *,
    day: str = "20260102-030405",
    epochs: int = 5,
    figures: dict[str, float | str] | None = None,
    **fields: Any,
) -> Run:
    """Write a run directory as a worker leaves it behind."""
    run = Run(Workspace(root).runs_folder / f"{day}-{name.lower()}-{abs(hash((name, day))):x}"[:60])
    run.path.mkdir(parents=True)
    info = RunInfo(
        id=run.id, name=name, status="finished", created=1.7e9, started=1.7e9, ended=1.7e9 + 2,
        epochs=epochs, epoch=epochs, figures=figures or {"test.accuracy": 0.9, "test.loss": 0.3},
        seconds={"fit": 1.5},
    )  # fmt: skip
    for field, value in fields.items():
        setattr(info, field, value)
    run.write_info(info)
    append(run, "started", epochs=epochs, initial_epoch=0, steps=4)
    loss = [1 / (epoch + 1) for epoch in range(epochs)]
    append(run, "epochs", first=1, logs={"loss": loss}, seconds=1.5)
    append(run, "evaluation", figures=info.figures)
    append(run, "finished", epoch=epochs, seconds=1.5, text="done")
    return run


class FakeLauncher:
    """Runs experiments in the event loop, as fast as `pace` says, and obeys their commands.

    Args:
        pace: Seconds an epoch takes.
        failure: What the worker fails with, if it does.

    Attributes:
        ran: The runs that were started.
        requests: What the inspector was asked.
        closed: Whether it was closed.
    """

    def __init__(self, pace: float = 0.0, failure: UserError | None = None) -> None:
        self.pace = pace
        self.failure = failure
        self.ran: list[Run] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.closed = False
        self.answers: dict[str, Callable[..., dict[str, Any]]] = {"summary": summary}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await asyncio.sleep(0)

    async def run(self, run: Run) -> None:
        self.ran.append(run)
        change(run, status="running", started=1.7e9, pid=os.getpid())
        self._tasks.append(asyncio.create_task(self._train(run)))

    async def study(self, study: StudyFolder) -> None:
        self._tasks.append(asyncio.create_task(self._run_study(study)))

    async def _run_study(self, study: StudyFolder) -> None:
        """Be the runner of a study: its members one after the other."""
        info = study.info()
        info.status, info.pid = "running", os.getpid()
        for member, made in zip(info.members, members(study.experiment()), strict=True):
            run = study.workspace.create(made.experiment, study=study.id, variant=made.variant)
            member.run, member.state = run.id, "running"
            study.write_info(info)
            self.ran.append(run)
            change(run, status="running", started=1.7e9, pid=os.getpid())
            await self._train(run)
            member.state = run.info().status
            study.write_info(info)
        info.status = "finished"
        study.write_info(info)

    async def request(self, name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
        self.requests.append((name, payload))
        if name not in self.answers:
            raise UserError(f"The fake answers nothing about {name}.")
        return self.answers[name](**payload)

    async def close(self) -> None:
        self.closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _train(self, run: Run) -> None:
        """Be the worker of a run."""
        info = run.info()
        epochs = info.epochs
        commands = CommandReader(run.commands, info.commands_from)
        append(run, "stage", stage="data", text="loading the data")
        if info.resumed:
            append(run, "rewound", epoch=info.epoch, batch=0, lost=0,
                   text=f"going on after epoch {info.epoch}")  # fmt: skip
        first = info.epoch if info.resumed else 0
        append(run, "started", epochs=epochs, initial_epoch=first, steps=8, execution="fast",
               why="small data", device="CPU", metrics=["loss", "val_loss", "accuracy"],
               rows={"train": 235, "test": 116})  # fmt: skip
        paused = False
        epoch = first
        while epoch < epochs:
            await asyncio.sleep(self.pace)
            for command in commands.read():
                if command["event"] == "pause" and not paused:
                    paused = True
                    append(run, "paused", epoch=epoch)
                    change(run, status="paused", epoch=epoch)
                elif command["event"] == "continue" and paused:
                    paused = False
                    append(run, "resumed", epoch=epoch)
                    change(run, status="running")
                elif command["event"] == "set_epochs":
                    epochs = command["value"]
                    append(run, "note", kind="epochs", epoch=epoch, epochs=epochs,
                           text=f"number of epochs set to {epochs} on request")  # fmt: skip
                elif command["event"] == "stop":
                    append(run, "stopped", epoch=epoch, seconds=1.0, text="stopped, model kept")
                    change(run, status="stopped", epoch=epoch, ended=1.7e9 + 1)
                    return
            if paused:
                await asyncio.sleep(0.01)
                continue
            if self.failure and epoch == 2:
                append(run, "failed", epoch=epoch, message=self.failure.message,
                       hint=self.failure.hint)  # fmt: skip
                change(run, status="failed", error={"message": self.failure.message})
                return
            epoch += 1
            loss = 0.6 * math.exp(-epoch / 40) + 0.1
            logs = {
                "loss": [loss], "val_loss": [loss + 0.05], "accuracy": [1 - loss / 2],
                "learning_rate": [0.001],
            }  # fmt: skip
            append(run, "epochs", first=epoch, logs=logs, seconds=max(self.pace, 0.001))
        figures: dict[str, float | str] = {"test.accuracy": 0.922, "test.loss": 0.24,
                                           "prediction.1.value": 0.98}  # fmt: skip
        append(run, "evaluation", figures=figures)
        append(run, "finished", epoch=epochs, seconds=1.2, text="150 epochs")
        change(run, status="finished", epoch=epochs, figures=figures, ended=1.7e9 + 2,
               seconds={"fit": 1.2}, best={"val_loss": [0.15, epochs]})  # fmt: skip


def summary(experiment: dict[str, Any]) -> dict[str, Any]:
    """Return what the inspector says about a small dense network."""
    rows = [
        {"name": "dense", "type": "Dense", "text": "10 relu he_normal", "output_shape": [None, 10],
         "parameters": 350, "trainable": 350, "inputs": ["input"]},
        {"name": "dense_1", "type": "Dense", "text": "8 relu he_normal", "output_shape": [None, 8],
         "parameters": 88, "trainable": 88, "inputs": ["dense"]},
        {"name": "dense_2", "type": "Dense", "text": "1 sigmoid", "output_shape": [None, 1],
         "parameters": 9, "trainable": 9, "inputs": ["dense_1"]},
    ]  # fmt: skip
    for place, row in enumerate(rows):
        row["where"] = f"model.layers.{place}"
    parts = {
        "train": {"x": [235, 34], "y": [235, 1]},
        "test": {"x": [116, 34], "y": [116, 1]},
    }
    return {
        "inputs": {"input": [None, 34]},
        "rows": rows,
        "outputs": ["dense_2"],
        "parameters": 447,
        "trainable": 447,
        "problem": "",
        "cure": "",
        "where": "",
        "findings": [],
        "data": {"input_shape": [34], "parts": parts, "steps": []},
    }

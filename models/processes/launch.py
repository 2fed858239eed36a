"""Starting workers, from the side of the user interface and the command line. No Keras here."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.runs import deaths
from kerastui.models.runs.store import Run

if TYPE_CHECKING:
    from kerastui.models.studies.store import StudyFolder

READY_WITHIN = 4.0
"""Seconds to wait for the nursery's import of Keras; a plain worker would need as long."""

STARTED_WITHIN = 3.0
"""Seconds to wait for a fork before a plain worker is started instead."""

_LINE_LIMIT = 64 * 2**20


def launch(run: Run, environment: Mapping[str, str] | None = None) -> int:
    """Start a worker for a run in a process and session of its own; returns its pid.

    The worker goes on when this process ends. Should two workers be started for one run, the
    second one leaves.

    Args:
        run: The run.
        environment: What the worker's environment has beside this process' own.

    Raises:
        UserError: No process can be started.
    """
    try:
        return _start("processes.worker", run, environment)
    except UserError as error:
        deaths.not_started(run, error)
        raise


def launch_study(study: StudyFolder) -> int:
    """Start the runner of a study in a process and session of its own; returns its pid.

    It and the workers that it starts go on when this process ends.

    Raises:
        UserError: No process can be started.
    """
    return _start("studies.runner", study)


def _start(
    module: str, folder: Run | StudyFolder, environment: Mapping[str, str] | None = None
) -> int:
    try:
        # What is printed before the process has opened its console belongs there too.
        console: Any = folder.console.open("ab")
    except OSError:
        console = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", f"kerastui.models.{module}", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    except OSError as error:
        raise UserError(
            f"No worker can be started: {error.strerror}.", "Close other programs and try again."
        ) from None
    finally:
        if console is not subprocess.DEVNULL:
            console.close()
    folder.being_started(process.pid)

    def wait() -> None:
        # A child that nobody waits for would stay as a zombie, which looks alive.
        status = process.wait()
        if isinstance(folder, Run):
            deaths.note_death(folder, process.pid, status)

    threading.Thread(target=wait, name=f"wait-{process.pid}", daemon=True).start()
    return process.pid


class Nursery:
    """The parent's side of the `nursery`: instant workers, and questions about models.

    Use it in one event loop: `start` early, `close` at the end. Without a nursery (still
    importing, crashed, another backend) `run` starts a plain worker.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._gone = asyncio.Event()
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._starts: dict[str, asyncio.Future[int]] = {}
        self._forked: dict[int, Run] = {}

    @property
    def ready(self) -> bool:
        """Whether it can fork at once."""
        return self._ready.is_set() and not self._gone.is_set()

    async def start(self) -> None:
        """Start the nursery; it is ready a few seconds later. Does nothing where it runs."""
        if self._process is not None and not self._gone.is_set():
            return
        self._ready.clear()
        self._gone.clear()
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "kerastui.models.processes.nursery",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                limit=_LINE_LIMIT,
            )  # fmt: skip
        except OSError:
            self._gone.set()
            return
        self._reader = asyncio.create_task(self._read(self._process))

    async def wait_ready(self, seconds: float | None = None) -> bool:
        """Wait until it can fork; returns whether it can."""
        if self.ready:
            return True  # at once: whatever else the loop has to do would come first
        if self._process is None:
            return False
        waits = [asyncio.ensure_future(event.wait()) for event in (self._ready, self._gone)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self.ready

    async def run(self, run: Run) -> int:
        """Start a worker for a run, forked if possible; returns its pid.

        Raises:
            UserError: No process can be started at all.
        """
        pid = await self._fork("run", run.path, self._backend(run))
        if pid is None:
            return launch(run)
        await asyncio.to_thread(run.being_started, pid)
        return pid

    async def study(self, study: StudyFolder) -> int:
        """Start the runner of a study, forked if possible; returns its pid.

        Raises:
            UserError: The study can't be read, or no process can be started at all.
        """
        backend = study.experiment().backend
        return await self._fork("study", study.path, backend) or launch_study(study)

    async def _fork(self, job: str, path: Path, backend: str) -> int | None:
        """Let the nursery fork a job; returns its pid, None where that was not possible."""
        if backend != "tensorflow" or not await self.wait_ready(READY_WITHIN):
            return None
        started = self._starts[str(path)] = asyncio.get_running_loop().create_future()
        try:
            await self._send({"job": job, "path": str(path)})
            return await asyncio.wait_for(started, STARTED_WITHIN)
        except (OSError, TimeoutError, UserError):
            return None
        finally:
            self._starts.pop(str(path), None)

    async def request(self, name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
        """Ask an inspector; returns its result.

        Args:
            name: The question, such as `summary`.
            channel: Questions of one channel are answered one after the other; what takes long
                has a channel of its own, and so a process of its own.
            payload: Its arguments as plain values; none is called `id` or `request`.

        Raises:
            UserError: It could not be answered; the message says why.
            TypeError: An argument would overwrite a field of the message.
        """
        if taken := {"id", "request"} & payload.keys():
            raise TypeError(f"{', '.join(sorted(taken))}: the message itself has fields so called")
        await self.start()
        if not await self.wait_ready():
            raise UserError("The Keras process can't be started.", "See: kerastui doctor")
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send({"id": number, "request": name, "channel": channel, **payload})
            reply = await answer
        except OSError:
            raise UserError("The Keras process has ended.", "Try again.") from None
        finally:
            self._answers.pop(number, None)
        if "error" in reply:
            raise UserError(reply["error"]["message"], reply["error"].get("hint", ""))
        result: dict[str, Any] = reply["result"]
        return result

    async def close(self) -> None:
        """Let the nursery go; workers it has forked go on."""
        process, reader = self._process, self._reader
        self._process = self._reader = None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        # While it imports it reads nothing, and has forked nobody.
        patience = 1.0 if self._ready.is_set() else 0.0
        try:
            await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if reader is not None:
            await reader

    async def _send(self, message: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None or self._gone.is_set():
            raise BrokenPipeError
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand replies to those who wait, until the nursery is gone."""
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                self._take(json.loads(line))
        except (ValueError, OSError):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        finally:
            self._gone.set()
            everyone: list[asyncio.Future[Any]] = [*self._answers.values(), *self._starts.values()]
            for waiting in everyone:
                if not waiting.done():
                    waiting.set_exception(
                        UserError("The Keras process has ended unexpectedly.", "Try again.")
                    )

    def _take(self, reply: dict[str, Any]) -> None:
        if "ready" in reply:
            self._ready.set()
        elif "ended" in reply:
            pid = int(reply["ended"])
            if run := self._forked.pop(pid, None):
                arguments = (run, pid, int(reply["status"]))
                threading.Thread(target=deaths.note_death, args=arguments, daemon=True).start()
        elif "started" in reply:
            self._forked[int(reply["started"])] = Run(Path(reply["run"]))
            started = self._starts.get(reply["run"])
            if started is not None and not started.done():
                started.set_result(reply["started"])
        elif "id" in reply:
            answer = self._answers.get(reply["id"])
            if answer is not None and not answer.done():
                answer.set_result(reply)

    def _backend(self, run: Run) -> str:
        try:
            return run.info().backend or "tensorflow"
        except UserError:
            return ""

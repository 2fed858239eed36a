"""The process that forks workers: it has imported Keras, so that a worker is there at once.

`python -m kerastui.models.processes.nursery` reads JSON lines from stdin and writes such lines:

| line in | line out |
| --- | --- |
| – | `{"ready": pid}` once Keras is imported, or `{"failed": message}` |
| `{"job": "run", "path": run directory}` | `{"started": pid, "run": path}` |
| `{"job": "study", "path": study directory}` | the same; it forks the workers of its members |
| `{"id": n, "request": name, "channel": c, ...}` | `{"id": n, "result": ...}` or |
| | `{"id": n, "error": {...}}` |
| – | `{"ended": pid, "status": exit status}` for a worker that is done |

Requests are answered by inspectors, one child for each channel, forked at the first request, so
that a long answer on one channel holds up no other. The nursery itself never runs a TensorFlow
operation: a fork after one hangs. It leaves when stdin closes; workers are in sessions of their
own and go on.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

WORKER_MODULES = (
    *(f"kerastui.models.{name}" for name in (
        "code", "machine.devices", "machine.hardware", "network.building", "preflight.batch",
        "preflight.checks", "processes.worker", "training.callbacks", "training.evaluation",
        "training.fast", "training.paths",
    )),
    *(f"kerastui.datasets.{name}" for name in ("fetch", "image", "prepare", "tabular", "text")),
    "pandas", "platformdirs", "sklearn.datasets", "sklearn.model_selection",
)  # fmt: skip
"""What a worker imports in the course of a run, once here for all of them."""


class Lines:
    """Whole lines out of a file descriptor that is read without waiting for more."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self._rest = b""

    def read(self) -> list[bytes] | None:
        """Return the lines that came; None when the other side has closed."""
        block = os.read(self.handle, 1 << 16)
        if not block:
            return None
        *lines, self._rest = (self._rest + block).split(b"\n")
        return [line for line in lines if line.strip()]


@dataclass
class Inspector:
    """A child that answers the requests of one channel, and what it has not answered yet."""

    pid: int
    requests: int
    replies: Lines
    pending: list[Any] = field(default_factory=list)


class Nursery:
    """Forks workers and inspectors, and relays between the inspectors and the parent.

    Args:
        requests: File descriptor of the requests.
        replies: File descriptor of the replies.
    """

    def __init__(self, requests: int, replies: int) -> None:
        self._lines = Lines(requests)
        self._replies = replies
        self._selector = selectors.DefaultSelector()
        self._selector.register(requests, selectors.EVENT_READ, self._on_request)
        # A child that ends wakes the loop, so that it is waited for at once.
        self._woken, waker = socket.socketpair()
        for end in (self._woken, waker):
            end.setblocking(False)
        self._waker = waker
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._on_child)
        self._inspectors: dict[str, Inspector] = {}

    def serve(self) -> None:
        """Work until the requests end."""
        self._going = True
        while self._going:
            for key, _ in self._selector.select():
                key.data()

    # --- the parent ------------------------------------------------------------------------

    def _on_request(self) -> None:
        lines = self._lines.read()
        if lines is None:
            self._going = False
            return
        for line in lines:
            try:
                request = json.loads(line)
            except ValueError:
                continue
            if not isinstance(request, dict):
                continue
            if request.get("job") in ("run", "study"):
                self._start(str(request["job"]), str(request.get("path", "")))
            elif "request" in request:
                self._ask(request)

    def _reply(self, **fields: Any) -> None:
        try:
            _write(self._replies, json.dumps(fields).encode() + b"\n")
        except OSError:
            self._going = False

    # --- children --------------------------------------------------------------------------

    def _start(self, job: str, path: str) -> None:
        pid = self._fork()
        if pid == 0:
            from kerastui.models.processes import worker
            from kerastui.models.studies import runner

            execute = worker.execute if job == "run" else runner.execute
            leave(lambda: execute(Path(path)))
        self._reply(started=pid, run=path)

    def _ask(self, request: dict[str, Any]) -> None:
        channel = str(request.pop("channel", ""))
        inspector = self._inspectors.get(channel) or self._start_inspector(channel)
        inspector.pending.append(request.get("id"))
        # A broken pipe means it has just crashed; `_on_replies` answers what is pending.
        with contextlib.suppress(OSError):
            _write(inspector.requests, json.dumps(request).encode() + b"\n")

    def _start_inspector(self, channel: str) -> Inspector:
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()
        pid = self._fork()
        if pid == 0:
            os.close(to_write)
            os.close(from_read)
            from kerastui.models.processes.inspector import serve

            leave(lambda: serve(to_read, from_write))
        os.close(to_read)
        os.close(from_write)
        inspector = self._inspectors[channel] = Inspector(pid, to_write, Lines(from_read))
        self._selector.register(
            from_read, selectors.EVENT_READ, functools.partial(self._on_replies, channel)
        )
        return inspector

    def _on_replies(self, channel: str) -> None:
        inspector = self._inspectors[channel]
        lines = inspector.replies.read()
        if lines is None:
            self._lose(channel)
            return
        for line in lines:
            reply = json.loads(line)
            with contextlib.suppress(ValueError):
                inspector.pending.remove(reply.get("id"))
            self._reply(**reply)

    def _lose(self, channel: str) -> None:
        """Answer what it left unanswered; the next request forks a new one."""
        inspector = self._inspectors.pop(channel)
        self._selector.unregister(inspector.replies.handle)
        os.close(inspector.replies.handle)
        os.close(inspector.requests)
        for number in inspector.pending:
            message = "The process that looks into models ended unexpectedly."
            self._reply(id=number, error={"message": message, "hint": "Try again."})

    def _on_child(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if all(inspector.pid != pid for inspector in self._inspectors.values()):
                self._reply(ended=pid, status=os.waitstatus_to_exitcode(status))

    def _fork(self) -> int:
        """Fork; the child gets a session of its own and none of the nursery's descriptors."""
        pid = os.fork()
        if pid == 0:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            self._woken.close()
            self._waker.close()
            for handle in (self._lines.handle, self._replies):
                os.close(handle)
            for inspector in self._inspectors.values():
                os.close(inspector.requests)
                os.close(inspector.replies.handle)
        return pid


def load() -> None:
    """Import all that a worker needs and that runs no operation, so that it can be forked.

    Raises:
        ImportError: Something is missing.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras

    for name in WORKER_MODULES:
        importlib.import_module(name)
    from kerastui.datasets.catalogue import cards
    from kerastui.models.catalogue import catalogue
    from kerastui.models.processes.process import versions

    cards()
    catalogue.find("layers", "Dense")
    versions("tensorflow")
    assert keras.backend.backend() == "tensorflow"
    gc.freeze()


def leave(work: Any) -> NoReturn:
    """End this process with the result of its work, without Python's clean-up.

    In a forked child that would be its parent's; in the nursery it takes half a second.
    """
    status = 1
    try:
        status = int(work())
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _write(handle: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(handle, view) :]


def main() -> int:
    """Import Keras, then serve stdin; returns the exit status."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)  # TensorFlow prints; the screen and the replies stay clean
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        load()
    except Exception as error:
        _write(replies, json.dumps({"failed": str(error) or type(error).__name__}).encode() + b"\n")
        return 1
    _write(replies, json.dumps({"ready": os.getpid()}).encode() + b"\n")
    Nursery(requests, replies).serve()
    return 0


if __name__ == "__main__":
    leave(main)

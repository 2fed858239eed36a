"""The event log of a run: one JSON object a line, appended by the worker, read by everybody.

Every event has `v` (the format's version), `t` (unix time in seconds) and `event`:

| event | fields |
| --- | --- |
| started | `epochs`, `initial_epoch`, `steps` (batches an epoch), `execution`, `why`, `device`, |
|         | `metrics` (names of the logs), `rows` (part -> rows) |
| stage | `stage` ("data", "build", "pre-flight", "trace", "evaluate", "save"), `text` |
| batch | `epoch`, `batch`, `batches`, `logs` (name -> value); at most ten a second |
| epochs | `first` (number of the first epoch in this line, from 1), `logs` (name -> list of |
|        | values, one an epoch, `learning_rate` among them), `seconds` (of the line's epochs) |
| validation | `epoch`, `batch`, `batches`: how far a validation that takes long has come |
| note | `kind` ("early_stopping", "plateau", "nan", "learning_rate", "epochs", "warning"), |
|      | `epoch`, `text`; of "epochs" also `epochs`, their number in all from now on |
| queued | `epoch`, `epochs`, `text`: the run was asked to go on; written before its worker starts |
| rewound | `epoch`, `batch`: a run goes on from there, with `lost` epochs that it had trained |
|         | thrown away; what the log says of them does not count any more; `text` |
| checkpoint | `epoch` (whole ones), `batch` (of the next one, 0 between epochs) |
| evaluation | `figures` (path -> value) |
| paused, resumed | `epoch` |
| finished, stopped | `epoch`, `seconds`, `text` |
| failed | `epoch`, `message`, `hint` |

Epochs are numbered from 1, as they are shown. Numbers that JSON has no word for travel as the
strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VERSION = 1

Event = dict[str, Any]

BLOCK = 256 * 1024
"""Bytes of a log that are read at once: with more events at a time, the collector of garbage takes
longer than all the rest."""

TERMINAL = frozenset({"finished", "stopped", "failed"})
"""Events after which a worker writes nothing more."""

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_NAMED = (b'"NaN"', b'Infinity"')


def encode(event: str, **fields: Any) -> bytes:
    """Return one line of the log, newline included."""
    line = {"v": VERSION, "t": round(time.time(), 3), "event": event, **fields}
    try:
        text = json.dumps(line, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(plain_numbers(line), allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n"


def decode(line: bytes, parse: Callable[[bytes], Any] = json.loads) -> Event | None:
    """Return the event of one line, or None for a line that is damaged or of another version.

    Args:
        line: The line.
        parse: A quicker reader of JSON, if there is one; what it refuses is read by `json`.
    """
    try:
        event = parse(line)
    except (ValueError, RecursionError):
        return decode(line) if parse is not json.loads else None
    if not isinstance(event, dict) or event.get("v") != VERSION:
        return None
    if not isinstance(event.get("event"), str):
        return None
    if _NAMED[0] not in line and _NAMED[1] not in line:
        return event  # as nearly every line: a look at each of its numbers would take longest
    for name in ("logs", "figures"):
        if isinstance(values := event.get(name), dict):
            event[name] = {key: _numbers(value) for key, value in values.items()}
    return event


class EventReader:
    """Reads a log as it grows; a half-written last line waits until it is whole.

    Args:
        path: The log; it need not exist yet.
        start: Where to begin, in bytes.
    """

    def __init__(self, path: Path, start: int = 0) -> None:
        self.path = path
        self._offset = start

    def read(self, limit: int = BLOCK) -> list[Event]:
        """Return events that came since the last call, from at most `limit` bytes at a time; none
        where nothing is left.

        A log that became shorter than what was read of it is read again from its start.
        """
        # Three times as fast as json; not imported before there is something to read.
        from pydantic_core import from_json

        while lines := self._lines(limit):
            decoded = (decode(line, from_json) for line in lines.splitlines())
            if events := [event for event in decoded if event is not None]:
                return events
        return []

    def _lines(self, limit: int) -> bytes:
        """Return the next whole lines."""
        try:
            with self.path.open("rb") as stream:
                size = stream.seek(0, 2)
                if size < self._offset:
                    self._offset = 0
                stream.seek(self._offset)
                block = stream.read(limit)
                whole = block.rfind(b"\n") + 1
                if not whole and len(block) == limit:
                    block += stream.readline()
                    whole = block.rfind(b"\n") + 1
        except OSError:
            return b""
        self._offset += whole
        return block[:whole]


def plain_numbers(value: Any) -> Any:
    """Return a nest of plain values with the names of numbers that JSON has no word for."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: plain_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_numbers(inner) for inner in value]
    return value


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    return _NON_FINITE.get(value, value) if isinstance(value, str) else value

"""A first look into a stranger's file, in a process of its own that may crash and can't swell.

The HDF5 library is known to break on some damaged files, and a file can ask for any amount of
memory; here that ends a child with limits on memory and time. What went well here can be read in
the process of the screen.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.models.runs.events import plain_numbers
from kerastui.models.saved.statistics import Statistics

MEMORY = 4 * 2**30
"""Bytes of memory that a look may take."""

SECONDS = 60
"""Seconds of computing that a look may take."""


def examine(path: Path) -> list[Statistics]:
    """Read a file as a whole in a child process; returns the statistics of its weights.

    Raises:
        UserError: It is no model, or reading it broke the child.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "kerastui.models.saved.examine", str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=2 * SECONDS,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise _broke(path, "it takes longer than two minutes") from None
    except OSError as error:
        raise UserError(f"No process can be started: {error.strerror}.") from None
    if done.returncode < 0:
        number = -done.returncode
        why = "it takes longer than a minute" if number == signal.SIGXCPU else (
            f"the library that reads it broke on it ({signal.Signals(number).name})"
        )  # fmt: skip
        raise _broke(path, why)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise _broke(path, "the process that reads it ended without a word") from None
    if "message" in answer:
        raise UserError(answer["message"], answer["hint"])
    return [
        Statistics(**{k: float(v) if isinstance(v, str) else v for k, v in one.items()}
                   | {"shape": tuple(one["shape"])})
        for one in answer["statistics"]
    ]  # fmt: skip


def _broke(path: Path, why: str) -> UserError:
    return UserError(
        f"{path.name} can't be read: {why}.",
        "The file is damaged, or was made to do harm. Nothing of it was executed.",
    )


def main() -> int:
    """Look into the file that is named on the command line, and say what was found."""
    from kerastui.models.saved.read import read
    from kerastui.models.saved.statistics import of_weight

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    path = Path(sys.argv[1])
    try:
        found = [asdict(of_weight(weight)) for weight in read(path).weights]
    except UserError as error:
        answer: dict[str, object] = {"message": error.message, "hint": error.hint}
    except MemoryError:
        told = _broke(path, f"it asks for more than {MEMORY >> 30} GiB of memory")
        answer = {"message": told.message, "hint": told.hint}
    else:
        answer = {"statistics": found}
    os.write(1, json.dumps(plain_numbers(answer)).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())

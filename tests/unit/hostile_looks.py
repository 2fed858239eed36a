"""Reads the files named on stdin as a whole, each in a fork with limits; a line of JSON for each.

Forked from a process without Keras, which a fork would take long to copy.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

from kerastui.datasets.errors import UserError
from kerastui.models.saved.read import read
from kerastui.models.saved.repair import repair
from kerastui.models.saved.statistics import of_weight

MEMORY, SECONDS = 6 * 2**30, 20


def look(path: Path) -> str:
    """Read all of a file; returns what is said of it."""
    try:
        found = read(path)
        for weight in found.weights:
            of_weight(weight)
        repair(found)
    except UserError as error:
        said = error.message
        fine = bool(error.hint) and said.isprintable() and len(said) < 2000
        return said if fine else f"no sentence: {ascii(said)[:500]}"
    return "read"


def in_child(path: Path) -> tuple[int, str]:
    """Look in a fork; returns its exit status, 1 for anything but a sentence, and what it said."""
    from_child, to_parent = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(from_child)
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            said = look(path)
            os.write(to_parent, said.encode()[:60_000])
            status = int(said.startswith("no sentence"))
        except BaseException as error:
            os.write(to_parent, f"{type(error).__name__}: {error}".encode()[:60_000])
        finally:
            os._exit(status)
    os.close(to_parent)
    with os.fdopen(from_child, "rb") as stream:
        said = stream.read().decode("utf-8", "replace")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


for name in sys.stdin.read().splitlines():
    print(json.dumps(in_child(Path(name))), flush=True)

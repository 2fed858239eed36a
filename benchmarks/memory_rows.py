"""What the app weighs with a long history and a large data set open."""

from __future__ import annotations

import subprocess
import tempfile
import time

import psutil
from places import KERASTUI, data_file, environment
from table import Row, missing
from terminal import Terminal

EPOCHS = 60_000


def memory(quick: bool) -> list[Row]:
    """Train XOR for many epochs, open its run, then MNIST's pictures and rows, then the run."""
    epochs = EPOCHS // 10 if quick else EPOCHS
    what = f"memory of the app, {epochs:,} epochs and MNIST"
    if data_file("mnist") is None:
        return [missing(what, "mnist is not here: set KERASTUI_DATA")]
    with tempfile.TemporaryDirectory() as folder:
        own = environment(folder)
        train = [KERASTUI, "run", "b13", "--set", f"fit.epochs={epochs}"]
        subprocess.run(train, env=own, cwd=folder, check=False, capture_output=True)
        with Terminal([KERASTUI, "runs", "attach", "last"], own, folder) as terminal:
            terminal.wait_for(rb"loss", timeout=60)
            time.sleep(8)  # until the nursery has imported Keras
            history = _weight(terminal)
            terminal.press("D")
            terminal.wait_for(rb"data sets")
            terminal.press("/")
            time.sleep(1)
            looked = terminal.press("mnist\r")
            terminal.wait_for(rb"60,000|70,000", since=looked, timeout=60)
            time.sleep(2)
            pictures = _weight(terminal)
            back = terminal.press("T")
            terminal.wait_for(rb"loss", since=back, timeout=30)
            time.sleep(2)
            weight = _weight(terminal)
    note = f"resident; {history:.0f} MB before MNIST, {pictures:.0f} MB with its pictures"
    return [Row(what, f"{weight:.0f} MB", budget="≤ 120 MB", note=note)]


def _weight(terminal: Terminal) -> float:
    """Return the resident memory of the app in MiB."""
    return float(psutil.Process(terminal.pid).memory_info().rss / 2**20)

"""One measured line, the machine it comes from, and the table of all of them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        what: What was measured.
        ours: What kerastui took, with its unit.
        other: What it is measured against, with its unit; empty where it stands for itself.
        ratio: Ours by the other; None where there is none.
        budget: What it may be, in words.
        note: How it was measured, where that matters.
    """

    what: str
    ours: str
    other: str = ""
    ratio: float | None = None
    budget: str = ""
    note: str = ""


def missing(what: str, why: str) -> Row:
    """A line that says why there is no figure."""
    return Row(what, "–", note=why)


def pairs(
    ours: Callable[[], float], other: Callable[[], float], repeat: int
) -> tuple[float, float]:
    """Measure two things in turns and return the median of each."""
    measured: list[tuple[float, float]] = []
    for turn in range(repeat):
        # Whoever goes second finds a warmer machine: take turns in that too.
        if turn % 2:
            second = other()
            measured.append((ours(), second))
        else:
            measured.append((ours(), other()))
    first, second_ = zip(*measured, strict=True)
    return statistics.median(first), statistics.median(second_)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies; NaN where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def machine() -> str:
    """The machine in one line: processor, cores, memory, versions, how busy it was."""
    import psutil

    cpu = platform.processor() or platform.machine()
    try:
        facts = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next(line.split(":")[1].strip() for line in facts if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    memory = psutil.virtual_memory().total / 2**30
    versions = [f"Python {platform.python_version()}"]
    for name in ("keras", "tensorflow", "tensorflow-cpu", "textual"):
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    load = f"load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return f"{cpu}, {psutil.cpu_count()} cores, {memory:.0f} GiB; {', '.join(versions)}; {load}"


def show(rows: Sequence[Row]) -> None:
    """Print the table, as Markdown, on standard output."""
    table = Table(box=MARKDOWN, pad_edge=True)
    for title, side in (
        ("what", "left"), ("kerastui", "right"), ("against", "right"), ("ratio", "right"),
        ("budget", "right"), ("how", "left"),
    ):  # fmt: skip
        table.add_column(title, justify=side, no_wrap=True)  # type: ignore[arg-type]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        table.add_row(row.what, row.ours, row.other, ratio, row.budget, row.note)
    Console(width=max(_width(rows), 80), highlight=False).print(table)


def _width(rows: Sequence[Row]) -> int:
    return 40 + sum(
        max((len(str(getattr(row, name) or "")) for row in rows), default=0) + 3
        for name in ("what", "ours", "other", "budget", "note")
    )

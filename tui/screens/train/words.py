"""What the Train screen says of a run: while it goes on, when it ended, on wide and narrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from kerastui.tui.widgets import metrics_table, run_progress, words
from kerastui.tui.widgets.line_view import first, in_lines
from kerastui.tui.widgets.run_progress import Progress

if TYPE_CHECKING:
    from kerastui.models.machine.hardware import Snapshot


def mark(progress: Progress) -> list[Content]:
    """Return a line that says that the data are not the real ones, or nothing."""
    info = progress.info
    if info is None or not info.data:
        return []
    if info.substitute:
        return [Content.styled(f"▲ not the real data: {info.substitute} stands in", "$warn")]
    if not info.data.get("verified", True):
        return [Content.styled("▲ the data are not verified by a checksum", "$warn")]
    return []


def result(
    progress: Progress,
    width: int,
    *,
    differs: bool,
    model: Path | None = None,
    summary: str = "",
    room: int = 0,
) -> list[Content]:
    """Return what is said of an ended run: the sentence, what it took, the next keys.

    Args:
        progress: The run.
        width: Cells.
        differs: Whether the current experiment is another one than the run's.
        model: The file that its model was saved in.
        summary: The run in one paragraph.
        room: Lines that there are for it; without any the plain facts stand in its place.
    """
    lines = run_progress.outcome(progress, width)
    _, hint = run_progress.why_lost(progress)
    if hint:
        lines += Content.styled(hint, "$muted").wrap(width)
    if summary and room:
        told = Content.styled(summary, "$muted").wrap(width)
        if len(told) > room:
            told = [*told[: room - 1], Content.styled("… w tells all of it", "$faint")]
        return [*lines, *told, *_keys_and_model(progress, width, differs=differs, model=model)]
    history = progress.history
    took = words.duration(history.seconds) if history.seconds else ""
    facts = (
        f"{history.epoch:,} epochs in {took}" if took else "",
        run_progress.execution(progress),
        run_progress.pace(history),
    )
    lines += in_lines([Content.styled(fact, "$muted") for fact in facts if fact], width)
    return lines + _keys_and_model(progress, width, differs=differs, model=model)


def _keys_and_model(
    progress: Progress, width: int, *, differs: bool, model: Path | None
) -> list[Content]:
    again = "r run the changed settings" if differs else "r again"
    keys: tuple[str, ...]
    if progress.status in ("failed", "lost"):
        keys = ("a go on", again, "o what it printed", "e settings")
    else:
        keys = (again, "a go on", "t table", "w in words", "5 seeds", "e settings", "c code",
                "I inspect")  # fmt: skip
    lines = in_lines([_key(key) for key in keys], width)
    if model:
        text = Content.styled(f"model {_short(model)}", "$muted")
        lines += text.wrap(width) if text.cell_length > width else [text]
    return lines


def narrow(progress: Progress, width: int, height: int, *, ended: bool) -> list[Content]:
    """Return the lines under the chart of a narrow screen."""
    lines = mark(progress)
    short = height < 16
    if ended:
        lines += first(run_progress.outcome(progress, width), 1 if short else 3, width)
        _, hint = run_progress.why_lost(progress)
        if hint and not short:
            lines += first(Content.styled(hint, "$muted").wrap(width), 2, width)
    else:
        lines.append(run_progress.narrow(progress, width))
    if not short:
        lines += metrics_table.in_words(progress.history, width)
    return lines


def usage(machine: Snapshot) -> str:
    """Return the load of the machine in one short line."""
    parts = []
    if machine.cpu.load_percent is not None:
        parts.append(f"CPU {machine.cpu.load_percent:.0f} %")
    for gpu in machine.gpus[:2]:
        if gpu.load_percent is not None:
            parts.append(f"GPU {gpu.load_percent:.0f} %")
        if gpu.memory_used is not None and gpu.memory_total:
            parts.append(f"{words.size(gpu.memory_used)} of {words.size(gpu.memory_total)}")
    if not machine.gpus:
        used = machine.memory.total - machine.memory.available
        parts.append(f"memory {words.size(used)} of {words.size(machine.memory.total)}")
    return "   ".join(parts)


def _short(path: Path) -> str:
    """Return a path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _key(text: str) -> Content:
    letter, _, word = text.partition(" ")
    return Content.assemble((letter, "$primary"), f" {word}")

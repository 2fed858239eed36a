"""How states, times and sizes are said, the same on every screen."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence

from textual.content import Content

from kerastui.models.runs.figures import duration as duration

STATES = {
    "queued": ("○", "$muted"),
    "starting": ("◌", "$run"),
    "running": ("●", "$run"),
    "paused": ("‖", "$warn"),
    "finished": ("✓", "$good"),
    "stopped": ("■", "$muted"),
    "failed": ("✗", "$bad"),
    "lost": ("?", "$warn"),
    "silent": ("…", "$warn"),
}
"""State of a run -> its mark and its colour. The mark alone tells it where there are no colours."""


def state(status: str) -> Content:
    """Return a run's state as a coloured word with its mark."""
    mark, colour = STATES.get(status, ("·", "$muted"))
    return Content.styled(f"{mark} {status}", colour)


def moment(then: float | None, now: float | None = None) -> str:
    """Return when something was: `14:05` today, `yesterday 14:05`, `Mon 14:05`, `3 Mar 2026`."""
    if not then:
        return "–"
    here = time.localtime(time.time() if now is None else now)
    there = time.localtime(then)
    # Days as the calendar counts them: yesterday evening is yesterday, an hour ago or not.
    days = time.mktime((*here[:3], 12, 0, 0, 0, 0, -1)) - time.mktime(
        (*there[:3], 12, 0, 0, 0, 0, -1)
    )
    clock = time.strftime("%H:%M", there)
    match round(days / 86400):
        case 0:
            return clock
        case 1:
            return f"yesterday {clock}"
        case past if 1 < past < 7:
            return f"{time.strftime('%a', there)} {clock}"
    return f"{there.tm_mday} {time.strftime('%b %Y', there)}"


def size(count: float) -> str:
    """Return a number of bytes with its unit: `1.8 kB`, `11 MB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 999.5 or unit == "TB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if count >= 99.5 or unit == "B" else f"{count:.3g} {unit}"


def shape(dimensions: Iterable[int | None]) -> str:
    """Return a shape as it is read: `28×28×1`, with `?` for a free dimension."""
    return "×".join("?" if entry is None else str(entry) for entry in dimensions)


_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """Return values as a line of bars at most `width` cells long.

    The extremes of every cell's values are kept: a cell that holds the lowest value of all shows
    it. Values that are not finite leave a gap.
    """
    if not values or width < 1:
        return ""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "·" * min(width, len(values))
    low, high = min(finite), max(finite)
    cells = min(width, len(values))
    line = []
    for cell in range(cells):
        part = values[cell * len(values) // cells : (cell + 1) * len(values) // cells]
        known = [value for value in part if math.isfinite(value)]
        if not known:
            line.append(" ")
            continue
        # Halves and parts: sums and differences of the largest floats would be infinite.
        mean = sum(value / len(known) for value in known)
        value = low if low in known else high if high in known else mean
        span = high / 2 - low / 2
        line.append(_BARS[round((value / 2 - low / 2) / span * 7) if span > 0 else 0])
    return "".join(line)

"""Which format the dates of a column have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

_DAYS = (
    "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%y", "%m/%d/%y",
    "%d/%m/%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y",
)  # fmt: skip
_TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_MONTHS = ("%Y-%m", "%b %Y", "%B %Y", "%m/%Y")
FORMATS = (
    *_DAYS,
    *(f"{day} {time}" for day in _DAYS for time in _TIMES),
    *(f"%Y-%m-%dT{time}{zone}" for time in _TIMES[:3] for zone in ("", "Z", "%z")),
    *(f"%Y-%m-%d {time}%z" for time in _TIMES[:3]),
    *_MONTHS,
)
_SHAPE = re.compile(r"(?=.*\d)[\d./:, +TZAPMapm-]*(?:[A-Za-z]{3,9}[\d./:, -]*)?[\d:. APMapm]*")
_FEW = 5


def date_format(cells: Sequence[str]) -> tuple[str, bool]:
    """The strptime format all cells have, and whether another one fits as well.

    Where day and month could be either, the one that brings the rows into order is taken.

    Returns:
        An empty format where they are no dates.
    """
    few = cells[:_FEW]
    if not few or not all(5 < len(cell) < 36 and _SHAPE.fullmatch(cell) for cell in few):
        return "", False
    fitting = [given for given in FORMATS if all(parsed(cell, given) for cell in few)]
    fitting = [given for given in fitting if all(parsed(cell, given) for cell in cells)]
    if not fitting:
        return "", False
    for given in fitting:
        times = [moment.timestamp() for cell in cells if (moment := parsed(cell, given))]
        if len(times) > 2 and times in (sorted(times), sorted(times, reverse=True)):
            return given, False
    return fitting[0], any(_differ(cells, fitting[0], other) for other in fitting[1:])


def _differ(cells: Sequence[str], one: str, other: str) -> bool:
    """Whether two formats see different days in some cell."""
    pairs = ((parsed(cell, one), parsed(cell, other)) for cell in cells)
    return any(a and b and a.date() != b.date() for a, b in pairs)


def parsed(cell: str, given: str) -> datetime | None:
    """A date as `datetime.strptime` reads it, or None."""
    try:
        return datetime.strptime(cell, given)
    except ValueError:
        return None

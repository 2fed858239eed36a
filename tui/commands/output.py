"""What all commands share: the two consoles, tables, and how an error is told."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kerastui.datasets.errors import UserError

_GAP = 2
_NARROWEST = 8
_WIDE = 1000
"""Columns a table may have in a pipe: whatever it needs."""


class UsageError(UserError):
    """What was typed can't be meant: exit code 2, where failed work has 1."""


@contextmanager
def arguments() -> Iterator[None]:
    """Turn every `UserError` about what was typed into one of wrong usage."""
    try:
        yield
    except UserError as error:
        raise UsageError(error.message, error.hint) from None


def stdout() -> Console:
    """Return a console that writes no escape codes unless standard output is a terminal."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def stderr() -> Console:
    """Return the console for errors and for progress beside `--json`."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def progress(json: bool) -> Console | None:
    """Return where progress goes: beside JSON only to a person at standard error."""
    if not json:
        return stdout()
    return stderr() if sys.stderr.isatty() else None


def complain(error: UserError) -> None:
    """Say what is wrong in one red line, and what to do in a second one."""
    console = stderr()
    console.print(Text(error.message, style="red"), soft_wrap=True)
    if error.hint:
        console.print(Text(error.hint), soft_wrap=True)


def write_json(value: Any) -> None:
    """Write one JSON object alone on standard output; what is not finite becomes null."""
    sys.stdout.write(json.dumps(_finite(value), indent=2, allow_nan=False) + "\n")


def tell(json: bool, text: str, plain: dict[str, Any]) -> None:
    """Say what was done or asked for, to a person or as JSON."""
    if json:
        write_json(plain)
    else:
        stdout().print(Text(text))


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return a table without frames, one line a row, that pipes and `grep` get along with.

    Args:
        columns: The headings.
        right: Those of them whose cells are numbers.
    """
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for column in columns:
        grid.add_column(
            Text(column),
            justify="right" if column in right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    return grid


def print_table(grid: Table) -> None:
    """Print a table. Where a terminal is narrow its last column gives way, in a pipe none."""
    console = stdout()
    if console.is_terminal:
        left = console.width
        for column in grid.columns[:-1]:
            cells = [column.header, *column.cells]
            column.min_width = max(console.measure(cell).maximum for cell in cells)
            left -= column.min_width + _GAP
        grid.columns[-1].max_width = max(left, _NARROWEST)
    else:
        console.width = _WIDE
    console.print(grid)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value

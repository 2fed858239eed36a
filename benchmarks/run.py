"""Side-by-side measurements, one command: `python benchmarks/run.py [ROW ...]`.

Nothing is asserted: the table stands beside its budgets, and machines differ.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

import fit_rows
import live_rows
import memory_rows
import slow_link
import start_rows
import table
import tables

Measure = Callable[[argparse.Namespace], list[table.Row]]


def _fit(name: str, chosen: argparse.Namespace) -> list[table.Row]:
    return fit_rows.fit(name, chosen.repeat, chosen.quick)


def _live(name: str, chosen: argparse.Namespace) -> list[table.Row]:
    return live_rows.live(name, chosen.quick)


ROWS: dict[str, Measure] = {
    "start": lambda chosen: start_rows.first_frame(3 if chosen.quick else 7),
    "first-batch": lambda chosen: live_rows.first_batch(3 if chosen.quick else 7),
    **{name: partial(_fit, name) for name in fit_rows.CASES},
    "live-small": partial(_live, "small"),
    "live-cnn": partial(_live, "cnn"),
    "memory": lambda chosen: memory_rows.memory(chosen.quick),
    "slow-link": lambda chosen: slow_link.rows(chosen.quick),
    "tables": lambda chosen: tables.tables(chosen.quick),
}


def main() -> int:
    """Measure and print the table; 1 if something could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all if none")
    parser.add_argument("--quick", action="store_true", help="fewer epochs and repeats")
    parser.add_argument("--repeat", type=int, default=1, help="pairs of each fit (median)")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    began, machine = time.monotonic(), table.machine()
    found: list[table.Row] = []
    failed = False
    for name in chosen.rows or ROWS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            found += ROWS[name](chosen)
        except Exception as error:  # the other rows are wanted all the same
            failed = True
            found.append(table.missing(name, f"failed: {type(error).__name__}: {error}"[:160]))
    print(f"{machine}\n")
    table.show(found)
    print(f"\n{time.monotonic() - began:.0f} s{', --quick' if chosen.quick else ''}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

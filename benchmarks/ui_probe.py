"""The real app with a timer beside it: `python ui_probe.py LATENESS_FILE [FILE]`.

Every 50 ms the file gets a line: when the timer was due (`time.perf_counter`) and how late it
was, both in seconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from kerastui.tui.app import KerasTui

INTERVAL = 0.05


async def watch(path: Path) -> None:
    """Write the lateness of a timer in the app's own event loop."""
    with path.open("w", buffering=1, encoding="utf-8") as lines:
        while True:
            due = time.perf_counter() + INTERVAL
            await asyncio.sleep(INTERVAL)
            lines.write(f"{due} {time.perf_counter() - due}\n")


async def main(lateness: Path, file: str | None) -> None:
    """Run the app in this terminal."""
    watching = asyncio.create_task(watch(lateness))
    await KerasTui(file=file).run_async()
    watching.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))

"""What a fresh process loads: import-linter sees the static graph, this what really happens."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "sklearn", "pandas", "jax", "torch", "scipy")

FIRST_FRAME = """
import asyncio, sys
from pathlib import Path
from kerastui.tui.app import KerasTui

class NoWorkers:
    async def start(self): pass
    async def close(self): pass
    async def request(self, name, **payload): return {}

async def main():
    async with KerasTui(workspace=Path(sys.argv[1]), launcher=NoWorkers()).run_test() as pilot:
        await pilot.pause()
asyncio.run(main())
"""


def loaded(code: str, *arguments: str) -> set[str]:
    """Run code in a fresh process and return the top-level packages that it loaded."""
    tail = "\nprint('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys\n{code}{tail}", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "module",
    ["tui.app", "tui.cli", "models.runs.store", "models.experiment.toml", "models.shipped",
     "models.processes.launch", "models.code", "models.machine.hardware", "datasets.catalogue",
     "datasets.spec"],
)  # fmt: skip
def test_a_module_of_the_screen_loads_nothing_heavy(module: str) -> None:
    assert not loaded(f"import kerastui.{module}").intersection(HEAVY)


def test_the_app_shows_its_first_screen_without_anything_heavy(tmp_path: object) -> None:
    packages = loaded(FIRST_FRAME, str(tmp_path))
    assert "textual" in packages
    assert not packages.intersection(HEAVY)


def test_starting_the_app_loads_no_command_line_library() -> None:
    assert not loaded("import kerastui.tui.cli").intersection({"typer", "pydantic", "numpy"})

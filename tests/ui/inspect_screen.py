"""What the tests of the Inspect screen have in common: a run of XOR, and the screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment.toml import save
from kerastui.models.runs.store import Run
from kerastui.tui.app import KerasTui
from kerastui.tui.inspect.weights import WeightsPane
from kerastui.tui.screens.inspect import InspectScreen

from .fakes import FakeLauncher, finished_run
from .keras_file import keras_file
from .pilots import HOSTILE, shows, text, until

WIDE, NARROW = (120, 40), (80, 24)

EVALUATION: dict[str, Any] = {
    "figures": {"train.loss": 0.01, "train.mse": 0.01, "test.loss": 0.02,
                "prediction.1.value": 0.005, "prediction.2.value": 0.5,
                "prediction.3.value": 0.95, "prediction.4.value": 0.001},
    "predictions": [
        {"label": "0 xor 0", "value": [0.5], "input": [0, 0], "number": 1},
        {"label": HOSTILE, "value": [2.75], "input": [1, 1], "number": 2, "truth": [1.0]},
    ],
    "warnings": ["there is no validation part to evaluate"],
}  # fmt: skip
ROWS = [
    {"label": "0 xor 0", "values": [0, 0], "number": 1, "index": None},
    {"label": HOSTILE, "values": [1, 1], "number": 2, "index": None},
    {"label": "test 0", "values": [0.1 + 1e-9, 1]},
]


def trained(own_home: Path, **fields: Any) -> Run:
    """Write a run of XOR with an evaluation and a model."""
    run = finished_run(own_home / "saved", "b13-xor", figures=EVALUATION["figures"], **fields)
    experiment = shipped.experiment("b13-xor")
    save(experiment.changed({"study": None}), run.path / "experiment.toml")
    (run.path / "evaluation.json").write_text(json.dumps(EVALUATION))
    keras_file(run.model)
    return run


def launcher(failure: UserError | None = None) -> FakeLauncher:
    made = FakeLauncher()

    def inputs(**asked: Any) -> dict[str, Any]:
        if failure:
            raise failure
        return {"names": ["a", "b"], "rows": ROWS}

    made.answers["inputs"] = inputs
    return made


async def opened(pilot: Pilot[Any], run: Run) -> InspectScreen:
    """Show a run, and go to Inspect."""
    app = pilot.app
    assert isinstance(app, KerasTui)
    app.show_run(run, switch=False)
    await pilot.press("I")
    await shows(pilot, "evaluation")
    screen = app.screen
    assert isinstance(screen, InspectScreen)
    return screen


async def go(pilot: Pilot[Any], screen: InspectScreen, key: str) -> None:
    """Put the cursor on a row, and wait until its pane is there."""
    await until(pilot, lambda: screen.rows.move_to(key), f"a row {key}")
    await until(
        pilot,
        lambda: screen.pane is not None and screen.pane.is_mounted and screen.pane.display,
        key,
    )
    await pilot.pause()


def right(pilot: Any) -> list[str]:
    """Return the lines of the right pane."""
    return [line[43:].strip("│ ") for line in lines(pilot)]


def lines(pilot: Any) -> list[str]:
    """Return the lines of the screen."""
    return text(pilot).splitlines()


async def viewed(pilot: Any, screen: InspectScreen) -> None:
    """Enter a weight, and wait until its view has the focus."""
    await pilot.press("enter")

    def in_it() -> bool:
        pane = screen.pane
        return isinstance(pane, WeightsPane) and bool(pane.view and pane.view.to_focus.has_focus)

    await until(pilot, in_it, "the focus in the view")

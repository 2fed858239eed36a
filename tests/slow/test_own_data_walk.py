"""From a CSV that no example uses to a trained model and its script, by keys and real processes."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Input

from kerastui.models.code import script
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.store import Run
from kerastui.tui.app import KerasTui
from kerastui.tui.headless import screen_text
from kerastui.tui.screens.code import CodeScreen
from kerastui.tui.screens.data.importing import DataImport, PickData
from kerastui.tui.screens.data.prepare import PrepareScreen
from kerastui.tui.screens.data.prepare_dialogs import Proposed
from kerastui.tui.screens.data.screen import DataScreen
from kerastui.tui.widgets.row_list import RowList

pytestmark = pytest.mark.slow

ROWS = 400
TWIN = {"execution": "plain", "fit.epochs": 30}
"""What the script is held against: Keras' own fit, and epochs enough to tell any difference."""
FUELS = ("petrol", "diesel", "electric")


def write_offers(path: Path) -> None:
    """Write offers of used cars as a German spreadsheet would: semicolons and decimal commas."""
    draw = np.random.default_rng(7)
    lines = ["offer;age;mileage;fuel;colour;sold on;price"]
    for row in range(ROWS):
        age, mileage = int(draw.integers(0, 15)), float(draw.gamma(2, 30_000))
        fuel, colour = str(draw.choice(FUELS)), str(draw.choice(["red", "blue", "grey"]))
        sold = np.datetime64("2021-01-04") + int(draw.integers(0, 900))
        price = 30_000 * np.exp(-0.12 * age) - 0.05 * mileage + float(draw.normal(0, 500)) + 9_000
        price += 6_000 * (fuel == "electric")
        cells = [
            f"A-{10_000 + row}",
            str(age),
            "n/a" if draw.random() < 0.03 else f"{mileage:.1f}".replace(".", ","),
            "" if draw.random() < 0.02 else fuel,
            colour,
            sold.astype(object).strftime("%d.%m.%Y"),
            f"{price:.2f}".replace(".", ","),
        ]
        lines.append(";".join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="cp1252")


async def until(app: KerasTui, condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < end, f"never: {what}\n{screen_text(app)}"
        await asyncio.sleep(0.02)


async def shows(app: KerasTui, words: str) -> None:
    await until(app, lambda: words in screen_text(app), f"{words!r} on the screen")


async def walk(table: Path, root: Path) -> tuple[Experiment, Run, Run]:
    """Import, look, accept the proposal, prepare, train, see the code, train as plain Keras."""
    app = KerasTui(root)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("D")
        await until(app, lambda: isinstance(app.screen, DataScreen), "the Data screen")

        await pilot.press("a")
        await until(app, lambda: isinstance(app.screen, PickData), "the question for a file")
        app.screen.query_one(Input).value = str(table)
        # What stands in the list is opened, so it has to be what was typed.
        await until(app, lambda: app.screen.query_one(RowList).key == str(table), "the file")
        await pilot.press("enter")
        await until(app, lambda: isinstance(app.screen, DataImport), "how it is read")
        for detected in ("semicolon", "comma", "%d.%m.%Y"):
            await shows(app, detected)
        await pilot.press("i")
        await until(app, lambda: isinstance(app.screen, DataScreen), "it is imported")
        await shows(app, "✓ offers")
        await until(app, lambda: app.screen.check_action("new", ()), "the data are here")

        await pilot.press("n")
        await until(app, lambda: isinstance(app.screen, Proposed), "the proposal")
        for proposed in ("price", "regression", "an identifier", "Rescaling"):
            await shows(app, proposed)
        await pilot.press("enter")
        await until(app, lambda: isinstance(app.screen, PrepareScreen), "its preparation")
        screen = app.screen
        assert isinstance(screen, PrepareScreen)
        await until(app, lambda: not screen.stale, "what the preparation does")
        assert screen.told["error"] is None
        await shows(app, "one_hot")

        # A column is switched off and back on; the steps follow.
        before = app.current
        assert before is not None
        screen.rows.move_to("features")
        await pilot.press("enter")
        screen.feature_rows.move_to("colour")
        await pilot.press("space")
        await until(app, lambda: "colour" not in str(app.current and app.current.data), "switched")
        await pilot.press("u")
        await until(app, lambda: app.current == before, "switched back")
        await pilot.press("escape", "r")

        first = await finished(app, 1)
        await pilot.press("c")
        await until(app, lambda: isinstance(app.screen, CodeScreen), "the code")
        await shows(app, "import keras")
        await pilot.press("escape")

        app.start_run(before.changed(TWIN))
        second = await finished(app, 2)
    return before, first, second


async def finished(app: KerasTui, count: int) -> Run:
    """Wait for a run of this session to end."""
    await until(app, lambda: len(app.started_here) == count, f"run {count}")
    run = list(app.started_here.values())[-1]
    assert isinstance(run, Run)
    ended = ("finished", "failed", "stopped", "lost")
    await until(app, lambda: run.info().status in ended, "the end of the run")
    assert run.info().status == "finished", run.info().error
    return run


def figures(run: Run) -> dict[str, float]:
    found: dict[str, float] = json.loads((run.path / "evaluation.json").read_text())["figures"]
    return found


def test_from_a_csv_to_a_trained_model_and_its_script(tmp_path: Path) -> None:
    table = tmp_path / "offers.csv"
    write_offers(table)
    experiment, first, second = asyncio.run(walk(table, tmp_path / "saved"))

    data = experiment.data
    assert (data.target, data.task) == (["price"], "regression")
    assert "offer" not in data.features
    assert [step.step for step in data.steps] == ["missing", "dates", "scale", "one_hot"]
    # It has learned: the mean of all prices is wrong by 6,784 on average, the noise alone is 400.
    learned = figures(first)
    assert learned["test.mae"] < 2_000
    assert second.info().execution == "plain"

    program = tmp_path / "script.py"
    program.write_text(script(experiment.changed(TWIN), table))
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    (printed,) = [line for line in done.stdout.splitlines() if line.startswith("test {")]
    said = ast.literal_eval(printed.removeprefix("test "))
    twin = figures(second)
    assert said == {name: twin[f"test.{name}"] for name in said}
    assert "mae" in said
    assert "kerastui" not in program.read_text().replace(str(tmp_path), "")

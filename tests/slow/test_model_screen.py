"""The Model screen with the real inspector: true shapes, real problems, cures that help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastui.models.experiment.toml import parse
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.model.add import AddLayer
from kerastui.tui.screens.model.screen import ModelScreen
from tests.ui.pilots import shows, text, until

pytestmark = pytest.mark.slow

DIGITS = {
    "format": 1,
    "name": "digits",
    "data": {
        "dataset": "digits",
        "task": "multiclass",
        "steps": [{"step": "channel_axis"}],
        "split": {"kind": "fraction", "test": 0.2},
    },
    "model": {"kind": "sequential", "layers": []},
    "compile": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
}


async def add(pilot: Any, words: str) -> None:
    """Add a layer as it is typed in one line, and wait for its shape."""
    await pilot.press("a")
    await until(pilot, lambda: isinstance(pilot.app.screen, AddLayer), "the catalogue")
    await pilot.press(*("space" if sign == " " else sign for sign in words), "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the layer")
    await until(pilot, lambda: not pilot.app.screen.stale, "its shape", seconds=60)
    await pilot.pause()


async def test_a_network_is_built_from_nothing_by_keys(tmp_path: Path) -> None:
    app = KerasTui(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        app.set_current(parse(DIGITS))
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, ModelScreen), "the Model screen")
        screen = app.screen
        assert isinstance(screen, ModelScreen)
        await until(pilot, lambda: "8×8×1" in text(pilot), "the data", seconds=90)

        await add(pilot, "conv2d 6 3 tanh same")
        await shows(pilot, "8×8×6")
        await add(pilot, "lstm 4")
        await shows(pilot, "Needs steps × features; it receives (None, 8,")
        await pilot.press("delete")
        await add(pilot, "dense 10 softmax")
        await shows(pilot, "1 add Flatten before it")
        await pilot.press("1")
        await shows(pilot, "fits task: multiclass ✓")
        await shows(pilot, "3,910 parameters")  # 6 × (3 × 3 + 1) + 10 × (8 × 8 × 6 + 1)
        assert screen.place == 2  # the cursor stayed on the layer that was cured

        await pilot.press("G", "up")
        await until(pilot, lambda: screen.graph and not screen.stale, "the graph", seconds=60)
        await pilot.press("x")
        await shows(pilot, "✗ 1 problem")
        await pilot.press("u")
        await shows(pilot, "fits task: multiclass ✓")
        assert app.current is not None
        for _ in range(8):
            app.undo_edit()
        assert app.current == parse(DIGITS)

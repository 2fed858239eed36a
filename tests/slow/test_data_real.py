"""The Data screen on the real files, looked at by the real process that has Keras."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from kerastui.datasets.catalogue import card
from kerastui.datasets.fetch import locate
from kerastui.models.processes.launch import Nursery
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.data.pictures import PictureGrid
from kerastui.tui.screens.data.screen import DataScreen

pytestmark = pytest.mark.slow

FIRST_LABELS = "5041921314353617286940911"
"""The labels of MNIST's first 25 digits."""


async def test_digits_texts_tables_and_a_series(tmp_path: Path) -> None:
    if "KERASTUI_DATA" not in os.environ:
        pytest.skip("KERASTUI_DATA names no folder with the data")
    nursery = Nursery()
    app = KerasTui(workspace=tmp_path, launcher=nursery)
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("D")
            await pilot.pause()
            screen = app.screen
            assert isinstance(screen, DataScreen)
            for name in ("mnist", "imdb", "reuters", "ionosphere", "car-sales", "boston"):
                if await asyncio.to_thread(locate, card(name)) is None:
                    continue
                screen.visit(name)
                for _ in range(1200):
                    await pilot.pause(0.05)
                    if screen.look:
                        break
                assert screen.results, f"{name} was never looked at"
                assert all(result.right for result in screen.results), name
                if name == "mnist":
                    assert "".join(screen.query_one(PictureGrid).labels) == FIRST_LABELS
                if name == "reuters":
                    assert screen.look["text"]["words"].startswith("? mcgrath rentcorp said")
    finally:
        await nursery.close()

"""The labs with the real process that has Keras: every figure of the documents, in the real app."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastui.models.processes.launch import Nursery
from kerastui.tui import labs
from kerastui.tui.app import KerasTui
from kerastui.tui.labs.mandelbrot import MandelbrotScreen

pytestmark = pytest.mark.slow


async def test_every_lab_reaches_the_documents_figures(tmp_path: Path) -> None:
    nursery = Nursery()
    app = KerasTui(workspace=tmp_path, launcher=nursery)
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            for lab in labs.LABS:
                screen = lab.screen()
                await app.push_screen(screen)
                for _ in range(1200):
                    await pilot.pause(0.05)
                    if screen.results:
                        break
                wrong = [result for result in screen.results if result.right is False]
                assert screen.results, f"{lab.id} never computed anything"
                assert not wrong, f"{lab.id}: {wrong}"
                if isinstance(screen, MandelbrotScreen):
                    # The picture is the same above and below, but for the first row.
                    counts = screen.counts
                    np.testing.assert_array_equal(counts[1:240], counts[:240:-1])
                    assert counts[240, 320] == 200
                await pilot.press("escape")
                await pilot.pause()
    finally:
        await nursery.close()

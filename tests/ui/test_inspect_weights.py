"""Looking at a weight: its numbers, histogram, picture and filters, extremes and export."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerastui.tui.app import KerasTui
from kerastui.tui.inspect.heat import HeatView
from kerastui.tui.inspect.histogram import HistogramView
from kerastui.tui.widgets.data_grid import DataGrid

from .inspect_screen import NARROW, WIDE, go, launcher, lines, opened, right, trained, viewed
from .keras_file import keras_file
from .pilots import paste, shows, text, until


async def test_weights_with_their_statistics_and_values(own_home: Path) -> None:
    run = trained(own_home)
    nan = np.array([[np.nan, 0], [3, -4]])
    keras_file(run.model, [("relu", nan, [0, 1]), ("linear", [[1.5], [2.5]], [0])])
    async with KerasTui(launcher=launcher()).run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "layers")
        await until(pilot, lambda: any("layer0 kernel" in x[48:] for x in lines(pilot)), "it")
        line = next(x for x in lines(pilot) if "layer0 kernel" in x[48:])
        told = line[48:].split("layer0 kernel")[1].split()
        # shape, count, min, max, L2, zeros, NaN
        assert told[:2] + told[4:9] == ["2×2", "4", "−4", "3", "5", "1", "25"]
        await go(pilot, screen, "weight 0")
        await shows(pilot, "shape 2×2")
        await shows(pilot, "NaN 25 %")
        await until(pilot, lambda: ["0", "NaN", "0"] in [x.split() for x in right(pilot)], "cells")


async def test_a_large_matrix_is_read_where_it_is_seen(own_home: Path) -> None:
    run = trained(own_home)
    kernel = np.arange(3000 * 500, dtype=np.float32).reshape(3000, 500)
    keras_file(run.model, [("relu", kernel, np.zeros(500))])
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "weight 0")
        await viewed(pilot, screen)
        await pilot.press("right", "down")
        grid = screen.query_one(DataGrid)
        await shows(pilot, "1, 1 = 501.0")
        await pilot.press("m", "m")  # also before the first answer came, each press is a step
        await shows(pilot, "0, 0 = 0.0")
        await pilot.press("m")
        await shows(pilot, "2,999, 499 = 1.499999e+06")
        await until(
            pilot,
            lambda: grid.render_line(grid.size.height - 2).text.split()[0] == "2,999",
            "the last row",
        )
        await pilot.press("m")
        await shows(pilot, "0, 0 = 0.0")
        await pilot.press("escape")
        await until(pilot, lambda: screen.rows.has_focus, "the list")
        await go(pilot, screen, "hand")
        await shows(pilot, "too long to be followed by hand")
        await go(pilot, screen, "formulas")
        await pilot.press("enter", "end")
        await shows(pilot, "L0N2999 -> L1N499 = 1499999.0")


async def test_very_many_columns_are_turned_to_be_seen(own_home: Path) -> None:
    run = trained(own_home)
    kernel = np.zeros((2, 30_000), np.float32)
    kernel[1, 29_000] = 7
    keras_file(run.model, [("relu", kernel, np.zeros(30_000))])
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "weight 0")
        await viewed(pilot, screen)
        await shows(pilot, "the first 20,000 of 30,000 columns")
        await pilot.press("m")
        await shows(pilot, "29,000, 1 = 7.0")


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_digits_and_tab_change_the_view(own_home: Path, size: tuple[int, int]) -> None:
    run = trained(own_home)
    kernel = np.repeat([[-2.0], [0.0], [1.0], [1.0]], 4, axis=1)
    keras_file(run.model, [("relu", kernel, np.zeros(4))])
    async with KerasTui(launcher=launcher()).run_test(size=size) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "weight 0")
        await viewed(pilot, screen)
        await shows(pilot, "3 heat map")
        await pilot.press("2")
        await shows(pilot, "how many of them")

        def filled() -> list[str]:
            return [line for line in text(pilot).splitlines() if "…" in line and "█" in line]

        # 4 numbers at −2, 4 at 0, 8 at 1: three bins that are not empty, the last the longest.
        await until(pilot, lambda: len(filled()) == 3, "three bins")
        bins = filled()
        assert max(bins, key=lambda line: line.count("█")) == bins[-1]
        await until(pilot, lambda: screen.query_one(HistogramView).view.has_focus, "the focus")
        await pilot.press("tab")
        await shows(pilot, "4 rows × 4 columns")
        await shows(pilot, "≥ 2")
        picture = screen.query_one(HeatView).picture
        await until(pilot, lambda: "▀" in picture.render_line(0).text, "the picture")
        first = next(iter(picture.render_line(0))).style
        assert first is not None
        assert first.color is not None
        red, _, blue = first.color.get_truecolor()
        assert blue > red  # −2 is blue
        await pilot.press("tab")
        await shows(pilot, "0, 0 = -2.0")


async def test_slices_and_axes_of_a_convolution(own_home: Path) -> None:
    run = trained(own_home)
    kernel = np.arange(3 * 3 * 2 * 4, dtype=np.float32).reshape(3, 3, 2, 4)
    kernel[2, 1, 0, 3] = np.nan
    convolution(run.model, kernel)
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "weight 0")
        await viewed(pilot, screen)
        await shows(pilot, "[0, 0, ↓, →]")
        await pilot.press("n")
        await shows(pilot, "[0, 1, ↓, →]")
        await shows(pilot, "0, 0 = 8.0")
        await pilot.press("N", "N")
        await shows(pilot, "[2, 2, ↓, →]")
        await pilot.press("m")
        await shows(pilot, "1, 3 = 71.0")
        await pilot.press("m")
        await shows(pilot, "0, 0 = 0.0")
        await pilot.press("m")
        await shows(pilot, "[2, 1, ↓, →]")
        await shows(pilot, "0, 3 = nan")
        await pilot.press("v")
        await shows(pilot, "[↓, →, 0, 0]")
        await pilot.press("4")
        await shows(pilot, "4 filters of 3×3")
        await shows(pilot, "channel 0 of 2")


async def test_a_weight_is_written_to_files(own_home: Path, tmp_path: Path) -> None:
    run = trained(own_home)
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "weight 0")
        await viewed(pilot, screen)
        await shows(pilot, "0, 0 = 1.25")
        for name in ("w.txt", "w.csv", "w.npy"):
            if name != "w.csv":  # that is typed where the wrong name stood
                await pilot.press("x")
            await shows(pilot, "Where to")
            await pilot.press("ctrl+u")
            await paste(pilot, str(tmp_path / name))
            await pilot.press("enter")
            if name == "w.txt":
                await shows(pilot, "The name ends with .csv or .npy.")
            else:
                await until(pilot, (tmp_path / name).is_file, name)
        assert (tmp_path / "w.csv").read_text() == "axis 0,0,1\n0,1.25,-1\n1,1.25,-1\n"
        np.testing.assert_array_equal(np.load(tmp_path / "w.npy"), [[1.25, -1], [1.25, -1]])
        await pilot.press("escape")
        await go(pilot, screen, "formulas")
        await pilot.press("enter", "x")
        await shows(pilot, "Where to")
        await pilot.press("ctrl+u")
        await paste(pilot, str(tmp_path / "f.csv"))
        await pilot.press("enter")
        await until(pilot, (tmp_path / "f.csv").is_file, "the listing")
        lines = (tmp_path / "f.csv").read_text().splitlines()
        assert lines[:2] == ["from,to,weight", "0B,L1N0,-1.25"]
        assert len(lines) == 1 + 9


def convolution(path: Path, kernel: Any) -> None:
    """Write a model of one convolution."""
    config = {"name": "conv2d", "filters": kernel.shape[-1], "kernel_size": list(kernel.shape[:2])}
    one_layer(path, "Conv2D", "conv2d", config, [kernel, np.zeros(kernel.shape[-1], np.float32)])


def one_layer(path: Path, kind: str, name: str, config: dict[str, Any], weights: Any) -> None:
    """Write a model of one layer, as Keras lays it out."""
    block = io.BytesIO()
    with h5py.File(block, "w") as file:
        for place, values in enumerate(weights):
            file[f"layers/{name}/vars/{place}"] = values
    layer = {"module": "keras.layers", "class_name": kind, "config": config}
    structure = {"module": "keras", "class_name": "Sequential",
                 "config": {"name": "sequential", "layers": [layer]}}  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(structure))
        archive.writestr("model.weights.h5", block.getvalue())


def embedding(path: Path, vectors: Any) -> None:
    """Write a model of one embedding."""
    one_layer(path, "Embedding", "embedding", {"name": "embedding"}, [vectors])


async def test_the_neighbours_of_a_word(own_home: Path) -> None:
    run = trained(own_home)
    vectors = np.array([[1, 0], [0, 1], [1, 0.1], [-1, 0]], np.float32)
    embedding(run.model, vectors)
    fake = launcher()
    fake.answers["look.words"] = lambda **wanted: {"words": ["", "good", "great", "bad"]}
    async with KerasTui(launcher=fake).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "weight 0")
        await viewed(pilot, screen)
        await pilot.press("4")
        await shows(pilot, "nearest to 0")
        await pilot.press("e", "ctrl+u", *"nobody", "enter")
        await shows(pilot, "No word of this embedding")
        await pilot.press("ctrl+u", *"Great", "enter")
        await shows(pilot, "nearest to great")
        found = [x.split()[:2] for x in right(pilot) if "█" in x or x.endswith("−0.995")]
        assert found[0] == ["0", "0"]
        assert ["1", "good"] in found

"""Looking at a weight: its numbers, histogram, picture and filters, extremes and export."""

from __future__ import annotations

import asyncio
import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from textual.content import Content
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.models.training import drift
from kerastui.tui.app import KerasTui
from kerastui.tui.inspect.heat import HeatView
from kerastui.tui.inspect.histogram import HistogramView
from kerastui.tui.inspect.weights import WeightsPane
from kerastui.tui.screens.inspect import InspectScreen
from kerastui.tui.widgets.data_grid import DataGrid

from .fakes import change, finished_run
from .keras_file import XOR, keras_file
from .pilots import paste, shows, text, until
from .test_inspect import go, launcher, opened, trained

WIDE, NARROW = (120, 40), (80, 24)


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


ACTIVATIONS: dict[str, Any] = {
    "label": "test 0", "part": "test", "rows": 7, "samples": 7, "unseen": [],
    "layers": [
        {"name": "first", "kind": "Dense", "activation": "relu", "shape": [3],
         "statistics": {"shape": [3], "count": 3, "mean": 1.0, "deviation": 1.0, "low": 0.0,
                        "high": 2.5, "zeros": 1, "nan_share": 0.0, "norm": 2.7},
         "edges": [0, 1, 2.5], "counts": [2, 1], "units": 3, "dead": [1], "saturated": None,
         "file": ""},
        {"name": "last", "kind": "Dense", "activation": "sigmoid", "shape": [1],
         "statistics": {"shape": [1], "count": 1, "mean": 0.999, "deviation": 0.0, "low": 0.999,
                        "high": 0.999, "zeros": 0, "nan_share": 0.0, "norm": 0.999},
         "edges": [0.999, 0.999], "counts": [1], "units": 1, "dead": [], "saturated": 0.75,
         "file": ""},
    ],
}  # fmt: skip


async def test_a_sample_is_followed_through_the_layers(own_home: Path) -> None:
    fake = launcher()
    asked: list[dict[str, Any]] = []

    def activations(**wanted: Any) -> dict[str, Any]:
        asked.append(wanted)
        if wanted["index"] == 99:
            raise UserError("There is no sample 99 in the test part.")
        file = Path(wanted["folder"]) / "0.npy"
        np.save(file, np.array([0.5, 0.0, 2.5], np.float32))
        first, last = ACTIVATIONS["layers"]
        return {**ACTIVATIONS, "label": f"test {wanted['index']}",
                "layers": [{**first, "file": str(file)}, last]}  # fmt: skip

    fake.answers["look.activations"] = activations
    async with KerasTui(launcher=fake).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "activations")
        await shows(pilot, "1 of 3 dead")
        await shows(pilot, "75% saturated")
        await pilot.press("enter", "right_square_bracket")
        await shows(pilot, "test 1")
        await pilot.press("enter")
        dead = ["1", "0", "dead"]  # number, output, mark; a bar of nothing between them
        await until(pilot, lambda: dead in [x.split() for x in right(pilot)], "the dead unit")
        await pilot.press("escape")
        await shows(pilot, "75% saturated")
        await pilot.press("e", "ctrl+u", *"test 99", "enter")
        await shows(pilot, "no sample 99")
        await pilot.press("escape")
        await shows(pilot, "75% saturated")
        assert [one["index"] for one in asked] == [0, 1, 99]


async def test_gradients_say_what_is_remarkable(own_home: Path) -> None:
    fake = launcher()
    fake.answers["look.gradients"] = lambda **wanted: {
        "loss": 0.5, "rows": 32, "norm": 0.1, "words": ["Vanishing: in layer0 and so on."],
        "weights": [{"layer": "layer0", "name": "kernel", "shape": [2, 2], "norm": 0.1,
                     "mean": 0.02, "zeros": 0.25, "ratio": None}],
    }  # fmt: skip
    async with KerasTui(launcher=fake).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "gradients")
        await shows(pilot, "▲ Vanishing: in layer0")
        await shows(pilot, "first 32 training rows")
        line = next(x for x in right(pilot) if x.startswith("layer0 kernel"))
        assert "25%" in line
        assert "NaN" in line


def test_the_bars_of_gradients_make_room_for_the_numbers() -> None:
    from kerastui.tui.inspect.gradients import told

    answer = {"loss": 0.5, "rows": 32, "norm": 0.1, "words": [], "weights": [
        {"layer": "dense", "name": "kernel", "shape": [5408, 100], "norm": 0.2746,
         "mean": 0.0001102, "zeros": 0.43, "ratio": 0.01234}]}  # fmt: skip
    wide = told(answer, 90)[0].cell_length
    for width in (wide, wide - 1, wide - 5):
        assert told(answer, width)[0].cell_length == width
    assert told(answer, 20)[0].cell_length == wide - 7


@pytest.mark.parametrize("off", [0.0, 0.5])
async def test_one_neuron_stands_beside_what_keras_computes(own_home: Path, off: float) -> None:
    fake = launcher()
    given = {"layers": {"layer0": [1.25 + off, 0], "layer1": [2.75]}}
    fake.answers["look.outputs"] = lambda **wanted: given
    async with KerasTui(launcher=fake).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "hand")
        await shows(pilot, "1 0 xor 0")
        await pilot.press("enter", "2", "tab")
        await shows(pilot, "neuron 0 of 2 in layer0")
        await shows(pilot, f"difference {off:g} {'✗' if off else '✓'}")
        # 1 × 1.25 + 1 × 1.25 − 1.25
        await shows(pilot, "by hand 1.25")
        await pilot.press("right_square_bracket")
        await shows(pilot, "neuron 1 of 2 in layer0")
        await pilot.press("l")
        await shows(pilot, "neuron 0 of 1 in layer1")
        await shows(pilot, "by hand 2.75   Keras 2.75")
        await pilot.press("tab")
        await until(pilot, lambda: "by hand 2.75" not in text(pilot), "all steps again")


async def test_without_an_experiment_keras_is_not_asked_for_samples(own_home: Path) -> None:
    fake = launcher()

    def refuse(**wanted: Any) -> dict[str, Any]:
        raise UserError("This model was opened without an experiment.", "Open the run.")

    fake.answers["look.activations"] = refuse
    run = trained(own_home)
    async with KerasTui(launcher=fake).run_test(size=NARROW) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "activations")
        await pilot.press("enter")
        await shows(pilot, "opened without an experiment")


async def test_the_weights_by_epoch_grow_while_the_run_goes_on(own_home: Path) -> None:
    run = trained(own_home)
    change(run, status="running", ended=None, pid=os.getpid(), pid_started=None)
    file = run.path / "weights.jsonl"
    head = {"v": 1, "weights": [{"path": "model/layer0/kernel", "shape": [2, 2], "place": 0}]}
    figures = [0.5, 1.0, -1.0, 2.0]
    lines: list[dict[str, Any]] = [head]
    for epoch in (0, 10, 20):
        lines.append({"epoch": epoch, "figures": [[*figures, 4.0 + epoch, 0, epoch / 80]]})
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "drift")
        await shows(pilot, "No record of the weights")
        file.write_text("".join(json.dumps(one) + "\n" for one in lines[:3]))
        await shows(pilot, "12.5%")
        file.write_text("".join(json.dumps(one) + "\n" for one in lines))
        await shows(pilot, "25.0%")
        line = next(x for x in right(pilot) if "25.0%" in x)
        assert line.split()[-3:] == ["4", "24", "25.0%"]
        await pilot.press("enter", "tab")
        await shows(pilot, "layer0 kernel: size")


async def test_a_record_that_takes_long_to_read_is_shown(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kerastui.tui.inspect.drift.EVERY", 0.02)
    read = drift.read

    def slow(path: Path) -> drift.Drift:
        time.sleep(0.1)
        return read(path)

    monkeypatch.setattr(drift, "read", slow)
    run = trained(own_home)
    change(run, status="running", ended=None, pid=os.getpid(), pid_started=None)
    head = {"v": 1, "weights": [{"path": "model/layer0/kernel", "shape": [2, 2], "place": 0}]}
    first = {"epoch": 0, "figures": [[0.5, 1.0, -1.0, 2.0, 4.0, 0, 0.125]]}
    (run.path / "weights.jsonl").write_text(f"{json.dumps(head)}\n{json.dumps(first)}\n")
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "drift")
        await shows(pilot, "12.5%")


async def test_the_weights_of_a_run_that_goes_on_are_those_of_its_checkpoint(
    own_home: Path,
) -> None:
    run = trained(own_home)
    run.model.unlink()
    change(run, status="running", ended=None, pid=os.getpid(), pid_started=None)
    head = {"v": 1, "weights": [{"path": "model/layer0/kernel", "shape": [2, 2], "place": 1}]}
    (run.path / "weights.jsonl").write_text(json.dumps(head) + "\n")
    run.checkpoint.mkdir(exist_ok=True)
    state = run.checkpoint / "state.npz"
    arrays: dict[str, Any] = {"value.0": np.zeros(3), "value.1": np.array([[1.5, 2], [3, 4]], "f4")}
    np.savez(state, **arrays)
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await shows(pilot, "layer0 kernel")
        await go(pilot, screen, "layers")
        await shows(pilot, "as the last checkpoint has them")
        await go(pilot, screen, "weight 0")
        await viewed(pilot, screen)
        await pilot.press("down")
        await shows(pilot, "1, 0 = 3.0")
        arrays["value.1"][1, 0] = 7.5
        np.savez(run.checkpoint / "new.npz", **arrays)
        os.replace(run.checkpoint / "new.npz", state)
        await shows(pilot, "1, 0 = 7.5")
        await shows(pilot, "max 7.5")


async def test_weights_are_set_beside_those_of_another_run(own_home: Path) -> None:
    run = trained(own_home)
    other = finished_run(own_home / "saved", "b13-xor", day="20260103-030405")
    kernel = [[1.25, -1], [1.25, 1]]
    keras_file(other.model, [("relu", kernel, [0, 0]), ("linear", [[2], [0.5]], [0])])
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "layers")
        await pilot.press("enter", "equals_sign")
        await shows(pilot, "With which others?")
        await pilot.press("1")
        await shows(pilot, "set beside")
        line = next(x for x in right(pilot) if x.startswith("layer0 kernel"))
        # −1 beside 1: one number of four differs, by 2.
        assert line.split()[2:4] == ["2×2", "2"]
        assert line.split()[6] == "2"
        await pilot.press("equals_sign")
        await shows(pilot, "With which others?")
        await pilot.press("n")
        await until(pilot, lambda: "set beside" not in text(pilot), "the statistics again")


async def test_a_comparison_that_comes_late_leaves_the_weight_one_went_to(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, done = asyncio.Event(), asyncio.Event()

    async def compare(*_: Any, **__: Any) -> tuple[str, list[Content]]:
        asked.set()
        await done.wait()
        return "set beside another", [Content("head"), Content("differences")]

    monkeypatch.setattr("kerastui.tui.inspect.weights.compare", compare)
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "layers")
        await pilot.press("enter", "equals_sign")
        await until(pilot, asked.is_set, "the question")
        await pilot.press("escape")
        await go(pilot, screen, "weight 0")
        await shows(pilot, "0, 0 = 1.25")
        done.set()
        pane = screen.query_one(WeightsPane)
        await until(pilot, lambda: not any(w.group == "compare" for w in pane.workers), "it")
        await shows(pilot, "0, 0 = 1.25")
        await go(pilot, screen, "layers")
        await shows(pilot, "differences")


async def test_weights_of_two_epochs_are_set_beside_each_other(own_home: Path) -> None:
    run = trained(own_home)
    (run.path / "kept").mkdir()
    for epoch, corner in ((2, 1.5), (10, 4.5)):
        kernel = [[corner, -1], [1.25, -1]]
        keras_file(run.path / "kept" / f"epoch-{epoch}.keras",
                   [("relu", kernel, [-1.25, 0.5]), ("linear", [[2], [0.5]], [0.25])])  # fmt: skip
    other = keras_file(own_home / "other.keras", [("relu", [[1]], [1])])
    fake = launcher()

    def initial(target: str, **wanted: Any) -> dict[str, Any]:
        keras_file(Path(target), [("relu", [[1, -1], [1.25, -1]], [-1.25, 0.5]), XOR[1]])
        return {}

    fake.answers["look.initial"] = initial

    async def told(pilot: Any, beside: str, distance: str) -> None:
        await shows(pilot, beside)
        wanted = ["layer0", "kernel", "2×2", distance]
        await until(pilot, lambda: wanted in [x.split()[:4] for x in right(pilot)], f"{wanted}")

    async with KerasTui(launcher=fake).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "layers")
        await pilot.press("enter", "equals_sign")
        await shows(pilot, "another moment of this run")
        await pilot.press("e")
        await shows(pilot, "epoch 10")
        await pilot.press("down", "enter")
        await told(pilot, "set beside epoch 2", "0.25")  # 1.25 in the model, 1.5 after epoch 2
        await pilot.press("equals_sign")
        await shows(pilot, "two moments of this run")
        await pilot.press("b")
        await shows(pilot, "compare which weights?")
        await pilot.press("down", "down", "enter")
        await shows(pilot, "set beside which weights?")
        await pilot.press("down", "enter")
        await told(pilot, "epoch 10, set beside epoch 2", "3")
        await pilot.press("equals_sign")
        await shows(pilot, "two moments of this run")
        await pilot.press("e")
        await shows(pilot, "epoch 0")
        await pilot.press("enter")
        await told(pilot, "set beside epoch 0", "0.25")
        await pilot.press("equals_sign")
        await shows(pilot, "a model file")
        await pilot.press("f")
        await shows(pilot, "With those of which file?")
        await pilot.press(*"nowhere.keras", "enter")
        await shows(pilot, "There is no such file.")
        await pilot.press("ctrl+u", *"~nobodyx/a", "enter")
        await shows(pilot, "That is no path")
        field = pilot.app.screen.query_one(Input)
        field.value = str(other)
        await pilot.press("enter")
        await shows(pilot, "have other shapes")


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


async def test_a_run_that_goes_on_is_set_beside_an_epoch_of_its_own(own_home: Path) -> None:
    run = trained(own_home)
    run.model.unlink()
    change(run, status="running", ended=None, pid=os.getpid(), pid_started=None)
    shapes = {"kernel": [2, 2], "bias": [2]}
    weights = [{"path": f"model/layer0/{name}", "shape": shape, "place": place}
               for place, (name, shape) in enumerate(shapes.items())]  # fmt: skip
    (run.path / "weights.jsonl").write_text(json.dumps({"v": 1, "weights": weights}) + "\n")
    (run.path / "kept").mkdir()
    kernel = np.array([[1.5, 2], [3, 4]], "f4")
    keras_file(run.path / "kept" / "epoch-1.keras", [("relu", kernel, [0, 0])])
    run.checkpoint.mkdir(exist_ok=True)
    state = run.checkpoint / "state.npz"
    arrays: dict[str, Any] = {"value.0": kernel, "value.1": np.zeros(2, "f4")}
    np.savez(state, **arrays)
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "layers")
        await pilot.press("enter")
        pane = screen.query_one(WeightsPane)
        await shows(pilot, "as the last checkpoint has them")
        await pilot.press("equals_sign")
        await shows(pilot, "another moment of this run")
        # While one chooses, it trains on.
        before = pane.found
        kernel[1, 0] = 7.5
        np.savez(run.checkpoint / "new.npz", **arrays)
        os.replace(run.checkpoint / "new.npz", state)
        await until(pilot, lambda: pane.found is not before, "the newer checkpoint")
        await pilot.press("e")
        await shows(pilot, "set beside which weights?")
        await pilot.press("enter")
        await shows(pilot, "set beside epoch 1, as the checkpoint was then")
        line = next(x for x in right(pilot) if x.startswith("layer0 kernel"))
        assert line.split()[3] == "4.5"

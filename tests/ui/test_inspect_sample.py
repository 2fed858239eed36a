"""Looking at a sample on its way: activations, gradients, and one neuron beside Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.tui.app import KerasTui

from .inspect_screen import NARROW, WIDE, go, launcher, opened, right, trained
from .pilots import shows, text, until

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

"""Weights of other moments and other runs: by epoch, of a checkpoint, set beside each other."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.content import Content
from textual.widgets import Input

from kerastui.models.training import drift
from kerastui.tui.app import KerasTui
from kerastui.tui.inspect.weights import WeightsPane

from .fakes import change, finished_run
from .inspect_screen import WIDE, go, launcher, opened, right, trained, viewed
from .keras_file import XOR, keras_file
from .pilots import shows, text, until


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

"""Going on with a model from Inspect, and its layers on the Model screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import FileModel
from kerastui.tui.app import KerasTui

from .fakes import FakeLauncher, summary
from .keras_file import keras_file
from .pilots import shows, text, until

WIDE, NARROW = (120, 40), (80, 24)
LAYERS = (("conv", "Conv2D", 40), ("flat", "Flatten", 0), ("out", "Dense", 27))


def told(path: Path, **more: Any) -> dict[str, Any]:
    """Return what the worker says of a file for pictures of 8 × 8."""
    layers = [{"name": n, "type": t, "parameters": p} for n, t, p in LAYERS]
    return {"path": str(path), "sha256": "a" * 64, "changes": [], "inputs": [[8, 8, 1]],
            "outputs": [[3]], "layers": layers, "activation": "softmax", **more}  # fmt: skip


def shapes(experiment: dict[str, Any]) -> dict[str, Any]:
    """Be the worker: rows of what is left of the file, then of the new layers."""
    said, model = summary(experiment), experiment["model"]
    first = model.get("trainable_from")
    start = next((i for i, layer in enumerate(LAYERS) if layer[0] == first), 0)
    rows, before = [], "input"
    for place, (name, kind, count) in enumerate(LAYERS[: 3 - model.get("cut", 0)]):
        held = place < start or name in model.get("frozen", [])
        rows.append({"name": name, "type": kind, "text": "", "output_shape": [None, 9],
                     "parameters": count, "trainable": 0 if held else count, "inputs": [before],
                     "where": f"model.file.{place}"})  # fmt: skip
        before = name
    for place, layer in enumerate(model.get("layers", [])):
        rows.append({"name": f"new_{place}", "type": layer["type"], "text": "3 softmax",
                     "output_shape": [None, 3], "parameters": 30, "trainable": 30,
                     "inputs": [before], "where": f"model.layers.{place}"})  # fmt: skip
    total = sum(row["parameters"] for row in rows)
    trained = sum(row["trainable"] for row in rows)
    return {**said, "rows": rows, "inputs": {"input": [None, 8, 8, 1]}, "parameters": total,
            "trainable": trained}  # fmt: skip


def proposal(**_: Any) -> dict[str, Any]:
    data = {"dataset": "digits", "task": "multiclass"}
    model = {"kind": "sequential", "layers": [{"type": "Dense", "units": 10}]}
    return {"experiment": {"format": 1, "name": "digits", "data": data, "model": model}}


def launcher(path: Path, **more: Any) -> FakeLauncher:
    made = FakeLauncher()
    end = {"model.cut": 1, "model.layers": [{"type": "Dense", "units": 10}]}
    made.answers |= {
        "summary": shapes,
        "model.start": lambda **_: told(path, **more),
        "prepare.start": proposal,
        "model.end": lambda **_: {"words": "cut out, and put Dense 10 on top", "changes": end},
    }
    return made


async def used(pilot: Pilot[Any], path: Path, key: str) -> FileModel:
    """Open a model, go on with digits, train what `key` says; returns the experiment's model."""
    app = pilot.app
    assert isinstance(app, KerasTui)
    app.open_model(path)
    await shows(pilot, "the file")
    await until(pilot, lambda: "use it" in text(pilot), "the key")
    await pilot.press("o")
    await shows(pilot, "with which data?")
    await shows(pilot, "fits · pictures of 8 × 8")
    await pilot.press("enter")
    await shows(pilot, "What shall be trained?")
    await pilot.press(key)
    if key == "n":
        return FileModel(path="/", sha256="0" * 64)
    await until(pilot, lambda: app.current is not None, "the experiment")
    await shows(pilot, "model of")
    assert app.current is not None
    assert isinstance(app.current.model, FileModel)
    return app.current.model


async def test_a_model_gets_a_new_end_and_its_layers_are_frozen_and_cut(own_home: Path) -> None:
    path = keras_file(own_home / "pictures.keras")
    app = KerasTui(launcher=launcher(path))
    async with app.run_test(size=WIDE) as pilot:
        model = await used(pilot, path, "w")
        assert (model.cut, model.trainable_from) == (1, "out")
        await shows(pilot, "40 frozen")
        await until(pilot, lambda: "Conv2D" in text(pilot), "the layers of the file")
        await pilot.press("home", "down")
        await shows(pilot, "trains it too")
        await pilot.press("f")
        await until(pilot, lambda: app.current.model.trainable_from is None, "thawed")  # type: ignore[union-attr]
        await shows(pilot, "freezes it")
        await pilot.press("down", "delete")
        await until(pilot, lambda: app.current.model.cut == 2, "cut")  # type: ignore[union-attr]
        await pilot.press("u")
        await until(pilot, lambda: app.current.model.cut == 1, "taken back")  # type: ignore[union-attr]


async def test_everything_or_the_last_layer_is_trained(own_home: Path) -> None:
    path = keras_file(own_home / "pictures.keras")
    for key, first in (("e", None), ("l", "out")):
        app = KerasTui(launcher=launcher(path))
        async with app.run_test(size=NARROW) as pilot:
            model = await used(pilot, path, key)
            assert (model.cut, model.layers, model.trainable_from) == (0, [], first)
            await shows(pilot, "Flatten")
            assert "No layer yet" not in text(pilot)


async def test_data_that_fit_judge_an_opened_model(own_home: Path) -> None:
    path = keras_file(own_home / "pictures.keras")
    app = KerasTui(launcher=launcher(path))
    async with app.run_test(size=WIDE) as pilot:
        await used(pilot, path, "n")
        await until(pilot, lambda: app.opened_with is not None, "data chosen")
        assert app.opened_with is not None
        assert app.opened_with.data.dataset == "digits"
        await shows(pilot, "confusion matrix")
        assert app.current is None


async def test_an_old_file_is_repaired_into_the_workspace(own_home: Path) -> None:
    old = Path(__file__).parents[1] / "files" / "keras2" / "mlp.h5"
    copy = keras_file(own_home / "mlp-copy.keras")
    app = KerasTui(launcher=launcher(copy, changes=["lr is called learning_rate"]))
    async with app.run_test(size=WIDE) as pilot:
        app.open_model(old)
        await until(pilot, lambda: "repair" in text(pilot).splitlines()[-1], "the key")
        await pilot.press("f")
        await until(pilot, lambda: app.opened_model == copy, "the copy is looked into")


async def test_what_fails_is_told_and_nothing_is_changed(own_home: Path) -> None:
    path = keras_file(own_home / "pictures.keras")
    made = launcher(path)

    def fails(**_: Any) -> dict[str, Any]:
        raise UserError("It holds a Lambda layer.", "Take another one.")

    made.answers["model.start"] = fails
    app = KerasTui(launcher=made)
    async with app.run_test(size=NARROW) as pilot:
        app.open_model(path)
        await until(pilot, lambda: "use it" in text(pilot), "the key")
        await pilot.press("o")
        await shows(pilot, "It holds a Lambda layer.")
        assert app.current is None
        await pilot.press("escape")
        made.answers["model.start"] = lambda **_: told(path, inputs=[[4], [2]])
        await pilot.press("o")
        await shows(pilot, "has 2 inputs")

"""What tests of the Model screen have in common: the screen, and who follows its models."""

from __future__ import annotations

from typing import Any

from kerastui.models import shipped
from kerastui.tui.screens.model.add import AddLayer
from kerastui.tui.screens.model.screen import ModelScreen

from .fakes import FakeLauncher, summary
from .pilots import until

WIDE, NARROW = (120, 40), (80, 24)


async def opened(pilot: Any, name: str = "a05-ionosphere") -> ModelScreen:
    app = pilot.app
    app.set_current(shipped.experiment(name))
    await pilot.press("M")
    await until(pilot, lambda: isinstance(app.screen, ModelScreen), "the Model screen")
    screen: ModelScreen = app.screen
    await until(pilot, lambda: screen.rows.shown, "the layers")
    await pilot.pause()
    return screen


def said(experiment: dict[str, Any]) -> dict[str, Any]:
    """Follow a model in the simplest way: every layer gives its units, or what it receives.

    A `Conv2D` fits nowhere, and Flatten before it is offered as the cure.
    """
    model = experiment["model"]
    graph = model["kind"] == "graph"
    layers = model.get("nodes" if graph else "layers", [])
    begin = f"model.{'nodes' if graph else 'layers'}"
    names = [entry["name"] for entry in model["inputs"]] if graph else ["input"]
    rows: list[dict[str, Any]] = []
    answer = {**summary(experiment), "inputs": {name: [None, 34] for name in names}}
    size, problem = 34, {}
    for place, layer in enumerate(layers):
        where = f"{begin}.{place}"
        if layer.get("disabled"):
            continue
        if layer["type"] == "Conv2D":
            sentence = f"layer {place + 1}, Conv2D: needs rows × columns × channels"
            cured = [*layers[:place], {"type": "Flatten"}, *layers[place + 1 :]]
            cure = {"words": "use Flatten instead", "changes": {begin: cured}}
            problem = {"problem": sentence, "where": where, "findings": [
                {"level": "problem", "where": where, "sentence": sentence, "cure": "",
                 "cures": [cure]}]}  # fmt: skip
            break
        size = layer.get("units", size)
        rows.append({"name": layer.get("name", f"l{place}"), "type": layer["type"], "text": "",
                     "output_shape": [None, size], "parameters": 1000 + size,
                     "trainable": size, "inputs": [], "where": where})  # fmt: skip
    return {**answer, "rows": rows, "parameters": sum(row["parameters"] for row in rows),
            "outputs": [], **problem}  # fmt: skip


def launcher() -> FakeLauncher:
    fake = FakeLauncher()
    fake.answers["summary"] = said
    return fake


def layers(pilot: Any) -> list[str]:
    """The layers of the current experiment: `Dense 10`, with a minus where they are off."""
    model = pilot.app.current.model
    return [
        f"{'-' if layer.disabled else ''}{layer.type} {layer.parameters.get('units', '')}".strip()
        for layer in (model.layers if model.kind == "sequential" else model.nodes)
    ]


async def typed(pilot: Any, words: str) -> None:
    for sign in words:
        await pilot.press("space" if sign == " " else sign)


async def add(pilot: Any, words: str, key: str = "a") -> None:
    """Add a layer as it is typed in one line."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, AddLayer), "the catalogue")
    before = pilot.app.current
    await typed(pilot, words)
    await pilot.press("enter")
    await until(pilot, lambda: pilot.app.current is not before, "the layer")
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the Model screen")
    await pilot.pause()


async def settled(pilot: Any) -> None:
    await until(pilot, lambda: not pilot.app.screen.stale, "an answer")
    await pilot.pause()

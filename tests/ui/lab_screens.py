"""A lab opened in the app, and a worker that answers it by plain arithmetic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from kerastui.datasets.errors import UserError
from kerastui.tui import labs
from kerastui.tui.app import KerasTui
from kerastui.tui.labs.base import LabScreen
from kerastui.tui.screens.learn import LearnScreen

from .fakes import FakeLauncher
from .pilots import until


class FakeWorker(FakeLauncher):
    """Answers the labs without Keras, by plain arithmetic. `hold` keeps every answer back."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = asyncio.Event()
        self.hold.set()
        self.answers |= {
            "lab.structure": structure, "lab.algebra": algebra, "lab.mandelbrot": mandelbrot,
            "lab.weights": weights,
        }  # fmt: skip

    async def request(self, name: str, **payload: Any) -> dict[str, Any]:
        self.requests.append((name, payload))
        await self.hold.wait()
        return self.answers[name](**payload)

    def asked(self, name: str) -> list[dict[str, Any]]:
        """Return what was asked under a name."""
        return [payload for asked, payload in self.requests if asked == name]


def structure(model: dict[str, Any], inputs: list[int]) -> dict[str, Any]:
    """Follow dense layers, which is all that the labs' models have but for one Concatenate."""
    graph = model["kind"] == "graph"
    shapes = {e["name"]: e["shape"][0] for e in model["inputs"]} if graph else {"input": inputs[0]}
    entry = dict(shapes)
    rows, before = [], "input"
    for number, layer in enumerate(model["nodes"] if graph else model["layers"]):
        name = layer.get("name", f"dense_{number}")
        sources = layer.get("from", [before])
        width = sum(shapes[source] for source in sources)
        units = layer.get("units", width)
        count = width * units + units if layer["type"] == "Dense" else 0
        rows.append({
            "name": name, "type": layer["type"], "text": str(layer.get("units", "")),
            "output_shape": [None, units], "parameters": count, "trainable": count,
            "inputs": sources, "where": f"model.{'nodes' if graph else 'layers'}.{number}",
        })  # fmt: skip
        shapes[name], before = units, name
    total = sum(row["parameters"] for row in rows)
    return {"inputs": {n: [None, s] for n, s in entry.items()}, "rows": rows,
            "outputs": [before], "parameters": total, "trainable": total}  # fmt: skip


def algebra(line: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Compute the few lines that the tests type."""
    name, _, expression = line.rpartition(" = ")
    known = {n: np.array(value, float) for n, value in variables.items()}
    results = {"A @ B": lambda: known["A"] @ known["B"], "x - a": lambda: known["x"] - known["a"],
               "[4, 6]": lambda: np.array([4.0, 6.0]), "x": lambda: known["x"]}  # fmt: skip
    if expression not in results:
        raise UserError(f"{line!r} can't be read.", "Check [brackets] and commas.")
    value = results[expression]()
    return {"name": name, "value": value.tolist(), "shape": list(value.shape), "dtype": "float32"}


def mandelbrot(path: str, width: int, height: int, first: int, last: int, **view: Any
               ) -> dict[str, Any]:  # fmt: skip
    """Write rows that grow downwards into the picture's file."""
    mode = "r+" if Path(path).exists() else "w+"
    shape = None if mode == "r+" else (height, width)
    picture = np.lib.format.open_memmap(path, mode, np.uint16, shape)  # type: ignore[arg-type]
    picture[first:last] = np.arange(first, last)[:, None] * view["cycles"] // height
    picture.flush()
    return {"rows": [first, last]}


def weights(path: str, initializer: str, n_in: int, n_out: int, seed: int) -> dict[str, Any]:
    """Draw plain normal numbers of the variance that Glorot's initializers promise."""
    if n_in * n_out > 100_000:
        raise UserError("A layer of too many weights was asked for.", "Take a smaller one.")
    spread = (2 / (n_in + n_out)) ** 0.5
    np.save(path, np.random.default_rng(seed).normal(0, spread, (n_in, n_out)).astype("float32"))
    return {"count": n_in * n_out}


@asynccontextmanager
async def opened(
    name: str,
    size: tuple[int, int] = (120, 40),
    worker: FakeWorker | None = None,
    says: str = "",
) -> AsyncIterator[tuple[Pilot[None], Any]]:
    """Open a lab in the app, and wait until it has results, or says something."""
    app = KerasTui(launcher=worker or FakeWorker())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LearnScreen), "the lessons")
        screen = labs.find(name).screen()
        await app.push_screen(screen)
        await until(pilot, lambda: screen.results or (says and says in text(screen)), "results")
        await pilot.pause()
        yield pilot, screen


async def reads(pilot: Pilot[None], screen: LabScreen, words: str) -> None:
    """Wait until words can be read in a lab."""
    await until(pilot, lambda: words in text(screen), repr(words))


def text(screen: LabScreen) -> str:
    """Return what can be read in the text widgets of a screen."""
    parts = [str(widget.content) for widget in screen.query(Static)]
    for view in screen.query("LineView"):
        parts += [line.plain for line in view.lines]  # type: ignore[attr-defined]
    return "\n".join(parts)


@pytest.fixture(autouse=True)
def no_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody import TensorFlow here."""
    from kerastui.models.machine import probe

    monkeypatch.setattr(probe, "ask", lambda *_: probe.WorkerReport(
        tensorflow="2.99.0", keras="3.15.1", backend="tensorflow",
        cpus=["/physical_device:CPU:0"], seconds=1.5,
    ))  # fmt: skip

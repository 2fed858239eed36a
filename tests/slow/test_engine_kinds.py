"""Kinds of models that are too slow for the unit tests: both paths must agree on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.models.runs.record import Record
from kerastui.models.runs.store import Run, RunInfo
from kerastui.models.training.control import Control

keras = pytest.importorskip("keras")
if keras.backend.backend() != "tensorflow":
    pytest.skip("the fast path is for TensorFlow", allow_module_level=True)

from kerastui.models.training import fast  # noqa: E402
from kerastui.models.training.callbacks import RunLog  # noqa: E402
from kerastui.models.training.fast_graph import Graph  # noqa: E402

pytestmark = pytest.mark.slow
layers = keras.layers


def pictures() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    y = random.integers(0, 4, 300).astype("int32")
    x = random.normal(size=(300, 12, 12, 1)).astype("float32")
    x[np.arange(300), y * 3, 5] += 4
    return x, y


def series() -> tuple[Any, Any]:
    waves = np.sin(np.arange(400) / 7).astype("float32")
    return np.stack([waves[i : i + 8] for i in range(390)])[..., None], waves[8:398]


def words() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    x = random.integers(0, 50, (300, 12)).astype("int32")
    return x, (x == 7).any(1).astype("int32")


def convolution() -> Any:
    return [keras.Input((12, 12, 1)), layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(), layers.Flatten(), layers.Dense(4, "softmax")]  # fmt: skip


def recurrent() -> Any:
    return [keras.Input((8, 1)), layers.LSTM(12), layers.Dense(1)]


def embedded() -> Any:
    return [keras.Input((12,)), layers.Embedding(50, 8), layers.Bidirectional(layers.GRU(6)),
            layers.Dense(1, "sigmoid")]  # fmt: skip


KINDS: dict[str, tuple[Any, Any, str]] = {
    "convolution": (pictures, convolution, "sparse_categorical_crossentropy"),
    "recurrent": (series, recurrent, "mse"),
    "embedded": (words, embedded, "binary_crossentropy"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_both_paths_agree(kind: str, tmp_path: Path) -> None:
    data, stack, loss = KINDS[kind]
    x, y = data()

    def model() -> Any:
        keras.utils.set_random_seed(3)
        made = keras.Sequential(stack())
        made.compile(keras.optimizers.Adam(0.003), loss)
        return made

    ours = model()
    graph = Graph(ours, (x, y), (x[:50], y[:50]), 64)
    log = RunLog(Record(Run(tmp_path), RunInfo(id="x", name="x")), Control(),
                 epochs=3, steps=graph.steps)  # fmt: skip
    fast.FastFit(graph, [], log, seed=3).run()
    theirs = model()
    for epoch in range(3):
        rows = fast.order(3, epoch, len(x))
        seen = theirs.fit(x[rows], y[rows], batch_size=64, shuffle=False, verbose=0,
                          validation_data=(x[:50], y[:50]))  # fmt: skip
    history = Run(tmp_path).history()
    assert history.last("loss") == pytest.approx(seen.history["loss"][0], rel=1e-4)
    assert history.last("val_loss") == pytest.approx(seen.history["val_loss"][0], rel=1e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains(policy: str, tmp_path: Path) -> None:
    x, y = pictures()
    keras.config.set_dtype_policy(policy)
    try:
        keras.utils.set_random_seed(3)
        model = keras.Sequential(convolution())
        model.compile("adam", "sparse_categorical_crossentropy")
        graph = Graph(model, (x, y), None, 64)
        log = RunLog(Record(Run(tmp_path), RunInfo(id="x", name="x")), Control(),
                     epochs=6, steps=graph.steps, checkpoints=tmp_path)  # fmt: skip
        fast.FastFit(graph, [], log, seed=3).run()
    finally:
        keras.config.set_dtype_policy("float32")
    losses = Run(tmp_path).history().series["loss"]
    assert losses[-1] < losses[0]
    from kerastui.models.training.checkpoint import capture, load_state, restore, save_state

    save_state(tmp_path, capture(model, 6))
    restore(model, load_state(tmp_path))

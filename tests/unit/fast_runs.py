"""Small trainings, on the fast path and by `Model.fit` fed with the same orders."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.models.runs.record import Record
from kerastui.models.runs.store import Run, RunInfo
from kerastui.models.training.control import Control

# Tests take `keras` and `fast` from here: where the backend is another one, they are skipped.
keras = pytest.importorskip("keras")
if keras.backend.backend() != "tensorflow":
    pytest.skip("the fast path is for TensorFlow", allow_module_level=True)

from kerastui.models.training import fast  # noqa: E402
from kerastui.models.training.callbacks import RunLog  # noqa: E402
from kerastui.models.training.fast_graph import Graph  # noqa: E402

layers = keras.layers
ROWS, FEATURES, CLASSES, BATCH, SEED = 45, 4, 3, 16, 7  # the last batch has 13 rows
STEPS = -(-ROWS // BATCH)


def batches(*parts: Any) -> Any:
    """An endless dataset of the fast path's batches, epoch after epoch."""
    import tensorflow as tf

    def generate() -> Iterator[Any]:
        for epoch in itertools.count():
            rows = fast.order(SEED, epoch, ROWS)
            for start in range(0, ROWS, BATCH):
                chosen = rows[start : start + BATCH]
                yield keras.tree.map_structure(lambda part, c=chosen: part[c], parts)

    def spec(part: Any) -> Any:
        return tf.TensorSpec([None, *part.shape[1:]], part.dtype)

    signature = keras.tree.map_structure(spec, parts)
    return tf.data.Dataset.from_generator(generate, output_signature=signature)


def data(kind: str) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, FEATURES)).astype("float32")
    number = (x @ random.normal(size=(FEATURES, CLASSES)) + random.normal(size=CLASSES)).argmax(1)
    if kind == "sparse":
        return x, number.astype("int32")
    if kind == "onehot":
        return x, np.eye(CLASSES, dtype="float32")[number]
    return x, (x.sum(1) + 0.1 * random.normal(size=ROWS)).astype("float32")


def dense(kind: str, *between: Callable[[], Any]) -> Any:
    keras.utils.set_random_seed(SEED)
    stack = [keras.Input((FEATURES,)), layers.Dense(16, activation="relu")]
    stack += [make() for make in between]
    stack += [layers.Dense(1) if kind == "number" else layers.Dense(CLASSES, activation="softmax")]
    return keras.Sequential(stack)


LOSSES = {
    "sparse": ("sparse_categorical_crossentropy", ["accuracy"]),
    "onehot": ("categorical_crossentropy", ["accuracy", "mae"]),
    "number": ("mse", ["mae"]),
}


def compiled(model: Any, kind: str, optimizer: Any) -> Any:
    loss, metrics = LOSSES[kind]
    model.compile(optimizer(), loss, metrics=metrics)
    return model


class Trained:
    """What a training left: weights, history by name, the model and the run's record."""

    def __init__(self, model: Any, history: dict[str, list[float]], record: Any = None) -> None:
        self.model, self.history, self.record = model, history, record
        self.weights = model.get_weights()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Trained]:
    """Train on the fast path."""
    count = 0

    def train(
        model: Any,
        x: Any,
        y: Any,
        epochs: int,
        *,
        validation: Any = None,
        callbacks: Any = (),
        weights: Any = None,
        batch_size: int = BATCH,
        control: Control | None = None,
        **options: Any,
    ) -> Trained:
        nonlocal count
        count += 1
        place = Run(tmp_path / str(count))
        place.path.mkdir()
        record = Record(place, RunInfo(id="test", name="test"))
        parts = (x, y) if weights is None else (x, y, weights)
        graph = Graph(model, parts, validation, batch_size)
        log = RunLog(
            record, control or Control(), epochs=epochs, steps=graph.steps,
            checkpoints=options.pop("checkpoints", None), others=callbacks,
            state=options.pop("state", None),
        )  # fmt: skip
        shuffle = options.pop("shuffle", True)
        fit = fast.FastFit(graph, callbacks, log, seed=SEED, shuffle=shuffle, **options)
        fit.run()
        series = {name: list(values) for name, values in record.history.series.items()}
        trained = Trained(model, series, record)
        trained.log, trained.fit = log, fit
        return trained

    return train


def plain(model: Any, x: Any, y: Any, epochs: int, **options: Any) -> Trained:
    """Train with `Model.fit`, fed with the fast path's orders."""
    validation = options.get("validation")
    weights = options.get("weights")
    parts = (x, y) if weights is None else (x, y, weights)
    history = model.fit(
        batches(*parts), epochs=epochs, steps_per_epoch=STEPS, shuffle=False, verbose=0,
        validation_data=validation, validation_batch_size=BATCH,
        callbacks=list(options.get("callbacks", ())),
    )  # fmt: skip
    return Trained(model, history.history)


def same(one: Trained, other: Trained, *, names: Any = None) -> None:
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    for name in names or other.history:
        np.testing.assert_array_equal(
            np.float32(one.history[name]), np.float32(other.history[name]), err_msg=name
        )


ADAM = lambda: keras.optimizers.Adam(0.01)  # noqa: E731
MOMENTUM = lambda: keras.optimizers.SGD(0.05, momentum=0.9)  # noqa: E731


def stopping(**options: Any) -> Any:
    return keras.callbacks.EarlyStopping(monitor="val_loss", **options)

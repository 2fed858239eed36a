"""The fast path against `Model.fit` fed with the same orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .fast_runs import (
    ADAM,
    CLASSES,
    FEATURES,
    MOMENTUM,
    ROWS,
    SEED,
    STEPS,
    batches,
    compiled,
    data,
    dense,
    fast,
    keras,
    layers,
    plain,
    run,
    same,
    stopping,
)

__all__ = ["run"]


@pytest.mark.parametrize(
    ("kind", "optimizer"),
    [
        ("sparse", ADAM),
        pytest.param("number", MOMENTUM, marks=pytest.mark.slow),
        pytest.param("onehot", ADAM, marks=pytest.mark.slow),
        pytest.param("sparse", MOMENTUM, marks=pytest.mark.slow),
    ],
)
def test_same_weights_and_history_as_fit(run: Any, kind: str, optimizer: Any) -> None:
    x, y = data(kind)
    validation = (x[:21], y[:21])
    ours = run(compiled(dense(kind), kind, optimizer), x, y, 12, validation=validation)
    theirs = plain(compiled(dense(kind), kind, optimizer), x, y, 12, validation=validation)
    same(ours, theirs)


@pytest.mark.parametrize(
    "between",
    [
        pytest.param((lambda: layers.Dropout(0.3),), marks=pytest.mark.slow),
        pytest.param((lambda: layers.GaussianNoise(0.1),), marks=pytest.mark.slow),
        pytest.param((lambda: layers.BatchNormalization(),), marks=pytest.mark.slow),
        (lambda: layers.BatchNormalization(), lambda: layers.Dropout(0.3)),
    ],
    ids=["dropout", "noise", "batchnorm", "both"],
)
def test_first_epochs_agree_to_rounding(run: Any, between: Any) -> None:
    x, y = data("sparse")
    ours = run(compiled(dense("sparse", *between), "sparse", MOMENTUM), x, y, 3)
    theirs = plain(compiled(dense("sparse", *between), "sparse", MOMENTUM), x, y, 3)
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.history["loss"], theirs.history["loss"], rtol=1e-4)


@pytest.mark.slow
def test_class_weights_weigh_as_in_fit(run: Any) -> None:
    from kerastui.models.training.paths import sample_weights

    x, y = data("sparse")
    weights = sample_weights(y, {0: 3.0, 2: 0.5})
    ours = run(compiled(dense("sparse"), "sparse", ADAM), x, y, 4, weights=weights)
    theirs = plain(compiled(dense("sparse"), "sparse", ADAM), x, y, 4, weights=weights)
    same(ours, theirs)


@pytest.mark.parametrize("restore", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_early_stopping_keeps_its_meaning_to_the_epoch(run: Any, restore: bool) -> None:
    x, y = data("sparse")
    validation = (x[::2], (y[::2] + 1) % CLASSES)  # gets worse as training goes on
    results = []
    for train in (run, plain):
        model = compiled(dense("sparse"), "sparse", ADAM)
        callbacks = [stopping(patience=3, restore_best_weights=restore)]
        results.append(train(model, x, y, 400, validation=validation, callbacks=callbacks))
        results[-1].stopper = callbacks[0]
    ours, theirs = results
    assert len(theirs.history["loss"]) < 400
    same(ours, theirs)
    assert ours.stopper.best_epoch == theirs.stopper.best_epoch
    assert ours.log.ending.kind == "early"
    assert f"at epoch {ours.stopper.best_epoch + 1}" in ours.log.ending.text


@pytest.mark.slow
def test_best_weights_come_from_the_middle_of_a_bundle(run: Any) -> None:
    x, y = data("number")
    validation = (x[:20], y[:20])
    results = []
    for train in (run, plain):
        model = compiled(dense("number"), "number", lambda: keras.optimizers.SGD(0.2))
        callbacks = [stopping(patience=60, restore_best_weights=True)]
        results.append(train(model, x, y, 150, validation=validation, callbacks=callbacks))
    same(*results)


def test_plateau_changes_the_rate_after_the_same_epochs(run: Any) -> None:
    x, y = data("sparse")
    validation = (x[::2], (y[::2] + 1) % CLASSES)
    results = []
    for train in (run, plain):
        model = compiled(dense("sparse"), "sparse", ADAM)
        callbacks = [
            keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=3, min_lr=1e-4),
            stopping(patience=25),
        ]
        results.append(train(model, x, y, 100, validation=validation, callbacks=callbacks))
    ours, theirs = results
    assert theirs.history["learning_rate"] == ours.history["learning_rate"]
    assert len(set(theirs.history["learning_rate"])) > 2
    same(ours, theirs)
    notes = [note for note in ours.record.history.notes if note.kind == "plateau"]
    changes = np.diff(ours.history["learning_rate"]) != 0
    assert len(notes) >= changes.sum() > 1
    assert "no improvement of val_loss for 3 epochs" in notes[0].text


@pytest.mark.slow
def test_a_schedule_and_a_rate_callback_count_epochs_as_in_fit(run: Any) -> None:
    x, y = data("sparse")
    results = []
    for train in (run, plain):
        model = compiled(dense("sparse"), "sparse", ADAM)
        callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)]
        results.append(train(model, x, y, 6, callbacks=callbacks))
    same(*results)
    decay = lambda: keras.optimizers.Adam(  # noqa: E731
        keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.9)
    )
    ours = run(compiled(dense("sparse"), "sparse", decay), x, y, 20)
    theirs = plain(compiled(dense("sparse"), "sparse", decay), x, y, 20)
    same(ours, theirs)
    assert ours.history["learning_rate"][-1] == pytest.approx(0.01 * 0.9**20)


def test_checkpoints_of_single_epochs_hold_that_epochs_weights(run: Any, tmp_path: Path) -> None:
    x, y = data("sparse")
    for train, name in ((run, "ours"), (plain, "theirs")):
        saver = keras.callbacks.ModelCheckpoint(
            str(tmp_path / (name + "{epoch}.weights.h5")), save_weights_only=True
        )
        train(compiled(dense("sparse"), "sparse", ADAM), x, y, 4, callbacks=[saver])
    for epoch in range(1, 5):
        models = []
        for name in ("ours", "theirs"):
            models.append(dense("sparse"))
            models[-1].load_weights(tmp_path / f"{name}{epoch}.weights.h5")
        for a, b in zip(*(model.get_weights() for model in models), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("rows", "batch_size"),
    [
        (1, 16),
        (45, 1),
        pytest.param(15, 16, marks=pytest.mark.slow),
        pytest.param(1, 1, marks=pytest.mark.slow),
        pytest.param(16, 16, marks=pytest.mark.slow),
    ],
)
def test_every_size_of_batch_and_data(run: Any, rows: int, batch_size: int) -> None:
    x, y = (part[:rows] for part in data("number"))
    slow = lambda: keras.optimizers.SGD(0.002, momentum=0.9)  # noqa: E731
    seen = run(compiled(dense("number"), "number", slow), x, y, 3, batch_size=batch_size)
    reference = compiled(dense("number"), "number", slow)
    for epoch in range(3):
        order = fast.order(SEED, epoch, rows)
        for start in range(0, rows, batch_size):
            part = order[start : start + batch_size]
            reference.train_on_batch(x[part], y[part])
    for a, b in zip(seen.weights, reference.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_bytes_are_turned_into_numbers_batch_by_batch(run: Any) -> None:
    x = (np.arange(ROWS * FEATURES).reshape(ROWS, FEATURES) % 2).astype("uint8")
    _, y = data("sparse")
    ours = run(compiled(dense("sparse"), "sparse", ADAM), x, y, 3)
    assert ours.fit.graph._data[0].dtype == "uint8"
    theirs = plain(compiled(dense("sparse"), "sparse", ADAM), x.astype("float32"), y, 3)
    same(ours, theirs)


def test_several_inputs_and_outputs(run: Any) -> None:
    x, y = data("onehot")

    def model() -> Any:
        keras.utils.set_random_seed(SEED)
        a, b = keras.Input((FEATURES,), name="a"), keras.Input((FEATURES,), name="b")
        joined = layers.Concatenate()([layers.Dense(5)(a), layers.Dense(5)(b)])
        outputs = [layers.Dense(CLASSES, "softmax", name="p")(joined),
                   layers.Dense(1, name="q")(joined)]  # fmt: skip
        made = keras.Model([a, b], outputs)
        made.compile("adam", ["categorical_crossentropy", "mse"], metrics=[["accuracy"], ["mae"]])
        return made

    targets = [y, x.sum(1)]
    ours = run(model(), [x, -x], targets, 3)

    other = model()
    dataset = batches((x, -x), tuple(targets))
    history = other.fit(dataset, epochs=3, steps_per_epoch=STEPS, shuffle=False, verbose=0).history
    assert set(ours.history) == {*history, "learning_rate"}
    for a, b in zip(ours.weights, other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)

"""The fast path against `Model.fit` fed with the same orders, and against itself."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
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
from kerastui.models.training.fast_graph import Graph, UnsuitableError  # noqa: E402

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


def stopping(**options: Any) -> Any:
    return keras.callbacks.EarlyStopping(monitor="val_loss", **options)


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


@pytest.mark.slow
@pytest.mark.parametrize("xla", [False, True])
def test_the_same_seed_gives_the_same_bits(run: Any, xla: bool) -> None:
    x, y = data("sparse")
    between = (layers.BatchNormalization, lambda: layers.Dropout(0.3))
    one, two = (
        run(compiled(dense("sparse", *between), "sparse", ADAM), x, y, 40, xla=xla)
        for _ in range(2)
    )
    same(one, two)


@pytest.mark.parametrize("xla", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_bits_do_not_depend_on_how_epochs_are_bundled(
    run: Any, monkeypatch: pytest.MonkeyPatch, xla: bool
) -> None:
    x, y = data("onehot")
    one = run(compiled(dense("onehot"), "onehot", ADAM), x, y, 30, xla=xla)
    monkeypatch.setattr(fast, "BUNDLE", 1e-9)
    two = run(compiled(dense("onehot"), "onehot", ADAM), x, y, 30, xla=xla)
    same(one, two)


@pytest.mark.slow
def test_long_epochs_give_the_bits_of_short_ones(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data("onehot")
    validation = (x[:21], y[:21])
    one = run(compiled(dense("onehot"), "onehot", ADAM), x, y, 5, validation=validation)
    monkeypatch.setattr(fast, "LONG_EPOCH", 0.0)
    two = run(compiled(dense("onehot"), "onehot", ADAM), x, y, 5, validation=validation)
    assert not two.fit.graph.inside
    same(one, two)


def test_xla_agrees_and_says_so(run: Any) -> None:
    x, y = data("sparse")
    ours = run(compiled(dense("sparse"), "sparse", MOMENTUM), x, y, 6, xla=True)
    theirs = plain(compiled(dense("sparse"), "sparse", MOMENTUM), x, y, 6)
    assert ours.fit.compiled == "XLA"
    np.testing.assert_allclose(ours.history["loss"], theirs.history["loss"], rtol=1e-5)


def test_xla_is_chosen_by_size_alone(run: Any) -> None:
    x, y = data("sparse")
    small = run(compiled(dense("sparse"), "sparse", ADAM), x, y, 2).fit
    assert small._xla_pays(fast.XLA_STEPS)
    assert not small._xla_pays(10)


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


@pytest.mark.parametrize("epochs_long", [False, True])
def test_nan_stops_at_its_batch_and_keeps_the_last_good_weights(
    run: Any, monkeypatch: pytest.MonkeyPatch, epochs_long: bool
) -> None:
    monkeypatch.setattr(fast, "LONG_EPOCH", 0.0 if epochs_long else 1e9)
    x, y = data("number")
    model = compiled(dense("number"), "number", lambda: keras.optimizers.SGD(30.0))
    ours = run(model, x, y * 1e3, 50)
    ending = ours.log.ending
    assert ending.kind == "nan"
    assert "NaN or infinite at epoch" in ending.text
    assert "batch" in ending.text
    assert all(np.isfinite(weight).all() for weight in ours.weights)
    done = ours.record.history.epoch
    assert f"at epoch {done + 1}," in ending.text
    again = run(compiled(dense("number"), "number", lambda: keras.optimizers.SGD(30.0)),
                x, y * 1e3, done) if done else None  # fmt: skip
    if again is not None:
        same(ours, again)


def test_nan_weights_behind_a_finite_loss_are_found(run: Any) -> None:
    x, y = data("number")
    x = x.copy()
    x[3, 1] = np.nan  # relu turns it into 0, the gradient into NaN weights
    ours = run(compiled(dense("number"), "number", ADAM), x, y, 20)
    assert ours.log.ending.kind == "nan"
    assert all(np.isfinite(weight).all() for weight in ours.weights)


def test_metrics_of_several_numbers_are_refused_before_anything_changes() -> None:
    x, y = data("onehot")
    model = dense("onehot")
    model.compile("adam", "categorical_crossentropy", metrics=[keras.metrics.F1Score()])
    before = copy.deepcopy(model.get_weights())
    with pytest.raises(UnsuitableError, match="f1_score"):
        Graph(model, (x, y), None, BATCH)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_callbacks_that_act_batch_by_batch_are_named(tmp_path: Path) -> None:
    callbacks = keras.callbacks
    fits = [callbacks.EarlyStopping(), callbacks.TerminateOnNaN(), callbacks.CSVLogger("x"),
            callbacks.ModelCheckpoint(str(tmp_path / "x.keras"))]  # fmt: skip
    assert fast.unsuitable(fits) == ""
    assert "BackupAndRestore" in fast.unsuitable([callbacks.BackupAndRestore(str(tmp_path))])
    each = callbacks.ModelCheckpoint(str(tmp_path / "x.keras"), save_freq=10)
    assert "ModelCheckpoint" in fast.unsuitable([each])


def test_orders_follow_from_seed_and_epoch_alone() -> None:
    first = fast.order(3, 11, 50)
    np.testing.assert_array_equal(first, fast.order(3, 11, 50))
    assert sorted(first) == list(range(50))
    assert (first != fast.order(3, 12, 50)).any()
    assert (first != fast.order(4, 11, 50)).any()
    np.testing.assert_array_equal(fast.order(3, 11, 5, shuffle=False), range(5))
    # Pinned: a checkpoint of today must be taken up tomorrow in the same order.
    assert fast.order(1, 0, 8).tolist() == [int(i) for i in np.random.Generator(
        np.random.PCG64([1, 0])).permutation(8)]  # fmt: skip


@pytest.mark.parametrize(
    "between",
    [pytest.param((), marks=pytest.mark.slow), (lambda: layers.Dropout(0.3),)],
    ids=["dense", "dropout"],
)
def test_a_training_taken_up_from_its_checkpoint_ends_with_the_same_bits(
    run: Any, tmp_path: Path, between: Any
) -> None:
    from kerastui.models.training.checkpoint import load_state, save_state

    x, y = data("sparse")
    validation = (x[::2], (y[::2] + 1) % CLASSES)

    def fresh() -> tuple[Any, list[Any]]:
        stop = stopping(patience=50, restore_best_weights=True)
        rate = keras.callbacks.ReduceLROnPlateau("val_loss", patience=4)
        return compiled(dense("sparse", *between), "sparse", ADAM), [stop, rate]

    model, callbacks = fresh()
    whole = run(model, x, y, 30, validation=validation, callbacks=callbacks)

    model, callbacks = fresh()
    half = run(model, x, y, 13, validation=validation, callbacks=callbacks)
    # What the callbacks did at the end of that training belongs to it, not to the state.
    assert half.log.good is not None
    save_state(tmp_path / "checkpoint", half.log.good)
    state = load_state(tmp_path / "checkpoint")
    assert state.epoch == 13

    model, callbacks = fresh()
    rest = run(model, x, y, 30, validation=validation, callbacks=callbacks, state=state)
    for a, b in zip(whole.weights, rest.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    for name in ("loss", "val_loss"):
        assert rest.history[name][13:] == whole.history[name][13:]


def test_a_state_of_another_model_is_refused(tmp_path: Path) -> None:
    from kerastui.datasets.errors import UserError
    from kerastui.models.training.checkpoint import FILE, capture, load_state, restore, save_state

    state = capture(compiled(dense("sparse"), "sparse", ADAM), 3)
    with pytest.raises(UserError, match="another model"):
        restore(compiled(dense("number"), "number", ADAM), state)
    with pytest.raises(UserError, match="holds no checkpoint"):
        load_state(tmp_path)
    save_state(tmp_path, state)
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE]
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:100])
    with pytest.raises(UserError, match="damaged"):
        load_state(tmp_path)

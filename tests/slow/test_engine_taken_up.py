"""A training that is interrupted anywhere and taken up again ends with the same bits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.record import Record
from kerastui.models.runs.store import Run, RunInfo
from kerastui.models.saved.difference import between, pairs
from kerastui.models.saved.read import read
from kerastui.models.training import kept
from kerastui.models.training.control import Control

keras = pytest.importorskip("keras")
if keras.backend.backend() != "tensorflow":
    pytest.skip("other backends go on from whole epochs", allow_module_level=True)

from kerastui.models.network.building import build_model, compile_model  # noqa: E402
from kerastui.models.training.checkpoint import State, load_state  # noqa: E402
from kerastui.models.training.paths import Arrays, train  # noqa: E402

pytestmark = pytest.mark.slow

STEPS = 3
NOISY = [
    {"type": "Dense", "units": 8, "activation": "relu"},
    {"type": "BatchNormalization"},
    {"type": "Dropout", "rate": 0.3},
    {"type": "GaussianNoise", "stddev": 0.1},
    {"type": "Dense", "units": 3, "activation": "softmax"},
]
BOTH = [
    {"type": "EarlyStopping", "monitor": "val_loss", "patience": 60, "restore_best_weights": True},
    {"type": "ReduceLROnPlateau", "monitor": "val_loss", "patience": 1, "factor": 0.5},
]
SCHEDULE = {"type": "Adam", "learning_rate": {"type": "ExponentialDecay", "decay_steps": 5,
            "initial_learning_rate": 0.01, "decay_rate": 0.9}}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "noise": {},
    "callbacks": {"callbacks": BOTH},
    "schedule": {"compile.optimizer": SCHEDULE, "fit.class_weight": {0: 2.0, 1: 1.0, 2: 0.5}},
    "average": {"compile.optimizer": {"type": "SGD", "momentum": 0.9, "use_ema": True}},
}


def experiment(**changes: Any) -> Experiment:
    base = Experiment.model_validate(
        {
            "data": {"dataset": "iris", "task": "multiclass"},
            "model": {"kind": "sequential", "layers": NOISY},
            "compile": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
            "fit": {"epochs": 8, "batch_size": 16},
        }
    )
    return base.changed(changes)


class StopAfter(Control):
    """Asks to stop at the n-th look, wherever in the training that is."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.left = looks

    def poll(self) -> bool:
        self.left -= 1
        if self.left <= 0:
            self.stop = "stopped by the test"
        return super().poll()


class Left:
    """What a training left behind."""

    def __init__(self, run: Run, model: Any, ending: Any) -> None:
        self.run, self.ending = run, ending
        self.weights = model.get_weights()
        self.state = load_state(run.checkpoint)
        self.series = run.history().series


@pytest.fixture
def do(tmp_path: Path) -> Callable[..., Left]:
    numbers = itertools.count()

    def train_once(
        spec: Experiment,
        control: Control | None = None,
        state: State | None = None,
        run: Run | None = None,
        **options: Any,
    ) -> Left:
        if run is None:
            run = Run(tmp_path / f"run{next(numbers)}")
            run.path.mkdir()
        random = np.random.default_rng(0)
        x = random.normal(size=(40, 4)).astype("float32")
        y = x[:, :3].argmax(1).astype("int32")
        model = compile_model(build_model(spec.model, (4,), seed=spec.seed), spec.compile)
        arrays = Arrays(x, y, (x[:10], (y[:10] + 1) % 3))
        ending = train(
            spec, model, arrays, Record(run, RunInfo(id="x", name="x")), control or Control(),
            checkpoints=run.checkpoint, state=state, **options,
        )  # fmt: skip
        return Left(run, model, ending)

    return train_once


Do = Callable[..., Left]


def assert_same(one: Left, two: Left) -> None:
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(one.state.values, two.state.values, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.series == two.series
    for mine, theirs in zip(one.state.callbacks, two.state.callbacks, strict=True):
        assert mine.keys() == theirs.keys()
        for name, value in mine.items():
            np.testing.assert_equal(value, theirs[name])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_stopped_anywhere_and_taken_up_the_bits_are_the_same(
    do: Do, execution: str, kind: str
) -> None:
    spec = experiment(execution=execution, **KINDS[kind])
    whole = do(spec)
    places = set()
    # Looks fall between batches, into a validation, and between epochs.
    for looks in (1, 2, 3, 5) if execution == "plain" else (1, 2, 3):
        part = do(spec, StopAfter(looks))
        assert part.ending.kind == "stopped"
        places.add(part.state.step)
        rest = do(spec, state=part.state, run=part.run)
        assert rest.ending.kind == whole.ending.kind
        assert_same(whole, rest)
    assert len(places) > 1
    if execution == "plain":
        assert STEPS in places, "stopped before the validation"


def test_stopped_again_and_again_a_training_still_arrives_at_the_same_bits(do: Do) -> None:
    spec = experiment(execution="plain", callbacks=BOTH)
    whole = do(spec)
    left = do(spec, StopAfter(2))
    for _ in range(100):
        if left.ending.kind != "stopped":
            break
        left = do(spec, StopAfter(4), state=left.state, run=left.run)
    assert_same(whole, left)


@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_what_had_ended_early_is_ended_again_without_another_epoch(do: Do, execution: str) -> None:
    early = {"type": "EarlyStopping", "monitor": "loss", "min_delta": 10.0, "patience": 2,
             "restore_best_weights": True}  # fmt: skip
    spec = experiment(execution=execution, callbacks=[early])
    whole = do(spec)
    assert (whole.ending.kind, whole.state.ended) == ("early", "early")
    again = do(spec, state=whole.state, run=whole.run)
    assert again.ending == whole.ending
    assert_same(whole, again)
    # With more epochs asked for, its patience counts afresh.
    more = do(spec, state=whole.state, run=whole.run, more=True)
    assert more.state.epoch == whole.state.epoch + 2


@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_more_epochs_are_the_epochs_a_longer_training_has(do: Do, execution: str) -> None:
    longer = do(experiment(execution=execution, **{"fit.epochs": 12}))
    short = do(experiment(execution=execution))
    assert (short.state.epoch, short.state.ended) == (8, "completed")
    spec = experiment(execution=execution, **{"fit.epochs": 12})
    assert_same(longer, do(spec, state=short.state, run=short.run, more=True))


@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_another_learning_rate_is_taken_from_there_on_and_said(do: Do, execution: str) -> None:
    spec = experiment(execution=execution)
    part = do(spec, StopAfter(6 if execution == "plain" else 3))
    began: list[bool] = []
    rest = do(spec, state=part.state, run=part.run, learning_rate=0.5, more=True,
              begun=lambda: began.append(True))  # fmt: skip
    rates = rest.series["learning_rate"]
    assert list(rates[-2:]) == [0.5, 0.5]
    assert any("0.001 → 0.5" in note.text for note in rest.run.history().notes)
    assert began == [True]


@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_models_of_epochs_are_the_same_where_a_training_was_interrupted(
    do: Do, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST", 4)
    asked = {"fit.keep_every": 1, "callbacks": BOTH}
    spec = experiment(execution=execution, **asked)
    whole = do(spec)
    left = do(spec, StopAfter(3))
    stops = 0
    while left.ending.kind == "stopped" and stops < 200:
        stops += 1
        left = do(spec, StopAfter(4), state=left.state, run=left.run)
    assert stops > 1
    assert_same(whole, left)
    ours, theirs = (kept.of_epochs(one.run.path) for one in (whole, left))
    assert list(ours) == list(theirs) == [2, 4, 6, 8]
    for epoch, file in ours.items():
        for one, other in pairs(read(file), read(theirs[epoch])):
            np.testing.assert_array_equal(one.values, other.values)
    # One can go on from it, optimizer and all, and none of it is what another epoch has.
    again = keras.models.load_model(theirs[6])
    assert int(again.optimizer.iterations) == 6 * STEPS
    assert any(one.distance > 0 for one in between(read(ours[6]), read(ours[8])))
    # The keeping itself touches nothing.
    assert_same(whole, do(experiment(execution=execution, **{**asked, "fit.keep_every": 0})))

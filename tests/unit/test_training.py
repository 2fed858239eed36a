"""Choosing a path, running it, the events it writes, and the commands it obeys."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.events import EventReader
from kerastui.models.runs.record import Record
from kerastui.models.runs.store import CommandReader, Run, RunInfo
from kerastui.models.training.control import Control

keras = pytest.importorskip("keras")

from kerastui.models.network.building import build_model, compile_model  # noqa: E402
from kerastui.models.training import paths  # noqa: E402
from kerastui.models.training.paths import Arrays, sample_weights, train, why_plain  # noqa: E402


def experiment(**changes: Any) -> Experiment:
    base = Experiment.model_validate(
        {
            "data": {"dataset": "iris", "task": "multiclass"},
            "model": {
                "kind": "sequential",
                "layers": [
                    {"type": "Dense", "units": 8, "activation": "relu"},
                    {"type": "Dense", "units": 3, "activation": "softmax"},
                ],
            },
            "compile": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
            "fit": {"epochs": 4, "batch_size": 16},
        }
    )
    return base.changed(changes)


def arrays(rows: int = 40) -> Arrays:
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 4)).astype("float32")
    y = x[:, :3].argmax(1).astype("int32")
    return Arrays(x, y, (x[:10], y[:10]))


class Training:
    """One training in a run directory of its own."""

    def __init__(self, path: Path, spec: Experiment, data: Arrays | None = None) -> None:
        path.mkdir(parents=True)
        self.run = Run(path)
        self.record = Record(self.run, RunInfo(id=path.name, name="test"))
        self.control = Control(CommandReader(self.run.commands))
        self.spec = spec
        self.data = data or arrays()
        self.model = build_model(spec.model, self.data.x.shape[1:], seed=spec.seed)
        compile_model(self.model, spec.compile)

    def train(self) -> Any:
        return train(
            self.spec, self.model, self.data, self.record, self.control,
            checkpoints=self.run.path / "checkpoint",
        )  # fmt: skip

    def events(self, kind: str) -> list[dict[str, Any]]:
        reader = EventReader(self.run.events)  # takes no line that is only half written
        return [event for some in iter(reader.read, []) for event in some if event["event"] == kind]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Training]:
    numbers = itertools.count()

    def build(data: Arrays | None = None, **changes: Any) -> Training:
        return Training(tmp_path / f"run{next(numbers)}", experiment(**changes), data)

    return build


Make = Callable[..., Training]


@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_both_paths_write_the_same_kinds_of_events(make: Make, execution: str) -> None:
    made = make(execution=execution)
    ending = made.train()
    assert ending.kind == "completed"
    (started,) = made.events("started")
    assert started["execution"] == execution == made.record.info.execution
    assert (started["epochs"], started["steps"]) == (4, 3)
    assert started["rows"] == {"train": 40, "validation": 10}
    assert made.record.info.why
    assert made.events("batch")[0] | {"t": 0, "logs": 0, "v": 1} == {
        "v": 1, "t": 0, "event": "batch", "epoch": 1, "batch": 1, "batches": 3, "logs": 0,
    }  # fmt: skip
    history = made.run.history()
    assert history.epoch == 4
    assert set(history.series) == {
        "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"
    }  # fmt: skip
    assert history.series["learning_rate"][0] == pytest.approx(0.001)
    assert history.seconds > 0


def test_plain_is_fit_as_everybody_knows_it(make: Make) -> None:
    made = make(execution="plain")
    made.train()
    other = build_model(made.spec.model, (4,), seed=made.spec.seed)
    compile_model(other, made.spec.compile)
    data = made.data
    seen = other.fit(data.x, data.y, batch_size=16, epochs=4, validation_data=data.validation,
                     verbose=0)  # fmt: skip
    for a, b in zip(made.model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert list(made.run.history().series["val_loss"]) == seen.history["val_loss"]


def test_full_batch_takes_all_rows_at_once(make: Make) -> None:
    made = make(**{"fit.batch_size": "all"})
    made.train()
    assert made.events("started")[0]["steps"] == 1


@pytest.mark.parametrize("execution", ["fast", pytest.param("plain", marks=pytest.mark.slow)])
def test_early_stopping_says_why_in_words(make: Make, execution: str) -> None:
    callback = {"type": "EarlyStopping", "monitor": "val_loss", "patience": 2, "min_delta": 10.0}
    made = make(execution=execution, callbacks=[callback], **{"fit.epochs": 50})
    ending = made.train()
    assert ending.kind == "early"
    assert ending.text.startswith("no improvement of val_loss for 2 epochs; best ")
    assert ending.text.endswith("at epoch 1")
    (note,) = made.events("note")
    assert (note["kind"], note["epoch"], note["text"]) == ("early_stopping", 3, ending.text)
    assert made.run.history().epoch == 3


@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_a_broken_loss_stops_and_keeps_good_weights(make: Make, execution: str) -> None:
    optimizer = {"type": "SGD", "learning_rate": 1e20}
    made = make(execution=execution, **{"compile.optimizer": optimizer, "compile.loss": "mse",
                                        "compile.metrics": [], "fit.epochs": 9,
                                        "model.layers.1.activation": None,
                                        "model.layers.1.units": 1})  # fmt: skip
    ending = made.train()
    assert ending.kind == "nan"
    assert "NaN or infinite at epoch 1, batch" in ending.text
    assert all(np.isfinite(weight).all() for weight in made.model.get_weights())
    assert [note["kind"] for note in made.events("note")] == ["nan"]


def test_a_nan_weight_behind_a_finite_loss_stops_the_plain_path(make: Make) -> None:
    data = arrays()
    data.x[0, 0] = np.nan
    made = make(data, execution="plain", **{"fit.epochs": 9})
    made.train()
    assert made.events("note")[-1]["kind"] == "nan"
    assert all(np.isfinite(weight).all() for weight in made.model.get_weights())


def wait_for(made: Training, kind: str, count: int = 1) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        if made.run.events.exists() and len(made.events(kind)) >= count:
            return
        time.sleep(0.02)
    raise AssertionError(f"no {kind} event within a minute")


@pytest.mark.parametrize("execution", ["fast", "plain"])
def test_commands_are_obeyed(make: Make, execution: str) -> None:
    made = make(execution=execution, **{"fit.epochs": 10_000_000})

    def tell() -> None:
        wait_for(made, "epochs")
        made.run.command("set_learning_rate", value=0.25)
        made.run.command("pause")
        wait_for(made, "paused")
        paused.append(made.events("epochs")[-1])
        time.sleep(0.3)
        paused.append(made.events("epochs")[-1])
        made.run.command("continue")
        wait_for(made, "resumed")
        epochs = len(made.events("epochs"))
        wait_for(made, "epochs", epochs + 1)
        made.run.command("stop")

    paused: list[Any] = []
    teller = threading.Thread(target=tell)
    teller.start()
    ending = made.train()
    teller.join()
    assert ending.kind == "stopped"
    assert paused[0] == paused[1]
    history = made.run.history()
    assert history.series["learning_rate"][-1] == 0.25
    assert "learning rate set to 0.25 on request" in [note.text for note in history.notes]
    assert made.events("checkpoint")
    from kerastui.models.training.checkpoint import load_state

    assert 0 < load_state(made.run.path / "checkpoint").epoch <= history.epoch


@pytest.mark.slow
@pytest.mark.parametrize("xla", [False, True])
def test_a_long_epoch_is_stopped_in_its_middle(
    make: Make, monkeypatch: pytest.MonkeyPatch, xla: bool
) -> None:
    from kerastui.models.training import fast

    monkeypatch.setattr(fast, "LONG_EPOCH", 0.0)
    monkeypatch.setattr(fast, "XLA_STEPS", 0 if xla else 1e12)
    made = make(arrays(3_000_000), execution="fast", **{"fit.batch_size": 1})

    def tell() -> None:
        wait_for(made, "batch", 8)
        made.run.command("stop")

    teller = threading.Thread(target=tell)
    teller.start()
    ending = made.train()
    teller.join()
    assert ending.kind == "stopped"
    assert made.run.history().epoch == 0
    batches = [event["t"] for event in made.events("batch")]
    assert len(batches) <= 2 + 10.5 * (batches[-1] - batches[0])


@pytest.mark.parametrize("execution", ["fast", "plain"])
@pytest.mark.parametrize(("asked", "trained"), [(7, 7), pytest.param(1, 1, marks=pytest.mark.slow)])
def test_the_number_of_epochs_changes_while_it_trains(
    make: Make, execution: str, asked: int, trained: int
) -> None:
    made = make(execution=execution)
    made.run.command("set_epochs", value=asked)
    ending = made.train()
    history = made.run.history()
    assert ending.kind == "completed"
    assert (history.epoch, history.epochs) == (trained, asked)
    (note,) = made.events("note")
    assert (note["kind"], note["epochs"]) == ("epochs", asked)
    (change,) = made.record.info.changes
    assert (change["path"], change["old"], change["new"]) == ("fit.epochs", 4, asked)
    assert made.record.info.epochs == asked


def test_reasons_for_the_plain_path(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    data = arrays()
    assert why_plain(experiment(execution="plain"), [], data) == "asked for"
    assert why_plain(experiment(), [], data) == ""
    monkeypatch.setattr(paths, "MEMORY_SHARE", 1e-12)
    assert "too large" in why_plain(experiment(), [], data)
    monkeypatch.undo()
    made = make(**{"compile.metrics": ["f1_score"], "compile.loss": "categorical_crossentropy"})
    y = np.eye(3, dtype="float32")[data.y]
    made.data = Arrays(data.x, y)
    made.train()
    assert made.record.info.execution == "plain"
    assert "f1_score gives several numbers" in made.record.info.why


def test_fast_on_request_says_why_it_is_not_possible(make: Make) -> None:
    made = make(execution="fast", **{"compile.metrics": ["f1_score"],
                                     "compile.loss": "categorical_crossentropy"})  # fmt: skip
    made.data = Arrays(made.data.x, np.eye(3, dtype="float32")[made.data.y])
    with pytest.raises(UserError, match="f1_score"):
        made.train()


def test_class_weights_become_sample_weights() -> None:
    y = np.array([0, 2, 1, 0])
    np.testing.assert_array_equal(sample_weights(y, {0: 2.0, 2: 5.0}), [2, 5, 1, 2])
    np.testing.assert_array_equal(sample_weights(np.eye(3)[y], {0: 2.0, 2: 5.0}), [2, 5, 1, 2])


def test_class_weights_on_both_paths(make: Make) -> None:
    weights = {0: 3.0, 1: 1.0, 2: 0.1}
    losses = []
    for execution in ("fast", "plain"):
        # One batch of all rows without shuffling: both paths see the same.
        made = make(execution=execution, **{"fit.class_weight": weights, "fit.shuffle": False,
                                            "fit.batch_size": "all"})  # fmt: skip
        made.train()
        losses.append(list(made.run.history().series["loss"]))
    np.testing.assert_allclose(*losses, rtol=1e-6)


@pytest.mark.slow
def test_both_paths_reach_results_of_the_same_distribution(make: Make) -> None:
    reached: dict[str, list[float]] = {"fast": [], "plain": []}
    for execution, seed in itertools.product(reached, range(4)):
        made = make(execution=execution, seed=seed, **{"fit.epochs": 30})
        made.train()
        reached[execution].append(made.run.history().last("loss"))
    fast, plain = (np.array(values) for values in reached.values())
    # The seed's weights weigh more than the order of the rows: the same seeds end close by.
    assert abs(fast.mean() - plain.mean()) < 3 * plain.std()
    np.testing.assert_allclose(fast, plain, rtol=0.1)


# --- the record and the control by themselves -------------------------------------------------


def test_a_full_disk_loses_no_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record(Run(tmp_path), RunInfo(id="x", name="x"))
    record.event("stage", stage="data", text="one")
    real = os.write

    def full(handle: int, block: bytes) -> int:
        return real(handle, block[:7])  # the disk takes a few bytes and no more

    monkeypatch.setattr(os, "write", full)
    record.event("stage", stage="data", text="two")
    assert "No space left" in record.trouble
    assert len(record.run.events.read_text().splitlines()) == 1
    monkeypatch.undo()
    record.event("stage", stage="data", text="three")
    assert not record.trouble
    texts = [json.loads(line)["text"] for line in record.run.events.read_text().splitlines()]
    assert texts == ["one", "two", "three"]


def test_a_directory_that_is_gone_does_not_end_the_training(make: Make) -> None:
    import shutil

    made = make()
    shutil.rmtree(made.run.path)
    made.run.path.write_text("in the way")
    assert made.train().kind == "completed"
    assert "can't be written" in made.record.trouble


def test_commands_are_looked_for_ten_times_a_second(tmp_path: Path) -> None:
    clock = iter([0.0, 0.05, 0.2, 0.3]).__next__
    run = Run(tmp_path)
    control = Control(CommandReader(run.commands), clock=clock)
    assert not control.poll()
    run.command("stop")
    assert not control.poll()
    assert control.poll()
    assert control.stop == "stopped on request"


def test_only_numbers_of_epochs_that_make_sense_are_taken(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for value in (0, -3, 2.5, True, "many", 10**9):
        run.command("set_epochs", value=value)
    control = Control(CommandReader(run.commands))
    assert not control.poll()
    run.command("set_epochs", value=9)
    run.command("set_epochs", value=12)
    control = Control(CommandReader(run.commands))
    assert control.poll()
    assert [control.epochs(), control.epochs()] == [12, None]


def test_only_rates_that_can_be_set_are_taken(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for value in ("fast", None, -1, float("nan"), 0.5):
        run.command("set_learning_rate", value=value)
    control = Control(CommandReader(run.commands))
    assert control.poll()
    assert control.learning_rates() == [0.5]
    assert control.learning_rates() == []


DECAY = {"type": "ExponentialDecay", "initial_learning_rate": 0.1, "decay_steps": 2,
         "decay_rate": 0.5}  # fmt: skip


@pytest.mark.parametrize("execution", ["fast", pytest.param("plain", marks=pytest.mark.slow)])
def test_a_schedule_by_epochs_sets_the_rate(make: Make, execution: str) -> None:
    made = make(
        execution=execution, callbacks=[{"type": "LearningRateScheduler", "schedule": DECAY}]
    )
    made.train()
    rates = made.record.history.series["learning_rate"]
    assert list(rates) == pytest.approx([0.1 * 0.5 ** (epoch / 2) for epoch in range(4)])


def test_callbacks_write_into_the_directory_of_their_run(make: Make) -> None:
    log = {"type": "CSVLogger", "filename": "logs/epochs.csv"}
    best = {"type": "ModelCheckpoint", "filepath": "best.keras", "save_best_only": True}
    made = make(callbacks=[log, best])
    made.train()
    assert len((made.run.path / "logs" / "epochs.csv").read_text().splitlines()) == 5
    assert (made.run.path / "best.keras").stat().st_size > 1000


@pytest.mark.slow
def test_balanced_class_weights_are_the_same_as_given_ones(make: Make) -> None:
    counts = np.bincount(arrays().y)
    given = {k: float(40 / (3 * n)) for k, n in enumerate(counts.tolist())}
    one, other = (make(fit={"epochs": 2, "class_weight": w}) for w in ("balanced", given))
    one.train()
    other.train()
    for ours, theirs in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)

"""Models of single epochs: when they are kept, how many remain, that training is not touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment, Part
from kerastui.models.saved.difference import between, pairs
from kerastui.models.saved.live import CheckpointWeight
from kerastui.models.saved.model import LayerWeights, SavedModel, Weight
from kerastui.models.saved.read import read
from kerastui.models.training import kept

from ..ui.keras_file import keras_file
from .test_training import Make, experiment, make

__all__ = ["make"]

PLAIN_SAVER = {"type": "ModelCheckpoint", "filepath": "at-{epoch:02d}-{loss:.2f}.keras"}


class Files:
    """As much of a model, and of a record, as keeping touches."""

    optimizer = None

    def __init__(self, path: Path, numbers: int = 1) -> None:
        self.run = self
        self.path = path
        self.notes: list[dict[str, Any]] = []
        self.variables = [np.zeros(numbers)]

    def save(self, path: Path) -> None:
        path.write_text("a model")

    def event(self, event: str, **fields: Any) -> None:
        self.notes.append(fields)


@pytest.mark.parametrize("every", [1, 3, 10])
@pytest.mark.parametrize("size", [1, kept.ROOM // 16, kept.ROOM])
def test_the_number_of_models_is_bounded_and_follows_from_the_epoch(
    tmp_path: Path, every: int, size: int
) -> None:
    most = max(1, min(kept.MOST, kept.ROOM // (4 * size)))
    files: Any = Files(tmp_path)
    files.variables = [np.broadcast_to(np.zeros(1), (size,))]
    keeper = kept.KeptModels(files, every)
    keeper.begin(files, 0)
    for epoch in range(1, 400):
        due = keeper.next(epoch - 1) == epoch
        keeper.look(files, epoch, last=False)
        there = list(kept.of_epochs(tmp_path))
        assert len(there) <= most
        assert (epoch in there) == due
        if due:
            now = kept.interval(every, epoch, most)
            assert there == list(range(now, epoch + 1, now))
    assert len(there) >= most // 2
    doubled = [note["text"] for note in files.notes]
    assert len(doubled) == len(set(doubled)) > 0
    # Gone on with after epoch 200: what lies behind it goes, and the rest comes out the same.
    left = tmp_path / kept.FOLDER / ".77-epoch-398.keras"
    left.write_text("half a mod")
    again = kept.KeptModels(files, every)
    again.begin(files, 200)
    assert not left.exists()
    assert max(kept.of_epochs(tmp_path), default=0) <= 200
    for epoch in range(201, 400):
        again.look(files, epoch, last=False)
    assert list(kept.of_epochs(tmp_path)) == there


def test_the_last_one_stays_until_there_are_later_ones(tmp_path: Path) -> None:
    files: Any = Files(tmp_path)
    keeper = kept.KeptModels(files, 5)
    keeper.begin(files, 0)
    for epoch in range(1, 8):
        keeper.look(files, epoch, last=epoch == 7)
    assert list(kept.of_epochs(tmp_path)) == [5, 7]
    keeper.begin(files, 7)
    for epoch in range(8, 12):
        keeper.look(files, epoch, last=False)
    assert list(kept.of_epochs(tmp_path)) == [5, 10]


@pytest.mark.parametrize("execution", ["fast", pytest.param("plain", marks=pytest.mark.slow)])
def test_a_kept_model_is_that_of_its_epoch(make: Make, execution: str) -> None:
    made = make(execution=execution, fit={"epochs": 7, "batch_size": 16, "keep_every": 3})
    made.train()
    files = kept.of_epochs(made.run.path)
    assert list(files) == [3, 6, 7]
    assert not [one for one in (made.run.path / kept.FOLDER).iterdir() if one.name[0] == "."]
    for epoch, file in files.items():
        alone = make(execution=execution, fit={"epochs": epoch, "batch_size": 16})
        alone.train()
        weights = [weight.values for weight in read(file).weights]
        for one, other in zip(weights, alone.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("execution", ["fast", pytest.param("plain", marks=pytest.mark.slow)])
def test_the_epoch_after_which_it_stops_is_kept_beside_the_best(make: Make, execution: str) -> None:
    early = {"type": "EarlyStopping", "monitor": "loss", "min_delta": 10.0, "patience": 2,
             "restore_best_weights": True}  # fmt: skip
    made = make(execution=execution, callbacks=[early],
                fit={"epochs": 9, "batch_size": 16, "keep_every": 2})  # fmt: skip
    assert made.train().kind == "early"
    assert made.record.history.epoch == 3
    files = kept.of_epochs(made.run.path)
    assert list(files) == [2, 3]
    made.model.save(made.run.model)
    off = [between(read(made.run.model), read(file)) for file in files.values()]
    # What is put back are the weights after the first epoch, which was the best.
    assert all(one.distance > 0 for weights in off for one in weights)


def test_a_full_disk_ends_the_keeping_and_not_the_training(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(fit={"epochs": 6, "batch_size": 16, "keep_every": 1})
    calls = []

    def full(path: Any) -> None:
        calls.append(path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(made.model, "save", full)
    assert made.train().kind == "completed"
    assert len(calls) == 1
    warned = [note.text for note in made.record.history.notes if note.kind == "warning"]
    assert len(warned) == 1
    assert "No space left" in warned[0]


def test_nothing_is_kept_unless_asked_for(make: Make) -> None:
    made = make()
    made.train()
    assert not (made.run.path / kept.FOLDER).exists()
    with pytest.raises(UserError, match="keep_every"):
        experiment(**{"fit.keep_every": -1})


@pytest.mark.parametrize("execution", ["fast", pytest.param("plain", marks=pytest.mark.slow)])
def test_what_callbacks_write_of_epochs_is_found_too(make: Make, execution: str) -> None:
    best = {"type": "ModelCheckpoint", "filepath": "best.keras", "save_best_only": True}
    made = make(execution=execution, callbacks=[PLAIN_SAVER, best],
                fit={"epochs": 4, "batch_size": 16, "keep_every": 2})  # fmt: skip
    made.train()
    found = kept.of_epochs(made.run.path, made.spec)
    assert {epoch: file.parent.name for epoch, file in found.items()} == {
        1: made.run.path.name, 2: kept.FOLDER, 3: made.run.path.name, 4: kept.FOLDER,
    }  # fmt: skip
    mine, theirs = (next(made.run.path.glob(name)) for name in ("at-02-*", "kept/epoch-2.keras"))
    assert all(one.distance == 0 for one in between(read(mine), read(theirs)))
    assert list(kept.by_callbacks(made.run.path, made.spec)) == ["best.keras"]
    assert kept.of_epochs(made.run.path) == {2: found[2], 4: found[4]}


def test_callbacks_lead_to_no_file_outside_the_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("epoch-1.keras", "best.keras"):
        keras_file(tmp_path / name)
    names = ("../epoch-{epoch}.keras", "../best.keras", str(tmp_path / "best.keras"))
    spec = Experiment.model_validate(experiment()).model_copy(
        update={"callbacks": [Part.model_validate({"type": "ModelCheckpoint", "filepath": name})
                              for name in names]}
    )  # fmt: skip
    assert kept.of_epochs(run, spec) == {}
    assert kept.by_callbacks(run, spec) == {}


def test_weights_of_every_so_many_batches_are_not_taken_for_those_of_epochs(make: Make) -> None:
    made = make(callbacks=[{**PLAIN_SAVER, "save_freq": 2}])
    made.train()
    assert list(made.run.path.glob("at-*"))
    assert kept.of_epochs(made.run.path, made.spec) == {}


def model(kind: type[Weight], names: list[str], places: list[str]) -> SavedModel:
    weights = tuple(kind(name, (2, 2), np.dtype("f4"), Path("x"), place)
                    for name, place in zip(names, places, strict=True))  # fmt: skip
    return SavedModel(Path("x"), "keras", "", (LayerWeights("layer", "", weights=weights),))


def test_which_weights_belong_together() -> None:
    ours = model(Weight, ["backward kernel", "forward kernel"], ["b/0", "f/0"])
    turned = model(Weight, ["weight 0", "weight 0"], ["f/0", "b/0"])
    assert [(a.place, b.place) for a, b in pairs(ours, turned)] == [("b/0", "b/0"), ("f/0", "f/0")]
    other = model(Weight, ["x", "y"], ["layers/a", "layers/b"])
    assert [(a.place, b.place) for a, b in pairs(ours, other)] == [
        ("b/0", "layers/a"), ("f/0", "layers/b"),
    ]  # fmt: skip
    # A checkpoint has the layers' order, here forward first: nothing tells which is which.
    with pytest.raises(UserError, match="another order"):
        pairs(ours, model(CheckpointWeight, ["kernel", "kernel"], ["value.0", "value.1"]))
    plain = model(Weight, ["kernel", "kernel"], ["a", "b"])
    assert len(pairs(model(CheckpointWeight, ["kernel"] * 2, ["value.0", "value.1"]), plain)) == 2

"""The statistics of the weights by epoch: written while it trains, cheaply, and read again."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.models.training import drift

from .test_training import Make, Training, make

__all__ = ["make"]


def first_and_last(made: Training) -> drift.Drift:
    found = drift.read(made.run.path)
    assert found.epochs[0] == 0
    return found


@pytest.mark.parametrize("execution", ["fast", pytest.param("plain", marks=pytest.mark.slow)])
def test_every_training_keeps_what_its_weights_are_like(
    make: Make, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "EVERY", 0.0)
    monkeypatch.setattr(drift, "SHARE", 0)
    made = make(execution=execution)
    before = [np.array(one) for one in made.model.get_weights()]
    made.train()
    found = first_and_last(made)
    assert found.epochs[-1] == 4
    assert [name.split()[-1] for name in found.names] == ["kernel", "bias", "kernel", "bias"]
    assert found.names[0].startswith("dense")  # without the name of the model around it
    assert found.shapes == [(4, 8), (8,), (8, 3), (3,)]
    for place, (first, last) in enumerate(zip(before, made.model.get_weights(), strict=True)):
        figures = found.figures[place]
        assert figures["norm"][0] == pytest.approx(float(np.linalg.norm(first)), rel=1e-5)
        assert figures["mean"][-1] == pytest.approx(float(last.mean()), rel=1e-4, abs=1e-6)
        assert figures["deviation"][-1] == pytest.approx(float(last.std()), rel=1e-4, abs=1e-6)
        assert figures["high"][-1] == pytest.approx(float(last.max()), rel=1e-5)
        if first.any():
            moved = float(np.linalg.norm(last - first) / np.linalg.norm(first))
            assert figures["moved"][-1] == pytest.approx(moved, rel=1e-4)
        else:
            assert math.isnan(figures["moved"][-1])


def test_looking_changes_no_bit(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "EVERY", 0.0)
    monkeypatch.setattr(drift, "SHARE", 0)
    looked = make()
    looked.train()
    monkeypatch.setattr(drift.DriftLog, "look", lambda *args, **kwargs: None)
    left = make()
    left.train()
    for one, other in zip(looked.model.get_weights(), left.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert drift.read(left.run.path).epochs == []


class Model:
    """As much of a model as is looked at."""

    def __init__(self, *values: Any) -> None:
        self.weights = self.variables = [Variable(value) for value in values]
        self.optimizer = None


class Variable:
    def __init__(self, value: Any) -> None:
        self.value = np.asarray(value, np.float32)
        self.path, self.shape = "model/layer/kernel", self.value.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.value


def written(path: Path, epochs: list[int], monkeypatch: pytest.MonkeyPatch) -> drift.Drift:
    monkeypatch.setattr(drift, "_values", lambda model: [one.value for one in model.weights])
    model: Any = Model([1.0, 2.0])
    log = drift.DriftLog(path)
    log.begin(model, epochs[0])
    for epoch in epochs[1:]:
        model.weights[0].value = np.array([1.0 + epoch, np.nan], np.float32)
        log.look(model, epoch, due=True)
    return drift.read(path)


def test_a_training_that_was_taken_up_goes_over_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = written(tmp_path, [0, 2, 5], monkeypatch)
    assert found.epochs == [0, 2, 5]
    with (tmp_path / drift.FILE).open("a") as stream:
        stream.write('{"epoch": 6, "figu')  # killed in the middle of a line
    found = written(tmp_path, [4, 7], monkeypatch)
    assert found.epochs == [0, 2, 4, 7]
    assert math.isnan(found.figures[0]["mean"][-1])
    # Every epoch has the figure that was known last.
    assert found.by_epoch(0, "zeros") == [0.0] * 7


def test_looks_become_rarer_and_a_full_disk_ends_them_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("kerastui.models.training.drift.time.monotonic", lambda: now[0])
    monkeypatch.setattr(drift, "_values", lambda model: [one.value for one in model.weights])
    model: Any = Model([1.0])
    log = drift.DriftLog(tmp_path)
    log.begin(model, 0)
    for epoch in range(1, 100_001):
        now[0] += 0.01
        log.look(model, epoch)
    found = drift.read(tmp_path)
    assert 5 <= found.epochs[1] <= 6
    assert drift.POINTS < len(found.epochs) < 12 * drift.POINTS
    gone = drift.DriftLog(tmp_path / "gone")
    gone.begin(model, 0)
    gone.look(model, 1, due=True)
    assert drift.read(tmp_path / "gone").epochs == []


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / drift.FILE).write_text(
        '{"v": 1, "weights": [{"path": "a/b/c", "shape": [2]}]}\n[]\n{"epoch": 1}\n'
        '{"epoch": 1, "figures": [[1, 2]]}\n{"epoch": "x", "figures": [null]}\nnonsense\n'
        '{"epoch": 2, "figures": [[1, 2, 3, 4, 5, 6, null]]}\n'
    )
    found = drift.read(tmp_path)
    assert (found.epochs, found.names) == ([2], ["b c"])

"""Where the fast path ends: a loss that is no number, and what it is not made for."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .fast_runs import ADAM, BATCH, compiled, data, dense, fast, keras, run, same

__all__ = ["run"]


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
    from kerastui.models.training.fast_graph import Graph, UnsuitableError

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

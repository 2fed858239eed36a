"""The fast path against itself: the same bits, whole or bundled, compiled or taken up again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .fast_runs import (
    ADAM,
    CLASSES,
    MOMENTUM,
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

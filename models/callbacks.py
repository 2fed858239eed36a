"""The one Keras callback that writes a run's events and obeys its commands, on every path."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.checkpoint import State, capture, restore, save_state
from kerastui.models.control import Control, end_at_once
from kerastui.models.figures import number
from kerastui.models.record import Record

BATCH_EVERY = 0.1
"""Seconds between two `batch` events."""

CHECKPOINT_EVERY = 5.0
"""Seconds between two checkpoints; more where writing one takes more than a twentieth of that."""


@dataclass(frozen=True)
class Ending:
    """Why the training ended: all epochs, a callback, a request, or numbers that broke."""

    kind: Literal["completed", "early", "stopped", "nan"]
    text: str


class RunLog(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Writes batches, epochs and notes to the record, keeps checkpoints, obeys the control.

    It must be the last callback, so that it sees what the others decided. `Model.fit` calls its
    hooks; the fast path calls the same hooks, epochs in bundles (`bundled`), and then
    `between_epochs`.

    Args:
        record: Where events go.
        control: What is asked of the run.
        epochs: Epochs that are to be trained in all.
        steps: Batches an epoch.
        checkpoints: Folder of the checkpoint; None keeps none.
        others: The experiment's own callbacks, in the order of the list.
        state: An earlier training's state to go on from; None begins anew.
    """

    def __init__(
        self,
        record: Record,
        control: Control,
        *,
        epochs: int,
        steps: int,
        checkpoints: Path | None = None,
        others: Sequence[keras.callbacks.Callback] = (),
        state: State | None = None,
    ) -> None:
        super().__init__()
        self.ending = Ending("completed", "")
        self.bundled = False
        self.bundle_rate = 0.0
        """On the fast path the learning rate of the epoch that is being replayed."""
        self.good: State | None = None
        """The state after the last epoch whose numbers were all finite."""
        self._record = record
        self._control = control
        self._epochs = epochs
        self.steps = steps
        self._folder = checkpoints
        self._others = list(others)
        self._state = state
        self.initial_epoch = self._epoch = state.epoch if state else 0
        self._rows: list[dict[str, float]] = []
        self._first = self._epoch + 1
        self._partial = False
        self._in_batches = False
        self._last_batch = -math.inf
        self._last_validation = 0.0
        self._flushed = time.monotonic()
        self._waited = 0.0
        self._rates_set = False
        self._restoring: list[Any] = []
        self._saved_epoch = self._epoch
        self._saved_at = time.monotonic()
        self._save_cost = 0.0
        self._warned = False

    # --- Keras' hooks ----------------------------------------------------------------------

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.model.optimizer is not None and not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        if self._state is not None:
            # Here and not earlier: the other callbacks have just forgotten what they knew.
            restore(self.model, self._state, self._others)
        self._flushed = time.monotonic()
        self.good = capture(self.model, self._epoch, self._others)
        self._restoring = [
            one
            for one in self._others
            if isinstance(one, keras.callbacks.EarlyStopping) and one.restore_best_weights
        ]

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._epoch = epoch
        self._partial = False
        self._in_batches = True

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        logs = logs or {}
        last = batch + 1 >= self.steps
        if "loss" in logs and not math.isfinite(_scalar(logs["loss"])):
            self.broke(self._epoch + 1, batch + 1)
            return
        now = time.monotonic()
        if now - self._last_batch >= BATCH_EVERY:
            self._last_batch = now
            self._record.event(
                "batch",
                epoch=self._epoch + 1,
                batch=batch + 1,
                batches=self.steps,
                logs={name: _scalar(value) for name, value in logs.items()},
            )
        self.obey()
        self._partial = bool(self.model.stop_training) and not last
        self._in_batches = not last

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._last_validation = time.monotonic()

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        steps = (self.params or {}).get("validation_steps") or 0
        self.validating(batch + 1, steps)
        if self.model.stop_training:
            self.model.stop_evaluating = True

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._partial:
            return
        logs = logs or {}
        self._epoch = epoch
        self._in_batches = False
        row = {name: _scalar(value) for name, value in logs.items()}
        row.setdefault("learning_rate", self.bundle_rate if self.bundled else self.rate())
        if not self.bundled and not finite(self.model):
            self.broke(epoch + 1)
            return
        self._rows.append(row)
        self._explain(epoch + 1, row)
        if not self.bundled:
            self.between_epochs(epoch + 1)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._flush()
        if self.ending.kind == "nan" and self.good is not None and not self._best_restored():
            restore(self.model, self.good)
        if self.ending.kind in ("stopped", "nan"):
            self.checkpoint()

    # --- called by the fast path -----------------------------------------------------------

    def between_epochs(self, epochs: int) -> None:
        """Everything that is due when `epochs` epochs are trained and the state is whole."""
        self._flush()
        if self.ending.kind == "nan":
            return
        self.good = capture(self.model, epochs, self._others)
        wait = max(CHECKPOINT_EVERY, 20 * self._save_cost)
        if time.monotonic() - self._saved_at >= wait:
            self.checkpoint()
        self._rates_set = False
        self.obey()
        if self._rates_set:
            self.good = capture(self.model, epochs, self._others)

    def stage(self, stage: str, text: str) -> None:
        """Tell what is being done that takes a moment."""
        self._record.event("stage", stage=stage, text=text)

    def validating(self, batch: int, batches: int) -> None:
        """Tell how far a validation has come that takes long, and obey."""
        now = time.monotonic()
        if now - self._last_validation >= BATCH_EVERY:
            self._last_validation = now
            self._record.event(
                "validation", epoch=self._epoch + 1, batch=batch, batches=max(batch, batches)
            )
        self.obey()
        if self.model.stop_training and self.ending.kind == "stopped":
            self._partial = True

    def obey(self) -> None:
        """Do what is asked of the run; returns at once when that is nothing."""
        if not self._control.poll():
            return
        self._set_rates()
        if self._control.paused and not self._control.stop and not self._control.killed:
            self._pause()
        if self._control.killed:
            self._flush()
            self._record.info.status = "stopped"
            self._record.event("stopped", epoch=self._record.history.epoch, seconds=0.0,
                               text="killed on request; the last checkpoint remains")  # fmt: skip
            end_at_once()
        if self._control.stop and self.ending.kind != "nan":
            self.ending = Ending("stopped", self._control.stop)
            self.model.stop_training = True

    def broke(self, epoch: int, batch: int | None = None) -> None:
        """Stop because of numbers that are not finite, in the loss or (no batch) in a weight."""
        good = self.good.epoch if self.good else 0
        what = "the loss became" if batch else "weights became"
        place = f"epoch {epoch}" + (f", batch {batch} of {self.steps}" if batch else "")
        kept = f"the weights after epoch {good}" if good else "the initial weights"
        text = f"{what} NaN or infinite at {place}; training stopped, {kept} are kept"
        self._flush()
        self._record.event("note", kind="nan", epoch=epoch, text=text)
        self.ending = Ending("nan", text)
        self.model.stop_training = True
        self._partial = True

    def checkpoint(self) -> None:
        """Write the state after the last whole epoch, unless it is on disk already."""
        if self._folder is None or self.good is None or self.good.epoch <= self._saved_epoch:
            return
        began = time.monotonic()
        try:
            save_state(self._folder, self.good)
        except UserError as error:
            if not self._warned:
                self._warned = True
                self._record.event("note", kind="warning", epoch=self.good.epoch, text=str(error))
        else:
            self._saved_epoch = self.good.epoch
            self._record.event("checkpoint", epoch=self.good.epoch)
        self._saved_at = time.monotonic()
        self._save_cost = self._saved_at - began

    def rate(self) -> float:
        """Return the optimizer's present learning rate."""
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    # --- parts -----------------------------------------------------------------------------

    def _set_rates(self) -> None:
        for rate in self._control.learning_rates():
            epoch = self._record.history.epoch
            try:
                self.model.optimizer.learning_rate = rate
            except TypeError:
                text = "the learning rate follows a schedule and can't be set"
                self._record.event("note", kind="warning", epoch=epoch, text=text)
            else:
                self._rates_set = True
                text = f"learning rate set to {number(rate)} on request"
                self._record.event("note", kind="learning_rate", epoch=epoch, text=text)

    def _pause(self) -> None:
        began = time.monotonic()
        self._flush()
        self.checkpoint()
        self._record.info.status = "paused"
        self._record.event("paused", epoch=self._record.history.epoch)
        self._record.save()
        while self._control.paused and not self._control.stop and not self._control.killed:
            time.sleep(0.02)
            self._control.poll()
            self._set_rates()
        self._waited += time.monotonic() - began
        if not self._control.killed:
            self._record.info.status = "running"
            self._record.event("resumed", epoch=self._record.history.epoch)
            self._record.save()

    def _flush(self) -> None:
        """Write the epochs that wait as one event."""
        if not self._rows:
            return
        now = time.monotonic()
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        self._record.event(
            "epochs",
            first=self._first,
            logs={name: [row.get(name, math.nan) for row in self._rows] for name in names},
            seconds=round(max(0.0, now - self._flushed - self._waited), 6),
        )
        self._first += len(self._rows)
        self._rows.clear()
        self._flushed, self._waited = now, 0.0

    def _explain(self, epoch: int, row: Mapping[str, float]) -> None:
        """Say in words what the experiment's callbacks just did."""
        for callback in self._others:
            if (
                isinstance(callback, keras.callbacks.EarlyStopping)
                and self.model.stop_training
                and self.ending.kind == "completed"
                and callback.stopped_epoch == epoch - 1
            ):
                best = _scalar(callback.best) if callback.best is not None else math.nan
                text = (
                    f"no improvement of {callback.monitor} for {_epochs(callback.wait)}; "
                    f"best {number(best)} at epoch {callback.best_epoch + 1}"
                )
                if callback in self._restoring:
                    text += ", whose weights are restored"
                self.ending = Ending("early", text)
                self._note("early_stopping", epoch, text)
            elif isinstance(callback, keras.callbacks.ReduceLROnPlateau):
                used, now = row["learning_rate"], self.rate()
                if now < used and callback.wait == 0:
                    text = (
                        f"no improvement of {callback.monitor} for {_epochs(callback.patience)}; "
                        f"learning rate {number(used)} → {number(now)}"
                    )
                    self._note("plateau", epoch, text)

    def _note(self, kind: str, epoch: int, text: str) -> None:
        self._flush()
        self._record.event("note", kind=kind, epoch=epoch, text=text)

    def _best_restored(self) -> bool:
        """Say whether early stopping has just put its best weights back, and they are finite."""
        return finite(self.model) and any(
            callback.best_weights is not None for callback in self._restoring
        )


def finite(model: keras.Model) -> bool:
    """Say whether all weights are finite numbers.

    A NaN in the data can leave a NaN in some weights behind a relu while the loss stays finite.
    """
    arrays = (keras.ops.convert_to_numpy(variable) for variable in model.weights)
    return all(np.isfinite(a).all() for a in arrays if a.dtype.kind not in "iub")


def _scalar(value: Any) -> float:
    """Return a log value as one number; of several (one a class) their mean."""
    if isinstance(value, float):
        return value
    return float(np.mean(np.asarray(value, dtype=np.float64)))


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"

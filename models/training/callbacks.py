"""The one Keras callback that writes a run's events and obeys its commands, on every path."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from kerastui.models.runs.figures import number
from kerastui.models.runs.record import Record
from kerastui.models.training.callback_words import explained
from kerastui.models.training.checkpoint import State, capture, restore, restore_metrics, values_of
from kerastui.models.training.control import Control, end_at_once
from kerastui.models.training.drift import DriftLog
from kerastui.models.training.keeping import Keeper
from kerastui.models.training.kept import KeptModels
from kerastui.models.training.wishes import Wishes, learning_rate

BATCH_EVERY = 0.1
"""Seconds between two `batch` events."""


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
        new_rate: Learning rate from there on, in place of the state's.
        more: More or other training was asked for than the state's training was meant to do, so
            one that had ended goes on, and early stopping counts its patience afresh.
        keep_every: Epochs between two models that are kept; 0 keeps none.
        begun: Called once that is part of the checkpoint.
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
        new_rate: float | None = None,
        more: bool = False,
        keep_every: int = 0,
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.ending = Ending("completed", "")
        self.bundled = False
        self.bundle_rate = 0.0
        """On the fast path the learning rate of the epoch that is being replayed."""
        self.good: State | None = None
        """The state after the last epoch whose numbers were all finite, or taken up from."""
        self.path = state.path if state else ""
        """How it is trained, as `State.path` says; empty while that is not decided."""
        self._record = record
        self._control = control
        self._wishes = Wishes(record, control, epochs)
        self.steps = steps
        self._others = list(others)
        self._state = state
        self._new_rate = new_rate
        self._more = more
        self._begun = begun
        self._keeper = Keeper(checkpoints, record, state)
        self._drift = DriftLog(record.run.path)
        self._kept = KeptModels(record, keep_every)
        self._latest: State | None = None
        self.initial_epoch = self._epoch = state.epoch if state else 0
        self.initial_step = state.step if state else 0
        # Elsewhere Keras holds the weights in other places while an epoch lasts.
        self._between_batches = keras.backend.backend() == "tensorflow"
        self._train_metrics: list[Any] = []
        self._train_function: Any = None
        self._rows: list[dict[str, float]] = []
        self._first = self._epoch + 1
        self._partial = False
        self._in_batches = False
        self._last_batch = -math.inf
        self._last_validation = 0.0
        self._flushed = time.monotonic()
        self._waited = 0.0
        self._restoring: list[Any] = []

    @property
    def epochs(self) -> int:
        """The epochs that are to be trained in all, as far as is known now."""
        return self._wishes.epochs

    @property
    def over(self) -> bool:
        """Whether the state's training had ended already and nothing more was asked for."""
        early = self._state is not None and self._state.ended == "early" and not self._more
        return early or self.initial_epoch >= self.epochs

    # --- Keras' hooks ----------------------------------------------------------------------

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.model.optimizer is not None and not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self._restoring = [
            one
            for one in self._others
            if isinstance(one, keras.callbacks.EarlyStopping) and one.restore_best_weights
        ]
        if self._state is not None:
            # Here and not earlier: the other callbacks have just forgotten what they knew.
            restore(self.model, self._state, self._others)
            # `BackupAndRestore` has an opinion of its own on where to go on.
            self.model._initial_epoch = None
            self._take_up(self._state)
        self._drift.begin(self.model, self._epoch)
        self._kept.begin(self.model, self._epoch)
        self._flushed = time.monotonic()
        self.good = self._latest = self._capture(self._epoch, self.initial_step)
        if self._new_rate is not None or self._more:
            self._keeper.keep(self.good, again=True)
            self._begun()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._epoch = epoch
        self._partial = False
        if self._state is not None and epoch == self.initial_epoch:
            restore_metrics(self.model, self._state)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        logs = logs or {}
        last = batch + 1 >= self.steps
        if last:
            self._train_metrics = values_of(self.model.metrics_variables)
        if self._epoch == self.initial_epoch and batch < self.initial_step:
            return  # not trained, only passed over
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
        if last:
            return  # with the validation, or after the epoch
        if self._between_batches and self._keeper.due:
            self._latest = self._capture(self._epoch, batch + 1)
            self._keeper.keep(self._latest)
        self.obey(self._epoch, batch + 1)
        self._partial = bool(self.model.stop_training)

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
        row = {name: _scalar(value) for name, value in logs.items()}
        row.setdefault("learning_rate", self.bundle_rate if self.bundled else self.rate())
        if not self.bundled and not finite(self.model):
            self.broke(epoch + 1)
            return
        self._rows.append(row)
        said = explained(self.model, self._others, epoch + 1, row, self.rate(), self._restoring)
        for kind, text in said:
            if kind == "early_stopping" and self.ending.kind == "completed":
                self.ending = Ending("early", text)
            self._note(kind, epoch + 1, text)
        if not self.bundled:
            self.between_epochs(epoch + 1)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._flush()
        if self._train_function is not None:
            self.model.train_function = self._train_function
        if self._latest is None:
            return
        if self.ending.kind == "nan":
            assert self.good is not None
            if not self._best_restored():
                restore(self.model, self.good)
            self._latest = self.good
        self._latest.ended = "" if self.ending.kind == "stopped" else self.ending.kind
        self._keeper.keep(self._latest)

    def keep_last(self) -> None:
        """Keep the last whole state, if the training broke off."""
        if self._latest is not None:
            self._flush()
            self._keeper.keep(self._latest)

    # --- called by the fast path -----------------------------------------------------------

    def most_epochs(self, epoch: int) -> int:
        """Return how many epochs may be trained at once after `epoch` of them."""
        return min(self.epochs, self._kept.next(epoch)) - epoch

    def between_epochs(self, epochs: int) -> None:
        """Everything that is due when `epochs` epochs are trained and the state is whole."""
        self._flush()
        if self.ending.kind == "nan":
            return
        self.good = self._latest = self._capture(epochs)
        # Before the checkpoint: what goes on from that must not miss it.
        last = epochs >= self.epochs or bool(self.model.stop_training)
        self._kept.look(self.model, epochs, last=last)
        if self._keeper.due:
            self._keeper.keep(self.good)
        self._drift.look(self.model, epochs, due=epochs >= self.epochs)
        self.obey(epochs, 0)
        self.good = self._latest or self.good
        if epochs >= self.epochs:
            self.model.stop_training = True

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
        self.obey(self._epoch, self.steps)
        if self.model.stop_training and self.ending.kind == "stopped":
            self._partial = True

    def obey(self, epoch: int, step: int) -> None:
        """Do what is asked of the run; returns at once when that is nothing.

        Args:
            epoch: Whole epochs trained so far.
            step: Batches of the next one trained so far.
        """
        if not self._control.poll():
            return
        changed = self._take_wishes(epoch + (step > 0))
        if self._control.paused and not self._control.stop and not self._control.killed:
            changed = self._pause(epoch, step) or changed
        if self._control.killed:
            self._flush()
            self._record.info.status = "stopped"
            self._record.event("stopped", epoch=self._record.history.epoch, seconds=0.0,
                               text="killed on request; the last checkpoint remains")  # fmt: skip
            end_at_once()
        if self.ending.kind != "completed":
            return
        if changed or self._control.stop:
            self._latest = state = self._capture(epoch, step)
            if changed:  # at once: a wish must not be lost with the worker
                self._keeper.keep(state, again=True)
        if self._control.stop:
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

    def rate(self) -> float:
        """Return the optimizer's present learning rate."""
        return learning_rate(self.model)

    # --- parts -----------------------------------------------------------------------------

    def _capture(self, epoch: int, step: int = 0) -> State:
        """Take the state, or the last whole one where there is none between batches."""
        if step and not self._between_batches and self.good is not None:
            return self.good
        metrics = self._train_metrics if step == self.steps and self._train_metrics else None
        state = capture(self.model, epoch, self._others, step=step, metrics=metrics)
        state.path = self.path
        return state

    def _take_up(self, state: State) -> None:
        """Go on where a state was taken; it has been put back."""
        if state.ended == "early":
            if self._more:
                for one in self._others:
                    if isinstance(one, keras.callbacks.EarlyStopping):
                        one.wait = one.stopped_epoch = 0
            else:
                notes = self._record.history.notes
                texts = [note.text for note in notes if note.kind == "early_stopping"]
                self.ending = Ending("early", texts[-1] if texts else "")
        if self._new_rate is not None:
            old = self.rate()
            self.model.optimizer.learning_rate = self._new_rate
            text = f"learning rate {number(old)} → {number(self._new_rate)}, asked for on resuming"
            self._record.event("note", kind="learning_rate", epoch=state.epoch, text=text)
        if state.step and not self.bundled:
            self._pass_over(state.step)

    def _pass_over(self, count: int) -> None:
        """Have `fit` pass over the batches of its first epoch that are trained already."""
        train = self._train_function = self.model.train_function
        left = count

        def train_function(batches: Any) -> Any:
            nonlocal left
            if left == 0:
                return train(batches)
            left -= 1
            next(batches)
            return self.model.get_metrics_result()

        self.model.train_function = train_function

    def _take_wishes(self, least: int) -> bool:
        """Take a new learning rate and number of epochs; returns whether the state changed."""
        self._flush()
        return self._wishes.take(self.model, least)

    def _pause(self, epoch: int, step: int) -> bool:
        """Wait; returns whether something was changed meanwhile."""
        began = time.monotonic()
        self._flush()
        self._latest = self._capture(epoch, step)
        self._keeper.keep(self._latest)
        self._record.info.status = "paused"
        self._record.event("paused", epoch=self._record.history.epoch)
        self._record.save()
        changed = False
        while self._control.paused and not self._control.stop and not self._control.killed:
            time.sleep(0.02)
            if self._control.poll():
                changed = self._take_wishes(epoch + (step > 0)) or changed
        self._waited += time.monotonic() - began
        if not self._control.killed:
            self._record.info.status = "running"
            self._record.event("resumed", epoch=self._record.history.epoch)
            self._record.save()
        return changed

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

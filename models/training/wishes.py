"""What may change while a run trains: its learning rate and its number of epochs."""

from __future__ import annotations

import keras

from kerastui.models.runs.figures import number
from kerastui.models.runs.record import Record
from kerastui.models.training.control import Control
from kerastui.models.training.resume import LEARNING_RATE


class Wishes:
    """Takes what was asked for, and says so in the log and in `run.json`.

    Args:
        record: Where it is said.
        control: Who asks.
        epochs: Epochs that are to be trained in all, so far.

    Attributes:
        epochs: The same, as far as is known now.
    """

    def __init__(self, record: Record, control: Control, epochs: int) -> None:
        self.epochs = epochs
        self._record = record
        self._control = control

    def take(self, model: keras.Model, least: int) -> bool:
        """Take new wishes; returns whether they changed the model's state.

        Args:
            model: The model that is trained.
            least: The epochs that can't be undone any more: all begun ones.
        """
        if (epochs := self._control.epochs()) is not None:
            self._set_epochs(max(epochs, least))
        rates = self._control.learning_rates()
        return bool(rates) and self._set_rate(model, rates[-1])

    def _set_rate(self, model: keras.Model, rate: float) -> bool:
        epoch, old = self._record.history.epoch, learning_rate(model)
        try:
            model.optimizer.learning_rate = rate
        except TypeError:
            text = "the learning rate follows a schedule and can't be set"
            self._record.event("note", kind="warning", epoch=epoch, text=text)
            return False
        text = f"learning rate set to {number(rate)} on request"
        self._record.event("note", kind="learning_rate", epoch=epoch, text=text)
        self._record.changed(LEARNING_RATE, old, rate)
        return True

    def _set_epochs(self, epochs: int) -> None:
        old, self.epochs = self.epochs, epochs
        if old == epochs:
            return
        text = f"number of epochs set to {epochs} on request, before {old}"
        epoch = self._record.history.epoch
        self._record.event("note", kind="epochs", epoch=epoch, epochs=epochs, text=text)
        self._record.epochs_changed(old, epochs)


def learning_rate(model: keras.Model) -> float:
    """Return the present learning rate of a model's optimizer."""
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))

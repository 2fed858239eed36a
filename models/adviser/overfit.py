"""Whether a run overfits: it learns its training rows by heart and gets worse on others."""

from __future__ import annotations

from kerastui.models.adviser.curves import Curve, curve
from kerastui.models.runs.history import History

WORSE = 0.05
"""Of the best validation loss: a rise that a reader sees in the chart."""

TOO_FEW = 5
"""Epochs: fewer have no tail that could be told from their beginning."""

LASTING = 3
"""Epochs since the best one before a run that goes on is said to overfit: a rise may pass."""


def turning(loss: Curve, val: Curve) -> int | None:
    """Return the epoch since which the validation loss got worse while the training loss did not.

    Args:
        loss: The training loss, with enough epochs.
        val: The validation loss, with as many.
    """
    epoch = val.best[0]
    if val.turned(WORSE) and loss.end <= loss.at(epoch) + loss.noise:
        return epoch
    return None


def since(history: History) -> int | None:
    """Return the epoch since which a run clearly overfits, None where it does not, or where
    nothing tells (no validation, too few epochs). Takes about 1 ms for 200 epochs and 35 ms for
    60,000, so it belongs in a thread."""
    loss, val = curve(history, "loss"), curve(history, "val_loss")
    if loss is None or val is None or min(len(loss.values), len(val.values)) < 2 * TOO_FEW:
        return None
    epoch = turning(loss, val)
    if epoch is None or val.epochs[-1] - epoch < max(LASTING, len(val.values) // 20):
        return None
    return epoch

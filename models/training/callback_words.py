"""What an experiment's own callbacks just did, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np

from kerastui.models.runs.figures import number


def explained(
    model: keras.Model,
    callbacks: Sequence[keras.callbacks.Callback],
    epoch: int,
    row: Mapping[str, float],
    rate: float,
    restoring: Sequence[keras.callbacks.Callback],
) -> Iterator[tuple[str, str]]:
    """Say what callbacks did at the end of an epoch.

    Args:
        model: The model.
        callbacks: The experiment's callbacks, after their `on_epoch_end`.
        epoch: The epoch, from 1.
        row: Its figures, with the learning rate it was trained with.
        rate: The learning rate from now on.
        restoring: Those of early stopping that put their best weights back.

    Yields:
        The kind of the note (`early_stopping`, `plateau`) and its text.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.EarlyStopping):
            if model.stop_training and callback.stopped_epoch == epoch - 1 and callback.wait:
                best = math.nan if callback.best is None else float(np.mean(callback.best))
                text = (
                    f"no improvement of {callback.monitor} for {_epochs(callback.wait)}; "
                    f"best {number(best)} at epoch {callback.best_epoch + 1}"
                )
                if callback in restoring:
                    text += ", whose weights are restored"
                yield "early_stopping", text
        elif (
            isinstance(callback, keras.callbacks.ReduceLROnPlateau)
            and rate < row["learning_rate"]
            and callback.wait == 0
        ):
            yield (
                "plateau",
                (
                    f"no improvement of {callback.monitor} for {_epochs(callback.patience)}; "
                    f"learning rate {number(row['learning_rate'])} → {number(rate)}"
                ),
            )


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"

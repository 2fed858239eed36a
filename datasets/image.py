"""Pictures: Keras' MNIST archive and scikit-learn's small digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerastui.datasets.catalogue import Card
from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Loaded
from kerastui.datasets.npz import read_npz


def load_mnist(path: Path, card: Card) -> Loaded:
    """Read an archive laid out as Keras' MNIST: uint8 pictures and class numbers, in two parts.

    Raises:
        UserError: The archive is damaged or holds something else.
    """
    names = ["x_train", "y_train", "x_test", "y_test"]
    x_train, y_train, x_test, y_test = read_npz(path, names).values()
    fits = (
        x_train.ndim == 3
        and x_train.shape[1:] == x_test.shape[1:] == card.shape
        and y_train.shape == (len(x_train),)
        and y_test.shape == (len(x_test),)
    )
    if not fits:
        raise UserError(
            f"{path.name} holds pictures of shape {x_train.shape} and {x_test.shape} with "
            f"{y_train.shape} and {y_test.shape} labels.",
            hint=f"{card.name} needs pictures of {card.shape} and one label for each.",
        )
    return Loaded(
        x=np.concatenate([x_train, x_test]),
        y=np.concatenate([y_train, y_test]).astype(np.int32),
        target=card.target,
        n_train=len(x_train),
        classes=card.classes,
    )


def load_digits(card: Card) -> Loaded:
    """scikit-learn's 1,797 digits, 8 by 8 pixels with values 0 to 16."""
    from sklearn.datasets import load_digits as load

    bunch = load()
    return Loaded(
        x=bunch.images.astype(np.uint8),
        y=bunch.target.astype(np.int32),
        target=card.target,
        classes=card.classes,
    )

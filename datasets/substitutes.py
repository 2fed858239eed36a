"""Named stand-ins, shaped like what they stand in for.

They let an experiment run without its data; the source of the prepared data names them, so that
nothing they give can be taken for the real thing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerastui.datasets.catalogue import Card, card
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import Located, locate
from kerastui.datasets.loaded import Array, Loaded

_TRAIN_SHARE = 6 / 7  # of MNIST's pictures

Reader = Callable[[Card, Located | None, dict[str, Any], int], Loaded]


def stand_in(original: Card, seed: int, read: Reader) -> tuple[Loaded, Card]:
    """The stand-in of a card and its own card.

    Args:
        original: What is to be replaced.
        seed: For stand-ins that are generated.
        read: Loads a card.

    Raises:
        UserError: Nothing stands in for it.
    """
    if not original.stand_in:
        raise UserError(
            f"Nothing stands in for {original.name}; it needs no substitute.",
            hint="Remove data.substitute.",
        )
    used = card(original.stand_in)
    located = locate(used)
    if located is None:
        raise UserError(
            f"The substitute {used.name} comes with scikit-learn, which is not installed.",
            hint="Install it: pip install scikit-learn",
        )
    loaded = read(used, located, _parameters(original, used), seed)
    if original.kind == "tabular":
        return _as_table(loaded, original), used
    if original.kind == "series":
        return _as_series(loaded, original), used
    if original.kind == "image":
        return _as_pictures(loaded, original), used
    loaded.target = original.target
    return loaded, used


def _parameters(original: Card, used: Card) -> dict[str, Any]:
    if used.name == "make_regression":
        features = original.shape[0]
        return {
            "n_samples": original.rows,
            "n_features": features,
            "n_informative": features,
            "noise": 10.0,
        }
    if used.name == "sine":
        return {"length": original.rows}
    return {}


def _as_table(loaded: Loaded, original: Card) -> Loaded:
    """The stand-in's features under the original's names, cut or filled with zeros to fit."""
    target = original.target[0]
    features = [v for k, v in loaded.columns.items() if k not in loaded.target]
    rows = slice(0, original.rows)
    columns: dict[str, Array] = {}
    numeric = [c.name for c in original.columns if c.name not in (target, original.names)]
    for position, name in enumerate(numeric):
        column = features[position] if position < len(features) else np.zeros(loaded.rows)
        columns[name] = column[rows]
    columns[target] = loaded.columns[loaded.target[0]][rows]
    if original.names:
        names = [f"substitute row {i}" for i in range(len(columns[target]))]
        columns[original.names] = np.array(names, dtype=object)
    return Loaded(
        columns=columns, target=original.target, classes=loaded.classes, names=original.names
    )


def _as_series(loaded: Loaded, original: Card) -> Loaded:
    values = loaded.columns[loaded.target[0]]
    steps = np.array([f"step {i}" for i in range(len(values))], dtype=object)
    name = original.columns[0].name
    return Loaded(
        columns={name: steps, original.target[0]: values}, target=original.target, names=name
    )


def _as_pictures(loaded: Loaded, original: Card) -> Loaded:
    """Enlarged by whole pixels, framed with zeros, values stretched to 0 … 255."""
    assert isinstance(loaded.x, np.ndarray)
    x = loaded.x
    height, width = original.shape
    times = min(height // x.shape[1], width // x.shape[2])
    large = x.repeat(times, axis=1).repeat(times, axis=2)
    top, left = (height - large.shape[1]) // 2, (width - large.shape[2]) // 2
    framed = np.zeros((len(x), height, width), dtype=np.uint8)
    framed[:, top : top + large.shape[1], left : left + large.shape[2]] = np.round(
        large * (255 / x.max())
    )
    return Loaded(
        x=framed,
        y=loaded.y,
        target=original.target,
        n_train=int(len(x) * _TRAIN_SHARE),
        classes=loaded.classes,
    )

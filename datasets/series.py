"""Series: one value after the other, from a table with a column of times."""

from __future__ import annotations

from pathlib import Path

from kerastui.datasets.catalogue import Card
from kerastui.datasets.loaded import Loaded
from kerastui.datasets.tabular import load_csv


def load_series(path: Path, card: Card) -> Loaded:
    """Read a series; the first column names the rows, the target column has the values.

    Raises:
        UserError: The file is not a table with the columns of the card.
    """
    loaded = load_csv(path, card)
    loaded.names = card.columns[0].name
    return loaded

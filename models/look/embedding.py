"""The words that the rows of an embedding stand for.

For inspector processes only: what it loads may be large.
"""

from __future__ import annotations

from typing import Any

from kerastui.datasets.catalogue import card_of
from kerastui.datasets.errors import UserError
from kerastui.datasets.text import FILL, OFFSET, START, UNKNOWN, words_for
from kerastui.models.look.opened import opened

MARKS = {FILL: "(fill)", START: "(start)", UNKNOWN: "(unknown)"}
"""Numbers that stand for no word."""


def words(path: str, rows: int, experiment: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the word of each row of an embedding.

    Args:
        path: The model's file.
        rows: How many rows it has.
        experiment: The experiment that the model is of, as plain values.

    Returns:
        `words`: one for each row, empty where there is none.

    Raises:
        UserError: The data is not known, or holds no texts.
    """
    found = opened(path, experiment)
    if found.experiment is None:
        _ = found.prepared  # says that there is no experiment
    assert found.experiment is not None
    try:
        index = words_for(card_of(found.experiment.data)).by_rank
        named = [index.get(row - OFFSET, "") for row in range(rows)]
    except UserError:
        named = [found.prepared.decode_text([row]).replace("?", "") for row in range(rows)]
    return {"words": [MARKS.get(row, word) for row, word in enumerate(named)]}

"""Own texts as word numbers, like Keras' IMDB: 1 starts a text, frequent words have low numbers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np

from kerastui.datasets.catalogue import closest
from kerastui.datasets.errors import UserError
from kerastui.datasets.files.folders import read_texts
from kerastui.datasets.files.table import read_table
from kerastui.datasets.loaded import Loaded, Sequences
from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.text import OFFSET, START, WORD


def load_texts(path: Path, recipe: FileRecipe, *, whole: bool = False) -> Loaded:
    """Read a folder of texts by class, or a table with a column of texts and one of classes.

    Word number k + 3 is the k-th most frequent word of all texts; of equally frequent ones the
    one that comes first. A row without a text or a class is left out.

    Args:
        path: The folder or table.
        recipe: How it is read.
        whole: Refuse a table with such rows instead.

    Raises:
        UserError: No texts, one class only, or columns that are not there.
    """
    if path.is_dir():
        texts, labels = read_texts(path, recipe)
    else:
        texts, labels = _of_table(path, recipe, whole)
    words = [re.findall(WORD, text.lower()) for text in texts]
    ranked = Counter(word for text in words for word in text).most_common()
    if not ranked:
        raise UserError(f"The texts of {path.name} have no words.", hint="Choose another column.")
    index = {word: rank for rank, (word, _) in enumerate(ranked, start=1)}
    classes = sorted(set(labels))
    numbers = {name: number for number, name in enumerate(classes)}
    values = [n for text in words for n in (START, *(index[word] + OFFSET for word in text))]
    lengths = np.array([len(text) + 1 for text in words])
    return Loaded(
        x=Sequences.from_lengths(np.array(values, dtype=np.int32), lengths),
        y=np.array([numbers[label] for label in labels], dtype=np.int32),
        target=(recipe.label or "class",),
        classes=tuple(classes),
        words=index,
    )


def _of_table(path: Path, recipe: FileRecipe, whole: bool) -> tuple[list[str], list[str]]:
    columns = read_table(path, recipe)
    for field, name in (("text", recipe.text), ("label", recipe.label)):
        if name not in columns:
            raise UserError(
                f"{field}: {path.name} has no column {name!r}.",
                hint=closest(name, list(columns)),
            )
    pairs = [
        (str(text), f"{label:g}" if isinstance(label, float) else str(label))
        for text, label in zip(columns[recipe.text], columns[recipe.label], strict=True)
        if text is not None and label is not None and label == label
    ]
    lost = len(columns[recipe.text]) - len(pairs)
    if whole and lost:
        raise UserError(
            f"{lost} row{'s' * (lost != 1)} of {path.name} {'have' if lost != 1 else 'has'} no "
            "text or no class.",
            hint="Only texts with a known class can be judged; take the others out.",
        )
    if not pairs:
        raise UserError(
            f"No row of {path.name} has both a text and a class.", hint="Choose other columns."
        )
    return [text for text, _ in pairs], [label for _, label in pairs]

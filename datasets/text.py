"""Texts as word numbers: Keras' IMDB and Reuters archives and their word indexes.

Numbers follow Keras: 0 fills, 1 starts a text, 2 is an unknown word, and word number k of the
index is k + 3. The order is Keras' too: shuffled by `RandomState(113)`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from kerastui.datasets.catalogue import Card
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import locate_file
from kerastui.datasets.loaded import Array, Loaded, Sequences
from kerastui.datasets.npz import read_ragged_npz

FILL, START, UNKNOWN, OFFSET = 0, 1, 2, 3
WORD = r"[^\W_]+(?:'[^\W_]+)*"
"""One word of a text in lower case."""
GENERATED_WORDS = 20_001
"""Ranks of generated texts stay below this."""
_SEED = 113
_REUTERS_TRAIN = 0.8


def load_imdb(path: Path, card: Card) -> Loaded:
    """Read IMDB: 25,000 training reviews, then 25,000 for the test.

    Raises:
        UserError: The archive is damaged, hostile or holds something else.
    """
    texts, labels = read_ragged_npz(path, ["x_train", "x_test"], ["y_train", "y_test"])
    rng = np.random.RandomState(_SEED)
    parts = []
    for part in ("train", "test"):
        x, y = texts.pop(f"x_{part}"), labels[f"y_{part}"]
        _same_length(x, y, path)
        order = _shuffled(len(x), rng)
        parts.append((_shifted(x.take(order)), y[order]))
    (x_train, y_train), (x_test, y_test) = parts
    return Loaded(
        x=_joined(x_train, x_test),
        y=np.concatenate([y_train, y_test]).astype(np.int32),
        target=card.target,
        n_train=len(x_train),
        classes=card.classes,
    )


def load_reuters(path: Path, card: Card) -> Loaded:
    """Read Reuters: 8,982 training newswires, then 2,246 for the test.

    Raises:
        UserError: The archive is damaged, hostile or holds something else.
    """
    texts, labels = read_ragged_npz(path, ["x"], ["y"])
    x, y = texts["x"], labels["y"]
    _same_length(x, y, path)
    order = _shuffled(len(x), np.random.RandomState(_SEED))
    return Loaded(
        x=_shifted(x.take(order)),
        y=y[order].astype(np.int32),
        target=card.target,
        n_train=int(len(x) * _REUTERS_TRAIN),
        classes=card.classes,
    )


def _same_length(x: Sequences, y: Array, path: Path) -> None:
    if y.shape != (len(x),) or y.dtype.kind not in "iu":
        raise UserError(
            f"{path.name} has {len(x)} texts and labels of shape {y.shape} ({y.dtype}).",
            hint="One whole number is needed for each text; fetch the published file.",
        )


def _shuffled(n: int, rng: np.random.RandomState) -> Array:
    order = np.arange(n)
    rng.shuffle(order)
    return order


def _shifted(texts: Sequences) -> Sequences:
    """Each text with the start mark in front and its words moved up by the offset."""
    lengths = texts.lengths
    shifted = Sequences.from_lengths(
        np.full(len(texts.values) + len(texts), START, dtype=np.int32), lengths + 1
    )
    words = np.ones(len(shifted.values), dtype=bool)
    words[shifted.offsets[:-1]] = False
    shifted.values[words] = texts.values + OFFSET
    return shifted


def _joined(first: Sequences, second: Sequences) -> Sequences:
    return Sequences.from_lengths(
        np.concatenate([first.values, second.values]),
        np.concatenate([first.lengths, second.lengths]),
    )


def read_word_index(path: Path) -> dict[str, int]:
    """Read a word index: word to rank, 1 for the most frequent word.

    Raises:
        UserError: The file is not such an index.
    """
    try:
        index = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"The word index {path.name} cannot be read: {error}.", hint="Fetch it again."
        ) from error
    if not isinstance(index, dict) or not all(type(rank) is int for rank in index.values()):
        raise UserError(
            f"{path.name} is not a word index.", hint="It should give a number for every word."
        )
    return index


class Words:
    """Words by number and back.

    Args:
        index: Word to rank, 1 for the most frequent.
    """

    def __init__(self, index: Mapping[str, int]) -> None:
        self.index = index
        self.by_rank = {rank: word for word, rank in index.items()}

    def decode(self, sequence: Iterable[int]) -> str:
        """The words of a text given as numbers; marks and unknown words show as `?`."""
        numbers = (int(number) for number in sequence if number != FILL)
        return " ".join(self.by_rank.get(number - OFFSET, "?") for number in numbers)

    def encode(self, text: str | Iterable[str]) -> Array:
        """Word numbers with the start mark in front, int32; unknown words become 2.

        Raises:
            UserError: There are no words in it.
        """
        if not isinstance(text, str):
            text = " ".join(text)
        words = re.findall(WORD, text.lower())
        if not words:
            raise UserError("The text has no words.", hint="Type at least one word.")
        ranks = [self.index.get(word) for word in words]
        numbers = [UNKNOWN if rank is None else rank + OFFSET for rank in ranks]
        return np.array([START, *numbers], dtype=np.int32)


def words_for(card: Card) -> Words:
    """The words of a text data set; generated texts have words `word1`, `word2`, ….

    Raises:
        UserError: These are no texts, or the word index is not here.
    """
    if card.kind == "generator" and card.name.startswith("token-"):
        return Words({f"word{rank}": rank for rank in range(1, GENERATED_WORDS)})
    if card.kind != "text":
        raise UserError(f"{card.name} holds no texts.", hint="Choose imdb or reuters.")
    located = locate_file(card, card.files[1])
    if located is None or located.path is None:
        raise UserError(
            f"The word index of {card.name} ({card.files[1].name}) is not here.",
            hint=f"Fetch it: kerastui data fetch {card.name}",
        )
    return Words(read_word_index(located.path))

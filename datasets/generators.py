"""Data made on the spot: scikit-learn's generators, exclusive or, series, texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerastui.datasets.catalogue import Card, Parameter, Plain, closest
from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Array, Loaded, Sequences
from kerastui.datasets.text import GENERATED_WORDS, OFFSET, START

_MAX_CELLS = 500_000_000


def generate(card: Card, given: dict[str, Plain], seed: int) -> Loaded:
    """Make the data of a generator's card.

    Args:
        card: A card of kind `generator`.
        given: Parameters; the card's defaults fill in the others.
        seed: Used where `random_state` is neither given nor has a default.

    Raises:
        UserError: An unknown parameter, a wrong type or a value the generator cannot work with.
    """
    values = _checked(card, given)
    if any(parameter.name == "random_state" for parameter in card.parameters):
        values.setdefault("random_state", seed)
    if card.name == "xor":
        return _xor(card)
    if card.name == "sine":
        return _sine(card, **values)
    if card.name.startswith("token-"):
        return _texts(card, **values)
    return _sklearn(card, values)


def _checked(card: Card, given: dict[str, Plain]) -> dict[str, Any]:
    known = {parameter.name: parameter for parameter in card.parameters}
    for name in given:
        if name not in known:
            raise UserError(
                f"{card.name} has no parameter {name!r}.", hint=closest(name, list(known))
            )
    values = {p.name: p.default for p in card.parameters if p.default is not None}
    values |= {name: _typed(card, known[name], value) for name, value in given.items()}
    size = int(values.get("n_samples", 1)) * int(values.get("n_features", 1))
    if size > _MAX_CELLS:
        raise UserError(
            f"{card.name} was asked for {size:,} numbers.",
            hint=f"Up to {_MAX_CELLS:,} (n_samples times n_features) are accepted.",
        )
    return values


def _typed(card: Card, parameter: Parameter, value: Plain) -> Plain:
    low, high = parameter.minimum, parameter.maximum
    suits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "str": isinstance(value, str),
    }[parameter.type]
    if suits and isinstance(value, int | float):
        suits = (low is None or value >= low) and (high is None or value <= high)
    if suits:
        return value
    words = {"int": "a whole number", "float": "a number", "bool": "true or false"}
    limits = (f" from {low:g}" if low is not None else "") + (
        f" to {high:g}" if high is not None else ""
    )
    raise UserError(
        f"{card.name}: {parameter.name} is {value!r}.",
        hint=f"Accepted: {words.get(parameter.type, 'text')}{limits}.",
    )


def _sklearn(card: Card, values: dict[str, Any]) -> Loaded:
    import sklearn.datasets as sk

    try:
        x, y = getattr(sk, card.name)(**values)[:2]
    except ValueError as error:
        raise UserError(
            f"{card.name} cannot work with these parameters: {error}",
            hint="Change one of them: " + ", ".join(f"{k}={v}" for k, v in values.items()) + ".",
        ) from error
    return _table(card, x, y)


def _table(card: Card, x: Array, y: Array) -> Loaded:
    columns = {f"x{i}": x[:, i] for i in range(x.shape[1])}
    columns[card.target[0]] = y.astype(np.float64)
    return Loaded(columns=columns, target=card.target)


def _xor(card: Card) -> Loaded:
    x = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float64)
    return _table(card, x, np.array([0, 1, 1, 0]))


def _sine(
    card: Card,
    *,
    length: int,
    period: float,
    amplitude: float,
    level: float,
    trend: float,
    noise: float,
    random_state: int,
) -> Loaded:
    t = np.arange(length)
    wave = level + trend * t + amplitude * np.sin(2 * np.pi * t / period)
    values = wave + np.random.default_rng(random_state).normal(0, noise, length)
    return Loaded(columns={card.target[0]: values}, target=card.target)


def _texts(
    card: Card, *, n_train: int, n_test: int, n_classes: int, length: int, random_state: int
) -> Loaded:
    """Word numbers that fall off as in a language; each class prefers words of its own."""
    rng = np.random.default_rng(random_state)
    n = n_train + n_test
    y = rng.integers(0, n_classes, n)
    lengths = np.maximum(rng.poisson(length, n), 1)
    total = int(lengths.sum())
    if total > _MAX_CELLS:
        raise UserError(
            f"{card.name} was asked for {total:,} words.",
            hint=f"Up to {_MAX_CELLS:,} (texts times length) are accepted.",
        )
    # Log-uniform ranks are close to Zipf's law without its endless tail.
    ranks = np.exp(rng.uniform(0, np.log(GENERATED_WORDS - 1), total)).astype(np.int32)
    own = rng.random(total) < 0.05
    classes = np.repeat(y, lengths)
    ranks[own] = 100 + rng.integers(0, 20, int(own.sum())) * n_classes + classes[own]
    texts = Sequences.from_lengths(ranks + OFFSET, lengths)
    texts.values[texts.offsets[:-1]] = START
    return Loaded(x=texts, y=y.astype(np.int32), target=card.target, n_train=n_train)

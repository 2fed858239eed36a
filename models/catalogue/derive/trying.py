"""Trying what Keras takes: objects are built from plain values, and refusals are kept."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

import keras


def module_of(kind: str) -> Any:
    """The public Keras module of a catalogue kind."""
    return keras.optimizers.schedules if kind == "schedules" else getattr(keras, kind)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Keras' and TensorFlow's warnings and prints off the output."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def attempt(cls: type, values: dict[str, Any]) -> str | None:
    """Build an object from plain values; None when it works, else Keras' message."""
    try:
        with quiet():
            cls(**{name: materialise(value) for name, value in values.items()})
    except Exception as error:
        return str(error) or type(error).__name__
    return None


def materialise(value: Any) -> Any:
    """Turn a sample value into what Keras takes; nested parts are (kind, name, parameters)."""
    if isinstance(value, Sample):
        return getattr(module_of(value.kind), value.name)(
            **{name: materialise(v) for name, v in value.parameters.items()}
        )
    if isinstance(value, list):
        return [materialise(item) for item in value]
    return value


class Sample:
    """A nested object to try as a value."""

    def __init__(self, kind: str, name: str, **parameters: Any) -> None:
        self.kind, self.name, self.parameters = kind, name, parameters


SAMPLES: dict[str, list[Any]] = {
    "bool": [True, False],
    "int": [1, 2, 10, 32, 0],
    "float": [0.5, 1.5, 0.001, 10.0],
    "str": ["x", "ab,bc->ac", "x.keras", "x.weights.h5"],
    "list": [
        [1], [0.5], [1, 2], [0.5, 0.6], ["a"], ["a", "b"], [1, 2, 3],
        [[1, 1], [1, 1]], [[1, 1], [1, 1], [1, 1]], [0, 1], [0.1, 0.9], [1, 1], [1, 1, 1],
    ],
    "layers": [
        Sample("layers", "Dense", units=2),
        Sample("layers", "LSTM", units=2),
        Sample("layers", "LSTMCell", units=2),
    ],
    "schedules": [Sample("schedules", "ExponentialDecay", initial_learning_rate=0.1,
                         decay_steps=10, decay_rate=0.9)],
    "optimizers": [Sample("optimizers", "SGD")],
}  # fmt: skip
SAMPLES["parts"] = [[sample] for sample in SAMPLES["layers"]]


class Builder:
    """Tries to build one class with one parameter after another changed."""

    def __init__(self, cls: type, required: dict[str, Any]) -> None:
        self.cls, self.required = cls, required

    def error(self, name: str, value: Any) -> str | None:
        return attempt(self.cls, {**self.required, name: value})

    def takes(self, name: str, value: Any) -> bool:
        return self.error(name, value) is None

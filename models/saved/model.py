"""What a saved model is: its layers, their weights where they lie, and what its file says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kerastui.models.saved.damage import DAMAGE, unreadable
from kerastui.models.saved.store import hdf5

Array = NDArray[Any]

Format = Literal["keras", "h5", "weights", "json"]
FORMATS: Mapping[str, str] = {
    "keras": "Keras file of a whole model (.keras)",
    "h5": "HDF5 file of a whole model (.h5)",
    "weights": "weights alone (.weights.h5)",
    "json": "structure alone (.json)",
}
"""Format -> what it is called."""


@dataclass(frozen=True)
class Weight:
    """One array of a layer, read from its file when it is asked for.

    Attributes:
        name: As Keras calls it (`kernel`), else its place in the file.
        shape: Its axes.
        dtype: Type of its numbers.
        file: The file of the model.
        place: Path of the array within it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    file: Path
    place: str

    @property
    def count(self) -> int:
        """Numbers in it."""
        return int(np.prod(self.shape, dtype=object)) if self.shape else 1

    @cached_property
    def values(self) -> Array:
        """All numbers. Raises `UserError` as `part` does."""
        return self.part(())

    def part(self, index: tuple[slice | int, ...]) -> Array:
        """Return a part, `index` as for an array of this shape; only that much is read.

        Raises:
            UserError: The file is gone, was changed, or is damaged there.
        """
        try:
            with hdf5(self.file) as file:
                return np.asarray(file[self.place][index])
        except DAMAGE as error:
            raise unreadable(self.file, error) from None


@dataclass(frozen=True)
class LayerWeights:
    """A layer as it was saved.

    Attributes:
        name: Its name in the model; in a model within the model `outer/inner`.
        kind: Its class (`Dense`), empty where the structure does not tell.
        config: Its arguments.
        inbound: Names of the layers that it is fed by, where the model is functional.
        weights: Its arrays, in Keras' order; empty for a layer without any.
        module: Where the class comes from, as far as the file says.
    """

    name: str
    kind: str
    config: Mapping[str, Any] = field(default_factory=dict)
    inbound: tuple[str, ...] = ()
    weights: tuple[Weight, ...] = ()
    module: str = ""


@dataclass(frozen=True)
class SavedModel:
    """A model as its file describes it.

    Attributes:
        path: The file.
        format: What kind of file it is.
        kind: The model's class, empty for weights alone.
        layers: All layers, in the model's order.
        structure: What the file says of the model's structure, empty for weights alone.
        training: How it was compiled, as the file says; empty where it was not.
        keras_version, backend, saved: As the file says, else empty.
        size: Bytes of the file.
    """

    path: Path
    format: Format
    kind: str
    layers: tuple[LayerWeights, ...]
    structure: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    keras_version: str = ""
    backend: str = ""
    saved: str = ""
    size: int = 0

    @property
    def weights(self) -> list[Weight]:
        """All arrays, in the order of the layers."""
        return [weight for layer in self.layers for weight in layer.weights]

    @property
    def parameters(self) -> int:
        """Numbers in all weights."""
        return sum(weight.count for weight in self.weights)

"""The weights of a run that goes on, as its last checkpoint has them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastui.models.saved.damage import DAMAGE, unreadable
from kerastui.models.saved.model import Array, LayerWeights, SavedModel, Weight
from kerastui.models.training.drift import FILE as NAMES
from kerastui.models.training.drift import names_of

CHECKPOINT = Path("checkpoint") / "state.npz"


@dataclass(frozen=True)
class CheckpointWeight(Weight):
    """A weight whose numbers are those of the newest checkpoint, whenever they are read."""

    def part(self, index: tuple[slice | int, ...]) -> Array:
        try:
            with np.load(self.file, allow_pickle=False) as stored:
                value = stored[self.place]
                if value.shape != self.shape:
                    raise ValueError("its arrays have other shapes")
                return np.asarray(value[index])
        except DAMAGE as error:
            raise unreadable(self.file, error) from None


def read(path: Path) -> SavedModel:
    """Return the layers of a run with the weights of its checkpoint.

    Args:
        path: Folder of the run.

    Raises:
        UserError: There is no checkpoint yet, or none that can be read.
    """
    file = path / CHECKPOINT
    try:
        with (path / NAMES).open(encoding="utf-8") as stream:
            head: list[dict[str, Any]] = json.loads(stream.readline())["weights"]
        size = file.stat().st_size
        names = names_of([str(one["path"]) for one in head])
        layers: dict[str, list[Weight]] = {}
        with np.load(file, allow_pickle=False) as stored:
            kinds = {name: stored[name].dtype for name in (f"value.{one['place']}" for one in head)}
        for (layer, weight), one in zip(names, head, strict=True):
            place = f"value.{one['place']}"
            shape = tuple(int(axis) for axis in one["shape"])
            found = CheckpointWeight(weight, shape, kinds[place], file, place)
            layers.setdefault(layer, []).append(found)
    except DAMAGE as error:
        raise unreadable(file, error) from None
    made = tuple(LayerWeights(name, "", weights=tuple(found)) for name, found in layers.items())
    return SavedModel(file, "weights", "", made, size=size)

"""The weights of a saved model, read with h5py alone: nothing of the file is executed.

A `.keras` file is a zip that holds `config.json` and `model.weights.h5`. In the latter every layer
has a group that is called after its class, numbered where there are several.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    import h5py

Array = NDArray[Any]

LIMIT = 2**30
"""Bytes of weights that are read; a larger file is refused, whatever it says it holds."""

_NO_WEIGHTS = ("optimizer", "seed_generator", "_loss_tracker", "_metrics")
"""Groups that hold something else: the optimizer's moments, random states, running metrics."""

_NAMES = {
    "Embedding": ("embeddings",),
    "SeparableConv1D": ("depthwise kernel", "pointwise kernel", "bias"),
    "SeparableConv2D": ("depthwise kernel", "pointwise kernel", "bias"),
    "Normalization": ("mean", "variance", "count"),
    "PReLU": ("alpha",),
}


@dataclass(frozen=True)
class Weight:
    """One array of a layer; `name` as Keras calls it (`kernel`), else its place in the file."""

    name: str
    values: Array


@dataclass(frozen=True)
class LayerWeights:
    """A layer as it was saved.

    Attributes:
        name: Its name in the model; in a model within the model `outer/inner`.
        kind: Its class (`Dense`), empty where the structure does not tell.
        config: Its arguments.
        inbound: Names of the layers that it is fed by, where the model is functional.
        weights: Its arrays, in Keras' order; empty for a layer without any.
    """

    name: str
    kind: str
    config: Mapping[str, Any] = field(default_factory=dict)
    inbound: tuple[str, ...] = ()
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True)
class SavedModel:
    """All layers of a saved model, in the model's order; `kind` is its class."""

    kind: str
    layers: tuple[LayerWeights, ...]

    @property
    def parameters(self) -> int:
        """Numbers in all weights."""
        return sum(weight.values.size for layer in self.layers for weight in layer.weights)


@dataclass(frozen=True)
class Statistics:
    """What an array is like. Mean, deviation and limits are those of its finite values, NaN
    where there are none; `nan_share` is the part of all values that are NaN."""

    shape: tuple[int, ...]
    count: int
    mean: float
    deviation: float
    low: float
    high: float
    zeros: int
    nan_share: float


def statistics(values: Array) -> Statistics:
    """Return the statistics of an array of numbers of any shape."""
    count = int(values.size)
    nans = int(np.isnan(values).sum()) if values.dtype.kind == "f" else 0
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()
    zeros = count - int(np.count_nonzero(values))
    if not finite.size:
        none = float("nan")
        return Statistics(values.shape, count, none, none, none, none, zeros, nans / max(count, 1))
    mean, deviation = finite.mean(dtype=np.float64), finite.std(dtype=np.float64)
    return Statistics(
        values.shape, count, float(mean), float(deviation), float(finite.min()),
        float(finite.max()), zeros, nans / count,
    )  # fmt: skip


def read(path: Path) -> SavedModel:
    """Read the structure and all weights of a `.keras` file.

    Raises:
        UserError: There is no such file, it is cut off or damaged, no Keras model, or too large.
    """
    import h5py

    try:
        structure, block = _unpack(path)
        with h5py.File(io.BytesIO(block), "r") as file:
            return _read(structure, file)
    except FileNotFoundError:
        raise UserError(
            f"There is no {path.name} here.",
            "A run saves its model when it ends by itself, or is stopped with s.",
        ) from None
    except KeyError as error:
        raise UserError(
            f"{path.name} is no Keras model: {' '.join(str(error.args[0]).split())}.",
            "A .keras file holds config.json and model.weights.h5.",
        ) from None
    except (OSError, ValueError, TypeError, RuntimeError, EOFError, AttributeError,
            NotImplementedError, zipfile.BadZipFile) as error:  # fmt: skip
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(
            f"{path.name} can't be read as a Keras model: {why}.",
            "It may be cut off, or be something else. Train the run again to get it anew.",
        ) from None


def _unpack(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the structure and the weights file that a `.keras` file holds."""
    with zipfile.ZipFile(path) as archive:
        for name in ("config.json", "model.weights.h5"):
            size = archive.getinfo(name).file_size
            if size > LIMIT:
                raise UserError(
                    f"{name} in {path.name} has {size / 1e9:.3g} GB.",
                    f"Up to {LIMIT / 1e9:.2g} GB can be looked into.",
                )
        structure = json.loads(archive.read("config.json"))
        if not isinstance(structure, dict) or not isinstance(structure.get("config"), dict):
            raise ValueError("its config.json describes no model")
        return structure, archive.read("model.weights.h5")


def _read(structure: dict[str, Any], file: h5py.File) -> SavedModel:
    arrays = _arrays(file)
    layers: list[LayerWeights] = []
    for place, name, entry in _listed(structure["config"], "layers", ""):
        mine = {path: arrays.pop(path) for path in list(arrays) if path.startswith(f"{place}/")}
        kind, config = str(entry.get("class_name", "")), entry.get("config") or {}
        weights = tuple(
            Weight(_name(path[len(place) + 1 :], kind, config), values)
            for path, values in mine.items()
        )
        layers.append(LayerWeights(name, kind, config, tuple(_inbound(entry)), weights))
    # What the structure does not list: the layers of a model with a class of its own.
    rest: dict[str, list[Weight]] = {}
    for path, values in arrays.items():
        place, _, leaf = path.rpartition("/vars/")
        rest.setdefault(place or "model", []).append(Weight(f"weight {leaf}", values))
    layers += [LayerWeights(name, "", weights=tuple(found)) for name, found in rest.items()]
    return SavedModel(str(structure.get("class_name", "")), tuple(layers))


def _arrays(file: h5py.File) -> dict[str, Array]:
    """Return all weights by path. Links to other places, and to other files, are not followed."""
    import h5py

    found: list[tuple[str, h5py.Dataset]] = []

    def visit(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not set(path.split("/")).intersection(_NO_WEIGHTS):
            found.append((path, item))

    file.visititems(visit)
    if sum(dataset.nbytes for _, dataset in found) > LIMIT:
        raise ValueError(f"it says that it holds more than {LIMIT / 1e9:.2g} GB of weights")
    for path, dataset in found:
        if dataset.is_virtual or dataset.external:
            raise ValueError(f"{path} points into another file")
        if dataset.dtype.kind not in "fiub":
            raise ValueError(f"{path} holds {dataset.dtype}, which are no numbers")
    found.sort(key=lambda pair: [int(k) if k.isdigit() else -1 for k in pair[0].split("/")])
    return {path: np.asarray(dataset[()]) for path, dataset in found}


def _listed(
    config: Mapping[str, Any], place: str, outer: str
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield each layer's group in the weights file, its name, and what is said of it."""
    used: Counter[str] = Counter()
    for entry in config.get("layers", ()):
        kind = str(entry.get("class_name", ""))
        group = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", kind).lower()
        number = used[group]
        used[group] += 1
        path = f"{place}/{group}_{number}" if number else f"{place}/{group}"
        inner = entry.get("config") or {}
        name = outer + str(inner.get("name", group))
        if isinstance(inner.get("layers"), list):
            yield from _listed(inner, f"{path}/layers", f"{name}/")
        else:
            yield path, name, entry


def _inbound(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the layers that feed a layer of a functional model."""
    waiting: list[Any] = [entry.get("inbound_nodes", ())]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            history = (item.get("config") or {}).get("keras_history") if "config" in item else None
            if history:
                yield str(history[0])
            else:
                waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item


def _name(path: str, kind: str, config: Mapping[str, Any]) -> str:
    """Return what Keras calls an array, from its place within its layer: `vars/0`."""
    *groups, last = path.split("/")
    inner = [group for group in groups if group not in ("vars", "cell")]
    known: Sequence[str] = _NAMES.get(kind, ("kernel", "bias"))
    if "cell" in groups:
        known = ("kernel", "recurrent kernel", "bias")
    elif kind.endswith("Normalization") and kind != "Normalization":
        scale = ("gamma",) if config.get("scale", True) else ()
        center = ("beta",) if config.get("center", True) else ()
        known = (*scale, *center, "moving mean", "moving variance")
    elif kind not in _NAMES and kind != "Dense" and not re.match(r"(Depthwise)?Conv\d", kind):
        known = ()
    number = int(last) if last.isdigit() else -1
    leaf = known[number] if 0 <= number < len(known) else f"weight {last}"
    return " ".join([*inner, leaf])

"""Reading a saved model with zip, JSON and h5py alone: nothing that a file brings is executed.

In a `.keras` file every layer has a group that is called after its class, numbered where there
are several; in an `.h5` file of a whole model each has a group of its own name, with a list of
its weights. Weights alone come in both layouts.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.saved import store, structure
from kerastui.models.saved.damage import DAMAGE, unreadable
from kerastui.models.saved.model import LayerWeights, SavedModel, Weight

if TYPE_CHECKING:
    import h5py

MOST_TEXT = 64 * 2**20
"""Bytes of JSON that are read; the largest models of Keras' applications have less than one MB."""

HOLLOW = 2**26, 20
"""Bytes of weights from which on they may be no more than so many times as long as the file: Keras
does not compress, and an array of which nothing was written costs a file nothing."""

_NO_WEIGHTS = frozenset({"optimizer", "optimizer_weights", "seed_generator", "_loss_tracker",
                         "_metrics", "metrics"})  # fmt: skip
"""Groups that hold something else: the optimizer's moments, random states, running metrics."""

_NAMES = {
    "Embedding": ("embeddings",),
    "SeparableConv1D": ("depthwise kernel", "pointwise kernel", "bias"),
    "SeparableConv2D": ("depthwise kernel", "pointwise kernel", "bias"),
    "Normalization": ("mean", "variance", "count"),
    "PReLU": ("alpha",),
}


def read(path: Path) -> SavedModel:
    """Read the structure of a model, and where its weights lie; the weights when they are used.

    Args:
        path: A `.keras`, `.h5` or `.json` file; what it is is seen by what is in it.

    Raises:
        UserError: There is no such file, or it is cut off, damaged, or no model.
    """
    if path.is_dir():
        raise _folder(path)
    try:
        with path.open("rb") as stream:
            start = stream.read(512)
        size = path.stat().st_size
        if zipfile.is_zipfile(path):
            found = _keras(path)
        elif start.startswith(b"\x89HDF") or b"\x89HDF" in start:
            found = _h5(path)
        elif start.lstrip()[:1] in (b"{", b"["):
            found = _json(path)
        elif start[:4] == b"PK\x03\x04":
            raise ValueError("it is a zip that is cut off")
        else:
            raise ValueError("it is neither a zip nor HDF5 nor JSON" if start else "it is empty")
        return SavedModel(**{**vars(found), "size": size})
    except FileNotFoundError:
        raise UserError(
            f"There is no {path.name} here.",
            "A run saves its model when it ends by itself, or is stopped with s.",
        ) from None
    except DAMAGE as error:
        raise unreadable(path, error) from None


def _folder(path: Path) -> UserError:
    """Why a folder is no model that can be opened."""
    if (path / "saved_model.pb").exists() or (path / "keras_metadata.pb").exists():
        return UserError(
            f"{path.name} is a SavedModel, a program for TensorFlow, out of which no layers can be "
            "built.",
            "With the Keras that wrote it: tf.keras.models.load_model(folder).save('model.h5'); "
            "then open that.",
        )
    return UserError(f"{path.name} is a folder.", "Give the .keras, .h5 or .json file in it.")


def _parse(text: Any, what: str) -> Any:
    """Return JSON out of a file; raises `ValueError`."""
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    if not isinstance(text, str):
        raise ValueError(f"{what} is no text")
    if len(text) > MOST_TEXT:
        raise ValueError(f"{what} has {len(text) / 1e6:.3g} MB")
    return json.loads(text)


def _keras(path: Path) -> SavedModel:
    with zipfile.ZipFile(path) as archive:
        texts: dict[str, Any] = {}
        for name in ("config.json", "metadata.json"):
            if name == "metadata.json" and name not in archive.namelist():
                continue
            size = archive.getinfo(name).file_size
            if size > MOST_TEXT:
                raise ValueError(f"its {name} unpacks to {size / 1e6:.3g} MB")
            with archive.open(name) as stream:
                # What the zip says of a size need not be so.
                texts[name] = _parse(stream.read(MOST_TEXT + 1), name)
    config, about = texts["config.json"], texts.get("metadata.json") or {}
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise ValueError("its config.json describes no model")
    store.check(path)
    with store.hdf5(path) as file:
        layers = _by_class(path, config["config"], _arrays(file))
    training = config.get("compile_config")
    return SavedModel(
        path, "keras", str(config.get("class_name", "")), layers, config,
        training if isinstance(training, dict) else {},
        keras_version=_word(about, "keras_version"), saved=_word(about, "date_saved"),
    )  # fmt: skip


def _h5(path: Path) -> SavedModel:
    with store.hdf5(path) as file:
        arrays = _arrays(file)
        versions = {**dict(file.attrs.items())}
        text = versions.get("model_config")
        group = file.get("model_weights", file)
        versions = {**dict(group.attrs.items()), **versions}
        version, backend = (_attribute(versions.get(k)) for k in ("keras_version", "backend"))
        listed = "layer_names" in group.attrs or "layer_names0" in group.attrs
        if text is None:
            layers = (_by_name(path, group, [], arrays) if listed
                      else _by_class(path, {}, arrays))  # fmt: skip
            if not any(layer.weights for layer in layers):
                raise ValueError("it is an HDF5 file without a model's structure or weights")
            return SavedModel(path, "weights", "", layers, keras_version=version, backend=backend)
        config = _parse(text, "its model_config")
        if not isinstance(config, dict) or "config" not in config:
            raise ValueError("its model_config describes no model")
        layers = _by_name(path, group, structure.entries(config["config"]), arrays)
        training = versions.get("training_config")
        plain = _parse(training, "its training_config") if training is not None else {}
    return SavedModel(
        path, "h5", str(config.get("class_name", "")), layers, config,
        plain if isinstance(plain, dict) else {}, keras_version=version, backend=backend,
    )  # fmt: skip


def _json(path: Path) -> SavedModel:
    with path.open("rb") as stream:
        config = _parse(stream.read(MOST_TEXT + 1), "it")
    if not isinstance(config, dict) or "class_name" not in config or "config" not in config:
        raise ValueError("it is JSON, but describes no model (class_name and config)")
    layers = tuple(
        LayerWeights(one.name, one.kind, one.config, one.inbound, module=one.module)
        for one in structure.entries(config["config"])
    )
    return SavedModel(
        path, "json", str(config["class_name"]), layers, config,
        keras_version=_word(config, "keras_version"), backend=_word(config, "backend"),
    )  # fmt: skip


def _word(plain: Any, name: str) -> str:
    value = plain.get(name) if isinstance(plain, Mapping) else None
    return str(value)[:80] if value else ""


def _attribute(value: Any) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or ""))[:80]


def _arrays(file: h5py.File) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Return shape and type of all weights by path, in Keras' order."""
    found = {
        place: dataset
        for place, dataset in store.datasets(file).items()
        if not _NO_WEIGHTS.intersection(place.split("/"))
    }
    total, size = sum(dataset.nbytes for dataset in found.values()), file.id.get_filesize()
    if total > HOLLOW[0] and total > HOLLOW[1] * size:
        raise ValueError(f"it says that it holds {total / 1e9:.3g} GB of weights, and is itself "
                         f"{size / 1e6:.3g} MB long")  # fmt: skip
    for place, dataset in found.items():
        if dataset.dtype.kind not in "fiub":
            raise ValueError(f"{place} holds {dataset.dtype}, which are no numbers")
    order = sorted(found, key=lambda p: [int(k) if k.isdigit() else -1 for k in p.split("/")])
    return {place: (tuple(found[place].shape), found[place].dtype) for place in order}


def _by_class(
    path: Path, config: Mapping[str, Any], arrays: dict[str, tuple[tuple[int, ...], Any]]
) -> tuple[LayerWeights, ...]:
    """Return the layers of a file of Keras 3, whose groups are called after classes."""
    groups: dict[str, list[str]] = {}
    for place in arrays:
        parts = place.split("/")
        for depth in range(1, len(parts)):
            groups.setdefault("/".join(parts[:depth]), []).append(place)
    layers: list[LayerWeights] = []
    used: set[str] = set()
    for one in structure.entries(config):
        mine = [place for place in groups.get(one.place, ()) if place not in used]
        used.update(mine)
        weights = tuple(
            Weight(_name(place[len(one.place) + 1 :], one.kind, one.config), *arrays[place],
                   path, place)
            for place in mine
        )  # fmt: skip
        layers.append(
            LayerWeights(one.name, one.kind, one.config, one.inbound, weights, one.module)
        )
    # What the structure does not list: the layers of a model with a class of its own.
    rest: dict[str, list[Weight]] = {}
    for place in arrays:
        if place not in used:
            group, _, leaf = place.rpartition("/vars/")
            rest.setdefault(group or "model", []).append(
                Weight(f"weight {leaf}", *arrays[place], path, place)
            )
    layers += [LayerWeights(name, "", weights=tuple(found)) for name, found in rest.items()]
    return tuple(layers)


def _by_name(
    path: Path,
    group: h5py.Group,
    listed: Sequence[structure.Entry],
    arrays: dict[str, tuple[tuple[int, ...], Any]],
) -> tuple[LayerWeights, ...]:
    """Return the layers of a file of Keras 1 and 2, whose groups are called after layers."""
    before = group.name.strip("/")
    weights: dict[str, list[Weight]] = {}
    for outer in _names(group, "layer_names"):
        inner = group.get(outer)
        if inner is None:
            raise ValueError(f"the weights of layer {outer} are missing")
        for name in _names(inner, "weight_names"):
            place = "/".join(part for part in (before, outer, name) if part)
            if place not in arrays:
                raise ValueError(f"the weight {name} of layer {outer} is missing")
            layer, told = _owner(outer, name, listed)
            weights.setdefault(layer, []).append(Weight(told, *arrays[place], path, place))
    made = [
        LayerWeights(one.name, one.kind, one.config, one.inbound,
                     tuple(weights.pop(one.name, ())), one.module)
        for one in listed
    ]  # fmt: skip
    made += [LayerWeights(name, "", weights=tuple(found)) for name, found in weights.items()]
    return tuple(made)


def _owner(outer: str, name: str, listed: Sequence[structure.Entry]) -> tuple[str, str]:
    """Return the layer that a weight belongs to, in a model within the model too, and its name."""
    *groups, leaf = name.split("/")
    leaf = re.sub(r":\d+$", "", leaf).replace("_", " ")
    for one in listed:
        if one.name.startswith(f"{outer}/") and one.name.rpartition("/")[2] in groups:
            return one.name, leaf
    parts = [part.replace("_", " ") for part in groups if re.match(r"(forward|backward)_", part)]
    return outer, " ".join([*parts[:1], leaf])


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """Return the names that an attribute lists, which long ones are cut into several for."""
    found: list[str] = []
    parts = [group.attrs[attribute]] if attribute in group.attrs else []
    while f"{attribute}{len(parts)}" in group.attrs:
        parts.append(group.attrs[f"{attribute}{len(parts)}"])
    for part in parts:
        found += [n.decode("utf-8") if isinstance(n, bytes) else str(n) for n in part]
    return found


def _name(place: str, kind: str, config: Mapping[str, Any]) -> str:
    """Return what Keras calls an array, from its place within its layer: `vars/0`."""
    *groups, last = place.split("/")
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

"""Building the model of a file with Keras, safe mode always on; old files are repaired on a copy.

For worker and inspector processes: this imports Keras.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue
from kerastui.models.network.errors import first_line
from kerastui.models.saved import store
from kerastui.models.saved.model import SavedModel
from kerastui.models.saved.read import read
from kerastui.models.saved.repair import Repair, repair


@dataclass
class Loaded:
    """A model out of a file.

    Attributes:
        model: The model, compiled as the file says where that is still possible.
        changes: What had to be changed in its structure, in words; empty for today's files.
        notes: What else is worth knowing.
    """

    model: keras.Model
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def load(path: Path) -> Loaded:
    """Build the model of a `.keras`, `.h5` or `.json` file, with its weights.

    Code that a file brings along is never executed. The file is not changed.

    Raises:
        UserError: It is no model, or one that can't be built; the message says all reasons.
    """
    found = read(path)
    done = repair(found)
    if done.refused:
        raise UserError(
            f"{path.name} can't be built: {' '.join(done.refused[:3])}",
            "What is in it can be looked at all the same.",
        )
    why = ""
    if found.format != "json" and found.keras_version.startswith("3"):
        for compiled in (True, False):
            try:
                model = keras.saving.load_model(path, compile=compiled, safe_mode=True)
            except Exception as error:  # of a version with other arguments: repaired below
                why = first_line(error)
                continue
            loaded = Loaded(model)
            if not compiled:
                _compile(loaded, done)
            return loaded
    try:
        structure = {k: v for k, v in done.structure.items() if k != "compile_config"}
        model = keras.saving.deserialize_keras_object(structure, safe_mode=True)
    except Exception as error:
        raise UserError(
            f"{path.name} can't be built: {why or first_line(error)}",
            "What is in it can be looked at all the same.",
        ) from None
    loaded = Loaded(model, done.changes)
    _fill(loaded, found)
    _compile(loaded, done)
    return loaded


def _fill(loaded: Loaded, found: SavedModel) -> None:
    """Put the weights in; Keras checks their number and their shapes."""
    source = found.path
    if found.format == "json":
        beside = next(_beside(found.path), None)
        if beside is None:
            loaded.notes.append(
                "The file holds the structure alone, and no weights lie beside it: the weights "
                "are new."
            )
            return
        loaded.notes.append(f"weights from {beside.name}")
        source = beside
    _check_kernels(found)
    with tempfile.TemporaryDirectory(prefix="kerastui-") as folder:
        modern = _modern(source)
        copy = Path(folder) / ("model.weights.h5" if modern else "model.h5")
        if found.format == "keras":
            store.unpack(source, copy)
        else:
            shutil.copyfile(source, copy)
        try:
            loaded.model.load_weights(copy)
        except Exception as error:
            raise UserError(
                f"The weights in {source.name} don't fit the model: {first_line(error)}",
                "Open the file that was saved together with this structure.",
            ) from None


def _modern(path: Path) -> bool:
    """Say whether weights are laid out as Keras 3 does it."""
    with store.hdf5(path) as file:
        group = file.get("model_weights", file)
        return not {"layer_names", "layer_names0"} & set(group.attrs)


def _beside(path: Path) -> Iterator[Path]:
    """Yield the files beside a structure that may hold its weights."""
    for name in (f"{path.stem}.weights.h5", f"{path.stem}_weights.h5", f"{path.stem}.h5"):
        if (candidate := path.with_name(name)).is_file():
            yield candidate


def _check_kernels(found: SavedModel) -> None:
    if found.backend == "theano" and any(layer.kind.startswith("Conv") for layer in found.layers):
        raise UserError(
            f"{found.path.name} was saved with the backend Theano, which turned the kernels of "
            "convolutions around.",
            "Only models of TensorFlow can be brought over.",
        )


def _compile(loaded: Loaded, done: Repair) -> None:
    """Compile as the file says; where that is no longer possible the model stays as it is."""
    training = done.training
    plain = training.get("optimizer_config") or training.get("optimizer")
    if not training or not plain:
        loaded.notes.append("The file does not say how the model was compiled.")
        return
    try:
        optimizer: Any = plain
        if isinstance(plain, Mapping):
            optimizer = keras.optimizers.deserialize(
                {"class_name": plain["class_name"], "config": dict(plain.get("config") or {})}
            )
        loss, metrics = _loss(training.get("loss")), _metrics(training.get("metrics"))
        if unknown := [name for name in (loss, *metrics) if _is_foreign(name)]:
            loaded.notes.append(
                f"How it was compiled can't be taken over: {unknown[0]} is a function of its own, "
                "whose code is not in the file."
            )
            return
        loaded.model.compile(optimizer, loss, metrics=metrics)
        # Unbuilt it would be saved with fewer variables than Keras expects to read again.
        loaded.model.optimizer.build(loaded.model.trainable_variables)
    except Exception as error:
        loaded.notes.append(f"How it was compiled can't be taken over: {first_line(error)}")


def _is_foreign(name: Any) -> bool:
    """Say whether a loss or metric is by its name none of Keras' own."""
    if isinstance(name, Mapping):
        return "class_name" in name or any(_is_foreign(one) for one in name.values())
    known = catalogue.load()
    return isinstance(name, str) and not (known.get("losses", name) or known.get("metrics", name))


def _loss(plain: Any) -> Any:
    if isinstance(plain, Mapping) and plain.get("class_name") == "function":
        return str(plain.get("config"))
    if isinstance(plain, Mapping) and "class_name" in plain:
        settings = {k: v for k, v in dict(plain.get("config") or {}).items() if k != "fn"}
        if settings.get("reduction") == "auto":
            settings["reduction"] = "sum_over_batch_size"
        return keras.losses.deserialize({"class_name": plain["class_name"], "config": settings})
    return plain


def _metrics(plain: Any) -> list[Any]:
    """Return metrics by name out of the nests that Keras 2 wrote."""
    if isinstance(plain, str):
        return [plain]
    if isinstance(plain, Mapping) and "class_name" in plain:
        kind, config = str(plain["class_name"]), plain.get("config")
        if kind == "function":
            return [str(config)]
        settings = dict(config) if isinstance(config, Mapping) else {}
        if kind != "MeanMetricWrapper" and catalogue.load().get("metrics", kind):
            return [kind]
        return [str(settings.get("fn") or settings.get("name") or kind)]
    if isinstance(plain, list | tuple):
        return [metric for one in plain for metric in _metrics(one)]
    return []

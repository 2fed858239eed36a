"""What must be changed in the structure of an old model so that today's Keras builds it.

Works on the plain values of the file alone. Every change is said in words; what can't be brought
over is refused with the reason. Keras 2 files of all three formats are understood, of Keras 1 the
layers that only changed their names (`repair_first`).
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kerastui.models.catalogue import catalogue
from kerastui.models.saved import repair_first, repair_layers
from kerastui.models.saved.model import SavedModel

MODELS = frozenset({"Sequential", "Functional", "Model"})

CODE = {
    "Lambda": "is a Python function, which would be executed",
    "TFOpLambda": "is an operation of TensorFlow, which Keras 3 keeps in no file",
    "SlicingOpLambda": "is an operation of TensorFlow, which Keras 3 keeps in no file",
    "TensorFlowOpLayer": "is an operation of TensorFlow, which Keras 3 keeps in no file",
    "TFSMLayer": "runs a program that was saved by TensorFlow",
    "CuDNNLSTM": "has weights that only a GPU of Keras 2 could use",
    "CuDNNGRU": "has weights that only a GPU of Keras 2 could use",
}
"""Layers that are never rebuilt, and why."""

_KNOWN = frozenset({*MODELS, "InputLayer"})

_GONE: dict[str, tuple[Any, ...]] = {
    "time_major": (False,), "groups": (1,), "ragged": (False, None), "sparse": (False, None),
    "batch_input_shape": (), "input_length": (), "input_dtype": (), "dynamic": (False,),
    "implementation": (), "rng_type": (), "query_shape": (), "key_shape": (),
    "value_shape": (), "optional": (False,), "quantization_config": (None,),
}  # fmt: skip
"""Arguments that Keras 3 lacks -> the values with which they meant nothing; empty: all of them."""

_STRUCTURAL = frozenset({"name", "dtype", "trainable", "batch_shape", "layer", "forward_layer",
                         "backward_layer", "cell", "cells"})  # fmt: skip
_INTERNAL = frozenset({"jit_compile", "is_legacy_optimizer"})

_HOLDERS = {"initializer": "initializers", "regularizer": "regularizers",
            "constraint": "constraints"}  # fmt: skip


@dataclass
class Repair:
    """A structure as today's Keras takes it.

    Attributes:
        structure: The model's structure; as it was where nothing had to be changed.
        training: How it is compiled.
        changes: What was changed, in words.
        refused: What can't be rebuilt, and why; empty where all of it can.
    """

    structure: dict[str, Any]
    training: dict[str, Any]
    changes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def repair(model: SavedModel) -> Repair:
    """Return the structure of a model with all changes that it needs."""
    done = Repair(copy.deepcopy(dict(model.structure)), copy.deepcopy(dict(model.training)))
    if model.format == "weights" or not model.structure:
        done.refused.append(
            "The file holds weights alone: the structure is not in it. It can be given to an "
            "application of the same kind (VGG16 …) as its weights, or opened through the .json "
            "that lies beside it under the same name."
        )
        return done
    work = _Work(done, model.keras_version)
    if repair_first.is_first(model):
        done.structure = repair_first.brought_over(done.structure, done.changes, done.refused)
    work.model(done.structure, "")
    work.training()
    work.sum_up()
    return done


class _Work:
    """One repair under way; equal changes of many layers are counted, then said once."""

    def __init__(self, done: Repair, version: str) -> None:
        self.done = done
        self.version = version
        self.counted: Counter[str] = Counter()

    def sum_up(self) -> None:
        for text, count in self.counted.items():
            self.done.changes.append(text if count == 1 else f"{text} ({count} times)")

    def model(self, entry: dict[str, Any], outer: str) -> None:
        """Repair a model: its class, its layers, the names that its layers call each other."""
        if entry.get("class_name") == "Model":
            entry["class_name"] = "Functional"
            self.counted["class Model is called Functional"] += 1
        kind = str(entry.get("class_name"))
        module = "keras.src.models.functional" if kind == "Functional" else "keras"
        if entry.get("module") not in (module, "keras"):
            self.counted["the modules of classes are named"] += 1
        entry["module"] = module
        # As Keras itself writes it.
        entry["registered_name"] = "Functional" if kind == "Functional" else None
        config = entry.get("config")
        if isinstance(config, list):
            config = entry["config"] = {"name": "model", "layers": config}
            self.counted["the list of layers got a name"] += 1
        if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
            self.done.refused.append(
                f"The model {outer.rstrip('/') or 'itself'} lists no layers: it is of a class of "
                f"its own ({kind[:60]}), whose code is not in the file."
            )
            return
        self.names(config)
        if entry["class_name"] == "Sequential":
            self.input(config["layers"])
        for layer in config["layers"]:
            if not isinstance(layer, dict):
                self.done.refused.append(f"A layer is described by {str(layer)[:40]!r}.")
                continue
            inner = layer.get("config")
            name = f"{outer}{(inner if isinstance(inner, dict) else {}).get('name', 'layer')}"
            if layer.get("class_name") in MODELS:
                self.model(layer, f"{name}/")
            else:
                self.layer(layer, name)
        if entry["class_name"] != "Sequential":
            self.calls(config)

    def names(self, config: dict[str, Any]) -> None:
        """Take slashes out of the names of layers; Keras 3 accepts none."""
        renamed: dict[str, str] = {}
        for layer in config["layers"]:
            inner = layer.get("config") if isinstance(layer, dict) else None
            if isinstance(inner, dict) and "/" in str(inner.get("name", "")):
                old = str(inner["name"])
                renamed[old] = inner["name"] = old.replace("/", "_")
                layer["name"] = inner["name"]
        if not renamed:
            return
        self.counted["slashes in names of layers became underscores"] += len(renamed)
        for key in ("input_layers", "output_layers"):
            config[key] = _renamed(config.get(key), renamed)
        for layer in config["layers"]:
            if isinstance(layer, dict) and "inbound_nodes" in layer:
                layer["inbound_nodes"] = _renamed(layer["inbound_nodes"], renamed)

    def layer(self, entry: dict[str, Any], name: str) -> None:
        """Repair a layer and what stands in its arguments."""
        if change := repair_layers.renamed(entry):
            self.counted[change] += 1
        kind = str(entry.get("class_name", ""))
        if why := CODE.get(kind) or repair_layers.NOT_BROUGHT_OVER.get(kind):
            self.done.refused.append(f"The layer {name} ({kind}) {why}.")
            return
        known = _entry(kind)
        package = str(entry.get("registered_name") or "")
        if (known is None and kind not in _KNOWN) or (package and ">" in package):
            self.done.refused.append(
                f"The layer {name} is of the class {package or kind!r}, whose code is not in the "
                "file and is not part of Keras."
            )
            return
        if not str(entry.get("module") or "").startswith("keras.layers"):
            self.counted["the modules of classes are named"] += 1
        entry["module"], entry["registered_name"] = "keras.layers", None
        config = entry.get("config")
        if not isinstance(config, dict):
            config = entry["config"] = {}
        if kind == "InputLayer":
            self.first_shape(config)
        accepted = {parameter.name for parameter in known.parameters} if known else set()
        if functions := [key for key, value in config.items() if repair_layers.is_code(value)]:
            self.done.refused.append(
                f"The {functions[0]} of the layer {name} is a Python function, which would be "
                "executed."
            )
            return
        if not self.version.startswith("3"):
            self.counted.update(repair_layers.other_functions(config))
        if known and "trainable" not in accepted:
            config.pop("trainable", None)  # a layer without weights
        self.arguments(kind, name, config, accepted)
        for inner in ("layer", "forward_layer", "backward_layer", "cell"):
            if isinstance(config.get(inner), dict):
                self.layer(config[inner], f"{name}/{inner}")
        for cell in config.get("cells") or ():
            if isinstance(cell, dict):
                self.layer(cell, f"{name}/cell")

    def first_shape(self, config: dict[str, Any]) -> None:
        if "batch_input_shape" in config:
            config["batch_shape"] = config.pop("batch_input_shape")
            self.counted["batch_input_shape of the input is called batch_shape"] += 1

    def arguments(self, kind: str, name: str, config: dict[str, Any], accepted: set[str]) -> None:
        """Repair the arguments of a layer: those that are gone, and objects among them."""
        for key, value in list(config.items()):
            if key in _GONE and key not in accepted:
                if _GONE[key] and value not in _GONE[key]:
                    if key in ("sparse", "ragged", "optional") and kind == "InputLayer":
                        continue
                    self.done.refused.append(
                        f"The layer {name} ({kind}) has {key} = {value!r}, which Keras 3 lacks."
                    )
                    continue
                if kind == "InputLayer" and key in ("sparse", "ragged", "optional"):
                    continue
                del config[key]
                if key != "batch_input_shape":
                    self.counted[f"{kind}: {key}, which is gone, was left out"] += 1
            elif isinstance(value, Mapping) and "class_name" in value:
                self.object(key, dict(value), config)
            elif key == "axis" and isinstance(value, list) and len(value) == 1:
                config[key] = value[0]
                self.counted[f"{kind}: axis {value} is written {value[0]}"] += 1
        unknown = set(config) - accepted - _STRUCTURAL
        if kind == "InputLayer":
            return
        for key in sorted(unknown):
            # With the weights at hand it no longer matters how they began.
            harmless = config[key] in (None, False, "auto") or key.endswith("_initializer")
            if harmless and accepted:
                del config[key]
                self.counted[f"{kind}: {key}, which says nothing, was left out"] += 1

    def object(self, key: str, value: dict[str, Any], config: dict[str, Any]) -> None:
        """Name the module of an initializer, regularizer, constraint or policy."""
        if key == "dtype":
            inner = value.get("config") or {}
            name = inner.get("name") if isinstance(inner, Mapping) else None
            config[key] = name or "float32"
            if value.get("class_name") == "Policy":
                self.counted["dtype policies are written by name"] += 1
            return
        place = next((module for end, module in _HOLDERS.items() if key.endswith(end)), "")
        if not place:
            return
        if not value.get("module"):
            value["module"], value["registered_name"] = f"keras.{place}", None
        inner = value.get("config")
        if isinstance(inner, dict):
            entry = _entry(str(value.get("class_name", "")), place)
            accepted = {parameter.name for parameter in entry.parameters} if entry else None
            for name in list(inner):
                if name == "dtype" or (accepted is not None and name not in accepted
                                       and inner[name] is None):  # fmt: skip
                    del inner[name]
        config[key] = value

    def input(self, layers: list[Any]) -> None:
        """Give a stack its input where a first layer's `batch_input_shape` was all there was."""
        first = layers[0] if layers and isinstance(layers[0], dict) else {}
        if first.get("class_name") == "InputLayer":
            return
        shapes = [first.get(place) or {} for place in ("config", "build_config")]
        shape = shapes[0].get("batch_input_shape") or shapes[1].get("input_shape")
        if isinstance(shape, list):
            layers.insert(0, {
                "module": "keras.layers", "class_name": "InputLayer", "registered_name": None,
                "config": {"batch_shape": shape, "dtype": "float32", "name": "input"},
            })  # fmt: skip
            self.counted["the shape of the input became a layer Input"] += 1

    def calls(self, config: dict[str, Any]) -> None:
        """Count the calls of stacks as Keras 3 does; before, a stack's own input was the first."""
        layers = [layer for layer in config["layers"] if isinstance(layer, dict)]
        nodes = [node for layer in layers for node in layer.get("inbound_nodes") or ()]
        if not any(isinstance(node, list) for node in nodes):
            return
        stacks = {
            str((layer.get("config") or {}).get("name"))
            for layer in layers
            if layer.get("class_name") in MODELS
        }
        # Only where none is called by 0 the model's own input took that number.
        stacks -= set(_called_first([*nodes, config.get("output_layers")]))
        for layer in layers:
            inner = layer.get("config")
            if repair_layers.fed_by_name(layer):
                self.done.refused.append(
                    f"The layer {(inner or {}).get('name', '')} ({layer.get('class_name')}) is "
                    "given tensors by the names of arguments; Keras 3 can't connect those of "
                    "older files."
                )
            layer.setdefault("name", inner.get("name") if isinstance(inner, dict) else "")
        references = [*nodes, config.get("output_layers")]
        if count := sum(_count_from_zero(node, stacks) for node in references):
            self.counted["calls of stacks are counted from their first"] += count

    def training(self) -> None:
        """Repair how the model is compiled."""
        training = self.done.training
        optimizer = training.get("optimizer_config") or training.get("optimizer")
        if not isinstance(optimizer, dict):
            return
        if (inner := repair_layers.unwrapped(optimizer)) is not optimizer:
            self.counted["optimizer: the scaling of its loss was left out"] += 1
            optimizer = training["optimizer_config"] = dict(inner)
        settings = optimizer.get("config")
        optimizer["class_name"] = str(optimizer.get("class_name", "")).rpartition(">")[2]
        if isinstance(settings, dict):
            if "lr" in settings:
                settings["learning_rate"] = settings.pop("lr")
                self.counted["optimizer: lr is called learning_rate"] += 1
            known = _entry(optimizer["class_name"], "optimizers")
            accepted = {parameter.name for parameter in known.parameters} if known else set()
            for key in sorted(set(settings) - accepted - {"name"}):
                value = settings.pop(key)
                if value not in (None, False, 0) and key not in _INTERNAL:
                    text = f"optimizer: {key} = {value!r}, which is gone, was left out"
                    self.counted[text] += 1


def _entry(name: str, kind: str = "layers") -> catalogue.Entry | None:
    return catalogue.load().get(kind, name)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    return names.get(value, value) if isinstance(value, str) else value


def _called_first(value: Any) -> Iterator[str]:
    """Yield the names of the layers whose call by the number 0 something takes."""
    if not isinstance(value, list):
        return
    if len(value) >= 3 and isinstance(value[0], str) and value[1] == 0:
        yield value[0]
        return
    for item in value:
        yield from _called_first(item)


def _count_from_zero(value: Any, stacks: set[str]) -> int:
    """Lower the number of every call `[stack, number, tensor]` by one; returns how many."""
    if not isinstance(value, list):
        return 0
    called = len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int)
    if called and value[0] in stacks:
        value[1] = max(0, value[1] - 1)
        return 1
    return sum(_count_from_zero(item, stacks) for item in value)

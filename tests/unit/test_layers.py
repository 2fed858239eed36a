"""Every layer of the catalogue becomes part of a model, and does what a seed says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import GraphModel, SequentialModel
from kerastui.models.network.applications import GROUP

keras = pytest.importorskip("keras")

from kerastui.models.network import summary  # noqa: E402
from kerastui.models.network.building import build_model  # noqa: E402

SHAPES: dict[str, tuple[int, ...]] = {
    "a row": (8,), "steps": (6, 4), "a picture": (16, 16, 3), "a volume": (8, 8, 8, 2),
    "a film": (3, 16, 16, 3), "volumes": (3, 8, 8, 8, 2), "a sound": (4000,),
    "a long series": (600, 1),
}  # fmt: skip
USUAL: dict[str, Any] = {
    "units": 4, "filters": 4, "kernel_size": 3, "rate": 0.5, "input_dim": 50, "output_dim": 5,
    "n": 3, "num_heads": 2, "key_dim": 4, "head_dim": 4, "stddev": 0.1, "num_query_heads": 4,
    "num_key_value_heads": 2, "output_size": 2, "height": 8, "width": 8, "factor": 0.2,
    "height_factor": 0.2, "width_factor": 0.2, "num_bins": 10, "dims": [2, 1], "axes": 1,
    "target_shape": [-1], "activation": "relu", "pool_size": 2, "scale": 0.1, "max_number": 3,
    "equation": "ab,bc->ac", "output_shape": [3],
}  # fmt: skip
OWN: dict[str, dict[str, Any]] = {
    "Bidirectional": {"layer": {"type": "GRU", "units": 3}},
    "TimeDistributed": {"layer": {"type": "Dense", "units": 3}},
    "SpectralNormalization": {"layer": {"type": "Dense", "units": 3}},
    "Pipeline": {"layers": [{"type": "RandomFlip"}, {"type": "Rescaling", "scale": 0.1}]},
    "RNN": {"cell": {"type": "LSTMCell", "units": 3}},
    "StackedRNNCells": {"cells": [{"type": "GRUCell", "units": 3}]},
    "CategoryEncoding": {"num_tokens": 10},
    "Discretization": {"bin_boundaries": [1.0, 4.0]},
    "GroupNormalization": {"groups": 2},
    "IntegerLookup": {"vocabulary": [1, 2, 3]},
    "RandomPosterization": {"factor": 4},
}
"""Parameters without which, or with the usual ones, Keras does not make the layer."""

LAYERS = [entry for entry in catalogue.entries("layers") if entry.group != GROUP]


def example(entry: catalogue.Entry) -> dict[str, Any]:
    usual = {p.name: USUAL[p.name] for p in entry.parameters if p.required and p.name in USUAL}
    layer = {"type": entry.name, **usual, **OWN.get(entry.name, {})}
    # A cell is the inside of a recurrent layer.
    cell = entry.name.endswith(("Cell", "Cells"))
    return {"type": "RNN", "cell": layer} if cell else layer


def models(entry: catalogue.Entry) -> list[tuple[Any, Any]]:
    """Models with the layer alone, with one input and with two, for each kind of input."""
    layer = example(entry)
    found: list[tuple[Any, Any]] = []
    for shape in SHAPES.values():
        found.append((SequentialModel.model_validate({"layers": [layer]}), shape))
        both = GraphModel.model_validate(
            {"inputs": [{"name": "a"}, {"name": "b"}], "outputs": ["o"],
             "nodes": [{"name": "o", "from": ["a", "b"], **layer}]}
        )  # fmt: skip
        found.append((both, {"a": shape, "b": shape}))
    return found


@pytest.mark.parametrize("entry", LAYERS, ids=lambda entry: entry.name)
def test_every_layer_can_be_followed(entry: catalogue.Entry) -> None:
    problems = []
    for model, shape in models(entry):
        found = summary.shapes(model, shape)
        if not found.problem:
            return
        problems.append(found.problem)
    pytest.fail("\n".join(problems))


def numbers(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {name: numbers(one) for name, one in shape.items()}
    return np.random.default_rng(0).integers(0, 9, (2, *shape)).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize("entry", LAYERS, ids=lambda entry: entry.name)
def test_every_layer_works_and_follows_the_seed(entry: catalogue.Entry) -> None:
    problems: list[str] = []
    for model, shape in models(entry):
        if summary.shapes(model, shape).problem:
            continue
        outputs = []
        try:
            for _ in range(2):
                keras.utils.clear_session(free_memory=False)
                made = build_model(model, shape, seed=7)
                outputs.append(keras.tree.flatten(made(numbers(shape), training=True)))
        except Exception as error:
            problems.append(f"{shape}: {str(error)[:200]}")
            continue
        for one, other in zip(*outputs, strict=True):
            assert np.array_equal(*map(keras.ops.convert_to_numpy, (one, other)))
        return
    pytest.fail("\n".join(problems))


def test_what_is_left_out_has_a_reason() -> None:
    offered = {entry.name for entry in LAYERS}
    public = {name for name, value in vars(keras.layers).items()
              if isinstance(value, type) and name[0] != "_"}  # fmt: skip
    aliases = {alias for entry in LAYERS for alias in entry.aliases}
    excluded = catalogue.load().excluded["layers"]
    assert public - offered - aliases - set(excluded) == set()
    assert all(reason for reason in excluded.values())

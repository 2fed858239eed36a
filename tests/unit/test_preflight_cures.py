"""Cures of the pre-flight check that must find their place, and lead to a sound experiment."""

from __future__ import annotations

import numpy as np
import pytest

from kerastui.models.experiment.schema import Experiment
from kerastui.models.network.building import build_model, compile_model
from kerastui.models.preflight.checks import Facts
from kerastui.models.preflight.facts import Cure

from .preflight_experiments import BCE, SCCE, data, dense, experiment, found


def cured(given_experiment: Experiment, given_data: Facts) -> Experiment:
    """The experiment with the first cure of each problem made, one after another."""
    for _ in range(5):
        problems = [one for one in found(given_experiment, given_data) if one.level == "problem"]
        if not problems:
            break
        given_experiment = given_experiment.changed(problems[0].cures[0].changes)
    assert not found(given_experiment, given_data)
    return given_experiment


def test_axes_go_before_the_last_layer_with_weights() -> None:
    convolution = {"type": "Conv2D", "filters": 2, "kernel_size": [3, 3]}
    rescaling = {"type": "Rescaling", "scale": 49.0, "offset": 276.0}
    facts = data("regression", input_shape=(4, 4, 1))
    spec = experiment("regression", convolution, dense(1), rescaling, loss="mse")
    (finding,) = found(spec, facts)
    assert [cure.words for cure in finding.cures] == [
        "add Flatten before Dense", "add GlobalAveragePooling2D before Dense",
    ]  # fmt: skip
    done = cured(spec, facts)
    assert [layer.type for layer in done.model.layers] == [
        "Conv2D", "Flatten", "Dense", "Rescaling",
    ]  # fmt: skip
    # Nothing can be flattened before the convolution itself: it goes before what follows.
    (finding,) = found(experiment("regression", convolution, rescaling, loss="mse"), facts)
    assert finding.cures[0].words == "add Flatten before it"


def test_units_are_changed_in_the_last_layer_with_weights() -> None:
    rescaling = {"type": "Rescaling", "scale": 49.0}
    spec = experiment("regression", dense(8), dense(3), rescaling, loss="mse")
    (finding,) = found(spec, data("regression"))
    assert finding.cures == (Cure("give Dense one unit", {"model.layers.1.units": 1}),)
    cured(spec, data("regression"))
    # Where the places of several are laid side by side, one unit more or less is no cure.
    flat = experiment("regression", {"type": "Reshape", "target_shape": [2, 2]}, dense(3),
                      {"type": "Flatten"}, loss="mse")  # fmt: skip
    (finding,) = found(flat, data("regression", input_shape=(4,)))
    assert finding.cures == ()


@pytest.mark.parametrize("name", ["two words", "größe", "a:b"])
def test_names_that_tensorflow_would_refuse_in_the_first_step(name: str) -> None:
    stack = experiment("binary", dense(3, "relu", name=name), dense(1, "sigmoid"), loss=BCE)
    (finding,) = found(stack, data())
    assert finding.where == "model.layers.0"
    assert repr(name) in finding.sentence
    built = build_model(cured(stack, data()).model, (4,), seed=1)
    compile_model(built, stack.compile)
    built.fit(np.ones((4, 4), "float32"), np.ones((4, 1)), verbose=0)
    elsewhere = stack.model_copy(update={"backend": "jax"})
    assert not found(elsewhere, data())


def test_a_node_is_renamed_wherever_it_is_spoken_of() -> None:
    graph = Experiment.model_validate(
        {
            "data": {"dataset": "iris", "task": "binary"},
            "model": {
                "kind": "graph",
                "inputs": [{"name": "in"}],
                "nodes": [
                    {"name": "my node", "from": ["in"], **dense(3)},
                    {"name": "the end", "from": ["my node"], **dense(1, "sigmoid")},
                ],
                "outputs": ["the end"],
            },
            "compile": {"loss": {"the end": BCE}, "metrics": {"the end": ["accuracy"]}},
        }
    )
    renamed = cured(graph, data()).plain()
    assert renamed["model"]["nodes"][1]["from"] == ["my_node"]
    assert renamed["model"]["outputs"] == ["the_end"]
    assert list(renamed["compile"]["loss"]) == list(renamed["compile"]["metrics"]) == ["the_end"]


def test_a_name_that_is_there_twice() -> None:
    stack = experiment("binary", dense(3, name="a"), dense(1, "sigmoid", name="a"), loss=BCE)
    assert [layer.name for layer in cured(stack, data()).model.layers] == ["a", "a_1"]  # type: ignore[union-attr]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_metric_that_tensorflow_has_in_full_precision_only(precision: str) -> None:
    top = experiment("multiclass", dense(3, "softmax"), loss=SCCE,
                     metrics=["SparseTopKCategoricalAccuracy"])  # fmt: skip
    assert not found(top, data("multiclass"))
    half = top.changed({"precision": precision})
    (finding,) = found(half, data("multiclass"))
    assert (finding.level, finding.where) == ("problem", "compile.metrics.0")
    assert cured(half, data("multiclass")).plain()["model"]["layers"][0]["dtype"] == "float32"

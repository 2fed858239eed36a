"""One real batch before the start: it finds what shapes can't tell, and leaves nothing behind."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from kerastui.models.experiment.schema import Experiment

keras = pytest.importorskip("keras")

from kerastui.models.network.building import build_model, compile_model  # noqa: E402
from kerastui.models.preflight.batch import try_batch  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 6, 1)).astype(np.float32)
Y = (X.sum(axis=(1, 2)) > 0).astype(np.float32)


def experiment(*layers: dict[str, Any], loss: Any = "binary_crossentropy",
               optimizer: Any = "adam", **more: Any) -> Experiment:  # fmt: skip
    return Experiment.model_validate(
        {"data": {"dataset": "iris", "task": "binary"}, "model": {"layers": list(layers)},
         "compile": {"loss": loss, "optimizer": optimizer, "metrics": ["accuracy"]},
         "fit": {"batch_size": 16, "epochs": 2}, **more}
    )  # fmt: skip


LAST = {"type": "Dense", "units": 1, "activation": "sigmoid"}
RICH = experiment(
    {"type": "GaussianNoise", "stddev": 0.1},
    {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 4, "dropout": 0.2}},
    {"type": "BatchNormalization"},
    {"type": "Dropout", "rate": 0.5},
    LAST,
)


def built(spec: Experiment, x: Any = X) -> Any:
    keras.utils.clear_session(free_memory=False)
    return compile_model(build_model(spec.model, x.shape[1:], seed=spec.seed), spec.compile)


def values(variable: Any) -> Any:
    return np.array(keras.ops.convert_to_numpy(variable))


@pytest.mark.slow
@pytest.mark.parametrize("x", [X, (X > 0).astype("uint8")])
def test_training_gives_the_same_bits_as_without_it(x: Any) -> None:
    found = []
    for tried in (True, False):
        model = built(RICH, x)
        before = [values(v) for v in model.variables]
        states = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]
        if tried:
            assert try_batch(RICH, model, x, Y) == []
            for was, variable in zip(before, model.variables, strict=False):
                assert np.array_equal(was, values(variable)), variable.path
            now = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]
            assert now == states
        history = model.fit(x, Y, batch_size=16, epochs=2, verbose=0, shuffle=True).history
        found.append((model.get_weights(), history))
    (ours, history), (theirs, other) = found
    for one, two in zip(ours, theirs, strict=True):
        assert np.array_equal(one, two)
    assert history == other


def test_a_number_the_embedding_does_not_know() -> None:
    spec = experiment({"type": "Embedding", "input_dim": 4, "output_dim": 2},
                      {"type": "Flatten"}, LAST)  # fmt: skip
    words = np.full((8, 6), 9, dtype=np.int32)
    model = built(spec, words)
    (finding,) = try_batch(spec, model, words, Y[:8])
    assert finding.level == "problem"
    assert "does not go through the model" in finding.sentence
    assert "9" in finding.sentence


def test_a_loss_that_is_no_number_from_the_start() -> None:
    spec = experiment({"type": "Flatten"}, {"type": "Dense", "units": 1}, loss="mse")
    model = built(spec)
    (finding,) = try_batch(spec, model, X * 1e38, Y * 1e38)
    assert (finding.level, finding.where) == ("problem", "compile.loss")
    assert "loss of the first batch is" in finding.sentence


def test_a_dead_end_that_no_gradient_passes() -> None:
    dead = {"type": "Dense", "units": 1, "activation": "relu", "bias_initializer":
            {"type": "Constant", "value": -100.0}}  # fmt: skip
    spec = experiment({"type": "Flatten"}, dead, loss="mse")
    (finding,) = try_batch(spec, built(spec), X, Y)
    assert finding.level == "warning"
    assert "No gradient reaches any weight" in finding.sentence
    assert spec.changed(finding.cures[0].changes).seed == spec.seed + 1


def test_nothing_to_train() -> None:
    spec = experiment({"type": "Flatten"}, {**LAST, "trainable": False})
    (finding,) = try_batch(spec, built(spec), X, Y)
    assert "Nothing is trained" in finding.sentence


def test_several_inputs_and_outputs_go_through_it() -> None:
    nodes: list[dict[str, Any]] = [
        {"name": "both", "type": "Concatenate", "from": ["a", "b"]},
        {"name": "p", "type": "Dense", "units": 1, "from": ["both"]},
        {"name": "q", "type": "Dense", "units": 1, "from": ["both"], "activation": "sigmoid"},
    ]
    model = {"kind": "graph", "inputs": [{"name": "a"}, {"name": "b"}], "nodes": nodes,
             "outputs": ["p", "q"]}  # fmt: skip
    losses = {"p": "mse", "q": "binary_crossentropy"}
    spec = experiment(LAST).changed({"model": model, "compile.loss": losses})
    made = build_model(spec.model, {"a": (2,), "b": (4,)}, seed=1)
    compile_model(made, spec.compile)
    x = {"a": X[:, :2, 0], "b": X[:, 2:, 0]}
    assert try_batch(spec, made, x, {"p": Y, "q": Y}) == []
    assert made.evaluate(x, {"p": Y, "q": Y}, verbose=0) is not None

"""Building with the real Keras: same bits as a plain script, plain words when it refuses."""

from __future__ import annotations

import json
import random
from typing import Any

import keras
import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue
from kerastui.models.catalogue.derive import whole
from kerastui.models.experiment.schema import Compile, GraphModel, Part, SequentialModel
from kerastui.models.network import summary
from kerastui.models.network.building import build_model, compile_model
from kerastui.models.network.errors import LayerError
from kerastui.models.network.parts import make

L = keras.layers


def stack(*layers: dict[str, Any]) -> SequentialModel:
    return SequentialModel.model_validate({"layers": list(layers)})


def graph(**fields: Any) -> GraphModel:
    return GraphModel.model_validate(fields)


def layer(type_: str, **parameters: Any) -> dict[str, Any]:
    return {"type": type_, **parameters}


def same_weights(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


# --- the catalogue against the installed Keras -----------------------------------------------

same_version = pytest.mark.skipif(
    catalogue.load().keras != keras.__version__, reason="the catalogue is for another Keras"
)


@same_version
@pytest.mark.parametrize("kind", ["schedules", "initializers", "regularizers", "constraints"])
def test_the_shipped_catalogue_is_what_keras_says(kind: str) -> None:
    shipped = json.loads(catalogue.SHIPPED.read_text(encoding="utf-8"))
    rebuilt = whole.build([kind])
    assert rebuilt["kinds"][kind] == shipped["kinds"][kind]
    assert rebuilt["excluded"].get(kind) == shipped["excluded"].get(kind)


@same_version
@pytest.mark.slow
def test_the_whole_shipped_catalogue_is_what_keras_says() -> None:
    shipped = catalogue.SHIPPED.read_text(encoding="utf-8")
    assert whole.dumps(whole.build()) == shipped


@pytest.mark.parametrize("kind", ["losses", "metrics", "optimizers", "initializers",
                                  "regularizers", "constraints", "activations"])  # fmt: skip
def test_every_bare_name_is_one_keras_looks_up(kind: str) -> None:
    get = getattr(keras, kind).get
    for entry in catalogue.entries(kind):
        picked = entry.name in ("accuracy", "crossentropy")  # compile itself picks these
        if entry.by_name and not picked:
            made = get(make(kind, entry.name))
            names = {getattr(made, "__name__", ""), type(made).__name__}
            assert entry.name in names


def test_public_aliases_lead_to_the_same_class() -> None:
    for entry in catalogue.entries("layers"):
        cls = getattr(keras.applications if entry.group == "applications" else L, entry.name)
        for alias in entry.aliases:
            assert alias == cls.__name__ or getattr(L, alias) is cls


# --- parts -----------------------------------------------------------------------------------


def test_make_builds_nested_parts() -> None:
    decay = layer("ExponentialDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5)
    optimizer = make("optimizers", layer("SGD", momentum=0.9, learning_rate=decay))
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    dense = make("layers", layer("Dense", units=2, kernel_regularizer=layer("L1L2", l1=0.5)))
    assert float(dense.kernel_regularizer.l1) == 0.5
    cells = make(
        "layers", layer("RNN", cell=[layer("GRUCell", units=2), layer("LSTMCell", units=3)])
    )
    assert [type(cell).__name__ for cell in cells.cell.cells] == ["GRUCell", "LSTMCell"]
    assert make("callbacks", Part(type="TerminateOnNaN")).__class__.__name__ == "TerminateOnNaN"


def test_a_bare_name_stays_as_it_is_written() -> None:
    assert make("metrics", "acc") == "acc"
    assert make("optimizers", Part(type="RMSprop")) == "RMSprop"
    assert make("initializers", "he_normal") == "he_normal"
    # Keras does not look this one up by name, so the object itself is made.
    assert isinstance(make("initializers", "Constant"), keras.initializers.Constant)


@pytest.mark.parametrize(
    ("kind", "part", "words"),
    [
        ("optimizers", layer("SGD", lr=0.1), "no parameter called 'lr'"),
        ("optimizers", {"learning_rate": 1}, "needs a type"),
        ("losses", "rmse", "no loss called 'rmse'"),
        (
            "schedules",
            layer("PiecewiseConstantDecay", boundaries=[1, 2], values=[0.1]),
            "boundaries",
        ),
    ],
)
def test_a_part_that_cannot_be_made_is_told(kind: str, part: Any, words: str) -> None:
    with pytest.raises(UserError, match=words):
        make(kind, part)


# --- models ----------------------------------------------------------------------------------


def test_a_stack_has_the_bits_of_a_plain_script() -> None:
    model = build_model(
        stack(
            layer("Dense", units=10, activation="relu", kernel_initializer="he_normal"),
            layer("Dropout", rate=0.5),
            layer("Dense", units=7, disabled=True),
            layer("Dense", units=4, kernel_initializer=layer("RandomNormal", stddev=0.1)),
            layer("Dense", units=1, name="out", kernel_regularizer=layer("L2", l2=0.01)),
        ),
        (8,),
        seed=7,
    )
    keras.utils.set_random_seed(7)
    plain = keras.Sequential(
        [
            keras.Input((8,)),
            L.Dense(10, activation="relu", kernel_initializer="he_normal"),
            L.Dropout(0.5),
            L.Dense(4, kernel_initializer=keras.initializers.RandomNormal(stddev=0.1)),
            L.Dense(1, name="out", kernel_regularizer=keras.regularizers.L2(0.01)),
        ]
    )
    assert same_weights(model, plain)
    x = np.ones((50, 8), "float32")
    assert np.array_equal(model(x, training=True), plain(x, training=True))  # dropout's seed too
    assert [one.name for one in model.layers][-1] == "out"


@pytest.mark.parametrize("seed", [1, 2])
def test_weights_follow_from_the_seed_alone(seed: int) -> None:
    spec = stack(layer("LSTM", units=3), layer("Dense", units=1))
    one = build_model(spec, (5, 1), seed=seed)
    random.random()
    np.random.rand()
    keras.random.normal((3,))
    assert same_weights(one, build_model(spec, (5, 1), seed=seed))
    assert not same_weights(one, build_model(spec, (5, 1), seed=seed + 10))


def test_a_graph_has_the_bits_of_a_plain_script() -> None:
    spec = graph(
        inputs=[{"name": "a", "shape": [4]}, {"name": "b"}],
        nodes=[
            {"name": "hidden", "type": "Dense", "units": 3, "from": ["a"]},
            {"name": "other", "type": "Dense", "units": 3, "from": ["b"]},
            {"name": "joined", "type": "Concatenate", "from": ["hidden", "other"]},
            {"name": "dropped", "type": "Dropout", "rate": 0.5, "from": ["joined"],
             "disabled": True},
            {"name": "y", "type": "Dense", "units": 1, "from": ["dropped"]},
            {"name": "z", "type": "Dense", "units": 2, "from": ["dropped"]},
        ],
        outputs=["y", "z"],
    )  # fmt: skip
    model = build_model(spec, {"b": (5,)}, seed=3)
    keras.utils.set_random_seed(3)
    a, b = keras.Input((4,), name="a"), keras.Input((5,), name="b")
    joined = L.Concatenate()([L.Dense(3)(a), L.Dense(3)(b)])
    plain = keras.Model([a, b], [L.Dense(1)(joined), L.Dense(2)(joined)])
    assert same_weights(model, plain)
    assert model.output_names == ["y", "z"]


def test_a_shared_layer_is_one_layer() -> None:
    spec = graph(
        inputs=[{"name": "left", "shape": [4]}, {"name": "right", "shape": [4]}],
        nodes=[
            {"name": "one", "type": "Dense", "units": 3, "from": ["left"]},
            {"name": "two", "type": "Dense", "from": ["right"], "shares": "one"},
            {"name": "difference", "type": "Subtract", "from": ["one", "two"]},
        ],
        outputs=["difference", "two"],
    )
    model = build_model(spec, (4,), seed=1)
    assert model.count_params() == 15
    x = np.ones((1, 4), "float32")
    difference, two = model([x, x])
    assert np.array_equal(difference, np.zeros((1, 3)))
    assert model.output_names == ["difference", "two"]
    assert two.shape == (1, 3)


@pytest.mark.parametrize(
    ("layers", "shape", "output"),
    [
        ([layer("Bidirectional", layer=layer("LSTM", units=3))], (5, 1), (None, 6)),
        ([layer("TimeDistributed", layer=layer("Dense", units=3))], (5, 2), (None, 5, 3)),
        ([layer("Embedding", input_dim=10, output_dim=4), layer("GlobalAveragePooling1D")],
         (7,), (None, 4)),
        ([layer("Reshape", target_shape=[4, 1]), layer("Conv1D", filters=2, kernel_size=3),
          layer("Flatten")], (4,), (None, 4)),
        ([layer("Pipeline", layers=[layer("Rescaling", scale=0.5), "Flatten"])], (2, 2), (None, 4)),
        ([layer("SpectralNormalization", layer=layer("Dense", units=3))], (4,), (None, 3)),
    ],
)  # fmt: skip
def test_layers_that_hold_layers(
    layers: list[dict[str, Any]], shape: tuple[int, ...], output: tuple[int | None, ...]
) -> None:
    assert build_model(stack(*layers), shape, seed=1).output_shape == output


def test_attention_over_itself() -> None:
    spec = graph(
        inputs=[{"name": "words"}],
        nodes=[{"name": "a", "type": "MultiHeadAttention", "num_heads": 2, "key_dim": 3,
                "from": ["words"]}],
        outputs=["a"],
    )  # fmt: skip
    assert build_model(spec, (6, 4), seed=1).output_shape == (None, 6, 4)


@pytest.mark.parametrize(
    ("layers", "shape", "message", "cure"),
    [
        ([layer("Conv2D", filters=3, kernel_size=3, name="conv")], (34,),
         r"layer 1, Conv2D 'conv': needs rows × columns × channels; it receives \(None, 34\)",
         "Reshape"),
        ([layer("Conv2D", filters=3, kernel_size=3)], (28, 28), "needs rows", "[28, 28, 1]"),
        ([layer("LSTM", units=3)], (8,), "steps × features", "target_shape = [8, 1]"),
        ([layer("LSTM", units=3), layer("LSTM", units=3)], (8, 1), "layer 2, LSTM",
         "return_sequences to true"),
        ([layer("Bidirectional", layer=layer("LSTM", units=3)), layer("GRU", units=3)], (8, 1),
         "layer 2, GRU", "return_sequences to true"),
        ([layer("RepeatVector", n=3)], (8, 8), "one row of numbers", "Flatten"),
        ([layer("MaxPooling2D", pool_size=3)], (2, 2, 1), "larger than the picture", "same"),
        ([layer("Conv2D", filters=1, kernel_size=5)], (3, 3, 1), "larger than the picture", "same"),
        ([layer("Reshape", target_shape=[3, 3])], (8,), r"cannot turn 8 numbers into \[3, 3\]",
         "multiply to 8"),
        ([layer("Flatten"), layer("Dense", units=2)], (None, 3), "fixed size", "fixed length"),
        ([layer("Add")], (8,), "joins several inputs", "graph"),
        ([layer("MultiHeadAttention", num_heads=1, key_dim=2)], (8, 2), "takes 2 inputs", "graph"),
        ([layer("LSTM", units=3, return_state=True), layer("Dense", units=2)], (4, 3),
         "takes one input", "return_state"),
        ([layer("BatchNormalization", axis=3)], (8,), "does not take", "Change"),
        ([layer("Dense", units=-1)], (3,), "at least 1, not -1", "Accepted"),
        ([layer("Dense", units=3), layer("Lambda")], (3,), "Lambda cannot be used", "Choose"),
    ],
)  # fmt: skip
def test_a_layer_that_does_not_fit_is_named(
    layers: list[dict[str, Any]], shape: tuple[int | None, ...], message: str, cure: str
) -> None:
    with pytest.raises(LayerError, match=message) as caught:
        build_model(stack(*layers), shape, seed=1)
    assert caught.value.where == f"model.layers.{len(layers) - 1}"
    assert cure in caught.value.hint


@pytest.mark.parametrize(
    ("join", "cure"), [("Add", "same shape"), ("Dense", "Concatenate"), ("Concatenate", "but for")]
)
def test_inputs_that_do_not_fit_together(join: str, cure: str) -> None:
    spec = graph(
        inputs=[{"name": "a", "shape": [4]}, {"name": "b", "shape": [3, 2]}],
        nodes=[{"name": "j", "type": join, "from": ["a", "b"],
                **({"units": 1} if join == "Dense" else {})}],
        outputs=["j"],
    )  # fmt: skip
    with pytest.raises(LayerError, match="'j'") as caught:
        build_model(spec, (4,), seed=1)
    assert cure in caught.value.hint
    assert caught.value.received == ((None, 4), (None, 3, 2))


def test_models_that_cannot_be() -> None:
    with pytest.raises(UserError, match="no layer"):
        build_model(stack(), (3,), seed=1)
    with pytest.raises(UserError, match="2 inputs"):
        build_model(stack(layer("Flatten")), {"a": (1,), "b": (2,)}, seed=1)
    two = graph(
        inputs=[{"name": "a"}, {"name": "b"}],
        nodes=[{"name": "j", "type": "Add", "from": ["a", "b"], "disabled": True}],
        outputs=["j"],
    )
    with pytest.raises(UserError, match="no array for the input 'b'"):
        build_model(two, {"a": (1,), "c": (2,)}, seed=1)
    with pytest.raises(LayerError, match="switched off"):
        build_model(two, (3,), seed=1)
    with pytest.raises(UserError, match="no shape of a sample"):
        build_model(stack(layer("Flatten")), (-3,), seed=1)


def test_weights_that_do_not_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def build(self: Any, input_shape: Any) -> None:
        tried.append(input_shape)
        raise MemoryError

    monkeypatch.setattr(L.Dense, "build", build)  # the real thing waits ten seconds for memory
    with pytest.raises(UserError, match="do not fit into memory"):
        build_model(stack(layer("Dense", units=10)), (3,), seed=1)
    assert len(tried) == 1
    two = graph(
        inputs=[{"name": "a"}],
        nodes=[{"name": "y", "type": "Dense", "units": 1, "from": ["a"]}],
        outputs=["y"],
    )
    with pytest.raises(LayerError, match="'y': its weights do not fit into memory"):
        build_model(two, (3,), seed=1)


# --- compile ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_whole_number_is_a_learning_rate(name: str) -> None:
    with pytest.raises(ValueError, match="should be float"):  # what Keras makes of it
        getattr(keras.optimizers, name)(learning_rate=1)
    spec = Compile.model_validate({"optimizer": layer(name, learning_rate=1)})
    assert spec.optimizer.parameters == {"learning_rate": 1.0}
    assert float(make("optimizers", spec.optimizer).learning_rate) == 1


def test_compile_gives_keras_what_is_written() -> None:
    model = build_model(stack(layer("Dense", units=1, activation="sigmoid")), (3,), seed=1)
    spec = Compile.model_validate(
        {"optimizer": layer("SGD", learning_rate=0.5), "loss": "binary_crossentropy",
         "metrics": ["acc", layer("AUC", curve="PR", name="area")]}
    )  # fmt: skip
    assert compile_model(model, spec, run_eagerly=True) is model
    assert model.run_eagerly
    assert float(model.optimizer.learning_rate) == 0.5
    found = model.evaluate(np.zeros((4, 3)), np.zeros(4), verbose=0, return_dict=True)
    assert set(found) == {"loss", "acc", "area"}


def test_one_loss_stands_for_every_output() -> None:
    spec = graph(
        inputs=[{"name": "a"}],
        nodes=[{"name": n, "type": "Dense", "units": 1, "from": ["a"]} for n in ("y", "z")],
        outputs=["y", "z"],
    )
    model = build_model(spec, (3,), seed=1)
    compile_model(model, Compile.model_validate({"loss": "mse", "metrics": ["mae"]}))
    targets = {"y": np.zeros((4, 1)), "z": np.ones((4, 1))}
    found = model.evaluate(np.zeros((4, 3)), targets, verbose=0, return_dict=True)
    assert found["z_mae"] == 1.0
    assert found["loss"] == found["y_loss"] + found["z_loss"] == 1.0
    compile_model(model, Compile.model_validate({"loss": {"y": "mse", "z": "mae"}}))
    with pytest.raises(UserError, match="names the output 'w'"):
        compile_model(model, Compile.model_validate({"loss": {"w": "mse"}}))


# --- summaries -------------------------------------------------------------------------------

CNN = stack(
    layer("Conv2D", filters=32, kernel_size=[3, 3], activation="relu"),
    layer("MaxPooling2D", pool_size=[2, 2]),
    layer("Flatten"),
    layer("Dropout", rate=0.5),
    layer("Dense", units=10, activation="softmax", kernel_regularizer=layer("L2", l2=0.1)),
)


def test_shapes_without_weights_equal_the_built_model() -> None:
    before = random.getstate()
    seen = summary.shapes(CNN, (28, 28, 1))
    assert random.getstate() == before
    built = build_model(CNN, (28, 28, 1), seed=1)
    real = summary.summary(built)
    assert [row.output_shape for row in seen.rows] == [row.output_shape for row in real.rows]
    assert [row.parameters for row in seen.rows] == [row.parameters for row in real.rows]
    assert seen.parameters == real.parameters == built.count_params()
    assert [row.text for row in seen.rows] == ["32 3×3 relu", "2×2", "", "0.5", "10 softmax L2"]
    assert seen.rows[0].inputs == ["input"]
    assert seen.rows[1].inputs == [seen.rows[0].name]
    assert (seen.problem, seen.inputs) == ("", {"input": [None, 28, 28, 1]})


def test_shapes_of_a_model_too_large_for_any_memory() -> None:
    seen = summary.shapes(stack(layer("Dense", units=10**9), layer("Dense", units=10**9)), (10,))
    assert seen.parameters == 10**18 + 12 * 10**9 + 0


def test_shapes_go_as_far_as_the_layers_fit() -> None:
    seen = summary.shapes(stack(layer("Dense", units=10), layer("LSTM", units=3)), (8,))
    assert [row.type for row in seen.rows] == ["Dense"]
    assert seen.where == "model.layers.1"
    assert "steps × features" in seen.problem
    assert seen.cure


def test_shapes_of_a_graph_name_what_feeds_a_node() -> None:
    spec = graph(
        inputs=[{"name": "a", "shape": [4]}, {"name": "b"}],
        nodes=[
            {"name": "one", "type": "Dense", "units": 3, "from": ["a"]},
            {"name": "two", "type": "Dense", "from": ["b"], "shares": "one"},
            {"name": "sum", "type": "Add", "from": ["one", "two"]},
        ],
        outputs=["sum"],
    )
    seen = summary.shapes(spec, (4,))
    assert [row.inputs for row in seen.rows] == [["a"], ["b"], ["one", "two"]]
    assert [row.text for row in seen.rows] == ["3", "shares one", ""]
    assert sum(row.parameters for row in seen.rows) == seen.parameters == 15
    assert seen.outputs == ["sum"]


def test_frozen_and_moving_weights_are_not_trainable() -> None:
    spec = stack(layer("Dense", units=10, trainable=False), layer("BatchNormalization"))
    seen = summary.shapes(spec, (4,))
    assert [(row.parameters, row.trainable) for row in seen.rows] == [(50, 0), (40, 20)]


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [("adam", 2), ("sgd", 0), (layer("SGD", momentum=0.9), 1), (layer("Adam", amsgrad=True), 3)],
)
def test_optimizer_slots(optimizer: Any, slots: int) -> None:
    assert summary.optimizer_slots(Part.model_validate(optimizer)) == slots


def test_memory_counts_what_training_keeps() -> None:
    done, error = summary.follow(stack(layer("Dense", units=10), layer("Dense", units=1)), (4,))
    assert error is None
    memory = summary.memory_estimate(done, batch_size=8, slots=2, data_bytes=100)
    assert memory.weights == memory.gradients == 61 * 4
    assert memory.optimizer == 2 * 61 * 4
    assert memory.activations == 8 * 11 * 4
    assert memory.total == 4 * 61 * 4 + 352 + 100


def test_precision_is_carried_into_the_abstract_thread() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        done, _ = summary.follow(stack(layer("Dense", units=10)), (4,))
    finally:
        keras.config.set_dtype_policy("float32")
    assert done[0].layer.compute_dtype == "float16"
    assert summary.memory_estimate(done, batch_size=1, slots=0).activations == 20

"""The part of a script that makes the model: stacks, graphs, parts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from kerastui.models.code import script
from kerastui.models.experiment.schema import Experiment


def model_of(plain: dict[str, Any], **rest: Any) -> str:
    """The lines of a script from the model to its compilation."""
    data = {"dataset": "diabetes", "task": "regression"}
    chosen = Experiment.model_validate({"data": data, "model": plain, **rest})
    return script(chosen).split("set_random_seed(SEED)\n")[1].split("model.summary")[0]


def test_a_graph_with_branches_a_shared_layer_and_two_outputs() -> None:
    lines = model_of(
        {
            "kind": "graph",
            "inputs": [{"name": "in"}, {"name": "extra", "shape": [4]}],
            "nodes": [
                {"name": "a", "type": "Dense", "units": 4, "from": ["in"]},
                {"name": "off", "type": "Dropout", "rate": 0.5, "from": ["a"], "disabled": True},
                {"name": "b", "type": "Dense", "shares": "a", "from": ["extra"]},
                {"name": "class", "type": "Concatenate", "from": ["off", "b"]},
                {"name": "out", "type": "Dense", "units": 1, "from": ["class"]},
            ],
            "outputs": ["out", "b"],
        },
        compile={"loss": "mse", "loss_weights": {"out": 1.0, "b": 0.5}},
    )
    assert lines == (
        'x_in = keras.Input(shape=x["in"].shape[1:], name="in")\n'
        'extra = keras.Input(shape=(4,), name="extra")\n'
        'a_layer = layers.Dense(4, name="a")\n'
        "a = a_layer(x_in)\n"
        "b = a_layer(extra)\n"
        'x_class = layers.Concatenate(name="class")([a, b])\n'
        'out = layers.Dense(1, name="out")(x_class)\n'
        'b_output = layers.Identity(name="b")(b)\n'
        "model = keras.Model([x_in, extra], [out, b_output])\n"
        "model.compile(\n"
        '    optimizer="adam", loss={"out": "mse", "b": "mse"}, '
        'loss_weights={"out": 1.0, "b": 0.5}\n'
        ")\n"
    )


def test_attention_takes_its_inputs_one_by_one() -> None:
    node = {"name": "att", "type": "MultiHeadAttention", "num_heads": 2, "key_dim": 3}
    plain = {"kind": "graph", "inputs": [{"name": "x"}], "outputs": ["att"]}
    lines = model_of({**plain, "nodes": [{**node, "from": ["x"]}]})
    # `x` is taken: it holds the data.
    assert 'layers.MultiHeadAttention(2, 3, name="att")(x_2, x_2)' in lines


def test_names_stay_names_and_tables_become_objects() -> None:
    lines = model_of(
        {"kind": "sequential", "layers": [
            {"type": "Conv2D", "filters": 8, "kernel_size": [3, 3], "activation": "relu",
             "kernel_initializer": {"type": "HeNormal", "seed": 3}},
            {"type": "Dropout", "rate": 0.5, "disabled": True},
            {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 10}},
        ]},
        compile={"optimizer": {"type": "sgd", "learning_rate": 0.1}, "metrics": ["acc"]},
    )  # fmt: skip
    assert "layers.Bidirectional(layers.LSTM(10))" in lines
    assert "kernel_initializer=keras.initializers.HeNormal(seed=3)" in lines
    assert "(3, 3), " in lines or "(3, 3)," in lines
    assert "Dropout" not in lines
    assert 'optimizer=keras.optimizers.SGD(learning_rate=0.1), loss="mse", metrics=["acc"]' in lines


def test_the_module_loads_neither_keras_nor_pandas() -> None:
    program = (
        "import sys\nfrom kerastui.models import shipped\nfrom kerastui.models.code import script\n"
        "script(shipped.experiment(shipped.index()[0].name))\n"
        "heavy = {'keras', 'tensorflow', 'pandas', 'sklearn', 'numpy'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or None)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

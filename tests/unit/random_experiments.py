"""Experiments that can be run, made at random: data, steps, layers, graphs, training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

Plain = dict[str, Any]

ACTIVATIONS = ["relu", "tanh", "sigmoid", "elu", "swish", "selu", "softplus", None]
INITIALIZERS = [
    "he_normal", "glorot_uniform", {"type": "RandomNormal", "stddev": 0.3}, "orthogonal",
    {"type": "TruncatedNormal", "stddev": 0.2, "seed": 5}, {"type": "VarianceScaling"},
]  # fmt: skip
REGULARIZERS = ["l2", {"type": "L1", "l1": 0.01}, {"type": "L1L2", "l1": 0.001, "l2": 0.02}]
CONSTRAINTS = ["non_neg", {"type": "MaxNorm", "max_value": 1.5}]
SCHEDULES = [
    {"type": "ExponentialDecay", "initial_learning_rate": 0.02, "decay_steps": 5,
     "decay_rate": 0.7},
    {"type": "CosineDecay", "initial_learning_rate": 0.01, "decay_steps": 20},
    {"type": "PiecewiseConstantDecay", "boundaries": [3, 9], "values": [0.02, 0.01, 0.001]},
]  # fmt: skip
OPTIMIZERS = ["adam", "sgd", "rmsprop", "Adagrad", "AdamW", "Nadam", "Adamax", "Lion", "Ftrl"]
LOSSES = {
    "regression": ["mse", "mae", {"type": "Huber", "delta": 0.5}, "log_cosh"],
    "binary": ["binary_crossentropy", {"type": "BinaryFocalCrossentropy", "gamma": 1.5}, "mse"],
    "multiclass": ["sparse_categorical_crossentropy"],
    "one-hot": ["categorical_crossentropy", "kl_divergence",
                {"type": "CategoricalCrossentropy", "label_smoothing": 0.1}],
}  # fmt: skip
METRICS = {
    "regression": ["mae", "mse", {"type": "RootMeanSquaredError", "name": "root"}],
    "binary": ["accuracy", {"type": "AUC"}, {"type": "Precision", "thresholds": 0.4}],
    "multiclass": ["accuracy", {"type": "SparseCategoricalCrossentropy", "name": "entropy"}],
    "one-hot": ["accuracy", {"type": "CategoricalAccuracy", "name": "share"}],
}
LAST = {
    "regression": {"type": "Dense", "units": 1},
    "binary": {"type": "Dense", "units": 1, "activation": "sigmoid"},
}
CALLBACKS = [
    {"type": "EarlyStopping", "monitor": "loss", "patience": 1, "restore_best_weights": True},
    {"type": "ReduceLROnPlateau", "monitor": "loss", "patience": 0, "factor": 0.3},
    "TerminateOnNaN",
]
HOUSES = "houses.csv"


def write_houses(folder: Path) -> Path:
    """Write an own table: numbers with gaps, text, dates, semicolons and decimal commas."""
    import numpy as np

    random = np.random.default_rng(7)
    lines = ["town;rooms;area;built;heated;price;class"]
    for row in range(60):
        town = ["Ulm", "Bonn", "Kiel", "Münster"][random.integers(4)]
        rooms = "" if row % 11 == 4 else str(random.integers(1, 8))
        area = f"{random.normal(90, 25):.2f}".replace(".", ",")
        built = (
            f"{random.integers(1, 29):02}.{random.integers(1, 13):02}.{random.integers(1960, 2020)}"
        )
        heated = ["yes", "no"][random.integers(2)]
        price = f"{random.normal(300, 90):.3f}".replace(".", ",")
        kind = ["low", "middle", "high"][random.integers(3)]
        lines.append(f"{town};{rooms};{area};{built};{heated};{price};{kind}")
    path = folder / HOUSES
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@st.composite
def runnable(draw: st.DrawFn, houses: str) -> Plain:
    """An experiment that trains in a second.

    Args:
        houses: The path of the own table.
    """
    kind = draw(st.sampled_from(["table", "own", "own graph", "pictures", "texts", "series"]))
    data, task = draw(_data(kind, houses))
    hot = task in ("binary", "multiclass") and draw(st.booleans()) and kind != "series"
    if hot:
        data["steps"] = [s for s in data["steps"] if s["step"] != "encode_label"]
        data["steps"].append({"step": "one_hot"})
    wanted = "one-hot" if hot else task
    classes = data.pop("classes", 2)
    last = LAST.get(wanted, {"type": "Dense", "units": classes, "activation": "softmax"})
    layers = [*draw(_front(kind)), *draw(st.lists(_layer(), max_size=3)), last]
    graph = kind == "own graph" or (kind in ("table", "own") and draw(st.booleans()))
    model: Plain = {"kind": "sequential", "layers": layers}
    if graph:
        model = draw(_graph(last, columns=kind == "own graph"))
    weights: Any = None
    if wanted != "regression":
        weights = draw(st.sampled_from([None, None, "balanced", {0: 2.0, 1: 0.5}]))
    optimizer = draw(_optimizer())
    schedule = isinstance(optimizer, dict) and isinstance(optimizer.get("learning_rate"), dict)
    callbacks = [one for one in CALLBACKS if not (schedule and "factor" in one)]
    predict = [{"part": "train", "index": 2, "count": draw(st.integers(1, 5))}]
    return {
        "data": data,
        "seed": draw(st.integers(0, 2**32 - 1)),
        "precision": draw(st.sampled_from(["float32"] * 5 + ["mixed_bfloat16"])),
        "execution": "plain",
        "model": model,
        "compile": {
            "optimizer": optimizer,
            "loss": draw(st.sampled_from(LOSSES[wanted])),
            "metrics": draw(st.lists(st.sampled_from(METRICS[wanted]), max_size=2, unique_by=str)),
        },
        "fit": {
            "epochs": draw(st.integers(1, 3)),
            "batch_size": draw(st.sampled_from([7, 16, 32, 50, 64, "all"])),
            "shuffle": draw(st.booleans()),
            **({"class_weight": weights} if weights else {}),
        },
        "callbacks": draw(st.lists(st.sampled_from(callbacks), max_size=2, unique_by=str)),
        "afterwards": {"predict": predict if draw(st.booleans()) else []},
    }


@st.composite
def _data(draw: st.DrawFn, kind: str, houses: str) -> tuple[Plain, str]:
    scale = draw(st.sampled_from([{"step": "scale"}, {"step": "scale", "method": "minmax"}]))
    split = draw(_split())
    if kind.startswith("own"):
        return _own(draw, houses, scale, split)
    if kind == "pictures":
        steps = [{"step": "channel_axis"}, draw(st.sampled_from(
            [scale, {"step": "scale", "method": "constant", "divisor": 16.0}]))]  # fmt: skip
        split = {"kind": "first", "count": 120, "validation": split.get("validation", {})}
        split["validation"] = {"kind": "last", "count": 30}
        return ({"dataset": "digits", "task": "multiclass", "steps": steps, "classes": 10,
                 "split": split}, "multiclass")  # fmt: skip
    if kind == "texts":
        return ({
            "dataset": "token-reviews", "task": "binary",
            "parameters": {"n_train": 80, "n_test": 30, "length": 12},
            "steps": [{"step": "pad", "length": draw(st.sampled_from([8, 14])), "words": 60,
                       "where": draw(st.sampled_from(["pre", "post"]))}],
            "split": {"kind": draw(st.sampled_from(["own", "none"]))},
        }, "binary")  # fmt: skip
    if kind == "series":
        return ({
            "dataset": "sine", "task": "forecasting", "parameters": {"length": 90},
            "steps": [{"step": "window", "length": draw(st.integers(2, 6))},
                      *([scale] if draw(st.booleans()) else [])],
            "split": {"kind": "last", "count": 20, "validation": {"kind": "test"}},
        }, "regression")  # fmt: skip
    name, task, classes, parameters = draw(st.sampled_from([
        ("diabetes", "regression", 1, {}), ("wine", "multiclass", 3, {}),
        ("breast_cancer", "binary", 2, {}), ("sklearn-iris", "multiclass", 3, {}),
        ("make_moons", "binary", 2, {"n_samples": 90}),
        ("make_blobs", "multiclass", 3, {"n_samples": 80}),
        ("make_regression", "regression", 1, {"n_samples": 70}),
        ("xor", "binary", 2, {}),
    ]))  # fmt: skip
    steps = [step for step in [{"step": "missing"}, scale] if draw(st.booleans())]
    if task != "regression" and draw(st.booleans()):
        steps.insert(0, {"step": "encode_label"})
    if name == "xor":
        steps, split = [scale] if draw(st.booleans()) else [], {"kind": "none"}
    return ({"dataset": name, "task": task, "parameters": parameters, "steps": steps,
             "split": split, "classes": classes}, task)  # fmt: skip


def _own(draw: st.DrawFn, houses: str, scale: Plain, split: Plain) -> tuple[Plain, str]:
    recipe = {"path": houses, "delimiter": ";", "decimal": ",", "dates": {"built": "%d.%m.%Y"}}
    target, task, classes = draw(st.sampled_from(
        [("price", "regression", 1), ("heated", "binary", 2), ("class", "multiclass", 3)]
    ))  # fmt: skip
    fill = draw(st.sampled_from([
        {"step": "missing"}, {"step": "missing", "strategy": "median"},
        {"step": "missing", "strategy": "most_frequent", "columns": ["rooms"]},
        {"step": "missing", "strategy": "constant", "value": 3.5},
    ]))  # fmt: skip
    others = [name for name in ("heated", "class") if name != target]
    steps: list[Plain] = [
        fill,
        {"step": "one_hot", "columns": ["town"]},
        {"step": "ordinal", **({"columns": others} if draw(st.booleans()) else {})},
        {"step": "dates", "parts": draw(st.sampled_from([["year"], ["days", "weekday"]]))},
        *([] if task == "regression" else [{"step": "encode_label"}]),
        scale,
    ]
    return ({"dataset": "houses", "file": recipe, "task": task, "target": [target],
             "steps": steps, "split": split, "classes": classes}, task)  # fmt: skip


@st.composite
def _split(draw: st.DrawFn) -> Plain:
    validation = draw(st.sampled_from([
        {}, {"kind": "last", "fraction": 0.2}, {"kind": "first", "count": 8},
        {"kind": "fold", "fold": 1, "folds": 3}, {"kind": "test"},
    ]))  # fmt: skip
    kind = draw(st.sampled_from(["fraction", "first", "none"]))
    if kind == "none" and validation.get("kind") == "test":
        validation = {}
    split: Plain = {"kind": kind, "validation": validation} if validation else {"kind": kind}
    if kind == "fraction":
        split["test"] = 0.3
    if kind == "first":
        split["count"] = 40
    return split


def _front(kind: str) -> st.SearchStrategy[list[Plain]]:
    """The layers that bring pictures, texts and windows to one row of numbers."""
    if kind == "pictures":
        convolutions = [
            {"type": "Conv2D", "filters": 3, "kernel_size": [3, 3], "activation": "relu"},
            {"type": "SeparableConv2D", "filters": 2, "kernel_size": 2},
            {"type": "MaxPooling2D"}, {"type": "SpatialDropout2D", "rate": 0.2},
            {"type": "RandomFlip"}, {"type": "BatchNormalization"},
        ]  # fmt: skip
        ends = [{"type": "Flatten"}, {"type": "GlobalAveragePooling2D"}]
        return st.tuples(
            st.lists(st.sampled_from(convolutions), max_size=2), st.sampled_from(ends)
        ).map(lambda pair: [*pair[0], pair[1]])
    memory = [
        {"type": "LSTM", "units": 3}, {"type": "GRU", "units": 2, "dropout": 0.2},
        {"type": "SimpleRNN", "units": 3},
        {"type": "Bidirectional", "layer": {"type": "GRU", "units": 2}}, {"type": "Flatten"},
    ]  # fmt: skip
    if kind == "texts":
        embedding = {"type": "Embedding", "input_dim": 60, "output_dim": 4}
        return st.sampled_from([*memory, {"type": "GlobalAveragePooling1D"}]).map(
            lambda layer: [embedding, layer]
        )
    if kind == "series":
        timed = {"type": "TimeDistributed", "layer": {"type": "Dense", "units": 2}}
        return st.tuples(st.booleans(), st.sampled_from(memory)).map(
            lambda pair: [*([timed] if pair[0] else []), pair[1]]
        )
    return st.just([])


@st.composite
def _layer(draw: st.DrawFn) -> Plain:
    kind = draw(st.sampled_from(["Dense"] * 4 + ["other"]))
    if kind == "other":
        return dict(draw(st.sampled_from([
            {"type": "Dropout", "rate": 0.3}, {"type": "BatchNormalization"},
            {"type": "LayerNormalization"}, {"type": "GaussianNoise", "stddev": 0.1},
            {"type": "LeakyReLU"}, {"type": "PReLU"}, {"type": "AlphaDropout", "rate": 0.2},
            {"type": "ActivityRegularization", "l2": 0.01}, {"type": "UnitNormalization"},
            {"type": "Dropout", "rate": 0.9, "disabled": True},
        ])))  # fmt: skip
    layer: Plain = {"type": "Dense", "units": draw(st.integers(1, 6))}
    for name, values in (
        ("activation", ACTIVATIONS), ("kernel_initializer", INITIALIZERS),
        ("kernel_regularizer", REGULARIZERS), ("kernel_constraint", CONSTRAINTS),
        ("use_bias", [False]), ("bias_initializer", ["ones"]),
    ):  # fmt: skip
        if draw(st.integers(0, 3)) == 0 and (value := draw(st.sampled_from(values))) is not None:
            layer[name] = value
    return layer


@st.composite
def _optimizer(draw: st.DrawFn) -> Any:
    name = draw(st.sampled_from(OPTIMIZERS))
    choice = draw(st.integers(0, 3))
    if choice == 0:
        return name
    made: Plain = {"type": {"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop"}.get(name, name)}
    made["learning_rate"] = draw(st.sampled_from([*SCHEDULES, 0.01, 0.003]))
    if choice == 2:
        made["clipnorm"] = 1.0
    if made["type"] == "SGD":
        made |= {"momentum": 0.9, "nesterov": draw(st.booleans())}
    return made


@st.composite
def _graph(draw: st.DrawFn, last: Plain, *, columns: bool) -> Plain:
    """Two branches that are joined, with a shared layer now and then, and one or two inputs."""
    inputs: list[Plain] = [{"name": "in"}]
    if columns:
        inputs = [{"name": "place", "columns": ["town", "area"]},
                  {"name": "rest", "columns": ["rooms", "area"]}]  # fmt: skip
    first, second = inputs[0]["name"], inputs[-1]["name"]
    nodes: list[Plain] = [
        {"name": "a", "type": "Dense", "units": 4, "activation": "relu", "from": [first]},
        {"name": "b", "type": "Dense", "units": 4, "from": [second]},
        {**draw(_layer()), "name": "c", "from": ["b"]},
    ]
    join = draw(st.sampled_from(["Concatenate", "Add", "Average", "Multiply", "Maximum"]))
    nodes.append({"name": "both", "type": join, "from": ["a", "b"]})
    if draw(st.booleans()):
        nodes.append({"name": "again", "type": "Dense", "units": 4, "activation": "tanh",
                      "from": ["a"]})  # fmt: skip
        nodes.append({"name": "twice", "type": "Dense", "shares": "again", "from": ["b"]})
        nodes.append({"name": "all", "type": "Concatenate", "from": ["both", "twice", "c"]})
    else:
        nodes.append({"name": "all", "type": "Concatenate", "from": ["both", "c"]})
    nodes.append({**last, "name": "out", "from": ["all"]})
    outputs = ["out"]
    if draw(st.booleans()):
        nodes.append({**last, "name": "second_out", "from": ["c"]})
        outputs.append("second_out")
    return {"kind": "graph", "inputs": inputs, "nodes": nodes, "outputs": outputs}

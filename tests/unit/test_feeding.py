"""What inputs are given and outputs learn, down to a two-branch model trained on both paths."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment, GraphModel, Prediction, SequentialModel
from kerastui.models.experiment.toml import dumps, loads
from kerastui.models.network import feeding
from kerastui.models.runs.history import History
from kerastui.models.runs.record import Record
from kerastui.models.runs.store import CommandReader, Run, RunInfo
from kerastui.models.training.control import Control

keras = pytest.importorskip("keras")

from kerastui.datasets.prepare import prepare  # noqa: E402
from kerastui.datasets.prepared import Prepared  # noqa: E402
from kerastui.models.network.building import build_model, compile_model  # noqa: E402
from kerastui.models.preflight import checks as preflight  # noqa: E402
from kerastui.models.processes.inspector import Inspector  # noqa: E402
from kerastui.models.training.evaluation import evaluate, predict  # noqa: E402
from kerastui.models.training.log_keys import log_keys  # noqa: E402
from kerastui.models.training.paths import Arrays, train  # noqa: E402

NAMES = ["age", "city=Bonn", "city=Kiel", "income"]
X = np.arange(8, dtype=np.float32).reshape(2, 4)
Y = np.array([[0.5, 1.0], [2.5, 0.0]], dtype=np.float32)


def dense(name: str, units: int, source: list[str], **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "Dense", "units": units, "from": source, **more}


def graph(inputs: list[Any], outputs: list[str], **more: Any) -> GraphModel:
    nodes = [dense(name, 1, [inputs[0]["name"]]) for name in outputs]
    return GraphModel.model_validate({"inputs": inputs, "nodes": nodes, "outputs": outputs, **more})


# --- inputs ----------------------------------------------------------------------------------


def test_a_stack_and_a_plain_graph_take_everything_as_it_is() -> None:
    plain = graph([{"name": "all"}], ["y"])
    for model in (SequentialModel(), plain):
        assert feeding.inputs(model, X, NAMES) is X
        assert feeding.targets(model, X, Y, NAMES, ["a", "b"]) is Y


def test_a_name_stands_for_its_one_hot_columns() -> None:
    model = graph([{"name": "who", "columns": ["age", "income"]},
                   {"name": "where", "columns": ["city"]}], ["y"])  # fmt: skip
    fed = feeding.inputs(model, X, NAMES)
    assert list(fed) == ["who", "where"]
    assert fed["who"].tolist() == X[:, [0, 3]].tolist()
    assert fed["where"].tolist() == X[:, [1, 2]].tolist()
    assert feeding.shapes(fed) == {"who": (2,), "where": (2,)}
    assert feeding.rows(fed) == 2


def test_features_are_the_last_axis_of_windows() -> None:
    model = graph([{"name": "i", "columns": ["income"]}], ["y"])
    windows = np.zeros((5, 7, 4), dtype=np.float32)
    assert feeding.inputs(model, windows, NAMES).shape == (5, 7, 1)


@pytest.mark.parametrize(
    ("names", "said"), [(NAMES, "'town', which is no prepared feature"), ([], "has none")]
)
def test_a_column_that_is_not_there_is_named(names: list[str], said: str) -> None:
    model = graph([{"name": "i", "columns": ["town"]}], ["y"])
    with pytest.raises(UserError, match=said):
        feeding.inputs(model, X, names)


# --- targets ---------------------------------------------------------------------------------


def test_each_output_learns_its_columns_or_the_whole_target() -> None:
    model = graph([{"name": "i"}], ["a", "b", "both"], targets={"a": ["p"], "b": ["q"]})
    learned = feeding.targets(model, X, Y, NAMES, ["p", "q"])
    assert learned["a"].tolist() == [0.5, 2.5]
    assert learned["b"].tolist() == [1.0, 0.0]
    assert learned["both"] is Y


def test_an_output_can_give_its_input_back() -> None:
    model = graph([{"name": "i", "columns": ["age"]}], ["a"], targets={"a": ["i"]})
    assert feeding.targets(model, X, Y, NAMES, ["p", "q"]).tolist() == [[0.0], [4.0]]


def test_targets_that_are_not_there_are_named() -> None:
    model = graph([{"name": "i"}], ["a"], targets={"a": ["z"]})
    with pytest.raises(UserError, match="'z', which is no column of the target"):
        feeding.targets(model, X, Y, NAMES, ["p", "q"])
    one = graph([{"name": "i"}], ["a"], targets={"a": ["p"]})
    with pytest.raises(UserError, match="no longer has one column"):
        feeding.targets(one, X, Y[:, 0], NAMES, ["p", "q"])


def test_targets_name_outputs_that_exist() -> None:
    with pytest.raises(ValueError, match="'c' is no output"):
        graph([{"name": "i"}], ["a"], targets={"c": ["p"]})


# --- class weights ---------------------------------------------------------------------------


@pytest.mark.parametrize("one_hot", [False, True])
def test_balanced_weights_are_those_of_scikit_learn(one_hot: bool) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    y = np.array([0, 0, 0, 1, 2, 2], dtype=np.int32)
    wanted = compute_class_weight("balanced", classes=np.arange(3), y=y)
    given = np.eye(3, dtype=np.float32)[y] if one_hot else y
    assert feeding.class_weights("balanced", given) == pytest.approx(dict(enumerate(wanted)))


def test_balanced_weights_need_classes() -> None:
    assert feeding.class_weights({1: 2.0}, Y) == {1: 2.0}
    assert feeding.class_weights(None, Y) is None
    with pytest.raises(UserError, match="needs one target of classes"):
        feeding.class_weights("balanced", np.array([0.5, 1.5]))


# --- a two-branch, two-output model ----------------------------------------------------------

TWO: dict[str, Any] = {
    "name": "two",
    "seed": 3,
    "data": {
        "dataset": "sklearn-iris",
        "task": "regression",
        "features": ["sepal_l", "sepal_w", "species"],
        "target": ["petal_l", "petal_w"],
        "steps": [
            {"step": "one_hot", "columns": ["species"]},
            {"step": "scale", "columns": ["sepal_l", "sepal_w"]},
        ],
        "split": {"kind": "fraction", "test": 0.2, "validation": {"kind": "last", "count": 20}},
    },
    "model": {
        "kind": "graph",
        "inputs": [{"name": "size", "columns": ["sepal_l", "sepal_w"]},
                   {"name": "kind", "columns": ["species"]}],
        "nodes": [
            dense("wide", 8, ["size"], activation="relu"),
            dense("told", 4, ["kind"], activation="tanh"),
            {"name": "joined", "type": "Concatenate", "from": ["wide", "told"]},
            dense("length", 1, ["joined"]),
            dense("width", 1, ["joined"], activation="softplus"),
        ],
        "outputs": ["length", "width"],
        "targets": {"length": ["petal_l"], "width": ["petal_w"]},
    },
    "compile": {
        "loss": {"length": "mse", "width": {"type": "Huber", "delta": 0.5}},
        "loss_weights": {"length": 1.0, "width": 0.5},
        "metrics": {"length": ["mae"], "width": ["RootMeanSquaredError"]},
    },
    "fit": {"epochs": 6, "batch_size": 16, "shuffle": False},
    "afterwards": {"evaluate": ["test"], "predict": [
        {"label": "a flower", "values": [5.1, 3.5, 0]}, {"part": "test", "index": 1}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(Experiment.model_validate(TWO).data, seed=3)


def trained(path: Path, execution: str, prepared: Prepared) -> tuple[Experiment, Any, Record]:
    spec = Experiment.model_validate({**TWO, "execution": execution})
    x, y = feeding.of_part(spec.model, prepared, prepared.train)
    assert prepared.validation is not None
    arrays = Arrays(x, y, feeding.of_part(spec.model, prepared, prepared.validation))
    keras.utils.clear_session(free_memory=False)
    model = build_model(spec.model, feeding.shapes(x), seed=spec.seed)
    compile_model(model, spec.compile)
    path.mkdir()
    record = Record(Run(path), RunInfo(id=path.name, name="test"))
    train(spec, model, arrays, record, Control(CommandReader(path / "commands.jsonl")))
    assert record.info.execution == execution, record.info.why
    return spec, model, record


def test_both_paths_give_the_same_weights_and_figures(tmp_path: Path, prepared: Prepared) -> None:
    spec, fast, record = trained(tmp_path / "fast", "fast", prepared)
    _, plain, other = trained(tmp_path / "plain", "plain", prepared)
    for ours, theirs in zip(fast.get_weights(), plain.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    keys = log_keys(spec, ["length", "width"], True)
    assert set(record.history.metrics) - {"learning_rate"} == set(keys)
    assert set(other.history.metrics) - {"learning_rate"} == set(keys)
    assert record.history.series["loss"][-1] < record.history.series["loss"][0]

    found = evaluate(spec, fast, prepared, History())
    assert found.warnings == []
    assert {"test.loss", "test.length_mae", "test.width_RootMeanSquaredError"} <= set(found.figures)
    typed, sample = found.predictions
    assert typed.outputs is not None
    assert typed.outputs["length"] == typed.value
    assert list(typed.outputs) == ["length", "width"]
    assert prepared.test is not None
    assert sample.truth == [float(prepared.test.y[1, 0])]


def test_the_summary_follows_both_branches() -> None:
    spec = Experiment.model_validate(TWO)
    answer = Inspector().summary(spec.plain(defaults=True))
    assert answer["inputs"] == {"size": [None, 2], "kind": [None, 3]}
    assert answer["problem"] == ""
    assert [f for f in answer["findings"] if f["level"] == "problem"] == []
    assert answer["data"]["target_names"] == ["petal_l", "petal_w"]


def test_two_inputs_and_outputs_survive_the_file() -> None:
    spec = Experiment.model_validate(TWO)
    assert loads(dumps(spec)) == spec


def test_class_weights_with_two_outputs_are_refused_before_the_start(prepared: Prepared) -> None:
    spec = Experiment.model_validate({**TWO, "fit": {"class_weight": {0: 1.0}}})
    facts = dataclasses.replace(preflight.facts_of(spec, prepared), task="multiclass")
    found = preflight.check(spec, facts)
    (finding,) = [one for one in found if one.where == "fit.class_weight"]
    assert finding.level == "problem"
    assert spec.changed(finding.cures[0].changes).fit.class_weight is None


def test_an_autoencoder_gives_pictures_back(tmp_path: Path) -> None:
    spec = Experiment.model_validate(
        {
            "data": {"dataset": "digits", "task": "multiclass",
                     "steps": [{"step": "scale", "method": "constant", "divisor": 16}],
                     "split": {"kind": "fraction", "test": 0.5}},
            "model": {
                "kind": "graph",
                "inputs": [{"name": "picture"}],
                "nodes": [
                    {"name": "row", "type": "Flatten", "from": ["picture"]},
                    dense("code", 4, ["row"], activation="relu"),
                    dense("pixels", 64, ["code"], activation="sigmoid"),
                    {"name": "back", "type": "Reshape", "target_shape": [8, 8],
                     "from": ["pixels"]},
                ],
                "outputs": ["back"],
                "targets": {"back": ["picture"]},
            },
            "compile": {"loss": "mse"},
        }
    )  # fmt: skip
    data = prepare(spec.data, seed=1)
    assert preflight.check(spec, preflight.facts_of(spec, data)) == []
    x, y = feeding.of_part(spec.model, data, data.train)
    assert y is x
    model = build_model(spec.model, feeding.shapes(x), seed=1)
    compile_model(model, spec.compile).fit(x, y, epochs=1, verbose=0)
    (one,) = predict(Prediction(part="test"), model, data, spec.model)
    assert one.class_name is None
    assert one.truth == data.test.x[0].ravel().tolist()  # type: ignore[union-attr]

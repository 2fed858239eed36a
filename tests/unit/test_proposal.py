"""From data to a first experiment, and what its preparation does, as the inspector answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets import spec
from kerastui.datasets.advice.facts import facts_of
from kerastui.datasets.catalogue import cards
from kerastui.datasets.errors import UserError
from kerastui.datasets.load import load
from kerastui.datasets.loaded import Loaded
from kerastui.datasets.prepare import prepare
from kerastui.models.editing.proposal import name_of, starting_experiment
from kerastui.models.experiment.schema import Experiment, SequentialModel
from kerastui.models.experiment.toml import parse
from kerastui.models.preflight import checks as preflight
from kerastui.models.preparation.service import answer

ALWAYS_HERE = [card.name for card in cards() if card.embedded or card.kind == "generator"]


def start(dataset: str, **more: Any) -> dict[str, Any]:
    return answer("prepare.start", {"data": {"dataset": dataset}, **more})


def trace(experiment: Experiment) -> dict[str, Any]:
    return answer("prepare.trace", {"experiment": experiment.plain()})


@pytest.mark.parametrize("name", ALWAYS_HERE)
def test_what_is_proposed_for_a_data_set_can_be_trained(name: str) -> None:
    told = start(name)
    assert told["error"] is None
    experiment = parse(told["experiment"])
    card = next(card for card in cards() if card.name == name)
    assert experiment.data.task == card.task
    prepared = prepare(experiment.data, seed=1)
    watching = len(prepared.validation.x) if prepared.validation is not None else 0
    facts = preflight.facts(prepared.train.x, prepared.train.y, prepared.task, watching)
    problems = [f.sentence for f in preflight.check(experiment, facts) if f.level == "problem"]
    assert problems == []


def test_every_part_of_a_proposal_has_its_reason() -> None:
    told = start("wine")
    reasons = {entry["what"]: entry for entry in told["reasons"]}
    assert {"target", "task", "features", "split", "model", "last layer", "loss",
            "training"} <= set(reasons)  # fmt: skip
    assert all(entry["why"].endswith((".", ":")) for entry in told["reasons"])
    assert "softmax" in reasons["last layer"]["value"]


def test_another_target_brings_another_task_model_and_loss() -> None:
    told = start("wine", target=["alcohol"])
    experiment = parse(told["experiment"])
    assert (experiment.data.target, experiment.data.task) == (["alcohol"], "regression")
    assert experiment.compile.loss == parse(start("diabetes")["experiment"]).compile.loss
    assert "grower" in trace(experiment)["ready"]["features"]


def test_a_task_can_be_insisted_on() -> None:
    experiment = parse(start("wine", target=["grower"], task="regression")["experiment"])
    assert experiment.data.task == "regression"
    assert "encode_label" not in [step.step for step in experiment.data.steps]


def test_a_target_of_large_numbers_is_rescaled_at_the_end() -> None:
    draw = np.random.default_rng(1)
    loaded = Loaded(columns={"a": draw.normal(size=100), "price": draw.normal(20000, 5000, 100)})
    data = spec.Data(dataset="own", task="regression", target=["price"])
    started = starting_experiment(data, facts_of(loaded), None)
    model = started.experiment.model
    assert isinstance(model, SequentialModel)
    assert model.layers[-1].type == "Rescaling"
    assert abs(model.layers[-1].parameters["offset"] - 20000) < 1500


@pytest.mark.parametrize(
    ("dataset", "name"),
    [("my cars (2024)", "my-cars-2024"), ("ü!", "experiment"), ("a" * 99, "a" * 60)],
)
def test_the_name_of_an_experiment_is_made_of_what_names_may_have(dataset: str, name: str) -> None:
    assert name_of(dataset) == name


# The trace


def iris(**changes: Any) -> Experiment:
    data: dict[str, Any] = {
        "dataset": "sklearn-iris", "task": "multiclass",
        "steps": [{"step": "scale"}],
        "split": {"kind": "fraction", "test": 0.2,
                  "validation": {"kind": "last", "fraction": 0.25}},
    }  # fmt: skip
    return parse(
        {"data": {**data, **changes}, "model": {"layers": [{"type": "Dense", "units": 3}]}}
    )


def test_each_step_shows_shapes_what_it_learned_and_the_same_rows() -> None:
    told = trace(iris())
    assert [entry["where"] for entry in told["records"]] == ["load", "split", 0]
    split, scale = told["records"][1:]
    assert split["after"]["validation"] == {"x": [30, 4], "y": [30]}
    assert scale["on"] == "the 90 rows that train"
    assert [name for name, _ in scale["learned"]] == told["ready"]["features"]
    before, after = scale["sample"]
    assert before["rows"] == after["rows"]
    assert before["cells"][0][-1] == after["cells"][0][-1]
    assert before["cells"][0][0] != after["cells"][0][0]
    # What is shown is what the prepared data hold.
    experiment = iris()
    prepared = prepare(experiment.data, seed=experiment.seed)
    assert after["cells"][0][0] == pytest.approx(float(prepared.train.x[0, 0]), rel=1e-5)


def test_an_error_stands_where_it_happens_and_what_is_before_it_is_shown() -> None:
    told = trace(iris(steps=[{"step": "scale"}, {"step": "pad"}, {"step": "flatten"}]))
    assert told["ready"] is None
    assert told["error"]["where"] == 1
    assert "texts" in told["error"]["message"]
    assert [entry["where"] for entry in told["records"]] == ["load", "split", 0]


def test_a_window_that_comes_too_late_is_named() -> None:
    told = trace(iris(steps=[{"step": "scale"}, {"step": "window"}]))
    assert told["error"]["where"] == 1
    assert "Put window first" in told["error"]["hint"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"features": ["sepal"]}, "load"),
        ({"split": {"kind": "last", "count": 500}}, "split"),
        ({"task": "binary"}, "end"),
    ],
)
def test_other_errors_stand_at_their_places_too(changes: dict[str, Any], where: str) -> None:
    assert trace(iris(**changes))["error"]["where"] == where


def test_raw_data_are_loaded_once_for_all_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []

    def counted(data: spec.Data, **more: Any) -> Any:
        loads.append(data.dataset)
        return load(data, **more)

    monkeypatch.setattr("kerastui.models.preparation.service.load", counted)
    start("wine")
    for method in ("standard", "minmax"):
        trace(iris(steps=[{"step": "scale", "method": method}]))
    assert loads.count("sklearn-iris") == 1


def test_a_drop_shows_which_rows_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "a,b,y\n" + "".join(f"{n},{'' if n == 7 else n * 2},{n % 2}\n" for n in range(40))
    )
    experiment = parse(
        {
            "data": {"dataset": "own", "file": {"path": str(path)}, "task": "binary",
                     "target": ["y"], "steps": [{"step": "missing"}]},
            "model": {"layers": [{"type": "Dense", "units": 1}]},
        }
    )  # fmt: skip
    told = trace(experiment)
    before, after = told["records"][1]["sample"]
    assert (before["rows"], before["cells"][-1][1]) == ([1, 2, 8], None)
    assert after["cells"][-1] is None
    assert told["ready"]["parts"] == {"train": 39}


def test_what_is_no_question_is_said() -> None:
    with pytest.raises(UserError, match="no question"):
        answer("prepare.nothing", {})


def test_data_that_are_not_here_are_told(tmp_path: Path) -> None:
    path = str(tmp_path / "gone.csv")
    with pytest.raises(UserError, match="not here"):
        answer("prepare.start", {"data": {"dataset": "gone", "file": {"path": path}}})


# What no longer goes with the target


def concerned(experiment: Experiment) -> list[dict[str, Any]]:
    told = answer("prepare.concerns", {"experiment": experiment.plain()})["concerns"]
    return [one for one in told if one["level"] == "problem" and one["where"] == "target"]


def test_a_target_that_the_task_does_not_suit_is_offered_all_that_goes_with_it() -> None:
    experiment = parse(start("wine")["experiment"]).changed({"data.target": ["alcohol"]})
    (concern,) = concerned(experiment)
    assert concern["sentence"] == "The task is multiclass, which does not suit alcohol."
    mended = experiment.changed(concern["changes"])
    assert mended.data.task == "regression"
    assert mended.title == "wine: alcohol, how much?"
    assert concerned(mended) == []
    prepare(mended.data, seed=1)


def test_a_title_of_ones_own_outlives_another_target() -> None:
    experiment = parse(start("wine")["experiment"])
    experiment = experiment.changed({"data.target": ["alcohol"], "title": "Mine"})
    (concern,) = concerned(experiment)
    assert experiment.changed(concern["changes"]).title == "Mine"


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_a_model_that_ends_for_another_task_keeps_its_hidden_layers(task: str) -> None:
    both = {name: parse(start("diabetes" if name == "regression" else "wine")["experiment"])
            for name in ("regression", "multiclass")}  # fmt: skip
    other = both["multiclass" if task == "regression" else "regression"]
    experiment = both[task].changed(
        {"model": other.plain(defaults=True)["model"], "compile.loss": other.compile.loss.type}
    )  # type: ignore[union-attr]
    (concern,) = concerned(experiment)
    mended = experiment.changed(concern["changes"])
    assert concerned(mended) == []
    kept = [layer.parameters["units"] for layer in other.model.layers[:2]]  # type: ignore[union-attr]
    assert [layer.parameters["units"] for layer in mended.model.layers[:2]] == kept  # type: ignore[union-attr]
    prepared = prepare(mended.data, seed=1)
    facts = preflight.facts(prepared.train.x, prepared.train.y, prepared.task, 1)
    assert [f for f in preflight.check(mended, facts) if f.level == "problem"] == []


def test_losses_that_are_meant_are_left_alone() -> None:
    classes = parse(start("breast_cancer")["experiment"])
    assert concerned(classes.changed({"compile.loss": "mse"})) == []  # a sigmoid and mse
    assert concerned(parse(start("diabetes")["experiment"])) == []

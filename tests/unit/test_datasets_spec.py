"""What an experiment may say about its data, and what it is told when it says something else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kerastui.datasets.spec import Data, Missing, Split, Validation


def data(**fields: Any) -> Data:
    return Data.model_validate({"dataset": "iris", "task": "multiclass", **fields})


def test_it_goes_through_plain_values_and_back() -> None:
    said = data(
        target=["species"],
        features=["petal_l"],
        steps=[
            {"step": "missing", "strategy": "constant", "value": 1},
            {"step": "encode_label"},
            {"step": "one_hot", "columns": ["petal_l"]},
            {"step": "scale", "method": "minmax"},
            {"step": "window", "length": 3},
            {"step": "multi_hot", "words": 500},
            {"step": "pad", "length": 8, "where": "post"},
            {"step": "channel_axis"},
            {"step": "flatten"},
        ],
        split={"kind": "fraction", "test": 0.33, "validation": {"kind": "last", "count": 3}},
    )
    assert Data.model_validate(said.model_dump()) == said
    assert Data.model_validate(said.model_dump(exclude_defaults=True)) == said
    assert isinstance(said.steps[0], Missing)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"splt": {}}, ["unknown field splt", "split"]),
        ({"steps": [{"step": "scale", "divsor": 2}]}, ["unknown field divsor", "divisor"]),
        ({"steps": [{"step": "scales"}]}, ["scales", "'scale'"]),
        ({"steps": [{"step": "scale", "divisor": 0}]}, ["divisor: got 0"]),
        ({"steps": [{"step": "scale", "divisor": float("nan")}]}, ["divisor", "finite"]),
        ({"steps": [{"step": "window", "length": 0}]}, ["length", "greater than or equal to 1"]),
        ({"task": "guessing"}, ["task", "'binary'", "guessing"]),
        ({"target": ["a"], "features": ["a", "b"]}, ["a cannot be a feature and the target"]),
        ({"features": ["a", "a"]}, ["features: a is named more than once"]),
        ({"split": {"kind": "fraction"}}, ["kind 'fraction' needs test"]),
        ({"split": {"kind": "fraction", "test": 1.5}}, ["split.test", "less than 1"]),
        ({"split": {"kind": "last", "count": 3, "test": 0.5}}, ["'last' has no test", "count"]),
        ({"split": {"kind": "own", "count": 3}}, ["'own' has no count", "no other field"]),
        ({"split": {"kind": "none", "validation": {"kind": "test"}}}, ["needs a test part"]),
        ({"split": {"validation": {"kind": "last"}}}, ["either fraction or count"]),
        (
            {"split": {"validation": {"kind": "first", "fraction": 0.5, "count": 2}}},
            ["either fraction or count"],
        ),
        ({"split": {"validation": {"kind": "fold", "fold": 4, "folds": 4}}}, ["got 4", "0 to 3"]),
        ({"split": {"validation": {"kind": "fold", "fold": 1}}}, ["'fold' needs folds"]),
        ({"parameters": {"n": [1]}}, ["parameters.n"]),
        ({"dataset": ""}, ["dataset", "at least 1 character"]),
    ],
)
def test_mistakes_are_told_with_the_field_and_what_it_takes(
    fields: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        data(**fields)
    error = caught.value.errors()[0]
    told = f"{'.'.join(map(str, error['loc']))}: {error['msg']} {error['input']}"
    for word in words:
        assert word in told


def test_changes_are_checked_too() -> None:
    said = data()
    with pytest.raises(ValidationError):
        said.task = "guessing"  # type: ignore[assignment]
    assert said.task == "multiclass"


def test_parameters_keep_their_types() -> None:
    given = {"n_samples": 10, "noise": 1.0, "flag": True, "text": "1"}
    kept = data(parameters=given).parameters
    assert {k: type(v) for k, v in kept.items()} == {k: type(v) for k, v in given.items()}


def test_models_can_be_made_in_python() -> None:
    split = Split(kind="last", count=12, validation=Validation(kind="test"))
    assert split.validation.kind == "test"

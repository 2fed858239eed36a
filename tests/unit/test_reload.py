"""A model read again from a file, and guesses without a model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Compare, Experiment, Figure
from kerastui.models.runs.figures import judge
from kerastui.models.runs.history import History

keras = pytest.importorskip("keras")

from kerastui.datasets.prepare import prepare  # noqa: E402
from kerastui.models.network.building import build_model, compile_model  # noqa: E402
from kerastui.models.training.evaluation import evaluate  # noqa: E402
from kerastui.models.training.reload import differences  # noqa: E402

IRIS: dict[str, Any] = {
    "data": {
        "dataset": "sklearn-iris",
        "task": "multiclass",
        "steps": [{"step": "encode_label"}],
        "split": {"kind": "fraction", "test": 0.3},
    },
    "model": {
        "layers": [
            {"type": "Dense", "units": 7, "activation": "relu"},
            {"type": "Dropout", "rate": 0.5},
            {"type": "BatchNormalization"},
            {"type": "Dense", "units": 3, "activation": "softmax"},
        ]
    },
    "compile": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
}


def evaluated(folder: Path | None, **afterwards: Any) -> Any:
    spec = Experiment.model_validate({**IRIS, "afterwards": afterwards})
    prepared = prepare(spec.data, seed=1)
    model = compile_model(build_model(spec.model, prepared.input_shape, seed=1), spec.compile)
    return evaluate(spec, model, prepared, History(), folder)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("keras", ["model.keras"]),
        pytest.param("h5", ["model.h5"], marks=pytest.mark.slow),
        pytest.param("json", ["model.json", "model.weights.h5"], marks=pytest.mark.slow),
    ],
)
def test_a_copy_says_the_same_bit_for_bit(tmp_path: Path, name: str, files: list[str]) -> None:
    found = evaluated(tmp_path, reload=[name], predict=[{"values": [5.1, 3.5, 1.4, 0.2]}])
    assert found.warnings == []
    assert found.figures["reload.difference"] == 0.0
    assert found.figures[f"reload.{name}.difference"] == 0.0
    assert found.figures["reload.accuracy"] == found.figures["test.accuracy"]
    assert found.figures["reload.loss"] == found.figures["test.loss"]
    for file in files:
        assert (tmp_path / file).stat().st_size


def test_a_copy_that_says_something_else_is_noticed(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    asked = []

    def outputs(one: Any) -> np.ndarray[Any, Any]:
        asked.append(one)
        return np.asarray([[1.0], [2.0 + 1e-7 * len(asked)]])

    found, copy = differences(model, ["keras"], tmp_path, outputs)
    assert found["reload.difference"] == pytest.approx(1e-7)
    assert copy is asked[-1]
    assert copy is not model


def test_outputs_that_are_no_numbers_any_more_are_no_agreement(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    values = iter([np.asarray([1.0]), np.asarray([math.nan])])
    found, _ = differences(model, ["h5"], tmp_path, lambda _model: next(values))
    assert math.isnan(found["reload.difference"])


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    found = evaluated(tmp_path / "nowhere", reload=["json"])
    assert "reload.difference" not in found.figures
    assert "can't be saved as json" in found.warnings[0]


def test_an_unreadable_copy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ValueError("Unknown layer 'Strange'. And more.")

    monkeypatch.setattr(keras.models, "load_model", refuse)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(UserError, match="Unknown layer 'Strange'"):
        differences(model, ["keras"], tmp_path, lambda _model: np.zeros(1))


def test_guesses_know_only_how_common_each_class_is() -> None:
    figures = evaluated(None, baselines=["shuffled", "commonest"]).figures
    assert 0.1 < figures["test.shuffled_accuracy"] < 0.6
    assert 1 / 3 <= figures["test.commonest_accuracy"] < 0.5
    assert figures == evaluated(None, baselines=["shuffled", "commonest"]).figures


def test_equal_means_to_the_last_bit_or_within_something() -> None:
    def state(got: float, within: float) -> str:
        compare = Compare(relation="equal", figure="b", within=within)
        return judge(Figure(figure="a", compare=compare), {"a": got, "b": 0.5}).state

    assert state(0.5, 0.0) == "inside"
    assert state(math.nextafter(0.5, 1), 0.0) == "outside"
    assert state(0.5625, 0.0625) == "inside"
    assert state(0.57, 0.0625) == "outside"
    assert state(math.nan, 0.5) == "outside"

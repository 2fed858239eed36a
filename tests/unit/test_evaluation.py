"""Figures by path, predictions and verdicts, from a model whose weights are known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment, Prediction
from kerastui.models.runs.history import History

keras = pytest.importorskip("keras")

from kerastui.datasets.prepare import prepare  # noqa: E402
from kerastui.models.network.building import build_model, compile_model  # noqa: E402
from kerastui.models.training.evaluation import evaluate, predict  # noqa: E402

IRIS: dict[str, Any] = {
    "data": {
        "dataset": "sklearn-iris",
        "task": "multiclass",
        "steps": [{"step": "encode_label"}],
        "split": {"kind": "fraction", "test": 0.3},
    },
    "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
    "compile": {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
}
NUMBERS: dict[str, Any] = {
    "data": {"dataset": "make_regression", "task": "regression",
             "split": {"kind": "fraction", "test": 0.5}},
    "model": {"layers": [{"type": "Dense", "units": 1}]},
    "compile": {"loss": "mse", "metrics": ["mae"]},
}  # fmt: skip


def setup(plain: dict[str, Any], **more: Any) -> tuple[Experiment, Any, Any]:
    spec = Experiment.model_validate({**plain, **more})
    prepared = prepare(spec.data, seed=1)
    model = build_model(spec.model, prepared.input_shape, seed=1)
    return spec, compile_model(model, spec.compile), prepared


def history() -> History:
    made = History()
    made.apply({"event": "epochs", "first": 1, "logs": {"loss": [3.0, 1.0, 2.0]}, "seconds": 1})
    return made


def test_figures_of_parts_history_and_predictions() -> None:
    spec, model, prepared = setup(
        IRIS,
        afterwards={"predict": [{"values": [5.1, 3.5, 1.4, 0.2]}, {"part": "test", "index": 2}]},
        published=[
            {"figure": "train.accuracy", "band": [0, 1]},
            {"figure": "epoch.2.loss", "value": 1.0, "equals": 1.0},
            {"figure": "prediction.1.class", "equals": "nothing"},
        ],
    )
    found = evaluate(spec, model, prepared, history())
    figures = found.figures
    assert figures["parameters"] == 15
    assert (figures["epochs"], figures["last.loss"], figures["best.loss"]) == (3, 2, 1)
    assert figures["epoch.2.loss"] == 1
    # No part is asked for: test; a published figure needs train too.
    for part in (prepared.train, prepared.test):
        name = "train" if part is prepared.train else "test"
        right = (model.predict(part.x, verbose=0).argmax(1) == part.y).mean()
        assert figures[f"{name}.accuracy"] == pytest.approx(right)
    expected = model.predict(np.array([[5.1, 3.5, 1.4, 0.2]], "float32"), verbose=0)[0]
    assert figures["prediction.1.class"] == prepared.class_names[expected.argmax()]
    assert figures["prediction.1.probability"] == pytest.approx(expected.max(), rel=1e-5)
    second = found.predictions[1]
    assert (second.part, second.index, second.number) == ("test", 2, 2)
    assert second.truth == prepared.class_names[prepared.test.y[2]]
    np.testing.assert_allclose(second.input, prepared.test.x[2], rtol=1e-6)
    assert [verdict.state for verdict in found.verdicts] == ["inside", "inside", "outside"]


def test_a_mean_squared_error_comes_with_its_root() -> None:
    spec, model, prepared = setup(NUMBERS)
    figures = evaluate(spec, model, prepared, history()).figures
    truth, seen = prepared.test.y.ravel(), model.predict(prepared.test.x, verbose=0).ravel()
    squares = float(np.mean((truth - seen) ** 2))
    assert figures["test.mse"] == pytest.approx(squares, rel=1e-4)
    assert figures["test.rmse"] == pytest.approx(math.sqrt(squares), rel=1e-4)


def test_logits_are_read_as_logits() -> None:
    plain = {**IRIS, "model": {"layers": [{"type": "Dense", "units": 3}]}}
    _, model, prepared = setup(plain)
    (one,) = predict(Prediction(values=[5.1, 3.5, 1.4, 0.2]), model, prepared)
    powers = np.exp(np.array(one.value) - max(one.value))
    assert one.probability == pytest.approx(powers.max() / powers.sum())


def test_what_can_not_be_predicted_is_a_warning_not_an_end() -> None:
    spec, model, prepared = setup(
        IRIS, afterwards={"predict": [{"values": [1, 2]}, {"part": "validation"}, {"index": 10**6}]}
    )
    found = evaluate(spec, model, prepared, history())
    assert len(found.warnings) == 3
    assert not found.predictions
    with pytest.raises(UserError, match="no sample 0 in the validation part"):
        predict(Prediction(part="validation"), model, prepared)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    spec, model, prepared = setup(
        IRIS,
        afterwards={"predict": [{"label": "a flower", "values": [5.1, 3.5, 1.4, 0.2]}]},
        published=[{"figure": "last.val_loss", "value": 0.3}],
    )
    made = evaluate(spec, model, prepared, history())
    made.figures["odd"] = math.nan
    made.save(tmp_path / "evaluation.json")
    read = json.loads((tmp_path / "evaluation.json").read_text())
    assert read["figures"]["odd"] == "NaN"
    assert read["predictions"][0]["label"] == "a flower"
    assert read["predictions"][0]["class"] in prepared.class_names
    assert read["published"][0] | {"note": ""} == {
        "figure": "last.val_loss", "label": "last.val_loss", "value": 0.3, "got": None,
        "state": "missing", "expected": "", "note": "",
    }  # fmt: skip

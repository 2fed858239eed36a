"""What a trained model reaches: figures by path, predictions, and the published figures beside."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import (
    Baseline,
    Experiment,
    GraphModel,
    Prediction,
    SequentialModel,
)
from kerastui.models.files import write_atomically
from kerastui.models.network import feeding
from kerastui.models.runs import figures as figure_paths
from kerastui.models.runs.events import plain_numbers
from kerastui.models.runs.figures import Value, Verdict
from kerastui.models.runs.history import History

if TYPE_CHECKING:
    from pathlib import Path

    from kerastui.datasets.prepared import Part, Prepared
    from kerastui.datasets.spec import Task

PARTS = ("train", "validation", "test")
SHOWN_INPUTS = 64
"""Up to so many numbers, an input is written beside its prediction."""

_SQUARES = ("mse", "mean_squared_error", "MSE")


@dataclass
class Predicted:
    """One predicted sample.

    Attributes:
        label: What it is, in words.
        value: The model's outputs; of several the first.
        outputs: All outputs by name, where there are several.
        class_name: The most probable class, for classes.
        probability: The probability of that class.
        truth: The true class or numbers, where they are known.
        input: The raw values, or the prepared ones where they are few.
        part, index: Where the sample stands in the data; empty for values typed in.
        number: The prediction (from 1) of the experiment it belongs to.
    """

    label: str
    value: list[float]
    class_name: str | None = None
    probability: float | None = None
    truth: str | list[float] | None = None
    input: list[Any] | None = None
    part: str = ""
    index: int | None = None
    number: int = 0
    outputs: dict[str, list[float]] | None = None

    def plain(self) -> dict[str, Any]:
        """Return plain values; `class` in place of `class_name`."""
        values = {("class" if k == "class_name" else k): v for k, v in vars(self).items()}
        return {name: value for name, value in values.items() if value is not None}


@dataclass
class Evaluation:
    """The figures of a run, its predictions, the verdicts, and what could not be done."""

    figures: dict[str, Value]
    predictions: list[Predicted] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write `evaluation.json`; raises `UserError` where that is not possible."""
        plain = {
            "figures": self.figures,
            "predictions": [prediction.plain() for prediction in self.predictions],
            "published": [
                {
                    "figure": verdict.figure.figure,
                    "label": verdict.label,
                    "value": verdict.figure.value,
                    "got": verdict.got,
                    "state": verdict.state,
                    "expected": verdict.expected,
                    "note": verdict.figure.note,
                }
                for verdict in self.verdicts
            ],
            "warnings": self.warnings,
        }
        write_atomically(path, json.dumps(plain_numbers(plain), indent=1))


def evaluate(
    experiment: Experiment,
    model: keras.Model,
    prepared: Prepared,
    history: History,
    folder: Path | None = None,
) -> Evaluation:
    """Evaluate the parts and predict the inputs that the experiment asks for.

    Args:
        experiment: Says what is asked for; the parts its published figures name belong to it.
        model: The trained, compiled model.
        prepared: The data it was trained on.
        history: The training's history.
        folder: Where copies of the model are saved that the experiment wants read again; None
            leaves that out.
    """
    wanted = [path for figure in experiment.published for path in _paths(figure)]
    found = Evaluation({**figure_paths.of_history(history),
                        **figure_paths.at_epochs(history, wanted)})  # fmt: skip
    found.figures["parameters"] = float(model.count_params())
    for name in _parts(experiment, prepared, wanted):
        part = getattr(prepared, name)
        if part is None or not len(part.x):
            found.warnings.append(f"there is no {name} part to evaluate")
        else:
            found.figures |= {
                f"{name}.{metric}": value
                for metric, value in _evaluate(experiment, model, prepared, part).items()
            }
            for guess in experiment.afterwards.baselines:
                if prepared.task in ("binary", "multiclass"):
                    accuracy = _guessing(part.y, guess, experiment.seed)
                    found.figures[f"{name}.{guess}_accuracy"] = accuracy
    for number, asked in enumerate(experiment.afterwards.predict, start=1):
        try:
            predictions = predict(asked, model, prepared, experiment.model)
        except UserError as error:
            found.warnings.append(f"prediction {number}: {error}")
            continue
        for prediction in predictions:
            prediction.number = number
        found.predictions += predictions
        found.figures |= _prediction_figures(f"prediction.{number}", predictions[0])
    if experiment.afterwards.reload and folder is not None:
        try:
            found.figures |= _reloaded(experiment, model, prepared, folder)
        except UserError as error:
            found.warnings.append(str(error))
    found.verdicts = [figure_paths.judge(one, found.figures) for one in experiment.published]
    return found


def predict(
    asked: Prediction,
    model: keras.Model,
    prepared: Prepared,
    spec: SequentialModel | GraphModel | None = None,
) -> list[Predicted]:
    """Predict values typed in, or samples of a part.

    Args:
        asked: What to predict.
        model: The trained model.
        prepared: The data it was trained on.
        spec: The experiment's model, which says what each input and output stands for; None
            where there is one of each.

    Raises:
        UserError: The values do not fit the data, or there are no such samples.
    """
    spec = spec or SequentialModel()
    task = _task(spec, prepared)
    if asked.values is not None:
        fed = feeding.inputs(spec, prepared.encode(asked.values), prepared.feature_names)
        return [_predicted(asked.label, outputs, prepared, task, list(asked.values))
                for outputs in _outputs(model, fed)]  # fmt: skip
    part: Part | None = getattr(prepared, asked.part)
    if part is None or asked.index >= len(part.x):
        rows = 0 if part is None else len(part.x)
        raise UserError(
            f"There is no sample {asked.index} in the {asked.part} part, which has {rows} rows.",
            f"Choose from 0 to {rows - 1}." if rows else "Choose another part.",
        )
    rows_slice = slice(asked.index, asked.index + asked.count)
    batch = part.x[rows_slice]
    fed, learned = (
        feeding.inputs(spec, batch, prepared.feature_names),
        feeding.targets(spec, batch, part.y[rows_slice], prepared.feature_names,
                        prepared.target_names),
    )  # fmt: skip
    truths = next(iter(learned.values())) if isinstance(learned, dict) else learned
    found = []
    for offset, outputs in enumerate(_outputs(model, fed)):
        index = asked.index + offset
        name = part.names[index] if part.names else f"{asked.part} {index}"
        label = asked.label if asked.label and asked.count == 1 else name
        shown = batch[offset].ravel().tolist() if batch[offset].size <= SHOWN_INPUTS else None
        one = _predicted(label, outputs, prepared, task, shown)
        one.part, one.index = asked.part, index
        one.truth = _truth(truths[offset], prepared, task)
        found.append(one)
    return found


def _paths(figure: Any) -> Iterable[str]:
    yield figure.figure
    if figure.compare is not None and figure.compare.figure:
        yield figure.compare.figure


def _parts(experiment: Experiment, prepared: Prepared, wanted: list[str]) -> list[str]:
    asked: list[str] = list(experiment.afterwards.evaluate)
    asked = asked or ["test" if prepared.test is not None else "train"]
    asked += [path.partition(".")[0] for path in wanted]
    return [name for name in PARTS if name in asked]


def _evaluate(
    experiment: Experiment, model: keras.Model, prepared: Prepared, part: Part
) -> dict[str, float]:
    """Return a part's metrics by name, with the root of a mean squared error as `rmse`."""
    batch = experiment.fit.batch_size
    size = max(32, batch) if isinstance(batch, int) else min(1024, len(part.x))
    x, y = feeding.of_part(experiment.model, prepared, part)
    results = model.evaluate(x, y, batch_size=size, verbose=0, return_dict=True)
    metrics = {name: float(np.mean(value)) for name, value in results.items()}
    squares = [metrics[name] for name in _SQUARES if name in metrics]
    loss = experiment.compile.loss
    plain_loss = "" if isinstance(loss, dict) or model.losses else loss.type
    if plain_loss.lower().replace("_", "") in ("mse", "meansquarederror"):
        squares.append(metrics["loss"])
        metrics.setdefault("mse", metrics["loss"])
    if squares and "rmse" not in metrics:
        metrics["rmse"] = math.sqrt(squares[0]) if squares[0] >= 0 else math.nan
    return metrics


def _guessing(y: np.ndarray[Any, Any], guess: Baseline, seed: int) -> float:
    """Return the accuracy of a guess that looks at no input."""
    classes = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y))
    if guess == "commonest":
        return float(np.unique(classes, return_counts=True)[1].max() / len(classes))
    return float(np.mean(np.random.default_rng(seed).permutation(classes) == classes))


def _reloaded(
    experiment: Experiment, model: keras.Model, prepared: Prepared, folder: Path
) -> dict[str, Value]:
    """Return the figures of the model that was saved and read again."""
    from kerastui.models.network.building import compile_model
    from kerastui.models.training.reload import differences

    named = _parts(experiment, prepared, [])
    part = next((one for name in named if (one := getattr(prepared, name)) is not None), None)
    batches = [] if part is None else [part.x]
    batches += [
        prepared.encode(asked.values)
        for asked in experiment.afterwards.predict
        if asked.values is not None
    ]
    names = prepared.feature_names
    fed = [feeding.inputs(experiment.model, batch, names) for batch in batches]

    def outputs(one: keras.Model) -> np.ndarray[Any, Any]:
        rows = [np.concatenate(list(row.values())) for batch in fed for row in _outputs(one, batch)]
        return np.stack(rows)

    found, copy = differences(model, experiment.afterwards.reload, folder, outputs)
    figures: dict[str, Value] = dict(found)
    if part is not None:
        compile_model(copy, experiment.compile)
        reached = _evaluate(experiment, copy, prepared, part)
        figures |= {f"reload.{metric}": value for metric, value in reached.items()}
    return figures


def _outputs(model: keras.Model, batch: Any) -> list[dict[str, np.ndarray[Any, Any]]]:
    """Return a sample's outputs by name, each as one row of numbers."""
    rows = feeding.rows(batch)
    outputs = keras.tree.flatten(model.predict(batch, verbose=0, batch_size=min(1024, rows)))
    names = list(getattr(model, "output_names", ())) if len(outputs) > 1 else [""]
    flat = {
        name: np.asarray(output, dtype=np.float64).reshape(rows, -1)
        for name, output in zip(names, outputs, strict=True)
    }
    return [{name: output[row] for name, output in flat.items()} for row in range(rows)]


def _task(spec: SequentialModel | GraphModel, prepared: Prepared) -> Task:
    """The task of the first output; one that gives its input back predicts numbers."""
    if isinstance(spec, GraphModel) and feeding.given_back(spec, spec.outputs[0], prepared):
        return "regression"
    return prepared.task


def _predicted(
    label: str,
    outputs: dict[str, np.ndarray[Any, Any]],
    prepared: Prepared,
    task: Task,
    shown: list[Any] | None,
) -> Predicted:
    output = next(iter(outputs.values()))
    one = Predicted(label, output.tolist(), input=shown)
    if len(outputs) > 1:
        one.outputs = {name: values.tolist() for name, values in outputs.items()}
    if task in ("binary", "multiclass") and len(output) > 1:
        shares = output if _is_distribution(output) else _softmax(output)
        number = int(np.argmax(shares))
        one.class_name, one.probability = _class(prepared, number), float(shares[number])
    elif task == "binary":
        # Outside 0 … 1 it is a logit, before the sigmoid.
        p = float(output[0])
        p = p if 0 <= p <= 1 else 1 / (1 + math.exp(-max(-700.0, min(700.0, p))))
        one.class_name = _class(prepared, int(p > 0.5))
        one.probability = max(p, 1 - p)
    return one


def _truth(y: Any, prepared: Prepared, task: Task) -> str | list[float]:
    values = np.asarray(y).ravel()
    if task in ("binary", "multiclass"):
        return _class(prepared, int(values.argmax()) if len(values) > 1 else int(values[0]))
    return [float(value) for value in values]


def _class(prepared: Prepared, number: int) -> str:
    return prepared.class_names[number] if number < len(prepared.class_names) else str(number)


def _is_distribution(output: np.ndarray[Any, Any]) -> bool:
    return bool((output >= 0).all() and abs(float(output.sum()) - 1) < 1e-3)


def _softmax(output: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    powers = np.exp(output - output.max())
    return np.asarray(powers / powers.sum())


def _prediction_figures(path: str, prediction: Predicted) -> dict[str, Value]:
    figures: dict[str, Value] = {}
    if prediction.value:
        figures[f"{path}.value"] = prediction.value[0]
    if len(prediction.value) > 1:
        figures[f"{path}.sum"] = math.fsum(prediction.value)
    if prediction.class_name is not None:
        figures[f"{path}.class"] = prediction.class_name
    if prediction.probability is not None:
        figures[f"{path}.probability"] = prediction.probability
    return figures

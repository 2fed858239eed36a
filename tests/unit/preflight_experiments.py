"""Made-up experiments and data for the pre-flight check."""

from __future__ import annotations

from typing import Any

from kerastui.models.experiment.schema import Experiment
from kerastui.models.preflight import checks as preflight
from kerastui.models.preflight.checks import Facts, Finding, TargetFacts

BINARY = TargetFacts((), 0, 1, whole=True)
CLASSES = TargetFacts((), 0, 2, whole=True)
ONE_HOT = TargetFacts((3,), 0, 1, whole=True, one_hot=True)
NUMBER = TargetFacts((), 5.0, 50.0, whole=False)
TARGETS = {"binary": BINARY, "multiclass": CLASSES, "regression": NUMBER, "forecasting": NUMBER}


def dense(units: int, activation: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "Dense", "units": units, **({"activation": activation} if activation else {}),
            **more}  # fmt: skip


def experiment(task: str, *layers: dict[str, Any], loss: Any, metrics: Any = (),
               callbacks: Any = (), **fit: Any) -> Experiment:  # fmt: skip
    return Experiment.model_validate(
        {
            "data": {"dataset": "iris", "task": task},
            "model": {"layers": list(layers)},
            "compile": {"loss": loss, "metrics": list(metrics)},
            "callbacks": list(callbacks),
            "fit": fit,
        }
    )


def data(task: str = "binary", target: TargetFacts | None = None, **fields: Any) -> Facts:
    values: dict[str, Any] = {
        "input_shape": (4,),
        "targets": (target or TARGETS[task],),
        "task": task,
        "rows": 100,
        "validation_rows": 20,
    }
    return Facts(**{**values, **fields})


def found(given_experiment: Experiment, given_data: Facts) -> list[Finding]:
    return preflight.check(given_experiment, given_data)


BCE, CCE, SCCE = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)
DECAY = {"type": "ExponentialDecay", "initial_learning_rate": 0.1, "decay_steps": 2,
         "decay_rate": 0.5}  # fmt: skip
SCHEDULED = {"type": "LearningRateScheduler", "schedule": DECAY}
STOP = {"type": "EarlyStopping", "patience": 5}

CNN = [{"type": "Conv2D", "filters": 32, "kernel_size": [3, 3], "activation": "relu"},
       {"type": "MaxPooling2D"}, {"type": "Flatten"}, {"type": "Dropout", "rate": 0.5}]  # fmt: skip

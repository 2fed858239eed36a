"""Hold every Keras object of an experiment against the catalogue generated from Keras."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kerastui.models.catalogue import check

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment, Layer, Part


def problems(experiment: Experiment) -> list[check.Problem]:
    """Return what Keras would not accept, named by the experiment's own fields."""
    return [
        problem
        for kind, part, where in _parts(experiment)
        for problem in check.check(kind, part.type, part.parameters, where)
    ]


def _parts(experiment: Experiment) -> Iterator[tuple[str, Part, str]]:
    for layer, where in _layers(experiment):
        yield "layers", layer, where
    compile_ = experiment.compile
    yield "optimizers", compile_.optimizer, "compile.optimizer"
    losses = compile_.loss if isinstance(compile_.loss, dict) else {"": compile_.loss}
    for output, loss in losses.items():
        yield "losses", loss, f"compile.loss.{output}".rstrip(".")
    for where, metric in compile_.metric_paths:
        yield "metrics", metric, where
    for index, callback in enumerate(experiment.callbacks):
        yield "callbacks", callback, f"callbacks.{index}"


def _layers(experiment: Experiment) -> Iterator[tuple[Layer, str]]:
    model = experiment.model
    if model.kind != "graph":
        for index, layer in enumerate(model.layers):
            yield layer, f"model.layers.{index}"
    else:
        for index, node in enumerate(model.nodes):
            if node.shares is None:
                yield node, f"model.nodes.{index}"

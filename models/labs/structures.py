"""The models of the labs that train nothing, as data, and what is published of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerastui.models.diagram import Graph
    from kerastui.models.experiment.schema import GraphModel, SequentialModel
    from kerastui.models.network.summary import ModelSummary


@dataclass(frozen=True)
class Structure:
    """One model to look at.

    Attributes:
        name: What tells it from the lab's others.
        model: The model part of an experiment, as plain values.
        inputs: Shape of one sample; empty where the model's inputs say it themselves.
        layers: Published number of weights of each layer, None where the document prints none.
        total: Published number of all weights.
    """

    name: str
    model: Mapping[str, Any] = field(repr=False)
    inputs: tuple[int, ...] = ()
    layers: tuple[int | None, ...] = ()
    total: int | None = None

    def parsed(self) -> SequentialModel | GraphModel:
        """Return the model as the experiment knows it."""
        from kerastui.models.experiment.schema import GraphModel, SequentialModel

        kind = GraphModel if self.model.get("kind") == "graph" else SequentialModel
        return kind.model_validate(dict(self.model))


def _dense(units: int, activation: str = "", **more: Any) -> dict[str, Any]:
    named = {"activation": activation} if activation else {}
    return {"type": "Dense", "units": units, **named, **more}


def _stack(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "sequential", "layers": list(layers)}


_SMALL = _stack(
    _dense(10, "relu", kernel_initializer="he_normal"),
    _dense(8, "relu", kernel_initializer="he_normal"),
    _dense(1, "sigmoid"),
)

SEQUENTIAL = (Structure("Sequential", _stack(_dense(10), _dense(1)), (8,), (), 101),)
DEEP = (
    Structure(
        "Sequential", _stack(*(_dense(units) for units in (100, 80, 30, 10, 5, 1))), (8,),
        (900, 8080, 2430, 310, 55, 6), 11_781,
    ),
)  # fmt: skip
FUNCTIONAL = (
    Structure(
        "functional twin of a02",
        {
            "kind": "graph",
            "inputs": [{"name": "x_in", "shape": [8]}],
            "nodes": [
                {"name": "x", "from": ["x_in"], **_dense(10)},
                {"name": "x_out", "from": ["x"], **_dense(1)},
            ],
            "outputs": ["x_out"],
        },
        (8,), (), 101,
    ),
    Structure(
        "two inputs, two outputs",
        {
            "kind": "graph",
            "inputs": [{"name": "measured", "shape": [8]}, {"name": "asked", "shape": [3]}],
            "nodes": [
                {"name": "wide", "from": ["measured"], **_dense(10, "relu")},
                {"name": "narrow", "from": ["asked"], **_dense(4, "relu")},
                {"name": "joined", "type": "Concatenate", "from": ["wide", "narrow"]},
                {"name": "shared", "from": ["joined"], **_dense(8, "relu")},
                {"name": "price", "from": ["shared"], **_dense(1)},
                {"name": "kind", "from": ["shared"], **_dense(3, "softmax")},
            ],
            "outputs": ["price", "kind"],
        },
    ),
)  # fmt: skip
SUMMARY = (Structure("Sequential", _SMALL, (8,), (90, 88, 9), 187),)
TWO_APIS = (
    Structure(
        "Sequential", _stack(_dense(32, "relu"), _dense(10, "softmax")), (784,), (), 25_450
    ),
    Structure(
        "functional",
        {
            "kind": "graph",
            "inputs": [{"name": "pixels", "shape": [784]}],
            "nodes": [
                {"name": "hidden", "from": ["pixels"], **_dense(32, "relu")},
                {"name": "digit", "from": ["hidden"], **_dense(10, "softmax")},
            ],
            "outputs": ["digit"],
        },
        (784,), (), 25_450,
    ),
)  # fmt: skip


def look(model: Mapping[str, Any], inputs: list[int]) -> dict[str, Any]:
    """Follow a model layer by layer with Keras, in a worker.

    Args:
        model: The model part of an experiment.
        inputs: Shape of one sample.

    Returns:
        A `kerastui.models.network.summary.ModelSummary` as plain values.
    """
    from dataclasses import asdict

    from kerastui.models.network.summary import shapes

    return asdict(shapes(Structure("", model).parsed(), tuple(inputs)))


def summary_of(plain: Mapping[str, Any]) -> ModelSummary:
    """Return the summary that `look` gave as plain values."""
    from kerastui.models.network.summary import ModelSummary, Row

    return ModelSummary(**{**plain, "rows": [Row(**row) for row in plain["rows"]]})


def graph_of(structure: Structure, summary: ModelSummary) -> Graph:
    """Return the graph of a model, with shapes and numbers of weights."""
    from kerastui.models.diagram import from_model

    return from_model(structure.parsed(), summary)

"""Models to begin with, each sized by the data: from two dense layers to an autoencoder.

A template is offered where the data's shape suits it, and gives changes for
`Experiment.changed`: the whole model, with the loss and the metrics that go with it. Pure: the
facts come from the `data` of the inspector's summary, so that a screen can offer templates
without asking anyone.

Last layers and losses follow tables 4.1 and 6.1 of François Chollet, "Deep Learning with
Python", 2nd ed.; the two-branch text model Yoon Kim, "Convolutional Neural Networks for Sentence
Classification", 2014; wide and deep Heng-Tze Cheng et al., 2016; the residual blocks Kaiming He
et al., "Deep Residual Learning for Image Recognition", 2015.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kerastui.datasets.spec import Task
from kerastui.models.experiment.schema import Experiment

Values = dict[str, Any]
Form = Literal["row", "words", "series", "picture", "other"]

ENDS: Mapping[str, tuple[str | None, str, str]] = {
    "binary": ("sigmoid", "binary_crossentropy", "accuracy"),
    "multiclass": ("softmax", "sparse_categorical_crossentropy", "accuracy"),
    "multilabel": ("sigmoid", "binary_crossentropy", "binary_accuracy"),
    "regression": (None, "mse", "mae"),
    "forecasting": (None, "mse", "mae"),
}
"""Activation of the last layer, loss and metric by task."""


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """What a model is sized by.

    Attributes:
        task: What is to be learned.
        shape: Shape of one prepared sample.
        outputs: Numbers that one output gives.
        one_hot: The target has a column for each class.
        rows: Training rows.
        words: Numbers from 0 to below this stand for words; 0 where the inputs are no words.
        features: Names of the prepared features; empty for pictures and texts.
    """

    task: Task
    shape: tuple[int, ...]
    outputs: int
    one_hot: bool = False
    rows: int = 1000
    words: int = 0
    features: tuple[str, ...] = ()

    @property
    def form(self) -> Form:
        """What one sample is."""
        if self.words:
            return "words"
        forms: dict[int, Form] = {1: "row", 2: "series", 3: "picture"}
        if len(self.shape) == 2 and not self.features and min(self.shape) >= 8:
            return "picture"  # grey, and still without a channel
        return forms.get(len(self.shape), "other")

    @property
    def units(self) -> int:
        """Units of a first dense layer: more for more rows."""
        return 16 if self.rows < 500 else 32 if self.rows < 10_000 else 64


def facts_of(experiment: Experiment, data: Mapping[str, Any]) -> TemplateFacts:
    """Gather the facts from an experiment and the `data` of its summary.

    Args:
        experiment: Says how texts are prepared.
        data: What `Prepared.to_json` gives.
    """
    parts = data["parts"]["train"]
    target = list(parts["y"][1:])
    pads = [step.words for step in experiment.data.steps if step.step == "pad"]
    task: Task = data["task"]
    return TemplateFacts(
        task=task,
        shape=tuple(data["input_shape"]),
        outputs=math.prod(data["output_shape"]) or 1,
        one_hot=task in ("binary", "multiclass") and bool(target) and target[0] > 1,
        rows=int(parts["x"][0]),
        words=pads[-1] if pads else 0,
        features=tuple(data.get("feature_names", ())),
    )


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of model.

    Attributes:
        name: What it is called.
        sentence: What it is good for.
        forms: What one sample must be.
        make: Returns the model as plain values.
    """

    name: str
    sentence: str
    forms: tuple[Form, ...]
    make: Callable[[TemplateFacts], Values]

    def unsuitable(self, facts: TemplateFacts) -> str:
        """Why it does not suit the data, in a few words; empty where it does."""
        if facts.form in self.forms:
            return ""
        words = {"row": "rows of numbers", "words": "texts", "series": "series in windows",
                 "picture": "pictures", "other": "other arrays"}  # fmt: skip
        return f"for {' and '.join(words[form] for form in self.forms)}"

    def build(self, facts: TemplateFacts) -> Values:
        """Return the changes that put this model into an experiment: model, loss, metrics."""
        model = self.make(facts)
        loss, metrics = "mse", ["mae"]
        if not model.get("targets"):  # an autoencoder predicts numbers whatever the task
            _, loss, metric = ending(facts)
            metrics = [metric]
        return {
            "model": model,
            "compile.loss": loss,
            "compile.metrics": metrics,
            "compile.loss_weights": None,
        }


def available(facts: TemplateFacts) -> list[Template]:
    """Return the templates that suit the data, the simplest first."""
    return [template for template in TEMPLATES if not template.unsuitable(facts)]


# --- building blocks -----------------------------------------------------------------------


def ending(facts: TemplateFacts) -> tuple[str | None, str, str]:
    """Activation, loss and metric for the task as the target is prepared."""
    if facts.one_hot:
        return "softmax", "categorical_crossentropy", "accuracy"
    return ENDS[facts.task]


def _last(facts: TemplateFacts, **more: Any) -> Values:
    activation = ending(facts)[0]
    layer = {"type": "Dense", "units": facts.outputs, **more}
    return {**layer, "activation": activation} if activation else layer


def _dense(units: int, **more: Any) -> Values:
    return {"type": "Dense", "units": units, "activation": "relu", **more}


def _node(name: str, sources: str | list[str], layer: Values) -> Values:
    return {"name": name, "from": [sources] if isinstance(sources, str) else sources, **layer}


def _conv(filters: int, size: int = 3, **more: Any) -> Values:
    return {"type": "Conv2D", "filters": filters, "kernel_size": size, "activation": "relu",
            "padding": "same", **more}  # fmt: skip


def _stack(*layers: Values) -> Values:
    return {"kind": "sequential", "layers": list(layers)}


def _graph(inputs: list[Values], nodes: list[Values], output: str, **more: Any) -> Values:
    return {"kind": "graph", "inputs": inputs, "nodes": nodes, "outputs": [output], **more}


def _channel(facts: TemplateFacts) -> list[Values]:
    """A channel for grey pictures that have none."""
    if len(facts.shape) == 2:
        return [{"type": "Reshape", "target_shape": [*facts.shape, 1]}]
    return []


def _embedding(facts: TemplateFacts) -> Values:
    width = 16 if facts.rows < 5000 else 32
    return {"type": "Embedding", "input_dim": facts.words, "output_dim": width}


# --- the templates -------------------------------------------------------------------------


def _dense_model(facts: TemplateFacts) -> Values:
    layers = [] if facts.form == "row" else [{"type": "Flatten"}]
    return _stack(*layers, _dense(facts.units), _dense(facts.units // 2), _last(facts))


def _deep_dense(facts: TemplateFacts) -> Values:
    units = 2 * facts.units
    layers: list[Values] = []
    for width in (units, units, units // 2):
        layers += [_dense(width), {"type": "Dropout", "rate": 0.2}]
    return _stack(*layers[:-1], _last(facts))


def _linear_model(facts: TemplateFacts) -> Values:
    return _stack(*([] if facts.form == "row" else [{"type": "Flatten"}]), _last(facts))


def _cnn(facts: TemplateFacts) -> Values:
    """Blocks of convolution and pooling, as many as the picture has room for."""
    layers, side, filters = _channel(facts), min(facts.shape[:2]), 32
    while side >= 8 and filters <= 128:
        layers += [_conv(filters), {"type": "MaxPooling2D"}]
        side, filters = side // 2, 2 * filters
    layers += [{"type": "Flatten"}, _dense(facts.units), {"type": "Dropout", "rate": 0.3}]
    return _stack(*layers, _last(facts))


def _augmented(facts: TemplateFacts) -> Values:
    """The same, with pictures that are shifted, turned and zoomed anew in every epoch."""
    layers = list(_cnn(facts)["layers"])
    channel = len(_channel(facts))
    changes: list[Values] = [
        {"type": "RandomTranslation", "height_factor": 0.1, "width_factor": 0.1},
        {"type": "RandomRotation", "factor": 0.05},
        {"type": "RandomZoom", "height_factor": 0.1},
    ]
    return _stack(*layers[:channel], *changes, *layers[channel:])


def _ready_made(facts: TemplateFacts) -> Values:
    """MobileNetV2, on pictures made large enough for it."""
    rows, columns, channels = (*facts.shape, 1)[:3]
    size = [max(32, rows), max(32, columns), channels]
    larger: list[Values] = []
    network: Values = {"type": "MobileNetV2", "alpha": 0.35, "pooling": "avg"}
    if size != list(facts.shape):
        larger = [{"type": "Resizing", "height": size[0], "width": size[1]}]
        network["input_shape"] = size
    return _stack(*_channel(facts), *larger, network, _last(facts))


def _recurrent(kind: str) -> Callable[[TemplateFacts], Values]:
    def make(facts: TemplateFacts) -> Values:
        first = [_embedding(facts)] if facts.words else []
        return _stack(*first, {"type": kind, "units": facts.units}, _last(facts))

    return make


def _bidirectional(facts: TemplateFacts) -> Values:
    first = [_embedding(facts)] if facts.words else []
    both = {"type": "Bidirectional", "layer": {"type": "LSTM", "units": facts.units}}
    return _stack(*first, both, _last(facts))


def _words_average(facts: TemplateFacts) -> Values:
    return _stack(_embedding(facts), {"type": "GlobalAveragePooling1D"}, _dense(facts.units),
                  _last(facts))  # fmt: skip


def _two_branches(facts: TemplateFacts) -> Values:
    """Two ways through the model that meet before the output."""
    if facts.form == "words":
        nodes = [_node("words", "text", _embedding(facts))]
        for size in (3, 5):
            window = {"type": "Conv1D", "filters": facts.units, "kernel_size": size,
                      "activation": "relu", "padding": "same"}  # fmt: skip
            nodes.append(_node(f"window_{size}", "words", window))
            nodes.append(_node(f"strongest_{size}", f"window_{size}",
                               {"type": "GlobalMaxPooling1D"}))  # fmt: skip
        return _joined([{"name": "text"}], nodes, ["strongest_3", "strongest_5"], facts)
    if facts.form == "picture":
        nodes = [_node("channel", "picture", layer) for layer in _channel(facts)]
        source = nodes[-1]["name"] if nodes else "picture"
        for size in (3, 5):
            nodes.append(_node(f"detail_{size}", source, _conv(16, size)))
            nodes.append(_node(f"pooled_{size}", f"detail_{size}", {"type": "MaxPooling2D"}))
            nodes.append(_node(f"row_{size}", f"pooled_{size}", {"type": "Flatten"}))
        return _joined([{"name": "picture"}], nodes, ["row_3", "row_5"], facts)
    if facts.form == "series":
        nodes = [
            _node("course", "window", {"type": "LSTM", "units": facts.units}),
            _node("values", "window", {"type": "Flatten"}),
        ]
        return _joined([{"name": "window"}], nodes, ["course", "values"], facts)
    kinds = list(dict.fromkeys(n.split("=")[0] for n in facts.features if "=" in n))
    numbers = [name for name in facts.features if "=" not in name]
    if kinds and numbers:
        inputs = [{"name": "numbers", "columns": numbers}, {"name": "kinds", "columns": kinds}]
        nodes = [
            _node("measured", "numbers", _dense(facts.units)),
            _node("told", "kinds", _dense(max(4, facts.units // 2))),
        ]
        return _joined(inputs, nodes, ["measured", "told"], facts)
    nodes = [
        _node("deep", "row", _dense(facts.units)),
        _node("deeper", "deep", _dense(facts.units // 2)),
    ]
    return _joined([{"name": "row"}], nodes, ["row", "deeper"], facts)


def _joined(
    inputs: list[Values], nodes: list[Values], ends: list[str], facts: TemplateFacts
) -> Values:  # fmt: skip
    nodes = [*nodes, _node("joined", ends, {"type": "Concatenate"}),
             _node("output", "joined", _last(facts))]  # fmt: skip
    return _graph(inputs, nodes, "output")


def _residual(facts: TemplateFacts) -> Values:
    """Two blocks whose input is added to their output, so that they only learn what differs."""
    if facts.form == "picture":
        nodes = [_node("channel", "picture", layer) for layer in _channel(facts)]
        source = nodes[-1]["name"] if nodes else "picture"
        nodes.append(_node("start", source, _conv(32)))
        last = "start"
        for block in (1, 2):
            nodes += [
                _node(f"first_{block}", last, _conv(32)),
                _node(f"second_{block}", f"first_{block}", _conv(32, activation="linear")),
                _node(f"sum_{block}", [last, f"second_{block}"], {"type": "Add"}),
                _node(f"relu_{block}", f"sum_{block}", {"type": "ReLU"}),
            ]
            last = f"relu_{block}"
        nodes.append(_node("average", last, {"type": "GlobalAveragePooling2D"}))
        nodes.append(_node("output", "average", _last(facts)))
        return _graph([{"name": "picture"}], nodes, "output")
    units = facts.units
    nodes = [_node("start", "row", _dense(units))]
    last = "start"
    for block in (1, 2):
        nodes += [
            _node(f"first_{block}", last, _dense(units)),
            _node(f"second_{block}", f"first_{block}", {"type": "Dense", "units": units}),
            _node(f"sum_{block}", [last, f"second_{block}"], {"type": "Add"}),
            _node(f"relu_{block}", f"sum_{block}", {"type": "ReLU"}),
        ]
        last = f"relu_{block}"
    nodes.append(_node("output", last, _last(facts)))
    return _graph([{"name": "row"}], nodes, "output")


def _autoencoder(facts: TemplateFacts) -> Values:
    """A narrow middle from which the input itself is to be made again."""
    size = math.prod(facts.shape)
    middle = max(2, min(32, size // 4))
    wide = max(2 * middle, min(128, size))
    nodes = [] if facts.form == "row" else [_node("row", "input", {"type": "Flatten"})]
    nodes += [
        _node("narrowing", nodes[-1]["name"] if nodes else "input", _dense(wide)),
        _node("code", "narrowing", _dense(middle)),
        _node("widening", "code", _dense(wide)),
        _node("again", "widening", {"type": "Dense", "units": size}),
    ]
    if facts.form != "row":
        back = {"type": "Reshape", "target_shape": list(facts.shape)}
        nodes.append(_node("back", "again", back))
    last = str(nodes[-1]["name"])
    return _graph([{"name": "input"}], nodes, last, targets={last: ["input"]})


TEMPLATES: tuple[Template, ...] = (
    Template("Linear", "A single layer: what any other model must beat.",
             ("row", "series", "picture"), _linear_model),
    Template("Dense", "Two small dense layers: the usual start for rows of numbers.",
             ("row", "series", "picture"), _dense_model),
    Template("Deep dense", "Three wider dense layers with dropout between them.",
             ("row",), _deep_dense),
    Template("Convolutions", "Finds small patterns wherever they are in a picture.",
             ("picture",), _cnn),
    Template("Convolutions, augmented", "The same, with pictures shifted, turned and zoomed.",
             ("picture",), _augmented),
    Template("MobileNetV2", "A ready-made network, with random weights or those of a file.",
             ("picture",), _ready_made),
    Template("LSTM", "Reads step by step and keeps what matters over long stretches.",
             ("series", "words"), _recurrent("LSTM")),
    Template("GRU", "As an LSTM, with fewer parameters.",
             ("series", "words"), _recurrent("GRU")),
    Template("Bidirectional LSTM", "Reads forwards and backwards.",
             ("series", "words"), _bidirectional),
    Template("Words, averaged", "Learns numbers for each word; a text is their average.",
             ("words",), _words_average),
    Template("Two branches", "Two ways through the model that meet before the output.",
             ("row", "series", "picture", "words"), _two_branches),
    Template("Residual", "Blocks whose input is added to their output; trains well when deep.",
             ("row", "picture"), _residual),
    Template("Autoencoder", "Learns to give its input back through a narrow middle.",
             ("row", "series", "picture"), _autoencoder),
)  # fmt: skip
"""All templates, the simplest first."""

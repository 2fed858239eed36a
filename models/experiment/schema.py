"""The experiment: everything that decides a result, and nothing else.

One pydantic model, one TOML file (`kerastui.models.experiment.toml` reads and writes it). Nothing
here imports Keras: a Keras object is a `Part`, its type and its plain parameters, checked against
the catalogue that was generated from Keras itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

from kerastui.datasets.errors import UserError
from kerastui.datasets.spec import Data

FORMAT = 1

Backend = Literal["tensorflow", "jax", "torch"]
Execution = Literal["auto", "fast", "plain"]
PartName = Literal["train", "validation", "test"]
SavedFormat = Literal["keras", "h5", "json"]
Baseline = Literal["shuffled", "commonest"]


class Strict(BaseModel):
    """A model that refuses fields it does not know, so that a typing slip is never ignored."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Part(BaseModel):
    """A Keras object built from plain values: an optimizer, a loss, a metric, a regularizer ...

    In TOML either a name, `"adam"`, or a table, `{ type = "Adam", learning_rate = 0.01 }`. The
    keys beside `type` are the parameters Keras knows for that type; a nested Keras object is
    again a name or a table with `type`.
    """

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    type: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from Keras' defaults, as they were written."""
        return dict(self.model_extra or {})

    @model_serializer(mode="plain")
    def _to_plain(self) -> Any:
        return {"type": self.type, **self.parameters} if self.parameters else self.type


class Layer(Part):
    """A layer: a part with a name of its own, that can be switched off without being deleted."""

    name: str | None = None
    disabled: bool = False

    @model_serializer(mode="plain")
    def _to_plain(self) -> Any:
        plain: dict[str, Any] = {"type": self.type}
        if self.name is not None:
            plain["name"] = self.name
        if self.disabled:
            plain["disabled"] = True
        return {**plain, **self.parameters}


class Node(Layer):
    """A layer in a graph, with the names of the nodes or inputs that feed it.

    `shares` names an earlier node whose very layer (the same weights) is applied once more.
    """

    name: str = Field(min_length=1)
    inputs: list[str] = Field(alias="from", min_length=1)
    shares: str | None = None

    model_config = ConfigDict(extra="allow", validate_assignment=True, populate_by_name=True)

    @model_serializer(mode="plain")
    def _to_plain(self) -> Any:
        plain: dict[str, Any] = {"name": self.name, "type": self.type, "from": self.inputs}
        if self.shares is not None:
            plain["shares"] = self.shares
        if self.disabled:
            plain["disabled"] = True
        return {**plain, **self.parameters}


class GraphInput(Strict):
    """An input of a graph; an empty shape means the shape of the prepared data.

    `columns` names the prepared features that this input takes; a name also stands for the
    columns that `one_hot` made of it (`kerastui.models.network.feeding`). Empty: all of them.
    """

    name: str = Field(min_length=1)
    shape: list[int | None] = []
    columns: list[str] = []


class SequentialModel(Strict):
    """A stack of layers. The input's shape comes from the prepared data."""

    kind: Literal["sequential"] = "sequential"
    layers: list[Layer] = []

    @property
    def active(self) -> list[Layer]:
        """The layers that are switched on, in order."""
        return [layer for layer in self.layers if not layer.disabled]


class FileModel(SequentialModel):
    """A saved model, with `layers` stacked on top of what is left of it.

    The file is one that today's Keras opens by itself; `kerastui.models.saved.start` makes such a
    copy of an older one. Its layers are trained but for those that `frozen` names and those before
    `trainable_from`, a layer's name or its number.

    Attributes:
        path: Where the file lies, from the root on.
        sha256: Of its bytes: another file in its place is no longer the same experiment.
        cut: How many of its last layers are left out.
    """

    kind: Literal["file"] = "file"  # type: ignore[assignment]
    path: str
    sha256: str
    cut: int = Field(default=0, ge=0)
    frozen: list[str] = []
    trainable_from: str | int | None = None

    @model_validator(mode="after")
    def _names_a_file(self) -> FileModel:
        if not self.path.startswith("/") or "\0" in self.path:
            raise ValueError(
                f"path: received {self.path!r}; accepted: a file's path from the root on, /…"
            )
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise ValueError(
                f"sha256: received {self.sha256[:80]!r}; accepted: 64 hexadecimal digits, as "
                "sha256sum prints them"
            )
        if isinstance(self.trainable_from, int) and self.trainable_from < 0:
            raise ValueError(
                f"trainable_from: received {self.trainable_from}; accepted: a layer's name, or "
                "its number from 0"
            )
        return self


class GraphModel(Strict):
    """A graph of named nodes: branches, merges, shared layers, several inputs and outputs.

    `targets` says which columns of the target each output learns; an output that is not named
    there learns the whole target. In place of columns stands the name of an input whose very
    values the output learns to give back, as an autoencoder does.
    """

    kind: Literal["graph"] = "graph"
    inputs: list[GraphInput] = Field(min_length=1)
    nodes: list[Node] = Field(min_length=1)
    outputs: list[str] = Field(min_length=1)
    targets: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _names_resolve(self) -> GraphModel:
        known = [entry.name for entry in self.inputs]
        for node in self.nodes:
            if node.name in known:
                raise ValueError(f"two nodes are called {node.name!r}; every name must be its own")
            for source in [*node.inputs, *([node.shares] if node.shares else [])]:
                if source not in known:
                    raise ValueError(
                        f"node {node.name!r} takes {source!r}, which is not defined before it; "
                        f"defined there: {', '.join(known)}"
                    )
            known.append(node.name)
        for output in self.outputs:
            if output not in known:
                raise ValueError(f"output {output!r} is no node; the nodes: {', '.join(known)}")
        for name in self.targets:
            if name not in self.outputs:
                raise ValueError(
                    f"targets: {name!r} is no output; the outputs: {', '.join(self.outputs)}"
                )
        return self


def _kind_of(value: Any) -> str:
    """A model is a stack unless it says otherwise, so that `kind` need not be written."""
    kind = value.get("kind", "sequential") if isinstance(value, dict) else None
    return str(kind or getattr(value, "kind", "sequential"))


Model = Annotated[
    Annotated[SequentialModel, Tag("sequential")]
    | Annotated[GraphModel, Tag("graph")]
    | Annotated[FileModel, Tag("file")],
    Discriminator(_kind_of),
]


class Compile(Strict):
    """The arguments of `model.compile`.

    With several outputs, loss and metrics may be given for each by its name; one loss, and one
    list of metrics, stand for every output.
    """

    optimizer: Part = Part(type="adam")
    # A table with `type` is one loss, even where all its parameters are words.
    loss: Part | dict[str, Part] = Field(default=Part(type="mse"), union_mode="left_to_right")
    metrics: list[Part] | dict[str, list[Part]] = []
    loss_weights: dict[str, float] | None = None

    @field_validator("optimizer")
    @classmethod
    def _rate_is_float(cls, optimizer: Part) -> Part:
        # Keras' optimizers refuse a learning rate of 1 and take 1.0.
        rate = optimizer.parameters.get("learning_rate")
        if type(rate) is not int:
            return optimizer
        return Part(type=optimizer.type, **{**optimizer.parameters, "learning_rate": float(rate)})

    def loss_of(self, output: str) -> Part | None:
        """The loss of an output; None where Keras trains without one on it."""
        return self.loss.get(output) if isinstance(self.loss, dict) else self.loss

    def metrics_of(self, output: str) -> list[Part]:
        """The metrics of an output."""
        if isinstance(self.metrics, dict):
            return self.metrics.get(output, [])
        return self.metrics

    @property
    def metric_paths(self) -> list[tuple[str, Part]]:
        """Every metric with the path of its field."""
        if isinstance(self.metrics, dict):
            return [
                (f"compile.metrics.{output}.{index}", part)
                for output, parts in self.metrics.items()
                for index, part in enumerate(parts)
            ]
        return [(f"compile.metrics.{index}", part) for index, part in enumerate(self.metrics)]


class Fit(Strict):
    """The arguments of `model.fit`.

    `batch_size = "all"` is one batch of all training rows. `class_weight = "balanced"` weighs
    each class by rows / (classes × rows of the class), as scikit-learn does. `keep_every`, which
    is not an argument of `fit`, has the run keep its model after every so many epochs (0: never).
    """

    epochs: int = Field(default=10, ge=1, le=10_000_000)
    batch_size: int | Literal["all"] = 32
    shuffle: bool = True
    class_weight: dict[int, float] | Literal["balanced"] | None = None
    keep_every: int = Field(default=0, ge=0, le=10_000_000)

    @model_validator(mode="after")
    def _batch_is_positive(self) -> Fit:
        if isinstance(self.batch_size, int) and self.batch_size < 1:
            raise ValueError(
                f'fit.batch_size: received {self.batch_size}; accepted: 1 or more, or "all"'
            )
        return self


class Prediction(Strict):
    """Something to predict once the model is trained: values typed in, or samples of a part.

    `values` is one raw input in the order of the features (or the window of a series, or words);
    otherwise `count` samples of `part` are taken from `index` on.
    """

    label: str = ""
    values: list[float | str] | None = None
    part: PartName = "test"
    index: int = Field(default=0, ge=0)
    count: int = Field(default=1, ge=1, le=1000)


class Afterwards(Strict):
    """What is done with the trained model.

    `evaluate` names the parts to evaluate (empty: test, else train). `predict` lists inputs to
    predict. `reload` lists the formats in which the model is saved and read again, to hold the
    copy against the original: one `.keras` file, one `.h5` file, or `json`, the structure in one
    file and the weights in another. `baselines` are guesses without any model that the accuracy
    can be held against: the `shuffled` true classes, and always the `commonest` one.
    """

    evaluate: list[PartName] = []
    predict: list[Prediction] = []
    reload: list[SavedFormat] = []
    baselines: list[Baseline] = []


class Variant(Strict):
    """A named change of an experiment: paths of fields and the values they take."""

    name: str = Field(min_length=1)
    set: dict[str, Any] = {}


class Compare(Strict):
    """A figure that is judged against another one: of the same run, or of a study's variant.

    `equal` means to the last bit, or no further away than `within`.
    """

    relation: Literal["above", "below", "equal"]
    figure: str | None = None
    variant: str | None = None
    within: float = Field(default=0.0, ge=0)


class Figure(Strict):
    """A published figure, and what a correct run reaches.

    `figure` is a path among a run's figures (`kerastui.models.runs.figures`): `test.accuracy`,
    `last.val_loss`, `epoch.10.loss`, `epochs`, `prediction.1.class` ... At most one of `band`
    (inclusive), `equals` and `compare` says what is right; with none of them it is only shown.
    In a study it speaks of the base, of the named `variant`, or with `*` of the mean of all.
    """

    figure: str
    variant: str = ""
    label: str = ""
    value: float | str | None = None
    band: tuple[float, float] | None = None
    equals: float | str | None = None
    compare: Compare | None = None
    note: str = ""

    @model_validator(mode="after")
    def _band_is_ordered(self) -> Figure:
        if self.band and self.band[0] > self.band[1]:
            raise ValueError(f"band: received {list(self.band)}; accepted: [lowest, highest]")
        return self


class Study(Strict):
    """Several runs from one experiment: the experiment itself (called `base`), then its variants,
    each repeated with the next seeds.

    With `until`, the repeats end as soon as one run's figures are all as they should be.
    """

    base: str = "base"
    variants: list[Variant] = []
    repeats: int = Field(default=1, ge=1, le=1000)
    until: list[Figure] = []


class Lesson(Strict):
    """Where an example stands and what it teaches; only shipped examples have one."""

    document: str
    section: str
    teaches: str
    changed: str = ""
    source: str = ""
    variants: list[Variant] = Field(default=[], alias="try")

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Experiment(Strict):
    """Everything that decides a result. Same experiment, same machine: the same weights."""

    format: Literal[1] = 1
    name: str = Field(default="untitled", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")
    title: str = ""
    seed: int = Field(default=1, ge=0, lt=2**32)
    backend: Backend = "tensorflow"
    execution: Execution = "auto"
    device: str = "auto"
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    lesson: Lesson | None = None
    data: Data
    model: Model
    compile: Compile = Compile()
    fit: Fit = Fit()
    callbacks: list[Part] = []
    afterwards: Afterwards = Afterwards()
    study: Study | None = None
    published: list[Figure] = []

    def plain(self, *, defaults: bool = False) -> dict[str, Any]:
        """Return the experiment as plain values, without the fields at their defaults."""
        plain: dict[str, Any] = self.model_dump(
            mode="json", by_alias=True, exclude_defaults=not defaults, exclude_none=True
        )
        plain["format"] = FORMAT
        model = plain.get("model")
        if isinstance(model, dict):
            plain["model"] = {"kind": self.model.kind, **model}
        return plain

    def fingerprint(self) -> str:
        """Return a short hash of what decides the result: title, lesson and figures left out."""
        decisive = self.plain(defaults=True)
        for label in ("title", "name", "lesson", "published", "study"):
            decisive.pop(label, None)
        text = json.dumps(decisive, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def changed(self, changes: Mapping[str, Any]) -> Experiment:
        """Return a copy with some fields set.

        Args:
            changes: Paths such as `fit.epochs`, `compile.optimizer.learning_rate` or
                `model.layers.0.units` (layers also by name: `model.layers.hidden.units`), with
                the new values; `None` takes a field away.

        Raises:
            UserError: A path leads nowhere, or a value is not accepted.
        """
        from kerastui.models.experiment.toml import parse

        plain = self.plain(defaults=True)
        for path, value in changes.items():
            _set(plain, path, value)
        return parse(plain)


def _set(plain: dict[str, Any], path: str, value: Any) -> None:
    """Set one field of a plain experiment by its path, in place."""
    keys = path.split(".")
    here: Any = plain
    for depth, key in enumerate(keys[:-1]):
        parent, slot = here, _slot(here, key, path)
        if isinstance(parent, dict) and slot not in parent:
            parent[slot] = {}
        here = parent[slot]
        if isinstance(here, str) and depth == len(keys) - 2:
            # A Keras object written as a bare name ("adam") gets its first parameter.
            here = parent[slot] = {"type": here}
    slot = _slot(here, keys[-1], path)
    if value is None:
        if isinstance(here, list) or slot in here:
            del here[slot]
    elif isinstance(here, list) and slot == len(here):
        here.append(value)
    else:
        here[slot] = value


def _slot(container: Any, key: str, path: str) -> Any:
    """Resolve one key of a path in a table or a list; lists take numbers and names."""
    if isinstance(container, dict):
        return key
    if isinstance(container, list):
        if key.isdigit() and int(key) <= len(container):
            return int(key)
        names = [entry.get("name") for entry in container if isinstance(entry, dict)]
        if key in names:
            return names.index(key)
        accepted = f"0 to {len(container) - 1}" + "".join(f", {name}" for name in names if name)
        raise UserError(f"The field {path!r} leads nowhere: {key!r} is not in the list.",
                        f"Accepted there: {accepted}.")  # fmt: skip
    raise UserError(
        f"The field {path!r} leads nowhere: there is nothing below {container!r}.",
        "Name a field as the experiment's TOML file does, for example fit.epochs.",
    )

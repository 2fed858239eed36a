"""What an experiment says about its data: which, prepared how, split how.

Plain pydantic models without any array library, so that the user interface can read and edit
them before anything heavy is loaded. `prepare.prepare` carries them out.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.strict import Strict

Task = Literal["binary", "multiclass", "multilabel", "regression", "forecasting"]


class _Step(Strict):
    """A step always writes its name, also where defaults are left out."""

    @model_serializer(mode="wrap")
    def _named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"step": type(self).model_fields["step"].default, **handler(self)}


class Missing(_Step):
    """Cells without a value: leave their rows out (and those without a target), or fill them."""

    step: Literal["missing"] = "missing"
    strategy: Literal["drop", "median", "mean", "most_frequent", "constant"] = "drop"
    columns: list[str] = Field(default=[], description="Empty: every column that is used.")
    value: float = Field(default=0.0, description="What 'constant' fills into numbers.")
    text: str = Field(
        default="missing", description="What 'constant' fills into named text columns."
    )


class EncodeLabel(_Step):
    """Class names of the target become 0 … n-1 in sorted order."""

    step: Literal["encode_label"] = "encode_label"


class OneHot(_Step):
    """One column of zeros and ones for each class."""

    step: Literal["one_hot"] = "one_hot"
    columns: list[str] = Field(default=[], description="Feature columns; empty: the target.")


class Ordinal(_Step):
    """A text column becomes numbers: the place of each value in sorted order, from 0.

    A value that the training part does not hold becomes -1.
    """

    step: Literal["ordinal"] = "ordinal"
    columns: list[str] = Field(default=[], description="Empty: every text column.")


DatePart = Literal["year", "month", "day", "weekday", "day_of_year", "hour", "days"]


class Dates(_Step):
    """A column of dates becomes columns of numbers, called like "date year".

    `weekday` counts from 0, Monday; `days` are the days since 1970-01-01, with fractions.
    """

    step: Literal["dates"] = "dates"
    columns: list[str] = Field(default=[], description="Empty: every column of dates.")
    parts: list[DatePart] = Field(default=["year", "month", "weekday", "days"], min_length=1)


class Scale(_Step):
    """Bring features to a common range; means and ranges come from the training part."""

    step: Literal["scale"] = "scale"
    method: Literal["standard", "minmax", "constant"] = "standard"
    divisor: float = Field(default=255.0, description="What method 'constant' divides by.")
    columns: list[str] = Field(default=[], description="Empty: every feature.")

    @model_validator(mode="after")
    def _divisible(self) -> Scale:
        if self.divisor == 0:
            raise ValueError("divisor: got 0; accepted: any number but 0")
        return self


class Window(_Step):
    """Cut a series into windows of `length` values, each with the value that follows it."""

    step: Literal["window"] = "window"
    length: int = Field(default=5, ge=1)


class MultiHot(_Step):
    """A text becomes a row of zeros and ones: which of the most frequent words occur."""

    step: Literal["multi_hot"] = "multi_hot"
    words: int = Field(default=10_000, ge=4, le=1_000_000)


class Pad(_Step):
    """Texts are cut or filled with zeros to the same length, as `pad_sequences` does it."""

    step: Literal["pad"] = "pad"
    length: int = Field(default=256, ge=1)
    where: Literal["pre", "post"] = "pre"
    words: int = Field(default=10_000, ge=4, description="Rarer words become 2, 'unknown'.")


class ChannelAxis(_Step):
    """Grey pictures (height, width) get a last axis of one channel, as convolutions want it."""

    step: Literal["channel_axis"] = "channel_axis"


class Flatten(_Step):
    """Each picture or window becomes one row of numbers."""

    step: Literal["flatten"] = "flatten"


Step = Annotated[
    Missing
    | EncodeLabel
    | OneHot
    | Ordinal
    | Dates
    | Scale
    | Window
    | MultiHot
    | Pad
    | ChannelAxis
    | Flatten,
    Field(discriminator="step"),
]


class _Kinds(Strict):
    """A model whose `kind` decides which of its other fields mean something."""

    needs: ClassVar[dict[str, tuple[str, ...]]] = {}
    allows: ClassVar[dict[str, tuple[str, ...]]] = {}
    always: ClassVar[tuple[str, ...]] = ("kind",)

    @model_validator(mode="after")
    def _fields_of_kind(self) -> _Kinds:
        kind: str = getattr(self, "kind")  # noqa: B009 - declared by the subclasses
        fields = {*self.needs.get(kind, ()), *self.allows.get(kind, ())}
        for name in self.needs.get(kind, ()):
            if getattr(self, name) is None:
                raise ValueError(f"kind '{kind}' needs {name}")
        for name, field in type(self).model_fields.items():
            given = getattr(self, name) != field.default
            if given and name not in fields and name not in self.always:
                accepted = ", ".join(sorted(fields)) or "no other field"
                raise ValueError(f"kind '{kind}' has no {name}; accepted: {accepted}")
        return self


class Validation(_Kinds):
    """Which rows watch the training without taking part in it.

    `last` and `first` take a `fraction` or a `count` of the training rows as they stand (`last`
    with a fraction is exactly Keras' `validation_split`); `test` lets the test part double as
    validation; `fold` takes block number `fold` (from 0) of `folds` equal blocks.
    """

    kind: Literal["none", "last", "first", "test", "fold"] = "none"
    fraction: float | None = Field(default=None, gt=0, lt=1)
    count: int | None = Field(default=None, ge=1)
    fold: int | None = Field(default=None, ge=0)
    folds: int | None = Field(default=None, ge=2)

    needs: ClassVar[dict[str, tuple[str, ...]]] = {"fold": ("fold", "folds")}
    allows: ClassVar[dict[str, tuple[str, ...]]] = {
        "last": ("fraction", "count"),
        "first": ("fraction", "count"),
    }

    @model_validator(mode="after")
    def _one_size(self) -> Validation:
        if self.kind in ("first", "last") and (self.fraction is None) == (self.count is None):
            raise ValueError(f"kind '{self.kind}' needs either fraction or count")
        if self.fold is not None and self.folds is not None and self.fold >= self.folds:
            raise ValueError(f"fold: got {self.fold}; accepted: 0 to {self.folds - 1}")
        return self


class Split(_Kinds):
    """How the test part is made, and the validation part out of what is left to train on.

    `fraction`: a random share `test`, as scikit-learn's `train_test_split` (`seed`: the
    experiment's where none is given; `stratify` keeps the proportions of the classes).
    `first`: the first `count` rows train, the rest test. `last`: the last `count` rows test.
    `keras_boston`: Keras' own shuffle of Boston housing, 80 % train. `own`: the split the data
    set comes with. `none`: all rows train.
    """

    kind: Literal["fraction", "first", "last", "keras_boston", "own", "none"] = "none"
    test: float | None = Field(default=None, gt=0, lt=1)
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    stratify: bool = False
    count: int | None = Field(default=None, ge=1)
    validation: Validation = Validation()

    needs: ClassVar[dict[str, tuple[str, ...]]] = {
        "fraction": ("test",),
        "first": ("count",),
        "last": ("count",),
    }
    allows: ClassVar[dict[str, tuple[str, ...]]] = {"fraction": ("seed", "stratify")}
    always: ClassVar[tuple[str, ...]] = ("kind", "validation")

    @model_validator(mode="after")
    def _test_exists(self) -> Split:
        if self.kind == "none" and self.validation.kind == "test":
            raise ValueError("validation 'test' needs a test part, but kind is 'none'")
        return self


class Data(Strict):
    """The data of an experiment and everything done to it before training."""

    dataset: str = Field(
        min_length=1, description="A name of the catalogue, or any name for an own file."
    )
    file: FileRecipe | None = Field(default=None, description="An own file and how it is read.")
    parameters: dict[str, int | float | bool | str] = Field(
        default={}, description="What a generator is called with."
    )
    task: Task
    target: list[str] = Field(default=[], description="Empty: the data set's own.")
    features: list[str] = Field(default=[], description="Empty: all columns but the target.")
    steps: list[Step] = Field(default=[])
    split: Split = Split()
    substitute: bool = Field(default=False, description="Use the named stand-in instead.")

    @model_validator(mode="after")
    def _no_overlap(self) -> Data:
        target = set(self.target)
        both = [name for name in self.features if name in target]
        if both:
            raise ValueError(f"{', '.join(both)} cannot be a feature and the target at once")
        for field in ("features", "target"):
            names: list[str] = getattr(self, field)
            twice = [name for name, times in Counter(names).items() if times > 1]
            if twice:
                raise ValueError(f"{field}: {', '.join(twice)} is named more than once")
        return self

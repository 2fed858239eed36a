"""The preparation of an experiment as forms: fields made from what `datasets.spec` accepts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from kerastui.datasets import spec
from kerastui.datasets.advice.columns import without
from kerastui.datasets.strict import Strict
from kerastui.tui.widgets.form_fields import Changes, Field, Option

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from kerastui.models.experiment.schema import Experiment

TASKS = {
    "binary": "one of two classes: yes or no",
    "multiclass": "one of several classes",
    "multilabel": "several labels at once, each yes or no",
    "regression": "a number",
    "forecasting": "what comes next in a series",
}
STEPS: dict[str, type[Strict]] = {
    model.model_fields["step"].default: model for model in get_args(get_args(spec.Step)[0])
}
"""Name of a step -> its model, in the order in which they are usually needed."""

_ONLY = {
    ("missing", "value"): ("strategy", "constant"),
    ("missing", "text"): ("strategy", "constant"),
    ("scale", "divisor"): ("method", "constant"),
}
"""Fields that mean nothing unless another field has a value."""

_SPLITS = {
    "fraction": "a share of the rows, drawn at random",
    "first": "the first rows train, the others test",
    "last": "the last rows test: for series",
    "keras_boston": "as Keras splits Boston housing",
    "own": "as the data set comes split",
    "none": "all rows train",
}
_VALIDATIONS = {
    "none": "nothing watches the training",
    "last": "the last of the training rows, as validation_split",
    "first": "the first of the training rows",
    "test": "the test rows double as validation",
    "fold": "one of several equal blocks",
}


def about(model: type[Strict]) -> str:
    """What a step does, in a sentence."""
    return " ".join(inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].split())


def step_fields(experiment: Experiment, number: int, columns: Sequence[str]) -> list[Field]:
    """The fields of one step.

    Args:
        experiment: The experiment.
        number: Which step, from 0.
        columns: The columns there are before it.
    """
    step = experiment.data.steps[number]
    fields = []
    for name, info in type(step).model_fields.items():
        condition = _ONLY.get((step.step, name))
        if name == "step" or (condition and getattr(step, condition[0]) != condition[1]):
            continue
        fields.append(_field(f"data.steps.{number}.{name}", name, getattr(step, name), info,
                             columns))  # fmt: skip
    return fields


def _field(
    path: str, name: str, value: Any, info: FieldInfo, columns: Sequence[str]
) -> Field:  # fmt: skip
    default = info.get_default(call_default_factory=True)

    usual = default

    def change(new: Any) -> Changes:
        return {path: usual if new is None else new}

    choices = _choices(info.annotation)
    several = get_origin(info.annotation) is list
    options = tuple(Option(choice) for choice in choices)
    if several and not choices:
        options = tuple(Option(column) for column in columns)
    if several and not default:
        value, default = value or None, None
    if info.annotation is bool:
        options = (Option("yes"), Option("no"))
    return Field(
        path, name, value, default, change,
        doc=info.description or "", accepts="" if options else _range(info),
        options=options, typed=not options, several=several,
    )  # fmt: skip


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is list:
        return _choices(get_args(annotation)[0])
    return tuple(get_args(annotation)) if get_origin(annotation) is Literal else ()


def _range(info: FieldInfo) -> str:
    """What a number accepts, in words."""
    what = {"int": "a whole number", "float": "a number"}.get(
        getattr(info.annotation, "__name__", ""), "text"
    )
    ends = {kind: getattr(limit, kind) for limit in info.metadata
            for kind in ("ge", "gt", "le", "lt") if hasattr(limit, kind)}  # fmt: skip
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    told = [f"{words[kind]} {limit:g}" for kind, limit in ends.items()]
    return ", ".join([what, *told])


def target_fields(
    experiment: Experiment, columns: Mapping[str, str], target: Sequence[str]
) -> list[Field]:
    """The fields of the target: which column, and which others besides.

    Args:
        experiment: The experiment.
        columns: Name of each raw column, and a few words on it.
        target: The target as it is now, the data set's own where none is chosen.
    """
    names = [name for name in target if name in columns]

    def change(new: Sequence[str]) -> Changes:
        return retarget(experiment, columns, new)

    options = tuple(Option(name, note) for name, note in columns.items())
    rest = tuple(option for option in options if option.value not in names[:1])
    return [
        Field("target", "target", names[0] if names else None, None,
              lambda new: change([new, *names[1:]] if new else []),
              doc="The column that the network learns to predict.", options=options, typed=False),
        Field("further", "further targets", names[1:] or None, None,
              lambda new: change([*names[:1], *(new or [])]),
              doc="Columns that are predicted together with it: several numbers, or several "
              "labels of 0 and 1.", options=rest, typed=False, several=True, minor=True),
    ]  # fmt: skip


def retarget(
    experiment: Experiment, columns: Mapping[str, str], target: Sequence[str]
) -> dict[str, Any]:
    """Changes that give the experiment another target, which is then no feature."""
    data = experiment.data
    changes: dict[str, Any] = {}
    if data.features or any(name in (getattr(s, "columns", None) or ()) for s in data.steps
                            for name in target):  # fmt: skip
        every = data.features or [name for name in columns if name not in data.target]
        changes = without(data, every, target)
        if not data.features:
            del changes["data.features"]
    return {**changes, "data.target": list(dict.fromkeys(target))}


def task_fields(experiment: Experiment) -> list[Field]:
    """The field of the task."""
    return [
        Field("data.task", "task", experiment.data.task, None, lambda new: {"data.task": new},
              doc="What kind of question it is. It decides the last layer and the loss.",
              options=tuple(Option(*entry) for entry in TASKS.items()), typed=False)
    ]  # fmt: skip


def split_fields(experiment: Experiment, rows: int) -> list[Field]:
    """The fields of the split and of the validation.

    Args:
        experiment: The experiment.
        rows: Rows of the data, for a first guess of counts; 0 where that is not known.
    """
    split = experiment.data.split
    validation = split.validation
    fifth = max(1, (rows or 100) // 5)

    def kind(new: str | None) -> Changes:
        chosen: dict[str, Any] = {"kind": new or "none"}
        if new == "fraction":
            chosen["test"] = split.test or 0.2
        elif new in ("first", "last"):
            chosen["count"] = fifth if new == "last" else max(1, (rows or 100) - fifth)
        if new != "none" or validation.kind != "test":
            chosen["validation"] = validation.model_dump(exclude_defaults=True)
        return {"data.split": chosen}

    def watch(new: str | None) -> Changes:
        more: dict[str, dict[str, Any]] = {
            "last": {"fraction": 0.2}, "first": {"fraction": 0.2}, "fold": {"fold": 0, "folds": 5},
        }  # fmt: skip
        return {"data.split.validation": {"kind": new or "none", **more.get(new or "", {})}}

    fields = [
        Field("data.split.kind", "test part", split.kind, None, kind,
              doc="Rows that are kept aside, to see what the network makes of new ones.",
              options=tuple(Option(*entry) for entry in _SPLITS.items()), typed=False)
    ]  # fmt: skip
    if split.kind == "fraction":
        fields += [
            _set("data.split.test", "share", split.test, 0.2, "How much of the rows tests.",
                 "a number above 0, below 1"),
            _set("data.split.stratify", "by class", split.stratify, False,
                 "Every part gets its share of each class.", "", ("yes", "no")),
            _set("data.split.seed", "seed", split.seed, None,
                 "Another draw; where none is given, the experiment's seed counts.",
                 "a whole number, at least 0"),
        ]  # fmt: skip
    if split.kind in ("first", "last"):
        which = "train" if split.kind == "first" else "test"
        fields.append(_set("data.split.count", "rows", split.count, fifth,
                           f"How many rows {which}.", "a whole number, at least 1"))  # fmt: skip
    fields.append(
        Field("data.split.validation.kind", "validation", validation.kind, None, watch,
              doc="Rows that watch the training without taking part in it.",
              options=tuple(Option(*entry) for entry in _VALIDATIONS.items()), typed=False)
    )  # fmt: skip
    if validation.kind in ("first", "last"):
        fields.append(_size(validation))
    if validation.kind == "fold":
        fields += [
            _set("data.split.validation.fold", "block", validation.fold, 0,
                 "Which block watches, from 0.", "a whole number below the number of blocks"),
            _set("data.split.validation.folds", "blocks", validation.folds, 5,
                 "How many blocks there are.", "a whole number, at least 2"),
        ]  # fmt: skip
    return fields


def _size(validation: spec.Validation) -> Field:
    """One field for a share or a number of rows: below 1 it is a share."""

    def change(new: Any) -> Changes:
        value = 0.2 if new is None else new
        share = isinstance(value, float) and value < 1
        return {"data.split.validation": {
            "kind": validation.kind, ("fraction" if share else "count"): value}}  # fmt: skip

    value = validation.fraction if validation.count is None else validation.count
    return Field("data.split.validation.size", "how many", value, 0.2, change,
                 doc="How much of the training rows watches.",
                 accepts="a share below 1, or a whole number of rows")  # fmt: skip


def _set(
    path: str, label: str, value: Any, default: Any, doc: str, accepts: str,
    options: Sequence[str] = (),
) -> Field:  # fmt: skip
    change: Callable[[Any], Changes] = lambda new: {path: default if new is None else new}  # noqa: E731
    return Field(path, label, value, default, change, doc=doc, accepts=accepts,
                 options=tuple(Option(option) for option in options),
                 typed=not options)  # fmt: skip

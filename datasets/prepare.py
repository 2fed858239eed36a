"""Carrying out what an experiment says about its data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from kerastui.datasets import spec
from kerastui.datasets.catalogue import card, closest
from kerastui.datasets.errors import UserError
from kerastui.datasets.fitted import FittedStep
from kerastui.datasets.inputs import raw_input, raw_inputs
from kerastui.datasets.load import Source, load
from kerastui.datasets.loaded import Array, Loaded, Sequences
from kerastui.datasets.rows import Inputs, Rows, Shape, as_array, shape_of
from kerastui.datasets.split import split_rows
from kerastui.datasets.steps import fit, learns
from kerastui.datasets.targets import finished_targets
from kerastui.datasets.text import Words, words_for

PARTS = ("train", "validation", "test")
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Part:
    """Rows for one purpose.

    Attributes:
        x: Inputs, rows first: float32, or uint8 for multi-hot texts, int32 for padded ones.
        y: Targets: int32 (rows,) for class numbers, float32 (rows,) for one number, (rows, k)
            for several or one-hot.
        index: Number of each row in the raw data.
        names: Names of the rows, where the data has such.
    """

    x: Array
    y: Array
    index: Array
    names: list[str] | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step did. Shapes by part (`all` before the split) as {"x": …, "y": …}."""

    name: str
    words: str
    before: dict[str, dict[str, Shape]]
    after: dict[str, dict[str, Shape]]


Watch = Callable[[StepRecord, dict[str, Rows], FittedStep | None], None]
"""Told what a step did, the parts as they are then, and the fitted step where it is one."""


@dataclass
class Prepared:
    """Arrays ready for a model, and how they came about.

    Attributes:
        feature_names: Of the model's inputs, empty for pictures and texts.
        input_names: Of the raw values `encode` takes, in order; empty for pictures and texts.
        class_names: By class number; empty for numbers to be predicted.
        output_shape: Of one output that fits the target: (1,) for two classes by number,
            (classes,) for more or for one-hot, (k,) for k numbers.
        target_names: The columns the targets come from; empty for pictures and texts.
    """

    train: Part
    validation: Part | None
    test: Part | None
    steps: list[StepRecord]
    feature_names: list[str]
    input_names: list[str]
    class_names: list[str]
    output_shape: tuple[int, ...]
    source: Source
    task: spec.Task
    _fitted: list[FittedStep] = field(repr=False)
    _sample: Rows = field(repr=False)
    _used: str = field(repr=False)
    _words: Words | None = field(default=None, repr=False)
    target_names: list[str] = field(default_factory=list)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return tuple(self.train.x.shape[1:])

    @property
    def n_classes(self) -> int | None:
        """Number of classes; None when numbers are predicted."""
        return len(self.class_names) or None

    def encode(self, values: str | Sequence[Any] | Mapping[str, Any] | Array) -> Array:
        """One new input as a batch of one for the model.

        Args:
            values: For a table one value for each of `input_names` in order, or by name; for a
                series its window; for pictures the pixels as in the raw data; for texts the
                words (str or list of str) or word numbers.

        Raises:
            UserError: Too many, too few or unsuitable values.
        """
        batch = self._batch(raw_input(values, self._sample.x, self._index, self._windowed))
        _check_finite(batch, np.zeros(1, dtype=np.int64), self.feature_names, "The input")
        return batch

    def encode_many(self, values: Any, *, check: bool = True) -> Array:
        """Many new inputs at once, each as `encode` would give it.

        Args:
            values: For a table a mapping from each of `input_names` to its cells; for a series
                an array of windows (n, length) or (n, length, columns); for pictures an array
                (n, height, width) or (n, height, width, 3) of pixels as in the raw data; for
                texts a list of str.
            check: Refuse missing values and infinity. Otherwise they stay, as NaN, in the rows
                that have them.

        Raises:
            UserError: Missing columns or unsuitable values.
        """
        if self._windowed:
            windows = [self._batch(raw_input(one, self._sample.x, self._index, True))
                       for one in values]  # fmt: skip
            batch = np.concatenate(windows) if windows else self.train.x[:0]
        else:
            batch = self._batch(raw_inputs(values, self._sample.x, self._index))
        if check:
            _check_finite(batch, np.arange(len(batch)), self.feature_names, "The input")
        return batch

    def _batch(self, x: Inputs) -> Array:
        """New inputs after all steps, as an array."""
        for step in self._fitted:
            x = step.inputs(x)
        return as_array(x, np.arange(shape_of(x)[0] or 0))

    @property
    def kind(self) -> Literal["table", "series", "picture", "text"]:
        """What a raw input is."""
        if isinstance(self._sample.x, dict):
            return "series" if self._windowed else "table"
        return "text" if isinstance(self._sample.x, Sequences) else "picture"

    @property
    def raw(self) -> Inputs:
        """The first row of the raw data, which shows what columns or pixels there are."""
        return self._sample.x

    @property
    def words(self) -> Words:
        """The words of texts, by number and back.

        Raises:
            UserError: These are no texts, or the word index is not here.
        """
        return self._index()

    def applied(self, rows: Rows) -> Rows:
        """New raw rows, inputs and targets, after the same steps with what those have learned.

        Raises:
            UserError: The rows do not suit a step.
        """
        for step in self._fitted:
            rows = step.apply(rows)
        return rows

    def decode_class(self, number: int) -> str:
        """Name of a class.

        Raises:
            UserError: There is no such class.
        """
        if not 0 <= number < len(self.class_names):
            raise UserError(
                f"There is no class {number}.",
                hint=f"Classes go from 0 to {len(self.class_names) - 1}."
                if self.class_names
                else "Numbers are predicted here, not classes.",
            )
        return self.class_names[number]

    def decode_text(self, sequence: Iterable[int]) -> str:
        """Words of a text given as word numbers; marks and unknown words show as `?`.

        Raises:
            UserError: These are no texts, or the word index is not here.
        """
        return self._index().decode(sequence)

    def to_json(self) -> dict[str, Any]:
        """Everything but the arrays, as plain values for the run's record."""
        parts = {name: getattr(self, name) for name in PARTS}
        return {
            "source": self.source.to_json(),
            "task": self.task,
            "parts": {
                name: {"x": list(part.x.shape), "y": list(part.y.shape)}
                for name, part in parts.items()
                if part is not None
            },
            "steps": [
                {
                    "name": step.name,
                    "words": step.words,
                    "before": _plain(step.before),
                    "after": _plain(step.after),
                }
                for step in self.steps
            ],
            "feature_names": self.feature_names,
            "input_names": self.input_names,
            "target_names": self.target_names,
            "class_names": self.class_names,
            "input_shape": list(self.input_shape),
            "output_shape": list(self.output_shape),
        }

    @property
    def _windowed(self) -> bool:
        return any(step.name == "window" for step in self._fitted)

    def _index(self) -> Words:
        if self._words is None:
            self._words = words_for(card(self._used))
        return self._words


def prepare(
    data: spec.Data,
    *,
    seed: int,
    progress: Callable[[str], None] | None = None,
    read: Callable[..., tuple[Loaded, Source]] = load,
    watch: Watch | None = None,
) -> Prepared:
    """Load, split and prepare the data of an experiment.

    Steps that learn nothing and change rows (`missing` with drop or constant, `window`) at the
    front run before the split; from the first other step on, everything is fitted on the rows
    that train (without validation and test) and applied to each part.

    Args:
        data: What the experiment says.
        seed: The experiment's seed.
        progress: Told in words what is being done.
        read: Loads the raw data; for those who have it already.
        watch: Given the record of each step as soon as it is done, and the parts after it.

    Raises:
        UserError: Anything about the data or the preparation that cannot work.
    """
    say = progress or (lambda words: None)
    seen = watch or (lambda record, parts, step: None)
    _check_windows(data)
    say(f"Loading {data.dataset}")
    loaded, source = read(data, seed=seed, progress=progress)
    rows = _chosen_rows(data, loaded)
    sample = rows.take(np.arange(min(1, len(rows))))
    classes: Sequence[str] = loaded.classes if _default_target(data, loaded) else ()
    parts = {"all": rows}
    records = [StepRecord("load", _loaded_words(source), {}, _shapes(parts))]
    seen(records[-1], parts, None)
    fitted: list[FittedStep] = []
    steps = list(data.steps)

    def run(step: spec.Step) -> None:
        nonlocal parts, classes
        say(f"Preparing: {step.step}")
        train = parts.get("train", parts.get("all", rows))
        done = fit(step, train, list(parts.values()), classes)
        before = _shapes(parts)
        parts = _applied(done, parts)
        classes = done.classes or classes
        fitted.append(done)
        records.append(StepRecord(done.name, done.words, before, _shapes(parts)))
        seen(records[-1], parts, done)

    while steps and not learns(steps[0]):
        run(steps.pop(0))
    before = _shapes(parts)
    parts = _split(data, parts["all"], loaded, seed)
    records.append(StepRecord("split", _split_words(data.split, parts), before, _shapes(parts)))
    seen(records[-1], parts, None)
    for step in steps:
        run(step)
    return _finished(data, loaded, source, parts, records, fitted, sample, classes)


def _check_windows(data: spec.Data) -> None:
    """Windows change rows, so that they come before the split and before all that learns."""
    windows = [isinstance(step, spec.Window) for step in data.steps]
    if any(windows[next((i for i, s in enumerate(data.steps) if learns(s)), len(windows)) :]):
        raise UserError(
            "The step window comes after a step that learns from the training part.",
            hint="Put window first; missing with drop or constant may stand before it.",
        )
    if data.task == "forecasting" and not any(windows):
        raise UserError(
            "A series cannot be learned without windows.",
            hint="Add the step window first, for example with length 5.",
        )


def _split(data: spec.Data, rows: Rows, loaded: Loaded, seed: int) -> dict[str, Rows]:
    own = None if loaded.n_train is None else int((rows.index < loaded.n_train).sum())
    numbers = split_rows(data.split, rows, own_train=own, seed=seed)
    taken: dict[str, Rows] = {}
    for name, part in numbers.items():
        twin = next((other for other in taken if numbers[other] is part), None)
        taken[name] = taken[twin] if twin else rows.take(part)
    return taken


def _applied(step: FittedStep, parts: dict[str, Rows]) -> dict[str, Rows]:
    """The step applied to each part; parts that are one and the same stay so."""
    done: dict[int, Rows] = {}
    for part in parts.values():
        if id(part) not in done:
            done[id(part)] = step.apply(part)
    return {name: done[id(part)] for name, part in parts.items()}


def _default_target(data: spec.Data, loaded: Loaded) -> bool:
    return not data.target or tuple(data.target) == loaded.target


def _chosen_rows(data: spec.Data, loaded: Loaded) -> Rows:
    index = np.arange(loaded.rows)
    if loaded.x is not None:
        if data.features or not _default_target(data, loaded):
            raise UserError(
                f"{data.dataset} has no columns to choose from.",
                hint="Leave features and target empty.",
            )
        assert loaded.y is not None
        return Rows(loaded.x, loaded.y, index)
    target = list(data.target or loaded.target)
    for field_name, names in (("target", target), ("features", data.features)):
        for name in names:
            if name not in loaded.columns:
                raise UserError(
                    f"{field_name}: {data.dataset} has no column {name!r}.",
                    hint=closest(name, list(loaded.columns)),
                )
    series = any(isinstance(step, spec.Window) for step in data.steps)
    others = [name for name in loaded.columns if name not in target and name != loaded.names]
    features = data.features or (target if series else others)
    if not features:
        raise UserError(
            f"{data.dataset} has no column left to be a feature.", hint="Choose fewer targets."
        )
    if len(target) == 1:
        y = loaded.columns[target[0]]
    else:
        y = np.column_stack([loaded.columns[name] for name in target])
    return Rows({name: loaded.columns[name] for name in features}, y, index)


def _finished(
    data: spec.Data,
    loaded: Loaded,
    source: Source,
    parts: dict[str, Rows],
    records: list[StepRecord],
    fitted: list[FittedStep],
    sample: Rows,
    classes: Sequence[str],
) -> Prepared:
    x = parts["train"].x
    names = list(x) if isinstance(x, dict) else []
    targets, class_names, output_shape = finished_targets(
        data.task, {name: part.y for name, part in parts.items()}, classes
    )
    arrays: dict[int, Array] = {}
    finished: dict[str, Part] = {}
    for part_name, rows in parts.items():
        if id(rows) not in arrays:
            arrays[id(rows)] = as_array(rows.x, rows.index)
            _check_finite(arrays[id(rows)], rows.index, names, f"The {part_name} part")
        row_names = loaded.columns.get(loaded.names)
        finished[part_name] = Part(
            arrays[id(rows)],
            targets[part_name],
            rows.index,
            None if row_names is None else [str(name) for name in row_names[rows.index]],
        )
    return Prepared(
        train=finished["train"],
        validation=finished.get("validation"),
        test=finished.get("test"),
        steps=records,
        feature_names=names,
        input_names=list(sample.x) if isinstance(sample.x, dict) else [],
        class_names=class_names,
        output_shape=output_shape,
        source=source,
        task=data.task,
        _fitted=fitted,
        _sample=sample,
        _used=source.substitute or source.dataset,
        _words=None if loaded.words is None else Words(loaded.words),
        target_names=list(data.target or loaded.target) if loaded.x is None else [],
    )


def _check_finite(x: Array, index: Array, names: list[str], what: str) -> None:
    """Refuse NaN and infinity: one NaN can spoil a network without any sign in its loss."""
    if x.dtype.kind != "f":
        return
    for start in range(0, len(x), _CHUNK):
        bad = ~np.isfinite(x[start : start + _CHUNK])
        if bad.any():
            first = np.argwhere(bad)[0]
            value = "a missing value (NaN)" if np.isnan(x[start:][tuple(first)]) else "infinity"
            column = f" in column {names[first[1]]}" if names else ""
            total = int((~np.isfinite(x)).sum())
            raise UserError(
                f"{what} still has {value}{column}, row {index[start + int(first[0])] + 1} "
                f"({total} such {'cell' if total == 1 else 'cells'} in all).",
                hint="Add the step missing (drop, median, mean or constant) before the others.",
            )


def _shapes(parts: dict[str, Rows]) -> dict[str, dict[str, Shape]]:
    return {name: {"x": shape_of(p.x), "y": tuple(p.y.shape)} for name, p in parts.items()}


def _plain(shapes: dict[str, dict[str, Shape]]) -> dict[str, dict[str, list[int | None]]]:
    return {part: {k: list(v) for k, v in both.items()} for part, both in shapes.items()}


def _loaded_words(source: Source) -> str:
    if source.substitute:
        return f"{source.rows:,} rows of the substitute {source.substitute}"
    place = {"generated": "made", "embedded": "from scikit-learn"}.get(source.origin)
    return f"{source.rows:,} rows {place or f'read from {source.path}'}"


def _split_words(split: spec.Split, parts: dict[str, Rows]) -> str:
    kinds = {
        "fraction": f"{split.test:.0%} at random for the test" if split.test else "",
        "first": f"The first {split.count} rows train",
        "last": f"The last {split.count} rows test",
        "keras_boston": "Keras' own shuffle, 80 % train",
        "own": "The data set's own split",
        "none": "All rows train",
    }
    sizes = ", ".join(f"{len(rows):,} {name}" for name, rows in parts.items())
    return f"{kinds[split.kind]}: {sizes}"

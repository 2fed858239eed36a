"""Carrying out what an experiment says about its data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kerastui.datasets import spec
from kerastui.datasets.catalogue import closest
from kerastui.datasets.errors import UserError
from kerastui.datasets.fitted import FittedStep
from kerastui.datasets.load import Source, load
from kerastui.datasets.loaded import Array, Loaded
from kerastui.datasets.prepared import Part, Prepared, StepRecord, check_finite
from kerastui.datasets.rows import Rows, Shape, as_array, shape_of
from kerastui.datasets.split import split_rows
from kerastui.datasets.steps import fit, learns
from kerastui.datasets.targets import finished_targets
from kerastui.datasets.text import Words

Watch = Callable[[StepRecord, dict[str, Rows], FittedStep | None], None]
"""Told what a step did, the parts as they are then, and the fitted step where it is one."""


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
            check_finite(arrays[id(rows)], rows.index, names, f"The {part_name} part")
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


def _shapes(parts: dict[str, Rows]) -> dict[str, dict[str, Shape]]:
    return {name: {"x": shape_of(p.x), "y": tuple(p.y.shape)} for name, p in parts.items()}


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

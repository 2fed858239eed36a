"""The part of an exported script that makes the very arrays `prepare` gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerastui.datasets import spec
from kerastui.datasets.catalogue import card_of
from kerastui.models.code.feeding import Feeding
from kerastui.models.code.layout import (
    WIDTH,
    call,
    collection,
    filled,
    literal,
    one_line,
    text,
)
from kerastui.models.code.script import Script
from kerastui.models.code.sources import Wanted, comes_split, load
from kerastui.models.code.steps import (
    StepCode,
    drops,
    in_order,
    is_target_step,
    names_columns,
    whole,
)
from kerastui.models.code.variables import Variables

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

CLASSES = ("binary", "multiclass")


class DataCode:
    """Writes the data section of a script.

    Attributes:
        held: What the script's variables hold afterwards.
        feeding: What the model's inputs are given, and what its outputs learn.
        one_hot: Whether each target is a row of zeros and ones.
    """

    def __init__(self, script: Script, experiment: Experiment, located: Path | None) -> None:
        self.script, self._data = script, experiment.data
        before, after = in_order(self._data.steps)
        targets = self._data.target or list(card_of(self._data).target)
        self.feeding = Feeding(experiment.model, targets)
        wanted = self._wanted(experiment, [*before, *after], located)
        self._features = wanted.chosen_features
        self._card = wanted.card

        script.section("Load the data.")
        raw = load(script, wanted, located)
        self._raw_x = raw.x
        self.held = Variables(
            script, raw.x, raw.y, names=raw.names, known=raw.classes, split=raw.split
        )
        self.held.class_names = raw.class_names
        self._name_classes(experiment)
        published = wanted.card.files and wanted.card.recipe is None
        loaded_by_keras = located is None and published and not self._data.substitute
        steps = StepCode(self.held, self._data, wanted.words if loaded_by_keras else 0)
        steps.keep_table = self.feeding.by_column

        if before:
            script.section("Prepare it.")
        steps.write(before, before_split=True)
        if not after and not self.feeding.by_column:
            self.held.finish_inputs()
        if not any(is_target_step(step) or drops(step) for step in after):
            self._finish_targets()
        self._split(steps.labels, done=raw.split)
        if after:
            alone = "test" in self.held.parts or "validation" in self.held.parts
            words = "Prepare it by what the training rows teach." if alone else "Prepare it."
            script.section(words)
        steps.write(after, before_split=False)
        if not self.feeding.by_column:
            self.held.finish_inputs()
        self._finish_targets()
        self.feeding.write(script, self.held)

    @property
    def one_hot(self) -> bool:
        """Whether each target is a row of zeros and ones."""
        return self._data.task in CLASSES and self._final_target() == "float32"

    def new_input(self, values: Sequence[float | str]) -> None:
        """Write the lines that bring raw values into `x_new`, a batch of one."""
        window = next((s for s in self._data.steps if isinstance(s, spec.Window)), None)
        if self._raw_x == "texts":
            self._new_text(values)
        elif window is not None:
            shape = f"(1, {window.length}, {max(1, len(self._features))})"
            self.script.use("numpy")
            self._assign_values("np.array", "[", values, f'], dtype="float32").reshape{shape}')
        elif self._raw_x == "frame":
            named = self._card.recipe is not None or len(self._features) > 1
            names = "features" if named else one_line(literal(self._features))
            self._assign_values("pd.DataFrame", "[[", values, f"]], columns={names})")
        else:
            self.script.use("numpy")
            self._assign_values("np.array", "[[", values, f']], dtype="{self._raw_x}")')
        for template in self.held.transforms:
            self.script.add(f"x_new = {template.format(x='x_new')}")

    # --- the plan ----------------------------------------------------------------------------

    def _wanted(
        self, experiment: Experiment, steps: list[spec.Step], located: Path | None
    ) -> Wanted:
        data, known = self._data, card_of(self._data)
        inputs = [step for step in steps if not is_target_step(step)]
        wanted = Wanted(
            card=known,
            parameters=dict(data.parameters),
            features=data.features,
            target=data.target,
            seed=experiment.seed,
            series=any(isinstance(step, spec.Window) for step in inputs),
            frame=any(map(names_columns, inputs)) or self.feeding.by_column,
            split=False,
            x_type="float32" if all(s.step == "window" for s in inputs) else "float64",
            y_type=self._loaded_target(steps),
            names=bool(known.names)
            and any(asked.values is None for asked in experiment.afterwards.predict),
            words=next((s.words for s in inputs if isinstance(s, spec.MultiHot | spec.Pad)), 0),
            substitute=data.substitute,
        )
        wanted.split = comes_split(known, data.split.kind) and (
            known.name != "boston"
            or (located is None and wanted.default_columns and not wanted.frame)
        )
        return wanted

    def _loaded_target(self, steps: list[spec.Step]) -> str:
        if any(map(is_target_step, steps)):
            return "any"
        return "float64" if any(map(drops, steps)) else self._final_target()

    def _final_target(self) -> str:
        data = self._data
        one_hot = any(isinstance(step, spec.OneHot) and not step.columns for step in data.steps)
        numbers = data.task in CLASSES and not one_hot and len(data.target) < 2
        return "int32" if numbers else "float32"

    def _finish_targets(self) -> None:
        final, data = self._final_target(), self._data
        if data.task == "multilabel" and len(data.target) < 2 and self.held.y != final:
            self.held.targets("{y}.reshape(-1, 1)", self.held.y)
        self.held.finish_targets(final)

    def _name_classes(self, experiment: Experiment) -> None:
        known = self.held.known
        shown = self._data.task in CLASSES and experiment.afterwards.predict
        if shown and any(name != str(number) for number, name in enumerate(known)):
            self.held.class_names = "CLASS_NAMES"
            self.script.constant("CLASS_NAMES", literal(list(known)))

    # --- the split ---------------------------------------------------------------------------

    def _split(self, labels: str, *, done: bool) -> None:
        split, validation = self._data.split, self._data.split.validation
        tests = split.kind != "none" and not done
        if tests or validation.kind in ("first", "last", "fold"):
            self.script.section("Keep rows that the model never learns from.")
        if tests:
            self._test(split, labels)
        if validation.kind == "test":
            self.held.parts["validation"] = "test"
        elif validation.kind != "none":
            self._validation(validation)

    def _test(self, split: spec.Split, labels: str) -> None:
        script, arrays = self.script, self.held.arrays
        self.held.parts = {"train": "train", "test": "test"}
        if split.kind == "fraction":
            script.use("sklearn.model_selection", "train_test_split")
            seed = "SEED" if split.seed is None else literal(split.seed)
            options = {"test_size": literal(split.test), "random_state": seed}
            if split.stratify:
                options["stratify"] = labels or "y"
            targets = ", ".join(f"{name}_{part}" for name in arrays for part in self.held.parts)
            script.assign(targets, call("train_test_split", arrays, options))
            return
        if split.kind == "keras_boston":
            script.use("numpy")
            script.add("order = np.arange(len(x))", "np.random.RandomState(113).shuffle(order)")
            script.add("cut = int(len(x) * 0.8)")
        count = one_line(literal(split.count or 0))
        train, test = {
            "first": (f":{count}", f"{count}:"),
            "last": (f":-{count}", f"-{count}:"),
            "keras_boston": ("order[:cut]", "order[cut:]"),
        }[split.kind]
        for name in arrays:
            rows = name + (self.held.rows if name == "x" else "")
            script.add(f"{name}_train, {name}_test = {rows}[{train}], {rows}[{test}]")

    def _validation(self, validation: spec.Validation) -> None:
        held, script = self.held, self.script
        x, fraction = held.of("x", "train"), validation.fraction
        count = one_line(literal(validation.count)) if validation.count else "cut"
        if validation.kind == "fold":
            number = validation.fold or 0
            script.use("numpy")
            script.add(f"size = len({x}) // {validation.folds}")
            script.add(f"start, stop = {number} * size, {number + 1} * size")
            train, kept = "", "start:stop"
        elif validation.kind == "first":
            if fraction is not None:
                script.add(f"cut = int(len({x}) * {fraction!r})")
            train, kept = f"{count}:", f":{count}"
        elif fraction is not None:
            script.add(f"cut = int(len({x}) * (1 - {fraction!r}))")
            train, kept = ":cut", "cut:"
        else:
            train, kept = f":-{count}", f"-{count}:"
        old = {name: held.of(name, "train") for name in held.arrays}
        held.parts = {**held.parts, "train": "train", "validation": "val"}
        for name, source in old.items():
            rows = source + (held.rows if name == "x" else "")
            rest = f"{rows}[{train}]"
            if validation.kind == "fold":
                join = "pd.concat" if rows.endswith(".iloc") else "np.concatenate"
                rest = f"{join}([{rows}[:start], {rows}[stop:]])"
            script.assign(f"{name}_train, {name}_val", f"{rest}, {rows}[{kept}]")

    # --- new inputs --------------------------------------------------------------------------

    def _assign_values(
        self, function: str, opening: str, values: Sequence[float | str], closing: str
    ) -> None:
        """Assign values to `x_new`; many are filled line by line, not one to a line."""
        cells = [one_line(literal(whole(value))) for value in values]
        line = f"x_new = {function}({opening}{', '.join(cells)}{closing}"
        if len(line) <= WIDTH:
            self.script.add(line)
            return
        self.script.add("# fmt: off", f"x_new = {function}({opening}")
        self.script.add(*filled(cells, indent=4), closing, "# fmt: on")

    def _new_text(self, values: Sequence[float | str]) -> None:
        script = self.script
        if not any(isinstance(value, str) for value in values):
            script.assign("x_new", collection([literal([int(value) for value in values])]))
            return
        script.use("re")
        script.function(
            "def encode(text):",
            '    """Number the words of a text: 1 marks the start, 2 is an unknown word."""',
            '    words = re.findall(r"[^\\W_]+(?:\'[^\\W_]+)*", text.lower())',
            "    return [1] + [word_index.get(word, -1) + 3 for word in words]",
        )
        if self._card.kind == "generator" or self._data.substitute:
            script.add('word_index = {f"word{rank}": rank for rank in range(1, 20_001)}')
        elif self._card.recipe is None:
            script.add(f"word_index = keras.datasets.{self._card.name}.get_word_index()")
        script.assign("x_new", collection([call("encode", [text(" ".join(map(str, values)))])]))

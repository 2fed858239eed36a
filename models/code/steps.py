"""The steps of a preparation as lines of an exported script, as `kerastui.datasets.steps` works."""

from __future__ import annotations

from collections.abc import Sequence

from kerastui.datasets import spec
from kerastui.models.code.layout import call, literal, one_line, text
from kerastui.models.code.variables import Variables, variable

DATE_PARTS = {
    "year": 'date.year.astype("float64")',
    "month": 'date.month.astype("float64")',
    "day": 'date.day.astype("float64")',
    "weekday": 'date.day_of_week.astype("float64")',
    "day_of_year": 'date.day_of_year.astype("float64")',
    "hour": 'date.hour.astype("float64")',
    "days": '(moments - np.datetime64(0, "us")) / np.timedelta64(1, "D")',
}
"""What gives the parts of dates; `days` in microseconds, so that no digit is lost."""


class StepCode:
    """Writes one step after the other.

    Attributes:
        labels: The variable with the class numbers of one-hot targets, for a stratified split.
    """

    def __init__(self, held: Variables, data: spec.Data, capped: int) -> None:
        """Begin.

        Args:
            held: What the variables hold.
            data: The experiment's data.
            capped: Texts are already cut to so many words; 0: they are not.
        """
        self.held, self.script = held, held.script
        self.several_targets = len(data.target) > 1
        self.fills = any(isinstance(step, spec.Missing) for step in data.steps)
        self.stratify = data.split.stratify
        self.capped = capped
        self.labels = ""
        self.keep_table = False
        """The columns are needed by their names at the end."""
        self._needs_names = False

    def write(self, steps: Sequence[spec.Step], *, before_split: bool) -> None:
        """Write the lines of some steps, one after the other."""
        for place, step in enumerate(steps):
            later = any(map(names_columns, steps[place + 1 :]))
            self._needs_names = later or self.keep_table
            self._write(step, before_split)

    def _write(self, step: spec.Step, before_split: bool) -> None:
        held = self.held
        if is_target_step(step):
            self._encode(one_hot=step.step == "one_hot", before_split=before_split)
        elif isinstance(step, spec.Missing):
            (self._drop if step.strategy == "drop" else self._fill)(step)
        elif isinstance(step, spec.OneHot):
            self._one_hot_columns(step)
        elif isinstance(step, spec.Ordinal):
            self._ordinal(step)
        elif isinstance(step, spec.Dates):
            self._dates(step)
        elif isinstance(step, spec.Scale):
            self._scale(step)
        elif isinstance(step, spec.Window):
            self._window(step)
        elif isinstance(step, spec.MultiHot):
            self._multi_hot(step)
        elif isinstance(step, spec.Pad):
            self._pad(step)
        elif isinstance(step, spec.ChannelAxis):
            self.script.use("numpy")
            held.inputs("{x}[..., np.newaxis]", held.x)
        else:
            held.inputs("{x}.reshape(len({x}), -1)", held.x)

    # --- targets -----------------------------------------------------------------------------

    def _encode(self, *, one_hot: bool, before_split: bool) -> None:
        held, script = self.held, self.script
        size = literal(len(held.known))
        if not held.known:
            script.use("numpy")
            script.note("Class names become numbers, in alphabetical order.")
            held.class_names, size = "class_names", "len(class_names)"
            if before_split and len(held.suffixes) == 1:
                script.add("class_names, y = np.unique(y, return_inverse=True)")
                held.y = "int"
            else:
                every = ", ".join(variable("y", suffix) for suffix in held.suffixes)
                script.add(f"class_names = np.unique(np.concatenate([{every}]))")
                held.targets("np.searchsorted(class_names, {y})", "int")
        if one_hot:
            script.use("numpy")
            if self.stratify and before_split:
                script.add("labels = y")
                self.labels = "labels"
            held.targets(f'np.eye({one_line(size)}, dtype="float32")[{{y}}]', "float32")

    # --- missing values ----------------------------------------------------------------------

    def _drop(self, step: spec.Missing) -> None:
        script = self.script
        script.note("Leave out rows without a value.")
        columns = [name for name in step.columns if name != "the target"]
        for suffix in self.held.suffixes:
            x, y = variable("x", suffix), variable("y", suffix)
            conditions = []
            if columns or not step.columns:
                table = f"{x}[{one_line(literal(columns))}]" if columns else x
                conditions.append(f"{table}.notna().all(axis=1)")
            if len(columns) < len(step.columns) or not step.columns:
                several = ".all(axis=1)" if self.several_targets else ""
                conditions.append(f"pd.notna({y}){several}")
            script.add(f"complete = {' & '.join(conditions)}")
            for name in self.held.arrays:
                array = variable(name, suffix)
                script.add(f"{array} = {array}[complete]")

    def _fill(self, step: spec.Missing) -> None:
        x = self.held.of("x", "train")
        chosen = f"[{one_line(literal(step.columns))}]" if step.columns else ""
        if step.strategy == "constant":
            self._fill_constant(step, x)
        elif step.strategy == "most_frequent":
            self.script.note("Missing values become the most frequent one of their column.")
            self.script.add(f"usual = {x}{chosen}.mode().iloc[0]")
        else:
            only = "" if step.columns else "numeric_only=True"
            self.script.note(f"Missing numbers become the {step.strategy} of their column.")
            self.script.add(f"usual = {x}{chosen}.{step.strategy}({only})")
        self.held.inputs("{x}.fillna(usual)", "frame")

    def _fill_constant(self, step: spec.Missing, x: str) -> None:
        """Numbers become a number, and text, which has to be named, a word."""
        value, word = one_line(literal(step.value)), text(step.text)
        if not step.columns:
            self.script.add(f'usual = dict.fromkeys({x}.select_dtypes("number"), {value})')
            return
        self.script.use("pandas")
        self.script.add(
            "usual = {}",
            f"for name in {one_line(literal(step.columns))}:",
            f"    numbers = pd.api.types.is_numeric_dtype({x}[name])",
            f"    usual[name] = {value} if numbers else {word}",
        )

    # --- categories --------------------------------------------------------------------------

    def _one_hot_columns(self, step: spec.OneHot) -> None:
        script, x = self.script, self.held.of("x", "train")
        script.use("pandas")
        self._category()
        script.function(
            "def one_hot(table, categories):",
            '    """Give every value of a category a column of zeros and ones."""',
            "    columns = {}",
            "    for name in table:",
            "        if name not in categories:",
            "            columns[name] = table[name]",
            "            continue",
            "        words = table[name].map(category)",
            "        for value in categories[name]:",
            '            columns[f"{name}={value}"] = (words == value).astype("float64")',
            "    return pd.DataFrame(columns)",
        )
        script.add("categories = {}")
        script.add(f"for name in {one_line(literal(step.columns))}:")
        script.add(f"    categories[name] = sorted(set({x}[name].map(category)))")
        self.held.inputs("one_hot({x}, categories)", "frame")

    def _category(self) -> None:
        self.script.function(
            "def category(cell):",
            '    """Return the cell of a column as a word."""',
            '    return cell if isinstance(cell, str) else f"{cell:g}"',
        )

    def _ordinal(self, step: spec.Ordinal) -> None:
        script, x = self.script, self.held.of("x", "train")
        self._category()
        script.function(
            "def ordinal(column, places):",
            '    """Give every value its place; one that training lacks becomes -1."""',
            '    return column.map(category).map(places).fillna(-1).astype("float64")',
        )
        text_columns = f'{x}.select_dtypes(exclude=["number", "bool", "datetime"])'
        columns = one_line(literal(step.columns)) if step.columns else text_columns
        script.add("places = {}")
        script.add(f"for name in {columns}:")
        script.add(f"    words = sorted(set({x}[name].map(category)))")
        script.add("    places[name] = {word: place for place, word in enumerate(words)}")
        template = "{x}.assign(**{{name: ordinal({x}[name], places[name]) for name in places}})"
        self.held.inputs(template, "frame")

    # --- dates -------------------------------------------------------------------------------

    def _dates(self, step: spec.Dates) -> None:
        script = self.script
        script.use("pandas")
        lines = []
        if "days" in step.parts:
            script.use("numpy")
            lines = ['            moments = table[name].to_numpy("datetime64[us]")']
        lines += [
            f'            columns[f"{{name}} {part}"] = {DATE_PARTS[part]}' for part in step.parts
        ]
        script.function(
            "def date_parts(table, names):",
            '    """Replace columns of dates by columns of numbers."""',
            "    columns = {}",
            "    for name in table:",
            "        if name in names:",
            *(["            date = table[name].dt"] if step.parts != ["days"] else []),
            *lines,
            "        else:",
            "            columns[name] = table[name]",
            "    return pd.DataFrame(columns)",
        )
        x = self.held.of("x", "train")
        columns = literal(step.columns) if step.columns else f'list({x}.select_dtypes("datetime"))'
        script.assign("dates", columns)
        self.held.inputs("date_parts({x}, dates)", "frame")

    # --- scaling -----------------------------------------------------------------------------

    def _scale(self, step: spec.Scale) -> None:
        if step.method == "constant":
            self._divide(step)
        elif step.columns or (self.held.x == "frame" and self._needs_names):
            self._scale_columns(step)
        elif self.held.x in ("frame", "float64"):
            self._scale_table(step)
        else:
            self._scale_all(step)

    def _divide(self, step: spec.Scale) -> None:
        held, divisor = self.held, one_line(literal(whole(step.divisor)))
        if step.columns:
            self.script.assign("scaled", literal(step.columns))
            held.inputs(f"{{x}}.assign(**{{{{c: {{x}}[c] / {divisor} for c in scaled}}}})", "frame")
        elif held.x in ("frame", "float64"):
            held.inputs(f"{{x}} / {divisor}", held.x)
        else:
            held.inputs(f'{{x}}.astype("float32") / {divisor}', "float32")

    def _scale_table(self, step: spec.Scale) -> None:
        """Every column by its own range."""
        held, script, x = self.held, self.script, self.held.of("x", "train")
        script.use("numpy")
        if held.x == "frame":
            held.inputs('{x}.to_numpy("float64")', "float64")
        nan = "nan" if self.fills else ""
        if step.method == "minmax":
            script.add(f"low, high = np.{nan}min({x}, axis=0), np.{nan}max({x}, axis=0)")
            script.add("span = np.where(high > low, high - low, 1.0)")
            held.inputs("({x} - low) / span", "float64")
            return
        script.add(
            f"mean = np.array([np.{nan}mean(column) for column in {x}.T])",
            f"deviation = np.array([np.{nan}std(column) for column in {x}.T])",
            "deviation[deviation < 1e-12 * np.maximum(abs(mean), 1)] = 1  # constant columns",
        )
        held.inputs("({x} - mean) / deviation", "float64")

    def _scale_columns(self, step: spec.Scale) -> None:
        """Named columns of a table."""
        script = self.script
        script.use("numpy")
        nan = "nan" if self.fills else ""
        every = f"list({self.held.of('x', 'train')})"
        script.assign("scaled", literal(step.columns) if step.columns else every)
        script.add(
            f'columns = {{c: {self.held.of("x", "train")}[c].to_numpy("float64") for c in scaled}}'
        )
        if step.method == "minmax":
            script.add(
                f"offset = {{c: np.{nan}min(columns[c]) for c in scaled}}",
                f"span = {{c: np.{nan}max(columns[c]) - offset[c] or 1.0 for c in scaled}}",
            )
        else:
            script.add(
                f"offset = {{c: np.{nan}mean(columns[c]) for c in scaled}}",
                f"span = {{c: np.{nan}std(columns[c]) for c in scaled}}",
                "for c in scaled:",
                "    if span[c] < 1e-12 * max(abs(offset[c]), 1):",
                "        span[c] = 1.0  # a constant column",
            )
        template = "{x}.assign(**{{c: ({x}[c] - offset[c]) / span[c] for c in scaled}})"
        self.held.inputs(template, "frame")

    def _scale_all(self, step: spec.Scale) -> None:
        """Pictures and windows: one range for all values."""
        script, x = self.script, self.held.of("x", "train")
        if step.method == "minmax":
            script.add(f"low, high = float({x}.min()), float({x}.max())")
            script.add("span = (high - low) or 1.0")
            self.held.inputs('({x}.astype("float32") - low) / span', "float32")
            return
        script.add(
            f'mean = float({x}.mean(dtype="float64"))',
            f'deviation = float({x}.std(dtype="float64"))',
            "if deviation < 1e-12 * max(abs(mean), 1):",
            "    deviation = 1.0  # all values are the same",
        )
        self.held.inputs('({x}.astype("float32") - mean) / deviation', "float32")

    # --- series and texts --------------------------------------------------------------------

    def _window(self, step: spec.Window) -> None:
        held, script = self.held, self.script
        script.use("numpy")
        script.note(f"Each window of {step.length} values is followed by the value to predict.")
        if held.x != "float32":
            convert = "to_numpy" if held.x == "frame" else "astype"
            script.add(f'x = x.{convert}("float32")')
        script.add(
            f"x = np.array([x[i : i + {step.length}] for i in range(len(x) - {step.length})])"
        )
        for name in held.arrays[1:]:
            script.add(f"{name} = {name}[{step.length}:]")
        held.x = "float32"

    def _pad(self, step: spec.Pad) -> None:
        options = {"maxlen": literal(step.length)}
        if step.where == "post":
            options |= {"padding": text("post"), "truncating": text("post")}
        padded = one_line(call("keras.utils.pad_sequences", ["{x}"], options))
        self.held.inputs(padded, "int32")
        if self.capped != step.words:
            self.script.use("numpy")
            self.script.note('Rarer words become 2, "unknown".')
            rarer = f"np.where({{x}} < {one_line(literal(step.words))}, {{x}}, 2)"
            self.held.inputs(f'{rarer}.astype("int32")', "int32")

    def _multi_hot(self, step: spec.MultiHot) -> None:
        size = one_line(literal(step.words))
        known = f"[word if word < {size} else 2 for word in words]"
        kept = "words" if self.capped == step.words else known
        self.script.use("numpy")
        self.script.function(
            "def multi_hot(texts):",
            f'    """Say for each of the {step.words:,} most frequent words whether it occurs."""',
            f'    rows = np.zeros((len(texts), {size}), dtype="uint8")',
            "    for row, words in zip(rows, texts, strict=True):",
            f"        row[{kept}] = 1",
            "    return rows",
        )
        self.held.inputs("multi_hot({x})", "uint8")


def in_order(steps: Sequence[spec.Step]) -> tuple[list[spec.Step], list[spec.Step]]:
    """The steps before the split, and those that have to follow it.

    A script splits as late as it can: a step that learns nothing from the rows gives the same
    before the split as after it, and reads better there.
    """
    before: list[spec.Step] = []
    after: list[spec.Step] = []
    for place, step in enumerate(steps):
        if is_target_step(step):
            early = not any(map(drops, after))
        else:
            leads = all(map(_precedes_split, steps[: place + 1]))
            early = leads or (not after and _treats_rows_alone(step))
        (before if early else after).append(step)
    return before, after


def is_target_step(step: spec.Step) -> bool:
    """Whether a step changes the targets, not the inputs."""
    if isinstance(step, spec.OneHot):
        return not step.columns
    return isinstance(step, spec.EncodeLabel)


def names_columns(step: spec.Step) -> bool:
    """Whether a step needs a table with the names of its columns."""
    always = isinstance(step, spec.Missing | spec.Ordinal | spec.Dates)
    return always or bool(getattr(step, "columns", []))


def drops(step: spec.Step) -> bool:
    """Whether a step leaves rows out."""
    return isinstance(step, spec.Missing) and step.strategy == "drop"


def _precedes_split(step: spec.Step) -> bool:
    """Whether `prepare` carries the step out before the split when it stands at the front."""
    if isinstance(step, spec.Missing):
        return step.strategy in ("drop", "constant")
    return isinstance(step, spec.Window)


def _treats_rows_alone(step: spec.Step) -> bool:
    if isinstance(step, spec.Missing):
        return step.strategy == "constant"
    if isinstance(step, spec.Scale):
        return step.method == "constant"
    return isinstance(step, spec.ChannelAxis | spec.Flatten | spec.MultiHot | spec.Pad)


def whole(value: float | str) -> int | float | str:
    """A whole number without its decimal point, as people write it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value

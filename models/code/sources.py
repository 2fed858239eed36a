"""The part of an exported script that loads the raw data, as `kerastui.datasets.load` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kerastui.datasets.catalogue import Card, Plain, card
from kerastui.models.code import own
from kerastui.models.code.layout import Expression, call, literal, one_line, text
from kerastui.models.code.script import Script

AS_IN_SKLEARN = {
    "make_classification": (
        *("n_features", "n_informative", "n_redundant", "n_classes", "n_clusters_per_class"),
        *("flip_y", "class_sep"),
    ),
    "make_circles": ("factor",),
    "make_moons": (),
    "make_blobs": ("n_features", "cluster_std"),
    "make_regression": ("n_informative", "noise"),
}
"""Parameters whose default here is scikit-learn's own, so that a script need not say it."""

SKLEARN_TABLES = {
    "sklearn-iris": "load_iris",
    "breast_cancer": "load_breast_cancer",
    "wine": "load_wine",
    "diabetes": "load_diabetes",
}
ARCHIVES = ("mnist", "imdb", "reuters", "boston")


@dataclass
class Raw:
    """What the script holds once the data is loaded.

    Attributes:
        x: `frame` (a pandas table), `float64`, `float32`, `uint8` or `texts` (lists of numbers).
        y: Type of the target: `float64`, `float32`, `int32`, or `any` before it is encoded.
        split: There are `x_train` and `x_test` from the beginning, not `x`.
        classes: Names of the classes where the target already holds their numbers.
        names: There are names of the rows, called `names`.
        class_names: The variable with the names of the classes, where there is one.
    """

    x: str
    y: str
    split: bool = False
    classes: tuple[str, ...] = ()
    names: bool = False
    class_names: str = ""


@dataclass
class Wanted:
    """How the preparation wants the data.

    Attributes:
        card: The data set.
        parameters: Of a generator.
        features: Columns to learn from; empty: the default ones.
        target: Columns to predict; empty: the default ones.
        seed: Of a generator that is given none.
        series: The features are the past of the target.
        frame: Columns are named later on, so a table is needed.
        split: How the data set comes split, where the experiment asks for just that.
        x_type: Type for numbers in tables.
        y_type: Type for the target, `any` where it is encoded later.
        names: Names of the rows are shown later on.
        words: Texts are cut to the most frequent words anyway; 0: they are not.
        substitute: The data set's stand-in is used.
    """

    card: Card
    parameters: Mapping[str, Plain]
    features: list[str]
    target: list[str]
    seed: int
    series: bool
    frame: bool
    split: bool
    x_type: str
    y_type: str
    names: bool
    words: int
    substitute: bool = False

    @property
    def columns(self) -> list[str]:
        """All columns of the data set, generated ones too."""
        if self.card.columns:
            return [column.name for column in self.card.columns]
        count = int(self.parameters.get("n_features", _default(self.card, "n_features") or 2))
        return [*(f"x{index}" for index in range(count)), *self.card.target]

    @property
    def chosen_target(self) -> list[str]:
        """The target columns."""
        return self.target or list(self.card.target)

    @property
    def chosen_features(self) -> list[str]:
        """The feature columns."""
        if self.features or self.series or self.card.recipe is not None:
            return self.features or (self.chosen_target if self.series else [])
        left_out = {*self.chosen_target, self.row_names}
        return [name for name in self.columns if name not in left_out]

    @property
    def row_names(self) -> str:
        """The column that names the rows, or nothing."""
        return self.columns[0] if self.card.kind == "series" else self.card.names

    @property
    def default_columns(self) -> bool:
        """Whether features and target are all columns in their order, the target last."""
        return [*self.chosen_features, *self.chosen_target] == self.columns


def load(script: Script, wanted: Wanted, located: Path | None) -> Raw:
    """Write the lines that load the data; `located` is the file where it is known."""
    data_set = wanted.card
    if data_set.recipe is not None:
        return own.load(script, wanted, located)
    if wanted.substitute:
        return _stand_in(script, wanted)
    if data_set.name in ARCHIVES:
        return _archive(script, wanted, located)
    if data_set.files:
        return _csv(script, wanted, located)
    if data_set.name == "digits":
        _digits(script)
        return Raw("uint8", "int32", classes=data_set.classes)
    if data_set.name.startswith("token-"):
        count = _token_texts(script, data_set, wanted.parameters, wanted.seed)
        cut(script, wanted, literal(count))
        return Raw("texts", "int32", split=wanted.split)
    if data_set.name == "sine":
        return _sine(script, wanted, data_set, wanted.parameters)
    return _numbers(script, wanted)


def comes_split(card: Card, split: str) -> bool:
    """Whether the data set comes with the split the experiment asks for."""
    return split == "own" or (split == "keras_boston" and card.name == "boston")


def parameters(card: Card, given: Mapping[str, Plain], seed: int) -> dict[str, Plain]:
    """Return what a generator is called with, without what is scikit-learn's default anyway."""
    values = {p.name: p.default for p in card.parameters if p.default is not None} | dict(given)
    if any(parameter.name == "random_state" for parameter in card.parameters):
        values.setdefault("random_state", seed)
    same = AS_IN_SKLEARN.get(card.name, ())
    return {k: v for k, v in values.items() if k not in same or v != _default(card, k)}


def _default(card: Card, name: str) -> Plain | None:
    return next((p.default for p in card.parameters if p.name == name), None)


# --- tables --------------------------------------------------------------------------------


def _csv(script: Script, wanted: Wanted, located: Path | None) -> Raw:
    card = wanted.card
    local = "" if located else "The path of a local copy works as well."
    script.constant("DATA", text(str(located or card.file.addresses[0])), local)
    script.use("pandas")
    by_place = not card.header and wanted.default_columns and not wanted.frame
    options: dict[str, Expression] = {}
    if not card.header:
        options["header"] = "None"
        if not by_place:
            script.constant("COLUMNS", literal(wanted.columns))
            options["names"] = "COLUMNS"
    if wanted.frame:
        options["na_values"] = text("?")
    script.assign("data", call("pd.read_csv", ["DATA"], options))
    if by_place:
        script.add(f'x = data.iloc[:, :-1].to_numpy("{wanted.x_type}")')
        script.add(f"y = data.iloc[:, -1].to_numpy({_type(wanted.y_type)})")
        return Raw(wanted.x_type, wanted.y_type)
    return _chosen(script, wanted)


def _chosen(script: Script, wanted: Wanted, classes: tuple[str, ...] = ()) -> Raw:
    """Features and target out of the table `data`; `classes` are those of its own target."""
    features, target = wanted.chosen_features, wanted.chosen_target
    convert = "" if wanted.frame else f'.to_numpy("{wanted.x_type}")'
    if len(features) == 1:
        script.add(f"x = data[[{one_line(text(features[0]))}]]{convert}")
    else:
        script.assign("features", literal(features))
        script.add(f"x = data[features]{convert}")
    column: Expression = text(target[0]) if len(target) == 1 else literal(target)
    script.add(f"y = data[{one_line(column)}].to_numpy({_type(wanted.y_type)})")
    if wanted.names:
        script.add(f"names = data[{text(wanted.row_names)}].to_numpy()")
    kind = "frame" if wanted.frame else wanted.x_type
    own = target == list(wanted.card.target)
    return Raw(kind, wanted.y_type, names=wanted.names, classes=classes if own else ())


def _type(name: str) -> str:
    return "" if name == "any" else text(name)


def _numbers(script: Script, wanted: Wanted) -> Raw:
    """A table of scikit-learn, a generator, or exclusive or: arrays from the beginning."""
    simple = wanted.default_columns and not wanted.frame
    _arrays(script, wanted.card, wanted.parameters, wanted.seed)
    if not simple:
        script.use("pandas")
        script.assign(
            "data", call("pd.DataFrame", ["x"], {"columns": literal(wanted.columns[:-1])})
        )
        script.add(f"data[{text(wanted.card.target[0])}] = y")
        return _chosen(script, wanted, wanted.card.classes)
    if wanted.x_type != "float64":
        script.add(f'x = x.astype("{wanted.x_type}")')
    if wanted.y_type != "any":
        script.add(f'y = y.astype("{wanted.y_type}")')
    return Raw(wanted.x_type, wanted.y_type, classes=wanted.card.classes)


def _arrays(script: Script, card: Card, given: Mapping[str, Plain], seed: int) -> None:
    """`x` and `y` as scikit-learn gives them."""
    if card.name == "xor":
        script.use("numpy")
        script.add("x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])")
        script.add("y = np.array([0, 1, 1, 0])")
    elif card.name in SKLEARN_TABLES:
        loader = SKLEARN_TABLES[card.name]
        script.use("sklearn.datasets", loader)
        script.add(f"x, y = {loader}(return_X_y=True)")
    elif card.name == "boston":
        script.add('x, y = archive["x"], archive["y"]')
    else:
        script.use("sklearn.datasets", card.name)
        values = {k: literal(v) for k, v in parameters(card, given, seed).items()}
        script.assign("x, y", call(card.name, named=values))


def _sine(script: Script, wanted: Wanted, card: Card, given: Mapping[str, Plain]) -> Raw:
    _wave(script, parameters(card, given, wanted.seed))
    script.add(f"x = values.reshape(-1, 1){_as(wanted.x_type)}")
    script.add(f"y = values{_as(wanted.y_type)}")
    return Raw(wanted.x_type, wanted.y_type)


def _wave(script: Script, values: Mapping[str, Plain]) -> None:
    script.use("numpy")
    length, seed = literal(values["length"]), literal(values["random_state"])
    level, trend, noise = (one_line(literal(values[k])) for k in ("level", "trend", "noise"))
    amplitude, period = (one_line(literal(values[k])) for k in ("amplitude", "period"))
    script.add(f"steps = np.arange({length})")
    script.add(f"noise = np.random.default_rng({seed}).normal(0, {noise}, {length})")
    script.add(f"wave = {amplitude} * np.sin(2 * np.pi * steps / {period})")
    script.add(f"values = {level} + {trend} * steps + wave + noise")


def _as(wanted: str) -> str:
    return "" if wanted in ("float64", "any") else f'.astype("{wanted}")'


# --- pictures and texts ----------------------------------------------------------------------


def _digits(script: Script) -> None:
    script.use("sklearn.datasets", "load_digits")
    script.add("digits = load_digits()")
    script.add('x = digits.images.astype("uint8")', 'y = digits.target.astype("int32")')


def _archive(script: Script, wanted: Wanted, located: Path | None) -> Raw:
    """An archive of `keras.datasets`: its loader, or the very file where it is known."""
    name = wanted.card.name
    if name == "boston" and not (wanted.split and located is None):
        _open_archive(script, wanted.card, located)
        return _numbers(script, wanted)
    if located is None:
        loader = {"boston": "boston_housing"}.get(name, name)
        only = {"num_words": literal(wanted.words)} if wanted.words else {}
        script.assign(
            "(x_train, y_train), (x_test, y_test)",
            call(f"keras.datasets.{loader}.load_data", named=only),
        )
    elif name == "mnist":
        _open_archive(script, wanted.card, located)
        script.add('x_train, y_train = archive["x_train"], archive["y_train"]')
        script.add('x_test, y_test = archive["x_test"], archive["y_test"]')
    else:
        _shuffled_texts(script, wanted.card, located)
    if not wanted.split:
        script.use("numpy")
        joined = "list(x_train) + list(x_test)" if name != "mnist" else None
        script.add(f"x = {joined or 'np.concatenate([x_train, x_test])'}")
        script.add("y = np.concatenate([y_train, y_test])")
    x, y = {"mnist": ("uint8", "int"), "boston": ("float64", "float64")}.get(name, ("texts", "int"))
    return Raw(x, y, split=wanted.split, classes=wanted.card.classes)


def _open_archive(script: Script, card: Card, located: Path | None, pickle: bool = False) -> None:
    script.use("numpy")
    if located:
        script.constant("DATA", text(str(located)))
    else:
        script.constant("ADDRESS", text(card.file.addresses[0]))
        script.add(f"DATA = keras.utils.get_file({text(card.file.name)}, ADDRESS)")
    script.add(f"archive = np.load(DATA{', allow_pickle=True' if pickle else ''})")


def _shuffled_texts(script: Script, card: Card, located: Path) -> None:
    script.function(
        "def in_keras_order(texts, labels, random):",
        '    """Shuffle as keras.datasets does; 1 marks the start, words move up by 3."""',
        "    order = np.arange(len(texts))",
        "    random.shuffle(order)",
        "    return [[1] + [word + 3 for word in texts[i]] for i in order], labels[order]",
    )
    script.note("Lists of word numbers are stored as a pickle: open only a file that you trust.")
    _open_archive(script, card, located, pickle=True)
    script.add("random = np.random.RandomState(113)")
    if card.name == "imdb":
        for part in ("train", "test"):
            words = f'archive["x_{part}"], archive["y_{part}"]'
            script.add(f"x_{part}, y_{part} = in_keras_order({words}, random)")
    else:
        script.add('x, y = in_keras_order(archive["x"], archive["y"], random)')
        script.add("cut = int(len(x) * 0.8)")
        script.add("x_train, y_train, x_test, y_test = x[:cut], y[:cut], x[cut:], y[cut:]")


def _token_texts(script: Script, card: Card, given: Mapping[str, Plain], seed: int) -> int:
    """Generated texts `x` and `y`; returns how many of them train."""
    script.use("numpy")
    values = parameters(card, given, seed)
    size, classes = int(values["n_train"]) + int(values["n_test"]), int(values["n_classes"])
    script.add(
        "# Made-up texts: frequent words are frequent, and every class prefers words of its own.",
        f"random = np.random.default_rng({literal(values['random_state'])})",
        f"y = random.integers(0, {classes}, {size})",
        f"lengths = np.maximum(random.poisson({literal(values['length'])}, {size}), 1)",
        'words = np.exp(random.uniform(0, np.log(20_000), lengths.sum())).astype("int32")',
        "own = random.random(len(words)) < 0.05",
        "topics = np.repeat(y, lengths)[own]",
        f"words[own] = 100 + random.integers(0, 20, own.sum()) * {classes} + topics",
        "x = np.split(words + 3, np.cumsum(lengths)[:-1])",
        "for words in x:",
        "    words[0] = 1  # marks the start",
        'y = y.astype("int32")',
    )
    return int(values["n_train"])


# --- stand-ins -------------------------------------------------------------------------------


def _stand_in(script: Script, wanted: Wanted) -> Raw:
    """The named stand-in, brought to the shape of the data set it stands in for."""
    original, used = wanted.card, card(wanted.card.stand_in)
    script.note(f"{original.title} is not used here: {used.title} stands in for it.")
    if original.kind == "text":
        count = _token_texts(script, used, {}, wanted.seed)
        cut(script, wanted, literal(count))
        return Raw("texts", "int32", split=wanted.split)
    if original.kind == "image":
        _large_digits(script, original)
        cut(script, wanted, "int(len(x) * (6 / 7))")
        return Raw("uint8", "int32", split=wanted.split, classes=used.classes)
    if original.kind == "series":
        return _sine(script, wanted, used, {"length": original.rows})
    given: dict[str, Plain] = {}
    if used.name == "make_regression":
        features = original.shape[0]
        given = {"n_samples": original.rows, "n_features": features}
        given |= {"n_informative": features, "noise": 10.0}
    _arrays(script, used, given, wanted.seed)
    _same_columns(script, original, (used.shape or original.shape)[0])
    return _chosen(script, wanted, used.classes)


def _same_columns(script: Script, original: Card, count: int) -> None:
    """The table `data` with the columns of the original, from `x` and `y` of the stand-in.

    Args:
        script: The script.
        original: What it stands in for.
        count: The stand-in's features.
    """
    script.use("pandas")
    target = original.target[0]
    features = [c.name for c in original.columns if c.name not in (target, original.names)]
    script.assign("columns", literal(features))
    if count >= len(features):
        script.add(f"data = pd.DataFrame(x[:, :{len(features)}], columns=columns)")
    else:
        script.add(f"data = pd.DataFrame(x, columns=columns[:{count}])")
        script.add(f"data[columns[{count}:]] = 0.0  # columns the stand-in does not have")
    script.add(f"data[{text(target)}] = y")
    script.add(f"data = data[:{one_line(literal(original.rows))}].copy()")
    if original.names:
        names = '[f"substitute row {i}" for i in range(len(data))]'
        script.add(f"data[{text(original.names)}] = {names}")


def _large_digits(script: Script, original: Card) -> None:
    """Enlarged by whole pixels, framed with zeros, values stretched to 0 … 255."""
    script.use("numpy")
    _digits(script)
    height, width = original.shape
    times = min(height // 8, width // 8)
    frame = tuple(((size - 8 * times) // 2, (size - 8 * times + 1) // 2) for size in original.shape)
    script.add(
        f"x = x.repeat({times}, axis=1).repeat({times}, axis=2)",
        'x = np.round(x * (255 / x.max())).astype("uint8")',
        f"x = np.pad(x, {one_line(literal(((0, 0), *frame)))})",
    )


def cut(script: Script, wanted: Wanted, where: Expression) -> None:
    """Training rows first, then those for the test, where the experiment asks for that."""
    if wanted.split:
        if where != "cut":
            script.assign("cut", where)
        script.add("x_train, x_test = x[:cut], x[cut:]", "y_train, y_test = y[:cut], y[cut:]")

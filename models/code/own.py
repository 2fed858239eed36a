"""The part of an exported script that reads one of the user's own files, as its recipe says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.by_class import PICTURES, TEXTS
from kerastui.datasets.recipe import FileRecipe
from kerastui.models.code.layout import Expression, call, collection, literal, one_line, text
from kerastui.models.code.script import Script

if TYPE_CHECKING:
    from kerastui.models.code.sources import Raw, Wanted

AS_IT_IS = ("float32", "uint8", "int32")
"""Types that a model takes without a change."""


def load(script: Script, wanted: Wanted, located: Path | None) -> Raw:
    """Write the lines that read an own file.

    Raises:
        UserError: An array or archive is not here, so that nobody knows what it holds.
    """
    recipe = wanted.card.recipe
    assert recipe is not None
    path = located or recipe.place
    if recipe.format in ("pictures", "texts") and path.suffix == "":
        script.use("pathlib", "Path")
        script.constant("DATA", call("Path", [text(str(path))]))
    else:
        script.constant("DATA", text(str(path)))
    if recipe.format == "pictures":
        return _pictures(script, wanted, recipe)
    if recipe.format == "texts":
        return _texts(script, wanted, recipe, folder=path.suffix == "")
    if recipe.format == "npy":
        return _array(script, wanted, recipe, path)
    if recipe.format == "npz":
        return _archive(script, wanted, recipe, path)
    _table(script, recipe)
    return _chosen(script, wanted)


# --- tables --------------------------------------------------------------------------------


def _table(script: Script, recipe: FileRecipe) -> None:
    """Write the lines that read `data`."""
    from kerastui.datasets.files.table import csv_arguments, json_arguments

    script.use("pandas")
    if recipe.format == "parquet":
        script.assign("data", call("pd.read_parquet", ["DATA"]))
        return
    json = recipe.format == "jsonl"
    given = json_arguments(recipe) if json else csv_arguments(recipe)
    options = {name: literal(value) for name, value in given.items()}
    script.assign("data", call(f"pd.read_{'json' if json else 'csv'}", ["DATA"], options))
    if not json and not recipe.header and not recipe.names:
        script.add('data.columns = [f"column {number + 1}" for number in range(data.shape[1])]')
    for name, form in recipe.dates.items():
        column = f"data[{one_line(text(name))}]"
        if json:
            script.assign(column, call("pd.to_datetime", [column], {"format": text(form)}))
        if "%z" in form:
            script.add(f'{column} = {column}.dt.tz_convert("UTC").dt.tz_localize(None)')


def _chosen(script: Script, wanted: Wanted) -> Raw:
    """Features and target out of the table `data`."""
    from kerastui.models.code.sources import Raw

    target = wanted.target
    if not target:
        raise UserError("No target is chosen.", "Say on the Data screen what is to be predicted.")
    column: Expression = text(target[0]) if len(target) == 1 else literal(target)
    features = wanted.features or (target if wanted.series else [])
    if features:
        script.assign("features", literal(features))
    else:
        script.assign("features", f"list(data.columns.drop({one_line(column)}))")
    convert = "" if wanted.frame else f'.to_numpy("{wanted.x_type}")'
    script.add(f"x = data[features]{convert}")
    kind = "" if wanted.y_type == "any" else text(wanted.y_type)
    script.add(f"y = data[{one_line(column)}].to_numpy({kind})")
    return Raw("frame" if wanted.frame else wanted.x_type, wanted.y_type)


# --- folders, and texts in a table -----------------------------------------------------------


def _files(script: Script, endings: frozenset[str], read: list[str]) -> None:
    """Write a loop over the files of each class; `read` are the lines about one `file`."""
    script.assign("endings", _braces(sorted(endings)))
    script.add(
        "x, labels = [], []",
        "for folder in sorted(DATA.iterdir()):",
        '    for file in sorted(folder.rglob("*")):',
        "        if file.suffix.lower() in endings:",
        *(f"            {line}" for line in read),
        "            labels.append(folder.name)",
    )


def _braces(values: list[str]) -> Expression:
    return collection(map(text, values), "{}")


def _labels(script: Script, wanted: Wanted) -> str:
    """Write `y` out of `labels`; returns the variable with the names of the classes."""
    script.use("numpy")
    if wanted.y_type == "any":
        script.add("y = np.array(labels)")
        return ""
    script.add("class_names, y = np.unique(labels, return_inverse=True)")
    return "class_names"


def _pictures(script: Script, wanted: Wanted, recipe: FileRecipe) -> Raw:
    from kerastui.models.code.sources import Raw

    script.use("PIL", "Image")
    script.use("numpy")
    colours = text("L" if recipe.channels == 1 else "RGB")
    script.add(f"size = ({recipe.width}, {recipe.height})")
    _files(script, PICTURES, [
        "with Image.open(file) as picture:",
        f"    picture = picture.convert({colours}).resize(size, Image.Resampling.BILINEAR)",
        "    x.append(np.asarray(picture))",
    ])  # fmt: skip
    script.add("x = np.array(x)")
    names = _labels(script, wanted)
    return Raw("uint8", "int" if names else "any", class_names=names)


def _texts(script: Script, wanted: Wanted, recipe: FileRecipe, *, folder: bool) -> Raw:
    from kerastui.datasets.text import WORD
    from kerastui.models.code.sources import Raw

    script.use("re")
    script.use("collections", "Counter")
    if folder:
        _files(script, TEXTS, [f"x.append(file.read_text(encoding={text(recipe.encoding)}))"])
        words = "x"
    else:
        _table(script, recipe)
        columns = one_line(literal([recipe.text, recipe.label]))
        script.add(f"data = data[{columns}].dropna()")
        script.add(f"labels = [{_category('label')} for label in data[{text(recipe.label)}]]")
        words = f"data[{text(recipe.text)}]"
    script.note("Frequent words get low numbers; 1 marks the start of a text, words begin with 4.")
    script.add(
        f"texts = [re.findall({_raw(WORD)}, text.lower()) for text in {words}]",
        "counts = Counter(word for words in texts for word in words)",
        "word_index = {word: rank for rank, (word, _) in enumerate(counts.most_common(), start=1)}",
        "x = [[1] + [word_index[word] + 3 for word in words] for words in texts]",
    )
    names = _labels(script, wanted)
    return Raw("texts", "int" if names else "any", class_names=names)


def _category(name: str) -> str:
    return f'{name} if isinstance({name}, str) else f"{{{name}:g}}"'


def _raw(pattern: Any) -> str:
    """A regular expression as a raw string."""
    plain = pattern if isinstance(pattern, str) else pattern.pattern
    return f'r"{plain}"'


# --- NumPy files ---------------------------------------------------------------------------


def _array(script: Script, wanted: Wanted, recipe: FileRecipe, path: Path) -> Raw:
    from kerastui.datasets.files.arrays import open_npy

    script.use("numpy")
    one = _peek(path, open_npy).ndim == 1
    script.add('array = np.load(DATA).astype("float64")')
    _frame(script, recipe, "array", one=one)
    return _chosen(script, wanted)


def _archive(script: Script, wanted: Wanted, recipe: FileRecipe, path: Path) -> Raw:
    """Columns by name, or inputs and targets, perhaps of training and test apart."""
    from kerastui.datasets.npz import read_npz
    from kerastui.models.code.sources import Raw, cut

    names = recipe.arrays
    script.use("numpy")
    script.add("archive = np.load(DATA)")
    if not names:
        script.use("pandas")
        script.add("data = pd.DataFrame({name: archive[name] for name in archive.files})")
        script.add('data = data.astype(dict.fromkeys(data.select_dtypes("number"), "float64"))')
        return _chosen(script, wanted)
    shapes = _peek(path, lambda there: read_npz(there, names))
    if len(names) == 4:
        a, b, c, d = (f"archive[{text(name)}]" for name in names)
        script.add(f"x = np.concatenate([{a}, {c}])", f"y = np.concatenate([{b}, {d}])")
        script.add(f"cut = len({a})")
    else:
        script.add(f"x = archive[{text(names[0])}]")
        if len(names) == 2:
            script.add(f"y = archive[{text(names[1])}]")
    first = shapes[names[0]]
    if first.ndim > 2:
        raw = _blocks(script, wanted, first, shapes[names[1]])
    else:
        script.add('x = x.astype("float64")')
        _frame(script, recipe, "x", one=first.ndim == 1)
        if len(names) > 1:
            if shapes[names[1]].ndim == 1:
                script.add('data["target"] = y')
            else:
                script.add(
                    "for number in range(y.shape[1]):",
                    '    data[f"target {number + 1}"] = y[:, number]',
                )
        raw = _chosen(script, wanted)
    if wanted.split and len(names) == 4:
        cut(script, wanted, "cut")
        return Raw(raw.x, raw.y, split=True, class_names=raw.class_names)
    return raw


def _blocks(script: Script, wanted: Wanted, x: Any, y: Any) -> Raw:
    """Pictures or other blocks of numbers."""
    from kerastui.models.code.sources import Raw

    kind = str(x.dtype) if str(x.dtype) in AS_IT_IS else "block"
    if y.ndim == 2 and y.shape[1] == 1:
        script.add("y = y[:, 0]")
    if y.dtype.kind in "US":
        script.add("labels = y.astype(str)")
        names = _labels(script, wanted)
        return Raw(kind, "int" if names else "any", class_names=names)
    return Raw(kind, "any" if wanted.y_type == "any" else "int")


def _frame(script: Script, recipe: FileRecipe, array: str, *, one: bool) -> None:
    script.use("pandas")
    if recipe.names:
        names: Expression = literal(list(recipe.names))
    elif one:
        names = literal(["value"])
    else:
        names = f'[f"column {{number + 1}}" for number in range({array}.shape[1])]'
    script.assign("data", call("pd.DataFrame", [array], {"columns": names}))


def _peek(path: Path, read: Any) -> Any:
    if not path.exists():
        raise UserError(
            f"{path} is not here, so nobody knows which arrays it holds.",
            "Put the file back, or import it again.",
        )
    return read(path)

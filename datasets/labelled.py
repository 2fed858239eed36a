"""A new file with known answers, brought into the form in which a model was trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerastui.datasets.catalogue import card_of, listed
from kerastui.datasets.errors import UserError
from kerastui.datasets.files.place import checked
from kerastui.datasets.files.read import read
from kerastui.datasets.files.sniff import sniff
from kerastui.datasets.files.texts import load_texts
from kerastui.datasets.loaded import Array, Loaded, Sequences
from kerastui.datasets.prepared import Part
from kerastui.datasets.recipe import FORMATS
from kerastui.datasets.rows import Rows, as_array, is_missing
from kerastui.datasets.text import OFFSET, UNKNOWN

if TYPE_CHECKING:
    from kerastui.datasets.prepared import Prepared
    from kerastui.datasets.recipe import FileRecipe
    from kerastui.datasets.spec import Data

CLASSES = ("binary", "multiclass")


def labelled(path: str, data: Data, prepared: Prepared) -> tuple[Part, Loaded]:
    """Read a file and prepare it with what the experiment's preparation has learned.

    Args:
        path: A file with the same columns as the experiment's data, the target among them;
            pictures of the same size; or texts, as a table or a folder.
        data: What the experiment says of its data.
        prepared: The experiment's prepared data.

    Returns:
        The rows as a part, and the raw data.

    Raises:
        UserError: It can't be read, lacks a column, or holds a class that is not known.
    """
    if prepared.kind == "text":
        loaded = load_texts(checked(Path(path)), _texts_recipe(path, data), whole=True)
    else:
        loaded = read(Path(path).expanduser(), _recipe(path, data))
        _check_kind(path, loaded, prepared)
    raw = _raw(loaded, data, prepared)
    missing = int(is_missing(raw.y).sum())
    if missing and not any(step.step == "missing" and step.strategy == "drop"
                           for step in data.steps):  # fmt: skip
        raise UserError(
            f"{missing} row{'s' * (missing != 1)} of {Path(path).name} "
            f"{'have' if missing != 1 else 'has'} no target.",
            "Only rows with a known answer can be judged; take the others out.",
        )
    rows = prepared.applied(raw)
    x = as_array(rows.x, rows.index)
    if x.shape[1:] != prepared.input_shape:
        raise UserError(
            f"An input of {Path(path).name} has shape {x.shape[1:]} after the preparation.",
            f"The model takes {prepared.input_shape}.",
        )
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise UserError(
            f"{Path(path).name} has missing or infinite values in its inputs.",
            "The preparation has no step that fills them; mend the file, or add the step missing.",
        )
    return Part(x, _targets(rows.y, data, prepared), rows.index), loaded


def _recipe(path: str, data: Data) -> FileRecipe:
    """Read it as the experiment's own file is read, where it has one of the same kind."""
    recipe = sniff(path).recipe
    if data.file is not None and data.file.format == recipe.format:
        return data.file.model_copy(update={"path": path, "size": 0, "sha256": ""})
    return recipe


def _texts_recipe(path: str, data: Data) -> FileRecipe:
    """Read texts by class, with the columns of the experiment's data where they are there."""
    own = data.file
    given = {"text": own.text, "label": own.label} if own else {
        "label": next(iter(card_of(data).target), "")}  # fmt: skip
    given = {field: name for field, name in given.items() if name}
    if not checked(Path(path)).is_dir():
        table = sniff(path)
        if table.recipe.format not in ("csv", "texts"):
            raise UserError(
                f"{Path(path).name} holds no texts as they are read here "
                f"({FORMATS[table.recipe.format]}).",
                "Accepted: a table as text with a column of texts and one of classes; a folder "
                "with a folder of text files for each class.",
            )
        there = [column.name for column in table.columns]
        given = {field: name for field, name in given.items() if name in there}
    return sniff(path, {**given, "format": "texts"}).recipe


def _check_kind(path: str, loaded: Loaded, prepared: Prepared) -> None:
    """Refuse pictures and texts for a model of tables, and tables for a model of pictures."""
    if isinstance(loaded.x, Sequences):
        given = "texts"
    else:
        given = "a table" if loaded.x is None else "pictures"
    pictures = prepared.kind == "picture"
    if given != ("pictures" if pictures else "a table"):
        raise UserError(
            f"{Path(path).name} holds {given}, and the model takes "
            f"{'pictures' if pictures else 'the columns of a table'}.",
            "Needed: a folder with a folder of pictures for each class, or an archive (.npz) with "
            "x and y." if pictures else f"Needed: {listed(prepared.input_names)}.",
        )  # fmt: skip


def _renumbered(loaded: Loaded, prepared: Prepared) -> Sequences:
    """The texts of a file, which counts its own words, in the word numbers of the experiment."""
    assert isinstance(loaded.x, Sequences)
    assert loaded.words is not None
    known = prepared.words.index
    numbers = np.arange(OFFSET + 1 + len(loaded.words), dtype=np.int32)
    for word, rank in loaded.words.items():
        numbers[rank + OFFSET] = known[word] + OFFSET if word in known else UNKNOWN
    return Sequences(numbers[loaded.x.values], loaded.x.offsets)


def _raw(loaded: Loaded, data: Data, prepared: Prepared) -> Rows:
    index = np.arange(loaded.rows)
    if prepared.kind == "text":
        return Rows(_renumbered(loaded, prepared), _numbered(loaded, prepared), index)
    if loaded.x is not None:
        assert loaded.y is not None
        return Rows(loaded.x, _numbered(loaded, prepared), index)
    features, targets = prepared.input_names, prepared.target_names
    wanted = list(dict.fromkeys([*features, *targets]))
    columns = loaded.columns
    absent = [name for name in wanted if name not in columns]
    if len(absent) == len(wanted) == len(columns):
        # No name is known, and there are just as many: a file without a header.
        columns, absent = dict(zip(wanted, columns.values(), strict=True)), []
        loaded.columns = columns
    if absent:
        raise UserError(
            f"There is no column {listed(absent)}; there are {listed(columns)}.",
            f"Needed: {listed(wanted)}. The target is {listed(targets)}.",
        )
    y = (columns[targets[0]] if len(targets) == 1
         else np.column_stack([columns[name] for name in targets]))  # fmt: skip
    if data.task in CLASSES and y.ndim == 1 and prepared.class_names:
        _check_classes(y, prepared.class_names)
    return Rows({name: columns[name] for name in features}, y, index)


def _numbered(loaded: Loaded, prepared: Prepared) -> Array:
    """Class numbers as the experiment counts them: a file may lack some of its classes, and name
    them by their numbers."""
    y, known = np.asarray(loaded.y), prepared.class_names
    if not loaded.classes or list(loaded.classes) == known:
        return y
    numbers = [str(number) for number in range(len(known))]
    names = numbers if set(loaded.classes) <= set(numbers) - set(known) else known
    _check_classes(np.array(loaded.classes, dtype=object), names)
    places = np.array([names.index(name) for name in loaded.classes])
    return np.asarray(places[y.astype(np.int64)])


def _check_classes(y: Array, known: list[str]) -> None:
    """Refuse classes the model was not trained with; what is missing is refused later."""
    given = y[~is_missing(y)]
    told = [f"{one:g}" if given.dtype.kind in "iuf" else str(one) for one in np.unique(
        given.astype(str) if given.dtype == object else given).tolist()]  # fmt: skip
    numbers = {str(number) for number in range(len(known))}
    unknown = [one for one in told if one not in known]
    if unknown and not (given.dtype.kind in "iuf" and set(told) <= numbers):
        raise UserError(
            f"The class {listed(unknown)} is not one the model was trained with.",
            f"Known: {listed(known)}.",
        )


def _targets(y: Array, data: Data, prepared: Prepared) -> Array:
    if y.dtype == object:
        raise UserError(f"The target holds text, such as {y.ravel()[0]!r}.",
                        "Numbers are expected there, as in the training data.")  # fmt: skip
    whole = data.task in CLASSES and y.ndim == 1
    done: Array = y.astype(np.int32 if whole else np.float32)
    if (
        whole
        and len(done)
        and not 0 <= int(done.min()) <= int(done.max()) < len(prepared.class_names)
    ):
        raise UserError(
            f"The targets go from {done.min()} to {done.max()}.",
            f"Class numbers from 0 to {len(prepared.class_names) - 1} are known.",
        )
    return done

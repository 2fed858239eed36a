"""The data sets kerastui knows: what they hold, where they come from, what stands in for them.

The cards are read from `catalogue.toml` on first use; neither a network nor an array library is
needed to list them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from kerastui.datasets.recipe import FileRecipe
    from kerastui.datasets.spec import Data

Plain = int | float | bool | str
_LISTED, _COMPARED = 50, 5000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table and what it means."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a generator. `default` None: left out, the experiment's seed counts."""

    name: str
    type: str
    default: Plain | None
    about: str
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class DataFile:
    """One published file.

    Attributes:
        name: Its name in the cache.
        addresses: Where it is published, best first.
        sha256: Of the published bytes; empty where no published value is known.
        local: Names it may have in a directory of `KERASTUI_DATA`.
    """

    name: str
    addresses: tuple[str, ...]
    sha256: str
    local: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One data set.

    Attributes:
        name: What experiments call it.
        kind: `tabular`, `image`, `text`, `series` or `generator`.
        task: What it is usually used for; see `spec.Task`.
        rows: Rows in all, `train` and `test` of them where it comes split; 0 where it depends.
        shape: Shape of one input; empty where it varies.
        columns: Of tables and series, in the order of the file.
        target: Names of the default target columns.
        classes: Names of the classes in the order of their numbers, where known.
        header: Whether the first line of the file names the columns.
        names: The column that names the rows, or empty.
        files: The data first, then what belongs to it (word indexes); empty when embedded.
        embedded: Comes with scikit-learn.
        stand_in: Card that can replace it when there is no network, or empty.
        recipe: How one of the user's own files is read; None for the catalogue.
    """

    name: str
    title: str
    about: str
    kind: str
    task: str
    licence: str
    rows: int = 0
    train: int = 0
    test: int = 0
    shape: tuple[int, ...] = ()
    columns: tuple[Column, ...] = ()
    target: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    header: bool = False
    names: str = ""
    files: tuple[DataFile, ...] = ()
    embedded: bool = False
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[str, ...] = ()
    stand_in: str = ""
    recipe: FileRecipe | None = None

    @property
    def file(self) -> DataFile:
        """The file with the data itself.

        Raises:
            UserError: There is none; the data set is embedded or generated.
        """
        if not self.files:
            raise UserError(f"{self.name} needs no file: it is always here.")
        return self.files[0]


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, Card]:
    import tomllib  # the import of this module stays cheap for those who only name the types

    text = Path(__file__).with_name("catalogue.toml").read_text("utf-8")
    return {name: _card(name, entry) for name, entry in tomllib.loads(text).items()}


def _card(name: str, entry: dict[str, Any]) -> Card:
    columns = tuple(Column(*pair) for pair in entry.pop("columns", ()))
    files = tuple(
        DataFile(
            name=file["name"],
            addresses=tuple(file["addresses"]),
            sha256=file.get("sha256", ""),
            local=tuple(file.get("local", ())) or (file["name"],),
        )
        for file in entry.pop("files", ())
    )
    parameters = tuple(
        Parameter(default=parameter.pop("default", None), **parameter)
        for parameter in entry.pop("parameters", ())
    )
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return Card(name=name, columns=columns, files=files, parameters=parameters, **plain)


def cards() -> list[Card]:
    """All cards, in the order of the catalogue."""
    return list(_catalogue().values())


def card(name: str) -> Card:
    """The card called `name`.

    Raises:
        UserError: No data set has that name; the hint has the closest names.
    """
    known = _catalogue()
    try:
        return known[name]
    except KeyError:
        raise UserError(
            f"There is no data set called {name!r}.", hint=closest(name, list(known))
        ) from None


def card_of(data: Data) -> Card:
    """The card of the data of an experiment: of the catalogue, or made for an own file.

    Raises:
        UserError: No data set has that name; the hint has the closest names.
    """
    if data.file is None:
        return card(data.dataset)
    return own_card(data.dataset, data.file, task=data.task, target=tuple(data.target))


def own_card(
    name: str, recipe: FileRecipe, *, task: str = "", target: tuple[str, ...] = (), rows: int = 0
) -> Card:
    """A card for one of the user's own files; what only reading it would tell is left empty."""
    from kerastui.datasets.recipe import FORMATS

    place = recipe.place
    series = task == "forecasting" and recipe.kind == "tabular"
    return Card(
        name=name,
        title="".join(sign if sign.isprintable() else "�" for sign in place.name),
        about=f"An own file: {FORMATS[recipe.format]}.",
        kind="series" if series else recipe.kind,
        task=task,
        licence="",
        rows=rows,
        shape=_picture_shape(recipe) if recipe.height else (),
        target=target,
        header=recipe.header,
        files=(DataFile(place.name, (), recipe.sha256, (place.name,)),),
        recipe=recipe,
    )


def _picture_shape(recipe: FileRecipe) -> tuple[int, ...]:
    size = (recipe.height, recipe.width)
    return size if recipe.channels == 1 else (*size, recipe.channels)


def closest(name: str, known: list[str]) -> str:
    """A hint with the names most like `name`, or the names there are when none is like it."""
    from difflib import get_close_matches  # only needed once something is wrong

    near = get_close_matches(name, known[:_COMPARED], n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"Accepted: {listed(known)}." if known else ""


def listed(names: Iterable[str]) -> str:
    """Names with commas between them, the first of them where there are many."""
    every = list(names)
    shown = ", ".join(every[:_LISTED])
    return shown if len(every) <= _LISTED else f"{shown} and {len(every) - _LISTED:,} more"

"""What a first look into an own file tells, and how it is handed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kerastui.datasets.recipe import FileRecipe

ColumnKind = Literal[
    "number", "integer", "yes/no", "category", "text", "date", "identifier", "empty"
]
NUMERIC = frozenset({"number", "integer"})


@dataclass(frozen=True, slots=True)
class Guess:
    """One column, as far as the first rows tell.

    Attributes:
        name: As in the recipe's columns.
        kind: What its cells are; `empty` where none of those seen has a value.
        missing: Cells without a value among those seen.
        different: Different values among those seen.
        seen: Cells seen.
    """

    name: str
    kind: ColumnKind
    missing: int = 0
    different: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was detected, in plain words.

    Attributes:
        words: A sentence.
        doubt: True where a person should look.
        field: The field of the recipe it is about, or empty.
    """

    words: str
    doubt: bool = False
    field: str = ""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A recipe that was detected, and the first rows read with it.

    Attributes:
        recipe: With the size, without the SHA-256 (that takes reading the whole file).
        columns: Of tables; empty for pictures and texts.
        rows: The first rows, up to 500, one string for each of the columns, as raw as they are:
            it is for the screen to keep control characters from the terminal.
        notes: What was detected, and how sure that is.
        total: Rows (pictures, texts) in all; an estimate unless `exact`; None where unknown.
        exact: Whether `total` was counted.
        classes: Of folders: class to number of files.
        shape: Of arrays: as found.
    """

    recipe: FileRecipe
    columns: tuple[Guess, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[Note, ...] = ()
    total: int | None = None
    exact: bool = False
    classes: dict[str, int] = field(default_factory=dict)
    shape: tuple[int, ...] = ()

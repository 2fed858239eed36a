"""How an own file is read, as the fields of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastui.datasets.recipe import DELIMITERS, FORMATS, MARKS, FileRecipe
from kerastui.datasets.sniffed import Sniffed
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.form_fields import Field, Option

NAME = "name"
_SIGNS = {".": "point", ",": "comma", " ": "space", "'": "apostrophe", "": "nothing",
          '"': "double", "\t": "tab"}  # fmt: skip
_QUOTES = {'"': "double", "'": "single", "": "nothing"}
_ENCODINGS = {
    "utf-8": "usual today", "utf-8-sig": "with a mark at the beginning (Excel)",
    "utf-16": "two bytes for each sign", "cp1252": "Windows, Western Europe",
    "cp1250": "Windows, Central Europe", "cp1251": "Windows, Cyrillic",
    "latin-1": "old Unix, Western Europe", "shift_jis": "Japanese", "gb18030": "Chinese",
}  # fmt: skip


def fields(
    name: str, sniffed: Sniffed, detected: FileRecipe, given: Mapping[str, Any]
) -> list[Field]:
    """The fields that count for the format of a file, with what was overruled bright.

    Args:
        name: What the data are to be called.
        sniffed: What was read with the present settings.
        detected: The recipe without any setting of the user.
        given: The settings of the user.
    """
    recipe = sniffed.recipe
    made = _Fields(recipe, detected, given, [clean(column.name) for column in sniffed.columns])
    shown = {
        "csv": made.table, "texts": made.texts, "jsonl": made.records, "parquet": list,
        "npy": list, "npz": made.archive, "pictures": made.pictures,
    }[recipe.format]()  # fmt: skip
    title = Field(NAME, "name", name, None, lambda new: {NAME: new}, removable=False,
                  doc="What the data are called here.",
                  accepts="small letters, digits, and . _ - between them")  # fmt: skip
    return [title, *shown]


class _Fields:
    def __init__(
        self,
        recipe: FileRecipe,
        detected: FileRecipe,
        given: Mapping[str, Any],
        columns: list[str],
    ) -> None:
        self.recipe, self.detected, self.given = recipe, detected, given
        self.columns = columns

    def _field(self, key: str, label: str, doc: str, accepts: str = "", **more: Any) -> Field:
        value = getattr(self.recipe, key)
        default = value if key not in self.given else getattr(self.detected, key)
        if isinstance(value, list | dict):
            value, default = value or None, default or None
        return Field(key, label, value, default, lambda new: {key: new}, doc=doc, accepts=accepts,
                     **more)  # fmt: skip

    def _chosen(self, key: str, label: str, doc: str, signs: Mapping[str, str]) -> Field:
        """A field whose values are signs, shown by name."""
        value = getattr(self.recipe, key)
        default = value if key not in self.given else getattr(self.detected, key)
        values = {name: sign for sign, name in signs.items()}
        return Field(
            key, label, signs.get(value, value), signs.get(default, default),
            lambda new: {key: values.get(new, new)}, doc=doc,
            options=tuple(Option(name, _shown(sign)) for name, sign in values.items()),
            typed=False,
        )  # fmt: skip

    def _column(self, key: str, label: str, doc: str) -> Field:
        options = tuple(Option(name) for name in self.columns[:1000])
        return self._field(key, label, doc, options=options, typed=False)

    def _kind(self) -> Field:
        names = {"csv": FORMATS["csv"], "texts": "texts with a class each, as word numbers"}
        options = tuple(Option(name, note) for name, note in names.items())
        return self._field("format", "format", "What the table is for.", options=options,
                           typed=False)  # fmt: skip

    def table(self) -> list[Field]:
        delimiters = {sign: name for name, sign in DELIMITERS.items()}
        extra = [mark for mark in self.recipe.missing if mark not in MARKS]
        usual = [mark for mark in self.detected.missing if mark not in MARKS]
        return [
            self._kind(),
            self._chosen("delimiter", "delimiter", "What stands between the cells.", delimiters),
            self._field("header", "header", "The first line names the columns.",
                        options=(Option("yes"), Option("no")), typed=False),
            self._encoding(),
            self._chosen("decimal", "decimal mark", "3.14 or 3,14.",
                         {sign: _SIGNS[sign] for sign in ".,"}),
            self._chosen("thousands", "thousands", "What divides them: 1,000 or 1.000.",
                         {sign: _SIGNS[sign] for sign in ("", ",", ".", " ", "'")}),
            self._field("skip_rows", "skip lines", "Lines before the table.",
                        "a whole number, at least 0"),
            self._chosen("quote", "quotes", "What stands around cells that hold the delimiter.",
                         _QUOTES),
            Field("missing", "no value", extra or None,
                  (extra if "missing" not in self.given else usual) or None,
                  lambda new: {"missing": None if new is None else [*MARKS, *_listed(new)]},
                  doc="Cells that mean 'no value', besides empty ones, NA, null, ? and the like.",
                  accepts='words, as ["k.A.", "-999"]'),
            *self._dates(),
            self._field("as_text", "as text", "Columns that stay text though they look like "
                        "numbers.", 'names of columns, as ["zip"]'),
            *self._names(),
        ]  # fmt: skip

    def _names(self) -> list[Field]:
        if "names" not in self.given:
            return []
        doc = "What the columns are called instead."
        return [self._field("names", "names", doc, 'a name for each, as ["a", "b"]')]

    def texts(self) -> list[Field]:
        if self.recipe.place.is_dir():
            return [self._encoding()]
        return [
            self._kind(),
            self._column("text", "texts", "The column with the texts."),
            self._column("label", "classes", "The column that says what each text is."),
            *self.table()[1:],
        ]

    def records(self) -> list[Field]:
        return [self._encoding(), *self._dates()]

    def archive(self) -> list[Field]:
        return [
            self._field("arrays", "arrays", "Which arrays are inputs and targets; none: each is a "
                        "column.", 'names, as ["x", "y"]'),
        ]  # fmt: skip

    def pictures(self) -> list[Field]:
        whole = "a whole number of pixels, up to 4096"
        return [
            self._field("height", "height", "All pictures are brought to it.", whole),
            self._field("width", "width", "All pictures are brought to it.", whole),
            self._chosen("channels", "colours", "Grey needs a third of the memory.",
                         {3: "colour", 1: "grey"}),  # type: ignore[dict-item]
        ]  # fmt: skip

    def _encoding(self) -> Field:
        options = tuple(Option(name, note) for name, note in _ENCODINGS.items())
        return self._field("encoding", "encoding", "How signs are stored.", options=options,
                           typed=False)  # fmt: skip

    def _dates(self) -> list[Field]:
        return [
            self._field("dates", "dates", "Columns of dates with their format: %d day, %m month, "
                        "%Y year, %H:%M time.", 'a table, as { day = "%d.%m.%Y" }'),
        ]  # fmt: skip


def _shown(sign: Any) -> str:
    return sign if isinstance(sign, str) and sign.strip() else ""


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]

"""How one of the user's own files is read: everything that was detected or chosen, and no data.

Plain pydantic models without any array library. `sniff.sniff` proposes a recipe, `files.read`
carries it out; an experiment embeds it as `data.file`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from kerastui.datasets.strict import Strict

Format = Literal["csv", "jsonl", "parquet", "npy", "npz", "pictures", "texts"]
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}
"""What delimiters are called; a space stands for any number of them."""
Delimiter = Annotated[
    str,
    BeforeValidator(lambda given: DELIMITERS.get(given, given) if given else given),
    Field(min_length=1, max_length=1),
]

PANDAS_MARKS = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""What `pandas.read_csv` takes for "no value" when it is not told otherwise."""
MARKS = (*PANDAS_MARKS, "?", "-")
"""Cells that usually mean "no value"."""

FORMATS: dict[str, str] = {
    "csv": "table as text",
    "jsonl": "JSON lines",
    "parquet": "Parquet",
    "npy": "NumPy array",
    "npz": "NumPy archive",
    "pictures": "folder of pictures by class",
    "texts": "texts",
}
"""What the formats are called on screens."""


class FileRecipe(Strict):
    """One file or folder, and how it is read.

    `csv` is every table as text: commas, semicolons, tabs, bars. `texts` is such a table with a
    column of texts, or a folder with a folder of text files for each class. `pictures` is a folder
    with a folder of pictures for each class.
    """

    path: str = Field(min_length=1, description="Absolute; ~ is your home directory.")
    format: Format = "csv"
    delimiter: Delimiter = Field(
        default=",", description="comma, semicolon, tab, bar, space, or any other sign."
    )
    quote: Literal['"', "'", ""] = Field(default='"', description="Empty: quotes mean nothing.")
    encoding: str = Field(default="utf-8", description="As Python calls it: utf-8, utf-16, cp1252.")
    header: bool = Field(default=True, description="The first line names the columns.")
    skip_rows: int = Field(default=0, ge=0, description="Lines before the header.")
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    missing: list[str] = Field(default=[*MARKS], description="Cells that mean 'no value'.")
    dates: dict[str, str] = Field(
        default={}, description="Columns of dates, each with its strptime format."
    )
    as_text: list[str] = Field(
        default=[], description="Columns that stay text although they look like numbers."
    )
    names: list[str] = Field(
        default=[],
        description="Names of the columns in place of those in the file; without a header and "
        "without names they are called column 1, column 2, …",
    )
    text: str = Field(default="", description="Of texts in a table: the column with the text.")
    label: str = Field(default="", description="Of texts in a table: the column with the class.")
    arrays: list[str] = Field(
        default=[],
        description="Of an archive: inputs and targets (x, y), or both of training and test "
        "(x_train, y_train, x_test, y_test); empty: every array is a column.",
    )
    height: int = Field(default=0, ge=0, le=4096, description="Of pictures (of arrays: as found).")
    width: int = Field(default=0, ge=0, le=4096, description="Of pictures (of arrays: as found).")
    channels: Literal[1, 3] = Field(default=3, description="Of pictures: 1 grey, 3 colour.")
    size: int = Field(default=0, ge=0, description="Bytes when it was imported.")
    sha256: str = Field(default="", description="Of the bytes when it was imported.")

    @model_validator(mode="after")
    def _can_be_read(self) -> FileRecipe:
        if self.format == "pictures" and not (self.height and self.width):
            raise ValueError("pictures need a height and a width of at least 1")
        if self.thousands and self.thousands == self.decimal:
            raise ValueError(f"{self.decimal!r} cannot be the decimal mark and divide thousands")
        if len(self.arrays) not in (0, 1, 2, 4):
            raise ValueError("arrays: give none, x, (x, y) or (x_train, y_train, x_test, y_test)")
        return self

    @property
    def place(self) -> Path:
        """Where the file was when it was imported."""
        return Path(self.path).expanduser()

    @property
    def kind(self) -> Literal["tabular", "image", "text"]:
        """What it holds, in the words of `catalogue.Card`."""
        if self.format == "texts":
            return "text"
        return "image" if self.height else "tabular"

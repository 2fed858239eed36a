"""Reading own tables: text, JSON lines and Parquet, each with one call of pandas.

What is read is what that call gives, so a script of an experiment with the same call has the same
bits: pandas rounds decimal numbers correctly (`float` of Python would give the same).
"""

from __future__ import annotations

import datetime
import json
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.sniff_records import broken_parquet
from kerastui.datasets.loaded import Array
from kerastui.datasets.recipe import PANDAS_MARKS, FileRecipe

if TYPE_CHECKING:
    import pandas as pd

MOST_COLUMNS = 100_000
_WIDE = 1000
_SAVE_AGAIN = "Save it again as comma-separated values in UTF-8."


def csv_arguments(recipe: FileRecipe) -> dict[str, Any]:
    """What `pandas.read_csv` is called with besides the path; defaults of pandas are left out.

    Where the file has no header and the recipe no names, the columns are to be called
    `column 1`, `column 2`, … afterwards.
    """
    arguments: dict[str, Any] = {}
    if recipe.delimiter != ",":
        arguments["sep"] = r"\s+" if recipe.delimiter == " " else recipe.delimiter
    if recipe.quote == "":
        arguments["quoting"] = 3  # csv.QUOTE_NONE
    elif recipe.quote != '"':
        arguments["quotechar"] = recipe.quote
    if recipe.encoding != "utf-8":
        arguments["encoding"] = recipe.encoding
    if recipe.skip_rows:
        arguments["skiprows"] = recipe.skip_rows
    if not recipe.header:
        arguments["header"] = None
    elif recipe.names:
        arguments["header"] = 0
    if recipe.names:
        arguments["names"] = list(recipe.names)
    if recipe.decimal != ".":
        arguments["decimal"] = recipe.decimal
    if recipe.thousands:
        arguments["thousands"] = recipe.thousands
    marks = list(recipe.missing)
    if set(PANDAS_MARKS) <= set(marks):
        marks = [mark for mark in marks if mark not in PANDAS_MARKS]
    else:
        arguments["keep_default_na"] = False
    if marks:
        arguments["na_values"] = marks
    if recipe.as_text:
        arguments["dtype"] = dict.fromkeys(recipe.as_text, "str")
    if recipe.dates:
        arguments["parse_dates"] = list(recipe.dates)
        arguments["date_format"] = dict(recipe.dates)
    if recipe.delimiter != " ":
        arguments["index_col"] = False  # a delimiter at the end of each line makes no column
        arguments["skipinitialspace"] = True
    arguments["low_memory"] = False  # a column has one type, however long it is
    return arguments


def json_arguments(recipe: FileRecipe) -> dict[str, Any]:
    """What `pandas.read_json` is called with besides the path."""
    arguments: dict[str, Any] = {"lines": True, "dtype": False, "precise_float": True}
    if recipe.encoding != "utf-8":
        arguments["encoding"] = recipe.encoding
    return arguments


def read_table(path: Path, recipe: FileRecipe) -> dict[str, Array]:
    """Read a table to named columns.

    Returns:
        Name to array: float64 with NaN (numbers, yes and no of Python and Parquet as 1 and 0),
        object of str and None (text), datetime64[us] with NaT (dates).

    Raises:
        UserError: It is not such a table, has no rows, or a date does not fit its format.
    """
    frame = _FRAMES[recipe.format](path, recipe)
    if len(frame.columns) > MOST_COLUMNS:
        raise UserError(
            f"{path.name} has {len(frame.columns):,} columns.",
            hint=f"Up to {MOST_COLUMNS:,} are accepted. Is the table lying on its side? Wide "
            "numbers fit better into a NumPy array (.npy).",
        )
    if frame.empty:
        raise UserError(f"{path.name} has no rows.", hint="Choose a file with at least one row.")
    names = [str(name) for name in frame.columns]
    if len(names) > _WIDE and all(dtype.kind in "biuf" for dtype in frame.dtypes):
        # One column after the other would take pandas ten times as long.
        return dict(zip(names, frame.to_numpy(np.float64).T.copy(), strict=True))
    return {name: column_of(frame.iloc[:, place]) for place, name in enumerate(names)}


def _csv(path: Path, recipe: FileRecipe) -> pd.DataFrame:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame: pd.DataFrame = pd.read_csv(path, **csv_arguments(recipe))
        except (
            pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning, ValueError,
            LookupError, OSError, OverflowError,
        ) as error:  # fmt: skip
            raise _csv_error(path, recipe, error) from error
    if not recipe.header and not recipe.names:
        frame.columns = [f"column {number + 1}" for number in range(frame.shape[1])]
    _check_dates(path, recipe, frame)
    return frame


def _csv_error(path: Path, recipe: FileRecipe, error: Exception) -> UserError:
    """Say what pandas complained about, and what helps."""
    text = str(error)
    ragged = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", text)
    absent = re.search(r"Missing column provided to 'parse_dates': '(.*)'", text)
    if isinstance(error, OSError):
        return UserError(f"{path} can't be read: {error.strerror or error}.", "Check the file.")
    if ragged:
        expected, line, seen = ragged.groups()
        return UserError(
            f"Line {line} of {path.name} has {seen} cells instead of {expected}.",
            hint="Is the delimiter right, and are cells that contain it in quotes?",
        )
    if isinstance(error, UnicodeDecodeError):
        return UserError(
            f"{path.name} is not {recipe.encoding} throughout: byte {error.object[error.start]:#x} "
            "does not belong there.",
            hint="Import it again with the encoding cp1252 (Windows) or utf-8.",
        )
    if isinstance(error, LookupError):
        return UserError(
            f"There is no encoding called {recipe.encoding!r}.",
            hint="Accepted: utf-8, utf-16, cp1252, latin-1 and all others of Python.",
        )
    if absent:
        return UserError(
            f"{path.name} has no column {absent[1]}, which the recipe calls a date.",
            hint="Import the file again.",
        )
    if "EOF inside string" in text:
        return UserError(
            f"A quotation mark in {path.name} is never closed ({text.split('C error: ')[-1]}).",
            hint="Close it, or import the file with quote set to nothing.",
        )
    if "Length of header or names" in text or "Too many columns specified" in text:
        return UserError(
            f"The rows of {path.name} have another number of cells than the "
            f"{'names given' if recipe.names else 'first line'}.",
            hint="Check the delimiter, the lines to skip and the header.",
        )
    if "No columns to parse" in text or "out of bounds" in text:
        return UserError(f"{path.name} is empty.", hint="Choose a file with at least one row.")
    return UserError(f"{path.name} is not a readable table: {text}.", hint=_SAVE_AGAIN)


def _check_dates(path: Path, recipe: FileRecipe, frame: pd.DataFrame) -> None:
    """Refuse columns that pandas left as text because a cell does not fit the format."""
    import pandas as pd

    for name, given in recipe.dates.items():
        if name not in frame.columns or frame[name].dtype.kind == "M":
            continue
        cells = frame[name]
        good = pd.to_datetime(cells.astype("str"), format=given, errors="coerce").notna()
        bad = cells[~good & cells.notna()]
        where = f": {str(bad.iloc[0])!r} in row {int(bad.index[0]) + 1}" if len(bad) else ""
        raise UserError(
            f"Column {name} of {path.name} holds dates that are not like {given}{where}.",
            hint="Import the file again with another format for the column, or without one: then "
            "it stays text.",
        )


def _jsonl(path: Path, recipe: FileRecipe) -> pd.DataFrame:
    import pandas as pd

    try:
        frame: pd.DataFrame = pd.read_json(path, **json_arguments(recipe))
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}.", "Check the file.") from error
    except (ValueError, TypeError, OverflowError, LookupError) as error:
        raise _json_error(path, recipe, error) from error
    if not all(isinstance(name, str) for name in frame.columns):
        raise _json_error(path, recipe, ValueError("lines that are no objects"))
    for name, given in recipe.dates.items():
        if name in frame.columns:
            dates = pd.to_datetime(frame[name], format=given, errors="coerce")
            if bool((dates.isna() == frame[name].isna()).all()):
                frame[name] = dates
    _check_dates(path, recipe, frame)
    return frame


def _json_error(path: Path, recipe: FileRecipe, error: Exception) -> UserError:
    """Say which line is wrong, which pandas does not."""
    needed = 'Each line is to be one object, like {"height": 1.8, "name": "Ada"}.'
    try:
        with path.open(encoding=recipe.encoding) as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    held = json.loads(line)
                except (ValueError, RecursionError) as wrong:
                    return UserError(f"Line {number} of {path.name} is no JSON: {wrong}.", needed)
                if not isinstance(held, dict):
                    return UserError(f"Line {number} of {path.name} is no object.", needed)
    except (UnicodeDecodeError, LookupError):
        return UserError(f"{path.name} is not {recipe.encoding} throughout.", "Save it in UTF-8.")
    return UserError(f"{path.name} can't be read as JSON lines: {error}.", needed)


def _parquet(path: Path, recipe: FileRecipe) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise broken_parquet(path, error) from error


_FRAMES = {"csv": _csv, "texts": _csv, "jsonl": _jsonl, "parquet": _parquet}


def column_of(cells: pd.Series[Any]) -> Array:
    """One column of a frame as an array; see `read_table`."""
    import pandas as pd

    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    kind = cells.dtype.kind
    if kind in "biuf":
        return cells.to_numpy(dtype=np.float64, na_value=np.nan)
    if kind == "M":
        if getattr(cells.dtype, "tz", None) is not None:
            cells = cells.dt.tz_convert("UTC").dt.tz_localize(None)
        return cells.to_numpy(dtype="datetime64[us]")
    if kind == "m":
        seconds: Array = cells.dt.total_seconds().to_numpy(dtype=np.float64)
        return seconds
    known = cells.dropna()
    if len(known) == 0:
        return np.full(len(cells), np.nan)
    if not isinstance(known.iloc[0], str) and _all_numbers(known):
        missing = cells.isna().to_numpy()
        pairs = zip(cells.astype(object), missing, strict=True)
        return np.array([np.nan if lost else _float(cell) for cell, lost in pairs])
    if isinstance(known.iloc[0], datetime.date):  # days of Parquet
        return pd.to_datetime(cells, errors="coerce").to_numpy(dtype="datetime64[us]")
    if isinstance(known.iloc[0], bytes):
        cells = cells.map(lambda cell: cell.decode("utf-8", "replace"), na_action="ignore")
    # Every value is held once, however often it occurs.
    codes, values = pd.factorize(cells.map(str, na_action="ignore"))
    held = np.empty(len(values) + 1, dtype=object)
    held[:-1] = [str(value) for value in values]
    held[-1] = None
    column: Array = held[codes]
    return column


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # whole numbers of more than 308 digits
        return float("inf") if number > 0 else float("-inf")


def _all_numbers(known: pd.Series[Any]) -> bool:
    from numbers import Number

    return all(isinstance(cell, Number) or hasattr(cell, "as_integer_ratio") for cell in known)

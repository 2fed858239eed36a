"""The user's own tables read by Arrow: the first rows at once, all of them in the background.

A run reads the same recipe with pandas (`kerastui.datasets.files.table`), whose bits a script can
repeat; looking at a million rows is a matter of seconds only with Arrow, which also says how far
it is and can be stopped. What Arrow can't read as the recipe says, is left to that other reader.
"""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from kerastui.datasets.files.place import checked, locate_own
from kerastui.datasets.recipe import FileRecipe
from kerastui.models.tables.contents import array_file
from kerastui.models.tables.frame import ArrowFrame, Frame

Tell = Callable[[str, float | None], None]
"""Is told what is done and how far it is (0 to 1); raises to stop the reading."""

HEAD = 256 * 1024
"""Bytes whose rows are shown first."""

BLOCK = 4 * 1024 * 1024
LONGEST_LINE = 16 * 1024 * 1024
HEAD_ROWS = 1000
WIDE = 2000
"""Columns from which a table counts as wide."""


def place_of(recipe: FileRecipe) -> Path:
    """Return where a file is now; its contents are not looked at.

    Raises:
        UserError: It is gone, or may not be read.
    """
    if not recipe.place.exists() and (found := locate_own(recipe)) and found.path:
        return found.path
    return checked(recipe.place)


def head(recipe: FileRecipe) -> Frame | None:
    """Return the first rows; None where only reading all of the file gives them.

    Raises:
        UserError: The file is gone, or may not be read.
    """
    path = place_of(recipe)
    try:
        match recipe.format:
            case "csv" if _fits(recipe) and not _is_wide(path, recipe):
                options = _csv_options(recipe, _block(path, HEAD))
                return ArrowFrame(_tidy(_first_rows(path, options).slice(0, HEAD_ROWS)))
            case "parquet":
                from pyarrow import parquet  # takes its time to import

                with parquet.ParquetFile(path, memory_map=True) as file:
                    batches = file.iter_batches(HEAD_ROWS)
                    return ArrowFrame(pa.Table.from_batches([next(batches)]))
            case "npy":
                return array_file(str(path))
    except (pa.ArrowException, StopIteration, ValueError, LookupError, OSError):
        pass  # who reads all of it says what is wrong
    return None


def read(recipe: FileRecipe, tell: Tell) -> Frame | None:
    """Return all rows; None where Arrow can't read them as the recipe says.

    Raises:
        UserError: The file is gone, or may not be read.
    """
    path = place_of(recipe)
    words = f"reading {path.name}"
    tell(words, 0.0)
    try:
        match recipe.format:
            case "csv" if _fits(recipe):
                return ArrowFrame(_tidy(_csv(path, recipe, tell)))
            case "jsonl" if recipe.encoding == "utf-8":
                from pyarrow import json

                lines = json.ReadOptions(block_size=_block(path))
                with _Watched(path, tell, words) as stream:
                    return ArrowFrame(json.read_json(stream, read_options=lines))
            case "parquet":
                return ArrowFrame(_parquet(path, tell, words))
            case "npy":
                return array_file(str(path))
    except (pa.ArrowException, StopIteration, ValueError, LookupError, OSError):
        pass
    return None


def _csv(path: Path, recipe: FileRecipe, tell: Tell) -> pa.Table:
    """Read a table as text, first with the types of its first rows.

    While Arrow has to find types out, it keeps the text of the whole file; a column that turns out
    to be something else further down has it read once more in that way.
    """
    words, options = f"reading {path.name}", _csv_options(recipe, _block(path))
    if _is_wide(path, recipe):
        # Each column costs more than its cells: no second look, no handing on between threads.
        options["read_options"].use_threads = False
        with _Watched(path, tell, words) as stream:
            return csv.read_csv(stream, **options)
    guessed = _csv_options(recipe, _block(path))
    schema = _first_rows(path, guessed).schema
    times = Counter(schema.names)
    guessed["convert_options"].column_types = {
        field.name: field.type
        for field in schema
        if not pa.types.is_null(field.type) and times[field.name] == 1
    }
    for chosen in (guessed, options):
        try:
            with _Watched(path, tell, words) as stream:
                return csv.read_csv(stream, **chosen)
        except pa.ArrowInvalid:
            if chosen is options:
                raise
    raise AssertionError


def _first_rows(path: Path, options: dict[str, Any]) -> pa.Table:
    """Read the rows of one block."""
    reading = options["read_options"]
    with path.open("rb") as file:
        # Text of another encoding could end in the middle of a letter.
        if reading.encoding == "utf-8":
            # Arrow reads many blocks ahead: it is given one, and a byte to say it is not the last.
            start = io.BytesIO(file.read(reading.block_size + 1))
            with contextlib.suppress(pa.ArrowInvalid, StopIteration):  # no whole row is in it
                return _first_batch(start, options)
            file.seek(0)
        return _first_batch(file, options)


def _first_batch(stream: Any, options: dict[str, Any]) -> pa.Table:
    with csv.open_csv(stream, **options) as batches:
        return pa.Table.from_batches([batches.read_next_batch()])


def _parquet(path: Path, tell: Tell, words: str) -> pa.Table:
    from pyarrow import parquet

    with parquet.ParquetFile(path, memory_map=True) as file:
        groups = []
        for number in range(file.num_row_groups):
            tell(words, number / file.num_row_groups)
            groups.append(file.read_row_group(number))
        return pa.concat_tables(groups) if groups else file.read()


def _fits(recipe: FileRecipe) -> bool:
    """Return whether Arrow knows all that the recipe asks for."""
    return not recipe.thousands and recipe.delimiter != " "


def _csv_options(recipe: FileRecipe, block: int) -> dict[str, Any]:
    named = bool(recipe.names)
    encoding = "utf-8" if recipe.encoding.startswith("utf-8") else recipe.encoding
    formats: list[Any] = [*dict.fromkeys(recipe.dates.values()), csv.ISO8601]
    return {
        "read_options": csv.ReadOptions(
            block_size=block,
            skip_rows=recipe.skip_rows + (recipe.header and named),
            column_names=recipe.names if named else None,
            autogenerate_column_names=not recipe.header and not named,
            encoding=encoding,
        ),
        "parse_options": csv.ParseOptions(
            delimiter=recipe.delimiter,
            quote_char=recipe.quote or False,
            newlines_in_values=bool(recipe.quote),
        ),
        "convert_options": csv.ConvertOptions(
            null_values=recipe.missing,
            strings_can_be_null=True,
            true_values=["True", "true", "TRUE"],
            false_values=["False", "false", "FALSE"],
            column_types=dict.fromkeys(recipe.as_text, pa.string()),
            timestamp_parsers=formats,
            decimal_point=recipe.decimal,
        ),
    }


def _block(path: Path, least: int = BLOCK) -> int:
    """Return how many bytes are read at a time: Arrow wants at least a whole line."""
    with path.open("rb") as stream:
        longest = max(len(stream.readline(LONGEST_LINE)) for _ in range(2))
    return max(least, 4 * longest)


def _is_wide(path: Path, recipe: FileRecipe) -> bool:
    with path.open("rb") as stream:
        lines = [stream.readline(LONGEST_LINE) for _ in range(2)]
    sign = recipe.delimiter.encode("utf-8")
    return any(line.count(sign) >= WIDE for line in lines)


def _tidy(table: pa.Table) -> pa.Table:
    """Return a table as pandas would have it: names numbered, no spaces before texts."""
    names = [name.strip() for name in table.column_names]
    if names and all(name == f"f{place}" for place, name in enumerate(names)):
        names = [f"column {place + 1}" for place in range(len(names))]
    columns = []
    for column in table.columns:
        if pa.types.is_string(column.type):
            first = column.slice(0, HEAD_ROWS)
            if pc.any(pc.starts_with(first, " ")).as_py():
                column = pc.utf8_ltrim_whitespace(column)
        columns.append(column)
    return pa.Table.from_arrays(columns, names=names)


class _Watched(io.RawIOBase):
    """A file that says how far it was read."""

    def __init__(self, path: Path, tell: Tell, words: str) -> None:
        self._stream = path.open("rb", buffering=0)
        self._size = max(1, path.stat().st_size)
        self._tell, self._words = tell, words
        self._read = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._tell(self._words, min(1.0, self._read / self._size))
        block = self._stream.read(size)
        self._read += len(block)
        return block

    def close(self) -> None:
        self._stream.close()
        super().close()

"""Files of new inputs, read in pieces: tables as text, JSON lines, Parquet, folders."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.by_class import PICTURES, TEXTS
from kerastui.datasets.files.place import checked, members
from kerastui.datasets.files.sample import LONGEST_LINE
from kerastui.datasets.files.sniff import sniff
from kerastui.datasets.recipe import MARKS, FileRecipe
from kerastui.models.look.predict_asked import Asking
from kerastui.models.look.predict_table import Table, assumed_names, has_header


@dataclass
class Source:
    """A file of inputs.

    Attributes:
        path: Where it is.
        recipe: How it is read; None for a folder.
        names: Names of the columns.
        files: Of a folder, what it holds.
    """

    path: Path
    recipe: FileRecipe | None
    names: list[str]
    files: list[Path] = field(default_factory=list)
    headed: bool = True

    def table(self, rows: list[list[str]]) -> Table:
        """Rows of it as a table."""
        recipe = self.recipe
        if recipe is None:
            return Table(self.names, rows)
        return Table(self.names, rows, recipe.decimal, recipe.thousands, recipe.missing,
                     recipe.dates)  # fmt: skip

    def pieces(self, size: int) -> Iterator[tuple[list[list[str]], float | None]]:
        """Yield so many rows at a time, and how much of the file was read, 0 to 1.

        Raises:
            UserError: It can't be read to its end.
        """
        assert self.recipe is not None
        read = {"parquet": self._parquet, "jsonl": self._lines}.get(self.recipe.format, self._csv)
        try:
            yield from read(size)
        except OSError as error:
            raise UserError(f"{self.path} can't be read: {error.strerror or error}.") from None
        except UnicodeDecodeError:
            raise UserError(f"{self.path.name} is not {self.recipe.encoding} throughout.",
                            "Save it again as UTF-8.") from None  # fmt: skip
        except csv.Error as error:
            raise UserError(f"{self.path.name} can't be cut into cells: {error}.",
                            "A quotation mark may be missing.") from None  # fmt: skip

    def _csv(self, size: int) -> Iterator[tuple[list[list[str]], float | None]]:
        recipe = self.recipe
        assert recipe is not None
        total = max(1, self.path.stat().st_size)
        csv.field_size_limit(LONGEST_LINE)
        encoding = "utf-8-sig" if recipe.encoding == "utf-8" else recipe.encoding
        with (
            self.path.open("rb") as raw,
            io.TextIOWrapper(raw, encoding=encoding, newline="") as stream,
        ):
            lines: Iterator[str] = iter(stream)
            for _ in range(recipe.skip_rows):
                next(lines, None)
            if recipe.delimiter == " ":
                lines = (" ".join(line.split()) for line in lines)
            quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if recipe.quote else csv.QUOTE_NONE
            reader = csv.reader(lines, delimiter=recipe.delimiter, quotechar=recipe.quote or None,
                                quoting=quoting, skipinitialspace=True)  # fmt: skip
            rows: list[list[str]] = []
            first = self.headed
            for row in reader:
                if not row or (len(row) == 1 and not row[0].strip()):
                    continue
                if first:
                    first = False
                    continue
                rows.append(row)
                if len(rows) == size:
                    yield rows, min(1.0, raw.tell() / total)
                    rows = []
            if rows:
                yield rows, 1.0

    def _lines(self, size: int) -> Iterator[tuple[list[list[str]], float | None]]:
        import json

        assert self.recipe is not None
        total, done = max(1, self.path.stat().st_size), 0
        rows: list[list[str]] = []
        with self.path.open("rb") as raw:
            for number, line in enumerate(raw, start=1):
                done += len(line)
                if not line.strip():
                    continue
                try:
                    cells = json.loads(line)
                    rows.append([_cell(cells.get(name)) for name in self.names])
                except (ValueError, AttributeError):
                    raise UserError(
                        f"Line {number} of {self.path.name} is no JSON object.",
                        'Needed: {"name": value, …} in each line.',
                    ) from None
                if len(rows) == size:
                    yield rows, min(1.0, done / total)
                    rows = []
        if rows:
            yield rows, 1.0

    def _parquet(self, size: int) -> Iterator[tuple[list[list[str]], float | None]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(self.path)
            total, done = max(1, file.metadata.num_rows), 0
            for batch in file.iter_batches(batch_size=size):
                columns = [batch.column(place).to_pylist() for place in range(len(self.names))]
                done += batch.num_rows
                yield ([[_cell(cell) for cell in row] for row in zip(*columns, strict=True)],
                       done / total)  # fmt: skip
        except pa.ArrowException as error:
            raise UserError(f"{self.path.name} is damaged: {error}.", "Write it again.") from None


def source(path: str, asked: Asking) -> Source:
    """Look into a file or folder of inputs.

    Raises:
        UserError: It can't be read, or holds nothing that this model takes.
    """
    place = checked(Path(path))
    if place.is_dir():
        endings = {"picture": PICTURES, "text": TEXTS}.get(asked.kind)
        if endings is None:
            raise UserError(f"{place} is a folder.", "Choose a file with the columns of the data.")
        files = [file for file in members(place) if file.suffix.lower() in endings]
        what = "picture" if asked.kind == "picture" else "text file"
        if not files:
            raise UserError(f"{place} holds no {what}.", f"Accepted: {', '.join(sorted(endings))}.")
        return Source(place, None, ["file"], files)
    if asked.kind == "picture":
        if place.suffix.lower() in PICTURES:
            return Source(place, None, ["file"], [place])
        raise UserError(f"{place.name} is no picture.", "Choose a picture, or a folder of them.")
    if asked.kind == "text" and place.suffix.lower() in TEXTS:
        return Source(place, None, ["file"], [place])
    recipe = _recipe(place, asked)
    return _named(place, recipe, asked)


def _recipe(place: Path, asked: Asking) -> FileRecipe:
    """How the file is read: what the own file of the experiment settles is kept."""
    own = asked.found.experiment.data.file if asked.found.experiment else None
    if place.suffix.lower() in TEXTS and asked.kind == "text":
        return FileRecipe(path=str(place), format="texts")
    sniffed = sniff(place)
    if sniffed.recipe.format not in ("csv", "jsonl", "parquet", "texts"):
        raise UserError(f"{place.name} is no table of columns ({sniffed.recipe.format}).",
                        "Accepted: CSV and other tables as text, JSON lines, Parquet.")  # fmt: skip
    # What "no value" is and how dates are written belongs to the data that the model knows.
    settled: dict[str, Any] = {"missing": list(MARKS)}
    if own is not None:
        settled = {"missing": own.missing, "dates": own.dates}
    return sniffed.recipe.model_copy(update=settled)


def _named(place: Path, recipe: FileRecipe, asked: Asking) -> Source:
    """The columns: of the headline where there is one, else in the order of the data."""
    if recipe.format == "parquet":
        import pyarrow.parquet as pq

        return Source(place, recipe, [str(name) for name in pq.read_schema(place).names])
    if recipe.format == "jsonl":
        import json

        with place.open("rb") as lines:
            first = json.loads(next((line for line in lines if line.strip()), b"{}"))
        return Source(place, recipe, [str(name) for name in first])
    bare = Source(place, recipe, [], headed=False)
    rows, _ = next(bare.pieces(1), ([[]], None))
    first_row = rows[0]
    if not first_row:
        raise UserError(f"{place.name} is empty.", "Choose a file with at least one row.")
    if has_header(first_row, asked) or recipe.header:
        return Source(place, recipe, [cell.strip() for cell in first_row])
    return Source(place, recipe, assumed_names(len(first_row), asked), headed=False)


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)

"""A first look into JSON lines and Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.cells import Marks, guess
from kerastui.datasets.files.dates import date_format
from kerastui.datasets.files.sample import check_text, decode, detect_encoding
from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.sniffed import Guess, Note, Sniffed

FIRST_ROWS = 500
_LOOKED_AT = 500
_LOST = frozenset({""})


def sniff_jsonl(path: Path, given: Mapping[str, Any]) -> Sniffed:
    """Look into a file with one JSON object a line.

    Raises:
        UserError: It is another kind of JSON, or a line is wrong.
    """
    sample = check_text(path, str(given.get("encoding", "")))
    encoding = str(given.get("encoding", detect_encoding(sample)[0]))
    text = decode(sample.head, encoding).lstrip("\ufeff")
    if text.lstrip().startswith("["):
        raise UserError(
            f"{path.name} is one JSON list, not one object a line.",
            hint=f"Turn it into JSON lines: jq -c '.[]' {path.name} > {path.stem}.jsonl",
        )
    lines = text.splitlines()
    if not sample.complete and len(lines) > 1:
        lines.pop()
    records: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            records.append(_record(line, number, path))
        if len(records) >= _LOOKED_AT:
            break
    if not records:
        raise UserError(f"{path.name} has no rows.", hint="Choose a file with at least one row.")
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = [[_spelled(record.get(name)) for name in names] for record in records]
    nested = [n for n in names if any(isinstance(r.get(n), dict | list) for r in records)]
    notes = [Note("One JSON object a line.")]
    if nested:
        notes.append(Note(f"{', '.join(nested)}: lists and objects are read as text.", True))
    total = sum(bool(line.strip()) for line in lines)
    if not sample.complete:
        total = round(total * sample.size / max(1, len("\n".join(lines).encode(encoding))))
    recipe = {"format": "jsonl", "encoding": encoding}
    return _sniffed(path, recipe, given, names, rows, notes, sample.size, total, sample.complete)


def _record(line: str, number: int, path: Path) -> dict[str, Any]:
    needed = 'Each line is to be one object, like {"height": 1.8, "name": "Ada"}.'
    try:
        held = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"Line {number} of {path.name} is no JSON: {error}.", needed) from error
    if not isinstance(held, dict):
        raise UserError(f"Line {number} of {path.name} is no object.", needed)
    return held


def _spelled(value: Any) -> str:
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def broken_parquet(path: Path, error: Exception) -> UserError:
    """Return what is said of a Parquet file that can't be read."""
    reason = str(error).splitlines()[0].rstrip(".")
    return UserError(
        f"{path.name} is not a complete Parquet file: {reason}.",
        hint="It was cut short or damaged; write or copy it again.",
    )


def sniff_parquet(path: Path, given: Mapping[str, Any]) -> Sniffed:
    """Look into a Parquet file: its schema, and the first rows alone.

    Raises:
        UserError: It is damaged or no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=True, pre_buffer=False) as file:
            names, total = list(file.schema_arrow.names), file.metadata.num_rows
            batch = next(file.iter_batches(batch_size=FIRST_ROWS, use_threads=False), None)
            records = batch.to_pylist() if batch is not None else []
    except (pa.ArrowException, OSError, ValueError) as error:
        raise broken_parquet(path, error) from error
    if not records:
        raise UserError(f"{path.name} has no rows.", hint="Choose a file with at least one row.")
    rows = [[_spelled(record.get(name)) for name in names] for record in records]
    notes = [Note(f"Parquet with {len(names)} columns; types and dates come from the file.")]
    size = path.stat().st_size
    return _sniffed(path, {"format": "parquet"}, given, names, rows, notes, size, total, True)


def _sniffed(
    path: Path,
    found: dict[str, Any],
    given: Mapping[str, Any],
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: list[Note],
    size: int,
    total: int,
    exact: bool,
) -> Sniffed:
    """Judge the columns of records, whose numbers are written as Python writes them."""
    columns = list(zip(*rows, strict=True))
    guesses: list[Guess] = []
    dates: dict[str, str] = {}
    for name, cells in zip(names, columns, strict=True):
        guesses.append(guess(name, cells, _LOST, Marks()))
        if guesses[-1].kind == "date" and found["format"] == "jsonl":
            dates[name], doubt = date_format([cell for cell in cells if cell])
            notes.append(Note(f"{name} holds dates like {dates[name]}.", doubt, "dates"))
    plain = {**found, "dates": dates, **given, "path": str(path), "size": size}
    return Sniffed(
        FileRecipe.model_validate(plain), tuple(guesses), tuple(map(tuple, rows[:FIRST_ROWS])),
        tuple(notes), total, exact,
    )  # fmt: skip

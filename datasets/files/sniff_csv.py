"""A first look into a table as text: how it is written, and what its columns are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.datasets.files import dialect
from kerastui.datasets.files.cells import (
    Marks,
    detect_marks,
    guess,
    leading_zeros,
    loose_number,
    new_marks,
    number_of,
)
from kerastui.datasets.files.dates import date_format
from kerastui.datasets.files.sample import check_text, decode, detect_encoding
from kerastui.datasets.recipe import MARKS, FileRecipe
from kerastui.datasets.sniffed import Guess, Note, Sniffed

FIRST_ROWS = 500
MOST_CELLS = 200_000
MOST_COLUMNS = 100_000
_VOTERS = 1000
"""Columns that decide whether the first line is a header."""
_LONG_NAME = 200
_HEADED = 60
"""Rows below a possible header that are compared with it."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORMULA = re.compile(r"[=@].*[(!A-Za-z]")
_PROSE = 4.0
"""Words in a cell from which on a column is taken for texts."""


def sniff_csv(path: Path, given: Mapping[str, Any]) -> Sniffed:
    """Look into a table as text.

    Args:
        path: The file.
        given: Fields of the recipe that are not to be detected.

    Raises:
        UserError: It is no such table.
    """
    return _Look(path, given).sniffed()


class _Look:
    """One look; each detection uses those before it."""

    def __init__(self, path: Path, given: Mapping[str, Any]) -> None:
        self.path, self.given = path, given
        self.notes: list[Note] = []
        self.sample = check_text(path, str(given.get("encoding", "")))

    def sniffed(self) -> Sniffed:
        encoding = self._detected("encoding", *detect_encoding(self.sample))
        text = _whole_lines(decode(self.sample.head, encoding), self.sample.complete)
        if "\0" in text:
            raise UserError(f"{self.path.name} is not text.", hint="Choose a table.")
        first = text[: text.find("\n") + 1]
        self._refuse_wide(max(first.count(mark) for mark in dialect.DELIMITERS) + 1)
        quote = self._detected("quote", dialect.detect_quote(text), False)
        delimiter = self._detected("delimiter", *dialect.detect_delimiter(text, quote))
        skipped = dialect.detect_skipped(text, delimiter, quote)
        skip_rows = self._detected("skip_rows", skipped, skipped > 0)
        table = "".join(text.splitlines(keepends=True)[skip_rows:])
        rows = dialect.rows_of(table, delimiter, quote)
        if not rows:
            raise UserError(f"{self.path.name} has no rows.", "Check the lines that are skipped.")
        width = max(len(rows[0]), min((len(row) for row in rows[1:]), default=0))
        self._refuse_wide(width)
        if width == 1:
            self._say_one_column()
        if width > 1 and not any(row[width - 1].strip() for row in rows if len(row) >= width):
            width -= 1  # each line ends with a delimiter
        counted = len(rows)
        rows += self._more(encoding, delimiter, quote, width)
        rows = rows[: max(3, MOST_CELLS // width)]
        self._say_ragged(rows, width)
        if quote and self.sample.complete and text.count(quote) % 2:
            self._say(f"A {quote} is never closed; try without quotes.", True, "quote")
        marks = self._marks(rows, delimiter, quote)
        missing = list(self.given.get("missing", MARKS))
        header = self._header(rows, marks, missing)
        if header and len(rows) == 1:
            raise UserError(
                f"{self.path.name} has only one line, which seems to name the columns.",
                hint="Choose a file with rows below the names.",
            )
        names, mended = self._names(rows[0] if header else [], width)
        body = rows[1:] if header else rows
        columns = [[row[place].strip() if place < len(row) else "" for row in body]
                   for place in range(width)]  # fmt: skip
        missing = self._missing(columns, missing, marks)
        lost = frozenset(missing)
        guesses = tuple(
            guess(name, cells, lost, marks) for name, cells in zip(names, columns, strict=True)
        )
        recipe = FileRecipe.model_validate(
            {
                "path": str(self.path),
                "format": "csv",
                "delimiter": delimiter,
                "quote": quote,
                "encoding": encoding,
                "header": header,
                "skip_rows": skip_rows,
                "decimal": marks.decimal,
                "thousands": marks.thousands,
                "missing": missing,
                "dates": self._dates(guesses, columns, lost),
                "as_text": self._as_text(guesses, columns, lost, marks),
                "names": self.given.get("names", list(names) if mended else []),
                "size": self.sample.size,
            }
        )
        total = self._total(counted - header, encoding, text)
        self._say_columns(guesses, columns)
        recipe = self._as_texts(recipe, guesses, columns)
        classes: dict[str, int] = {}
        if recipe.format == "texts":
            cells = columns[[column.name for column in guesses].index(recipe.label)]
            classes = dict(sorted(Counter(cell for cell in cells if cell not in lost).items()))
        return Sniffed(
            recipe, guesses, tuple(zip(*(cells[:FIRST_ROWS] for cells in columns), strict=True)),
            tuple(self.notes), total,
            self.sample.complete, classes,
        )  # fmt: skip

    def _refuse_wide(self, width: int) -> None:
        if width > MOST_COLUMNS:
            raise UserError(
                f"{self.path.name} has {width:,} columns.",
                hint=f"Up to {MOST_COLUMNS:,} are accepted. Is the table lying on its side? Wide "
                "numbers fit better into a NumPy array (.npy).",
            )

    # --- how it is written -------------------------------------------------------------------

    def _detected(self, field: str, found: Any, doubt: bool) -> Any:
        """What was given for a field, else what was found, with a note."""
        if field in self.given:
            return self.given[field]
        words = {
            "encoding": f"The text is {found}.",
            "delimiter": f"{dialect.NAMES.get(found, repr(found)).capitalize()} between the cells.",
            "quote": "" if found == '"' else f"Cells stand in {found} marks.",
            "skip_rows": f"{found} {'line stands' if found == 1 else 'lines stand'} before the "
            "table." if found else "",
        }[field]  # fmt: skip
        if words:
            self._say(words, doubt, field)
        return found

    def _say(self, words: str, doubt: bool = False, field: str = "") -> None:
        self.notes.append(Note(words, doubt, field))

    def _say_one_column(self) -> None:
        # No delimiter was found, because there is none.
        self.notes = [
            replace(note, words="Each line is one cell.") if note.field == "delimiter" else note
            for note in self.notes
        ]

    def _more(self, encoding: str, delimiter: str, quote: str, width: int) -> list[list[str]]:
        """Rows of the middle and the end, as far as they can be cut without what is before."""
        if encoding.lower().startswith(("utf-16", "utf-32")):
            return []
        rows: list[list[str]] = []
        for piece in self.sample.pieces:
            start = piece.find(b"\n") + 1
            try:
                text = decode(piece[start:], encoding)
                cut = dialect.rows_of(_whole_lines(text, False), delimiter, quote)
            except UserError:
                continue
            rows += [row for row in cut if len(row) == width]
        return rows

    def _say_ragged(self, rows: Sequence[Sequence[str]], width: int) -> None:
        long = next((n for n, row in enumerate(rows) if len(row) > width and any(row[width:])), 0)
        short = sum(len(row) < width for row in rows[1:])
        if long:
            self._say(
                f"Row {long + 1} has {len(rows[long])} cells instead of {width}: the file can't be "
                "read like that. Is the delimiter right?", True, "delimiter",
            )  # fmt: skip
        if short:
            self._say(f"{short} of the first rows end early; their last cells are missing.", True)

    def _marks(self, rows: Sequence[Sequence[str]], delimiter: str, quote: str) -> Marks:
        cells = (cell for row in rows for cell in row)
        found, doubt = detect_marks(cells, quote)
        if found.decimal == "," and "decimal" not in self.given:
            self._say("Numbers have a decimal comma.", doubt, "decimal")
        if found.thousands and "thousands" not in self.given:
            mark = {" ": "A space", "'": "An apostrophe", ".": "A point", ",": "A comma"}
            self._say(f"{mark[found.thousands]} divides thousands.", doubt, "thousands")
        decimal = self.given.get("decimal", found.decimal)
        thousands = self.given.get("thousands", found.thousands)
        if thousands == decimal and "thousands" not in self.given:
            thousands = ""
        elif thousands == decimal:
            decimal = "," if thousands == "." else "."  # one of them was given: the other gives way
        return Marks(decimal, thousands)

    def _header(self, rows: Sequence[Sequence[str]], marks: Marks, missing: Sequence[str]) -> bool:
        if "header" in self.given:
            return bool(self.given["header"])
        lost = frozenset(missing)
        sampled = rows[1:_HEADED]

        def numeric(cells: Sequence[str]) -> bool:
            held = [cell.strip() for cell in cells if cell.strip() not in lost]
            if not held:
                return False
            numbers = sum(number_of(cell, marks) is not None for cell in held)
            return numbers > 0.7 * len(held) or bool(date_format(held)[0])

        width = min(len(rows[0]), _VOTERS)
        shift = 1 if len(rows) > 1 and len(rows[1]) == len(rows[0]) + 1 else 0
        below = [[row[p + shift] for row in sampled if p + shift < len(row)] for p in range(width)]
        header, doubt = dialect.detect_header(
            rows, [numeric([cell]) or cell.strip() in lost - {""} for cell in rows[0][:width]],
            [numeric(cells) for cells in below],
        )  # fmt: skip
        words = "The first line names the columns." if header else "No line names the columns."
        self._say(words, doubt, "header")
        return header

    def _names(self, first: Sequence[str], width: int) -> tuple[list[str], bool]:
        """Names of the columns, and whether they are not those that pandas would give."""
        given = list(self.given.get("names", ()))
        if given:
            if len(given) != width:
                raise UserError(
                    f"{len(given)} names are given for {width} columns.",
                    hint="Give one for each, or none.",
                )
            return given, False
        if not first:
            return [f"column {place + 1}" for place in range(width)], False
        raw = list(first[:width])
        if len(raw) == width - 1:
            raw.insert(0, "row")
        raw += [""] * (width - len(raw))
        names: list[str] = []
        taken: set[str] = set()
        for place, cell in enumerate(raw):
            name = " ".join(_CONTROL.sub(" ", cell).split())[:_LONG_NAME]
            name = name or f"column {place + 1}"
            number, base = 2, name
            while name in taken:
                name, number = f"{base} {number}", number + 1
            names.append(name)
            taken.add(name)
        changed = [(old, new) for old, new in zip(raw, names, strict=True) if old.lstrip() != new]
        if changed or len(first) != width:
            self._say(
                f"{len(changed) or 1} {'name is' if len(changed) < 2 else 'names are'} mended: "
                "empty, double, or with odd characters.", True, "names",
            )  # fmt: skip
        return names, bool(changed) or len(first) != width

    def _missing(
        self, columns: Sequence[Sequence[str]], missing: list[str], marks: Marks
    ) -> list[str]:
        if "missing" in self.given:
            return missing
        extra = new_marks(columns, missing, marks)
        if extra:
            shown = ", ".join(map(repr, extra))
            self._say(f"{shown} among numbers is taken for 'no value'.", True, "missing")
        return [*missing, *extra]

    # --- what the columns are ----------------------------------------------------------------

    def _dates(
        self, guesses: Sequence[Guess], columns: Sequence[Sequence[str]], lost: frozenset[str]
    ) -> dict[str, str]:
        if "dates" in self.given:
            return dict(self.given["dates"])
        found: dict[str, str] = {}
        for column, cells in zip(guesses, columns, strict=True):
            if column.kind == "date":
                given, doubt = date_format([cell for cell in cells if cell not in lost])
                found[column.name] = given
                words = f"{column.name} holds dates like {given}"
                self._say(f"{words}; day and month could be exchanged." if doubt else f"{words}.",
                          doubt, "dates")  # fmt: skip
        return found

    def _as_text(
        self,
        guesses: Sequence[Guess],
        columns: Sequence[Sequence[str]],
        lost: frozenset[str],
        marks: Marks,
    ) -> list[str]:
        if "as_text" in self.given:
            return list(self.given["as_text"])
        found = []
        for column, cells in zip(guesses, columns, strict=True):
            known = [cell for cell in cells if cell not in lost]
            if known and column.kind not in ("number", "integer", "date"):
                # Such as 1.2.10, which would lose its points where a point divides thousands.
                versions = all(loose_number(cell, marks) for cell in known)
                counted = all(number_of(cell, marks) for cell in known)
                if leading_zeros(known) or (versions and not counted):
                    found.append(column.name)
        if found:
            self._say(f"{', '.join(found)}: codes that are no numbers stay text.", True, "as_text")
        return found

    def _say_columns(self, guesses: Sequence[Guess], columns: Sequence[Sequence[str]]) -> None:
        empty = [column.name for column in guesses if column.kind == "empty"]
        if empty:
            names = ", ".join(empty[:5]) + (" …" if len(empty) > 5 else "")
            self._say(f"No value in {names}, as far as was looked.", True)
        for column, cells in zip(guesses, columns, strict=True):
            if column.kind in ("category", "text", "identifier"):
                self._say_mixed(column.name, cells)
        odd = sum(bool(_CONTROL.search(cell)) for cells in columns for cell in cells)
        formulas = sum(bool(_FORMULA.match(cell)) for cells in columns for cell in cells)
        if odd:
            held = "1 cell holds" if odd == 1 else f"{odd} cells hold"
            self._say(f"{held} control characters; signs such as � stand for them.", True)
        if formulas:
            look = "1 cell looks like a formula; it is" if formulas == 1 else (
                f"{formulas} cells look like formulas; they are"
            )  # fmt: skip
            self._say(f"{look} text, never calculated.")

    def _say_mixed(self, name: str, cells: Sequence[str]) -> None:
        """Point at text in a column that is numbers for the most part."""
        given = [cell for cell in cells if cell not in MARKS]
        others = [cell for cell in given if number_of(cell, Marks()) is None]
        if others and len(others) < 0.5 * len(given):
            self._say(
                f"{name} holds numbers and text, such as {others[0][:30]!r}: it is read as text.",
                True, "missing",
            )  # fmt: skip

    def _as_texts(
        self, recipe: FileRecipe, guesses: Sequence[Guess], columns: Sequence[Sequence[str]]
    ) -> FileRecipe:
        """The recipe of texts, where that is given or what the columns say."""
        prose = {
            column.name: sum(len(cell.split()) for cell in cells) / max(1, len(cells))
            for column, cells in zip(guesses, columns, strict=True)
            if column.kind in ("text", "category", "identifier")
        }
        labels = [c.name for c in guesses
                  if c.kind in ("category", "yes/no", "integer") and 1 < c.different <= 100
                  and prose.get(c.name, 0) < _PROSE]  # fmt: skip
        longest = max(prose, key=lambda name: prose[name], default="")
        useful = [c for c in guesses if c.kind not in ("identifier", "empty")]
        chosen = self.given.get("format", "")
        found = longest and prose[longest] >= _PROSE and labels and len(useful) == 2
        if chosen != "texts" and (chosen or not found):
            return recipe
        text = str(self.given.get("text", "")) or longest
        others = [name for name in labels or [c.name for c in guesses] if name != text]
        label = str(self.given.get("label", "")) or (others[-1] if others else "")
        for field, name in (("text", text), ("label", label)):
            if name not in [c.name for c in guesses]:
                raise UserError(
                    f"{field}: there is no such column{f' {name!r}' if name else ''}.",
                    hint="Texts need a column of texts and one of classes.",
                )
        if chosen != "texts":
            self._say(f"{text} holds texts and {label} their class.", True, "format")
        return recipe.model_copy(update={"format": "texts", "text": text, "label": label})

    def _total(self, counted: int, encoding: str, text: str) -> int:
        if self.sample.complete or not text:
            return counted
        return round(counted * self.sample.size / len(text.encode(encoding, "replace")))


def _whole_lines(text: str, complete: bool) -> str:
    """Text up to its last line end, which a sample may have cut."""
    if complete:
        return text.lstrip("\ufeff")
    end = max(text.rfind("\n"), text.rfind("\r"))
    return text[: end + 1].lstrip("\ufeff")

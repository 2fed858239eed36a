"""What an import shows of a file. Pure: what was detected in, text out."""

from __future__ import annotations

from textual.content import Content

from kerastui.datasets.recipe import FORMATS
from kerastui.datasets.sniffed import NUMERIC, Sniffed
from kerastui.tui.widgets import words
from kerastui.tui.widgets.data_grid_cells import clean, fitted

ROWS = 12
_WIDEST = 24


def headline(sniffed: Sniffed) -> Content:
    """What was opened, in a line: format, size, rows, columns or classes."""
    recipe = sniffed.recipe
    parts = [FORMATS[recipe.format], words.size(recipe.size)]
    if sniffed.total is not None:
        what = {"image": "pictures", "text": "texts"}.get(recipe.kind, "rows")
        parts.append(f"{'' if sniffed.exact else 'about '}{_count(sniffed.total, what)}")
    if sniffed.columns:
        parts.append(_count(len(sniffed.columns), "columns"))
    if sniffed.classes:
        parts.append(_count(len(sniffed.classes), "classes"))
    return Content(" · ".join(parts))


def _count(count: int, what: str) -> str:
    return f"{count:,} {what if count != 1 else {'classes': 'class'}.get(what, what[:-1])}"


def doubts(sniffed: Sniffed) -> Content:
    """What was detected and a person should look at, a line each."""
    told = [clean(note.words) for note in sniffed.notes if note.doubt]
    return Content("\n").join(Content.assemble(("▲ ", "$warn"), words) for words in told)


def sure(sniffed: Sniffed, *, brief: bool = False) -> Content:
    """What was detected without doubt, a line each; `brief` in one paragraph."""
    told = [clean(note.words) for note in sniffed.notes if not note.doubt]
    told = [" ".join(told)] if brief and told else told
    return Content("\n").join(Content.assemble(("✓ ", "$good"), words) for words in told)


def classes(sniffed: Sniffed) -> Content:
    """How many files each class has."""
    counts = sniffed.classes.items()
    lines = [f"{clean(name)}  {count:,}" for name, count in list(counts)[:ROWS]]
    if len(counts) > ROWS:
        lines.append(f"… and {len(counts) - ROWS:,} more")
    return Content("\n".join(lines))


def rows(sniffed: Sniffed, width: int) -> Content:
    """The first rows below the names and kinds of the columns.

    Where they do not fit beside each other, each column is a line: name, kind, first values.
    """
    shown = [[clean(cell) for cell in row] for row in sniffed.rows[:ROWS]]
    columns = sniffed.columns
    widths = [
        min(_WIDEST, max(len(clean(c.name)), len(c.kind), *(len(row[n]) for row in shown), 1)) + 2
        for n, c in enumerate(columns[:width])
    ]
    if sum(widths) > width or len(columns) > width:
        return _turned(sniffed, shown, width)
    right = [column.kind in NUMERIC for column in columns]
    lines = [
        _line([clean(column.name) for column in columns], widths, right, "bold"),
        _line([column.kind for column in columns], widths, right, "$muted"),
    ]
    lines += [_line(row, widths, right, "") for row in shown]
    return Content("\n").join(lines)


def _line(cells: list[str], widths: list[int], right: list[bool], style: str) -> Content:
    text = "".join(
        f"{fitted(cell, width - 2, right=at_right)}  "
        for cell, width, at_right in zip(cells, widths, right, strict=True)
    )
    return Content.styled(text.rstrip(), style) if style else Content(text.rstrip())


def _turned(sniffed: Sniffed, shown: list[list[str]], width: int) -> Content:
    columns = sniffed.columns[:200]
    name = min(_WIDEST, max(len(clean(column.name)) for column in columns))
    lines = []
    for number, column in enumerate(columns):
        values = " · ".join(row[number] or "–" for row in shown)
        rest = max(8, width - name - 14)
        lines.append(
            Content.assemble(
                fitted(clean(column.name), name), " ", (f"{column.kind:<11}", "$muted"),
                " ", fitted(values, rest).rstrip(),
            )
        )  # fmt: skip
    if len(sniffed.columns) > len(columns):
        more = f"… and {len(sniffed.columns) - len(columns):,} columns more"
        lines.append(Content.styled(more, "$faint"))
    return Content("\n").join(lines)
